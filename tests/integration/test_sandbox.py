"""`Sandbox` as scripts and tests use it: in this process or elsewhere, blocking or in an event loop."""

import asyncio
import contextlib
import re
import subprocess
import sys
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
from support.running import LEAD, Running, Serve, clean_environment


def post(sandbox: Sandbox, **more: Any) -> int:
    key = more.pop("key", sandbox.api_key)
    lead = {**LEAD, **more}
    return httpx.post(sandbox.endpoint, json=lead, headers={"x-api-key": key}, trust_env=False).status_code


def later(seconds: float, do: Callable[[], object]) -> threading.Thread:
    thread = threading.Timer(seconds, do)
    thread.start()
    return thread


@pytest.fixture(scope="module")
def own() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(params=["in this process", "elsewhere"])
def box(request: pytest.FixtureRequest, own: Sandbox, shared_sandbox: Running) -> Iterator[Sandbox]:
    """A fresh view on a sandbox in this process, or on one that runs in another."""
    client = own._client if request.param == "in this process" else None
    with Sandbox(client=client) if client else Sandbox(shared_sandbox.url) as sandbox:
        yield sandbox


# what it has seen


def test_leads_are_what_the_201_said_oldest_first(box: Sandbox) -> None:
    assert box.leads == []
    post(box)
    post(box, phoneNumber="5095551235", firstName="Ada")
    assert box.leads == [LEAD, {**LEAD, "phoneNumber": "5095551235", "firstName": "Ada"}]
    assert [lead.phone for lead in box.leads] == ["+15095551234", "+15095551235"]
    assert box.leads[0].request == box.requests[0].id


def test_one_lead_is_given_and_none_or_two_are_explained(box: Sandbox) -> None:
    post(box, region="ca")
    with pytest.raises(
        NotOne, match=r"There are no leads kept, not one.(?s:.*)400(?s:.*)“ca” is in lower case"
    ):
        box.leads.one()
    post(box)
    assert box.leads.one()["region"] == "CA"
    post(box, phoneNumber="5095551235")
    with pytest.raises(NotOne, match=r"There are 2 leads kept, not one.\n.*555-1234.*\n.*5551235"):
        box.leads.one()


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


def test_requests_show_the_reason_for_each_answer(box: Sandbox) -> None:
    post(box, region="ca")
    row = (
        r"r\d{9}  [\d:.]{12}  400  POST /api/v1/leads  \+15095551234  "
        r"region: “ca” is in lower case.  \[ruling region-case\]"
    )
    assert re.fullmatch(row, repr(box.requests))
    assert re.fullmatch(f"<{row}>", repr(box.requests[0]))
    post(box)
    with pytest.raises(NotOne, match=r"There are 2 requests, not one.\n.*400.*\n.*201"):
        box.requests.one()


def test_more_requests_than_a_page_has_are_all_there(own: Sandbox) -> None:
    with Sandbox(client=own._client) as box, httpx.Client(transport=box.transport()) as client:
        for number in range(1_005):
            lead = {**LEAD, "phoneNumber": f"50955{number:05d}"}
            client.post(box.endpoint, json=lead, headers={"x-api-key": box.api_key})
        assert len(box.requests) == 1_005
        assert len(box.leads) == len({lead.phone for lead in box.leads}) == box.requests.statuses.count(201)
        assert box.requests[0].json["phoneNumber"] == "5095500000"


def test_two_sandboxes_on_one_server_see_nothing_of_each_other(own: Sandbox) -> None:
    with Sandbox(client=own._client) as one, Sandbox(client=own._client) as two:
        one.force(503, times=5)
        one.scenario("outage")
        assert [post(one), post(two)] == [503, 201]
        one.scenario()
        one.reset()
        assert [post(one), post(two)] == [201, 409]
        assert (len(one.leads), len(two.leads)) == (1, 1)
        assert (one.requests.statuses, two.requests.statuses) == ([201], [201, 409])
        two.verify(2)


def test_requests_of_nobody_are_strays(own: Sandbox) -> None:
    with Sandbox(client=own._client) as box:
        post(box, key="wrong")
        httpx.post(f"{box.url}/api/v2/leads", json=LEAD, headers={"x-api-key": box.api_key}, trust_env=False)
        assert box.strays.statuses == [401, 404]
        assert len(box.requests) == 0
    with Sandbox(client=own._client) as next_one:
        assert len(next_one.strays) == 0


# what it shall do


def test_requests_under_a_configured_key_or_a_name_behind_our_own_are_seen_as_strays() -> None:
    with Sandbox() as box, Sandbox(client=box._client) as other:
        post(box, key="test-key")
        post(box, key="test-key.name")
        post(box, key=f"{box.api_key}.name")
        assert "and 3 requests under another key or to a wrong path:" in box.report()
        assert "and 2 requests under another key or to a wrong path:" in other.report()
        assert box.strays.statuses == [201, 201, 201]
        assert len(box.requests) == 0


def test_in_a_sandbox_elsewhere_others_are_let_be(shared_sandbox: Running) -> None:
    with Sandbox(shared_sandbox.url) as box:
        post(box, key="test-key.somebody", phoneNumber="5095557788")
        assert "under another key" not in box.report()


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


def test_scenarios_are_chosen_at_the_start_and_later(own: Sandbox) -> None:
    with Sandbox(client=own._client, scenario="flaky") as box:
        assert [post(box) for _ in range(3)] == [503, 503, 201]
        box.scenario("duplicate")
        assert post(box, phoneNumber="5095551235") == 409
        box.scenario()
        assert post(box, phoneNumber="5095551235") == 201


def test_profile_and_rulings_are_those_of_the_campaign(own: Sandbox) -> None:
    with Sandbox(client=own._client, rulings={"region-case": "accept"}) as box:
        assert post(box, region="ca") == 201
    with Sandbox(client=own._client, profile="lenient") as box:
        assert post(box, region="ca") == 201
    with Sandbox(client=own._client, link="tracking", rulings={"campaign-link": "refuse"}) as box:
        assert post(box) == 400


def test_a_reset_forgets_all_of_this_campaign(box: Sandbox) -> None:
    post(box)
    box.force(503)
    box.reset()
    assert (box.leads, len(box.requests)) == ([], 0)
    assert post(box) == 201
    box.verify(1)


def test_only_of_a_broken_answer_it_is_said_how_it_would_be_whole(box: Sandbox) -> None:
    for order, words in (
        ({"status": 503}, "Answer 503\n"),
        ({"status": 503, "fault": "dribble", "body": "x"}, "Answer 503\n"),
        ({"status": 503, "fault": "truncate", "body": "some text"}, "Answer 503, as it would be whole\n"),
    ):
        box.force(**order)
        with contextlib.suppress(httpx.RemoteProtocolError):
            post(box)
        assert words in box.report()


def test_a_mistake_names_the_argument(box: Sandbox) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"status": "reset"}, r"^status='reset' isn't a whole number; a fault is given as fault='reset'\.$"),
        ({"status": 99}, "^status: Found 99; it must be at least 200"),
        ({"status": 503, "headers": {"Retry-After": 1}}, "^headers.Retry-After: Found 1; expected a text"),
        ({"status": 503, "times": "x"}, "^times: Found x; expected a whole number"),
        ({"status": 503, "delay": "x", "lead": "y"}, "delay: Found x.*lead: Found y"),
    ]
    for given, words in wrong:
        with pytest.raises(SandboxMistake, match=words):
            box.force(**given)


def test_what_stands_inside_the_metadata_is_asked_for_in_its_own_shape(box: Sandbox) -> None:
    post(box, metadata={"source": "web", "status": "new", "utm": {"medium": "cpc"}})
    box.verify(1, metadata={"source": "web", "utm": {"medium": re.compile("^c")}})
    box.verify(1, metadata={"status": ["new", "old"]})
    box.verify(1, body={"metadata": {"source": ["web", "app"]}})
    box.verify(0, metadata={"source": "app"})
    with pytest.raises(VerifyFailed, match=r"body\.metadata\.source: expected app, found web"):
        box.verify(1, metadata={"source": "app"})
    assert len(box.wait_for(metadata={"utm": {"medium": "cpc"}})) == 1


def test_mistakes_are_explained(box: Sandbox) -> None:
    with pytest.raises(SandboxMistake, match="at most 599"):
        box.force(999)
    with pytest.raises(
        SandboxMistake,
        match=r"There is no scenario flak \(in .*scenarios and among the shipped ones\)\. Did you mean flaky",
    ):
        box.scenario("flak")
    with pytest.raises(SandboxMistake, match="regio"):
        box.verify(regio="CA")
    with pytest.raises(SandboxMistake, match="order stands alone"):
        box.verify(2, order=[{"status": 201}])
    with pytest.raises(SandboxMistake, match="count, or at_least"):
        box.verify(2, at_least=1)


# what was expected of it


def test_what_came_is_verified(box: Sandbox) -> None:
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


def test_a_pattern_keeps_its_flags(box: Sandbox) -> None:
    post(box, firstName="John", lastName="O\nNeill")
    box.verify(1, firstName=re.compile("^JOHN$", re.IGNORECASE))
    box.verify(1, firstName=re.compile("J o h n  # a name", re.VERBOSE))
    box.verify(1, lastName=re.compile("^O.Neill", re.DOTALL))
    box.verify(1, lastName=re.compile("^Neill", re.MULTILINE))
    box.verify(0, firstName=re.compile("JOHN"))
    with pytest.raises(VerifyFailed):
        box.verify(0, firstName=re.compile("JOHN", re.IGNORECASE))
    for other in (re.compile("John", re.ASCII), re.compile(b"John")):
        with pytest.raises(SandboxMistake, match="a pattern of text"):
            box.verify(1, firstName=other)


def test_inside_headers_and_body_a_list_and_a_pattern_mean_the_same(box: Sandbox) -> None:
    headers = {"x-api-key": box.api_key, "X-Batch": "seven"}
    httpx.post(box.endpoint, json=LEAD, headers=headers, trust_env=False)
    box.verify(1, header={"X-Batch": re.compile("^s"), "X-Other": {"missing": True}})
    box.verify(1, header={"X-Batch": ["seven", "eight"]}, body={"region": {"CA", "NV"}})
    box.verify(0, body={"region": re.compile("N.")})


def test_what_cannot_be_compared_is_a_mistake(box: Sandbox) -> None:
    post(box)
    box.verify(1, status=range(200, 300))
    with pytest.raises(SandboxMistake, match="firstName: object can't be compared"):
        box.verify(0, firstName=object())
    with pytest.raises(SandboxMistake, match="expected a whole number or a text or a list"):
        box.verify(1, status=re.compile("2.."))


def test_what_did_not_come_fails_with_the_nearest_miss_in_words(box: Sandbox) -> None:
    post(box, region="NV")
    with pytest.raises(VerifyFailed) as raised:
        box.verify(1, phoneNumber="(509) 555-1234", region="CA")
    said = str(raised.value)
    assert isinstance(raised.value, AssertionError)
    assert "Expected exactly 1 request with" in said
    assert re.search(r"nearly: r\d{9} \(201\)\n\s+body.region: expected CA, found NV", said)
    assert "The sandbox saw 1 request with this key:" in said
    for wrong in ({"count": 2}, {"at_most": 0}, {"order": [{"region": "NV"}, {"region": "NV"}]}):
        with pytest.raises(VerifyFailed):
            box.verify(**wrong)


def test_requests_that_were_dropped_are_no_zero() -> None:
    with Sandbox(keep=1) as box:
        post(box)
        post(box, region="ca")
        with pytest.raises(VerifyFailed, match=r"can't be said.*dropped by --keep"):
            box.verify(0, status=201)


def test_of_many_requests_each_is_given_and_none_is_unexpected(own: Sandbox) -> None:
    with Sandbox(client=own._client) as box:
        for _ in range(120):
            post(box, region="ca")
        assert len(box.wait_for(120, status=400)) == 120
        box.check(strict=True)


def test_a_wait_ends_as_soon_as_the_request_comes(box: Sandbox) -> None:
    posting = later(0.3, lambda: post(box))
    began = time.monotonic()
    assert box.wait_for(region="CA", timeout=30).one().json == LEAD
    assert 0.2 < time.monotonic() - began < 10
    posting.join()
    assert box.wait_for().statuses == [201]  # what came earlier counts
    with pytest.raises(VerifyFailed, match=r"at least 2 requests(?s:.*)The sandbox saw 1 request"):
        box.wait_for(2, timeout=0.2)


@pytest.mark.parametrize("run", ["asyncio", "trio"])
def test_in_an_event_loop_the_wait_lets_the_loop_go_on(run: str, box: Sandbox) -> None:
    async def wait_and_post() -> list[int | None]:
        sleep = asyncio.sleep if run == "asyncio" else trio.sleep
        with pytest.raises(SandboxError, match=rf"block {run}'s event loop.*wait_for_async"):
            box.wait_for()
        with pytest.raises(VerifyFailed):
            await box.wait_for_async(timeout=0.1)

        async def soon() -> None:
            await sleep(0.2)
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
def test_a_wait_can_be_cancelled(run: str, box: Sandbox) -> None:
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
    deadline = time.monotonic() + 10
    while isinstance(box._client, LocalClient) and box._client.thread.app.stream._readers:
        assert time.monotonic() < deadline, "the sandbox waits on"
        time.sleep(0.01)
    assert post(box) == 201


def test_the_report_is_a_table_with_reasons_and_the_last_request_whole(box: Sandbox) -> None:
    assert box.report() == "The sandbox saw no request with this key."
    post(box)
    post(box, region="ca")
    said = box.report()
    assert re.match(
        r"The sandbox saw 2 requests with this key:\n  r\d+ .*201.*Accepted.\n  r\d+ .*400.*“ca”", said
    )
    assert "what would be right: Write CA." in said
    assert '"region":"ca"' in said
    httpx.post(box.endpoint, json=LEAD, trust_env=False)
    said = box.report()
    assert re.search(
        r"under another key or to a wrong path:\n  r\d+ .*401.*There is no x-api-key header", said
    )


def test_of_many_requests_the_report_has_the_newest(own: Sandbox) -> None:
    with Sandbox(client=own._client) as box:
        for _ in range(23):
            post(box)
        assert "saw 23 requests" in box.report()
        assert "… 3 earlier" in box.report()


def test_strict_wants_every_forced_answer_used_and_no_fault_unexpected(own: Sandbox) -> None:
    with Sandbox(client=own._client) as box:
        box.force(503, times=2)
        post(box)
        post(box, region="ca")
        post(box, key="nobody")
        with pytest.raises(VerifyFailed) as raised:
            box.check(strict=True)
        said = str(raised.value)
        assert '{"status": 503}, 1 of 2 left' in said
        assert len(re.findall("a fault of its own", said)) == 2
        box.check()
        post(box)
        box.verify(1, status=400)
        assert box.strays.statuses == [401]
        box.check(strict=True)


def test_strict_takes_a_duplicate_and_what_was_forced_for_no_fault(own: Sandbox) -> None:
    with Sandbox(client=own._client) as box:
        box.force(400)
        assert [post(box), post(box), post(box)] == [400, 201, 409]
        box.check(strict=True)


def test_a_verify_without_the_status_expects_no_fault(own: Sandbox) -> None:
    with Sandbox(client=own._client) as box:
        post(box, region="ca")
        box.verify(1)
        with pytest.raises(VerifyFailed, match="a fault of its own"):
            box.check(strict=True)


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
        time.sleep(0.05)


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


def test_start_and_stop_do_what_with_does() -> None:
    box = Sandbox()
    with pytest.raises(SandboxMistake, match="doesn't run"):
        _ = box.leads
    box.start()
    url = box.url
    assert post(box) == 201
    with pytest.raises(SandboxMistake, match="runs already"):
        box.start()
    box.stop()
    box.stop()
    assert repr(box) == "<Sandbox, not running>"
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
    ("settings", "words"),
    [
        ({"error_bodie": "html"}, "There is no setting error_bodie; did you mean error_bodies?"),
        ({"error_bodies": "htm"}, "must be one of detailed, empty, text, html, rotate"),
        ({"seed": -1}, "must be a number from 0"),
        ({"magic": 1}, "must be True or False"),
        ({"port": 8509}, "There is no setting port"),
        ({"rulings": {"region-cas": "accept"}}, "region-cas"),
        ({"scenario": "flak"}, "Did you mean flaky"),
        ({"profile": "hard"}, "hard"),
        ({"url": "http://127.0.0.1:1", "seed": 1}, "seed can't be set"),
        ({"url": "127.0.0.1:8509"}, "isn't a sandbox's address"),
    ],
)
def test_settings_that_cant_be_are_refused_and_nothing_is_left(settings: dict[str, Any], words: str) -> None:
    before = threading.active_count()
    with pytest.raises(SandboxMistake, match=re.escape(words)):
        Sandbox(**settings).start()
    assert threading.active_count() == before


def test_what_stands_in_the_environment_or_the_folder_changes_nothing(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AKTIFY_SANDBOX_ERROR_BODIES", "empty")
    (tmp_path / "aktify-sandbox.yaml").write_text("error-bodies: empty\n")
    monkeypatch.chdir(tmp_path)
    with Sandbox() as box:
        post(box, region="ca")
        assert "“ca”" in box.requests.one()["response"]["body"]
    with Sandbox(config=tmp_path / "aktify-sandbox.yaml") as box:
        post(box, region="ca")
        assert box.requests.one()["response"]["body"] == ""


def test_a_sandbox_elsewhere_is_used_with_its_token(serve: Serve) -> None:
    running = serve("--token", "secret-token")
    with pytest.raises(SandboxMistake, match="--token"):
        Sandbox(running.url).start()
    with Sandbox(running.url, token="secret-token") as box:
        assert post(box) == 201
        box.verify(1)
    left = running.http.get("/_sandbox/campaigns", headers={"authorization": "Bearer secret-token"}).json()
    assert [each["campaign"] for each in left["campaigns"]] == ["demo"]


def test_nobody_or_somebody_else_at_the_address_is_said(tmp_path: Any) -> None:
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Other(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with pytest.raises(NoSandbox, match=r"No sandbox answers at http://127\.0\.0\.1:9"):
        Sandbox("http://127.0.0.1:9").start()
    with HTTPServer(("127.0.0.1", 0), Other) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            with pytest.raises(NoSandbox, match="isn't a sandbox"):
                Sandbox(f"http://127.0.0.1:{server.server_port}").start()
        finally:
            server.shutdown()
            thread.join()


def test_a_process_finds_it_by_the_environment(own: Sandbox) -> None:
    code = (
        "import json, os, urllib.request as u\n"
        "r = u.Request(os.environ['AKTIFY_BASE_URL'] + '/api/v1/leads', json.dumps({'phoneNumber': '5095551234', "
        "'region': 'CA'}).encode(), {'x-api-key': os.environ['AKTIFY_API_KEY'], 'content-type': 'application/json'})\n"
        "print(u.urlopen(r).status)"
    )
    with Sandbox(client=own._client) as box:
        env = clean_environment(**{"http_proxy": "http://127.0.0.1:9", **box.environment})
        done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
        listed = subprocess.run(
            [sys.executable, "-m", "aktify_sandbox", "requests", "list"],
            env=env,
            capture_output=True,
            text=True,
        )
        assert (done.stdout, done.stderr) == ("201\n", "")
        assert box.requests.one().id in listed.stdout


def test_the_package_itself_is_cheap_to_import_and_names_what_it_offers() -> None:
    code = (
        "import sys, aktify_sandbox\n"
        "heavy = {'asyncio', 'starlette', 'uvicorn', 'tinydb', 'httpx', 'orjson', 'yaml'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "aktify_sandbox.Sandbox, aktify_sandbox.VerifyFailed, aktify_sandbox.SandboxError"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="has no attribute 'Sandbo'"):
        aktify_sandbox.Sandbo  # noqa: B018  it isn't there


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
