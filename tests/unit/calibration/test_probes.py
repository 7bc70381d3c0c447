"""The probes: each ruling and clause has one or a reason, and what a probe expects is what the rulings decide."""

import json
import re

import pytest

from aktify_sandbox.calibration.answers import Observation
from aktify_sandbox.calibration.numbers import ORDINARY, UNASSIGNED, Numbers
from aktify_sandbox.calibration.playing import plan
from aktify_sandbox.calibration.probes import (
    CLAUSES_BY_RULING,
    PROBES,
    UNKNOWN_CLAUSES,
    UNKNOWN_RULINGS,
    Field,
    Probe,
    asked,
)
from aktify_sandbox.contract.clauses import CLAUSES
from aktify_sandbox.contract.phone import identity, is_fictional
from aktify_sandbox.contract.rulings import RULINGS
from support.calibrated import PureEndpoint

OF_LINK_TO_SHORTEN = "short-link"
"""Its value is read from the answer to a probe that belongs to a clause."""


def test_every_ruling_has_a_probe_or_a_reason() -> None:
    asked_for = {probe.ruling for probe in PROBES if probe.ruling} | {OF_LINK_TO_SHORTEN}
    assert asked_for | set(UNKNOWN_RULINGS) == set(RULINGS)
    assert asked_for.isdisjoint(UNKNOWN_RULINGS)
    assert all(UNKNOWN_RULINGS.values())


def test_every_clause_has_a_probe_or_a_reason() -> None:
    asked_for = [probe.clause for probe in PROBES if probe.clause]
    assert len(set(asked_for)) == len(asked_for)
    assert {*asked_for, *UNKNOWN_CLAUSES, *CLAUSES_BY_RULING} == {clause.id for clause in CLAUSES}
    assert len(asked_for) + len(UNKNOWN_CLAUSES) + len(CLAUSES_BY_RULING) == len(CLAUSES)
    assert all(UNKNOWN_CLAUSES.values())


def test_the_clauses_that_a_ruling_asks_are_those_of_rulings() -> None:
    of_rulings = {clause.id: clause.source.ruling for clause in CLAUSES if clause.source.ruling}
    assert dict(CLAUSES_BY_RULING) == of_rulings


def test_the_probes_of_a_ruling_tell_its_values_apart() -> None:
    for name, ruling in RULINGS.items():
        probes = [probe for probe in PROBES if probe.ruling == name and probe.values]
        for probe in probes:
            assert set(probe.values) == set(ruling.values), probe.id
        signatures = {str([probe.values[value] for probe in probes]) for value in ruling.values}
        assert not probes or len(signatures) == len(ruling.values), name


def test_each_probe_has_its_name() -> None:
    assert len({probe.id for probe in PROBES}) == len(PROBES)
    assert all(probe.what for probe in PROBES)


def with_values() -> list[tuple[Probe, str]]:
    return [(probe, value) for probe in PROBES for value in probe.values if not probe.repeats]


@pytest.mark.parametrize(
    ("probe", "value"), with_values(), ids=[f"{probe.id}={value}" for probe, value in with_values()]
)
def test_an_expected_answer_is_what_the_ruling_decides(probe: Probe, value: str) -> None:
    assert probe.ruling
    request = asked(probe, Numbers(0).next(unassigned=probe.unassigned))
    found = Observation(probe, request, PureEndpoint({probe.ruling: value}).send(request))
    assert found.is_as(probe.values[value]), found.answer


def test_all_numbers_of_a_run_are_fictional_and_sent_once() -> None:
    digits: list[str] = []
    for start in (0, 500, 799):
        sent = [request.body for probe, request in plan(Numbers(start)) if not probe.repeats and request.body]
        found = [
            number for body in sent for number in re.findall(r"\(\d{3}\) 555-\d{4}|\b\d{10}\b", _plain(body))
        ]
        digits = [re.sub("[^0-9]", "", each) for each in found]
        assert len(digits) > 40
        assert len(set(digits)) == len(digits)
        assert all(100 <= int(each[6:]) < 140 and is_fictional(f"+1{each}") for each in digits)


def _plain(body: str) -> str:
    return body.replace("\\u00a0", " ")


def test_a_repeat_has_the_number_of_an_earlier_probe() -> None:
    requests = plan(Numbers(0))
    last = [request for probe, request in requests if probe.repeats]
    assert requests[-2:] == [(probe, request) for probe, request in requests if probe.repeats]
    assert {request.number for request in last} < {request.number for probe, request in requests[:-2]}


def test_what_should_be_refused_comes_before_what_should_be_accepted() -> None:
    ids = [probe.id for probe in PROBES]
    first_lead = ids.index("links")
    assert all(probe.upheld.status in (400, 401) for probe in PROBES[:first_lead] if probe.clause)
    assert ids.index("null") < ids.index("sends-email") < ids.index("duplicate")


def test_the_numbers_have_the_form_of_the_plan() -> None:
    assert all(identity(number) for number in (*ORDINARY, *UNASSIGNED))
    assert len({number[:3] for number in ORDINARY}) >= 10


@pytest.mark.parametrize("carrier", ["link", "linkToShorten"])
def test_a_required_link_is_added_unless_the_probe_is_about_links(carrier: str) -> None:
    by_id = {probe.id: probe for probe in PROBES}
    assert json.loads(asked(by_id["null"], "5095550100", carrier).body)[carrier]
    assert carrier not in asked(by_id["links"], "5095550100", carrier).body
    assert asked(by_id["link"], "5095550100", carrier).lead == {
        "phoneNumber": "(509) 555-0100",
        "region": "CA",
        carrier: "www.aktify.com",
    }
    both = asked(by_id["refused-both-links"], "5095550100", carrier).lead
    assert {"link", "linkToShorten"} < set(both)
    assert carrier in asked(by_id["duplicate-json-key"], "5095550100", carrier).body


def test_a_field_that_is_left_out_is_not_sent() -> None:
    for probe in PROBES:
        absent = [name for name, value in probe.fields.items() if value is Field.ABSENT]
        assert not absent or json.loads(asked(probe, "5095550100").body).keys().isdisjoint(absent)
