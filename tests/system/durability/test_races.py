"""32 posts of one phone on 32 connections at once, round after round."""

import contextlib
import os
import signal
from collections import Counter
from pathlib import Path

from support.durability.ledger import Tell, told
from support.durability.wire import Wire, phone_number
from support.running import Serve


def test_of_32_parallel_posts_of_one_phone_exactly_one_is_kept(
    serve: Serve, tmp_path: Path, whole: bool, tell: Tell
) -> None:
    """In every second round the sandbox stands still until all 32 have come, so that it finds them in one turn."""
    state, rounds = tmp_path / "state", 1_000 if whole else 30
    sandbox = serve("--quiet", "--state", str(state))
    with contextlib.ExitStack() as stack:
        wires = [stack.enter_context(Wire(sandbox.port)) for _ in range(32)]
        for number in range(rounds):
            order = wires[number % 32 :] + wires[: number % 32]
            if number % 2:
                os.kill(sandbox.process.pid, signal.SIGSTOP)
            for wire in order:
                wire.send(phone_number(number))
            os.kill(sandbox.process.pid, signal.SIGCONT)
            replies = [wire.receive() for wire in wires]
            assert Counter(reply.status for reply in replies) == {201: 1, 409: 31}, f"round {number}"
            assert len({reply.number for reply in replies}) == 32
    assert sandbox.stop() == 0
    found = told((state / "log.jsonl").read_bytes())
    assert (len(found.leads), len(found.requests), found.twice) == (rounds, 32 * rounds, [])
    tell(f"{rounds} rounds, each one 201 and 31 times 409")
