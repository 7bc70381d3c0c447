"""What is concluded from the answers: exactly the difference, and never more."""

import itertools

import pytest

from aktify_sandbox.calibration.answers import Answered
from aktify_sandbox.calibration.judging import differences, judge_clauses, judge_rulings
from aktify_sandbox.calibration.playing import Played, Send
from aktify_sandbox.calibration.probes import Asked
from aktify_sandbox.calibration.result import RulingResult
from aktify_sandbox.contract.clauses import CLAUSES
from aktify_sandbox.contract.rulings import PROFILES, RULINGS, Rulings
from support.calibrated import ORIGIN, OTHERS, UNSEEN, PureEndpoint, found, played

SEEN = [(name, value) for name, value in OTHERS if name not in UNSEEN]
PAIRS = [(one, other) for one, other in itertools.combinations(SEEN, 2) if one[0] != other[0]]


def by_name(done: Played) -> dict[str, RulingResult]:
    return {each["ruling"]: each for each in judge_rulings(done, ORIGIN)}


def answering(wanted: str, answer: Answered) -> Send:
    """An endpoint by the default rulings, but for bodies with a text in them."""
    endpoint = PureEndpoint()
    return lambda asked: answer if wanted in asked.body else endpoint.send(asked)


def test_nothing_differs_from_itself() -> None:
    assert found() == {}


@pytest.mark.parametrize(("name", "value"), OTHERS, ids=map("=".join, OTHERS))
def test_one_ruling_decided_otherwise_is_the_whole_difference(name: str, value: str) -> None:
    assert found({name: value}) == ({} if name in UNSEEN else {name: value})


def test_two_rulings_decided_otherwise_are_the_whole_difference(whole: bool) -> None:
    for one, other in PAIRS if whole else PAIRS[::9]:
        assert found(dict([one, other])) == dict([one, other])


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_differs_in_its_changes_alone(profile: str) -> None:
    changes = Rulings.of(profile).changes
    assert found(changes) == {name: value for name, value in changes.items() if name not in UNSEEN}


def test_the_difference_is_against_the_rulings_in_force() -> None:
    results = judge_rulings(played(PureEndpoint({"null": "absent"}).send), ORIGIN)
    assert differences(results, Rulings.of("default", {"null": "absent"})) == {}
    assert differences(results, Rulings.of("default", {"email": "email-validator", "null": "absent"})) == {
        "email": "syntax"
    }


def test_a_limit_above_the_longest_text_is_not_told_from_none() -> None:
    results = judge_rulings(played(PureEndpoint().send), ORIGIN)
    assert differences(results, Rulings.of("default", {"text-length": "60000"})) == {}
    assert differences(results, Rulings.of("default", {"text-length": "40000"})) == {"text-length": "note"}


@pytest.mark.parametrize("link", ["link", "tracking"])
@pytest.mark.parametrize("links", ["at-most-one", "exactly-one"])
def test_a_campaign_that_requires_its_link_shows_that_and_leaves_links_open(link: str, links: str) -> None:
    done = played(PureEndpoint({"campaign-link": "refuse", "links": links, "null": "absent"}, link).send)
    results = by_name(done)
    assert done.stopped is None
    assert results["campaign-link"]["values"] == ["refuse"]
    assert results["links"]["verdict"] == "one-of"
    assert results["links"]["values"] == list(RULINGS["links"].values)
    assert results["null"]["values"] == ["absent"]
    assert "broken" not in {each["verdict"] for each in judge_clauses(done)}
    assert results["short-link"]["verdict"] == ("unknown" if link == "link" else "verified")


def test_what_cant_be_seen_is_unknown_with_a_reason() -> None:
    results = by_name(played(PureEndpoint().send))
    unknown = [each for each in results.values() if each["verdict"] != "verified"]
    assert sorted(each["ruling"] for each in unknown) == sorted(UNSEEN)
    assert all(each["verdict"] == "unknown" and each["said"] for each in unknown)


@pytest.mark.parametrize(
    ("wanted", "ruling", "answer"),
    [
        ("90210-1234", "zip-format", Answered(422)),
        ('"email": null', "null", Answered(201, b'{"phoneNumber": "1", "email": null}')),
        ('"email": ""', "empty-string", Answered(201, b'{"phoneNumber": "1", "email": "x"}')),
        ('"region": "ca"', "region-case", Answered(201, b'{"phoneNumber": "1", "region": "CA"}')),
        ('"region": "ca"', "region-case", Answered(201, b"[1]")),
        ("favouriteColour", "unknown-property", Answered(201, b'{"favouriteColour": "green"}')),
        (
            "customField2",
            "metadata",
            Answered(201, b'{"metadata": {"customField1": 1, "customField2": true}}'),
        ),
        ("xxxx", "text-length", Answered(413)),
        ('"Jane"', "duplicate-json-key", Answered(201, b'{"firstName": "John"}')),
    ],
)
def test_an_answer_that_no_value_explains_is_said(wanted: str, ruling: str, answer: Answered) -> None:
    results = by_name(played(answering(wanted, answer)))
    assert results[ruling]["verdict"] == "none"
    assert results[ruling]["values"] == []
    assert str(answer.status) in results[ruling]["said"]
    assert [name for name, each in results.items() if each["verdict"] == "none"] == [ruling]


def test_two_answers_that_no_value_combines_are_said() -> None:
    """No-break spaces are accepted, and ordinary ones are not."""
    endpoint = PureEndpoint({"phone-spaces": "any"})

    def send(asked: Asked) -> Answered:
        return Answered(400) if '"phoneNumber": " (' in asked.body else endpoint.send(asked)

    assert by_name(played(send))["phone-spaces"]["verdict"] == "none"


def test_a_redirect_of_the_trailing_slash_is_no_value() -> None:
    endpoint = PureEndpoint()

    def send(asked: Asked) -> Answered:
        redirect = Answered(308, location="https://elsewhere.example.com/")
        return redirect if asked.path.endswith("/") else endpoint.send(asked)

    done = played(send)
    assert done.stopped is None
    result = by_name(done)["trailing-slash"]
    assert result["verdict"] == "none"
    assert "another address" in result["said"]


def test_after_half_of_its_probes_a_ruling_is_open() -> None:
    endpoint = PureEndpoint()

    def send(asked: Asked) -> Answered:
        return Answered(503) if '"region": "DC"' in asked.body else endpoint.send(asked)

    results = by_name(played(send))
    assert results["regions"]["verdict"] == "one-of"
    assert results["regions"]["values"] == ["states-and-dc", "states"]
    assert results["zip-format"]["verdict"] == "not-asked"


def test_a_limit_of_texts_that_was_not_found_is_no_number() -> None:
    endpoint = PureEndpoint({"text-length": "1000"})
    sent: list[Asked] = []

    def send(asked: Asked) -> Answered:
        if "xxxx" in asked.body:
            sent.append(asked)
        return Answered(503) if len(sent) == 4 else endpoint.send(asked)

    assert by_name(played(send))["text-length"]["verdict"] == "unknown"


def test_every_clause_of_the_page_is_upheld_by_an_endpoint_of_the_contract() -> None:
    results = judge_clauses(played(PureEndpoint().send))
    assert {each["verdict"] for each in results} == {"upheld", "unknown"}
    of_rulings = {clause.id for clause in CLAUSES if clause.source.source == "ruling"}
    assert {each["clause"] for each in results} == {clause.id for clause in CLAUSES} - of_rulings


@pytest.mark.parametrize(
    ("wanted", "clause", "answer", "said"),
    [
        ('"email": "someone"}', "refused-email", Answered(201, b'{"phoneNumber": "1"}'), "201, not 400"),
        ("California", "refused-region", Answered(422), "422, not 400"),
        ('"source"', "sends-source", Answered(400), "400, not 201"),
        ('"source"', "sends-source", Answered(201, b"{}"), "201 with no source"),
        ('"source"', "sends-source", Answered(201), "201 without a JSON object"),
    ],
)
def test_a_clause_that_is_not_upheld_is_said(wanted: str, clause: str, answer: Answered, said: str) -> None:
    results = judge_clauses(played(answering(wanted, answer)))
    broken = [each for each in results if each["verdict"] == "broken"]
    assert [each["clause"] for each in broken] == [clause]
    assert said in broken[0]["said"]


def test_a_missing_409_is_a_clause_that_is_not_upheld() -> None:
    class Forgetful(PureEndpoint):
        def send(self, asked: Asked) -> Answered:
            self.leads.clear()
            return super().send(asked)

    done = played(Forgetful().send)
    assert [each["clause"] for each in judge_clauses(done) if each["verdict"] == "broken"] == ["duplicate"]


def test_a_missing_401_is_a_clause_that_is_not_upheld() -> None:
    endpoint = PureEndpoint()

    def send(asked: Asked) -> Answered:
        return endpoint.send(asked._replace(key="right")) if asked.key == "none" else endpoint.send(asked)

    done = played(send)
    assert done.stopped is None
    assert [each["clause"] for each in judge_clauses(done) if each["verdict"] == "broken"] == ["no-key"]
