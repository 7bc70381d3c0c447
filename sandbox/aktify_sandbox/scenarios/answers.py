"""Forced answers in full: the contract's own wording where it has one, and the reason in words."""

import dataclasses
from http import HTTPStatus
from typing import Any

from aktify_sandbox.contract import answers
from aktify_sandbox.contract.answers import Answer
from aktify_sandbox.contract.body import Problem
from aktify_sandbox.contract.sources import FORCED
from aktify_sandbox.scenarios.faults import Fault, is_lost
from aktify_sandbox.scenarios.rules import Forced


def forced_answer(forced: Forced, default: Answer) -> Answer:
    """The answer that a rule forces. A kept lead is its own; a 400, 401 or 409 is worded like the contract's."""
    spec = forced.spec
    how = f"Forced by {forced.by}"
    if spec.status is None and not (spec.fault and not spec.fault.has_answer):
        loses = default.stores_lead and is_lost(spec.fault) and not spec.store_lead_anyway
        outcome = "; the lead is not kept" if loses else ""
        rule = f"{'' if loses else f'{default.rule} '}{how}: {_in_words(forced)}{outcome}."
        return dataclasses.replace(default, rule=rule, stores_lead=default.stores_lead and not loses)
    answer = _worded(spec.status, default) if spec.status else Answer(0, "forced", "", "")
    outcome = "the lead is kept" if spec.store_lead_anyway else "the lead is not kept"
    return dataclasses.replace(
        answer,
        objection="forced",
        rule=f"{how}: {_in_words(forced)}; {outcome}.",
        access=default.access,
        phone=default.phone,
        identity=default.identity,
        lead=default.lead,
        short=default.short,
        stores_lead=default.stores_lead and spec.store_lead_anyway,
    )


def impossible_answer(forced: Forced, default: Answer) -> Answer:
    """501: the fault needs control of the connection, which another server has. The lead isn't kept."""
    message = (
        f"The fault {forced.spec.fault} works only on the sandbox's own server, not under another ASGI server. "
        "Fix: use `aktify-sandbox serve` or the pytest fixture."
    )
    rule = f"Forced by {forced.by}: {_in_words(forced)}, which isn't possible here; the lead is not kept."
    return dataclasses.replace(
        Answer(501, "forced", rule, message),
        access=default.access,
        phone=default.phone,
        identity=default.identity,
    )


def does(answer: Any) -> str:
    """An answer of a scenario rule in a few words."""
    if isinstance(answer, list):
        return ", then ".join(map(does, answer))
    if not isinstance(answer, dict):
        return "normal answer" if answer == "natural" else str(answer)
    words = [str(answer["status"])] if "status" in answer else []
    words += [Fault(answer["fault"]).label] if "fault" in answer else []
    words += [
        f"{name}: {value}" for name, value in answer.get("headers", {}).items() if name == "Retry-After"
    ]
    words += ["no body"] if answer.get("body") == "" else []
    words += [f"normal answer, {answer['delay']} late"] if "delay" in answer else []
    words += ["lead kept"] if "lead" in answer else []
    return ", ".join(words)


def _worded(status: int, default: Answer) -> Answer:
    match status:
        case 400:
            problem = Problem("", "This answer was forced; the lead itself may be valid.", "", *FORCED)
            return dataclasses.replace(
                answers.invalid(None, None, (problem,)), message="The lead is invalid."
            )
        case 401:
            return answers.unauthorized("This x-api-key is revoked.")
        case 409:
            return answers.duplicate(default.access, default.phone or "")
        case _:
            try:
                phrase = HTTPStatus(status).phrase
            except ValueError:
                phrase = f"Status {status}"
            return Answer(status, "forced", phrase, phrase)


def _in_words(forced: Forced) -> str:
    spec = forced.spec
    said = [f"{spec.status}"] if spec.status else []
    said += [spec.fault.words] if spec.fault else []
    said += [f"{forced.delay:.3g} s late"] if forced.delay else []
    said += [f"gathered with {spec.gather - 1} more"] if spec.gather else []
    said += ["shuffled"] if spec.shuffle else []
    said += ["with other headers"] if spec.headers and not spec.status else []
    return ", ".join(said)
