"""Parses JSON with the position of every value, which the standard library's parser doesn't give."""

import json
import re
from json.decoder import JSONDecoder
from typing import Any

from aktify_sandbox.documents.nodes import Node
from aktify_sandbox.errors import DocumentError, FileProblem
from aktify_sandbox.redaction import shown_name

_DECODER = JSONDecoder()
_SPACE = re.compile(r"[ \t\n\r]*")
_SCALAR = re.compile(r"-?(?:0|[1-9][0-9]{0,400})(?:\.[0-9]{1,400})?(?:[eE][-+]?[0-9]{1,4})?|true|false|null")
_DEEPEST = 32


def read_json(text: str, name: str) -> Node:
    """The text as nodes. Raises `DocumentError`."""
    reader = _Reader(text, name)
    root = reader.value(1)
    if reader.skip() < len(text):
        reader.report("Unexpected text after the end of the JSON value.")
    return root


class _Reader:
    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name
        self._at = 0
        self._line, self._line_start = 1, 0

    def skip(self) -> int:
        """Skip white space."""
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._at

    def report(self, message: str, hint: str = "", place: tuple[int, int] | None = None) -> None:
        """Raise a problem at the current position."""
        line, column = place or self._position()
        raise DocumentError([FileProblem(self._name, line, column, message, hint)])

    def _position(self) -> tuple[int, int]:
        self._line += self._text.count("\n", self._line_start, self._at)
        self._line_start = max(self._line_start, self._text.rfind("\n", 0, self._at) + 1)
        return self._line, self._at - self._line_start + 1

    def value(self, depth: int) -> Node:
        """Read the value at the current position."""
        self.skip()
        place, sign = self._position(), self._text[self._at : self._at + 1]
        if depth > _DEEPEST:
            self.report(f"Nested deeper than {_DEEPEST} levels.", place=place)
        if sign == '"':
            return Node(self._string(), *place, quoted=True)
        if sign == "{":
            return self._object(depth, place)
        if sign == "[":
            return self._array(depth, place)
        found = _SCALAR.match(self._text, self._at)
        if not found:
            hint = "Put text in double quotes."
            self.report("Invalid JSON: a value is missing.", hint, place)
            raise AssertionError  # `report` raises
        self._at = found.end()
        return Node(json.loads(found[0]), *place, quoted=True)

    def _string(self) -> str:
        text = ""
        try:
            text, self._at = _DECODER.raw_decode(self._text, self._at)
        except json.JSONDecodeError as error:
            self._at = error.pos
            self.report(f"Invalid JSON: {error.msg.lower().removesuffix(' starting at')}.")
        return text

    def _object(self, depth: int, place: tuple[int, int]) -> Node:
        pairs: dict[str, Node] = {}
        names: dict[str, tuple[int, int]] = {}
        self._at += 1
        while not self._ends("}", first=not pairs):
            where = self._position()
            if self._text[self._at : self._at + 1] != '"':
                self.report("Invalid JSON: a name in double quotes is missing.")
            name = self._string()
            if name in pairs:
                self.report(f"{shown_name(name)} appears twice.", "Remove one.", where)
            if self._text[self.skip() : self._at + 1] != ":":
                self.report("Invalid JSON: a colon is missing.")
            self._at += 1
            pairs[name], names[name] = self.value(depth + 1), where
        return Node(pairs, *place, names=names)

    def _array(self, depth: int, place: tuple[int, int]) -> Node:
        items: list[Any] = []
        self._at += 1
        while not self._ends("]", first=not items):
            items.append(self.value(depth + 1))
        return Node(items, *place)

    def _ends(self, bracket: str, *, first: bool) -> bool:
        """Whether the bracket closes here; otherwise move past the comma to the next element."""
        sign = self._text[self.skip() : self._at + 1]
        if sign == bracket:
            self._at += 1
            return True
        if not first:
            if sign != ",":
                self.report(f"Invalid JSON: a comma or {bracket} is missing.")
            self._at += 1
            self.skip()
        return False
