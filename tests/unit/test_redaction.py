"""Keys are taken out of texts whatever they are written like, and nothing else is."""

import base64
import gzip
import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aktify_sandbox.journal.presented_keys import presented_keys
from aktify_sandbox.redaction import Personal, Redaction, is_telling, masked_text
from support.canary import CANARY, bodies, shown_in, written

SHAPES = written(CANARY)
VISIBLE = st.characters(min_codepoint=33, max_codepoint=126)
KEYS = st.text(VISIBLE, min_size=8, max_size=40).filter(is_telling)
MANY = [f"another-{number:04}-key" for number in range(500)]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_test_sees_the_key_in_every_shape(shape: str) -> None:
    assert shown_in(f"a {SHAPES[shape]} b")


@pytest.mark.parametrize("others", [[], MANY], ids=["alone", "among many"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_key_is_masked_and_what_stands_around_it_stays(shape: str, others: list[str]) -> None:
    for text in (f"one {SHAPES[shape]} two {SHAPES[shape]} three", SHAPES[shape]):
        masked = Redaction([CANARY, *others]).masked({text: [text]})
        ((name, (value,)),) = masked.items()
        assert name == value
        assert not shown_in(value)
    if shape != "mixed":  # encodings that are mixed in a way of their own take the whole text with them
        assert masked == Redaction([CANARY]).masked({text: [text]})
        assert Redaction([CANARY]).masked("one " + SHAPES[shape] + " two").startswith("one ")
        assert Redaction([CANARY]).masked("one " + SHAPES[shape] + " two").endswith(" two")


@pytest.mark.parametrize("number", range(len(list(bodies(CANARY)))))
def test_a_body_of_any_encoding_shows_no_key(number: int) -> None:
    body = list(bodies(CANARY))[number]
    masked = Redaction([CANARY]).masked_octets(body)
    shown = [
        any(map(shown_in, (octets.decode("latin-1"), base64.b64encode(octets[:60_000]).decode())))
        for octets in (body, masked)
    ]
    assert shown == [True, False]


def test_compressed_content_is_the_same_without_the_key() -> None:
    masked = Redaction([CANARY]).masked_octets(gzip.compress(f'{{"a": "{CANARY}", "b": 1}}'.encode()))
    assert json.loads(gzip.decompress(masked)) == {"a": "CAN…1e2", "b": 1}


def test_utf_16_stays_utf_16() -> None:
    masked = Redaction([CANARY]).masked_octets(f'{{"a": "{CANARY}", "b": 1}}'.encode("utf-16"))
    assert json.loads(masked.decode("utf-16")) == {"a": "*" * len(CANARY), "b": 1}


@settings(deadline=None)  # the machine may be busy with other tests
@example(key="0000000\\N", before="", behind="")
@given(key=KEYS, before=st.text(max_size=20), behind=st.text(max_size=20))
def test_any_key_is_found_in_a_text_as_it_is_and_as_json_writes_it(
    key: str, before: str, behind: str
) -> None:
    redaction = Redaction([key])
    for text in (before + key + behind, json.dumps(before + key + behind), json.dumps(json.dumps(key))):
        assert redaction.finds(text)
        assert not redaction.finds(redaction.masked(text))
        assert key not in redaction.masked(text)


@settings(deadline=None)  # the machine may be busy with other tests
@given(key=KEYS, before=st.binary(max_size=5), behind=st.binary(max_size=5))
def test_any_key_is_found_in_base64_of_what_holds_it(key: str, before: bytes, behind: bytes) -> None:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        text = encode(before + key.encode() + behind).decode()
        assert Redaction([key]).finds(text)
        assert not Redaction([key]).finds(Redaction([key]).masked(text))


SOUGHT = Redaction([CANARY, *MANY], fresh=True)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)  # the machine may be busy with other tests
@given(JSON, st.binary(max_size=50))
def test_content_without_a_key_stays_unchanged(value: Any, octets: bytes) -> None:
    assert SOUGHT.masked(value) is value
    assert SOUGHT.masked_octets(octets) == octets


@pytest.mark.parametrize(
    "key",
    [
        *("a", "CA", "test", "secret1", "password", "phoneNumber", "California", "linkToShorten"),
        *("5095551234", "+15095551234", "(509) 555-1234", "2026-11-24", "127.0.0.1:8509"),
    ],
)
def test_a_key_that_could_be_any_word_or_number_is_not_searched_for(key: str) -> None:
    text = f"the {key} of a lead"
    assert Redaction([key]).masked(text) == text


@pytest.mark.parametrize("key", ["password1", "acme-dev", "p@ssword", "x" * 20, "4" * 20])
def test_a_long_or_mixed_key_is_searched_for(key: str) -> None:
    assert key not in Redaction([key]).masked(f"the {key} of a lead")


def test_half_a_key_before_a_cut_is_left_out() -> None:
    cut = f'{{"message": "There is no /leads?{CANARY[:12]}…", "hint": "{CANARY}"}}'
    assert Redaction([CANARY]).masked(cut) == '{"message": "There is no …", "hint": "CAN…1e2"}'


def test_keys_made_by_the_sandbox_are_known_by_their_form() -> None:
    text = "key-0123456789abcdef"
    assert Redaction([], fresh=True).masked(text) == "key…def"
    assert Redaction([]).masked(text) == text


def test_keys_of_the_underlying_redaction_are_masked_too() -> None:
    assert (
        Redaction(["another-1-key"], Redaction([CANARY])).masked(f"{CANARY} another-1-key")
        == "CAN…1e2 ano…key"
    )


@pytest.mark.parametrize("piece", ["\\", "%25", "%", "&#0", "\\u00", "n\\n", CANARY[:-1], "…", "\n\0"])
def test_a_large_text_that_could_be_anything_takes_no_time_to_speak_of(piece: str) -> None:
    """It comes to an end at all: a pattern that goes back and forth would take years."""
    text = piece * (100_000 // len(piece)) + CANARY
    assert not Redaction([CANARY, "n" * 30, "\\n" * 15]).finds(
        Redaction([CANARY, "n" * 30, "\\n" * 15]).masked(text)
    )


LONG_KEYS = [
    "." * 30_000,
    "a1." * 20_000,
    "ab.1" * 70,
    "x9" * 30_000,
    "%2e" * 10_000,
    " ".join(map(str, range(10_000_000, 10_007_000))),
]


@pytest.mark.parametrize("key", LONG_KEYS)
def test_a_key_is_looked_for_in_few_shapes_however_long_it_is(key: str) -> None:
    """Each shape is looked for in every text of the request, and a server has other requests to answer."""
    presented = presented_keys([(b"x-api-key", key.encode())], b"")
    assert len(presented) <= 20
    assert key not in str(Redaction(presented).masked({"body": f"<{key}>"})) or not presented


# phone numbers, e-mail addresses, last names

LEAD = {"phoneNumber": "(509) 555-9876", "email": "jane@example.com", "lastName": "Doe", "firstName": "Jane"}


@pytest.mark.parametrize(
    "text",
    [
        "2022-11-15T21:04:28-0600 and 2022-11-15T21:04:28.123Z and 2022-11-15",
        "http://127.0.0.1:8509/s/abc from 192.168.0.12:54321",
        "r000000042 by number 555-0162",
        "201 201 429 201 …",
        "200, 503, 409",
    ],
)
def test_a_text_that_only_looks_like_a_phone_number_stays(text: str) -> None:
    assert masked_text(text) == text


@pytest.mark.parametrize(
    "text", ["2022-11-15 509-555-9876", "2055-11-2345", "1.509.555.9876", "212.234.56.78", "192.555.9876"]
)
def test_a_phone_number_beside_a_date_or_with_dots_is_masked(text: str) -> None:
    assert not {"9876", "2345", "56.78"} & {masked_text(text)[-4:], masked_text(text)[-5:]}


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("+15095559876", "+1509***9876"),
        ("(509) 555-9876", "509***"),
        ("+1 (509) 555-9876", "509***"),
        ("1-509-555-9876", "509***"),
        ("15095559876", "509***"),
        ("5095559876", "509***"),
        ("(509) 555-9876 503", "509*** 503"),
        ("+1 509 555 9876 503", "509*** 503"),
        ("50955598761", "509***"),
        ("5095559876,5095551234", "509***,509***"),
        ("+44 20 7946 0958", "+44***"),
        ("201 404 5029", "201***"),
    ],
)
def test_a_number_in_a_text_is_masked_as_the_page_on_masking_says(written: str, shown: str) -> None:
    assert masked_text(f"to {written} now") == f"to {shown} now"


@pytest.mark.parametrize("indent", [None, 2])
def test_a_body_of_json_is_masked_and_is_json_still(indent: int | None) -> None:
    entry = {"body": json.dumps({**LEAD, "externalCreated": "2022-11-15T21:04:28-0600"}, indent=indent)}
    masked = Personal().entry(entry)
    assert masked["masked"] is True
    assert json.loads(masked["body"]) == {
        "phoneNumber": "509***",
        "email": "j***@example.com",
        "lastName": "D***",
        "firstName": "Jane",
        "externalCreated": "2022-11-15T21:04:28-0600",
    }


def test_a_phone_number_that_is_a_json_number_becomes_a_text() -> None:
    body = '{"phoneNumber": 5095559876, "count": 5}'
    assert json.loads(Personal().entry({"body": body})["body"]) == {"phoneNumber": "509***", "count": 5}
    assert Personal().document({"phoneNumber": 5095559876, "size": 12345678}) == {
        "phoneNumber": "509***",
        "size": 12345678,
    }


def test_a_body_that_is_not_text_is_left_out() -> None:
    octets = base64.b64encode(json.dumps(LEAD).encode("utf-16")).decode()
    masked = Personal().entry({"body": octets, "bodyEncoding": "base64", "response": {"body": octets}})
    assert "bodyEncoding" not in masked
    assert octets not in masked["body"]


def test_names_and_values_are_masked_by_the_field_that_they_belong_to() -> None:
    document = {
        "phone": "+15095559876",
        "id": "r000000042",
        "client": "203.0.113.12:54321",
        "headers": [["host", "127.0.0.1:8509"], ["referer", "https://a.example/?p=5095559876"]],
        "lead": LEAD,
        "differences": [{"field": "body.lastName", "first": "Doe", "this": "Roe"}],
        "problems": [
            {"field": "phoneNumber", "message": "509555987 is short.", "hint": "As (509) 555-1234."},
            {"field": "externalCreated", "message": "11/15/2022 13:42 isn't ISO 8601."},
        ],
    }
    assert Personal(examples=("(509) 555-1234",)).document(document) == {
        "phone": "+1509***9876",
        "id": "r000000042",
        "client": "203.0.113.12:54321",
        "headers": [["host", "127.0.0.1:8509"], ["referer", "https://a.example/?p=509***"]],
        "lead": {
            "phoneNumber": "509***",
            "email": "j***@example.com",
            "lastName": "D***",
            "firstName": "Jane",
        },
        "differences": [{"field": "body.lastName", "first": "D***", "this": "R***"}],
        "problems": [
            {"field": "phoneNumber", "message": "509*** is short.", "hint": "As (509) 555-1234."},
            {"field": "externalCreated", "message": "11/15/2022 13:42 isn't ISO 8601."},
        ],
    }


def test_nothing_is_masked_where_it_shall_be_whole() -> None:
    assert Personal(whole=True).entry({"lead": LEAD}) == {"lead": LEAD}
