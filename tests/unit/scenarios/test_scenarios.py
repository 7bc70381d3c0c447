"""The engine, pure: rules and one attempt in, what is forced out."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aktify_sandbox.matching.attempt import Attempt
from aktify_sandbox.matching.condition import Condition
from aktify_sandbox.scenarios.faults import Fault
from aktify_sandbox.scenarios.rules import Counts, ResponseSpec, Rule, Rules, Span, seeded_random


def attempt(phone: str = "+15095551234", /, **more: Any) -> Attempt:
    given: dict[str, Any] = {
        "keys": ("test-key",),
        "campaign": "demo",
        "phone": phone,
        "lead": {"phoneNumber": phone, "region": "CA"},
        "headers": [(b"x-batch", b"7")],
        "default_status": 201,
        "moment": 0.0,
    }
    return Attempt(**given | more)


def is_(name: str, *values: str) -> Condition:
    return Condition(name, frozenset(values))


def rule(*conditions: Condition, status: int = 503, **more: Any) -> Rule:
    specs = more.pop("specs", (ResponseSpec(status),))
    return Rule(more.pop("name", "a rule"), specs, conditions, **more)


def answers(rules: list[Rule], attempts: list[Attempt], seed: int = 0) -> list[int | None]:
    counts, compiled = Counts(), Rules(rules)
    found = [compiled.find(each, counts, seed) for each in attempts]
    return [forced.spec.status if forced else None for forced in found]


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (is_("key", "test-key"), True),
        (is_("key", "other"), False),
        (is_("campaign", "demo"), True),
        (is_("phoneNumber", "+15095551234"), True),
        (is_("phoneNumber", "5551234"), True),
        (is_("phoneNumber", "5551235", "5551234"), True),
        (is_("phoneNumber", "5551235"), False),
        (is_("region", "NV", "CA"), True),
        (is_("region", "NV"), False),
        (Condition("region", present=True), True),
        (Condition("region", present=False), False),
        (Condition("email", present=False), True),
        (Condition("phoneNumber", matches=lambda text: text.startswith("+1509")), True),
        (Condition("phoneNumber", matches=lambda text: text.startswith("555")), False),
        (Condition("email", matches=lambda _: True), False),
        (is_("header x-batch", "7"), True),
        (is_("header x-batch", "8"), False),
        (Condition("header x-none", present=False), True),
        (is_("metadata.colour", "red"), False),
    ],
)
def test_a_condition_holds_or_not(condition: Condition, holds: bool) -> None:
    assert condition.holds(attempt()) is holds
    assert answers([rule(condition)], [attempt()]) == [503 if holds else None]


def test_metadata_is_reached_by_its_name() -> None:
    sent = {"metadata": {"colour": "red"}}
    assert is_("metadata.colour", "red").holds(attempt(lead=sent))
    assert not is_("metadata.colour", "red").holds(attempt(lead={"metadata": "red"}))


def test_a_name_in_the_key_s_namespace_is_meant_with_the_key() -> None:
    inside = attempt(keys=("test-key.mine", "test-key"), campaign="demo.mine")
    assert answers([rule(is_("key", "test-key"))], [inside]) == [503]
    assert answers([rule(is_("campaign", "demo"))], [inside]) == [503]
    assert answers([rule(is_("key", "test-key.mine"))], [attempt(), inside]) == [None, 503]
    assert answers([rule(is_("campaign", "demo.mine"))], [attempt(), inside]) == [None, 503]


def test_all_that_is_given_must_hold_and_the_first_rule_answers() -> None:
    both = rule(is_("region", "CA"), is_("key", "other"))
    assert answers([both, rule(status=500), rule(status=504)], [attempt()]) == [500]


@pytest.mark.parametrize(
    ("span", "meant"),
    [(Span(1, 1), [1]), (Span(1, 2), [1, 2]), (Span(3), [3, 4, 5, 6]), (Span(2, every=2), [2, 4, 6])],
)
def test_attempts_are_counted_for_each_lead(span: Span, meant: list[int]) -> None:
    found = answers([rule(attempt=span)], [attempt() for _ in range(6)])
    assert [n for n, status in enumerate(found, 1) if status] == meant
    mixed = answers([rule(attempt=Span(1, 1))], [attempt(), attempt("+15095559999"), attempt()])
    assert mixed == [503, 503, None]


def test_attempts_count_requests_that_another_rule_answers() -> None:
    rules = [rule(status=code, attempt=Span(n, n)) for n, code in ((1, 503), (2, 429), (3, 500))]
    assert answers(rules, [attempt() for _ in range(4)]) == [503, 429, 500, None]


@pytest.mark.parametrize(
    ("per", "expected"),
    [("lead", [503, None, 503, 503]), ("key", [503, None, None, 503]), ("all", [503, None, None, None])],
)
def test_the_scope_of_counting_can_be_chosen(per: str, expected: list[int | None]) -> None:
    four = [
        attempt(),
        attempt(),
        attempt("+15095559999"),
        attempt(keys=("other",), campaign="elsewhere"),
    ]
    assert answers([rule(attempt=Span(1, 1), per=per)], four) == expected


def test_where_no_phone_is_known_a_lead_s_attempts_are_those_of_the_key() -> None:
    unknown = attempt()._replace(phone=None)
    assert answers([rule(attempt=Span(1, 1))], [unknown, unknown]) == [503, None]


def test_answers_come_in_turn_and_the_last_one_stays() -> None:
    specs = (ResponseSpec(503), ResponseSpec(429), ResponseSpec())
    found = answers([rule(specs=specs)], [attempt() for _ in range(4)])
    assert found == [503, 429, None, None]


def test_the_default_answer_is_an_answer_so_that_no_later_rule_gives_its_own() -> None:
    assert answers([rule(specs=(ResponseSpec(),)), rule()], [attempt()]) == [None]


def test_time_is_counted_from_the_first_request_that_met_the_conditions() -> None:
    moments = [attempt(moment=moment) for moment in (100.0, 102.0, 105.0, 105.1, 300.0)]
    assert answers([rule(elapsed=Span(0, 5))], moments) == [503, 503, 503, None, None]
    assert answers([rule(elapsed=Span(2))], moments) == [None, 503, 503, 503, 503]


def test_a_step_that_keeps_the_lead_is_for_a_lead_that_is_not_kept_yet() -> None:
    kept = rule(specs=(ResponseSpec(fault=Fault.HANG, store_lead_anyway=True),), name="keeps")
    counts, rules = Counts(), Rules([kept])
    first = rules.find(attempt(), counts, 0)
    assert first
    assert first.spec.fault is Fault.HANG
    again = rules.find(attempt(default_status=409), counts, 0)
    assert again
    assert again.spec.is_default


def test_the_same_seed_gives_the_same_run_and_another_seed_another() -> None:
    many = [attempt(f"+1509555{n:04d}") for n in range(200)]
    rules = [rule(chance=0.5)]
    assert answers(rules, many, seed=1) == answers(rules, many, seed=1)
    assert answers(rules, many, seed=1) == answers(rules, many[::-1], seed=1)[::-1]
    assert answers(rules, many, seed=1) != answers(rules, many, seed=2)


@pytest.mark.parametrize("leads", [1, 100, 10_000])
def test_a_quarter_of_10_000_requests_is_a_quarter_of_them(leads: int) -> None:
    many = [attempt(f"+1509{2_000_000 + n % leads}") for n in range(10_000)]
    found = answers([rule(chance=0.25)], many)
    assert 2_300 < sum(status is not None for status in found) < 2_700


def test_a_delay_lies_between_its_bounds_and_differs() -> None:
    compiled, counts = Rules([rule(specs=(ResponseSpec(delay=(0.05, 0.4)),))]), Counts()
    delays = [forced.delay for n in range(50) if (forced := compiled.find(attempt(), counts, n))]
    assert len(set(delays)) > 40
    assert all(0.05 <= delay <= 0.4 for delay in delays)


def test_a_rehearsal_counts_nothing() -> None:
    compiled, counts = Rules([rule(attempt=Span(1, 1))]), Counts()
    for _ in range(3):
        assert compiled.find(attempt(), Counts(behind=counts), 0)
    assert compiled.find(attempt(), counts, 0)
    assert compiled.find(attempt(), Counts(behind=counts), 0) is None


def test_counting_anew_is_for_the_rules_that_changed() -> None:
    one, two = rule(attempt=Span(1, 1), name="one"), rule(attempt=Span(1, 1), name="two", status=500)
    compiled, counts = Rules([one, two]), Counts()
    compiled.find(attempt(), counts, 0)
    counts.forget([two])
    forced = compiled.find(attempt(), counts, 0)
    assert forced
    assert forced.by == "two"


names = st.sampled_from(["key", "campaign", "phoneNumber", "region", "email", "header x-batch"])
values = st.sampled_from(["test-key", "demo", "+15095551234", "5551234", "CA", "NV", "7", "x"])
conditions = st.one_of(
    st.builds(Condition, names, st.frozensets(values, min_size=1, max_size=3)),
    st.builds(lambda name, there: Condition(name, present=there), names, st.booleans()),
    st.builds(lambda name: Condition(name, matches=lambda text: "5" in text), names),
)


@given(st.lists(st.lists(conditions, max_size=3), max_size=12))
def test_the_look_ups_find_what_trying_every_rule_would(many: list[list[Condition]]) -> None:
    """The oracle is the plain loop over all rules in their order."""
    rules = [rule(*each, status=200 + n, name=str(n)) for n, each in enumerate(many)]
    plain = next((r for r in rules if all(c.holds(attempt()) for c in r.conditions)), None)
    forced = Rules(rules).find(attempt(), Counts(), 0)
    assert (forced and forced.by) == (plain and plain.name)


@pytest.mark.parametrize(
    "condition",
    [
        is_("phoneNumber", "+15095551234"),
        is_("phoneNumber", "5551234"),
        is_("key", "test-key"),
        is_("campaign", "demo"),
        is_("campaign", "demo.mine"),
        is_("region", "CA"),
    ],
    ids=str,
)
def test_a_look_at_a_lead_tells_whether_a_rule_may_mean_it(condition: Condition) -> None:
    rules = Rules([rule(condition)])
    assert rules.is_simple
    assert rules.may_match_lead("+15095551234", "demo.mine", ("test-key.mine", "test-key"), {"region": "CA"})
    assert not rules.may_match_lead("+15095559999", "other", ("other",), {"region": "NV"})


@given(st.integers(), st.text(), st.none() | st.text(), st.integers())
def test_dice_fall_between_0_and_1(seed: int, name: str, phone: str | None, number: int) -> None:
    assert 0 <= seeded_random(seed, name, phone, number) < 1
