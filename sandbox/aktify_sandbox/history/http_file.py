"""Recorded requests as an HTTP file (`.http`), which VS Code's REST Client, JetBrains' HTTP Client and httpYac read.

These tools know no escapes. What one of them would read in another way is left out, and a comment says so.
"""

import re
from collections.abc import Iterator

from aktify_sandbox.history.sent import Sent, sent, target
from aktify_sandbox.journal.entry import Entry
from aktify_sandbox.text import moves_cursor, printable

KEY = "{{AKTIFY_API_KEY}}"
"""All of them read a variable like this from their own settings, outside the file."""
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_MARKS = {
    "#": "which begins a comment",
    "//": "which begins a comment",
    "@": "which defines a variable",
    "<": "which inserts a file",
    ">": "which begins a script",
    "&": "which continues a form",
    "HTTP/": "which begins an answer",
    "```": "which begins a test",
}
"""With what no line of a body may begin in an HTTP file."""
_FORM_TEXT = re.compile(r"(?:[!&'()*+,./:;=?@\[\]_~0-9A-Za-z-]|%[0-9A-Fa-f]{2})*")
"""A form that REST Client doesn't encode once more."""
_READS_GRAPHQL = "x-request-type"
"""The header by which REST Client makes JSON of a body."""
_MARKED = re.compile(rf"^[ \t]*({'|'.join(map(re.escape, _MARKS))})", re.MULTILINE)


def http_begins(origin: str) -> str:
    """The beginning of the file: the address of all its requests, and how to give the key."""
    return (
        f"# Requests recorded by aktify-sandbox.\n"
        f"# AKTIFY_API_KEY: set it in http-client.private.env.json (JetBrains), in\n"
        f"# rest-client.environmentVariables (VS Code), or with --var (httpYac).\n"
        f"@baseUrl = {origin}\n"
    )


def as_http(entry: Entry, known_key: str | None = None) -> str:
    """One request, after a line of `###`. The key is a variable, unless it is one that isn't secret."""
    status = entry["response"]["status"] if entry["response"] else "no answer"
    head = f"\n### {entry['id']} {entry['receivedAt']} {status}\n{_comment(entry['reason']['rule'])}"
    if not entry["method"]:
        return f"{head}{_comment('Left out: it was not an HTTP request.')}"
    this = sent(entry)
    head += "".join(map(_comment, this.remarks))
    why = _why_not(entry, this)
    if why:
        name = entry["id"]
        fix = f"Fix: send it with `aktify-sandbox requests show {name} --format curl`."
        return f"{head}{_comment(f'Left out: {why}. {fix}')}"
    headers, dropped = _headers(this, known_key)
    lines = [f"{entry['method']} {{{{baseUrl}}}}{target(entry)}", *headers]
    body = f"\n{this.body.decode()}\n" if this.body else ""
    return f"{head}{''.join(map(_comment, dropped))}{chr(10).join(lines)}\n{body}"


def _comment(text: str) -> str:
    """A line that every tool skips, whatever it says."""
    return f"# {printable(text).replace('{{', '{ {')}\n"


def _headers(this: Sent, known_key: str | None) -> tuple[list[str], list[str]]:
    """The lines of the headers, and what is said of those that can't be written."""
    lines, dropped = [], []
    for name, value in this.headers:
        if value.isascii() and value.isprintable() and "{{" not in f"{name}{value}" and not _is_read(name):
            lines.append(f"{name}: {value}".rstrip())
        else:
            dropped.append(f"The header {name} is left out: an HTTP file can't have it.")
    if this.has_key:
        lines.append(f"x-api-key: {known_key or KEY}")
    return lines, dropped


def _is_read(name: str) -> bool:
    """Whether a tool would read a header of that name as something else."""
    return name.lower() == _READS_GRAPHQL or _MARKED.match(name) is not None


def _why_not(entry: Entry, this: Sent) -> str | None:
    """Why the tools wouldn't send this request as it was; None if they do."""
    if entry["method"] not in _METHODS:
        return "not every tool knows its method"
    if not this.body:
        return None
    if entry["method"] in ("GET", "HEAD"):
        return f"some tools send no body with {entry['method']}"
    media = next((value for name, value in this.headers if name.lower() == "content-type"), "")
    return next(_why_body_not(this.body, media.partition(";")[0].strip().lower()), None)


def _why_body_not(body: bytes, media: str) -> Iterator[str]:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        yield "its body isn't text"
        return
    if text != text.strip() or text.startswith("\ufeff"):
        yield "its body begins or ends with white space, which an HTTP file can't keep"
    if "\r" in text or moves_cursor(text):
        yield "its body contains control characters"
    if "{{" in text:
        yield "its body contains two opening braces, which begin a variable"
    if media == "application/x-www-form-urlencoded" and not _FORM_TEXT.fullmatch(text):
        yield "some tools encode a form once more"
    if media == "application/x-ndjson" or (media.startswith("multipart/") and "\n" in text):
        yield f"some tools change the line breaks of {printable(media)}"
    marked = _MARKED.search(text)
    if marked:
        number = text.count("\n", 0, marked.start(1)) + 1
        yield f"line {number} of its body begins with {marked[1]}, {_MARKS[marked[1]]}"
