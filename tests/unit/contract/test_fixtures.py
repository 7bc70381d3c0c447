"""Every file in `fixtures/leads/` is a test case."""

import json
from pathlib import Path
from typing import Any

import pytest

from aktify_sandbox.contract.aliases import LEGACY
from aktify_sandbox.contract.answers import Access
from aktify_sandbox.contract.decide import decide
from aktify_sandbox.contract.lead import LeadRules
from aktify_sandbox.contract.rulings import Rulings
from aktify_sandbox.exchange import Request
from support.paths import ROOT

FOLDER = ROOT / "fixtures" / "leads"
FILES = sorted(FOLDER.glob("*.json"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_lead_gets_the_answer_that_its_file_says(path: Path) -> None:
    case: dict[str, Any] = json.loads(path.read_text())
    assert set(case) <= {"about", "rulings", "link", "headers", "body", "text", "answer"}
    rulings = Rulings.of("default", case.get("rulings", {}))
    rules = LeadRules(rulings, case.get("link", "optional"))
    access = Access("demo", "…", False, rules, "http://here/s")
    body = case["text"].encode() if "text" in case else json.dumps(case["body"], ensure_ascii=False).encode()
    headers = {"host": "a", "x-api-key": "k", "content-type": "application/json", **case.get("headers", {})}
    sent = [(name.encode(), value.encode()) for name, value in headers.items()]
    answer = decide(Request("POST", "/api/v1/leads", sent, body), rulings, lambda _: access, lambda *_: False)
    wanted = case["answer"]
    assert answer.status == wanted["status"], answer.problems
    if "body" in wanted:
        assert json.dumps(answer.lead) == json.dumps(wanted["body"])
    for problem in wanted.get("problems", []):
        found = next(each for each in answer.problems if each.field == problem["field"])
        assert found.source == problem["source"]
        assert found.ruling == problem.get("ruling")
        assert problem.get("hint", "") in found.hint
    assert len(wanted.get("problems", [])) == len(answer.problems)
    notes = {(note.field, note.ruling) for note in rules.notices(body)} if answer.status == 201 else set()
    assert notes == {(note["field"], note["ruling"]) for note in wanted.get("notes", [])}


def test_there_are_many_and_every_legacy_name_has_one() -> None:
    assert len(FILES) >= 40
    texts = [path.read_text() for path in FILES]
    assert [name for name in LEGACY if not any(f'"{name}"' in text for text in texts)] == []
