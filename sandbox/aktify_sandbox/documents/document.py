"""YAML and JSON files as people wrote them: every value with its position, and every scalar as text.

YAML would read `02139` as a number, `NO` as a boolean and `12:30` as a count of seconds. Here each scalar stays as it
was written and becomes a number or boolean only where the schema wants one. Tags, aliases and merge keys are refused.

Values under `writeOnly` in the schema are secret: problems show them masked.
"""

import errno
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from io import FileIO
from pathlib import Path
from types import MappingProxyType
from typing import Any

from aktify_sandbox.contract.validators import Schema, reference, validator_for
from aktify_sandbox.documents.json_nodes import read_json
from aktify_sandbox.documents.nodes import Node, Place
from aktify_sandbox.documents.yaml_nodes import read_yaml
from aktify_sandbox.errors import DocumentError, FileProblem
from aktify_sandbox.originals import json, os
from aktify_sandbox.redaction import is_telling, masked_key, shown_name
from aktify_sandbox.text import nearest, suggest

_LARGEST = 1_000_000
_TELLS_NOTHING = 3
"""A number with at most this many digits isn't a key."""
_NULL = ("", "null", "~")
_COUNTED = {"maxLength": "characters", "maxItems": "entries", "maxProperties": "names"}
ALSO = "x-other-names"
"""A schema's annotation: other words for allowed values, each with the value it means. Suggestions read it."""
_BOOLEANS = {"true": True, "false": False}


class Document:
    """A file that was parsed."""

    def __init__(self, name: str, root: Node) -> None:
        self.name = name
        self.root = root

    def value(self, schema: Schema) -> Any:
        """The content converted by the schema. Raises `DocumentError` with all problems."""
        value, problems = self.checked(schema)
        if problems:
            raise DocumentError(problems)
        return value

    def checked(self, schema: Schema) -> tuple[Any, list[FileProblem]]:
        """The content as far as the schema knows it, and all problems with it."""
        value = self.unchecked(schema)
        if validator_for(schema).is_valid(value):
            return value, []
        errors = sorted(reference(schema).iter_errors(value), key=lambda error: list(map(str, error.path)))
        problems = [problem for error in _types_first(errors) for problem in self._problems(error, schema)]
        return value, list(dict.fromkeys(problems)) or [self.problem((), "Invalid value.")]

    def unchecked(self, schema: Schema) -> Any:
        """The content as far as the schema knows it."""
        return _typed(self.root, schema, schema)

    def problem(self, place: Place, message: str, hint: str = "") -> FileProblem:
        """A problem that the caller found in a value, given its path from the root."""
        node = self._node(place)
        return FileProblem(self.name, node.line, node.column, message, hint, _dotted(place))

    def _node(self, place: Place) -> Node:
        node = self.root
        for part in place:
            holds = isinstance(part, int) or part in node.content
            node = node.content[part] if holds else node
        return node

    def _problems(self, error: Any, root: Schema) -> Iterator[FileProblem]:
        place = tuple(error.absolute_path)
        if error.validator == "additionalProperties":
            yield from self._unknown(place, error, root)
        elif error.validator in ("anyOf", "oneOf"):
            yield from self._alternatives(place, error, root)
        elif error.validator == "required" and _misspelt(error):
            return  # reported with the misspelt name, which suggests the right one
        else:
            found = _shown(error.instance, _is_secret(place, root))
            yield self.problem(place, *_words(error, found, place))

    def _unknown(self, place: Place, error: Any, root: Schema) -> Iterator[FileProblem]:
        node, allowed = self._node(place), list(error.schema.get("properties", {}))
        patterns = [re.compile(pattern) for pattern in error.schema.get("patternProperties", {})]
        for name in node.content:
            if name not in allowed and not any(pattern.search(name) for pattern in patterns):
                said = self._about_a_name(name, place, error, root)
                yield FileProblem(self.name, *node.names[name], *said, _dotted(place))

    def _about_a_name(self, name: str, place: Place, error: Any, root: Schema) -> tuple[str, str]:
        allowed = list(error.schema.get("properties", {}))
        misspelt = nearest(name, allowed)  # a mistyped keyword isn't secret
        secret = _stands_in_a_secret(place, root) or (is_telling(name) and _is_secret(place, root))
        shown = _cut(name, secret and not misspelt)
        rule = error.schema.get("propertyNames", {}).get("description")
        if rule:
            return f"“{shown}” isn't a valid name.", rule
        return f"Unknown name “{shown}”.", _choice(name, allowed)

    def _alternatives(self, place: Place, error: Any, root: Schema) -> Iterator[FileProblem]:
        """Report errors of the intended alternative: the one of the same type."""
        meant = [
            [inner for inner in error.context if inner.schema_path[0] == number]
            for number in range(len(error.validator_value))
        ]
        fitting = [
            errors for errors in meant if not any(e.validator == "type" and not e.path for e in errors)
        ]
        if fitting and fitting[0]:
            others = [_resolved(each, root).get("title") for each in error.validator_value]
            besides = ", ".join(each for each in others if each)
            for inner in _types_first(fitting[0]):
                for problem in self._problems(inner, root):
                    is_choice = inner.validator == "enum" and not inner.path and besides
                    hint = f"{problem.hint.removesuffix('.')}, {besides}." if is_choice else problem.hint
                    yield problem._replace(hint=hint)
        else:
            kinds = [
                kind
                for inner in error.context
                if inner.validator == "type" and not inner.path
                for kind in _kinds(inner.validator_value)
            ]
            found = _shown(error.instance, _is_secret(place, root))
            message = f"Expected {_any_of(kinds)}, found {found}."
            hints = [_resolved(each, root).get("description", "") for each in error.validator_value]
            yield self.problem(place, message, " ".join(filter(None, hints)))


def _dotted(place: Place) -> str:
    return ".".join(map(str, place))


def read_file(path: Path) -> Document:
    """Read a file, as JSON by its suffix, else as YAML. Raises `DocumentError`, also when there is nothing to read."""
    try:
        content = read_bounded(path, _LARGEST)
        text = content.decode("utf-8-sig")
    except OSError as error:
        message = f"The file can't be read: {(error.strerror or str(error)).lower()}."
        raise DocumentError([FileProblem(str(path), 1, 1, message, "")]) from None
    except UnicodeDecodeError as error:
        message = f"The file isn't UTF-8 (byte {error.start:,})."
        raise DocumentError([FileProblem(str(path), 1, 1, message, "Save it as UTF-8.")]) from None
    if path.suffix.lower() == ".json" and text.strip():
        return Document(str(path), _whole_characters(read_json(text, str(path)), str(path)))
    return read(text, str(path))


def read_bounded(path: Path, most: int) -> bytes:
    """The bytes of a regular file: no folder, and no pipe that would block its reader.

    Raises `OSError`, also when there are more than `most`.
    """
    with FileIO(os.open(path, os.O_RDONLY | os.O_NONBLOCK)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"larger than {most:,} bytes")
    return content


def read(text: str, name: str) -> Document:
    """Read YAML; an empty text is an empty mapping. Raises `DocumentError`."""
    if len(text) > _LARGEST:
        raise DocumentError(
            [FileProblem(name, 1, 1, f"The text is longer than {_LARGEST:,} characters.", "")]
        )
    root = _whole_characters(read_yaml(text, name), name)
    return Document(name, Node({}, 1, 1) if root.content in _NULL and not root.quoted else root)


def _whole_characters(node: Node, name: str) -> Node:
    """Join surrogate halves that escapes may have written. Raises `DocumentError` for a lone half."""
    content = node.content
    try:
        if isinstance(content, dict):
            content = {_joined(word): _whole_characters(inner, name) for word, inner in content.items()}
            places = {_joined(word): place for word, place in node.names.items()}
            return Node(content, node.line, node.column, node.quoted, places)
        if isinstance(content, list):
            content = [_whole_characters(inner, name) for inner in content]
        elif isinstance(content, str):
            content = _joined(content)
    except UnicodeDecodeError:
        message = "It contains a lone surrogate, half of a character."
        raise DocumentError([FileProblem(name, node.line, node.column, message, "")]) from None
    return Node(content, node.line, node.column, node.quoted, node.names)


def _joined(text: str) -> str:
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16")


# convert texts to numbers and booleans where the schema wants them


def _typed(node: Node, schema: Any, root: Schema) -> Any:
    schema = _resolved(schema, root)
    if isinstance(node.content, dict):
        return {
            name: _typed(inner, _schema_of(name, schema, root), root) for name, inner in node.content.items()
        }
    if isinstance(node.content, list):
        return [_typed(inner, _items_of(schema, root), root) for inner in node.content]
    return node.content if node.quoted else _scalar(node.content, _types(schema, root))


def _resolved(schema: Any, root: Schema) -> Schema:
    if not isinstance(schema, dict):
        return {}
    if "$ref" in schema:
        found: Any = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return _resolved(found, root)
    return schema


def _alternatives_in(schema: Schema, root: Schema) -> list[Schema]:
    return [_resolved(each, root) for word in ("anyOf", "oneOf") for each in schema.get(word, ())]


def _schema_of(name: str, schema: Schema, root: Schema) -> Any:
    for each in (schema, *_alternatives_in(schema, root)):
        if name in each.get("properties", {}):
            return each["properties"][name]
        for pattern, inner in each.get("patternProperties", {}).items():
            if re.search(pattern, name):
                return inner
        if isinstance(each.get("additionalProperties"), dict):
            return each["additionalProperties"]
    return {}


def _items_of(schema: Schema, root: Schema) -> Any:
    choices = (schema, *_alternatives_in(schema, root))
    return next((each["items"] for each in choices if "items" in each), {})


def _types(schema: Schema, root: Schema) -> set[str]:
    own = schema.get("type", [])
    types = {own} if isinstance(own, str) else set(own)
    for value in schema.get("enum", ()):
        types.add({bool: "boolean", int: "integer", str: "string"}.get(type(value), "null"))
    return types.union(*(_types(each, root) for each in _alternatives_in(schema, root)))


def _scalar(text: str, types: set[str]) -> Any:
    if "boolean" in types and text in _BOOLEANS:
        return _BOOLEANS[text]
    if types & {"integer", "number"} and re.fullmatch(r"-?(?:0|[1-9][0-9]{0,17})", text):
        return int(text)
    if "number" in types and re.fullmatch(r"-?(?:0|[1-9][0-9]*)\.[0-9]+", text):
        return float(text)
    if "null" in types and text in _NULL:
        return None
    return text


# problems in words


def _types_first(errors: Iterable[Any]) -> list[Any]:
    """The errors without those that only follow from a wrong type."""
    listed = list(errors)
    mistyped = {tuple(error.absolute_path) for error in listed if error.validator == "type"}
    return [
        error for error in listed if error.validator == "type" or tuple(error.absolute_path) not in mistyped
    ]


def _schemas_on(place: Place, root: Schema) -> Iterator[Schema]:
    """The schemas of the root and of each value on the path."""
    schema = _resolved(root, root)
    yield schema
    for part in place:
        inner = _items_of(schema, root) if isinstance(part, int) else _schema_of(part, schema, root)
        schema = _resolved(inner, root)
        yield schema


def _stands_in_a_secret(place: Place, root: Schema) -> bool:
    return any(schema.get("writeOnly") for schema in _schemas_on(place, root))


def _is_secret(place: Place, root: Schema) -> bool:
    """Whether the value may be secret: it is inside a secret, or in place of an object with one."""
    *_, own = _schemas_on(place, root)
    return _stands_in_a_secret(place, root) or '"writeOnly": true' in json.dumps(own)


def _misspelt(error: Any) -> bool:
    """Whether all missing names are present with nearly the same spelling."""
    missing = [name for name in error.validator_value if name not in error.instance]
    unknown = [name for name in error.instance if name not in error.schema.get("properties", {})]
    return all(nearest(name, unknown) for name in missing)


def _words(error: Any, found: str, place: Place) -> tuple[str, str]:
    wanted, where = error.validator_value, _dotted(place)
    name = next((shown_name(part) for part in reversed(place) if isinstance(part, str)), "The value")
    match error.validator:
        case "type":
            kinds = [wanted] if isinstance(wanted, str) else wanted
            hint = _say_true_or_false(error.instance, kinds)
            if "enum" in error.schema:
                hint = _choice("", _allowed_in(error.schema["enum"]))
            return f"Expected {_any_of(kinds)}, found {found}.", hint
        case "enum" | "const":
            allowed = _allowed_in(wanted if isinstance(wanted, list) else [wanted])
            known = isinstance(error.instance, str) and name != "The value"
            message = f"Unknown {name} {found}." if known else f"{name} can't be {found}."
            return message, _choice(error.instance, allowed, error.schema.get(ALSO, {}))
        case "required":
            missing = next(name for name in wanted if name not in error.instance)
            return f"{missing} is missing{f' in {where}' if where else ''}.", ""
        case "minimum" | "maximum" | "exclusiveMinimum":
            limit = {"minimum": "at least", "maximum": "at most", "exclusiveMinimum": "more than"}[
                error.validator
            ]
            return f"Expected {limit} {wanted:,}, found {found}.", ""
        case "pattern":
            return f"{name} can't be {found}.", error.schema.get("description") or f"It must match {wanted}."
        case "minItems" | "minProperties":
            return (
                f"{where or 'It'} is empty.",
                f"Add at least one. {error.schema.get('description', '')}".strip(),
            )
        case "minLength":
            return "It is empty.", error.schema.get("description") or "Write a value, or leave it out."
        case "maxLength" | "maxItems" | "maxProperties":
            return (
                f"It has {len(error.instance):,} {_COUNTED[error.validator]}.",
                f"The limit is {wanted:,}.",
            )
        case _:
            return f"{name} can't be {found}: it violates {error.validator}.", f"It must be {wanted}."


def _allowed_in(values: Iterable[Any]) -> list[str]:
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in values]


def _say_true_or_false(found: Any, kinds: list[str]) -> str:
    return "Write true or false." if "boolean" in kinds and isinstance(found, str) else ""


def _kinds(written: str | list[str]) -> list[str]:
    """A schema's `type` is one, or several."""
    return [written] if isinstance(written, str) else written


def _any_of(kinds: list[str]) -> str:
    *others, last = map(_kind, kinds)
    return f"{', '.join(others)} or {last}" if others else last


def _kind(name: str) -> str:
    kinds = {
        "string": "text",
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false",
    }
    return kinds.get(name) or {"object": "a mapping", "array": "a list", "null": "null"}.get(name, name)


def _choice(found: Any, allowed: list[str], also: Mapping[str, str] = MappingProxyType({})) -> str:
    verb = "Write" if len(allowed) == 1 else "Choose from:"
    return f"{suggest(str(found), allowed, also=also)}{verb} {', '.join(allowed)}." if allowed else ""


def _shown(value: Any, secret: bool = False) -> str:
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        return f"“{_cut(value, secret)}”" if value else "empty text"
    number = json.dumps(value)
    return _cut(number, secret and len(number) > _TELLS_NOTHING)


def _cut(text: str, secret: bool) -> str:
    """A text short enough for a message, masked if it is a secret."""
    if secret and text:
        return masked_key(text)
    return f"{text[:60]}…" if len(text) > 60 else text
