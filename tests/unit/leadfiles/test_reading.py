"""Every byte of a file ends in a lead, in something that is left out by name, or in an error with its line."""

import contextlib
import csv
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aktify_sandbox.errors import LeadFileError
from aktify_sandbox.leadfiles.reader import read
from support.lead_files import cells_or_error, checked, table
from support.snapshots import Snapshot

HEADER = ["phoneNumber", "region", "firstName", "metadata.a"]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["", " ", '"', '""', ",", ";", "\t", "|", "a\nb", "a\r\nb", '"a', 'b"', "=1+1", "\u00a0", "\x00", "’"]
)
ROWS = st.lists(st.lists(TEXT, min_size=4, max_size=4), max_size=6)
DIALECTS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.fixed_dictionaries(
        {
            "delimiter": st.sampled_from(",;\t|"),
            "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
            "lineterminator": st.sampled_from(["\r\n", "\n"]),
        }
    ),
    st.just({"lineterminator": "\n", "quoting": csv.QUOTE_MINIMAL}),  # as pandas writes
    st.just({"lineterminator": "\n", "quoting": csv.QUOTE_ALL}),  # as LibreOffice writes, all texts quoted
)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])


def filled(rows: list[list[str]]) -> list[list[str]]:
    """The rows that aren't blank."""
    return [row for row in rows if any(cell.strip() for cell in row)]


@given(ROWS, DIALECTS, ENCODINGS)
def test_any_table_is_read_back_exactly_or_refused_with_a_line(
    rows: list[list[str]], dialect: dict[str, Any], encoding: str
) -> None:
    if dialect["quoting"] == csv.QUOTE_MINIMAL:  # Python's writer leaves a lone carriage return bare there
        rows = [[cell.replace("\r", "\n") for cell in row] for row in rows]
    found = cells_or_error(table([HEADER, *rows], encoding, **dialect))
    if isinstance(found, LeadFileError):
        assert found.line
    else:
        assert found == filled(rows)


@given(ROWS, st.sampled_from(",;\t|"))
def test_windows_1252_is_read_back_exactly(rows: list[list[str]], delimiter: str) -> None:
    typed = [[cell.encode("cp1252", "ignore").decode("cp1252") for cell in row] for row in [["é"] * 4, *rows]]
    content = table([HEADER, *typed], "cp1252", delimiter=delimiter, quoting=csv.QUOTE_ALL)
    found = cells_or_error(content)
    if isinstance(found, LeadFileError):
        assert found.line
    else:
        assert found == filled(typed)


NAMES = st.sampled_from(["a.csv", "a.json", "a.jsonl", "-"])


@given(st.binary(max_size=400) | st.text(max_size=300).map(str.encode), NAMES)
def test_any_bytes_are_read_or_refused_in_words(content: bytes, name: str) -> None:
    with contextlib.suppress(LeadFileError):  # anything else that is raised is a fault
        findings = checked(b"phoneNumber,region\n" * name.endswith("csv") + content, name)
        assert findings.accepted + findings.refused + len(findings.duplicates) == findings.rows


def test_rows_are_counted_as_a_spreadsheet_counts_them() -> None:
    content = b'phoneNumber,region,lastName\n5095550100,CA,"two\nlines"\n\n5095550101,CA,x\n'
    assert [row.number for row in read(content, "x.csv").rows()] == [2, 4]


@pytest.mark.parametrize("cells", [b"5095550105,CA\n", b"5095550105\n", b" ,\n", b"\n"])
def test_a_quote_that_isnt_closed_is_refused_wherever_it_is(cells: bytes) -> None:
    for place in range(1, 6):
        rows = [b"phoneNumber,region,firstName\n", *[b'5095550104,CA,"Al"\n'] * 4]
        rows.insert(place, b'5095550103,CA,"Bo\n')
        with pytest.raises(LeadFileError) as caught:
            checked(b"".join([*rows, cells * (place < 5)]))
        assert caught.value.line == place + 1


def test_a_quote_in_the_middle_of_a_cell_is_a_sign_like_others() -> None:
    [row] = read(b'phoneNumber,region,lastName\n5095550100,CA,5" pipe\n', "x.csv").rows()
    assert row.lead["lastName"] == '5" pipe'


def test_an_address_of_two_lines_with_commas_is_no_swallowed_lead() -> None:
    content = b'phoneNumber,region,lastName\n5095550100,CA,"Lee\n12 Main St, Springfield, IL"\n'
    assert checked(content).accepted == 1


def test_the_users_word_on_columns_goes_before_what_they_are_called() -> None:
    content = b"Phone,Mobile,State,Notes\n5095550100,5095550101,CA,hi\n"
    chosen = {"Phone": "", "Notes": "metadata.notes"}
    [row] = read(content, "x.csv", columns=chosen).rows()
    assert row.lead == {"phoneNumber": "5095550101", "region": "CA", "metadata": {"notes": "hi"}}


@pytest.mark.parametrize(
    "chosen", [{"Phone": "phone_number"}, {"Fone": "phoneNumber"}, {"State": "phoneNumber"}]
)
def test_a_wrong_assignment_is_refused_with_a_fix(chosen: dict[str, str]) -> None:
    with pytest.raises(LeadFileError) as caught:
        read(b"Phone,State\n5095550100,CA\n", "x.csv", columns=chosen)
    assert caught.value.fix


def test_the_column_that_holds_phone_numbers_is_proposed(snapshot: Snapshot) -> None:
    with pytest.raises(LeadFileError) as caught:
        read(b"Who,Reach at,State\nAnn,(509) 555-0100,CA\nBo,p:+15095550101,CA\n", "x.csv")
    snapshot("lead-files", caught.value.fix)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "mac-roman", "utf-16-le", "latin-1"])
def test_the_users_word_on_the_encoding_is_taken(encoding: str) -> None:
    content = "phoneNumber,region,firstName\n5095550100,CA,Zoë\n".encode(encoding)
    [row] = read(content, "x.csv", encoding=encoding).rows()
    assert row.lead["firstName"] == "Zoë"


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_taken_at_the_users_word_with_and_without_a_mark(codec: str) -> None:
    [row] = read("phoneNumber\tregion\n5095550100\tCA\n".encode(codec), "x.txt", encoding="utf-16").rows()
    assert row.lead == {"phoneNumber": "5095550100", "region": "CA"}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "punycode", "ascii"])
@pytest.mark.parametrize("name", ["x.csv", "x.jsonl"])
def test_a_file_in_another_encoding_than_the_user_says_is_refused_with_a_fix(
    encoding: str, name: str
) -> None:
    content = '{"phoneNumber,region,firstName\n5095550100,CA,Zoë\n'.encode()  # an even number of bytes
    with pytest.raises(LeadFileError) as caught:
        read(content, name, encoding=encoding)
    assert caught.value.fix


def test_an_encoding_that_isnt_one_is_refused_with_a_fix() -> None:
    for name in ("utf-9", "rot13", "base64", "undefined"):
        with pytest.raises(LeadFileError) as caught:
            read(b"phoneNumber\n", "x.csv", encoding=name)
        assert caught.value.fix


def test_the_users_word_on_the_delimiter_is_taken() -> None:
    [row] = read(b"phoneNumber:region\n5095550100:CA\n", "x.csv", delimiter=":").rows()
    assert row.lead == {"phoneNumber": "5095550100", "region": "CA"}


def test_a_delimiter_that_divides_nothing_is_what_is_to_be_mended() -> None:
    for delimiter, named in (("\t", True), (None, False)):
        with pytest.raises(LeadFileError) as caught:
            read(b"Who,Where\na,b\n", "x.csv", delimiter=delimiter)
        assert ("--delimiter" in caught.value.fix) == named


def test_ten_megabytes_of_quotes_are_refused_with_a_line() -> None:
    with pytest.raises(LeadFileError) as caught:
        checked(b'phoneNumber,region\n5095550100,"' + b'"' * 10_000_000)
    assert caught.value.line == 2


def test_json_is_sent_as_it_stands_there() -> None:
    content = b'[{"phoneNumber" :"5095550100","region":"CA", "region":"NY"}]'
    [row] = read(content, "x.json").rows()
    assert row.body == content[1:-1]
    with pytest.raises(LeadFileError):
        read(content, "x.json", columns={"a": "phoneNumber"})
