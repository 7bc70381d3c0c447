"""Judges the answers to the probes: which value of a ruling explains them, which clauses are upheld. Pure functions."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from aktify_sandbox.contract.clauses import CLAUSES
from aktify_sandbox.contract.rulings import RULINGS

from .answers import Observation
from .playing import Played
from .probes import (
    LINKS,
    LONG,
    PROBES,
    UNKNOWN_CLAUSES,
    UNKNOWN_RULINGS,
    WITH_LINK,
    WITH_LINK_TO_SHORTEN,
    WITHOUT_LINK,
    Probe,
    text_of,
)
from .result import ClauseResult, RulingResult, Verdict


def judge_rulings(played: Played, origin: str) -> list[RulingResult]:
    """What the endpoint at the origin decides, for each ruling."""
    return [_JUDGES.get(name, _by_probes)(name, played, origin) for name in RULINGS]


def judge_clauses(played: Played) -> list[ClauseResult]:
    """Which statements of Aktify's page the endpoint upholds."""
    return [_clause(clause.id, played) for clause in CLAUSES if clause.source.source != "ruling"]


def differences(rulings: Sequence[RulingResult], in_force: Mapping[str, str]) -> dict[str, str]:
    """The values of the endpoint where they aren't those in force."""
    return {
        each["ruling"]: each["values"][0]
        for each in rulings
        if each["verdict"] == "verified" and not _is_as(each["ruling"], each["values"][0], in_force)
    }


def _is_as(name: str, value: str, in_force: Mapping[str, str]) -> bool:
    """Whether the value is that in force, or can't be told apart from it: a limit above the longest text."""
    wanted = in_force[name]
    is_beyond = name == "text-length" and value == "note" and wanted != "note" and int(wanted) >= LONG
    return value == wanted or is_beyond


# rulings


def _result(name: str, verdict: Verdict, values: Sequence[str] = (), said: str = "") -> RulingResult:
    return {"ruling": name, "verdict": verdict, "values": list(values), "said": said}


def _by_probes(name: str, played: Played, _: str) -> RulingResult:
    """The values that explain every answer."""
    probes = [probe for probe in PROBES if probe.ruling == name]
    seen = [played.seen[probe.id] for probe in probes if probe.id in played.seen]
    if not seen:
        return _result(name, "not-asked")
    fitting = [
        value for value in RULINGS[name].values if all(each.is_as(each.probe.values[value]) for each in seen)
    ]
    if not fitting:
        return _result(name, "none", (), "; ".join(map(_said, seen)))
    if len(seen) < len(probes):
        if len(fitting) == len(RULINGS[name].values):
            return _result(name, "not-asked")
        return _result(name, "one-of", fitting, "not everything was asked")
    return _result(name, "verified" if len(fitting) == 1 else "one-of", fitting)


def _said(seen: Observation) -> str:
    """What was sent and answered."""
    alike = next((each for each in seen.probe.values.values() if each.status == seen.answer.status), None)
    expected = alike or next(iter(seen.probe.values.values()), seen.probe.upheld)
    return f"{seen.probe.what} was answered {seen.said(expected)}"


def _links(name: str, played: Played, _: str) -> RulingResult:
    """A campaign that takes one kind of link alone shows nothing of this ruling."""
    statuses = _link_statuses(played)
    if statuses is None:
        return _result(name, "not-asked")
    without, link, short = statuses
    if without == 201:
        return _result(name, "verified", ["at-most-one"])
    if (without, link, short) == (400, 201, 201):
        return _result(name, "verified", ["exactly-one"])
    if without == 400 and sorted((link, short)) == [201, 400]:
        return _result(name, "one-of", list(RULINGS[name].values), "this campaign requires one kind of link")
    return _result(name, "none", (), "; ".join(_said(played.seen[probe.id]) for probe in LINKS))


def _campaign_link(name: str, played: Played, _: str) -> RulingResult:
    statuses = _link_statuses(played)
    if statuses is None:
        return _result(name, "not-asked")
    if statuses[0] == 400 and sorted(statuses[1:]) == [201, 400]:
        return _result(name, "verified", ["refuse"])
    return _result(name, "unknown", (), UNKNOWN_RULINGS[name])


def _link_statuses(played: Played) -> tuple[int, int, int] | None:
    if any(probe.id not in played.seen for probe in LINKS):
        return None
    without, link, short = (
        played.seen[probe.id].answer.status for probe in (WITHOUT_LINK, WITH_LINK, WITH_LINK_TO_SHORTEN)
    )
    return without, link, short


def _short_link(name: str, played: Played, origin: str) -> RulingResult:
    """The part of a short link before its code."""
    seen = played.seen.get(WITH_LINK_TO_SHORTEN.id)
    if seen is None:
        return _result(name, "not-asked")
    if seen.answer.status == 400 and played.carrier == "link":
        return _result(name, "unknown", (), "this campaign refuses linkToShorten")
    link = (seen.answer.fields or {}).get("link")
    base = link.rpartition("/")[0] if isinstance(link, str) else ""
    if seen.answer.status != 201 or not (base.isprintable() and RULINGS[name].allows(base)):
        return _result(name, "none", (), _said(seen))
    return _result(name, "verified", ["sandbox" if base == f"{origin}/s" else base])


def _text_length(name: str, played: Played, _: str) -> RulingResult:
    longest = played.seen.get(text_of(LONG).id)
    if longest is None:
        return _result(name, "not-asked")
    if longest.answer.status == 201:
        return _result(name, "verified", ["note"], f"no limit up to {LONG:,} characters")
    if played.limit:
        return _result(name, "verified", [f"{played.limit}"])
    texts = [each for each in played.seen.values() if each.probe.ruling == name]
    if all(each.answer.status in (201, 400) for each in texts):
        said = "a limit, which wasn't found" if played.stopped else "a limit below that of a phone number"
        return _result(name, "unknown", (), said)
    return _result(name, "none", (), "; ".join(map(_said, texts[-1:])))


def _fictional_only(name: str, *_: object) -> RulingResult:
    return _result(name, "unknown", (), UNKNOWN_RULINGS[name])


_JUDGES: Mapping[str, Callable[[str, Played, str], RulingResult]] = MappingProxyType(
    {
        "links": _links,
        "campaign-link": _campaign_link,
        "short-link": _short_link,
        "text-length": _text_length,
        "fictional-only": _fictional_only,
    }
)
"""The rulings whose values aren't told by the answers of their own probes alone."""


# clauses


def _clause(name: str, played: Played) -> ClauseResult:
    if name in UNKNOWN_CLAUSES:
        return {"clause": name, "verdict": "unknown", "said": UNKNOWN_CLAUSES[name]}
    probe = next(each for each in PROBES if each.clause == name)
    seen = played.seen.get(probe.id)
    if seen is None:
        return {"clause": name, "verdict": "not-asked", "said": ""}
    if seen.is_as(probe.upheld):
        return {"clause": name, "verdict": "upheld", "said": ""}
    if _is_other_kind_of_link(probe, played):
        return {"clause": name, "verdict": "unknown", "said": f"this campaign requires {played.carrier}"}
    wanted = "" if seen.answer.status == probe.upheld.status else f", not {probe.upheld.status}"
    said = f"{probe.what} was answered {seen.said(probe.upheld)}{wanted}"
    return {"clause": name, "verdict": "broken", "said": said}


def _is_other_kind_of_link(probe: Probe, played: Played) -> bool:
    """Whether the campaign requires one kind of link, and this is the other."""
    return probe in (WITH_LINK, WITH_LINK_TO_SHORTEN) and played.carrier is not None
