"""What an endpoint answered, and whether that is what was expected."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from aktify_sandbox.text import printable

from .numbers import e164
from .probes import Asked, Expected, Field, Probe


class Answered(NamedTuple):
    """An endpoint's answer, as far as a probe looks at it."""

    status: int
    body: bytes = b""
    location: str | None = None
    """Where a redirect leads."""

    @property
    def fields(self) -> Mapping[str, Any] | None:
        """The JSON object in the body, None if there is none."""
        try:
            content = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return content if isinstance(content, dict) else None


class Observation(NamedTuple):
    """A probe with its answer."""

    probe: Probe
    asked: Asked
    answer: Answered

    def is_as(self, expected: Expected) -> bool:
        """Whether the answer is the expected one."""
        if self.answer.status != expected.status:
            return False
        if not expected.fields:
            return True
        found = self.answer.fields
        return found is not None and all(
            self._holds(found, name, value) for name, value in expected.fields.items()
        )

    def _holds(self, found: Mapping[str, Any], name: str, value: Any) -> bool:
        if value is Field.ABSENT:
            return name not in found
        if value is Field.PRESENT:
            return name in found
        if value is Field.AS_SENT:
            value = self.asked.lead.get(name)
        elif value is Field.E164:
            value = e164(self.asked.number)
        return name in found and bool(found[name] == value) and type(found[name]) is type(value)

    def said(self, expected: Expected) -> str:
        """The answer in words, with the fields that the expected one looks at."""
        status = str(self.answer.status)
        if self.answer.location is not None:
            return f"{status} to another address"
        if self.answer.status != expected.status or not expected.fields:
            return status
        found = self.answer.fields
        if found is None:
            return f"{status} without a JSON object"
        shown = (
            f"{name} {_short(found[name])}" if name in found else f"no {name}" for name in expected.fields
        )
        return f"{status} with {', '.join(shown)}"


def _short(value: Any) -> str:
    text = printable(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= 60 else f"{text[:60]}…"
