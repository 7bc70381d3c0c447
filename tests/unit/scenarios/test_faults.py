"""Faults are listed in one place; what speaks of them elsewhere speaks of all of them."""

import re

import httpx
import pytest

from aktify_sandbox import app
from aktify_sandbox.cli.commands.force import force
from aktify_sandbox.scenarios.faults import Fault
from support.paths import ROOT


def test_the_page_on_scenarios_has_each_fault_and_what_httpx_raises() -> None:
    page = (ROOT / "docs" / "scenarios.md").read_text()
    rows = re.findall(r"^\| `([a-z-]+)` \| exit [0-9]+ \| `(\w+)` \|", page, re.MULTILINE)
    assert rows == [(fault, fault.raises) for fault in Fault if fault.loses_answer]


@pytest.mark.parametrize("fault", Fault)
def test_what_it_raises_is_an_exception_of_httpx(fault: Fault) -> None:
    assert not fault.raises or issubclass(getattr(httpx, fault.raises), httpx.TransportError)


@pytest.mark.parametrize("fault", Fault)
def test_help_of_the_command_names_it(fault: Fault) -> None:
    assert fault in (force.help or "")


@pytest.mark.parametrize("fault", Fault)
def test_what_other_servers_cannot_do_is_said(fault: Fault) -> None:
    said = re.search(r"done to a connection \(([^)]*)\)", app.create_app.__doc__ or "")
    assert said
    assert (fault in said[1].split(", ")) == fault.needs_connection
