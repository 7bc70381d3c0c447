"""Leads, scenarios, setup: what is kept, what is forced, what is in force."""

import csv
import io
import json
import subprocess
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Route, expect

from aktify_sandbox.leadfiles.reader import read
from support.browsing import Inspect, Inspector
from support.running import COMMAND, Running, Serve, clean_environment


def leads(sandbox: Running) -> None:
    for number, name in enumerate(("Ann", 'Bob, "jr."', "Cleo")):
        sandbox.post(
            {
                "phoneNumber": f"(509) 555-01{number:02d}",
                "region": "CA",
                "firstName": name,
                "email": f"{number}someone@example.com",
                "metadata": {"tag": "x"},
            }
        )
    sandbox.post({"phoneNumber": "(509) 555-0100", "region": "NV"}, key="test-key.nightly")


def exported(page: Page, button: str) -> str:
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    return Path(download.value.path()).read_bytes().decode()


def test_leads_are_shown_by_campaign_masked_and_searched(inspector: Inspector) -> None:
    leads(inspector.sandbox)
    page = inspector.open("?view=leads")
    rows = page.locator("#lead-table tbody tr")
    expect(rows).to_have_count(4)
    expect(rows.first).to_contain_text("+1509***0100")
    page.locator("#lead-campaign").select_option("demo")
    expect(rows).to_have_count(3)
    assert "campaign=demo" in inspector.search()
    expect(page.locator("#lead-count")).to_have_text("3 leads in demo")
    page.get_by_label("Text anywhere in a lead").fill("cleo")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("Cleo")
    assert "someone@" not in (page.locator("#lead-table").text_content() or "")
    inspector.key("Escape", "m")
    expect(rows.first).to_contain_text("+15095550102")
    expect(rows.first).to_contain_text("2someone@example.com")
    rows.first.get_by_role("link").click()
    expect(page.locator("#detail")).to_contain_text("Cleo")


def test_leads_are_exported_whole(inspector: Inspector) -> None:
    leads(inspector.sandbox)
    page = inspector.open("?view=leads&campaign=demo")
    expect(page.locator("#lead-table tbody tr")).to_have_count(3)
    rows = list(csv.DictReader(io.StringIO(exported(page, "Export CSV"))))
    assert [row["firstName"] for row in rows] == ["Cleo", 'Bob, "jr."', "Ann"]
    assert rows[0]["phone"] == "+15095550102"
    assert rows[0]["metadata.tag"] == "x"
    content = json.loads(exported(page, "Export JSON"))
    assert content["leads"] == inspector.sandbox.get("/_sandbox/leads?campaign=demo")["leads"]
    inspector.sandbox.http.delete("/_sandbox/leads")
    assert inspector.sandbox.http.post("/_sandbox/leads", json=content).json()["imported"] == 3


def test_the_csv_of_the_page_comes_back_exactly(inspector: Inspector) -> None:
    odd: list[dict[str, Any]] = [
        {"firstName": "a\rb", "lastName": " c\t"},
        {"metadata": {"": "x", " d": "", "e;f": "=1+1", "g": "\r\n"}},
        {"firstName": ""},
        {"metadata": {}},
        {"metadata": {"h": '"'}},
    ]
    sent = [{"phoneNumber": f"509555000{number}", **lead} for number, lead in enumerate(odd)]
    answer = inspector.sandbox.http.post("/_sandbox/leads", json={"leads": sent})
    assert answer.json()["imported"] == len(sent)
    page = inspector.open("?view=leads")
    expect(page.locator("#lead-table tbody tr")).to_have_count(len(sent))
    rows = list(read(exported(page, "Export CSV").encode(), "leads.csv").rows())
    assert [row.lead for row in reversed(rows)] == sent


def test_new_leads_appear_and_are_cleared_after_a_question(inspector: Inspector) -> None:
    page = inspector.open("?view=leads&campaign=demo")
    expect(page.locator("#lead-table")).to_contain_text("No leads yet")
    expect(page.locator("#lead-table pre")).to_contain_text(f"curl -i {inspector.sandbox.endpoint}")
    leads(inspector.sandbox)
    expect(page.locator("#lead-table tbody tr")).to_have_count(3)
    page.get_by_role("button", name="Clear…").click()
    expect(page.get_by_role("dialog")).to_contain_text("This deletes 3 leads of the campaign demo")
    page.get_by_role("button", name="Cancel").click()
    assert len(inspector.sandbox.get("/_sandbox/leads")["leads"]) == 4
    page.get_by_role("button", name="Clear…").click()
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.locator("#lead-table tbody tr")).to_have_count(0)
    assert [lead["campaign"] for lead in inspector.sandbox.get("/_sandbox/leads")["leads"]] == [
        "demo.nightly"
    ]


def test_a_scenario_is_switched_on_counts_its_hits_and_is_switched_off(inspector: Inspector) -> None:
    sandbox = inspector.sandbox
    page = inspector.open("?view=scenarios")
    page.get_by_role("switch", name="flaky", exact=True).click()
    card = page.locator("#scenario-flaky")
    expect(card).to_have_class("card scenario on")
    expect(card.get_by_role("switch")).to_be_focused()
    assert sandbox.post().status_code == 503
    expect(card.locator("[data-rule='1'] .hits")).to_have_text("1 hit")
    expect(card).to_contain_text("answered 1 request")
    page.get_by_role("switch", name="outage", exact=True).click()
    expect(page.locator(".scenario.on")).to_have_count(2)
    card.get_by_role("switch").click()
    expect(page.locator(".scenario.on")).to_have_count(1)
    page.get_by_role("switch", name="outage", exact=True).click()
    expect(page.locator("#scenario-list")).to_contain_text(
        "No scenario is active: requests get their normal answers."
    )
    assert sandbox.post().status_code == 201


def test_the_next_answers_are_forced_and_what_waits_is_seen(inspector: Inspector) -> None:
    sandbox = inspector.sandbox
    page = inspector.open("?view=scenarios")
    page.get_by_label("Answer", exact=True).select_option("429")
    page.get_by_label("Times").fill("2")
    page.get_by_role("button", name="Force", exact=True).click()
    expect(page.locator("#waiting li")).to_contain_text("status: 429")
    expect(page.locator("#waiting li")).to_contain_text("2 of 2 left")
    assert sandbox.post().status_code == 429
    expect(page.locator("#waiting li")).to_contain_text("1 of 2 left")
    page.get_by_role("button", name="Clear forced answers").click()
    expect(page.locator("#waiting")).to_contain_text("No forced answer is waiting.")
    assert sandbox.post().status_code == 201
    page.get_by_label("Answer", exact=True).select_option("truncate")
    page.get_by_label("Only this phone").fill("(509) 555-0111")
    page.get_by_label("Delay").fill("10ms")
    page.get_by_label("Also answer invalid requests this way").check()
    page.get_by_role("button", name="Force", exact=True).click()
    expect(page.locator("#waiting li")).to_contain_text("fault: truncate")
    [order] = sandbox.get("/_sandbox/force")["forced"]
    assert (order["phone"], order["delay"], order["applies"]) == ("+15095550111", "10ms", "any")


def test_a_force_that_cannot_be_says_why(inspector: Inspector) -> None:
    inspector.forgiven = ("400 (Bad Request)",)
    page = inspector.open("?view=scenarios")
    page.get_by_label("Delay").fill("soon")
    page.get_by_role("button", name="Force", exact=True).click()
    expect(page.locator(".force .problem-line")).to_contain_text("Write 250ms or 2s")


def test_numbers_and_keys_are_copied_from_the_cheat_sheet(inspector: Inspector) -> None:
    page = inspector.open("?view=scenarios")
    sheet = page.locator("#part-number")
    expect(sheet).to_contain_text("test-409")
    row = sheet.locator("tr", has_text="555-0163")
    row.get_by_role("button").click()
    expect(page.locator(".toast")).to_be_visible()
    assert inspector.clipboard() == "(509) 555-0163"
    assert inspector.sandbox.post({"phoneNumber": "(509) 555-0140", "region": "CA"}).status_code == 400
    expect(sheet.locator("tr", has_text="555-0140")).to_contain_text("400")


def test_setup_shows_endpoint_keys_curl_and_every_ruling_with_its_reason(
    inspect: Inspect, serve: Serve
) -> None:
    sandbox = serve("--quiet", "--ruling", "region-case=accept")
    inspector = inspect(sandbox)
    page = inspector.open("?view=setup")
    expect(page.locator("#setup")).to_contain_text(sandbox.endpoint)
    page.get_by_role("button", name="Copy Endpoint").click()
    expect(page.get_by_text("Endpoint copied.")).to_be_visible()
    assert inspector.clipboard() == sandbox.endpoint
    page.get_by_role("button", name="Copy the curl line").click()
    expect(page.get_by_text("the curl line copied.")).to_be_visible()
    assert inspector.clipboard().startswith(f"curl -i {sandbox.endpoint} -H 'x-api-key: test-key'")
    expect(page.locator("tr", has_text="test-401")).to_contain_text("revoked")
    rulings = sandbox.get("/_sandbox/config")["rulings"]
    expect(page.locator(".rulings > tbody > tr")).to_have_count(len(rulings))
    changed = page.locator("#ruling-region-case")
    expect(changed).to_contain_text("accept")
    expect(changed).to_contain_text("not refuse")
    expect(changed).to_contain_text("lower case is undocumented")
    expect(page.locator(".pointed")).to_have_count(0)
    page = inspector.open("?view=setup&ruling=null")
    expect(page.locator("#ruling-null.pointed")).to_be_in_viewport()


def test_setup_shows_what_a_calibration_has_verified(inspect: Inspect, serve: Serve, tmp_path: Path) -> None:
    other = serve("--quiet", "--ruling", "region-case=accept")
    file = tmp_path / "of-the-other.json"
    words = [*COMMAND, "calibrate", "--url", other.url, "--send", "--yes", "--calibration", str(file)]
    done = subprocess.run(words, env=clean_environment(AKTIFY_API_KEY="test-key"), capture_output=True)
    assert done.returncode == 1, done.stderr
    sandbox = serve("--quiet", "--calibration", str(file))
    page = inspect(sandbox).open("?view=setup")
    said = page.locator("#calibration")
    expect(said).to_contain_text("25 of 28")
    expect(said).to_contain_text(other.url)
    expect(said).to_contain_text("region-case")
    expect(page.locator("#ruling-region-case .tag.bad")).to_contain_text("accept")
    expect(page.locator("#ruling-null .tag", has_text="verified")).to_have_count(1)
    expect(page.locator("#ruling-fictional-only .tag", has_text="verified")).to_have_count(0)
    refused = sandbox.post({"phoneNumber": "(509) 555-0123", "region": "ca"})
    page = inspect(sandbox).open(f"?request={refused.headers['x-aktify-sandbox-request']}")
    page.get_by_role("link", name="ruling region-case").first.click()
    expect(page.get_by_role("dialog")).to_contain_text("accept at the endpoint on")


def test_reset_asks_and_forgets(inspector: Inspector) -> None:
    leads(inspector.sandbox)
    page = inspector.open("?view=setup")
    page.get_by_role("button", name="Reset…").click()
    expect(page.get_by_role("dialog")).to_contain_text("This deletes all leads, requests")
    inspector.key("Escape")
    assert len(inspector.sandbox.get("/_sandbox/requests")["requests"]) == 4
    page.get_by_role("button", name="Reset…").click()
    page.get_by_role("button", name="Reset", exact=True).click()
    expect(page.locator(".toast")).to_contain_text("reset")
    assert inspector.sandbox.get("/_sandbox/requests")["requests"] == []
    page.locator("[data-view=requests]").click()
    expect(page.locator("#empty")).to_contain_text("No requests yet")


def test_a_view_is_found_again_as_it_was_left(inspector: Inspector) -> None:
    inspector.sandbox.post({})
    page = inspector.open("?status=400")
    page.locator("[data-view=setup]").click()
    expect(page.get_by_role("heading", name="Rulings in force")).to_be_visible()
    page.locator("[data-view=requests]").click()
    expect(inspector.rows()).to_have_count(1)
    assert "status=400" in inspector.search()


def test_what_is_done_in_a_terminal_meanwhile_is_there_when_one_looks_again(inspector: Inspector) -> None:
    sandbox = inspector.sandbox
    leads(sandbox)
    page = inspector.open("?view=scenarios")
    expect(page.locator("#scenario-flaky")).to_be_visible()
    sandbox.http.put("/_sandbox/scenarios/active", json={"active": ["flaky"]})
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(page.locator(".scenario.on")).to_have_count(1)
    page.locator("[data-view=leads]").click()
    expect(page.locator("#lead-count")).to_have_text("4 leads")
    sandbox.http.delete("/_sandbox/leads?campaign=demo.nightly")
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(page.locator("#lead-count")).to_have_text("3 leads")
    page.locator("[data-view=setup]").click()
    expect(page.locator("#setup")).to_contain_text("test-slow")
    sandbox.http.post("/_sandbox/keys", json={"key": "nightly-run-key", "campaign": "demo"})
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(page.locator("#setup")).to_contain_text("nig…key")


def test_many_leads_are_counted_and_never_mixed_with_those_of_another_campaign(inspector: Inspector) -> None:
    sandbox = inspector.sandbox
    many = [{"phoneNumber": f"(509) 555-{number:04d}", "region": "CA"} for number in range(1_000, 1_250)]
    sandbox.http.post("/_sandbox/leads", json={"campaign": "demo", "leads": many})
    page = inspector.open("?view=leads&campaign=demo")
    rows = page.locator("#lead-table tbody tr")
    page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(250)
    sandbox.post({"phoneNumber": "(509) 555-0100", "region": "CA"})
    expect(rows).to_have_count(251)
    expect(page.locator("#lead-count")).to_have_text("251 leads in demo")
    sandbox.post({"phoneNumber": "(509) 555-0100", "region": "NV"}, key="test-key.nightly")

    def late(route: Route) -> None:
        page.wait_for_timeout(700)
        route.continue_()

    page.route("**/leads?*before=*", late)
    page.reload()
    expect(rows).to_have_count(200)
    page.get_by_role("button", name="Show more").click()
    page.locator("#lead-campaign").select_option("demo.nightly")
    expect(rows).to_have_count(1)
    page.wait_for_timeout(1_000)
    expect(rows).to_have_count(1)


def test_a_sandbox_whose_log_was_touched_says_so_on_every_view(
    inspect: Inspect, serve: Serve, tmp_path: Path
) -> None:
    sandbox = serve("--quiet", "--state", str(tmp_path / "state"))
    page = inspect(sandbox).open()
    expect(page.locator("#trouble")).to_be_hidden()
    log = tmp_path / "state" / "log.jsonl"
    log.rename(tmp_path / "elsewhere")
    for view in ("leads", "setup", "requests"):
        page.locator(f'[data-view="{view}"]').click()
        expect(page.locator("#trouble")).to_contain_text(str(log))
    (tmp_path / "elsewhere").rename(log)
    expect(page.locator("#trouble")).to_be_hidden()


def test_scenarios_are_grouped_and_narrowed_by_a_filter(
    inspect: Inspect, serve: Serve, tmp_path: Path
) -> None:
    folder = tmp_path / "work" / "scenarios"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text("description: down for a while\nrules: [{answer: 503}]\n")
    inspector = inspect(serve("--quiet"))
    page = inspector.open("?view=scenarios")
    shown = page.locator("#scenario-list")
    expect(shown.locator("h2")).to_have_text(["Active ", "Yours, in scenarios/", "Shipped with the sandbox"])
    inspector.key("/")
    inspector.page.keyboard.type("for a while")
    expect(shown.locator(".scenario")).to_have_count(1)
    expect(shown.locator("h3")).to_have_text("mine")
    page.get_by_label("Filter scenarios").fill("nothing like it")
    expect(shown).to_contain_text("No scenario matches.")
