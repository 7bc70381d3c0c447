"""The endpoint through a real socket: what is answered, and what is recorded of it."""

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from support.conditions import eventually
from support.running import LEAD, HostSandbox, Sandboxed
from support.snapshots import Snapshot

ALL_FIELDS = {
    "phoneNumber": "(509) 555-1234",
    "region": "CA",
    "zipCode": "90210",
    "email": "someone@example.com",
    "externalCreated": "2022-11-15T21:04:28-0600",
    "externalLeadId": "myCustomLeadId",
    "firstName": "John",
    "lastName": "Smith",
    "source": "myCustomSource",
    "metadata": {"customField1": "value1", "customField2": "value2"},
}


def raw(sandbox: Sandboxed, data: bytes, *, close: bool = False, answers: int = 1) -> bytes:
    """Send bytes as they are and read until the server closes, or is silent after so many answers."""
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=30) as connection:
        connection.sendall(data)
        if close:
            return b""
        received = b""
        try:
            while chunk := connection.recv(65_536):
                received += chunk
                connection.settimeout(1 if received.count(b"HTTP/1.1 ") >= answers else 30)
        except TimeoutError:
            pass
        return received


def test_the_first_post_is_201_and_every_later_one_409(sandbox: Sandboxed) -> None:
    assert [sandbox.post().status_code for _ in range(3)] == [201, 409, 409]
    assert sandbox.post({"phoneNumber": "+1 509-555-1234", "zipCode": "90210"}).status_code == 409


@pytest.mark.parametrize("link", ["link", "linkToShorten"])
def test_all_of_the_pages_examples_together_are_accepted_and_come_back_in_its_order(
    sandbox: Sandboxed, link: str
) -> None:
    answer = sandbox.post({**ALL_FIELDS, link: "https://www.aktify.com"})
    assert answer.status_code == 201
    returned = answer.json()
    assert {name: returned[name] for name in ALL_FIELDS} == ALL_FIELDS
    assert "linkToShorten" not in returned
    assert list(returned) == [*(name for name in ALL_FIELDS if name != "metadata"), "link", "metadata"]


def test_the_short_link_opens_the_long_one_and_is_recorded(sandbox: Sandboxed) -> None:
    long = "https://www.yourcompany.com/landing-page?utm_source=aktify"
    short = sandbox.post({**LEAD, "firstName": "John", "linkToShorten": long}).json()["link"]
    assert short.startswith(f"{sandbox.url}/s/")
    opened = sandbox.http.get(short)
    assert (opened.status_code, opened.headers["location"]) == (302, long)
    assert sandbox.record_of(opened)["reason"]["objection"] == "link"
    assert sandbox.http.get(f"{sandbox.url}/s/nothing1").status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-api-key": "nobody-knows"},
        {"authorization": "Bearer test-key"},
    ],
)
def test_without_a_known_key_the_answer_is_401_and_says_why(
    sandbox: Sandboxed, headers: dict[str, str], snapshot: Snapshot
) -> None:
    answer = sandbox.http.post("/api/v1/leads", json=LEAD, headers=headers)
    assert answer.status_code == 401
    body = answer.json()
    assert (body["statusCode"], body["problems"]) == (401, [])
    snapshot("answers", body["message"])
    assert sandbox.record_of(answer)["body"] == answer.request.content.decode()


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "none"),
        ({"x-api-key": '"test-key"'}, "quotes"),
        ({"authorization": "Bearer test-key"}, "other-header"),
        ({"x-api-key": "nobody-knows"}, None),
        ({"x-api-key": "test-key"}, None),
    ],
)
def test_a_recorded_401_has_the_code_of_the_mistake_with_its_key(
    sandbox: Sandboxed, headers: dict[str, str], code: str | None
) -> None:
    answer = sandbox.http.post("/api/v1/leads", json=LEAD, headers=headers)
    assert sandbox.record_of(answer)["reason"].get("keyMistake") == code


def test_a_wrong_lead_is_told_every_problem_with_hint_and_ruling(sandbox: Sandboxed) -> None:
    answer = sandbox.post({"phoneNumber": "555-1234", "region": "ma", "zipCode": 2138})
    assert answer.status_code == 400
    problems = {problem["field"]: problem for problem in answer.json()["problems"]}
    assert set(problems) == {"phoneNumber", "region", "zipCode"}
    assert "MA" in problems["region"]["hint"]
    assert problems["region"]["ruling"] == "region-case"
    assert "02138" in problems["zipCode"]["hint"]


def test_each_answer_but_a_201_links_to_its_explanation(sandbox: Sandboxed) -> None:
    first, second = sandbox.post(), sandbox.post()
    assert "x-aktify-sandbox-explain" not in first.headers
    text = httpx.get(
        second.headers["x-aktify-sandbox-explain"], headers={"accept": "text/plain"}, trust_env=False
    ).text
    assert first.headers["x-aktify-sandbox-request"] in text


def syntax_error(sandbox: Sandboxed, body: bytes) -> dict[str, int] | None:
    headers = {"x-api-key": sandbox.api_key, "content-type": "application/json"}
    answer = sandbox.http.post("/api/v1/leads", content=body, headers=headers)
    return sandbox.record_of(answer).get("syntaxError")


def test_a_record_says_where_a_body_stops_being_json(sandbox: Sandboxed) -> None:
    assert syntax_error(sandbox, b"{'a': 1}") == {"line": 1, "column": 2}
    assert syntax_error(sandbox, b"[]") is None
    assert syntax_error(sandbox, b"\xff{") is None
    assert syntax_error(sandbox, b'{"region": "ca"}') is None


def test_a_record_says_what_forced_its_answer(sandbox: Sandboxed) -> None:
    forced = sandbox.post({**LEAD, "phoneNumber": "(509) 555-0142"})
    assert sandbox.record_of(forced)["forcedBy"] == {"kind": "number"}
    assert "forcedBy" not in sandbox.record_of(sandbox.post())


def test_a_duplicate_shows_the_first_post_beside_it(sandbox: Sandboxed) -> None:
    first = sandbox.post({**LEAD, "firstName": "Ann"})
    record = sandbox.record_of(
        sandbox.post({"phoneNumber": "5095551234", "region": "CA", "firstName": "Bob"})
    )
    assert record["firstPost"]["id"] == first.headers["x-aktify-sandbox-request"]
    assert record["firstPost"]["phoneNumber"] == "(509) 555-1234"
    assert record["firstPost"]["phone"] == "+15095551234"
    assert {difference["field"] for difference in record["firstPost"]["differences"]} == {
        "phoneNumber",
        "firstName",
    }


def test_a_record_holds_the_whole_exchange(sandbox: Sandboxed) -> None:
    answer = sandbox.post({**LEAD, "phone": "x"}, headers={"X-Custom": "Kept As Written"})
    record = sandbox.record_of(answer)
    assert record["method"] == "POST"
    assert record["path"] == "/api/v1/leads"
    assert record["httpVersion"] == "1.1"
    assert ["X-Custom", "Kept As Written"] in record["headers"]
    assert json.loads(record["body"]) == {**LEAD, "phone": "x"}
    assert record["bodyBytes"] == len(answer.request.content)
    assert record["phone"] == "+15095551234"
    assert record["response"]["status"] == 201
    assert json.loads(record["response"]["body"]) == answer.json()
    assert record["durationMs"] >= 0
    assert [note["field"] for note in record["notes"]] == ["phone"]


def test_a_key_with_a_name_has_leads_of_its_own_but_the_rules_of_the_key(sandbox: Sandboxed) -> None:
    one, two = f"{sandbox.api_key}.one", f"{sandbox.api_key}.two"
    assert [sandbox.post(key=key).status_code for key in (one, one, two, two)] == [201, 409, 201, 409]
    assert sandbox.record_of(sandbox.post(key=two))["campaign"].endswith(".two")
    assert sandbox.post(key="test-key.not allowed").status_code == 401


def test_of_32_parallel_posts_of_one_phone_exactly_one_is_201(sandbox: Sandboxed) -> None:
    def post(number: int) -> int:
        headers = {"x-api-key": sandbox.api_key}
        with httpx.Client(trust_env=False, timeout=30) as client:
            client.get(f"{sandbox.url}/_sandbox/health")  # the connections are open before the race begins
            statuses = [
                client.post(sandbox.endpoint, json=lead, headers=headers).status_code for lead in leads
            ]
        return statuses.count(201)

    leads = [{"phoneNumber": f"509555{number:04d}", "region": "CA"} for number in range(20)]
    with ThreadPoolExecutor(32) as pool:
        assert sum(pool.map(post, range(32))) == len(leads)


def test_wrong_paths_and_methods_say_what_would_be_right_and_are_recorded(
    sandbox: Sandboxed, snapshot: Snapshot
) -> None:
    headers = {"x-api-key": sandbox.api_key}
    missed = sandbox.http.post("/api/v1/lead", json=LEAD, headers=headers)
    assert missed.status_code == 404
    snapshot("answers", missed.json()["message"], "path")
    snapshot("answers", sandbox.http.get("/api/v1/leads", headers=headers).json()["message"], "method")
    assert sandbox.record_of(missed)["path"] == "/api/v1/lead"
    wrong = sandbox.http.get("/api/v1/leads", headers=headers)
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
    assert sandbox.record_of(wrong)["method"] == "GET"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b'"text"', "application/json"),
        (b"null", "application/json"),
        (b'{"a": NaN}', "application/json"),
        (b'{"a": 1e400}', "application/json"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "application/json"),
        (b'{"a": ' + b"[" * 70 + b"]" * 70 + b"}", "application/json"),
        (b'{"a": "\\ud800"}', "application/json"),
        (b'{"a": "\xff"}', "application/json"),
        ('{"phoneNumber": "5095551234"}'.encode("utf-16"), "application/json"),
        (b'[{"phoneNumber": "5095551234", "region": "CA"}]', "application/json"),
        (b'{"lead": {"phoneNumber": "5095551234", "region": "CA"}}', "application/json"),
        (b"phoneNumber=5095551234&region=CA", "application/x-www-form-urlencoded"),
        (b'{"phoneNumber": "5095551234", "region": "CA"}', "text/plain"),
        ('{"phoneNumber": "٥٠٩٥٥٥١٢٣٤", "region": "CA"}'.encode(), "application/json"),
        ('{"phoneNumber": "５０９５５５１２３４", "region": "CA"}'.encode(), "application/json"),
        (b'{"phoneNumber": "5095551234\\n", "region": "CA"}', "application/json"),
    ],
)
def test_a_bad_body_is_400_in_words_and_recorded_as_it_came(
    sandbox: Sandboxed, body: bytes, content_type: str, snapshot: Snapshot
) -> None:
    answer = sandbox.http.post(
        "/api/v1/leads", content=body, headers={"x-api-key": sandbox.api_key, "content-type": content_type}
    )
    assert answer.status_code == 400
    problem = answer.json()["problems"][0]
    snapshot("answers", f"{problem['message']}\n{problem['hint']}")
    assert sandbox.record_of(answer)["bodyBytes"] == len(body)


def test_a_body_that_is_not_utf_8_is_recorded_in_base64(sandbox: Sandboxed) -> None:
    record = sandbox.record_of(
        sandbox.http.post("/api/v1/leads", content=b"\xff\xfe", headers={"x-api-key": sandbox.api_key})
    )
    assert (record["body"], record["bodyEncoding"]) == ("//4=", "base64")


def test_a_byte_order_mark_and_a_repeated_key_are_accepted_with_a_note(sandbox: Sandboxed) -> None:
    body = b'\xef\xbb\xbf{"phoneNumber": "5095550000", "phoneNumber": "5095551234", "region": "CA"}'
    headers = {"x-api-key": sandbox.api_key, "content-type": "application/json"}
    answer = sandbox.http.post("/api/v1/leads", content=body, headers=headers)
    assert (answer.status_code, answer.json()["phoneNumber"]) == (201, "5095551234")
    assert len(sandbox.record_of(answer)["notes"]) == 2


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"POST /api/v1/leads HTTP/1.1\r\nx-api-key: test-key\r\ncontent-length: 0\r\n\r\n", b"400"),
        (
            b"POST /api/v1/leads HTTP/1.1\r\nHost: a\r\nHost: b\r\nx-api-key: test-key\r\ncontent-length: 0\r\n\r\n",
            b"400",
        ),
        (
            b"POST /api/v1/leads HTTP/1.1\r\nHost: a\r\nx-api-key: x\r\nx-api-key: y\r\ncontent-length: 0\r\n\r\n",
            b"401",
        ),
        (b"POST /api/v1/leads\r\n\r\n", b"400"),
        (b"POST /api/v1/leads HTTP/0.9\r\nHost: a\r\n\r\n", b"400"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"POST /api/v1/leads HTTP/1.1\r\nHost: a\r\nx: " + b"y" * 70_000 + b"\r\n\r\n", b"431"),
        (b"POST /api/v1/leads HTTP/1.1\r\nHost: a\r\nx: " + b"y" * 300_000, b"431"),
    ],
)
def test_malformed_requests_are_refused_and_the_next_one_is_served(
    sandbox: Sandboxed, request_bytes: bytes, status: bytes
) -> None:
    received = raw(sandbox, request_bytes)
    assert received.split(b" ")[1] == status, received
    assert sandbox.http.get("/_sandbox/health").status_code == 200


def test_a_client_that_hangs_up_in_the_middle_is_recorded_with_how_long_it_waited(sandbox: Sandboxed) -> None:
    head = f"POST /api/v1/leads HTTP/1.1\r\nHost: a\r\nx-api-key: {sandbox.api_key}\r\ncontent-length: 100\r\n\r\n"
    raw(sandbox, head.encode() + b'{"phone', close=True)
    campaign = f"demo.{sandbox.api_key.partition('.')[2]}"
    path = f"/_sandbox/requests?campaign={campaign}"
    eventually(lambda: sandbox.get(path)["requests"])
    found = sandbox.get(path)["requests"]
    assert found[0]["response"] is None
    assert found[0]["reason"]["objection"] == "aborted"
    assert "ms" in found[0]["reason"]["rule"]


def test_requests_on_one_connection_without_waiting_are_each_answered_in_order(sandbox: Sandboxed) -> None:
    body = json.dumps(LEAD).encode()
    head = f"POST /api/v1/leads HTTP/1.1\r\nHost: a\r\nx-api-key: {sandbox.api_key}\r\n"
    one = head.encode() + b"content-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body
    received = raw(sandbox, one * 3, answers=3)
    assert [part[:3] for part in received.split(b"HTTP/1.1 ")[1:]] == [b"201", b"409", b"409"]


@pytest.mark.parametrize("shape", ["empty", "text", "html"])
def test_error_bodies_come_in_the_shape_that_was_chosen(serve: HostSandbox, shape: str) -> None:
    sandbox = serve("--error-bodies", shape)
    answer = sandbox.post({"region": "CA"})
    assert answer.status_code == 400
    kind = answer.headers.get("content-type", "")
    assert {"empty": answer.content == b"", "text": "text/plain" in kind, "html": "text/html" in kind}[shape]


def test_rotating_error_bodies_change_from_answer_to_answer(serve: HostSandbox) -> None:
    sandbox = serve("--error-bodies", "rotate")
    answers = [sandbox.post({"region": "CA"}) for _ in range(12)]
    assert {answer.status_code for answer in answers} == {400}
    assert len({(answer.headers.get("content-type"), answer.content) for answer in answers}) >= 4


def test_shuffled_answers_change_their_order_and_say_more_than_the_contract(serve: HostSandbox) -> None:
    sandbox = serve("--shuffle")
    bodies = [sandbox.post({**ALL_FIELDS, "phoneNumber": f"509555{n:04d}"}).json() for n in range(10)]
    assert all(set(ALL_FIELDS) < set(body) for body in bodies)
    assert len({tuple(body) for body in bodies}) > 1


def test_without_sandbox_headers_an_answer_has_none(serve: HostSandbox) -> None:
    sandbox = serve("--no-sandbox-headers")
    assert [name for name in sandbox.post({}).headers if name.startswith("x-aktify")] == []


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("https://example.com/漢字?q=ü", "https://example.com/%E6%BC%A2%E5%AD%97?q=%C3%BC"),
        ("https://example.com/a%20b?c=d&e=[f]#g", "https://example.com/a%20b?c=d&e=[f]#g"),
    ],
)
def test_a_short_link_opens_any_long_link(sandbox: Sandboxed, url: str, location: str) -> None:
    short = sandbox.post({**LEAD, "linkToShorten": url}).json()["link"]
    opened = sandbox.http.get(short)
    assert (opened.status_code, opened.headers["location"]) == (302, location)


def test_a_line_break_in_a_link_can_not_become_a_header(serve: HostSandbox) -> None:
    sandbox = serve("--ruling", "link=any")
    short = sandbox.post({**LEAD, "linkToShorten": "http://a/\r\nX-Evil: 1"}).json()["link"]
    opened = sandbox.http.get(short)
    assert opened.status_code == 302
    assert "x-evil" not in opened.headers


def upgrade(sandbox: Sandboxed, extra: bytes = b"") -> bytes:
    body = json.dumps(LEAD).encode()
    return (
        b"POST /api/v1/leads HTTP/1.1\r\nHost: a\r\nx-api-key: %b\r\nContent-Type: application/json\r\n"
        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (sandbox.api_key.encode(), len(body), body + extra)
    )


def test_a_wish_for_another_protocol_is_ignored(sandbox: Sandboxed) -> None:
    """Java's HTTP client asks every plain server for HTTP/2 in this way."""
    received = raw(sandbox, upgrade(sandbox, upgrade(sandbox)), answers=2)
    assert [part[:3] for part in received.split(b"HTTP/1.1 ")[1:]] == [b"201", b"409"]
    record = sandbox.get(f"/_sandbox/requests?key={sandbox.api_key}")["requests"][-1]
    headers = dict(sandbox.get(f"/_sandbox/requests/{record['id']}")["headers"])
    assert headers["Upgrade"] == "h2c"


def test_a_wish_for_another_protocol_in_pieces_is_ignored_too(sandbox: Sandboxed) -> None:
    whole = upgrade(sandbox)
    for cut in (20, 100, whole.index(b"h2c") + 1, whole.index(b"\r\n\r\n") + 4, len(whole) - 3):
        with socket.create_connection(("127.0.0.1", sandbox.port), timeout=30) as connection:
            connection.sendall(whole[:cut])
            time.sleep(0.05)  # pause: so that the pieces come apart
            connection.sendall(whole[cut:])
            assert connection.recv(65_536)[9:12] in (b"201", b"409"), cut


def test_a_proxy_request_is_refused(sandbox: Sandboxed) -> None:
    assert b" 405 " in raw(sandbox, b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n")
    assert sandbox.http.get("/_sandbox/health").status_code == 200


def answer_on(connection: socket.socket) -> bytes:
    """One answer in JSON, in however many pieces it comes."""
    received = b""
    while not received.endswith(b"}"):
        received += connection.recv(65_536)
    return received


def test_a_large_body_and_the_beginning_of_the_next_request_are_no_large_head(sandbox: Sandboxed) -> None:
    lead = json.dumps({**LEAD, "unknown": "x" * 70_000}).encode()
    head = (
        b"POST /api/v1/leads HTTP/1.1\r\nHost: a\r\nx-api-key: %b\r\nContent-Type: application/json\r\n"
        % (sandbox.api_key.encode())
    )
    one = head + b"Content-Length: %d\r\n\r\n%b" % (len(lead), lead)
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=30) as connection:
        connection.sendall(one + one[:60])
        assert answer_on(connection)[9:12] == b"201"
        connection.sendall(one[60:])
        assert answer_on(connection)[9:12] == b"409"


def test_trailers_are_no_headers_and_are_bounded(sandbox: Sandboxed) -> None:
    head = b"POST /api/v1/leads HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
    smuggled = raw(sandbox, head + b"x-api-key: %b\r\n\r\n" % sandbox.api_key.encode())
    assert smuggled[9:12] == b"401"
    huge = raw(sandbox, head + b"x: " + b"y" * 1_000_000)
    assert huge[9:12] == b"431", huge
    assert sandbox.http.get("/_sandbox/health").status_code == 200


def test_a_query_of_many_words_costs_no_time(sandbox: Sandboxed) -> None:
    started = time.process_time()  # the sandbox is in this process; others on this machine don't count
    sandbox.http.post(f"/api/v1/leads?{'key' * 15_000}", json={}, timeout=600)
    assert time.process_time() - started < 5  # it was minutes: a bound, not a measure


def test_the_address_itself_points_a_browser_to_the_page(sandbox: Sandboxed, serve: HostSandbox) -> None:
    message, pointer = "Nothing is served at /. The only endpoint is POST /api/v1/leads.", "/_sandbox/"
    whole = f"{message} The sandbox's page is {pointer}."
    assert sandbox.http.get("/").json() == {"statusCode": 404, "message": whole, "problems": []}
    assert pointer not in sandbox.http.get("/other").text
    assert serve("--error-bodies", "text").http.get("/").text == f"{message}\n"
