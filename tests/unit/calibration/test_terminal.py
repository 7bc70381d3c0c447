"""What is printed of a calibration, whatever an endpoint answers."""

import json
from typing import Any

import pytest

from aktify_sandbox.calibration.answers import Answered
from aktify_sandbox.calibration.judging import judge_clauses, judge_rulings
from aktify_sandbox.calibration.playing import Played
from aktify_sandbox.calibration.probes import Asked
from aktify_sandbox.calibration.result import Calibration
from aktify_sandbox.calibration.terminal import block, result_lines, shortened
from aktify_sandbox.documents.document import read
from support.calibrated import DEFAULT, ORIGIN, played
from support.snapshots import Snapshot


def result_of(done: Played) -> Calibration:
    made: dict[str, Any] = {
        "version": "0.1.0",
        "startedAt": "2026-12-01T10:00:00.000Z",
        "url": ORIGIN,
        "key": "tes…key",
        "complete": done.stopped is None,
        "stopped": done.stopped,
        "requests": done.requests,
        "leads": done.leads,
        "rulings": judge_rulings(done, ORIGIN),
        "clauses": judge_clauses(done),
        "usedNumbers": {},
    }
    return made  # type: ignore[return-value]  # each field has its name from the type


def printed(done: Played) -> str:
    return "\n".join(result_lines(result_of(done), DEFAULT, "aktify-sandbox.yaml"))


HOSTILE = {
    "nothing": b"",
    "no UTF-8": b"\xff\xfe{}",
    "a list": b"[1, 2]",
    "deep": b'{"email":' + b"[" * 100_000,
    "a control character": json.dumps(
        {"phoneNumber": "\x1b[2J", "link": "https://a.example/\x1b[2J/x", "region": "\u202e", "email": "\x00"}
    ).encode(),
    "half a character": rb'{"phoneNumber": "\ud800", "link": "https://a\ud800.example/x", "email": "\udfff"}',
    "a long value": json.dumps({"phoneNumber": "x" * 100_000, "link": "https://" + "y" * 9_000}).encode(),
    "a long number": b'{"phoneNumber": 1' + b"0" * 9_000 + b"}",
    "a number that is none": b'{"phoneNumber": NaN, "region": Infinity}',
    "a link without a code": b'{"phoneNumber": "1", "link": "https://"}',
    "other types": b'{"phoneNumber": null, "link": 5, "region": [], "email": {}, "metadata": "x"}',
}


@pytest.mark.parametrize("status", [201, 400, 409, 418, 204])
@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_whatever_is_answered_can_be_printed_and_written(body: bytes, status: int) -> None:
    def send(asked: Asked) -> Answered:
        return Answered(401 if asked.key in ("none", "unknown") else status, body)

    done = played(send)
    assert all(line.isprintable() and len(line) < 2_000 for line in printed(done).splitlines())
    json.dumps(result_of(done), ensure_ascii=False).encode()


def test_an_endpoint_that_breaks_the_page_is_said_first(snapshot: Snapshot) -> None:
    def send(asked: Asked) -> Answered:
        return Answered(201, b'{"phoneNumber": "1"}')

    text = printed(played(send))
    assert text.index("AKTIFY'S PAGE") < text.index("rulings verified")
    snapshot("calibrate", text)


def test_the_block_is_read_as_it_was_meant() -> None:
    values = {
        "null": "absent",
        "key-namespaces": "off",
        "text-length": "300",
        "short-link": "https://go.example.com/a",
    }
    schema = {"properties": {"rulings": {"additionalProperties": {"type": "string"}}}}
    assert read("\n".join(block(values)) + "\n", "pasted").value(schema) == {"rulings": values}


def test_a_long_body_is_shortened() -> None:
    assert shortened("") == "(no body)"
    assert shortened("{}") == "{}"
    assert shortened("x" * 1_000).endswith("… (1,000 characters)")
