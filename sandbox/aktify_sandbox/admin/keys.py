"""`/_sandbox/keys`: lists, adds and revokes API keys."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tinydb import where

from aktify_sandbox.admin.components import Components
from aktify_sandbox.admin.problems import ProblemError, json_object, text_or_none
from aktify_sandbox.admin.responses import JSONResponse
from aktify_sandbox.campaigns import MAX_KEY, Campaign, Campaigns, Key, fresh_key, row_of, salt_for
from aktify_sandbox.errors import CampaignError, RowError, RulingError
from aktify_sandbox.redaction import masked_key
from aktify_sandbox.scenarios.answers import does
from aktify_sandbox.storage.index import Tables
from aktify_sandbox.text import printable

_MAX_SHOWN = 64


def routes(components: Components) -> list[Route]:
    """The routes of keys."""
    store, campaigns = components.store, components.campaigns

    async def list_keys(_: Request) -> Response:
        forced = components.forcing.answers_of_keys
        answers = {campaigns.digest_of(key): does(answer) for key, answer in forced.items()}
        rows = [
            {
                "key": k.shown,
                "campaign": k.campaign,
                "revoked": k.revoked,
                "answer": "401" if k.revoked else answers.get(digested, "normal answer"),
                "source": k.source,
            }
            for digested, k in campaigns.keys().items()
        ]
        return JSONResponse({"keys": rows})

    async def add_key(request: Request) -> Response:
        content = await json_object(request, "campaign", "key", "name")
        campaign = text_or_none(content, "campaign") or campaigns.campaigns()[0].name
        if campaigns.campaign(campaign) is None:
            raise ProblemError(404, f"There is no campaign {campaign}. Choose from: {names_of(campaigns)}.")
        text = _checked_key(text_or_none(content, "key") or fresh_key(), campaigns)
        name = _checked_name(text_or_none(content, "name") or masked_key(text), text, campaigns)
        key = Key(name, campaign, source="added")
        write_key(components, text, key)
        remember_key(components, text, key)
        return JSONResponse({"apiKey": text, "campaign": campaign, "name": name}, 201)

    async def revoke_key(request: Request) -> Response:
        content = await json_object(request, "key")
        wanted = text_or_none(content, "key") or request.query_params.get("key")
        if not wanted:
            raise ProblemError(400, 'key is missing: send {"key": "the key or its name"}.')
        try:
            digested, key = campaigns.key_named(wanted)
        except CampaignError as error:
            raise ProblemError(404, str(error)) from None
        revoked = Key(key.shown, key.campaign, revoked=True, source=key.source)
        store.db.table("keys").upsert({"digest": digested, **row_of(revoked)}, where("digest") == digested)
        campaigns.put_key(digested, revoked)
        return JSONResponse({"revoked": revoked.shown, "campaign": revoked.campaign})

    return [
        Route("/keys", list_keys, methods=["GET"]),
        Route("/keys", add_key, methods=["POST"]),
        Route("/keys", revoke_key, methods=["DELETE"]),
    ]


def write_key(components: Components, text: str, key: Key) -> None:
    """Keep a new key for later starts; the disk holds only its digest. Raises `LogWriteError`."""
    digested = components.campaigns.digest_of(text)
    components.store.db.table("keys").insert({"digest": digested, **row_of(key)})


def remember_key(components: Components, text: str, key: Key) -> None:
    """Make a key that was written open its campaign."""
    components.campaigns.put_key(components.campaigns.digest_of(text), key)
    components.campaigns.find(text.encode())  # from here on, texts are searched for the key


def restore(tables: Tables, campaigns: Campaigns) -> list[str]:
    """Restore keys and campaigns of earlier runs. A campaign whose rulings no longer exist is left out.

    Returns the notices for the user. Raises `RowError`.
    """
    notices = []
    for document, row in tables["campaigns"].items():
        with _understood("campaigns", document):
            campaign = _restored(row)
            try:
                campaigns.check(campaign)
                campaigns.put(campaign)
            except RulingError as error:
                about = f"The campaign {printable(row['name'])}, added in an earlier run, is left out"
                notices.append(f"{about}: {error} Its keys use the general rulings.")
    for document, row in tables["keys"].items():
        with _understood("keys", document):
            key = Key(row["shown"], row["campaign"], row["revoked"], "added")
            campaigns.restore_key(row["digest"], key)
    return notices


def salt_in(tables: Tables) -> str:
    """The salt of the digests of a folder's keys: the one that they already have."""
    return salt_for(f"{row.get('digest')}" for row in tables["keys"].values())


@contextlib.contextmanager
def _understood(table: str, document: str) -> Iterator[None]:
    """Turns any exception that a nonsensical row raises into a message."""
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError):
        raise RowError(table, document) from None


def _restored(row: Mapping[str, Any]) -> Campaign:
    names = row.get("scenarios")
    scenarios = None if names is None else tuple(names)
    shapes = row.get("error_bodies"), row.get("shuffle")
    return Campaign(row["name"], row["link"], row["profile"], row["rulings"], scenarios, *shapes, added=True)


def _checked_key(text: str, campaigns: Campaigns) -> str:
    if len(text) > MAX_KEY or not text.isascii() or not text.isprintable() or " " in text:
        raise ProblemError(400, f"A key is 1 to {MAX_KEY} visible ASCII characters.")
    if campaigns.find(text.encode()):
        raise ProblemError(409, "The key already exists.")
    return text


def _checked_name(name: str, key: str, campaigns: Campaigns) -> str:
    """How a key may be shown and recorded."""
    if len(name) > _MAX_SHOWN or not name.isprintable() or name != name.strip():
        raise ProblemError(
            400, f"A key's name is 1 to {_MAX_SHOWN} printable characters without spaces at its ends."
        )
    if name != masked_key(key) and any(known.shown == name for known in campaigns.keys().values()):
        raise ProblemError(409, f"A key named {name} already exists: choose another name.")
    if name == key or campaigns.find(name.encode()) or campaigns.redaction((key,)).finds(name):
        raise ProblemError(400, "A key's name can't be a key itself: it is shown, and written to disk.")
    return name


def names_of(campaigns: Campaigns) -> str:
    """The names of the existing campaigns, for a message."""
    return ", ".join(campaign.name for campaign in campaigns.campaigns())
