"""`calibrate` against sandboxes that rule otherwise: what it prints is exactly the difference."""

import json
from pathlib import Path
from typing import Any

import pytest

from aktify_sandbox.calibration.numbers import ORDINARY, UNASSIGNED
from aktify_sandbox.contract.rulings import RULINGS
from support.calibrated import OTHERS, UNSEEN
from support.commands import Outcome, call
from support.running import Hosted, HostSandbox
from support.snapshots import Snapshot

KEY = "a-secret-key-of-a-campaign"
CAMPAIGN = f"campaigns:\n  live:\n    keys: [{KEY}]\n"


def calibrate(
    sandbox: Hosted | None, *more: str, folder: Path, key: str | None = "test-key", url: str | None = None
) -> Outcome:
    environment = {"AKTIFY_API_KEY": key} if key else {}
    address = url or (sandbox.url if sandbox else "http://127.0.0.1:1")
    return call("calibrate", "--url", address, *more, folder=folder, environment=environment)


def sent(sandbox: Hosted, *more: str, folder: Path, key: str = "test-key") -> Outcome:
    return calibrate(sandbox, "--send", "--yes", *more, folder=folder, key=key)


def block_in(printed: str) -> str:
    """The block to paste, as it is printed."""
    lines = printed.splitlines()
    if "rulings:" not in lines:
        return ""
    start = lines.index("rulings:")
    end = lines.index("", start)
    return "\n".join(lines[start:end]) + "\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "here"
    made.mkdir()
    return made


@pytest.mark.parametrize(("name", "value"), OTHERS, ids=map("=".join, OTHERS))
def test_the_difference_is_printed_and_gone_once_it_is_pasted(
    name: str, value: str, serve: HostSandbox, folder: Path
) -> None:
    sandbox = serve("--ruling", f"{name}={value}")
    first = sent(sandbox, "--json", folder=folder)
    assert json.loads(first.stdout)["differences"] == ({} if name in UNSEEN else {name: value})
    again = sent(sandbox, folder=folder)
    block = block_in(again.stdout)
    assert len(block.splitlines()) == (0 if name in UNSEEN else 2)
    assert again.returncode == (0 if name in (*UNSEEN, "key-namespaces", "short-link") else 1)
    (folder / "aktify-sandbox.yaml").write_text(block)
    pasted = json.loads(sent(sandbox, "--json", folder=folder).stdout)
    assert pasted["differences"] == {}
    assert {each["verdict"] for each in pasted["rulings"]} == {"verified", "unknown"}
    broken = [each["clause"] for each in pasted["clauses"] if each["verdict"] == "broken"]
    assert broken == (["sends-external-created"] if value == "rfc3339" else []), (
        "it refuses the page's example"
    )


def test_a_sandbox_of_the_default_rulings_differs_in_nothing(
    serve: HostSandbox, folder: Path, snapshot: Snapshot
) -> None:
    sandbox = serve()
    done = sent(sandbox, "--start", "0", folder=folder)
    assert done.returncode == 0
    snapshot("calibrate", done.stdout.replace(sandbox.url, "URL"))
    assert f"{len(RULINGS) - len(UNSEEN)} of {len(RULINGS)}" in done.stdout


def test_what_is_printed_of_several_differences(serve: HostSandbox, folder: Path, snapshot: Snapshot) -> None:
    rulings = ("null=absent", "key-namespaces=off", "text-length=300", "short-link=https://go.example.com")
    sandbox = serve(*(word for each in rulings for word in ("--ruling", each)))
    done = sent(sandbox, "--start", "0", folder=folder)
    snapshot("calibrate", done.stdout.replace(sandbox.url, "URL"))
    (folder / "aktify-sandbox.yaml").write_text(block_in(done.stdout))
    assert sent(sandbox, folder=folder).returncode == 0


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_without_send_nothing_is_sent(options: tuple[str, ...], serve: HostSandbox, folder: Path) -> None:
    sandbox = serve()
    done = calibrate(sandbox, *options, "--start", "3", folder=folder, key=None)
    assert done.returncode == 0, done.stderr
    assert sandbox.get("/_sandbox/status")["requests"] == 0
    assert list(folder.iterdir()) == []
    assert "(303) 555-0100" in done.stdout


def test_a_dry_run_prints_every_request_that_is_sent(
    serve: HostSandbox, folder: Path, snapshot: Snapshot
) -> None:
    sandbox = serve()
    printed = calibrate(sandbox, "--start", "0", folder=folder, key=None).stdout
    snapshot("calibrate", printed.replace(sandbox.url, "URL"))
    planned = json.loads(calibrate(sandbox, "--json", "--start", "0", folder=folder, key=None).stdout)
    sent(sandbox, "--start", "0", folder=folder)
    entries = [
        sandbox.get(f"/_sandbox/requests/{each['id']}")
        for each in reversed(sandbox.get("/_sandbox/requests?limit=200")["requests"])
    ]
    assert [each["body"] for each in planned["requests"]] == [each["body"] or "" for each in entries]
    assert planned["leads"] == len([each for each in entries if each["response"]["status"] == 201])


def test_the_key_is_nowhere(serve: HostSandbox, folder: Path) -> None:
    (folder / "campaigns.yaml").write_text(CAMPAIGN)
    sandbox = serve("--config", str(folder / "campaigns.yaml"), folder=folder)
    dry = calibrate(sandbox, folder=folder, key=KEY)
    done = sent(sandbox, folder=folder, key=KEY)
    file = (folder / "calibration.json").read_text()
    assert done.returncode == 0, done.stdout
    for text in (dry.stdout, dry.stderr, done.stdout, done.stderr, file):
        assert KEY not in text
    assert json.loads(file)["key"] == "a-s…ign"


def test_an_unknown_key_stops_it_at_once(serve: HostSandbox, folder: Path) -> None:
    done = sent(serve(), folder=folder, key="nobody-knows-this-one")
    assert done.returncode == 1
    assert "401" in done.stdout
    result = json.loads((folder / "calibration.json").read_text())
    assert not result["complete"]
    assert result["leads"] == 0
    assert list(result["usedNumbers"].values()) == [[]]


@pytest.mark.parametrize("scenario", ["rate-limited", "outage", "connection-reset"])
def test_it_stops_when_the_endpoint_fails_and_keeps_an_earlier_result(
    scenario: str, serve: HostSandbox, folder: Path
) -> None:
    sandbox = serve()
    assert sent(sandbox, folder=folder).returncode == 0
    before = json.loads((folder / "calibration.json").read_text())
    sandbox.http.put("/_sandbox/scenarios/active", json={"active": [scenario]})
    done = sent(sandbox, "--json", folder=folder)
    result = json.loads(done.stdout)
    assert done.returncode == 1
    assert not result["complete"]
    assert result["stopped"]
    after = json.loads((folder / "calibration.json").read_text())
    assert after["rulings"] == before["rulings"]
    assert after["complete"]
    campaign = f"{sandbox.url} tes…key"
    assert set(after["usedNumbers"][campaign]) >= set(before["usedNumbers"][campaign])


def test_an_earlier_run_costs_other_numbers_and_that_is_said(serve: HostSandbox, folder: Path) -> None:
    sandbox = serve()
    sent(sandbox, "--start", "0", folder=folder)
    (folder / "calibration.json").unlink()
    done = sent(sandbox, "--start", "0", folder=folder)
    assert done.returncode == 0
    assert "earlier run" in done.stderr
    assert "since an earlier run" in done.stdout


def test_numbers_that_the_file_remembers_are_not_sent_again(serve: HostSandbox, folder: Path) -> None:
    sandbox = serve()
    for _ in range(3):
        done = sent(sandbox, "--start", "0", folder=folder)
        assert done.returncode == 0
        assert "earlier run" not in done.stdout + done.stderr


def test_a_redirect_is_not_followed(folder: Path, serve: HostSandbox) -> None:
    other = serve()
    forced = {"status": 307, "headers": {"Location": f"{other.url}/api/v1/leads"}}
    (folder / "moved.yaml").write_text(json.dumps({"rules": [{"answer": forced}]}))
    done = sent(serve("--scenario", str(folder / "moved.yaml")), folder=folder)
    assert done.returncode == 1
    assert "307" in done.stdout
    assert other.get("/_sandbox/status")["requests"] == 0


def test_a_probe_that_breaks_the_endpoint_can_be_skipped(serve: HostSandbox, folder: Path) -> None:
    (folder / "broken.yaml").write_text(
        json.dumps({"rules": [{"when": {"source": "myCustomSource"}, "answer": 500}]})
    )
    sandbox = serve("--scenario", str(folder / "broken.yaml"))
    done = sent(sandbox, folder=folder)
    assert done.returncode == 1
    assert "--skip sends-source" in done.stdout
    again = sent(sandbox, "--skip", "sends-source", "--skip", "null", "--json", folder=folder)
    result = json.loads(again.stdout)
    assert again.returncode == 0
    assert result["complete"]
    for kind, name in (("ruling", "null"), ("clause", "sends-source")):
        [found] = [each for each in result[f"{kind}s"] if each[kind] == name]
        assert found["verdict"] == "not-asked"


USAGE: dict[str, tuple[list[str], dict[str, str], str]] = {
    "no URL": ([], {}, "--url"),
    "not https": (["--url", "http://api.aktify.io"], {}, "https"),
    "no address": (["--url", "https://u:p@api.aktify.io"], {}, "address"),
    "no key": (["--url", "https://api.aktify.io", "--send", "--yes"], {}, "AKTIFY_API_KEY"),
    "a key with a break": (["--url", "https://api.aktify.io"], {"AKTIFY_API_KEY": "a\nb"}, "AKTIFY_API_KEY"),
    "no terminal": (["--url", "https://api.aktify.io", "--send"], {"AKTIFY_API_KEY": "a-key-b"}, "--yes"),
    "an unknown probe": (["--url", "https://api.aktify.io", "--skip", "nul"], {}, "null"),
    "a needed probe": (["--url", "https://api.aktify.io", "--skip", "links"], {}, "links"),
    "a port that is none": (["--url", "https://api.aktify.io:99999"], {}, "address"),
    "a host that is none": (["--url", "https://☃..example"], {}, "address"),
    "a key on the line": (["--url", "https://api.aktify.io", "--key", "x"], {}, "--key"),
}


@pytest.mark.parametrize("case", USAGE)
def test_wrong_usage_is_refused_before_anything_is_sent(case: str, folder: Path, snapshot: Snapshot) -> None:
    words, environment, said = USAGE[case]
    done = call("calibrate", *words, folder=folder, environment=environment)
    assert done.returncode == 2
    assert said in done.stderr
    snapshot("calibrate", done.stderr)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "https://no..host"])
def test_where_nothing_listens_that_is_said(url: str, folder: Path) -> None:
    done = calibrate(None, "--send", "--yes", folder=folder, url=url)
    assert done.returncode == 1
    assert "no connection" in done.stdout


def test_a_file_that_is_not_a_calibration_is_not_overwritten(serve: HostSandbox, folder: Path) -> None:
    sandbox = serve()
    (folder / "calibration.json").write_text('{"camera": 1}')
    done = sent(sandbox, folder=folder)
    assert done.returncode == 2
    assert "calibration.json:1" in done.stderr
    assert (folder / "calibration.json").read_text() == '{"camera": 1}'
    assert sandbox.get("/_sandbox/status")["requests"] == 0


def test_when_every_number_was_used_that_is_said(serve: HostSandbox, folder: Path) -> None:
    sandbox = serve()
    sent(sandbox, folder=folder)
    file = folder / "calibration.json"
    result = json.loads(file.read_text())
    result["usedNumbers"][f"{sandbox.url} tes…key"] = [*ORDINARY, *UNASSIGNED]
    file.write_text(json.dumps(result))
    before = sandbox.get("/_sandbox/status")["requests"]
    for options in ((), ("--send", "--yes")):
        done = calibrate(sandbox, *options, folder=folder)
        assert done.returncode == 1
        assert "another campaign" in done.stderr
    assert sandbox.get("/_sandbox/status")["requests"] == before


def test_a_folder_in_place_of_the_file_is_wrong_usage(serve: HostSandbox, folder: Path) -> None:
    (folder / "calibration.json").mkdir()
    assert sent(serve(), folder=folder).returncode == 2


def result_of(sandbox: Hosted) -> Any:
    return sandbox.get("/_sandbox/config")["calibration"]


def test_the_admin_api_shows_a_calibration_as_it_is_now(serve: HostSandbox, folder: Path) -> None:
    sandbox = serve("--ruling", "null=absent", "--calibration", str(folder / "c.json"))
    assert result_of(sandbox) is None
    assert sent(sandbox, "--calibration", "c.json", folder=folder).returncode == 1
    shown = result_of(sandbox)
    assert shown["differing"] == {}
    assert len(shown["verified"]) == len(RULINGS) - len(UNSEEN)
    (folder / "c.json").write_text("{")
    assert result_of(sandbox) is None


def test_without_a_file_nothing_is_shown(serve: HostSandbox) -> None:
    assert result_of(serve()) is None


def test_the_command_rulings_says_what_is_verified(serve: HostSandbox, folder: Path) -> None:
    sandbox = serve("--ruling", "null=absent", "--calibration", str(folder / "calibration.json"))
    assert sent(sandbox, folder=folder).returncode == 1
    there = call("rulings", "--url", sandbox.url, folder=folder, environment={})
    assert f"26 of 28 rulings at {sandbox.url}" in there.stdout
    here = call("rulings", "--profile", "default", folder=folder, environment={})
    assert "1 differs: null" in here.stdout
    (folder / "calibration.json").write_text("{")
    damaged = call("rulings", "--profile", "default", folder=folder, environment={})
    assert damaged.returncode == 0
    assert "calibration.json:1" in damaged.stderr
