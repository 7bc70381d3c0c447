"""The keys that a request presents: in `x-api-key`, or by mistake in the query or another header."""

import base64
import contextlib
import functools
import re
from collections.abc import Iterator
from urllib.parse import parse_qsl

from aktify_sandbox.campaigns import is_secret
from aktify_sandbox.contract.decide import OTHER_KEY_HEADERS
from aktify_sandbox.exchange import Headers, Request
from aktify_sandbox.redaction import LONG, may_hold_key

_MAY_BE_KEYS = frozenset((b"x-api-key", *OTHER_KEY_HEADERS))
_DIGIT = re.compile("[0-9]")
_MOST_PRESENTED = 20
"""The most keys that are searched for in a request."""
_MOST_NAMES = 3
"""The most dots of a key that are tried as the start of a namespace; a key may have 30,000 of them."""


def keys_presented_by(request: Request) -> tuple[str, ...]:
    """`presented_keys`, with a fast path for requests that have a key only in the header."""
    if not request.query and len(request.by_name) == len(request.raw_headers):
        values = [request.by_name[name] for name in _MAY_BE_KEYS if name in request.by_name]
        if len(values) <= 1:
            return _keys_in(values[0].decode("latin-1"))[:_MOST_PRESENTED] if values else ()
    return presented_keys(request.headers, request.query)


def presented_keys(headers: Headers, query: bytes) -> tuple[str, ...]:
    """What the request presents as a key, known here or not; it may be a real one.

    A text is searched for elsewhere only if it has a digit or 20 characters; otherwise it is rather a placeholder.
    """
    values = [value.decode("latin-1") for name, value in headers if name in _MAY_BE_KEYS]
    if query:
        pairs = parse_qsl(query.decode("latin-1"), encoding="latin-1")
        values += [value for name, value in pairs if may_hold_key(name)]
    if len(values) == 1:
        return _keys_in(values[0])[:_MOST_PRESENTED]
    return tuple(dict.fromkeys(key for value in values for key in _keys_in(value)))[:_MOST_PRESENTED]


@functools.lru_cache(maxsize=1_000)
def _keys_in(value: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for each in _words_in(value) if _may_be_real(each)))


def _words_in(value: str) -> Iterator[str]:
    """The value without what people write around a key: quotes, a scheme, a namespace."""
    for written in value.split():
        word = written.strip("\"'<>[](){},;")
        yield word
        before, *names = word.split(".", _MOST_NAMES)
        for name in names:
            yield before
            before = f"{before}.{name}"
    if value[:6].lower() == "basic ":
        with contextlib.suppress(ValueError):
            yield from base64.b64decode(value[6:].strip(), validate=True).decode("latin-1").split(":")


def _may_be_real(word: str) -> bool:
    return is_secret(word) and (len(word) >= LONG or _DIGIT.search(word) is not None)
