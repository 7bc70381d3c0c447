"""A client that posts a lead every two milliseconds over one connection, until its input ends.

Arguments: PORT, and the place of the first lead. It prints an empty line after the first answer; at the end, JSON: of
each request when it was sent (the system's monotonic clock), how many seconds its answer took, and its status.
"""

import json
import select
import socket
import sys
import time

from benchmarks.leads import HOST, phone_number, request

_SECONDS = 0.002
_PATIENCE = 300.0


def main(port: int, place: int) -> None:
    """Post until the input ends."""
    head, _, body = request(port).partition("{phone}")
    answers: list[tuple[float, float, int]] = []
    with socket.create_connection((HOST, port), _PATIENCE) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        due = time.monotonic()
        while True:
            sent = time.monotonic()
            connection.sendall(f"{head}{phone_number(place)}{body}".encode())
            status = _answered(connection)
            now = time.monotonic()
            answers.append((sent, now - sent, status))
            if len(answers) == 1:
                print(flush=True)
            place += 1
            due = max(due + _SECONDS, now)
            if not status or select.select([sys.stdin], [], [], due - now)[0]:
                break
    json.dump(answers, sys.stdout)


def _answered(connection: socket.socket) -> int:
    """The status of the next answer after reading all of it; 0 if the connection has ended."""
    answer = b""
    while b"\r\n\r\n" not in answer:
        piece = connection.recv(65_536)
        if not piece:
            return 0
        answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    while len(body) < length:
        body += connection.recv(65_536)
    return int(head.split(b" ", 2)[1])


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
