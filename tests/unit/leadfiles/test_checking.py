"""What each row of a file would be answered: accepted, refused, or a duplicate of an accepted one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aktify_sandbox.contract.lead import LeadRules
from aktify_sandbox.contract.rulings import Rulings
from aktify_sandbox.leadfiles.kinds import kinds_of
from aktify_sandbox.leadfiles.reader import read
from aktify_sandbox.leadfiles.sentences import kinds
from support.lead_files import checked, fixed, rejects, rows_of, table


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["5095550100", "(509) 555-0100", "5095550101", "509"]),
            st.sampled_from(["CA", "ca"]),
        )
    )
)
def test_each_row_is_what_the_endpoint_would_answer(rows: list[tuple[str, str]]) -> None:
    findings = checked(table([["phoneNumber", "region"], *rows]))
    rules, kept = LeadRules(Rulings.of()), set[str]()
    counts = {201: 0, 400: 0, 409: 0}
    for phone, region in rows:
        body = f'{{"phoneNumber": "{phone}", "region": "{region}"}}'.encode()
        reading = rules.read(body, b"application/json", None)
        status = 400 if reading.problems or not reading.phone else 409 if reading.phone in kept else 201
        counts[status] += 1
        if status == 201 and reading.phone:
            kept.add(reading.phone)
    assert (findings.accepted, findings.refused, len(findings.duplicates)) == tuple(counts.values())


def test_a_row_that_repeats_a_refused_one_is_no_duplicate() -> None:
    findings = checked(b"phoneNumber,region\n5095550100,XX\n5095550100,CA\n5095550100,CA\n")
    assert (findings.accepted, findings.refused, findings.duplicates) == (1, 1, [(4, 3)])


def test_an_accepted_row_goes_before_one_that_had_to_be_repaired() -> None:
    findings = checked(b"phoneNumber,region\n5095550100,ca\n5095550100,CA\n")
    assert findings.mended == {}
    assert findings.repeated_once_mended == {2: 3}
    [rejected] = rows_of(rejects(findings, without_mended=True))
    assert "row 3" in rejected["problem"]
    assert rejected["fix"].startswith("Leave it out")


ODD = {"phoneNumber": "5095550100", "region": "CA", "firstName": "undefined"}
TWICE = b'{"phoneNumber": "5095550100", "firstName": "Ann", "firstName": "undefined", "region": "CA"}'


@pytest.mark.parametrize(
    ("content", "name"),
    [(table([[*ODD], [*ODD.values()]]), "leads.csv"), (TWICE, "leads.jsonl")],
    ids=["table", "JSON"],
)
def test_the_notes_on_a_row_are_those_that_its_body_would_get(content: bytes, name: str) -> None:
    rules = LeadRules(Rulings.of())
    [row] = read(content, name).rows()
    found = [each.notice for each in checked(content, name).notices]
    assert found == rules.notices(row.body)
    assert {each.field for each in found} == {"firstName"}


def test_a_table_is_not_searched_for_what_only_foreign_json_can_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(LeadRules, "notices")
    content = table([[*ODD], [*ODD.values()]])
    assert [each.notice.field for each in checked(content).notices] == ["firstName"]


def test_rejects_keep_the_users_columns_in_their_order() -> None:
    content = b"Notes,Phone,,State,Notes\nx,509,y,CA,z\n"
    [head, row] = rejects(checked(content)).decode("utf-8-sig").split("\r\n")[:2]
    assert head == "Notes,Phone,,State,Notes,row,problem,fix"
    assert row.startswith("x,509,y,CA,z,2,")


def test_cells_beyond_the_last_column_stay_in_the_rejects() -> None:
    content = b"phoneNumber,region\n5095550100,CA,Ann,Bo\n"
    assert b",Ann,Bo\r\n" in rejects(checked(content))


def test_rejects_can_be_mended_and_checked_again() -> None:
    first = checked(b"Phone,State,Notes\n5095550100,ca,x\n509555010,CA,y\n")
    mended = rejects(first).replace(b"509555010,", b"5095550101,").replace(b",ca,", b",CA,")
    again = checked(mended)
    assert (again.accepted, again.refused) == (2, 0)
    broken = rejects(checked(rejects(first)))
    assert broken.split(b"\r\n")[0] == rejects(first).split(b"\r\n")[0]


def test_problems_are_counted_by_kind_and_not_by_row() -> None:
    rows = [["5095550100", "ca", "2139"], ["5095550101", "nv", "90210"], ["2.1E+09", "ca", "90210"]]
    findings = checked(table([["Phone", "State", "Zip"], *rows]))
    found = kinds_of(findings.problems)
    assert len(findings.problems) == sum(kind.count for kind in found) == 5
    assert (found[0].first.field, found[0].rows) == ("region", [2, 3, 4])


def test_different_damage_is_a_kind_of_its_own() -> None:
    rows = [["2.12556E+09"], ["5095550100.0"], ["555-0100"], ["5095550100,5095550101"], ["4.15556E+09"]]
    findings = checked(table([["Phone", "State"], *([*row, "CA"] for row in rows)]))
    assert [kind.rows for kind in kinds_of(findings.problems)] == [[2, 6], [3], [4], [5]]


@pytest.mark.parametrize(
    ("field", "cells"),
    [
        ("region", ["Calif.", "Ontario", "Nevada"]),
        ("externalCreated", ["03/14/2025", "45731.5", "3/15/2025"]),
        ("phoneNumber", ["p:+15095550100", "tel:+15095550100", "p:+15095550101"]),
        ("phoneNumber", ['="5095550100"', "'5095550100", '="5095550101"']),
    ],
)
def test_a_kinds_fix_is_right_for_each_of_its_rows(field: str, cells: list[str]) -> None:
    leads = [{"phoneNumber": "5095550100", "zipCode": "90210", "region": "", field: cell} for cell in cells]
    findings = checked(table([[*leads[0]], *([*lead.values()] for lead in leads)]))
    assert [kind.rows for kind in kinds_of(findings.problems)] == [[2, 4], [3]]


def test_a_fix_that_differs_is_given_for_each_value() -> None:
    states = ["Calif.", "New York", "Calif."]
    findings = checked(table([["Phone", "State"], *(["5095550100", state] for state in states)]))
    [kind] = kinds(findings.problems, "row")
    assert (kind.fix, kind.rows) == ("", "rows 2, 3, 4")
    assert [line.split(" “")[0] for line in kind.fixes] == ["rows 2, 4", "row 3"]
    assert [line[-3:] for line in kind.fixes] == ["CA.", "NY."]


def test_only_the_first_fixes_of_a_kind_are_listed() -> None:
    zips = [["5095550100", f"{number}"] for number in range(2101, 2121)]
    [kind] = kinds(checked(table([["Phone", "Zip"], *zips])).problems, "row")
    assert (kind.problems, len(kind.fixes)) == (20, 11)


@pytest.mark.parametrize("profile", ["lenient", "default", "strict"])
def test_the_profile_decides(profile: str) -> None:
    findings = checked(b"Phone,State\n(206) 555-0100,ca\n", profile=profile)
    assert findings.refused == (0 if profile == "lenient" else 1)
    assert checked(fixed(findings), "fixed.csv", profile=profile).refused == 0


def test_a_lead_that_is_larger_than_a_request_may_be_is_refused() -> None:
    findings = checked(b"Phone,State,metadata.note\n5095550100,CA," + b"x" * 100_000 + b"\n5095550101,CA,y\n")
    assert [(each.row, each.problem.source) for each in findings.problems] == [(2, "limit")]
    assert findings.accepted == 1


def test_columns_that_rejects_added_are_named_as_that() -> None:
    again = checked(rejects(checked(b"Phone,State\n5095550100,ca\n")))
    assert [(each.kind, each.what) for each in again.file.left_out] == [
        ("rejects column", "row"),
        ("rejects column", "problem"),
        ("rejects column", "fix"),
    ]


def test_json_that_is_no_object_is_a_refused_lead() -> None:
    findings = checked(b'[1, {"phoneNumber": "5095550100", "region": "CA"}, null, "x"]', "x.json")
    assert (findings.accepted, findings.refused) == (1, 3)
    assert [row["row"] for row in rows_of(rejects(findings))] == ["1", "3", "4"]
