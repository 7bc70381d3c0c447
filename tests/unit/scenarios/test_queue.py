"""Answers that wait to be given."""

from aktify_sandbox.scenarios.queue import AnswerQueue
from aktify_sandbox.scenarios.rules import ResponseSpec, Rule


def test_those_of_one_campaign_are_cleared_and_counted() -> None:
    queue = AnswerQueue()
    for about in ({"campaign": "a"}, {"campaign": "b"}, {}):
        queue.add(Rule("force", (ResponseSpec(503),)), about, 1)
    assert queue.clear("a") == 1
    assert [each.shown.get("campaign") for each in queue.answers] == ["b", None]
    assert queue.clear() == 2
    assert (queue.answers, queue.rules) == ([], None)
