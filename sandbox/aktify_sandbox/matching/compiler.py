"""Compiles users' conditions after schema validation, from text to what is compared."""

from typing import TYPE_CHECKING, Any

from aktify_sandbox.contract.phone import identity
from aktify_sandbox.contract.validators import IS_FAST, Check, linear_search
from aktify_sandbox.documents.document import Document
from aktify_sandbox.documents.nodes import Place
from aktify_sandbox.matching.condition import Condition

if TYPE_CHECKING:
    from aktify_sandbox.errors import FileProblem


class ConditionCompiler:
    """Compiles checked content to conditions, and reports problems that the schema can't find, with their positions."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.problems: list[FileProblem] = []

    def report(self, place: Place, message: str, hint: str = "") -> None:
        """Report a problem at that position."""
        self.problems.append(self._document.problem(place, message, hint))

    def condition(self, place: Place, name: str, written: Any) -> Condition:
        """A condition on one name."""
        if isinstance(written, str):
            return Condition(name, frozenset([self._value(place, name, written)]))
        if "in" in written:
            values = [self._value((*place, "in", n), name, each) for n, each in enumerate(written["in"])]
            return Condition(name, frozenset(values))
        if "matches" in written:
            return Condition(name, matches=self._pattern((*place, "matches"), written["matches"]))
        return Condition(name, present="present" in written)

    def _value(self, place: Place, name: str, written: str) -> str:
        if name != "phoneNumber":
            return written
        local = "".join(char for char in written if char not in " ().-/")
        if len(local) == 7 and local.isdecimal() and local.isascii():
            return local
        phone = identity(written)
        if phone is None:
            hint = "Write ten digits, or seven for any area code, as in 555-0180."
            self.report(place, f"{written} isn't a US phone number.", hint)
        return phone or written

    def _pattern(self, place: Place, written: str) -> Check:
        if not IS_FAST:
            hint = "Install it (this needs Rust where there is no wheel), or list the values: in: [a, b]."
            self.report(place, "Patterns need jsonschema-rs, which isn't installed here.", hint)
            return str.isascii
        try:
            return linear_search(written)
        except ValueError:
            hint = "Patterns run in linear time, without look-around, back-references or huge repetitions."
            self.report(place, f"The pattern {written} isn't supported.", hint)
            return str.isascii
