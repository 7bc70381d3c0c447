"""Broken scenario files come and go while a server runs."""

from pathlib import Path

from support.broken_scenarios import CASES
from support.running import Serve


def test_while_broken_files_come_and_go_the_server_keeps_its_rules(serve: Serve, tmp_path: Path) -> None:
    """The API reads a file of that name anew each time it is to be used."""
    folder = tmp_path / "work" / "scenarios"
    folder.mkdir(parents=True)
    (folder / "good.yaml").write_text("rules: [{answer: 418}]")
    sandbox = serve("--scenario", "good", folder=tmp_path / "work")
    huge = "rules:\n" + "  - answer: 503\n" * 700_000
    deep = "rules: " + "[" * 10_000 + "]" * 10_000
    more = [
        (huge, "1:1"),
        (deep, "1:"),
        ("rules:\n  - answer: " + "x" * 900_000, "2:"),
    ]
    for text, place in [*CASES, *more]:
        (folder / "broken.yaml").write_text(text)
        answer = sandbox.http.put("/_sandbox/scenarios/active", json={"active": ["broken"]})
        assert answer.status_code == 400, text[:200]
        detail = answer.json()["detail"]
        assert f"broken.yaml:{place}" in detail, f"{text[:200]}\n{detail}"
    assert sandbox.post().status_code == 418
    assert sandbox.stop() == 0
    assert "Traceback" not in sandbox.output()
