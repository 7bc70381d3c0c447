"""What `serve` says while it runs: the banner, then one line per request, written in batches off the hot path."""

import asyncio
import functools
import os
import sys
import time
from typing import Any

import orjson

from aktify_sandbox.exchange import Exchange, Request
from aktify_sandbox.journal.entry import timestamp
from aktify_sandbox.journal.summary import NO_ANSWER, ORDINARY
from aktify_sandbox.redaction import masked_phone, masked_text
from aktify_sandbox.storage.log import request_id
from aktify_sandbox.text import printable

_EVERY = 0.05
_AT_MOST = 500
_COLOURS = {2: "32", 3: "36", 4: "33", 5: "31", 0: "35"}


class Terminal:
    """Standard output for people (`text`) or programs (`json`)."""

    def __init__(self, *, form: str, quiet: bool, show_pii: bool) -> None:
        self._quiet = quiet
        self._show_pii = show_pii
        self._line = self._json_line if form == "json" else self._text_line
        self._waiting: list[str] = []
        self._due = False
        self.colour = form == "text" and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        self._form = form

    def say(self, text: str) -> None:
        """Words for people: not in JSON's way, and not when all shall be quiet."""
        if not self._quiet and self._form == "text":
            sys.stdout.write(text + "\n")

    def show(self, exchange: Exchange) -> None:
        """Write a line about the exchange, soon."""
        if self._quiet and exchange.answer.status < 500:
            return
        if not self._due:
            self._due = True
            asyncio.get_running_loop().call_later(_EVERY, self._flush_when_due)
        self._waiting.append(self._line(exchange))
        if len(self._waiting) >= _AT_MOST:  # many at once would keep requests waiting
            self.flush()

    def _flush_when_due(self) -> None:
        self._due = False
        self.flush()

    def flush(self) -> None:
        """Write what waits."""
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
            else f"  {printable(self._masked(answer.rule))}"
        )
        request = exchange.request
        where = "" if (request.method, request.path) in ORDINARY else f"  {self._asked(request)}"
        return (
            f"{clock}  {status}  {self._phone(answer.phone):<14}  {printable(campaign)}"
            f"  {exchange.duration_ms:.1f} ms  {request_id(exchange.number)}{where}{reason}\n"
        )

    def _json_line(self, exchange: Exchange) -> str:
        answer = exchange.answer
        content: dict[str, Any] = {
            "time": timestamp(exchange.request.arrived),
            "id": request_id(exchange.number),
            "status": answer.status or None,
            "method": exchange.request.method,
            "path": self._masked(exchange.request.path),
            "phone": self._phone(answer.phone) if answer.phone else None,
            "campaign": answer.access.campaign if answer.access else None,
            "key": answer.access.key if answer.access else None,
            "durationMs": exchange.duration_ms,
            "objection": answer.objection,
            "ruling": answer.ruling,
            "scenario": exchange.forced.by if exchange.forced else None,
            "reason": self._masked(answer.rule),
        }
        return orjson.dumps(content).decode() + "\n"

    def _asked(self, request: Request) -> str:
        return printable(f"{request.method} {self._masked(request.path[:200])}")

    def _phone(self, phone: str | None) -> str:
        return "-" if phone is None else phone if self._show_pii else masked_phone(phone)

    def _masked(self, text: str) -> str:
        return text if self._show_pii else masked_text(text)


@functools.lru_cache(maxsize=16)
def _clock(seconds: int) -> str:
    return time.strftime("%H:%M:%S", time.localtime(seconds))


def _colour_status(text: str, kind: int) -> str:
    return f"\x1b[{_COLOURS.get(kind, '0')}m{text}\x1b[0m"
