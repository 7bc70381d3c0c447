"""Masking means one thing on every surface: docs/reference/masking.md says which, and a lead with marks proves it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jsonschema
import pytest

from support.canary import CANARY, shown_in
from support.commands import call, run
from support.paths import ROOT, SUPPORT
from support.running import Hosted, HostSandbox

PAGE = (ROOT / "docs" / "reference" / "masking.md").read_text()
LEAD = {
    "phoneNumber": "(509) 555-9876",
    "region": "CA",
    "email": "marked@example.com",
    "lastName": "Quimby",
    "firstName": "Ann",
    "externalCreated": "2022-11-15T21:04:28-0600",
    "metadata": {"note": CANARY},
}
MARKS = ("555-9876", "+15095559876", "5095559876", "marked@", "Quimby")


class Surface(NamedTuple):
    """A command, and what it does unless told otherwise."""

    words: tuple[str, ...]
    row: str
    """Its row in the page's table begins so."""
    is_masked: bool


LISTED = {
    "requests list": "`requests list`",
    "leads list": "`leads list`",
    "check LEADS": "`check`",
    "send LEADS": "`check`, `send`",
    "leads import LEADS": "`leads import`",
    "verify --phone 5095559876 --status 500": "`verify`",
}
WHOLE = {
    **{
        f"requests show FIRST{form}": "`requests show`"
        for form in ("", *map(" --format {}".format, ("curl", "har", "http", "python", "node", "pytest")))
    },
    **{
        f"requests export --format {form}": "`requests export`"
        for form in ("json", "jsonl", "har", "curl", "http")
    },
    **{f"leads export --format {form}": "`leads export`" for form in ("json", "jsonl", "csv")},
    "explain LEAD": "`explain`",
    **{f"{words} --json": "`--json`" for words in LISTED if not words.startswith("leads import")},
    "requests show FIRST --json": "`--json`",
    "explain LEAD --json": "`--json`",
}
SURFACES = [Surface(tuple(words.split()), row, is_masked=True) for words, row in LISTED.items()]
SURFACES += [Surface(tuple(words.split()), row, is_masked=False) for words, row in WHOLE.items()]


@pytest.fixture
def said(serve: HostSandbox, tmp_path: Path) -> Callable[..., str]:
    sandbox: Hosted = serve()
    first = sandbox.post(LEAD).headers["x-aktify-sandbox-request"]
    sandbox.post({**LEAD, "phoneNumber": "(509) 555-98765"})
    (tmp_path / "lead.json").write_text(json.dumps(LEAD))
    rows = ("(509) 555-98765", "(509) 555-9876"), ("CA", "CA"), ("marked@example", "marked@example.com")
    lines = (f"{phone},{region},{email},Quimby" for phone, region, email in zip(*rows, strict=True))
    (tmp_path / "leads.csv").write_text("\n".join(["phoneNumber,region,email,lastName", *lines]))
    names = {"FIRST": first, "LEAD": str(tmp_path / "lead.json"), "LEADS": str(tmp_path / "leads.csv")}
    where = {"AKTIFY_SANDBOX_URL": sandbox.url, "AKTIFY_API_KEY": sandbox.api_key}

    def run(words: tuple[str, ...], **more: str) -> str:
        done = call(*(names.get(word, word) for word in words), folder=tmp_path, environment=where | more)
        assert done.returncode in (0, 1), done.stderr
        return f"{done.stdout}{done.stderr} "

    return run


def marks_in(text: str) -> list[str]:
    return [mark for mark in MARKS if mark in text]


@pytest.mark.parametrize("surface", SURFACES, ids=lambda each: " ".join(each.words))
def test_a_surface_masks_what_the_table_says(said: Callable[..., str], surface: Surface) -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| {surface.row}"))
    assert [("masked" in row.split("|")[2]), ("--mask" in row)] == [surface.is_masked, not surface.is_masked]
    usual = said(surface.words)
    assert bool(marks_in(usual)) != surface.is_masked, usual
    other = said((*surface.words, "--show-pii" if surface.is_masked else "--mask"))
    assert bool(marks_in(other)) == surface.is_masked, other
    assert not shown_in(usual.replace(CANARY, "") + other.replace(CANARY, ""))


def test_the_variable_counts_for_lists_and_not_against_mask(said: Callable[..., str]) -> None:
    asked = {"AKTIFY_SANDBOX_SHOW_PII": "true"}
    assert marks_in(said(("requests", "list"), **asked))
    assert not marks_in(said(("requests", "list", "--mask"), **asked))


def test_a_masked_export_can_be_read_and_says_that_it_is_masked(said: Callable[..., str]) -> None:
    har = json.loads(said(("requests", "export", "--format", "har", "--mask")))
    jsonschema.validate(har, json.loads((SUPPORT / "har.schema.json").read_text()))
    assert "(masked)" in har["log"]["entries"][0]["comment"]
    for entry in json.loads(said(("requests", "export", "--format", "json", "--mask")))["requests"]:
        assert entry["masked"] is True
        assert json.loads(entry["body"])["externalCreated"] == LEAD["externalCreated"]
    for form in ("curl", "http", "python", "node", "pytest"):
        code = said(("requests", "show", "FIRST", "--format", form, "--mask"))
        assert "Phone numbers, e-mail addresses and last names are masked." in code
    assert "masked     phone numbers" in said(("requests", "show", "FIRST", "--mask"))


def test_a_wrong_word_for_mask_is_refused(serve: HostSandbox) -> None:
    sandbox = serve()
    name = sandbox.post(LEAD).headers["x-aktify-sandbox-request"]
    assert sandbox.http.get(f"/_sandbox/requests/{name}?mask=maybe").status_code == 400


@pytest.mark.parametrize(
    "expected",
    ["O'Brien, jr. Smith", "Smith; then Meier", {"matches": "^Schneider$"}, {"in": ["Kraus", "Vogt"]}],
)
def test_a_last_name_is_masked_however_it_is_expected(
    serve: HostSandbox, tmp_path: Path, expected: object
) -> None:
    sandbox = serve()
    sandbox.post({**LEAD, "lastName": "Schuster-Ahn, sr."})
    file = tmp_path / "expected.json"
    file.write_text(json.dumps({"expectations": [{"where": {"lastName": expected}}]}))
    said = run(sandbox, "verify", str(file), code=1)
    hidden = ("Brien", "Smith", "Meier", "Schneider", "Kraus", "Vogt", "Schuster", "Ahn")
    assert not [name for name in hidden if name in said], said
