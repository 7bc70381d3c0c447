"""The first thing that a user sees: where to post, with what key, and a line to paste."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from aktify_sandbox.addresses import DEFAULT_URL
from aktify_sandbox.campaigns import Campaigns
from aktify_sandbox.contract.answers import ENDPOINT
from aktify_sandbox.first_request import line_to_paste, rules_of_default_key
from aktify_sandbox.journal.summary import local_time
from aktify_sandbox.redaction import masked_key
from aktify_sandbox.settings import DEFAULT_CAMPAIGNS, WELL_KNOWN_KEYS, Settings
from aktify_sandbox.storage.store import Store
from aktify_sandbox.text import plural, printable
from aktify_sandbox.version import __version__

if TYPE_CHECKING:
    from aktify_sandbox.calibration.result import Calibration


def banner(
    settings: Settings,
    campaigns: Campaigns,
    store: Store,
    scenarios: Iterable[str],
    url: str,
    calibration: "Calibration | None" = None,
) -> str:
    """The text that `serve` prints once it answers. `url` is its address on this machine."""
    origin, key = campaigns.origin, campaigns.default_key
    line = line_to_paste(campaigns, key if key in WELL_KNOWN_KEYS else None)
    return "\n".join(
        [
            f"aktify-sandbox {__version__}: a local stand-in for Aktify's lead API. Nothing leaves this machine.",
            "",
            f"  endpoint   POST {origin}{ENDPOINT}",
            f"  API key    {_shown(key)}",
            f"  inspector  {origin}/_sandbox/",
            f"  state      {_state(settings, store)}",
            *([f"  scenarios  {', '.join(scenarios)}"] if scenarios else []),
            *([f"  verified   {_verified(calibration, campaigns)}"] if calibration else []),
            *([f"  terminals  {_how_to_find(store, url)}"] if url != DEFAULT_URL else []),
            "",
            *(
                [_promise(settings, store, scenarios), "", line]
                if line
                else [f"No example: no sample lead gets a 201 with {_changes(campaigns)}."]
            ),
            "",
            "Press Ctrl-C to stop.",
        ]
    )


def _verified(calibration: "Calibration", campaigns: Campaigns) -> str:
    """How the rulings in force stand against a real endpoint."""
    from aktify_sandbox.calibration.file import standing

    found = standing(calibration, campaigns.rulings)
    return printable(found.said(local_time(found.started_at, "seconds")[:10]))


def _how_to_find(store: Store, url: str) -> str:
    """How the commands in another terminal find this sandbox."""
    line = f"export AKTIFY_SANDBOX_URL={url}"
    return f"{line} (not needed where serve would use this state)" if store.folder else line


def _promise(settings: Settings, store: Store, scenarios: Iterable[str]) -> str:
    """What happens when the line is pasted, if it is simple to say."""
    if list(scenarios) or len(store.leads) or settings.campaigns != DEFAULT_CAMPAIGNS:
        return "Paste this line to post a lead:"
    return "Paste this line. It gets a 201, and the second time a 409:"


def _shown(key: str | None) -> str:
    """The key, if anyone may see it in a terminal or a job's log."""
    if key is None:
        return "no valid one: see `campaigns` in the configuration"
    return (
        key
        if key in WELL_KNOWN_KEYS
        else f"{masked_key(key)} from the configuration; the line takes it from $AKTIFY_API_KEY"
    )


def _changes(campaigns: Campaigns) -> str:
    return ", ".join(
        f"{name}={value}" for name, value in rules_of_default_key(campaigns).rulings.changes.items()
    )


def _state(settings: Settings, store: Store) -> str:
    counts = f"({plural(len(store.leads), 'lead')}, {plural(store.requests, 'request')})"
    if settings.in_memory:
        return f"in memory, deleted at the end{'' if store.is_empty else f' {counts}'}"
    return f"{settings.state.resolve()} {counts}"
