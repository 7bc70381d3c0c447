"""The view Check: a file is dropped or chosen, and what the command says of it is seen and downloaded."""

import json
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from support.axe import violations
from support.browsing import Inspect, Inspector
from support.make_lead_files import FOLDER
from support.running import COMMAND, Running, clean_environment

LEADS = (
    "First Name,Phone,State,Zip,Created Date,Notes\r\n"
    "Ann,(509) 555-0101,CA,90210,2026-11-01 14:05,late\r\n"
    "Bo,5095550102,ca,,,\r\n"
    "Cleo,509,CA,,,\r\n"
    "Dan,(509) 555-0103,CA,,,\r\n"
    "Dan,509-555-0103,CA,,,\r\n"
)
DROP = """([name, text]) => {
  const files = new DataTransfer();
  files.items.add(new File([text], name));
  const target = document.querySelector('#check h1');
  for (const type of ['dragover', 'drop']) {
    target.dispatchEvent(new DragEvent(type, { dataTransfer: files, bubbles: true, cancelable: true }));
  }
}"""


def choose(page: Page, file: Path) -> None:
    page.evaluate("document.querySelector('#check-name')?.classList.add('of-the-file-before')")
    page.locator("#check-file").set_input_files(file)
    expect(page.locator(".of-the-file-before")).to_have_count(0)
    expect(page.get_by_role("button", name="Check again")).to_be_visible(timeout=60_000)


def downloaded(page: Page, label: str) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("button", name=label).click()
    return Path(download.value.path()).read_bytes()


@pytest.fixture
def leads(tmp_path: Path) -> Path:
    file = tmp_path / "leads of november.csv"
    file.write_bytes(LEADS.encode())
    return file


def test_a_dropped_file_shows_what_the_command_says_and_gives_its_files(
    inspector: Inspector, leads: Path, tmp_path: Path
) -> None:
    rejects, fixed = tmp_path / "rejects.csv", tmp_path / "fixed.csv"
    command = [*COMMAND, "check", leads.name, "--rejects", str(rejects), "--fixed", str(fixed)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=clean_environment())
    page = inspector.open("?view=check")
    page.evaluate(DROP, [leads.name, LEADS])
    counts = page.locator("#check-counts")
    expect(counts).to_have_text("5 rows: 1 would be accepted, 3 refused, 1 duplicate.")
    assert (counts.text_content() or "") in done.stdout
    result = page.locator("#check-result")
    expect(result).to_contain_text("row 6 repeats row 5")
    expect(result).to_contain_text('keep it with --map "Notes=metadata.notes"')
    rows = page.locator(".kinds tbody tr")
    assert rows.count() == sum(" × " in line for line in done.stdout.splitlines() if "Fix: " in line)
    for index in range(rows.count()):
        cells = rows.nth(index).locator("td").all_text_contents()
        assert any(f"({cells[3]}) {cells[4]}" in line for line in done.stdout.splitlines()), cells
    assert downloaded(page, "Download rejects (1)") == rejects.read_bytes()
    assert downloaded(page, "Download fixed (3)") == fixed.read_bytes()
    assert inspector.sandbox.get("/_sandbox/requests")["requests"] == []
    assert inspector.sandbox.get("/_sandbox/leads")["leads"] == []


def test_what_is_accepted_but_hardly_meant_and_the_column_to_assign_are_shown(
    inspector: Inspector, tmp_path: Path
) -> None:
    page, file = inspector.open("?view=check"), tmp_path / "a.csv"
    file.write_text("Phone,State,Created\n5095550101,CA,2026-11-01\n")
    choose(page, file)
    expect(page.get_by_label("Notices").locator("li")).to_have_count(1)
    expect(page.get_by_label("Notices")).to_contain_text("ruling external-created")
    file.write_text("Phone,Where\n5095550101,CA\n")
    choose(page, file)
    expect(page.locator("#check-result")).to_contain_text("=region")


def test_numbers_are_masked_and_moments_are_not(inspector: Inspector, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("Phone,State,Created Date\n509 555 01234,CA,2026-11-01 14:05\n")
    page = inspector.open("?view=check")
    choose(page, file)
    result = page.locator("#check-result")
    expect(result).to_contain_text("2026-11-01T14:05")
    expect(result).not_to_contain_text("509 555 01234")
    page.get_by_role("switch", name="Mask personal data").click()
    expect(result).to_contain_text("509 555 01234")


def test_a_column_is_assigned_when_no_phone_is_found_and_one_that_was_left_out_is_kept(
    inspector: Inspector, tmp_path: Path
) -> None:
    inspector.forgiven = ("422 (Unprocessable",)
    file = tmp_path / "a.csv"
    file.write_text("Contact,State,Notes\n5095550101,CA,late\n")
    page = inspector.open("?view=check")
    choose(page, file)
    expect(page.locator("#check-result .problem-line")).to_contain_text("No phone number column")
    expect(page.get_by_label("Contact", exact=True)).to_have_value("phoneNumber")
    page.get_by_role("button", name="Check again").click()
    expect(page.locator("#check-counts")).to_contain_text("1 would be accepted")
    page.get_by_label("Notes", exact=True).select_option("metadata.notes")
    page.get_by_role("button", name="Check again").click()
    expect(page.locator("#check-result li")).to_have_count(0)
    assert b"metadata.notes" in downloaded(page, "Download fixed (1)")
    page.get_by_label("Contact", exact=True).select_option("")
    page.get_by_role("button", name="Check again").click()
    expect(page.locator("#check-result .problem-line")).to_be_visible()


def test_encoding_and_delimiter_are_chosen(inspector: Inspector, tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes("phoneNumber|region|firstName\n5095550101|CA|Zoë\n".encode("mac-roman"))
    page = inspector.open("?view=check")
    choose(page, file)
    page.locator("#check-encoding").select_option("mac-roman")
    page.locator("#check-delimiter").select_option("pipe")
    page.get_by_role("button", name="Check again").click()
    expect(page.locator("#check-result")).to_contain_text("mac-roman, pipe")
    expect(page.locator("#check-encoding")).to_have_value("mac-roman")
    assert "Zoë" in downloaded(page, "Download fixed (1)").decode()


def test_the_rules_are_those_of_the_campaign_that_is_chosen(inspector: Inspector, tmp_path: Path) -> None:
    made = {"name": "easy", "rulings": {"region-case": "accept"}}
    inspector.sandbox.http.post("/_sandbox/campaigns", json=made).raise_for_status()
    file = tmp_path / "a.csv"
    file.write_text("Phone,State\n5095550101,ca\n")
    try:
        page = inspector.open("?view=check")
        choose(page, file)
        expect(page.locator("#check-counts")).to_contain_text("0 would be accepted")
        page.locator("#check-campaign").select_option("easy")
        page.get_by_role("button", name="Check again").click()
        expect(page.locator("#check-counts")).to_contain_text("1 would be accepted")
    finally:
        inspector.sandbox.http.delete("/_sandbox/campaigns/easy")


@pytest.mark.parametrize("name", ["unclosed-quote-middle.csv", "workbook.xlsx", "duplicate-headers.csv"])
def test_a_file_that_cant_be_read_says_why(name: str, inspector: Inspector) -> None:
    inspector.forgiven = ("422 (Unprocessable",)
    page = inspector.open("?view=check")
    choose(page, FOLDER / name)
    expect(page.locator("#check-result .problem-line")).to_be_visible()
    expect(page.locator("#check-result")).to_contain_text("Fix: ")
    expect(page.get_by_role("button", name="Download")).to_have_count(0)


def test_a_file_that_is_too_large_is_not_even_sent(inspector: Inspector, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    with file.open("wb") as out:
        out.truncate(64_000_001)
    page = inspector.open("?view=check")
    page.locator("#check-file").set_input_files(file)
    expect(page.locator("#check-result .problem-line")).to_contain_text("64.0 MB")


def test_a_hostile_file_is_text(inspector: Inspector, tmp_path: Path) -> None:
    """Ten megabytes of markup, formulas, NUL and marks of direction, in names and in cells."""
    inspector.forgiven = ("422 (Unprocessable",)
    bad = '\u202e<img src=x onerror=canary(1)>\0=HYPERLINK(""http://x"")'
    head = f'Phone,State,"{bad}","</script><script>canary(2)</script>"\n'
    file = tmp_path / "<img src=x onerror=canary(3)>\u202evsc.csv"
    row = f'509,"{bad}","{"x" * 40_000}",y\n'
    file.write_text(head + row * 250)
    page = inspector.open("?view=check")
    choose(page, file)
    result = page.locator("#check-result")
    expect(result).to_contain_text("<img src=x onerror=canary(3)>\\u202evsc.csv")
    expect(result).to_contain_text("250 refused")
    assert result.locator("img, script, iframe, svg, a").count() == 0
    assert "\u202e" not in (result.text_content() or "")
    assert inspector.overflow() <= 0
    file = tmp_path / "quotes.csv"
    file.write_bytes(b'"' * 10_000_000)
    choose(page, file)
    expect(page.locator("#check-result .problem-line")).to_be_visible(timeout=60_000)
    assert inspector.overflow() <= 0
    assert inspector.noticed() == []


def test_while_a_large_file_is_checked_posts_are_answered_and_it_can_be_stopped(
    inspector: Inspector, tmp_path: Path
) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"," * 6_000_000)
    page = inspector.open("?view=check")
    page.locator("#check-file").set_input_files(file)
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    assert inspector.sandbox.post().status_code == 201
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#check-result")).to_contain_text("The check was stopped.")
    expect(page.locator("#check-choose")).to_be_focused()


def test_without_a_mouse_a_file_is_chosen_assigned_and_downloaded(
    inspector: Inspector, leads: Path, tmp_path: Path
) -> None:
    page = inspector.open()
    page.on("filechooser", lambda _: None)  # the browser is told to ask us long before the key is pressed
    inspector.key("4")
    expect(page.locator("#check")).to_be_visible()
    page.locator("#main").focus()
    inspector.key("Tab")
    expect(page.locator("#check-choose")).to_be_focused()
    with page.expect_file_chooser() as chooser:
        inspector.key("Enter")
    chooser.value.set_files(leads)
    expect(page.locator("#check-name")).to_be_focused()
    expect(page.locator("#check-counts")).to_be_visible()
    expect(page.locator("#said")).to_contain_text("1 would be accepted")
    seen: list[str] = []
    for _ in range(40):
        inspector.key("Tab")
        seen.append(page.evaluate("document.activeElement.textContent.trim().slice(0, 20)"))
        if seen[-1] == "Check again":
            break
    assert {"Download rejects (1)", "Download fixed (3)", "Check again"} <= {*seen}, seen
    inspector.key("Enter")
    expect(page.locator("#check-name")).to_be_focused()
    expect(page.get_by_role("button", name="Check again")).to_be_visible()


@pytest.mark.parametrize("size", [(1280, 800), (400, 800)], ids=["wide", "narrow"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_a_result_or_a_refusal(
    inspect: Inspect, own: Running, leads: Path, scheme: str, size: tuple[int, int]
) -> None:
    inspector = inspect(own, color_scheme=scheme, size=size, bypass_csp=True)
    inspector.forgiven = ("422 (Unprocessable",)
    page = inspector.open("?view=check")
    assert violations(page) == [], "nothing chosen"
    for file in (leads, FOLDER / "no-phone-column.csv"):
        choose(page, file)
        assert violations(page) == [], file.name
        assert inspector.overflow() <= 0


def test_the_page_says_that_nothing_is_kept_and_where_the_file_goes(inspector: Inspector) -> None:
    page = inspector.open("?view=check")
    expect(page.locator("#check > p")).to_contain_text("stays on this machine")


def test_a_result_survives_a_look_at_another_view(inspector: Inspector, leads: Path) -> None:
    page = inspector.open("?view=check")
    choose(page, leads)
    inspector.key("3")
    expect(page.locator("#scenarios")).to_be_visible()
    inspector.key("4")
    expect(page.locator("#check-counts")).to_be_visible()
    page.reload()
    expect(page.locator("#check-counts")).to_have_count(0)
    assert json.loads(page.evaluate("JSON.stringify([...Object.keys(localStorage)])")) == []
