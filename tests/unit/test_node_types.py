"""The types of the helper for Node and TypeScript have the fields and faults that there are."""

import re

from aktify_sandbox.contract.schema import FIELDS
from aktify_sandbox.scenarios.faults import Fault
from support.paths import ROOT

TYPES = (ROOT / "examples" / "node" / "sandbox.d.ts").read_text()


def members(interface: str) -> list[str]:
    [body] = re.findall(
        rf"^export interface {interface}\b[^{{]*\{{\n(.*?)^\}}", TYPES, re.DOTALL | re.MULTILINE
    )
    return re.findall(r"^  (\w+)\??:", body, re.MULTILINE)


def test_a_lead_has_all_fields() -> None:
    assert {*members("CreatedLead"), *members("Lead")} == set(FIELDS)


def test_an_order_takes_all_faults() -> None:
    [union] = re.findall(r"^  fault\?: ('.*)$", TYPES, re.MULTILINE)
    assert [*re.findall(r"'([^']+)'", union)] == [*Fault]
