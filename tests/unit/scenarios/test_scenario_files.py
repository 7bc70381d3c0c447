"""Scenario files as people break them: each mistake has its place, and the rules in force stay."""

import json
from pathlib import Path
from typing import Any

import pytest

from aktify_sandbox.errors import DocumentError
from aktify_sandbox.matching.attempt import Attempt
from aktify_sandbox.scenarios.loader import read_scenario
from aktify_sandbox.scenarios.rules import ResponseSpec, Span
from support.running import Serve


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


def test_a_slow_pattern_can_not_be_slow(tmp_path: Path) -> None:
    found = rule(tmp_path, "{source: {matches: '(a+)+$'}}").conditions[0]
    sent = {"source": "a" * 90_000 + "!"}
    assert not found.holds(Attempt((), "", None, sent, [], 201, 0.0))


def test_json_is_a_scenario_file_too(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text('{"rules": [{"when": {"attempt": 1}, "answer": {"status": 503}}]}')
    assert read_scenario(tmp_path / "mine.json").rules[0].attempt == Span(1, 1)


BROKEN = [
    ("", "1:1", "rules is missing"),
    ("rules: []", "1:8", "rules is empty. Give at least one."),
    ("rules: x", "1:8", "expected a list"),
    ("ruels: []", "1:1", "Did you mean rules?"),
    ("rules:\n  - anwser: 503", "2:5", "Did you mean answer?"),
    ("rules:\n  - when: {}", "2:5", "answer is missing"),
    ("rules:\n  - answer: 503\n  - answer: 500", "2:5", "no rule below"),
    (
        "rules:\n  - when: {applies: any}\n    answer: 503\n  - when: {region: CA}\n    answer: 500",
        "2:5",
        "no rule below",
    ),
    ("rules:\n  - answer: {file: x}\nrules: []", "3:1", "stands here twice"),
    ("rules:\n  - answer: !!python/object:os.system x", "2:13", "tag"),
    ("rules:\n  - answer: &a 503", "2:13", "anchor"),
    ("rules:\n  - answer: *a", "2:13", "alias"),
    ("rules: &a\n  - *a", "1:8", "anchor"),
    ("rules:\n\t- answer: 503", "2:1", "isn't YAML"),
    ("rules:\n  - answer: 503\n---\nrules: []", "4:1", "second document"),
    ("rules: [\x07]", "1:1", "control character"),
]
WHEN = [
    ("regoin: CA", "did you mean region|Did you mean region"),
    ("phone: 5095551234", "phoneNumber|isn't known"),
    ("region: [CA]", "expected"),
    ("region: {im: [CA]}", "Allowed: in, matches"),
    ("region: {in: CA}", "expected a list"),
    ("region: {in: []}", ""),
    ("region: {in: [CA], matches: x}", ""),
    ("region: {}", ""),
    ("region: {missing: false}", "true"),
    ("region: {present: yes}", "true"),
    ("region: {matches: '['}", "isn't a pattern"),
    ("region: {matches: '(?=a)b'}", "linear time"),
    ("region: {matches: '(a)\\1'}", "linear time"),
    ("region: {matches: 'a{999999}'}", "linear time"),
    ("phoneNumber: '123'", "isn't a US phone number"),
    ("phoneNumber: {in: ['(509) 555-1234', x]}", "isn't a US phone number"),
    ("attempt: 0", ""),
    ("attempt: -1", ""),
    ("attempt: 1.5", ""),
    ("attempt: first", "1-2, 3+"),
    ("attempt: 3-1", "before it begins"),
    ("attempt: {every: 0}", "at least 1"),
    ("attempt: {evry: 2}", "Did you mean every?"),
    ("elapsed: 5", "0s-5s"),
    ("elapsed: 5s-1s", "before it begins"),
    ("per: lead", "counts nothing"),
    ("{per: leed, attempt: 1}", "Did you mean lead?"),
    ("chance: 0", "more than 0"),
    ("chance: 1.1", "at most 1"),
    ("chance: often", "expected a number"),
    ("chance: 25%", "expected a number"),
    ("applies: all", "Allowed: valid, any"),
    ("header: x", "expected names and values"),
    ("header: {'a b': x}", "isn't known"),
    ("metadata: {a: b}", "isn't known|expected"),
    ("delay: 5s", "isn't known"),
]
ANSWER = [
    ("99", "at least 200"),
    ("600", "at most 599"),
    ("natral", "Did you mean natural?"),
    ("flaky", "Allowed: natural, a status (503), more of an answer ({fault: hang}), a list of these."),
    ("[503, flaky]", "Allowed: natural, a status (503), more of an answer ({fault: hang})."),
    ("true", "natural"),
    ("[]", ""),
    ("{}", ""),
    ("[503, natral]", "Did you mean natural?"),
    ("[[503]]", "expected"),
    ("{status: '503'}", "whole number"),
    ("{status: 5o3}", "whole number"),
    ("{stauts: 503}", "Did you mean status?"),
    ("{status: 503, headers: {X: [a]}}", "expected a text"),
    ('{status: 503, headers: {X: "a\\r\\nSet-Cookie: b"}}', "one line"),
    ('{status: 503, headers: {X: "a\\0b"}}', "one line"),
    ('{status: 503, headers: {X: "\\u0151"}}', "Latin-1"),
    ("{status: 503, headers: {X: ' a'}}", "white space"),
    ("{status: 503, headers: {'a b': c}}", "isn't known"),
    ('{status: 503, headers: {"a\\nb": c}}', "isn't known"),
    ("{status: 503, headers: {Content-Length: '5'}}", "set by the server"),
    ("{status: 503, headers: {Transfer-Encoding: chunked}}", "set by the server"),
    ("{body: x}", "needs a status"),
    ("{status: 204, body: x}", "no body"),
    ("{status: 503, body: {file: none.html}}", "can't be read"),
    ("{status: 503, body: {file: ../../../etc/passwd}}", "beside the scenario"),
    ("{status: 503, body: {file: /etc/passwd}}", "beside the scenario"),
    ("{delay: 5}", "250ms"),
    ("{delay: 5m}", "250ms"),
    ("{delay: 301s}", "300s at most"),
    ("{delay: {from: 2s, to: 1s}}", "before it begins"),
    ("{delay: {from: 2s}}", "to is missing"),
    ("{fault: hnag}", "Did you mean hang?"),
    ("{fault: hang, status: 503}", "no status"),
    ("{fault: reset, body: x}", "no body"),
    ("{fault: empty, headers: {A: b}}", "no headers"),
    ("{fault: truncate, status: 204}", "needs a body"),
    ("{lead: kept}", "anyway"),
    ("{lead: lost, status: 503}", "Allowed: kept"),
    ("{gather: 1}", "at least 2"),
    ("{gather: 101}", "at most 100"),
    ("{gather: 2, status: 503}", "no status"),
    ("{gather: 2, fault: hang}", "no fault"),
    ("{shuffle: false}", "true"),
    ("{shuffle: true, status: 503}", "no status"),
]
WHENS = [(written if written.startswith("{") else f"{{{written}}}", words) for written, words in WHEN]
CASES = [
    *BROKEN,
    *((f"rules:\n  - when: {when}\n    answer: 503", "2:", words) for when, words in WHENS),
    *((f"rules:\n  - answer: {answer}", "2:", words) for answer, words in ANSWER),
    *((f"description: fine\nrules:\n  - when: {{region: CA}}\n    answer: {a}", "4:", words) for a, words in ANSWER),
    *((f"rules:\n  - answer: [natural, natral]\n    when: {when}", "2:", "Did you mean natural?") for when, _ in WHENS),
    *((f"rules:\n  - when: {{region: CA}}\n    answer: 429\n  - when: {when}\n    answer: natural", "4:", words)
      for when, words in WHENS if "counts nothing" not in words),
]  # fmt: skip


def test_200_broken_files_are_each_refused_with_file_and_line(tmp_path: Path) -> None:
    assert len(CASES) >= 200
    for text, place, words in CASES:
        with pytest.raises(DocumentError) as caught:
            read(tmp_path, text)
        said = str(caught.value)
        assert said.startswith(f"{tmp_path / 'mine.yaml'}:{place}"), f"{text}\n{said}"
        assert any(word in said for word in words.split("|")), f"{text}\n{said}"


@pytest.mark.parametrize(
    ("when", "answer", "said"),
    [
        ("{attempt: 3-1}", "{fault: hnag}", ["It ends (1) before it begins (3).", "Did you mean hang?"]),
        ("{regoin: CA}", "{fault: hang, status: 503}", ["Did you mean region?", "so it has no status"]),
        (
            "{per: lead, attempt: 2-1}",
            "[503, natral]",
            ["It ends (1) before it begins", "Did you mean natural?"],
        ),
    ],
)
def test_mistakes_in_both_halves_of_a_rule_are_all_said(
    tmp_path: Path, when: str, answer: str, said: list[str]
) -> None:
    with pytest.raises(DocumentError) as caught:
        rule(tmp_path, when, answer)
    lines = str(caught.value).splitlines()
    assert len([line for line in lines if "mine.yaml:" in line]) == len(said), lines
    for words in said:
        assert words in str(caught.value)


def test_while_broken_files_come_and_go_the_server_keeps_its_rules(serve: Serve, tmp_path: Path) -> None:
    """The API reads a file of that name anew each time it is to be used."""
    folder = tmp_path / "work" / "scenarios"
    folder.mkdir(parents=True)
    (folder / "good.yaml").write_text("rules: [{answer: 418}]")
    sandbox = serve("--scenario", "good", folder=tmp_path / "work")
    huge = "rules:\n" + "  - answer: 503\n" * 700_000
    deep = "rules: " + "[" * 10_000 + "]" * 10_000
    more = [
        (huge, "1:1", "larger"),
        (deep, "1:", "deeper"),
        ("rules:\n  - answer: " + "x" * 900_000, "2:", ""),
    ]
    for text, place, words in [*CASES, *more]:
        (folder / "broken.yaml").write_text(text)
        answer = sandbox.http.put("/_sandbox/scenarios/active", json={"active": ["broken"]})
        assert answer.status_code == 400, text[:200]
        detail = answer.json()["detail"]
        assert f"broken.yaml:{place}" in detail, f"{text[:200]}\n{detail}"
        assert any(word in detail for word in words.split("|"))
    assert sandbox.post().status_code == 418
    assert sandbox.stop() == 0
    assert "Traceback" not in sandbox.output()
