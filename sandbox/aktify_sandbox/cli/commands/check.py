"""`check`: what each lead of a file would be answered, without a server and without sending."""

import shlex
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import click

from aktify_sandbox.cli.client import as_json
from aktify_sandbox.cli.files import READABLE, STANDARD, atomic_output
from aktify_sandbox.cli.lead_files import (
    FileOptions,
    content_of,
    describe,
    describe_left_out,
    file_options,
    kind_lines,
    progress,
    read_leads,
    readable,
    wrapped,
)
from aktify_sandbox.cli.output import clean, print_json
from aktify_sandbox.cli.personal import masked_unless_asked
from aktify_sandbox.cli.settings_options import settings_of, settings_options
from aktify_sandbox.errors import RulingError
from aktify_sandbox.redaction import Personal
from aktify_sandbox.text import plural

if TYPE_CHECKING:
    from aktify_sandbox.contract.lead import LeadRules
    from aktify_sandbox.leadfiles.checking import Findings
    from aktify_sandbox.settings import Settings


@click.command()
@click.argument("file", type=READABLE)
@click.option(
    "--rejects",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write refused rows to FILE, with problem and fix.",
)
@click.option(
    "--fixed",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write accepted and repaired rows to FILE.",
)
@click.option("--campaign", metavar="NAME", help="Campaign whose rules apply (default: the first).")
@file_options
@settings_options("config", "profile", "rulings")
@as_json
@masked_unless_asked
def check(
    file: Path,
    rejects: Path | None,
    fixed: Path | None,
    campaign: str | None,
    reading: FileOptions,
    in_json: bool,
    personal: Personal,
    **flags: Any,
) -> None:
    """Check a file of leads without sending anything.

    FILE is CSV, TSV, JSON or JSONL; - reads standard input. The command contacts no server and stores nothing. Row
    numbers match a spreadsheet: the header is row 1. --rejects and --fixed write CSV in UTF-8.

    Exit codes: 0 if every row would be accepted or is a duplicate, 1 if some would be refused, 2 if the file can't be
    read or has no column of phone numbers.

    \b
    Example:
      aktify-sandbox check leads.csv
      aktify-sandbox check leads.csv --rejects mend.csv --fixed ready.csv
      aktify-sandbox check export.csv --map "Contact=phoneNumber" --map "Notes="
    """
    from aktify_sandbox.leadfiles import checking

    _refuse_same_file(file, rejects, fixed)
    to_standard = STANDARD in (rejects, fixed)
    if to_standard and in_json:
        raise click.UsageError("--json and a table can't both be printed. Fix: give the table a file's name.")
    settings = settings_of(flags)
    rules = _rules(settings, campaign)
    content = content_of(file)
    leads = read_leads(file, content, reading)
    with readable(file), progress("Checking", content.count(b"\n")) as step:
        findings = checking.check(leads, rules, settings.max_body, step)
    counts: dict[str, int] = {}
    if rejects:
        without = fixed is not None
        counts["rejects"] = _write(
            rejects, lambda out: checking.write_rejects(findings, out, without_mended=without)
        )
    if fixed:
        counts["fixed"] = _write(fixed, lambda out: checking.write_fixed(findings, out))
    if in_json:
        print_json(personal.document(checking.as_json(findings, file.name)))
    else:
        for line in _report(findings, rejects, fixed, counts, personal):
            click.echo(clean(line), err=to_standard)
    sys.exit(1 if findings.refused else 0)


def _refuse_same_file(file: Path, rejects: Path | None, fixed: Path | None) -> None:
    named = {"--rejects": rejects, "--fixed": fixed}
    for option, target in named.items():
        if target and file != STANDARD and _is_same(target, file):
            raise click.UsageError(f"{option} {target} is the file that is checked. Fix: give another name.")
    if rejects and fixed and _is_same(rejects, fixed):
        raise click.UsageError(f"--rejects and --fixed are both {fixed}. Fix: give them different names.")


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return one.absolute() == other.absolute()


def _rules(settings: "Settings", campaign: str | None) -> "LeadRules":
    """The rules of a campaign as `serve` would have them here."""
    from aktify_sandbox.campaigns import Campaigns

    try:
        campaigns = Campaigns(settings.campaigns, settings.profile, settings.rulings, "")
    except RulingError as error:
        raise click.UsageError(str(error)) from None
    names = [each.name for each in campaigns.campaigns()]
    if campaign is not None and campaigns.campaign(campaign) is None:
        raise click.UsageError(f"There is no campaign {campaign}. Choose from: {', '.join(names)}.")
    return campaigns.rules_of(campaign or names[0])


def _write(target: Path, write: Callable[[BinaryIO], int]) -> int:

    with atomic_output(target) as out:
        return write(cast("BinaryIO", out))


def _report(
    findings: "Findings",
    rejects: Path | None,
    fixed: Path | None,
    counts: dict[str, int],
    personal: Personal,
) -> Iterator[str]:
    from aktify_sandbox.leadfiles import sentences

    file = findings.file
    yield from describe(file, personal)
    yield from describe_left_out(file.left_out, personal)
    yield ""
    yield sentences.counts(findings)
    if not findings.rows:
        yield "The file contains no leads."
    yield from _found(findings, fixed, personal)
    yield from _file_lines(rejects, fixed, counts)


def _found(findings: "Findings", fixed: Path | None, personal: Personal) -> Iterator[str]:
    """What was found in the rows, a blank line before each part."""
    from aktify_sandbox.leadfiles import sentences

    problems, unit = findings.problems, findings.file.unit
    parts: list[Iterable[str]] = [kind_lines(problems, unit, personal) if problems else ()]
    parts.append(_wrapped(sentences.ways_on(findings.file, problems), personal, 2))
    if findings.notices:
        head = f"{plural(len(findings.notices), 'notice')} on accepted rows, by kind:"
        parts.append([head, *_wrapped(sentences.notices(findings), personal, 4)])
    if findings.duplicates:
        parts.append(wrapped(sentences.duplicates(findings), 2))
    if findings.mended:
        how = "repaired" if fixed else "can be repaired safely with --fixed FILE"
        parts.append(wrapped(sentences.repairs(findings, how), 2))
    for part in parts:
        lines = list(part)
        yield from ["", *lines] if lines else []


def _wrapped(lines: Iterable[str], personal: Personal, indent: int) -> list[str]:
    return [part for line in lines for part in wrapped(personal.text(line), indent)]


def _file_lines(rejects: Path | None, fixed: Path | None, counts: dict[str, int]) -> Iterator[str]:
    """What was written, and what to do with it."""
    if rejects or fixed:
        yield ""
    if rejects:
        yield f"{rejects}: {plural(counts['rejects'], 'row')} to mend."
    if fixed:
        yield f"{fixed}: {plural(counts['fixed'], 'row')} that would be accepted."
    if fixed and fixed != STANDARD and counts["fixed"]:
        yield f"Send them to a running sandbox: aktify-sandbox send {shlex.quote(str(fixed))}"
