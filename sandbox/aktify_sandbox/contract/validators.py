r"""JSON Schema (Draft 2020-12) by the two engines that read it, and patterns that no text can make slow.

`jsonschema_rs` says yes in a microsecond, and no with its reasons in ten. `jsonschema`, a hundred times slower, is the
reference: it answers the same where `jsonschema_rs` has no wheel, and explains mistakes in files everywhere.

In a schema of ours `$(?!\n)` stands for the end of a text: Python's own `$` also matches before a final newline.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

try:
    import jsonschema_rs
except ImportError:
    IS_FAST = False
else:
    IS_FAST = True

Schema = dict[str, Any]
Check = Callable[[Any], bool]

_PATTERN_SIZE = 1_000_000


class Error(NamedTuple):
    """One thing that a schema has against a value."""

    place: tuple[str | int, ...]
    """Where in the value."""
    keyword: str
    """The keyword of JSON Schema that says no: `type`, `pattern`, `required` …"""
    value: Any
    """What stands there."""
    limit: Any
    """What the keyword wants."""


class Validator(Protocol):
    """A schema that an engine has read."""

    is_valid: Check

    def errors(self, value: Any) -> Iterator[Error]:
        """All that the schema has against the value."""


class FastValidator:
    """A schema as `jsonschema_rs` reads it."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._validator: Any = jsonschema_rs.validator_for(portable(schema))
        self.is_valid: Check = self._validator.is_valid

    def errors(self, value: Any) -> Iterator[Error]:
        """All that the schema has against the value."""
        for error in self._validator.iter_errors(value):
            limit: Any = self._schema
            for step in error.schema_path:
                limit = limit[step]
            keyword = next(step for step in reversed(error.schema_path) if isinstance(step, str))
            yield Error(tuple(error.instance_path), keyword, error.instance, limit)


class ReferenceValidator:
    """A schema as `jsonschema` reads it."""

    def __init__(self, schema: Schema) -> None:
        self._validator = reference(schema)
        self.is_valid: Check = self._validator.is_valid

    def errors(self, value: Any) -> Iterator[Error]:
        """All that the schema has against the value."""
        for error in self._validator.iter_errors(value):
            yield Error(tuple(error.absolute_path), error.validator, error.instance, error.validator_value)


Engine = Callable[[Schema], Validator]

validator_for: Engine = FastValidator if IS_FAST else ReferenceValidator
"""Reads a schema by the faster of the engines that are there."""


def reference(schema: Schema) -> Any:
    """The validator of `jsonschema`, whose errors say most; it is loaded only when it is wanted."""
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema)


def linear_search(pattern: str) -> Check:
    """What finds a pattern of anybody's in a text, in time linear in its length: there is none without `IS_FAST`.

    Python's `re` is no stand-in: a pattern may take it longer than anybody waits. Raises `ValueError` when the
    pattern can't be taken.
    """
    options = jsonschema_rs.RegexOptions(size_limit=_PATTERN_SIZE, dfa_size_limit=_PATTERN_SIZE)
    try:
        check: Check = jsonschema_rs.validator_for(
            {"type": "string", "pattern": pattern}, pattern_options=options
        ).is_valid
    except jsonschema_rs.ValidationError as error:
        raise ValueError(str(error)) from None
    return check


def portable(schema: Any) -> Any:
    r"""A schema whose patterns Go, Rust and RE2 can read too.

    A pattern's only look-around keeps a `$` from matching before a final newline, which it does in Python alone; and
    RE2 doesn't know `\uNNNN`.
    """
    if isinstance(schema, dict):
        return {
            name: _portable(value) if name == "pattern" and isinstance(value, str) else portable(value)
            for name, value in schema.items()
        }
    return [portable(each) for each in schema] if isinstance(schema, list) else schema


def _portable(pattern: str) -> str:
    return re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), pattern.replace(r"$(?!\n)", "$"))
