"""Words and filters are listed in one place; what takes and offers them has all of them, and no others."""

import re

import pytest

from aktify_sandbox.contract.schema import FIELDS
from aktify_sandbox.history.filters import Filters
from aktify_sandbox.matching.expectation_file import expectations_in
from aktify_sandbox.matching.schema import expectations_schema
from aktify_sandbox.matching.words import FILTERS, WORDS
from support.paths import ROOT
from support.words import VALUES

PAGE = ROOT / "sandbox" / "aktify_sandbox" / "inspector" / "index.html"
ADDRESS = ROOT / "sandbox" / "aktify_sandbox" / "inspector" / "address.js"


def test_conditions_take_the_words_and_the_fields_and_nothing_that_means_neither() -> None:
    assert {*expectations_schema()["$defs"]["where"]["properties"]} == {*WORDS, *FIELDS, "header", "body"}
    assert not {*WORDS, "header", "body"} & {*FIELDS}


@pytest.mark.parametrize("name", WORDS)
def test_a_word_is_not_taken_for_a_field_of_the_lead(name: str) -> None:
    [expectation] = expectations_in({"where": {name: VALUES.get(name, "x")}})
    [step] = expectation.steps
    scope = {word for word in ("campaign", "after", "since") if getattr(expectation.scope, word)}
    assert {wanted.condition.name for wanted in step} | scope == {name}


@pytest.mark.parametrize("name", sorted(FILTERS.keys() - {"where"}))
def test_each_filter_is_read(name: str) -> None:
    assert Filters.of({name: VALUES.get(name, "x")}) != Filters.of({})


def test_the_address_of_the_page_has_the_filters_that_its_fields_have_and_no_others() -> None:
    [written] = re.findall(r"const FILTERS = \[(.*)\];", ADDRESS.read_text())
    in_address = {*re.findall(r'"([^"]+)"', written)}
    [form] = re.findall(r'<form id="filters".*?</form>', PAGE.read_text(), re.DOTALL)
    assert in_address <= {*FILTERS}
    assert {*re.findall(r' name="([^"]+)"', form)} == in_address - {"reason"}  # the totals set it
