"""What the page offers is what the sandbox takes: its lists follow those of the code."""

import codecs
import json

from aktify_sandbox.admin.choices import (
    FORCED_STATUSES,
    LEAD_COLUMNS,
    RETRIED_STATUSES,
    choices,
)
from aktify_sandbox.contract.lead import LeadRules
from aktify_sandbox.contract.rulings import Rulings
from aktify_sandbox.contract.schema import FIELDS
from aktify_sandbox.history.export import FORMS
from aktify_sandbox.history.filters import Filters
from aktify_sandbox.leadfiles.delimited import delimiter_of
from aktify_sandbox.redaction import IMPERSONAL_FIELDS
from aktify_sandbox.scenarios.faults import Fault
from aktify_sandbox.scenarios.schema import force_schema


def test_the_faults_are_those_that_can_be_forced() -> None:
    offered = {each["value"]: each["losesAnswer"] for each in choices()["faults"]}
    assert list(offered) == force_schema()["properties"]["fault"]["enum"] == list(Fault)
    assert offered == {fault: fault.raises != "" for fault in Fault}


def test_the_statuses_can_be_filtered_by_and_forced() -> None:
    for each in choices()["statusFilters"]:
        assert Filters.of({"status": each["value"]}).conditions
    allowed = force_schema()["properties"]["status"]
    assert all(allowed["minimum"] <= status <= allowed["maximum"] for status in FORCED_STATUSES)
    assert set(RETRIED_STATUSES) <= set(FORCED_STATUSES)


def test_files_can_be_read_in_what_is_offered() -> None:
    assert [codecs.lookup(each["value"]).name for each in choices()["encodings"]]
    assert [delimiter_of(each["value"]) for each in choices()["delimiters"]] == [",", ";", "\t", "|"]


def test_the_columns_are_fields_of_a_lead() -> None:
    assert set(LEAD_COLUMNS) <= set(FIELDS)


def test_a_request_can_be_copied_in_every_form() -> None:
    assert {each["value"] for each in choices()["forms"]} == set(FORMS)


def test_the_examples_of_hints_are_those_that_the_page_leaves_alone() -> None:
    assert set(IMPERSONAL_FIELDS) <= set(FIELDS)
    rules = LeadRules(Rulings.of("strict", {"fictional-only": "off"}), "link")
    lead = {"phoneNumber": "1", "email": "a", "externalCreated": "x", "link": "y"}
    problems = rules.read(json.dumps(lead).encode(), b"application/json", None).problems
    hints = " ".join(problem.hint for problem in problems)
    examples = choices()["masking"]["examples"]
    assert len([example for example in examples if example in hints]) >= len(lead)


def test_the_reasons_can_be_filtered_by() -> None:
    for each in choices()["reasons"]:
        assert Filters.of({"reason": each["value"]}).conditions
