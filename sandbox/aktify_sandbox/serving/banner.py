"""The first thing that a user sees: where to post, with what key, and a line to paste."""

import json
from collections.abc import Iterable

from aktify_sandbox.settings import DEFAULT_CAMPAIGNS, Settings
from aktify_sandbox.storage.store import Store
from aktify_sandbox.version import __version__

_EXAMPLE_PHONE = "(509) 555-1234"
_FICTIONAL_PHONE = "(509) 555-0123"


def banner(settings: Settings, origin: str, store: Store, scenarios: Iterable[str]) -> str:
    """The text that `serve` prints once it answers."""
    key = first_key(settings)
    return "\n".join(
        [
            f"aktify-sandbox {__version__}: a local stand-in for Aktify's lead API. Nothing leaves this machine.",
            "",
            f"  endpoint   POST {origin}/api/v1/leads",
            f"  API key    {key or 'none that is valid: see `campaigns` in the configuration'}",
            f"  inspector  {origin}/_sandbox/",
            f"  state      {_state(settings, store)}",
            *([f"  scenarios  {', '.join(scenarios)}"] if scenarios else []),
            "",
            _promise(settings, store, scenarios),
            "",
            example(origin, key, fictional=settings.fictional_only),
            "",
            "Ctrl-C stops.",
        ]
    )


def _promise(settings: Settings, store: Store, scenarios: Iterable[str]) -> str:
    """What becomes of the line, where it is that simple."""
    if list(scenarios) or len(store.leads) or settings.campaigns != DEFAULT_CAMPAIGNS:
        return "Paste this to post a lead:"
    return "Paste this; it is answered 201, and 409 the second time:"


def first_key(settings: Settings) -> str | None:
    """A key that works, if any does."""
    return next(
        (key.key for campaign in settings.campaigns for key in campaign.keys if not key.revoked), None
    )


def example(origin: str, key: str | None, *, fictional: bool) -> str:
    """A `curl` line whose lead is accepted; a key that isn't to be shown comes from the environment."""
    phone = _FICTIONAL_PHONE if fictional else _EXAMPLE_PHONE
    lead = json.dumps({"phoneNumber": phone, "region": "CA", "firstName": "John"})
    shown = f"'x-api-key: {key}'" if key else '"x-api-key: $AKTIFY_API_KEY"'
    return f"curl -i {origin}/api/v1/leads -H {shown} -H 'content-type: application/json' -d '{lead}'"


def _state(settings: Settings, store: Store) -> str:
    if settings.in_memory:
        return "in memory, gone at the end"
    leads = len(store.leads)
    return f"{settings.state.resolve()} ({leads:,} leads, {store.requests:,} requests)"
