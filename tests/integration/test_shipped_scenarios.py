"""Each scenario that ships: what it does to a client, and what it leaves behind."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import yaml
from jsonschema import Draft202012Validator

from aktify_sandbox.bundled import bundled
from aktify_sandbox.documents import document
from aktify_sandbox.scenarios.loader import read_scenario
from aktify_sandbox.scenarios.schema import scenario_schema
from support.make_validation_tour import bodies
from support.running import LEAD, HostSandbox, Sandboxed

FILES = sorted(bundled("scenarios").glob("*.yaml"))
OTHER = {"phoneNumber": "(509) 555-9999", "region": "CA"}
WRONG = {"phoneNumber": "(509) 555-8888", "region": "ca"}


@pytest.fixture
def under(serve: HostSandbox) -> Callable[[str], Sandboxed]:
    return lambda name: serve("--scenario", name)


def statuses(sandbox: Sandboxed, *leads: dict[str, str]) -> list[int]:
    return [sandbox.post(lead).status_code for lead in leads]


def kept(sandbox: Sandboxed) -> list[str]:
    return sorted(lead["phone"][-4:] for lead in sandbox.get("/_sandbox/leads")["leads"])


def test_there_are_all_that_were_promised() -> None:
    promised = """unauthorized invalid duplicate flaky outage maintenance rate-limited slow timeout lost-response
        connection-reset truncated-answer empty-answer html-error-page key-rotation validation-tour race shuffle silence
        malformed-answer"""
    assert {path.stem for path in FILES} == set(promised.split())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_says_in_one_line_what_a_good_client_does(path: Any) -> None:
    scenario = read_scenario(path)
    assert 40 < len(scenario.description) < 130
    assert scenario.description.count(". ") >= 1
    assert path.read_text().startswith("# A good client")


@pytest.mark.parametrize(
    "path", [*FILES, *bundled("scenarios").glob("built-in/*.yaml")], ids=lambda p: p.stem
)
def test_an_editor_with_the_published_schema_has_nothing_to_complain_of(path: Any) -> None:
    assert list(Draft202012Validator(scenario_schema()).iter_errors(yaml.safe_load(path.read_text()))) == []


@pytest.mark.parametrize("name", ["keys", "numbers"])
def test_rules_that_hold_at_every_start_are_those_of_their_checked_file(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = bundled("scenarios") / "built-in" / f"{name}.yaml"
    checked = read_scenario(path)
    monkeypatch.setattr(document, "validator_for", None)
    with pytest.raises(TypeError):
        read_scenario(path)
    unchecked = read_scenario(path, "marked")
    assert unchecked.written == checked.written
    assert [rule.specs for rule in unchecked.rules] == [rule.specs for rule in checked.rules]
    assert {rule.name for rule in unchecked.rules} == {"marked"}


FOR_EVERYONE = {"unauthorized": 401, "outage": 503, "maintenance": 503}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_wrong_body_keeps_its_true_400_unless_the_scenario_is_for_everyone(under: Any, path: Any) -> None:
    sandbox = under(path.stem)
    assert statuses(sandbox, WRONG, WRONG) == [FOR_EVERYONE.get(path.stem, 400)] * 2
    assert kept(sandbox) == []


def test_unauthorized(under: Any) -> None:
    sandbox = under("unauthorized")
    assert statuses(sandbox, LEAD, LEAD) == [401, 401]
    assert kept(sandbox) == []


def test_invalid(under: Any) -> None:
    sandbox = under("invalid")
    assert statuses(sandbox, LEAD, LEAD) == [400, 400]
    assert kept(sandbox) == []


def test_duplicate(under: Any) -> None:
    sandbox = under("duplicate")
    assert statuses(sandbox, LEAD, LEAD) == [409, 409]
    assert kept(sandbox) == []


def test_flaky(under: Any) -> None:
    sandbox = under("flaky")
    assert statuses(sandbox, LEAD, OTHER, LEAD, LEAD, LEAD) == [503, 503, 503, 201, 409]
    assert kept(sandbox) == ["1234"]


def test_outage(under: Any) -> None:
    sandbox = under("outage")
    assert statuses(sandbox, LEAD, OTHER, LEAD) == [503] * 3
    assert sandbox.post(key="unknown").status_code == 503
    assert kept(sandbox) == []
    assert sandbox.http.get("/_sandbox/health").status_code == 200


def test_maintenance(under: Any) -> None:
    sandbox = under("maintenance")
    first = sandbox.post()
    assert (first.status_code, first.headers["retry-after"]) == (503, "5")
    assert first.json() == {"message": "down for maintenance"}
    time.sleep(5.1)  # pause: the five seconds of the scenario, by the clock of its server
    assert statuses(sandbox, LEAD, OTHER, LEAD) == [201, 201, 409]


def test_rate_limited(under: Any) -> None:
    sandbox = under("rate-limited")
    leads = [{"phoneNumber": f"(509) 555-300{n}", "region": "CA"} for n in range(6)]
    answers = [sandbox.post(lead) for lead in leads]
    assert [answer.status_code for answer in answers] == [201, 201, 429, 201, 201, 429]
    assert [answers[n].headers["retry-after"] for n in (2, 5)] == ["2", "1"]
    assert sandbox.post(leads[2]).status_code == 201


def test_slow(under: Any) -> None:
    sandbox = under("slow")
    answer = sandbox.post()
    assert answer.status_code == 201
    assert 1_000 <= sandbox.record_of(answer)["delayMs"] <= 3_000
    assert kept(sandbox) == ["1234"]


def test_timeout(under: Any) -> None:
    sandbox = under("timeout")
    with pytest.raises(httpx.ReadTimeout):
        sandbox.post(timeout=0.4)
    assert kept(sandbox) == []
    assert statuses(sandbox, LEAD, LEAD) == [201, 409]


def test_lost_response(under: Any) -> None:
    sandbox = under("lost-response")
    with pytest.raises(httpx.ReadError):
        sandbox.post()
    assert kept(sandbox) == ["1234"]
    assert statuses(sandbox, LEAD, LEAD) == [409, 409]


def test_connection_reset(under: Any) -> None:
    sandbox = under("connection-reset")
    with pytest.raises(httpx.ReadError):
        sandbox.post()
    assert kept(sandbox) == []
    assert statuses(sandbox, LEAD, LEAD) == [201, 409]


def test_truncated_answer(under: Any) -> None:
    sandbox = under("truncated-answer")
    with pytest.raises(httpx.RemoteProtocolError, match=r"incomplete|complete message"):
        sandbox.post()
    assert kept(sandbox) == ["1234"]
    assert statuses(sandbox, LEAD) == [409]


def test_malformed_answer(under: Any) -> None:
    sandbox = under("malformed-answer")
    with pytest.raises(httpx.RemoteProtocolError):
        sandbox.post()
    assert kept(sandbox) == ["1234"]
    assert statuses(sandbox, LEAD) == [409]


def test_silence(under: Any) -> None:
    sandbox = under("silence")
    with pytest.raises(httpx.ReadTimeout):
        sandbox.post(timeout=0.4)
    assert kept(sandbox) == []
    assert statuses(sandbox, LEAD, OTHER, LEAD) == [201, 201, 409]


def test_empty_answer(under: Any) -> None:
    sandbox = under("empty-answer")
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        sandbox.post()
    assert kept(sandbox) == []
    assert statuses(sandbox, LEAD, LEAD) == [201, 409]


def test_html_error_page(under: Any) -> None:
    sandbox = under("html-error-page")
    page = sandbox.post()
    assert (page.status_code, page.headers["content-type"]) == (502, "text/html")
    assert page.text.startswith("<html>")
    assert statuses(sandbox, LEAD, LEAD) == [201, 409]


def test_key_rotation(under: Any) -> None:
    sandbox = under("key-rotation")
    leads = [{"phoneNumber": f"(509) 555-300{n}", "region": "CA"} for n in range(7)]
    assert statuses(sandbox, *leads) == [201] * 5 + [401] * 2
    assert [sandbox.post(lead, key="test-key.new").status_code for lead in leads[5:]] == [201, 201]


def test_validation_tour(under: Any) -> None:
    sandbox = under("validation-tour")
    expected = [body for _, body in bodies()]
    answers = [
        sandbox.post({"phoneNumber": f"(509) 555-30{n:02d}", "region": "CA"}) for n in range(len(expected))
    ]
    assert len(expected) > 25
    assert [answer.status_code for answer in answers] == [400] * len(expected)
    assert [answer.json() for answer in answers] == expected
    assert sandbox.post().json() == expected[-1]
    assert kept(sandbox) == []


def test_race(under: Any) -> None:
    sandbox = under("race")
    for number in range(5):
        lead = {"phoneNumber": f"(509) 555-300{number}", "region": "CA"}
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda _, lead=lead: sandbox.post(lead).status_code, range(2)))
        assert sorted(answers) == [201, 409]
    started = time.monotonic()
    assert sandbox.post(OTHER).status_code == 201  # nobody else comes, so it goes on after two seconds
    assert time.monotonic() - started > 1.9


def test_shuffle(under: Any) -> None:
    sandbox = under("shuffle")
    leads = [
        {**LEAD, "firstName": "A", "lastName": "B", "phoneNumber": f"(509) 555-30{n:02d}"} for n in range(12)
    ]
    created = [sandbox.post(lead) for lead in leads]
    assert {answer.status_code for answer in created} == {201}
    assert all(lead.items() < answer.json().items() for lead, answer in zip(leads, created, strict=True))
    assert len({tuple(answer.json()) for answer in created}) > 3
    assert len(kept(sandbox)) == 12
    repeated = [sandbox.post(lead) for lead in leads]
    assert {answer.status_code for answer in repeated} == {409}
    assert len({(answer.headers.get("content-type"), answer.content) for answer in repeated}) >= 4


def test_descriptions_stand_in_the_list(under: Any) -> None:
    listed = under("flaky").get("/_sandbox/scenarios")["scenarios"]
    assert [each["name"] for each in listed if each["active"]] == ["flaky"]
    assert all(each["description"] and each["mistake"] is None for each in listed)
    assert json.dumps(listed[0]["rules"]) == '[{"when": {"attempt": "1-2"}, "answer": 503}]'
