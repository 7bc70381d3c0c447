"""The settings in a configuration file, and its schema."""

import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aktify_sandbox.contract.rulings import FORMER, PROFILES, RULINGS
from aktify_sandbox.errors import DocumentError, FileProblem, SettingsError
from aktify_sandbox.originals import os
from aktify_sandbox.settings.campaigns import CampaignSetting, KeySetting
from aktify_sandbox.settings.finding_ids import FINDING_IDS
from aktify_sandbox.settings.flags import Flag

if TYPE_CHECKING:
    from aktify_sandbox.documents.document import Document

FILE_NAME = "aktify-sandbox.yaml"
CALIBRATION_NAME = "calibration.json"

_CAMPAIGN_NAME = r"^[A-Za-z0-9_.-]{1,64}$(?!\n)"
_CAMPAIGN_NAME_RULE = "A campaign's name is 1 to 64 of A-Z a-z 0-9 _ . -"
_KEY = r"^[!-~]{1,200}$(?!\n)"
_KEY_RULE = "A key is 1 to 200 visible ASCII characters, no spaces."
HEADER_VALUE = r"^[!-~]{1,1000}$(?!\n)"
HEADER_RULE = "A token is 1 to 1000 visible ASCII characters, no spaces."
ORIGIN = r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
ORIGIN_RULE = "isn't an address: write scheme, host and port alone, e.g. http://sandbox.test:9000."
_LINKS = ("optional", "link", "tracking")


def default_file(folder: Path, name: str = FILE_NAME) -> Path | None:
    """The file of that name in a folder, if it has one."""
    path = folder / name
    try:
        return path if stat.S_ISREG(os.stat(path).st_mode) else None
    except (FileNotFoundError, NotADirectoryError):
        return None


def settings_in(path: Path, flags: Sequence[Flag]) -> dict[str, Any]:
    """The settings in a configuration file, by field. Raises `SettingsError`."""
    from aktify_sandbox.documents.document import read_file

    try:
        document = read_file(path)
        content = document.value(schema(flags))
        problems = list(_campaign_problems(document, content))
        if problems:
            raise DocumentError(problems)
    except DocumentError as error:
        raise SettingsError(str(error)) from None
    return _by_field(content, path.parent, flags)


def _by_field(content: dict[str, Any], folder: Path, flags: Sequence[Flag]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for flag in flags:
        if flag.word in content:
            found[flag.field] = _value(flag, content[flag.word], folder)
    if "campaigns" in content:
        found["campaigns"] = tuple(
            _campaign(name, about or {}, folder) for name, about in content["campaigns"].items()
        )
    if "report" in content:
        found["report_off"] = content["report"].get("off", {})
    return found


def _value(flag: Flag, value: Any, folder: Path) -> Any:
    if flag.kind == "path":
        return folder / value
    if flag.field == "scenarios":
        return tuple(_scenario(each, folder) for each in value)
    if isinstance(value, list):
        return tuple(value)
    return not value if flag.is_negated else value


def _scenario(written: str, folder: Path) -> str:
    """A path is relative to the configuration file; a name stays a name."""
    return str(folder / written) if "/" in written or (folder / written).is_file() else written


def _campaign(name: str, about: dict[str, Any], folder: Path) -> CampaignSetting:
    keys = tuple(
        KeySetting(key) if isinstance(key, str) else KeySetting(**key) for key in about.get("keys", ())
    )
    scenarios = about.get("scenarios")
    return CampaignSetting(
        name,
        about.get("link", "optional"),
        keys,
        about.get("profile"),
        about.get("rulings", {}),
        None if scenarios is None else tuple(_scenario(each, folder) for each in scenarios),
    )


def _campaign_problems(document: "Document", content: dict[str, Any]) -> Iterator["FileProblem"]:
    seen: dict[str, str] = {}
    for campaign, about in (content.get("campaigns") or {}).items():
        for number, entry in enumerate((about or {}).get("keys", ())):
            key = entry if isinstance(entry, str) else entry["key"]
            place: tuple[str | int, ...] = ("campaigns", campaign, "keys", number)
            if isinstance(entry, dict) and key in entry.get("name", ""):
                hint = "A key's name is shown in its place, so it must not contain the key."
                yield document.problem(place, "The name of this key contains the key.", hint)
            if isinstance(entry, dict) and entry.get("revoked") and "answer" in entry:
                hint = "Leave out answer, or revoked."
                yield document.problem((*place, "answer"), "A revoked key always gets a 401.", hint)
            if key in seen:
                yield document.problem(
                    place,
                    f"This key is already in the campaign {seen[key]}.",
                    "A key belongs to one campaign.",
                )
            seen.setdefault(key, campaign)


def schema(flags: Iterable[Flag]) -> dict[str, Any]:
    """JSON Schema of the configuration file."""
    properties = {flag.word: _property(flag) for flag in flags if flag.field != "config"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:aktify-sandbox:config",
        "title": FILE_NAME,
        "type": "object",
        "additionalProperties": False,
        "properties": properties | {"campaigns": _campaigns_schema(), "report": _report_schema()},
    }


def _property(flag: Flag) -> dict[str, Any]:
    if flag.field == "rulings":
        return _rulings_schema()
    about: dict[str, Any] = {"description": flag.help}
    match flag.kind:
        case "boolean":
            return about | {"type": "boolean"}
        case "number":
            return about | {"type": "integer", "minimum": flag.least, "maximum": flag.most}
        case "choice":
            return about | {"type": "string", "enum": list(flag.choices)}
        case "many":
            return about | {"type": "array", "items": {"type": "string"}}
        case _ if flag.field == "public_url":
            return about | {"type": "string", "pattern": f"^{ORIGIN}/?$(?!\\n)"}
        case _ if flag.field == "token":
            rule = f"{flag.help} {HEADER_RULE}"
            return {"description": rule, "type": "string", "pattern": HEADER_VALUE, "writeOnly": True}
        case _:
            return about | {"type": "string", "minLength": 1}


def _rulings_schema() -> dict[str, Any]:
    free = {"number": r"^[1-9][0-9]{0,6}$(?!\n)", "url": r"^https?://[^ /?#][^ ?#]*$(?!\n)"}
    properties: dict[str, Any] = {}
    for name, ruling in RULINGS.items():
        words = {"type": "string", "description": ruling.reason}
        if ruling.free:
            pattern = "|".join([*(rf"^{word}$(?!\n)" for word in ruling.values), free[ruling.free]])
            properties[name] = words | {"pattern": pattern, "description": f"Allowed: {ruling.allowed}."}
        else:
            earlier = [value for each, value in FORMER if each == name]
            properties[name] = words | {"enum": [*ruling.values, *earlier]}
    for name, value in FORMER:
        properties.setdefault(name, {"enum": [value], "deprecated": True})
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _campaigns_schema() -> dict[str, Any]:
    text = {
        "type": "string",
        "pattern": _KEY,
        "description": _KEY_RULE,
    }
    full = {
        "type": "object",
        "additionalProperties": False,
        "required": ["key"],
        "properties": {
            "key": text,
            "name": {
                "type": "string",
                "minLength": 1,
                "description": "How it is shown. Default: masked, as tes…key.",
            },
            "revoked": {"type": "boolean", "description": "Answer every request with this key 401."},
            "answer": {
                "type": "integer",
                "minimum": 200,
                "maximum": 599,
                "description": "The status to force in place of a 201 or 409.",
            },
        },
    }
    campaign = {
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": {
            "link": {
                "type": "string",
                "enum": list(_LINKS),
                "description": "Which link its leads need: any or none, link, or linkToShorten (tracking).",
            },
            "keys": {
                "type": "array",
                "description": "The API keys that open it.",
                "items": {"anyOf": [text, full]},
                "writeOnly": True,
            },
            "profile": {
                "type": "string",
                "enum": list(PROFILES),
                "description": "Its own profile in place of the sandbox's.",
            },
            "rulings": _rulings_schema() | {"description": "Its own rulings on top of its profile."},
            "scenarios": {
                "type": "array",
                "description": "Its own active scenarios, by name or file, in place of the sandbox's.",
                "items": {"type": "string", "minLength": 1},
            },
        },
    }
    return {
        "type": "object",
        "description": f"Campaigns by name. {_CAMPAIGN_NAME_RULE}",
        "minProperties": 1,
        "propertyNames": {"description": _CAMPAIGN_NAME_RULE},
        "additionalProperties": False,
        "patternProperties": {_CAMPAIGN_NAME: campaign},
    }


def _report_schema() -> dict[str, Any]:
    reason = {"type": "string", "pattern": r"\S", "description": "Say why it is switched off."}
    return {
        "type": "object",
        "description": "What the report leaves out.",
        "additionalProperties": False,
        "properties": {
            "off": {
                "type": "object",
                "description": "Findings that are switched off, by id, each with the reason.",
                "additionalProperties": False,
                "properties": dict.fromkeys(FINDING_IDS, reason),
            }
        },
    }
