"""The pytest plugin in pytest runs of its own, with real outcomes."""

import json
import re
import subprocess
import sys

import pytest

from support.plugins import OTHERS, QUIET, REPLACING, own_environment  # noqa: F401  a fixture that is used by itself
from support.running import Running, Serve, clean_environment

HEAD = """
import os, subprocess, sys, threading, time, urllib.request, json
import httpx, pytest, requests
LEAD = {"phoneNumber": "(509) 555-1234", "region": "CA"}
def post(sandbox, **more):
    headers = {"x-api-key": more.pop("key", sandbox.api_key)}
    return httpx.post(sandbox.endpoint, json={**LEAD, **more}, headers=headers).status_code
"""


class Runs:
    """Runs tests in a folder of their own."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self._pytester = pytester

    def __call__(self, tests: str, *options: str, ini: str = "", plugins: bool = False) -> pytest.RunResult:
        self._pytester.makeini(f"[pytest]\nfilterwarnings = error\n{ini}")
        self._pytester.makepyfile(test_it=HEAD + tests)
        quiet = () if plugins else QUIET
        return self._pytester.runpytest_subprocess("-p", "no:cacheprovider", *quiet, *options, timeout=120)


@pytest.fixture
def run(pytester: pytest.Pytester) -> Runs:
    return Runs(pytester)


def test_each_test_has_leads_a_key_and_variables_of_its_own(run: Runs) -> None:
    result = run("""
keys = []

def test_one(aktify_sandbox):
    assert [post(aktify_sandbox), post(aktify_sandbox)] == [201, 409]
    assert aktify_sandbox.leads.one()["phoneNumber"] == "(509) 555-1234"
    assert os.environ["AKTIFY_BASE_URL"] == os.environ["AKTIFY_SANDBOX_URL"] == aktify_sandbox.url
    assert os.environ["AKTIFY_API_KEY"] == aktify_sandbox.api_key
    keys.append((aktify_sandbox.url, aktify_sandbox.api_key))

def test_two(aktify_sandbox):
    assert aktify_sandbox.leads == []
    assert post(aktify_sandbox) == 201
    assert aktify_sandbox.requests.statuses == [201]
    keys.append((aktify_sandbox.url, aktify_sandbox.api_key))

def test_three():
    assert not {"AKTIFY_BASE_URL", "AKTIFY_API_KEY", "AKTIFY_SANDBOX_URL"} & set(os.environ)
    (url, one), (same_url, two) = keys
    assert url == same_url and one != two
""")
    result.assert_outcomes(passed=3)


def test_the_readmes_two_examples_pass(run: Runs) -> None:
    result = run("""
def signup(base_url, api_key):
    return requests.post(base_url + "/api/v1/leads", json=LEAD, headers={"x-api-key": api_key}).status_code

def test_signup_posts_a_lead(aktify_sandbox):
    signup(base_url=aktify_sandbox.url, api_key=aktify_sandbox.api_key)
    lead = aktify_sandbox.leads.one()
    assert lead["phoneNumber"] == "(509) 555-1234"

def test_signup_survives_an_outage(aktify_sandbox):
    aktify_sandbox.force(503, times=2)
    while signup(aktify_sandbox.url, aktify_sandbox.api_key) == 503:
        pass
    aktify_sandbox.verify(count=3, phoneNumber="(509) 555-1234")
""")
    result.assert_outcomes(passed=2)


def test_under_a_failure_stands_what_the_sandbox_saw(run: Runs) -> None:
    result = run("""
def test_fails(aktify_sandbox):
    post(aktify_sandbox)
    post(aktify_sandbox, region="ca")
    assert len(aktify_sandbox.leads) == 2

def test_passes(aktify_sandbox):
    post(aktify_sandbox, phoneNumber="(509) 555-7777")
""")
    result.assert_outcomes(passed=1, failed=1)
    said = result.stdout.str()
    assert said.count("- Aktify sandbox -") == 1
    result.stdout.re_match_lines(
        [
            r"-+ Aktify sandbox -+",
            r"The sandbox saw 2 requests with this key:",
            r"  r\d{9}  \S+  201  POST /api/v1/leads  \+15095551234  Accepted\.",
            r"  r\d{9}  \S+  400  .*region: “ca” is in lower case\.  \[ruling region-case\]",
            r"r\d{9}  400  POST /api/v1/leads",
            r"Why: region: “ca” is in lower case\.",
            r'  \{"phoneNumber":"\(509\) 555-1234","region":"ca"\}',
            r"Answer 400",
        ],
        consecutive=False,
    )
    assert "555-7777" not in said


def test_a_failing_assertion_on_leads_shows_what_differs(run: Runs) -> None:
    result = run(
        """
def test_fails(aktify_sandbox):
    post(aktify_sandbox)
    assert aktify_sandbox.leads == [{**LEAD, "region": "NV"}]
""",
        "-vv",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*At index 0 diff: {*'region': 'CA'} != {*'region': 'NV'}*"])


def test_failures_of_setup_and_teardown_have_the_report_too(run: Runs) -> None:
    result = run("""
@pytest.fixture
def signed_up(aktify_sandbox):
    post(aktify_sandbox, region="xx")
    raise ZeroDivisionError

@pytest.fixture
def signs_off(aktify_sandbox):
    yield
    post(aktify_sandbox, region="yy")
    raise ZeroDivisionError

@pytest.fixture
def ends_after_it():
    yield
    raise ZeroDivisionError

def test_setup(signed_up): ...
def test_teardown(signs_off): ...
def test_later_teardown(ends_after_it, aktify_sandbox):
    post(aktify_sandbox, region="zz")
""")
    result.assert_outcomes(passed=2, errors=3)
    sections = result.stdout.str().split("- Aktify sandbox -")[1:]
    assert [re.search("“(..)”", section)[1] for section in sections] == ["xx", "yy", "zz"]  # type: ignore[index]  # each has one


def test_a_key_that_is_not_the_tests_own_is_named_beside_it(run: Runs) -> None:
    result = run("""
def test_fails(aktify_sandbox):
    post(aktify_sandbox, key="wrong-key-of-old")
    print("OWN", aktify_sandbox.api_key)
    aktify_sandbox.verify(1)
""")
    said = result.stdout.str()
    own = re.findall(r"OWN (\S+)", said)[0]
    masked = f"{own[:3]}…{own[-3:]}"
    assert f"1 request had an unknown key: wro…old (this test's key is {masked})" in said
    assert "Unknown x-api-key" in said
    assert "read when a module was imported" not in said


def test_when_nothing_came_the_report_names_the_likely_cause(run: Runs) -> None:
    result = run("""
URL = os.environ.get("AKTIFY_BASE_URL", "http://127.0.0.1:9")

@pytest.fixture
def httpx_mock(): ...

def test_read_too_early(aktify_sandbox):
    httpx.post(URL)

def test_answered_elsewhere(aktify_sandbox, httpx_mock):
    aktify_sandbox.verify(1)

def test_came(aktify_sandbox):
    post(aktify_sandbox)
    assert 0
""")
    early, elsewhere, came = re.split(r"___+ test_\w+ ___+", result.stdout.str())[1:]
    assert "AKTIFY_BASE_URL and AKTIFY_API_KEY were read when a module was imported" in early
    assert "httpx_mock answers in place of the sandbox" in elsewhere
    assert "imported" not in came + elsewhere


def test_a_strict_test_fails_when_nothing_came_and_nothing_was_said_of_it(run: Runs) -> None:
    result = run(
        """
def test_nothing(aktify_sandbox): ...
def test_none_expected(aktify_sandbox): aktify_sandbox.verify(0)
def test_came(aktify_sandbox): post(aktify_sandbox)
def test_came_and_was_forgotten(aktify_sandbox):
    post(aktify_sandbox)
    aktify_sandbox.reset()
""",
        ini="aktify_strict = true",
    )
    result.assert_outcomes(passed=3, failed=1)
    assert "Strict: no lead with this test's key arrived." in result.stdout.str()


def test_fixtures_of_a_wider_scope_make_sandboxes_of_their_own(run: Runs) -> None:
    result = run(
        """
@pytest.fixture(scope="module")
def shared(aktify_sandbox_factory):
    with aktify_sandbox_factory(rulings={"region-case": "accept"}) as sandbox:
        yield sandbox

def test_first(shared):
    assert post(shared, region="ca") == 503
    assert not {"AKTIFY_BASE_URL", "AKTIFY_API_KEY"} & set(os.environ)

def test_later(shared, aktify_sandbox):
    shared.scenario()
    assert shared.requests.statuses == [503] and aktify_sandbox.requests.statuses == []
    assert shared.url == aktify_sandbox.url and shared.api_key != aktify_sandbox.api_key
    assert post(shared, region="ca") == 201

def test_fails(shared):
    assert shared.leads == []

def test_mistake(aktify_sandbox_factory):
    with pytest.raises(ValueError, match="is already running"):
        aktify_sandbox_factory(scenari="flaky")
""",
        ini="aktify_scenario = outage",
    )
    result.assert_outcomes(passed=3, failed=1)
    assert "saw 2 requests" in result.stdout.str()
    assert "Aktify sandbox" in result.stdout.str()


def test_what_keeps_the_server_from_starting_is_told_with_its_cause_and_tried_once(
    run: Runs, pytester: pytest.Pytester
) -> None:
    pytester.makeconftest("""
import asyncio
from aktify_sandbox.server.server import Server

def refuse(self):
    print("TRIED")
    raise ZeroDivisionError("no loop today")

class Broken:
    get_loop_factory = refuse

old = Server.__init__
def begin(self, *given):
    old(self, *given)
    self.config = Broken()
Server.__init__ = begin
""")
    result = run("def test_one(aktify_sandbox): ...\ndef test_two(aktify_sandbox): ...", "-s")
    result.assert_outcomes(errors=2)
    said = result.stdout.str()
    assert "The sandbox's thread couldn't start: ZeroDivisionError('no loop today')" in said
    assert (said.count("TRIED"), "pytest_plugin.py" in said) == (1, False)


def test_what_stands_in_a_view_is_named_where_it_was_looked_for(run: Runs) -> None:
    result = run("""
def test_it(aktify_sandbox):
    with pytest.raises(AttributeError, match=r"Did you mean \\.requests\\.statuses"):
        aktify_sandbox.statuses
    with pytest.raises(AttributeError, match="no attribute 'nonsense'$"):
        aktify_sandbox.nonsense
""")
    result.assert_outcomes(passed=1)


def test_requests_with_a_wrong_key_stand_in_the_report(run: Runs) -> None:
    result = run("""
def test_fails(aktify_sandbox):
    assert post(aktify_sandbox, key="wrong") == 201
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["The sandbox saw no lead with this key.", "1 request had an unknown key (this test*", "*401*"]
    )


def test_the_marker_says_what_the_sandbox_is_like(run: Runs) -> None:
    result = run(
        """
pytestmark = pytest.mark.aktify(rulings={"region-case": "accept"})

@pytest.mark.aktify(scenario="outage")
def test_scenario(aktify_sandbox):
    assert post(aktify_sandbox, region="ca") == 503

@pytest.mark.aktify(scenario=["duplicate"], profile="strict")
class TestClass:
    def test_class(self, aktify_sandbox):
        assert post(aktify_sandbox, region="ca") == 409

    @pytest.mark.aktify(scenario=(), rulings={})
    def test_nearest_marker_wins(self, aktify_sandbox):
        assert [post(aktify_sandbox, region="ca"), post(aktify_sandbox)] == [400, 201]

def test_module(aktify_sandbox):
    assert post(aktify_sandbox, region="ca") == 201
""",
        "--strict-markers",
    )
    result.assert_outcomes(passed=4)
    assert "@pytest.mark.aktify(scenario=" in run("", "--markers").stdout.str()


@pytest.mark.parametrize(
    ("marker", "words"),
    [
        (
            'scenari="outage"',
            "Did you mean scenario? Choose from: scenario, profile, rulings, error_bodies, shuffle, strict",
        ),
        ('"outage"', "Fix: name the argument, e.g. scenario='outage'."),
        ('scenario="outag"', "Did you mean outage?"),
        ('rulings={"region-cas": "accept"}', "region-cas"),
        ('rulings="region-case=accept"', "must be a dictionary"),
        ('profile="hard"', "hard"),
        ("profile=5", "profile"),
        ('error_bodies="json"', "must be one of detailed, empty, text, html, rotate"),
        ('shuffle="yes"', "must be True or False"),
        ('strict="yes"', "strict='yes' must be True or False"),
        ("scenario=5", "Expected a name or a list of names, found 5"),
        ("scenario=[None]", "Expected a name or a list of names, found [None]"),
    ],
)
def test_a_mistake_in_a_marker_is_explained_without_a_traceback(run: Runs, marker: str, words: str) -> None:
    result = run(f"""
@pytest.mark.aktify({marker})
def test_it(aktify_sandbox): ...
""")
    result.assert_outcomes(errors=1)
    assert words in result.stdout.str()
    assert "pytest_plugin.py" not in result.stdout.str()


def test_a_marker_without_the_fixture_is_an_error_before_the_test_can_post_anywhere(run: Runs) -> None:
    result = run("""
@pytest.fixture
def client(aktify_sandbox):
    return aktify_sandbox

@pytest.fixture(params=["there", "by name"])
def asked(request):
    return request.getfixturevalue("aktify_sandbox") if request.param == "by name" else None

@pytest.mark.aktify(scenario="outage")
def test_alone():
    print("POSTED")

@pytest.mark.aktify(scenario="outage")
class TestAll:
    def test_of_a_class(self):
        print("POSTED")

@pytest.mark.aktify(scenario="outage")
def test_asked(asked):
    print("POSTED" if asked is None else "")

@pytest.mark.aktify(scenario="outage")
def test_indirect(client):
    assert post(client) == 503

@pytest.mark.aktify(scenario="outage")
@pytest.mark.usefixtures("aktify_sandbox")
def test_used():
    assert os.environ["AKTIFY_BASE_URL"]

@pytest.mark.aktify(scenario="outage")
@pytest.mark.skip
def test_skipped(): ...
""")
    result.assert_outcomes(passed=3, failed=1, errors=2, skipped=1)
    said = result.stdout.str()
    assert "POSTED" not in said
    words = (
        "@pytest.mark.aktify has no effect without the fixture aktify_sandbox. Fix: add aktify_sandbox "
        'to the test\'s arguments, or @pytest.mark.usefixtures("aktify_sandbox").'
    )
    assert said.count(words) == 3
    assert "pytest_plugin.py" not in said


def test_a_skipped_test_starts_no_sandbox(run: Runs) -> None:
    result = run("""
@pytest.mark.skip
def test_skipped(aktify_sandbox): ...

def test_after():
    assert not any(thread.name == "aktify-sandbox" for thread in threading.enumerate())
""")
    result.assert_outcomes(passed=1, skipped=1)


def test_a_failure_shows_the_tests_own_lines_and_nothing_twice(run: Runs) -> None:
    result = run("""
def test_too_few(aktify_sandbox):
    post(aktify_sandbox, region="NV")
    post(aktify_sandbox, phoneNumber="(509) 555-9999")
    post(aktify_sandbox, region="XX")
    aktify_sandbox.verify(region="NV", path="/api/v1/lead", status=201)

def test_none(aktify_sandbox):
    aktify_sandbox.wait_for(timeout=0)

def test_mistake(aktify_sandbox):
    aktify_sandbox.force(99)

def test_one(aktify_sandbox):
    post(aktify_sandbox, region="XX")
    aktify_sandbox.leads.one()

def test_defect(aktify_sandbox, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(aktify_sandbox, "_ask", None)
        aktify_sandbox.leads
""")
    result.assert_outcomes(failed=5)
    said = result.stdout.str()
    few, none, mistake, one, defect = re.split(r"___+ test_\w+ ___+", said)[1:]
    for words in (few, none, mistake, one):
        assert re.findall(r"^\S*?(\w+\.py):\d+: ", words, re.MULTILINE) == ["test_it.py"]
        assert words.count("The sandbox saw") == 1
    assert "sandbox.py" in defect  # what isn't the test's fault is shown whole
    section = few.partition("- Aktify sandbox -")[2]
    assert '"region":"NV"' in section
    assert '"region":"XX"' not in section  # the last one, which has nothing to do with it
    assert none.partition("- Aktify sandbox -")[2].lstrip("- \n").startswith("Likely cause")
    assert '"region":"XX"' in one.partition("- Aktify sandbox -")[2]


def test_a_mistake_in_the_configuration_file_is_explained_without_a_traceback(run: Runs) -> None:
    result = run("def test_it(aktify_sandbox): ...", ini="aktify_rulings = nonsense")
    result.assert_outcomes(errors=1)
    assert (
        "aktify_rulings: “nonsense” isn't NAME=VALUE. Fix: write it like region-case=accept."
        in result.stdout.str()
    )
    assert "pytest_plugin.py" not in result.stdout.str()


def test_the_configuration_file_speaks_for_every_test(run: Runs) -> None:
    ini = "aktify_scenario = duplicate\naktify_rulings =\n    region-case=accept\naktify_strict = true\n"
    result = run(
        """
def test_every(aktify_sandbox):
    assert post(aktify_sandbox, region="ca") == 409

@pytest.mark.aktify(scenario=())
def test_marked(aktify_sandbox):
    assert post(aktify_sandbox, region="ca") == 201

def test_strict(aktify_sandbox):
    aktify_sandbox.force(503)
""",
        ini=ini,
    )
    result.assert_outcomes(passed=2, failed=1)
    result = run("def test_it(aktify_sandbox): ...", ini="aktify_rulings = region-case:accept\n")
    result.assert_outcomes(errors=1)
    assert "isn't NAME=VALUE. Fix: write it like region-case=accept" in result.stdout.str()


def test_a_scenario_of_the_configuration_file_lies_beside_it_wherever_pytest_is_called(
    run: Runs, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, status in (("scenarios", 503), ("deep/scenarios", 418), ("deep/scenarios", 429)):
        pytester.path.joinpath(folder).mkdir(parents=True, exist_ok=True)
        name = "other" if status == 429 else "mine"
        pytester.path.joinpath(folder, f"{name}.yaml").write_text(f"rules:\n  - answer: {status}\n")
    monkeypatch.chdir(pytester.path / "deep")
    result = run(
        """
def test_mine(aktify_sandbox):
    assert post(aktify_sandbox) == 503

@pytest.mark.aktify(scenario="other")
def test_of_the_current_folder(aktify_sandbox):
    assert post(aktify_sandbox) == 429
""",
        "..",
        ini="aktify_scenario = mine",
    )
    result.assert_outcomes(passed=2)


def test_a_strict_test_fails_for_what_was_left_or_refused(run: Runs) -> None:
    result = run(
        """
strict = pytest.mark.aktify(strict=True)

@strict
def test_left(aktify_sandbox):
    aktify_sandbox.force(503, times=2)
    post(aktify_sandbox)

@strict
def test_refused(aktify_sandbox):
    post(aktify_sandbox, region="ca")

@strict
def test_wrong_key(aktify_sandbox):
    post(aktify_sandbox, key="wrong")

@strict
def test_wrong_path(aktify_sandbox):
    httpx.post(aktify_sandbox.url + "/api/v1/lead", json=LEAD, headers={"x-api-key": aktify_sandbox.api_key})

@strict
def test_expected(aktify_sandbox):
    post(aktify_sandbox, region="ca")
    post(aktify_sandbox, key="wrong")
    aktify_sandbox.verify(1, status=400)
    assert aktify_sandbox.strays.statuses == [401]

@strict
def test_duplicate_and_forced(aktify_sandbox):
    aktify_sandbox.force(400)
    assert [post(aktify_sandbox) for _ in range(3)] == [400, 201, 409]

def test_not_strict(aktify_sandbox):
    aktify_sandbox.force(503)
    post(aktify_sandbox, key="wrong")
    post(aktify_sandbox, region="ca")

@strict
def test_fails_by_itself(aktify_sandbox):
    aktify_sandbox.force(503)
    assert not "by itself"
""",
        "-rA",
    )
    result.assert_outcomes(passed=3, failed=5)
    said = result.stdout.str()
    assert '{"status": 503} (1 of 2 left)' in said
    assert said.count("Strict: a ") == 2 * 4  # in the failure and in the summary


def test_what_a_strict_test_sends_in_its_teardown_is_an_error_there(run: Runs) -> None:
    result = run("""
@pytest.fixture
def signs_off(aktify_sandbox):
    yield
    post(aktify_sandbox, region="ca")

@pytest.mark.aktify(strict=True)
def test_it(signs_off, aktify_sandbox): post(aktify_sandbox)
def test_next(aktify_sandbox): post(aktify_sandbox)
""")
    result.assert_outcomes(passed=2, errors=1)


def test_a_defect_of_the_sandbox_fails_the_test_that_met_it(run: Runs) -> None:
    result = run(
        """
def test_before(aktify_sandbox):
    assert post(aktify_sandbox) == 201

def test_meets_it(aktify_sandbox, monkeypatch):
    def defect(*_):
        raise ZeroDivisionError("on purpose")
    monkeypatch.setattr("aktify_sandbox.endpoint.decide", defect)
    post(aktify_sandbox)

def test_forgets_it(aktify_sandbox, monkeypatch):
    test_meets_it(aktify_sandbox, monkeypatch)
    aktify_sandbox.reset()

def test_after(aktify_sandbox):
    assert post(aktify_sandbox) == 201
""",
        "-rA",
    )
    result.assert_outcomes(passed=2, failed=2)
    said = result.stdout.str()
    assert "FAILED test_it.py::test_meets_it - Failed: The sandbox had an internal error" in said
    assert "ZeroDivisionError: on purpose" in said.partition("Captured stderr call")[2]


def test_a_defect_of_our_own_door_fails_the_test_that_met_it(run: Runs) -> None:
    result = run("""
def test_meets_it(aktify_sandbox, monkeypatch):
    def defect(*_):
        raise ZeroDivisionError("on purpose")
    monkeypatch.setattr("aktify_sandbox.history.query.page", defect)
    aktify_sandbox.requests

def test_after(aktify_sandbox):
    assert post(aktify_sandbox) == 201
""")
    assert result.parseoutcomes()["failed"] == 1
    assert result.parseoutcomes()["passed"] == 1
    assert "Internal error" in result.stdout.str()


def test_a_crash_of_its_thread_fails_the_test_that_caused_it_and_no_other(run: Runs) -> None:
    result = run("""
def test_before(aktify_sandbox):
    assert post(aktify_sandbox) == 201

def test_crashes(aktify_sandbox, monkeypatch):
    from aktify_sandbox.server.server import Server
    async def crash(self, counter):
        raise ZeroDivisionError("on purpose")
    with monkeypatch.context() as patch:
        patch.setattr(Server, "on_tick", crash)
        for thread in threading.enumerate():
            if thread.name == "aktify-sandbox":
                thread.join(10)

def test_after(aktify_sandbox):
    assert post(aktify_sandbox) == 201
""")
    outcomes = result.parseoutcomes()
    assert (outcomes["passed"], outcomes["failed"], outcomes.get("errors", 0)) == (2, 1, 0)
    result.stdout.re_match_lines(
        [r"FAILED test_it.py::test_crashes - .*has died.*", r".*2 passed.*"], consecutive=False
    )
    assert "ZeroDivisionError('on purpose')" in result.stdout.str()


def test_200_tests_on_four_workers_meet_no_other_tests_leads(run: Runs) -> None:
    result = run(
        """
@pytest.mark.parametrize("number", range(200))
def test_it(aktify_sandbox, number):
    assert post(aktify_sandbox, firstName=str(number)) == 201
    assert aktify_sandbox.leads == [{**LEAD, "firstName": str(number)}]
    assert aktify_sandbox.requests.statuses == [201]
    assert number != 77
""",
        "-n",
        "4",
        "-p",
        "xdist",
    )
    result.assert_outcomes(passed=199, failed=1)
    result.stdout.fnmatch_lines(
        ["*- Aktify sandbox -*", "The sandbox saw 1 request with this key:", '*"firstName":"77"*']
    )


@pytest.mark.parametrize("how", ["option", "variable", "ini"])
def test_a_running_sandbox_is_used_and_left_tidy(
    how: str, run: Runs, shared_sandbox: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = shared_sandbox.get("/_sandbox/campaigns")
    options: tuple[str, ...] = ()
    ini = ""
    if how == "option":
        options = ("--aktify-sandbox-url", shared_sandbox.url)
    elif how == "variable":
        monkeypatch.setenv("AKTIFY_SANDBOX_URL", shared_sandbox.url)
    else:
        ini = f"aktify_sandbox_url = {shared_sandbox.url}\n"
    result = run(
        f"""
@pytest.mark.parametrize("number", range(8))
def test_it(aktify_sandbox, number):
    assert aktify_sandbox.url == {shared_sandbox.url!r}
    assert [post(aktify_sandbox), post(aktify_sandbox)] == [201, 409]
    aktify_sandbox.verify(2)
    assert number != 5

def test_no_server_is_started(aktify_sandbox):
    assert [thread.name for thread in threading.enumerate()] == ["MainThread"]
""",
        *options,
        ini=ini,
    )
    result.assert_outcomes(passed=8, failed=1)
    assert "The sandbox saw 2 requests with this key" in result.stdout.str()
    assert shared_sandbox.get("/_sandbox/campaigns") == before


def test_workers_share_a_running_sandbox(run: Runs, shared_sandbox: Running) -> None:
    result = run(
        """
@pytest.mark.parametrize("number", range(20))
def test_it(aktify_sandbox, number):
    assert post(aktify_sandbox) == 201
    assert len(aktify_sandbox.requests) == 1
""",
        "-n",
        "2",
        "-p",
        "xdist",
        "--aktify-sandbox-url",
        shared_sandbox.url,
    )
    result.assert_outcomes(passed=20)


def test_a_running_sandbox_that_is_not_there_is_said(run: Runs) -> None:
    result = run("def test_it(aktify_sandbox): ...", "--aktify-sandbox-url", "http://127.0.0.1:9")
    result.assert_outcomes(errors=1)
    assert "No sandbox answers at http://127.0.0.1:9" in result.stdout.str()


def test_every_client_finds_it(run: Runs) -> None:
    result = run('''
import asyncio, aiohttp

def lead(number):
    return {**LEAD, "phoneNumber": f"509555{number}"}

CODE = """
import json, os, urllib.request as u
lead = json.dumps({"phoneNumber": "5095551235", "region": "CA"}).encode()
r = u.Request(os.environ["AKTIFY_BASE_URL"] + "/api/v1/leads", lead,
              {"x-api-key": os.environ["AKTIFY_API_KEY"], "content-type": "application/json"})
assert u.urlopen(r).status == 201
"""

def test_clients(aktify_sandbox):
    headers = {"x-api-key": aktify_sandbox.api_key}
    url = aktify_sandbox.endpoint
    assert requests.post(url, json=lead(2001), headers=headers).status_code == 201
    assert httpx.post(url, json=lead(2002), headers=headers).status_code == 201
    in_json = headers | {"content-type": "application/json"}
    request = urllib.request.Request(url, json.dumps(lead(2003)).encode(), in_json)
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 201

    async def asynchronously():
        async with aiohttp.ClientSession() as session:
            async with session.post(url, json=lead(2004), headers=headers) as answer:
                assert answer.status == 201
        async with httpx.AsyncClient() as client:
            assert (await client.post(url, json=lead(2005), headers=headers)).status_code == 201
    asyncio.run(asynchronously())
    with httpx.Client(transport=aktify_sandbox.transport()) as client:
        assert client.post(url, json=lead(2006), headers=headers).status_code == 201
    subprocess.run([sys.executable, "-c", CODE], check=True)
    aktify_sandbox.verify(7, status=201)
    assert len(aktify_sandbox.leads) == 7
''')
    result.assert_outcomes(passed=1)


def test_code_that_posts_in_the_background_is_waited_for(run: Runs) -> None:
    result = run("""
def test_waits(aktify_sandbox):
    threading.Timer(0.2, post, (aktify_sandbox,)).start()
    assert aktify_sandbox.wait_for(count=1, timeout=20, phoneNumber="(509) 555-1234").statuses == [201]

def test_in_vain(aktify_sandbox):
    post(aktify_sandbox)
    aktify_sandbox.wait_for(timeout=0.1, region="NV")
""")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["* region: expected NV, found CA"])


ASYNC_TEST = """
    async with httpx.AsyncClient() as client:
        answer = await client.post(aktify_sandbox.endpoint, json=LEAD, headers={"x-api-key": aktify_sandbox.api_key})
    assert answer.status_code == 201
    assert (await aktify_sandbox.wait_for_async(timeout=20, region="CA")).statuses == [201]
    aktify_sandbox.verify(1)
    with pytest.raises(Exception, match="use `await sandbox.wait_for_async"):
        aktify_sandbox.wait_for()
    async with httpx.AsyncClient(transport=aktify_sandbox.async_transport()) as client:
        answer = await client.post(aktify_sandbox.endpoint, json=LEAD, headers={"x-api-key": aktify_sandbox.api_key})
    assert answer.status_code == 409
    assert number != 2
"""


@pytest.mark.parametrize(
    ("plugin", "mark", "ini"),
    [
        ("asyncio", "@pytest.mark.asyncio", "asyncio_default_fixture_loop_scope = function"),
        ("trio", "@pytest.mark.trio", ""),
        ("anyio", "@pytest.mark.anyio", ""),
    ],
)
def test_asynchronous_tests_use_it_as_others_do(run: Runs, plugin: str, mark: str, ini: str) -> None:
    others = [each for each in ("asyncio", "trio", "anyio") if each != plugin]
    options = [part for each in others for part in ("-p", f"no:{each}")]
    result = run(
        f"""
{mark}
@pytest.mark.parametrize("number", range(3))
async def test_it(aktify_sandbox, number):{ASYNC_TEST}
""",
        *options,
        ini=ini,
        plugins=True,
    )
    times = 2 if plugin == "anyio" else 1  # asyncio and trio
    result.assert_outcomes(passed=2 * times, failed=1 * times)
    assert result.stdout.str().count("- Aktify sandbox -") == times


def test_tasks_and_threads_at_the_same_time_each_have_their_own(run: Runs) -> None:
    result = run(
        """
import anyio
from aktify_sandbox import Sandbox

def use(url):
    with Sandbox(url) as sandbox:
        assert [post(sandbox), post(sandbox)] == [201, 409]
        sandbox.verify(2)
        assert len(sandbox.leads) == 1

@pytest.mark.anyio
async def test_tasks(aktify_sandbox):
    async def task():
        async with Sandbox(aktify_sandbox.url) as sandbox, httpx.AsyncClient() as client:
            headers = {"x-api-key": sandbox.api_key}
            found = [(await client.post(sandbox.endpoint, json=LEAD, headers=headers)).status_code for _ in range(2)]
            assert found == [201, 409]
            sandbox.verify(2)
            await sandbox.wait_for_async(2, timeout=20)
    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(task)
    assert aktify_sandbox.leads == []

def test_threads(aktify_sandbox):
    from concurrent.futures import ThreadPoolExecutor
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(use, [aktify_sandbox.url] * 24))
    assert aktify_sandbox.leads == []
""",
        "-p",
        "no:asyncio",
        "-p",
        "no:trio",
        plugins=True,
    )
    result.assert_outcomes(passed=3)


def test_unittest_classes_use_it_by_usefixtures(run: Runs) -> None:
    result = run("""
import unittest

@pytest.mark.usefixtures("aktify_sandbox")
class TestSignup(unittest.TestCase):
    def test_it(self):
        headers = {"x-api-key": os.environ["AKTIFY_API_KEY"]}
        url = os.environ["AKTIFY_BASE_URL"] + "/api/v1/leads"
        self.assertEqual(httpx.post(url, json=LEAD, headers=headers).status_code, 201)
    test_again = test_it
""")
    result.assert_outcomes(passed=2)


def test_a_run_that_does_not_use_it_loads_nothing_for_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
import sys

def test_it(request):
    assert request.config.pluginmanager.has_plugin("aktify_sandbox")
    ours = "aktify_sandbox.testing.sandbox"
    loaded = {"starlette", "uvicorn", "tinydb", "httpx", "orjson", "yaml", "jsonschema", ours}
    assert not loaded & set(sys.modules)
    assert {name for name in sys.modules if name.startswith("aktify_sandbox")} == {
        "aktify_sandbox", "aktify_sandbox.version",
        "aktify_sandbox.testing", "aktify_sandbox.testing.pytest_plugin"}
""")
    pytester.runpytest_subprocess(*QUIET, "-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_the_plugin_imports_nothing_but_pytest_and_what_is_there_anyway() -> None:
    code = (
        "import sys, json, pytest, typing, os, collections.abc\nbefore = set(sys.modules)\n"
        "import aktify_sandbox.testing.pytest_plugin\nprint(json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=clean_environment(), capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [
        "aktify_sandbox",
        "aktify_sandbox.testing",
        "aktify_sandbox.testing.pytest_plugin",
        "aktify_sandbox.version",
    ]


def test_the_package_is_imported_as_it_is_compiled(run: Runs) -> None:
    """pytest rewrites assertions in a plugin's whole distribution, which takes longer than all else at first use."""
    result = run("""
def test_it(aktify_sandbox):
    import aktify_sandbox.storage.store as store
    assert type(store.__loader__).__name__ == "SourceFileLoader"
""")
    result.assert_outcomes(passed=1)


def test_at_the_end_of_the_session_nothing_is_left(run: Runs, pytester: pytest.Pytester) -> None:
    pytester.makeconftest("""
import os, threading

def pytest_unconfigure():
    print("LEFT", [thread.name for thread in threading.enumerate()])
""")
    result = run("def test_it(aktify_sandbox): assert post(aktify_sandbox) == 201", "-s")
    result.assert_outcomes(passed=1)
    assert "LEFT ['MainThread']" in result.stdout.str()


def test_the_marker_chooses_the_shape_of_bodies_for_its_test_alone(run: Runs) -> None:
    result = run("""
def lead_of(sandbox):
    return httpx.post(sandbox.endpoint, json=LEAD, headers={"x-api-key": sandbox.api_key})

@pytest.mark.aktify(error_bodies="html", shuffle=True)
def test_marked(aktify_sandbox):
    assert [len(lead_of(aktify_sandbox).json()), lead_of(aktify_sandbox).text[:1]] == [3, "<"]

def test_not_marked(aktify_sandbox):
    assert lead_of(aktify_sandbox).json() == LEAD
    assert "message" in lead_of(aktify_sandbox).json()
""")
    result.assert_outcomes(passed=2)
    ini = "aktify_error_bodies = empty\naktify_shuffle = true\n"
    result = run(
        """
def test_every(aktify_sandbox):
    answers = [httpx.post(aktify_sandbox.endpoint, json=LEAD, headers={"x-api-key": aktify_sandbox.api_key})
               for _ in range(2)]
    assert [len(answers[0].json()), answers[1].content] == [3, b""]
""",
        ini=ini,
    )
    result.assert_outcomes(passed=1)


def test_the_header_says_which_sandbox_is_used_and_why(run: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "http://127.0.0.1:9"
    assert "aktify-sandbox: started for this test run" in run("").outlines
    assert (
        f"aktify-sandbox: {url} (from aktify_sandbox_url)"
        in run("", ini=f"aktify_sandbox_url = {url}").outlines
    )
    monkeypatch.setenv("AKTIFY_SANDBOX_URL", url)
    assert f"aktify-sandbox: {url} (from AKTIFY_SANDBOX_URL)" in run("").outlines
    option = run("", "--aktify-sandbox-url", "http://127.0.0.1:8")
    assert "aktify-sandbox: http://127.0.0.1:8 (from --aktify-sandbox-url)" in option.outlines


@pytest.mark.parametrize(
    ("url", "why"),
    [("127.0.0.1:9", "No sandbox answers at http://127.0.0.1:9"), ("ftp://nonsense", "isn't an address")],
)
def test_an_error_names_the_variable_that_chose_the_sandbox(
    run: Runs, monkeypatch: pytest.MonkeyPatch, url: str, why: str
) -> None:
    monkeypatch.setenv("AKTIFY_SANDBOX_URL", url)
    result = run("def test_it(aktify_sandbox): ...")
    result.assert_outcomes(errors=1)
    said = result.stdout.str()
    assert why in said
    assert said.count(f"AKTIFY_SANDBOX_URL is {url}; unset it to let the tests start their own sandbox.") == 1


def test_a_mistake_that_the_other_sandbox_finds_names_the_variable_too(
    run: Runs, monkeypatch: pytest.MonkeyPatch, sandbox: Running
) -> None:
    """Its folder may lack the scenario that the tests' own has."""
    monkeypatch.setenv("AKTIFY_SANDBOX_URL", sandbox.url)
    result = run('@pytest.mark.aktify(scenario="of-this-folder")\ndef test_it(aktify_sandbox): ...')
    result.assert_outcomes(errors=1)
    assert f"AKTIFY_SANDBOX_URL is {sandbox.url}; unset it" in result.stdout.str()


def test_scenarios_in_force_elsewhere_touch_no_test(
    run: Runs, monkeypatch: pytest.MonkeyPatch, serve: Serve
) -> None:
    busy = serve("--in-memory", "--scenario", "outage", "--scenario", "unauthorized")
    monkeypatch.setenv("AKTIFY_SANDBOX_URL", busy.url)
    result = run("""
def test_ordinary(aktify_sandbox):
    assert post(aktify_sandbox) == 201
    assert post(aktify_sandbox, key=aktify_sandbox.api_key + ".mine") == 201
    aktify_sandbox.scenario("duplicate")
    assert post(aktify_sandbox) == 409
    aktify_sandbox.scenario()
    aktify_sandbox.reset()
    assert post(aktify_sandbox) == 201

@pytest.mark.aktify(scenario="duplicate")
def test_marked(aktify_sandbox):
    assert post(aktify_sandbox) == 409
""")
    result.assert_outcomes(passed=2)
    assert busy.post().status_code == 503


# the report on the client

CLIENTS = """
def test_good(aktify_sandbox):
    assert [post(aktify_sandbox), post(aktify_sandbox)] == [201, 409]

def test_legacy_name(aktify_sandbox):
    httpx.post(aktify_sandbox.endpoint, json={"phone": "(509) 555-1234"}, headers={"x-api-key": aktify_sandbox.api_key})

def test_key(aktify_sandbox):
    assert post(aktify_sandbox, key="undefined") == 401

def test_after_it(aktify_sandbox):
    assert post(aktify_sandbox, zipCode="90210") == 201

@pytest.fixture(scope="module")
def shared(aktify_sandbox_factory):
    with aktify_sandbox_factory() as sandbox:
        yield sandbox

def test_shared(shared):
    assert post(shared, source="web") == 201
"""


@pytest.mark.parametrize("options", [(), ("-n", "2", "-p", "xdist")], ids=["alone", "workers"])
def test_one_report_is_written_on_all_tests(
    run: Runs, pytester: pytest.Pytester, options: tuple[str, ...]
) -> None:
    result = run(CLIENTS, *options, "--aktify-report", "report.json")
    result.assert_outcomes(passed=5)
    report = json.loads((pytester.path / "report.json").read_text())
    met = {each["id"] for each in report["coverage"]["clauses"] if each["met"]}
    assert met >= {"created-by-region", "created-by-both", "duplicate", "unknown-key", "sends-source"}
    found = {each["id"]: each for each in report["findings"]}
    assert report["requests"] == 6
    assert {"legacy-field-name", "key-damaged"} <= set(found)
    assert "posts-after-401" not in found, "another test is another client"
    assert found["legacy-field-name"]["example"].startswith("test_it.py::test_legacy_name: ")
    result.stdout.fnmatch_lines(
        [f"aktify-sandbox: {report['coverage']['percent']} % of the contract met, *report.json"]
    )


def test_the_summary_alone_writes_no_file(run: Runs, pytester: pytest.Pytester) -> None:
    before = {path.name for path in pytester.path.iterdir()}
    result = run(CLIENTS, ini="aktify_summary = true")
    result.stdout.fnmatch_lines(["aktify-sandbox: * % of the contract met, *"])
    assert not [
        path for path in pytester.path.iterdir() if path.suffix == ".json" and path.name not in before
    ]


def test_without_being_asked_for_nothing_is_reported(run: Runs) -> None:
    assert "of the contract" not in run(CLIENTS).stdout.str()


def test_the_file_of_a_report_may_be_in_the_configuration(run: Runs, pytester: pytest.Pytester) -> None:
    run("def test_it(): ...", ini="aktify_report = report.html")
    assert (pytester.path / "report.html").read_text().startswith("<!doctype html>")


def test_a_report_that_cannot_be_written_is_wrong_usage(run: Runs) -> None:
    result = run("def test_it(): ...", "--aktify-report", "no/such/folder/r.html")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*can't be written*"])


def test_a_running_sandbox_is_reported_on_by_its_tests_alone(
    run: Runs, shared_sandbox: Running, pytester: pytest.Pytester
) -> None:
    shared_sandbox.http.post("/api/v1/leads", json={"phone": "x"}, headers={"x-api-key": "test-key"})
    run(CLIENTS, "--aktify-sandbox-url", shared_sandbox.url, "--aktify-report", "report.json")
    report = json.loads((pytester.path / "report.json").read_text())
    assert report["requests"] == 5, "all but the one with an unknown key, which may be anybody's"
