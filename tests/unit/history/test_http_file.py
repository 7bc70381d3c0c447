"""An HTTP file holds each body as it was, or says why it holds none."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aktify_sandbox.history.http_file import as_http, http_begins
from aktify_sandbox.journal.entry import add_body
from support.snapshots import Snapshot

ORIGIN = "http://127.0.0.1:8509"
LEAD = b'{"phoneNumber": "(509) 555-1234", "region": "CA"}'


def entry(body: bytes = LEAD, **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": "r000000042",
        "receivedAt": "2026-11-24T09:30:00.000Z",
        "method": "POST",
        "path": "/api/v1/leads",
        "query": "",
        "headers": [["Host", "a"], ["content-type", "application/json"], ["x-api-key", "tes…key"]],
        "bodyBytes": len(body),
        "response": {"status": 201},
        "reason": {"rule": "Accepted."},
        "body": None,
    }
    add_body(made, body, cut=False)  # type: ignore[arg-type]  # the fields that bodies need
    return {**made, **changes}


def read(text: str) -> list[dict[str, Any]]:
    """Requests as the strictest of the tools reads them: no line of a comment, a variable or a script survives."""
    found = []
    for part in re.split(r"^###.*$", text, flags=re.MULTILINE)[1:]:
        lines = [line for line in part.split("\n") if not re.match(r"\s*(#|//|@|<|>|HTTP/|&)", line)]
        first = next((number for number, line in enumerate(lines) if line.strip()), None)
        if first is None:
            continue
        method, _, url = lines[first].partition(" ")
        blank = next(number for number in range(first, len(lines)) if not lines[number].strip())
        headers = [tuple(line.split(": ", 1)) for line in lines[first + 1 : blank]]
        body = "\n".join(lines[blank + 1 :]).strip()
        found.append({"method": method, "url": url, "headers": headers, "body": body})
    return found


def test_a_request_is_written_with_its_answer_and_the_key_as_a_variable(snapshot: Snapshot) -> None:
    snapshot("admin", http_begins(ORIGIN) + as_http(entry()))


def test_a_key_that_is_not_secret_stands_in_the_file() -> None:
    assert "x-api-key: test-key\n" in as_http(entry(), "test-key")
    assert "x-api-key: {{AKTIFY_API_KEY}}\n" in as_http(entry())
    assert "x-api-key" not in as_http(entry(headers=[]))


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\x00",
        b"### a separator",
        b"{\n  // a comment\n}",
        b"{\n  # a comment\n}",
        b"@key = value",
        b"< ./etc/passwd",
        b"<html/>",
        b"> {% script %}",
        b"a=b\n&c=d",
        b'{"a": "{{$processEnv HOME}}"}',
        b"{}\n",
        b" {}",
        b"{\r\n}",
        b"\x1b]0;a title\x07",
        b"\xef\xbb\xbf{}",
        b"HTTP/1.1 200 OK",
        b"{}\n```",
    ],
)
def test_what_the_format_cannot_hold_is_left_out_and_said(body: bytes, snapshot: Snapshot) -> None:
    text = as_http(entry(body))
    assert read(http_begins(ORIGIN) + text) == []
    snapshot("admin", text.partition("# Left out")[2], str(body))


@pytest.mark.parametrize(
    ("media", "body", "is_kept"),
    [
        ("application/x-www-form-urlencoded", b"phoneNumber=%28509%29+555-0100&region=CA", True),
        ("application/x-www-form-urlencoded; charset=utf-8", LEAD, False),
        ("Application/X-WWW-Form-Urlencoded", "firstName=José".encode(), False),
        ("application/x-www-form-urlencoded", b"a=100%", False),
        ("application/x-ndjson", b"{}", False),
        ("multipart/form-data; boundary=a", b"--a\nb", False),
        ("text/plain", b"--a\nb c", True),
    ],
)
def test_what_a_tool_would_change_for_its_content_type_is_left_out(
    media: str, body: bytes, is_kept: bool
) -> None:
    text = as_http(entry(body, headers=[["content-type", media]]))
    assert ("# Left out" in text) != is_kept


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "BREW"},
        {"method": "GET"},
        {"truncated": True, "bodyBytes": 200_000},
        {"method": "", "reason": {"rule": "This is TLS."}},
        {"masked": True},
        {"response": None},
        {
            "headers": [
                ["X-Latin", "J\u00fcrgen"],
                ["X-Braces", "{{x}}"],
                ["#x", "1"],
                ["X-Request-Type", "GraphQL"],
                ["X-Empty", ""],
            ]
        },
        {"reason": {"rule": "No\n### {{x}} \x1b"}},
    ],
    ids=str,
)
def test_what_is_missing_or_odd_is_said_in_a_comment(changes: dict[str, Any], snapshot: Snapshot) -> None:
    snapshot("admin", as_http(entry(**changes)), str(changes))


@given(st.text(alphabet=st.sampled_from('{}"ab:, \n\t#/@<>&=?!-é😀\r\u2028'), max_size=30))
def test_a_body_is_read_back_as_it_was_or_is_left_out(body: str) -> None:
    text = as_http(entry(body.encode()))
    found = read(http_begins(ORIGIN) + text)
    assert [each["body"] for each in found] == ([] if "# Left out" in text else [body])


@given(st.text(), st.text(), st.text())
def test_no_reason_header_or_path_becomes_another_request(rule: str, value: str, path: str) -> None:
    changed = entry(path=f"/{path}", reason={"rule": rule}, headers=[["x-a", value.replace("\n", "")]])
    text = http_begins(ORIGIN) + as_http(changed)
    [found] = read(text)
    assert found["method"] == "POST"
    assert found["body"] == LEAD.decode()
    assert found["url"].count("{{") == 1
    assert not [name for name, *_ in found["headers"] if name.rstrip(":") != "x-a"]
