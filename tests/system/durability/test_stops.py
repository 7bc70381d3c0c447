"""SIGTERM under load, with connections open that would wait for ever: exit 0 soon, and nothing lost."""

import contextlib
import time
from pathlib import Path

from support.durability.check import check
from support.durability.ledger import Tell, told
from support.durability.wire import Book, Crowd, Wire, e164, phone_number
from support.running import Serve

HALF_SENT, HANGING = 900_000, 900_001
"""Places of the leads that must not be acknowledged."""


def test_sigterm_under_load_ends_with_exit_code_0_within_three_seconds_and_nothing_is_lost(
    serve: Serve, tmp_path: Path, whole: bool, tell: Tell
) -> None:
    state, book, longest = tmp_path / "state", Book(), 0.0
    rounds = 100 if whole else 5
    for number in range(rounds):
        sandbox = serve("--quiet", "--state", str(state))
        with contextlib.ExitStack() as stack:
            idle = [stack.enter_context(Wire(sandbox.port)) for _ in range(5)]
            hanging = [stack.enter_context(Wire(sandbox.port)) for _ in range(2)]
            for wire in idle:
                wire.post(phone_number(0))
            order = sandbox.http.post("/_sandbox/force", json={"fault": "hang", "times": 2})
            assert order.status_code == 201
            for wire in hanging:
                wire.send(phone_number(HANGING))
            while sandbox.get("/_sandbox/force")["forced"]:
                time.sleep(0.01)  # pause: between two looks, with a sandbox that stops
            stack.enter_context(Wire(sandbox.port)).send(phone_number(HALF_SENT), leave_out=5)
            crowd = Crowd(sandbox.port, book, clients=8)
            book.wait_for(30)
            time.sleep(number % 5 * 0.05)  # pause: the stop comes at several moments
            longest = max(longest, sandbox.seconds_to_stop())
            crowd.wait()
        assert "Traceback" not in sandbox.output()
        assert longest <= 3, f"round {number}"
    found = {phone for _, phone in told((state / "log.jsonl").read_bytes()).leads}
    assert not found & {e164(phone_number(HALF_SENT)), e164(phone_number(HANGING))}
    assert len(book.acknowledged) > 10 * rounds
    check(state, book)
    tell(
        f"{rounds} stops, the longest {longest:.2f} s, {len(book.acknowledged)} leads acknowledged, 0 missing"
    )
