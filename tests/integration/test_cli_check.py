"""`check`: a file of leads, without a server."""

import csv
import json
from pathlib import Path

import pytest

from support.commands import Outcome, call
from support.paths import ROOT
from support.snapshots import Snapshot

FILES = ROOT / "fixtures" / "files"
EUROPE = (
    "First Name;Phone;State;Zip;Notes\r\n"
    "José;(509) 555-0101;CA;90210;ok\r\n"
    "Ann;5095550102;MA;2139;\r\n"
    "Bob;509;CA;90210;short\r\n"
)


@pytest.fixture
def leads(tmp_path: Path) -> Path:
    """What Excel saves in Europe."""
    file = tmp_path / "leads.csv"
    file.write_bytes(EUROPE.encode("cp1252"))
    return file


def check(*arguments: str | Path, cwd: Path, text: str | None = None) -> Outcome:
    return call("check", *map(str, arguments), folder=cwd, text=text, environment={})


def rows(file: Path) -> list[list[str]]:
    with file.open(encoding="utf-8-sig", newline="") as text:
        return list(csv.reader(text))


def test_it_needs_no_server_and_leaves_nothing_behind(leads: Path, tmp_path: Path) -> None:
    assert check(leads, cwd=tmp_path).returncode == 1
    assert [each.name for each in tmp_path.iterdir()] == ["leads.csv"]


@pytest.mark.parametrize(("profile", "code"), [("lenient", 0), ("default", 1)])
def test_the_exit_code_says_whether_all_would_be_accepted(profile: str, code: int, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Phone,State\n5095550100,ca\n5095550100,ca\n")
    assert check("a.csv", "--profile", profile, cwd=tmp_path).returncode == code
    (tmp_path / "aktify-sandbox.yaml").write_text(f"profile: {profile}\n")
    assert check("a.csv", cwd=tmp_path).returncode == code
    assert check("a.csv", "--ruling", "region-case=accept", cwd=tmp_path).returncode == 0


def test_both_files_open_in_a_spreadsheet_and_the_fixed_one_passes(leads: Path, tmp_path: Path) -> None:
    assert check(leads, "--rejects", "bad.csv", "--fixed", "good.csv", cwd=tmp_path).returncode == 1
    for name in ("bad.csv", "good.csv"):
        content = (tmp_path / name).read_bytes()
        assert content.startswith(b"\xef\xbb\xbf")
        assert content.count(b"\n") == content.count(b"\r\n")
    assert rows(tmp_path / "bad.csv")[0] == [
        "First Name",
        "Phone",
        "State",
        "Zip",
        "Notes",
        "row",
        "problem",
        "fix",
    ]
    assert [row[5] for row in rows(tmp_path / "bad.csv")[1:]] == ["4"]
    assert [row[2] for row in rows(tmp_path / "good.csv")[1:]] == ["90210", "02139"]
    assert check("good.csv", cwd=tmp_path).returncode == 0


def test_an_existing_file_is_replaced_but_never_the_one_that_is_checked(leads: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("old")
    assert check(leads, "--rejects", "bad.csv", cwd=tmp_path).returncode == 1
    assert rows(tmp_path / "bad.csv")[0][-1] == "fix"
    (tmp_path / "link.csv").symlink_to(leads)
    for arguments in (["--fixed", "leads.csv"], ["--rejects", "./leads.csv"], ["--fixed", "link.csv"]):
        assert check(leads, *arguments, cwd=tmp_path).returncode == 2
    assert check(leads, "--fixed", "x.csv", "--rejects", "x.csv", cwd=tmp_path).returncode == 2
    assert leads.read_bytes() == EUROPE.encode("cp1252")
    assert not (tmp_path / "x.csv").exists()


def test_an_unreadable_file_is_exit_code_2_and_writes_no_file(tmp_path: Path) -> None:
    for name in (
        "unclosed-quote-middle.csv",
        "no-phone-column.csv",
        "workbook.xlsx",
        "duplicate-headers.csv",
        "absent.csv",
    ):
        done = check(FILES / name, "--json", "--fixed", "good.csv", "--rejects", "bad.csv", cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert name in done.stderr
        assert "Traceback" not in done.stderr
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--map", "Phone"],
        ["--map", "Phone=fone"],
        ["--map", "Nobody=region"],
        ["--encoding", "utf-9"],
        ["--delimiter", "::"],
        ["--delimiter", ""],
        ["--campaign", "nobody"],
        ["--ruling", "nothing=1"],
    ],
)
def test_a_wrong_argument_is_exit_code_2(arguments: list[str], leads: Path, tmp_path: Path) -> None:
    done = check(leads, *arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr


def test_a_mistyped_name_is_answered_with_the_one_that_is_there(
    leads: Path, tmp_path: Path, snapshot: Snapshot
) -> None:
    for name in ("lead.csv", "other.txt", "none/leads.csv", '{"phoneNumber": "5095550100"}'):
        done = check(name, cwd=tmp_path)
        assert (done.returncode, leads.name in done.stderr) == (2, name == "lead.csv")
        snapshot("lead-files", done.stderr.splitlines()[-1], name)


@pytest.mark.parametrize(
    "mapping", ["Created=Date", "State=Regoin", "phoneNumber=Phone", "Notes=Remarks", "Nobody=region"]
)
def test_a_mapping_that_cant_be_is_answered_with_one_that_can(
    mapping: str, leads: Path, tmp_path: Path, snapshot: Snapshot
) -> None:
    done = check(leads.name, "--map", mapping, cwd=tmp_path)
    assert done.returncode == 2
    snapshot("lead-files", done.stderr, mapping)


def test_an_open_quote_is_named_with_its_line(tmp_path: Path, snapshot: Snapshot) -> None:
    (tmp_path / "a.csv").write_text('Phone,State,Notes\n5095550100,CA,"said 6\n')
    done = check("a.csv", cwd=tmp_path)
    assert (done.returncode, "line 2" in done.stderr) == (2, True)
    snapshot("lead-files", done.stderr)


def test_a_table_without_a_place_says_which_columns_it_has(tmp_path: Path, snapshot: Snapshot) -> None:
    for name, header in (("nothing alike", "Phone,County"), ("nearly", "Phone,Province")):
        (tmp_path / "a.csv").write_text(f"{header}\n5095550100,CA\n")
        done = check("a.csv", cwd=tmp_path)
        assert done.returncode == 1
        snapshot("lead-files", done.stdout, name)
    assert check("a.csv", "--map", "Province=region", cwd=tmp_path).returncode == 0


def test_dates_of_a_spreadsheet_are_named_and_their_column_can_be_left_out(
    tmp_path: Path, snapshot: Snapshot
) -> None:
    (tmp_path / "a.csv").write_text(
        "Phone,State,Created\n5095550100,CA,11/25/2026\n5095550101,CA,4/5/2026\n"
        "5095550102,CA,45967\n5095550103,CA,45968.5\n"
    )
    done = check("a.csv", cwd=tmp_path)
    assert done.returncode == 1
    snapshot("lead-files", done.stdout)
    assert check("a.csv", "--map", "Created=", cwd=tmp_path).returncode == 0


def test_notices_tell_what_is_accepted_but_hardly_meant(tmp_path: Path, snapshot: Snapshot) -> None:
    (tmp_path / "a.csv").write_text(
        "Phone,State,Zip,Created\n 5095550100 ,CA,10001,2026-11-25\n5095550101,NV,90210,2026-11-25\n"
        "5095550102,ca,10001,2026-11-25\n"
    )
    done = check("a.csv", cwd=tmp_path)
    snapshot("lead-files", done.stdout)
    notes = json.loads(check("a.csv", "--json", cwd=tmp_path).stdout)["notes"]
    assert [(each["row"], each["field"], each["ruling"]) for each in notes] == [
        (2, "phoneNumber", "phone-spaces"),
        (2, "region", "region-zip-conflict"),
        (2, "externalCreated", "external-created"),
        (3, "region", "region-zip-conflict"),
        (3, "externalCreated", "external-created"),
    ]


def test_the_next_step_after_a_fixed_file_is_named(leads: Path, tmp_path: Path) -> None:
    done = check(leads, "--fixed", "all good.csv", cwd=tmp_path)
    assert done.stdout.endswith("aktify-sandbox send 'all good.csv'\n")


def test_a_program_gets_all_of_it(leads: Path, tmp_path: Path) -> None:
    found = json.loads(check("leads.csv", "--json", cwd=tmp_path).stdout)
    assert (found["file"], found["encoding"], found["delimiter"], found["header"]) == (
        "leads.csv",
        "Windows-1252",
        ";",
        1,
    )
    assert found["columns"]["Notes"] is None
    assert (found["rows"], found["accepted"], found["refused"], found["duplicates"]) == (3, 1, 2, 0)
    assert {"row", "field", "message", "fix", "source", "quote", "ruling"} == {*found["problems"][0]}


def test_standard_input_is_a_file_too(tmp_path: Path) -> None:
    done = check("-", "--json", cwd=tmp_path, text="Phone,State\n5095550100,CA\n")
    assert (done.returncode, json.loads(done.stdout)["file"]) == (0, "-")


@pytest.mark.parametrize("option", ["--rejects", "--fixed"])
def test_a_table_on_standard_output_is_the_only_output_there(
    option: str, leads: Path, tmp_path: Path
) -> None:
    check(leads, option, "to.csv", cwd=tmp_path)
    done = check(leads, option, "-", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, (tmp_path / "to.csv").read_bytes().decode())
    assert "would be accepted" in done.stderr
    assert check(leads, option, "-", "--json", cwd=tmp_path).returncode == 2


def test_a_campaign_of_the_configuration_has_its_own_rules(tmp_path: Path) -> None:
    (tmp_path / "aktify-sandbox.yaml").write_text(
        "campaigns:\n  demo: {keys: [a-key]}\n  easy: {keys: [b-key], rulings: {region-case: accept}}\n"
    )
    (tmp_path / "a.csv").write_text("Phone,State\n5095550100,ca\n")
    assert check("a.csv", cwd=tmp_path).returncode == 1
    assert check("a.csv", "--campaign", "easy", cwd=tmp_path).returncode == 0


def test_explain_suggests_check_for_a_table(leads: Path, tmp_path: Path) -> None:
    done = call("explain", str(leads), "--url", "http://127.0.0.1:9", environment={})
    assert done.returncode == 2
    assert "aktify-sandbox check" in done.stderr


@pytest.mark.parametrize("command", [["check", "leads.csv"], ["rulings"], ["schema", "lead"]])
def test_a_ruling_of_an_earlier_name_is_read_with_a_notice(command: list[str], leads: Path) -> None:
    done = call(*command, "--ruling", "external-created=iso8601", folder=leads.parent, environment={})
    assert "external-created=extended" in done.stderr
    assert "external-created=extended" not in done.stdout
