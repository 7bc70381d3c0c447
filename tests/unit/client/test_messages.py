"""A request to the admin API and its answer, as every client takes them."""

import json

import pytest

from aktify_sandbox.client.messages import AdminRequest, AdminResponse, fits_header


def test_a_query_leaves_out_none_and_spells_values_as_the_api_reads_them() -> None:
    query = {"phone": "+1509 555", "key": None, "reverse": True, "status": ["201", "4xx"]}
    request = AdminRequest("GET", "/requests", query=query)
    assert request.target == "/_sandbox/requests?phone=%2B1509%20555&reverse=true&status=201&status=4xx"
    assert AdminRequest("GET", "/leads", query={"sent_by": "x"}).target == "/_sandbox/leads?sent-by=x"


def test_a_request_goes_over_a_connection_with_host_length_and_token() -> None:
    request = AdminRequest("POST", "/force", {"status": 503})
    head, _, body = request.as_http(b"localhost:8509", "secret").partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /_sandbox/force HTTP/1.1"
    assert b"host: localhost:8509" in lines
    assert b"authorization: Bearer secret" in lines
    assert b"content-length: %d" % len(body) in lines
    assert json.loads(body) == {"status": 503}


def test_a_request_without_content_says_nothing_of_any() -> None:
    assert AdminRequest("GET", "/leads").headers == {"accept": "application/json"}
    assert AdminRequest("GET", "/leads").body == b""


@pytest.mark.parametrize(
    ("body", "is_health"),
    [
        (b'{"status": "ok", "version": "0.1.0"}', True),
        (b'{"status": "failing", "version": "0.1.0"}', True),
        (b'{"status": "ok"}', False),
        (b'["ok"]', False),
        (b"<html>", False),
    ],
)
def test_only_a_sandboxs_health_proves_a_sandbox(body: bytes, is_health: bool) -> None:
    assert AdminResponse(200, body).is_health is is_health


@pytest.mark.parametrize(("status", "is_health"), [(200, True), (503, True), (201, False), (404, False)])
def test_a_sandboxs_health_is_answered_200_or_503(status: int, is_health: bool) -> None:
    assert AdminResponse(status, b'{"status": "ok", "version": "0.1.0"}').is_health is is_health


@pytest.mark.parametrize(
    ("secret", "fits"),
    [("test-key", True), ("~!", True), ("", False), ("a b", False), ("ü", False), ("a\n", False)],
)
def test_a_secret_fits_a_header_when_all_of_it_is_visible_ascii(secret: str, fits: bool) -> None:
    assert fits_header(secret) is fits


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b"\xff"])
def test_a_body_that_is_not_a_sandboxs_problem_gives_an_empty_one(body: bytes) -> None:
    assert AdminResponse(500, body).problem == {}


def test_a_refusal_is_told_in_the_sandboxs_words_or_by_its_status() -> None:
    assert AdminResponse(409, b'{"detail": "Not now."}').detail == "Not now."
    for body in (b"", b"<html>", b'{"message": "no"}', b'{"detail": null}'):
        assert "503" in AdminResponse(503, body).detail
