"""`--expect 'leads == 3'`: an expectation in three words."""

import re
from typing import Any, NamedTuple

from aktify_sandbox.cli.client import Client
from aktify_sandbox.cli.expectations import Expectation, Result
from aktify_sandbox.errors import ComparisonError

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


class Assertion(NamedTuple):
    """What shall be so at the end."""

    text: str
    subject: str
    operator: str
    number: int

    def verify(self, client: Client, after: str | None) -> Result:
        """Ask the sandbox. `after`: only requests newer than that id count."""
        results = [Expectation(self._expectation(count)).verify(client, after) for count in self._counts()]
        best = next((each for each in results if each.ok), results[0])
        return best._replace(name=self.text, text=best.text and f"{self.text}: {best.text}")

    def _expectation(self, count: dict[str, int]) -> dict[str, Any]:
        return {"where": _WHERE.get(self.subject, {"status": self.subject}), "count": count}

    def _counts(self) -> list[dict[str, int]]:
        """Of which one must be met, as the sandbox takes them."""
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
