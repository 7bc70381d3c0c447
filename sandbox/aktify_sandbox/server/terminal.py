"""The output of `serve`: the banner, then one line per request, written in batches off the hot path."""

import asyncio
import functools
import os
import sys
from datetime import datetime
from typing import Any

import orjson

from aktify_sandbox.exchange import Exchange, Request
from aktify_sandbox.journal.entry import timestamp
from aktify_sandbox.journal.summary import NO_ANSWER, ORDINARY
from aktify_sandbox.redaction import Personal
from aktify_sandbox.storage.log import request_id
from aktify_sandbox.text import printable

_EVERY = 0.05
_AT_MOST = 500
_COLOURS = {2: "32", 3: "36", 4: "33", 5: "31", 0: "35"}


class Terminal:
    """Standard output for people (`text`) or programs (`json`)."""

    def __init__(self, *, form: str, quiet: bool, show_pii: bool) -> None:
        self._quiet = quiet
        self._personal = Personal(whole=show_pii)
        self._line = self._json_line if form == "json" else self._text_line
        self._waiting: list[str] = []
        self._due = False
        self.colour = (
            form == "text"
            and not os.environ.get("NO_COLOR")
            and (sys.stdout.isatty() or bool(os.environ.get("FORCE_COLOR")))
        )
        self._form = form

    def say(self, text: str) -> None:
        """Print a message for people, unless the output is JSON or quiet."""
        if not self._quiet and self._form == "text":
            sys.stdout.write(text + "\n")

    def show(self, exchange: Exchange) -> None:
        """Print a line about the exchange, soon."""
        if self._quiet and exchange.answer.status < 500:
            return
        if not self._due:
            self._due = True
            asyncio.get_running_loop().call_later(_EVERY, self._flush_when_due)
        self._waiting.append(self._line(exchange))
        if len(self._waiting) >= _AT_MOST:  # many in one go would delay requests
            self.flush()

    def _flush_when_due(self) -> None:
        self._due = False
        self.flush()

    def flush(self) -> None:
        """Write pending lines."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            sys.stdout.write("".join(waiting))

    def _text_line(self, exchange: Exchange) -> str:
        answer = exchange.answer
        clock = _clock(int(exchange.request.arrived))
        status = (
            _colour_status(f"{answer.status or NO_ANSWER}", answer.status // 100)
            if self.colour
            else f"{answer.status or NO_ANSWER}"
        )
        campaign = answer.access.campaign if answer.access else "-"
        reason = (
            ""
            if answer.status == 201 and not exchange.forced
            else f"  {printable(self._personal.text(answer.rule))}"
        )
        request = exchange.request
        where = "" if (request.method, request.path) in ORDINARY else f"  {self._asked(request)}"
        return (
            f"{clock}  {status}  {self._phone(answer.phone):<14}  {printable(campaign):<8}"
            f"  {exchange.duration_ms:>8,.1f} ms  {request_id(exchange.number)}{where}{reason}\n"
        )

    def _json_line(self, exchange: Exchange) -> str:
        answer = exchange.answer
        content: dict[str, Any] = {
            "time": timestamp(exchange.request.arrived),
            "id": request_id(exchange.number),
            "status": answer.status or None,
            "method": exchange.request.method,
            "path": self._personal.text(exchange.request.path),
            "phone": self._phone(answer.phone) if answer.phone else None,
            "campaign": answer.access.campaign if answer.access else None,
            "key": answer.access.key if answer.access else None,
            "durationMs": exchange.duration_ms,
            "objection": answer.objection,
            "ruling": answer.ruling,
            "scenario": exchange.forced.by if exchange.forced else None,
            "reason": self._personal.text(answer.rule),
        }
        return orjson.dumps(content).decode() + "\n"

    def _asked(self, request: Request) -> str:
        return printable(f"{request.method} {self._personal.text(request.path[:200])}")

    def _phone(self, phone: str | None) -> str:
        return "-" if phone is None else self._personal.phone(phone)


@functools.lru_cache(maxsize=16)
def _clock(seconds: int) -> str:
    return datetime.fromtimestamp(seconds).astimezone().timetz().isoformat("seconds")


def _colour_status(text: str, kind: int) -> str:
    return f"\x1b[{_COLOURS.get(kind, '0')}m{text}\x1b[0m"
