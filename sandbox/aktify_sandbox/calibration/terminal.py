"""A calibration as lines for a terminal: the requests of a dry run, and what came of a run."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from aktify_sandbox.contract.clauses import CLAUSES
from aktify_sandbox.contract.rulings import RULINGS
from aktify_sandbox.text import plural, printable

from .judging import differences
from .numbers import ORDINARY
from .playing import MOST_MORE, Played
from .probes import Asked, Probe
from .result import Calibration, Verdict

_LONGEST = 200
_PLAIN = re.compile(r"(?!(?:null|on|off|yes|no|true|false)\Z)[a-z][a-z0-9-]*")
"""What YAML reads as text without quotes."""
FEATURES = {
    "key-namespaces": "a feature of the sandbox: without this line, tests keep their namespaces",
    "short-link": "without this line, links lead to the sandbox and can be opened",
}
"""Rulings in which a real endpoint always differs, and why one may leave their lines out."""


def request_lines(number: int, probe: Probe, asked: Asked, url: str, key: str | None) -> Iterator[str]:
    """A request of a dry run."""
    shown = {"none": None, "unknown": "an unknown key", "namespace": f"{key}.calibrate"}.get(asked.key, key)
    yield f"{number:2}. {probe.id}: {probe.what}"
    yield f"    POST {url}{asked.path}"
    yield f"    content-type: {asked.headers['content-type']}"
    if shown:
        yield f"    x-api-key: {shown}"
    yield f"    {shortened(asked.body)}"


def shortened(body: str) -> str:
    """A body that fits a screen."""
    if len(body) <= _LONGEST:
        return body or "(no body)"
    return f"{body[:_LONGEST]}… ({len(body):,} characters)"


def expected_leads(requests: Iterable[tuple[Probe, Asked]], in_force: Mapping[str, str]) -> int:
    """How many leads the endpoint accepts if it decides by these rulings."""
    return sum(_is_accepted(probe, in_force) for probe, _ in requests)


def _is_accepted(probe: Probe, in_force: Mapping[str, str]) -> bool:
    expected = probe.values.get(in_force[probe.ruling]) if probe.ruling else None
    if probe.ruling == "text-length":
        return in_force["text-length"] == "note"
    return (expected or probe.upheld).status == 201


def extent(requests: Sequence[tuple[Probe, Asked]], in_force: Mapping[str, str]) -> str:
    """How many requests and leads a run takes, in words."""
    leads = expected_leads(requests, in_force)
    return (
        f"{plural(len(requests), 'request')}. If the endpoint decides as in force, it accepts {plural(leads, 'lead')}, "
        f"each with one of {len(ORDINARY)} fictional numbers. Up to {MOST_MORE} more requests follow if the campaign "
        "requires a link or the endpoint limits texts."
    )


def result_lines(result: Calibration, in_force: Mapping[str, str], config: str) -> Iterator[str]:
    """What came of a run: the page's statements that the endpoint breaks, the difference, and what isn't known."""
    yield f"{plural(result['requests'], 'request')}, {plural(result['leads'], 'lead')} accepted by {result['url']}."
    if result["stopped"]:
        yield f"Stopped early. {result['stopped']}"
    yield from _broken(result)
    differing = differences(result["rulings"], in_force)
    verified = [each["ruling"] for each in result["rulings"] if each["verdict"] == "verified"]
    same = len(verified) - len(differing)
    yield ""
    yield (
        f"{len(verified)} of {plural(len(RULINGS), 'ruling')} verified: "
        f"{same} as in force, {len(differing)} otherwise."
    )
    if differing:
        yield f"Put this into {config}:"
        yield ""
        yield from block(differing)
    titles: dict[Verdict, str] = {
        "verified": "Verified with a limit:",
        "none": "No value fits:",
        "one-of": "One of several values:",
        "unknown": "Can't be seen from outside:",
        "not-asked": "Not asked:",
    }
    for verdict, title in titles.items():
        yield from _rulings(result, verdict, title)
    yield from _clauses(result)


def block(differing: Mapping[str, str]) -> Iterator[str]:
    """The `rulings:` of a configuration file."""
    yield "rulings:"
    for name, value in differing.items():
        remark = f"  # {FEATURES[name]}" if name in FEATURES else ""
        yield f"  {_scalar(name)}: {_scalar(value)}{remark}"


def _scalar(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else json.dumps(text)


def _broken(result: Calibration) -> Iterator[str]:
    broken = [each for each in result["clauses"] if each["verdict"] == "broken"]
    if not broken:
        return
    texts = {clause.id: clause.text for clause in CLAUSES}
    yield ""
    yield f"THE ENDPOINT DOES OTHERWISE THAN AKTIFY'S PAGE SAYS, in {plural(len(broken), 'point')}:"
    for each in broken:
        yield printable(f"  {each['clause']} ({texts[each['clause']]}): {each['said']}")
    yield "Rulings can't change this. Ask Aktify which one is right."


def _rulings(result: Calibration, verdict: Verdict, title: str) -> Iterator[str]:
    found = [
        each
        for each in result["rulings"]
        if each["verdict"] == verdict and (each["said"] or verdict != "verified")
    ]
    if found:
        yield ""
        yield title
    if verdict == "not-asked" and found:
        yield f"  {', '.join(each['ruling'] for each in found)}"
        return
    for each in found:
        values = ", ".join(each["values"])
        said = ": ".join(filter(None, (each["ruling"], values, each["said"])))
        yield printable(f"  {said}")


def _clauses(result: Calibration) -> Iterator[str]:
    counts = {
        verdict: [each["clause"] for each in result["clauses"] if each["verdict"] == verdict]
        for verdict in ("upheld", "broken", "unknown", "not-asked")
    }
    yield ""
    yield (
        f"Clauses of Aktify's page: {len(counts['upheld'])} upheld, {len(counts['broken'])} broken, "
        f"{len(counts['not-asked'])} not asked, {len(counts['unknown'])} can't be ({', '.join(counts['unknown'])})."
    )


def numbers_line(played: Played) -> str:
    """How many numbers the campaign has now."""
    known = f", {len(played.known)} of them since an earlier run" if played.known else ""
    return f"{plural(len(played.used), 'fictional number')} used{known}."
