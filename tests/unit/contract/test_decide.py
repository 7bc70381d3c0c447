"""The order of objections, and the bodies that answers become."""

import json
from itertools import product

import pytest

from aktify_sandbox.contract import answers
from aktify_sandbox.contract.answers import Access, Answer
from aktify_sandbox.contract.body import Problem
from aktify_sandbox.contract.decide import decide
from aktify_sandbox.contract.lead import LeadRules
from aktify_sandbox.contract.rulings import Rulings
from aktify_sandbox.contract.sources import ruling
from aktify_sandbox.exchange import Request
from support.snapshots import Snapshot, refusal

R = Rulings.of()
ACCESS = Access("demo", "tes…key", False, LeadRules(R), "http://here/s")
LEAD = b'{"phoneNumber": "(509) 555-1234", "region": "CA"}'


def ask(*wrong: str) -> Answer:
    headers = [(b"host", b"a"), (b"content-type", b"application/json")]
    headers += [(b"host", b"b")] if "host" in wrong else []
    headers += [(b"content-encoding", b"gzip")] if "encoding" in wrong else []
    headers += [(b"x-api-key", b"k")] * 2 if "second key" in wrong else []
    headers += [] if "key" in wrong else [(b"x-api-key", b"revoked" if "revoked" in wrong else b"k")]
    known = {b"k": ACCESS, b"revoked": ACCESS._replace(revoked=True)}
    request = Request(
        "GET" if "method" in wrong else "POST",
        "/api/v1/lead" if "path" in wrong else "/api/v1/leads",
        headers,
        b"{}" if "body" in wrong else LEAD,
        left_out=100 if "large" in wrong else 0,
    )
    return decide(request, R, known.get, lambda *_: "duplicate" in wrong)


ORDER = [
    ("host", 400),
    ("path", 404),
    ("method", 405),
    ("key", 401),
    ("revoked", 401),
    ("second key", 401),
    ("large", 413),
    ("body", 400),
    ("encoding", 400),
    ("duplicate", 409),
]


@pytest.mark.parametrize(
    ("first", "second"), [(a, b) for a, b in product(range(len(ORDER)), repeat=2) if a < b]
)
def test_the_first_objection_wins(first: int, second: int) -> None:
    assert ask(ORDER[first][0], ORDER[second][0]).status == ORDER[first][1]


@pytest.mark.parametrize(("wrong", "status"), ORDER)
def test_each_objection_alone_decides_and_nothing_is_kept(wrong: str, status: int) -> None:
    answer = ask(wrong)
    assert (answer.status, answer.lead) == (status, None)
    assert answer.rule


def test_a_field_that_the_words_name_already_is_named_once() -> None:
    assert ask("body").rule == "phoneNumber is missing. (+1 more)"
    answer = answers.invalid(
        None, None, (Problem("region", "“ca” is in lower case.", "", *ruling("region-case")),)
    )
    assert answer.rule == "region: “ca” is in lower case."


def test_without_an_objection_a_lead_is_accepted() -> None:
    answer = ask()
    assert (answer.status, answer.phone) == (201, "+15095551234")
    assert answer.lead == json.loads(LEAD)


def test_401_and_409_say_nothing_about_the_lead() -> None:
    for wrong in ("key", "revoked", "duplicate"):
        content_type, body = answers.render(ask(wrong), "detailed")
        assert content_type == "application/json"
        assert json.loads(body)["problems"] == []
        assert b"555" not in body


def test_the_link_shortening_example_is_answered_field_for_field() -> None:
    sent = {
        "phoneNumber": "(509) 555-1234",
        "region": "CA",
        "firstName": "John",
        "linkToShorten": "https://www.yourcompany.com/landing-page?utm_source=aktify",
    }
    rules = LeadRules(Rulings.of("default", {"short-link": "https://links.yourcompany.com"}))
    access = ACCESS._replace(rules=rules, short_base="https://links.yourcompany.com")
    headers = [(b"host", b"a"), (b"content-type", b"application/json"), (b"x-api-key", b"k")]
    request = Request("POST", "/api/v1/leads", headers, json.dumps(sent).encode())
    answer = decide(request, R, lambda _: access, lambda *_: False)
    assert answer.lead is not None
    assert answer.short is not None
    link = f"https://links.yourcompany.com/{answer.short.code}"
    expected = {"phoneNumber": "(509) 555-1234", "region": "CA", "firstName": "John", "link": link}
    assert json.dumps(answer.lead) == json.dumps(expected)
    assert answer.short.url == sent["linkToShorten"]


def test_a_short_code_is_the_same_for_the_same_and_different_for_others() -> None:
    code = answers.short_code("demo", "+15095551234", "https://a.co")
    assert code == "ldwyMPIc"  # in a later version too
    others = {answers.short_code("demo", "+15095551234", f"https://a.co/{n}") for n in range(1_000)}
    assert len(others | {code}) == 1_001
    assert all(len(each) == 8 and each.isalnum() for each in others)


def test_shapes_of_error_bodies() -> None:
    problem = Problem("region", "<b>wrong</b>", "Write CA.", *ruling("region-case"))
    answer = answers.invalid(ACCESS, None, (problem,))
    assert json.loads(answers.render(answer, "detailed")[1]) == {
        "statusCode": 400,
        "message": "The lead is invalid.",
        "problems": [
            {
                "field": "region",
                "message": "<b>wrong</b>",
                "hint": "Write CA.",
                "source": "ruling",
                "quote": None,
                "ruling": "region-case",
            }
        ],
    }
    assert answers.render(answer, "empty") == (None, b"")
    rotated = {answers.render(answer, "rotate", number) for number in range(12)}
    assert len(rotated) >= 5


def test_shuffling_keeps_every_value_and_is_the_same_for_the_same_seed() -> None:
    lead = {name: name for name in "abcdefgh"}
    bodies = [answers.render_created(lead, seed) for seed in range(20)]
    assert bodies == [answers.render_created(lead, seed) for seed in range(20)]
    for body in bodies:
        content = json.loads(body)
        assert {name: content[name] for name in lead} == lead
        assert len(content) == len(lead) + 1
    assert len({tuple(json.loads(body)) for body in bodies}) > 10


@pytest.mark.parametrize(
    "name", ["authorization", "api-key", "x-api-token", "x-apikey", "apikey", "x_api_key"]
)
def test_a_header_in_which_the_key_was_perhaps_sent_is_named(name: str) -> None:
    request = Request("POST", "/api/v1/leads", [(b"host", b"a"), (name.encode(), b"k")], LEAD)
    answer = decide(request, R, {b"k": ACCESS}.get, lambda *_: False)
    assert (answer.status, f" {name}," in answer.rule) == (401, True)


@pytest.mark.parametrize(("version", "hosts", "status"), [("1.1", 2, 400), ("1.0", 2, 400), ("1.0", 0, 201)])
def test_how_many_hosts_there_may_be_is_said_for_the_version(
    version: str, hosts: int, status: int, snapshot: Snapshot
) -> None:
    headers = [(b"host", b"a")] * hosts + [(b"content-type", b"application/json"), (b"x-api-key", b"k")]
    request = Request("POST", "/api/v1/leads", headers, LEAD, version=version)
    answer = decide(request, R, {b"k": ACCESS}.get, lambda *_: False)
    assert answer.status == status
    for problem in answer.problems:
        snapshot("refusals", refusal(problem))
