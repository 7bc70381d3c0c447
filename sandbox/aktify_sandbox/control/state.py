"""`/_sandbox/state`: all that is remembered, as one file."""

from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from aktify_sandbox.campaigns import Campaigns
from aktify_sandbox.control.guard import STATE_MEDIA
from aktify_sandbox.control.keys import restore, salt_in
from aktify_sandbox.control.problems import ProblemError
from aktify_sandbox.control.responses import JSONResponse
from aktify_sandbox.control.services import Services
from aktify_sandbox.originals import asyncio
from aktify_sandbox.scenarios.shelf import Loaded
from aktify_sandbox.storage.log import Snapshot
from aktify_sandbox.storage.states import Draft, StateMistake, proved, refuse_real_people
from aktify_sandbox.storage.store import Store

_CHUNK = 1 << 18


class State(NamedTuple):
    """A state that was proved, and all that follows from it."""

    store: Store
    campaigns: Campaigns
    scenarios: dict[str, dict[str, Loaded]]
    """Those of single campaigns."""
    notices: list[str]


def routes(services: Services) -> list[Route]:
    """The routes of the state."""
    store, campaigns, forcing = services.store, services.campaigns, services.forcing

    async def save(_: Request) -> Response:
        held = ExitStack()
        snapshot, end = held.enter_context(store.state())
        headers = {
            "content-length": str(snapshot.size + len(end)),
            "content-disposition": "attachment; filename=state.jsonl",
            "x-aktify-sandbox-leads": str(len(store.leads)),
            "x-aktify-sandbox-requests": str(store.requests),
        }
        return StreamingResponse(_pieces(held, snapshot, end), headers=headers, media_type=STATE_MEDIA)

    async def load(request: Request) -> Response:
        if not request.headers.get("content-type", "").startswith(STATE_MEDIA):
            raise ProblemError(415, f"Send what GET /_sandbox/state gave, as content-type: {STATE_MEDIA}.")
        draft = Draft(store.folder)
        try:
            async for chunk in request.stream():
                draft.write(chunk)
            state = await asyncio.to_thread(_proved, services, draft)
            # From here to the end there is no await: a request meets the old state or the new one.
            store.become(state.store)
            campaigns.become(state.campaigns)
            forcing.start_over(state.scenarios)
        except StateMistake as mistake:
            raise ProblemError(400, f"line {mistake.line}: {mistake}", line=mistake.line) from None
        finally:
            draft.close()
        counts = {"leads": len(store.leads), "requests": store.requests}
        return JSONResponse({**counts, "notices": state.notices})

    return [
        Route("/state", save, methods=["GET"]),
        Route("/state", load, methods=["PUT"]),
    ]


def _proved(services: Services, draft: Draft) -> State:
    """Nothing in use is changed by this. Raises `StateMistake`."""
    store = proved(draft)
    campaigns = services.campaigns.as_configured(salt_in(store))
    notices = restore(store, campaigns)
    refuse_real_people(store, lambda campaign: _is_protected(campaigns, campaign))
    scenarios, warnings = services.forcing.read_for(campaigns.campaigns())
    return State(store, campaigns, scenarios, notices + warnings)


def _is_protected(campaigns: Campaigns, campaign: str | None) -> bool:
    rulings = campaigns.rulings if campaign is None else campaigns.rules_of(campaign).rulings
    return rulings["fictional-only"] == "on"


async def _pieces(held: ExitStack, snapshot: Snapshot, end: bytes) -> AsyncIterator[bytes]:
    with held:
        for offset in range(0, snapshot.size, _CHUNK):
            length = min(_CHUNK, snapshot.size - offset)
            yield await asyncio.to_thread(snapshot.read, length, offset)
        yield end
