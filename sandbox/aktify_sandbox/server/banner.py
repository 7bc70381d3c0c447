"""The first thing that a user sees: where to post, with what key, and a line to paste."""

from collections.abc import Iterable

from aktify_sandbox.addresses import DEFAULT_URL
from aktify_sandbox.campaigns import Campaigns
from aktify_sandbox.first_request import line_to_paste, rules_of_first_key
from aktify_sandbox.redaction import masked_key
from aktify_sandbox.settings import DEFAULT_CAMPAIGNS, WELL_KNOWN_KEYS, Settings, first_key
from aktify_sandbox.storage.store import Store
from aktify_sandbox.text import plural
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


def _changes(settings: Settings, campaigns: Campaigns) -> str:
    return ", ".join(
        f"{name}={value}" for name, value in rules_of_first_key(settings, campaigns).rulings.changes.items()
    )


def _state(settings: Settings, store: Store) -> str:
    counts = f"({plural(len(store.leads), 'lead')}, {plural(store.requests, 'request')})"
    if settings.in_memory:
        return f"in memory, gone at the end{'' if store.is_empty else f' {counts}'}"
    return f"{settings.state.resolve()} {counts}"
