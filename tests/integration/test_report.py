"""The report over HTTP and as a command: one meaning, and no personal data unless it is asked for."""

import json
import re
from pathlib import Path
from typing import Any

import click
import pytest

from aktify_sandbox.cli.commands.report import report
from aktify_sandbox.report.findings import RULES
from aktify_sandbox.report.formats import FORMATS
from aktify_sandbox.settings.finding_ids import FINDING_IDS
from support.commands import call
from support.conditions import eventually
from support.running import LEAD, Hosted, HostSandbox


def get(sandbox: Hosted, **query: str) -> Any:
    return sandbox.http.get("/_sandbox/report", params=query)


def met_in(found: Any) -> set[str]:
    return {each["id"] for each in found["coverage"]["clauses"] if each["met"]}


def run(sandbox: Hosted, *words: str, code: int = 0) -> str:
    outcome = call("report", *words, environment={"AKTIFY_SANDBOX_URL": sandbox.url})
    assert outcome.returncode == code, outcome
    return outcome.stdout if code == 0 else outcome.stderr


def test_each_setting_names_a_rule() -> None:
    assert list(RULES) == list(FINDING_IDS)


def test_the_report_reads_what_was_posted(serve: HostSandbox) -> None:
    sandbox = serve()
    sandbox.post()
    sandbox.post()
    found = get(sandbox).json()
    assert (found["requests"], found["oldest"], found["evicted"]) == (2, "r000000001", 0)
    assert met_in(found) == {"created-by-region", "duplicate"}


def test_filters_choose_what_is_read(serve: HostSandbox) -> None:
    sandbox = serve()
    sandbox.post()
    sandbox.post({**LEAD, "region": "ca"})
    assert met_in(get(sandbox, after="r000000001").json()) == {"refused-region"}
    assert get(sandbox, phone="5095550000").json()["requests"] == 0


def test_a_filter_that_would_hide_a_retry_is_refused(serve: HostSandbox) -> None:
    sandbox = serve()
    assert {get(sandbox, **{name: "503"}).status_code for name in ("status", "search", "colour")} == {400}


def test_a_lead_that_was_given_up_is_found_once_it_could_have_been_sent_again(serve: HostSandbox) -> None:
    sandbox = serve()
    sandbox.http.post("/_sandbox/force", json={"status": 503})
    sandbox.post()
    eventually(lambda: [each["id"] for each in get(sandbox).json()["findings"]] == ["gave-up-after-failure"])


def test_what_keep_dropped_is_said(serve: HostSandbox) -> None:
    sandbox = serve("--keep", "2")
    for _ in range(5):
        sandbox.post()
    found = get(sandbox).json()
    assert (found["requests"], found["evicted"]) == (2, 3)


@pytest.mark.parametrize("name", list(FORMATS))
def test_each_format_has_its_media_type(name: str, serve: HostSandbox) -> None:
    sandbox = serve()
    answer = get(sandbox, format=name)
    assert answer.headers["content-type"].startswith(FORMATS[name].media)
    assert get(sandbox, format="pdf").status_code == 400


def test_the_page_of_a_report_may_run_nothing(serve: HostSandbox) -> None:
    answer = get(serve(), format="html")
    policy = answer.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "sandbox"} <= set(policy)
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("form", ["json", "html", "junit", "github"])
def test_the_command_writes_what_the_route_gives(form: str, serve: HostSandbox) -> None:
    sandbox = serve()
    sandbox.post()
    printed, got = run(sandbox, "--format", form), get(sandbox, format=form).text
    assert without_times(printed) == without_times(got)


def without_times(text: str) -> str:
    return re.sub(r"<time.*</time>|timestamp=\S+", "", text)


def test_junit_fails_what_the_exit_code_fails(serve: HostSandbox) -> None:
    sandbox = serve()
    sandbox.post({"phone": "(509) 555-1234", "region": "CA"})
    words = ("report", "--format", "junit", "--fail-under", "90", "--fail-on", "error")
    outcome = call(*words, environment={"AKTIFY_SANDBOX_URL": sandbox.url})
    assert outcome.returncode == 1
    failed = re.findall(r'name="([^"]*)" time="0.000"><failure', outcome.stdout)
    assert failed == ["legacy-field-name", "coverage of at least 90 %"]


def test_text_is_given_to_who_accepts_only_that(serve: HostSandbox) -> None:
    answer = serve().http.get("/_sandbox/report", headers={"accept": "text/plain"})
    assert answer.text.startswith("Report on 0 requests.")


def test_a_report_that_is_not_good_enough_fails(serve: HostSandbox) -> None:
    sandbox = serve()
    sandbox.post()
    assert run(sandbox, "--fail-under", "1").startswith("Report on 1 request")
    assert "--fail-under 100" in run(sandbox, "--fail-under", "100", code=1)
    run(sandbox, "--fail-on", "error")


@pytest.mark.parametrize(("level", "code"), [("note", 1), ("warning", 1), ("error", 0)])
def test_a_finding_fails_from_its_level_on(level: str, code: int, serve: HostSandbox) -> None:
    """A date in the future is a warning."""
    sandbox = serve()
    sandbox.post({**LEAD, "externalCreated": "2092-11-15T21:04:28Z"})
    said = run(sandbox, "--fail-on", level, code=code)
    assert ("--fail-on" in said) == bool(code)
    assert "date-in-future" in said


def test_a_report_goes_into_a_file(serve: HostSandbox, tmp_path: Path) -> None:
    sandbox = serve()
    sandbox.post()
    assert run(sandbox, "--format", "json", "--output", str(tmp_path / "report.json")) == ""
    assert run(sandbox, "--output", str(tmp_path / "report.html")) == ""
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")
    found = json.loads((tmp_path / "report.json").read_text())
    assert found == get(sandbox).json()


def test_a_finding_is_switched_off_with_its_reason(serve: HostSandbox, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    config = tmp_path / "work" / "aktify-sandbox.yaml"
    config.write_text("report: {off: {constant-field: one state only}}\n")
    assert get(serve()).json()["switchedOff"] == {"constant-field": "one state only"}


def test_the_formats_of_the_command_are_those_of_the_route() -> None:
    [option] = [each for each in report.params if each.name == "form"]
    assert isinstance(option.type, click.Choice)
    assert ["text", *option.type.choices[1:]] == list(FORMATS)
