"""A viewer of the stream that doesn't read: megabytes until the system's buffers are full."""

import socket
import time

from support.running import Serve
from support.streams import request_ids, viewer


def test_a_viewer_who_does_not_read_is_dropped_and_the_others_miss_nothing(serve: Serve) -> None:
    sandbox = serve()
    with socket.create_connection(("127.0.0.1", sandbox.port)) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        deaf.sendall(b"GET /_sandbox/requests/stream?after=r0 HTTP/1.1\r\nhost: localhost\r\n\r\n")
        long = f"/{'x' * 60_000}"  # a path stands in each event
        until = time.monotonic() + 200
        with viewer(sandbox) as stream:
            stream.next()
            while time.monotonic() < until:
                answers = [sandbox.http.get(long) for _ in range(50)]
                assert stream.ids(50) == request_ids(answers)
                if _is_reset(deaf):
                    break
            else:
                raise AssertionError("the deaf viewer is still there")


def _is_reset(connection: socket.socket) -> bool:
    try:
        connection.sendall(b"\r\n")
    except OSError:
        return True
    return False
