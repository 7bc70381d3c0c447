"""The command line against a real sandbox: what is printed, and the exit code."""

import json
import re
import threading
from collections import Counter
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from aktify_sandbox.cli import main
from aktify_sandbox.cli.sample_leads import FICTIONAL, sample_leads
from aktify_sandbox.contract.lead import LeadRules
from aktify_sandbox.contract.phone import identity, is_fictional
from aktify_sandbox.contract.rulings import PROFILES, Rulings
from support.commands import call, commands, in_json, run
from support.make_leads_csv import EXPECTED, ROWS, rows
from support.paths import ROOT
from support.running import LEAD, HostSandbox, Sandboxed
from support.snapshots import Snapshot


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_has_help_with_an_example(words: list[str]) -> None:
    result = CliRunner().invoke(main, [*words, "--help"])
    assert result.exit_code == 0
    assert f"aktify-sandbox {' '.join(words)}" in result.output.partition("Example:")[2]


@pytest.mark.parametrize("group", ["requests", "leads", "keys", "scenarios", "state"])
def test_a_group_has_help_with_an_example(group: str) -> None:
    result = CliRunner().invoke(main, [group, "--help"])
    assert f"aktify-sandbox {group} " in result.output.partition("Example:")[2].partition("Commands:")[0]


@pytest.mark.parametrize(
    "words",
    [
        ["serv"],
        ["requests", "lst"],
        ["serve", "--prot", "1"],
        ["serve", "--port", "x"],
        ["serve", "--port", "70000"],
        ["serve", "--profile", "lax"],
        ["serve", "--ruling", "region-case"],
        ["serve", "--ruling", "region-cas=accept"],
        ["serve", "--ruling", "region-case=acept"],
        ["serve", "--config", "/nowhere.yaml"],
        ["serve", "--host", "example.com"],
        ["serve", "--token", "ü"],
        ["serve", "--allow-host", "http://foo.local"],
        ["keys", "list", "--token", "ü"],
        ["wait", "--token", "two words"],
        ["rulings", "--url", "http://127.0.0.1:9", "--token", "ü"],
        ["send", "--sample", "1", "--key", "ü"],
        ["send", "--sample", "1", "--key", "two\nlines"],
        ["send"],
        ["schema", "leed"],
        ["schema", "openapi", "--portable"],
    ],
)
def test_wrong_usage_is_exit_code_2_with_a_hint(words: list[str], snapshot: Snapshot) -> None:
    snapshot("commands", run(None, *words, code=2))


def test_a_wrong_environment_variable_is_named() -> None:
    assert "AKTIFY_SANDBOX_PROFILE" in run(None, "serve", code=2, AKTIFY_SANDBOX_PROFILE="lax")


def test_without_a_sandbox_a_command_says_so_in_one_line(snapshot: Snapshot) -> None:
    said = run(None, "requests", "list", "--url", "http://127.0.0.1:9", code=1)
    assert said.count("\n") == 1
    snapshot("commands", said)


def test_the_damaged_csv_ends_with_a_correct_summary(sandbox: Sandboxed) -> None:
    summary = in_json(sandbox, "send", str(ROOT / "fixtures" / "leads.csv"))
    assert {int(status): count for status, count in summary["statuses"].items()} == EXPECTED
    assert summary["sent"] == ROWS
    assert sum(answer["count"] for answer in summary["answers"]) == ROWS
    assert len({problem["row"] for problem in summary["problems"]}) == EXPECTED[400]
    recorded: Counter[int] = Counter()
    following = "r999999999"
    while following:
        page = sandbox.get(f"/_sandbox/requests?key={sandbox.api_key}&limit=1000&before={following}")
        recorded.update(record["response"]["status"] for record in page["requests"])
        following = page["next"]
    assert recorded == EXPECTED


def test_the_csv_is_what_its_script_makes() -> None:
    text = (ROOT / "fixtures" / "leads.csv").read_text(encoding="utf-8-sig")
    assert len(rows()) == ROWS
    assert text.count("\n") == ROWS + 1
    for row in rows()[::97]:
        assert row["email"] in text


@pytest.mark.parametrize(
    ("name", "content", "statuses"),
    [
        ("a.json", json.dumps(LEAD), {"201": 1}),
        ("a.json", json.dumps([LEAD, LEAD]), {"201": 1, "409": 1}),
        ("a.jsonl", f"{json.dumps(LEAD)}\n\n{{broken\n[1]\n", {"201": 1, "400": 2}),
        (
            "a.csv",
            "phoneNumber,region,metadata.a\n(509) 555-1234,CA,x\n,,\n5095551234,CA,\n",
            {"201": 1, "409": 1},
        ),
        ("a.csv", "phoneNumber;region\r\n(509) 555-1234;CA\r\n", {"201": 1}),
        ("a.csv", "first_name,phone,region\nJohn,(509) 555-1234,CA\n", {"201": 1}),
        ("a.txt", f"{json.dumps(LEAD)}\n{json.dumps(LEAD)}\n", {"201": 1, "409": 1}),
        ("a.csv", "phoneNumber,region\r(509) 555-1234,CA\r5095551234,CA\r", {"201": 1, "409": 1}),
        ("a.csv", "phoneNumber,region\r\n(509) 555-1234,CA\r5095551234,CA\r\n", {"201": 1, "409": 1}),
        ("a.csv", "sep=;\r\nphoneNumber;region;a,b,c\r\n(509) 555-1234;CA;x\r\n", {"201": 1}),
        ("a.csv", "sep=|\nphoneNumber|region\n(509) 555-1234|CA\n", {"201": 1}),
        ("a.csv", 'phoneNumber,region,source\n(509) 555-1234,CA,"two\r\nlines"\n', {"201": 1}),
        ("a.json", json.dumps({"leads": [LEAD, LEAD]}, indent=1), {"201": 1, "409": 1}),
        ("a.json", json.dumps({"more": [{}], "leads": [{**LEAD, "n": 1.0}], "next": None}), {"201": 1}),
        ("a.json", json.dumps({"leads": [{"campaign": "x", "phone": "+1", "lead": LEAD}]}), {"201": 1}),
        ("a.jsonl", json.dumps({"campaign": "x", "phone": "+1", "lead": LEAD}), {"201": 1}),
        ("a.json", json.dumps({"lead": LEAD}), {"400": 1}),
        ("a.json", json.dumps({"leads": LEAD}), {"400": 1}),
        ("a.json", json.dumps({"leads": [LEAD]}) + "x", {"400": 1}),
        ("a.json", f'[{{"phoneNumber": {"5" * 5_000}, "region": "CA"}}]', {"400": 1}),
        ("a.json", '{"leads": ' + "[" * 5_000, {"400": 1}),
    ],
)
def test_send_reads_json_jsonl_and_csv(
    sandbox: Sandboxed, tmp_path: Path, name: str, content: str, statuses: dict[str, int]
) -> None:
    (tmp_path / name).write_text(content)
    where = {"AKTIFY_SANDBOX_URL": sandbox.url, "AKTIFY_API_KEY": sandbox.api_key}
    done = call("send", str(tmp_path / name), "--json", environment=where)
    assert json.loads(done.stdout)["statuses"] == statuses
    assert done.returncode == (0 if statuses.keys() & {"201", "409"} else 1)


def test_send_reads_standard_input_and_names_each_problem_with_its_place(sandbox: Sandboxed) -> None:
    text = f"{json.dumps(LEAD)}\n{json.dumps({**LEAD, 'region': 'ca'})}\n{json.dumps(LEAD)}\n"
    summary = in_json(sandbox, "send", "-", text=text)
    assert [(each["status"], each["count"], each["first"]) for each in summary["answers"]] == [
        (201, 1, 1),
        (400, 1, 2),
        (409, 1, 3),
    ]
    [problem] = summary["problems"]
    assert (problem["row"], problem["field"], problem["ruling"]) == (2, "region", "region-case")


@pytest.mark.parametrize("bodies", ["detailed", "empty"])
def test_the_summary_for_people_counts_problems_by_kind(
    serve: HostSandbox, tmp_path: Path, bodies: str, snapshot: Snapshot
) -> None:
    rows = "5095551234,ca\n5095551235,nv\n5095551236,Texas\n5095551237,CA\n5095551237,CA\n"
    (tmp_path / "a.csv").write_text(f"Phone,State\n{rows}")
    said = run(serve("--error-bodies", bodies), "send", str(tmp_path / "a.csv"))
    assert re.search(r"^409: .* row 6$", said, re.MULTILINE)
    snapshot("commands", said)


def test_a_lead_whose_answer_was_lost_counts_as_sent(sandbox: Sandboxed) -> None:
    sandbox.http.post("/_sandbox/force", json={"fault": "reset", "lead": "kept"})
    said = run(sandbox, "send", "--sample", "2", code=1)
    assert re.match(r"2 sent to \S+: 1 × 201, 1 × no answer\n", said)
    assert "lead 1: " in said


def test_only_good_sends_what_the_sandbox_would_accept(serve: HostSandbox, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Phone,State\n5095551234,ca\n5095551235,CA\n5095551235,CA\n,NV\n")
    strict, lenient = serve(), serve("--profile", "lenient")
    for sandbox, sent, held in ((strict, 1, {"refused": 2}), (lenient, 2, {"refused": 1})):
        summary = in_json(sandbox, "send", str(tmp_path / "a.csv"), "--only-good")
        assert summary["statuses"] == {"201": sent}
        assert summary["notSent"] == {**held, "repeats a row above": 1}
        assert len(sandbox.get("/_sandbox/requests")["requests"]) == sent


def test_a_row_that_is_no_lead_is_not_sent(sandbox: Sandboxed, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Phone,State\n5095551234,CA,Ann\n5095551235,CA,\n")
    summary = in_json(sandbox, "send", str(tmp_path / "a.csv"))
    assert summary["statuses"] == {"201": 1}
    assert [(each["row"], each["source"]) for each in summary["problems"]] == [(2, "limit")]


@pytest.mark.parametrize("form", ["json", "jsonl", "csv"])
def test_leads_go_into_a_file_of_their_owner_alone(
    serve: HostSandbox, tmp_path: Path, form: str, snapshot: Snapshot
) -> None:
    sandbox, file = serve(), tmp_path / f"leads.{form}"
    sandbox.post({**LEAD, "firstName": "Zoë"})
    assert run(sandbox, "leads", "export", "--format", form, "--output", str(file)) == ""
    assert file.read_bytes().decode() == run(sandbox, "leads", "export", "--format", form)
    assert "Zoë" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    lost = run(sandbox, "leads", "export", "--output", str(tmp_path / "none" / "x"), code=2)
    snapshot("commands", lost)


def test_metadata_columns_and_empty_cells(sandbox: Sandboxed, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("phoneNumber,region,email,metadata.colour\n(509) 555-1234,CA,,red\n")
    run(sandbox, "send", str(tmp_path / "a.csv"))
    [lead] = in_json(sandbox, "leads", "list", "--campaign", f"demo.{sandbox.api_key.partition('.')[2]}")[
        "leads"
    ]
    assert lead["lead"] == {**LEAD, "metadata": {"colour": "red"}}


@pytest.mark.parametrize(
    ("name", "content", "place"),
    [
        ("a.json", b"[{]", "line 1"),
        ("a.json", b"[{}] garbage", "line 1"),
        ("a.json", b"[{}\n {}]", "line 2"),
        ("a.json", b"[{},, {}]", "line 1"),
        ("a.json", b"[,{}]", "line 1"),
        ("a.json", b"[{},\n]", "line 2"),
        ("a.json", b"[{}", "line 1"),
        ("a.json", b"[", "line 1"),
        ("a.json", b"[{}, " + b"[" * 100_000, "lead 2"),
        ("a.csv", b"phoneNumber,metadata,metadata.a\n1,x,y\n", "line 1"),
        ("a.csv", b"phoneNumber,metadata.a,metadata\n1,x,y\n", "line 1"),
        ("a.csv", b"sep=;\nphoneNumber;phoneNumber\n1;2\n", "line 2"),
        ("a.csv", b'phoneNumber,region\n1,"CA\n2,NV\n', "line 2"),
        ("a.csv", b"phoneNumber,phoneNumber\n1,2\n", "line 1"),
        ("a.csv", b"firstName\nJos\xe9\n", "line 1"),
        ("a.csv", b"sep=;", "empty"),
        ("a.csv", b"", "empty"),
    ],
)
@pytest.mark.parametrize("command", [["send"], ["leads", "import"], ["check"]])
def test_a_file_that_cannot_be_read_is_named_with_its_place_and_nothing_is_sent(
    sandbox: Sandboxed, tmp_path: Path, command: list[str], name: str, content: bytes, place: str
) -> None:
    (tmp_path / name).write_bytes(content)
    at = [] if command == ["check"] else ["--url", sandbox.url]
    said = CliRunner().invoke(main, [*command, str(tmp_path / name), *at])
    assert (said.exit_code, said.stdout) == (2, "")
    assert place in said.stderr


@pytest.mark.parametrize(
    ("name", "content"), [("a.json", '{"leads": []}'), ("a.jsonl", "\n"), ("a.csv", "phone\n")]
)
def test_a_file_without_a_lead_is_said(
    sandbox: Sandboxed, tmp_path: Path, name: str, content: str, snapshot: Snapshot
) -> None:
    (tmp_path / name).write_text(content)
    for command in (["send"], ["leads", "import"]):
        snapshot("commands", run(sandbox, *command, str(tmp_path / name), code=1))


@pytest.mark.parametrize(
    "words", [["send", "--sample", "1", "--seed", "1"], ["state", "load", str(ROOT / "README.md")]]
)
def test_send_gives_nothing_to_what_is_not_a_sandbox(words: list[str], snapshot: Snapshot) -> None:
    """A mistake in the address must not text a real person."""
    asked: list[str] = []

    class Elsewhere(BaseHTTPRequestHandler):
        def answer(self) -> None:
            asked.append(f"{self.command} {self.path}")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        do_GET = do_POST = do_PUT = answer  # noqa: N815  the names that http.server wants

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    said = run(None, *words, "--url", f"http://127.0.0.1:{server.server_port}", code=1)
    server.shutdown()
    server.server_close()
    snapshot("commands", said)
    assert asked == ["GET /_sandbox/health"]


@pytest.mark.parametrize(
    "line",
    [b"[" * 100_000, b'{"phoneNumber": NaN}', b'{"firstName": "\\ud800"}', b"{x}", b'{"phoneNumber": "1",}'],
)
def test_a_line_that_is_no_lead_keeps_no_other_from_being_imported(
    serve: HostSandbox, tmp_path: Path, line: bytes
) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"phoneNumber": "5095551234"}\n' + line + b"\n")
    said = run(serve(), "leads", "import", str(tmp_path / "a.jsonl"), code=1)
    assert "1 imported" in said
    assert "line 2: " in said


def phones(leads: Iterable[bytes]) -> list[str]:
    return [identity(json.loads(lead)["phoneNumber"]) or "" for lead in leads]


def test_samples_are_different_valid_and_the_same_for_a_seed(sandbox: Sandboxed) -> None:
    assert list(sample_leads(2_000)) == list(sample_leads(2_000))
    assert len(set(phones(sample_leads(30_000)))) == 30_000
    for profile in PROFILES:
        rules = LeadRules(Rulings.of(profile))
        for lead in [*sample_leads(FICTIONAL, 3)][::97] + [*sample_leads(FICTIONAL + 20_000, 4)][
            -20_000::997
        ]:
            assert rules.read(lead, b"application/json", None).problems == ()
    assert in_json(sandbox, "send", "--sample", "300", "--seed", "7")["statuses"] == {"201": 300}
    assert in_json(sandbox, "send", "--sample", "300", "--seed", "7")["statuses"] == {"409": 300}


def test_thousands_of_samples_are_fictional_and_none_is_in_the_damaged_csv() -> None:
    assert FICTIONAL >= 4_000
    for seed in range(5):
        made = phones(sample_leads(FICTIONAL + 1, seed))
        assert [is_fictional(phone) for phone in made] == [True] * FICTIONAL + [False]
        assert not any(phone[8:10] == "01" and int(phone[10:]) >= 40 for phone in made[:-1])
    everything = set(phones(sample_leads(30_000)))
    in_csv = {identity(row["phoneNumber"]) for row in rows()} - {None}
    assert in_csv.isdisjoint(everything)
    assert all(is_fictional(phone or "") for phone in in_csv)
    assert f"{FICTIONAL:,}" in CliRunner().invoke(main, ["send", "--help"]).output


@pytest.mark.parametrize(
    "name", ["r000000001/../../health", "../health", "..", ".", "r1?x=y", "ü/", "%2e%2e/health"]
)
def test_an_id_stays_an_id_whatever_is_in_it(sandbox: Sandboxed, name: str) -> None:
    said = run(sandbox, "requests", "show", name, "--json", code=2)
    assert "status" not in said


def test_requests_are_listed_and_shown_with_reasons(sandbox: Sandboxed, snapshot: Snapshot) -> None:
    run(sandbox, "send", "-", text=json.dumps([LEAD, {**LEAD, "phoneNumber": "5095551234"}]))
    listed = run(sandbox, "requests", "list", "--key", sandbox.api_key)
    head, *rows = listed.splitlines()
    assert head.split() == ["received", "status", "phone", "campaign", "took", "request", "reason"]
    snapshot("commands", "\n".join(re.sub(" +", " ", row) for row in rows))
    [duplicate] = in_json(sandbox, "requests", "list", "--key", sandbox.api_key, "--status", "409")[
        "requests"
    ]
    shown = run(sandbox, "requests", "show", duplicate["id"])
    assert '"(509) 555-1234" then, "5095551234" now' in shown
    assert in_json(sandbox, "requests", "show", duplicate["id"])["firstPost"]["phone"] == "+15095551234"
    assert "r999999999" in run(sandbox, "requests", "show", "r999999999", code=1)
    snapshot("commands", run(sandbox, "requests", "list", "--status", "abc", code=2))


@pytest.mark.parametrize("form", ["json", "jsonl", "csv"])
def test_an_export_can_be_imported_again(serve: HostSandbox, tmp_path: Path, form: str) -> None:
    sandbox = serve()
    run(sandbox, "send", "--sample", "5", "--seed", "1")
    exported = run(sandbox, "leads", "export", "--format", form)
    assert "5 leads" in run(sandbox, "leads", "clear")
    (tmp_path / f"leads.{form}").write_text(exported)
    assert "5 imported" in run(sandbox, "leads", "import", str(tmp_path / f"leads.{form}"))
    assert in_json(sandbox, "send", str(tmp_path / f"leads.{form}"))["statuses"] == {"409": 5}
    assert in_json(sandbox, "send", "--sample", "5", "--seed", "1")["statuses"] == {"409": 5}
    assert len(in_json(sandbox, "leads", "list")["leads"]) == 5


@pytest.mark.parametrize("form", ["json", "jsonl", "csv"])
def test_export_and_import_keep_the_order(serve: HostSandbox, tmp_path: Path, form: str) -> None:
    sandbox, other = serve(), serve()
    run(sandbox, "send", "--sample", "1100", "--seed", "1")
    file = tmp_path / f"leads.{form}"
    file.write_text(run(sandbox, "leads", "export", "--format", form))
    assert "1,100 imported" in run(other, "leads", "import", str(file))
    assert run(other, "leads", "export", "--format", "csv") == run(
        sandbox, "leads", "export", "--format", "csv"
    )
    before, after = (in_json(each, "leads", "list", "--limit", "1000")["leads"] for each in (sandbox, other))
    assert [lead["phone"] for lead in after] == [lead["phone"] for lead in before]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        (
            "a.csv",
            "phoneNumber,firstName\n(509) 555-1234,Ann\n\n12,Bob\n,Eve\n",
            [
                'row 4: phoneNumber is "12": This isn\'t a US phone number.',
                "row 5: phoneNumber is missing.",
            ],
        ),
        (
            "a.jsonl",
            '{"phoneNumber": "5095551234"}\n\n{"phoneNumber": "5095550001", "firstName": 7}\n[1]\n',
            [
                "line 4: The body is an array of 1 element.",
                "line 3: firstName is 7: This must be a string, in quotes.",
            ],
        ),
        (
            "a.json",
            '[{"phoneNumber": "5095551234"}, {"campaign": "x", "phone": "+15095550001", "lead": {}}]',
            ['lead 2: campaign is "x": There is no campaign x.'],
        ),
        (
            "a.json",
            '{"leads": [{"phone": "+1509", "campaign": "demo", "lead": {"firstName": "\\u001b[2J"}}]}',
            ['lead 1: phoneNumber is "+1509": This isn\'t a US phone number.'],
        ),
        (
            "a.csv",
            f"phoneNumber\n{'9' * 500}\n",
            [f"row 2: phoneNumber is \"{'9' * 99}…: This isn't a US phone number."],
        ),
    ],
)
def test_what_cannot_be_kept_is_named_with_its_place_and_value(
    serve: HostSandbox, tmp_path: Path, name: str, content: str, expected: list[str]
) -> None:
    (tmp_path / name).write_text(content)
    said = run(serve(), "leads", "import", str(tmp_path / name), "--show-pii", code=1)
    assert [line for line in said.splitlines() if re.match("(row|line|lead) ", line)] == expected


def test_leads_in_the_vendors_own_form_are_imported(sandbox: Sandboxed, tmp_path: Path) -> None:
    (tmp_path / "known.csv").write_text("phoneNumber,firstName\n(509) 555-1234,Ann\n12,Bob\n")
    campaign = f"demo.{sandbox.api_key.partition('.')[2]}"
    said = run(sandbox, "leads", "import", str(tmp_path / "known.csv"), "--campaign", campaign, code=1)
    assert "1 imported" in said
    assert "row 3: " in said
    assert sandbox.post().status_code == 409


def test_keys_are_added_listed_and_revoked(serve: HostSandbox, snapshot: Snapshot) -> None:
    sandbox = serve()
    key = run(sandbox, "keys", "add", "--name", "ci").strip()
    assert sandbox.post(key=key).status_code == 201
    assert "ci" in run(sandbox, "keys", "list")
    assert key not in run(sandbox, "keys", "list")
    snapshot("commands", run(sandbox, "keys", "revoke", "ci"))
    assert sandbox.post(key=key).status_code == 401
    snapshot("commands", run(sandbox, "keys", "add", "--name", "ci", code=1))
    snapshot("commands", run(sandbox, "keys", "add", "--name", "tes…key", code=1))
    snapshot("commands", run(sandbox, "keys", "revoke", "nobody", code=1))


def test_explain_tells_everything_and_keeps_nothing(sandbox: Sandboxed) -> None:
    text = run(sandbox, "explain", "-", text='{"phone": "5095551234", "region": "ca"}')
    for wanted in ("400", "rename phone", "Write CA", "region-case"):
        assert wanted in text
    assert in_json(sandbox, "explain", "-", text=json.dumps(LEAD))["status"] == 201
    assert in_json(sandbox, "requests", "list", "--key", sandbox.api_key)["requests"] == []


def test_reset_clear_wait_and_stop(serve: HostSandbox, snapshot: Snapshot) -> None:
    sandbox = serve()
    run(sandbox, "wait", "--timeout", "5")
    run(sandbox, "send", "--sample", "3")
    snapshot("commands", run(sandbox, "requests", "clear"))
    sandbox.http.get("/elsewhere")
    snapshot("commands", run(sandbox, "requests", "clear"))
    assert in_json(sandbox, "requests", "list")["requests"] == []
    assert len(in_json(sandbox, "leads", "list")["leads"]) == 3
    run(sandbox, "reset")
    assert in_json(sandbox, "leads", "list")["leads"] == []
    run(sandbox, "stop")
    assert sandbox.end() == 0
    snapshot("commands", run(sandbox, "wait", "--timeout", "0.1", code=1))


def test_a_token_is_sent_along(serve: HostSandbox) -> None:
    sandbox = serve("--token", "let-me-in")
    assert "--token" in run(sandbox, "keys", "list", code=1)
    assert "tes…key" in run(sandbox, "keys", "list", "--token", "let-me-in")
    assert "tes…key" in run(sandbox, "keys", "list", AKTIFY_SANDBOX_TOKEN="let-me-in")


def test_rulings_are_shown_as_set_here_or_as_in_force_there(serve: HostSandbox) -> None:
    strict = json.loads(run(None, "rulings", "--profile", "strict", "--json"))["rulings"]
    assert {row["name"]: row["value"] for row in strict}["phone-format"] == "libphonenumber"
    sandbox = serve("--ruling", "region-case=accept")
    there = in_json(sandbox, "rulings")["rulings"]
    assert {row["name"]: row["value"] for row in there}["region-case"] == "accept"
    assert "own" in run(None, "rulings")


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (["--profile", "strict"], "phone-format", "libphonenumber"),
        (["--ruling", "region-case=accept"], "region-case", "accept"),
    ],
)
def test_rulings_that_are_asked_for_by_flag_win_over_a_sandbox_in_the_environment(
    sandbox: Sandboxed, tmp_path: Path, words: list[str], name: str, value: str, snapshot: Snapshot
) -> None:
    rows = in_json(sandbox, "rulings", *words)["rulings"]
    assert {row["name"]: row["value"] for row in rows}[name] == value
    (tmp_path / "c.yaml").write_text("profile: lenient\n")
    assert in_json(sandbox, "rulings", "--config", str(tmp_path / "c.yaml"))["rulings"] != rows
    said = run(sandbox, "rulings", *words, "--url", sandbox.url, code=2)
    snapshot("commands", said)


@pytest.mark.parametrize(
    "group", [[], *([name] for name in ("requests", "leads", "keys", "scenarios", "state"))]
)
def test_no_summary_of_a_command_is_cut_at_80_columns(group: list[str]) -> None:
    listed = CliRunner().invoke(main, [*group, "--help"], terminal_width=80).output.partition("Commands:")[2]
    assert len(listed.splitlines()) > 2
    assert "..." not in listed


@pytest.mark.parametrize(
    "kind", ["lead", "config", "scenario", "expectations", "openapi", "report", "drill", "calibration"]
)
def test_schemas_are_printed(kind: str) -> None:
    assert json.loads(run(None, "schema", kind))


def test_a_leads_schema_is_printed_for_go_and_rust_too() -> None:
    plain, portable = run(None, "schema", "lead"), run(None, "schema", "lead", "--portable")
    assert "(?!" in plain
    assert "(?" not in portable.replace("(?:", "")


def test_colours_are_for_terminals_only(sandbox: Sandboxed) -> None:
    sandbox.post()
    assert "\x1b" not in run(sandbox, "requests", "list")
