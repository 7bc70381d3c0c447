"""One request whole: why it got its answer, at which field, and what can be done with it."""

import json
import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from support.browsing import Inspect, Inspector, box_of
from support.running import Running, Serve

GOOD = {"phoneNumber": "(509) 555-1234", "region": "CA", "firstName": "John"}


def id_of(answer: httpx.Response) -> str:
    name: str = answer.headers["x-aktify-sandbox-request"]
    return name


def sent(sandbox: Running, body: bytes) -> str:
    """Post the bytes; the id of the request."""
    headers = {"x-api-key": sandbox.api_key, "content-type": "application/json"}
    return id_of(sandbox.http.post("/api/v1/leads", content=body, headers=headers))


@pytest.fixture
def inspector(inspector: Inspector) -> Inspector:
    """With personal data shown, which these tests look at."""
    return inspector.shows_all()


def test_request_and_answer_are_shown_side_by_side_pretty_and_raw(inspector: Inspector) -> None:
    name = id_of(inspector.sandbox.post(GOOD))
    page = inspector.open(f"?request={name}")
    request, answer = page.locator(".side").first, page.locator(".side").last
    expect(request.locator(".line")).to_have_text(
        ["{", '"phoneNumber": "(509) 555-1234",', '"region": "CA",', '"firstName": "John"', "}"]
    )
    expect(answer.locator("h3")).to_have_text("Answer 201")
    expect(request.locator(".headers")).to_contain_text("tes…key")
    expect(answer.locator(".headers")).to_contain_text(name)
    left, right = box_of(request), box_of(answer)
    assert left["x"] + left["width"] <= right["x"]
    request.get_by_role("button", name="Raw").click()
    assert json.loads(request.locator("pre").text_content() or "") == GOOD
    expect(answer.locator("pre")).to_be_visible()
    request.get_by_role("button", name="Pretty").click()
    expect(request.locator(".line")).to_have_count(5)
    expect(page.locator(".facts")).to_contain_text(re.compile(r"Took[0-9.]+ ms"))


def test_each_problem_stands_at_the_field_that_caused_it_with_hint_and_ruling(inspector: Inspector) -> None:
    wrong = {"phone": "5095551234", "region": "ca", "metadata": {"a": 1, "b.c": "fine"}, "zipCode": 2139}
    name = id_of(inspector.sandbox.post(wrong))
    page = inspector.open(f"?request={name}")
    expect(page.locator(".side").first).to_be_visible()
    lines = [
        re.sub(r"\s+", " ", text).strip()
        for text in page.locator(".side").first.locator(".line, .remark").all_text_contents()
    ]
    at = {
        text.partition(":")[0].strip('"'): number for number, text in enumerate(lines) if text.startswith('"')
    }
    assert lines[at["region"] + 1].startswith("Problem in region: “ca” is in lower case. Write CA.")
    assert lines[at["region"] + 1].endswith("ruling region-case")
    assert lines[at["a"] + 1].startswith("Problem in metadata.a: It is a number")
    quoted = "documented by Aktify: Must be a key-value object where all values are strings."
    assert lines[at["a"] + 1].endswith(quoted)
    assert lines[at["zipCode"] + 1].startswith("Problem in zipCode: ")
    assert lines[at["phone"] + 1].startswith("Note on phone: ")
    assert "phoneNumber is missing" in lines[at["phoneNumber"] + 1]
    assert lines[-1] == "}"
    page.locator(".remark a", has_text="region-case").click()
    ruling = page.get_by_role("dialog", name="Ruling region-case")
    expect(ruling.locator("tr", has_text="in force")).to_contain_text("refuse")
    ruling.get_by_role("button", name="Copy --ruling region-case=accept").click()
    expect(page.locator(".toast")).to_contain_text("copied")
    assert inspector.clipboard() == "--ruling region-case=accept"
    ruling.get_by_role("link", name="All rulings").click()
    expect(page.locator("#ruling-region-case.pointed")).to_be_in_viewport()


def test_a_problem_of_the_whole_body_stands_above_it(inspector: Inspector) -> None:
    name = id_of(inspector.sandbox.post([GOOD]))
    page = inspector.open(f"?request={name}")
    first = page.locator(".side").first.locator(".line, .remark").first
    expect(first).to_contain_text("The body is an array")


def test_broken_json_is_shown_with_a_mark_where_it_breaks(inspector: Inspector) -> None:
    sandbox = inspector.sandbox
    answer = sandbox.http.post(
        "/api/v1/leads",
        content=b'{"phoneNumber": "5095551234",\n "region": CA}',
        headers={"x-api-key": sandbox.api_key, "content-type": "application/json"},
    )
    page = inspector.open(f"?request={id_of(answer)}")
    request = page.locator(".side").first
    expect(request.locator("mark")).to_have_text("C")
    texts = request.locator(".line, .remark").all_text_contents()
    assert [text[:10] for text in texts] == ['{"phoneNum', ' "region":', "Problem in"]


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"\xff\xfe", "Not UTF-8"),
        (b"", "Empty."),
        (b"phone=5095551234", "phone=5095551234"),
    ],
)
def test_a_body_that_is_not_json_is_shown_as_it_is(inspector: Inspector, body: bytes, shown: str) -> None:
    page = inspector.open(f"?request={sent(inspector.sandbox, body)}")
    expect(page.locator(".side").first).to_contain_text(shown)


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (
            b'{"b":"x","a":1.0,"a":12345678901234567890}',
            ["{", '"b": "x",', '"a": 1.0,', '"a": 12345678901234567890', "}"],
        ),
        (
            b'{"a":[],"b":{},"c":[1,[2]]}',
            ["{", '"a": [],', '"b": {},', '"c": [', "1,", "[", "2", "]", "]", "}"],
        ),
        (b'"\\u0041\\"}"', ['"\\u0041\\"}"']),
    ],
)
def test_pretty_json_is_what_was_sent_but_for_white_space(
    inspector: Inspector, body: bytes, lines: list[str]
) -> None:
    page = inspector.open(f"?request={sent(inspector.sandbox, body)}")
    expect(page.locator(".side").first.locator(".line:not(.ghost)")).to_have_text(lines)


def test_a_forced_answer_leads_to_the_rule_that_forced_it(inspector: Inspector) -> None:
    sandbox = inspector.sandbox
    sandbox.http.put("/_sandbox/scenarios/active", json={"active": ["flaky"]})
    name = id_of(sandbox.post(GOOD))
    page = inspector.open(f"?request={name}")
    page.get_by_role("link", name="scenario flaky, rule 1").click()
    expect(page.locator("#scenario-flaky [data-rule='1'].pointed")).to_be_in_viewport()
    page.go_back()
    expect(page.locator("#detail .why")).to_contain_text("Forced by scenario flaky, rule 1")


def test_a_lost_answer_and_its_retry_are_seen_on_the_timeline(inspector: Inspector) -> None:
    sandbox = inspector.sandbox
    lead = {"phoneNumber": "(509) 555-0163", "region": "CA"}
    for key in ("test-key", "test-key.another-campaign-with-the-same-number"):
        with pytest.raises(httpx.ReadError):
            sandbox.post(lead, key=key)
    retry = id_of(sandbox.post(lead))
    page = inspector.open(f"?request={retry}")
    steps = page.locator(".timeline li")
    expect(steps).to_have_count(2)
    expect(steps.first).to_contain_text("answer lost")
    expect(steps.last).to_contain_text("retry +")
    expect(steps.last).to_have_attribute("aria-current", "true")
    third = id_of(sandbox.post(lead))
    expect(steps).to_have_count(3)
    page.locator(".timeline a", has_text=third).click()
    expect(page.locator("#detail h2")).to_have_text(third)


def test_a_duplicate_shows_the_first_post_beside_it(inspector: Inspector) -> None:
    first = id_of(inspector.sandbox.post(GOOD))
    second = id_of(inspector.sandbox.post({"phoneNumber": "+1 509 555 1234", "region": "NV"}))
    page = inspector.open(f"?request={second}")
    table = page.locator(".first table")
    expect(table).to_contain_text('"(509) 555-1234""+1 509 555 1234"')
    expect(table).to_contain_text('region"CA""NV"')
    expect(table).to_contain_text('firstName"John"not sent')
    page.locator(".first a").click()
    expect(page.locator("#detail h2")).to_have_text(first)


COPIED = {
    "curl": "curl ",
    "HAR": '"log"',
    "pytest": "def test_",
    "Python": "httpx",
    "Node": "fetch(",
    "HTTP file": "{{baseUrl}}/api/v1/leads",
}
READ_KEY = ("curl", "Python", "Node", "HTTP file")


@pytest.mark.parametrize("label", COPIED)
def test_a_request_is_copied_as_code_without_its_key(inspector: Inspector, label: str) -> None:
    name = id_of(inspector.sandbox.post(GOOD))
    page = inspector.open(f"?request={name}")
    page.get_by_role("button", name=f"Copy as {label}").click()
    expect(page.locator(".toast")).to_have_text(f"{label} copied.")
    copied = inspector.clipboard()
    assert COPIED[label] in copied
    assert ("aktify_sandbox" if label == "pytest" else "AKTIFY_API_KEY") in copied
    assert ("test-key" in copied) == (label in READ_KEY), "no secret, and runs as it is pasted"


def test_what_is_shown_and_copied_is_masked_and_says_so(inspect: Inspect, own: Running) -> None:
    """Until the switch says otherwise; what is copied can be had whole."""
    lead = {**GOOD, "lastName": "Quimby", "email": "jane@example.com", "region": "ca"}
    inspector = inspect(own)
    page = inspector.open(f"?request={id_of(own.post(lead))}")
    expect(page.locator(".side").first).to_contain_text('"lastName": "Q***"')
    shown = page.locator("#detail").text_content() or ""
    assert [part for part in ("555-1234", "Quimby", "jane@") if part in shown] == []
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.locator(".toast")).to_contain_text("curl copied, with personal data masked.")
    copied = inspector.clipboard()
    assert copied.startswith("# Phone numbers, e-mail addresses and last names are masked.")
    assert [part for part in ("555-1234", "Quimby", "jane@") if part in copied] == []
    page.get_by_role("button", name="Copy it whole").click()
    expect(page.locator(".toast").last).to_have_text("curl copied.")
    assert '"lastName": "Quimby"' in inspector.clipboard().replace('":"', '": "')
    page.get_by_role("switch", name="Mask personal data").click()
    expect(page.locator(".side").first).to_contain_text('"lastName": "Quimby"')


@pytest.mark.parametrize("label", COPIED)
def test_who_copies_a_request_with_a_secret_key_is_told_to_set_it(
    inspect: Inspect, serve: Serve, tmp_path: Path, label: str
) -> None:
    (tmp_path / "own.yaml").write_text("campaigns: {mine: {keys: [a-real-secret-key]}}\n")
    inspector = inspect(serve("--config", str(tmp_path / "own.yaml"))).shows_all()
    page = inspector.open(f"?request={id_of(inspector.sandbox.post(GOOD))}")
    page.get_by_role("button", name=f"Copy as {label}").click()
    more = " Set AKTIFY_API_KEY first." if label in READ_KEY else ""
    expect(page.locator(".toast")).to_have_text(f"{label} copied.{more}")
    assert "secret-key" not in inspector.clipboard()


def test_a_request_is_sent_again_with_the_key_that_only_the_server_knows(inspector: Inspector) -> None:
    name = id_of(inspector.sandbox.post(GOOD))
    page = inspector.open(f"?request={name}")
    page.get_by_role("button", name="Send again").click()
    expect(page.locator(".toast")).to_contain_text("Sent again: 409.")
    expect(page.locator(".timeline li")).to_have_count(2)
    expect(inspector.rows()).to_have_count(2)
    page.locator(".toast a").click()
    expect(page.locator("#detail .why")).to_contain_text("already submitted")


def test_a_request_is_edited_and_sent(inspector: Inspector) -> None:
    name = id_of(inspector.sandbox.post({**GOOD, "region": "ca"}))
    page = inspector.open(f"?request={name}")
    page.get_by_role("button", name="Edit and send").click()
    body = page.get_by_label("Body", exact=True)
    expect(body).to_have_value(
        '{\n  "phoneNumber": "(509) 555-1234",\n  "region": "ca",\n  "firstName": "John"\n}'
    )
    body.fill(body.input_value().replace('"ca"', '"CA"'))
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("#detail .why")).to_have_text("Accepted.")
    expect(page.locator(".toast")).to_have_text("Sent: 201.")  # and no “Open it”: it is open
    sent = inspector.sandbox.get("/_sandbox/leads")["leads"]
    assert [lead["lead"]["region"] for lead in sent] == ["CA"]


def test_a_masked_body_is_shown_before_it_is_edited_and_is_sent_whole_in_any_case(
    inspect: Inspect, own: Running
) -> None:
    lead = {**GOOD, "lastName": "Quimby", "email": "jane@example.com", "region": "ca"}
    name = id_of(own.post(lead))
    page = inspect(own).open(f"?request={name}")

    def newest() -> dict[str, str]:
        [entry] = own.get("/_sandbox/requests?limit=1")["requests"]
        body: dict[str, str] = json.loads(own.get(f"/_sandbox/requests/{entry['id']}")["body"])
        return body

    page.get_by_role("button", name="Edit and send").click()
    box = page.get_by_role("dialog", name="Edit and send")
    body = box.get_by_label("Body", exact=True)
    expect(body).not_to_be_editable()
    assert [part for part in ("555-1234", "Quimby", "jane@") if part in body.input_value()] == []
    box.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator(".toast")).to_have_text("Sent: 400.")
    assert newest() == lead
    expect(page.locator("#detail h2")).not_to_have_text(name)
    page.get_by_role("button", name="Edit and send").click()
    box.get_by_role("button", name="Show it to edit").click()
    expect(body).to_be_editable()
    expect(body).to_be_focused()
    assert json.loads(body.input_value()) == lead
    body.fill(body.input_value().replace('"ca"', '"CA"'))
    box.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator(".toast").last).to_have_text("Sent: 201.")
    assert newest() == {**lead, "region": "CA"}


def test_a_body_that_is_not_text_is_sent_as_it_was_when_only_the_key_is_given(inspector: Inspector) -> None:
    headers = {"x-api-key": "unknown-key-of-old", "content-type": "application/json"}
    name = id_of(inspector.sandbox.http.post("/api/v1/leads", content=b"\xff\xfe", headers=headers))
    page = inspector.open(f"?request={name}")
    page.get_by_role("button", name="Edit and send").click()
    page.get_by_label("x-api-key").fill(inspector.sandbox.api_key)
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator(".toast")).to_have_text("Sent: 400.")
    [entry] = inspector.sandbox.get("/_sandbox/requests?limit=1")["requests"]
    assert inspector.sandbox.get(f"/_sandbox/requests/{entry['id']}")["body"] == "//4="


def test_a_key_that_is_not_known_is_asked_for(inspector: Inspector) -> None:
    name = id_of(inspector.sandbox.post(GOOD, key="nobody-knows-this-key"))
    inspector.forgiven = ("409 (Conflict)",)
    page = inspector.open(f"?request={name}")
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_label("x-api-key")).to_be_focused()
    page.get_by_label("x-api-key").fill("test-key")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("#detail .why")).to_have_text("Accepted.")


def test_a_request_that_is_not_there_says_so(inspector: Inspector) -> None:
    inspector.forgiven = ("404 (Not Found)",)
    page = inspector.open("?request=r000099999")
    expect(page.locator("#detail")).to_contain_text("There is no request r000099999.")


def test_without_a_clipboard_the_text_is_shown_to_copy_by_hand(inspector: Inspector) -> None:
    name = id_of(inspector.sandbox.post(GOOD))
    inspector.page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page = inspector.open(f"?request={name}")
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.get_by_role("dialog").locator("textarea")).to_have_value(re.compile("curl"))


def test_on_a_narrow_screen_the_request_takes_the_place_of_the_list(inspect: Inspect, own: Running) -> None:
    name = id_of(own.post(GOOD))
    inspector = inspect(own, size=(400, 800))
    page = inspector.open()
    inspector.row(name).click()
    expect(page.locator("#detail h2")).to_have_text(name)
    expect(page.locator("#list")).to_be_hidden()
    request, answer = box_of(page.locator(".side").first), box_of(page.locator(".side").last)
    assert request["y"] + request["height"] <= answer["y"]
    assert inspector.overflow() <= 0
    page.get_by_role("button", name="Back").click()
    expect(inspector.row(name)).to_be_visible()


def test_what_happens_to_the_lead_meanwhile_takes_neither_focus_nor_place(inspector: Inspector) -> None:
    """A later request of the same lead is news for the timeline and for nothing else."""
    name = id_of(inspector.sandbox.post(GOOD))
    page = inspector.open(f"?request={name}")
    again = page.get_by_role("button", name="Send again")
    page.locator(".side").first.locator("summary").click()
    again.click()
    expect(page.locator(".timeline li")).to_have_count(2)
    expect(again).to_be_focused()
    expect(page.locator(".side").first.locator("details")).not_to_have_attribute("open", "")
    page.locator(".timeline a").focus()
    inspector.sandbox.post(GOOD)
    expect(page.locator(".timeline li")).to_have_count(3)
    expect(page.locator(".timeline a").first).to_be_focused()


def test_the_timeline_holds_the_open_request_however_many_came_later(inspector: Inspector) -> None:
    names = [id_of(inspector.sandbox.post(GOOD)) for _ in range(104)]
    page = inspector.open(f"?request={names[1]}")
    steps = page.locator(".timeline li")
    expect(steps.first).to_contain_text(names[0])
    expect(steps.nth(1)).to_have_attribute("aria-current", "true")
    expect(page.locator(".timeline h3")).to_have_text("Requests of this lead 100+")


def test_what_the_pretty_view_leaves_out_is_said_and_no_problem_is_lost_with_it(inspector: Inspector) -> None:
    name = sent(inspector.sandbox, b"{" + b"\n" * 4_000 + b"x")
    page = inspector.open(f"?request={name}")
    request = page.locator(".side").first
    expect(request.locator(".remark")).to_contain_text("line 4001")
    expect(request).to_contain_text("1,001 more lines. Choose Raw to see them.")


def test_a_body_that_may_not_be_kept_is_not_called_empty(inspect: Inspect, serve: Serve) -> None:
    sandbox = serve("--quiet", "--fictional-only")
    page = inspect(sandbox).open(f"?request={id_of(sandbox.post(GOOD))}")
    expect(page.locator(".side").first).to_contain_text("Not recorded.")


def test_after_a_restart_without_memory_the_open_request_is_the_one_that_has_its_id_now(
    inspect: Inspect, serve: Serve
) -> None:
    first = serve("--quiet", "--in-memory")
    name = id_of(first.post(GOOD))
    inspector = inspect(first)
    inspector.forgiven = (
        "ERR_CONNECTION_REFUSED",
        "ERR_INCOMPLETE_CHUNKED_ENCODING",
        "ERR_CONNECTION_RESET",
        "404",
    )
    page = inspector.open(f"?request={name}")
    expect(page.locator(".why")).to_have_text("Accepted.")
    first.stop()
    serve("--quiet", "--in-memory", "--port", str(first.port))
    inspector.live()
    expect(page.locator("#detail")).to_contain_text(f"There is no request {name}.")
