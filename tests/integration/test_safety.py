"""The attacker is a web page open in the developer's own browser: no page may reach the admin API."""

import http.client
import json
import socket

import pytest

from aktify_sandbox.app import Application
from aktify_sandbox.settings import Settings
from aktify_sandbox.storage.store import Store
from support.running import LEAD, HostSandbox, Sandboxed, all_routes


def ask(
    sandbox: Sandboxed, method: str, path: str, headers: dict[str, str], body: bytes = b""
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=10)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in {"Host": f"127.0.0.1:{sandbox.port}", **headers}.items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    content = answer.read()
    assert answer.getheader("access-control-allow-origin") is None
    connection.close()
    return answer.status, content


HOSTILE: list[dict[str, str]] = [
    {"Host": "evil.example"},
    {"Host": "evil.example:8509"},
    {"Host": "127.0.0.1.evil.example"},
    {"Host": "localhost.evil.example"},
    {"Host": ""},
    {"Host": "127.0.0.1@evil.example"},
    {"Host": "127.0.0.1:8600@evil.example"},
    {"Host": "127.0.0.1:evil"},
    {"Host": "127.0.0.1:"},
    {"Host": "[::1]evil.example"},
    {"Host": "[::1]:80@evil.example"},
    {"Host": "[::1"},
    {"Host": "[127.0.0.1].evil.example"},
    {"Host": "localhost/evil"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:3000"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Host": "evil.example", "X-Forwarded-Host": "127.0.0.1"},
]


@pytest.mark.parametrize("hostile", HOSTILE, ids=str)
def test_no_route_answers_a_foreign_host_or_origin(sandbox: Sandboxed, hostile: dict[str, str]) -> None:
    for method, path in all_routes():
        status, content = ask(sandbox, method, path, hostile)
        if path == "/_sandbox/health" and "Host" in hostile:  # a probe in Kubernetes sends the pod's address
            assert status == 200
            continue
        assert status == 403, (method, path)
        assert method == "HEAD" or json.loads(content)["status"] == 403


@pytest.mark.parametrize(
    "repeated",
    [
        "Host: evil.example\r\nHost: {ours}",
        "Host: {ours}\r\nHost: evil.example",
        "Host: {ours}\r\nHost: {ours}",
        "Host: {ours}\r\nOrigin: http://evil.example\r\nOrigin: http://{ours}",
        "Host: {ours}\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Site: none",
        "Host: {ours}\r\nContent-Type: text/plain\r\nContent-Type: application/json",
        "Host: {ours}\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b",
    ],
)
def test_a_header_that_is_judged_stands_once(sandbox: Sandboxed, repeated: str) -> None:
    ours = f"127.0.0.1:{sandbox.port}"
    request = f"GET /_sandbox/config HTTP/1.1\r\n{repeated.format(ours=ours)}\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=10) as connection:
        connection.sendall(request.encode())
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in answer


def test_blanks_around_a_value_change_nothing_that_is_judged(serve: HostSandbox) -> None:
    """RFC 9110, 5.5: they are no part of the value."""
    sandbox = serve("--token", "let-me-in")
    ours = f"127.0.0.1:{sandbox.port}"
    good = {
        "Host": ours,
        "Origin": f"http://{ours}",
        "Sec-Fetch-Site": "same-origin",
        "Content-Type": "application/json",
        "Authorization": "Bearer let-me-in",
    }
    for blanks in ("\t", " \t ", "\t\t"):
        spaced = {name: f"{value}{blanks}" for name, value in good.items()}
        assert ask(sandbox, "POST", "/_sandbox/explain", spaced, b'{"body": {}}')[0] == 200
        for name, value in {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}.items():
            hostile = spaced | {name: f"{value}{blanks}"}
            assert ask(sandbox, "POST", "/_sandbox/explain", hostile, b'{"body": {}}')[0] == 403


@pytest.mark.parametrize(
    "media", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_no_route_takes_what_a_form_can_send(sandbox: Sandboxed, media: str) -> None:
    for method, path in all_routes():
        if method in ("POST", "PUT", "DELETE", "PATCH"):
            assert ask(sandbox, method, path, {"Content-Type": media}, b"{}")[0] == 415, (method, path)


def test_no_browser_guesses_what_an_answer_is(sandbox: Sandboxed) -> None:
    for method, path in all_routes():
        if method == "GET" and not path.endswith("/stream"):
            answer = sandbox.http.get(path)
            assert answer.headers.get_list("x-content-type-options") == ["nosniff"], path


def test_names_that_are_allowed_get_in(serve: HostSandbox) -> None:
    sandbox = serve("--allow-host", "aktify")
    for host in ("aktify", "aktify:8509", "localhost", f"127.0.0.1:{sandbox.port}", "[::1]:80", "127.9.9.9"):
        assert ask(sandbox, "GET", "/_sandbox/config", {"Host": host})[0] == 200, host
    assert ask(sandbox, "GET", "/_sandbox/config", {"Host": "aktify.evil"})[0] == 403


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_page_may_ask_under_its_own_origin(sandbox: Sandboxed, scheme: str) -> None:
    """With https too: something in front of the sandbox may speak it."""
    headers = {"Origin": f"{scheme}://127.0.0.1:{sandbox.port}"}
    assert ask(sandbox, "GET", "/_sandbox/config", headers)[0] == 200


def test_the_vendors_door_takes_any_host(sandbox: Sandboxed) -> None:
    headers = {"Host": "aktify.internal", "x-api-key": sandbox.api_key, "Content-Type": "application/json"}
    assert ask(sandbox, "POST", "/api/v1/leads", headers, json.dumps(LEAD).encode())[0] == 201


def test_a_preflight_grants_nothing_and_is_explained(sandbox: Sandboxed) -> None:
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    answer = sandbox.http.options("/api/v1/leads", headers=asked)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    record = sandbox.record_of(answer)
    assert "preflight" in record["reason"]["rule"]
    assert [note["field"] for note in record["notes"]] == ["Origin"]
    plain = sandbox.http.options("/api/v1/leads")
    assert "preflight" not in sandbox.record_of(plain)["reason"]["rule"]
    assert sandbox.record_of(plain)["notes"] == []


@pytest.mark.parametrize("wrong", [{}, {"x-api-key": "unknown"}, {"content-type": "text/plain"}], ids=str)
def test_a_lead_that_comes_from_a_page_is_answered_as_ever_with_a_note(
    sandbox: Sandboxed, wrong: dict[str, str]
) -> None:
    lead = {**LEAD, "phoneNumber": "5095553003"}
    headers = {"content-type": "application/json", **wrong}
    plain, paged = (
        sandbox.post(lead, headers=headers | more) for more in ({}, {"Origin": "https://shop.example"})
    )
    assert paged.status_code == (plain.status_code if wrong else 409)
    assert [note["field"] for note in sandbox.record_of(paged)["notes"]] == ["Origin"]
    assert sandbox.record_of(plain)["notes"] == []


def test_a_token_guards_every_route_but_health(serve: HostSandbox) -> None:
    sandbox = serve("--host", "0.0.0.0", "--token", "let-me-in")
    for method, path in all_routes():
        expected = 200 if path == "/_sandbox/health" else 401
        assert ask(sandbox, method, path, {})[0] == expected, (method, path)
        assert ask(sandbox, method, path, {"Authorization": "Bearer wrong"})[0] == expected
    assert ask(sandbox, "GET", "/_sandbox/config", {"Authorization": "Bearer let-me-in"})[0] == 200


def test_a_token_in_the_address_is_exchanged_for_a_cookie_that_does_not_tell_it(serve: HostSandbox) -> None:
    sandbox = serve("--token", "let-me-in")
    answer = sandbox.http.get("/_sandbox/requests?limit=5&token=let-me-in")
    assert (answer.status_code, answer.headers["location"]) == (303, "/_sandbox/requests?limit=5")
    cookie = answer.headers["set-cookie"]
    assert "SameSite=strict" in cookie
    assert "HttpOnly" in cookie
    assert "let-me-in" not in cookie
    assert cookie.startswith(f"aktify_sandbox_token_{sandbox.port}=")
    assert sandbox.http.get("/_sandbox/requests?limit=5").status_code == 200
    assert (
        sandbox.http.get("/_sandbox/requests?token=let-me-in").status_code == 303
    )  # out of the address bar again
    assert ask(sandbox, "GET", "/_sandbox/requests?token=wrong", {})[0] == 401


def test_a_browser_without_the_cookie_asks_for_the_page_once_more_from_its_own_origin(
    serve: HostSandbox,
) -> None:
    """With a link from elsewhere it sends no strict cookie; only then does it get in, and never by asking alone."""
    sandbox = serve("--token", "let-me-in")
    html = {"accept": "text/html"}
    for path, again in {
        "/_sandbox/": "/_sandbox/?again=1",
        "/_sandbox/?view=leads&again=1": None,
        "/_sandbox/?view=a b": "/_sandbox/?view=a+b&again=1",
        "/_sandbox/requests/r000000001": "/_sandbox/requests/r000000001?again=1",
        "/_sandbox/requests": None,
        "/_sandbox/config": None,
    }.items():
        answer = sandbox.http.get(path, headers=html)
        assert (answer.status_code, answer.headers.get("refresh")) == (401, again and f"0; url={again}")
        assert "refresh" not in sandbox.http.get(path).headers
    assert sandbox.http.get("/_sandbox/?token=let-me-in").status_code == 303  # the cookie is there now
    answer = sandbox.http.get("/_sandbox/?view=leads&again=1", headers=html)
    assert (answer.status_code, answer.headers["location"]) == (303, "/_sandbox/?view=leads")
    assert sandbox.http.get("/_sandbox/?view=leads", headers=html).status_code == 200


@pytest.mark.parametrize("path", ["/_sandbox/a%0D%0Aset-cookie%3A%20a%3Db", "/_sandbox/%E2%82%AC"])
def test_the_way_back_from_a_token_is_an_address_and_nothing_more(serve: HostSandbox, path: str) -> None:
    sandbox = serve("--token", "let-me-in")
    answer = sandbox.http.get(f"{path}?token=let-me-in")
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    assert "a=b" not in answer.headers["set-cookie"]


def test_two_sandboxes_on_one_host_do_not_log_each_other_out(serve: HostSandbox) -> None:
    """A browser sends the cookies of a host to all of its ports, those of other programs too."""
    first, second = serve("--token", "one"), serve("--token", "two")
    cookies = ['other={"a": 1}', "a b"]
    for sandbox, token in ((first, "one"), (second, "two")):
        answer = sandbox.http.get(f"/_sandbox/?token={token}")
        cookies.append(answer.headers["set-cookie"].partition(";")[0])
    for sandbox, token in ((first, "one"), (second, "two")):
        own = f"aktify_sandbox_token_{sandbox.port}"
        assert ask(sandbox, "GET", "/_sandbox/config", {"Cookie": "; ".join(cookies)})[0] == 200
        assert ask(sandbox, "GET", "/_sandbox/config", {"Cookie": f"{own}={token}"})[0] == 401
        stolen = [each.partition("=")[2] for each in cookies if own not in each]
        for value in stolen:
            assert ask(sandbox, "GET", "/_sandbox/config", {"Cookie": f"{own}={value}"})[0] == 401


FOLLOWED = {
    "Sec-Fetch-Site": "cross-site",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
    "Accept": "text/html,*/*;q=0.8",
}


def test_a_link_from_elsewhere_opens_the_page_and_nothing_else(sandbox: Sandboxed) -> None:
    sandbox.post()
    number = sandbox.get("/_sandbox/requests")["requests"][0]["id"]
    opened = {
        "/_sandbox/": 200,
        "/_sandbox/?view=leads": 200,
        "/_sandbox": 307,
        f"/_sandbox/requests/{number}": 303,
    }
    for path, status in opened.items():
        assert ask(sandbox, "GET", path, FOLLOWED)[0] == status, path
        assert ask(sandbox, "POST", path, {**FOLLOWED, "Content-Type": "application/json"})[0] == 403
        for name, value in {
            "Sec-Fetch-Mode": "no-cors",
            "Sec-Fetch-Dest": "iframe",
            "Accept": "application/json",
            "Host": "evil.example",
            "Origin": "https://evil.example",
        }.items():
            assert ask(sandbox, "GET", path, {**FOLLOWED, name: value})[0] == 403, (path, name)
    assert b"<html" in ask(sandbox, "GET", "/_sandbox/", FOLLOWED)[1]
    pages = ("/_sandbox", "/_sandbox/", "/_sandbox/requests/r000000001")
    for method, path in all_routes():
        if method != "GET" or path not in pages:
            assert ask(sandbox, method, path, FOLLOWED)[0] == 403, (method, path)


def test_the_application_asks_for_no_lifespan_and_nothing_global() -> None:
    """Two sandboxes in one process share nothing."""
    stores = Store(None), Store(None)
    apps = [
        Application(Settings(), store, "http://127.0.0.1:1", lambda _: None, lambda: None) for store in stores
    ]
    assert apps[0] is not apps[1]
    assert stores[0].leads is not stores[1].leads
