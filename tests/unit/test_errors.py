"""What users meet as an exception has one base or is click's, and the tree that `errors.py` draws is the true one."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from types import ModuleType

from click import ClickException

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


def modules() -> Iterator[ModuleType]:
    for module in pkgutil.walk_packages(aktify_sandbox.__path__, "aktify_sandbox."):
        if not module.name.endswith("__main__"):
            yield importlib.import_module(module.name)


def test_the_tree_in_the_docstring_is_the_true_one() -> None:
    assert list(modules())
    found: list[type[UserError]] = [UserError, *children(UserError)]
    true = {each.__name__: tuple(base.__name__ for base in each.__bases__) for each in found}
    assert drawn() == true


CAUGHT = {"BrokenConnectionError", "LostAnswerError", "StoppedError"}
"""Those that the module or its caller turns into words or into another error."""


def test_an_exception_outside_the_tree_is_of_a_command_or_never_met() -> None:
    for module in modules():
        for each in vars(module).values():
            if isinstance(each, type) and issubclass(each, Exception) and each.__module__ == module.__name__:
                is_of_command = issubclass(each, ClickException) and ".cli." in each.__module__
                assert issubclass(each, UserError) or is_of_command or each.__name__ in CAUGHT, each


def test_the_public_ones_show_themselves_by_the_path_from_which_they_are_imported() -> None:
    public = [getattr(aktify_sandbox, name) for name in aktify_sandbox.__all__]
    found = [each for each in public if isinstance(each, type) and issubclass(each, UserError)]
    assert len(found) == 7
    assert {each.__module__ for each in found} == {"aktify_sandbox"}
