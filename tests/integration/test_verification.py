"""`POST /_sandbox/requests/verify`: one meaning for HTTP, command line and Python."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from aktify_sandbox.errors import DocumentError
from aktify_sandbox.matching.expectation import Verifier
from aktify_sandbox.matching.expectation_file import expectations_in, read_expectations
from aktify_sandbox.matching.recorded import RecordedRequest
from aktify_sandbox.matching.schema import expectations_schema
from support.running import LEAD, HostSandbox, Sandboxed
from support.snapshots import Snapshot, label

Content = dict[str, Any]


def verify(sandbox: Sandboxed, content: Content, status: int = 200) -> Any:
    answer = sandbox.http.post("/_sandbox/requests/verify", json=content)
    assert answer.status_code == status, answer.text
    return answer.json()


def in_campaign(sandbox: Sandboxed, **where: Any) -> Content:
    return {"campaign": f"demo.{sandbox.api_key.partition('.')[2]}", **where}


@pytest.fixture
def posted(sandbox: Sandboxed) -> Sandboxed:
    """201 for CA, 409 for the same number written otherwise, 400 for one without a region, its address halved."""
    sandbox.post({**LEAD, "metadata": {"source": "web"}}, headers={"X-Batch": "7"})
    sandbox.post({"phoneNumber": "+1 509 555 1234", "region": "CA"})
    sandbox.post({"phoneNumber": "(509) 555-9999", "email": "john@localhost"})
    return sandbox


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ({}, 3),
        ({"phone": "509.555.1234"}, 2),
        ({"phone": "555-1234"}, 2),
        ({"phone": {"in": ["5095551234", "5095559999"]}}, 3),
        ({"phoneNumber": "(509) 555-1234"}, 2),
        ({"phoneNumber": {"matches": r"^\("}}, 2),
        ({"status": 201}, 1),
        ({"status": "4xx"}, 2),
        ({"status": [201, 409]}, 2),
        ({"status": "none"}, 0),
        ({"region": "CA"}, 2),
        ({"region": {"missing": True}}, 1),
        ({"body": {"region": "CA", "phoneNumber": "5095551234"}}, 2),
        ({"body": {"metadata.source": "web"}}, 1),
        ({"metadata.source": {"present": True}}, 1),
        ({"header": {"x-batch": "7"}}, 1),
        ({"header": {"X-Batch": 7}}, 1),
        ({"method": "POST", "path": "/api/v1/leads"}, 3),
        ({"forced": "no"}, 3),
        ({"forced": True}, 0),
        ({"kept": "yes"}, 1),
        ({"kept": False}, 2),
        ({"ruling": {"present": True}}, 1),
        ({"ruling": "email"}, 1),
        ({"search": "already SUBMITTED"}, 1),
        ({"since": "10m"}, 3),
        ({"after": "r000000000"}, 3),
    ],
)
def test_each_word_says_which_requests_are_meant(posted: Sandboxed, where: Content, count: int) -> None:
    result = verify(posted, {"where": in_campaign(posted, **where), "count": count})
    assert result["results"][0]["matched"] == len(result["results"][0]["requests"]) == count
    wrong = verify(posted, {"where": in_campaign(posted, **where), "count": count + 1}, 422)
    assert wrong["results"][0]["matched"] == count


def test_a_name_may_hold_dots_itself(sandbox: Sandboxed) -> None:
    sandbox.post({**LEAD, "utm.source": "a", "metadata": {"utm.source": "b", "deep": {"x.y": "c"}}})
    for where in ({"body": {"utm.source": "a"}}, {"metadata.utm.source": "b"}, {"metadata.deep.x.y": "c"}):
        verify(sandbox, {"where": in_campaign(sandbox, **where), "count": 1})
    verify(sandbox, {"where": in_campaign(sandbox, **{"metadata.utm": {"present": True}}), "count": 0})


def test_all_that_were_meant_are_named(sandbox: Sandboxed) -> None:
    for number in range(120):
        sandbox.post({**LEAD, "phoneNumber": f"509555{number:04d}"})
    [result] = verify(sandbox, {"where": in_campaign(sandbox), "count": 120})["results"]
    assert len(result["requests"]) == 120


def test_a_key_is_known_by_itself_and_as_it_is_shown(posted: Sandboxed) -> None:
    shown = posted.get(f"/_sandbox/requests?key={posted.api_key}&limit=1")["requests"][0]["key"]
    for key in (posted.api_key, shown):
        verify(posted, {"where": {"key": key}, "count": 3})
    verify(posted, {"where": {"key": f"{posted.api_key}x"}, "count": 0})


@pytest.mark.parametrize(
    ("count", "holds"),
    [
        (2, True),
        (1, False),
        ({"exactly": 2}, True),
        ({"exactly": 3}, False),
        ({"atLeast": 2}, True),
        ({"atLeast": 3}, False),
        ({"atMost": 2}, True),
        ({"atMost": 1}, False),
        ({"atLeast": 1, "atMost": 2}, True),
        (None, True),
    ],
)
def test_how_many_are_expected(posted: Sandboxed, count: Any, holds: bool) -> None:
    content = {"where": in_campaign(posted, region="CA"), **({} if count is None else {"count": count})}
    verify(posted, content, 200 if holds else 422)


def test_a_failure_shows_the_nearest_misses_field_by_field(posted: Sandboxed, snapshot: Snapshot) -> None:
    where = in_campaign(posted, phone="5095551234", status=201, body={"region": "NV"})
    problem = verify(posted, {"name": "Nevada", "where": where, "count": 1}, 422)
    [result] = problem["results"]
    near = result["nearest"][0]
    assert (near["status"], len(result["nearest"])) == (201, 3)
    assert near["differences"] == [{"field": "body.region", "expected": "NV", "found": "CA"}]
    farther = {each["field"]: each["found"] for each in result["nearest"][1]["differences"]}
    assert farther == {"status": "409", "body.region": "CA"}
    snapshot("admin", problem["detail"])


def test_too_many_are_named(posted: Sandboxed) -> None:
    problem = verify(posted, {"where": in_campaign(posted), "count": {"atMost": 1}}, 422)
    ids = problem["results"][0]["requests"]
    assert all(each in problem["detail"] for each in ids)
    assert problem["results"][0]["nearest"] == []


def test_an_order_holds_whatever_comes_between(posted: Sandboxed, snapshot: Snapshot) -> None:
    first, second, third = (in_campaign(posted, status=status) for status in (201, 409, 400))
    verify(posted, {"order": [first, second, third]})
    verify(posted, {"order": [first, third]})
    problem = verify(posted, {"order": [second, first]}, 422)
    snapshot("admin", problem["detail"])
    assert problem["results"][0]["nearest"][0]["status"] == 400


def test_several_expectations_must_all_hold(posted: Sandboxed) -> None:
    good, bad = {"where": in_campaign(posted, status=201)}, {"where": in_campaign(posted, status=500)}
    assert verify(posted, {"expectations": [good, good]})["ok"] is True
    problem = verify(posted, {"expectations": [good, bad]}, 422)
    assert [result["ok"] for result in problem["results"]] == [True, False]


def test_a_client_that_has_its_answer_is_counted(sandbox: Sandboxed) -> None:
    for number in range(1, 101):
        sandbox.post()
        verify(sandbox, {"where": in_campaign(sandbox), "count": number})


def test_requests_that_are_still_to_come_can_be_waited_for(sandbox: Sandboxed) -> None:
    verify(sandbox, {"where": in_campaign(sandbox), "timeout": 0.1}, 422)
    answers: list[httpx.Response] = []

    def wait() -> None:
        content = {"where": in_campaign(sandbox, region="CA"), "count": {"atLeast": 2}, "timeout": 20}
        url = f"{sandbox.url}/_sandbox/requests/verify"
        answers.append(httpx.post(url, json=content, trust_env=False, timeout=30))

    waiting = threading.Thread(target=wait)
    waiting.start()
    sandbox.post()
    sandbox.post()
    waiting.join(20)
    assert [answer.status_code for answer in answers] == [200]


@pytest.mark.parametrize("forget", ["reset", "clear", "load"])
def test_requests_cleared_meanwhile_do_not_count(serve: HostSandbox, forget: str) -> None:
    sandbox = serve()
    state = sandbox.http.get("/_sandbox/state").content
    for number in range(3):
        sandbox.post({**LEAD, "phoneNumber": f"509555{number:04d}"})
    with ThreadPoolExecutor() as pool:
        content = {"where": {"region": "CA"}, "count": {"atLeast": 4}, "timeout": 30}
        verdict = pool.submit(sandbox.http.post, "/_sandbox/requests/verify", json=content, timeout=60)
        waited = pool.submit(sandbox.http.get, "/_sandbox/requests/wait?count=4&timeout=30", timeout=60)
        time.sleep(0.5)  # pause: so that both wait when the record is forgotten
        if forget == "load":
            media = {"content-type": "application/x-ndjson"}
            sandbox.http.put("/_sandbox/state", content=state, headers=media).raise_for_status()
        elif forget == "clear":
            sandbox.http.delete("/_sandbox/requests").raise_for_status()
        else:
            sandbox.http.post("/_sandbox/reset").raise_for_status()
        answers = [sandbox.post({**LEAD, "phoneNumber": f"509555999{number}"}) for number in range(4)]
    names = [answer.headers["x-aktify-sandbox-request"] for answer in answers]
    assert verdict.result().json()["results"][0]["requests"] == names
    assert [each["id"] for each in reversed(waited.result().json()["requests"])] == names


def test_dropped_requests_are_an_error_rather_than_zero(serve: HostSandbox) -> None:
    sandbox = serve("--keep", "3")
    for number in range(5):
        sandbox.post({"phoneNumber": f"509555{number:04d}", "region": "CA"})
        time.sleep(0.002)  # pause: so that each has a moment of its own
    assert "dropped" in verify(sandbox, {"where": {"phone": "5095550000"}, "count": 1}, 409)["detail"]
    assert "dropped" in verify(sandbox, {"where": {"phone": "5095550000"}, "count": 0}, 409)["detail"]
    assert "dropped" in verify(sandbox, {"order": [{"status": 201}, {"status": 409}]}, 409)["detail"]
    verify(sandbox, {"where": {"region": "CA"}, "count": {"atLeast": 3}})
    verify(sandbox, {"where": {"region": "CA"}, "count": {"atMost": 2}}, 422)
    newest = sandbox.get("/_sandbox/requests?limit=3")["requests"]
    verify(sandbox, {"where": {"after": newest[-1]["id"]}, "count": 2})
    verify(sandbox, {"where": {"since": newest[-2]["receivedAt"], "status": 409}, "count": 0})


def test_in_a_campaign_that_is_younger_than_what_was_dropped_everything_can_be_counted(
    serve: HostSandbox,
) -> None:
    sandbox = serve("--keep", "3")
    for number in range(5):
        sandbox.post({"phoneNumber": f"509555{number:04d}", "region": "CA"})
    fresh = sandbox.http.post("/_sandbox/campaigns", json={}).json()
    content = {"where": {"campaign": fresh["campaign"]}, "count": 2}
    for _ in range(2):
        sandbox.post(key=fresh["apiKey"])
    verify(sandbox, content)
    for _ in range(2):
        sandbox.post()
    assert "dropped" in verify(sandbox, content, 409)["detail"]


def test_a_body_that_is_not_recorded_is_never_taken_for_one_without_the_field(
    serve: HostSandbox, snapshot: Snapshot
) -> None:
    sandbox = serve("--max-body", "1000")
    sandbox.post({**LEAD, "firstName": f"{'x' * 2_000} the end"})
    problem = verify(sandbox, {"where": {"region": "CA"}, "count": 0}, 409)
    snapshot("admin", problem["detail"])
    verify(sandbox, {"where": {"region": "CA", "status": 201}, "count": 0})
    verify(sandbox, {"where": {"status": 413}, "count": 1})
    verify(sandbox, {"where": {"search": "the end"}, "count": 0}, 409)
    verify(sandbox, {"where": {"search": "larger than"}, "count": 1})


@pytest.mark.parametrize(
    "content",
    [
        None,
        {},
        {"name": "x"},
        {"wher": {}},
        {"phone": "5095551234"},
        {"metadata.source": "web", "count": 1},
        {"where": {"regoin": "CA"}},
        {"where": {"status": 999}},
        {"where": {"status": "abc"}},
        {"where": {"status": {"matches": "4.."}}},
        {"where": {"ruling": "region-cas"}},
        {"where": {"phone": "509 555 123"}},
        {"where": {"phone": {"in": ["5095551234", "12"]}}},
        {"where": {"header": {"X-Api-Key": "test-key"}}},
        {"where": {"region": {"matches": "(?=x)"}}},
        {"where": {"region": {"equals": "CA"}}},
        {"where": {"since": "yesterday"}},
        {"where": {"after": "7"}},
        {"count": -1},
        {"count": {"exactly": 1, "atMost": 2}},
        {"count": {"atLeast": 3, "atMost": 2}},
        {"order": [{"status": 201}]},
        {"order": [{}, {}], "count": 2},
        {"order": [{"campaign": "a"}, {"campaign": "b"}]},
        {"where": {}, "timeout": "5"},
        {"expectations": []},
    ],
)
def test_a_mistake_in_an_expectation_is_a_400_in_words(
    sandbox: Sandboxed, content: Any, snapshot: Snapshot
) -> None:
    answer = sandbox.http.post("/_sandbox/requests/verify", json=content)
    assert answer.status_code == 400, answer.text
    snapshot("admin", answer.json()["detail"])


def test_a_file_of_expectations_is_read_and_its_mistakes_have_places(
    tmp_path: Any, snapshot: Snapshot
) -> None:
    path = tmp_path / "expect.yaml"
    path.write_text("expectations:\n  - where: {status: 201, zipCode: 02139}\n    count: 1\n")
    assert read_expectations(path) == [{"where": {"status": 201, "zipCode": "02139"}, "count": 1}]
    file = tmp_path / "expect.json"
    file.write_text('{"expectations": [{"where": {"status": [201, "4xx"]}}]}')
    assert read_expectations(file) == [{"where": {"status": [201, "4xx"]}}]
    path.write_text("expectations:\n  - where: {statsu: 201}\n    count: one\n")
    with pytest.raises(DocumentError) as mistakes:
        read_expectations(path)
    snapshot("admin", str(mistakes.value))
    assert "expect.yaml:3:" in str(mistakes.value)


def test_what_stands_inside_the_metadata_may_be_nested_or_dotted(
    sandbox: Sandboxed, tmp_path: Path, snapshot: Snapshot
) -> None:
    inside = {"source": "web", "count": 3, "utm": {"medium": "cpc", "in": "x"}}
    sandbox.post({**LEAD, "metadata": inside})
    nested: list[Content] = [
        {"metadata": inside},
        {"body": {"metadata": {"count": 3, "source": {"matches": "^w"}}}},
        {"metadata": {"utm": {"medium": {"in": ["a", "cpc"]}}}},
        {"metadata": {"utm.medium": "cpc", "source": {"in": ["web", "app"]}}},
        {"metadata": {"present": True}},
    ]
    for where in nested:
        verify(sandbox, {"where": in_campaign(sandbox, **where), "count": 1})
    verify(sandbox, {"where": {"metadata": {"utm": {"medium": "other"}}}, "count": 0})
    step = in_campaign(sandbox, metadata={"source": "web"})
    verify(sandbox, {"order": [step, step]}, 422)
    path = tmp_path / "expect.yaml"
    path.write_text("expectations:\n  - where:\n      metadata: {source: web, utm: {medium: cpc}}\n")
    assert read_expectations(path) == [{"where": {"metadata.source": "web", "metadata.utm.medium": "cpc"}}]
    path.write_text("expectations:\n  - where:\n      metadata.a: x\n      metadata: {a: y}\n")
    with pytest.raises(DocumentError) as caught:
        read_expectations(path)
    snapshot("admin", str(caught.value))
    for_editors = {"metadata": {"a": {"b": "c"}}, "body": {"metadata": {"a": "b"}}}
    assert Draft202012Validator(expectations_schema()).is_valid({"expectations": [{"where": for_editors}]})


def test_a_mistake_is_said_under_its_name(sandbox: Sandboxed, snapshot: Snapshot) -> None:
    for content in (
        {"where": {"status": 999}},
        {"order": [{}, {"metadata": {"a": {"matches": "(?=x)"}}}]},
        {"expectations": [{}, {"count": -1}]},
    ):
        answer = sandbox.http.post("/_sandbox/requests/verify", json=content)
        assert answer.status_code == 400, answer.json()["detail"]
        snapshot("admin", answer.json()["detail"], label(content))


def test_of_too_few_those_found_are_named_and_then_those_of_the_same_lead(
    sandbox: Sandboxed, snapshot: Snapshot
) -> None:
    sandbox.post({**LEAD, "region": "NV", "firstName": "Ada"})
    for number in range(5):
        sandbox.post({"phoneNumber": f"509555777{number}", "region": "CA", "firstName": "Bob"})
    own_phone = in_campaign(sandbox, phone=LEAD["phoneNumber"])
    [result] = verify(sandbox, {"where": {**own_phone, "region": "CA", "firstName": "Bob"}}, 422)["results"]
    own = sandbox.http.get("/_sandbox/requests", params=own_phone).json()["requests"]
    assert result["nearest"][0]["id"] == own[0]["id"]  # two differences, but the lead that was asked for
    problem = verify(sandbox, {"where": own_phone, "count": 2, "timeout": 0.1}, 422)
    snapshot("admin", problem["detail"])


def record(status: int, *, whole: bool = True) -> dict[str, Any]:
    return {
        "id": "r000000001",
        "receivedAt": "2026-11-24T00:00:00.000Z",
        "response": {"status": status},
        "reason": {"rule": "", "scenario": None, "ruling": None},
        "problems": [],
        "phone": None,
        "body": '{"region": "CA"}',
        **({} if whole else {"truncated": True}),
    }


@given(
    st.lists(st.tuples(st.sampled_from([201, 409]), st.booleans()), max_size=8),
    st.integers(0, 8),
    st.integers(0, 8),
)
def test_a_verdict_is_given_only_when_nothing_unseen_could_change_it(
    requests: list[tuple[int, bool]], least: int, most: int
) -> None:
    least, most = sorted((least, most))
    content = {"where": {"status": "409", "region": "CA"}, "count": {"atLeast": least, "atMost": most}}
    [expectation] = expectations_in(content)
    verifier = Verifier(expectation)
    for status, whole in requests:
        verifier.add(RecordedRequest(record(status, whole=whole)))
    sure = sum(status == 409 and whole for status, whole in requests)
    unsure = sum(status == 409 and not whole for status, whole in requests)
    verdicts = {least <= number <= most for number in range(sure, sure + unsure + 1)}
    result = verifier.result(lost=0)
    assert result.ok == (verdicts.pop() if len(verdicts) == 1 else None)


def test_nothing_is_verified_in_a_campaign_that_is_not_there(sandbox: Sandboxed, snapshot: Snapshot) -> None:
    fresh = sandbox.http.post("/_sandbox/campaigns", json={}).json()
    typo = {"where": {"campaign": f"{fresh['campaign']}x"}, "count": 0}
    snapshot("admin", verify(sandbox, typo, 404)["detail"])
    verify(sandbox, {"where": {"campaign": fresh["campaign"]}, "count": 0})
    sandbox.post(key=fresh["apiKey"])
    sandbox.http.delete(f"/_sandbox/campaigns/{fresh['campaign']}")
    verify(sandbox, {"where": {"campaign": fresh["campaign"]}, "count": 1})
