"""`calibrate`: asks a real endpoint what it decides where Aktify's page is silent."""

import os
import secrets
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aktify_sandbox.cli.client import as_json
from aktify_sandbox.cli.files import check_writable
from aktify_sandbox.cli.numbers import WholeNumber
from aktify_sandbox.cli.output import print_json
from aktify_sandbox.cli.settings_options import settings_of, settings_options
from aktify_sandbox.client.messages import IN_HEADERS, fits_header
from aktify_sandbox.contract.rulings import Rulings
from aktify_sandbox.errors import AddressError, DocumentError
from aktify_sandbox.redaction import Redaction, masked_key
from aktify_sandbox.settings import CALIBRATION_NAME, FILE_NAME
from aktify_sandbox.text import printable, suggest
from aktify_sandbox.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aktify_sandbox.calibration.numbers import Numbers
    from aktify_sandbox.calibration.playing import AskedProbe, Played
    from aktify_sandbox.calibration.probes import Asked, Probe
    from aktify_sandbox.calibration.result import Calibration

    Requests = Sequence[tuple[Probe, Asked]]

_VARIABLE = "AKTIFY_API_KEY"
_MOST_PLACES = 799


def probe_ids(_: click.Context, __: click.Parameter, begun: str) -> list[str]:
    """Complete a probe."""
    from aktify_sandbox.calibration.probes import SKIPPABLE

    return [name for name in SKIPPABLE if name.startswith(begun)]


@click.command()
@click.option("--url", "endpoint", required=True, metavar="URL", help="Address of the endpoint to ask.")
@click.option("--send", "is_sent", is_flag=True, help="Send the requests instead of printing them.")
@click.option("--yes", is_flag=True, help="Skip the confirmation prompt.")
@click.option(
    "--start",
    type=WholeNumber(0, _MOST_PLACES),
    metavar="N",
    help="Take the fictional numbers from this place on.  [default: random]",
)
@click.option(
    "--skip",
    "skipped",
    multiple=True,
    metavar="PROBE",
    shell_complete=probe_ids,
    help="Leave out a probe; repeatable.",
)
@settings_options("config", "profile", "rulings", "calibration", calibration=CALIBRATION_NAME)
@as_json
def calibrate(
    endpoint: str,
    is_sent: bool,
    yes: bool,
    start: int | None,
    skipped: tuple[str, ...],
    in_json: bool,
    **flags: Any,
) -> None:
    """Compare a real endpoint with the rulings in force.

    Without --send, prints the requests and sends nothing. With it, posts them with the key in AKTIFY_API_KEY, at most
    one a second: first what Aktify's page refuses, then about 22 leads with fictional numbers (555-0100 to 555-0139).
    It stops at the first 401, 429, 5xx or lost answer that it hasn't asked for.

    Prints the difference as `rulings:` for aktify-sandbox.yaml and writes calibration.json, which `serve` and its page
    show. Statements of Aktify's page that the endpoint doesn't uphold come first.

    Exit codes: 0 if the run ends and the endpoint decides as in force (key-namespaces and short-link, features of the
    sandbox, don't count), 1 if not, 2 for wrong usage, 130 if interrupted.

    \b
    Example:
      aktify-sandbox calibrate --url https://api.aktify.io
      aktify-sandbox calibrate --url https://api.aktify.io --send
    """
    from aktify_sandbox.calibration import file, transport
    from aktify_sandbox.calibration.numbers import Numbers, NumbersUsedError
    from aktify_sandbox.calibration.playing import plan

    _check_skipped(skipped)
    settings = settings_of(flags)
    in_force = Rulings.of(settings.profile, settings.rulings)
    path = settings.calibration or Path(CALIBRATION_NAME)
    try:
        url = transport.origin_in(endpoint)
        earlier = file.read(path) if os.path.exists(path) else None
    except AddressError as error:
        raise click.UsageError(f"--url: {error}") from None
    except DocumentError as error:
        raise click.UsageError(
            f"{error}\nFix: move {path} away, or name another file with --calibration."
        ) from None
    key = os.environ.get(_VARIABLE) or None
    if key is not None and not fits_header(key):
        raise click.UsageError(f"{_VARIABLE}: a key is {IN_HEADERS}.")
    place = secrets.randbelow(_MOST_PLACES + 1) if start is None else start
    used = earlier["usedNumbers"].get(file.campaign_of(url, key or ""), []) if earlier else []
    try:
        requests = plan(Numbers(place, used), skipped)
    except NumbersUsedError as error:
        raise click.ClickException(str(error)) from None
    if not is_sent:
        _print_plan(requests, url, key, in_force, place, in_json=in_json)
        return
    if key is None:
        raise click.UsageError(f"{_VARIABLE} isn't set. Fix: set it to the key of the campaign to ask.")
    check_writable(path, "--calibration")
    _confirm(url, key, requests, in_force, is_agreed=yes)
    started = time.time()
    played = _play(url, key, Numbers(place, used), skipped, len(requests))
    result = _result(played, url, key, started)
    code = _tell(result, played, path, earlier, in_force, settings.config, in_json=in_json)
    sys.exit(code)


def _check_skipped(skipped: tuple[str, ...]) -> None:
    from aktify_sandbox.calibration.probes import LINKS, SKIPPABLE

    for name in skipped:
        if name in [probe.id for probe in LINKS]:
            raise click.UsageError(
                f"--skip {name}: the probes after it need its answer. Fix: leave it out of --skip."
            )
        if name not in SKIPPABLE:
            meant = suggest(name, SKIPPABLE)
            raise click.UsageError(
                f"--skip: unknown probe {name}. {meant}Choose from: {', '.join(SKIPPABLE)}."
            )


def _print_plan(
    requests: "Requests", url: str, key: str | None, in_force: Rulings, place: int, *, in_json: bool
) -> None:
    """The dry run."""
    from aktify_sandbox.calibration.terminal import expected_leads, extent, request_lines

    shown = f"${_VARIABLE}" if key is None else masked_key(key)
    if in_json:
        rows = [
            {
                "probe": probe.id,
                "what": probe.what,
                "url": f"{url}{asked.path}",
                "headers": asked.headers,
                "key": asked.key,
                "body": asked.body,
            }
            for probe, asked in requests
        ]
        print_json({"start": place, "leads": expected_leads(requests, in_force), "requests": rows})
        return
    for number, (probe, asked) in enumerate(requests, 1):
        for line in request_lines(number, probe, asked, url, shown):
            click.echo(line)
    click.echo(f"\n{extent(requests, in_force)}")
    click.echo(f"Nothing was sent. Add --send to send this, and --start {place} for the same numbers.")


def _confirm(url: str, key: str, requests: "Requests", in_force: Rulings, *, is_agreed: bool) -> None:
    """Ask on a terminal; without one, refuse unless `--yes` is given."""
    from aktify_sandbox.calibration.terminal import extent

    if is_agreed:
        return
    if sys.stdin is None or not sys.stdin.isatty() or not sys.stderr.isatty():
        raise click.UsageError(
            f"--send posts leads to {url}, and there is no terminal to ask on. Fix: add --yes."
        )
    click.echo(f"{extent(requests, in_force)}", err=True)
    if not click.confirm(f"Send this to {url}, into the campaign of the key {masked_key(key)}?", err=True):
        raise click.ClickException("Nothing was sent.")


def _play(url: str, key: str, numbers: "Numbers", skipped: tuple[str, ...], count: int) -> "Played":
    from aktify_sandbox.calibration import transport
    from aktify_sandbox.calibration.playing import Player

    pace = transport.Pace(0 if transport.is_here(url) else transport.SECONDS)
    with transport.client_for(url) as client:
        return Player(transport.Sender(client, key, pace).send, numbers, _watch(count), skipped).play()


def _watch(count: int) -> "Callable[[AskedProbe], None]":
    """Says each request with its answer, on standard error."""
    done = 0

    def say(step: "AskedProbe") -> None:
        nonlocal done
        done += 1
        status = "no answer" if step.answer is None else str(step.answer.status)
        again = " (the number is in from an earlier run; another follows)" if step.is_known else ""
        click.echo(f"{done} of {count + step.more}  {status}  {step.probe.what}{again}", err=True)

    return say


def _result(played: "Played", url: str, key: str, started: float) -> "Calibration":
    from aktify_sandbox.calibration.file import campaign_of
    from aktify_sandbox.calibration.judging import judge_clauses, judge_rulings
    from aktify_sandbox.journal.entry import timestamp

    masked = Redaction((key,)).masked
    return {
        "version": __version__,
        "startedAt": timestamp(started),
        "url": url,
        "key": masked_key(key),
        "complete": played.stopped is None,
        "stopped": None if played.stopped is None else masked(played.stopped),
        "requests": played.requests,
        "leads": played.leads,
        "rulings": [
            {**each, "values": [masked(value) for value in each["values"]], "said": masked(each["said"])}
            for each in judge_rulings(played, url)
        ],
        "clauses": [{**each, "said": masked(each["said"])} for each in judge_clauses(played)],
        "usedNumbers": {campaign_of(url, key): played.used},
    }


def _tell(
    result: "Calibration",
    played: "Played",
    path: Path,
    earlier: "Calibration | None",
    in_force: Rulings,
    config: Path | None,
    *,
    in_json: bool,
) -> int:
    """Print and write the result. Returns the exit code."""
    from aktify_sandbox.calibration import file
    from aktify_sandbox.calibration.judging import differences
    from aktify_sandbox.calibration.playing import INTERRUPTED
    from aktify_sandbox.calibration.terminal import FEATURES, numbers_line, result_lines

    differing = differences(result["rulings"], in_force)
    if in_json:
        print_json({"differences": differing, **result})
    else:
        for line in result_lines(result, in_force, printable(str(config or FILE_NAME))):
            click.echo(line)
        click.echo(numbers_line(played))
    kept = file.continued(earlier, result)
    try:
        file.write(path, kept)
    except OSError as error:
        click.ClickException(f"{path} can't be written: {error.strerror}.").show()
        return 1
    is_new = kept["startedAt"] == result["startedAt"]
    said = "Written to" if is_new else "The complete result of an earlier run stays in"
    click.echo(f"{said} {path}.", err=in_json)
    if played.stopped == INTERRUPTED:
        return 130
    broken = any(each["verdict"] == "broken" for each in result["clauses"])
    unexplained = any(each["verdict"] == "none" for each in result["rulings"])
    otherwise = differing.keys() - FEATURES.keys()
    return 1 if played.stopped or otherwise or broken or unexplained else 0
