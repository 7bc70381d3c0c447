"""An entry explained to a person: the request, the answer, and why."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from aktify_sandbox.contract.answers import ENDPOINT, in_words
from aktify_sandbox.journal.entry import Entry
from aktify_sandbox.journal.summary import local_time, summary_of
from aktify_sandbox.redaction import masked_text
from aktify_sandbox.scenarios.faults import is_lost
from aktify_sandbox.text import printable


def explanation(entry: Entry) -> str:
    """The explanation of one request, recorded or not, as plain text."""
    sections = (
        _head(entry),
        _why(entry),
        _notices(entry),
        _first_post(entry),
        _request(entry),
        _answer(entry),
    )
    return "\n".join(line for section in sections for line in section) + "\n"


def overview(origin: str, entries: Iterable[Entry]) -> str:
    """The text at `/_sandbox/`: where to post, where to look, and the latest requests."""
    rows = [_row(entry) for entry in entries] or ["  none yet"]
    return "\n".join(
        [
            "aktify-sandbox: a local stand-in for Aktify's lead API",
            "",
            f"endpoint      POST {origin}{ENDPOINT}",
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


def _row(entry: Entry) -> str:
    summary = summary_of(entry)
    when, why = printable(local_time(summary.received_at)), printable(masked_text(summary.reason))
    return f"  {summary.id}  {when}  {summary.shown_status}  {why}"


def _head(entry: Entry) -> Iterator[str]:
    if "id" in entry:
        status = entry["response"]["status"] if entry["response"] else "no answer"
        asked = f"{entry['method']} {printable(entry['path'])}".strip()
        yield f"{entry['id']}  {status}  {asked or 'no request of HTTP'}"
        yield f"received   {printable(local_time(entry['receivedAt']))} from {printable(entry['client'] or 'unknown')}"
        yield f"took       {entry['durationMs']:,} ms{_late(entry)}"
        if "hungUpAfterMs" in entry:
            yield f"hung up    by the client after {entry['hungUpAfterMs']:,.0f} ms"
    else:
        yield f"The answer would be {entry['status']}. Nothing was sent or kept."
    yield f"campaign   {printable(entry['campaign'] or 'unknown')}"
    yield f"key        {printable(entry['key'] or 'none')}"
    yield f"phone      {printable(entry['phone'] or 'not known')}"
    if entry.get("masked"):
        yield "masked     phone numbers, e-mail addresses and last names"


def _why(entry: Entry) -> Iterator[str]:
    yield ""
    reason = entry["reason"]
    yield f"Why: {printable(reason['rule'])}"
    if reason["scenario"] and f"Forced by {reason['scenario']}:" not in reason["rule"]:
        yield f"  Caused in part by {printable(reason['scenario'])}."
    for problem in entry["problems"]:
        yield f"  {printable(in_words(problem['field'] or 'the body', problem['message']))}"
        if problem["hint"]:
            yield f"    Fix: {printable(problem['hint'])}"
        source = _source(problem)
        if source:
            yield f"    {source}"


def _late(entry: Entry) -> str:
    return f", and {entry['delayMs']:,} ms of forced delay" if "delayMs" in entry else ""


def _source(problem: Entry) -> str | None:
    """Who decided a problem; None if it isn't known (a forced one, or one of an earlier version)."""
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


def _notices(entry: Entry) -> Iterator[str]:
    if entry.get("notes"):
        yield ""
        yield "Notices (never part of Aktify's answer)"
        for notice in entry["notes"]:
            ruling = f"  [ruling {notice['ruling']}]" if notice["ruling"] else ""
            yield f"  {printable(notice['field']) or 'the body'}: {printable(notice['message'])}{ruling}"


def _first_post(entry: Entry) -> Iterator[str]:
    first = entry.get("firstPost")
    if "firstPost" not in entry:
        return
    yield ""
    if first is None:
        yield "The first post of this number is no longer recorded."
        return
    yield "The first post of this number"
    yield f"  {printable(first['id'] or 'imported')} at {printable(local_time(first['receivedAt']))}"
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


def _request(entry: Entry) -> Iterator[str]:
    yield ""
    yield "Request"
    for name, value in entry.get("headers", []):
        yield f"  {printable(name)}: {printable(value)}"
    if entry.get("headers"):
        yield ""
    yield from _body(entry)


def _body(entry: Entry) -> Iterator[str]:
    if entry.get("bodyOmitted"):
        yield "  (the body isn't recorded: --fictional-only is on)"
        return
    if entry.get("bodyEncoding"):
        yield "  (not UTF-8 text; in base64)"
    yield from _indented(entry["body"] or "(empty)")
    if entry.get("truncated"):
        yield f"  (cut: the body had {entry['bodyBytes']} bytes)"


def _answer(entry: Entry) -> Iterator[str]:
    yield ""
    if "answer" in entry:
        yield "Answer"
        yield from _indented(orjson.dumps(entry["answer"], option=orjson.OPT_INDENT_2).decode())
    elif entry["response"]:
        never = " (the client hung up before receiving all of it)" if "hungUpAfterMs" in entry else ""
        broken = ", as it would be whole" if is_lost(entry.get("fault")) else ""
        yield f"Answer {entry['response']['status']}{broken}{never}"
        for name, value in entry["response"]["headers"]:
            yield f"  {printable(name)}: {printable(value)}"
        yield ""
        yield from _indented(entry["response"]["body"] or "(empty)")


def _indented(text: str) -> Iterator[str]:
    for line in text.splitlines():
        yield f"  {printable(line)}"


def _shown(value: Any) -> str:
    return "nothing" if value is None else printable(json.dumps(value, ensure_ascii=False))
