"""YAML read so that every scalar is a text as it was written; tags, aliases, anchors and merge keys are refused."""

import contextlib
import re
from collections.abc import Iterable
from typing import Any

import yaml

from aktify_sandbox.documents.nodes import Node
from aktify_sandbox.errors import DocumentError, FileProblem
from aktify_sandbox.redaction import shown_name

_DEEPEST = 32
_QUICK: Any = getattr(yaml, "CBaseLoader", None)
_ITSELF = "Write the value itself, in quotes if it begins so."


def read_yaml(text: str, name: str) -> Node:
    """The text as nodes; an empty one is an empty mapping. Raises `DocumentError`."""
    try:
        _refuse_what_surprises(text, name)
        nodes = list(yaml.compose_all(text, yaml.BaseLoader))
    except yaml.MarkedYAMLError as error:
        raise DocumentError([_syntax_problem(name, error)]) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise DocumentError(
            [FileProblem(name, line, 1, f"A control character stands here: {error.reason}.", "")]
        ) from None
    if len(nodes) > 1:
        mark = nodes[1].start_mark
        hint = "Put each document into a file of its own."
        raise DocumentError(
            [FileProblem(name, mark.line + 1, mark.column + 1, "A second document begins here.", hint)]
        )
    problems: list[FileProblem] = []
    root = _positioned(nodes[0], name, problems) if nodes else Node({}, 1, 1)
    if problems:
        raise DocumentError(problems)
    return root


def _refuse_what_surprises(text: str, name: str) -> None:
    """Raises `DocumentError`, `yaml.YAMLError`."""
    with contextlib.suppress(DocumentError, yaml.YAMLError):
        if _QUICK:  # ten times as fast, with other words for what is wrong
            _refuse_surprises_in(yaml.parse(text, _QUICK), name)
            return
    _refuse_surprises_in(yaml.parse(text, yaml.BaseLoader), name)


def _refuse_surprises_in(events: Iterable[Any], name: str) -> None:
    depth = 0
    for event in events:
        found, anchor, tag = "", getattr(event, "anchor", None), getattr(event, "tag", None)
        if isinstance(event, yaml.AliasEvent):
            found = "An alias (*) stands for something else."
        elif anchor:
            found = "An anchor (&) isn't taken here."
        elif tag and not _is_plain(event):
            found = "A tag (!) isn't taken here."
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            found = f"This is nested deeper than {_DEEPEST} levels."
        if found:
            mark: Any = event.start_mark
            raise DocumentError([FileProblem(name, mark.line + 1, mark.column + 1, found, _ITSELF)])


def _is_plain(event: Any) -> bool:
    return event.tag == "!" and isinstance(event, yaml.ScalarEvent) and bool(event.style)


def _syntax_problem(name: str, error: yaml.MarkedYAMLError) -> FileProblem:
    begun = error.context_mark if "end of stream" in str(error.problem) else None
    mark = begun or error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    hint = "Indent with spaces." if "\\t" in str(error.problem) else "Is a quote, a colon or a space missing?"
    problem = re.sub(r" '[^'<][^']{2,}'", "", str(error.problem))  # it may quote a key that begins with !
    return FileProblem(name, line, column, f"This isn't YAML: {problem}.", hint)


def _positioned(node: Any, name: str, problems: list[FileProblem]) -> Node:
    line, column = node.start_mark.line + 1, node.start_mark.column + 1
    if isinstance(node, yaml.ScalarNode):
        return Node(node.value, line, column, bool(node.style))
    if isinstance(node, yaml.SequenceNode):
        return Node([_positioned(inner, name, problems) for inner in node.value], line, column)
    pairs: dict[str, Node] = {}
    names: dict[str, tuple[int, int]] = {}
    for key, inner in node.value:
        place = key.start_mark.line + 1, key.start_mark.column + 1
        if not isinstance(key, yaml.ScalarNode):
            problems.append(FileProblem(name, *place, "A name must be a text.", ""))
        elif key.value == "<<":
            problems.append(
                FileProblem(name, *place, "Merging (<<) isn't taken here.", "Write the values themselves.")
            )
        elif key.value in pairs:
            problems.append(
                FileProblem(name, *place, f"{shown_name(key.value)} stands here twice.", "Keep one.")
            )
        else:
            pairs[key.value] = _positioned(inner, name, problems)
            names[key.value] = place
    return Node(pairs, line, column, names=names)
