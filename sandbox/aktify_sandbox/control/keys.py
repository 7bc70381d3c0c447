"""`/_sandbox/keys` and `/_sandbox/campaigns`: who may post, and into what."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from tinydb import where

from aktify_sandbox.campaigns import (
    MAX_KEY,
    NAME,
    Campaign,
    CampaignMistake,
    Campaigns,
    Key,
    digest,
    fresh_key,
    fresh_name,
    row_of,
)
from aktify_sandbox.contract.rulings import RulingMistake
from aktify_sandbox.control.problems import ProblemError, json_object, names_in, text_or_none
from aktify_sandbox.control.services import Services
from aktify_sandbox.masking import masked_key, printable
from aktify_sandbox.nodes import DocumentMistakes
from aktify_sandbox.shelf import NoSuchScenario
from aktify_sandbox.store import Store

_MAX_SHOWN = 64


def routes(services: Services) -> list[Route]:
    """The routes of keys and campaigns."""
    return _key_routes(services) + _campaign_routes(services)


def _key_routes(services: Services) -> list[Route]:
    store, campaigns = services.store, services.campaigns

    async def list_keys(_: Request) -> Response:
        rows = [
            {
                "key": k.shown,
                "campaign": k.campaign,
                "revoked": k.revoked,
                "source": k.source,
            }
            for k in campaigns.keys().values()
        ]
        return JSONResponse({"keys": rows})

    async def add_key(request: Request) -> Response:
        content = await json_object(request, "campaign", "key", "name")
        campaign = text_or_none(content, "campaign") or campaigns.campaigns()[0].name
        if campaigns.campaign(campaign) is None:
            raise ProblemError(404, f"There is no campaign {campaign}; there are: {_names(campaigns)}.")
        text = _checked_key(text_or_none(content, "key") or fresh_key(), campaigns)
        name = _checked_name(text_or_none(content, "name") or masked_key(text), text, campaigns)
        keep_key(services, text, Key(name, campaign, source="added"))
        return JSONResponse({"apiKey": text, "campaign": campaign, "name": name}, 201)

    async def revoke_key(request: Request) -> Response:
        content = await json_object(request, "key")
        wanted = text_or_none(content, "key") or request.query_params.get("key")
        if not wanted:
            raise ProblemError(400, 'Say which: {"key": "the key or its name"}.')
        try:
            digested, key = campaigns.key_named(wanted)
        except CampaignMistake as mistake:
            raise ProblemError(404, str(mistake)) from None
        revoked = Key(key.shown, key.campaign, revoked=True, source=key.source)
        store.db.table("keys").upsert({"digest": digested, **row_of(revoked)}, where("digest") == digested)
        campaigns.put_key(digested, revoked)
        return JSONResponse({"revoked": revoked.shown, "campaign": revoked.campaign})

    return [
        Route("/_sandbox/keys", list_keys, methods=["GET"]),
        Route("/_sandbox/keys", add_key, methods=["POST"]),
        Route("/_sandbox/keys", revoke_key, methods=["DELETE"]),
    ]


def _campaign_routes(services: Services) -> list[Route]:
    store, campaigns = services.store, services.campaigns

    async def list_campaigns(_: Request) -> Response:
        rows = [
            {"campaign": c.name, "link": c.link, "leads": store.leads_in(c.name)}
            for c in campaigns.campaigns()
        ]
        return JSONResponse({"campaigns": rows + _namespaces(store, campaigns)})

    async def add_campaign(request: Request) -> Response:
        content = await json_object(request, "name", "profile", "rulings", "link", "scenarios")
        campaign = _campaign_in(content)
        _refuse_unless_fresh(campaign.name, store, campaigns)
        try:
            services.forcing.use_in(campaign.name, campaign.scenarios)
            campaigns.put(campaign)
        except (RulingMistake, NoSuchScenario, DocumentMistakes) as mistake:
            services.forcing.use_in(campaign.name, ())
            raise ProblemError(400, f"{mistake}") from None
        store.db.table("campaigns").insert(row_of(campaign))
        key = fresh_key()
        keep_key(services, key, Key(masked_key(key), campaign.name, source="added"))
        return JSONResponse({"campaign": campaign.name, "apiKey": key}, 201)

    async def delete_campaign(request: Request) -> Response:
        name = request.path_params["id"]
        found = next((campaign for campaign in campaigns.campaigns() if campaign.name == name), None)
        if found is None:
            raise ProblemError(404, f"There is no campaign {name}; there are: {_names(campaigns)}.")
        if not found.added:
            raise ProblemError(409, f"The campaign {name} stands in the configuration: take it out there.")
        store.db.table("campaigns").remove(where("name") == name)
        store.db.table("keys").remove(where("campaign") == name)
        campaigns.remove(name)
        services.forcing.use_in(name, ())
        store.change(
            "leads",
            {},
            [n for c in store.campaigns_with_leads() if _belongs(c, name) for n in store.numbers(c)],
        )
        return Response(status_code=204)

    return [
        Route("/_sandbox/campaigns", list_campaigns, methods=["GET"]),
        Route("/_sandbox/campaigns", add_campaign, methods=["POST"]),
        Route("/_sandbox/campaigns/{id}", delete_campaign, methods=["DELETE"]),
    ]


def keep_key(services: Services, text: str, key: Key) -> None:
    """Add the key for now and for the next start; on the disk it is a digest."""
    services.store.db.table("keys").insert({"digest": digest(text), **row_of(key)})
    services.campaigns.put_key(digest(text), key)


def restore(store: Store, campaigns: Campaigns) -> list[str]:
    """What was added or revoked in earlier runs. A campaign whose rulings can't be in force is left out.

    Returns what is to be said of that.
    """
    notices = []
    for row in store.db.table("campaigns"):
        try:
            campaigns.put(_restored(row))
        except RulingMistake as mistake:
            about = f"The campaign {printable(row['name'])}, added in an earlier run, is left out"
            notices.append(f"{about}: {mistake} Its keys meet the general rulings.")
    configured = campaigns.keys()
    for row in store.db.table("keys"):
        known = configured.get(row["digest"])
        source = known.source if known else "added"
        campaigns.put_key(row["digest"], Key(row["shown"], row["campaign"], row["revoked"], source))
    return notices


def _restored(row: Mapping[str, Any]) -> Campaign:
    scenarios = tuple(row.get("scenarios", ()))
    return Campaign(row["name"], row["link"], row["profile"], row["rulings"], scenarios, added=True)


def _checked_key(text: str, campaigns: Campaigns) -> str:
    if len(text) > MAX_KEY or not text.isascii() or not text.isprintable() or " " in text:
        raise ProblemError(400, f"A key is 1 to {MAX_KEY} visible ASCII characters.")
    if campaigns.find(text.encode()):
        raise ProblemError(409, "That key is known already.")
    return text


def _checked_name(name: str, key: str, campaigns: Campaigns) -> str:
    """How a key may be shown and written down."""
    if len(name) > _MAX_SHOWN or not name.isprintable() or name != name.strip():
        raise ProblemError(
            400, f"A key's name is 1 to {_MAX_SHOWN} printable characters without spaces at its ends."
        )
    if name == key or campaigns.find(name.encode()):
        raise ProblemError(400, "A key's name is shown and written to the disk, so it can't be a key itself.")
    return name


def _refuse_unless_fresh(name: str, store: Store, campaigns: Campaigns) -> None:
    """A new campaign shares its leads with no other. Raises `ProblemError`."""
    known = [campaign.name for campaign in campaigns.campaigns()]
    parent = campaigns.campaign(name)
    if name in known:
        raise ProblemError(409, f"There is a campaign {name} already.")
    if parent:
        raise ProblemError(
            409,
            f"{name} is a namespace of the campaign {parent.name}: choose a name that doesn't begin with it.",
        )
    inside = next((each for each in known if _belongs(each, name)), None)
    if inside:
        raise ProblemError(409, f"The campaign {inside} would be a namespace of {name}: choose another name.")
    used = next((each for each in store.campaigns_with_leads() if _belongs(each, name)), None)
    if used:
        raise ProblemError(
            409,
            f"{used} has {store.leads_in(used)} leads already: delete them (DELETE /_sandbox/leads?campaign={used}) "
            "or choose another name.",
        )


def _campaign_in(content: dict[str, Any]) -> Campaign:
    name = text_or_none(content, "name") or fresh_name()
    if not NAME.fullmatch(name):
        raise ProblemError(400, f"{name} can't be a campaign's name: 1 to 64 of A-Z a-z 0-9 _ . -")
    rulings = content.get("rulings") or {}
    if not isinstance(rulings, dict) or not all(isinstance(value, str) for value in rulings.values()):
        raise ProblemError(400, 'rulings is an object of texts, such as {"region-case": "accept"}.')
    link = text_or_none(content, "link") or "optional"
    if link not in ("optional", "link", "tracking"):
        raise ProblemError(400, f"link={link} must be one of optional, link, tracking.")
    scenarios = names_in(content, "scenarios")
    return Campaign(name, link, text_or_none(content, "profile"), rulings, tuple(scenarios), added=True)


def _namespaces(store: Store, campaigns: Campaigns) -> list[dict[str, Any]]:
    """Campaigns that exist because a key with a name of its own has been used."""
    known = {campaign.name for campaign in campaigns.campaigns()}
    names = [name for name in store.campaigns_with_leads() if name not in known]
    links = ((name, campaigns.campaign(name)) for name in names)
    return [
        {"campaign": name, "link": c.link if c else None, "leads": store.leads_in(name)} for name, c in links
    ]


def _belongs(campaign: str, parent: str) -> bool:
    return campaign == parent or campaign.startswith(f"{parent}.")


def _names(campaigns: Campaigns) -> str:
    return ", ".join(campaign.name for campaign in campaigns.campaigns())
