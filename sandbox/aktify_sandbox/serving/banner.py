"""The first thing that a user sees: where to post, with what key, and a line to paste."""

import json
from collections.abc import Iterable

from aktify_sandbox.addresses import DEFAULT_URL
from aktify_sandbox.campaigns import Campaigns
from aktify_sandbox.contract.examples import example
from aktify_sandbox.contract.lead import LeadRules
from aktify_sandbox.masking import masked_key
from aktify_sandbox.settings import DEFAULT_CAMPAIGNS, WELL_KNOWN_KEYS, Settings, first_key
from aktify_sandbox.storage.store import Store
from aktify_sandbox.version import __version__


def banner(settings: Settings, campaigns: Campaigns, store: Store, scenarios: Iterable[str], url: str) -> str:
    """The text that `serve` prints once it answers. `url` is its address on this machine."""
    origin, key = campaigns.origin, first_key(settings.campaigns)
    line = line_to_paste(settings, campaigns, key if key in WELL_KNOWN_KEYS else None)
    return "\n".join(
        [
            f"aktify-sandbox {__version__}: a local stand-in for Aktify's lead API. Nothing leaves this machine.",
            "",
            f"  endpoint   POST {origin}/api/v1/leads",
            f"  API key    {_shown(key)}",
            f"  inspector  {origin}/_sandbox/",
            f"  state      {_state(settings, store)}",
            *([f"  scenarios  {', '.join(scenarios)}"] if scenarios else []),
            *([f"  terminals  {_how_to_find(store, url)}"] if url != DEFAULT_URL else []),
            "",
            *(
                [_promise(settings, store, scenarios), "", line]
                if line
                else [f"No example: no lead that we know is a 201 under {_changes(settings, campaigns)}."]
            ),
            "",
            "Ctrl-C stops.",
        ]
    )


def _how_to_find(store: Store, url: str) -> str:
    """How the commands in another terminal find this sandbox."""
    line = f"export AKTIFY_SANDBOX_URL={url}"
    return f"{line} (not needed where serve would use this state)" if store.folder else line


def _promise(settings: Settings, store: Store, scenarios: Iterable[str]) -> str:
    """What becomes of the line, where it is that simple."""
    if list(scenarios) or len(store.leads) or settings.campaigns != DEFAULT_CAMPAIGNS:
        return "Paste this to post a lead:"
    return "Paste this; it is answered 201, and 409 the second time:"


def _shown(key: str | None) -> str:
    """What everybody may read in a terminal and in the log of a job."""
    if key is None:
        return "none that is valid: see `campaigns` in the configuration"
    return key if key in WELL_KNOWN_KEYS else f"{masked_key(key)} of the configuration, as $AKTIFY_API_KEY"


def line_to_paste(settings: Settings, campaigns: Campaigns, key: str | None) -> str | None:
    """A `curl` line whose lead is accepted by the rulings in force; None where none is.

    A key that isn't to be shown (None) comes from the environment.
    """
    lead = example(_rules(settings, campaigns))
    if lead is None:
        return None
    shown = f"'x-api-key: {key}'" if key else '"x-api-key: $AKTIFY_API_KEY"'
    body = json.dumps(lead)
    return (
        f"curl -i {campaigns.origin}/api/v1/leads -H {shown} -H 'content-type: application/json' -d '{body}'"
    )


def _rules(settings: Settings, campaigns: Campaigns) -> LeadRules:
    """The rules that the first valid key's leads meet."""
    access = campaigns.find((first_key(settings.campaigns) or "").encode())
    return access.rules if access else campaigns.rules_of("")


def _changes(settings: Settings, campaigns: Campaigns) -> str:
    return ", ".join(f"{name}={value}" for name, value in _rules(settings, campaigns).rulings.changes.items())


def _state(settings: Settings, store: Store) -> str:
    if settings.in_memory:
        return "in memory, gone at the end"
    leads = len(store.leads)
    return f"{settings.state.resolve()} ({leads:,} leads, {store.requests:,} requests)"
