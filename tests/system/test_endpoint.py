"""The endpoint through a real socket: the tests that need a process of its own."""

from pathlib import Path
from typing import Any

import pytest

from support.running import LEAD, Running, Serve
from support.snapshots import Snapshot


def test_a_huge_body_is_413_and_is_not_held_in_memory(sandbox: Running) -> None:
    def resident() -> int:
        status = Path(f"/proc/{sandbox.process.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))

    before = resident()
    chunks = (b"x" * 1_000_000 for _ in range(300))
    answer = sandbox.http.post("/api/v1/leads", content=chunks, headers={"x-api-key": sandbox.api_key})
    assert answer.status_code == 413
    record = sandbox.record_of(answer)
    assert (record["bodyBytes"], record["truncated"]) == (300_000_000, True)
    assert resident() - before < 20_000


def test_under_fictional_only_nothing_of_a_real_person_is_written_down(serve: Serve, tmp_path: Path) -> None:
    state = tmp_path / "state"
    sandbox = serve("--fictional-only", "--state", str(state))
    real = {
        "phoneNumber": "(509) 987-6543",
        "region": "CA",
        "firstName": "Realperson",
        "email": "real@person.com",
    }
    refused = sandbox.post(real)
    assert refused.status_code == 400
    assert refused.json()["problems"][0]["ruling"] == "fictional-only"
    sandbox.post({**real, "phoneNumber": "not a number"})
    sandbox.post(real, key="wrong-key-altogether")
    assert sandbox.post({"phoneNumber": "(509) 555-0123", "region": "CA"}).status_code == 201
    written = sandbox.output() + (state / "log.jsonl").read_text()
    assert [text for text in ("987-6543", "5099876543", "Realperson", "real@person") if text in written] == []


def test_a_failed_write_is_503_with_the_reason_and_work_goes_on_when_there_is_room(
    serve: Serve, tmp_path: Path, snapshot: Snapshot
) -> None:
    import resource

    sandbox = serve("--state", str(tmp_path / "state"))
    assert sandbox.post().status_code == 201
    size = (tmp_path / "state" / "log.jsonl").stat().st_size
    unlimited = resource.prlimit(sandbox.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(sandbox.process.pid, resource.RLIMIT_FSIZE, (size + 100, unlimited[1]))
    other = {"phoneNumber": "(509) 555-9999", "region": "CA"}
    refused: Any = sandbox.post(other)
    assert refused.status_code == 503
    snapshot("answers", refused.json()["message"])
    resource.prlimit(sandbox.process.pid, resource.RLIMIT_FSIZE, unlimited)
    assert sandbox.post(other).status_code == 201


CANARY = "canary-7f3a9c-secret-key"


HEADERS_TRIED = (
    "x-api-key",
    "apikey",
    "X-ApiKey",
    "x_api_key",
    "X-Auth-Token",
    "Token",
    "X-Aktify-Key",
    "Set-Cookie",
)


@pytest.mark.parametrize("known", [True, False])
def test_a_key_is_found_nowhere_wherever_it_was_put(serve: Serve, tmp_path: Path, known: bool) -> None:
    """A key that is configured is hidden wherever it stands; any other where one would put a key."""
    tries: list[tuple[str, dict[str, str]]] = [("/api/v1/leads", {name: CANARY}) for name in HEADERS_TRIED]
    tries += [(f"/api/v1/leads?{name}={CANARY}", {}) for name in ("x-api-key", "x%2dapi%2Dke%79", "token")]
    tries.append(("/api/v1/leads", {"authorization": f"Bearer {CANARY}"}))
    if known:
        tries.append(("/api/v1/leads", {"referer": f"https://example.com/?k={CANARY}"}))
        tries += [(f"/api/v1/leads?k={CANARY}", {}), (f"/{CANARY}/leads", {})]
    (tmp_path / "work").mkdir()
    keys = f"campaigns: {{demo: {{keys: [test-key, {CANARY if known else 'another'}]}}}}"
    (tmp_path / "work" / "aktify-sandbox.yaml").write_text(keys)
    sandbox = serve("--state", "state", folder=tmp_path / "work")
    added = sandbox.http.post("/_sandbox/keys", json={"key": f"added-{CANARY}"} if known else {})
    assert added.status_code == 201
    if known:
        tries += [
            ("/api/v1/leads", {"x-api-key": key, "X-Copy": CANARY}) for key in ("test-key", f"added-{CANARY}")
        ]
    tries = [each for each in tries for _ in range(3)]  # the same again on one connection
    for path, headers in tries:
        lead = {**LEAD, "source": CANARY, "lastName": f"added-{CANARY}"} if known else LEAD
        assert sandbox.record_of(sandbox.http.post(path, json=lead, headers=headers))["id"]
    shown = sandbox.http.get("/_sandbox/requests").text
    sandbox.stop()
    written = "".join(path.read_text() for path in (tmp_path / "work" / "state").iterdir())
    assert written.count('"kind":"request"') == len(tries)
    assert [text for text in (shown, sandbox.output(), written) if CANARY in text] == []


@pytest.mark.parametrize(
    "phone",
    ["(509) 321-1234 ext 55", "+44 7911 123456", "509-321-123", "509_321_1234", "(415) 867-530x"],
)
def test_under_fictional_only_not_even_a_wrong_number_is_written_down(
    serve: Serve, tmp_path: Path, phone: str
) -> None:
    sandbox = serve("--fictional-only", "--state", str(tmp_path / "state"))
    headers = {"x-api-key": "test-key"}
    sandbox.http.post(
        f"/api/v1/leads?phone={phone}", json={"phoneNumber": phone, "region": "CA"}, headers=headers
    )
    sandbox.http.post(f"/leads/{phone}", json={"phoneNumber": phone, "region": "CA"}, headers=headers)
    sandbox.stop()
    written = sandbox.output() + "".join(p.read_text() for p in (tmp_path / "state").iterdir())
    assert written.count('"kind":"request"') == 2
    assert [part for part in (phone, phone[:8], phone[4:11]) if part in written.split("Ctrl-C")[1]] == []
