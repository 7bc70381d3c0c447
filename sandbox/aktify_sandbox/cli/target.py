"""Which sandbox a command talks to, and how it was found."""

import os
from pathlib import Path
from typing import NamedTuple

import click

from aktify_sandbox.addresses import DEFAULT_URL, address_of, is_loopback, origin_of
from aktify_sandbox.errors import AddressError, NotServedError, SettingsError
from aktify_sandbox.settings import PREFIX, Settings

VARIABLE = f"{PREFIX}URL"


class Target(NamedTuple):
    """A sandbox's address."""

    url: str
    source: str
    """How it was found: `--url`, a variable, a file, or `the default address`."""
    is_named: bool = True
    """Whether the user named it; otherwise it was found."""
    tried: tuple[str, ...] = ()
    """What was tried before, and why it wasn't used."""
    token: str | None = None
    """The token that is configured for it."""

    def __str__(self) -> str:
        return f"{self.url} ({'; '.join([self.source, *self.tried])})"


def find(url: str | None, token: str | None, config: Path | None = None) -> Target:
    """The address that was given; else the variable's; else that of the sandbox that is served from here.

    `config`: the configuration file, if one was given. A mistake in what says so is wrong usage: exit code 2.
    """
    if url is not None:
        return Target(_address(url, "--url"), "--url")
    named = os.environ.get(VARIABLE)
    if named is not None:
        return Target(_address(named, VARIABLE), VARIABLE)
    given = {name: value for name, value in (("token", token), ("config", config)) if value}
    try:
        settings, _ = Settings.gather(given, os.environ, Path.cwd())
    except SettingsError as error:
        raise click.UsageError(
            f"The settings that say where the sandbox is are invalid: {error} Fix: correct it, or give --url."
        ) from None
    return _served_here(settings)


def _address(written: str, source: str) -> str:
    if not written.strip():
        raise click.UsageError(
            f"{source} is empty. Fix: leave it out, or write an address such as {DEFAULT_URL}."
        )
    try:
        return address_of(written)
    except AddressError as error:
        raise click.UsageError(f"{source}: {error}") from None


def _served_here(settings: Settings) -> Target:
    """The sandbox of the state folder that `serve` would use here, else the one at the port it would use."""
    from aktify_sandbox.storage import server_file

    tried: tuple[str, ...] = ()
    if not settings.in_memory:
        folder = settings.state.absolute()
        try:
            served = server_file.read(folder)
        except NotServedError as reason:
            tried = (str(reason),)
        else:
            return Target(served.url, str(folder / server_file.NAME), False, (), settings.token)
    url = _url(settings)
    if settings.port == 0 or url == DEFAULT_URL:
        return Target(DEFAULT_URL, "the default address", False, tried, settings.token)
    variable = f"{PREFIX}PORT"
    by_variable = os.environ.get(variable, "").isdecimal()
    source = variable if by_variable else "the configured port"
    return Target(url, source, False, tried, settings.token)


def _url(settings: Settings) -> str:
    """An address on this machine, whatever the file contains, since a token may be sent to it."""
    host = settings.host if is_loopback(settings.host) else "127.0.0.1"
    return origin_of(host, settings.port)
