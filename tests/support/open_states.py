"""A sandbox that has seen something of every kind, and its state as TinyDB reads it."""

import contextlib
from typing import Any

import httpx
from tinydb import TinyDB

from support.conditions import eventually
from support.running import Sandboxed
from support.states import lead

Tables = dict[str, list[dict[str, Any]]]


def seen(state: TinyDB) -> Tables:
    """All documents, read one after another; each must be found by its id as well."""
    tables = {}
    for name in ("leads", "requests", "keys", "campaigns"):
        table = state.table(name)
        documents = table.all()
        assert len(table) == len(documents)
        assert [table.get(doc_id=each.doc_id) for each in documents] == documents
        tables[name] = [dict(each) for each in documents]
    return tables


def busy(sandbox: Sandboxed) -> None:
    """Something of every kind happens."""
    for ending in (1, 2, 1, 3):
        sandbox.post(lead(ending))
    sandbox.post(lead(4, region="ca"))
    sandbox.post(lead(5, linkToShorten="https://example.com/long"))
    sandbox.post(lead(6, metadata={"colour": "red"}), key="test-key.mine")
    sandbox.post(key="nobody")
    sandbox.http.get("/nowhere?token=abc")
    sandbox.http.post("/api/v1/leads", content=b"\xff\xfe", headers={"x-api-key": "test-key"})
    sandbox.http.post("/_sandbox/leads", json={"leads": [lead(7), lead(8)]})
    sandbox.http.delete("/_sandbox/leads", params={"phone": "5095550002"})
    sandbox.http.post("/_sandbox/force", json={"status": 503, "times": 1})
    sandbox.post(lead(9))
    with contextlib.suppress(httpx.ReadTimeout):  # an answer that doesn't come, and a client that goes
        sandbox.post(lead(160), timeout=0.2)
    eventually(lambda: "hungUpAfterMs" in sandbox.http.get("/_sandbox/requests").text)
    for name, rulings in (("loose", {"region-case": "accept"}), ("gone", {})):
        sandbox.http.post("/_sandbox/campaigns", json={"name": name, "rulings": rulings, "link": "link"})
    sandbox.http.delete("/_sandbox/campaigns/gone")
    sandbox.http.post("/_sandbox/keys", json={"key": "key-of-loose", "campaign": "loose"})
    sandbox.http.post("/_sandbox/keys", json={"key": "revoked-key", "name": "old"})
    sandbox.http.request("DELETE", "/_sandbox/keys", json={"key": "old"})
    sandbox.post(lead(10, region="ca"), key="key-of-loose")


WORKED_OUT = ("notes", "firstPost", "forcedBy", "syntaxError")


def told(sandbox: Sandboxed) -> Tables:
    """The same as the sandbox tells it, without what it works out when it does."""
    rows = sandbox.get("/_sandbox/requests?limit=1000")["requests"]
    requests = [sandbox.get(f"/_sandbox/requests/{row['id']}") for row in reversed(rows)]
    return {
        "leads": list(reversed(sandbox.get("/_sandbox/leads?limit=1000")["leads"])),
        "requests": [
            {name: value for name, value in each.items() if name not in WORKED_OUT} for each in requests
        ],
    }
