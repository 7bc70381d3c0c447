"""`/_sandbox/campaigns`: lists, adds and removes campaigns. Parallel tests use a new one each."""

from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tinydb import where

from aktify_sandbox.admin.components import Components
from aktify_sandbox.admin.keys import names_of, remember_key, write_key
from aktify_sandbox.admin.problems import ProblemError, json_object, names_in, text_or_none
from aktify_sandbox.admin.responses import JSONResponse
from aktify_sandbox.campaigns import NAME, Campaign, Campaigns, Key, fresh_key, fresh_name, row_of
from aktify_sandbox.errors import InputError
from aktify_sandbox.redaction import masked_key
from aktify_sandbox.scenarios.engine import ForcingEngine
from aktify_sandbox.settings import ERROR_BODIES
from aktify_sandbox.storage.log import request_id
from aktify_sandbox.storage.store import Store
from aktify_sandbox.text import plural


def routes(components: Components) -> list[Route]:
    """The routes of campaigns."""
    handlers = _Handlers(components)
    return [
        Route("/campaigns", handlers.listed, methods=["GET"]),
        Route("/campaigns", handlers.add, methods=["POST"]),
        Route("/campaigns/{id}/scenarios", handlers.use_scenarios, methods=["PUT"]),
        Route("/campaigns/{id}/reset", handlers.reset, methods=["POST"]),
        Route("/campaigns/{id}", handlers.delete, methods=["DELETE"]),
    ]


class _Handlers:
    def __init__(self, components: Components) -> None:
        self._components = components
        self._store = components.store
        self._campaigns = components.campaigns
        self._forcing = components.forcing

    async def listed(self, _: Request) -> Response:
        rows = [
            {
                "campaign": each.name,
                "link": each.link,
                "scenarios": self._forcing.scenarios_in(each.name),
                "leads": self._store.leads_in(each.name),
            }
            for each in self._campaigns.campaigns()
        ]
        return JSONResponse({"campaigns": rows + _namespaces(self._store, self._campaigns, self._forcing)})

    async def add(self, request: Request) -> Response:
        content = await json_object(
            request, "name", "profile", "rulings", "link", "scenarios", "errorBodies", "shuffle"
        )
        campaign = _campaign_in(content)
        if self._campaigns.redaction().finds(campaign.name):  # names appear in messages
            raise ProblemError(400, f"{campaign.name} contains a key, so it can't be a campaign's name.")
        _refuse_unless_fresh(campaign.name, self._store, self._campaigns)
        name, wanted, key = campaign.name, campaign.scenarios, fresh_key()
        shown = Key(masked_key(key), name, source="added")
        try:
            self._campaigns.check(campaign)
            scenarios = None if wanted is None else self._forcing.read_in(name, wanted)
        except InputError as error:
            raise ProblemError(400, f"{error}") from None
        with self._store.together():
            self._store.db.table("campaigns").insert(row_of(campaign))
            write_key(self._components, key, shown)
        self._campaigns.put(campaign)
        self._forcing.put_in(name, scenarios)
        remember_key(self._components, key, shown)
        made = {"campaign": campaign.name, "apiKey": key, "after": request_id(self._store.newest)}
        return JSONResponse(made, 201)

    async def use_scenarios(self, request: Request) -> Response:
        content = await json_object(request, "active", required=("active",))
        campaign, names = self._named(request), names_in(content, "active")
        try:
            found = self._forcing.read_in(campaign.name, names)
        except InputError as error:
            raise ProblemError(400, f"{error}") from None
        changed = replace(campaign, scenarios=tuple(names))
        if changed.added:
            self._store.db.table("campaigns").update(row_of(changed), where("name") == changed.name)
        self._campaigns.put(changed)
        self._forcing.put_in(campaign.name, found)
        return JSONResponse({"campaign": changed.name, "active": names})

    async def reset(self, request: Request) -> Response:
        name = self._named(request).name
        self._forget_leads(name)
        self._forcing.reset_in(name)
        return Response(status_code=204)

    async def delete(self, request: Request) -> Response:
        campaign = self._named(request)
        name = campaign.name
        if not campaign.added:
            raise ProblemError(409, f"The campaign {name} comes from the configuration: remove it there.")
        with self._store.together():
            self._store.db.table("campaigns").remove(where("name") == name)
            self._store.db.table("keys").remove(where("campaign") == name)
            self._forget_leads(name)
        self._campaigns.remove(name)
        self._forcing.put_in(name, None)
        self._forcing.queue.clear(name)
        return Response(status_code=204)

    def _named(self, request: Request) -> Campaign:
        name = request.path_params["id"]
        found = next((each for each in self._campaigns.campaigns() if each.name == name), None)
        if found is None:
            raise ProblemError(404, f"There is no campaign {name}. Choose from: {names_of(self._campaigns)}.")
        return found

    def _forget_leads(self, campaign: str) -> None:
        names = [name for name in self._store.campaigns_with_leads() if _belongs(name, campaign)]
        self._store.clear_leads(names)


def _refuse_unless_fresh(name: str, store: Store, campaigns: Campaigns) -> None:
    """A new campaign doesn't share its leads with another. Raises `ProblemError`."""
    known = [campaign.name for campaign in campaigns.campaigns()]
    parent = campaigns.campaign(name)
    if name in known:
        raise ProblemError(
            409, f"The campaign {name} already exists. Fix: leave the name out, or choose another."
        )
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
            f"{used} already has {plural(store.leads_in(used), 'lead')}: delete them "
            f"(DELETE /_sandbox/leads?campaign={used}) or choose another name.",
        )


def _campaign_in(content: dict[str, Any]) -> Campaign:
    name = text_or_none(content, "name") or fresh_name()
    if not NAME.fullmatch(name):
        raise ProblemError(400, f"“{name}” can't be a campaign's name: use 1 to 64 of A-Z a-z 0-9 _ . -")
    rulings = content.get("rulings") or {}
    if not isinstance(rulings, dict) or not all(isinstance(value, str) for value in rulings.values()):
        raise ProblemError(400, 'rulings must be an object of strings, such as {"region-case": "accept"}.')
    link = text_or_none(content, "link") or "optional"
    if link not in ("optional", "link", "tracking"):
        raise ProblemError(400, f"link={link} must be one of optional, link, tracking.")
    scenarios = None if content.get("scenarios") is None else tuple(names_in(content, "scenarios"))
    shape, shuffle = text_or_none(content, "errorBodies"), content.get("shuffle")
    if shape not in (None, *ERROR_BODIES):
        raise ProblemError(400, f"errorBodies={shape} must be one of {', '.join(ERROR_BODIES)}.")
    if shuffle is not None and not isinstance(shuffle, bool):
        raise ProblemError(400, f"shuffle={shuffle!r} must be true or false.")
    profile = text_or_none(content, "profile")
    return Campaign(name, link, profile, rulings, scenarios, shape, shuffle, added=True)


def _namespaces(store: Store, campaigns: Campaigns, forcing: ForcingEngine) -> list[dict[str, Any]]:
    """Campaigns that were created by the first use of a key namespace."""
    known = {campaign.name for campaign in campaigns.campaigns()}
    names = [name for name in store.campaigns_with_leads() if name not in known]
    parents = ((name, campaigns.campaign(name)) for name in names)
    return [
        {
            "campaign": name,
            "link": parent.link if parent else None,
            "scenarios": forcing.scenarios_in(parent.name) if parent else None,
            "leads": store.leads_in(name),
        }
        for name, parent in parents
    ]


def _belongs(campaign: str, parent: str) -> bool:
    return campaign == parent or campaign.startswith(f"{parent}.")
