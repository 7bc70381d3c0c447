"""What README and docs say from the code: each text between `<!-- name -->` and `<!-- /name -->` (`scripts/tables`).

The scenario `validation-tour`, which is made from `fixtures/leads/`, is written with them.
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from aktify_sandbox.bundled import bundled
from aktify_sandbox.calibration.probes import PROBES, UNKNOWN_CLAUSES, UNKNOWN_RULINGS
from aktify_sandbox.calibration.result import calibration_schema
from aktify_sandbox.contract.rulings import RULINGS
from aktify_sandbox.drill.result import drill_schema
from aktify_sandbox.drill.stations import STATIONS
from aktify_sandbox.matching.words import FILTERS, WORDS
from aktify_sandbox.scenarios.faults import Fault
from aktify_sandbox.scenarios.loader import read_scenario
from support import reference
from support.lead_fixtures import FOLDER, lead_files
from support.make_validation_tour import TARGET, tour
from support.markdown import table
from support.paths import ROOT

DRILL_SCHEMA: Mapping[str, Any] = drill_schema()
DRILL_PARTS = ("station", "run", "problem", "finding")
PAGES = (ROOT / "README.md", FOLDER / "README.md", *sorted((ROOT / "docs").rglob("*.md")))


def rulings() -> str:
    """Each ruling, with its reason."""
    rows = []
    for ruling in RULINGS.values():
        others = [f"`{value}`" for value in ruling.values if value != ruling.default]
        others += [f"a {ruling.free}"] if ruling.free else []
        default = f"`{ruling.default}`: {ruling.values[ruling.default]}"
        rows.append((f"`{ruling.name}`", default, ", ".join(others) or "–", ruling.reason))
    return table("ruling | default | other values | reason", rows)


def scenarios() -> str:
    """Each scenario that is shipped."""
    files = sorted(bundled("scenarios").glob("*.yaml"))
    rows = [(f"`{path.stem}`", read_scenario(path).description) for path in files]
    return table("scenario | what it does, and what a good client does", rows)


def filters() -> str:
    """Each filter of lists."""
    return table(
        "filter | which requests", [(f"`{name}`", each.description) for name, each in FILTERS.items()]
    )


def words() -> str:
    """Each word of conditions."""
    rows = [(f"`{name}`", word.kind.value, word.description) for name, word in WORDS.items()]
    return table("word | its value | which requests", rows)


def faults() -> str:
    """Each fault."""
    rows = [
        (
            f"`{fault}`",
            fault.words,
            "may be given" if fault.has_answer else "there is none",
            "lost, unless `lead: kept`" if fault.loses_answer else "as without it",
        )
        for fault in Fault
    ]
    return table("fault | what comes | status | lead", rows)


def connection_faults() -> str:
    """The faults that another ASGI server can't do, in a sentence."""
    return listed([fault for fault in Fault if fault.needs_connection])


def listed(names: Iterable[str]) -> str:
    """Names in a sentence."""
    *others, last = [f"`{name}`" for name in names]
    return f"{', '.join(others)} and {last}" if others else last


def stations() -> str:
    """Each station of a drill."""
    rows = [
        (
            f"`{station.name}`",
            ", then ".join(f"`{each}`" for each in station.scenarios) or "none",
            station.expected,
        )
        for station in STATIONS.values()
    ]
    return table("station | scenario | what a client should do", rows)


def drill_result() -> str:
    """Each field of the result of a drill."""
    rows = [
        (f"`{name}`", about.get("description", ""))
        for prefix, schema in (
            ("", DRILL_SCHEMA),
            *((f"{each}.", DRILL_SCHEMA["$defs"][each]) for each in DRILL_PARTS),
        )
        for name, about in ((f"{prefix}{key}", value) for key, value in schema["properties"].items())
    ]
    return table("field | says", rows)


def probes() -> str:
    """Each probe of a calibration."""
    rows = [
        (
            f"`{probe.id}`",
            probe.what,
            ", ".join(
                [
                    *([f"ruling `{probe.ruling}`"] if probe.ruling else []),
                    *([f"clause `{probe.clause}`"] if probe.clause else []),
                ]
            ),
        )
        for probe in PROBES
    ]
    return table("probe | sends | asks for", rows)


def not_probed() -> str:
    """What a calibration can't ask, and why."""
    rows = [
        *((f"ruling `{name}`", reason) for name, reason in UNKNOWN_RULINGS.items()),
        *((f"clause `{name}`", reason) for name, reason in UNKNOWN_CLAUSES.items()),
    ]
    return table("what | why not", rows)


def calibration_result() -> str:
    """Each field of the result of a calibration."""
    schema = calibration_schema()
    parts = {"": schema, **{f"{each.lower()}s.": schema["$defs"][each] for each in ("Ruling", "Clause")}}
    rows = [
        (f"`{prefix}{name}`", about["description"])
        for prefix, part in parts.items()
        for name, about in part["properties"].items()
    ]
    return table("field | says", rows)


TEXTS: Mapping[str, Callable[[], str]] = {
    "rulings": rulings,
    "scenarios": scenarios,
    "filters": filters,
    "words": words,
    "faults": faults,
    "connection-faults": connection_faults,
    "stations": stations,
    "drill-result": drill_result,
    "probes": probes,
    "not-probed": not_probed,
    "calibration-result": calibration_result,
    "lead-files": lead_files,
    **reference.TEXTS,
}
_MARKED = re.compile(rf"(<!-- ({'|'.join(TEXTS)}) -->).*?(<!-- /\2 -->)", re.DOTALL)


def written(page: str) -> str:
    """The page with its texts as the code has them."""
    return _MARKED.sub(lambda found: f"{found[1]}{TEXTS[found[2]]()}{found[3]}", page)


def out_of_date() -> dict[Path, str]:
    """The files that say something else than the code, and what they should be."""
    wanted = {path: written(path.read_text()) for path in PAGES} | {TARGET: tour()}
    return {path: text for path, text in wanted.items() if path.read_text() != text}


def main() -> int:
    """Write them, or with `--check` say which are out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit code 1 if there is something to write"
    )
    checking = parser.parse_args().check
    changed = out_of_date()
    for path, text in changed.items():
        click.echo(
            f"{path.relative_to(ROOT)}: {'out of date. Run scripts/tables' if checking else 'written'}"
        )
        if not checking:
            path.write_text(text)
    return 1 if checking and changed else 0


if __name__ == "__main__":
    sys.exit(main())
