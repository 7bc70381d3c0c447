"""`Sandbox` as scripts and tests use it: in this process or elsewhere, blocking or in an event loop."""

import asyncio
import contextlib
import re
import socket
import threading
import time
import unittest
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import trio

import aktify_sandbox
from aktify_sandbox import NoSandbox, NotOne, Sandbox, SandboxError, SandboxMistake, VerifyFailed, errors
from aktify_sandbox.client.local import LocalClient
from aktify_sandbox.server.thread import ServerThread
from aktify_sandbox.settings import Settings
from support.conditions import eventually
from support.running import LEAD, HostSandbox, Sandboxed
from support.snapshots import Snapshot, label


def post(sandbox: Sandbox, **more: Any) -> int:
    key = more.pop("key", sandbox.api_key)
    lead = {**LEAD, **more}
    return httpx.post(sandbox.endpoint, json=lead, headers={"x-api-key": key}, trust_env=False).status_code


def later(seconds: float, do: Callable[[], object]) -> threading.Thread:
    thread = threading.Timer(seconds, do)
    thread.start()
    return thread


@pytest.fixture(scope="module")
def own() -> Iterator[LocalClient]:
    """The client of a server in this process, which several sandboxes share."""
    with ServerThread(Settings(port=0, in_memory=True)) as thread:
        yield LocalClient(thread)


@pytest.fixture(params=["in this process", "elsewhere"])
def box(request: pytest.FixtureRequest, own: LocalClient, shared_sandbox: Sandboxed) -> Iterator[Sandbox]:
    """A fresh view on a sandbox in this process, or on one that runs in another."""
    inside = request.param == "in this process"
    with Sandbox(client=own) if inside else Sandbox(shared_sandbox.url) as sandbox:
        yield sandbox


# what it has seen


def test_leads_are_what_the_201_said_oldest_first(box: Sandbox) -> None:
    assert box.leads == []
    post(box)
    post(box, phoneNumber="5095551235", firstName="Ada")
    assert box.leads == [LEAD, {**LEAD, "phoneNumber": "5095551235", "firstName": "Ada"}]
    assert [lead.phone for lead in box.leads] == ["+15095551234", "+15095551235"]
    assert box.leads[0].request == box.requests[0].id


def test_one_lead_is_given_and_none_or_two_are_explained(box: Sandbox, snapshot: Snapshot) -> None:
    post(box, region="ca")
    with pytest.raises(NotOne) as caught:
        box.leads.one()
    snapshot("python", str(caught.value))
    post(box)
    assert box.leads.one()["region"] == "CA"
    post(box, phoneNumber="5095551235")
    with pytest.raises(NotOne) as caught:
        box.leads.one()
    snapshot("python", str(caught.value))


def test_requests_come_oldest_first_and_each_is_whole(box: Sandbox) -> None:
    assert (len(box.requests), box.requests.statuses) == (0, [])
    post(box)
    post(box)
    assert box.requests.statuses == [201, 409]
    first, second = box.requests
    assert (first.status, first.json, first.rule) == (201, LEAD, "Accepted.")
    assert ["Content-Type", "application/json"] in second["headers"]
    assert second["firstPost"]["id"] == first.id
    assert box.requests[-1] == second
    assert box.requests[:1].one() == first
    assert box.requests == [first, second]
    assert box.requests != [second, first]


def test_requests_show_the_reason_for_each_answer(box: Sandbox, snapshot: Snapshot) -> None:
    post(box, region="ca")
    row = (
        r"r\d{9}  [\d:.]{12}[+-]\d\d:\d\d  400  POST /api/v1/leads  \+15095551234  "
        r"region: “ca” is in lower case.  \[ruling region-case\]"
    )
    assert re.fullmatch(row, repr(box.requests))
    assert re.fullmatch(f"<{row}>", repr(box.requests[0]))
    post(box)
    with pytest.raises(NotOne) as caught:
        box.requests.one()
    snapshot("python", str(caught.value))


def test_more_requests_than_a_page_has_are_all_there(own: LocalClient) -> None:
    with Sandbox(client=own) as box, httpx.Client(transport=box.transport()) as client:
        for number in range(1_005):
            lead = {**LEAD, "phoneNumber": f"50955{number:05d}"}
            client.post(box.endpoint, json=lead, headers={"x-api-key": box.api_key})
        assert len(box.requests) == 1_005
        assert len(box.leads) == len({lead.phone for lead in box.leads}) == box.requests.statuses.count(201)
        assert box.requests[0].json["phoneNumber"] == "5095500000"


def test_two_sandboxes_on_one_server_see_nothing_of_each_other(own: LocalClient) -> None:
    with Sandbox(client=own) as one, Sandbox(client=own) as two:
        one.force(503, times=5)
        one.scenario("outage")
        assert [post(one), post(two)] == [503, 201]
        one.scenario()
        one.reset()
        assert [post(one), post(two)] == [201, 409]
        assert (len(one.leads), len(two.leads)) == (1, 1)
        assert (one.requests.statuses, two.requests.statuses) == ([201], [201, 409])
        two.verify(2)


def test_requests_with_unknown_keys_are_strays(own: LocalClient) -> None:
    with Sandbox(client=own) as box:
        post(box, key="wrong")
        httpx.post(f"{box.url}/api/v2/leads", json=LEAD, headers={"x-api-key": box.api_key}, trust_env=False)
        assert box.strays.statuses == [401, 404]
        assert len(box.requests) == 0
    with Sandbox(client=own) as next_one:
        assert len(next_one.strays) == 0


# what it shall do


def test_requests_under_a_configured_key_or_a_name_behind_our_own_are_seen_as_strays(
    snapshot: Snapshot,
) -> None:
    with contextlib.ExitStack() as stack:
        box = stack.enter_context(Sandbox())
        client = box._client  # private: one with a server of its own hands out no client
        other = stack.enter_context(Sandbox(client=client))
        post(box, key="test-key")
        post(box, key="test-key.name")
        post(box, key=f"{box.api_key}.name")
        snapshot("python", box.report())
        snapshot("python", other.report())
        assert box.strays.statuses == [201, 201, 201]
        assert len(box.requests) == 0


WRONG_KEYS = {
    "no header": "",
    "blank": "x-api-key: ",
    "undefined": "x-api-key: undefined",
    "null": "x-api-key: null",
    "shell variable": "x-api-key: $AKTIFY_API_KEY",
    "template": "x-api-key: {{api_key}}",
    "Bearer": "x-api-key: Bearer OWN",
    "quotes": 'x-api-key: "OWN"',
    "other case": "x-api-key: UPPER",
    "carriage return": r"x-api-key: OWN\r",
    "twice": "x-api-key: OWN\r\nx-api-key: OWN",
    "Authorization": "Authorization: Bearer OWN",
    "other header": "api-key: OWN",
    "unknown": "x-api-key: nobody-knows-it",
    "of all tests": "x-api-key: test-key",
}
"""Each form of a wrong key that the contract names, and where else people send one."""


@pytest.mark.parametrize("form", WRONG_KEYS)
def test_each_form_of_a_wrong_key_is_named_among_the_strays(
    own: LocalClient, form: str, snapshot: Snapshot
) -> None:
    with Sandbox(client=own) as box:
        header = WRONG_KEYS[form].replace("OWN", box.api_key).replace("UPPER", box.api_key.upper())
        posted_raw(box, "POST", "/api/v1/leads", header)
        assert (len(box.requests), len(box.strays)) == (0, 1)
        table = box.report().partition("\n\n")[0]
        assert box.api_key not in table
        snapshot("python", re.sub(r"(Bea|KEY|\"ke|key)…\S+", r"\1…NNN", table))


@pytest.mark.parametrize(
    ("method", "path", "key"),
    [
        ("POST", "/leads", "OWN"),
        ("POST", "/api/v1/leads/", "OWN"),
        ("POST", "/api/v1/leads/api/v1/leads", "OWN"),
        ("GET", "/api/v1/leads", "OWN"),
        ("POST", "no path", "nobody-knows-it"),
    ],
)
def test_a_wrong_path_or_method_is_named_with_the_right_one(
    own: LocalClient, method: str, path: str, key: str, snapshot: Snapshot
) -> None:
    with Sandbox(client=own) as box:
        posted_raw(box, method, path, f"x-api-key: {key.replace('OWN', box.api_key)}")
        snapshot("python", box.report().partition("\n\n")[0])
        with pytest.raises(VerifyFailed) as caught:
            box.check(strict=True)
        snapshot("python", str(caught.value))


def posted_raw(sandbox: Sandbox, method: str, path: str, header: str) -> None:
    """With a header as no client would send it."""
    host, _, port = sandbox.url.removeprefix("http://").partition(":")
    body = '{"phoneNumber": "(509) 555-1234", "region": "CA"}'
    head = [f"{method} {path} HTTP/1.1", "Host: x", "Connection: close", f"Content-Length: {len(body)}"]
    with socket.create_connection((host, int(port))) as connection:
        lines = [*head, "Content-Type: application/json", *filter(None, [header]), "", body]
        connection.sendall("\r\n".join(lines).encode())
        while connection.recv(1_000):
            pass


def test_in_a_sandbox_elsewhere_others_are_let_be(shared_sandbox: Sandboxed) -> None:
    with Sandbox(shared_sandbox.url) as box:
        post(box, key="test-key.somebody", phoneNumber="5095557788")
        assert "another key" not in box.report()


def test_answers_are_forced_for_this_campaign(box: Sandbox) -> None:
    box.force(503, times=2, headers={"Retry-After": "1"}, body={"message": "down"})
    assert [post(box), post(box), post(box)] == [503, 503, 201]
    answer = box.requests[0]["response"]
    assert ["retry-after", "1"] in [[name.lower(), value] for name, value in answer["headers"]]
    assert '"down"' in answer["body"]
    box.force(fault="reset", phone="(509) 555-1236")
    with pytest.raises(httpx.ReadError):
        post(box, phoneNumber="5095551236")
    box.force(delay=0.25)
    began = time.monotonic()
    assert post(box) == 409
    assert time.monotonic() - began >= 0.25
    box.force(500, lead="kept", phone="5095551237")
    assert [post(box, phoneNumber="5095551237") for _ in range(2)] == [500, 409]


def test_scenarios_are_chosen_at_the_start_and_later(own: LocalClient) -> None:
    with Sandbox(client=own, scenario="flaky") as box:
        assert [post(box) for _ in range(3)] == [503, 503, 201]
        box.scenario("duplicate")
        assert post(box, phoneNumber="5095551235") == 409
        box.scenario()
        assert post(box, phoneNumber="5095551235") == 201


def test_profile_and_rulings_are_those_of_the_campaign(own: LocalClient) -> None:
    with Sandbox(client=own, rulings={"region-case": "accept"}) as box:
        assert post(box, region="ca") == 201
    with Sandbox(client=own, profile="lenient") as box:
        assert post(box, region="ca") == 201
    with Sandbox(client=own, link="tracking", rulings={"campaign-link": "refuse"}) as box:
        assert post(box) == 400


def test_a_reset_forgets_all_of_this_campaign(box: Sandbox) -> None:
    post(box)
    box.force(503)
    box.reset()
    assert (box.leads, len(box.requests)) == ([], 0)
    assert post(box) == 201
    box.verify(1)


def test_only_of_a_broken_answer_it_is_said_how_it_would_be_whole(box: Sandbox, snapshot: Snapshot) -> None:
    orders: list[dict[str, Any]] = [
        {"status": 503},
        {"status": 503, "fault": "dribble", "body": "x"},
        {"status": 503, "fault": "truncate", "body": "some text"},
    ]
    for order in orders:
        box.force(**order)
        with contextlib.suppress(httpx.RemoteProtocolError):
            post(box)
        snapshot("python", "\n".join(re.findall(r"^Answer .*", box.report(), re.MULTILINE)))


def test_a_mistake_names_the_argument(box: Sandbox, snapshot: Snapshot) -> None:
    wrong: list[dict[str, Any]] = [
        {"status": "reset"},
        {"status": 99},
        {"status": 503, "headers": {"Retry-After": 1}},
        {"status": 503, "times": "x"},
        {"status": 503, "delay": "x", "lead": "y"},
    ]
    for given in wrong:
        with pytest.raises(SandboxMistake) as caught:
            box.force(**given)
        snapshot("python", str(caught.value), label(given))


def test_what_stands_inside_the_metadata_is_asked_for_in_its_own_shape(
    box: Sandbox, snapshot: Snapshot
) -> None:
    post(box, metadata={"source": "web", "status": "new", "utm": {"medium": "cpc"}})
    box.verify(1, metadata={"source": "web", "utm": {"medium": re.compile("^c")}})
    box.verify(1, metadata={"status": ["new", "old"]})
    box.verify(1, body={"metadata": {"source": ["web", "app"]}})
    box.verify(0, metadata={"source": "app"})
    with pytest.raises(VerifyFailed) as caught:
        box.verify(1, metadata={"source": "app"})
    snapshot("python", str(caught.value))
    assert len(box.wait_for(metadata={"utm": {"medium": "cpc"}})) == 1


def test_mistakes_are_explained(box: Sandbox, snapshot: Snapshot) -> None:
    with pytest.raises(SandboxMistake) as caught:
        box.force(999)
    snapshot("python", str(caught.value))
    with pytest.raises(SandboxMistake) as caught:
        box.scenario("flak")
    snapshot("python", str(caught.value))
    with pytest.raises(SandboxMistake) as caught:
        box.verify(regio="CA")
    snapshot("python", str(caught.value))
    with pytest.raises(SandboxMistake) as caught:
        box.verify(2, order=[{"status": 201}])
    snapshot("python", str(caught.value))
    with pytest.raises(SandboxMistake) as caught:
        box.verify(2, at_least=1)
    snapshot("python", str(caught.value))
    with pytest.raises(SandboxMistake) as caught:
        box.verify(exactly=2)
    snapshot("python", str(caught.value))
    with pytest.raises(SandboxMistake) as caught:
        box.verify(order=[503, 201])  # type: ignore[list-item]  # the mistake
    snapshot("python", str(caught.value))
    post(box)
    with pytest.raises(AttributeError) as missing:
        box.leads.one().region  # type: ignore[attr-defined]  # noqa: B018  the mistake
    snapshot("python", str(missing.value))


# what was expected of it


def test_recorded_requests_are_verified(box: Sandbox) -> None:
    post(box)
    post(box)
    post(box, phoneNumber="5095551235", region="NV")
    box.verify()
    box.verify(3)
    box.verify(2, phoneNumber="(509) 555-1234")
    box.verify(2, phone="+1 509 555 1234")
    box.verify(1, status=409)
    box.verify(3, status=[201, 409])
    box.verify(1, region=re.compile("N."))
    box.verify(3, region=("CA", "NV"))
    box.verify(at_least=1, at_most=3, region="CA")
    box.verify(0, region="TX")
    box.verify(order=[{"status": 201}, {"status": 409}, {"region": "NV"}])


def test_a_pattern_keeps_its_flags(box: Sandbox, snapshot: Snapshot) -> None:
    post(box, firstName="John", lastName="O\nNeill")
    box.verify(1, firstName=re.compile("^JOHN$", re.IGNORECASE))
    box.verify(1, firstName=re.compile("J o h n  # a name", re.VERBOSE))
    box.verify(1, lastName=re.compile("^O.Neill", re.DOTALL))
    box.verify(1, lastName=re.compile("^Neill", re.MULTILINE))
    box.verify(0, firstName=re.compile("JOHN"))
    with pytest.raises(VerifyFailed):
        box.verify(0, firstName=re.compile("JOHN", re.IGNORECASE))
    for other in (re.compile("John", re.ASCII), re.compile(b"John")):
        with pytest.raises(SandboxMistake) as caught:
            box.verify(1, firstName=other)
        snapshot("python", str(caught.value))


def test_inside_headers_and_body_a_list_and_a_pattern_mean_the_same(box: Sandbox) -> None:
    headers = {"x-api-key": box.api_key, "X-Batch": "seven"}
    httpx.post(box.endpoint, json=LEAD, headers=headers, trust_env=False)
    box.verify(1, header={"X-Batch": re.compile("^s"), "X-Other": {"missing": True}})
    box.verify(1, header={"X-Batch": ["seven", "eight"]}, body={"region": {"CA", "NV"}})
    box.verify(0, body={"region": re.compile("N.")})


def test_what_cannot_be_compared_is_a_mistake(box: Sandbox, snapshot: Snapshot) -> None:
    post(box)
    box.verify(1, status=range(200, 300))
    with pytest.raises(SandboxMistake) as caught:
        box.verify(0, firstName=object())
    snapshot("python", str(caught.value))
    with pytest.raises(SandboxMistake) as caught:
        box.verify(1, status=re.compile("2.."))
    snapshot("python", str(caught.value))


def test_what_did_not_come_fails_with_the_nearest_miss_in_words(box: Sandbox, snapshot: Snapshot) -> None:
    post(box, region="NV")
    with pytest.raises(VerifyFailed) as raised:
        box.verify(1, phoneNumber="(509) 555-1234", region="CA")
    said = str(raised.value)
    assert isinstance(raised.value, AssertionError)
    snapshot("python", said)
    for wrong in ({"count": 2}, {"at_most": 0}, {"order": [{"region": "NV"}, {"region": "NV"}]}):
        with pytest.raises(VerifyFailed):
            box.verify(**wrong)


def test_requests_that_were_dropped_are_no_zero(snapshot: Snapshot) -> None:
    with Sandbox(keep=1) as box:
        post(box)
        post(box, region="ca")
        with pytest.raises(VerifyFailed) as caught:
            box.verify(0, status=201)
        snapshot("python", str(caught.value))


def test_of_many_requests_each_is_given_and_none_is_unexpected(own: LocalClient) -> None:
    with Sandbox(client=own) as box:
        for _ in range(120):
            post(box, region="ca")
        assert len(box.wait_for(120, status=400)) == 120
        box.check(strict=True)


def test_a_wait_ends_as_soon_as_the_request_comes(box: Sandbox, snapshot: Snapshot) -> None:
    began = time.monotonic()
    posting = later(0.3, lambda: post(box))
    assert box.wait_for(region="CA", timeout=60).one().json == LEAD
    assert 0.3 <= time.monotonic() - began < 50
    posting.join()
    assert box.wait_for().statuses == [201]  # what came earlier counts
    with pytest.raises(VerifyFailed) as caught:
        box.wait_for(2, timeout=0.2)
    snapshot("python", str(caught.value))


@pytest.mark.parametrize("run", ["asyncio", "trio"])
def test_in_an_event_loop_the_wait_lets_the_loop_go_on(run: str, box: Sandbox) -> None:
    async def wait_and_post() -> list[int | None]:
        sleep = asyncio.sleep if run == "asyncio" else trio.sleep
        with pytest.raises(SandboxError, match=rf"block {run}'s event loop.*wait_for_async"):
            box.wait_for()
        with pytest.raises(VerifyFailed):
            await box.wait_for_async(timeout=0.1)

        async def soon() -> None:
            await sleep(0.2)  # pause: the post shall come while it is waited for
            async with httpx.AsyncClient(trust_env=False) as client:
                await client.post(box.endpoint, json=LEAD, headers={"x-api-key": box.api_key})

        if run == "asyncio":
            found, _ = await asyncio.gather(box.wait_for_async(timeout=30), soon())
            return found.statuses
        async with trio.open_nursery() as nursery:
            nursery.start_soon(soon)
            found = await box.wait_for_async(timeout=30)
        return found.statuses

    assert (asyncio.run(wait_and_post()) if run == "asyncio" else trio.run(wait_and_post)) == [201]


@pytest.mark.parametrize("run", ["asyncio", "trio"])
def test_a_wait_can_be_cancelled(run: str, box: Sandbox, own: LocalClient) -> None:
    async def give_up() -> None:
        if run == "asyncio":
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await box.wait_for_async(timeout=60)
        else:
            with trio.move_on_after(0.1) as scope:
                await box.wait_for_async(timeout=60)
            assert scope.cancelled_caught

    asyncio.run(give_up()) if run == "asyncio" else trio.run(give_up)
    eventually(lambda: not own.thread.app.stream.is_read)
    assert post(box) == 201


def test_the_report_is_a_table_with_reasons_and_the_last_request_whole(
    box: Sandbox, snapshot: Snapshot
) -> None:
    snapshot("python", box.report())
    post(box)
    post(box, region="ca")
    said = box.report()
    assert re.match(
        r"The sandbox saw 2 requests with this key:\n  r\d+ .*201.*Accepted.\n  r\d+ .*400.*“ca”", said
    )
    snapshot("python", said)
    assert '"region":"ca"' in said
    httpx.post(box.endpoint, json=LEAD, trust_env=False)
    said = box.report()
    snapshot("python", said)


def test_of_many_requests_the_report_has_the_newest(own: LocalClient, snapshot: Snapshot) -> None:
    with Sandbox(client=own) as box:
        for _ in range(23):
            post(box)
        snapshot("python", box.report())
        assert "… 3 earlier" in box.report()


def test_strict_wants_every_forced_answer_used_and_no_fault_unexpected(own: LocalClient) -> None:
    with Sandbox(client=own) as box:
        box.force(503, times=2)
        post(box)
        post(box, region="ca")
        post(box, key="nobody")
        with pytest.raises(VerifyFailed) as raised:
            box.check(strict=True)
        said = str(raised.value)
        assert '{"status": 503} (1 of 2 left)' in said
        assert len(re.findall("nothing forced that", said)) == 2
        box.check()
        post(box)
        box.verify(1, status=400)
        assert box.strays.statuses == [401]
        box.check(strict=True)


def test_strict_takes_a_duplicate_and_what_was_forced_for_no_fault(own: LocalClient) -> None:
    with Sandbox(client=own) as box:
        box.force(400)
        assert [post(box), post(box), post(box)] == [400, 201, 409]
        box.check(strict=True)


def test_a_verify_without_the_status_expects_no_fault(own: LocalClient, snapshot: Snapshot) -> None:
    with Sandbox(client=own) as box:
        post(box, region="ca")
        box.verify(1)
        with pytest.raises(VerifyFailed) as caught:
            box.check(strict=True)
        snapshot("python", str(caught.value))


# its life


def test_it_is_a_context_manager_in_event_loops_too() -> None:
    async def use() -> int:
        async with Sandbox(socket=False) as box, httpx.AsyncClient(transport=box.async_transport()) as client:
            answer = await client.post(box.endpoint, json=LEAD, headers={"x-api-key": box.api_key})
            return answer.status_code

    before = threading.active_count()
    assert trio.run(use) == 201
    assert asyncio.run(use()) == 201
    deadline = time.monotonic() + 20
    while threading.active_count() > before + 1:  # trio keeps an idle worker for a while
        assert time.monotonic() < deadline
        time.sleep(0.05)  # pause: between two looks at a thread


def test_it_serves_unittest() -> None:
    class Signup(unittest.TestCase):
        def setUp(self) -> None:
            self.sandbox = self.enterContext(Sandbox())

        def test_posts_a_lead(self) -> None:
            post(self.sandbox)
            assert self.sandbox.leads == [LEAD]

        def test_posts_it_in_another_test_too(self) -> None:
            post(self.sandbox)
            self.sandbox.verify(1, status=201)

    result = unittest.defaultTestLoader.loadTestsFromTestCase(Signup).run(unittest.TestResult())
    assert result is not None
    assert (result.testsRun, result.wasSuccessful()) == (2, True)


def test_start_and_stop_do_what_with_does(snapshot: Snapshot) -> None:
    box = Sandbox()
    with pytest.raises(SandboxMistake) as caught:
        _ = box.leads
    snapshot("python", str(caught.value))
    box.start()
    url = box.url
    assert post(box) == 201
    with pytest.raises(SandboxMistake) as caught:
        box.start()
    snapshot("python", str(caught.value))
    box.stop()
    box.stop()
    snapshot("python", repr(box))
    with pytest.raises(httpx.ConnectError):
        httpx.get(url, trust_env=False)


def test_it_may_start_again() -> None:
    box = Sandbox()
    for _ in range(2):
        with box:
            assert post(box) == 201


def test_the_settings_of_serve_are_taken(tmp_path: Any) -> None:
    with Sandbox(error_bodies="html", sandbox_headers=False, max_body=1_000, seed=3) as box:
        answer = httpx.post(box.endpoint, json={**LEAD, "region": "ca"}, headers={"x-api-key": box.api_key})
        assert answer.headers["content-type"].startswith("text/html")
        assert "x-aktify-sandbox-request" not in answer.headers
        assert post(box, firstName="x" * 2_000) == 413
    for expected in (1, 2):
        with Sandbox(state=tmp_path / "state") as box:
            post(box)
            assert len(list((tmp_path / "state").glob("log.jsonl"))) == 1
            listed = httpx.get(f"{box.url}/_sandbox/leads", trust_env=False).json()["leads"]
            assert len(listed) == expected


@pytest.mark.parametrize(
    "settings",
    [
        {"error_bodie": "html"},
        {"error_bodies": "htm"},
        {"seed": -1},
        {"magic": 1},
        {"port": 8509},
        {"rulings": {"region-cas": "accept"}},
        {"scenario": "flak"},
        {"profile": "hard"},
        {"url": "http://127.0.0.1:1", "seed": 1},
        {"url": "ftp://127.0.0.1:8509"},
        {"url": "127.0.0.1:8509/below"},
    ],
)
def test_settings_that_cant_be_are_refused_and_nothing_is_left(
    settings: dict[str, Any], snapshot: Snapshot
) -> None:
    before = {*threading.enumerate()}
    with pytest.raises(SandboxMistake) as caught:
        Sandbox(**settings).start()
    snapshot("python", str(caught.value))
    assert {*threading.enumerate()} <= before  # others' threads may have ended


def test_environment_and_folder_change_nothing(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AKTIFY_SANDBOX_ERROR_BODIES", "empty")
    (tmp_path / "aktify-sandbox.yaml").write_text("error-bodies: empty\n")
    monkeypatch.chdir(tmp_path)
    with Sandbox() as box:
        post(box, region="ca")
        assert "“ca”" in box.requests.one()["response"]["body"]
    with Sandbox(config=tmp_path / "aktify-sandbox.yaml") as box:
        post(box, region="ca")
        assert box.requests.one()["response"]["body"] == ""


def test_a_sandbox_elsewhere_is_used_with_its_token(serve: HostSandbox, snapshot: Snapshot) -> None:
    running = serve("--token", "secret-token")
    with pytest.raises(SandboxMistake) as caught:
        Sandbox(running.url).start()
    snapshot("python", str(caught.value))
    with Sandbox(running.url, token="secret-token") as box:
        assert post(box) == 201
        box.verify(1)
    left = running.http.get("/_sandbox/campaigns", headers={"authorization": "Bearer secret-token"}).json()
    assert [each["campaign"] for each in left["campaigns"]] == ["demo"]


def test_nobody_or_somebody_else_at_the_address_is_said(tmp_path: Any, snapshot: Snapshot) -> None:
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Other(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with pytest.raises(NoSandbox) as caught:
        Sandbox("http://127.0.0.1:9").start()
    snapshot("python", str(caught.value))
    with HTTPServer(("127.0.0.1", 0), Other) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            with pytest.raises(NoSandbox) as caught:
                Sandbox(f"http://127.0.0.1:{server.server_port}").start()
            snapshot("python", str(caught.value))
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("name", [name for name in aktify_sandbox.__all__ if name != "__version__"])
def test_each_public_name_shows_itself_by_its_public_path(name: str) -> None:
    found = getattr(aktify_sandbox, name)
    assert f"{found.__module__}.{found.__qualname__}" == f"aktify_sandbox.{name}"
    assert name in dir(aktify_sandbox)


def test_every_exception_of_sandbox_is_public() -> None:
    """Whatever a user of `Sandbox` may catch is imported from `aktify_sandbox`."""
    found: list[type[Exception]] = [SandboxError, *SandboxError.__subclasses__()]
    found += errors.UserError.__subclasses__()
    caught = {each.__name__ for each in found if issubclass(each, (SandboxError, AssertionError))}
    assert {"SandboxDied", "NotOne", "VerifyFailed"} <= caught <= set(aktify_sandbox.__all__)
