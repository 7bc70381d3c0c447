r"""JSON Schema (Draft 2020-12) with two engines, and patterns that no text can make slow.

`jsonschema_rs` accepts a lead in a microsecond and explains a refusal in ten. `jsonschema`, a hundred times slower, is
the reference: it gives the same results where `jsonschema_rs` has no wheel, and explains mistakes in files everywhere.

In our schemas `$(?!\n)` matches the end of a text: Python's own `$` also matches before a final newline.
"""

import re
from collections.abc import Callable, Iterable, Iterator
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


class SchemaError(NamedTuple):
    """One error that a schema finds in a value."""

    field: str
    """The place in the value: `region`, `metadata.name` inside; empty for the whole."""
    keyword: str
    """The keyword of JSON Schema that fails: `type`, `pattern`, `required` …"""
    value: Any
    """The value at that place."""
    limit: Any
    """The keyword's value in the schema."""


class Validator(Protocol):
    """A compiled schema."""

    is_valid: Check

    def errors(self, value: Any) -> Iterator[SchemaError]:
        """All errors in the value."""


class FastValidator:
    """A schema compiled by `jsonschema_rs`."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._validator: Any = jsonschema_rs.validator_for(portable(schema))
        self.is_valid: Check = self._validator.is_valid

    def errors(self, value: Any) -> Iterator[SchemaError]:
        """All errors in the value."""
        for error in self._validator.iter_errors(value):
            limit: Any = self._schema
            for step in error.schema_path:
                limit = limit[step]
            keyword = next(step for step in reversed(error.schema_path) if isinstance(step, str))
            yield SchemaError(_field(error.instance_path), keyword, error.instance, limit)


class ReferenceValidator:
    """A schema compiled by `jsonschema`."""

    def __init__(self, schema: Schema) -> None:
        self._validator = reference(schema)
        self.is_valid: Check = self._validator.is_valid

    def errors(self, value: Any) -> Iterator[SchemaError]:
        """All errors in the value."""
        for error in self._validator.iter_errors(value):
            yield SchemaError(
                _field(error.absolute_path), error.validator, error.instance, error.validator_value
            )


def _field(path: Iterable[str | int]) -> str:
    return ".".join(map(str, path))


Engine = Callable[[Schema], Validator]

validator_for: Engine = FastValidator if IS_FAST else ReferenceValidator
"""Compiles a schema with the faster of the installed engines."""


def reference(schema: Schema) -> Any:
    """The validator of `jsonschema`, whose errors are the most detailed; imported when first used."""
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema)


def linear_search(pattern: str) -> Check:
    """A function that searches a text for a user's pattern, in time linear in its length. Needs `IS_FAST`.

    Python's `re` can't replace it: some patterns would take it forever. Raises `ValueError` when the engine doesn't
    support the pattern.
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

    The only look-around in our patterns keeps `$` from matching before a final newline, which it does only in Python.
    RE2 doesn't support `\uNNNN`.
    """
    if isinstance(schema, dict):
        return {
            name: _portable(value) if name == "pattern" and isinstance(value, str) else portable(value)
            for name, value in schema.items()
        }
    return [portable(each) for each in schema] if isinstance(schema, list) else schema


def _portable(pattern: str) -> str:
    return re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), pattern.replace(r"$(?!\n)", "$"))
