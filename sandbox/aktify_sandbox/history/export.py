"""A recorded request for other tools: as HAR 1.2, as a curl line, as code, as an HTTP file.

The key is taken from the environment variable `AKTIFY_API_KEY`. If it isn't set, a key that isn't secret may be used.
"""

import base64
import json
import pprint
import shlex
import textwrap
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from aktify_sandbox.contract.answers import ENDPOINT
from aktify_sandbox.history.http_file import as_http, http_begins
from aktify_sandbox.history.sent import Sent, sent, target
from aktify_sandbox.journal.entry import Entry
from aktify_sandbox.scenarios.faults import is_lost
from aktify_sandbox.text import moves_cursor, printable
from aktify_sandbox.version import __version__

KEY = "$AKTIFY_API_KEY"


# curl


def as_curl(entry: Entry, origin: str, known_key: str | None = None) -> str:
    """A command for a POSIX shell, with the key from the environment, or `known_key` where that isn't set."""
    this = sent(entry)
    words = ["curl -i", shlex.quote(f"{origin}{target(entry)}")]
    if entry["method"] != ("POST" if this.body else "GET"):
        words.append("--head" if entry["method"] == "HEAD" else f"-X {shlex.quote(entry['method'])}")
    words += [f"-H {_header_word(name, value)}" for name, value in this.headers]
    if this.has_key:
        key = f"${{{KEY[1:]}:-{known_key}}}" if known_key else KEY
        words.append(f'-H "x-api-key: {key}"')
    text = None if this.text is None or moves_cursor(this.text) else this.text
    if this.body:
        if not any(name.lower() == "content-type" for name, _ in this.headers):
            words.append("-H 'content-type:'")  # otherwise curl would send the content type of a form
        words.append(f"--data-binary {'@-' if text is None else shlex.quote(text)}")
    line = " ".join(words)
    if this.body and text is None:
        line = f"printf %s {base64.b64encode(this.body).decode()} | base64 -d | {line}"
    return "".join(f"# {remark}\n" for remark in this.remarks) + line + "\n"


def _header_word(name: str, value: str) -> str:
    """One word for the shell. Bytes that aren't ASCII are unchanged, whatever the terminal's encoding."""
    line = f"{name}: {value}" if value else f"{name};"  # makes curl send an empty header
    if value.isascii() and value.isprintable():
        return shlex.quote(line)
    octets = line.replace("\\", "\\\\").replace("%", "%%").encode("latin-1", "replace")
    escaped = "".join(chr(octet) if 32 <= octet < 127 else f"\\{octet:03o}" for octet in octets)
    return f'"$(printf {shlex.quote(escaped)})"'


# HAR


HAR_BEGINS = (
    '{"log": {"version": "1.2", "creator": '
    f'{{"name": "aktify-sandbox", "version": "{__version__}"}}, "entries": [\n'
)
HAR_ENDS = "\n]}}\n"
"""The part of an HTTP Archive 1.2 around its entries."""


def har_entry(entry: Entry, origin: str) -> str:
    """An entry of an HTTP Archive."""
    return json.dumps(_har_content(entry, origin), ensure_ascii=False)


def _har_content(entry: Entry, origin: str) -> dict[str, Any]:
    took = entry["durationMs"] + entry.get("delayMs", 0)
    return {
        "startedDateTime": entry["receivedAt"],
        "time": took,
        "request": _har_request(entry, origin),
        "response": _har_response(entry),
        "cache": {},
        "timings": {"send": 0, "wait": took, "receive": 0},
        "comment": f"{entry['id']}{' (masked)' if entry.get('masked') else ''}: {entry['reason']['rule']}",
    }


def _har_request(entry: Entry, origin: str) -> dict[str, Any]:
    headers = [
        {"name": name, "value": KEY if name.lower() == "x-api-key" else value}
        for name, value in entry["headers"]
    ]
    request = {
        "method": entry["method"],
        "url": f"{origin}{target(entry)}",
        "httpVersion": f"HTTP/{entry['httpVersion']}",
        "cookies": [],
        "headers": headers,
        "queryString": [
            {"name": name, "value": value}
            for name, value in parse_qsl(entry["query"], keep_blank_values=True)
        ],
        "headersSize": -1,
        "bodySize": entry["bodyBytes"],
    }
    if entry["body"]:
        media = next((value for name, value in entry["headers"] if name.lower() == "content-type"), "")
        request["postData"] = {"mimeType": media, "params": [], "text": entry["body"]}
        remarks = [*sent(entry).remarks, *(["The text is base64."] if "bodyEncoding" in entry else [])]
        if remarks:
            request["postData"]["comment"] = " ".join(remarks)
    return request


def _har_response(entry: Entry) -> dict[str, Any]:
    response = entry["response"] or {"status": 0, "headers": [], "body": ""}
    headers = {name.lower(): value for name, value in response["headers"]}
    body = response.get("body") or ""
    size = len(body.encode())
    return {
        "status": response["status"],
        "statusText": _phrase(response["status"]) if response["status"] else "no answer was sent",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [{"name": name, "value": value} for name, value in response["headers"]],
        "content": {"size": size, "mimeType": headers.get("content-type", ""), "text": body},
        "redirectURL": headers.get("location", ""),
        "headersSize": -1,
        "bodySize": size,
    }


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


# code


def as_python(entry: Entry, origin: str, known_key: str | None = None) -> str:
    """A script with httpx."""
    this = sent(entry)
    key = f'os.environ.get("AKTIFY_API_KEY", "{known_key}")' if known_key else 'os.environ["AKTIFY_API_KEY"]'
    lines = [
        *(f"# {remark}" for remark in this.remarks),
        "import os",
        "",
        "import httpx",
        "",
        f'base_url = os.environ.get("AKTIFY_BASE_URL", {origin!r})',
        *_call("answer = ", entry, this, "base_url", key),
        "print(answer.status_code, answer.text)",
        "",
    ]
    return "\n".join(lines)


def _call(start: str, entry: Entry, this: Sent, base: str, key: str, *more: str) -> Iterator[str]:
    """A call of `httpx.request` that sends the same request, line by line."""
    lead = this.lead
    headers = [
        f"({name!r}, {value if value.isascii() else value.encode('latin-1', 'replace')!r})"
        for name, value in this.headers
        if lead is None or name.lower() != "content-type"  # httpx sets it
    ]
    headers += [f'("x-api-key", {key})'] if this.has_key else []
    yield f"{start}httpx.request("
    yield f"    {entry['method']!r},"
    yield f"    {base} + {target(entry)!r},"
    if headers:
        yield f"    headers=[{', '.join(headers)}],"
    if lead is not None:
        yield f"    json={_literal(lead)},"
    elif this.body:
        yield f"    content={this.body!r},"
    yield from (f"    {argument}," for argument in more)
    yield ")"


def _literal(lead: Any) -> str:
    return pprint.pformat(lead, width=90, sort_dicts=False).replace("\n", "\n    ")


def as_node(entry: Entry, origin: str, known_key: str | None = None) -> str:
    """A module with fetch (Node 18 and later)."""
    this = sent(entry)
    key = "process.env.AKTIFY_API_KEY" + (f' ?? "{known_key}"' if known_key else "")
    headers = [f"[{json.dumps(name)}, {json.dumps(value)}]" for name, value in this.headers]
    headers += [f'["x-api-key", {key}]'] if this.has_key else []
    lines = [
        *(f"// {remark}" for remark in this.remarks),
        f"const baseUrl = process.env.AKTIFY_BASE_URL ?? {json.dumps(origin)};",
        f"const answer = await fetch(baseUrl + {json.dumps(target(entry))}, {{",
        f"  method: {json.dumps(entry['method'])},",
        f"  headers: [{', '.join(headers)}],",
        *([f"  body: {_node_body(this)},"] if this.body else []),
        "});",
        "console.log(answer.status, await answer.text());",
        "",
    ]
    return "\n".join(lines)


def _node_body(this: Sent) -> str:
    if this.lead is not None:
        literal = json.dumps(this.lead, indent=2, ensure_ascii=False).replace("\n", "\n  ")
        return f"JSON.stringify({literal})"
    if this.text is not None:
        return json.dumps(this.text)
    return f'Buffer.from("{base64.b64encode(this.body).decode()}", "base64")'


def as_pytest(entry: Entry, origin: str, known_key: str | None = None) -> str:  # noqa: ARG001  every form has them
    """A test with the fixture `aktify_sandbox` that gets the same answer in a fresh campaign."""
    this = sent(entry)
    breaks = entry["response"] is None or is_lost(entry.get("fault"))
    body = "\n".join([*_first_post(entry), *_forcing_line(entry), *_checked(entry, this, breaks=breaks)])
    lines = [
        *(f"# {remark}" for remark in this.remarks),
        "import httpx",
        *(["import pytest"] if breaks else []),
        "",
        "",
        f"def test_{_named(entry)}(aktify_sandbox):",
        f"    # {entry['id']}: {printable(entry['reason']['rule'])}",
        textwrap.indent(body, "    "),
        "",
    ]
    return "\n".join(lines)


def _checked(entry: Entry, this: Sent, *, breaks: bool) -> list[str]:
    refused = entry["reason"]["objection"] == "key"
    key = '"a-key-that-opens-nothing"' if refused else "aktify_sandbox.api_key"
    if breaks:
        call = _call("", entry, this, "aktify_sandbox.url", key, "timeout=1")
        return ["with pytest.raises(httpx.TransportError):", textwrap.indent("\n".join(call), "    ")]
    call = _call("answer = ", entry, this, "aktify_sandbox.url", key)
    return [*call, f"assert answer.status_code == {entry['response']['status']}"]


def _named(entry: Entry) -> str:
    names = {
        "accepted": "the_lead_is_accepted",
        "duplicate": "the_lead_is_a_duplicate",
        "body": "the_lead_is_refused",
        "key": "the_key_is_refused",
        "forced": "a_forced_answer",
    }
    return names.get(entry["reason"]["objection"], "the_request_is_answered")


def _first_post(entry: Entry) -> list[str]:
    first = entry.get("firstPost")
    if not first or entry["path"] != ENDPOINT:
        return []
    return [
        f"first = {_literal(first['sent'])}",
        'headers = {"x-api-key": aktify_sandbox.api_key}',
        "assert httpx.post(aktify_sandbox.endpoint, headers=headers, json=first).status_code == 201",
    ]


def _forcing_line(entry: Entry) -> list[str]:
    """What forces the answer in a fresh campaign; magic numbers and the header Prefer work there without it."""
    by, fault = entry["reason"]["scenario"], entry.get("fault")
    if by is None or by.startswith(("number ", "header ")):
        return []
    arguments = [str(entry["response"]["status"])] if _is_forced(entry) else []
    arguments += [f"fault={fault!r}"] if fault else []
    arguments += [f'delay="{entry["delayMs"]}ms"'] if entry.get("delayMs") and not fault else []
    return [f"aktify_sandbox.force({', '.join(arguments)})  # as {printable(by)} did"] if arguments else []


def _is_forced(entry: Entry) -> bool:
    return entry["reason"]["objection"] == "forced" and entry["response"] is not None


FORMS: dict[str, Callable[[Entry, str, str | None], str]] = {
    "curl": as_curl,
    "python": as_python,
    "node": as_node,
    "pytest": as_pytest,
    "http": lambda entry, origin, known_key: http_begins(origin) + as_http(entry, known_key),
    "har": lambda entry, origin, _: HAR_BEGINS + har_entry(entry, origin) + HAR_ENDS,
}
"""The formats in which a request can be copied: functions of an entry, the sandbox's address, and its key if not
secret.
"""

_READING_KEY = ("curl", "python", "node", "http")


def needs_key(form: str, entry: Entry, known_key: str | None) -> bool:
    """Whether the code works only where `AKTIFY_API_KEY` is set."""
    return form in _READING_KEY and known_key is None and sent(entry).has_key


HAR_MEDIA = "application/har+json"
