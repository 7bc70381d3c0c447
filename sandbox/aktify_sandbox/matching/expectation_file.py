"""Expectations as users write them: in a file, or in the body of `POST /_sandbox/requests/verify`."""

import dataclasses
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from aktify_sandbox.contract.phone import identity
from aktify_sandbox.contract.rulings import RULINGS
from aktify_sandbox.contract.schema import FIELDS
from aktify_sandbox.documents.document import Document, read_file
from aktify_sandbox.documents.nodes import Node, Place, node_of
from aktify_sandbox.errors import DocumentError, FileProblem, FilterError
from aktify_sandbox.matching.compiler import ConditionCompiler
from aktify_sandbox.matching.condition import Condition
from aktify_sandbox.matching.expectation import Count, Expectation, Scope, Wanted
from aktify_sandbox.matching.schema import NESTED, expectations_schema
from aktify_sandbox.matching.words import WORDS, Kind, condition_on
from aktify_sandbox.redaction import may_hold_key
from aktify_sandbox.text import suggest

_SCOPE = ("campaign", "after", "since")
_CONDITIONS = frozenset((*WORDS, *FIELDS, "header", "body", NESTED))
_CONDITION_WORDS = frozenset(("in", "matches", "missing", "present"))
_LOCAL = re.compile("[0-9]{7}")


def read_expectations(path: Path) -> list[Any]:
    """The expectations in a YAML or JSON file, in the form of `POST /_sandbox/requests/verify`.

    Raises `DocumentError` with all problems.
    """
    document = _unfolded(read_file(path))
    content = document.value(expectations_schema())
    _compiled(document, content)
    return list(content["expectations"])


def expectations_in(content: Any) -> list[Expectation]:
    """The expectations in a body: a single one, or a list under that name. Raises `DocumentError`."""
    several = isinstance(content, dict) and "expectations" in content
    whole = _as_texts(content if several else {"expectations": [content]})
    document = _unfolded(Document("verify", node_of(whole)))
    return _compiled(document, document.value(expectations_schema()))


def conditions_of(texts: Iterable[str], **where: Any) -> dict[str, Any]:
    """A `where` with conditions as a command line has them: `region=CA`, `header.x-batch=7`. Raises `FilterError`."""
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not name:
            raise FilterError(f"“{text}” isn't a condition: write FIELD=VALUE, such as region=CA.")
        group, dot, inner = name.partition(".")
        inside = dot and group in ("header", "body")
        place, word = (where.setdefault(group, {}), inner) if inside else (where, name)
        if not isinstance(place, dict) or word in place:
            raise FilterError(f"{text}: {name} is given twice.")
        place[word] = value
    return where


def words_of(error: DocumentError) -> str:
    """The problems with a body of `expectations_in`, without the position in a single expectation."""
    return " ".join(re.sub(r"^expectations\.0(?:\.|: )", "", each.said) for each in error.problems)


def _unfolded(document: Document) -> Document:
    """The document with nested names joined: `metadata: {source: web}` becomes `metadata.source: web`.

    Raises `DocumentError` if both forms name the same thing, and for conditions that aren't in a `where`.
    """
    outside = [
        FileProblem(document.name, *place, f"{name} is a condition.", "Put it into where.")
        for expectation in _mappings(_part(document.root, "expectations"))
        for name, place in expectation.names.items()
        if name in _CONDITIONS or name.startswith(f"{NESTED}.")
    ]
    twice = [
        FileProblem(document.name, *place, f"{name} appears twice.", "Remove one.")
        for expectation in _mappings(_part(document.root, "expectations"))
        for where in (_part(expectation, "where"), *_mappings(_part(expectation, "order")))
        for conditions in (where, _part(where, "body"))
        for name, place in _unfold(conditions)
    ]
    if outside or twice:
        raise DocumentError(outside + twice)
    return document


def _part(node: Node | None, name: str) -> Node | None:
    """The value under the name, if any, before validation."""
    found: Node | None = node.content.get(name) if node and isinstance(node.content, dict) else None
    return found


def _mappings(node: Node | None) -> list[Node]:
    entries = node.content if node and isinstance(node.content, list) else []
    return [each for each in entries if isinstance(each.content, dict)]


def _unfold(conditions: Node | None) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yields the names that exist already."""
    nested = _part(conditions, NESTED)
    if conditions and nested and _is_nested(nested):
        del conditions.content[NESTED]
        for name, value, place in _inside(NESTED, nested):
            if name in conditions.content:
                yield name, place
            conditions.content[name], conditions.names[name] = value, place


def _inside(name: str, node: Node) -> Iterator[tuple[str, Node, tuple[int, int]]]:
    for word, value in node.content.items():
        if _is_nested(value):
            yield from _inside(f"{name}.{word}", value)
        else:
            yield f"{name}.{word}", value, node.names[word]


def _is_nested(node: Node) -> bool:
    """Whether the mapping has names rather than the words of a condition."""
    content = node.content
    return isinstance(content, dict) and bool(content) and not content.keys() <= _CONDITION_WORDS


def _as_texts(value: Any, name: str = "", *, deep: bool = False) -> Any:
    """JSON's numbers and booleans as the texts of a YAML file, except where the schema wants them.

    `deep`: inside a `where`, where any name may be a field's.
    """
    if name == "count" and not deep:
        return value
    if isinstance(value, dict):
        inside = deep or name == "where"
        return {inner: _as_texts(each, inner, deep=inside) for inner, each in value.items()}
    if isinstance(value, list):
        return [_as_texts(each, deep=deep or name == "order") for each in value]
    if isinstance(value, bool) and name in ("missing", "present"):
        return value
    return json.dumps(value) if isinstance(value, (bool, int, float)) else value


def _compiled(document: Document, content: Any) -> list[Expectation]:
    compiler = _ExpectationCompiler(document)
    found = [
        compiler.expectation(("expectations", n), each) for n, each in enumerate(content["expectations"])
    ]
    if compiler.problems:
        raise DocumentError(compiler.problems)
    return found


class _ExpectationCompiler(ConditionCompiler):
    """Compiles checked content to expectations."""

    def expectation(self, place: Place, written: dict[str, Any]) -> Expectation:
        """Compile one expectation."""
        if "order" in written:
            for word in sorted(written.keys() & {"where", "count"}):
                self.report(
                    (*place, word), f"{word} can't be combined with order.", "Move it into the steps."
                )
            places = [((*place, "order", n), step) for n, step in enumerate(written["order"])]
        else:
            if not written.keys() & {"where", "count"}:
                self.report(place, "The expectation is empty.", "Add where, count or order.")
            places = [((*place, "where"), written.get("where", {}))]
        steps = tuple(tuple(self._wanted(at, step)) for at, step in places)
        count = None if "order" in written else self._count((*place, "count"), written.get("count"))
        found = Expectation("", steps, count, self._scope(places))
        return dataclasses.replace(found, name=written.get("name") or found.words)

    def _scope(self, places: list[tuple[Place, dict[str, Any]]]) -> Scope:
        scopes = [{word: step[word] for word in _SCOPE if word in step} for _, step in places]
        for (place, _), scope in zip(places, scopes, strict=True):
            if scope != scopes[0]:
                hint = f"Give every step the same {', '.join(_SCOPE)}."
                self.report(place, "The steps of an order must search the same part of the record.", hint)
                break
        return Scope(**scopes[0])

    def _count(self, place: Place, written: Any) -> Count:
        if written is None:
            return Count(1)
        if isinstance(written, int):
            return Count(written, written)
        if "exactly" in written:
            if len(written) > 1:
                self.report(
                    place,
                    "exactly can't be combined with atLeast or atMost.",
                    "Remove atLeast and atMost, or exactly.",
                )
            return Count(written["exactly"], written["exactly"])
        if "atMost" in written and written["atMost"] < written.get("atLeast", 0):
            self.report(place, "atMost is below atLeast.", "Swap them.")
        return Count(written.get("atLeast", 0), written.get("atMost", float("inf")))

    def _wanted(self, place: Place, where: dict[str, Any]) -> Iterator[Wanted]:
        for word, written in where.items():
            at = (*place, word)
            if word == "header":
                yield from (self._header((*at, name), name, wanted) for name, wanted in written.items())
            elif word == "body":
                yield from (self._field((*at, name), name, wanted) for name, wanted in written.items())
            elif word not in WORDS:
                yield self._field(at, word, written)
            elif word not in _SCOPE:
                is_condition = WORDS[word].kind is Kind.CONDITION
                yield self._own(at, word, written) if is_condition else _value(word, written)

    def _header(self, place: Place, name: str, written: Any) -> Wanted:
        if may_hold_key(name):
            self.report(place, f"The record hides the value of {name}.", "Use key instead.")
        condition = self.condition(place, f"header {name.lower()}", written)
        return Wanted(f"header {name}", _in_words(written), condition)

    def _own(self, place: Place, word: str, written: Any) -> Wanted:
        condition = self.condition(place, word, written)
        for value in sorted(condition.values - RULINGS.keys()) if word == "ruling" else ():
            self.report(
                place,
                f"Unknown ruling “{value}”.",
                f"{suggest(value, RULINGS)}`aktify-sandbox rulings` lists them.",
            )
        if word != "phone":
            return Wanted(word, _in_words(written), condition)
        for value in sorted(condition.values):
            if not _LOCAL.fullmatch(_as_phone(value)) and identity(value) is None:
                hint = "Write ten digits, or seven for any area code; phoneNumber compares the text as sent."
                self.report(place, f"“{value}” isn't a US phone number.", hint)
        return Wanted(word, _in_words(written), _as_phones(condition))

    def _field(self, place: Place, name: str, written: Any) -> Wanted:
        condition = self.condition(place, f"body.{name}", written)
        return Wanted(
            f"body.{name}", _in_words(written), _as_phones(condition) if name == "phoneNumber" else condition
        )


def _value(word: str, written: Any) -> Wanted:
    """A word whose value is a text or a list of texts rather than a condition."""
    values = [str(each) for each in (written if isinstance(written, list) else [written])]
    condition = condition_on(word, *values)
    if word == "key":
        return Wanted(word, "as given", condition)
    said = sorted(condition.values) if word == "forced" or WORDS[word].kind is Kind.YES_OR_NO else ()
    return Wanted(word, " or ".join(said or values), condition)


def _as_phones(condition: Condition) -> Condition:
    """Phone numbers are compared as numbers, in any spelling; other texts as they are."""
    return dataclasses.replace(condition, values=frozenset(map(_as_phone, condition.values)))


def _as_phone(written: str) -> str:
    local = re.sub(r"[ ().\-/]", "", written)
    return local if _LOCAL.fullmatch(local) else identity(written) or written


def _in_words(written: Any) -> str:
    if isinstance(written, str):
        return written or "empty text"
    if "in" in written:
        return " or ".join(written["in"])
    if "matches" in written:
        return f"matching {written['matches']}"
    return "present" if "present" in written else "missing"
