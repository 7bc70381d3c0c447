"""The path of a request: decided, forced, recorded, and only then answered.

The code that moves bytes (`server/protocol.py`, `app.py`, `testing/transports.py`) makes a `Request`, calls
`Endpoint.handle` and delivers its response. Nothing is awaited between the decision and the line in the log, so two
equal leads can't both be accepted.
"""

import functools
import sys
import traceback
from collections.abc import Callable, Iterable
from urllib.parse import quote

from aktify_sandbox.campaigns import Campaigns
from aktify_sandbox.contract import answers
from aktify_sandbox.contract.answers import Answer
from aktify_sandbox.contract.decide import decide
from aktify_sandbox.errors import LogError, LogWriteError
from aktify_sandbox.exchange import Exchange, Request, Response
from aktify_sandbox.journal.writer import JournalWriter
from aktify_sandbox.originals import time
from aktify_sandbox.scenarios.answers import forced_answer, impossible_answer
from aktify_sandbox.scenarios.barrier import Barrier
from aktify_sandbox.scenarios.engine import ForcingEngine
from aktify_sandbox.scenarios.rules import DEFAULT, Forced, ResponseSpec
from aktify_sandbox.settings import Settings
from aktify_sandbox.storage.log import request_id, too_many_files
from aktify_sandbox.storage.store import Store

Written = Callable[[Exchange], None]
"""Called with an exchange when its line is written or has failed: now it may be answered."""

_Headers = list[tuple[str, str]]
_IN_URLS = "!#$%&'()*+,/:;=?@[]~"


class Endpoint:
    """`POST /api/v1/leads`, the short links, and a 404 for all other paths."""

    def __init__(
        self,
        settings: Settings,
        campaigns: Campaigns,
        forcing: ForcingEngine,
        store: Store,
        journal: JournalWriter,
    ) -> None:
        self._settings = settings
        self._campaigns = campaigns
        self._forcing = forcing
        self._store = store
        self._journal = journal
        self._barrier = Barrier()
        self._refusals = _Allowance()
        self._origin = campaigns.origin

    @property
    def max_body(self) -> int:
        """The most bytes of a body to keep."""
        return self._settings.max_body

    def handle(self, request: Request, written: Written) -> Exchange:
        """Answer a whole request. Calls `written` when the answer may be sent. Never raises."""
        try:
            answer = self.decide(request)
            forced = self._forcing.ask(request, answer)
        except LogError as error:  # a damaged line that the answer depends on
            return self._append(
                Exchange(0, request, Answer(503, "disk", str(error), str(error)), None), written
            )
        except Exception:  # a defect of the sandbox: answered 500, recorded, and printed
            return self._append(Exchange(0, request, _defect(), None), written)
        exchange = Exchange(0, request, answer, None, forced)
        if forced is None:
            return self._append(exchange, written)
        if forced.spec.gather and answer.access and answer.phone:
            go = functools.partial(self._decide_anew, exchange, written)
            self._barrier.join((answer.access.campaign, answer.phone), forced.spec.gather, exchange, go)
            return exchange
        exchange.answer = _apply_forced(exchange, forced, answer)
        return self._append(exchange, written)

    def decide(self, request: Request) -> Answer:
        """The answer when nothing is forced."""
        if request.path.startswith("/s/") and request.method in ("GET", "HEAD"):
            return self._open_link(request.path[3:])
        campaigns = self._campaigns
        answer = decide(request, campaigns.rulings, campaigns.find, self._store.has, campaigns.why_unknown)
        # a person who opens the address in a browser wants our page, unless another format was chosen
        if answer.status == 404 and request.path == "/" and self._settings.error_bodies == "detailed":
            answer.message += " The sandbox's page is /_sandbox/."
        return answer

    def break_off(self, request: Request) -> None:
        """Record a request whose client disconnected before its body was complete."""
        self._append(Exchange(0, request, self._aborted(request), None), _ignore)

    def refuse(
        self, request: Request, status: int, words: str, written: Written, *, is_recorded: bool = True
    ) -> None:
        """Answer bytes that aren't an HTTP request, or one that a server may refuse, with what is wrong.

        A port scan must not fill the disk, so `_Allowance` limits how many are recorded. The next entry says how many
        were left out; for those, `written` is called immediately.
        """
        left_out = self._refusals.admit() if is_recorded else None
        answer = answers.refused(status, words, left_out or 0, self._campaigns.find(_key_in(request)))
        exchange = Exchange(0, request, answer, None)
        if left_out is not None:
            self._append(exchange, written)
        else:
            exchange.response = self._response(answer, None, None)
            written(exchange)

    @property
    def refusals_left_out(self) -> int:
        """The number of refusals since the start that weren't recorded."""
        return self._refusals.total

    def hang_up(self, exchange: Exchange) -> None:
        """The client disconnected before its answer: this shows its timeout."""
        access, phone = exchange.answer.access, exchange.answer.phone
        if exchange.is_waiting and access and phone:
            self._barrier.leave((access.campaign, phone), exchange)
            self.break_off(exchange.request)
        else:
            self._journal.hung_up(exchange)

    def flush(self) -> None:
        """Write pending lines, so that their requests are answered."""
        self._store.flush()

    def _decide_anew(self, exchange: Exchange, written: Written) -> None:
        """Decide again after the barrier, since the state may have changed."""
        try:
            default = self.decide(exchange.request)
            exchange.answer = (
                _apply_forced(exchange, exchange.forced, default) if exchange.forced else default
            )
        except Exception:
            exchange.answer, exchange.forced = _defect(), None
        self._append(exchange, written)

    def _append(self, exchange: Exchange, written: Written) -> Exchange:
        exchange.number = number = self._store.next_number()
        try:
            if exchange.answer.status:
                exchange.response = self._response(exchange.answer, number, exchange.forced)
            self._journal.append(exchange, functools.partial(self._appended, exchange, written))
        except Exception:  # a defect of the sandbox: nothing was kept, and there is no entry
            exchange.answer, exchange.forced = _defect(), None
            exchange.response = self._response(exchange.answer, None, None)
            written(exchange)
        return exchange

    def _appended(self, exchange: Exchange, written: Written, error: LogWriteError | None) -> None:
        if error is not None:
            if not exchange.answer.ends:
                exchange.answer = answers.unavailable(str(error))
            exchange.response, exchange.forced = self._response(exchange.answer, None, None), None
        self._journal.tell(exchange)
        written(exchange)

    # responses

    def _open_link(self, code: str) -> Answer:
        url = self._store.long_url(code)
        if url is None:
            return answers.not_found(f"/s/{code}")
        rule = "The short link of a kept lead was opened."
        return Answer(302, "link", rule, rule, headers=(("location", quote(url, safe=_IN_URLS)),))

    def _aborted(self, request: Request) -> Answer:
        milliseconds = (time.perf_counter() - request.started) * 1000
        when = f"after {milliseconds:.0f} ms, {request.body_bytes:,} bytes into the body"
        rule = f"The client hung up {when}; nothing was answered or kept."
        return Answer(0, "aborted", rule, rule, access=self._campaigns.find(_key_in(request)))

    def _response(self, answer: Answer, number: int | None, forced: Forced | None) -> Response:
        spec = forced.spec if forced else None
        is_shuffled = self._is_shuffled(answer, spec)
        content_type, body = self._body(answer, number or 0, spec, is_shuffled=is_shuffled)
        is_lead = answer.objection == "accepted" and not is_shuffled and (spec is None or spec.body is None)
        headers = [("content-length", f"{len(body)}")]
        if answer.status in (204, 304):  # without a body there is no content length
            headers.clear()
        if content_type:
            headers.insert(0, ("content-type", content_type))
        if answer.headers:
            headers += answer.headers
        if forced:
            headers = _with(headers, forced.spec.headers)
        if number is not None and self._settings.sandbox_headers:
            headers += self._own_headers(answer.status, number, forced)
        return Response(answer.status, headers, body, is_lead)

    def _is_shuffled(self, answer: Answer, spec: ResponseSpec | None) -> bool:
        if spec and spec.shuffle:
            return True
        own = answer.access.shuffle if answer.access else None
        return self._settings.shuffle if own is None else own

    def _body(
        self, answer: Answer, number: int, spec: ResponseSpec | None, *, is_shuffled: bool
    ) -> tuple[str | None, bytes]:
        settings, chance, access = self._settings, number + self._settings.seed, answer.access
        if spec and spec.body is not None:
            return spec.media, spec.body
        if answer.objection == "accepted":
            return "application/json", answers.render_created(
                answer.lead or {}, chance if is_shuffled else None
            )
        if answer.status < 400:
            return None, b""
        if answer.ends:
            return "text/plain; charset=utf-8", f"{answer.message}\n".encode()
        own_shape = access.error_bodies if access else None
        shape = "rotate" if spec and spec.shuffle else own_shape or settings.error_bodies
        return answers.render(answer, shape, chance)

    def _own_headers(self, status: int, number: int, forced: Forced | None) -> _Headers:
        name = request_id(number)
        headers = [("x-aktify-sandbox-request", name)]
        if status != 201:
            headers.append(("x-aktify-sandbox-explain", f"{self._origin}/_sandbox/requests/{name}"))
        if forced:
            headers.append(("x-aktify-sandbox-forced", _for_header(forced.by)))
        return headers


class _Allowance:
    """Limits recorded refusals: 1,000, then one every ten seconds."""

    _MOST = 1_000
    _SECONDS = 10.0

    def __init__(self) -> None:
        self._left, self._since = float(self._MOST), time.monotonic()
        self._left_out = self.total = 0

    def admit(self) -> int | None:
        """The number left out before this one; None if this one is left out too."""
        now = time.monotonic()
        self._left = min(self._MOST, self._left + (now - self._since) / self._SECONDS)
        self._since = now
        if self._left < 1:
            self._left_out += 1
            self.total += 1
            return None
        self._left -= 1
        left_out, self._left_out = self._left_out, 0
        return left_out


def _apply_forced(exchange: Exchange, forced: Forced, default: Answer) -> Answer:
    fault = forced.spec.fault
    if fault and fault.needs_connection and not exchange.request.can_break:
        exchange.forced = forced._replace(spec=DEFAULT, delay=0.0)
        return impossible_answer(forced, default)
    return forced_answer(forced, default)


def _with(headers: _Headers, forced: Iterable[tuple[str, str]]) -> _Headers:
    """The headers with those of a rule, which replace ours of the same name."""
    names = {name for name, _ in forced}
    return [*(pair for pair in headers if pair[0] not in names), *forced]


def _key_in(request: Request) -> bytes:
    return request.by_name.get(b"x-api-key", b"")


def _ignore(_: Exchange) -> None:
    """Used when the client has disconnected."""


def _defect() -> Answer:
    words = too_many_files(sys.exc_info()[1])
    if words:
        return answers.unavailable(words)
    traceback.print_exc(file=sys.stderr)
    return answers.internal_error()


def _for_header(text: str) -> str:
    """The text in the characters that a header may have."""
    return text.replace("…", "...").encode("latin-1", "replace").decode("latin-1")
