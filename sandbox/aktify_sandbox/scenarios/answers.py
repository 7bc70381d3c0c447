"""What a forced answer comes to: the contract's own wording where it has one, and the reason in words."""

import dataclasses
from http import HTTPStatus
from typing import Any

from aktify_sandbox.contract import answers
from aktify_sandbox.contract.answers import Answer
from aktify_sandbox.contract.body import Problem
from aktify_sandbox.contract.sources import FORCED
from aktify_sandbox.scenarios.rules import NO_ANSWER, Forced


def forced_answer(forced: Forced, natural: Answer) -> Answer:
    """The answer that a forced one comes to. Its lead is what is kept; a 400, 401 or 409 is the contract's own."""
    step = forced.step
    how = f"Forced by {forced.by}"
    if step.status is None and step.fault not in NO_ANSWER:
        loses = natural.keeps and step.fault not in (None, "dribble") and not step.kept
        outcome = "; the lead is not kept" if loses else ""
        rule = f"{'' if loses else f'{natural.rule} '}{how}: {_in_words(forced)}{outcome}."
        return dataclasses.replace(natural, rule=rule, keeps=natural.keeps and not loses)
    answer = _worded(step.status, natural) if step.status else Answer(0, "forced", "", "")
    outcome = "the lead is kept" if step.kept else "the lead is not kept"
    return dataclasses.replace(
        answer,
        objection="forced",
        rule=f"{how}: {_in_words(forced)}; {outcome}.",
        access=natural.access,
        phone=natural.phone,
        identity=natural.identity,
        lead=natural.lead,
        short=natural.short,
        keeps=natural.keeps and step.kept,
    )


def impossible_answer(forced: Forced, natural: Answer) -> Answer:
    """501: the fault is done to a connection, which is another server's. The lead is not kept."""
    message = (
        f"The fault {forced.step.fault} needs the sandbox's own server: under another ASGI server it isn't possible. "
        "Fix: `aktify-sandbox serve`, or the pytest fixture."
    )
    rule = f"Forced by {forced.by}: {_in_words(forced)}, which isn't possible here; the lead is not kept."
    return dataclasses.replace(
        Answer(501, "forced", rule, message),
        access=natural.access,
        phone=natural.phone,
        identity=natural.identity,
    )


def does(answer: Any) -> str:
    """An answer of a scenario rule in a few words."""
    if isinstance(answer, list):
        return ", then ".join(map(does, answer))
    if not isinstance(answer, dict):
        return "ordinary" if answer == "natural" else str(answer)
    words = [str(answer[name]) for name in ("status", "fault") if name in answer]
    words += [
        f"{name}: {value}" for name, value in answer.get("headers", {}).items() if name == "Retry-After"
    ]
    words += ["no body"] if answer.get("body") == "" else []
    words += [f"ordinary, {answer['delay']} late"] if "delay" in answer else []
    words += ["lead kept"] if "lead" in answer else []
    return ", ".join(words)


def _worded(status: int, natural: Answer) -> Answer:
    match status:
        case 400:
            problem = Problem("", "This answer was forced.", "Nothing need be wrong with the lead.", *FORCED)
            return dataclasses.replace(
                answers.invalid(None, None, (problem,)), message="The lead is invalid."
            )
        case 401:
            return answers.unauthorized("This x-api-key is revoked.")
        case 409:
            return answers.duplicate(natural.access, natural.phone or "")
        case _:
            try:
                phrase = HTTPStatus(status).phrase
            except ValueError:
                phrase = f"Status {status}"
            return Answer(status, "forced", phrase, phrase)


def _in_words(forced: Forced) -> str:
    step = forced.step
    parts = {
        "hang": "no answer until the client gives up",
        "reset": "the connection is reset",
        "empty": "the connection is closed without an answer",
        "truncate": "the answer is cut off",
        "malformed-chunk": "a chunk of the answer is malformed",
        "dribble": "the answer comes in small pieces",
    }
    said = [f"{step.status}"] if step.status else []
    said += [parts[step.fault]] if step.fault else []
    said += [f"{forced.delay:.3g} s late"] if forced.delay else []
    said += [f"gathered with {step.gather - 1} more"] if step.gather else []
    said += ["shuffled"] if step.shuffle else []
    said += ["with other headers"] if step.headers and not step.status else []
    return ", ".join(said)
