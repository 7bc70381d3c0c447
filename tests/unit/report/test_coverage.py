"""What shows that a clause was met, and what doesn't; `tests/system/test_clauses.py` tries each by its command."""

import json
from typing import Any

import pytest

from aktify_sandbox.contract.clauses import CLAUSES
from aktify_sandbox.contract.lead import LeadRules
from aktify_sandbox.contract.rulings import RULINGS, Rulings
from aktify_sandbox.journal.entry import Entry
from aktify_sandbox.report.coverage import MET
from aktify_sandbox.report.report import report_of
from aktify_sandbox.scenarios.faults import Fault
from support.recorded import LEAD, recorded


def met(*entries: Entry) -> set[str]:
    return {each["id"] for each in report_of(entries)["coverage"]["clauses"] if each["met"]}


def test_each_clause_has_its_recognition_and_a_source_that_exists() -> None:
    assert list(MET) == [clause.id for clause in CLAUSES]
    assert {clause.source.ruling for clause in CLAUSES} - {None} <= set(RULINGS)


@pytest.mark.parametrize(
    ("entries", "is_met"),
    [
        ([recorded(1, fault="reset"), recorded(2, status=409)], True),
        ([recorded(1, hungUpAfterMs=500.0), recorded(2, status=409)], True),
        ([recorded(1, fault="reset")], False),
        ([recorded(1, status=503), recorded(2)], False),
        ([recorded(1, fault="reset"), recorded(2, {**LEAD, "phoneNumber": "5095550102"})], False),
        ([recorded(1, fault="reset"), recorded(2, campaign="other")], False),
    ],
)
def test_a_lead_is_repeated_after_its_own_answer_was_lost(entries: list[Entry], is_met: bool) -> None:
    assert ("repeated-after-lost-answer" in met(*entries)) == is_met


def test_a_field_counts_in_a_lead_that_is_accepted_or_was_before() -> None:
    lead = {**LEAD, "email": "someone@example.com"}
    assert "sends-email" in met(recorded(1, lead))
    assert "sends-email" in met(recorded(1, lead, 409))
    assert "sends-email" not in met(recorded(1, lead, 400))


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault.loses_answer])
def test_each_fault_that_loses_an_answer_meets_a_clause(fault: Fault) -> None:
    how = {"fault": fault.value, "hungUpAfterMs": 500.0} if not fault.has_answer else {"fault": fault.value}
    assert met(recorded(1, **how)) - met(recorded(1))


def test_a_429_needs_its_retry_after() -> None:
    assert "rate-limited" not in met(recorded(1, status=429))
    assert "rate-limited" in met(recorded(1, status=429, answer_headers=[("retry-after", "1")]))


def test_a_forced_401_shows_nothing_of_the_key() -> None:
    assert not met(recorded(1, status=401, forced="force")) & {"no-key", "unknown-key", "revoked-key"}


def refused(lead: dict[str, Any], **changes: str) -> Entry:
    """A lead that these rulings refuse."""
    rules = LeadRules(Rulings.of("default", changes))
    problems = rules.read(json.dumps(lead).encode(), b"application/json", None).problems
    assert problems
    return recorded(1, lead, 400, problems=[problem._asdict() for problem in problems])


@pytest.mark.parametrize(
    ("lead", "clause"),
    [
        ({**LEAD, "region": "ca"}, "refused-region"),
        ({**LEAD, "region": "PR"}, "refused-region"),
        ({**LEAD, "zipCode": "00001"}, "refused-zip"),
        ({**LEAD, "externalCreated": "20221115"}, "refused-external-created"),
        ({**LEAD, "linkToShorten": "x"}, "refused-link"),
        ({**LEAD, "phoneNumber": "5095551234 x1"}, "refused-phone"),
        ({**LEAD, "phoneNumber": "abc"}, "refused-phone"),
        ({**LEAD, "phoneNumber": None}, "refused-type"),
        ({**LEAD, "firstName": 5}, "refused-type"),
        ({**LEAD, "metadata": ["a"]}, "refused-metadata"),
        ({**LEAD, "region": ""}, "refused-empty"),
        ({**LEAD, "zipCode": None}, "refused-null"),
        ({"zipCode": "90210"}, "refused-no-phone"),
        ({"phoneNumber": "5095550101"}, "refused-no-region-or-zip"),
    ],
)
def test_a_refusal_shows_one_clause(lead: dict[str, Any], clause: str) -> None:
    assert {each for each in met(refused(lead)) if each.startswith("refused")} == {clause}
