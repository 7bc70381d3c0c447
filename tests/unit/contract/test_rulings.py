"""Each row of the table of rulings: its default and every alternative, seen from a lead's answer."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from aktify_sandbox.contract.answers import Access, Answer
from aktify_sandbox.contract.decide import decide
from aktify_sandbox.contract.lead import LeadRules
from aktify_sandbox.contract.rulings import PROFILES, RULINGS, Rulings, with_current_names
from aktify_sandbox.errors import RulingError
from aktify_sandbox.exchange import Request
from support.snapshots import Snapshot

LEAD = {"phoneNumber": "(509) 555-1234", "region": "CA"}


class Case(NamedTuple):
    """A ruling's value, a request, and what comes of it: a status, and on 400 the ruling that decided."""

    ruling: str
    value: str
    lead: dict[str, Any] | bytes
    status: int
    returned: Mapping[str, Any] = MappingProxyType({})
    notes: tuple[str, ...] = ()
    link: str = "optional"
    content_type: bytes = b"application/json"
    path: str = "/api/v1/leads"
    by: str | None = None
    kept: str | None = None
    absent: tuple[str, ...] = ()


def with_(**more: Any) -> dict[str, Any]:
    return {**LEAD, **more}


SPACED = with_(phoneNumber=" 509-555-1234 ")
EXTENDED = with_(phoneNumber="509-555-1234 x12")
CASES = [
    Case("phone-format", "nanp", with_(phoneNumber="(372) 555-1234"), 201),
    Case("phone-format", "libphonenumber", with_(phoneNumber="(372) 555-1234"), 400),
    Case("phone-format", "libphonenumber", LEAD, 201),
    Case("phone-extension", "refuse", EXTENDED, 400),
    Case("phone-extension", "drop", EXTENDED, 201, {"phoneNumber": "509-555-1234 x12"}, ("phoneNumber",)),
    Case("phone-spaces", "trim", SPACED, 201, {"phoneNumber": " 509-555-1234 "}, ("phoneNumber",)),
    Case("phone-spaces", "trim", with_(phoneNumber="\t5095551234"), 400),
    Case("phone-spaces", "refuse", SPACED, 400),
    Case("phone-spaces", "refuse", LEAD, 201),
    Case("phone-number-type", "refuse", with_(phoneNumber=5095551234), 400, by="page"),
    Case("phone-number-type", "coerce", with_(phoneNumber=5095551234), 201, {"phoneNumber": "5095551234"}),
    Case("phone-spaces", "any", with_(phoneNumber="509\u00a0555\u20131234\t"), 201, notes=("phoneNumber",)),
    Case("phone-spaces", "any", SPACED, 201, notes=("phoneNumber",)),
    Case("phone-echo", "as-sent", with_(phoneNumber="509.555.1234"), 201, {"phoneNumber": "509.555.1234"}),
    Case("phone-echo", "e164", with_(phoneNumber="509.555.1234"), 201, {"phoneNumber": "+15095551234"}),
    Case("duplicate-by", "e164", with_(phoneNumber="509.555.9999"), 409, kept="+15095559999"),
    Case("duplicate-by", "as-written", with_(phoneNumber="509.555.9999"), 201, kept="+15095559999"),
    Case("duplicate-by", "as-written", with_(phoneNumber="5.9"), 400, by="phone-format"),
    Case("regions", "states-and-dc", with_(region="DC"), 201),
    Case("regions", "states-and-dc", with_(region="PR"), 400),
    Case("regions", "states", with_(region="DC"), 400),
    Case("regions", "states", LEAD, 201),
    Case("regions", "usps", with_(region="PR"), 201),
    Case("region-case", "refuse", with_(region="ca"), 400),
    Case("region-case", "accept", with_(region="ca"), 201, {"region": "ca"}),
    Case("region-case", "accept", with_(region="California"), 400, by="page"),
    Case("zip-format", "plus-four", with_(zipCode="90210-1234"), 201),
    Case("zip-format", "five", with_(zipCode="90210-1234"), 400),
    Case("zip-format", "five", with_(zipCode="90210"), 201),
    Case("zip-unknown", "refuse", with_(zipCode="00001"), 400),
    Case("zip-unknown", "accept", with_(zipCode="00001"), 201, notes=("zipCode",)),
    Case("zip-unknown", "accept", {"phoneNumber": "5095551234", "zipCode": "00001"}, 400),
    Case("region-zip-conflict", "note", with_(zipCode="10001"), 201, {"region": "CA"}, ("region",)),
    Case("region-zip-conflict", "zip", with_(zipCode="10001"), 201, {"region": "NY"}, ("region",)),
    Case("region-zip-conflict", "refuse", with_(zipCode="10001"), 400),
    Case(
        "region-from-zip", "include", {"phoneNumber": "5095551234", "zipCode": "90210"}, 201, {"region": "CA"}
    ),
    Case(
        "region-from-zip", "omit", {"phoneNumber": "5095551234", "zipCode": "90210"}, 201, absent=("region",)
    ),
    Case("email", "syntax", with_(email="someone@example.com"), 201),
    Case("email", "syntax", with_(email="someone@localhost"), 400),
    Case("email", "syntax", with_(email="a..b@example.com"), 201),
    Case("email", "email-validator", with_(email="a..b@example.com"), 400),
    Case("email", "email-validator", with_(email="someone@aktify.com"), 201),
    Case("external-created", "extended", with_(externalCreated="2022-11-15T21:04:28-0600"), 201),
    Case(
        "external-created", "extended", with_(externalCreated="2022-11-15"), 201, notes=("externalCreated",)
    ),
    Case("external-created", "extended", with_(externalCreated="20221115T210428Z"), 400),
    Case("external-created", "rfc3339", with_(externalCreated="2022-11-15T21:04:28-0600"), 400),
    Case("external-created", "rfc3339", with_(externalCreated="2022-11-15T21:04:28-06:00"), 201),
    Case("link", "http", with_(link="www.aktify.com"), 400),
    Case("link", "http", with_(link="https://www.aktify.com"), 201),
    Case("link", "any", with_(link="www.aktify.com"), 201, {"link": "www.aktify.com"}),
    Case("links", "at-most-one", LEAD, 201),
    Case("links", "at-most-one", with_(link="https://a.co", linkToShorten="https://a.co"), 400, by="page"),
    Case("links", "exactly-one", LEAD, 400),
    Case("links", "exactly-one", with_(link="https://a.co"), 201),
    Case("links", "exactly-one", with_(link="https://a.co", linkToShorten="https://a.co"), 400, by="page"),
    Case("campaign-link", "note", LEAD, 201, notes=("link",), link="link"),
    Case("campaign-link", "note", LEAD, 201, notes=("linkToShorten",), link="tracking"),
    Case("campaign-link", "refuse", LEAD, 400, link="tracking"),
    Case("campaign-link", "refuse", with_(linkToShorten="https://a.co"), 201, link="tracking"),
    Case("short-link", "sandbox", with_(linkToShorten="https://a.co"), 201, {"link": "http://here/s/"}),
    Case(
        "short-link", "https://l.co/x", with_(linkToShorten="https://a.co"), 201, {"link": "https://l.co/x/"}
    ),
    Case("metadata", "strings", with_(metadata={"a": 1}), 400, by="page"),
    Case("metadata", "strings", with_(metadata={}), 201, {"metadata": {}}),
    Case(
        "metadata", "coerce", with_(metadata={"a": 1, "b": True}), 201, {"metadata": {"a": "1", "b": "true"}}
    ),
    Case("null", "refuse", with_(email=None), 400),
    Case("null", "absent", with_(email=None), 201, absent=("email",)),
    Case("empty-string", "refuse", with_(email=""), 400),
    Case("empty-string", "refuse", with_(firstName=""), 201, {"firstName": ""}, ("firstName",)),
    Case(
        "empty-string",
        "absent",
        with_(email="", firstName=""),
        201,
        {},
        ("email", "firstName"),
        absent=("email", "firstName"),
    ),
    Case("empty-string", "keep", with_(email="", firstName=""), 201, {"email": "", "firstName": ""}),
    Case("empty-string", "keep", with_(phoneNumber=""), 400, by="page"),
    Case("unknown-property", "note", with_(phone="x"), 201, notes=("phone",), absent=("phone",)),
    Case("unknown-property", "refuse", with_(phone="x"), 400),
    Case("text-length", "note", with_(link="https://a.co/" + "x" * 1_500), 201, notes=("link",)),
    Case("text-length", "note", with_(source="x" * 1_000), 201),
    Case("text-length", "1000", with_(source="x" * 1_001), 400),
    Case("text-length", "1000", with_(source="x" * 1_000), 201),
    Case("text-length", "5", with_(phoneNumber="5095551234", source="x" * 6), 400),
    Case("text-length", "2000", with_(source="x" * 1_001), 201),
    Case("content-type", "json", LEAD, 201, content_type=b"application/json; charset=latin-1"),
    Case("content-type", "json", LEAD, 400, content_type=b"text/plain", by="page"),
    Case("content-type", "any", LEAD, 201, content_type=b"text/plain"),
    Case(
        "duplicate-json-key",
        "last",
        b'{"phoneNumber":"1","phoneNumber":"5095551234","region":"CA"}',
        201,
        notes=("phoneNumber",),
    ),
    Case(
        "duplicate-json-key", "refuse", b'{"phoneNumber":"1","phoneNumber":"5095551234","region":"CA"}', 400
    ),
    Case("trailing-slash", "refuse", LEAD, 404, path="/api/v1/leads/", by="page"),
    Case("trailing-slash", "accept", LEAD, 201, path="/api/v1/leads/"),
    Case("key-namespaces", "on", LEAD, 201),  # tests/integration/test_endpoint.py has what it does
    Case("key-namespaces", "off", LEAD, 201),
    Case("fictional-only", "off", LEAD, 201),
    Case("external-created", "any", with_(externalCreated="20221115T210428Z"), 201),
    Case("external-created", "any", with_(externalCreated="2022-W46-2"), 201, notes=("externalCreated",)),
    Case("external-created", "any", with_(externalCreated="11/15/2022"), 400, by="page"),
    Case("fictional-only", "on", LEAD, 400),
    Case("fictional-only", "on", with_(phoneNumber="(212) 555-0149"), 201),
]


def answer_to(case: Case, rulings: Rulings | None = None) -> Answer:
    rulings = rulings or Rulings.of("default", {case.ruling: case.value})
    rules = LeadRules(rulings, case.link)
    base = "http://here/s" if rulings["short-link"] == "sandbox" else rulings["short-link"]
    access = Access("demo", "…", False, rules, base)
    body = case.lead if isinstance(case.lead, bytes) else encoded(case.lead)
    headers = [(b"host", b"x"), (b"x-api-key", b"k"), (b"content-type", case.content_type)]
    request = Request("POST", case.path, headers, body)
    return decide(request, rulings, lambda _: access, lambda _, same: same == case.kept)


def encoded(lead: Any) -> bytes:
    import json

    return json.dumps(lead).encode()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.ruling}={case.value}")
def test_a_ruling_decides(case: Case) -> None:
    answer = answer_to(case)
    assert answer.status == case.status, answer.problems
    if answer.status == 400:
        assert answer.ruling == (None if case.by == "page" else case.by or case.ruling)
        assert answer.problems[0].message
        assert answer.problems[0].hint
    for name, value in case.returned.items():
        assert answer.lead is not None
        found = answer.lead[name]
        assert found.startswith(value) if name == "link" and value.endswith("/") else found == value
    for name in case.absent:
        assert answer.lead is not None
        assert name not in answer.lead


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.status == 201], ids=lambda c: f"{c.ruling}={c.value}"
)
def test_a_note_says_what_the_answer_does_not(case: Case) -> None:
    rules = LeadRules(Rulings.of("default", {case.ruling: case.value}), case.link)
    body = case.lead if isinstance(case.lead, bytes) else encoded(case.lead)
    assert {note.field for note in rules.notices(body)} >= set(case.notes)
    if not case.notes:
        assert [note for note in rules.notices(body) if note.ruling == case.ruling] == []


def test_no_row_is_missing_its_default_or_an_alternative() -> None:
    tried = {(case.ruling, case.value) for case in CASES}
    wanted = {(name, value) for name, ruling in RULINGS.items() for value in ruling.values}
    assert wanted - tried == set()
    free = {name for name, ruling in RULINGS.items() if ruling.free}
    assert {name for name, value in tried if name in free and value not in RULINGS[name].values} == free


UNMOVED = {name for name, ruling in RULINGS.items() if not ruling.lenient and not ruling.strict}


def test_profiles_move_each_ruling_to_its_end_and_leave_some_alone() -> None:
    profiles = {name: Rulings.of(name) for name in PROFILES}
    assert not profiles["default"].changes
    for name, ruling in RULINGS.items():
        assert profiles["lenient"][name] == (ruling.lenient or ruling.default)
        assert profiles["strict"][name] == (ruling.strict or ruling.default)
    assert [profiles[name]["external-created"] for name in PROFILES] == ["any", "extended", "extended"]


@pytest.mark.parametrize("name", sorted(UNMOVED))
def test_a_ruling_that_no_profile_moves_says_so(name: str) -> None:
    assert re.search("no profile changes this|a protection of the sandbox", RULINGS[name].reason)


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.ruling not in UNMOVED and case.kept is None], ids=str
)
def test_default_accepts_what_strict_accepts_and_lenient_what_any_value_accepts(case: Case) -> None:
    alone = answer_to(case).status
    lenient, default, strict = (answer_to(case, Rulings.of(profile)).status for profile in PROFILES)
    assert strict != 201 or default == 201
    assert default != 201 or lenient == 201
    assert alone != 201 or lenient == 201


@pytest.mark.parametrize(
    ("former", "today"),
    [
        ({"both-links": "refuse"}, {"links": "at-most-one"}),
        ({"external-created": "iso8601"}, {"external-created": "extended"}),
        ({"region-or-zip": "one"}, {}),
        ({"both-links": "refuse", "links": "exactly-one"}, {"links": "exactly-one"}),
        ({"links": "exactly-one", "both-links": "refuse"}, {"links": "exactly-one"}),
    ],
    ids=str,
)
def test_earlier_names_and_values_are_read_with_a_notice(
    former: dict[str, str], today: dict[str, str]
) -> None:
    found, notices = with_current_names(former)
    assert found == today
    assert len(notices) == 1
    assert Rulings.of("default", former) == Rulings.of("default", today)


@pytest.mark.parametrize("profile", PROFILES)
def test_the_pages_examples_are_accepted_in_every_profile(profile: str) -> None:
    rules = LeadRules(Rulings.of(profile))
    examples = {name: field["examples"][0] for name, field in rules.schema["properties"].items()}
    together = [
        {name: value for name, value in examples.items() if name != left_out}
        for left_out in ("link", "linkToShorten")
    ]
    for lead in together:
        assert rules.read(encoded(lead), b"application/json", None).problems == ()
    for name, value in examples.items():
        alone = {"phoneNumber": examples["phoneNumber"], "region": "CA", name: value}
        assert rules.read(encoded(alone), b"application/json", None).problems == ()


@pytest.mark.parametrize(
    ("profile", "changes"),
    [
        ("lax", {}),
        ("default", {"region-cas": "accept"}),
        ("default", {"region-case": "acept"}),
        ("default", {"text-length": "many"}),
        ("default", {"short-link": "ftp://x"}),
    ],
)
def test_a_mistake_says_what_is_allowed(profile: str, changes: dict[str, str], snapshot: Snapshot) -> None:
    with pytest.raises(RulingError) as caught:
        Rulings.of(profile, changes)
    snapshot("settings", str(caught.value))


def test_rulings_are_equal_when_all_their_values_are() -> None:
    one, same = (Rulings.of("default", {"link": "any"}) for _ in range(2))
    assert (one == same, hash(one) == hash(same)) == (True, True)
    assert one != Rulings.of()
    assert Rulings.of("strict") != Rulings.of("lenient")
