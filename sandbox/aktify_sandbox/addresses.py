"""Addresses of sandboxes: how people write them, and whether they are on this machine."""

from urllib.parse import urlsplit

from aktify_sandbox.errors import AddressError

DEFAULT_URL = "http://127.0.0.1:8509"
"""The address that a sandbox uses by default."""


def address_of(written: str) -> str:
    """The full address, whether given as `localhost:8509` or as `http://localhost:8509/_sandbox/`.

    Raises `AddressError`.
    """
    error = AddressError(f"“{written}” isn't an address. Fix: write it as {DEFAULT_URL}.")
    text = written.strip()
    if not text.isprintable() or " " in text:
        raise error
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        has_port = parts.port is not None
    except ValueError:
        raise error from None
    name = parts.hostname or ""
    is_number = name.isdecimal() and not has_port  # otherwise a port alone would be taken for a host
    more = parts.query or parts.fragment or "@" in parts.netloc or parts.netloc.endswith(":")
    if parts.scheme not in ("http", "https") or not name or is_number or more:
        raise error
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix('/_sandbox')}"


def origin_of(host: str, port: int) -> str:
    """The address as a client on this machine sees it."""
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104  a comparison
    return f"http://{name}:{port}"


def is_loopback(name: str) -> bool:
    """Whether the name or address always means this machine."""
    from ipaddress import ip_address

    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name.lower() == "localhost"
