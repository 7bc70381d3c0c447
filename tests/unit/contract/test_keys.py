"""The usual wrong keys are recognised by their form, and nothing of one is repeated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aktify_sandbox.contract.keys import MISTAKES, why_missing, why_unknown
from support.reference import reason_fields
from support.snapshots import Snapshot

KNOWN = {b"test-key": "demo", b"UPPER-KEY": "demo", b"s3cret-of-a-shop": "demo"}


@pytest.mark.parametrize(
    "key",
    [
        "", "  \t", "undefined", "null", "None",
        "[object Object]", "$AKTIFY_API_KEY", "${AKTIFY_API_KEY}",
        "$env:AKTIFY_API_KEY", "${{ secrets.AKTIFY_API_KEY }}", "%AKTIFY_API_KEY%",
        "{{api_key}}", "{{ vault.key }}", "{apiKey}",
        "<%= key %>", "x" * 2_000,
        "process.env.AKTIFY_API_KEY", "AKTIFY_API_KEY", "YOUR_API_KEY",
        "<your key>", "xxxxxxxx", "********",
        "Bearer test-key", "bearer nobodys",
        "Basic dGVzdC1rZXk6", "Token test-key", "Bearer",
        '"test-key"', "'nobodys'",
        "“test-key”", "x-api-key: test-key",
        "Test-Key", "TEST-KEY", "upper-key",
        "test-key\\n", "test-key%0D", "test-key,",
        '"test-key', "test- key", "test%2Dkey",
        "dGVzdC1rZXk=", "dGVzdC1rZXk6", "two words",
        "eyJhbGciOi.eyJzdWIi.c2ln", "tes…key", "tes***key",
        "nobodys-key", "test-kez", "Nobodys",
    ],
)  # fmt: skip
def test_a_wrong_key_is_recognised_by_its_form(key: str, snapshot: Snapshot) -> None:
    snapshot("keys", why_unknown(key.encode(), KNOWN.get).sentence)


BY_CODE = {
    "blank": [" "], "too-long": ["x" * 2_000], "nothing": ["undefined", "null", "[object Object]"],
    "placeholder": ["$AKTIFY_API_KEY", "{{api_key}}", "YOUR_API_KEY"], "quotes": ['"test-key"', '"test-key'],
    "header-name": ["x-api-key: test-key"], "scheme": ["Bearer test-key", "Basic dGVzdC1rZXk6"],
    "token": ["eyJhbGciOi.eyJzdWIi.c2ln"], "masked": ["tes…key"], "extra-character": ["test-key,", "test-key\\n"],
    "white-space": ["test- key", "two words"], "case": ["Test-Key"], "percent-encoded": ["test%2Dkey"],
    "base64": ["dGVzdC1rZXk="], None: ["nobodys-key"],
}  # fmt: skip


@pytest.mark.parametrize(("code", "key"), [(code, key) for code, keys in BY_CODE.items() for key in keys])
def test_each_mistake_with_a_key_has_a_code(code: str | None, key: str) -> None:
    assert why_unknown(key.encode(), KNOWN.get).code == code


@pytest.mark.parametrize(
    ("count", "elsewhere", "code"),
    [(0, [], "none"), (2, [], "several"), (0, [(b"authorization", b"Bearer test-key")], "other-header")],
)
def test_a_missing_key_has_a_code_too(count: int, elsewhere: list[tuple[bytes, bytes]], code: str) -> None:
    assert why_missing(count, elsewhere, KNOWN.get).code == code


def test_every_code_is_one_that_the_journal_documents() -> None:
    codes = {code for code in BY_CODE if code} | {"none", "several", "other-header"}
    assert codes == set(MISTAKES)
    assert all(f"`{code}`" in reason_fields() for code in MISTAKES)


FORMS = st.sampled_from(["{}", "Bearer {}", '"{}"', "x-api-key: {}", "{},", "{} "])


@given(st.text("abcdefgh0123456789", min_size=8), FORMS)
def test_nothing_of_an_unknown_key_is_repeated(key: str, form: str) -> None:
    assert key not in why_unknown(form.format(key).encode(), KNOWN.get).sentence


@given(st.binary())
def test_any_key_gets_a_reason(key: bytes) -> None:
    assert why_unknown(key, KNOWN.get).sentence.endswith((".", "?"))
