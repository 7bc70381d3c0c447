"""Requests as they come: waiting for them, and the stream of server-sent events."""

import itertools
import socket
import threading
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from support.running import HostSandbox, Sandboxed
from support.snapshots import Snapshot
from support.streams import request_ids, viewer
from support.waited import assert_waited

_phones = itertools.count()


def lead() -> dict[str, str]:
    return {"phoneNumber": f"(509) 556-{next(_phones):04d}", "region": "CA"}


def test_a_stream_greets_and_then_tells_each_request_as_the_list_shows_it(sandbox: Sandboxed) -> None:
    with viewer(sandbox) as stream:
        kind, name, hello = stream.next()
        assert (kind, name, set(hello)) == ("hello", None, {"version", "newest", "run"})
        posted = [sandbox.post(lead()) for _ in range(3)]
        events = [stream.next() for _ in range(3)]
    assert [event[1] for event in events] == request_ids(posted)
    listed = sandbox.get(f"/_sandbox/requests?limit=3&key={sandbox.api_key}")["requests"]
    assert [data for _, _, data in reversed(events)] == listed


def test_a_stream_goes_on_behind_the_last_event_that_was_seen(sandbox: Sandboxed) -> None:
    ids = request_ids([sandbox.post(lead()) for _ in range(5)])
    with viewer(sandbox, **{"Last-Event-ID": ids[1]}) as stream:
        stream.next()
        assert stream.ids(3) == ids[2:]
    with viewer(sandbox, f"?after={ids[3]}") as stream:
        stream.next()
        assert stream.ids(1) == ids[4:]


def test_a_stream_tells_only_what_its_filters_admit(sandbox: Sandboxed) -> None:
    start = sandbox.post(lead()).headers["x-aktify-sandbox-request"]
    wrong = sandbox.post({"region": "CA"})
    sandbox.post(lead())
    with viewer(sandbox, f"?status=4xx&key={sandbox.api_key}&after={start}") as stream:
        stream.next()
        again = sandbox.post({"region": "CA"})
        assert stream.ids(2) == request_ids([wrong, again])


def test_many_requests_reach_a_viewer_whole_and_in_order(serve: HostSandbox) -> None:
    sandbox = serve()
    with viewer(sandbox, "?after=r0") as stream:
        stream.next()
        ids = request_ids([sandbox.post(lead()) for _ in range(500)])
        assert stream.ids(500) == ids


def test_a_stream_says_when_a_client_hung_up_and_when_the_record_was_cleared(serve: HostSandbox) -> None:
    sandbox = serve()
    with viewer(sandbox) as stream:
        stream.next()
        began = datetime.now(UTC)
        with pytest.raises(httpx.ReadTimeout):
            sandbox.post({"phoneNumber": "(509) 555-0160", "region": "CA"}, timeout=0.2)
        _, name, before = stream.next()
        kind, none, after = stream.next()
        assert (kind, none, after["id"]) == ("amended", None, name)
        assert "hungUpAfterMs" not in before
        assert_waited(after, began, 0.2)
        sandbox.http.delete("/_sandbox/requests")
        assert stream.next() == ("cleared", None, {})
        answer = sandbox.post(lead())
        assert stream.ids(1) == request_ids([answer])


def test_loaded_requests_are_not_new_requests(serve: HostSandbox) -> None:
    sandbox, other = serve(), serve()
    for _ in range(3):
        other.post(lead())
    with viewer(sandbox) as stream:
        stream.next()
        load(sandbox, other)
        assert stream.next() == ("cleared", None, {})
        answer = sandbox.post(lead())
        assert stream.ids(1) == request_ids([answer])


@pytest.mark.parametrize("while_somebody_looks", [True, False])
def test_a_viewer_sees_what_was_loaded_and_not_what_had_its_ids_before(
    serve: HostSandbox, while_somebody_looks: bool
) -> None:
    sandbox, other = serve(), serve()
    phones = [each.post(lead()).json()["phoneNumber"] for each in (sandbox, other)]
    with viewer(sandbox, "?after=r0") as stream:
        stream.next()
        assert stream.next()[2]["phone"][-4:] == phones[0][-4:]
        if while_somebody_looks:
            load(sandbox, other)
    if not while_somebody_looks:
        sandbox.http.get("/_sandbox/requests/wait?count=9&timeout=0.1")  # so that the stream has ended
        load(sandbox, other)
    with viewer(sandbox, "?after=r0") as stream:
        stream.next()
        assert stream.next()[2]["phone"][-4:] == phones[1][-4:]


def load(sandbox: Sandboxed, other: Sandboxed) -> None:
    state = other.http.get("/_sandbox/state").content
    media = {"content-type": "application/x-ndjson"}
    sandbox.http.put("/_sandbox/state", content=state, headers=media).raise_for_status()


def test_a_stream_survives_that_old_requests_are_dropped(serve: HostSandbox) -> None:
    sandbox = serve("--keep", "5")
    with viewer(sandbox) as stream:
        stream.next()
        for _ in range(40):
            answer = sandbox.post(lead())
            assert stream.ids(1) == request_ids([answer])


def test_the_run_is_another_after_a_restart_and_the_ids_go_on(serve: HostSandbox, tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "state"))
    first = serve(*state)
    name = first.post(lead()).headers["x-aktify-sandbox-request"]
    with viewer(first) as stream:
        before = stream.next()[2]
    first.stop()
    second = serve(*state)
    with viewer(second, **{"Last-Event-ID": name}) as stream:
        after = stream.next()[2]
        answer = second.post(lead())
        assert stream.ids(1) == request_ids([answer])
    assert before["newest"] == name
    assert before["run"] != after["run"]


def test_a_stop_ends_streams_and_waiting_at_once(serve: HostSandbox) -> None:
    sandbox = serve()
    with socket.create_connection(("127.0.0.1", sandbox.port)) as waiting, viewer(sandbox) as stream:
        waiting.sendall(b"GET /_sandbox/requests/wait?timeout=30 HTTP/1.1\r\nhost: localhost\r\n\r\n")
        stream.next()
        sandbox.get("/_sandbox/health")
        assert sandbox.stop() == 0
        with pytest.raises(EOFError):
            stream.next()
        assert waiting.makefile("rb").read().startswith(b"HTTP/1.1 422 ")


@pytest.mark.parametrize("query", ["?afetr=r1", "?after=x", "?status=abc", "?limit=5"])
def test_a_stream_with_a_mistake_in_its_filters_is_a_400(sandbox: Sandboxed, query: str) -> None:
    assert sandbox.http.get(f"/_sandbox/requests/stream{query}").status_code == 400


def test_waiting_counts_what_came_before(sandbox: Sandboxed) -> None:
    sandbox.post()
    sandbox.post()
    answer = sandbox.http.get(f"/_sandbox/requests/wait?key={sandbox.api_key}&count=2&phone=+15095551234")
    assert (answer.status_code, answer.json()["count"]) == (200, 2)
    assert [each["response"]["status"] for each in answer.json()["requests"]] == [409, 201]


def test_waiting_ends_when_enough_has_come(sandbox: Sandboxed) -> None:
    answers: list[httpx.Response] = []

    def wait() -> None:
        query = f"key={sandbox.api_key}&status=409&count=2&timeout=20"
        url = f"{sandbox.url}/_sandbox/requests/wait?{query}"
        answers.append(httpx.get(url, trust_env=False, timeout=30))

    waiting = threading.Thread(target=wait)
    waiting.start()
    duplicates = [sandbox.post() for _ in range(3)][1:]
    waiting.join(20)
    [answer] = answers
    assert answer.status_code == 200
    assert [each["id"] for each in answer.json()["requests"]] == request_ids(duplicates)[::-1]


def test_waiting_in_vain_says_what_did_come(sandbox: Sandboxed, snapshot: Snapshot) -> None:
    sandbox.post()
    answer = sandbox.http.get(f"/_sandbox/requests/wait?key={sandbox.api_key}&count=2&timeout=0.1")
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["count"] == len(problem["requests"]) == 1
    snapshot("admin", problem["detail"])


@pytest.mark.parametrize("query", ["count=0", "count=x", "timeout=-1", "timeout=601", "cuont=2", "count=1.5"])
def test_waiting_with_a_mistake_is_a_400(sandbox: Sandboxed, query: str) -> None:
    assert sandbox.http.get(f"/_sandbox/requests/wait?{query}").status_code == 400


def test_requests_are_found_by_whether_they_were_forced_and_by_what(sandbox: Sandboxed) -> None:
    natural = sandbox.post(lead())
    forced = sandbox.post(lead(), headers={"Prefer": "code=503"})

    def found(query: str) -> list[str]:
        listed = sandbox.get(f"/_sandbox/requests?key={sandbox.api_key}&{query}")["requests"]
        return [each["id"] for each in listed]

    assert found("forced=yes") == request_ids([forced])
    assert found("forced=no") == request_ids([natural])
    assert found("forced=header prefer") == request_ids([forced])
    assert found("forced=scenario") == []
    assert found(f"after={request_ids([natural])[0]}") == request_ids([forced])
