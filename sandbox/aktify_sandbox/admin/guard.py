"""One guard for the whole admin API, which refuses by default. The attacker is a web page in the developer's browser.

A page can make the browser send requests here under a name that it controls (DNS rebinding), so the `Host` must be a
name of this machine. It can post forms, so a body must be JSON. The browser always sends the page's origin, so a
foreign origin is refused. Decisions use `scope["path"]`, and forwarded headers are ignored. Only health is available
under any name, since a Kubernetes probe sends the pod's address. A link in a chat may open the page itself, which is
the same for everyone and loads its data from its own origin.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from aktify_sandbox.addresses import is_loopback
from aktify_sandbox.admin.problems import problem_response, wants_page

_JSON = "application/json"
STATE_MEDIA = "application/x-ndjson"
FILE_MEDIA = "application/octet-stream"

_OTHER_MEDIA = {"/_sandbox/state": STATE_MEDIA, "/_sandbox/check": FILE_MEDIA}
"""Content types other than JSON, by path, so that another method is answered 405. No form can send them, and a page
only after a preflight, which is never granted.
"""
_HEALTH = "/_sandbox/health"
_COOKIE = "aktify_sandbox_token"
_AGAIN = "again"
"""The query parameter of a page that was requested again from its own origin."""
_PAGES = re.compile(r"/_sandbox(?:/|/requests/r[0-9]+)?")
"""The paths that serve the page or redirect to it."""
_ONCE = (b"host", b"origin", b"sec-fetch-site", b"content-type", b"authorization")
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::([0-9]{1,5}))?")


class Guard:
    """ASGI middleware around the admin API."""

    def __init__(self, app: ASGIApp, *, allowed_hosts: Iterable[str], token: str | None) -> None:
        self._app = app
        self._allowed = {host.lower() for host in allowed_hosts}
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or say why not."""
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        refusal = (
            _repeated([name for name, _ in scope["headers"]])
            or self._refusal(scope, headers)
            or self._unauthorized(scope, headers)
        )
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope, headers: dict[bytes, str]) -> Response | None:
        host = headers.get(b"host", "")
        if not self._is_ours(host) and not _asks_for_health(scope):
            return problem_response(
                403,
                f"{host or 'No Host'} isn't an allowed host name: use 127.0.0.1, or start with --allow-host NAME.",
            )
        origin = headers.get(b"origin")
        if origin is not None and origin.lower() not in (f"http://{host.lower()}", f"https://{host.lower()}"):
            return problem_response(403, f"Requests from pages of {origin} are refused.")
        if headers.get(b"sec-fetch-site") == "cross-site" and not _opens_the_page(scope, headers):
            return problem_response(403, "Requests from pages of other sites are refused.")
        if scope["method"] not in ("GET", "HEAD"):
            wanted = _OTHER_MEDIA.get(scope["path"])
            if not (_is_json(headers) or _media(headers) == wanted):
                return problem_response(415, f"Send the body as content-type: {wanted or _JSON}.")
        return None

    def _is_ours(self, host: str) -> bool:
        name = _name_in(host)
        return bool(name) and (name in self._allowed or is_loopback(name))

    def _unauthorized(self, scope: Scope, headers: dict[bytes, str]) -> Response | None:
        if self._token is None or scope["path"] == _HEALTH:
            return None
        path, query = scope["path"], dict(parse_qsl(scope["query_string"].decode("latin-1")))
        name = _cookie_name(headers[b"host"])
        if scope["method"] == "GET" and self._is_token(query.pop("token", "")):
            return self._exchange_for_cookie(name, path, query)
        asks_again = query.pop(_AGAIN, None) is not None
        given = headers.get(b"authorization", "").removeprefix("Bearer ")
        cookie = Request(scope).cookies.get(name, "")
        if self._is_token(given) or hmac.compare_digest(cookie.encode(), self._cookie_value):
            return _redirect(path, query) if asks_again and _is_page(scope) else None
        refusal = problem_response(
            401,
            "This sandbox was started with --token: open /_sandbox/?token=TOKEN in a browser;"
            " programs send Authorization: Bearer TOKEN.",
        )
        # a link from another site brings no strict cookie, but this redirect does
        if _is_page(scope) and not asks_again:
            refusal.headers["refresh"] = f"0; url={_address(path, {**query, _AGAIN: '1'})}"
        return refusal

    def _is_token(self, given: str) -> bool:
        return bool(self._token) and hmac.compare_digest(given.encode(), (self._token or "").encode())

    @property
    def _cookie_value(self) -> bytes:
        """Proves that its holder knew the token, without revealing it."""
        return hmac.digest((self._token or "").encode(), _COOKIE.encode(), hashlib.sha256).hex().encode()

    def _exchange_for_cookie(self, name: str, path: str, query: dict[str, str]) -> Response:
        response = _redirect(path, query)
        value = self._cookie_value.decode()
        response.set_cookie(name, value, path="/_sandbox", httponly=True, samesite="strict")
        return response


def _redirect(path: str, query: dict[str, str]) -> Response:
    return Response(status_code=303, headers={"location": _address(path, query)})


def _address(path: str, query: dict[str, str]) -> str:
    return quote(path) + (f"?{urlencode(query)}" if query else "")


def _cookie_name(host: str) -> str:
    """A name for each port as the browser sees it: cookies ignore ports, and two sandboxes may share a host."""
    found = _HOST.fullmatch(host)
    return f"{_COOKIE}_{found[3]}" if found and found[3] else _COOKIE


def _opens_the_page(scope: Scope, headers: dict[bytes, str]) -> bool:
    """Whether the request follows a link to the page, e.g. from a chat or an issue."""
    wish = [headers.get(name) for name in (b"sec-fetch-mode", b"sec-fetch-dest")]
    return wish == ["navigate", "document"] and _is_page(scope)


def _is_page(scope: Scope) -> bool:
    """Whether a browser asks for the page."""
    return scope["method"] == "GET" and bool(_PAGES.fullmatch(scope["path"])) and wants_page(Request(scope))


def _asks_for_health(scope: Scope) -> bool:
    return scope["path"] == _HEALTH and scope["method"] in ("GET", "HEAD")


def _name_in(host: str) -> str:
    """The name without its port: `[::1]` for `[::1]:8509`; empty if the text isn't a name with an optional port."""
    found = _HOST.fullmatch(host)
    return (found[1] or found[2]).lower() if found else ""


def _repeated(names: list[bytes]) -> Response | None:
    """Of repeated headers, each reader picks another one, so neither can be judged."""
    for name in _ONCE:
        if names.count(name) > 1:
            return problem_response(
                400, f"The request has {names.count(name)} {name.decode()} headers: send one."
            )
    return None


def _is_json(headers: dict[bytes, str]) -> bool:
    has_body = headers.get(b"content-length", "0") != "0" or b"transfer-encoding" in headers
    media = _media(headers)
    return media == _JSON or (not has_body and not media)


def _media(headers: dict[bytes, str]) -> str:
    return headers.get(b"content-type", "").partition(";")[0].strip().lower()
