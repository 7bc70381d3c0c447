"""What was recorded is hostile: 200 payloads wherever a request can carry one, in a real browser."""

import contextlib
import json
import re
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Error, Response, expect

from support.browsing import Inspect, Inspector
from support.running import Running, Serve

CALLS = ("alert(1)", "canary(1)", "window.canary`1`", "import('data:text/javascript,canary(1)')")
SHAPES = (
    "<script>{}</script>",
    "</script><script>{}</script>",
    "<img src=x onerror={}>",
    '"><img src=x onerror="{}">',
    "'><svg/onload={}>",
    "<svg><script>{}</script></svg>",
    "<svg><animate onbegin={} attributeName=x dur=1s>",
    "<iframe srcdoc='<script>parent.{}</script>'>",
    '<iframe src="javascript:parent.{}"></iframe>',
    "javascript:{}",
    '<a href="javascript:{}" autofocus onfocus={}>x</a>',
    "<body onload={}>",
    "<details open ontoggle={}>",
    "<input autofocus onfocus={}>",
    "<video><source onerror={}></video>",
    "<math><mtext></p><style><img src onerror={}>",
    '<noscript><p title="</noscript><img src=x onerror={}>">',
    "<template><script>{}</script></template>",
    "<style>@import 'x';</style><style onload={}></style>",
    "<link rel=stylesheet href=x onerror={}>",
    "<meta http-equiv=refresh content='0;url=javascript:{}'>",
    "<base href='//evil.example/'><script src=x></script>{}",
    "<form action='javascript:{}'><button autofocus>x</button></form>",
    "<object data='javascript:{}'></object>",
    "<embed src='javascript:{}'>",
    "<div style='background:url(javascript:{})'>",
    "<x contenteditable onblur={}>",
    "${{{}}}",
    "{{{{constructor.constructor('{}')()}}}}",
    "`;{};//",
    "';{};//",
    '";{};//',
    '\\";{};//',
    "</title><script>{}</script>",
    "</textarea><script>{}</script>",
    "<!--><script>{}</script>-->",
    "<![CDATA[><script>{}</script>]]>",
    "<scr\x00ipt>{}</scr\x00ipt>",
    "\u202e<script>{}</script>",
    "\ufeff<ScRiPt>{}</ScRiPt>",
    "%3Cscript%3E{}%3C/script%3E",
    "&lt;script&gt;{}&lt;/script&gt;",
    "\\u003cscript\\u003e{}\\u003c/script\\u003e",
    "<plaintext>{}",
    "<marquee onstart={}>",
    "<portal src='javascript:{}'>",
    "<audio src onloadstart={}>",
    "<select autofocus onfocus={}>",
    "__proto__ {} constructor",
    "W" * 3_000 + "<script>{}</script>",
)
PAYLOADS = [shape.format(*[call] * shape.count("{}")) for shape in SHAPES for call in CALLS]
FOREIGN = "script, img, svg, iframe, object, embed, form, video, audio, style, link, base, meta, math, template, input"
OPEN = """id => {
  history.replaceState(null, '', '?request=' + id);
  dispatchEvent(new PopStateEvent('popstate'));
}"""
IS_OPEN = "id => document.querySelector('#detail h2')?.textContent === id"


def raw(payload: str, number: int) -> Iterator[bytes]:
    """Requests that carry the payload in path, query, header name and value, key, and body (names and values)."""
    head = "Host: 127.0.0.1\r\ncontent-type: application/json\r\nconnection: close\r\n"
    inline = "".join(char for char in payload if char.isprintable() and char.isascii())
    name = re.sub(r"[^A-Za-z0-9!#$%&'*+.^_`|~-]", "-", inline)[:200]
    lead = {"phoneNumber": f"509558{number:04d}", "region": "CA", "firstName": payload[:900]}
    hostile = {**lead, "region": payload, "source": payload, payload: payload, "metadata": {payload: payload}}
    for path, key, body in (
        (
            f"/{quote(payload[:1000])}?{quote(payload[:1000])}={quote(payload[:1000])}",
            inline,
            payload.encode(),
        ),
        ("/api/v1/leads", "test-key", json.dumps(hostile).encode()),
        ("/api/v1/leads", "test-key", json.dumps({**lead, "metadata": {"x": payload[:900]}}).encode()),
    ):
        start = f"POST {path} HTTP/1.1\r\n{head}x-api-key: {key}\r\n{name}: x\r\n"
        more = f"x-hostile: {inline}\r\nuser-agent: {inline}\r\ncontent-length: {len(body)}\r\n\r\n"
        yield f"{start}{more}".encode() + body


def send(sandbox: Running) -> None:
    for number, payload in enumerate(PAYLOADS):
        for request in raw(payload, number):
            with socket.create_connection(("127.0.0.1", sandbox.port), timeout=10) as connection:
                connection.sendall(request)
                assert connection.makefile("rb").readline().startswith(b"HTTP/1.1 "), payload


def is_sound(inspector: Inspector) -> None:
    """Nothing ran, nothing of theirs is an element, nothing is wider or higher than it should be."""
    page = inspector.page
    foreign = ", ".join(f"{where} {tag}" for where in ("#list", "#detail") for tag in FOREIGN.split(", "))
    assert page.locator(foreign).count() == 0
    assert inspector.overflow() <= 0
    heights = page.evaluate(
        "[...new Set([...document.querySelectorAll('#rows .row')].map((row) => row.offsetHeight))]"
    )
    assert len(heights) <= 1
    assert page.evaluate(
        "[document.querySelector('#detail').scrollWidth - document.querySelector('#detail').clientWidth]"
    ) == [0]
    assert inspector.noticed() == []


def test_there_are_200_different_payloads() -> None:
    assert len(set(PAYLOADS)) == 200


def test_200_payloads_execute_nothing_and_break_no_layout(
    inspect: Inspect, own: Running, whole: bool
) -> None:
    """All 600 requests are listed; each payload is opened once, in turn in each kind (`--whole`: in all three)."""
    forced = {
        "status": 500,
        "body": "<script>canary(1)</script>",
        "headers": {"x-forced": "<img src=x onerror=canary(1)>"},
    }
    assert own.http.post("/_sandbox/force", json={**forced, "times": 5}).status_code == 201
    send(own)
    newest = own.get("/_sandbox/requests?limit=1000")["requests"]
    assert len(newest) == 600
    inspector = inspect(own)
    page = inspector.open()
    page.get_by_role("switch", name="Mask personal data").click()
    opened = 0
    for number, record in enumerate(newest):
        if not whole and number % 3 != number // 3 % 3:
            continue
        page.evaluate(OPEN, record["id"])
        page.wait_for_function(IS_OPEN, arg=record["id"], polling=5)
        opened += 1
        if opened % 40 == 0:
            page.locator("#detail .segments button:text('Raw')").first.click()
            is_sound(inspector)
            page.locator("#detail .segments button:text('Pretty')").first.click()
    assert opened == (600 if whole else 200)
    is_sound(inspector)
    page.keyboard.press("Escape")
    for position in range(0, 600 * 34, 700):
        page.evaluate("top => { document.querySelector('#list').scrollTop = top; }", position)
        page.wait_for_timeout(20)
    is_sound(inspector)


def test_payloads_do_no_harm_in_the_other_views_and_in_the_address_bar(
    inspect: Inspect, own: Running
) -> None:
    send(own)
    inspector = inspect(own, size=(400, 800))
    inspector.forgiven = ("400 (Bad Request)", "404 (Not Found)")
    page = inspector.open("?view=leads")
    expect(page.locator("#lead-table tbody tr")).to_have_count(200)
    assert page.locator("#lead-table").locator("script, img, svg, iframe, form, input").count() == 0
    assert inspector.overflow() <= 0
    newest = own.get("/_sandbox/requests?limit=1")["requests"][0]["id"]
    page = inspector.open(f"?request={newest}")
    expect(page.locator("#detail h2")).to_have_text(newest)
    page.get_by_role("button", name="Edit and send").click()
    is_sound(inspector)
    for payload in PAYLOADS[::25]:
        said = quote(payload[:500])
        for query in (
            f"?search={said}&campaign={said}&key={said}&forced={said}",
            f"?request={said}&view={said}",
            f"?view=scenarios&scenario={said}&rule={said}",
            f"?view=setup&ruling={said}",
            f"?view=leads&campaign={said}",
        ):
            page.goto(f"{own.url}/_sandbox/{query}")
        page.goto(f"{own.url}/_sandbox/?search={said}")
        expect(page.locator("#filters [name=search]")).to_have_value(payload[:500].strip())
        assert inspector.overflow() <= 0
    assert inspector.noticed() == []


def test_the_policy_is_in_force_in_the_browser(inspect: Inspect, own: Running) -> None:
    """Even a defect of the page could run nothing: what is put in as markup or inline is refused by the browser."""
    inspector = inspect(own)
    inspector.forgiven = ("Content Security Policy", "Trusted Type", "TrustedHTML", "TrustedScript")
    page = inspector.open()
    page.evaluate(
        """() => {
          const script = document.createElement('script');
          try { script.text = 'canary(1)'; document.body.append(script); } catch {}
          const image = document.createElement('img');
          try { image.setAttribute('onerror', 'canary(1)'); } catch {}
          image.src = 'inspector/nothing.svg';
          document.body.append(image);
          try { document.body.insertAdjacentHTML('beforeend', '<p id=put-in>'); } catch {}
          try { setTimeout('canary(1)', 0); } catch {}
        }"""
    )
    page.wait_for_timeout(300)
    assert page.locator("#put-in").count() == 0
    assert page.evaluate("window.__ran") == []
    inspector.forgiven += ("404 (Not Found)",)


@contextlib.contextmanager
def site(content: str) -> Iterator[str]:
    """Another site: localhost is one for a sandbox at 127.0.0.1. (Chromium keeps public ones away by itself.)"""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(content.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://localhost:{server.server_port}/"
        finally:
            server.shutdown()


def test_a_link_in_a_chat_opens_the_page_also_when_it_wants_a_token(browser: Browser, serve: Serve) -> None:
    """The page alone: what the other site embeds or fetches itself is refused."""
    sandbox = serve("--in-memory", "--token", "let-me-in")
    sandbox.http.headers["authorization"] = "Bearer let-me-in"
    explain = sandbox.post(key="unknown").headers["x-aktify-sandbox-explain"]
    chat = f'<a href="{explain}">look</a><iframe src="{sandbox.url}/_sandbox/"></iframe>'
    with site(chat) as address, browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{sandbox.url}/_sandbox/?token=let-me-in")
        answers: dict[str, int] = {}

        def note(answer: Response) -> None:
            answers.setdefault(answer.url, answer.status)

        page.on("response", note)
        page.goto(address)
        page.wait_for_load_state("load")
        assert answers.pop(f"{sandbox.url}/_sandbox/") == 403
        with pytest.raises(Error, match="Failed to fetch"):
            page.evaluate(f"fetch('{sandbox.url}/_sandbox/requests')")
        page.get_by_text("look").click()
        expect(page.locator("#detail h2")).to_be_visible()
        opened = f"{sandbox.url}/_sandbox/?request={explain.rpartition('/')[2]}"
        assert (answers[explain], answers[f"{explain}?again=1"], answers[opened]) == (401, 303, 200)
        assert page.url == opened


def test_a_link_with_the_token_lets_a_browser_in_and_without_it_it_asks_no_third_time(
    browser: Browser, serve: Serve
) -> None:
    sandbox = serve("--in-memory", "--token", "let-me-in")
    address = f"{sandbox.url}/_sandbox/"
    chat = f'<a href="{address}">stranger</a><a href="{address}?token=let-me-in">friend</a>'
    with site(chat) as elsewhere, browser.new_context() as context:
        page = context.new_page()
        page.goto(elsewhere)
        page.get_by_text("stranger").click()
        page.wait_for_url(f"{address}?again=1")
        with pytest.raises(Error, match="Timeout"), page.expect_navigation(timeout=500):
            pass
        page.goto(elsewhere)
        page.get_by_text("friend").click()
        expect(page.get_by_role("button", name="Pause")).to_be_visible()
        assert page.url == address
