"""The texts that `tests/snapshots/` holds, and the tests that come to them."""

import ast

import pytest

from support.paths import ROOT
from support.snapshots import FOLDER, label, parsed, printed

FILES = sorted(FOLDER.glob("*.txt"))


def test_printed_snapshots_are_read_back() -> None:
    tests = {"test_a": {"one": "a line\n  and another\n\n# a third", "two": ""}, "test_b": {"'\\n'": "x"}}
    assert parsed(printed(tests)) == tests


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ((["serve", "--port", "x"],), "serve --port x"),
        (({"a": 1}, "b"), "{'a': 1}, b"),
        (("a\nb",), r"'a\nb'"),
        (("# a",), "'# a'"),
        (("",), "empty"),
        (("x" * 200,), f"{'x' * 150}… (200 characters)"),
    ],
)
def test_a_case_is_a_line(values: tuple[object, ...], line: str) -> None:
    assert label(*values) == line


def test_each_text_is_that_of_a_test() -> None:
    names = {
        node.name
        for file in (ROOT / "tests").rglob("test_*.py")
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.FunctionDef)
    }
    assert {test for path in FILES for test in parsed(path.read_text())} - names == set()
