"""What the page offers is what the sandbox takes: its lists follow those of the code."""

import codecs

from aktify_sandbox.admin.choices import FORCED_STATUSES, LEAD_COLUMNS, RETRIED_STATUSES, choices
from aktify_sandbox.contract.schema import FIELDS
from aktify_sandbox.history.filters import Filters
from aktify_sandbox.leadfiles.delimited import delimiter_of
from aktify_sandbox.scenarios.faults import Fault
from aktify_sandbox.scenarios.schema import force_schema


def test_the_faults_are_those_that_can_be_forced() -> None:
    offered = [each["value"] for each in choices()["faults"]]
    assert offered == force_schema()["properties"]["fault"]["enum"] == list(Fault)


def test_every_fault_but_the_slow_one_loses_the_answer() -> None:
    assert [each["value"] for each in choices()["faults"] if not each["losesAnswer"]] == ["dribble"]


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
