"""The usual wrong keys are recognised by their form, and nothing of one is repeated."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aktify_sandbox.contract.keys import why_unknown

KNOWN = {b"test-key": "demo", b"UPPER-KEY": "demo", b"s3cret-of-a-shop": "demo"}


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("", "blank"), ("  \t", "blank"), ("undefined", "word undefined"), ("null", "word null"), ("None", "word None"),
        ("[object Object]", "no value"), ("$AKTIFY_API_KEY", "shell"), ("${AKTIFY_API_KEY}", "shell"),
        ("$env:AKTIFY_API_KEY", "shell"), ("${{ secrets.AKTIFY_API_KEY }}", "shell"), ("%AKTIFY_API_KEY%", "Windows"),
        ("{{api_key}}", "template"), ("{{ vault.key }}", "template"), ("{apiKey}", "template"),
        ("<%= key %>", "template"), ("x" * 2_000, "2,000 characters"),
        ("process.env.AKTIFY_API_KEY", "in code"), ("AKTIFY_API_KEY", "in code"), ("YOUR_API_KEY", "placeholder"),
        ("<your key>", "placeholder"), ("xxxxxxxx", "placeholder"), ("********", "placeholder"),
        ("Bearer test-key", "word Bearer.*so it is known"), ("bearer nobodys", "word bearer: send the key alone\\."),
        ("Basic dGVzdC1rZXk6", "word Basic"), ("Token test-key", "word Token.*known"), ("Bearer", "isn't known"),
        ('"test-key"', "in quotes.*so it is known"), ("'nobodys'", "in quotes: send it without them\\."),
        ("“test-key”", "in quotes.*known"), ("x-api-key: test-key", "header's name.*known"),
        ("Test-Key", "lower case"), ("TEST-KEY", "lower case"), ("upper-key", "upper case"),
        ("test-key\\n", "escaped line end"), ("test-key%0D", "escaped line end"), ("test-key,", "at its end"),
        ('"test-key', "on one side"), ("test- key", "blanks in it"), ("test%2Dkey", "percent-encoded"),
        ("dGVzdC1rZXk=", "Base64"), ("dGVzdC1rZXk6", "Base64"), ("two words", "has a blank"),
        ("eyJhbGciOi.eyJzdWIi.c2ln", "JSON Web Token"), ("tes…key", "masked"), ("tes***key", "masked"),
        ("nobodys-key", "isn't known"), ("test-kez", "isn't known"), ("Nobodys", "isn't known"),
    ],
)  # fmt: skip
def test_a_wrong_key_is_recognised_by_its_form(key: str, words: str) -> None:
    assert re.search(words, why_unknown(key.encode(), KNOWN.get))


FORMS = st.sampled_from(["{}", "Bearer {}", '"{}"', "x-api-key: {}", "{},", "{} "])


@given(st.text("abcdefgh0123456789", min_size=8), FORMS)
def test_nothing_of_an_unknown_key_is_repeated(key: str, form: str) -> None:
    assert key not in why_unknown(form.format(key).encode(), KNOWN.get)


@given(st.binary())
def test_whatever_bytes_come_a_reason_is_found(key: bytes) -> None:
    assert why_unknown(key, KNOWN.get).endswith((".", "?"))
