"""`Sandbox`: the sandbox for Python code, in a test, a script, or unittest.

Each one has a campaign and a key of its own, so that many can share a server and don't see each other.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from aktify_sandbox.await_future import event_loop, in_thread
from aktify_sandbox.client.local import LocalClient
from aktify_sandbox.client.messages import AdminClient, AdminRequest, AdminResponse
from aktify_sandbox.client.remote import RemoteClient
from aktify_sandbox.contract.answers import ENDPOINT
from aktify_sandbox.errors import (
    InputError,
    ResourceError,
    SandboxError,
    SandboxMistake,
    VerifyFailed,
    hide_traceback,
)
from aktify_sandbox.journal.summary import BEFORE_ALL, status_of
from aktify_sandbox.originals import json, os
from aktify_sandbox.proxies import exempting
from aktify_sandbox.redaction import masked_key
from aktify_sandbox.server.thread import ServerThread
from aktify_sandbox.testing.arguments import condition, names_in, rulings_in, settings_of
from aktify_sandbox.testing.views import Lead, Leads, Record, Requests, rows_of
from aktify_sandbox.text import plural

if TYPE_CHECKING:
    import httpx

    from aktify_sandbox.settings import Settings

__tracebackhide__ = hide_traceback

_PAGE = 1_000
_OTHER_COUNTS = {"exactly": "count", "times": "count", "atLeast": "at_least", "atMost": "at_most"}
"""What other tools, and expectations in files, call the arguments of `verify`."""
_VIEWS = {"requests": Requests, "leads": Leads}
_OWN_FAULT = frozenset(("request", "route", "key", "body"))


class Sandbox:
    """A sandbox with a campaign and a key of its own. Use it with `with`, `async with`, or `start` and `stop`."""

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        scenario: str | Iterable[str] | None = (),
        profile: str | None = None,
        rulings: Mapping[str, str] | None = None,
        link: str | None = None,
        error_bodies: str | None = None,
        shuffle: bool | None = None,
        socket: bool = True,
        client: AdminClient | None = None,
        **settings: Any,
    ) -> None:
        """Prepare a sandbox in this process; with `url` and its `token`, a new campaign on a running one.

        `scenario` (one name or several), `profile`, `rulings`, `link`, `error_bodies` and `shuffle` apply to the
        campaign. `socket=False` opens no port: use `transport()`. `client` connects to a sandbox that several share.
        `settings` are options of `serve`, such as `seed=1`. Raises `SandboxMistake`.
        """
        if (url or client) and settings:
            raise SandboxMistake(f"{next(iter(settings))} can't be set: that sandbox is already running.")
        shape = {"error_bodies": error_bodies, "shuffle": shuffle}
        said = {name: value for name, value in shape.items() if value is not None}
        self._settings = settings_of({**settings, **said})
        self._socket = socket
        self._client = client or (RemoteClient(url, token) if url else None)
        self._shared = client is not None
        self._scenarios = names_in(scenario)
        self._wanted: dict[str, Any] = {
            "profile": profile,
            "rulings": rulings_in(rulings) or None,
            "link": link,
            "errorBodies": error_bodies,
            "shuffle": shuffle,
        }
        self._own: ServerThread | None = None
        self._made: dict[str, str] = {}
        self._open = False
        self._after = BEFORE_ALL
        self._acknowledged: set[str] = set()
        self._was_reset = False
        """Whether requests came that have been forgotten since."""
        self._looked_for = False
        """Whether something was expected of the requests, and was so: that none came, too."""
        self._checked = 0
        self._defects: list[dict[str, Any]] = []

    # its life

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    async def __aenter__(self) -> Self:
        """Start, while the event loop goes on."""
        await in_thread(self.start)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, while the event loop goes on."""
        await in_thread(self.stop)

    def start(self) -> None:
        """Start, and return once requests are answered. Raises `SandboxError` with what `serve` would say."""
        if self._open:
            raise SandboxMistake("This sandbox is already running.")
        if self._client is None:
            self._own = started(self._settings, listen=self._socket)
            self._client = LocalClient(self._own)
        wanted: dict[str, Any] = {name: value for name, value in self._wanted.items() if value is not None}
        if self._scenarios or self._own is None:  # the shared sandbox's scenarios don't apply here
            wanted["scenarios"] = self._scenarios
        try:
            self._made = self._read(self._client.ask(AdminRequest("POST", "/campaigns", wanted)))
        except BaseException:
            self._close()
            raise
        self._after = self._made.get("after", BEFORE_ALL)
        self._acknowledged = set()
        self._looked_for = self._was_reset = False
        self._defects = []
        self._checked = int(self._after[1:])
        self._open = True

    def stop(self) -> None:
        """Delete the campaign, and stop the sandbox if it was started here. A second call does nothing."""
        if not self._open:
            return
        self._open = False
        try:
            if self._own is None:  # what ends need not be tidied
                self._ask("DELETE", f"/campaigns/{self.campaign}")
        finally:
            self._close()

    def _close(self) -> None:
        client, own = self._client, self._own
        if client is not None and not self._shared:
            client.close()
        if own is not None:
            self._own = self._client = None
            own.stop()

    # where it is

    @property
    def url(self) -> str:
        """The base URL, in place of `https://api.aktify.io`."""
        return self._started_client().url

    @property
    def api_key(self) -> str:
        """The API key, used by this sandbox only."""
        return self._of_mine("apiKey")

    @property
    def campaign(self) -> str:
        """The name of the campaign that the key opens."""
        return self._of_mine("campaign")

    @property
    def after(self) -> str:
        """The id of the newest request when it started: the filter `after` for what came since."""
        self._started_client()
        return self._after

    def _of_mine(self, name: str) -> str:
        self._started_client()
        return self._made[name]

    @property
    def endpoint(self) -> str:
        """The URL that leads are posted to."""
        return f"{self.url}{ENDPOINT}"

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables for code that reads them, such as a process that a test starts.

        `NO_PROXY` and `no_proxy` of this process are included, with the sandbox's host added.
        """
        return {
            **exempting(self.url, os.environ),
            "AKTIFY_BASE_URL": self.url,
            "AKTIFY_API_KEY": self.api_key,
            "AKTIFY_SANDBOX_URL": self.url,
        }

    if not TYPE_CHECKING:  # a type checker needs no `__getattr__`

        def __getattr__(self, name: str) -> Any:
            """Suggests where to find an attribute that doesn't exist."""
            where = next((each for each in ("requests", "leads") if hasattr(_VIEWS[each], name)), None)
            meant = f". Did you mean .{where}.{name}?" if where and not name.startswith("_") else ""
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{meant}")

    def __repr__(self) -> str:
        """Address and campaign."""
        return f"<Sandbox {self.url}, campaign {self.campaign}>" if self._open else "<Sandbox, not running>"

    # recorded requests

    @property
    def leads(self) -> Leads:
        """The accepted leads."""
        rows: list[dict[str, Any]] = []
        query = {"campaign": self.campaign, "limit": _PAGE}
        while True:
            page = self._ask("GET", "/leads", **query)
            rows += page["leads"]
            if page["next"] is None:
                return Leads(reversed(rows), self._table)
            query["before"] = page["next"]

    @property
    def requests(self) -> Requests:
        """The requests that arrived with this key, oldest first."""
        return Requests(self._summaries(), self._whole)

    @property
    def is_running(self) -> bool:
        """Whether it is started and not stopped."""
        return self._open

    @property
    def saw_nothing(self) -> bool:
        """Whether no request arrived: none with this key, and no stray."""
        return not any(self._split())

    @property
    def strays(self) -> Requests:
        """Requests with another key or to a wrong path, since this sandbox started. Reading them acknowledges them.

        On a sandbox that others use too, only requests with an unknown key count.
        """
        found = self._strays()
        self._acknowledged |= {each["id"] for each in found}
        return Requests(found, self._whole)

    def _strays(self) -> list[dict[str, Any]]:
        return self._split()[1]

    def _summaries(self) -> list[dict[str, Any]]:
        """The campaign's requests, oldest first."""
        return self._recorded(campaign=self.campaign)

    def _split(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The campaign's requests, and those that were probably meant for it; oldest first."""
        recorded = self._recorded()
        own = [each for each in recorded if each["campaign"] == self.campaign]
        return own, [each for each in recorded if self._is_stray(each["campaign"])]

    def _is_stray(self, campaign: str | None) -> bool:
        """Whether the key is unknown, a namespace of ours or, in a private sandbox, a configured one (`test-key`)."""
        if campaign is None:
            return True
        client = self._client
        configured = client.thread.settings.campaigns if isinstance(client, LocalClient) else ()
        inside_ours = campaign.startswith(f"{self.campaign}.")
        return inside_ours or any(f"{campaign}.".startswith(f"{each.name}.") for each in configured)

    def _recorded(self, **filters: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        before = None
        while True:
            query = {**filters, "after": self._after, "before": before, "limit": _PAGE}
            page = self._ask("GET", "/requests", **query)
            found += page["requests"]
            before = page["next"]
            if before is None:
                return found[::-1]

    def _whole(self, name: str) -> Record:
        return Record(self._ask("GET", f"/requests/{name}"))

    # forcing answers

    def force(
        self,
        status: int | None = None,
        *,
        times: int = 1,
        fault: str | None = None,
        phone: str | None = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        delay: str | float | None = None,
        lead: str | None = None,
        applies: str | None = None,
    ) -> None:
        """Force the next answers to be a status, or a fault such as `reset` or `hang`.

        `delay` is seconds, or a text such as `"250ms"`. Raises `SandboxMistake`.
        """
        if isinstance(status, str):
            raise SandboxMistake(_not_a_status(status))
        late = f"{delay * 1000:.0f}ms" if isinstance(delay, (int, float)) else delay
        order = {
            "status": status,
            "times": times,
            "fault": fault,
            "phone": phone,
            "headers": headers and dict(headers),
            "body": body,
            "delay": late,
            "lead": lead,
            "applies": applies,
        }
        given = {name: value for name, value in order.items() if value is not None}
        self._ask("POST", "/force", {**given, "campaign": self.campaign})

    def scenario(self, *names: str) -> None:
        """Activate these scenarios for this campaign only; without a name, none. Raises `SandboxMistake`."""
        self._ask("PUT", f"/campaigns/{self.campaign}/scenarios", {"active": list(names)})

    def reset(self) -> None:
        """Delete leads, requests, forced answers and counters of this campaign. `check` still reports a defect."""
        self._defects = self._defects_in(*self._looked_at())
        self._was_reset = self._was_reset or bool(self._summaries())
        self._ask("POST", f"/campaigns/{self.campaign}/reset")
        self._after = self._newest()

    def _newest(self) -> str:
        found = self._ask("GET", "/requests", limit=1)["requests"]
        newest: str = found[0]["id"] if found else BEFORE_ALL
        return newest

    # expectations

    def verify(
        self,
        count: int | None = None,
        *,
        at_least: int | None = None,
        at_most: int | None = None,
        order: Iterable[Mapping[str, Any]] | None = None,
        **where: Any,
    ) -> None:
        """Assert how many requests met all of `where`; default: at least one.

        `where` takes fields of a lead (`region="CA"`) and `status`, `phone`, `path`, `forced`, …; a list means one of
        its values, a compiled pattern a match. `order` is a list of such conditions that must be met in turn, with any
        requests in between. Raises `VerifyFailed` with the nearest misses, and `SandboxMistake`.
        """
        if order is None:
            counts = {"exactly": count, "atLeast": at_least, "atMost": at_most}
            steps, expectation = [where], self._expectation(counts, where)
        elif where or (count, at_least, at_most) != (None, None, None):
            raise SandboxMistake(
                "order can't be combined with a count or conditions. Fix: put the conditions inside order."
            )
        else:
            steps = [_step(each) for each in order]
            expectation = {"order": [self._where(each) for each in steps]}
        self._judged(self._answer(AdminRequest("POST", "/requests/verify", expectation)), steps)

    def wait_for(self, count: int = 1, timeout: float = 5, **where: Any) -> Requests:
        """Wait until `count` requests met all of `where`; earlier ones count. `timeout` is in seconds.

        `where` is the same as in `verify`. Raises `VerifyFailed` with the nearest misses when the time is over.
        """
        loop = event_loop()
        if loop:
            raise SandboxError(
                f"wait_for would block {loop}'s event loop, and with it the code that it waits for. "
                "Fix: use `await sandbox.wait_for_async(…)`."
            )
        return self._waited(self._answer(self._waiting(count, timeout, where)), where)

    async def wait_for_async(self, count: int = 1, timeout: float = 5, **where: Any) -> Requests:  # noqa: ASYNC109  the same words as without async
        """`wait_for` for an event loop: asyncio's, anyio's or trio's."""
        answer = await self._started_client().ask_async(self._waiting(count, timeout, where))
        return self._waited(answer, where)

    def _waiting(self, count: int, seconds: float, where: Mapping[str, Any]) -> AdminRequest:
        expectation = {**self._expectation({"atLeast": count}, where), "timeout": seconds}
        return AdminRequest("POST", "/requests/verify", expectation, seconds=seconds)

    def _waited(self, answer: AdminResponse, where: Mapping[str, Any]) -> Requests:
        wanted = set(self._judged(answer, [where]))
        return Requests([each for each in self._summaries() if each["id"] in wanted], self._whole)

    def _expectation(self, counts: Mapping[str, int | None], where: Mapping[str, Any]) -> dict[str, Any]:
        given = {name: value for name, value in counts.items() if value is not None}
        if "exactly" in given and len(given) > 1:
            raise SandboxMistake(
                "count can't be combined with at_least or at_most. Fix: leave one of them out."
            )
        return {"where": self._where(where), **({"count": given} if given else {})}

    def _where(self, where: Mapping[str, Any]) -> dict[str, Any]:
        for name in where.keys() & _OTHER_COUNTS.keys():
            raise SandboxMistake(f"There is no argument {name}. Did you mean {_OTHER_COUNTS[name]}?")
        conditions = {name: condition(name, value) for name, value in where.items()}
        return {"campaign": self.campaign, "after": self._after, **conditions}

    def _judged(self, answer: AdminResponse, steps: Iterable[Mapping[str, Any]]) -> list[str]:
        """The ids of the matching requests. Raises `VerifyFailed`."""
        if answer.status in (409, 422):
            content = answer.json()
            misses = [
                miss["id"] for result in content.get("results", ()) for miss in result.get("nearest", ())
            ]
            raise VerifyFailed(f"{content['detail']}\n\n{self._table()}", next(iter(misses), None))
        self._refuse(answer)
        self._looked_for = True
        ids: list[str] = [name for result in answer.json()["results"] for name in result["requests"]]
        if any("status" in step for step in steps):
            self._acknowledged |= set(ids)
        return ids

    # what went wrong

    def report(self, failure: BaseException | None = None) -> str:
        """What the sandbox saw, as text: requests with the reasons for their answers, then the last one whole.

        What the message of `failure` shows already is left out. For a failed `verify`, the nearest miss is shown whole.
        """
        found, strays = self._split()
        table = self._table_of(found, strays)
        is_told = table in str(failure)
        last = max((str(each["id"]) for each in (*found, *strays)), default=None)
        whole = failure.nearest if isinstance(failure, VerifyFailed) and is_told else last
        parts = [*([] if is_told else [table]), *([self._told(whole).rstrip()] if whole else [])]
        return "\n\n".join(parts)

    def _table(self) -> str:
        return self._table_of(*self._split())

    def _table_of(self, found: list[dict[str, Any]], strays: list[dict[str, Any]]) -> str:
        return _table(found, strays, masked_key(self.api_key))

    def _told(self, name: str) -> str:
        return self._answer(AdminRequest("GET", f"/requests/{name}", accept="text/plain")).body.decode()

    def check(self, *, strict: bool = False) -> None:
        """Assert that the sandbox had no defect; with `strict`, that nothing was left over or sent by mistake.

        `strict` demands three things. A request arrived, or `verify` or `wait_for` was used, as in `verify(0)`. Every
        forced answer was used. No request got a 400, 401, 404, 405 or 413 that nothing forced, unless `verify` or
        `wait_for` asked for its `status`, or `strays` was read. Raises `SandboxDied` and `VerifyFailed`.
        """
        newest = self._newest_inside()
        if newest == self._checked and not strict:
            return
        found, strays = self._looked_at()
        defects = self._defects_in(found, strays)
        if defects:
            rows = "\n".join(f"  {row}" for row in rows_of(defects))
            raise SandboxError(
                f"The sandbox had an internal error; its traceback is in the captured stderr:\n{rows}"
            )
        self._checked = newest
        if strict:
            wrong = [*self._unused(), *self._faults(found, strays), *self._nothing(found, strays)]
            if wrong:
                raise VerifyFailed("\n".join([f"Strict: {wrong[0].strip()}", *wrong[1:]]))

    def _newest_inside(self) -> int:
        """A number that grows with each request to a sandbox in this process. Raises `SandboxDied`."""
        if not isinstance(self._client, LocalClient):
            return -1
        self._client.thread.check()
        return self._client.thread.newest

    def _looked_at(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        return self._split() if self._is_alone else (self._summaries(), [])

    def _defects_in(self, *recorded: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Defects among forgotten requests, and among these."""
        found = [each for records in recorded for each in records if each["reason"]["objection"] == "defect"]
        return [*self._defects, *found]

    @property
    def _is_alone(self) -> bool:
        """Whether only this test's requests come to this sandbox."""
        return isinstance(self._client, LocalClient)

    def _unused(self) -> list[str]:
        orders = self._ask("GET", "/force")["forced"]
        return [
            f"  a forced answer wasn't used: {_short(order)} ({order['left']} of {order['times']} left)."
            for order in orders
            if order.get("campaign") == self.campaign
        ]

    def _faults(self, found: list[dict[str, Any]], strays: list[dict[str, Any]]) -> list[str]:
        faults = [
            each
            for each in (*found, *strays)
            if each["reason"]["objection"] in _OWN_FAULT and each["id"] not in self._acknowledged
        ]
        if not faults:
            return []
        lines = [f"  a request was refused, although nothing forced that: {row}" for row in rows_of(faults)]
        do = f"add verify(status={status_of(faults[-1])})" if faults[-1] in found else "read .strays"
        return [*lines, f"  Fix: if that was expected, {do}."]

    def _nothing(self, found: list[dict[str, Any]], strays: list[dict[str, Any]]) -> list[str]:
        if found or self._looked_for or self._acknowledged or self._was_reset:
            return []
        others = [f"  {cause}" for cause in _by_cause(strays, masked_key(self.api_key))]
        return [
            "  no lead with this test's key arrived. Fix: post one, or expect none with verify(0).",
            *others,
        ]

    # httpx

    def transport(self) -> "httpx.BaseTransport":
        """For `httpx.Client(transport=…)`: this sandbox answers requests for any host, without a socket."""
        from aktify_sandbox.testing.transports import Transport

        return Transport(self._target())

    def async_transport(self) -> "httpx.AsyncBaseTransport":
        """The same for `httpx.AsyncClient(transport=…)`, under asyncio and trio."""
        from aktify_sandbox.testing.transports import AsyncTransport

        return AsyncTransport(self._target())

    def _target(self) -> ServerThread | str:
        client = self._started_client()
        return client.thread if isinstance(client, LocalClient) else client.url

    # asking

    def _ask(self, method: str, path: str, content: Any = None, **query: Any) -> Any:
        return self._read(self._answer(AdminRequest(method, path, content, query)))

    def _read(self, answer: AdminResponse) -> Any:
        self._refuse(answer)
        return answer.json() if answer.body else None

    def _answer(self, request: AdminRequest) -> AdminResponse:
        return self._started_client().ask(request)

    def _started_client(self) -> AdminClient:
        if self._client is None or not self._made:
            raise SandboxMistake(
                "This sandbox isn't running. Fix: use it inside `with Sandbox() as sandbox:`."
            )
        return self._client

    def _refuse(self, answer: AdminResponse) -> None:
        """Raises the exception for a refusal."""
        if answer.status >= 400:
            raise (SandboxMistake if answer.status < 500 else SandboxError)(answer.detail)


def started(settings: "Settings", *, listen: bool = True, folders: Iterable[Path] = ()) -> ServerThread:
    """A sandbox in this process, for one `Sandbox` or for many that share it.

    `folders` are those in which `scenarios/` may lie; none: the current one. Raises `SandboxMistake`.
    """
    thread = ServerThread(settings, listen=listen, folders=folders)
    try:
        thread.start()
    except (InputError, ResourceError) as error:
        raise SandboxMistake(str(error)) from None
    return thread


def _table(found: list[dict[str, Any]], strays: list[dict[str, Any]], own_key: str) -> str:
    lines = [
        f"The sandbox saw {plural(len(found), 'request')} with this key:"
        if found
        else f"The sandbox saw no {'lead' if strays else 'request'} with this key.",
        *(f"  {row}" for row in rows_of(found)),
    ]
    for cause, requests in _by_cause(strays, own_key).items():
        lines += [cause, *(f"  {row}" for row in rows_of(requests))]
    return "\n".join(lines)


def _by_cause(strays: list[dict[str, Any]], own_key: str) -> dict[str, list[dict[str, Any]]]:
    """The strays by why they aren't this sandbox's own, in words."""
    found: dict[str, list[dict[str, Any]]] = {}
    for each in strays:
        found.setdefault(_cause(each, own_key), []).append(each)
    return {f"{plural(len(those), 'request')} {cause}": those for cause, those in found.items()}


def _cause(stray: dict[str, Any], own_key: str) -> str:
    """Such as: went to a wrong path: POST /leads (the path is /api/v1/leads)."""
    request, key, own = f"{stray['method']} {stray['path']}", stray["key"], f"(this test's key is {own_key})"
    match stray["reason"]["objection"]:
        case "route" if stray["method"] != "POST" and stray["path"].rstrip("/") == ENDPOINT:
            return f"had a wrong method: {request} (the method is POST)"
        case "route":
            return f"went to a wrong path: {request[:100]} (the path is {ENDPOINT})"
        case "key" if not key:
            return f"had no x-api-key header {own}"
        case _ if stray["campaign"]:
            shared = ". All tests share test-key. Fix: post with aktify_sandbox.api_key"
            is_shared = stray["campaign"] == "demo" and key == masked_key("test-key")
            whose = f"had another key: {key} of the campaign {stray['campaign']} {own}"
            return f"{whose}{shared if is_shared else ''}"
        case "key":
            return f"had an unknown key{'' if key == masked_key('') else f': {key}'} {own}"
        case _:
            return "ended before the key was checked"


def _step(given: Any) -> dict[str, Any]:
    if isinstance(given, Mapping):
        return dict(given)
    meant = {"status": given if isinstance(given, int) else 503}
    raise SandboxMistake(
        f"order must be a list of conditions, found {given!r}. Fix: write it like {meant!r}."
    )


def _not_a_status(given: str) -> str:
    meant = given if given.isdecimal() else f"fault={given!r}"
    return f"status must be a whole number, found {given!r}. Fix: force({meant})."


def _short(order: Mapping[str, Any]) -> str:
    left_out = ("id", "campaign", "times", "left")
    return json.dumps({name: value for name, value in order.items() if name not in left_out})


for _public in (Sandbox, Lead, Leads, Record, Requests):  # they are imported from there
    _public.__module__ = "aktify_sandbox"
