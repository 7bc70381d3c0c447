"""16 clients and `kill -9` at random, again and again on one state folder."""

import random
import time
from pathlib import Path

from support.durability.check import check
from support.durability.ledger import Tell
from support.durability.wire import Book, Crowd
from support.running import Serve


def test_no_acknowledged_lead_is_missing_and_no_phone_is_there_twice(
    serve: Serve, tmp_path: Path, whole: bool, tell: Tell
) -> None:
    state, book = tmp_path / "state", Book()
    rounds = 200 if whole else 6
    for number in range(rounds):
        sandbox = serve("--quiet", "--state", str(state))
        crowd = Crowd(sandbox.port, book)
        time.sleep(random.uniform(0.01, 0.3))  # pause: the kill comes at any moment
        book.wait_for(50 * (number % 2))  # or later, so that much was acknowledged on a busy machine too
        sandbox.process.kill()
        sandbox.end()
        crowd.wait()
    assert len(book.acknowledged) > 10 * rounds
    check(state, book)
    tell(f"{rounds} kills, {book.answers} answers, {len(book.acknowledged)} leads acknowledged, 0 missing")
