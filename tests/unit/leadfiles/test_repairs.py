"""A safe repair undoes what a spreadsheet or a CRM did, and guesses no digit, time or zone."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aktify_sandbox.contract.regions import NAMES
from aktify_sandbox.leadfiles.repairs import KINDS
from support.lead_files import checked, fixed, rejects, rows_of, table

HEADER = ["Phone", "State", "Zip", "Email", "Created Date"]
GOOD = ["5095550100", "MA", "02139", "a@example.com", "2026-11-01T14:05:00Z"]


def digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", re.sub(r"\.0+(?![0-9])", "", text))


@pytest.mark.parametrize(
    ("column", "before", "after"),
    [
        ("Phone", "\u00a05095550100 ", "5095550100"),
        ("Phone", "tel:+15095550100", "+15095550100"),
        ("Phone", "p:5095550100", "5095550100"),
        ("Phone", '="5095550100"', "5095550100"),
        ("Phone", "'5095550100", "5095550100"),
        ("Phone", "5095550100.0", "5095550100"),
        ("Phone", "509–555–0100", "5095550100"),
        ("Phone", "[509] 555·0100", "5095550100"),
        ("State", "ma", "MA"),
        ("State", " massachusetts ", "MA"),
        ("State", "MA\u00a0", "MA"),
        ("Zip", "2139", "02139"),
        ("Zip", "2139.0", "02139"),
        ("Zip", " 02139", "02139"),
        ("Zip", "z:02139", "02139"),
        ("Email", "\u200ba@example.com ", "a@example.com"),
        ("Created Date", "2026-11-01 14:05", "2026-11-01T14:05"),
        ("Created Date", "2026-11-01 14:05:00 ", "2026-11-01T14:05:00"),
    ],
)
def test_this_is_repaired(column: str, before: str, after: str) -> None:
    row = dict(zip(HEADER, GOOD, strict=True)) | {column: before}
    findings = checked(table([HEADER, list(row.values())]))
    assert findings.refused == 1
    assert {each.repair.kind for each in findings.repairs} <= KINDS.keys()
    [mended] = rows_of(fixed(findings))
    field = findings.file.columns[column]
    assert field
    assert mended[field] == after
    assert rows_of(rejects(findings, without_mended=True)) == []


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("Phone", "2.12556E+09"),
        ("Phone", "2.125550115E+09"),
        ("Phone", "555-0100"),
        ("Phone", "509-555-010"),
        ("Phone", "5095550100 x12"),
        ("Phone", "5095550100 / 5095550101"),
        ("Phone", "+44 20 7946 0000"),
        ("Phone", "CALL 5095550100"),
        ("State", "Mass."),
        ("State", "XX"),
        ("Zip", "139"),
        ("Zip", "2140E1"),
        ("Zip", "9021"),
        ("Email", "a@example"),
        ("Created Date", "11/02/2026 9:04 AM"),
        ("Created Date", "45962.58"),
        ("Created Date", "2026-13-01 14:05"),
        ("Created Date", "2026-11-01 9:04"),
    ],
)
def test_this_is_left_to_a_person(column: str, text: str) -> None:
    row = dict(zip(HEADER, GOOD, strict=True)) | {column: text}
    findings = checked(table([HEADER, list(row.values())]))
    assert (findings.refused, findings.repairs) == (1, [])
    assert rows_of(fixed(findings)) == []
    [rejected] = rows_of(rejects(findings, without_mended=True))
    assert rejected[column] == text
    assert rejected["row"] == "2"


PHONES = st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from(["", " ", "p:", "tel:", '="', "'", "\u00a0", "+", "x"]),
    st.sampled_from(["5095550100", "(509) 555-0101", "509–555–0102", "+1 509 555 0103", "509555010"]),
    st.sampled_from(["", ".0", ".00", "0"]),
    st.sampled_from(["", '"', " ", "\t"]),
    st.sampled_from(["", "\u202c"]),
)
STATES = st.sampled_from(["CA", "ca", "California", " new  york", "NY ", "XX", "", "Mass"])
ZIPS = st.sampled_from(
    ["90210", "2139", "501", "90210.0", "z:10001", " 10001", '="02139"', "", "9021", "ABC"]
)
EMAILS = st.sampled_from(["", "a@example.com", " a@example.com", "a@b"])
DATES = st.sampled_from(
    ["", "2026-11-01 14:05", "2026-11-01T14:05Z", "11/02/2026", " 2026-11-01 14:05:00+01:00"]
)


@given(st.lists(st.tuples(PHONES, STATES, ZIPS, EMAILS, DATES), max_size=8))
def test_a_fixed_file_is_accepted_and_says_nothing_that_the_rows_didnt(rows: list[tuple[str, ...]]) -> None:
    findings = checked(table([HEADER, *rows], lineterminator="\n"))
    written = fixed(findings)
    again = checked(written, "fixed.csv")
    assert (again.refused, again.duplicates) == (0, [])
    assert again.accepted == findings.accepted + len(findings.mended)
    refused = {each.row for each in findings.problems}
    repeated = {row for row, _ in findings.duplicates}
    filled = [(n, row) for n, row in enumerate(rows, 2) if any(cell.strip() for cell in row)]
    kept = [row for n, row in filled if n not in repeated and (n not in refused or n in findings.mended)]
    for (phone, state, zip_code, email, created), mended in zip(kept, rows_of(written), strict=True):
        assert digits(mended["phoneNumber"]) == digits(phone)
        state_said = mended.get("region", "")
        assert (
            state.strip().upper() == state_said
            or " ".join(state.lower().split()) == NAMES[state_said].lower()
        )
        assert mended.get("zipCode", "").lstrip("0") == digits(zip_code).lstrip("0")
        assert mended.get("email", "") == email.strip()
        assert mended.get("externalCreated", "").replace("T", " ") == created.strip().replace("T", " ")


def test_a_lost_zero_is_put_back_only_where_the_state_agrees() -> None:
    findings = checked(table([HEADER[:3], ["5095550100", "CA", "2139"], ["5095550101", "", "2139"]]))
    assert list(findings.mended) == [3]
