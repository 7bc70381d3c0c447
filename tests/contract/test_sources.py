"""Whose word each problem is, and that what is quoted stands on the page."""

from pathlib import Path

from aktify_sandbox.contract import page
from aktify_sandbox.contract.schema import FIELDS

PAGE = Path(__file__).with_name("create-lead.md").read_text()
"""The vendor's page, as it was when this was written."""


def test_every_sentence_stands_on_the_page_word_for_word() -> None:
    sentences = [value for name, value in vars(page).items() if name.isupper()]
    assert sentences
    assert [each for each in [*sentences, *map(page.row, FIELDS)] if each not in PAGE] == []
