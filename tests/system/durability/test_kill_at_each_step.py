"""SIGKILL at each step of a checkpoint and of a rewrite: the old state or the new one, nothing else."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from aktify_sandbox.storage.store import Store
from support.durability.faults import python_path
from support.durability.ledger import Tell, told
from support.running import clean_environment
from support.stores import post_number


class Killed(NamedTuple):
    """What an action left behind."""

    before: Path
    after: Path
    """Where it came to its end."""
    between: list[Path]
    """Where it was killed, one folder for each step."""
    steps: list[str]


def begin(folder: Path) -> None:
    """A state with leads that were posted, put and dropped, and a key."""
    store = Store(folder)
    store.db.table("keys").insert({"shown": "a"})
    for number in range(12):
        post_number(store, "demo", number % 9)
    store.leads.insert({"campaign": "demo", "phone": "+15095550099", "receivedAt": "", "lead": {}})
    store.close()
    store = Store(folder)
    store.leads.remove(doc_ids=[2, 3])
    post_number(store, "demo", 20)
    store.close()


def killed_at_each_step(folder: Path, action: str, begun: Path) -> Killed:
    environment = clean_environment(PYTHONPATH=python_path())
    begun.rename(folder / "begin")
    done = subprocess.run(
        [sys.executable, "-m", "support.durability.steps", str(folder), action],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    [code, steps] = json.loads(done.stdout)
    assert code == 0
    between = [folder / str(number) for number in range(1, len(steps) + 1)]
    return Killed(folder / "begin", folder / str(len(steps) + 1), between, steps)


def summed(steps: list[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in Counter(steps).items())


def content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def remembered(folder: Path) -> Any:
    """All that is known after opening the folder; it goes on, and opens again."""
    store = Store(folder)
    told_before = told((folder / "log.jsonl").read_bytes())
    known = (
        sorted((lead["campaign"], lead["phone"]) for lead in store.leads),
        sorted(line.number for line in store.newest_requests()),
        store.db.table("keys").all(),
    )
    assert known[0] == sorted(told_before.leads)
    assert post_number(store, "demo", 77) is True
    store.close()
    again = Store(folder)
    assert ("demo", "+15095550077") in {(lead["campaign"], lead["phone"]) for lead in again.leads}
    again.close()
    return known


@pytest.mark.parametrize(
    "action",
    [
        "first checkpoint",
        "next checkpoint",
        "clear requests",
        "forget all",
        "keep the newest",
        "load a state",
    ],
)
def test_killed_at_any_step_it_leaves_the_old_state_or_the_new_one(
    tmp_path: Path, action: str, tell: Tell
) -> None:
    begin(tmp_path / "state")
    if action == "next checkpoint":
        store = Store(tmp_path / "state")
        assert store.state_folder
        for _ in store.checkpoint(store.state_folder):
            pass
        store.clear_leads(["demo"])
        store.close()
    killed = killed_at_each_step(tmp_path, action, tmp_path / "state")
    names = ("log.jsonl", "checkpoint")
    old, new = ({name: content(place / name) for name in names} for place in (killed.before, killed.after))
    assert old != new
    found = [{name: content(place / name) for name in names} for place in killed.between]
    assert [each for each in found if each not in (old, new)] == []
    assert old in found
    assert found == sorted(found, key=lambda each: each == new), "once new, it was old again"
    known_before, known_after = remembered(killed.before), remembered(killed.after)
    for place, each in zip(killed.between, found, strict=True):
        assert remembered(place) == (known_after if each == new else known_before)
    tell(f"{len(killed.steps)} steps: {summed(killed.steps)}")


def test_killed_at_any_step_of_an_opening_that_cuts_a_torn_line_it_opens_the_next_time(
    tmp_path: Path, tell: Tell
) -> None:
    begin(tmp_path / "state")
    with (tmp_path / "state" / "log.jsonl").open("ab") as log:
        log.write(b'{"id":"r000000099","kind":"requ')
    killed = killed_at_each_step(tmp_path, "open", tmp_path / "state")
    assert "ftruncate" in killed.steps
    known = remembered(killed.before)
    assert all(remembered(place) == known for place in killed.between)
    tell(f"{len(killed.steps)} steps: {summed(killed.steps)}")


def test_killed_at_any_step_of_the_very_first_opening_it_opens_the_next_time(
    tmp_path: Path, tell: Tell
) -> None:
    (tmp_path / "state").mkdir()
    killed = killed_at_each_step(tmp_path, "open", tmp_path / "state")
    assert "the other half" in killed.steps
    assert all(remembered(place) == ([], [], []) for place in killed.between)
    tell(f"{len(killed.steps)} steps: {summed(killed.steps)}")
