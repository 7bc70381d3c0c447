"""`/_sandbox/config`: the settings, rulings and campaigns in force."""

from dataclasses import fields
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aktify_sandbox.admin.choices import choices
from aktify_sandbox.admin.components import Components
from aktify_sandbox.admin.responses import JSONResponse
from aktify_sandbox.contract.answers import ENDPOINT
from aktify_sandbox.contract.rulings import table_of
from aktify_sandbox.errors import DocumentError
from aktify_sandbox.first_request import line_to_paste
from aktify_sandbox.scenarios.answers import does
from aktify_sandbox.scenarios.engine import ForcingEngine
from aktify_sandbox.settings import WELL_KNOWN_KEYS
from aktify_sandbox.storage.log import request_id
from aktify_sandbox.version import __version__

_NOT_SHOWN = ("campaigns", "report_off", "rulings", "token")


def routes(components: Components) -> list[Route]:
    """The route of the configuration."""

    async def config(_: Request) -> Response:
        return JSONResponse(_config(components))

    return [Route("/config", config, methods=["GET"])]


def _config(components: Components) -> dict[str, Any]:
    settings, campaigns = components.settings, components.campaigns
    shown = {
        field.name: getattr(settings, field.name)
        for field in fields(settings)
        if field.name not in _NOT_SHOWN
    }
    origin, key = campaigns.origin, campaigns.default_key
    known = key if key in WELL_KNOWN_KEYS else None
    return {
        "version": __version__,
        "run": components.stream.run,
        "newest": request_id(components.store.newest),
        "endpoint": f"{origin}{ENDPOINT}",
        "apiKey": known,
        "curl": line_to_paste(campaigns, known),
        "curlNeeds": None if known else "AKTIFY_API_KEY",
        "magic": _magic(components.forcing),
        "choices": choices(),
        "settings": {name.replace("_", "-"): _plain(value) for name, value in shown.items()},
        "rulings": table_of(campaigns.rulings),
        "calibration": _calibration(components),
        "campaigns": [
            {
                "campaign": campaign.name,
                "link": campaign.link,
                "rulings": campaigns.rulings_of(campaign).changes,
                "scenarios": components.forcing.scenarios_in(campaign.name),
                "keys": [
                    key.shown
                    for key in campaigns.keys().values()
                    if key.campaign == campaign.name and not key.revoked
                ],
            }
            for campaign in campaigns.campaigns()
        ],
    }


def _calibration(components: Components) -> dict[str, Any] | None:
    """How the rulings in force stand against a real endpoint, by the file as it is now; None without a valid one."""
    path = components.settings.calibration
    if path is None:
        return None
    from aktify_sandbox.calibration.file import read, standing

    try:
        found = standing(read(path), components.campaigns.rulings)
    except DocumentError:
        return None
    return {
        "url": found.url,
        "startedAt": found.started_at,
        "verified": list(found.verified),
        "differing": dict(found.differing),
    }


def _magic(forcing: ForcingEngine) -> dict[str, list[dict[str, str]]]:
    """What forces an answer in every campaign: keys, and phone numbers in any area code."""
    rows: dict[str, list[dict[str, str]]] = {"keys": [], "numbers": []}
    for rule in forcing.built_in_rules:
        words = does(rule["answer"])
        if "key" in rule["when"]:
            rows["keys"].append({"key": rule["when"]["key"], "does": words})
        else:
            rows["numbers"].append({"phoneNumber": rule["when"]["phoneNumber"], "does": words})
    rows["keys"].insert(0, {"key": "test-401", "does": "401: a key that was revoked"})
    return rows


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    if value is None or isinstance(value, (bool, int)):
        return value
    return str(value)
