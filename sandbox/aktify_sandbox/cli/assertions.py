"""`--expect 'leads == 3'`: an expectation in three words."""

import re
from typing import Any, NamedTuple

from aktify_sandbox.cli.client import Client
from aktify_sandbox.cli.expectations import VerifyResult, WrittenExpectation
from aktify_sandbox.errors import ComparisonError
from aktify_sandbox.text import plural

_FORM = re.compile(r"\s*([A-Za-z0-9]+)\s*(==|!=|<=|>=|<|>)\s*([0-9]{1,7})\s*")
_STATUS = re.compile(r"[1-5](?:xx|[0-9]{2})")
_ALLOWED = (
    "Write 'leads == 3': leads, requests, forced or a status (409, 4xx, none); == != < <= > or >=; a number."
)

_WHERE: dict[str, dict[str, Any]] = {
    "leads": {
        "kept": "yes"
    },  # by the requests that brought them: a campaign may be gone when the command ends
    "requests": {},
    "forced": {"forced": "yes"},
}


_OPERATORS = {
    "==": "",
    "!=": "any number except ",
    "<": "fewer than ",
    "<=": "at most ",
    ">": "more than ",
    ">=": "at least ",
}


def _counted(number: int, subject: str) -> str:
    nouns = {"leads": "kept lead", "requests": "request", "forced": "forced answer"}
    if subject in nouns:
        return plural(number, nouns[subject])
    return (
        f"{plural(number, 'request')} {'without an answer' if subject == 'none' else f'answered {subject}'}"
    )


class Assertion(NamedTuple):
    """An expectation for the end of a run."""

    text: str
    subject: str
    operator: str
    number: int

    def verify(self, client: Client, after: str | None) -> VerifyResult:
        """Ask the sandbox. `after`: only requests newer than that id count."""
        results = [
            WrittenExpectation(self._expectation(count)).verify(client, after) for count in self._counts()
        ]
        best = next((each for each in results if each.ok), results[0])
        return best._replace(name=self.text, text=best.text and f"{self.text}: {self._words(best)}")

    def _words(self, result: VerifyResult) -> str:
        """What was wrong, such as: Expected 3 kept leads; there is 1."""
        count = result.content["matched"]
        operator, number = (">=", 1) if (self.operator, self.number) == ("!=", 0) else self[2:]
        expected = f"{_OPERATORS[operator]}{_counted(number, self.subject)}"
        verdict, *lines = result.text.split("\n")
        doubt = "".join(verdict.partition(" The result is uncertain:")[1:])
        found = [line for line in lines if line.startswith("  found:")]
        there = f"there {'is' if count == 1 else 'are'} {f'{count:,}' if count else 'none'}"
        return "\n".join([f"Expected {expected}; {there}.{doubt}", *found])

    def _expectation(self, count: dict[str, int]) -> dict[str, Any]:
        return {"where": _WHERE.get(self.subject, {"status": self.subject}), "count": count}

    def _counts(self) -> list[dict[str, int]]:
        """Counts, of which one must be met, as the admin API takes them."""
        return [
            {"atLeast": least} | ({} if most is None else {"atMost": most}) for least, most in self._spans()
        ]

    def _spans(self) -> list[tuple[int, int | None]]:
        number = self.number
        match self.operator:
            case "==":
                return [(number, number)]
            case "!=":
                below: list[tuple[int, int | None]] = [(0, number - 1)] if number else []
                return [*below, (number + 1, None)]
            case "<":
                return [(0, number - 1)]
            case "<=":
                return [(0, number)]
            case ">":
                return [(number + 1, None)]
            case _:
                return [(number, None)]


def parse_assertion(text: str) -> Assertion:
    """Read one. Raises `ComparisonError`."""
    found = _FORM.fullmatch(text)
    if not found:
        raise ComparisonError(f"“{text}” can't be compared. {_ALLOWED}")
    subject, operator, number = found[1].lower(), found[2], int(found[3])
    if subject not in (*_WHERE, "none") and not _STATUS.fullmatch(subject):
        raise ComparisonError(f"“{found[1]}” isn't counted. {_ALLOWED}")
    if operator == "<" and number == 0:
        raise ComparisonError(f"“{text}” can never be so: there are never fewer than 0.")
    return Assertion(text.strip(), subject, operator, number)
