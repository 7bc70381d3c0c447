"""The admin API: the record, leads, keys, campaigns, explain, reset, through a real socket."""

import asyncio
import contextlib
import errno
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from aktify_sandbox.app import create_app
from aktify_sandbox.settings import Settings
from support.running import LEAD, HostSandbox, Sandboxed
from support.snapshots import Snapshot


def found(sandbox: Sandboxed, query: str) -> list[str]:
    """The phone numbers that a list of requests shows, newest first."""
    campaign = f"demo.{sandbox.api_key.partition('.')[2]}"
    page = sandbox.get(f"/_sandbox/requests?campaign={campaign}&{query}")
    return [record["phone"] for record in page["requests"]]


def phones(*endings: str) -> list[str]:
    return [f"+1509555{ending}" for ending in endings]


@pytest.fixture
def posted(sandbox: Sandboxed) -> Sandboxed:
    """201 for 0001 and 0002, 409 for 0001, 400 for 0003."""
    for ending in ("0001", "0002", "0001"):
        sandbox.post({"phoneNumber": f"(509) 555-{ending}", "region": "CA", "firstName": f'Say "{ending}"'})
    sandbox.post({"phoneNumber": "(509) 555-0003", "region": "ca"})
    return sandbox


def test_a_405_allows_the_methods_of_its_path(sandbox: Sandboxed) -> None:
    """All that the admin API's document has, although each method has a route of its own."""
    for path, operations in sandbox.get("/_sandbox/openapi-admin.json")["paths"].items():
        answer = sandbox.http.request("PATCH", path.replace("{id}", "1").replace("{campaign}", "1"))
        allowed = {method.lower() for method in answer.headers["allow"].split(", ")} - {"head"}
        assert (answer.status_code, allowed) == (405, {*operations} - {"parameters"}), path


def test_health_names_the_version(sandbox: Sandboxed) -> None:
    assert sandbox.get("/_sandbox/health")["status"] == "ok"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", phones("0003", "0001", "0002", "0001")),
        ("status=201", phones("0002", "0001")),
        ("status=4xx", phones("0003", "0001")),
        ("status=400,201", phones("0003", "0002", "0001")),
        ("phone=509.555.0001", phones("0001", "0001")),
        ("phone=+15095550002", phones("0002")),
        ("phone=%2B15095550002", phones("0002")),
        ("phone=555-0001", phones("0001", "0001")),
        ("phone=0003", phones("0003")),
        ("phone=***0003", phones("0003")),
        ("phone=%2B1509***0002", phones("0002")),
        ("phone=+1509***0002", phones("0002")),
        ("phone=(509)+***-0002", phones("0002")),
        ("phone=1212***0002", []),
        ("phone=555-9999", []),
        ("phone=1509", []),
        ("search=SAY", phones("0001", "0002", "0001")),
        ("search=Say+%5C%220002", phones("0002")),
        ("search=nothing-like-it", []),
        ("since=2020-01-01T00:00:00Z", phones("0003", "0001", "0002", "0001")),
        ("since=2020-01-01T00:00:00+02:00", phones("0003", "0001", "0002", "0001")),
        ("since=10m", phones("0003", "0001", "0002", "0001")),
        ("since=2999-01-01", []),
        ("limit=2", phones("0003", "0001")),
        ("key=nobody", []),
    ],
)
def test_requests_are_filtered_by_all_that_is_given(
    posted: Sandboxed, query: str, expected: list[str]
) -> None:
    assert found(posted, query) == expected


def test_requests_are_found_by_the_key_that_sent_them(posted: Sandboxed) -> None:
    assert len(posted.get(f"/_sandbox/requests?key={posted.api_key}")["requests"]) == 4


def test_a_list_is_read_page_by_page(posted: Sandboxed) -> None:
    seen, following = [], "r999999999"
    while following:
        page = posted.get(f"/_sandbox/requests?key={posted.api_key}&limit=3&before={following}")
        seen += [record["id"] for record in page["requests"]]
        following = page["next"]
    assert len(seen) == 4
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize(
    "query",
    [
        "status=abc",
        "status=4x",
        "phone=12",
        "phone=509",
        "phone=12345***1234",
        "phone=5555***",
        "phone=***x",
        "phone=00155512345678",
        "since=yesterday",
        "after=x",
        "limit=0",
        "limit=1001",
        "limit=x",
        "stauts=201",
    ],
)
def test_a_filter_that_cannot_be_understood_is_a_400_in_words(
    sandbox: Sandboxed, query: str, snapshot: Snapshot
) -> None:
    answer = sandbox.http.get(f"/_sandbox/requests?{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    snapshot("admin", answer.json()["detail"])


def test_a_request_is_json_for_a_program_and_text_for_a_person(posted: Sandboxed) -> None:
    newest = posted.get(f"/_sandbox/requests?key={posted.api_key}")["requests"][0]["id"]
    assert posted.http.get(f"/_sandbox/requests/{newest}").json()["id"] == newest
    text = posted.http.get(f"/_sandbox/requests/{newest}", headers={"accept": "text/plain,*/*"}).text
    assert "region-case" in text
    assert "CA" in text


@pytest.mark.parametrize("name", ["r999999999", "r0", "x", "r000000001x"])
def test_a_request_that_is_not_there_is_a_404(sandbox: Sandboxed, name: str) -> None:
    assert sandbox.http.get(f"/_sandbox/requests/{name}").status_code == 404


def test_leads_are_listed_newest_first_as_their_201_said(posted: Sandboxed) -> None:
    campaign = f"demo.{posted.api_key.partition('.')[2]}"
    leads = posted.get(f"/_sandbox/leads?campaign={campaign}")["leads"]
    assert [lead["phone"] for lead in leads] == phones("0002", "0001")
    assert leads[0]["lead"] == {"phoneNumber": "(509) 555-0002", "region": "CA", "firstName": 'Say "0002"'}
    assert posted.get(f"/_sandbox/requests/{leads[0]['request']}")["phone"] == phones("0002")[0]
    one = posted.get(f"/_sandbox/leads?campaign={campaign}&phone=5095550001&limit=1")
    assert [lead["phone"] for lead in one["leads"]] == phones("0001")


def test_imported_leads_are_409_at_their_first_post(sandbox: Sandboxed) -> None:
    campaign = f"demo.{sandbox.api_key.partition('.')[2]}"
    leads = [{"phoneNumber": "(509) 555-1234"}, {"phoneNumber": "509-555-1234"}, {"phoneNumber": "12"}, 7]
    answer = sandbox.http.post("/_sandbox/leads", json={"leads": leads, "campaign": campaign})
    assert answer.status_code == 201
    counts = answer.json()
    assert (counts["imported"], counts["already"]) == (1, 1)
    assert [refused["index"] for refused in counts["refused"]] == [2, 3]
    duplicate = sandbox.post()
    assert duplicate.status_code == 409
    assert sandbox.record_of(duplicate)["firstPost"]["id"] is None


def test_leads_from_the_list_can_be_imported_again(posted: Sandboxed) -> None:
    campaign = f"demo.{posted.api_key.partition('.')[2]}"
    exported = posted.get(f"/_sandbox/leads?campaign={campaign}")
    assert posted.http.delete(f"/_sandbox/leads?campaign={campaign}").json() == {"removed": 2}
    assert posted.get(f"/_sandbox/leads?campaign={campaign}")["leads"] == []
    assert posted.http.post("/_sandbox/leads", json={"leads": exported["leads"]}).json()["imported"] == 2
    assert posted.post({"phoneNumber": "5095550001", "region": "CA"}).status_code == 409


def test_a_key_is_added_shown_masked_and_revoked(serve: HostSandbox) -> None:
    sandbox = serve()
    added = sandbox.http.post("/_sandbox/keys", json={"key": "my-own-secret-key"})
    assert (added.status_code, added.json()["apiKey"]) == (201, "my-own-secret-key")
    assert sandbox.post(key="my-own-secret-key").status_code == 201
    listed = sandbox.get("/_sandbox/keys")["keys"]
    assert "my-own-secret-key" not in str(listed)
    assert listed[-1] == {
        "key": "my-…key",
        "campaign": "demo",
        "revoked": False,
        "answer": "normal answer",
        "source": "added",
    }
    assert (
        sandbox.http.request("DELETE", "/_sandbox/keys", json={"key": "my-own-secret-key"}).status_code == 200
    )
    refused = sandbox.post(key="my-own-secret-key")
    assert refused.status_code == 401
    assert "revoked" in refused.json()["message"]


def test_keys_and_campaigns_survive_a_restart_and_no_key_lies_on_the_disk(
    serve: HostSandbox, tmp_path: Any
) -> None:
    state = str(tmp_path / "state")
    first = serve("--state", state)
    fresh = first.http.post(
        "/_sandbox/campaigns", json={"name": "mine", "rulings": {"region-case": "accept"}}
    ).json()
    assert first.post({**LEAD, "region": "ca"}, key=fresh["apiKey"]).status_code == 201
    first.http.request("DELETE", "/_sandbox/keys", json={"key": "test-key"})
    assert first.stop() == 0
    written = "".join(path.read_text() for path in (tmp_path / "state").iterdir())
    assert fresh["apiKey"] not in written
    second = serve("--state", state)
    assert second.post({**LEAD, "region": "ca"}, key=fresh["apiKey"]).status_code == 409
    assert second.post().status_code == 401


def test_a_fresh_campaign_has_a_key_of_its_own_and_can_be_deleted(sandbox: Sandboxed) -> None:
    fresh = sandbox.http.post("/_sandbox/campaigns").json()
    assert sandbox.post(key=fresh["apiKey"]).status_code == 201
    assert sandbox.post(key=fresh["apiKey"] + ".sub").status_code == 201
    path = f"/_sandbox/campaigns/{fresh['campaign']}"
    assert sandbox.http.delete(path).status_code == 204
    assert sandbox.post(key=fresh["apiKey"]).status_code == 401
    assert sandbox.get(f"/_sandbox/leads?campaign={fresh['campaign']}")["leads"] == []
    assert sandbox.http.delete(path).status_code == 404
    assert sandbox.http.delete("/_sandbox/campaigns/demo").status_code == 409


@pytest.mark.parametrize(
    "content",
    [
        {"rulings": {"region-cas": "accept"}},
        {"profile": "lax"},
        {"name": "a b"},
        {"name": "demo"},
        {"nmae": "x"},
        [],
    ],
)
def test_a_campaign_that_cannot_be_is_refused_in_words(
    sandbox: Sandboxed, content: object, snapshot: Snapshot
) -> None:
    answer = sandbox.http.post("/_sandbox/campaigns", json=content)
    assert answer.status_code in (400, 409)
    snapshot("admin", answer.json()["detail"])


def test_explain_says_what_would_be_answered_and_keeps_nothing(sandbox: Sandboxed) -> None:
    def explain(lead: object) -> Any:
        return sandbox.http.post("/_sandbox/explain", json={"body": lead, "apiKey": sandbox.api_key}).json()

    assert explain(LEAD)["status"] == 201
    wrong = explain({"phone": "5095551234"})
    assert wrong["status"] == 400
    assert any("phoneNumber" in problem["hint"] for problem in wrong["problems"])
    assert explain("{'phoneNumber': '5095551234'}")["status"] == 400
    first = sandbox.post()
    duplicate = explain({**LEAD, "phoneNumber": "5095551234"})
    assert (duplicate["status"], duplicate["phone"]) == (409, "+15095551234")
    assert duplicate["duplicateOf"]["id"] == first.headers["x-aktify-sandbox-request"]
    assert len(sandbox.get(f"/_sandbox/requests?key={sandbox.api_key}")["requests"]) == 1


def test_reset_forgets_leads_and_requests(serve: HostSandbox) -> None:
    sandbox = serve()
    sandbox.post()
    assert sandbox.http.post("/_sandbox/reset").status_code == 204
    assert sandbox.http.post("/_sandbox/reset", json={}).status_code == 204
    assert sandbox.get("/_sandbox/requests") == {"requests": [], "next": None}
    assert sandbox.post().status_code == 201


def test_clearing_requests_leaves_the_leads(serve: HostSandbox) -> None:
    sandbox = serve()
    sandbox.post()
    assert sandbox.http.delete("/_sandbox/requests").json() == {"cleared": 1}
    assert sandbox.get("/_sandbox/requests")["requests"] == []
    assert sandbox.post().status_code == 409


def test_only_the_requests_that_match_the_filters_are_cleared(serve: HostSandbox) -> None:
    sandbox = serve()
    for body in (LEAD, LEAD, {**LEAD, "region": "XX"}):
        sandbox.post(body)
    assert sandbox.http.delete("/_sandbox/requests?status=4xx&where=region=CA").json() == {"cleared": 1}
    assert [each["response"]["status"] for each in sandbox.get("/_sandbox/requests")["requests"]] == [
        400,
        201,
    ]
    assert sandbox.post().status_code == 409


@pytest.mark.parametrize("query", ["status=", "status=409&where=", "stauts=409", "status=foo", "limit=1"])
def test_a_filter_that_means_nothing_clears_nothing(serve: HostSandbox, query: str) -> None:
    sandbox = serve()
    sandbox.post()
    assert sandbox.http.delete(f"/_sandbox/requests?{query}").status_code == 400
    assert len(sandbox.get("/_sandbox/requests")["requests"]) == 1


def test_requests_that_keep_dropped_do_not_come_back_when_others_are_cleared(serve: HostSandbox) -> None:
    sandbox = serve("--keep", "3")
    for number in range(5):
        sandbox.post({"phoneNumber": f"509555{number:04d}", "region": "CA"})
    assert sandbox.http.delete("/_sandbox/requests?phone=5095550003").json() == {"cleared": 1}
    page = sandbox.get("/_sandbox/requests")
    assert ([each["phone"][-1] for each in page["requests"]], page["dropped"]) == (["4", "2"], 2)


def test_what_keep_dropped_is_said(serve: HostSandbox, snapshot: Snapshot) -> None:
    sandbox = serve("--keep", "3")
    for number in range(8):
        sandbox.post({"phoneNumber": f"509555{number:04d}", "region": "CA"})
    page = sandbox.get("/_sandbox/requests")
    assert [record["phone"][-1] for record in page["requests"]] == ["7", "6", "5"]
    assert page["dropped"] == 5
    gone = sandbox.http.get("/_sandbox/requests/r000000001")
    assert gone.status_code == 404
    snapshot("admin", gone.json()["detail"])


def test_the_configuration_in_force_is_shown_without_keys(serve: HostSandbox) -> None:
    sandbox = serve("--ruling", "region-case=accept", "--token", "let-me-in")
    headers = {"authorization": "Bearer let-me-in"}
    answer = sandbox.http.get("/_sandbox/config", headers=headers)
    rulings = {ruling["name"]: ruling["value"] for ruling in answer.json()["rulings"]}
    assert rulings["region-case"] == "accept"
    assert "let-me-in" not in answer.text
    assert answer.json()["campaigns"][0]["keys"][0] == "tes…key"


def test_the_openapi_document_is_served(sandbox: Sandboxed) -> None:
    assert sandbox.get("/_sandbox/openapi.json")["openapi"].startswith("3.1")


def test_a_person_finds_the_way_at_the_door(posted: Sandboxed) -> None:
    text = posted.http.get("/_sandbox/", headers={"accept": "text/plain"}).text
    assert posted.endpoint in text
    assert "409" in text


def test_requests_are_listed_while_others_arrive(sandbox: Sandboxed) -> None:
    """Reading happens in another thread; nothing of it is shared with the writer."""
    end = time.monotonic() + 1
    with httpx.Client(base_url=sandbox.url, trust_env=False) as reader:
        for number in range(10_000):
            if time.monotonic() > end:
                break
            sandbox.post({"phoneNumber": f"509556{number:04d}", "region": "CA"})
            page = reader.get(f"/_sandbox/requests?key={sandbox.api_key}&limit=5").json()
            assert page["requests"][0]["phone"] == f"+1509556{number:04d}"


def test_a_campaign_is_reset_alone(sandbox: Sandboxed) -> None:
    mine, other = (sandbox.http.post("/_sandbox/campaigns", json={}).json() for _ in range(2))
    for fresh in (mine, other):
        assert sandbox.post(key=fresh["apiKey"]).status_code == 201
        order = {"status": 503, "campaign": fresh["campaign"], "times": 9}
        assert sandbox.http.post("/_sandbox/force", json=order).status_code == 201
    path = f"/_sandbox/campaigns/{mine['campaign']}/reset"
    assert sandbox.http.post(path).status_code == 204
    assert sandbox.post(key=mine["apiKey"]).status_code == 201
    assert sandbox.post(key=other["apiKey"]).status_code == 503
    query = f"campaign={other['campaign']}"
    assert sandbox.http.delete(f"/_sandbox/force?{query}").json() == {"cleared": 1}
    assert sandbox.post(key=other["apiKey"]).status_code == 409
    assert sandbox.http.post("/_sandbox/campaigns/nobody/reset").status_code == 404


def test_a_deleted_campaign_leaves_no_forced_answer_behind(sandbox: Sandboxed) -> None:
    fresh = sandbox.http.post("/_sandbox/campaigns", json={}).json()
    sandbox.http.post("/_sandbox/force", json={"status": 503, "campaign": fresh["campaign"]})
    sandbox.http.delete(f"/_sandbox/campaigns/{fresh['campaign']}")
    assert fresh["campaign"] not in str(sandbox.get("/_sandbox/force"))


def test_scenarios_are_chosen_for_one_campaign_and_stay_chosen(serve: HostSandbox, tmp_path: Any) -> None:
    state = ("--state", str(tmp_path / "state"))
    sandbox = serve(*state)
    fresh = sandbox.http.post("/_sandbox/campaigns", json={}).json()
    path = f"/_sandbox/campaigns/{fresh['campaign']}/scenarios"
    assert sandbox.http.put(path, json={"active": ["duplicate"]}).json()["active"] == ["duplicate"]
    assert sandbox.http.put(path, json={"active": ["nothing-like-it"]}).status_code == 400
    assert sandbox.post(key=fresh["apiKey"]).status_code == 409
    assert sandbox.post().status_code == 201
    sandbox.stop()
    again = serve(*state)
    assert again.post(key=fresh["apiKey"]).status_code == 409
    assert again.http.put(path, json={"active": []}).status_code == 200
    assert again.post(key=fresh["apiKey"]).status_code == 201


def test_each_rule_says_how_many_answers_it_has_forced(serve: HostSandbox) -> None:
    sandbox = serve("--scenario", "flaky")

    def hits() -> Any:
        return next(s["hits"] for s in sandbox.get("/_sandbox/scenarios")["scenarios"] if s["active"])

    assert hits() == [0]
    assert [sandbox.post().status_code for _ in range(3)] == [503, 503, 201]
    assert hits() == [2]
    sandbox.http.post("/_sandbox/reset")
    assert hits() == [0]


def test_the_configuration_says_where_to_post_and_what_forces_an_answer(
    sandbox: Sandboxed, snapshot: Snapshot
) -> None:
    config = sandbox.get("/_sandbox/config")
    assert (config["endpoint"], config["apiKey"]) == (sandbox.endpoint, "test-key")
    assert sandbox.endpoint in config["curl"]
    assert config["curlNeeds"] is None
    numbers = {row["phoneNumber"]: row["does"] for row in config["magic"]["numbers"]}
    snapshot("admin", numbers["555-0142"])
    snapshot("admin", numbers["555-0163"])
    snapshot("admin", numbers["555-0171"])
    labels = {fault["value"]: fault["label"] for fault in config["choices"]["faults"]}
    assert numbers["555-0160"] == labels["hang"]
    assert {row["key"] for row in config["magic"]["keys"]} > {"test-401", "test-409", "test-slow"}


def test_the_key_to_paste_is_one_that_works(serve: HostSandbox, tmp_path: Any) -> None:
    file = tmp_path / "two.yaml"
    file.write_text("campaigns: {mine: {keys: [test-key, test-409]}}\n")
    sandbox = serve("--config", str(file))
    assert sandbox.get("/_sandbox/config")["apiKey"] == "test-key"
    sandbox.http.request("DELETE", "/_sandbox/keys", json={"key": "test-key"})
    config = sandbox.get("/_sandbox/config")
    assert config["apiKey"] == "test-409"
    assert "x-api-key: test-409" in config["curl"]


def test_a_key_that_is_a_secret_is_not_shown_in_the_line_to_paste(serve: HostSandbox, tmp_path: Any) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("campaigns: {mine: {keys: [a-real-secret-key]}}\n")
    config = serve("--config", str(file)).get("/_sandbox/config")
    assert (config["apiKey"], config["curlNeeds"]) == (None, "AKTIFY_API_KEY")
    assert "$AKTIFY_API_KEY" in config["curl"]
    assert "a-real-secret-key" not in str(config)


@pytest.mark.parametrize("order", [{"campaign": "nobody"}, {"key": "nobody-has-this"}], ids=str)
def test_an_order_that_no_request_can_get_is_refused(sandbox: Sandboxed, order: dict[str, str]) -> None:
    answer = sandbox.http.post("/_sandbox/force", json={"status": 503, **order})
    assert answer.status_code == 404, answer.text
    assert (
        "There is no campaign nobody. Choose from: demo" in answer.text
        or "is unknown, so its requests get 401" in answer.text
    )
    assert "nobody-has-this" not in answer.text


def test_an_unknown_key_gets_a_forced_answer_when_it_applies_to_any_request(serve: HostSandbox) -> None:
    sandbox = serve()
    order = {"status": 503, "key": "nobody-has-this", "applies": "any"}
    assert sandbox.http.post("/_sandbox/force", json=order).status_code == 201
    assert sandbox.post(key="nobody-has-this").status_code == 503
    assert sandbox.post().status_code == 201


CHANGES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "campaigns", {"name": "another", "scenarios": ["outage"]}),
    ("POST", "keys", {"name": "another"}),
    ("DELETE", "keys", {"key": "revocable"}),
    ("PUT", "campaigns/mine/scenarios", {"active": ["outage"]}),
    ("POST", "campaigns/mine/reset", {}),
    ("DELETE", "campaigns/mine", {}),
    ("DELETE", "leads?campaign=mine", {}),
    ("POST", "leads", {"leads": [{"phoneNumber": "2125550123", "region": "CA"}]}),
]


@pytest.mark.parametrize(
    ("where", "failure"),
    [
        ("aktify_sandbox.storage.log.os.write", OSError(errno.EIO, "Input/output error")),
        ("aktify_sandbox.storage.log.os.write", OSError(errno.ENOSPC, "No space left on device")),
        ("aktify_sandbox.storage.log.os.write", RuntimeError("a defect")),
        ("aktify_sandbox.scenarios.library.LoadedScenario.of", OSError(errno.EMFILE, "Too many open files")),
    ],
    ids=str,
)
def test_after_any_failure_memory_has_only_campaigns_keys_and_leads_that_are_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, failure: Exception
) -> None:
    def fail(*_: Any) -> None:
        raise failure

    @contextlib.asynccontextmanager
    async def opened() -> AsyncIterator[httpx.AsyncClient]:
        app = create_app(Settings(state=tmp_path / "state"))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport) as client:
            client.base_url = httpx.URL("http://localhost")
            yield client

    async def seen(sandbox: httpx.AsyncClient, keys: list[str]) -> list[Any]:
        lists = [(await sandbox.get(f"/_sandbox/{what}")).json() for what in ("campaigns", "keys", "leads")]
        asked = [{"body": {"phoneNumber": "5095551234", "region": "CA"}, "apiKey": key} for key in keys]
        answers = [await sandbox.post("/_sandbox/explain", json=each) for each in asked]
        return [*lists, *(answer.json()["status"] for answer in answers)]

    async def work() -> None:
        async with opened() as sandbox:
            made = await sandbox.post("/_sandbox/campaigns", json={"name": "mine"})
            added = await sandbox.post("/_sandbox/keys", json={"name": "revocable", "campaign": "mine"})
            keys = [answer.json()["apiKey"] for answer in (made, added)]
            kept = await sandbox.post("/api/v1/leads", json=LEAD, headers={"x-api-key": keys[0]})
            assert kept.status_code == 201
            before = await seen(sandbox, keys)
            for method, path, content in CHANGES:
                with monkeypatch.context() as patch:
                    patch.setattr(where, fail)
                    answer = await sandbox.request(method, f"/_sandbox/{path}", json=content)
                if answer.status_code < 300:  # it has no need of what fails
                    assert where.endswith("LoadedScenario.of")
                    before = await seen(sandbox, keys)
                assert await seen(sandbox, keys) == before, (method, path)
        async with opened() as again:
            assert await seen(again, keys) == before

    asyncio.run(work())


def test_a_campaigns_own_scenarios_take_the_place_of_those_for_all(serve: HostSandbox, tmp_path: Any) -> None:
    state = ("--state", str(tmp_path / "state"), "--scenario", "outage")
    sandbox = serve(*state)
    wishes: list[dict[str, Any]] = [{}, {"scenarios": []}, {"scenarios": ["duplicate"]}]
    keys = [sandbox.http.post("/_sandbox/campaigns", json=wish).json()["apiKey"] for wish in wishes]
    assert [sandbox.post(key=key).status_code for key in keys] == [503, 201, 409]
    assert sandbox.post(key=f"{keys[1]}.mine").status_code == 201
    sandbox.stop()
    again = serve(*state)
    assert [again.post(key=key).status_code for key in keys] == [503, 409, 409]


def test_a_campaign_may_have_bodies_of_another_shape(serve: HostSandbox, tmp_path: Any) -> None:
    state = ("--state", str(tmp_path / "state"), "--error-bodies", "empty", "--shuffle")
    wishes: list[dict[str, Any]] = [
        {"errorBodies": "text", "shuffle": False},
        {"errorBodies": "detailed", "shuffle": True},
        {},
    ]
    sandbox = serve(*state)
    keys = [sandbox.http.post("/_sandbox/campaigns", json=wish).json()["apiKey"] for wish in wishes]
    created = [sandbox.post(key=key).json() for key in keys]
    assert [len(lead) for lead in created] == [2, 3, 3]
    sandbox.stop()
    again = serve(*state)
    types = [again.post(key=key).headers.get("content-type", "none").partition(";")[0] for key in keys]
    assert types == ["text/plain", "application/json", "none"]


@pytest.mark.parametrize(
    "wish", [{"errorBodies": "json"}, {"errorBodies": 5}, {"shuffle": "yes"}, {"shuffle": 1}]
)
def test_a_shape_that_cannot_be_makes_no_campaign(
    sandbox: Sandboxed, wish: dict[str, Any], snapshot: Snapshot
) -> None:
    before = sandbox.get("/_sandbox/campaigns")
    answer = sandbox.http.post("/_sandbox/campaigns", json=wish)
    assert answer.status_code == 400
    snapshot("admin", answer.json()["detail"])
    assert sandbox.get("/_sandbox/campaigns") == before
