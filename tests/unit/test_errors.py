"""What users meet as an exception has one base, and the tree that `errors.py` draws is the true one."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

import aktify_sandbox
from aktify_sandbox import errors
from aktify_sandbox.errors import UserError

LINE = re.compile(r"^ {4}(?P<branches>(?:│   |    )*(?:[├└]── )?)(?P<name>\w+)(?: \((?P<other>\w+)\))?$")


def drawn() -> dict[str, tuple[str, ...]]:
    """The bases of each class in the tree of the module's docstring."""
    tree: dict[str, tuple[str, ...]] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        found = LINE.match(line)
        if found:
            depth = len(found["branches"]) // 4
            other = (found["other"],) if found["other"] else ()
            tree[found["name"]] = ((above[depth - 1] if depth else "Exception"), *other)
            above[depth:] = [found["name"]]
    return tree


def children(of: type[UserError]) -> Iterator[type[UserError]]:
    for child in of.__subclasses__():
        yield child
        yield from children(child)


def test_the_tree_in_the_docstring_is_the_true_one() -> None:
    for module in pkgutil.walk_packages(aktify_sandbox.__path__, "aktify_sandbox."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found: list[type[UserError]] = [UserError, *children(UserError)]
    true = {each.__name__: tuple(base.__name__ for base in each.__bases__) for each in found}
    assert drawn() == true


def test_the_public_ones_show_themselves_by_the_path_from_which_they_are_imported() -> None:
    public = [getattr(aktify_sandbox, name) for name in aktify_sandbox.__all__]
    found = [each for each in public if isinstance(each, type) and issubclass(each, UserError)]
    assert len(found) == 7
    assert {each.__module__ for each in found} == {"aktify_sandbox"}
