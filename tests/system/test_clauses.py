"""Each clause of the contract, its command and its recognition at once: run by a shell, then met by a client."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from aktify_sandbox.contract.clauses import CLAUSES, Clause
from aktify_sandbox.report.report import report_of
from support.running import Running, needs, unmeasured


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One for all clauses: each looks only at the requests of its own."""
    running = Running(tmp_path_factory.mktemp("clauses"), "--in-memory")
    yield running
    running.stop()


def post_twice(sandbox: Running, phone: str, timeout: float) -> None:
    """What a client does that sends a lead again, whatever became of it."""
    lead = {"phoneNumber": phone, "region": "CA"}
    for _ in range(2):
        try:
            sandbox.post(lead, timeout=timeout)
        except httpx.TransportError:
            continue


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: clause.id)
def test_the_command_of_a_clause_shows_it_or_lets_the_next_post_meet_it(
    clause: Clause, sandbox: Running, tmp_path: Path
) -> None:
    needs("curl")
    newest = sandbox.get("/_sandbox/requests")["requests"]
    after = {"after": newest[0]["id"]} if newest else {}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    subprocess.run(
        clause.provoke_at(sandbox.url),
        shell=True,
        cwd=tmp_path,
        env=unmeasured(PATH=path),
        check=False,
        timeout=60,
        stdout=subprocess.DEVNULL,
    )
    if " force " in clause.provoke:
        patience = 0.5 if " hang" in clause.provoke else 20
        post_twice(sandbox, f"(509) 555-2{CLAUSES.index(clause):03}", patience)
    text = sandbox.http.get("/_sandbox/requests/export", params={"format": "json", **after}).text
    entries = json.loads(text)["requests"]
    met = [each["id"] for each in report_of(entries)["coverage"]["clauses"] if each["met"]]
    assert clause.id in met
    kind = clause.id.partition("-")[0]
    if kind in ("refused", "created"):
        assert [each for each in met if each.startswith(kind)] == [clause.id]
