"""What `from aktify_sandbox import …` offers: a flat list, typed and documented."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import aktify_sandbox

OBJECTS = [name for name in aktify_sandbox.__all__ if name != "__version__"]


def typed_names() -> set[str]:
    """What type checkers see: the names that the package imports, which at run time are imported when asked for."""
    tree = ast.parse(Path(aktify_sandbox.__file__).read_text())
    return {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("aktify_sandbox")
        for alias in node.names
    }


def members(name: str) -> Iterator[tuple[str, Any]]:
    """The public methods and properties of a class that are its own."""
    for member, value in vars(getattr(aktify_sandbox, name)).items():
        if not member.startswith("_") and (callable(value) or isinstance(value, property)):
            yield f"{name}.{member}", value


def test_the_list_is_exactly_what_type_checkers_and_completion_see() -> None:
    assert set(aktify_sandbox.__all__) == typed_names() == set(dir(aktify_sandbox))
    assert len(aktify_sandbox.__all__) == len(set(aktify_sandbox.__all__))


@pytest.mark.parametrize("name", OBJECTS)
def test_each_has_a_docstring_of_its_own_and_so_has_what_is_public_in_it(name: str) -> None:
    documented = {name: getattr(aktify_sandbox, name)}
    documented |= dict(members(name)) if inspect.isclass(documented[name]) else {}
    inherited = {parent.__doc__ for parent in getattr(documented[name], "__mro__", ())[1:]}
    assert documented[name].__doc__ not in {None, *inherited}
    assert [each for each, value in documented.items() if not inspect.getdoc(value)] == []
