"""The printed schema of a lead: it accepts what is accepted, whatever is ruled, and says what else is refused."""

import datetime as dt
import itertools
import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from aktify_sandbox.contract import dates
from aktify_sandbox.contract.answers import Access, Answer
from aktify_sandbox.contract.clauses import CLAUSES
from aktify_sandbox.contract.decide import decide
from aktify_sandbox.contract.lead import LeadRules, Problem
from aktify_sandbox.contract.regions import REGIONS, region_of, zip_pattern
from aktify_sandbox.contract.rulings import PROFILES, RULINGS, Rulings
from aktify_sandbox.contract.schema import CALENDAR, FIELDS, FREE_TEXT, beyond, lead_schema
from aktify_sandbox.contract.validators import portable
from aktify_sandbox.exchange import Request
from support.examples import examples
from support.lead_fixtures import CASES
from support.paths import ROOT

SHIPPED = ROOT / "sandbox" / "aktify_sandbox" / "contract" / "lead.schema.json"
EXAMPLE = {"phoneNumber": "(509) 555-1234", "region": "CA", "zipCode": "90210"}

FREE_VALUES = {"text-length": "5", "short-link": "https://go.example.com"}
ALL_RULINGS = {
    **{profile: Rulings.of(profile) for profile in PROFILES},
    **{
        f"{name}={value}": Rulings.of("default", {name: value})
        for name, ruling in RULINGS.items()
        for value in (*ruling.values, *([FREE_VALUES[name]] if ruling.free else []))
    },
    "strict, exactly one link": Rulings.of("strict", {"links": "exactly-one"}),
    "lenient, exactly one link": Rulings.of("lenient", {"links": "exactly-one"}),
    "lenient, kept empty": Rulings.of("lenient", {"empty-string": "keep", "link": "http"}),
    "lenient, fictional": Rulings.of("lenient", {"fictional-only": "on", "phone-number-type": "refuse"}),
    "no spaces around an extension": Rulings.of(
        "default", {"phone-spaces": "refuse", "phone-extension": "drop"}
    ),
}
"""Every profile, every value of every ruling by itself, and some that meet in a field."""

NOTHING: list[Any] = [None, "", " ", 0, False, [], {}]
PHONES = [
    "(509) 555-1234", "+1 509 555 0123", "15095550123", " 5095551234", "5095551234 ", "(5095551234)", "\n5095551234",
    "509\u00a0555\u20131234", "\ufeff5095551234", "5095551234\n", "5095551234 x12", "(509) 555-1234) ext. 7",
    "5095551234, Extension: 7", "5095551234 x1\n", "5095551234 exten\u017fion 7", "5095551234\u00a0x\u00a012",
    " 5095550123 #1", "5095551234 x", "5095551234-x1", "x12", "4115551234", "5115551234", "9115551234", "5095551",
    "abc", "٥٠٩٥٥٥١٢٣٤", "2125550100", "509555019", 5095551234, 5095550123.0, 15095550123, 5115551234,
    1, 2.5, 10**12, True,
]  # fmt: skip
VALUES: dict[str, list[Any]] = {
    "phoneNumber": PHONES,
    "region": ["CA", "ca", "Ca", "DC", "PR", "pr", "AE", "ZZ", "California", "CA\n", " CA"],
    "zipCode": ["90210", "90210-1234", "00601", "20001", "09001", "00000", "90210\n", "9021", "٩٠٢١٠", 90210],
    "email": ["a@b.co", "someone@example.com", "a..b@b.co", "a@b", "a@b.co\n", f"{'a' * 250}@b.co", "x@y.invalid"],
    "externalCreated": [
        "2022-11-15T21:04:28-0600", "2022-11-15T21:04:28-06:00", "2022-11-15", "2022-02-30", "20221115T210428Z",
        "2022-W46-2", "2022-W53-1", "2022-366", "2024-366", "2022-11", "0000-01-01", "2022-11-15T21:04:28,5Z",
        "2022-11-15\n", "yesterday",
    ],
    "link": ["https://www.aktify.com", "http://a.b:99999/", "www.aktify.com", "HTTP://x.y/z?q=ü#f", "https://a.b\n"],
    "linkToShorten": ["https://www.aktify.com", "x"],
    "metadata": [{}, {"a": "b"}, {"a": 1}, {"a": 1.5}, {"a": True}, {"a": None}, {"a": []}, {"a": "long" * 9}, "x"],
    **{name: ["text", "a long text", 7] for name in FREE_TEXT},
    "unknown": ["x", None, 1],
}  # fmt: skip
DRAWN = {name: st.sampled_from([*values, *values, *NOTHING]) for name, values in VALUES.items()}
DIGITS_AND_SIGNS = st.text("0123456789 ()+-./x#\u00a0", min_size=9, max_size=18)
LEADS = st.fixed_dictionaries({}, optional=DRAWN) | st.fixed_dictionaries(
    {"phoneNumber": st.sampled_from(PHONES) | DIGITS_AND_SIGNS, "region": st.sampled_from(["CA", "NY"])},
    optional={name: drawn for name, drawn in DRAWN.items() if name not in ("phoneNumber", "region")},
)
ONE_BY_ONE = [
    {**EXAMPLE, name: value} for name in VALUES for value in (*VALUES[name], *NOTHING)
] + [
    {"phoneNumber": "(509) 555-0123", **dict(zip(pair, values, strict=True))}
    for pair in (("region", "zipCode"), ("link", "linkToShorten"))
    for values in itertools.product(
        *([*VALUES[name], None, ""] for name in pair)
    )
]  # fmt: skip


def answered(lead: dict[str, Any], rulings: Rulings) -> Answer:
    access = Access("demo", "…", False, LeadRules(rulings), "http://here/s")
    headers = [(b"host", b"a"), (b"x-api-key", b"k"), (b"content-type", b"application/json")]
    request = Request("POST", "/api/v1/leads", headers, json.dumps(lead).encode())
    return decide(request, rulings, lambda _: access, lambda *_: False)


def is_beyond(answer: Answer, rulings: Rulings) -> bool:
    """Whether each problem is one that the schema's comment names."""
    said = {*beyond(rulings), *([CALENDAR] if rulings["external-created"] == "any" else [])}
    return all(_kind(problem, answer) in said for problem in answer.problems)


def _kind(problem: Problem, answer: Answer) -> str | None:
    if (problem.field, problem.source) == ("externalCreated", "documented"):
        return CALENDAR
    if problem.field == "phoneNumber" and isinstance((answer.sent or {})["phoneNumber"], (int, float)):
        return "phone-number-type"
    return problem.ruling


def check(lead: dict[str, Any], rulings: Rulings) -> None:
    answer, valid = answered(lead, rulings), Draft202012Validator(lead_schema(rulings)).is_valid(lead)
    if answer.status == 201:
        assert valid
    elif valid:
        assert is_beyond(answer, rulings), answer.problems


@pytest.mark.parametrize("rulings", ALL_RULINGS.values(), ids=ALL_RULINGS)
def test_the_schema_accepts_what_is_accepted_and_its_comment_says_what_else_is_refused(
    rulings: Rulings,
) -> None:
    for lead in ONE_BY_ONE:
        check(lead, rulings)


@given(LEADS, st.sampled_from(list(ALL_RULINGS.values())))
@examples(600)
def test_so_it_is_with_any_lead(lead: dict[str, Any], rulings: Rulings) -> None:
    check(lead, rulings)


@pytest.mark.parametrize("rulings", ALL_RULINGS.values(), ids=ALL_RULINGS)
def test_the_comment_names_what_lies_beyond(rulings: Rulings) -> None:
    comment = lead_schema(rulings)["$comment"]
    assert (CALENDAR in comment) == (rulings["external-created"] == "any")
    for name, words in beyond(rulings).items():
        assert f"{words} ({name})" in comment


def test_a_schema_can_say_all_that_the_default_rulings_want() -> None:
    assert beyond(Rulings.of()) == {}
    assert lead_schema(Rulings.of())["$comment"].endswith("beyond this schema: nothing.")
    assert set(itertools.chain(*(beyond(rulings) for rulings in ALL_RULINGS.values()))) <= set(RULINGS)


@pytest.mark.parametrize("regions", REGIONS.values(), ids=REGIONS)
def test_the_pattern_of_zip_codes_is_the_table(regions: tuple[str, ...]) -> None:
    known, codes = re.compile(zip_pattern(regions)), (f"{number:05d}" for number in range(100_000))
    assert [code for code in codes if bool(known.fullmatch(code)) != (region_of(code) in regions)] == []


@pytest.mark.parametrize("value", ["extended", "rfc3339"])
def test_the_pattern_of_dates_is_the_calendar(value: str) -> None:
    known = re.compile(dates.CALENDAR_PATTERNS[value])
    days = (
        f"{y:04d}-{m:02d}-{d:02d}"
        for y in (0, 1, 4, 1900, 2000, 2023, 2024, 2100, 9996)
        for m in range(14)
        for d in range(33)
    )
    for day in days:
        assert bool(known.search(f"{day}T00:00:00Z")) == _is_in_calendar(day), day


def _is_in_calendar(day: str) -> bool:
    try:
        dt.date.fromisoformat(day)
    except ValueError:
        return False
    return True


# the file


def test_the_shipped_file_is_the_schema_of_the_default_rulings() -> None:
    shipped = json.loads(SHIPPED.read_text())
    assert shipped == lead_schema(Rulings.of())
    Draft202012Validator.check_schema(shipped)


def page_examples() -> dict[str, Any]:
    """Each field of the request's table on the page, and its example."""
    page = (Path(__file__).parent / "create-lead.md").read_text().partition("## Responses")[0]
    rows = re.findall(r"^\| `(\w+)` \| (\w+) .*\(Example: `(.*)`\) \|$", page, re.MULTILINE)
    return {name: json.loads(example) if kind == "object" else example for name, kind, example in rows}


def test_the_shipped_file_accepts_the_pages_examples() -> None:
    validator, examples = Draft202012Validator(json.loads(SHIPPED.read_text())), page_examples()
    assert tuple(examples) == FIELDS
    validator.validate(EXAMPLE)
    for name, example in examples.items():
        validator.validate({**EXAMPLE, name: example})
    for link in ("link", "linkToShorten"):
        validator.validate({name: value for name, value in examples.items() if name not in ("link", "linkToShorten")}
                           | {link: examples[link]})  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_fixture_that_is_accepted_is_valid(name: str) -> None:
    case, rulings = CASES[name], Rulings.of()
    try:
        lead = json.loads(case.content)
    except ValueError:
        assert case.status == 400
        return
    valid = Draft202012Validator(lead_schema(rulings)).is_valid(lead)
    if case.status == 201:
        assert valid
    else:
        assert not valid or is_beyond(answered(lead, rulings), rulings)


LEAD_IN_TEXT = re.compile(r"""\{\s*["']phoneNumber["']:[^{}]*(?:\{[^{}]*\}[^{}]*)*\}""")
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "examples" / "README.md"]


def leads_in(text: str) -> list[dict[str, Any]]:
    """Leads that are written out in a text, as JSON or as curl's argument."""
    found = []
    for written in LEAD_IN_TEXT.findall(text):
        try:
            found.append(json.loads(written))
        except ValueError:  # a lead with an ellipsis, or one that is meant to be no JSON
            continue
    return found


def test_the_leads_in_the_documents_are_valid_or_are_refused_there_on_purpose() -> None:
    validator = Draft202012Validator(lead_schema(Rulings.of()))
    leads = [(path, lead) for path in DOCUMENTS for lead in leads_in(path.read_text())]
    assert len(leads) >= 5
    wrong = {(path.name, json.dumps(lead)) for path, lead in leads if not validator.is_valid(lead)}
    refusing = [
        each for each in CLAUSES if each.id.startswith("refused-") and each.id != "refused-many-leads"
    ]
    shown = {("clauses.md", json.dumps(lead)) for each in refusing for lead in leads_in(each.provoke)}
    assert wrong == {*REFUSED_ON_PURPOSE} | shown


REFUSED_ON_PURPOSE = [
    ("README.md", '{"phoneNumber": "(509) 555-9999", "region": "ca"}'),
    ("cli.md", '{"phoneNumber": "555-1234", "region": "ca"}'),
]


# for Go, Rust and RE2


def patterns_in(schema: Any) -> list[str]:
    if isinstance(schema, dict):
        own = [schema["pattern"]] if isinstance(schema.get("pattern"), str) else []
        return own + [found for value in schema.values() for found in patterns_in(value)]
    return [found for value in schema for found in patterns_in(value)] if isinstance(schema, list) else []


@pytest.mark.parametrize("rulings", ALL_RULINGS.values(), ids=ALL_RULINGS)
def test_the_portable_schema_has_no_look_around_and_says_the_same(rulings: Rulings) -> None:
    """RE2 finds what Python finds by the other pattern, and Rust's linear engine accepts the same leads."""
    schema = lead_schema(rulings)
    carried = portable(schema)
    texts = {value for values in VALUES.values() for value in values if isinstance(value, str)} | {"", "\n"}
    for pattern, plain in zip(patterns_in(schema), patterns_in(carried), strict=True):
        assert "(?=" not in plain
        assert "(?!" not in plain
        assert "(?<" not in plain
        compiled = re2.compile(plain)
        assert {text for text in texts if compiled.search(text)} == {
            text for text in texts if re.search(pattern, text)
        }
    linear = jsonschema_rs.validator_for(carried, pattern_options=jsonschema_rs.RegexOptions())
    reference = Draft202012Validator(schema)
    assert [lead for lead in ONE_BY_ONE if linear.is_valid(lead) != reference.is_valid(lead)] == []


@given(LEADS, st.sampled_from(list(ALL_RULINGS.values())))
@examples(300)
def test_the_portable_schema_accepts_the_same_of_any_lead(lead: dict[str, Any], rulings: Rulings) -> None:
    schema = lead_schema(rulings)
    linear = jsonschema_rs.validator_for(portable(schema), pattern_options=jsonschema_rs.RegexOptions())
    assert linear.is_valid(lead) == Draft202012Validator(schema).is_valid(lead)
