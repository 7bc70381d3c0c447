"""`Sandbox`: the sandbox as Python code uses it, in a test, a script, or unittest.

Each is a view on one campaign with a key of its own, so that many can share a server and can't see each other.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from aktify_sandbox.await_future import event_loop, in_thread
from aktify_sandbox.client.local import LocalClient
from aktify_sandbox.client.messages import AdminClient, AdminRequest, AdminResponse
from aktify_sandbox.client.remote import RemoteClient
from aktify_sandbox.errors import (
    InputError,
    ResourceError,
    SandboxError,
    SandboxMistake,
    VerifyFailed,
    hide_traceback,
)
from aktify_sandbox.journal.summary import BEFORE_ALL
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
        """A sandbox of its own in this process; with `url` (and its `token`) a fresh campaign on one that runs.

        `scenario` (one or several names), `profile`, `rulings`, `link`, `error_bodies` and `shuffle` are those of the
        campaign. `socket=False` opens no port: use `transport()`. `client` is that of a sandbox that several share.
        `settings` are options of `serve`, such as `seed=1`. Raises `SandboxMistake`.
        """
        if (url or client) and settings:
            raise SandboxMistake(f"{next(iter(settings))} can't be set: that sandbox runs already.")
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
        """Return once requests are answered. Raises `SandboxError`, and what `serve` would say."""
        if self._open:
            raise SandboxMistake("This sandbox runs already.")
        if self._client is None:
            self._own = started(self._settings, listen=self._socket)
            self._client = LocalClient(self._own)
        wanted: dict[str, Any] = {name: value for name, value in self._wanted.items() if value is not None}
        if self._scenarios or self._own is None:  # what is in force for others on a shared one isn't for this
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
        """Forget the campaign; end the sandbox, if it is this one's own. Once is enough."""
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
        """The base URL, which takes the place of the vendor's origin."""
        return self._started_client().url

    @property
    def api_key(self) -> str:
        """A key that nobody else has."""
        return self._of_mine("apiKey")

    @property
    def campaign(self) -> str:
        """The campaign of that key."""
        return self._of_mine("campaign")

    def _of_mine(self, name: str) -> str:
        self._started_client()
        return self._made[name]

    @property
    def endpoint(self) -> str:
        """Where leads are posted."""
        return f"{self.url}/api/v1/leads"

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables for code that reads them, such as a process that a test starts.

        With `NO_PROXY` and `no_proxy` of this process, to which the sandbox's host is added.
        """
        return {
            **exempting(self.url, os.environ),
            "AKTIFY_BASE_URL": self.url,
            "AKTIFY_API_KEY": self.api_key,
            "AKTIFY_SANDBOX_URL": self.url,
        }

    if not TYPE_CHECKING:  # a type checker knows the attributes

        def __getattr__(self, name: str) -> Any:
            """What somebody looked for in the wrong place."""
            where = next((each for each in ("requests", "leads") if hasattr(_VIEWS[each], name)), None)
            meant = f". Did you mean .{where}.{name}?" if where and not name.startswith("_") else ""
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{meant}")

    def __repr__(self) -> str:
        """Address and campaign."""
        return f"<Sandbox {self.url}, campaign {self.campaign}>" if self._open else "<Sandbox, not running>"

    # what was recorded

    @property
    def leads(self) -> Leads:
        """The leads that are kept now."""
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
        """The requests that have come until now."""
        return Requests(self._summaries(), self._whole)

    @property
    def is_running(self) -> bool:
        """Whether it has been started and not stopped since."""
        return self._open

    @property
    def saw_nothing(self) -> bool:
        """Whether no request has come: not with this key, and none that may have been meant for it."""
        return not any(self._split())

    @property
    def strays(self) -> Requests:
        """Requests under another key or to a wrong path, since this sandbox began. Who looks at them expects them.

        In a sandbox that runs elsewhere, the keys of others are theirs: there it is those under nobody's.
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
        """The campaign's requests, and those that were meant for it, it seems; oldest first."""
        recorded = self._recorded()
        own = [each for each in recorded if each["campaign"] == self.campaign]
        return own, [each for each in recorded if self._is_stray(each["campaign"])]

    def _is_stray(self, campaign: str | None) -> bool:
        """Nobody's, one with a name behind our key, or, where nobody else is, one that is configured (`test-key`)."""
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

    # what it shall do

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
        """Force the next answers: a status, or a fault such as `reset` or `hang`. `delay` is seconds, or `"250ms"`.

        Raises `SandboxMistake`.
        """
        if isinstance(status, str):
            raise SandboxMistake(
                f"status={status!r} isn't a whole number; a fault is given as fault={status!r}."
            )
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
        """Put these scenarios into force, in this campaign only; none ends them. Raises `SandboxMistake`."""
        self._ask("PUT", f"/campaigns/{self.campaign}/scenarios", {"active": list(names)})

    def reset(self) -> None:
        """Forget leads, requests, forced answers and counters of this campaign; a defect is remembered for `check`."""
        self._defects = self._defects_in(*self._looked_at())
        self._was_reset = self._was_reset or bool(self._summaries())
        self._ask("POST", f"/campaigns/{self.campaign}/reset")
        self._after = self._newest()

    def _newest(self) -> str:
        found = self._ask("GET", "/requests", limit=1)["requests"]
        newest: str = found[0]["id"] if found else BEFORE_ALL
        return newest

    # what was expected of it

    def verify(
        self,
        count: int | None = None,
        *,
        at_least: int | None = None,
        at_most: int | None = None,
        order: Iterable[Mapping[str, Any]] | None = None,
        **where: Any,
    ) -> None:
        """Make sure that so many requests came (default: at least one) for which all of `where` holds.

        `where` has the vendor's fields (`region="CA"`) and `status`, `phone`, `path`, `forced`, …; a list means one of
        them, a compiled pattern that it matches. `order` is a list of such: each in turn, others may come between.
        Raises `VerifyFailed`, with the nearest misses; `SandboxMistake`.
        """
        if order is None:
            counts = {"exactly": count, "atLeast": at_least, "atMost": at_most}
            steps, expectation = [where], self._expectation(counts, where)
        elif where or (count, at_least, at_most) != (None, None, None):
            raise SandboxMistake("order stands alone: what each request shall be stands inside it.")
        else:
            steps = [dict(each) for each in order]
            expectation = {"order": [self._where(each) for each in steps]}
        self._judged(self._answer(AdminRequest("POST", "/requests/verify", expectation)), steps)

    def wait_for(self, count: int = 1, timeout: float = 5, **where: Any) -> Requests:
        """Wait for code that posts in the background, until so many requests (earlier ones counted) have come.

        `where` is that of `verify`. Raises `VerifyFailed` when the time is over, with the nearest misses.
        """
        loop = event_loop()
        if loop:
            raise SandboxError(
                f"wait_for would block {loop}'s event loop, and with it the code that it waits for: "
                "use `await sandbox.wait_for_async(…)`."
            )
        return self._waited(self._answer(self._waiting(count, timeout, where)), where)

    async def wait_for_async(self, count: int = 1, timeout: float = 5, **where: Any) -> Requests:  # noqa: ASYNC109  the same words as without async
        """`wait_for`, while the event loop goes on: asyncio's, anyio's or trio's."""
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
            raise SandboxMistake("Give count, or at_least and at_most.")
        return {"where": self._where(where), **({"count": given} if given else {})}

    def _where(self, where: Mapping[str, Any]) -> dict[str, Any]:
        conditions = {name: condition(name, value) for name, value in where.items()}
        return {"campaign": self.campaign, "after": self._after, **conditions}

    def _judged(self, answer: AdminResponse, steps: Iterable[Mapping[str, Any]]) -> list[str]:
        """The ids of the requests that were meant. Raises `VerifyFailed`."""
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
        """What the sandbox saw: a table of requests with the reasons for their answers, then the last one whole.

        What the words of a failure show already is left out; of one of `verify`, the nearest miss is whole, if any.
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
        """Make sure that the sandbox itself is well; with `strict`, that nothing was left over or sent by mistake.

        Strict is: a request came (or `verify` or `wait_for` were used, say `verify(0)`), every forced answer was used,
        and no request was refused for a fault of its own (a 400, 401, 404, 405 or 413 that nothing forced) unless
        `verify` or `wait_for` asked for its `status`, or `strays` was looked at.
        Raises `SandboxDied`, `VerifyFailed`.
        """
        newest = self._newest_inside()
        if newest == self._checked and not strict:
            return
        found, strays = self._looked_at()
        defects = self._defects_in(found, strays)
        if defects:
            rows = "\n".join(f"  {row}" for row in rows_of(defects))
            raise SandboxError(
                f"A defect of the sandbox, whose traceback stands in the captured stderr:\n{rows}"
            )
        self._checked = newest
        if strict:
            wrong = [*self._unused(), *self._faults(found, strays), *self._nothing(found)]
            if wrong:
                raise VerifyFailed("\n".join([f"Strict: {wrong[0].strip()}", *wrong[1:]]))

    def _newest_inside(self) -> int:
        """A number that grows with what comes to a sandbox in this process. Raises `SandboxDied`."""
        if not isinstance(self._client, LocalClient):
            return -1
        self._client.thread.check()
        return self._client.thread.newest

    def _looked_at(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        return self._split() if self._is_alone else (self._summaries(), [])

    def _defects_in(self, *recorded: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Those that have been forgotten, and those among these."""
        found = [each for records in recorded for each in records if each["reason"]["objection"] == "defect"]
        return [*self._defects, *found]

    @property
    def _is_alone(self) -> bool:
        """Whether nobody else's requests come to this sandbox."""
        return isinstance(self._client, LocalClient)

    def _unused(self) -> list[str]:
        orders = self._ask("GET", "/force")["forced"]
        return [
            f"  a forced answer wasn't used: {_short(order)}, {order['left']} of {order['times']} left"
            for order in orders
            if order.get("campaign") == self.campaign
        ]

    def _faults(self, found: list[dict[str, Any]], strays: list[dict[str, Any]]) -> list[str]:
        faults = [
            each
            for each in (*found, *strays)
            if each["reason"]["objection"] in _OWN_FAULT and each["id"] not in self._acknowledged
        ]
        return [f"  a request was refused for a fault of its own: {row}" for row in rows_of(faults)]

    def _nothing(self, found: list[dict[str, Any]]) -> list[str]:
        if found or self._looked_for or self._acknowledged or self._was_reset:
            return []
        return ["  no request with this key came. Fix: post one, or say that none is expected: verify(0)."]

    # httpx

    def transport(self) -> "httpx.BaseTransport":
        """For `httpx.Client(transport=…)`: whatever host a request is for, this sandbox answers, without a socket."""
        from aktify_sandbox.testing.transports import Transport

        return Transport(self._target())

    def async_transport(self) -> "httpx.AsyncBaseTransport":
        """For `httpx.AsyncClient(transport=…)`, under asyncio and trio."""
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
            raise SandboxMistake("This sandbox doesn't run: use it inside `with Sandbox() as sandbox:`.")
        return self._client

    def _refuse(self, answer: AdminResponse) -> None:
        """Raises what the answer comes to, if it is a refusal."""
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
    said = f"{plural(len(found), 'request')} with this key:" if found else "no request with this key."
    lines = [f"The sandbox saw {said}", *(f"  {row}" for row in rows_of(found))]
    if strays:
        lines.append(f"and {plural(len(strays), 'request')} under another key or to a wrong path:")
        lines += [f"  {row}" for row in rows_of(strays)]
        others = dict.fromkeys(each["key"] for each in strays if each["key"] not in (None, own_key))
        if others:
            lines.append(f"posted with key {', '.join(others)}; this test's key is {own_key}.")
    return "\n".join(lines)


def _short(order: Mapping[str, Any]) -> str:
    left_out = ("id", "campaign", "times", "left")
    return json.dumps({name: value for name, value in order.items() if name not in left_out})


for _public in (Sandbox, Lead, Leads, Record, Requests):  # they are imported from there
    _public.__module__ = "aktify_sandbox"
