"""What the disk knows of a key."""

import hashlib
import json
from pathlib import Path

from aktify_sandbox.storage.store import Store
from support.running import HostSandbox


def test_the_disk_knows_a_key_by_a_digest_with_the_salt_of_its_folder(
    serve: HostSandbox, tmp_path: Path
) -> None:
    """So that nobody can look up in a list of digests which key it is, or see that two folders share one."""
    digests = []
    for name in ("one", "two"):
        sandbox = serve("--state", str(tmp_path / name))
        for key in ("a-key-of-mine-1", "a-key-of-mine-2"):
            assert sandbox.http.post("/_sandbox/keys", json={"key": key}).status_code == 201
        sandbox.http.request("DELETE", "/_sandbox/keys", json={"key": "test-key"})
        sandbox.stop()
        lines = (tmp_path / name / "log.jsonl").read_text().splitlines()
        rows = [json.loads(line) for line in lines]
        digests.append([row["content"]["digest"] for row in rows if row.get("table") == "keys"])
        for key in ("a-key-of-mine-1", "test-key"):
            assert hashlib.sha256(key.encode()).hexdigest() not in "".join(lines)
    salts = [{digest.partition("$")[0] for digest in each} for each in digests]
    assert [len(each) for each in (*digests, *salts)] == [3, 3, 1, 1]
    assert digests[0] != digests[1]
    assert salts[0] != salts[1]


def test_a_key_of_a_folder_without_a_salt_goes_on_as_it_was(serve: HostSandbox, tmp_path: Path) -> None:
    """Earlier versions wrote digests without one: added keys still open, revoked ones stay revoked."""
    (tmp_path / "c.yaml").write_text("campaigns:\n  demo:\n    keys: [test-key, a-key-of-mine-0]\n")
    store = Store(tmp_path / "state")
    for key, revoked in (("a-key-of-mine-1", False), ("a-key-of-mine-0", True)):
        digest = hashlib.sha256(key.encode()).hexdigest()
        row = {"digest": digest, "shown": f"the {key[-1]}", "campaign": "demo", "revoked": revoked}
        store.db.table("keys").insert(row)
    store.close()
    options = ("--config", str(tmp_path / "c.yaml"), "--state", str(tmp_path / "state"))
    expected = {"test-key": 400, "a-key-of-mine-0": 401, "a-key-of-mine-1": 400}
    for added in ("a-key-of-mine-2", "a-key-of-mine-3"):
        sandbox = serve(*options)
        assert {key: sandbox.post({}, key=key).status_code for key in expected} == expected
        assert sandbox.http.post("/_sandbox/keys", json={"key": added}).status_code == 201
        assert sandbox.post({}, key=added).status_code == 400
        expected[added] = 400
        saved = sandbox.http.get("/_sandbox/state").content
        sandbox.http.request("DELETE", "/_sandbox/keys", json={"key": "the 1"}).raise_for_status()
        expected["a-key-of-mine-1"] = 401
        assert {key: sandbox.post({}, key=key).status_code for key in expected} == expected
        sandbox.stop()
    assert expected.pop("a-key-of-mine-1") == 401
    other = serve("--config", str(tmp_path / "c.yaml"))
    other.http.post("/_sandbox/keys", json={"key": "a-key-of-another-4"})
    assert other.http.put(
        "/_sandbox/state", content=saved, headers={"content-type": "application/x-ndjson"}
    ).is_success
    assert {key: other.post({}, key=key).status_code for key in expected} == expected
    assert other.post({}, key="a-key-of-another-4").status_code == 401
