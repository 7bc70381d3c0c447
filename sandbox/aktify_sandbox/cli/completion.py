"""What a shell completes from a running sandbox: request ids and keys. Offers nothing when none answers in time."""

import contextlib
from typing import Any

import click
from click.shell_completion import CompletionItem

from aktify_sandbox.cli.client import client_of
from aktify_sandbox.settings import WELL_KNOWN_KEYS

_SECONDS = 0.5
_NEWEST = 20


def request_ids(context: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
    """Complete one of the newest request ids; shells that show help show status and reason."""
    from aktify_sandbox.journal.summary import summary_of
    from aktify_sandbox.redaction import Personal

    newest = [summary_of(entry) for entry in _asked(context, "/requests", "requests", limit=_NEWEST)]
    return [
        CompletionItem(each.id, help=f"{each.shown_status} {Personal().text(each.reason)}")
        for each in newest
        if each.id.startswith(begun)
    ]


def key_names(context: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
    """Complete a key as it is shown: masked, or by its name."""
    keys = _asked(context, "/keys", "keys")
    return [
        CompletionItem(each["key"], help=each["campaign"]) for each in keys if each["key"].startswith(begun)
    ]


def built_in_keys(_: click.Context, __: click.Parameter, begun: str) -> list[str]:
    """Complete a key of every sandbox, where the key itself is needed."""
    return [key for key in sorted(WELL_KNOWN_KEYS) if key.startswith(begun)]


def _asked(context: click.Context, path: str, name: str, **query: Any) -> list[dict[str, Any]]:
    with contextlib.suppress(click.ClickException, LookupError, OSError, TypeError, ValueError):
        client = client_of(context, **{word: context.params.get(word) for word in ("url", "token", "config")})
        with client.http:
            client.http.timeout = _SECONDS
            client.check(_SECONDS)
            found: list[dict[str, Any]] = client.get(path, **query)[name]
            return found
    return []
