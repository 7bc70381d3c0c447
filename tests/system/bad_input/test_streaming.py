"""A body without an end in sight: refused, and never held."""

from pathlib import Path

import pytest

from support.bad_input.corpus import CHUNKED, HEAD, POST
from support.bad_input.wire import Answers, connect
from support.running import Serve, memory

MEGABYTE = b"x" * 1_000_000
MOST_KB = 20_000

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")


@pytest.mark.parametrize("in_chunks", [False, True])
def test_a_gigabyte_is_413_and_adds_at_most_20_megabytes_even_for_a_moment(
    serve: Serve, whole: bool, in_chunks: bool
) -> None:
    """200 MB unless in the whole form."""
    sandbox, count = serve(), 1_000 if whole else 200
    assert sandbox.post().status_code == 201
    before = memory(sandbox, "VmRSS")
    piece = b"%x\r\n%b\r\n" % (len(MEGABYTE), MEGABYTE) if in_chunks else MEGABYTE
    framing = CHUNKED if in_chunks else b"Content-Length: %d\r\n" % (count * len(MEGABYTE))
    with connect(sandbox) as connection:
        connection.sendall(POST + HEAD + framing + b"\r\n")
        for _ in range(count):
            connection.sendall(piece)
        if in_chunks:
            connection.sendall(b"0\r\n\r\n")
        answer = Answers(connection).next()
    assert answer
    assert answer[0] == 413
    record = sandbox.get(f"/_sandbox/requests/{answer[1]['x-aktify-sandbox-request']}")
    assert (record["bodyBytes"], record["truncated"]) == (count * len(MEGABYTE), True)
    assert memory(sandbox, "VmHWM") - before <= MOST_KB
    assert sandbox.post().status_code == 409
