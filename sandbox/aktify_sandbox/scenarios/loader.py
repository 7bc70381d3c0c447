"""Compiles scenario files to rules, or reports every problem with its position."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from aktify_sandbox.contract.schema import FIELDS
from aktify_sandbox.contract.validators import Check, validator_for
from aktify_sandbox.documents.document import Document, read_bounded, read_file
from aktify_sandbox.documents.nodes import Place, node_of
from aktify_sandbox.errors import DocumentError, FileProblem
from aktify_sandbox.matching.compiler import ConditionCompiler
from aktify_sandbox.matching.condition import Condition
from aktify_sandbox.scenarios.faults import LONGEST_WAIT, Fault
from aktify_sandbox.scenarios.origin import rule_name
from aktify_sandbox.scenarios.rules import DEFAULT, ResponseSpec, Rule, Span
from aktify_sandbox.scenarios.schema import ANSWER_WORDS, force_schema, scenario_schema

_LARGEST_BODY = 1_000_000
_WITHOUT_BODY = (204, 205, 304)
_FRAMING = ("content-length", "date", "transfer-encoding", "connection", "keep-alive", "upgrade", "trailer")
_MEDIA = {
    ".html": "text/html; charset=utf-8",
    ".htm": "text/html; charset=utf-8",
    ".json": "application/json",
    ".xml": "application/xml",
}
_PLAIN = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True, eq=False)
class Scenario:
    """A scenario file that was read."""

    name: str
    path: Path
    description: str
    rules: tuple[Rule, ...]
    written: list[Any]
    """The rules as written in the file."""
    files: tuple[Path, ...]
    """The file and those that it refers to: if one changes, read the scenario again."""


def read_scenario(path: Path, mark: str | None = None) -> Scenario:
    """Read a scenario file. `mark` is a name for each rule, made from its conditions: `key {key}`.

    Rules with a mark are built in and loaded at every start. Tests have checked their files, so validation is skipped
    to save memory. Raises `DocumentError` with all problems.
    """
    document, schema = read_file(path), scenario_schema()
    content, problems = (document.unchecked(schema), []) if mark else document.checked(schema)
    compiler = RuleCompiler(document, path.parent)
    name = shown_name(path)
    rules = tuple(
        compiler.rule(
            ("rules", number),
            rule,
            mark.format_map(rule["when"]) if mark else rule_name(name, number + 1),
        )
        for number, rule in enumerate(_sound_rules(content, problems))
        if rule is not None
    )
    if not problems:
        compiler.look_for_shadows(content["rules"])
    if problems or compiler.problems:
        raise DocumentError([*problems, *compiler.problems], compiler.files)
    return Scenario(
        name,
        path,
        content.get("description", ""),
        rules,
        content["rules"],
        (path, *compiler.files),
    )


def _sound_rules(content: Any, problems: list[FileProblem]) -> list[Any]:
    """The valid rules, with None for the others, so that each keeps its number."""
    if not problems:
        return list(content["rules"])
    rules = content.get("rules") if isinstance(content, dict) else None
    return [_sound_part(rule) for rule in rules] if isinstance(rules, list) else []


def _sound_part(rule: Any) -> Any:
    """The rule, or only its conditions or only its answer, or None."""
    if _part_check("rule")(rule) or not isinstance(rule, dict):
        return rule if isinstance(rule, dict) else None
    when, answer = rule.get("when", {}), rule.get("answer")
    if _part_check("answers")(answer):
        return {"answer": answer}
    if _part_check("when")(when):
        return {"when": {name: when[name] for name in when if name != "per"}, "answer": "natural"}
    return None


@functools.cache
def _part_check(name: str) -> Check:
    definitions = scenario_schema()["$defs"]
    return validator_for({"$defs": definitions, **definitions[name]}).is_valid


def shown_name(path: Path) -> str:
    """A file name as a header may contain it."""
    return "".join(char if char.isascii() and char.isprintable() else "_" for char in path.stem)


class RuleCompiler(ConditionCompiler):
    """Compiles checked content to rules."""

    def __init__(self, document: Document, folder: Path | None) -> None:
        """Files that a rule refers to are in `folder`; None: it can't refer to any."""
        super().__init__(document)
        self._folder = folder
        self.files: list[Path] = []

    def rule(self, place: Place, written: dict[str, Any], name: str) -> Rule:
        """Compile one rule."""
        when, answer = written.get("when", {}), written["answer"]
        listed = isinstance(answer, list)
        specs = tuple(
            self.spec((*place, "answer", *([number] if listed else [])), each)
            for number, each in enumerate(answer if listed else [answer])
        )
        rule = Rule(
            name,
            specs,
            tuple(self._conditions((*place, "when"), when)),
            self._attempt((*place, "when", "attempt"), when.get("attempt")),
            self._elapsed((*place, "when", "elapsed"), when.get("elapsed")),
            when.get("per", "lead"),
            float(when.get("chance", 1)),
            when.get("applies") == "any",
        )
        if "per" in when and not rule.counts:
            self.report(
                (*place, "when", "per"),
                "per has no effect here.",
                "Use it with attempt, elapsed or a list of answers.",
            )
        return rule

    def look_for_shadows(self, rules: list[dict[str, Any]]) -> None:
        """Report rules after one without conditions, since that answers everything."""
        for number, rule in enumerate(rules[:-1]):
            always = set(rule.get("when", {})) <= {"applies", "per"} and rule["answer"] != "natural"
            if not always:
                continue
            reach = rule.get("when", {}).get("applies", "valid")
            below = {later.get("when", {}).get("applies", "valid") for later in rules[number + 1 :]}
            if below <= {reach, "valid"}:
                message = "This rule answers every request, so the rules below it never apply."
                self.report(("rules", number), message, "Move it to the end, or add a `when`.")
                return

    # when

    def _conditions(self, place: Place, when: dict[str, Any]) -> Iterator[Condition]:
        for name, written in when.items():
            if name in ("key", "campaign", *FIELDS) or name.startswith("metadata."):
                yield self.condition((*place, name), name, written)
            elif name == "header":
                for header, wanted in written.items():
                    yield self.condition((*place, name, header), f"header {header.lower()}", wanted)

    def _attempt(self, place: Place, written: Any) -> Span | None:
        if written is None:
            return None
        if isinstance(written, dict):
            return Span(written["every"], every=written["every"])
        first, dash, last = str(written).partition("-")
        if first.endswith("+"):
            return Span(int(first[:-1]))
        return self._span(place, int(first), int(last) if dash else int(first))

    def _elapsed(self, place: Place, written: str | None) -> Span | None:
        if written is None:
            return None
        if written.endswith("+"):
            return Span(float(written[:-2]))
        first, _, last = written.partition("-")
        return self._span(place, float(first[:-1]), float(last[:-1]))

    def _span(self, place: Place, first: float, last: float) -> Span:
        if last < first:
            self.report(place, f"The range ends ({last:g}) before it begins ({first:g}).", "Swap the two.")
        return Span(first, last)

    # answer

    def spec(self, place: Place, written: Any) -> ResponseSpec:
        """Compile one answer."""
        if written == "natural":
            return DEFAULT
        if isinstance(written, int):
            written = {"status": written}
        self._look_for_contradictions(place, written)
        body, media = self._body((*place, "body"), written.get("body"))
        status = written.get("status")
        if status == 201 and body is None and not written.get("fault"):
            status = None  # a forced 201 is the normal answer
        return ResponseSpec(
            status,
            tuple(self._headers((*place, "headers"), written.get("headers", {}))),
            body,
            media,
            self._delay((*place, "delay"), written.get("delay")),
            _fault(written),
            "lead" in written,
            written.get("gather", 0),
            "shuffle" in written,
        )

    def _look_for_contradictions(self, place: Place, written: dict[str, Any]) -> None:
        fault, status, given = _fault(written), written.get("status"), set(written)
        if fault and not fault.has_answer:
            for word in sorted(given & {"status", "headers", "body"}):
                self.report(
                    (*place, word), f"{word} can't be combined with fault: {fault}, which sends no answer."
                )
        for word in sorted(given & {"gather", "shuffle"}):
            for other in sorted(given & ({"status", "body", "fault", "lead", "gather", "shuffle"} - {word})):
                self.report(
                    (*place, other),
                    f"{other} can't be combined with {word}, which changes the normal answer.",
                )
        if status in _WITHOUT_BODY and "body" in written:
            self.report((*place, "body"), f"An answer with status {status} has no body.")
        if fault and fault.has_answer and (status in _WITHOUT_BODY or written.get("body") == ""):
            self.report((*place, "fault"), f"fault: {fault} needs a body, and this answer has none.")
        if "body" in written and "status" not in written:
            self.report(place, "A body needs a status.", "Add one: status: 503.")
        if given == {"lead"}:
            self.report(
                (*place, "lead"), "The normal answer keeps the lead anyway.", "Add a status or fault."
            )

    def _headers(self, place: Place, written: dict[str, str]) -> Iterator[tuple[str, str]]:
        for name, value in written.items():
            if name.lower() in _FRAMING:
                hint = "To break an answer on purpose, use fault: truncate or malformed-chunk."
                self.report((*place, name), f"{name} can't be set; the server sets it.", hint)
            elif value != value.strip():
                self.report((*place, name), "A header's value can't begin or end with white space.")
            yield name.lower(), value

    def _body(self, place: Place, written: Any) -> tuple[bytes | None, str | None]:
        if written is None:
            return None, None
        if isinstance(written, str):
            return written.encode("utf-8", "replace"), _PLAIN if written else None
        if isinstance(written, dict) and set(written) == {"file"}:
            return self._file((*place, "file"), written["file"])
        return orjson.dumps(written), "application/json"

    def _file(self, place: Place, written: Any) -> tuple[bytes, str]:
        try:
            path = self._inside(str(written))
            self.files.append(path)
            content = read_bounded(path, _LARGEST_BODY)
        except (OSError, ValueError) as error:
            reason = (isinstance(error, OSError) and error.strerror) or "it is outside the scenario's folder"
            hint = "Name a file in the scenario's folder."
            self.report(place, f"{written} can't be read: {reason.lower()}.", hint)
            return b"", _PLAIN
        return content, _MEDIA.get(path.suffix.lower(), _PLAIN)

    def _inside(self, name: str) -> Path:
        if self._folder is None:
            raise ValueError
        path = self._folder / name
        if not path.resolve().is_relative_to(self._folder.resolve()):
            raise ValueError
        return path

    def _delay(self, place: Place, written: Any) -> tuple[float, float]:
        if written is None:
            return 0.0, 0.0
        first, last = (written, written) if isinstance(written, str) else (written["from"], written["to"])
        low, high = _seconds(first), _seconds(last)
        if high > LONGEST_WAIT or low > LONGEST_WAIT:
            self.report(place, f"A delay can't be longer than {LONGEST_WAIT} s.")
        if high < low:
            self.report(place, f"The range ends ({last}) before it begins ({first}).", "Swap the two.")
        return low, high


def _fault(written: dict[str, Any]) -> Fault | None:
    return Fault(written["fault"]) if "fault" in written else None


def _seconds(text: str) -> float:
    return float(text[:-2]) / 1000 if text.endswith("ms") else float(text[:-1])


@functools.cache
def _order_check() -> Check:
    return validator_for(force_schema()).is_valid


def forced_rule(content: Any) -> tuple[Rule, dict[str, Any]]:
    """The rule in a body of `POST /_sandbox/force`, and that body with its defaults.

    Raises `DocumentError`.
    """
    document = Document("force", node_of(content))
    whole = content if _order_check()(content) else document.value(force_schema())
    compiler = RuleCompiler(document, None)
    spec = compiler.spec((), {name: whole[name] for name in ANSWER_WORDS if name in whole})
    if spec.is_default or not whole.keys() & {"status", "fault", "delay"}:
        wrong = "A forced 201 is the normal answer." if whole.get("status") == 201 else "A status is missing."
        compiler.problems.append(
            document.problem((), wrong, "Force a status such as 503, or add a fault or delay.")
        )
    names = {"phone": "phoneNumber", "key": "key", "campaign": "campaign"}
    conditions = [
        compiler.condition((word,), name, whole[word]) for word, name in names.items() if word in whole
    ]
    if compiler.problems:
        raise DocumentError(compiler.problems)
    rule = Rule("force", (spec,), tuple(conditions), applies_to_all=whole.get("applies") == "any")
    return rule, {"times": 1, **content}
