"""`send --check FOLDER`: bodies that are sent as they are, and the answers that their folder expects."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from aktify_sandbox.cli.client import Client
from aktify_sandbox.cli.output import clean, table_lines
from aktify_sandbox.text import plural, suggest

if TYPE_CHECKING:
    import httpx

    from aktify_sandbox.contract.lead import LeadRules

EXPECTED = "expected.json"
"""The file that says of each other file what is expected."""
_NOT_SENT = (EXPECTED, "README.md")
_JSON = "application/json"


class FolderUnreadable(click.ClickException):
    """A folder whose files can't be sent: exit code 2."""

    exit_code = 2


class LeadFixture(NamedTuple):
    """A file to send."""

    file: str
    content: bytes
    content_type: str
    status: int
    """The status that is expected."""
    source: str | None
    """Who says so: `documented`, `ruling`, or None if the folder doesn't say."""
    ruling: str | None
    about: str
    expected: dict[str, Any]
    """All that the folder says of this file."""

    @property
    def word(self) -> str:
        """Who says what is expected, in words."""
        return _word(self.source, self.ruling)


def _word(source: str | None, ruling: str | None) -> str:
    if source == "ruling":
        return f"ruling {ruling}"
    return "documented by Aktify" if source == "documented" else EXPECTED


def cases_in(folder: Path) -> list[LeadFixture]:
    """The files of a folder, in the order of its `expected.json`. Ends the command if one has no expectation."""
    try:
        content = json.loads((folder / EXPECTED).read_bytes())
        present = {path.name for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")}
    except OSError as error:
        raise FolderUnreadable(f"{folder / EXPECTED} can't be read: {error.strerror}.") from None
    except ValueError as error:
        raise FolderUnreadable(f"{folder / EXPECTED} isn't JSON: {error}.") from None
    if not isinstance(content, dict) or not all(isinstance(each, dict) for each in content.values()):
        raise FolderUnreadable(
            f'{folder / EXPECTED} must be an object of file names. Fix: write {{"lead.json": {{"status": 201}}}}.'
        )
    _refuse_strangers(folder, sorted(present - set(_NOT_SENT)), content)
    return [_case(folder, name, each) for name, each in content.items()]


def _refuse_strangers(folder: Path, present: Sequence[str], content: dict[str, Any]) -> None:
    for name in present:
        if name not in content:
            raise FolderUnreadable(
                f"{folder / EXPECTED} expects nothing of {name}. "
                f'Fix: add "{name}": {{"status": 201}} with its status, or remove the file.'
            )
    for name in content:
        if name not in present:
            near = suggest(name, present)
            raise FolderUnreadable(
                f"There is no file {clean(name)} in {folder}, but {EXPECTED} names it. {near}".strip()
            )


def _case(folder: Path, name: str, expected: dict[str, Any]) -> LeadFixture:
    status, media = expected.get("status"), expected.get("contentType", _JSON)
    if (
        type(status) is not int
        or not 200 <= status <= 599
        or not isinstance(media, str)
        or not media.isascii()
    ):
        raise FolderUnreadable(
            f"{folder / EXPECTED}: {name} needs a status from 200 to 599, and a contentType in ASCII if any."
        )
    try:
        body = (folder / name).read_bytes()
    except OSError as error:
        raise FolderUnreadable(f"{folder / name} can't be read: {error.strerror}.") from None
    source, ruling = expected.get("source"), expected.get("ruling")
    return LeadFixture(name, body, media, status, source, ruling, str(expected.get("about", "")), expected)


def in_force(case: LeadFixture, rules: "LeadRules") -> LeadFixture:
    """The case as a sandbox with these rules decides it, where its rulings decide otherwise than the defaults."""
    from aktify_sandbox.contract.lead import LeadRules
    from aktify_sandbox.contract.rulings import Rulings

    media = case.content_type.encode()
    default, ours = (each.read(case.content, media, None) for each in (LeadRules(Rulings.of()), rules))
    if [each.field for each in default.problems] == [each.field for each in ours.problems]:
        return case
    expected = {**case.expected, "problems": [{"field": each.field} for each in ours.problems]}
    if bool(default.problems) == bool(ours.problems):
        return case._replace(expected=expected)
    decided = (ours.problems or default.problems)[0]
    ruling = decided.ruling and f"{decided.ruling}={rules.rulings[decided.ruling]}"
    status, source = (400 if ours.problems else 201), ("ruling" if ruling else decided.source)
    return case._replace(status=status, source=source, ruling=ruling, expected=expected)


class Difference(NamedTuple):
    """An answer that isn't the expected one."""

    case: LeadFixture
    status: int | None
    """The status that came; None for no answer."""
    what: str


@dataclass
class Comparison:
    """The answers of a server to the files of a folder."""

    url: str
    is_sandbox: bool
    sent: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def content(self) -> dict[str, Any]:
        """For programs."""
        return {
            "url": self.url,
            "isSandbox": self.is_sandbox,
            "sent": self.sent,
            "differences": [
                {
                    "file": each.case.file,
                    "about": each.case.about,
                    "expected": each.case.status,
                    "source": each.case.source,
                    "ruling": each.case.ruling,
                    "status": each.status,
                    "what": each.what,
                }
                for each in self.differences
            ],
            "hints": list(self._hints()),
        }

    def lines(self) -> Iterator[str]:
        """For people."""
        count = len(self.differences)
        result = f"{plural(count, 'difference')}" if count else "every answer is as expected"
        yield f"{plural(self.sent, 'file')} sent to {self.url}: {result}"
        if self.differences:
            yield ""
            yield from table_lines(
                ("file", "expected", "by", "answer"),
                [(each.case.file, each.case.status, each.case.word, each.what) for each in self.differences],
            )
        for hint in self._hints():
            yield ""
            yield hint

    def _hints(self) -> Iterator[str]:
        unauthorized = sum(each.status == 401 for each in self.differences)
        ruled = sum(each.case.source == "ruling" for each in self.differences)
        known = sum(each.status == 409 and each.case.status == 201 for each in self.differences)
        if unauthorized:
            yield f"401 × {unauthorized}: the server doesn't know the key. Fix: set AKTIFY_API_KEY, or give --key."
        if ruled and not self.is_sandbox:
            yield (
                f"Differences by a ruling: {ruled:,}. A ruling is our choice where Aktify's page is silent,"
                " so the server may be right there."
            )
        if known:
            yield (
                f"409 × {known}: these numbers are in the campaign already, probably from an earlier run of this check."
                " Fix: use a key of a campaign without leads. A sandbox has one for each name after a dot:"
                " AKTIFY_API_KEY=test-key.second-run."
            )


def compare(client: Client, key: str, cases: Sequence[LeadFixture], *, is_sandbox: bool) -> Comparison:
    """Post each file as it is, one after the other, and compare the answers."""
    import httpx

    found = Comparison(client.url, is_sandbox)
    for case in cases:
        headers = {"x-api-key": key, "content-type": case.content_type}
        found.sent += 1
        try:
            answer = client.http.post("/api/v1/leads", content=case.content, headers=headers)
        except httpx.TransportError as error:
            found.differences.append(Difference(case, None, f"no answer ({type(error).__name__})"))
            continue
        what = _difference(case, answer, is_sandbox=is_sandbox)
        if what:
            found.differences.append(Difference(case, answer.status_code, what))
    return found


def _difference(case: LeadFixture, answer: "httpx.Response", *, is_sandbox: bool) -> str | None:
    """What differs, in words. Error bodies are in no contract: only a sandbox's are compared."""
    if answer.status_code != case.status:
        return str(answer.status_code)
    content = _json_in(answer)
    if case.status == 201:
        has_number = isinstance(content, dict) and isinstance(content.get("phoneNumber"), str)
        return None if has_number else "201 without phoneNumber, which Aktify documents as required"
    if is_sandbox and "problems" in case.expected and isinstance(content, dict) and "problems" in content:
        expected, fields = (
            sorted({each["field"] or "the body" for each in problems})
            for problems in (case.expected["problems"], content["problems"])
        )
        if fields != expected:
            return f"{case.status} for {', '.join(fields)} instead of {', '.join(expected)}"
    return None


def _json_in(answer: "httpx.Response") -> Any:
    try:
        return answer.json()
    except ValueError:
        return None
