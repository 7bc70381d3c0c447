"""What the client does about each answer. The fixture `aktify_sandbox` comes with the package aktify-sandbox."""

from collections import deque
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aktify_requests import Aktify, GaveUp, KeyRefused, Lead, NotSet

from aktify_sandbox import Sandbox


def lead(phone: str = "(509) 555-0100", **more: str) -> Lead:
    return {"phoneNumber": phone, "region": "CA", **more}


@pytest.fixture
def naps() -> list[float]:
    """How long the client has slept, each time."""
    return []


@pytest.fixture
def client(aktify_sandbox: Sandbox, naps: list[float]) -> Aktify:
    """It finds the sandbox by the two environment variables, which the fixture sets."""
    return Aktify(sleep=naps.append)


def test_a_lead_gets_in(client: Aktify, aktify_sandbox: Sandbox) -> None:
    assert client.send(lead(firstName="John"))
    assert aktify_sandbox.leads.one()["firstName"] == "John"


@pytest.mark.parametrize("value", [None, ""])
@pytest.mark.parametrize("name", ["AKTIFY_BASE_URL", "AKTIFY_API_KEY"])
@pytest.mark.usefixtures("aktify_sandbox")
def test_a_missing_variable_sends_nothing_anywhere(
    name: str, value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(name) if value is None else monkeypatch.setenv(name, value)
    with pytest.raises(NotSet, match=name):
        Aktify()


def test_a_lead_that_was_in_already_is_done_too(client: Aktify, aktify_sandbox: Sandbox) -> None:
    assert client.send(lead())
    assert client.send(lead("+1 509 555 0100"))
    aktify_sandbox.verify(count=1, status=409)


def test_a_wrong_lead_is_parked_and_the_next_one_sent(client: Aktify, aktify_sandbox: Sandbox) -> None:
    queue = deque([lead(region="California"), lead("(509) 555-0101")])
    parked: list[Lead] = []
    client.drain(queue, parked)
    assert parked == [lead(region="California")]
    assert not queue
    aktify_sandbox.verify(count=1, status=400)  # no retry
    assert aktify_sandbox.leads.one()["phoneNumber"] == "(509) 555-0101"


def test_a_refused_key_stops_everything(client: Aktify, aktify_sandbox: Sandbox) -> None:
    aktify_sandbox.force(401)
    queue = deque([lead("(509) 555-0100"), lead("(509) 555-0101")])
    with pytest.raises(KeyRefused):
        client.drain(queue, [])
    assert len(queue) == 2
    aktify_sandbox.verify(count=1)


def test_it_waits_as_long_as_it_is_told(client: Aktify, naps: list[float], aktify_sandbox: Sandbox) -> None:
    aktify_sandbox.force(429, headers={"Retry-After": "7"})
    assert client.send(lead())
    assert naps == [7]
    aktify_sandbox.verify(order=[{"status": 429}, {"status": 201}])


def test_it_waits_until_it_is_told(client: Aktify, naps: list[float], aktify_sandbox: Sandbox) -> None:
    then = datetime.now(UTC) + timedelta(hours=1)
    aktify_sandbox.force(503, headers={"Retry-After": format_datetime(then, usegmt=True)})
    assert client.send(lead())
    assert 3_000 < naps[0] <= 3_600


@pytest.mark.parametrize("status", [500, 502, 503, 504, 418])
def test_trouble_on_the_other_side_passes(
    status: int, client: Aktify, naps: list[float], aktify_sandbox: Sandbox
) -> None:
    aktify_sandbox.force(status, times=3)
    assert client.send(lead())
    assert naps == sorted(naps)  # longer each time
    aktify_sandbox.verify(count=4)


def test_a_redirect_is_not_followed(client: Aktify, aktify_sandbox: Sandbox) -> None:
    aktify_sandbox.force(302, headers={"Location": "/elsewhere"})
    assert client.send(lead())
    aktify_sandbox.verify(count=0, path="/elsewhere")
    assert not aktify_sandbox.strays


@pytest.mark.aktify(scenario="outage")
def test_when_it_does_not_pass_the_queue_is_kept(client: Aktify, aktify_sandbox: Sandbox) -> None:
    queue = deque([lead()])
    with pytest.raises(GaveUp, match="503"):
        client.drain(queue, [])
    assert queue == deque([lead()])
    aktify_sandbox.verify(count=6)


@pytest.mark.parametrize("kept", ["kept", None])
@pytest.mark.parametrize("fault", ["reset", "empty", "truncate", "malformed-chunk"])
def test_a_lost_answer_is_asked_for_again(
    fault: str, kept: str | None, client: Aktify, aktify_sandbox: Sandbox
) -> None:
    aktify_sandbox.force(fault=fault, lead=kept)
    assert client.send(lead())
    assert len(aktify_sandbox.leads) == 1
    aktify_sandbox.verify(count=2)


@pytest.mark.parametrize("kept", ["kept", None])
def test_silence_is_a_lost_answer_too(kept: str | None, naps: list[float], aktify_sandbox: Sandbox) -> None:
    aktify_sandbox.force(fault="hang", lead=kept)
    assert Aktify(sleep=naps.append, timeout=0.5).send(lead())
    assert len(aktify_sandbox.leads) == 1
    aktify_sandbox.verify(at_least=2)


@pytest.mark.parametrize("status", [400, 409])
def test_the_body_of_an_error_is_not_looked_at(status: int, client: Aktify, aktify_sandbox: Sandbox) -> None:
    aktify_sandbox.force(status, body="<html>", headers={"Content-Type": "application/json"})
    assert client.send(lead()) == (status == 409)
