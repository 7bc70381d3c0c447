"""Imported leads: whatever the body's form, in slices between which others are answered, and none of them twice."""

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st

from aktify_sandbox.admin.import_body import LeadBody
from aktify_sandbox.admin.problems import ProblemError, json_value
from aktify_sandbox.cli import main
from aktify_sandbox.server.thread import ServerThread
from aktify_sandbox.settings import Settings
from support.lead_imports import imported, leads, log, phone

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
LISTS = st.lists(VALUES, max_size=4)
BODIES = (
    VALUES
    | LISTS
    | st.fixed_dictionaries({"leads": LISTS}, optional={"campaign": st.text() | st.none(), "more": VALUES})
    | st.fixed_dictionaries({"leads": VALUES, "campaign": VALUES})
)


def read(content: bytes) -> tuple[list[Any], str | None] | None:
    """The leads and their campaign; None for a body that is refused."""
    try:
        body = LeadBody(bytearray(content))
        for _ in body.read():
            pass
    except ProblemError as problem:
        return None if problem.status == 400 else ([], f"{problem.status}")
    return [body.lead(number) for number in range(len(body))], body.campaign


def as_a_whole(content: bytes) -> tuple[list[Any], str | None] | None:
    """The same, when the body is parsed in one piece."""
    try:
        value = json_value(bytearray(content))
    except ProblemError:
        return None
    if not isinstance(value, dict) or "leads" not in value:
        return (value if isinstance(value, list) else [value]), None
    leads, campaign = value["leads"], value.get("campaign")
    return (leads, campaign) if isinstance(leads, list) and isinstance(campaign, str | None) else None


@given(BODIES, st.booleans())
def test_a_body_is_read_lead_by_lead_as_it_would_be_in_one_piece(value: Any, is_spread: bool) -> None:
    content = orjson.dumps(value, option=orjson.OPT_INDENT_2 if is_spread else None)
    assert read(content) == as_a_whole(content)
    assert read(b" \r\n\t" + content + b"\n") == as_a_whole(content)


@given(st.binary(max_size=20) | st.text('[]{},:"leads1e9\\u. NaN\x00é', max_size=24).map(str.encode))
@example(b"")
@example(b"[]]")
@example(b"[{},]")
@example(b"[NaN]")
@example(b"[1e999]")
@example(b"[18446744073709551616]")
@example(b'["\\ud800"]')
@example(b'["\xff"]')
@example(b'{"leads":[1],"leads":[2,3]}')
@example(b'{"leads":[1],"leads":7}')
@example(b'{"l\\u0065ads":[1]}')
@example(b'{"leads":[1] "campaign":"demo"}')
@example(b'{"leads":[1],}')
@example(b"[" * 100_000)
@example(b'{"a":' * 100_000)
def test_a_body_that_is_not_json_is_not_json_lead_by_lead_either(content: bytes) -> None:
    assert read(content) == as_a_whole(content)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[ServerThread]:
    with ServerThread(Settings(state=tmp_path / "state", port=0)) as running:
        yield running


@contextlib.contextmanager
def posting(sandbox: ServerThread, numbers: Iterator[int], statuses: Counter[int]) -> Iterator[None]:
    """A client posts one lead after the other meanwhile."""
    done = threading.Event()

    def post_all() -> None:
        with httpx.Client(headers={"x-api-key": sandbox.api_key}, timeout=30) as client:
            for number in numbers:
                lead = {"phoneNumber": phone(number), "region": "CA"}
                statuses[client.post(f"{sandbox.url}/api/v1/leads", json=lead).status_code] += 1
                if done.is_set():
                    return

    thread = threading.Thread(target=post_all)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_a_client_is_answered_while_many_leads_are_imported(sandbox: ServerThread, tmp_path: Path) -> None:
    statuses: Counter[int] = Counter()
    with posting(sandbox, iter(range(100_000, 200_000)), statuses):
        assert imported(sandbox, 20_000) == Counter(imported=20_000)
    assert set(statuses) == {201}
    kinds = [line.get("kind") for line in log(tmp_path)]
    first, last = kinds.index("put"), len(kinds) - 1 - kinds[::-1].index("put")
    assert "request" in kinds[first:last]


def test_two_imports_and_a_client_with_the_same_leads_keep_each_once(
    sandbox: ServerThread, tmp_path: Path
) -> None:
    statuses: Counter[int] = Counter()
    counts: Counter[str] = Counter()

    def import_all() -> None:
        counts.update(imported(sandbox, 5_000))

    with posting(sandbox, iter(range(4_999, 0, -1)), statuses):
        threads = [threading.Thread(target=import_all) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    kept = Counter(
        (line.get("content") or line)["phone"]
        for line in log(tmp_path)
        if line.get("kind") == "put" or "lead" in line
    )
    assert set(kept.values()) == {1}
    assert len(kept) == 5_000 == counts["imported"] + statuses[201]
    assert counts["already"] == 5_000 + statuses[201]
    assert set(statuses) <= {201, 409}


def test_a_file_is_imported_by_command_while_a_client_posts(sandbox: ServerThread, tmp_path: Path) -> None:
    rows = [f"{phone(number)},CA" for number in range(20_000)]
    (tmp_path / "leads.csv").write_text("\n".join(["Phone,State", *rows]))
    statuses: Counter[int] = Counter()
    with posting(sandbox, iter(range(100_000, 200_000)), statuses):
        done = CliRunner().invoke(
            main, ["leads", "import", str(tmp_path / "leads.csv"), "--url", sandbox.url]
        )
    assert done.exit_code == 0, done.output
    assert set(statuses) == {201}
    assert httpx.get(f"{sandbox.url}/_sandbox/status").json()["leads"] == 20_000 + statuses[201]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("PORTED", ["0002"]),
        ('ann "a"', ["0002"]),
        ("ZOË", ["0001"]),
        ("0001", ["0001"]),
        ("r00000", ["0001"]),
    ],
)
def test_leads_are_found_by_what_a_person_reads_of_them(
    sandbox: ServerThread, search: str, found: list[str]
) -> None:
    posted = {"phoneNumber": "(509) 555-0001", "region": "CA", "firstName": "Zo\u00eb"}
    httpx.post(f"{sandbox.url}/api/v1/leads", json=posted, headers={"x-api-key": sandbox.api_key})
    imported = [{"phoneNumber": "(509) 555-0002", "firstName": 'Ann "A"'}, {"phoneNumber": "(509) 555-0003"}]
    httpx.post(f"{sandbox.url}/_sandbox/leads", json=imported)
    httpx.delete(f"{sandbox.url}/_sandbox/leads", params={"phone": "5095550003"})
    answer = httpx.get(f"{sandbox.url}/_sandbox/leads", params={"search": search})
    assert [lead["phone"][-4:] for lead in answer.json()["leads"]] == found


def test_a_page_of_leads_begins_and_ends_where_it_is_told(sandbox: ServerThread) -> None:
    assert imported(sandbox, 10) == Counter(imported=10)

    def page(**where: str) -> list[str]:
        answer = httpx.get(f"{sandbox.url}/_sandbox/leads", params=where).json()
        return [lead["phone"][-1] for lead in answer["leads"]]

    assert page() == [*"9876543210"]
    assert page(before="r5") == [*"3210"]
    assert page(after="r5") == [*"56789"]
    assert page(after="r5", before="r8") == [*"56"]
    assert page(after="r2", limit="3") == [*"234"]


def test_a_broken_body_imports_nothing(sandbox: ServerThread) -> None:
    content = orjson.dumps(leads(1_000))[:-40]
    answer = httpx.post(
        f"{sandbox.url}/_sandbox/leads", content=content, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 400
    assert httpx.get(f"{sandbox.url}/_sandbox/status").json()["leads"] == 0
