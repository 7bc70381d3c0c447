"""Mutated leads by the thousand: each is answered as the page says, and recorded once, as it was sent."""

import base64
import itertools
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from support.bad_input.corpus import post
from support.bad_input.mutations import bodies
from support.bad_input.wire import Answers, connect, recorded_after
from support.running import Running

CONNECTIONS = 4
STATUSES = {201, 400, 409, 413}
LARGEST, HELD = 100_000, 4_096


@pytest.fixture
def recording(tmp_path: Path) -> Iterator[Running]:
    """A sandbox whose log is on disk."""
    running = Running(tmp_path, "--state", str(tmp_path / "state"))
    yield running
    if running.process.poll() is None:
        running.stop()


def chunked(request: bytes, body: bytes) -> bytes:
    """The same request in one chunk."""
    head = request[: len(request) - len(body)].partition(b"Content-Length")[0]
    content = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + content + b"0\r\n\r\n"


def exchanged(sandbox: Running, sent: list[bytes]) -> dict[str, tuple[int, bytes]]:
    """Send these bodies on one connection: what was answered to which, by the id that the answer names.

    Most requests come whole and by themselves; some come in two pieces, some in chunks, some by twos or threes.
    """
    found: dict[str, tuple[int, bytes]] = {}
    with connect(sandbox) as connection:
        answers = Answers(connection)
        for number, together in enumerate(in_groups(sent)):
            requests = [post(body=body) for body in together]
            if number % 11 == 0:
                requests = [chunked(*pair) for pair in zip(requests, together, strict=True)]
            whole = b"".join(requests)
            middle = len(whole) // 2 if number % 7 == 0 else 0
            if middle:
                connection.sendall(whole[:middle])
            connection.sendall(whole[middle:])
            for body in together:
                status, headers, content = answers.next() or (0, {}, b"")
                assert status in STATUSES, (status, content, body)
                assert headers["content-type"] == "application/json"
                assert json.loads(content).get("statusCode", 201) == status
                assert headers["x-aktify-sandbox-request"] not in found
                found[headers["x-aktify-sandbox-request"]] = status, body
    return found


def in_groups(sent: list[bytes]) -> Iterator[list[bytes]]:
    """Four by themselves, then two at once, then three."""
    rest = iter(sent)
    for size in itertools.cycle((1, 1, 1, 1, 2, 3)):
        group = list(itertools.islice(rest, size))
        if not group:
            return
        yield group


def body_in(record: dict[str, Any]) -> bytes:
    """The body as the record has it."""
    text: str = record["body"]
    return base64.b64decode(text) if record.get("bodyEncoding") == "base64" else text.encode()


def test_a_mutated_lead_gets_201_400_409_or_413_and_is_recorded_once_as_it_was_sent(
    recording: Running, whole: bool
) -> None:
    sent = list(bodies(seed=20221115, count=12_000 if whole else 1_200))
    shares = [sent[number::CONNECTIONS] for number in range(CONNECTIONS)]
    found: dict[str, tuple[int, bytes]] = {}
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for answered in pool.map(lambda share: exchanged(recording, share), shares):
            assert not found.keys() & answered.keys()
            found |= answered
    assert len(found) == len(sent)
    listed = recorded_after(recording, 0)
    assert sorted(record["id"] for record in listed) == sorted(found)
    for name, (status, body) in found.items():
        record = recording.get(f"/_sandbox/requests/{name}")
        assert (record["response"]["status"], record["bodyBytes"]) == (status, len(body))
        assert body_in(record) == (body if len(body) <= LARGEST else body[:HELD])
    assert_all_ways_were_taken(Counter(status for status, _ in found.values()), sent)
    assert_leads_are_the_accepted_ones(recording, found)
    assert recording.stop() == 0
    assert "Traceback" not in recording.output()


def assert_all_ways_were_taken(statuses: Counter[int], sent: list[bytes]) -> None:
    """All answers came, and many bodies are of one length: else this would prove little."""
    assert set(statuses) == STATUSES
    assert min(statuses[201], statuses[400], statuses[409]) > len(sent) / 25, statuses
    assert len({len(body) for body in sent}) < len(sent) / 2


def assert_leads_are_the_accepted_ones(sandbox: Running, found: dict[str, tuple[int, bytes]]) -> None:
    """A number is accepted once; whatever isn't 201 keeps nothing."""
    by_phone: Counter[str] = Counter(
        record["phone"] for record in recorded_after(sandbox, 0) if record["response"]["status"] == 201
    )
    assert set(by_phone.values()) == {1}
    assert len(by_phone) == sum(status == 201 for status, _ in found.values())
    kept = sandbox.get("/_sandbox/leads?limit=1000")["leads"]
    assert {lead["phone"] for lead in kept} <= set(by_phone)
