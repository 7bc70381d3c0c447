"""Parses YAML with every scalar as it was written. Tags, aliases, anchors and merge keys are refused."""

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


def read_yaml(text: str, name: str) -> Node:
    """The text as nodes; an empty one is an empty mapping. Raises `DocumentError`."""
    try:
        _refuse_what_surprises(text, name)
        nodes = list(yaml.compose_all(text, yaml.BaseLoader))
    except yaml.MarkedYAMLError as error:
        raise DocumentError([_syntax_problem(name, error)]) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise DocumentError([FileProblem(name, line, 1, "Control characters aren't allowed.", "")]) from None
    if len(nodes) > 1:
        mark = nodes[1].start_mark
        hint = "Put each document into its own file."
        raise DocumentError(
            [FileProblem(name, mark.line + 1, mark.column + 1, "A second YAML document begins here.", hint)]
        )
    problems: list[FileProblem] = []
    root = _positioned(nodes[0], name, problems) if nodes else Node({}, 1, 1)
    if problems:
        raise DocumentError(problems)
    return root


def _refuse_what_surprises(text: str, name: str) -> None:
    """Raises `DocumentError`, `yaml.YAMLError`."""
    with contextlib.suppress(DocumentError, yaml.YAMLError):
        if _QUICK:  # ten times as fast, with different error messages
            _refuse_surprises_in(yaml.parse(text, _QUICK), name)
            return
    _refuse_surprises_in(yaml.parse(text, yaml.BaseLoader), name)


def _refuse_surprises_in(events: Iterable[Any], name: str) -> None:
    depth = 0
    for event in events:
        found, hint, anchor, tag = "", "", getattr(event, "anchor", None), getattr(event, "tag", None)
        if isinstance(event, yaml.AliasEvent):
            found, hint = "YAML aliases aren't supported.", "Quote the value if it starts with *."
        elif anchor:
            found, hint = "YAML anchors aren't supported.", "Quote the value if it starts with &."
        elif tag and not _is_plain(event):
            found, hint = "YAML tags aren't supported.", "Quote the value if it starts with !."
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            found = f"Nested deeper than {_DEEPEST} levels."
        if found:
            mark: Any = event.start_mark
            raise DocumentError([FileProblem(name, mark.line + 1, mark.column + 1, found, hint)])


def _is_plain(event: Any) -> bool:
    return event.tag == "!" and isinstance(event, yaml.ScalarEvent) and bool(event.style)


def _syntax_problem(name: str, error: yaml.MarkedYAMLError) -> FileProblem:
    begun = error.context_mark if "end of stream" in str(error.problem) else None
    mark = begun or error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    hint = (
        "Indent with spaces." if "\\t" in str(error.problem) else "Check for a missing quote, colon or space."
    )
    problem = re.sub(r" '[^'<][^']{2,}'", "", str(error.problem))  # may quote a key that begins with !
    return FileProblem(name, line, column, f"Invalid YAML: {problem}.", hint)


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
            problems.append(FileProblem(name, *place, "A name must be text.", ""))
        elif key.value == "<<":
            problems.append(
                FileProblem(name, *place, "YAML merge keys (<<) aren't supported.", "Write out the values.")
            )
        elif key.value in pairs:
            problems.append(
                FileProblem(name, *place, f"{shown_name(key.value)} appears twice.", "Remove one.")
            )
        else:
            pairs[key.value] = _positioned(inner, name, problems)
            names[key.value] = place
    return Node(pairs, line, column, names=names)
