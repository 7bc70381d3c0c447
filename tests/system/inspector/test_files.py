"""The page as a server's answer: who gets it, with what headers, and how much it weighs."""

import gzip
import re
import shutil
from pathlib import Path

import pytest

from aktify_sandbox.admin.page import FOLDER, HEADERS
from support.browsing import SKIP_NOTHING, chromium_or_skip
from support.running import Running, Serve

BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
FILES = sorted(path.name for path in FOLDER.iterdir())


def test_a_browser_gets_the_page_a_terminal_text_and_a_program_json(sandbox: Running) -> None:
    kinds = {}
    for accept in (BROWSER["accept"], "text/plain", "application/json", "*/*"):
        answer = sandbox.http.get("/_sandbox/", headers={"accept": accept})
        kinds[accept] = answer.headers["content-type"].partition(";")[0]
    assert list(kinds.values()) == ["text/html", "text/plain", "application/json", "application/json"]


def test_the_link_to_an_explanation_opens_the_page_with_that_request(sandbox: Running) -> None:
    refused = sandbox.post({})
    link = refused.headers["x-aktify-sandbox-explain"]
    answer = sandbox.http.get(link, headers=BROWSER)
    name = refused.headers["x-aktify-sandbox-request"]
    assert (answer.status_code, answer.headers["location"]) == (303, f"/_sandbox/?request={name}")
    assert "phoneNumber is missing" in sandbox.http.get(link, headers={"accept": "text/plain"}).text


@pytest.mark.parametrize("name", ["", *(f"inspector/{name}" for name in FILES)])
def test_every_file_comes_with_strict_headers(sandbox: Running, name: str) -> None:
    answer = sandbox.http.get(f"/_sandbox/{name}", headers=BROWSER)
    assert answer.status_code == 200
    assert set(answer.headers["content-security-policy"].split("; ")) == {
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    }
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-cache"


def test_a_file_that_has_not_changed_is_not_sent_again(sandbox: Running) -> None:
    first = sandbox.http.get("/_sandbox/inspector/main.js")
    again = sandbox.http.get("/_sandbox/inspector/main.js", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["content-security-policy"] == HEADERS["content-security-policy"]


def test_a_page_outlives_the_package_that_is_installed_anew_under_it(serve: Serve, tmp_path: Path) -> None:
    copy = tmp_path / "sandbox" / "aktify_sandbox"
    shutil.copytree(FOLDER.parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("fixtures", "scenarios"):
        (tmp_path / name).symlink_to(FOLDER.parent.parent.parent / name)
    sandbox = serve(PYTHONPATH=str(copy.parent))
    (copy / "inspector").rename(tmp_path / "gone")
    assert "<title>" in sandbox.http.get("/_sandbox/", headers=BROWSER).text
    for name in FILES:
        answer = sandbox.http.get(f"/_sandbox/inspector/{name}")
        assert answer.content == (tmp_path / "gone" / name).read_bytes(), name


@pytest.mark.parametrize(
    "name", ["nothing.js", "..%2Fversion.py", "%2e%2e/version.py", "__init__.py", "%00.js", "x" * 300]
)
def test_no_other_file_is_served(sandbox: Running, name: str) -> None:
    assert sandbox.http.get(f"/_sandbox/inspector/{name}").status_code == 404


def test_the_whole_page_weighs_less_than_70_kb_on_the_wire(sandbox: Running) -> None:
    weight = 0
    with sandbox.http.stream("GET", "/_sandbox/", headers=BROWSER) as answer:
        weight += sum(map(len, answer.iter_raw()))
    for name in FILES:
        if name != "index.html":
            with sandbox.http.stream("GET", f"/_sandbox/inspector/{name}") as answer:
                raw = b"".join(answer.iter_raw())
            assert gzip.decompress(raw) == (FOLDER / name).read_bytes()
            weight += len(raw)
    assert 20_000 < weight < 70_000


def test_the_page_names_each_of_its_files_and_nothing_elsewhere() -> None:
    page = (FOLDER / "index.html").read_text()
    named = set(re.findall(r'(?:href|src)="inspector/([a-z.-]+)"', page))
    assert named | {"index.html"} == set(FILES)
    for name in FILES:
        text = (FOLDER / name).read_text()
        assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)", text) == []
        for word in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "Function(",
            "javascript:",
        ):
            assert word not in text, (name, word)
        assert not re.search(r"<[^>]+ (?:on[a-z]+|style)=", text), (
            "nothing that the policy would have to allow"
        )


def test_a_token_guards_the_page_and_its_files(serve: Serve) -> None:
    sandbox = serve("--token", "let-me-in")
    for path in ("/_sandbox/", "/_sandbox/inspector/main.js"):
        assert sandbox.http.get(path, headers=BROWSER).status_code == 401
    answer = sandbox.http.get("/_sandbox/?token=let-me-in&request=r000000001", headers=BROWSER)
    assert (answer.status_code, answer.headers["location"]) == (303, "/_sandbox/?request=r000000001")
    assert sandbox.http.get("/_sandbox/inspector/main.js").status_code == 200


def test_leads_are_found_by_any_text_in_them_page_by_page(sandbox: Running) -> None:
    names = ["Ann", "Bob", "anne", "Hanna", "Joe"]
    for number, name in enumerate(names):
        sandbox.post(
            {
                "phoneNumber": f"509555{number:04d}",
                "region": "CA",
                "firstName": name,
                "metadata": {"tag": f"tag-{number}"},
            }
        )
    campaign = f"demo.{sandbox.api_key.partition('.')[2]}"

    def found(search: str) -> list[str]:
        seen: list[str] = []
        following = "r999999999"
        while following:
            query = f"campaign={campaign}&search={search}&limit=1&before={following}"
            page = sandbox.get(f"/_sandbox/leads?{query}")
            seen += [lead["lead"]["firstName"] for lead in page["leads"]]
            following = page["next"]
        return seen

    assert found("ANN") == ["Hanna", "anne", "Ann"]
    assert found("5095550001") == ["Bob"]
    assert found("tag-4") == ["Joe"]
    assert found("nobody") == []


def test_without_chromium_tests_skip_with_a_reason_or_fail_where_nothing_may_be_skipped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv(SKIP_NOTHING, raising=False)
    with pytest.raises(pytest.skip.Exception, match="chromium"):
        chromium_or_skip()
    monkeypatch.setenv(SKIP_NOTHING, "1")
    with pytest.raises(pytest.fail.Exception, match="chromium"):
        chromium_or_skip()
