"""A saved state, line by line, and work that leaves one behind."""

from collections.abc import Callable
from typing import Any

import httpx
import orjson
from hypothesis import strategies as st

from aktify_sandbox.storage.index import LeadEntry
from aktify_sandbox.storage.log import request_id, seal
from aktify_sandbox.storage.store import Store
from support.running import Sandboxed
from support.stores import phone
from support.stores import run as together

NDJSON = {"content-type": "application/x-ndjson"}


def lead(ending: int, **more: Any) -> dict[str, Any]:
    return {"phoneNumber": f"(509) 555-{ending:04d}", "region": "CA", **more}


def load(sandbox: Sandboxed, content: bytes, **headers: str) -> httpx.Response:
    return sandbox.http.put("/_sandbox/state", content=content, headers={**NDJSON, **headers})


def untouched(sandbox: Sandboxed, content: bytes, **headers: str) -> httpx.Response:
    """The answer to a load that must have changed nothing."""
    before = everything(sandbox)
    answer = load(sandbox, content, **headers)
    assert everything(sandbox) == before
    return answer


def sealed(*contents: dict[str, Any]) -> bytes:
    return b"".join(seal(orjson.dumps(content)) for content in contents)


FIRST = {"id": "r000000000", "log": "aktify-sandbox", "version": 1, "next": 1}


END = {"id": "r000000009", "kind": "end"}


KEPT: dict[str, Any] = {
    "campaign": "demo",
    "phone": "+15095551234",
    "receivedAt": "x",
    "request": None,
    "lead": {},
}


RECORD = {
    "id": "r000000001",
    "kind": "request",
    "receivedAt": "2026-11-24T09:30:00.000Z",
    "durationMs": 0.1,
    "client": None,
    "method": "POST",
    "path": "/api/v1/leads",
    "query": "",
    "httpVersion": "1.1",
    "headers": [],
    "bodyBytes": 2,
    "campaign": "demo",
    "key": None,
    "phone": None,
    "response": {"status": 400, "headers": [], "body": ""},
    "reason": {"rule": "x", "objection": "invalid", "ruling": None, "scenario": None},
    "problems": [],
    "body": "{}",
}


def without(content: dict[str, Any], name: str) -> dict[str, Any]:
    return {word: value for word, value in content.items() if word != name}


def post_whole(store: Store, campaign: str, number: int) -> None:
    """Post as the endpoint does, with a record as it writes it."""

    async def work() -> None:
        kept = None if store.has(campaign, phone(number)) else LeadEntry(campaign, phone(number))
        place = store.next_number()
        content: dict[str, Any] = {
            **RECORD,
            "id": request_id(place),
            "campaign": campaign,
            "phone": phone(number),
            **({"lead": {"phoneNumber": phone(number)}} if kept else {}),
        }
        store.add(place, orjson.dumps(content), kept, lambda _: None)
        store.flush()

    assert together(work()) == [None]


def hang_up(store: Store, number: int) -> None:
    if store.request(number):
        store.amend(number, {"hungUpAfterMs": 1.0})


OPERATIONS: dict[str, Callable[[Store, str, int], object]] = {
    "post": post_whole,
    "import": lambda store, campaign, n: (
        store.has(campaign, phone(n)) or store.leads.insert({**KEPT, "campaign": campaign, "phone": phone(n)})
    ),
    "remove": lambda store, campaign, _: store.clear_leads([campaign]),
    "clear": lambda store, _, __: together(store.clear_requests()),
    "clear some": lambda store, _, n: together(store.clear_requests(lambda line: line.number % 6 == n)),
    "forget": lambda store, _, __: store.forget_all(),
    "hang up": lambda store, _, n: hang_up(store, n),
    "key": lambda store, campaign, n: store.db.table("keys").insert(
        {"digest": f"{n}", "shown": "k", "campaign": campaign, "revoked": False}
    ),
}


WORK = st.lists(
    st.tuples(st.sampled_from(sorted(OPERATIONS)), st.sampled_from("ab"), st.integers(0, 5)), max_size=25
)


def saved(sandbox: Sandboxed, **headers: str) -> bytes:
    answer = sandbox.http.get("/_sandbox/state", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return answer.content


def everything(sandbox: Sandboxed) -> dict[str, Any]:
    """All that the admin API tells of what is remembered."""
    requests = sandbox.get("/_sandbox/requests?limit=1000")["requests"]
    return {
        "leads": sandbox.get("/_sandbox/leads?limit=1000")["leads"],
        "requests": [sandbox.get(f"/_sandbox/requests/{each['id']}") for each in requests],
        "keys": sandbox.get("/_sandbox/keys")["keys"],
        "campaigns": sandbox.get("/_sandbox/campaigns")["campaigns"],
    }


def newest(sandbox: Sandboxed) -> int:
    """The number of a request that is made now."""
    answer = sandbox.http.get("/nothing")
    return int(answer.headers["x-aktify-sandbox-request"][1:])
