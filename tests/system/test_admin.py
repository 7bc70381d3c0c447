"""The admin API: the tests that need a process of its own."""

from pathlib import Path
from typing import Any

from support.running import COMMAND, Running, Serve


def test_stop_ends_the_process_with_exit_code_0(serve: Serve) -> None:
    sandbox = serve()
    assert sandbox.http.post("/_sandbox/stop").status_code == 202
    assert sandbox.end() == 0
    assert not sandbox.ready_file.exists()


def test_what_a_full_disk_refuses_is_not_half_done(serve: Serve, tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "state"))
    full = serve(*state, program=["sh", "-c", 'ulimit -f 128; exec "$@"', "sh", *COMMAND])
    name = "a-campaign-with-a-name-that-takes-some-room-in-its-line"
    made = full.http.post("/_sandbox/campaigns", json={"name": name}).json()
    revocable = {"name": "a key with a name that takes some room, so that it is refused"}
    assert full.http.post("/_sandbox/keys", json=revocable).status_code == 201
    for number in range(20):
        lead = {"phoneNumber": f"509555{number:04d}", "region": "CA"}
        assert full.post(lead, key=made["apiKey"]).status_code == 201
    while full.http.post("/_sandbox/keys", json={}).status_code == 201:
        pass

    def seen(sandbox: Running) -> list[Any]:
        lists = [sandbox.get(f"/_sandbox/{what}") for what in ("campaigns", "keys", "leads")]
        lead = {"body": {"phoneNumber": "5095551234", "region": "CA"}, "apiKey": made["apiKey"]}
        return [*lists, sandbox.http.post("/_sandbox/explain", json=lead).json()["status"]]

    before = seen(full)
    for method, path, content in (
        ("POST", "campaigns", {"name": "another", "scenarios": ["outage"]}),
        ("POST", "keys", {}),
        ("DELETE", "keys", {"key": revocable["name"]}),
        ("PUT", f"campaigns/{name}/scenarios", {"active": ["outage"]}),
        ("POST", f"campaigns/{name}/reset", {}),
        ("DELETE", f"campaigns/{name}", {}),
        ("DELETE", f"leads?campaign={name}", {}),
        ("POST", "leads", {"leads": [{"phoneNumber": f"212555{n:04d}", "region": "CA"} for n in range(9)]}),
    ):
        answer = full.http.request(method, f"/_sandbox/{path}", json=content)
        assert (answer.status_code, seen(full) == before) == (503, True), path
    assert full.stop() == 0
    assert seen(serve(*state)) == before
