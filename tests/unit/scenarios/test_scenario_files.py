"""Scenario files as people break them: each mistake has its place, and the rules in force stay."""

import json
from pathlib import Path
from typing import Any

import pytest

from aktify_sandbox.contract.validators import validator_for
from aktify_sandbox.errors import DocumentError
from aktify_sandbox.matching.attempt import Attempt
from aktify_sandbox.scenarios import loader
from aktify_sandbox.scenarios.library import ScenarioLibrary
from aktify_sandbox.scenarios.loader import read_scenario
from aktify_sandbox.scenarios.rules import ResponseSpec, Span
from support.broken_scenarios import CASES
from support.snapshots import Snapshot, label


def read(tmp_path: Path, text: str) -> Any:
    (tmp_path / "mine.yaml").write_text(text)
    return read_scenario(tmp_path / "mine.yaml")


def rule(tmp_path: Path, when: str = "{}", answer: str = "503") -> Any:
    return read(tmp_path, f"rules:\n  - when: {when}\n    answer: {answer}\n").rules[0]


@pytest.mark.parametrize("value", ["02139", "NO", "12:30", "on", "1e3", "2022-11-15", "0x1F", "~"])
def test_a_value_that_yaml_would_guess_at_stays_what_was_written(tmp_path: Path, value: str) -> None:
    found = rule(tmp_path, f"{{zipCode: {value}, source: {{in: [{value}]}}, metadata.a: {value}}}")
    assert [condition.values for condition in found.conditions] == [frozenset([value])] * 3


def test_a_body_is_json_and_what_json_does_not_know_stays_a_text(tmp_path: Path) -> None:
    body = "{a: 1, b: true, c: null, d: 02139, e: NO, f: 12:30, g: [1.5, x], h: '1', i: 1e3}"
    spec = rule(tmp_path, answer=f"{{status: 503, body: {body}}}").specs[0]
    expected = {
        "a": 1,
        "b": True,
        "c": None,
        "d": "02139",
        "e": "NO",
        "f": "12:30",
        "g": [1.5, "x"],
        "h": "1",
    }
    assert json.loads(spec.body) == {**expected, "i": "1e3"}
    assert spec.media == "application/json"
    assert rule(tmp_path, answer="{status: 503, body: down}").specs[0].body == b"down"


@pytest.mark.parametrize(
    ("written", "span"),
    [
        ("1", Span(1, 1)),
        ("1-2", Span(1, 2)),
        ("3+", Span(3)),
        ("{every: 10}", Span(10, every=10)),
    ],
)
def test_an_attempt_is_written_in_four_ways(tmp_path: Path, written: str, span: Span) -> None:
    assert rule(tmp_path, f"{{attempt: {written}}}").attempt == span


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("250ms", (0.25, 0.25)), ("2s", (2, 2)), ("1.5s", (1.5, 1.5)), ("{from: 50ms, to: 1s}", (0.05, 1))],
)
def test_a_delay_has_a_unit(tmp_path: Path, written: str, seconds: tuple[float, float]) -> None:
    assert rule(tmp_path, answer=f"{{delay: {written}}}").specs[0].delay == seconds


@pytest.mark.parametrize(
    ("written", "value"),
    [("(509) 555-1234", "+15095551234"), ("15095551234", "+15095551234"), ("555-0180", "5550180")],
)
def test_a_phone_number_is_compared_as_a_number(tmp_path: Path, written: str, value: str) -> None:
    assert rule(tmp_path, f'{{phoneNumber: "{written}"}}').conditions[0].values == {value}


def test_a_forced_201_is_the_natural_answer(tmp_path: Path) -> None:
    assert rule(tmp_path, answer="201").specs == (ResponseSpec(),)
    assert rule(tmp_path, answer="natural").specs == (ResponseSpec(),)


def test_below_a_rule_for_every_valid_request_one_for_all_may_stand(tmp_path: Path) -> None:
    found = read(tmp_path, "rules:\n  - answer: 503\n  - when: {applies: any}\n    answer: 500\n")
    assert [rule.applies_to_all for rule in found.rules] == [False, True]


def test_a_slow_pattern_can_not_be_slow(tmp_path: Path) -> None:
    found = rule(tmp_path, "{source: {matches: '(a+)+$'}}").conditions[0]
    sent = {"source": "a" * 90_000 + "!"}
    assert not found.holds(Attempt((), "", None, sent, [], 201, 0.0))


def test_json_is_a_scenario_file_too(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text('{"rules": [{"when": {"attempt": 1}, "answer": {"status": 503}}]}')
    assert read_scenario(tmp_path / "mine.json").rules[0].attempt == Span(1, 1)


def test_one_mistake_among_many_rules_makes_no_check_for_each_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To compile one takes milliseconds, and a file may have 10,000 rules."""
    made = list[Any]()

    def counted(schema: Any) -> Any:
        made.append(schema)
        return validator_for(schema)

    monkeypatch.setattr(loader, "validator_for", counted)
    rules = "".join("  - answer: 503\n" for _ in range(50))
    with pytest.raises(DocumentError):
        read(tmp_path, f"rules:\n{rules}  - answer: 99\n")
    assert len(made) <= 3


def test_200_broken_files_are_each_refused_with_file_and_line(tmp_path: Path, snapshot: Snapshot) -> None:
    assert len(CASES) >= 200
    for text, place in CASES:
        with pytest.raises(DocumentError) as caught:
            read(tmp_path, text)
        said = str(caught.value)
        assert said.startswith(f"{tmp_path / 'mine.yaml'}:{place}"), f"{text}\n{said}"
        snapshot("scenarios", said, label(text))


@pytest.mark.parametrize(
    ("when", "answer"),
    [
        ("{attempt: 3-1}", "{fault: hnag}"),
        ("{regoin: CA}", "{fault: hang, status: 503}"),
        ("{per: lead, attempt: 2-1}", "[503, natral]"),
    ],
)
def test_mistakes_in_both_halves_of_a_rule_are_all_said(
    tmp_path: Path, when: str, answer: str, snapshot: Snapshot
) -> None:
    with pytest.raises(DocumentError) as caught:
        rule(tmp_path, when, answer)
    lines = str(caught.value).splitlines()
    assert len([line for line in lines if "mine.yaml:" in line]) == 2, lines
    snapshot("scenarios", str(caught.value))


def test_a_listed_file_is_parsed_again_only_when_it_or_a_file_that_it_names_has_changed(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "scenarios"
    folder.mkdir()
    path, body = folder / "mine.yaml", folder / "page.html"
    path.write_text("rules: [{answer: {status: 503, body: {file: page.html}}}]")
    library = ScenarioLibrary(tmp_path)
    with pytest.raises(DocumentError):
        library.read(path)
    body.write_text("down")
    first = library.read(path)
    assert library.read(path) is first
    body.write_text("still down")
    second = library.read(path)
    assert second is not first
    path.write_text("rules: [{answer: 502}]  # another size")
    assert library.read(path) not in (first, second)
