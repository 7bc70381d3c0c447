"""Bodies that aren't JSON in UTF-8 are called what they certainly are, and no more than that."""

import bz2
import gzip
import json
import lzma
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aktify_sandbox.contract.lead import LeadRules, Problem
from aktify_sandbox.contract.rulings import Rulings
from support.snapshots import Snapshot, refusal

RULES = LeadRules(Rulings.of())
LEAD = {"phoneNumber": "(509) 555-1234", "region": "CA", "firstName": "José"}
TEXT = json.dumps(LEAD, ensure_ascii=False)


def refused(body: bytes, coding: bytes | None = None) -> Problem:
    [problem] = RULES.read(body, b"application/json", coding).problems
    return problem


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(TEXT.encode(), mtime=0), gzip.compress(b"{}", mtime=0),
        zlib.compress(b"{}"),
        zlib.compress(TEXT.encode() * 9, 9), zlib.compress(b"{}", 1),
        zlib.compress(TEXT.encode())[2:-4],
        bz2.compress(b"{}"), lzma.compress(b"{}"),
        b"\x82\xa1a\x01\xa1b\x02", b"\xa2\x61a\x01\x61b\xf5\xff",
        b"PK\x03\x04\x14\x00\xff",
        b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0\x00",
    ],
    ids=[
        "gzip of a lead", "gzip of {}",
        "zlib of {}",
        "zlib at its best", "zlib at its fastest",
        "deflate alone",
        "bzip2", "xz",
        "MessagePack", "CBOR",
        "ZIP",
        "PNG", "JPEG",
    ],
)  # fmt: skip
def test_what_is_no_text_is_called_what_it_is(
    body: bytes, snapshot: Snapshot, request: pytest.FixtureRequest
) -> None:
    problem = refused(body)
    snapshot("refusals", refusal(problem), request.node.callspec.id)
    assert (problem.source, problem.quote) == ("documented", "Content type: `application/json` (required)")
    assert not {"UTF-16", "Latin", "1252"} & set(problem.message.replace(",", " ").split())


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", [TEXT, "{}", " [1]"])
def test_wide_encodings_are_named_and_are_a_limit(codec: str, text: str, snapshot: Snapshot) -> None:
    problem = refused(text.encode(codec))
    assert codec[:6].upper() in problem.message
    snapshot("refusals", refusal(problem))
    assert problem.source == "limit"


def test_another_encoding_is_guessed_only_if_the_whole_body_could_be_that() -> None:
    assert "Windows-1252" in refused(TEXT.encode("latin-1")).hint
    assert "Windows-1252" not in refused(TEXT.replace("é", "Ж").encode("koi8-r") + b"}").hint
    assert "cut off" in refused(TEXT.encode()[:-3]).hint
    assert refused(TEXT.encode("latin-1")).source == "limit"


@given(st.binary(min_size=1))
def test_only_what_decodes_as_utf_16_is_called_so(body: bytes) -> None:
    for problem in RULES.read(body, b"application/json", None).problems:
        if "UTF-16" in problem.message:
            assert any(
                body[:64].decode(codec, "ignore").lstrip("\ufeff \t\r\n")[:1] in ("{", "[", '"')
                for codec in ("utf-16", "utf-16-le", "utf-16-be")
            )


@pytest.mark.parametrize(
    ("coding", "source"),
    [
        ("gzip", "limit"), ("gzip, br", "limit"),
        ("utf-8", "http"), ("UTF8", "http"), ("ISO-8859-1", "http"),
        ("chunked", "http"), ("application/json; charset=utf-8", "http"),
        ("base64", "limit"),
    ],
)  # fmt: skip
def test_content_encoding_is_called_what_it_is(coding: str, source: str, snapshot: Snapshot) -> None:
    problem = refused(b"{}", coding.encode())
    snapshot("refusals", refusal(problem))
    assert problem.source == source
    assert problem.quote == ("RFC 9110, 8.4" if source == "http" else None)


@pytest.mark.parametrize(
    "body",
    [
        b"{phoneNumber: 1}", b'{"a": undefined}',
        b'{"a": 1, // x\n}',
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1',
        b"{'a': 1}",
        b'{"a": True}', b'{"a": 1,}',
    ],
)  # fmt: skip
def test_slips_in_json_are_told_what_would_be_right(body: bytes, snapshot: Snapshot) -> None:
    snapshot("refusals", refusal(refused(body)))
