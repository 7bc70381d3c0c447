"""What can't be read as a request is refused in words, recorded once, and shown. No port scan fills the disk."""

import re
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aktify_sandbox.server.refusals import body_refusal, head_refusal, make_out
from support.bad_input.corpus import CHUNKED, HEAD, KEY, LARGE, POST, post
from support.bad_input.wire import Answers, connect, newest, settled
from support.conditions import eventually
from support.running import Running, Serve

KINDS = {
    "a carriage return behind the key": (
        post(head=HEAD.replace(KEY, KEY + b"\r")),
        400,
        "x-api-key header ends in a carriage return",
    ),
    "a carriage return behind another header": (
        post(b"X-Batch: 1\r\r\n"),
        400,
        "X-Batch header ends in a carriage",
    ),
    "a carriage return in a header": (
        post(b"X-Batch: 1\r2\r\n"),
        400,
        "X-Batch header holds a carriage return",
    ),
    "TLS": (bytes.fromhex("16030100a5010000a10303") + bytes(160), 400, "TLS"),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 400, "HTTP/2"),
    "the PROXY protocol": (b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n" + post(), 400, "PROXY protocol"),
    "the PROXY protocol in bytes": (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes(12), 400, "PROXY protocol"),
    "SSH": (b"SSH-2.0-OpenSSH_9.6\r\n", 400, "SSH"),
    "SOCKS": (b"\x05\x01\0", 400, "SOCKS"),
    "a blank before the colon": (post(b"X-Batch : 1\r\n"), 400, "before the colon of the X-Batch header"),
    "a blank before the colon of the key": (
        post(head=HEAD.replace(b"x-api-key:", b"x-api-key :")),
        400,
        "before the colon of the x-api-key header",
    ),
    "length and chunked": (post(CHUNKED), 400, "Content-Length and Transfer-Encoding"),
    "two lengths": (post(b"Content-Length: 3\r\n"), 400, "Content-Length stands there 2 times"),
    "CONNECT": (b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 405, "no proxy"),
    "an unknown method": (post(start=b"BREW /api/v1/leads HTTP/1.1\r\n"), 400, "BREW isn't a method"),
    "a method in small letters": (post(start=b"post /api/v1/leads HTTP/1.1\r\n"), 400, "POST, not post"),
    "another version": (post(start=b"POST /api/v1/leads HTTP/3.0\r\n"), 400, "not HTTP/3.0"),
    "a large head": (post(b"X: " + LARGE + b"\r\n"), 431, "64 kB"),
    "a body alone": (b'{"phoneNumber": "5095551234"}\r\n\r\n', 400, "begins with a body"),
    "lines that end in LF": (post().replace(b"\r\n", b"\n"), 400, "LF alone"),
}


def refused(sandbox: Running, data: bytes) -> tuple[int, dict[str, str], str]:
    """Status, headers and body of the one answer, behind which the connection ends."""
    with connect(sandbox) as connection:
        connection.sendall(data)
        answers = Answers(connection)
        answer = answers.next()
        assert answer
        assert answers.next() is None
        return answer[0], answer[1], answer[2].decode()


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_named_recorded_and_shown(sandbox: Running, kind: str) -> None:
    data, status, named = KINDS[kind]
    before = newest(sandbox)
    answered, headers, words = refused(sandbox, data)
    assert answered == status
    assert named in words
    [listed] = settled(sandbox, before, [status])
    assert headers["x-aktify-sandbox-request"] == listed["id"]
    record = sandbox.get(f"/_sandbox/requests/{listed['id']}")
    assert record["reason"]["objection"] == "request"
    assert named in record["reason"]["rule"]
    assert record["response"]["body"] == words
    line = rf"  {status}  .*{listed['id']}"
    eventually(lambda: re.search(line, sandbox.output()))  # the terminal says it a moment after the answer
    assert KEY.decode() not in str({name: record[name] for name in record if name != "campaign"}).replace(
        "…key", ""
    )


def test_what_can_be_made_out_of_the_head_is_recorded_and_the_key_is_masked(sandbox: Running) -> None:
    secret = b"s3cret-of-the-vendor-17"
    head = HEAD.replace(KEY, secret).replace(b"x-api-key:", b"x-api-key :")
    _, headers, _ = refused(sandbox, post(b"X-Batch: 1\r\n", head=head))
    record = sandbox.get(f"/_sandbox/requests/{headers['x-aktify-sandbox-request']}")
    assert (record["method"], record["path"], record["httpVersion"]) == ("POST", "/api/v1/leads", "1.1")
    assert ["X-Batch", "1"] in record["headers"]
    assert secret.decode() not in str(record)
    assert sandbox.get("/_sandbox/requests?limit=1000&search=s3cret")["requests"] == []


def test_what_is_made_out_goes_through_every_view_and_export(sandbox: Running) -> None:
    _, headers, _ = refused(sandbox, KINDS["TLS"][0])
    name = headers["x-aktify-sandbox-request"]
    for form in ("curl", "har", "http", "python", "node", "pytest"):
        assert sandbox.http.get(f"/_sandbox/requests/{name}/{form}").status_code == 409
    assert sandbox.http.post(f"/_sandbox/requests/{name}/resend", json={}).status_code == 409
    for form in ("curl", "har", "http", "jsonl", "json"):
        assert sandbox.http.get(f"/_sandbox/requests/export?format={form}").status_code == 200
    explained = sandbox.http.get(f"/_sandbox/requests/{name}", headers={"accept": "text/plain"})
    assert "TLS" in explained.text
    assert sandbox.http.get("/_sandbox/requests/export?format=har").status_code == 200


def test_a_port_scan_fills_no_disk_and_what_was_left_out_is_said(serve: Serve) -> None:
    sandbox = serve("--in-memory")
    for _ in range(1_040):
        with socket.create_connection(("127.0.0.1", sandbox.port), timeout=30) as connection:
            connection.sendall(b"\x16\x03\x01\0")
            assert connection.recv(1_000).startswith(b"HTTP/1.1 400")
    status = sandbox.get("/_sandbox/status")
    assert 1_000 <= status["requests"] <= 1_020
    assert status["requests"] + status["refusalsNotRecorded"] == 1_040
    assert sandbox.post().status_code == 201


@given(
    st.binary(max_size=200) | st.binary(max_size=80).map(lambda more: post(b"X: " + more + b"\r\n")),
    st.text(),
)
def test_whatever_the_bytes_are_there_are_words_for_them(came: bytes, error: str) -> None:
    for refusal in (head_refusal(came, error), body_refusal(error)):
        assert refusal.status == 400
        assert refusal.words.strip()
    method, target, version, headers = make_out(came)
    assert len(method) + len(target) + len(version) < 3_000
    assert len(headers) <= 100


def test_a_head_that_can_be_parsed_is_made_out_as_it_is() -> None:
    method, target, version, headers = make_out(post(b"X-Batch: 1\r\n"))
    assert (method, target, version) == ("POST", b"/api/v1/leads", "1.1")
    assert headers[:2] == [(b"Host", b"a"), (b"x-api-key", KEY)]
    assert (b"X-Batch", b"1") in headers
    assert POST.startswith(method.encode())
