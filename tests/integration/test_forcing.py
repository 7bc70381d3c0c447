"""Every way to force an answer, through a real socket, with the state looked at afterwards."""

import contextlib
import json
import os
import socket
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.conditions import eventually
from support.forced import force, is_kept, magic
from support.running import LEAD, HostSandbox, Sandboxed
from support.snapshots import Snapshot
from support.waited import assert_waited

_areas = iter(
    f"{first}{second}{third}" for first in range(2, 10) for second in (0, 2, 3) for third in range(2, 10)
)


@pytest.fixture
def area() -> str:
    """An area code of the test's own."""
    return next(_areas)


# the magic numbers


@pytest.mark.parametrize("ending", [0, 1, 39, 80, 89, 99])
def test_ordinary_fictional_numbers_are_201_and_then_409(sandbox: Sandboxed, area: str, ending: int) -> None:
    assert [magic(sandbox, area, ending).status_code for _ in range(2)] == [201, 409]


@pytest.mark.parametrize(
    ("ending", "status", "headers"),
    [
        (40, 400, {}),
        (41, 401, {}),
        (49, 409, {}),
        (42, 429, {"retry-after": "1"}),
        (50, 500, {}),
        (52, 502, {"content-type": "text/html"}),
        (53, 503, {"retry-after": "1"}),
        (54, 504, {}),
    ],
)
def test_a_number_that_always_fails_never_keeps_its_lead(
    sandbox: Sandboxed, area: str, ending: int, status: int, headers: dict[str, str]
) -> None:
    for _ in range(3):
        answer = magic(sandbox, area, ending)
        assert answer.status_code == status
        assert {name: answer.headers[name] for name in headers} == headers
        assert answer.headers["x-aktify-sandbox-forced"] == f"number 555-01{ending}"
        assert sandbox.record_of(answer)["reason"]["scenario"] == f"number 555-01{ending}"
    assert not is_kept(sandbox, f"{area}55501{ending}")


def test_the_proxy_s_502_has_its_html_body(sandbox: Sandboxed, area: str) -> None:
    assert "<h1>502 Bad Gateway</h1>" in magic(sandbox, area, 52).text


def test_60_never_answers_and_keeps_nothing(sandbox: Sandboxed, area: str) -> None:
    for _ in range(2):
        with pytest.raises(httpx.ReadTimeout):
            magic(sandbox, area, 60, timeout=0.3)
    assert not is_kept(sandbox, f"{area}5550160")


def test_61_keeps_the_lead_and_never_answers_and_every_retry_is_a_409(sandbox: Sandboxed, area: str) -> None:
    with pytest.raises(httpx.ReadTimeout):
        magic(sandbox, area, 61, timeout=0.3)
    eventually(lambda: is_kept(sandbox, f"{area}5550161"))
    assert [magic(sandbox, area, 61).status_code for _ in range(2)] == [409, 409]


def test_62_resets_the_connection_always_and_keeps_nothing(sandbox: Sandboxed, area: str) -> None:
    for _ in range(2):
        with pytest.raises(httpx.ReadError):
            magic(sandbox, area, 62)
    assert not is_kept(sandbox, f"{area}5550162")


def test_63_keeps_the_lead_and_resets_the_connection_then_409(sandbox: Sandboxed, area: str) -> None:
    with pytest.raises(httpx.ReadError):
        magic(sandbox, area, 63)
    assert is_kept(sandbox, f"{area}5550163")
    assert magic(sandbox, area, 63).status_code == 409


def test_64_is_ordinary_five_seconds_late(sandbox: Sandboxed, area: str) -> None:
    answer = magic(sandbox, area, 64)
    assert (answer.status_code, answer.json()["region"]) == (201, "CA")
    assert sandbox.record_of(answer)["delayMs"] == 5_000
    assert answer.elapsed.total_seconds() >= 5


def test_65_is_cut_off_66_is_empty_and_both_are_kept(sandbox: Sandboxed, area: str) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        magic(sandbox, area, 65)
    empty = magic(sandbox, area, 66)
    assert (empty.status_code, empty.content) == (201, b"")
    for ending in (65, 66):
        assert is_kept(sandbox, f"{area}55501{ending}")
        assert magic(sandbox, area, ending).status_code == 409


def test_67_comes_in_pieces_and_is_whole(sandbox: Sandboxed, area: str) -> None:
    answer = magic(sandbox, area, 67)
    assert (answer.status_code, answer.headers["transfer-encoding"]) == (201, "chunked")
    assert answer.json()["phoneNumber"] == f"({area}) 555-0167"
    assert is_kept(sandbox, f"{area}5550167")


@pytest.mark.parametrize(
    ("ending", "statuses"),
    [(70, [500, 201, 409]), (71, [503, 503, 201, 409]), (72, [429, 201, 409])],
)
def test_numbers_that_fail_at_first(sandbox: Sandboxed, area: str, ending: int, statuses: list[int]) -> None:
    assert [magic(sandbox, area, ending).status_code for _ in statuses] == statuses
    assert magic(sandbox, next(_areas), ending).status_code == statuses[0]  # each lead counts for itself


@pytest.mark.parametrize("ending", [40, 41, 49, 50, 60, 62, 65, 66, 70])
def test_a_wrong_body_keeps_its_true_400_and_a_wrong_key_its_401(
    sandbox: Sandboxed, area: str, ending: int
) -> None:
    lead = {"phoneNumber": f"({area}) 555-01{ending}", "region": "ca"}
    refused = sandbox.post(lead)
    assert refused.status_code == 400
    assert refused.json()["problems"][0]["ruling"] == "region-case"
    assert sandbox.post(lead, key="unknown").status_code == 401


def test_without_magic_the_numbers_are_ordinary_and_the_documented_one_always_is(serve: HostSandbox) -> None:
    sandbox = serve("--no-magic")
    assert [magic(sandbox, "212", ending).status_code for ending in (40, 41, 49, 50, 60)] == [201] * 5
    assert sandbox.post().status_code == 201


# the ways to force an answer


@pytest.mark.parametrize(
    "prefer", ["code=503", 'code="503"', "respond-async, code=503", "wait=1; code=503", "Code = 503"]
)
def test_a_client_can_prefer_a_status(sandbox: Sandboxed, prefer: str) -> None:
    answer = sandbox.post(headers={"Prefer": prefer})
    assert (answer.status_code, answer.headers["preference-applied"]) == (503, "code=503")
    assert sandbox.post().status_code == 201


@pytest.mark.parametrize(
    "prefer", ["code=abc", "code=99", "code=700", "code=4090", "status=409", "", "code=201"]
)
def test_a_preference_that_says_nothing_here_is_ignored(sandbox: Sandboxed, prefer: str) -> None:
    assert sandbox.post(headers={"Prefer": prefer}).status_code == 201


def fields_of_notes(sandbox: Sandboxed, answer: httpx.Response) -> list[str]:
    return [note["field"] for note in sandbox.record_of(answer)["notes"]]


@pytest.mark.parametrize(
    "prefer", ["code=999", "code=abc", "code=", "code", "Code = 99", "wait=5, code=4090", "503"]
)
def test_a_preference_that_forces_nothing_is_noted(sandbox: Sandboxed, prefer: str) -> None:
    answer = sandbox.post(headers={"Prefer": prefer})
    assert (answer.status_code, fields_of_notes(sandbox, answer)) == (201, ["Prefer"])


def test_a_preference_that_comes_too_late_is_noted(sandbox: Sandboxed) -> None:
    """An invalid request gets its own answer, and a scenario goes first."""
    invalid = sandbox.post({}, headers={"Prefer": "code=503"})
    assert (invalid.status_code, fields_of_notes(sandbox, invalid)) == (400, ["Prefer"])
    unknown = sandbox.post(key="unknown", headers={"Prefer": "code=503"})
    assert (unknown.status_code, fields_of_notes(sandbox, unknown)) == (401, ["Prefer"])


@pytest.mark.parametrize("prefer", ["code=503", "code=201", "respond-async", "wait=100", "return=minimal"])
def test_a_preference_that_is_obeyed_or_not_for_us_is_not_noted(sandbox: Sandboxed, prefer: str) -> None:
    assert fields_of_notes(sandbox, sandbox.post(headers={"Prefer": prefer})) == []


def test_the_built_in_keys(sandbox: Sandboxed) -> None:
    forced = {key: int(key[5:]) for key in ("test-400", "test-409", "test-429", "test-500")}
    answers = {key: sandbox.post(key=key) for key in forced}
    assert {key: answer.status_code for key, answer in answers.items()} == forced
    marks = {key: answer.headers["x-aktify-sandbox-forced"] for key, answer in answers.items()}
    assert marks == {key: f"key {key}" for key in forced}
    assert sandbox.post(key="test-401").status_code == 401
    assert sandbox.post(key="test-409.mine").status_code == 409
    with pytest.raises(httpx.ReadTimeout):
        sandbox.post({**LEAD, "phoneNumber": "3125552000"}, key="test-slow", timeout=0.3)


@pytest.fixture
def configured(serve: HostSandbox, tmp_path: Path) -> Sandboxed:
    """Keys with answers, and campaigns with scenarios, of the configuration."""
    (tmp_path / "mine.yaml").write_text("rules: [{when: {region: NV}, answer: 502}]")
    (tmp_path / "own.yaml").write_text(
        """
        scenarios: [outage]
        campaigns:
          demo:
            scenarios: [flaky, ./mine.yaml]
            keys:
              - {key: an-own-key-409, answer: 409}
              - {key: teapot, name: ny, answer: 418}
              - test-key
              - {key: teapot.calm, name: calm, answer: 201}
          others: {keys: [another-key]}
          calm: {keys: [calm-key], scenarios: []}
        """
    )
    return serve("--in-memory", "--config", str(tmp_path / "own.yaml"))


def test_a_key_of_the_configuration_carries_an_answer(configured: Sandboxed) -> None:
    """Its namespaces do too; a wrong body keeps its true 400, and the mark doesn't show the key."""
    wanted = {
        "an-own-key-409": (409, "key an-...409"),
        "teapot": (418, "key ny"),
        "teapot.mine": (418, "key ny"),
        "test-400": (400, "key test-400"),
    }
    answers = {key: configured.post(key=key) for key in wanted}
    assert {
        key: (answer.status_code, answer.headers["x-aktify-sandbox-forced"])
        for key, answer in answers.items()
    } == wanted
    reasons = [each["reason"]["rule"] for each in configured.get("/_sandbox/requests")["requests"]]
    assert any(reason.startswith("Forced by key an-…409:") for reason in reasons)
    assert configured.post({}, key="teapot").status_code == 400
    record = configured.record_of(answers["teapot"])
    assert (record["reason"]["scenario"], record["campaign"]) == ("key ny", "demo")


def test_an_answer_201_is_the_ordinary_one(configured: Sandboxed) -> None:
    """As every forced 201: scenarios don't come to their turn."""
    statuses = [configured.post(key="teapot.calm").status_code for _ in range(4)]
    assert statuses == [201, 409, 409, 409]


def test_the_first_key_is_one_that_forces_nothing(configured: Sandboxed) -> None:
    assert configured.api_key == "test-key"
    assert configured.get("/_sandbox/config")["apiKey"] == "test-key"


def test_the_list_of_keys_says_what_each_forces(configured: Sandboxed) -> None:
    answers = {row["key"]: row["answer"] for row in configured.get("/_sandbox/keys")["keys"]}
    assert answers == {
        "an-…409": "409",
        "ny": "418",
        "tes…key": "normal answer",
        "calm": "201",
        "ano…key": "normal answer",
        "cal…key": "normal answer",
        "test-400": "400",
        "test-401": "401",
        "test-409": "409",
        "test-429": "429, Retry-After: 1",
        "test-500": "500",
        "test-slow": "normal answer, 5s late",
    }


def test_a_key_goes_before_a_number_and_behind_force(configured: Sandboxed) -> None:
    lead = {"phoneNumber": "(212) 555-0142", "region": "CA"}
    assert configured.post(lead, key="teapot").status_code == 418
    configured.http.post("/_sandbox/force", json={"status": 500, "key": "teapot"})
    assert configured.post(lead, key="teapot").status_code == 500
    assert configured.post(lead, key="teapot", headers={"Prefer": "code=502"}).status_code == 502


def test_a_key_that_is_revoked_at_run_time_forces_nothing_more(configured: Sandboxed) -> None:
    assert configured.http.request("DELETE", "/_sandbox/keys", json={"key": "ny"}).status_code == 200
    answer = configured.post(key="teapot")
    assert (answer.status_code, "x-aktify-sandbox-forced" in answer.headers) == (401, False)


def test_a_campaign_of_the_configuration_has_scenarios_of_its_own(configured: Sandboxed) -> None:
    """They are in force in it alone, in place of those for all; a path starts where the file lies."""

    def forced(key: str, region: str = "CA") -> Any:
        lead = {"phoneNumber": "(212) 555-2001", "region": region}
        return configured.post(lead, key=key).headers.get("x-aktify-sandbox-forced")

    assert [forced("test-key") for _ in range(2)] == ["scenario flaky, rule 1"] * 2
    assert forced("test-key", "NV") == "scenario mine, rule 1"
    assert forced("another-key") == "scenario outage, rule 1"
    assert forced("calm-key") is None
    listed = {row["campaign"]: row["scenarios"] for row in configured.get("/_sandbox/campaigns")["campaigns"]}
    assert listed == {"demo": ["flaky", "mine"], "others": None, "calm": []}


def test_a_scenario_that_a_campaign_had_as_a_path_keeps_its_name_in_it(configured: Sandboxed) -> None:
    path = "/_sandbox/campaigns/{}/scenarios"
    assert configured.http.put(path.format("demo"), json={"active": ["mine"]}).status_code == 200
    assert configured.post({"phoneNumber": "2125552002", "region": "NV"}).status_code == 502
    assert configured.http.put(path.format("calm"), json={"active": ["mine"]}).status_code == 400
    assert configured.http.post("/_sandbox/reset").status_code == 204
    assert configured.post({"phoneNumber": "2125552002", "region": "NV"}).status_code == 502


def test_force_is_for_the_next_answers_and_for_whom_it_says(sandbox: Sandboxed) -> None:
    order = force(
        sandbox, status=503, times=2, headers={"Retry-After": "3"}, body={"a": [1, True, None, "x"]}
    )
    assert (order["times"], order["left"]) == (2, 2)
    first = sandbox.post()
    assert (first.status_code, first.headers["retry-after"]) == (503, "3")
    assert first.json() == {"a": [1, True, None, "x"]}
    assert sandbox.post(key=f"{sandbox.api_key}.other").status_code == 503  # a namespace of the key
    assert sandbox.post().status_code == 201
    force(sandbox, status=500, phone="212.555.2005")
    assert sandbox.post({**LEAD, "phoneNumber": "2125552006"}).status_code == 201
    assert sandbox.post({**LEAD, "phoneNumber": "+1 (212) 555-2005"}).status_code == 500


def test_a_forced_answer_waits_for_a_request_that_would_get_201_or_409_unless_told(
    sandbox: Sandboxed,
) -> None:
    force(sandbox, status=500)
    assert sandbox.post({"region": "CA"}).status_code == 400
    assert sandbox.post().status_code == 500
    force(sandbox, status=500, applies="any")
    assert sandbox.post({"region": "CA"}).status_code == 500


def test_force_can_keep_the_lead_and_break_the_connection(sandbox: Sandboxed) -> None:
    force(sandbox, fault="reset", lead="kept")
    with pytest.raises(httpx.ReadError):
        sandbox.post()
    assert sandbox.post().status_code == 409


def test_reset_and_delete_forget_forced_answers(serve: HostSandbox) -> None:
    sandbox = serve()
    for forget in ("reset", "delete"):
        force(sandbox, status=500)
        assert len(sandbox.get("/_sandbox/force")["forced"]) == 1
        if forget == "reset":
            sandbox.http.post("/_sandbox/reset")
        else:
            assert sandbox.http.delete("/_sandbox/force").json() == {"cleared": 1}
        assert sandbox.get("/_sandbox/force") == {"forced": []}


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"status": 201},
        {"status": 99},
        {"status": "503"},
        {"status": 503, "tims": 2},
        {"status": 503, "times": 0},
        {"fault": "hang", "status": 503},
        {"fault": "hnag"},
        {"fault": "timeout"},
        {"status": 503, "phone": "12"},
        {"status": 503, "delay": "5"},
        {"status": 503, "delay": "301s"},
        {"status": 503, "headers": {"X": "a\r\nb"}},
        {"status": 503, "headers": {"Content-Length": "1"}},
        {"status": 503, "body": {"file": "/etc/passwd"}},
        [],
        "503",
    ],
)
def test_an_order_that_can_not_be_is_a_400_in_words(
    sandbox: Sandboxed, order: Any, snapshot: Snapshot
) -> None:
    answer = sandbox.http.post("/_sandbox/force", json=order)
    assert answer.status_code == 400
    snapshot("admin", answer.json()["detail"])


def test_forced_answers_have_a_precedence(serve: HostSandbox, tmp_path: Path) -> None:
    """Scenario rules for any request > header > force > key > number > other scenario rules > the natural answer."""
    (tmp_path / "any.yaml").write_text(
        "rules: [{when: {header: {X-Any: {present: true}}, applies: any}, answer: 500}]"
    )
    (tmp_path / "usual.yaml").write_text("rules: [{answer: 504}]")
    sandbox = serve("--scenario", str(tmp_path / "any.yaml"), "--scenario", str(tmp_path / "usual.yaml"))
    lead = {"phoneNumber": "(212) 555-0142", "region": "CA"}

    def post(lead: dict[str, str], key: str = "test-key", **headers: str) -> int:
        return sandbox.post(lead, key=key, headers=headers).status_code

    sandbox.http.post("/_sandbox/force", json={"status": 418, "times": 2})
    assert post(lead, "test-409", **{"X-Any": "1", "Prefer": "code=502"}) == 500
    assert post(lead, "test-409", Prefer="code=502") == 502
    assert [post(lead, "test-409") for _ in range(3)] == [418, 418, 409]
    assert post(lead) == 429
    assert post(LEAD) == 504
    sandbox.http.put("/_sandbox/scenarios/active", json={"active": []})
    assert post(LEAD) == 201


# faults, as clients see them


def hung_up_after(sandbox: Sandboxed, last: str) -> list[Any]:
    """The requests behind that one, once it is recorded that a client of them hung up."""
    path = f"/_sandbox/requests?key={sandbox.api_key}&after={last}"
    eventually(lambda: "hungUpAfterMs" in sandbox.http.get(path).text)
    found: list[Any] = sandbox.get(path)["requests"]
    return found


def test_when_the_client_hangs_up_first_the_record_says_after_how_long(
    sandbox: Sandboxed, snapshot: Snapshot
) -> None:
    last = "r0"
    for order in ({"fault": "hang"}, {"delay": "30s"}, {"status": 503, "delay": "30s"}):
        force(sandbox, **order)
        began = datetime.now(UTC)
        with pytest.raises(httpx.ReadTimeout):
            sandbox.post(timeout=0.4)
        [record] = hung_up_after(sandbox, last)
        assert_waited(record, began, 0.4)
        last = record["id"]
        text = sandbox.http.get(f"/_sandbox/requests/{record['id']}", headers={"accept": "text/plain"}).text
        snapshot("admin", text)


# scenario files while the sandbox runs


def test_scenarios_are_chosen_at_run_time_in_order(serve: HostSandbox) -> None:
    sandbox = serve()
    listed = {each["name"]: each for each in sandbox.get("/_sandbox/scenarios")["scenarios"]}
    assert {"name", "description", "active", "rules"} <= set(listed["flaky"])
    assert not any(each["active"] for each in listed.values())
    used = sandbox.http.put("/_sandbox/scenarios/active", json={"active": ["html-error-page", "flaky"]})
    assert used.json() == {"active": ["html-error-page", "flaky"]}
    assert [sandbox.post().status_code for _ in range(4)] == [502, 503, 201, 409]
    assert sandbox.http.put("/_sandbox/scenarios/active", json={"active": []}).json() == {"active": []}


@pytest.mark.parametrize(
    "content",
    [
        {"active": ["flakey"]},
        {"active": ["../../etc/passwd"]},
        {"active": ["/etc/passwd"]},
        {"active": ["built-in/keys"]},
        {"active": "flaky"},
        {},
    ],
)
def test_a_scenario_that_is_not_there_changes_nothing(
    sandbox: Sandboxed, content: Any, snapshot: Snapshot
) -> None:
    answer = sandbox.http.put("/_sandbox/scenarios/active", json=content)
    assert answer.status_code == 400
    snapshot("admin", answer.json()["detail"])


def test_a_campaign_can_have_scenarios_of_its_own(
    serve: HostSandbox, tmp_path: Path, snapshot: Snapshot
) -> None:
    state = str(tmp_path / "state")
    sandbox = serve("--state", state)
    fresh = sandbox.http.post("/_sandbox/campaigns", json={"scenarios": ["flaky"]}).json()
    assert [sandbox.post(key=fresh["apiKey"]).status_code for _ in range(3)] == [503, 503, 201]
    assert sandbox.post().status_code == 201
    unknown = sandbox.http.post("/_sandbox/campaigns", json={"scenarios": ["flakey"]})
    assert unknown.status_code == 400
    snapshot("admin", unknown.json()["detail"])
    sandbox.stop()
    again = serve("--state", state)
    lead = {**LEAD, "phoneNumber": "2125552000"}
    assert [again.post(lead, key=fresh["apiKey"]).status_code for _ in range(3)] == [503, 503, 201]


def test_campaigns_with_the_same_scenario_count_for_themselves(serve: HostSandbox) -> None:
    sandbox = serve()
    one, two = (
        sandbox.http.post("/_sandbox/campaigns", json={"scenarios": ["flaky"]}).json() for _ in range(2)
    )
    assert [sandbox.post(key=each["apiKey"]).status_code for each in (one, one, two)] == [503, 503, 503]
    assert sandbox.http.delete(f"/_sandbox/campaigns/{two['campaign']}").status_code == 204
    sandbox.http.post("/_sandbox/campaigns", json={"scenarios": ["flaky"]})
    assert sandbox.post(key=one["apiKey"]).status_code == 201


def test_the_environment_and_the_configuration_file_name_scenarios(
    serve: HostSandbox, tmp_path: Path
) -> None:
    assert serve(AKTIFY_SANDBOX_SCENARIO="outage,flaky").post({}).status_code == 503
    folder = tmp_path / "configured"
    folder.mkdir()
    (folder / "mine.yaml").write_text("rules: [{answer: 418}]")
    (folder / "aktify-sandbox.yaml").write_text("scenarios: [mine.yaml, flaky]\n")
    assert serve(folder=folder).post().status_code == 418


def test_explain_knows_of_forced_answers_and_uses_none_up(sandbox: Sandboxed) -> None:
    force(sandbox, status=503)
    for _ in range(2):
        told = sandbox.http.post("/_sandbox/explain", json={"body": LEAD, "apiKey": sandbox.api_key}).json()
        assert (told["status"], told["reason"]["objection"]) == (503, "forced")
    assert sandbox.post().status_code == 503


# what reviewers of clients tried


def test_any_character_may_stand_in_a_forced_body(sandbox: Sandboxed) -> None:
    for body in ({"message": "hi 😀 é"}, "hi 😀 é", [1e22, 12345678901234567, 1e-7, None, True]):
        force(sandbox, status=503, body=body)
        answer = sandbox.post()
        assert (answer.text if isinstance(body, str) else answer.json()) == body
    refused = sandbox.http.post("/_sandbox/force", content=b'{"status": 503, "body": "\\ud800"}',
                                headers={"content-type": "application/json"})  # fmt: skip
    assert refused.status_code == 400


def test_a_header_s_name_can_not_smuggle_a_line_break(sandbox: Sandboxed) -> None:
    for headers in ({"X-A\n": "b"}, {"X-A": "b\n"}, {"Date": "now"}):
        assert (
            sandbox.http.post("/_sandbox/force", json={"status": 503, "headers": headers}).status_code == 400
        )


def test_two_prefer_headers_mean_what_one_with_a_comma_means(sandbox: Sandboxed) -> None:
    headers = [("Prefer", "respond-async"), ("Prefer", "code=503"), ("x-api-key", sandbox.api_key)]
    assert sandbox.http.post("/api/v1/leads", json=LEAD, headers=headers).status_code == 503


def test_a_lead_that_is_kept_already_gets_its_natural_409_from_no_other_rule(serve: HostSandbox) -> None:
    sandbox = serve("--scenario", "lost-response", "--scenario", "flaky")
    with pytest.raises(httpx.ReadError):
        sandbox.post()
    assert sandbox.post().status_code == 409
    with pytest.raises(httpx.ReadError):
        magic(sandbox, "212", 63)
    assert magic(sandbox, "212", 63).status_code == 409


def test_shuffle_leaves_every_other_door_open(serve: HostSandbox) -> None:
    sandbox = serve("--scenario", "shuffle")
    force(sandbox, status=503)
    assert sandbox.post().status_code == 503
    assert magic(sandbox, "212", 49).status_code == 409
    assert sandbox.post(headers={"Prefer": "code=418"}).status_code == 418
    assert sandbox.post().headers["x-aktify-sandbox-forced"] == "scenario shuffle, rule 1"


def test_no_key_is_shown_with_a_scenario_s_rules(serve: HostSandbox, tmp_path: Path) -> None:
    secret = "my-very-secret-key-77"
    file = tmp_path / "mine.yaml"
    conditions = (f"key: {secret}", f"key: {{in: [{secret}]}}", f"header: {{x-api-key: {secret}}}")
    file.write_text("rules:\n" + "".join(f"  - when: {{{each}}}\n    answer: 500\n" for each in conditions))
    text = serve("--scenario", str(file)).http.get("/_sandbox/scenarios").text
    assert secret not in text
    assert text.count("my-") == 3


def test_a_stop_does_not_wait_for_a_gathering_and_leaves_no_answer_unrecorded(
    serve: HostSandbox, tmp_path: Path
) -> None:
    sandbox = serve("--scenario", "race", "--state", str(tmp_path / "state"))
    body = json.dumps(LEAD).encode()
    head = (
        b"POST /api/v1/leads HTTP/1.1\r\nHost: a\r\nx-api-key: test-key\r\ncontent-type: application/json\r\n"
    )
    with socket.create_connection(("127.0.0.1", sandbox.port)) as connection:
        connection.sendall(head + b"content-length: %d\r\n\r\n" % len(body) + body)
        time.sleep(0.3)  # pause: so that the request has come
        assert sandbox.stop() == 0
        connection.settimeout(2)
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(100) == b""
    assert '"lead"' not in (tmp_path / "state" / "log.jsonl").read_text()


def test_a_client_that_hangs_up_in_a_gathering_is_not_counted_and_its_lead_not_kept(
    serve: HostSandbox,
) -> None:
    sandbox = serve("--scenario", "race")
    with pytest.raises(httpx.ReadTimeout):
        sandbox.post(timeout=0.2)
    sandbox.get("/_sandbox/requests/wait?status=none")  # it has noticed
    started = time.monotonic()
    assert sandbox.post().status_code == 201  # alone, after two seconds
    assert time.monotonic() - started > 1.9
    records = sandbox.get("/_sandbox/requests")["requests"]
    assert [record["reason"]["objection"] for record in records] == ["accepted", "aborted"]


def test_a_campaign_that_is_created_again_counts_from_zero(serve: HostSandbox) -> None:
    sandbox = serve("--scenario", "flaky")
    for _ in range(2):
        fresh = sandbox.http.post("/_sandbox/campaigns", json={"name": "cc"}).json()
        assert [sandbox.post(key=fresh["apiKey"]).status_code for _ in range(3)] == [503, 503, 201]
        assert sandbox.http.delete("/_sandbox/campaigns/cc").status_code == 204


def test_http_1_0_gets_no_chunks(sandbox: Sandboxed) -> None:
    force(sandbox, fault="dribble")
    body = json.dumps(LEAD).encode()
    request = (
        b"POST /api/v1/leads HTTP/1.0\r\nHost: a\r\nx-api-key: %b\r\ncontent-type: application/json\r\n"
        % (sandbox.api_key.encode())
    )
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=30) as connection:
        connection.sendall(request + b"content-length: %d\r\n\r\n" % len(body) + body)
        received = b""
        while piece := connection.recv(65_536):
            received += piece
    assert b"chunked" not in received
    assert received.endswith(b'{"phoneNumber":"(509) 555-1234","region":"CA"}')


@pytest.mark.parametrize(("status", "length"), [(204, None), (304, None), (200, "0")])
def test_a_status_without_a_body_has_no_length_of_one(
    sandbox: Sandboxed, status: int, length: str | None
) -> None:
    force(sandbox, status=status)
    answer = sandbox.post()
    assert (answer.status_code, answer.headers.get("content-length"), answer.content) == (status, length, b"")


def test_a_file_that_is_no_file_holds_nobody_up(
    serve: HostSandbox, tmp_path: Path, snapshot: Snapshot
) -> None:
    folder = tmp_path / "work" / "scenarios"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "pipe.yaml")
    os.mkfifo(folder / "page.html")
    (folder / "mine.yaml").write_text("rules: [{answer: {status: 502, body: {file: page.html}}}]")
    sandbox = serve(folder=tmp_path / "work")
    listed = {each["name"]: each["mistake"] for each in sandbox.get("/_sandbox/scenarios")["scenarios"]}
    snapshot("admin", listed["mine"])
    answer = sandbox.http.put("/_sandbox/scenarios/active", json={"active": ["pipe"]})
    assert answer.status_code == 400
    assert sandbox.stop() == 0


def test_a_forced_answer_under_fictional_only_still_has_its_reason(serve: HostSandbox) -> None:
    sandbox = serve("--fictional-only")
    force(sandbox, status=503, applies="any")
    answer = sandbox.post({"phoneNumber": "(509) 321-4567", "region": "CA"})
    record = sandbox.record_of(answer)
    assert (record["body"], record["reason"]["rule"][:17]) == (None, "Forced by force 1")
