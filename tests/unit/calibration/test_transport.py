"""Where a calibration may send a key, and how fast."""

from collections.abc import Callable

import httpx
import pytest

from aktify_sandbox.calibration.playing import LostAnswerError
from aktify_sandbox.calibration.probes import PROBES, asked
from aktify_sandbox.calibration.transport import Pace, Sender, client_for, origin_in
from aktify_sandbox.errors import AddressError


@pytest.mark.parametrize(
    ("written", "origin"),
    [
        ("https://api.aktify.io", "https://api.aktify.io"),
        ("https://api.aktify.io/api/v1/leads", "https://api.aktify.io"),
        ("https://gateway.example.com/aktify/", "https://gateway.example.com/aktify"),
        ("http://127.0.0.1:8509", "http://127.0.0.1:8509"),
        ("localhost:8509/_sandbox/", "http://localhost:8509"),
        ("http://[::1]:8509", "http://[::1]:8509"),
    ],
)
def test_the_origin_of_an_endpoint(written: str, origin: str) -> None:
    assert origin_in(written) == origin


@pytest.mark.parametrize(
    "written",
    [
        "http://api.aktify.io",
        "api.aktify.io",
        "http://127.0.0.1.example.com",
        "https://user:secret@api.aktify.io",
        "ftp://127.0.0.1",
        "https://api.aktify.io/?key=x",
        "",
    ],
)
def test_an_address_that_could_give_the_key_away_is_refused(written: str) -> None:
    with pytest.raises(AddressError):
        origin_in(written)


def test_no_redirect_is_followed_and_only_this_machine_is_reached_without_a_proxy() -> None:
    for origin, uses_proxies in (("https://api.aktify.io", True), ("http://localhost:1", False)):
        with client_for(origin) as client:
            assert client.follow_redirects is False
            assert client.trust_env is uses_proxies


KEY = "a-key-of-a-campaign"
BY_ID = {probe.id: probe for probe in PROBES}


def sender(answer: Callable[[httpx.Request], httpx.Response]) -> Sender:
    client = httpx.Client(base_url="https://api.example.com", transport=httpx.MockTransport(answer))
    return Sender(client, KEY, Pace(0))


@pytest.mark.parametrize(
    ("probe", "key"),
    [("no-key", None), ("key-namespaces", f"{KEY}.calibrate"), ("null", KEY), ("trailing-slash", KEY)],
)
def test_a_request_is_sent_as_it_was_planned(probe: str, key: str | None) -> None:
    found: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        found.append(request)
        return httpx.Response(
            307, headers={"location": "https://elsewhere.example.com/"}, content=iter([b"{}"])
        )

    request = asked(BY_ID[probe], "5095550100")
    got = sender(answer).send(request)
    assert (got.status, got.location, got.body) == (307, "https://elsewhere.example.com/", b"{}")
    assert [str(each.url) for each in found] == [f"https://api.example.com{request.path}"]
    assert found[0].headers.get("x-api-key") == key
    assert found[0].read() == request.body.encode()


def test_an_unknown_key_is_not_made_of_the_key() -> None:
    found: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        found.append(request)
        return httpx.Response(401, content=iter([b""]))

    sender(answer).send(asked(BY_ID["unknown-key"], "5095550100"))
    assert KEY not in found[0].headers["x-api-key"]


@pytest.mark.parametrize(
    ("error", "may_be_in"),
    [
        (httpx.ConnectError("refused"), False),
        (httpx.ConnectTimeout(""), False),
        (httpx.ReadTimeout(""), True),
        (httpx.ReadError("reset"), True),
        (httpx.RemoteProtocolError("cut"), True),
    ],
)
def test_a_lost_answer_says_whether_the_lead_may_be_in(error: Exception, may_be_in: bool) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(LostAnswerError) as caught:
        sender(answer).send(asked(BY_ID["null"], "5095550100"))
    assert caught.value.may_be_in is may_be_in


def test_of_a_long_body_only_the_beginning_is_read() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(201, content=(b"x" * 100_000 for _ in range(1_000)))

    assert len(sender(answer).send(asked(BY_ID["null"], "5095550100")).body) < 2_000_000


def test_requests_are_a_second_apart() -> None:
    now, waited = [100.0], list[float]()

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        now[0] += seconds

    pace = Pace(1.0, lambda: now[0], sleep)
    pace.wait()
    assert waited == []
    now[0] += 0.25
    pace.wait()
    now[0] += 3
    pace.wait()
    pace.wait()
    assert waited == [0.75, 1.0]
