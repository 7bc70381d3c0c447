"""Phrases that were replaced by plainer ones, and must not return."""

import functools

import pytest

from support.paths import ROOT

REPLACED = {
    "for who changes the sandbox": "for contributors",
    "into `.venv` anew": "reinstalls the package into `.venv`",
    "One engine, many doors": "There are several ways to force an answer",
    "Who goes first": "Precedence, highest first",
    "Its own door": "Admin API",
    "or a status (409, 4xx) so many": "Assert a count",
    "So late, as in": "Delay the answer, e.g.",
    "Say every mistake": "list all errors",
    "Their first post will be": "posting one of them then returns 409",
    "What is ruled where": "our choices where Aktify's page is silent",
    "force an answer ordinary": "Disable magic phone numbers",
    "Decide one silent point": "Override a ruling",
    "silent points, decided otherwise": "Override single rulings",
    "in force from the start": "to start with",
    "in force in this campaign alone": "for this campaign only",
    "says every mistake": "lists all errors",
    "all that is given must hold": "all conditions must match",
    "take it as done": "Treat it as success",
    "wait as told": "wait as long as it says",
    "all that is left to chance": "Random seed",
    "leaves nothing open": "can't be combined with",
    "at least and at most that": "swap them",
    "had a hand in it": "Caused in part by",
    "expected names and values": "Expected a mapping",
    "isn't taken here": "isn't supported",
    "This line makes no sense": "Invalid entry",
    "so nothing of this request is": "Not recorded",
    "nobody else pays for": "is disconnected",
    "Found timeout": "Unknown fault",
    "so nothing is looked for": "Fix or clear the filter",
    "The natural answers are given": "requests get their normal answers",
    "isn't a moment in ISO 8601": "isn't an ISO 8601 date and time",
    "has other signs in it": "contains a character that isn't allowed",
    "what would be right:": "Fix:",
}
FILES = (
    "*.md",
    "benchmarks/*.md",
    "docs/**/*.md",
    "examples/*.md",
    "examples/*/*.md",
    "sandbox/**/*.html",
    "sandbox/**/*.js",
    "sandbox/**/*.py",
    "sandbox/**/*.yaml",
    "scenarios/**/*.yaml",
    "tests/snapshots/*.txt",
)


@functools.cache
def texts() -> dict[str, str]:
    found = (path for pattern in FILES for path in ROOT.glob(pattern))
    return {str(path.relative_to(ROOT)): " ".join(path.read_text().lower().split()) for path in found}


@pytest.mark.parametrize("phrase", REPLACED)
def test_a_replaced_phrase_has_not_returned(phrase: str) -> None:
    found = [name for name, text in texts().items() if phrase.lower() in text]
    assert found == [], f"write instead: {REPLACED[phrase]}"
