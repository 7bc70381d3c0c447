"""Reads the body of `POST /_sandbox/leads` lead by lead: parsing 60 MB at once blocks the interpreter for a second."""

from collections.abc import Generator
from json import JSONDecodeError
from typing import Any

import orjson

from aktify_sandbox.admin.problems import ProblemError, json_value
from aktify_sandbox.jobs import Work
from aktify_sandbox.leadfiles.json_leads import DECODER, skip, spans

Reading = Generator[None, None, int]
"""Work that results in the offset after what it has read."""


class LeadBody:
    """The body and the positions of its leads: in an array, in `{"leads": […]}`, or a single lead."""

    def __init__(self, content: bytearray) -> None:
        self._content = content
        # one character per byte: the structure is ASCII, and values are read from the bytes, which are UTF-8
        self._text = content.decode("latin-1")
        self._places: list[tuple[int, int]] = []
        self.campaign: str | None = None

    def __len__(self) -> int:
        return len(self._places)

    def lead(self, number: int) -> Any:
        """The lead with that index, from 0."""
        begins, ends = self._places[number]
        return orjson.loads(self._content[begins:ends])

    def read(self) -> Work[None]:
        """Find the leads, and check that the body is JSON to its end. Raises `ProblemError`."""
        start = self._skip(0)
        try:
            match self._text[start : start + 1]:
                case "[":
                    end = yield from self._array(start)
                case "{":
                    end = yield from self._object(start)
                case _:
                    self._add(start, end := len(self._text))
            if self._skip(end) < len(self._text):
                raise JSONDecodeError("Extra data", self._text, self._skip(end))
        except JSONDecodeError as error:
            where = f"line {error.lineno}, column {error.colno}"
            raise ProblemError(400, f"The body isn't JSON: {error.msg} at {where}.") from None
        except RecursionError:
            raise ProblemError(400, "The body is nested too deeply.") from None

    def _array(self, start: int) -> Reading:
        """Take the elements of the array at this offset as leads."""
        self._places, end = [], start + 1
        for begins, end in spans(self._text, start):
            self._add(begins, end)
            yield
        return self._skip(end) + 1

    def _object(self, start: int) -> Reading:
        """Take the object's `leads`, or the object itself when it has none."""
        members: dict[str, Any] = {}
        offset = self._skip(start + 1)
        while self._text[offset : offset + 1] != "}" or members:
            if self._text[offset : offset + 1] != '"':
                raise JSONDecodeError("Expecting a name in double quotes", self._text, offset)
            end = self._end_of(offset)
            name = self._value(offset, end)
            offset = self._behind(self._skip(end), ":")
            if name == "leads" and self._text[offset : offset + 1] == "[":
                end = yield from self._array(offset)
                members[name] = self._places
            else:
                end = self._end_of(offset)
                members[name] = self._value(offset, end)
            offset = self._skip(end)
            if self._text[offset : offset + 1] == "}":
                break
            offset = self._behind(offset, ",")
        if "leads" not in members:
            self._add(start, offset + 1)
            return offset + 1
        self.campaign = members.get("campaign")
        if members["leads"] is not self._places or not isinstance(self.campaign, str | None):
            raise ProblemError(
                400, 'Send {"leads": […], "campaign": "demo"}, each lead with its phoneNumber.'
            )
        return offset + 1

    def _add(self, begins: int, ends: int) -> None:
        self._value(begins, ends)
        self._places.append((begins, ends))

    def _value(self, begins: int, ends: int) -> Any:
        return json_value(self._content[begins:ends])

    def _end_of(self, offset: int) -> int:
        end: int = DECODER.raw_decode(self._text, offset)[1]
        return end

    def _behind(self, offset: int, sign: str) -> int:
        """The offset of the next value."""
        if self._text[offset : offset + 1] != sign:
            raise JSONDecodeError(f"Expecting '{sign}'", self._text, offset)
        return self._skip(offset + 1)

    def _skip(self, offset: int) -> int:
        return skip(self._text, offset)
