"""`/_sandbox/state`: saves and loads the whole state as one file."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from aktify_sandbox.admin.client_jobs import unless_disconnected
from aktify_sandbox.admin.components import Components
from aktify_sandbox.admin.guard import STATE_MEDIA
from aktify_sandbox.admin.keys import restore, salt_in
from aktify_sandbox.admin.problems import ProblemError
from aktify_sandbox.admin.responses import JSONResponse
from aktify_sandbox.campaigns import Campaigns
from aktify_sandbox.errors import LogError, RowError, SettingsError, StateFileError
from aktify_sandbox.jobs import Work, finished
from aktify_sandbox.originals import asyncio
from aktify_sandbox.scenarios.library import LoadedScenario
from aktify_sandbox.storage.index import Index
from aktify_sandbox.storage.log import Replacement, Snapshot
from aktify_sandbox.storage.state_file import MEANINGLESS, Upload, line_of, refuse_real_people
from aktify_sandbox.text import plural

_CHUNK = 1 << 18


@dataclass(frozen=True, slots=True)
class VerifiedState:
    """A verified state and everything derived from it."""

    log: Replacement
    index: Index
    campaigns: Campaigns
    scenarios: dict[str, dict[str, LoadedScenario]]
    """The scenarios that are active in single campaigns only."""
    notices: list[str]


def routes(components: Components) -> list[Route]:
    """The routes of the state."""
    store = components.store

    async def save(_: Request) -> Response:
        stack = AsyncExitStack()
        snapshot, end = await stack.enter_async_context(store.state())
        headers = {
            "content-length": str(snapshot.size + len(end)),
            "content-disposition": "attachment; filename=state.jsonl",
            "x-aktify-sandbox-leads": str(len(store.leads)),
            "x-aktify-sandbox-requests": str(store.requests),
        }
        return StreamingResponse(_pieces(stack, snapshot, end), headers=headers, media_type=STATE_MEDIA)

    async def load(request: Request) -> Response:
        if not request.headers.get("content-type", "").startswith(STATE_MEDIA):
            raise ProblemError(415, f"Send a state from GET /_sandbox/state as content-type: {STATE_MEDIA}.")
        upload = Upload(store.replacement())
        try:
            async for chunk in request.stream():
                upload.write(chunk)
            state = await unless_disconnected(request, components.jobs.run(_verified(components, upload)))
            _replace(components, state)
        except StateFileError as error:
            raise ProblemError(400, f"line {error.line}: {error}", line=error.line) from None
        finally:
            upload.close()
        counts = {"leads": len(store.leads), "requests": store.requests}
        return JSONResponse({**counts, "notices": state.notices})

    return [
        Route("/state", save, methods=["GET"]),
        Route("/state", load, methods=["PUT"]),
    ]


def load_at_start(components: Components, file: Path) -> list[str]:
    """Load a saved state at the start, unless there is one already. Returns the notices for the user.

    Raises `SettingsError` when the file can't be read, `LogError` when it isn't a whole state.
    """
    store = components.store
    if not store.is_empty:
        counts = f"{plural(len(store.leads), 'lead')}, {plural(store.requests, 'request')}"
        why = f"{store.folder} already has a state ({counts})"
        return [f"{file} wasn't loaded: {why}. Fix: run `aktify-sandbox state load {file}` to replace it."]
    upload = Upload(store.replacement())
    try:
        with file.open("rb") as source:
            while piece := source.read(_CHUNK):
                upload.write(piece)
        state = finished(_verified(components, upload))
        _replace(components, state)
    except OSError as error:
        raise SettingsError(f"--from-state {file} can't be read: {error.strerror}.") from None
    except StateFileError as error:
        raise LogError(f"{file}:{error.line}: {error}") from None
    finally:
        upload.close()
    return state.notices


def _replace(components: Components, state: VerifiedState) -> None:
    """Replace the whole state in one step: every request meets either the old state or the new one.

    Raises `LogWriteError`; then nothing has changed.
    """
    components.store.load(state.log, state.index)
    components.campaigns.replace_with(state.campaigns)
    components.forcing.replace_with(state.scenarios)


def _verified(components: Components, upload: Upload) -> Work[VerifiedState]:
    """Verify a state file without touching the state in use. Raises `StateFileError`."""
    log, index = yield from upload.verify()
    campaigns = components.campaigns.as_configured(salt_in(index.plain))
    try:
        notices = restore(index.plain, campaigns)
    except RowError as error:
        raise StateFileError(line_of(log, error.table, error.document), MEANINGLESS) from None
    if any(_is_protected(campaigns, each) for each in (None, *(c.name for c in campaigns.campaigns()))):
        yield from refuse_real_people(log, lambda campaign: _is_protected(campaigns, campaign))
    scenarios, warnings = components.forcing.read_for(campaigns.campaigns())
    return VerifiedState(log, index, campaigns, scenarios, notices + warnings)


def _is_protected(campaigns: Campaigns, campaign: str | None) -> bool:
    rulings = campaigns.rulings if campaign is None else campaigns.rules_of(campaign).rulings
    return rulings["fictional-only"] == "on"


async def _pieces(stack: AsyncExitStack, snapshot: Snapshot, end: bytes) -> AsyncIterator[bytes]:
    async with stack:
        for offset in range(0, snapshot.size, _CHUNK):
            length = min(_CHUNK, snapshot.size - offset)
            yield await asyncio.to_thread(snapshot.read, length, offset)
        yield end
