"""The leads of `fixtures/leads/`, with what is expected of each."""

from aktify_sandbox.cli.conformance import LeadFixture, cases_in
from support.markdown import code, table
from support.paths import ROOT

FOLDER = ROOT / "fixtures" / "leads"
CASES = {case.file: case for case in cases_in(FOLDER)}


def lead_files() -> str:
    """Each file, with its expected status."""
    rows = [(code(case.file), str(case.status), _whose(case), case.about) for case in CASES.values()]
    return table("file | status | who says so | what it shows", rows)


def _whose(case: LeadFixture) -> str:
    return f"ruling `{case.ruling}`" if case.source == "ruling" else "Aktify's page"
