"""`/_sandbox/scenarios` and `/_sandbox/force`: forced answers and the requests that get them."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aktify_sandbox.admin.components import Components
from aktify_sandbox.admin.keys import names_of
from aktify_sandbox.admin.problems import ProblemError, json_body, json_object, names_in
from aktify_sandbox.admin.requests import refuse_unknown
from aktify_sandbox.admin.responses import JSONResponse
from aktify_sandbox.campaigns import Campaigns
from aktify_sandbox.contract.phone import identity
from aktify_sandbox.errors import DocumentError, InputError
from aktify_sandbox.originals import asyncio
from aktify_sandbox.redaction import masked_key, may_hold_key
from aktify_sandbox.scenarios.engine import ForcingEngine
from aktify_sandbox.scenarios.loader import Scenario, forced_rule
from aktify_sandbox.scenarios.queue import QueuedAnswer


def routes(components: Components) -> list[Route]:
    """The routes of scenarios and forced answers."""
    forcing = components.forcing

    async def list_scenarios(_: Request) -> Response:
        return JSONResponse({"scenarios": await asyncio.to_thread(_listed, components)})

    async def use_scenarios(request: Request) -> Response:
        content = await json_object(request, "active", required=("active",))
        try:
            forcing.put(await asyncio.to_thread(forcing.read, names_in(content, "active")))
        except InputError as error:
            raise ProblemError(400, str(error)) from None
        return JSONResponse({"active": list(forcing.active)})

    async def force(request: Request) -> Response:
        content = await json_body(request)
        try:
            rule, shown = forced_rule(content)
            _refuse_nobody(components.campaigns, shown)
            queued = forcing.queue.add(rule, _masked(shown, components.campaigns), shown["times"])
        except DocumentError as error:
            raise ProblemError(400, " ".join(each.said for each in error.problems)) from None
        except ValueError as error:
            raise ProblemError(409, str(error)) from None
        return JSONResponse(_public(queued), 201)

    async def list_forced(_: Request) -> Response:
        return JSONResponse({"forced": [_public(each) for each in forcing.queue.answers]})

    async def clear_forced(request: Request) -> Response:
        refuse_unknown(request, "campaign")
        return JSONResponse({"cleared": forcing.queue.clear(request.query_params.get("campaign"))})

    return [
        Route("/scenarios", list_scenarios, methods=["GET"]),
        Route("/scenarios/active", use_scenarios, methods=["PUT"]),
        Route("/force", list_forced, methods=["GET"]),
        Route("/force", force, methods=["POST"]),
        Route("/force", clear_forced, methods=["DELETE"]),
    ]


def _refuse_nobody(campaigns: Campaigns, shown: dict[str, Any]) -> None:
    """Refuse a forced answer that no request can get, as it would wait forever. Raises `ProblemError`."""
    campaign, key = shown.get("campaign"), shown.get("key")
    if campaign is not None and campaigns.campaign(campaign) is None:
        raise ProblemError(404, f"There is no campaign {campaign}. Choose from: {names_of(campaigns)}.")
    if key is not None and shown.get("applies") != "any" and campaigns.find(key.encode()) is None:
        raise ProblemError(
            404,
            f"The key {masked_key(key)} is unknown, so its requests get 401. Fix: use a key that "
            "`aktify-sandbox keys list` shows, or force answers to invalid requests too (--any, applies: any).",
        )


def _public(answer: QueuedAnswer) -> dict[str, Any]:
    return {**answer.shown, "left": answer.left}


def _masked(shown: dict[str, Any], campaigns: Campaigns) -> dict[str, Any]:
    redacted: dict[str, Any] = campaigns.redaction((shown.get("key", ""),)).masked({**shown, "key": None})
    return (
        {name: redacted[name] for name in shown}
        | ({"key": masked_key(shown["key"])} if "key" in shown else {})
        | ({"phone": identity(shown["phone"]) or shown["phone"]} if "phone" in shown else {})
    )


def _listed(components: Components) -> list[dict[str, Any]]:
    """Active scenarios in their order, then all others that can be named."""
    forcing = components.forcing
    library, active = forcing.library, forcing.active
    rows = [_row(forcing, loaded.scenario, loaded.mistake, active=True) for loaded in active.values()]
    for name, path in library.listed().items():
        if name in active:
            continue
        try:
            rows.append(_row(forcing, library.read(path), "", active=False))
        except DocumentError as error:
            nothing = Scenario(name, path, "", (), [], (path,))
            rows.append(_row(forcing, nothing, str(error), active=False))
    redacted: list[dict[str, Any]] = components.campaigns.redaction().masked(rows)
    return redacted


def _row(forcing: ForcingEngine, scenario: Scenario, mistake: str, *, active: bool) -> dict[str, Any]:
    return {
        "name": scenario.name,
        "description": scenario.description,
        "active": active,
        "rules": [_shown(rule) for rule in scenario.written],
        "hits": forcing.hits(scenario.name, len(scenario.written)),
        "file": str(scenario.path),
        "shipped": forcing.library.is_shipped(scenario.path),
        "mistake": mistake or None,
    }


def _shown(rule: dict[str, Any]) -> dict[str, Any]:
    """A rule as written in its file, with its keys masked."""
    when = dict(rule.get("when", {}))
    if "key" in when:
        when["key"] = _without_key(when["key"])
    if "header" in when:
        when["header"] = {
            name: _without_key(wanted) if may_hold_key(name) else wanted
            for name, wanted in when["header"].items()
        }
    return {**rule, "when": when} if when else rule


def _without_key(wanted: Any) -> Any:
    if isinstance(wanted, str):
        return masked_key(wanted)
    return {
        word: [masked_key(each) for each in value] if word == "in" else value
        for word, value in wanted.items()
    }
