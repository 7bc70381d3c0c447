"""One list of all sandboxes behind the proxy: `python3 merge.py requests|leads|report [ADDRESS]`.

`requests` and `leads` print a line of JSON for each, in the order of `receivedAt`; `report` prints one JSON document.
Each item has `sandbox`, since the id of a request is unique only within its sandbox. ADDRESS is the proxy's; the token,
if there is one, is in AKTIFY_SANDBOX_TOKEN. Everything is read into memory first: if a sandbox doesn't answer, nothing
is printed but that, and the exit code is 1.
"""

import http.client
import json
import os
import signal
import sys
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

Item = dict[str, Any]

_HERE = "http://127.0.0.1:8500"
_AT_ONCE = 65_536
_DIRECT = build_opener(ProxyHandler({}))


def ask(address: str, path: str, sandbox: str | None = None) -> http.client.HTTPResponse:
    """The admin API's answer, of a sandbox by its name."""
    headers = {"x-sandbox": sandbox} if sandbox else {}
    if token := os.environ.get("AKTIFY_SANDBOX_TOKEN"):
        headers["authorization"] = f"Bearer {token}"
    try:
        answer: http.client.HTTPResponse = _DIRECT.open(Request(f"{address}/_sandbox{path}", headers=headers))
    except HTTPError as refusal:
        if sandbox is None:
            raise
        raise SystemExit(
            f"Error: no list without {sandbox}: {refusal.code}: {refusal.read().decode()}"
        ) from None
    return answer


def names(address: str) -> list[str]:
    """The sandboxes, as the proxy names them to whoever doesn't say which one is meant."""
    try:
        ask(address, "/")
    except HTTPError as refusal:
        try:
            found: list[str] = json.load(refusal)["sandboxes"]
        except (ValueError, KeyError):
            raise SystemExit(f"Error: {address} is no proxy of this example.") from None
        return found
    raise SystemExit(f"Error: {address} is a sandbox, not the proxy.")


def requests(address: str, sandbox: str) -> Iterator[Item]:
    """All requests of a sandbox, oldest first, as they come."""
    answer, rest = ask(address, "/requests/export?format=jsonl", sandbox), b""
    while more := answer.read1(
        _AT_ONCE
    ):  # unlike a loop over the lines, it notices an answer that was cut off
        *whole, rest = (rest + more).split(b"\n")
        for line in whole:
            yield {"sandbox": sandbox, **json.loads(line)}


def leads(address: str, sandbox: str) -> Iterator[Item]:
    """All leads of a sandbox, oldest first, a thousand at a time."""
    after = "r000000000"
    while after:
        page = json.load(ask(address, f"/leads?limit=1000&after={after}", sandbox))
        for lead in page["leads"]:
            yield {"sandbox": sandbox, **lead}
        after = page["next"]


def report(address: str, sandboxes: Iterable[str]) -> Item:
    """Of all: a clause is met if a sandbox saw it; a finding is that of one sandbox."""
    reports = {each: json.load(ask(address, "/report", each)) for each in sandboxes}
    clauses: dict[str, Item] = {}
    for name, each in reports.items():
        for clause in each["coverage"]["clauses"]:
            if clause["id"] not in clauses or (clause["met"] and not clauses[clause["id"]]["met"]):
                clauses[clause["id"]] = {"sandbox": name if clause["met"] else None, **clause}
    return {
        "requests": {name: each["requests"] for name, each in reports.items()},
        "coverage": {
            "percent": 100 * sum(each["met"] for each in clauses.values()) // len(clauses),
            "clauses": list(clauses.values()),
        },
        "findings": [{"sandbox": name, **each} for name in reports for each in reports[name]["findings"]],
    }


def main(what: str = "", address: str = _HERE) -> None:
    """Print what was asked for."""
    if what not in ("requests", "leads", "report"):
        sys.stderr.write("Usage: python3 merge.py requests|leads|report [ADDRESS]\n")
        raise SystemExit(2)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # for `| head`
    try:
        sandboxes = names(address)
        if what == "report":
            sys.stdout.write(json.dumps(report(address, sandboxes), indent=2) + "\n")
        else:
            each = {"requests": requests, "leads": leads}[what]
            items = (item for name in sandboxes for item in each(address, name))
            for item in sorted(items, key=lambda item: str(item["receivedAt"])):
                sys.stdout.write(json.dumps(item) + "\n")
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise SystemExit(f"Error: no list: {address} gave no whole answer: {error}") from None


if __name__ == "__main__":
    main(*sys.argv[1:])
