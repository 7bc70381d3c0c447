"""Encodes an answer's delivery as bytes. Pure."""

import functools
from collections.abc import Iterator

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from aktify_sandbox.exchange import Exchange, Headers, Response
from aktify_sandbox.scenarios.faults import Cut, End, Head, Pause, Piece, Reset, actions


def head_of(response: Response, standing: Headers, *, closes: bool, in_chunks: bool = False) -> bytes:
    """Status line and headers. `standing` are the headers of every answer: its date."""
    headers = response.headers
    if in_chunks:
        headers = [
            *(pair for pair in headers if pair[0] != "content-length"),
            ("transfer-encoding", "chunked"),
        ]
    if closes:
        headers = [*headers, ("connection", "close")]
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
    return b"%b%b%b\r\n" % (STATUS_LINE[response.status], _lines(tuple(standing)), lines.encode("latin-1"))


@functools.lru_cache(maxsize=4)
def _lines(headers: tuple[tuple[bytes, bytes], ...]) -> bytes:
    return b"".join(b"%b: %b\r\n" % pair for pair in headers)


def chunk(content: bytes) -> bytes:
    """A chunk of a body; an empty one ends it."""
    return b"%x\r\n%b\r\n" % (len(content), content)


def encoded(
    exchange: Exchange, standing: Headers, *, closes: bool
) -> Iterator[bytes | Pause | End | Cut | Reset]:
    """The bytes of an answer in order, with the actions in between. The last is `End`, `Cut` or `Reset`."""
    in_chunks, has_body = False, exchange.request.method != "HEAD"
    for action in actions(exchange):
        match action:
            case Head(response, in_chunks):
                yield head_of(response, standing, closes=closes, in_chunks=in_chunks)
            case Piece(content):
                if has_body and content:
                    yield chunk(content) if in_chunks else content
            case End():
                if has_body and in_chunks:
                    yield chunk(b"")
                yield action
            case Cut(last):
                if last:
                    yield last
                yield action
            case _:
                yield action
