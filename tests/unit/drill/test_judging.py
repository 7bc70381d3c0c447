"""What is said of a run, from journals that are built here."""

from collections.abc import Sequence
from typing import get_type_hints

import pytest

from aktify_sandbox.drill.judging import Judge, Judgement, Run
from aktify_sandbox.drill.stations import ORDINARY, STATIONS
from aktify_sandbox.journal.entry import Entry
from aktify_sandbox.redaction import Personal
from aktify_sandbox.report.attempts import FINAL
from aktify_sandbox.report.report import Finding
from support.recorded import recorded

Answer = int | str
WHOLE = Personal(whole=True)
PHONES = [f"+150955501{number:02d}" for number in range(5)]


def entry(
    place: int, phone: str | None, answer: Answer, *, at: float, forced: str | None, client: str
) -> Entry:
    """A request that took a millisecond; `answer` is a status, or what loses it: a fault or "late"."""
    lead = {"phoneNumber": phone, "region": "CA"}
    if isinstance(answer, int):
        return recorded(place, lead, answer, at, forced=forced, client=client)
    if answer == "late":
        return recorded(
            place, lead, 201, at, forced=forced, client=client, delayMs=3_000, hungUpAfterMs=500.0
        )
    hung_up = {"hungUpAfterMs": 500.0} if answer == "hang" else {}
    return recorded(place, lead, None, at, forced=forced, fault=answer, client=client, **hung_up)


def run(
    *posts: tuple[str | None, Answer],
    code: int | None = 0,
    kept: Sequence[str] | None = None,
    scenario: str | None = None,
    apart: float = 1.0,
    workers: int = 1,
) -> Run:
    """A run with these posts, a second apart, by workers in turn: each has a connection."""
    forced = f"scenario {scenario}" if scenario else None
    entries = [
        entry(
            place,
            phone,
            answer,
            at=place * apart,
            forced=forced if answer != 201 else None,
            client=f"127.0.0.1:{50_000 + place % workers}",
        )
        for place, (phone, answer) in enumerate(posts, 1)
    ]
    accepted = [phone for phone, answer in posts if phone and answer == 201] if kept is None else kept
    return Run(scenario, code, 1.0, entries, frozenset(accepted))


def ordinary(*, code: int = 0) -> Run:
    return run(*((phone, 201) for phone in PHONES), code=code)


def judged(station: str, second: Run, first: Run | None = None) -> Judgement:
    """The verdict on a run, after the ordinary station."""
    judge = Judge(WHOLE)
    judge.judge(STATIONS[ORDINARY], first or ordinary())
    return judge.judge(STATIONS[station], second)


def problems_of(judgement: Judgement) -> list[str]:
    return [each["id"] for each in judgement.result["problems"]]


def each_after(*before: Answer, then: Answer = 201) -> list[tuple[str | None, Answer]]:
    """Each lead meets these answers, then that one."""
    return [(phone, answer) for phone in PHONES for answer in (*before, then)]


def test_the_ordinary_station_passes_when_leads_get_in() -> None:
    judgement = Judge(WHOLE).judge(STATIONS[ORDINARY], ordinary())
    assert judgement.verdict == "passed"
    assert (judgement.result["leads"], judgement.result["leadsIn"], judgement.result["requests"]) == (5, 5, 5)
    assert judgement.result["answers"] == {"201": 5}


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (run(), ["no-requests"]),
        (run((None, 400), (None, 400)), ["no-leads-accepted"]),
        (ordinary(code=1), ["unexpected-exit-code"]),
        (ordinary(code=137), ["unexpected-exit-code"]),
    ],
    ids=["nothing sent", "nothing accepted", "error", "killed"],
)
def test_the_ordinary_station_fails_without_leads_or_with_an_error(made: Run, expected: list[str]) -> None:
    judgement = Judge(WHOLE).judge(STATIONS[ORDINARY], made)
    assert judgement.verdict == "failed"
    assert [name for name in problems_of(judgement) if name != "finding"] == expected


def test_without_an_accepted_lead_the_reason_of_the_first_answer_is_told() -> None:
    no_key = {"rule": "There is no x-api-key header.", "objection": "key", "ruling": None, "scenario": None}
    refused = Run(None, 0, 1.0, [recorded(1, status=401, reason=no_key)], frozenset())
    [problem] = Judge(WHOLE).judge(STATIONS[ORDINARY], refused).result["problems"]
    assert problem["id"] == "no-leads-accepted"
    assert "There is no x-api-key header." in problem["message"]


PASSING = {
    "duplicate": run(*((phone, 409) for phone in PHONES), scenario="duplicate"),
    "outage": run(*each_after(503, 503), scenario="flaky"),
    "rate-limit": run(*each_after(429), scenario="rate-limited"),
    "lost-answer": run(*each_after("reset", then=409), kept=PHONES, scenario="lost-response"),
    "reset": run(*each_after("reset"), scenario="connection-reset"),
    "malformed": run(*each_after("truncate", then=409), kept=PHONES, scenario="truncated-answer"),
    "html-page": run(*each_after(502), scenario="html-error-page"),
    "slow": run((PHONES[0], "hang"), *((phone, 201) for phone in PHONES), scenario="silence"),
    "key-revoked": run((PHONES[0], 201), (PHONES[1], 201), (PHONES[2], 401), code=3, scenario="key-rotation"),
}


@pytest.mark.parametrize("station", PASSING)
def test_a_client_that_does_what_is_expected_passes(station: str) -> None:
    judgement = judged(station, PASSING[station])
    assert judgement.result["problems"] == []
    assert judgement.verdict == "passed"
    assert judgement.result["leadsLost"] == judgement.result["leadsTwice"] == []


def test_a_passing_run_is_known_for_each_station() -> None:
    assert {ORDINARY, *PASSING} == set(STATIONS)


def test_a_lead_that_was_accepted_ordinarily_and_is_not_here_is_lost() -> None:
    posts = [post for post in each_after(503) if post != (PHONES[1], 201)]
    judgement = judged("outage", run(*posts, scenario="flaky"))
    assert "leads-lost" in problems_of(judgement)
    assert judgement.result["leadsLost"] == [PHONES[1]]
    [lost] = [each for each in judgement.result["problems"] if each["id"] == "leads-lost"]
    assert lost["entries"] == ["r000000003"]


def lost_in_words(judgement: Judgement) -> str:
    [lost] = [each for each in judgement.result["problems"] if each["id"] == "leads-lost"]
    return lost["message"]


def test_leads_of_a_command_that_ended_as_if_all_were_in_are_lost() -> None:
    nothing_again = run(*((phone, 503) for phone in PHONES), scenario="flaky")
    assert lost_in_words(judged("outage", nothing_again)).startswith("5 leads lost: ")


@pytest.mark.parametrize("code", [None, 3], ids=["stopped by the drill", "ended with an error"])
def test_leads_that_a_command_may_still_send_are_not_lost(code: int | None) -> None:
    one_at_a_time = run((PHONES[0], 503), (PHONES[0], 503), code=code, scenario="flaky")
    judgement = judged("outage", one_at_a_time)
    assert lost_in_words(judgement).startswith("5 leads not in: ")
    assert judgement.result["leadsLost"] == PHONES


def test_a_lead_that_was_given_up_on_the_way_to_an_error_is_lost_and_what_was_never_sent_is_not() -> None:
    went_on = run((PHONES[0], 503), (PHONES[1], 201), (PHONES[2], 503), code=3, scenario="flaky")
    message = lost_in_words(judged("outage", went_on))
    assert message == f"1 lead lost: {PHONES[0]}. 3 leads not in: {', '.join(PHONES[2:])}."


def test_a_lead_that_failed_while_others_were_under_way_was_not_given_up() -> None:
    at_once = run(*((phone, 503) for phone in PHONES), code=3, scenario="flaky", apart=0.03, workers=5)
    assert lost_in_words(judged("outage", at_once)).startswith("5 leads not in: ")


def test_a_lead_that_was_never_accepted_is_not_missed() -> None:
    first = run((PHONES[0], 201), (PHONES[1], 400))
    second = run((PHONES[0], 503), (PHONES[0], 201), (PHONES[1], 400), scenario="flaky")
    assert judged("outage", second, first).verdict == "passed"


def test_a_lead_whose_answer_was_lost_is_in_if_it_was_kept() -> None:
    posts = [(phone, "reset") for phone in PHONES]
    assert judged("lost-answer", run(*posts, kept=PHONES, scenario="lost-response")).result["leadsLost"] == []
    assert len(judged("reset", run(*posts, scenario="connection-reset")).result["leadsLost"]) == 5


def test_a_lead_that_is_posted_again_after_its_201_is_there_twice() -> None:
    posts = [*each_after(503), (PHONES[0], 409)]
    judgement = judged("outage", run(*posts, scenario="flaky"))
    assert problems_of(judgement).count("leads-twice") == 1
    assert judgement.result["leadsTwice"] == [PHONES[0]]


def test_a_repetition_that_the_ordinary_station_has_too_is_the_clients_own_way() -> None:
    first = run(*((phone, 201) for phone in PHONES), (PHONES[0], 409))
    second = run(*each_after(503), (PHONES[0], 409), scenario="flaky")
    assert judged("outage", second, first).result["leadsTwice"] == []


def test_after_a_401_nothing_may_be_sent_and_what_is_left_is_not_lost() -> None:
    posts: list[tuple[str | None, Answer]] = [(PHONES[0], 201), *((phone, 401) for phone in PHONES[1:])]
    judgement = judged("key-revoked", run(*posts, code=3, scenario="key-rotation"))
    assert "needless-retries" in problems_of(judgement)
    assert judgement.result["needlessRetries"] == 3
    assert judgement.result["leadsLost"] == []


REVOKED: list[tuple[str | None, Answer]] = [(PHONES[0], 201), *((phone, 401) for phone in PHONES[1:])]


def test_posts_that_were_under_way_when_the_401_came_are_no_fault() -> None:
    five_at_a_time = run(*REVOKED, code=3, scenario="key-rotation", apart=0.03, workers=5)
    assert judged("key-revoked", five_at_a_time).result["problems"] == []


def test_a_worker_that_goes_on_after_its_own_401_was_not_under_way() -> None:
    two_at_a_time = run(*REVOKED, code=3, scenario="key-rotation", apart=0.03, workers=2)
    assert two_at_a_time.needless == two_at_a_time.posts[3:]
    assert "needless-retries" in problems_of(judged("key-revoked", two_at_a_time))


def test_a_client_that_had_no_lead_left_has_not_shown_that_it_stops() -> None:
    five_at_a_time = run(*REVOKED, code=3, scenario="key-rotation", apart=0.03, workers=5)
    assert judged("key-revoked", five_at_a_time).verdict == "not-reached"
    one_after_the_other = run(*REVOKED, code=3, scenario="key-rotation")
    assert judged("key-revoked", one_after_the_other).verdict == "failed"


@pytest.mark.parametrize("status", sorted(FINAL))
def test_a_lead_that_is_sent_again_after_a_final_refusal_is_needless(status: int) -> None:
    made = run((PHONES[0], status), (PHONES[0], status))
    assert [each.id for each in made.needless] == ([] if status == 409 else ["r000000002"])


def test_a_lead_lost_before_the_401_is_lost() -> None:
    posts: list[tuple[str | None, Answer]] = [(PHONES[0], 201), (PHONES[1], 503), (PHONES[2], 401)]
    judgement = judged("key-revoked", run(*posts, code=3, scenario="key-rotation"))
    assert judgement.result["leadsLost"] == [PHONES[1]]


@pytest.mark.parametrize(("code", "fails"), [(0, False), (1, False), (3, False), (127, True), (139, True)])
def test_after_a_revoked_key_only_a_crash_is_an_unexpected_end(code: int, fails: bool) -> None:
    posts = [(PHONES[0], 201), (PHONES[1], 401)]
    judgement = judged("key-revoked", run(*posts, code=code, scenario="key-rotation"))
    assert ("unexpected-exit-code" in problems_of(judgement)) is fails


def test_another_exit_code_than_in_the_ordinary_station_fails() -> None:
    crashed = run(*each_after(503), code=1, scenario="flaky")
    assert problems_of(judged("outage", crashed)) == ["unexpected-exit-code"]
    assert problems_of(judged("outage", crashed, ordinary(code=1))) == []


def test_a_run_that_the_drill_stopped_names_the_request_that_was_not_answered() -> None:
    waiting = judged("slow", run((PHONES[0], "hang"), code=None, scenario="silence"))
    assert waiting.result["exitCode"] is None
    [limit] = [each for each in waiting.result["problems"] if each["id"] == "time-limit"]
    assert limit["entries"] == ["r000000001"]
    for last in (201, "late"):
        busy = judged("slow", run((PHONES[0], last), code=None, scenario="slow"))
        [limit] = [each for each in busy.result["problems"] if each["id"] == "time-limit"]
        assert limit["entries"] == []


def in_parallel(hung_up: float, *later: float) -> Run:
    """The first of five leads is never answered; the others are, and more posts come later."""
    hang = recorded(0, {"phoneNumber": PHONES[0]}, None, fault="hang", hungUpAfterMs=hung_up * 1000)
    others = [
        recorded(place, {"phoneNumber": phone}, at=at, client=f"127.0.0.1:{40_000 + place}")
        for place, (phone, at) in enumerate(zip(PHONES[1:], (0.01, 0.02, 0.03, 0.04), strict=True), 1)
    ]
    more = [recorded(5 + place, {"phoneNumber": PHONES[0]}, at=at) for place, at in enumerate(later)]
    return Run("silence", None, 60.0, [hang, *others, *more], frozenset(PHONES[1:]))


def time_limit(made: Run) -> tuple[str, list[str]]:
    [limit] = [each for each in judged("slow", made).result["problems"] if each["id"] == "time-limit"]
    return limit["message"], limit["entries"]


def test_a_client_that_sends_all_at_once_is_waiting_too_though_other_answers_came() -> None:
    message, entries = time_limit(in_parallel(60.0))
    assert "set a timeout" in message
    assert entries == ["r000000000"]


@pytest.mark.parametrize(
    "made",
    [in_parallel(5.0, 6.0), in_parallel(60.0, 6.0)],
    ids=["hung up, sent again", "sent again while the first one is open"],
)
def test_a_client_that_has_sent_the_lead_again_was_not_waiting(made: Run) -> None:
    message, entries = time_limit(made)
    assert "Raise --timeout" in message
    assert entries == []


def test_a_station_whose_scenario_forced_nothing_was_not_reached() -> None:
    assert judged("rate-limit", ordinary()).verdict == "not-reached"


def test_a_station_that_fails_without_being_reached_fails() -> None:
    assert judged("rate-limit", run((PHONES[0], 201))).verdict == "failed"


def found(judgement: Judgement) -> dict[str, str]:
    """Level by id."""
    return {each["id"]: each["level"] for each in judgement.result["findings"]}


def test_leads_that_were_never_sent_after_a_409_prove_that_it_was_taken_as_a_failure() -> None:
    stopped = run((PHONES[0], "reset"), (PHONES[0], 409), code=1, kept=PHONES[:1], scenario="lost-response")
    judgement = judged("lost-answer", stopped)
    assert found(judgement) == {"duplicate-taken-as-failure": "note"}
    [finding] = judgement.result["findings"]
    assert (finding["entries"], finding["certainty"]) == (["r000000002"], "sequence")
    assert set(finding) == set(get_type_hints(Finding))
    assert judgement.result["leadsLost"] == PHONES[1:]


def test_a_client_that_goes_on_after_a_409_has_not_taken_it_as_a_failure() -> None:
    assert found(judged("lost-answer", PASSING["lost-answer"])) == {}
    assert found(judged("duplicate", PASSING["duplicate"])) == {}


def after_an_outage(flaky: Run, html: Run) -> Judgement:
    judge = Judge(WHOLE)
    judge.judge(STATIONS[ORDINARY], ordinary())
    judge.judge(STATIONS["outage"], flaky)
    return judge.judge(STATIONS["html-page"], html)


GIVEN_UP = run(*((phone, 502) for phone in PHONES), scenario="html-error-page")


def test_giving_up_after_html_but_not_after_json_proves_that_the_body_matters() -> None:
    judgement = after_an_outage(PASSING["outage"], GIVEN_UP)
    assert found(judgement) == {"error-body-matters": "note"}
    assert len(judgement.result["leadsLost"]) == 5


def test_giving_up_after_every_5xx_has_nothing_to_do_with_its_body() -> None:
    given_up = run(*((phone, 503) for phone in PHONES), scenario="flaky")
    assert found(after_an_outage(given_up, GIVEN_UP)) == {"gave-up-after-failure": "error"}


AT_ONCE = run(*each_after("reset"), scenario="connection-reset", apart=0.004, workers=10)


def test_one_retry_at_once_of_each_lead_on_a_new_connection_has_no_pause() -> None:
    judgement = judged("reset", AT_ONCE)
    assert found(judgement) == {"retry-without-pause": "error"}
    [finding] = judgement.result["findings"]
    assert (finding["count"], finding["certainty"]) == (5, "sequence")
    assert finding["entries"][:2] == ["r000000001", "r000000002"]
    assert judgement.verdict == "failed"


def test_the_same_of_a_client_that_sends_leads_twice_ordinarily_may_be_in_parallel() -> None:
    twice = run(*each_after(201, then=409), apart=0.004, workers=10)
    assert "retry-without-pause" not in found(judged("reset", AT_ONCE, twice))


def test_the_same_of_two_leads_may_be_chance() -> None:
    posts = [*each_after("reset")[:4], *((phone, 201) for phone in PHONES[2:])]
    few = run(*posts, scenario="connection-reset", apart=0.004, workers=10)
    assert found(judged("reset", few)) == {}


def test_a_finding_that_the_ordinary_station_has_is_not_repeated() -> None:
    first = run(*((phone, 201) for phone in PHONES), (PHONES[0], 409), (PHONES[0], 409))
    assert "resent-4xx" in found(Judge(WHOLE).judge(STATIONS[ORDINARY], first))
    second = run(*each_after(503), (PHONES[0], 409), (PHONES[0], 409), scenario="flaky")
    assert found(judged("outage", second, first)) == {}


def test_a_finding_that_is_switched_off_is_not_looked_for() -> None:
    judge = Judge(WHOLE, {"gave-up-after-failure": "we queue elsewhere"})
    judge.judge(STATIONS[ORDINARY], ordinary())
    judgement = judge.judge(STATIONS["html-page"], GIVEN_UP)
    assert found(judgement) == {}
    assert problems_of(judgement) == ["leads-lost"]


def test_what_the_drill_broke_off_is_not_held_against_the_client() -> None:
    assert found(judged("slow", run((PHONES[0], "hang"), code=None, scenario="silence"))) == {}
    each_to_the_end_of_the_queue = run(*((phone, 503) for phone in PHONES), code=None, scenario="flaky")
    assert found(judged("outage", each_to_the_end_of_the_queue)) == {}


def test_a_bad_start_names_the_magic_numbers_that_forced_answers() -> None:
    entries = [entry(1, PHONES[0], 201, at=1, forced=None, client="127.0.0.1:50000")]
    entries.append(
        entry(2, PHONES[1], 400, at=2, forced="number 555-0140", client="127.0.0.1:50000"),
    )
    made = Run(None, 1, 1.0, entries, frozenset(PHONES[:1]))
    [problem] = Judge(WHOLE).judge(STATIONS[ORDINARY], made).result["problems"]
    assert problem["id"] == "unexpected-exit-code"
    assert "number 555-0140" in problem["message"]


def test_numbers_are_masked_unless_they_are_asked_for() -> None:
    judge = Judge(Personal())
    judge.judge(STATIONS[ORDINARY], ordinary())
    judgement = judge.judge(STATIONS["outage"], GIVEN_UP)
    assert judgement.result["leadsLost"] == [Personal().phone(phone) for phone in PHONES]
    assert not any(phone in str(judgement.result) for phone in PHONES)
