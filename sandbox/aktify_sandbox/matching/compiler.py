"""Conditions as users write them, once a schema has nothing against them: from text to what is compared."""

from typing import TYPE_CHECKING, Any

from aktify_sandbox.contract.phone import identity
from aktify_sandbox.contract.validators import IS_FAST, Check, linear_search
from aktify_sandbox.documents.document import Document
from aktify_sandbox.documents.nodes import Place
from aktify_sandbox.matching.condition import Condition

if TYPE_CHECKING:
    from aktify_sandbox.errors import FileProblem


class ConditionCompiler:
    """From checked content to conditions; what the schema could not say becomes a problem with its place."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.problems: list[FileProblem] = []

    def report(self, place: Place, message: str, hint: str = "") -> None:
        """Note a problem at that place."""
        self.problems.append(self._document.problem(place, message, hint))

    def condition(self, place: Place, name: str, written: Any) -> Condition:
        """What must hold of one thing."""
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
            hint = "Write ten digits, or seven for any area code: 555-0180."
            self.report(place, f"{written} isn't a US phone number.", hint)
        return phone or written

    def _pattern(self, place: Place, written: str) -> Check:
        if not IS_FAST:
            hint = "Install it (where it has no wheel, that takes Rust), or list the values: in: [a, b]."
            self.report(place, "Patterns need jsonschema-rs, which isn't installed here.", hint)
            return str.isascii
        try:
            return linear_search(written)
        except ValueError:
            hint = "Patterns run in linear time: no look-around, no back-references, no huge repetitions."
            self.report(place, f"{written} isn't a pattern that can be taken here.", hint)
            return str.isascii
