"""What can be set: one dataclass from which flags, environment variables and the configuration file derive.

A flag beats the environment, the environment the file, the file the default.
"""

import dataclasses
import functools
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from aktify_sandbox.contract.rulings import FORMER, PROFILES, RULINGS, Rulings, with_current_names
from aktify_sandbox.errors import RulingError, SettingsError
from aktify_sandbox.originals import os
from aktify_sandbox.text import suggest

if TYPE_CHECKING:
    from aktify_sandbox.documents.document import Document
    from aktify_sandbox.errors import FileProblem

FILE_NAME = "aktify-sandbox.yaml"
PREFIX = "AKTIFY_SANDBOX_"
_OF_COMMANDS = ("URL", "TOKEN")
_OF_KUBERNETES = r"SERVICE_(?:HOST|PORT)(?:_.*)?|PORT_[0-9]+_(?:TCP|UDP|SCTP)(?:_.*)?"
"""Set in every pod beside a service that is called aktify-sandbox."""

_CAMPAIGN_NAME = r"^[A-Za-z0-9_.-]{1,64}$(?!\n)"
_CAMPAIGN_NAME_RULE = "A campaign's name is 1 to 64 of A-Z a-z 0-9 _ . -"
_KEY = r"^[!-~]{1,200}$(?!\n)"
_KEY_RULE = "A key is 1 to 200 visible ASCII characters, no spaces."
_HEADER_WORD = r"^[!-~]{1,1000}$(?!\n)"
_TOKENS_ARE = "A token is 1 to 1000 visible ASCII characters, no spaces."
_ORIGIN = r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
_ORIGINS_ARE = "isn't an address: write scheme, host and port alone, e.g. http://sandbox.test:9000."
_LINKS = ("optional", "link", "tracking")
ERROR_BODIES = ("detailed", "empty", "text", "html", "rotate")


@dataclass(frozen=True, slots=True)
class KeySetting:
    """A key of a campaign. `name` is how it is shown; without one it is shown masked."""

    key: str
    name: str | None = None
    revoked: bool = False
    answer: int | None = None
    """The status that it forces; None: nothing is forced."""

    @property
    def is_ordinary(self) -> bool:
        """Whether its leads get what they deserve."""
        return not self.revoked and self.answer in (None, 201)


@dataclass(frozen=True, slots=True)
class CampaignSetting:
    """A campaign: what kind it is, who may post into it, and where it rules otherwise."""

    name: str
    link: str = "optional"
    keys: tuple[KeySetting, ...] = ()
    profile: str | None = None
    rulings: Mapping[str, str] = field(default_factory=dict)
    scenarios: tuple[str, ...] | None = None
    """Those in force in it alone, in place of those for all; None: those for all."""


BUILT_IN_KEYS = (
    KeySetting("test-401", revoked=True),
    *(KeySetting(key) for key in ("test-400", "test-409", "test-429", "test-500", "test-slow")),
)
"""Keys that force an answer, in the first campaign; `scenarios/built-in/keys.yaml` says what they force."""

DEFAULT_CAMPAIGNS = (CampaignSetting("demo", keys=(KeySetting("test-key"),)),)
"""What holds without a configuration file; `fixtures/campaigns.yaml` says the same."""

WELL_KNOWN_KEYS = frozenset(key.key for key in (*BUILT_IN_KEYS, *DEFAULT_CAMPAIGNS[0].keys))
"""Keys that are no secret: everybody's sandbox has them."""


def first_key(campaigns: Iterable[CampaignSetting]) -> str | None:
    """A key that works, if any does; one that forces no answer, if there is one."""
    valid = [key for campaign in campaigns for key in campaign.keys if not key.revoked]
    return next((key.key for key in sorted(valid, key=lambda key: not key.is_ordinary)), None)


def _option(default: Any, about: str, **more: Any) -> Any:
    return field(default=default, metadata={"help": about, **more})


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a sandbox. Sizes are in bytes."""

    host: str = _option(
        "127.0.0.1", "Address to listen on; any but this machine's own demands --token.", metavar="ADDRESS"
    )
    port: int = _option(8509, "Port to listen on; 0 takes a free one.", metavar="PORT", least=0, most=65_535)
    config: Path | None = _option(
        None, f"Configuration file (default: {FILE_NAME}, if there).", kind="path", metavar="FILE"
    )
    state: Path = _option(
        Path(".aktify-sandbox"), "Folder that remembers leads and requests.", kind="path", metavar="DIR"
    )
    in_memory: bool = _option(False, "Write nothing to disk; all is forgotten at the end.")
    from_state: Path | None = _option(
        None, "Begin with a saved state, if there is none yet.", kind="path", metavar="FILE"
    )
    scenarios: tuple[str, ...] = _option(
        (),
        "Put a scenario into force, by name or file; repeatable. `aktify-sandbox scenarios list` lists them.",
        kind="many",
        flag="scenario",
        word="scenarios",
        metavar="NAME_OR_FILE",
    )
    profile: str = _option(
        "default", "How forgiving the sandbox is where the vendor's page is silent.", choices=PROFILES
    )
    rulings: Mapping[str, str] = field(
        default_factory=dict,
        metadata={
            "help": "Decide one silent point otherwise; repeatable. `aktify-sandbox rulings` lists them.",
            "kind": "many",
            "flag": "ruling",
            "word": "rulings",
            "metavar": "NAME=VALUE",
        },
    )
    error_bodies: str = _option(
        "detailed",
        "Shape of 4xx bodies, which the contract leaves open.",
        choices=ERROR_BODIES,
    )
    shuffle: bool = _option(False, "Change the order of each 201 and add an unknown property.")
    magic: bool = _option(True, "Leave the phone numbers that force an answer ordinary.", flag="no-magic")
    sandbox_headers: bool = _option(
        True, "Leave out the x-aktify-sandbox-… headers.", flag="no-sandbox-headers"
    )
    seed: int = _option(0, "Seed of all that is left to chance.", metavar="N", least=0, most=2**53)
    max_body: int = _option(
        100_000,
        "Largest body in bytes; a larger one is a 413.",
        metavar="BYTES",
        least=1_000,
        most=100_000_000,
    )
    keep: int | None = _option(None, "Keep only the newest N requests.", metavar="N", least=1, most=2**53)
    ready_file: Path | None = _option(
        None,
        "Write address, key and process id here once requests are answered.",
        kind="path",
        metavar="FILE",
    )
    allow_host: tuple[str, ...] = _option(
        (), "Another name under which /_sandbox may be reached; repeatable.", kind="many", metavar="NAME"
    )
    public_url: str | None = _option(
        None, "Address in links and banner, if clients see another.", metavar="URL"
    )
    token: str | None = _option(None, "Demand this token on /_sandbox.", metavar="TOKEN")
    fictional_only: bool = _option(False, "Refuse every phone number outside 555-0100 to 555-0199.")
    fsync: bool = _option(False, "Wait for the disk before each answer: survives a power loss.")
    open: bool = _option(False, "Open the inspector in the browser.")
    log_format: str = _option("text", "One line or one JSON object per request.", choices=("text", "json"))
    quiet: bool = _option(False, "Print errors only.")
    show_pii: bool = _option(False, "Show phone numbers and e-mail addresses unmasked in the terminal.")
    campaigns: tuple[CampaignSetting, ...] = field(default=DEFAULT_CAMPAIGNS, metadata={"only_in_file": True})

    @classmethod
    def gather(
        cls,
        flags: Mapping[str, Any],
        environ: Mapping[str, str],
        folder: Path,
        *,
        for_command: bool = False,
    ) -> tuple["Settings", list[str]]:
        """Settings from all levels, and notices for the user.

        `flags` has only what was given, by field name (`rulings` as texts NAME=VALUE). `for_command`: of a sandbox
        that lives as long as a command does; it takes a free port and writes nothing, whatever the file says of the
        one that `serve` runs. Raises `SettingsError`.
        """
        notices = list(_unknown_variables(environ))
        given = _from_environment(environ, notices) | _from_flags(flags)
        path = given.get("config") or _default_file(folder)
        filed = _from_file(Path(path)) if path else {}
        if for_command:
            filed |= {"port": 0, "in_memory": "state" not in given}
        rulings = {**filed.pop("rulings", {}), **_from_environment_rulings(environ), **_flag_rulings(flags)}
        today, outdated = with_current_names(rulings)
        merged = {
            **filed,
            **{name: value for name, value in given.items() if name != "rulings"},
            "rulings": today,
        }
        notices += [*outdated, *_outdated(filed.get("campaigns", ()))]
        return _checked(cls(**merged)), notices


class Flag(NamedTuple):
    """A field as a command line shows it."""

    field: str
    name: str
    """Without the leading hyphens."""
    word: str
    """How the configuration file calls it."""
    help: str
    kind: str
    """text, number, boolean, path, choice or many."""
    metavar: str | None
    choices: tuple[str, ...]
    default: Any
    least: int | None
    most: int | None


@functools.cache
def fields_for_flags() -> tuple[Flag, ...]:
    """Every setting that a flag can set."""
    return tuple(_flag(each) for each in fields(Settings) if "only_in_file" not in each.metadata)


def _flag(each: "dataclasses.Field[Any]") -> Flag:
    about = each.metadata
    name = about.get("flag", each.name.replace("_", "-"))
    return Flag(
        each.name,
        name,
        about.get("word", name),
        about["help"],
        about.get("kind") or _kind_of(each.default, about),
        about.get("metavar"),
        tuple(about.get("choices", ())),
        each.default,
        about.get("least"),
        about.get("most"),
    )


def _kind_of(default: Any, about: Mapping[str, Any]) -> str:
    if isinstance(default, bool):
        return "boolean"
    if "choices" in about:
        return "choice"
    return "number" if "least" in about else "text"


# the levels


def _outdated(campaigns: Iterable[CampaignSetting]) -> Iterator[str]:
    """Notices of rulings that campaigns call by earlier names."""
    for campaign in campaigns:
        yield from (
            f"Campaign {campaign.name}: {notice}" for notice in with_current_names(campaign.rulings)[1]
        )


def _from_flags(flags: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in flags.items() if name != "rulings"}


def _flag_rulings(flags: Mapping[str, Any]) -> dict[str, str]:
    return _rulings(flags.get("rulings", ()), "--ruling")


def _unknown_variables(environ: Mapping[str, str]) -> Iterator[str]:
    """Notices of what is misspelt; no values, which may be secrets."""
    names = {name for flag in fields_for_flags() for name in (flag.name, flag.word)}
    known = [*(name.replace("-", "_").upper() for name in sorted(names)), *_OF_COMMANDS]
    for variable in sorted(environ):
        name = variable.removeprefix(PREFIX)
        if name == variable or name in known or re.fullmatch(_OF_KUBERNETES, name):
            continue
        meant = suggest(name.upper(), known, f" Did you mean {PREFIX}{{}}?")
        yield f"{variable} isn't known: ignored.{meant}"


def _from_environment(environ: Mapping[str, str], notices: list[str]) -> dict[str, Any]:
    given = {}
    for flag in fields_for_flags():
        variables = [PREFIX + name.replace("-", "_").upper() for name in (flag.name, flag.word)]
        variable = next((each for each in variables if environ.get(each)), variables[0])
        text = environ.get(variable, "")
        if flag.field == "rulings" or text == "":
            continue
        if flag.field == "port" and "://" in text:
            notices.append(f"{variable}={text} is Kubernetes' own, not a port: ignored.")
            continue
        given[flag.field] = _from_text(flag, text, variable)
    return given


def _from_environment_rulings(environ: Mapping[str, str]) -> dict[str, str]:
    for variable in (f"{PREFIX}RULING", f"{PREFIX}RULINGS"):
        if environ.get(variable):
            return _rulings([part.strip() for part in environ[variable].split(",")], variable)
    return {}


def _rulings(texts: Iterable[str], source: str) -> dict[str, str]:
    rulings = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise SettingsError(f"{source}: found {text}; write NAME=VALUE, such as region-case=accept.")
        rulings[name.strip()] = value.strip()
    try:
        Rulings.of("default", rulings)
    except RulingError as mistake:
        raise SettingsError(f"{source}: {mistake}") from None
    return rulings


def _from_text(flag: Flag, text: str, variable: str) -> Any:
    match flag.kind:
        case "boolean":
            value = _boolean(text, variable)
            return not value if flag.name.startswith("no-") else value
        case "number":
            return _number(flag, text, variable)
        case "choice":
            return _one_of(flag.choices, text, variable)
        case "path":
            return Path(text)
        case "many":
            return tuple(part.strip() for part in text.split(",") if part.strip())
        case _:
            return text


def _boolean(text: str, variable: str) -> bool:
    words = {
        "1": True,
        "true": True,
        "yes": True,
        "on": True,
        "0": False,
        "false": False,
        "no": False,
        "off": False,
    }
    if text.lower() not in words:
        raise SettingsError(f"{variable}: found {text}; write true or false.")
    return words[text.lower()]


def _number(flag: Flag, text: str, variable: str) -> int:
    if not re.fullmatch(r"[0-9]{1,16}", text) or not (flag.least or 0) <= int(text) <= (flag.most or 0):
        raise SettingsError(f"{variable}: found {text}; write a number from {flag.least} to {flag.most}.")
    return int(text)


def _one_of(choices: tuple[str, ...], text: str, variable: str) -> str:
    if text not in choices:
        meant = suggest(text, choices, "did you mean {}? ")
        raise SettingsError(f"{variable}: found {text}; {meant}allowed: {', '.join(choices)}.")
    return text


def _default_file(folder: Path) -> Path | None:
    path = folder / FILE_NAME
    try:
        return path if stat.S_ISREG(os.stat(path).st_mode) else None
    except (FileNotFoundError, NotADirectoryError):
        return None


def _from_file(path: Path) -> dict[str, Any]:
    from aktify_sandbox.documents.document import read_file
    from aktify_sandbox.errors import DocumentError

    try:
        document = read_file(path)
        content = document.value(config_schema())
        mistakes = list(_campaign_mistakes(document, content))
        if mistakes:
            raise DocumentError(mistakes)
    except DocumentError as error:
        raise SettingsError(str(error)) from None
    return _settings_in(content, path.parent)


def _settings_in(content: dict[str, Any], folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for flag in fields_for_flags():
        if flag.word in content and flag.field != "config":
            value = content[flag.word]
            if flag.kind == "path":
                value = folder / value
            elif flag.field == "scenarios":
                value = [_scenario(each, folder) for each in value]
            found[flag.field] = (
                not value
                if flag.name.startswith("no-")
                else tuple(value)
                if flag.kind == "many" and isinstance(value, list)
                else value
            )
    if "campaigns" in content:
        found["campaigns"] = tuple(
            _campaign(name, about or {}, folder) for name, about in content["campaigns"].items()
        )
    return found


def _scenario(written: str, folder: Path) -> str:
    """A path in the file starts where the file lies; a name stays a name."""
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


def _campaign_mistakes(document: "Document", content: dict[str, Any]) -> Iterator["FileProblem"]:
    seen: dict[str, str] = {}
    for campaign, about in (content.get("campaigns") or {}).items():
        for number, entry in enumerate((about or {}).get("keys", ())):
            key = entry if isinstance(entry, str) else entry["key"]
            place: tuple[str | int, ...] = ("campaigns", campaign, "keys", number)
            if isinstance(entry, dict) and key in entry.get("name", ""):
                hint = "A key's name is how it is shown, so it must not hold the key."
                yield document.problem(place, "The name of this key gives it away.", hint)
            if isinstance(entry, dict) and entry.get("revoked") and "answer" in entry:
                hint = "Leave out answer, or revoked."
                yield document.problem((*place, "answer"), "A revoked key is a 401, always.", hint)
            if key in seen:
                yield document.problem(
                    place, f"This key stands in the campaign {seen[key]} already.", "A key has one campaign."
                )
            seen.setdefault(key, campaign)


def _checked(settings: Settings) -> Settings:
    from ipaddress import ip_address

    try:
        loopback = settings.host == "localhost" or ip_address(settings.host).is_loopback
    except ValueError:
        raise SettingsError(
            f"--host {settings.host} isn't an address: write 127.0.0.1, 0.0.0.0 or localhost."
        ) from None
    if settings.token is not None and not settings.token:
        raise SettingsError("--token is empty, and nobody could enter: give one, or leave the option out.")
    if not loopback and not settings.token:
        raise SettingsError(
            f"--host {settings.host} opens the sandbox to the network: give --token TOKEN too, or AKTIFY_SANDBOX_TOKEN."
        )
    if settings.token and not re.fullmatch(_HEADER_WORD, settings.token):
        raise SettingsError(f"--token can't be sent in a header: {_TOKENS_ARE}")
    allowed = tuple(_host_name(name) for name in settings.allow_host)
    public = settings.public_url.removesuffix("/") if settings.public_url is not None else None
    if public is not None and not re.fullmatch(_ORIGIN, public):
        raise SettingsError(f"--public-url {settings.public_url} {_ORIGINS_ARE}")
    if public:  # whoever follows a link to the page comes under this name
        allowed += (_host_name(public.partition("//")[2]),)
    rulings = {**settings.rulings, **({"fictional-only": "on"} if settings.fictional_only else {})}
    return dataclasses.replace(settings, allow_host=allowed, public_url=public, rulings=rulings)


def _host_name(written: str) -> str:
    """The name alone: a port behind it is dropped, since a sandbox has but one."""
    from ipaddress import IPv6Address, ip_address

    found = re.fullmatch(r"\[(.*)\](?::[0-9]{1,5})?|([A-Za-z0-9_.-]+)(?::[0-9]{1,5})?", written)
    try:
        if found and found[2]:
            return found[2]
        return str(IPv6Address(found[1]) if found else ip_address(written))  # as browsers write it
    except ValueError:
        pass
    raise SettingsError(
        f"--allow-host {written} isn't a host's name: write it alone, as in sandbox.example.com."
    )


# the file's schema


def config_schema() -> dict[str, Any]:
    """JSON Schema of the configuration file, made from the fields above."""
    properties = {flag.word: _property(flag) for flag in fields_for_flags() if flag.field != "config"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:aktify-sandbox:config",
        "title": FILE_NAME,
        "type": "object",
        "additionalProperties": False,
        "properties": properties | {"campaigns": _campaigns_schema()},
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
            return about | {"type": "string", "pattern": f"^{_ORIGIN}/?$(?!\\n)"}
        case _ if flag.field == "token":
            rule = f"{flag.help} {_TOKENS_ARE}"
            return {"description": rule, "type": "string", "pattern": _HEADER_WORD, "writeOnly": True}
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
            "name": {"type": "string", "minLength": 1},
            "revoked": {"type": "boolean", "description": "Whether it is a 401, as a key that was revoked."},
            "answer": {
                "type": "integer",
                "minimum": 200,
                "maximum": 599,
                "description": "The status that it forces in place of a 201 or 409.",
            },
        },
    }
    campaign = {
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": {
            "link": {"type": "string", "enum": list(_LINKS), "description": "What kind of campaign it is."},
            "keys": {
                "type": "array",
                "description": "The API keys that post into it.",
                "items": {"anyOf": [text, full]},
                "writeOnly": True,
            },
            "profile": {"type": "string", "enum": list(PROFILES)},
            "rulings": _rulings_schema(),
            "scenarios": {
                "type": "array",
                "description": "Scenarios in force in it alone, by name or file, in place of those for all.",
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
