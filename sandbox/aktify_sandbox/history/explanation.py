"""A record in words, for a person: what came, what was answered, and why."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from aktify_sandbox.contract.answers import in_words
from aktify_sandbox.text import printable

Record = dict[str, Any]


def diagnosis(record: Record) -> str:
    """The whole story of one request (or of one that is only explained), as plain text."""
    sections = (
        _head(record),
        _why(record),
        _notes(record),
        _first_post(record),
        _request(record),
        _answer(record),
    )
    return "\n".join(line for section in sections for line in section) + "\n"


def overview(origin: str, records: Iterable[Record]) -> str:
    """What a person finds at `/_sandbox/`: where to post, where to look, and the latest requests."""
    rows = [_row(record) for record in records] or ["  none yet"]
    return "\n".join(
        [
            "aktify-sandbox: a local stand-in for Aktify's lead API",
            "",
            f"endpoint      POST {origin}/api/v1/leads",
            f"requests      {origin}/_sandbox/requests        (one: …/requests/ID)",
            f"leads         {origin}/_sandbox/leads",
            f"settings      {origin}/_sandbox/config",
            f"description   {origin}/_sandbox/openapi.json",
            "",
            "The latest requests",
            *rows,
            "",
        ]
    )


def _row(record: Record) -> str:
    status = record["response"]["status"] if record["response"] else "---"
    when, why = printable(record["receivedAt"]), printable(record["reason"]["rule"])
    return f"  {record['id']}  {when}  {status}  {why}"


def _head(record: Record) -> Iterator[str]:
    if "id" in record:
        status = record["response"]["status"] if record["response"] else "no answer"
        asked = f"{record['method']} {printable(record['path'])}".strip()
        yield f"{record['id']}  {status}  {asked or 'no request of HTTP'}"
        yield f"received   {printable(record['receivedAt'])} from {printable(record['client'] or 'unknown')}"
        yield f"took       {record['durationMs']} ms{_late(record)}"
        if "hungUpAfterMs" in record:
            yield f"hung up    the client did, after {record['hungUpAfterMs']} ms"
    else:
        yield f"{record['status']} would be the answer; nothing was sent or kept."
    yield f"campaign   {printable(record['campaign'] or 'unknown')}"
    yield f"key        {printable(record['key'] or 'none')}"
    yield f"phone      {printable(record['phone'] or 'not known')}"


def _why(record: Record) -> Iterator[str]:
    yield ""
    reason = record["reason"]
    yield f"Why: {printable(reason['rule'])}"
    if reason["scenario"]:
        yield f"  {printable(reason['scenario'])} had a hand in it: it is not all the request's own doing."
    for problem in record["problems"]:
        yield f"  {printable(in_words(problem['field'] or 'the body', problem['message']))}"
        if problem["hint"]:
            yield f"    what would be right: {printable(problem['hint'])}"
        source = _source(problem)
        if source:
            yield f"    {source}"


def _late(record: Record) -> str:
    return f", and {record['delayMs']} ms of forced delay" if "delayMs" in record else ""


def _source(problem: Record) -> str | None:
    """Whose word a problem is; None where nobody's (a forced one, one from before it was kept)."""
    match problem.get("source"):
        case "documented":
            return f"documented by Aktify: “{printable(problem['quote'])}”"
        case "ruling":
            name = printable(problem["ruling"])
            return f"ruling {name}: our choice where Aktify's page is silent (aktify-sandbox rulings)"
        case "http":
            return f"HTTP ({printable(problem['quote'])})"
        case "limit":
            return "limit of the sandbox"
    return None


def _notes(record: Record) -> Iterator[str]:
    if record.get("notes"):
        yield ""
        yield "Worth knowing (never part of the vendor's answer)"
        for note in record["notes"]:
            ruling = f"  [ruling {note['ruling']}]" if note["ruling"] else ""
            yield f"  {printable(note['field']) or 'the body'}: {printable(note['message'])}{ruling}"


def _first_post(record: Record) -> Iterator[str]:
    first = record.get("firstPost")
    if "firstPost" not in record:
        return
    yield ""
    if first is None:
        yield "The first post of this number is no longer kept."
        return
    yield "The first post of this number"
    yield f"  {printable(first['id'] or 'imported')} at {printable(first['receivedAt'])}"
    this = next(
        (d["this"] for d in first["differences"] if d["field"] == "phoneNumber"), first["phoneNumber"]
    )
    yield f"  written    {_shown(first['phoneNumber'])} then, {_shown(this)} now"
    yield f"  both are   {printable(first['phone'])}"
    others = [d for d in first["differences"] if d["field"] != "phoneNumber"]
    if not others:
        yield "  nothing else differs"
    for d in others:
        yield f"  {printable(d['field'])}: {_shown(d['first'])} then, {_shown(d['this'])} now"


def _request(record: Record) -> Iterator[str]:
    yield ""
    yield "Request"
    for name, value in record.get("headers", []):
        yield f"  {printable(name)}: {printable(value)}"
    if record.get("headers"):
        yield ""
    yield from _body(record)


def _body(record: Record) -> Iterator[str]:
    if record.get("bodyOmitted"):
        yield "  (the body isn't recorded, since only fictional numbers may be kept here)"
        return
    if record.get("bodyEncoding"):
        yield "  (not UTF-8 text; in base64)"
    yield from _indented(record["body"] or "(empty)")
    if record.get("truncated"):
        yield f"  (cut: the body had {record['bodyBytes']} bytes)"


def _answer(record: Record) -> Iterator[str]:
    yield ""
    if "answer" in record:
        yield "Answer"
        yield from _indented(orjson.dumps(record["answer"], option=orjson.OPT_INDENT_2).decode())
    elif record["response"]:
        never = " (the client had gone before it had all of it)" if "hungUpAfterMs" in record else ""
        broken = ", as it would be whole" if record.get("fault", "dribble") != "dribble" else ""
        yield f"Answer {record['response']['status']}{broken}{never}"
        for name, value in record["response"]["headers"]:
            yield f"  {printable(name)}: {printable(value)}"
        yield ""
        yield from _indented(record["response"]["body"] or "(empty)")


def _indented(text: str) -> Iterator[str]:
    for line in text.splitlines():
        yield f"  {printable(line)}"


def _shown(value: Any) -> str:
    return "nothing" if value is None else printable(json.dumps(value, ensure_ascii=False))
