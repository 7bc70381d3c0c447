"""The settings: one dataclass from which flags, environment variables and the configuration file derive."""

import dataclasses
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from aktify_sandbox.contract.rulings import PROFILES, with_current_names
from aktify_sandbox.errors import SettingsError
from aktify_sandbox.settings import environment, file
from aktify_sandbox.settings.campaigns import DEFAULT_CAMPAIGNS, CampaignSetting
from aktify_sandbox.settings.flags import Flag, flag_of, option

ERROR_BODIES = ("detailed", "empty", "text", "html", "rotate")


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a sandbox. Sizes are in bytes."""

    host: str = option(
        "127.0.0.1", "Address to listen on; beyond loopback it needs --token.", metavar="ADDRESS"
    )
    port: int = option(8509, "Port to listen on; 0 takes a free one.", metavar="PORT", least=0, most=65_535)
    config: Path | None = option(
        None, f"Configuration file (default: {file.FILE_NAME}, if there).", kind="path", metavar="FILE"
    )
    state: Path = option(
        Path(".aktify-sandbox"), "State folder for leads and requests.", kind="path", metavar="DIR"
    )
    calibration: Path | None = option(
        None,
        f"Calibration file (default: {file.CALIBRATION_NAME}, if there).",
        kind="path",
        metavar="FILE",
    )
    in_memory: bool = option(False, "Keep the state in memory only.")
    from_state: Path | None = option(
        None, "Load this saved state if the state folder is empty.", kind="path", metavar="FILE"
    )
    scenarios: tuple[str, ...] = option(
        (),
        "Activate a scenario, by name or file; repeatable.",
        kind="many",
        flag="scenario",
        word="scenarios",
        metavar="NAME_OR_FILE",
    )
    profile: str = option("default", "How strict to be where Aktify's page is silent.", choices=PROFILES)
    rulings: Mapping[str, str] = field(
        default_factory=dict,
        metadata={
            "help": "Override a ruling; repeatable.",
            "kind": "many",
            "flag": "ruling",
            "word": "rulings",
            "metavar": "NAME=VALUE",
        },
    )
    error_bodies: str = option(
        "detailed",
        "Format of the bodies of 4xx answers.",
        choices=ERROR_BODIES,
    )
    shuffle: bool = option(False, "Shuffle the properties of a 201 and add an unknown one.")
    magic: bool = option(True, "Disable magic phone numbers.", flag="no-magic")
    sandbox_headers: bool = option(True, "Omit the x-aktify-sandbox-… headers.", flag="no-sandbox-headers")
    seed: int = option(0, "Random seed.", metavar="N", least=0, most=2**53)
    max_body: int = option(
        100_000,
        "Largest body in bytes; larger ones get a 413.",
        metavar="BYTES",
        least=1_000,
        most=100_000_000,
    )
    keep: int | None = option(None, "Keep only the newest N requests.", metavar="N", least=1, most=2**53)
    ready_file: Path | None = option(
        None,
        "Write URL, key and pid to FILE when ready.",
        kind="path",
        metavar="FILE",
    )
    allow_host: tuple[str, ...] = option(
        (), "Allow this host name on /_sandbox; repeatable.", kind="many", metavar="NAME"
    )
    public_url: str | None = option(
        None, "URL to show in links and banner, e.g. behind a proxy.", metavar="URL"
    )
    token: str | None = option(None, "Require this token on /_sandbox.", metavar="TOKEN")
    fictional_only: bool = option(False, "Refuse phone numbers outside 555-0100 to 555-0199.")
    fsync: bool = option(False, "Sync to disk before each answer.")
    open: bool = option(False, "Open the inspector in the browser.")
    log_format: str = option("text", "One line or one JSON object per request.", choices=("text", "json"))
    quiet: bool = option(False, "Print errors only.")
    show_pii: bool = option(False, "Show phone numbers, e-mail addresses, last names whole.")
    campaigns: tuple[CampaignSetting, ...] = field(default=DEFAULT_CAMPAIGNS, metadata={"only_in_file": True})
    report_off: Mapping[str, str] = field(default_factory=dict, metadata={"only_in_file": True})
    """The findings of the report that are switched off, by id, each with the reason."""

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
        known = fields_for_flags()
        variables = environment.settings_in(environ, known)
        rulings = (
            {"rulings": environment.rulings_in(flags["rulings"], "--ruling")} if "rulings" in flags else {}
        )
        given = {**variables, **flags}
        path = given.get("config") or file.default_file(folder)
        filed = file.settings_in(Path(path), known) if path else {}
        if for_command:
            filed |= {"port": 0, "in_memory": "state" not in given}
        merged, outdated = _merged(filed, variables, {**flags, **rulings})
        merged.setdefault("calibration", file.default_file(folder, file.CALIBRATION_NAME))
        return _checked(cls(**merged)), [*environment.notices_of(environ, known), *outdated]


@functools.cache
def fields_for_flags() -> tuple[Flag, ...]:
    """Every setting that a flag can set."""
    return tuple(flag_of(each) for each in fields(Settings) if "only_in_file" not in each.metadata)


def config_schema() -> dict[str, Any]:
    """JSON Schema of the configuration file."""
    return file.schema(fields_for_flags())


def _merged(*levels: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The levels in one, the later over the earlier, rulings by their names; and notices of names that are outdated."""
    merged = {name: value for level in levels for name, value in level.items()}
    rulings = {name: value for level in levels for name, value in level.get("rulings", {}).items()}
    merged["rulings"], notices = with_current_names(rulings)
    for campaign in merged.get("campaigns", ()):
        outdated = with_current_names(campaign.rulings)[1]
        notices = [*notices, *(f"Campaign {campaign.name}: {notice}" for notice in outdated)]
    return merged, list(notices)


def _checked(settings: Settings) -> Settings:
    from ipaddress import ip_address

    try:
        loopback = settings.host == "localhost" or ip_address(settings.host).is_loopback
    except ValueError:
        raise SettingsError(
            f"--host {settings.host} isn't an address. Fix: write 127.0.0.1, 0.0.0.0 or localhost."
        ) from None
    if settings.token is not None and not settings.token:
        raise SettingsError("--token is empty. Fix: give a token, or leave the option out.")
    if not loopback and not settings.token:
        raise SettingsError(
            f"--host {settings.host} opens the sandbox to the network. Fix: add --token or AKTIFY_SANDBOX_TOKEN."
        )
    if settings.token and not re.fullmatch(file.HEADER_VALUE, settings.token):
        raise SettingsError(f"--token can't be sent in a header: {file.HEADER_RULE}")
    allowed = tuple(_host_name(name) for name in settings.allow_host)
    public = settings.public_url.removesuffix("/") if settings.public_url is not None else None
    if public is not None and not re.fullmatch(file.ORIGIN, public):
        raise SettingsError(f"--public-url {settings.public_url} {file.ORIGIN_RULE}")
    if public:  # a link to the page has this name
        allowed += (_host_name(public.partition("//")[2]),)
    rulings = {**settings.rulings, **({"fictional-only": "on"} if settings.fictional_only else {})}
    return dataclasses.replace(settings, allow_host=allowed, public_url=public, rulings=rulings)


def _host_name(written: str) -> str:
    """The name without its port, since a sandbox has only one."""
    from ipaddress import IPv6Address, ip_address

    found = re.fullmatch(r"\[(.*)\](?::[0-9]{1,5})?|([A-Za-z0-9_.-]+)(?::[0-9]{1,5})?", written)
    try:
        if found and found[2]:
            return found[2]
        return str(IPv6Address(found[1]) if found else ip_address(written))  # as browsers write it
    except ValueError:
        pass
    raise SettingsError(
        f"--allow-host {written} isn't a host name. Fix: write the name alone, e.g. sandbox.example.com."
    )
