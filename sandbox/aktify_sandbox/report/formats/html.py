"""A report as one HTML file that needs nothing else: no script, no font, no other file. It prints well."""

import html
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from importlib.resources import files
from types import MappingProxyType

from aktify_sandbox.report.findings.rule import Level
from aktify_sandbox.report.report import MOST_ENTRIES, ClauseReport, Finding, Report
from aktify_sandbox.text import escaped, plural

from .terminal import CERTAINTY, counted, source_of

_LEVELS: Mapping[Level, tuple[str, str]] = MappingProxyType(
    {"error": ("Errors", "✕"), "warning": ("Warnings", "!"), "note": ("Notes", "i")}
)
"""The heading of each level, and its sign."""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def as_html(report: Report) -> str:
    """The report as an HTML document, with the local time at which it was made."""
    style = files(__package__).joinpath("report.css").read_text(encoding="utf-8")
    percent, counts = report["coverage"]["percent"], counted(report)
    lines = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="color-scheme" content="light dark">',
        f"<title>Client report: {percent} % of the contract, {_text(counts)}</title>",
        f"<style>\n{style}</style>",
        "</head>",
        "<body>",
        *_head(report),
        "<main>",
        *_findings(report),
        *_coverage(report),
        *_switched_off(report),
        "</main>",
        "</body>",
        "</html>",
    ]
    return "\n".join(lines) + "\n"


def _head(report: Report) -> Iterator[str]:
    now = datetime.now().astimezone()
    since = f", since <code>{_text(report['oldest'])}</code>" if report["oldest"] else ""
    made = f'<time datetime="{now.isoformat(timespec="seconds")}">{now:%Y-%m-%d %H:%M %z}</time>'
    yield "<header>"
    yield "<h1>Is this client ready?</h1>"
    yield (
        f"<p>{plural(report['requests'], 'request')}{since}. "
        f"Made by aktify-sandbox {_text(report['version'])} on {made}.</p>"
    )
    yield (
        f'<p><a href="#findings">Findings: {_text(counted(report))}</a> '
        f'<a href="#coverage">Coverage: {report["coverage"]["percent"]} %</a></p>'
    )
    if report["evicted"]:
        yield (
            f"<p>Not in this report: {plural(report['evicted'], 'older request')} that --keep dropped. "
            "A finding that needs them is missing.</p>"
        )
    if not report["requests"]:
        yield "<p>There are no requests to report on. Fix: run your client against the sandbox first.</p>"
    yield "</header>"


def _coverage(report: Report) -> Iterator[str]:
    percent, clauses = report["coverage"]["percent"], report["coverage"]["clauses"]
    missing = [clause for clause in clauses if not clause["met"]]
    met = [clause for clause in clauses if clause["met"]]
    yield '<section aria-labelledby="coverage">'
    yield '<h2 id="coverage">Coverage of the contract</h2>'
    yield (
        f'<p class="percent"><strong>{percent} %</strong> '
        f"{len(met)} of {plural(len(clauses), 'clause')} met</p>"
    )
    yield f'<div class="bar" aria-hidden="true"><div style="width: {percent}%"></div></div>'
    if missing:
        yield f"<h3>Missing ({len(missing)})</h3>"
        yield "<p>Run the command of a clause. It forces the next answer, "
        yield "or it posts a lead that counts as one of the client's.</p>"
        yield from _list(map(_missing, missing), "missing")
    if met:
        yield f"<h3>Met ({len(met)})</h3>"
        yield from _list(map(_met, met), "met")
    yield "</section>"


def _missing(clause: ClauseReport) -> str:
    return f"{_clause(clause)}<pre><code>{_text(clause['provoke'])}</code></pre>"


def _met(clause: ClauseReport) -> str:
    return f"{_clause(clause)} {_ids(clause['entries'])}"


def _clause(clause: ClauseReport) -> str:
    return f'<b>{_text(clause["text"])}</b> <span class="source">{_prose(source_of(clause))}</span>'


def _findings(report: Report) -> Iterator[str]:
    yield '<section aria-labelledby="findings">'
    yield '<h2 id="findings">Findings</h2>'
    yield f"<p>{_text(counted(report)).capitalize()}.</p>"
    for level, (heading, _) in _LEVELS.items():
        found = [finding for finding in report["findings"] if finding["level"] == level]
        if found:
            yield f"<h3>{heading} ({len(found)})</h3>"
            for finding in found:
                yield from _finding(finding, level)
    yield "</section>"


def _finding(finding: Finding, level: Level) -> Iterator[str]:
    count, shown = finding["count"], len(finding["entries"])
    first = f"the first {MOST_ENTRIES}: " if shown >= MOST_ENTRIES else ""
    yield f'<article class="{level}">'
    yield (
        f'<h4><span class="level"><span aria-hidden="true">{_LEVELS[level][1]}</span> {level}</span> '
        f"<code>{_text(finding['id'])}</code></h4>"
    )
    yield f"<p>{_prose(finding['sentence'])}</p>"
    yield f"<p><b>Fix:</b> {_prose(finding['fix'])}</p>"
    yield "<dl>"
    yield f"<div><dt>Found</dt><dd>{plural(count, 'time')}, {_text(CERTAINTY[finding['certainty']])}</dd></div>"
    yield f"<div><dt>Example</dt><dd><code>{_text(finding['example'])}</code></dd></div>"
    yield f"<div><dt>Requests</dt><dd>{first}{_ids(finding['entries'])}</dd></div>"
    yield f"<div><dt>Source</dt><dd>{_prose(source_of(finding))}</dd></div>"
    yield "</dl>"
    yield "</article>"


def _switched_off(report: Report) -> Iterator[str]:
    if report["switchedOff"]:
        yield '<section aria-labelledby="off">'
        yield '<h2 id="off">Switched off in the configuration</h2>'
        yield from _list(
            (f"<code>{_text(name)}</code> {_text(reason)}" for name, reason in report["switchedOff"].items()),
            "off",
        )
        yield "</section>"


def _list(items: Iterable[str], kind: str) -> Iterator[str]:
    yield f'<ul class="{kind}">'
    yield from (f"<li>{item}</li>" for item in items)
    yield "</ul>"


def _ids(entries: Iterable[str]) -> str:
    return " ".join(f"<code>{_text(entry)}</code>" for entry in entries)


def _prose(text: str) -> str:
    """A sentence, with what stands in backticks as code."""
    parts = _text(text).split("`")
    if len(parts) % 2 == 0:
        return "`".join(parts)
    return "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))


def _text(text: str) -> str:
    """As text that means nothing but itself, and whose characters can all be seen."""
    return html.escape(escaped(text))
