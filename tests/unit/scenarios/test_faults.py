"""Faults are listed in one place; what speaks of them elsewhere speaks of all of them."""

import re

import httpx
import pytest

from aktify_sandbox.scenarios.faults import Fault, is_lost
from support.paths import ROOT


def test_the_page_on_scenarios_has_each_fault_and_what_httpx_raises() -> None:
    page = (ROOT / "docs" / "reference" / "scenario-file.md").read_text()
    rows = re.findall(r"^\| `([a-z-]+)` \| exit [0-9]+ \| `(\w+)` \|", page, re.MULTILINE)
    assert rows == [(fault, fault.raises) for fault in Fault if fault.loses_answer]


@pytest.mark.parametrize("fault", Fault)
def test_a_fault_raises_an_exception_of_httpx(fault: Fault) -> None:
    assert not fault.raises or issubclass(getattr(httpx, fault.raises), httpx.TransportError)


def test_an_answer_is_lost_by_what_raises_an_exception() -> None:
    assert [fault for fault in Fault if is_lost(fault.value)] == [fault for fault in Fault if fault.raises]
    assert not is_lost(None)
