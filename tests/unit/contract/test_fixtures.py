"""Every file in `fixtures/leads/` is a test case."""

import json
import re

import pytest
import yaml

from aktify_sandbox.bundled import bundled
from aktify_sandbox.cli.conformance import LeadFixture
from aktify_sandbox.contract.aliases import LEGACY
from aktify_sandbox.contract.answers import Access, Answer
from aktify_sandbox.contract.decide import decide
from aktify_sandbox.contract.lead import LeadRules
from aktify_sandbox.contract.phone import identity, is_fictional
from aktify_sandbox.contract.rulings import Rulings
from aktify_sandbox.exchange import Request
from support.lead_fixtures import CASES
from support.snapshots import Snapshot, refusal

RULES = LeadRules(Rulings.of())


def answered(case: LeadFixture) -> Answer:
    access = Access("demo", "…", False, RULES, "http://here/s")
    headers = {"host": "a", "x-api-key": "k", "content-type": case.content_type}
    sent = [(name.encode(), value.encode()) for name, value in headers.items()]
    request = Request("POST", "/api/v1/leads", sent, case.content)
    return decide(request, RULES.rulings, lambda _: access, lambda *_: False)


@pytest.mark.parametrize("name", CASES)
def test_a_lead_gets_the_answer_that_is_expected(name: str, snapshot: Snapshot) -> None:
    case = CASES[name]
    known = {"about", "contentType", "status", "source", "ruling", "body", "problems", "notes"}
    assert set(case.expected) <= known
    answer = answered(case)
    wanted = case.expected
    assert answer.status == case.status, answer.problems
    if "body" in wanted:
        assert json.dumps(answer.lead) == json.dumps(wanted["body"])
    for problem in wanted.get("problems", []):
        found = next(each for each in answer.problems if each.field == problem["field"])
        assert found.source == problem["source"]
        assert found.ruling == problem.get("ruling")
    assert len(wanted.get("problems", [])) == len(answer.problems)
    if answer.problems:
        snapshot("refusals", refusal(*answer.problems), name.partition(".")[0])
    notes = (
        {(note.field, note.ruling) for note in RULES.notices(case.content)} if answer.status == 201 else set()
    )
    assert notes == {(note["field"], note["ruling"]) for note in wanted.get("notes", [])}


@pytest.mark.parametrize("name", CASES)
def test_who_says_so_is_who_decides(name: str) -> None:
    """Where Aktify's page refuses, it is the page; else a ruling that refuses or takes note."""
    case = CASES[name]
    decided = [*case.expected.get("problems", []), *case.expected.get("notes", [])]
    if any(each.get("source") == "documented" for each in decided):
        assert (case.source, case.ruling) == ("documented", None)
    elif decided:
        assert (case.source, case.ruling) == ("ruling", decided[0]["ruling"])
    else:
        assert case.status == 201
        assert (case.source == "ruling") == (case.ruling is not None)


def test_no_two_files_have_the_same_number_and_all_numbers_are_fictional() -> None:
    """So they may be sent in any order, to any server."""
    accepted = [answered(case).phone or "" for case in CASES.values() if case.status == 201]
    assert len(accepted) == len(set(accepted)) > 20
    assert all(map(is_fictional, accepted))
    written = [re.findall(rb"555[-.) \xc2\xa0]*01[0-9]{2}", case.content) for case in CASES.values()]
    last_digits = [each[-2:] for found in written for each in set(found)]
    assert len(last_digits) == len(set(last_digits))


def test_no_number_of_a_file_is_magic() -> None:
    rules = yaml.safe_load((bundled("scenarios") / "built-in" / "numbers.yaml").read_text())["rules"]
    magic = {rule["when"]["phoneNumber"].removeprefix("555-") for rule in rules}
    numbers = [
        identity(str(json.loads(case.content)["phoneNumber"]))
        for case in CASES.values()
        if case.status == 201
    ]
    assert not magic & {(number or "")[-4:] for number in numbers}


def test_there_are_many_and_every_legacy_name_has_one() -> None:
    assert len(CASES) >= 40
    texts = [case.content.decode() for case in CASES.values()]
    assert [name for name in LEGACY if not any(f'"{name}"' in text for text in texts)] == []
