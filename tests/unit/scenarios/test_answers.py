"""What a forced answer gives as its reason."""

from typing import Any

import pytest

from aktify_sandbox.contract.answers import Answer
from aktify_sandbox.scenarios.answers import forced_answer
from aktify_sandbox.scenarios.faults import Fault
from aktify_sandbox.scenarios.rules import Forced, ResponseSpec
from support.snapshots import Snapshot


@pytest.mark.parametrize(
    ("spec", "stores_lead"),
    [
        ({"status": 503}, False),
        ({"status": 503, "headers": (("retry-after", "5"),)}, False),
        ({"headers": (("x-a", "b"),)}, True),
        ({"fault": Fault.TRUNCATE}, False),
        ({"fault": Fault.TRUNCATE, "store_lead_anyway": True}, True),
        ({"fault": Fault.DRIBBLE}, True),
        ({"fault": Fault.HANG}, False),
        ({"gather": 3}, True),
    ],
    ids=str,
)
def test_the_reason_says_what_was_forced_and_whether_the_lead_is_kept(
    spec: dict[str, Any], stores_lead: bool, snapshot: Snapshot
) -> None:
    default = Answer(201, "", "Accepted.", "", stores_lead=True)
    answer = forced_answer(Forced("scenario mine, rule 1", ResponseSpec(**spec)), default)
    assert answer.stores_lead == stores_lead
    snapshot("answers", answer.rule)
