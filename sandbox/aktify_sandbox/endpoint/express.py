"""The fast lane: a lead whose request's head has come before, byte for byte.

A client's heads repeat from request to request. One that was parsed and found ordinary is remembered, so that the
next request with it costs a look-up instead of a parser, an ASGI scope, a task and two queues. Only an ordinary
outcome (201, 409) leaves here; all else takes the way through `door.py`, which gives the same answers and writes
the same records (`tests/test_express.py` compares them).
"""

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import orjson

from aktify_sandbox.campaigns import Campaigns
from aktify_sandbox.contract.answers import ENDPOINT, Access, detailed, unavailable
from aktify_sandbox.contract.decide import judge
from aktify_sandbox.originals import time
from aktify_sandbox.record.recorder import Exchange, Recorder, presented_keys, request_part, timestamp
from aktify_sandbox.scenarios.forcing import Forcing
from aktify_sandbox.settings import Settings
from aktify_sandbox.storage.log import LogUnwritable, request_id
from aktify_sandbox.storage.store import Kept, Store

_LONGEST_HEAD = 4_096
_MOST_HEADS = 1_000
_EXTRAORDINARY = frozenset(
    (b"transfer-encoding", b"content-encoding", b"expect", b"upgrade", b"connection", b"prefer", b"trailer")
)

_CONTENT = b"content-type: application/json\r\ncontent-length: %d\r\n"
_UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\n%b" + _CONTENT + b"\r\n%b"
_CREATED = b"HTTP/1.1 201 Created\r\n%b" + _CONTENT + b"x-aktify-sandbox-request: %b\r\n\r\n%b"
_DUPLICATE = (
    b"HTTP/1.1 409 Conflict\r\n%b" + _CONTENT + b"x-aktify-sandbox-request: %b\r\n"
    b"x-aktify-sandbox-explain: %b/_sandbox/requests/%b\r\n\r\n%b"
)

_LINE = (
    b'{"id":"%b","kind":"request","receivedAt":"%b","durationMs":%.3f,"client":%b,%b,"bodyBytes":%d,%b,'
    b'"phone":"%b","response":{"status":%d,"headers":[["content-type","application/json"],'
    b'["content-length","%d"],["x-aktify-sandbox-request","%b"]%b]%b},'
    b'"reason":{"rule":"%b","objection":"%b","ruling":null,"scenario":null},"problems":[],"body":%b%b}'
)


class Connection(Protocol):
    """Where an answer goes."""

    pending: int
    """How many answers wait for their records."""

    @property
    def client_shown(self) -> bytes:
        """The client's address, in JSON."""

    def write_answer(self, head_and_body: bytes) -> None:
        """Send it, if anybody still listens."""

    def default_headers(self) -> bytes:
        """The headers of every answer, such as `date`, as lines."""


class Head(NamedTuple):
    """A request's head that was found ordinary."""

    scope: dict[str, Any]
    key: bytes
    content_type: bytes | None
    length: int
    """The content length that it announces."""
    shown: bytes
    """Its part of a record, in JSON."""
    others: tuple[str, ...]
    """What it presents as a key."""
    secrets_seen: int
    """How often there had been something new that it might have shown."""


class Express:
    """Answers what can be answered without detours."""

    def __init__(
        self, settings: Settings, campaigns: Campaigns, forcing: Forcing, store: Store, recorder: Recorder
    ) -> None:
        self._campaigns = campaigns
        self._forcing = forcing
        self._store = store
        self._recorder = recorder
        self._origin = campaigns.origin.encode()
        self._heads: dict[bytes, Head] = {}
        self._max_body = settings.max_body
        self._is_open = (
            settings.sandbox_headers and not settings.shuffle and settings.error_bodies == "detailed"
        )
        self._shown_access = functools.lru_cache(maxsize=10_000)(_shown_access)

    def flush(self) -> None:
        """Send the answers that wait for their records."""
        self._store.flush()

    def remember(
        self, head: bytes, scope: Mapping[str, Any], written: list[tuple[bytes, bytes]], length: int
    ) -> None:
        """Keep the head of a request that was parsed, if it is ordinary. `length` is that of the body behind it."""
        if not self._is_open or len(head) > _LONGEST_HEAD or length > self._max_body:
            return
        if not _is_ordinary(scope, length):
            return
        if len(self._heads) >= _MOST_HEADS:
            self._heads.clear()
        headers = dict(scope["headers"])
        kept = {name: scope[name] for name in ("method", "path", "query_string", "http_version", "headers")}
        shown = orjson.dumps(request_part(kept | {"aktify.headers": written}))[1:-1]
        others = presented_keys(scope["headers"], scope["query_string"])
        if self._recorder.shows_key(others, shown):
            return
        self._heads[head] = Head(
            kept,
            headers.get(b"x-api-key", b""),
            headers.get(b"content-type"),
            length,
            shown,
            others,
            self._campaigns.secrets_seen,
        )

    def take(self, data: bytes, connection: Connection) -> bool:
        """Answer a whole request, or return False: then nothing was done, and it takes the ordinary way."""
        end = data.find(b"\r\n\r\n")
        head = self._heads.get(data[:end])
        if head is None or len(data) != end + 4 + head.length:
            return False
        try:
            return self._take(head, data[end + 4 :], connection)
        except Exception:
            # A defect here costs speed alone: nothing has been taken yet, and the ordinary way answers.
            return False

    def knows(self, data: bytes) -> bool:
        """Whether this is a known head and nothing else, whose body is still to come."""
        head = self._heads.get(data[:-4]) if data.endswith(b"\r\n\r\n") else None
        return head is not None and head.length > 0

    def _take(self, head: Head, body: bytes, connection: Connection) -> bool:
        arrived, started = time.time(), time.perf_counter()
        access = self._campaigns.find(head.key)
        if access is None or access.revoked or head.secrets_seen != self._campaigns.secrets_seen:
            return False
        # From here to the record's line there is no await: two equal leads can't both pass.
        answer = judge(access, body, head.content_type, None, self._store.has)
        shown = self._shown_access(access)
        if answer.status == 400 or answer.phone is None or shown is None or answer.short:
            return False
        if not self._forcing.leaves_alone(answer, head.scope["headers"]):
            return False
        said = orjson.dumps(answer.lead if answer.keeps else detailed(answer))
        if self._recorder.shows_key(head.others, body, said):
            return False
        client = connection.client_shown
        number = self._store.next_number()
        exchange = Exchange(number, head.scope, arrived, started, body, len(body), answer, None)
        name = request_id(number).encode()
        line = self._line(exchange, name, client, head.shown, shown, said)
        kept = Kept(access.campaign, answer.phone) if answer.keeps else None
        self._store.add(number, line, kept, functools.partial(self._reply, connection, exchange, name, said))
        connection.pending += 1
        return True

    def _line(
        self, exchange: Exchange, name: bytes, client: bytes, request: bytes, access: bytes, said: bytes
    ) -> bytes:
        answer = exchange.answer
        exchange.duration_ms = round((time.perf_counter() - exchange.started) * 1000, 3)
        explain = lead = b""
        if answer.keeps:
            lead = b',"lead":%b' % said
            body = b""
        else:
            explain = b',["x-aktify-sandbox-explain","%b/_sandbox/requests/%b"]' % (self._origin, name)
            body = b',"body":%b' % orjson.dumps(said.decode())
        return _LINE % (
            name,
            timestamp(exchange.arrived).encode(),
            exchange.duration_ms,
            client,
            request,
            exchange.body_bytes,
            access,
            (answer.phone or "").encode(),
            answer.status,
            len(said),
            name,
            explain,
            body,
            answer.rule.encode(),
            answer.objection.encode(),
            orjson.dumps(exchange.body.decode()),
            lead,
        )

    def _reply(
        self,
        connection: Connection,
        exchange: Exchange,
        name: bytes,
        said: bytes,
        error: LogUnwritable | None,
    ) -> None:
        connection.pending -= 1
        own = connection.default_headers()
        if error is not None:
            exchange.answer = unavailable(str(error))
            reason = orjson.dumps(detailed(exchange.answer))
            connection.write_answer(_UNAVAILABLE % (own, len(reason), reason))
        elif exchange.answer.keeps:
            connection.write_answer(_CREATED % (own, len(said), name, said))
        else:
            connection.write_answer(_DUPLICATE % (own, len(said), name, self._origin, name, said))
        self._recorder.tell(exchange)


def _is_ordinary(scope: Mapping[str, Any], length: int) -> bool:
    """Whether a request with this head can be answered by its body alone."""
    names = [name for name, _ in scope["headers"]]
    once = all(names.count(name) == 1 for name in (b"host", b"x-api-key", b"content-length"))
    if not once or names.count(b"content-type") > 1 or not _EXTRAORDINARY.isdisjoint(names):
        return False
    announced = next(value for name, value in scope["headers"] if name == b"content-length")
    right = (scope["method"], scope["path"], scope["http_version"]) == ("POST", ENDPOINT, "1.1")
    return right and announced == b"%d" % length


def _shown_access(access: Access) -> bytes | None:
    """Campaign and key as a record has them; None when its records say more than that, or its answers differ."""
    if (
        access.rules.rulings.changes
        or access.rules.link != "optional"
        or access.error_bodies
        or access.shuffle
    ):
        return None
    return orjson.dumps({"campaign": access.campaign, "key": access.key})[1:-1]
