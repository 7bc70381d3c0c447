"""What is said to people, held as text in `tests/snapshots/`: one file for each surface, an editor's proof sheet.

A test that comes to a sentence gives it to the fixture `snapshot`, and asserts itself on codes and fields. With
`--update-snapshots` the file is written instead of compared. Of the libraries for this, syrupy writes a file for each
test module and inline-snapshot into the tests; an editor wants a file for each surface.
"""

import difflib
import fcntl
import re
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from aktify_sandbox.contract.body import Problem
from aktify_sandbox.version import __version__
from support.paths import ROOT

FOLDER = ROOT / "tests" / "snapshots"
_INDENT = "    "
_LONGEST_CASE = 150

Snapshot = Callable[..., None]
"""`snapshot(surface, text, case)`: this is what is said there. `case` is that of the test's parameters unless given."""

_MASKS = [
    (r"\AUsage: .*\n(?: +.*\n)*Try '.*\n\n", ""),  # click's own words differ from version to version
    (r"\b(No such (?:option|command)).*", r"\1 …"),
    (re.escape(str(ROOT)), "CHECKOUT"),
    (rf"\b{re.escape(__version__)}\b", "VERSION"),
    (r"((?:127\.0\.0\.1|localhost|\[::1\]):)[0-9]{5}\b", r"\1PORT"),
    (r"\b([Pp]ort )[0-9]{5}\b", r"\1PORT"),
    (r"\br[0-9]{9}\b", "rNNNNNNNNN"),
    (r"(--seed|by force|forced: force) [0-9]+\b", r"\1 N"),
    (r"(?:, campaign-[0-9a-f]{8})+", ", campaign-NNNNNNNN"),  # those of other tests on the shared sandbox
    (r"\b(campaign-)[0-9a-f]{8}", r"\1NNNNNNNN"),
    (r"\b(key…|tes…)[0-9a-f]{3}\b", r"\1NNN"),
    (r"\bt[0-9]{5}\b", "t00000"),  # what follows the key of a test on the shared sandbox
    (r"\b20(?:2[5-9]|[3-9][0-9])-[0-9]{2}-[0-9]{2}[T ][0-9:.]{8,}(?:Z|[+-][0-9:]{4,6})?", "TIME"),
    (r"\b[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}\b(?:[+-][0-9]{2}:[0-9]{2})?", "TIME"),
    (r"\b[0-9][0-9.,]* ms\b", "N ms"),
    (r"(?m)^( +(?:Accept-Encoding|User-Agent): ).*", r"\1…"),
    (r"\b[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} 20[0-9]{2} [0-9:]{8} GMT\b", "TIME"),
]
"""What differs from run to run, and what stands there instead."""


class Snapshots:
    """The files of `tests/snapshots/`, by the tests whose texts they hold."""

    def __init__(self, update: bool, temporary: Path) -> None:
        self._update = update
        self._files: dict[str, dict[str, dict[str, str]]] = {}
        self._masks = [(rf"{re.escape(str(temporary))}/[^/\s:'”]+", "FOLDER"), *_MASKS]

    def check(self, surface: str, test: str, case: str, text: str) -> None:
        """Compare the text with the one that is held, or hold it from now on."""
        text, case = self._masked(text), case.replace(str(ROOT), "CHECKOUT")
        if self._update:
            cases = self._files.setdefault(surface, {}).setdefault(test, {})
            assert cases.setdefault(case, text) == text, f"{test} has two texts for {case}"
            return
        if surface not in self._files:
            self._files[surface] = parsed(path_of(surface).read_text() if path_of(surface).exists() else "")
        held = self._files[surface].get(test, {}).get(case)
        if text != held:
            change = difflib.ndiff((held or "").splitlines(), text.splitlines())
            place = f"tests/snapshots/{surface}.txt, {test}, {case}"
            pytest.fail("\n".join((f"{place}: if this is meant, --update-snapshots", *change)), pytrace=False)

    def write(self) -> None:
        """Put what was said into the files; what a test that ran says no more is gone."""
        for surface, tests in self._files.items() if self._update else ():
            with path_of(surface).open("a+") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                file.seek(0)
                whole = printed({**parsed(file.read()), **tests})
                file.truncate(0)
                file.write(whole)

    def _masked(self, text: str) -> str:
        for pattern, mask in self._masks:
            text = re.sub(pattern, mask, text)
        return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


def path_of(surface: str) -> Path:
    """The file of a surface."""
    return FOLDER / f"{surface}.txt"


def parsed(text: str) -> dict[str, dict[str, str]]:
    """The texts in a file, by test and case."""
    tests: dict[str, dict[str, str]] = {}
    test = case = ""
    for line in text.splitlines():
        if line.startswith("# "):
            test = line[2:]
            tests[test] = {}
        elif line and not line.startswith(_INDENT):
            case = line
            tests[test][case] = ""
        elif test and case in tests[test]:
            tests[test][case] += f"{line.removeprefix(_INDENT)}\n"
    return {test: {case: said.strip("\n") for case, said in cases.items()} for test, cases in tests.items()}


def printed(tests: Mapping[str, Mapping[str, str]]) -> str:
    """The file of these texts."""
    return "\n".join(
        f"# {test}\n\n"
        + "\n".join(f"{case}\n{textwrap.indent(said, _INDENT)}\n" for case, said in cases.items())
        for test, cases in tests.items()
    )


def case_of(request: pytest.FixtureRequest) -> str:
    """The parameters of a test in a line."""
    parameters = getattr(request.node, "callspec", None)
    return label(*parameters.params.values()) if parameters else "said"


def label(*values: object) -> str:
    """A case by its values, in a line."""
    words = [
        " ".join(map(str, value)) if isinstance(value, list) and _are_words(value) else _in_line(value)
        for value in values
    ]
    line = ", ".join(words)
    cut = f"{line[:_LONGEST_CASE]}… ({len(line):,} characters)" if len(line) > _LONGEST_CASE else line
    return cut.strip() or "empty"


def _are_words(values: list[object]) -> bool:
    return bool(values) and all(isinstance(each, str) and each and "\n" not in each for each in values)


def _in_line(value: object) -> str:
    if isinstance(value, str) and value.isprintable() and not value.startswith(("#", " ")):
        return value
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def refusal(*problems: Problem) -> str:
    """What is told of a lead: field, what is wrong, what would be right, whose word it is."""
    return "\n".join(
        f"{each.field or 'body'}: {each.message}\n  hint: {each.hint}\n  source: {_source(each)}"
        for each in problems
    )


def _source(problem: Problem) -> str:
    ruling, quote = problem.ruling, problem.quote
    return f"{problem.source}{f', {ruling}' if ruling else ''}{f', “{quote}”' if quote else ''}"
