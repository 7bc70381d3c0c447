"""How the probes are played: their order, where the play stops, and what it says then."""

from collections.abc import Callable

import pytest

from aktify_sandbox.calibration.answers import Answered
from aktify_sandbox.calibration.judging import judge_clauses, judge_rulings
from aktify_sandbox.calibration.numbers import ORDINARY, Numbers
from aktify_sandbox.calibration.playing import (
    INTERRUPTED,
    AskedProbe,
    LostAnswerError,
    Played,
    Player,
    Send,
    plan,
)
from aktify_sandbox.calibration.probes import Asked
from support.calibrated import ORIGIN, PureEndpoint, played


def instead(endpoint: PureEndpoint, wanted: Callable[[Asked], bool], answer: Answered | Exception) -> Send:
    """The endpoint with another answer to some requests."""

    def send(asked: Asked) -> Answered:
        if not wanted(asked):
            return endpoint.send(asked)
        endpoint.asked.append(asked)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return send


def of_null(asked: Asked) -> bool:
    return '"email": null' in asked.body


def test_the_plan_is_what_an_ordinary_endpoint_is_asked() -> None:
    endpoint = PureEndpoint()
    done = played(endpoint.send)
    assert done.stopped is None
    assert endpoint.asked == [request for _, request in plan(Numbers(0))]
    assert done.requests == len(endpoint.asked)


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503, 302, 404, 405])
def test_it_stops_at_an_answer_that_it_has_not_asked_for(status: int) -> None:
    endpoint = PureEndpoint()
    done = played(instead(endpoint, of_null, Answered(status)))
    assert of_null(endpoint.asked[-1])
    assert str(status) in (done.stopped or "")
    not_asked = [each["ruling"] for each in judge_rulings(done, ORIGIN) if each["verdict"] == "not-asked"]
    assert "null" in not_asked
    assert "region-case" not in not_asked
    assert any(each["verdict"] == "not-asked" for each in judge_clauses(done))


def test_it_goes_on_after_the_401_and_404_that_it_asks_for() -> None:
    endpoint = PureEndpoint()
    played(endpoint.send)
    statuses = {each.key for each in endpoint.asked}
    assert statuses == {"right", "none", "unknown", "namespace"}


@pytest.mark.parametrize("may_be_in", [True, False])
def test_it_stops_at_a_lost_answer_and_keeps_the_number_if_the_lead_may_be_in(may_be_in: bool) -> None:
    endpoint = PureEndpoint()
    done = played(instead(endpoint, of_null, LostAnswerError("reset.", may_be_in=may_be_in)))
    assert "reset" in (done.stopped or "")
    assert (endpoint.asked[-1].number in done.used) is may_be_in


def test_an_interrupted_request_counts_as_sent() -> None:
    endpoint = PureEndpoint()

    def send(asked: Asked) -> Answered:
        if of_null(asked):
            endpoint.asked.append(asked)
            raise KeyboardInterrupt
        return endpoint.send(asked)

    done = played(send)
    assert done.stopped == INTERRUPTED
    assert endpoint.asked[-1].number in done.used


def test_without_an_accepted_lead_nothing_else_is_asked() -> None:
    done = played(lambda asked: Answered(401 if asked.key in ("none", "unknown", "namespace") else 400))
    assert "accepted" in (done.stopped or "")
    assert done.leads == 0
    assert done.used == []


def test_numbers_of_an_earlier_run_are_replaced_and_counted() -> None:
    endpoint = PureEndpoint()
    first = played(endpoint.send)
    attempts: list[AskedProbe] = []
    again = Player(endpoint.send, Numbers(0), attempts.append).play()
    assert again.stopped is None
    assert len(attempts) == len(plan(Numbers(0))) + attempts[-1].more
    assert again.known
    assert set(again.known) <= set(first.used) & set(again.used)
    assert [each for each in attempts if each.is_known] != []
    assert judge_rulings(again, ORIGIN) == judge_rulings(first, ORIGIN)


def test_used_numbers_that_are_remembered_cost_nothing() -> None:
    endpoint = PureEndpoint()
    first = played(endpoint.send)
    again = Player(endpoint.send, Numbers(0, first.used), lambda _: None).play()
    assert again.known == []
    assert again.requests == first.requests
    assert set(again.used).isdisjoint(first.used)


def test_an_endpoint_that_has_every_number_is_not_asked_for_ever() -> None:
    endpoint = PureEndpoint()
    done = played(instead(endpoint, lambda asked: asked.key == "right" and asked.number != "", Answered(409)))
    assert "--start" in (done.stopped or "")
    assert done.requests < 20


def test_when_every_number_was_used_that_is_said() -> None:
    done: Played = Player(PureEndpoint().send, Numbers(0, ORDINARY), lambda _: None).play()
    assert "another campaign" in (done.stopped or "")
    assert done.requests == 0


def test_refusals_are_asked_again_where_every_lead_needs_a_link() -> None:
    endpoint, attempts = PureEndpoint({"links": "exactly-one"}), list[AskedProbe]()
    done = Player(endpoint.send, Numbers(0), attempts.append).play()
    assert len(attempts) == len(plan(Numbers(0))) + attempts[-1].more > len(plan(Numbers(0)))
    bodies = [each.body for each in endpoint.asked]
    assert done.carrier == "link"
    assert len([body for body in bodies if '"region": "California"' in body]) == 2
    assert '"link"' in done.seen["refused-region"].asked.body


def test_the_answers_of_refusals_without_that_link_do_not_count() -> None:
    endpoint = PureEndpoint({"links": "exactly-one"})
    carried: list[Asked] = []

    def is_second(asked: Asked) -> bool:
        if '"region": "California"' in asked.body:
            carried.append(asked)
        return len(carried) == 2

    done = played(instead(endpoint, is_second, Answered(503)))
    verdicts = {each["clause"]: each["verdict"] for each in judge_clauses(done)}
    assert verdicts["refused-region"] == "not-asked"
    assert verdicts["refused-no-phone"] == "upheld"
    assert verdicts["refused-not-json"] == "upheld"
