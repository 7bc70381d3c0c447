"""Every way to force an answer, through a real socket, with the state looked at afterwards."""

import contextlib
import json
import os
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests

from support.running import COMMAND, LEAD, Running, Serve, clean_environment, until

_areas = iter(
    f"{first}{second}{third}" for first in range(2, 10) for second in (0, 2, 3) for third in range(2, 10)
)


@pytest.fixture
def area() -> str:
    """An area code of the test's own."""
    return next(_areas)


def magic(sandbox: Running, area: str, ending: int, **more: Any) -> httpx.Response:
    return sandbox.post({"phoneNumber": f"({area}) 555-01{ending:02d}", "region": "CA"}, **more)


def is_kept(sandbox: Running, phone: str) -> bool:
    found = sandbox.get(f"/_sandbox/leads?phone={phone}&campaign=demo.{sandbox.api_key.partition('.')[2]}")
    return bool(found["leads"])


def force(sandbox: Running, **order: Any) -> Any:
    answer = sandbox.http.post("/_sandbox/force", json={"key": sandbox.api_key, **order})
    assert answer.status_code == 201, answer.text
    return answer.json()


NATURAL_409 = {
    "statusCode": 409,
    "message": "The phone number was already submitted to this campaign.",
    "problems": [],
}


# the magic numbers


@pytest.mark.parametrize("ending", [0, 1, 39, 80, 89, 99])
def test_ordinary_fictional_numbers_are_201_and_then_409(sandbox: Running, area: str, ending: int) -> None:
    assert [magic(sandbox, area, ending).status_code for _ in range(2)] == [201, 409]


@pytest.mark.parametrize(
    ("ending", "status", "headers"),
    [
        (40, 400, {}),
        (41, 401, {}),
        (49, 409, {}),
        (42, 429, {"retry-after": "1"}),
        (50, 500, {}),
        (52, 502, {"content-type": "text/html"}),
        (53, 503, {"retry-after": "1"}),
        (54, 504, {}),
    ],
)
def test_a_number_that_always_fails_never_keeps_its_lead(
    sandbox: Running, area: str, ending: int, status: int, headers: dict[str, str]
) -> None:
    for _ in range(3):
        answer = magic(sandbox, area, ending)
        assert answer.status_code == status
        assert {name: answer.headers[name] for name in headers} == headers
        assert answer.headers["x-aktify-sandbox-forced"] == f"number 555-01{ending}"
        assert sandbox.record_of(answer)["reason"]["scenario"] == f"number 555-01{ending}"
    assert not is_kept(sandbox, f"{area}55501{ending}")


def test_the_proxy_s_502_has_its_html_body(sandbox: Running, area: str) -> None:
    assert "<h1>502 Bad Gateway</h1>" in magic(sandbox, area, 52).text


def test_60_never_answers_and_keeps_nothing(sandbox: Running, area: str) -> None:
    for _ in range(2):
        with pytest.raises(httpx.ReadTimeout):
            magic(sandbox, area, 60, timeout=0.3)
    assert not is_kept(sandbox, f"{area}5550160")


def test_61_keeps_the_lead_and_never_answers_and_every_retry_is_a_409(sandbox: Running, area: str) -> None:
    with pytest.raises(httpx.ReadTimeout):
        magic(sandbox, area, 61, timeout=0.3)
    assert is_kept(sandbox, f"{area}5550161")
    assert [magic(sandbox, area, 61).status_code for _ in range(2)] == [409, 409]


def test_61_is_a_409_after_a_restart_too(serve: Serve, tmp_path: Path) -> None:
    first = serve("--state", str(tmp_path / "state"))
    with pytest.raises(httpx.ReadTimeout):
        magic(first, "212", 61, timeout=0.3)
    first.process.kill()
    first.end()
    assert magic(serve("--state", str(tmp_path / "state")), "212", 61).status_code == 409


def test_62_resets_the_connection_always_and_keeps_nothing(sandbox: Running, area: str) -> None:
    for _ in range(2):
        with pytest.raises(httpx.ReadError):
            magic(sandbox, area, 62)
    assert not is_kept(sandbox, f"{area}5550162")


def test_63_keeps_the_lead_and_resets_the_connection_then_409(sandbox: Running, area: str) -> None:
    with pytest.raises(httpx.ReadError):
        magic(sandbox, area, 63)
    assert is_kept(sandbox, f"{area}5550163")
    assert magic(sandbox, area, 63).status_code == 409


def test_64_is_ordinary_five_seconds_late(sandbox: Running, area: str) -> None:
    answer = magic(sandbox, area, 64)
    assert (answer.status_code, answer.json()["region"]) == (201, "CA")
    assert sandbox.record_of(answer)["delayMs"] == 5_000
    assert answer.elapsed.total_seconds() >= 5


def test_65_is_cut_off_66_is_empty_and_both_are_kept(sandbox: Running, area: str) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        magic(sandbox, area, 65)
    empty = magic(sandbox, area, 66)
    assert (empty.status_code, empty.content) == (201, b"")
    for ending in (65, 66):
        assert is_kept(sandbox, f"{area}55501{ending}")
        assert magic(sandbox, area, ending).status_code == 409


def test_67_comes_in_pieces_and_is_whole(sandbox: Running, area: str) -> None:
    answer = magic(sandbox, area, 67)
    assert (answer.status_code, answer.headers["transfer-encoding"]) == (201, "chunked")
    assert answer.json()["phoneNumber"] == f"({area}) 555-0167"
    assert is_kept(sandbox, f"{area}5550167")


@pytest.mark.parametrize(
    ("ending", "statuses"),
    [(70, [500, 201, 409]), (71, [503, 503, 201, 409]), (72, [429, 201, 409])],
)
def test_numbers_that_fail_at_first(sandbox: Running, area: str, ending: int, statuses: list[int]) -> None:
    assert [magic(sandbox, area, ending).status_code for _ in statuses] == statuses
    assert magic(sandbox, next(_areas), ending).status_code == statuses[0]  # each lead counts for itself


@pytest.mark.parametrize("ending", [40, 41, 49, 50, 60, 62, 65, 66, 70])
def test_a_wrong_body_keeps_its_true_400_and_a_wrong_key_its_401(
    sandbox: Running, area: str, ending: int
) -> None:
    lead = {"phoneNumber": f"({area}) 555-01{ending}", "region": "ca"}
    refused = sandbox.post(lead)
    assert refused.status_code == 400
    assert refused.json()["problems"][0]["ruling"] == "region-case"
    assert sandbox.post(lead, key="unknown").status_code == 401


def test_without_magic_the_numbers_are_ordinary_and_the_documented_one_always_is(serve: Serve) -> None:
    sandbox = serve("--no-magic")
    assert [magic(sandbox, "212", ending).status_code for ending in (40, 41, 49, 50, 60)] == [201] * 5
    assert sandbox.post().status_code == 201


# the ways to force an answer


def test_the_doors_to_a_409_all_give_the_natural_one(serve: Serve) -> None:
    sandbox = serve()
    natural = [sandbox.post(), sandbox.post()][1]
    forced = [
        sandbox.post({**LEAD, "phoneNumber": "2125552001"}, headers={"Prefer": "code=409"}),
        magic(sandbox, "212", 49),
        sandbox.post({**LEAD, "phoneNumber": "2125552002"}, key="test-409"),
    ]
    command = [*COMMAND, "force", "409", "--url", sandbox.url]
    assert subprocess.run(command, capture_output=True).returncode == 0
    forced.append(sandbox.post({**LEAD, "phoneNumber": "2125552003"}))
    duplicate = serve("--scenario", "duplicate")
    forced.append(duplicate.post({**LEAD, "phoneNumber": "2125552004"}))
    assert natural.json() == NATURAL_409
    for answer in forced:
        assert (answer.status_code, answer.content) == (409, natural.content)
        assert answer.headers["content-type"] == natural.headers["content-type"]
        assert answer.headers["x-aktify-sandbox-forced"]
    assert "x-aktify-sandbox-forced" not in natural.headers


@pytest.mark.parametrize(
    "prefer", ["code=503", 'code="503"', "respond-async, code=503", "wait=1; code=503", "Code = 503"]
)
def test_a_client_can_prefer_a_status(sandbox: Running, prefer: str) -> None:
    answer = sandbox.post(headers={"Prefer": prefer})
    assert (answer.status_code, answer.headers["preference-applied"]) == (503, "code=503")
    assert sandbox.post().status_code == 201


@pytest.mark.parametrize(
    "prefer", ["code=abc", "code=99", "code=700", "code=4090", "status=409", "", "code=201"]
)
def test_a_preference_that_says_nothing_here_is_ignored(sandbox: Running, prefer: str) -> None:
    assert sandbox.post(headers={"Prefer": prefer}).status_code == 201


def fields_of_notes(sandbox: Running, answer: httpx.Response) -> list[str]:
    return [note["field"] for note in sandbox.record_of(answer)["notes"]]


@pytest.mark.parametrize(
    "prefer", ["code=999", "code=abc", "code=", "code", "Code = 99", "wait=5, code=4090", "503"]
)
def test_a_preference_that_forces_nothing_is_noted(sandbox: Running, prefer: str) -> None:
    answer = sandbox.post(headers={"Prefer": prefer})
    assert (answer.status_code, fields_of_notes(sandbox, answer)) == (201, ["Prefer"])


def test_a_preference_that_comes_too_late_is_noted(sandbox: Running) -> None:
    """An invalid request gets its own answer, and a scenario goes first."""
    invalid = sandbox.post({}, headers={"Prefer": "code=503"})
    assert (invalid.status_code, fields_of_notes(sandbox, invalid)) == (400, ["Prefer"])
    unknown = sandbox.post(key="unknown", headers={"Prefer": "code=503"})
    assert (unknown.status_code, fields_of_notes(sandbox, unknown)) == (401, ["Prefer"])


@pytest.mark.parametrize("prefer", ["code=503", "code=201", "respond-async", "wait=100", "return=minimal"])
def test_a_preference_that_is_obeyed_or_not_for_us_is_not_noted(sandbox: Running, prefer: str) -> None:
    assert fields_of_notes(sandbox, sandbox.post(headers={"Prefer": prefer})) == []


def test_the_built_in_keys(sandbox: Running) -> None:
    forced = {key: int(key[5:]) for key in ("test-400", "test-409", "test-429", "test-500")}
    answers = {key: sandbox.post(key=key) for key in forced}
    assert {key: answer.status_code for key, answer in answers.items()} == forced
    marks = {key: answer.headers["x-aktify-sandbox-forced"] for key, answer in answers.items()}
    assert marks == {key: f"key {key}" for key in forced}
    assert sandbox.post(key="test-401").status_code == 401
    assert sandbox.post(key="test-409.mine").status_code == 409
    with pytest.raises(httpx.ReadTimeout):
        sandbox.post({**LEAD, "phoneNumber": "3125552000"}, key="test-slow", timeout=0.3)


@pytest.fixture
def configured(serve: Serve, tmp_path: Path) -> Running:
    """Keys with answers, and campaigns with scenarios, of the configuration."""
    (tmp_path / "mine.yaml").write_text("rules: [{when: {region: NV}, answer: 502}]")
    (tmp_path / "own.yaml").write_text(
        """
        scenarios: [outage]
        campaigns:
          demo:
            scenarios: [flaky, ./mine.yaml]
            keys:
              - {key: an-own-key-409, answer: 409}
              - {key: teapot, name: ny, answer: 418}
              - test-key
              - {key: teapot.calm, name: calm, answer: 201}
          others: {keys: [another-key]}
          calm: {keys: [calm-key], scenarios: []}
        """
    )
    return serve("--in-memory", "--config", str(tmp_path / "own.yaml"))


def test_a_key_of_the_configuration_carries_an_answer(configured: Running) -> None:
    """Its namespaces do too; a wrong body keeps its true 400, and the mark doesn't show the key."""
    wanted = {
        "an-own-key-409": (409, "key an-...409"),
        "teapot": (418, "key ny"),
        "teapot.mine": (418, "key ny"),
        "test-400": (400, "key test-400"),
    }
    answers = {key: configured.post(key=key) for key in wanted}
    assert {
        key: (answer.status_code, answer.headers["x-aktify-sandbox-forced"])
        for key, answer in answers.items()
    } == wanted
    assert configured.post({}, key="teapot").status_code == 400
    record = configured.record_of(answers["teapot"])
    assert (record["reason"]["scenario"], record["campaign"]) == ("key ny", "demo")


def test_an_answer_201_is_the_ordinary_one(configured: Running) -> None:
    """As every forced 201: scenarios don't come to their turn."""
    statuses = [configured.post(key="teapot.calm").status_code for _ in range(4)]
    assert statuses == [201, 409, 409, 409]


def test_the_first_key_is_one_that_forces_nothing(configured: Running) -> None:
    assert configured.api_key == "test-key"
    assert configured.get("/_sandbox/config")["apiKey"] == "test-key"


def test_the_list_of_keys_says_what_each_forces(configured: Running) -> None:
    answers = {row["key"]: row["answer"] for row in configured.get("/_sandbox/keys")["keys"]}
    assert answers == {
        "an-…409": "409",
        "ny": "418",
        "tes…key": "ordinary",
        "calm": "201",
        "ano…key": "ordinary",
        "cal…key": "ordinary",
        "test-400": "400",
        "test-401": "401",
        "test-409": "409",
        "test-429": "429, Retry-After: 1",
        "test-500": "500",
        "test-slow": "ordinary, 5s late",
    }


def test_a_key_goes_before_a_number_and_behind_force(configured: Running) -> None:
    lead = {"phoneNumber": "(212) 555-0142", "region": "CA"}
    assert configured.post(lead, key="teapot").status_code == 418
    configured.http.post("/_sandbox/force", json={"status": 500, "key": "teapot"})
    assert configured.post(lead, key="teapot").status_code == 500
    assert configured.post(lead, key="teapot", headers={"Prefer": "code=502"}).status_code == 502


def test_a_key_that_is_revoked_at_run_time_forces_nothing_more(configured: Running) -> None:
    assert configured.http.request("DELETE", "/_sandbox/keys", json={"key": "ny"}).status_code == 200
    answer = configured.post(key="teapot")
    assert (answer.status_code, "x-aktify-sandbox-forced" in answer.headers) == (401, False)


def test_a_campaign_of_the_configuration_has_scenarios_of_its_own(configured: Running) -> None:
    """They are in force in it alone, in place of those for all; a path starts where the file lies."""

    def forced(key: str, region: str = "CA") -> Any:
        lead = {"phoneNumber": "(212) 555-2001", "region": region}
        return configured.post(lead, key=key).headers.get("x-aktify-sandbox-forced")

    assert [forced("test-key") for _ in range(2)] == ["scenario flaky, rule 1"] * 2
    assert forced("test-key", "NV") == "scenario mine, rule 1"
    assert forced("another-key") == "scenario outage, rule 1"
    assert forced("calm-key") is None
    listed = {row["campaign"]: row["scenarios"] for row in configured.get("/_sandbox/campaigns")["campaigns"]}
    assert listed == {"demo": ["flaky", "mine"], "others": None, "calm": []}


def test_a_scenario_that_a_campaign_had_as_a_path_keeps_its_name_in_it(configured: Running) -> None:
    path = "/_sandbox/campaigns/{}/scenarios"
    assert configured.http.put(path.format("demo"), json={"active": ["mine"]}).status_code == 200
    assert configured.post({"phoneNumber": "2125552002", "region": "NV"}).status_code == 502
    assert configured.http.put(path.format("calm"), json={"active": ["mine"]}).status_code == 400
    assert configured.http.post("/_sandbox/reset").status_code == 204
    assert configured.post({"phoneNumber": "2125552002", "region": "NV"}).status_code == 502


def test_a_scenario_of_a_campaign_that_is_not_there_keeps_serve_from_starting(tmp_path: Path) -> None:
    (tmp_path / "aktify-sandbox.yaml").write_text(
        "campaigns: {demo: {keys: [test-key], scenarios: [flakey]}}"
    )
    done = subprocess.run(
        [*COMMAND, "serve", "--port", "0", "--in-memory"],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 2
    assert "campaign demo" in done.stderr
    assert "Did you mean flaky?" in done.stderr


def test_force_is_for_the_next_answers_and_for_whom_it_says(sandbox: Running) -> None:
    order = force(
        sandbox, status=503, times=2, headers={"Retry-After": "3"}, body={"a": [1, True, None, "x"]}
    )
    assert (order["times"], order["left"]) == (2, 2)
    first = sandbox.post()
    assert (first.status_code, first.headers["retry-after"]) == (503, "3")
    assert first.json() == {"a": [1, True, None, "x"]}
    assert sandbox.post(key=f"{sandbox.api_key}.other").status_code == 503  # a namespace of the key
    assert sandbox.post().status_code == 201
    force(sandbox, status=500, phone="212.555.2005")
    assert sandbox.post({**LEAD, "phoneNumber": "2125552006"}).status_code == 201
    assert sandbox.post({**LEAD, "phoneNumber": "+1 (212) 555-2005"}).status_code == 500


def test_a_forced_answer_waits_for_a_request_that_would_get_201_or_409_unless_told(sandbox: Running) -> None:
    force(sandbox, status=500)
    assert sandbox.post({"region": "CA"}).status_code == 400
    assert sandbox.post().status_code == 500
    force(sandbox, status=500, applies="any")
    assert sandbox.post({"region": "CA"}).status_code == 500


def test_force_can_keep_the_lead_and_break_the_connection(sandbox: Running) -> None:
    force(sandbox, fault="reset", lead="kept")
    with pytest.raises(httpx.ReadError):
        sandbox.post()
    assert sandbox.post().status_code == 409


def test_reset_and_delete_forget_forced_answers(serve: Serve) -> None:
    sandbox = serve()
    for forget in ("reset", "delete"):
        force(sandbox, status=500)
        assert len(sandbox.get("/_sandbox/force")["forced"]) == 1
        if forget == "reset":
            sandbox.http.post("/_sandbox/reset")
        else:
            assert sandbox.http.delete("/_sandbox/force").json() == {"cleared": 1}
        assert sandbox.get("/_sandbox/force") == {"forced": []}


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({}, "status"),
        ({"status": 201}, "natural answer"),
        ({"status": 99}, "at least 200"),
        ({"status": "503"}, "whole number"),
        ({"status": 503, "tims": 2}, "times"),
        ({"status": 503, "times": 0}, "at least 1"),
        ({"fault": "hang", "status": 503}, "no status"),
        ({"fault": "hnag"}, "hang"),
        ({"status": 503, "phone": "12"}, "isn't a US phone number"),
        ({"status": 503, "delay": "5"}, "250ms"),
        ({"status": 503, "delay": "301s"}, "300s"),
        ({"status": 503, "headers": {"X": "a\r\nb"}}, "one line"),
        ({"status": 503, "headers": {"Content-Length": "1"}}, "set by the server"),
        ({"status": 503, "body": {"file": "/etc/passwd"}}, "can't be read"),
        ([], "names and values"),
        ("503", "names and values"),
    ],
)
def test_an_order_that_can_not_be_is_a_400_in_words(sandbox: Running, order: Any, words: str) -> None:
    answer = sandbox.http.post("/_sandbox/force", json=order)
    assert answer.status_code == 400
    assert words in answer.json()["detail"]


def test_who_goes_first(serve: Serve, tmp_path: Path) -> None:
    """Scenario rules for any request > header > force > key > number > other scenario rules > the natural answer."""
    (tmp_path / "any.yaml").write_text(
        "rules: [{when: {header: {X-Any: {present: true}}, applies: any}, answer: 500}]"
    )
    (tmp_path / "usual.yaml").write_text("rules: [{answer: 504}]")
    sandbox = serve("--scenario", str(tmp_path / "any.yaml"), "--scenario", str(tmp_path / "usual.yaml"))
    lead = {"phoneNumber": "(212) 555-0142", "region": "CA"}

    def post(lead: dict[str, str], key: str = "test-key", **headers: str) -> int:
        return sandbox.post(lead, key=key, headers=headers).status_code

    sandbox.http.post("/_sandbox/force", json={"status": 418, "times": 2})
    assert post(lead, "test-409", **{"X-Any": "1", "Prefer": "code=502"}) == 500
    assert post(lead, "test-409", Prefer="code=502") == 502
    assert [post(lead, "test-409") for _ in range(3)] == [418, 418, 409]
    assert post(lead) == 429
    assert post(LEAD) == 504
    sandbox.http.put("/_sandbox/scenarios/active", json={"active": []})
    assert post(LEAD) == 201


# faults, as clients see them


class Clients:
    """The same post by four clients; what each reports."""

    def __init__(self, sandbox: Running) -> None:
        self.sandbox = sandbox
        self.headers = {"x-api-key": sandbox.api_key, "content-type": "application/json"}

    def raw(self, body: str) -> str:
        with socket.create_connection(("127.0.0.1", self.sandbox.port)) as connection:
            connection.settimeout(2.5)
            head = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
            sent = (
                f"POST /api/v1/leads HTTP/1.1\r\nhost: a\r\n{head}content-length: {len(body)}\r\n\r\n{body}"
            )
            connection.sendall(sent.encode())
            received = b""
            try:
                while piece := connection.recv(65_536):
                    received += piece
            except (TimeoutError, ConnectionResetError) as error:
                return f"{received.decode()} {type(error).__name__}"
            return f"{received.decode()} EOF"

    def httpx(self, body: str) -> str:
        try:
            with httpx.Client(trust_env=False) as client:
                return client.post(self.sandbox.endpoint, content=body, headers=self.headers, timeout=1).text
        except httpx.HTTPError as error:
            return f"{type(error).__name__}: {error}"

    def requests(self, body: str) -> str:
        try:
            with requests.Session() as session:
                session.trust_env = False
                return session.post(self.sandbox.endpoint, data=body, headers=self.headers, timeout=1).text
        except requests.RequestException as error:
            return f"{type(error).__name__}: {error}"

    def curl(self, body: str) -> str:
        headers = [part for name, value in self.headers.items() for part in ("-H", f"{name}: {value}")]
        command = ["curl", "-sS", "-m", "2.5", self.sandbox.endpoint, *headers, "-d", body]
        done = subprocess.run(command, capture_output=True, text=True)
        return f"exit {done.returncode} {done.stdout}"


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "not kept"])
@pytest.mark.parametrize(
    ("fault", "reports"),
    [
        (
            "hang",
            {"raw": "TimeoutError", "httpx": "ReadTimeout", "requests": "ReadTimeout", "curl": "exit 28"},
        ),
        (
            "reset",
            {
                "raw": "ConnectionResetError",
                "httpx": "ReadError",
                "requests": "ConnectionReset",
                "curl": "exit 56",
            },
        ),
        (
            "empty",
            {
                "raw": " EOF",
                "httpx": "without sending a response",
                "requests": "RemoteDisconnected",
                "curl": "exit 52",
            },
        ),
        (
            "truncate",
            {
                "raw": " EOF",
                "httpx": "incomplete|complete message",
                "requests": "IncompleteRead",
                "curl": "exit 18",
            },
        ),
        (
            "malformed-chunk",
            {
                "raw": "not a chunk",
                "httpx": "illegal chunk",
                "requests": "InvalidChunkLength",
                "curl": "exit 56",
            },
        ),
        ("dribble", {"raw": "0\r\n\r\n", "httpx": "CA", "requests": "CA", "curl": 'exit 0 {"phoneNumber"'}),
    ],
)
def test_a_fault_is_what_a_failing_network_would_give(
    sandbox: Running, area: str, fault: str, reports: dict[str, str], kept: bool
) -> None:
    for number, (client, words) in enumerate(reports.items()):
        phone = f"{area}555300{number}"
        force(sandbox, fault=fault, phone=phone, **({"lead": "kept"} if kept else {}))
        report = getattr(Clients(sandbox), client)(json.dumps({"phoneNumber": phone, "region": "CA"}))
        assert any(word in report for word in words.split("|")), f"{client}: {report}"
        assert is_kept(sandbox, phone) is (kept or fault == "dribble")
    assert sandbox.http.get("/_sandbox/health").status_code == 200


def test_a_reset_is_a_tcp_reset_and_not_an_end(sandbox: Running, area: str) -> None:
    force(sandbox, fault="reset")
    assert Clients(sandbox).raw(json.dumps(LEAD)) == " ConnectionResetError"


def test_when_the_client_hangs_up_first_the_record_says_after_how_long(sandbox: Running) -> None:
    for order in ({"fault": "hang"}, {"delay": "30s"}, {"status": 503, "delay": "30s"}):
        force(sandbox, **order)
        with pytest.raises(httpx.ReadTimeout):
            sandbox.post(timeout=0.4)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            record = sandbox.get(f"/_sandbox/requests?key={sandbox.api_key}&limit=1")["requests"][0]
            if "hungUpAfterMs" in record:
                break
        assert 350 < record["hungUpAfterMs"] < 3_000
        text = sandbox.http.get(f"/_sandbox/requests/{record['id']}", headers={"accept": "text/plain"}).text
        assert "hung up" in text


def test_an_answer_that_is_withheld_does_not_hold_up_a_stop(serve: Serve, tmp_path: Path) -> None:
    sandbox = serve("--state", str(tmp_path / "state"))
    sandbox.http.post("/_sandbox/force", json={"fault": "hang", "times": 2})
    with socket.create_connection(("127.0.0.1", sandbox.port)) as connection:
        body = json.dumps(LEAD)
        head = f"POST /api/v1/leads HTTP/1.1\r\nhost: a\r\nx-api-key: test-key\r\ncontent-length: {len(body)}\r\n"
        connection.sendall(f"{head}content-type: application/json\r\n\r\n{body}".encode())
        while not sandbox.get("/_sandbox/requests")["requests"]:
            pass
        started = time.monotonic()
        assert sandbox.stop() == 0
        assert time.monotonic() - started < 3
    assert "Traceback" not in sandbox.output()
    assert "hungUpAfterMs" not in (tmp_path / "state" / "log.jsonl").read_text()


# scenario files while the sandbox runs


def test_a_file_is_read_again_when_it_changes_and_its_counters_start_anew(
    serve: Serve, tmp_path: Path
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("rules: [{when: {attempt: 1}, answer: 500}]")
    sandbox = serve("--scenario", str(file))
    assert [sandbox.post().status_code for _ in range(2)] == [500, 201]
    file.write_text("rules: [{when: {attempt: 1}, answer: 503}, {when: {region: NV}, answer: 429}]")
    until(sandbox, "read again: 2 rules")
    assert [sandbox.post().status_code for _ in range(2)] == [503, 409]


def test_a_mistake_is_said_in_terminal_and_api_and_the_last_good_version_stays(
    serve: Serve, tmp_path: Path
) -> None:
    (tmp_path / "work" / "scenarios").mkdir(parents=True)
    file = tmp_path / "work" / "scenarios" / "mine.yaml"
    file.write_text("rules:\n  - answer: 500\n")
    sandbox = serve("--scenario", "mine", folder=tmp_path / "work")
    file.write_text("rules:\n  - anwser: 503\n")
    until(sandbox, "mine.yaml:2:5: anwser isn't known here. Did you mean answer?")
    assert sandbox.post().status_code == 500
    [mine] = [each for each in sandbox.get("/_sandbox/scenarios")["scenarios"] if each["name"] == "mine"]
    assert mine["active"]
    assert "Did you mean answer?" in mine["mistake"]
    file.unlink()
    until(sandbox, "can't be read")
    assert sandbox.post().status_code == 500
    file.write_text("rules:\n  - answer: 503\n")
    until(sandbox, "read again: 1 rule.")
    assert sandbox.post().status_code == 503


def test_a_body_s_file_is_read_again_too(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<p>one</p>")
    (tmp_path / "mine.yaml").write_text("rules: [{answer: {status: 502, body: {file: page.html}}}]")
    sandbox = serve("--scenario", str(tmp_path / "mine.yaml"))
    first = sandbox.post()
    assert (first.text, first.headers["content-type"]) == ("<p>one</p>", "text/html; charset=utf-8")
    (tmp_path / "page.html").write_text("<p>other</p>")
    until(sandbox, "read again")
    assert sandbox.post().text == "<p>other</p>"


def test_scenarios_are_chosen_at_run_time_in_order(serve: Serve) -> None:
    sandbox = serve()
    listed = {each["name"]: each for each in sandbox.get("/_sandbox/scenarios")["scenarios"]}
    assert {"name", "description", "active", "rules"} <= set(listed["flaky"])
    assert not any(each["active"] for each in listed.values())
    used = sandbox.http.put("/_sandbox/scenarios/active", json={"active": ["html-error-page", "flaky"]})
    assert used.json() == {"active": ["html-error-page", "flaky"]}
    assert [sandbox.post().status_code for _ in range(4)] == [502, 503, 201, 409]
    assert sandbox.http.put("/_sandbox/scenarios/active", json={"active": []}).json() == {"active": []}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"active": ["flakey"]}, "Did you mean flaky?"),
        ({"active": ["../../etc/passwd"]}, "There is no scenario"),
        ({"active": ["/etc/passwd"]}, "There is no scenario"),
        ({"active": ["built-in/keys"]}, "There is no scenario"),
        ({"active": "flaky"}, "list of texts"),
        ({}, "active is missing"),
    ],
)
def test_a_scenario_that_is_not_there_changes_nothing(sandbox: Running, content: Any, words: str) -> None:
    answer = sandbox.http.put("/_sandbox/scenarios/active", json=content)
    assert answer.status_code == 400
    assert words in answer.json()["detail"]


def test_a_campaign_can_have_scenarios_of_its_own(serve: Serve, tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    sandbox = serve("--state", state)
    fresh = sandbox.http.post("/_sandbox/campaigns", json={"scenarios": ["flaky"]}).json()
    assert [sandbox.post(key=fresh["apiKey"]).status_code for _ in range(3)] == [503, 503, 201]
    assert sandbox.post().status_code == 201
    unknown = sandbox.http.post("/_sandbox/campaigns", json={"scenarios": ["flakey"]})
    assert (unknown.status_code, "flaky" in unknown.json()["detail"]) == (400, True)
    sandbox.stop()
    again = serve("--state", state)
    lead = {**LEAD, "phoneNumber": "2125552000"}
    assert [again.post(lead, key=fresh["apiKey"]).status_code for _ in range(3)] == [503, 503, 201]


def test_a_campaign_whose_scenario_is_gone_does_not_keep_the_sandbox_from_starting(
    serve: Serve, tmp_path: Path
) -> None:
    folder, state = tmp_path / "work", str(tmp_path / "state")
    (folder / "scenarios").mkdir(parents=True)
    (folder / "scenarios" / "mine.yaml").write_text("rules: [{answer: 418}]")
    first = serve("--state", state, folder=folder)
    fresh = first.http.post("/_sandbox/campaigns", json={"scenarios": ["mine"]}).json()
    assert first.post(key=fresh["apiKey"]).status_code == 418
    first.stop()
    (folder / "scenarios" / "mine.yaml").unlink()
    again = serve("--state", state, folder=folder)
    assert f"{fresh['campaign']} is without its scenarios" in again.output()
    assert again.post(key=fresh["apiKey"]).status_code == 201


def test_campaigns_with_the_same_scenario_count_for_themselves(serve: Serve) -> None:
    sandbox = serve()
    one, two = (
        sandbox.http.post("/_sandbox/campaigns", json={"scenarios": ["flaky"]}).json() for _ in range(2)
    )
    assert [sandbox.post(key=each["apiKey"]).status_code for each in (one, one, two)] == [503, 503, 503]
    assert sandbox.http.delete(f"/_sandbox/campaigns/{two['campaign']}").status_code == 204
    sandbox.http.post("/_sandbox/campaigns", json={"scenarios": ["flaky"]})
    assert sandbox.post(key=one["apiKey"]).status_code == 201


def test_the_banner_says_which_scenarios_are_in_force(serve: Serve) -> None:
    assert "scenarios  flaky, slow" in serve("--scenario", "flaky", "--scenario", "slow").output()


def test_the_environment_and_the_configuration_file_name_scenarios(serve: Serve, tmp_path: Path) -> None:
    assert serve(AKTIFY_SANDBOX_SCENARIO="outage,flaky").post({}).status_code == 503
    folder = tmp_path / "configured"
    folder.mkdir()
    (folder / "mine.yaml").write_text("rules: [{answer: 418}]")
    (folder / "aktify-sandbox.yaml").write_text("scenarios: [mine.yaml, flaky]\n")
    assert serve(folder=folder).post().status_code == 418


def test_a_scenario_that_is_not_there_or_has_a_mistake_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("anwser: 503")
    looked = f"(in {tmp_path}/scenarios and among the shipped ones)"
    for name, words in (
        ("flakey", f"There is no scenario flakey {looked}. Did you mean flaky?"),
        ("./none.yaml", "There is no file"),
        ("./bad.yaml", "bad.yaml:1:1: anwser isn't known here"),
    ):
        command = [*COMMAND, "serve", "--in-memory", "--port", "0", "--scenario", name]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=20)
        assert (done.returncode, words in done.stderr) == (2, True), done.stderr
        assert "Traceback" not in done.stderr


def test_explain_knows_of_forced_answers_and_uses_none_up(sandbox: Running) -> None:
    force(sandbox, status=503)
    for _ in range(2):
        told = sandbox.http.post("/_sandbox/explain", json={"body": LEAD, "apiKey": sandbox.api_key}).json()
        assert (told["status"], told["reason"]["objection"]) == (503, "forced")
    assert sandbox.post().status_code == 503


# what reviewers of clients tried


def test_any_character_may_stand_in_a_forced_body(sandbox: Running) -> None:
    for body in ({"message": "hi 😀 é"}, "hi 😀 é", [1e22, 12345678901234567, 1e-7, None, True]):
        force(sandbox, status=503, body=body)
        answer = sandbox.post()
        assert (answer.text if isinstance(body, str) else answer.json()) == body
    refused = sandbox.http.post("/_sandbox/force", content=b'{"status": 503, "body": "\\ud800"}',
                                headers={"content-type": "application/json"})  # fmt: skip
    assert refused.status_code == 400


def test_a_header_s_name_can_not_smuggle_a_line_break(sandbox: Running) -> None:
    for headers in ({"X-A\n": "b"}, {"X-A": "b\n"}, {"Date": "now"}):
        assert (
            sandbox.http.post("/_sandbox/force", json={"status": 503, "headers": headers}).status_code == 400
        )


def test_two_prefer_headers_mean_what_one_with_a_comma_means(sandbox: Running) -> None:
    headers = [("Prefer", "respond-async"), ("Prefer", "code=503"), ("x-api-key", sandbox.api_key)]
    assert sandbox.http.post("/api/v1/leads", json=LEAD, headers=headers).status_code == 503


def test_a_lead_that_is_kept_already_gets_its_natural_409_from_no_other_rule(serve: Serve) -> None:
    sandbox = serve("--scenario", "lost-response", "--scenario", "flaky")
    with pytest.raises(httpx.ReadError):
        sandbox.post()
    assert sandbox.post().status_code == 409
    with pytest.raises(httpx.ReadError):
        magic(sandbox, "212", 63)
    assert magic(sandbox, "212", 63).status_code == 409


def test_shuffle_leaves_every_other_door_open(serve: Serve) -> None:
    sandbox = serve("--scenario", "shuffle")
    force(sandbox, status=503)
    assert sandbox.post().status_code == 503
    assert magic(sandbox, "212", 49).status_code == 409
    assert sandbox.post(headers={"Prefer": "code=418"}).status_code == 418
    assert sandbox.post().headers["x-aktify-sandbox-forced"] == "scenario shuffle, rule 1"


def test_no_key_is_shown_with_a_scenario_s_rules(serve: Serve, tmp_path: Path) -> None:
    secret = "my-very-secret-key-77"
    file = tmp_path / "mine.yaml"
    conditions = (f"key: {secret}", f"key: {{in: [{secret}]}}", f"header: {{x-api-key: {secret}}}")
    file.write_text("rules:\n" + "".join(f"  - when: {{{each}}}\n    answer: 500\n" for each in conditions))
    text = serve("--scenario", str(file)).http.get("/_sandbox/scenarios").text
    assert secret not in text
    assert text.count("my-") == 3


def test_a_stop_does_not_wait_for_a_gathering_and_leaves_no_answer_unrecorded(
    serve: Serve, tmp_path: Path
) -> None:
    sandbox = serve("--scenario", "race", "--state", str(tmp_path / "state"))
    body = json.dumps(LEAD).encode()
    head = (
        b"POST /api/v1/leads HTTP/1.1\r\nHost: a\r\nx-api-key: test-key\r\ncontent-type: application/json\r\n"
    )
    with socket.create_connection(("127.0.0.1", sandbox.port)) as connection:
        connection.sendall(head + b"content-length: %d\r\n\r\n" % len(body) + body)
        time.sleep(0.3)
        assert sandbox.stop() == 0
        connection.settimeout(2)
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(100) == b""
    assert '"lead"' not in (tmp_path / "state" / "log.jsonl").read_text()


def test_a_client_that_hangs_up_in_a_gathering_is_not_counted_and_its_lead_not_kept(serve: Serve) -> None:
    sandbox = serve("--scenario", "race")
    with pytest.raises(httpx.ReadTimeout):
        sandbox.post(timeout=0.2)
    sandbox.get("/_sandbox/requests/wait?status=none")  # it has noticed
    started = time.monotonic()
    assert sandbox.post().status_code == 201  # alone, after two seconds
    assert time.monotonic() - started > 1.9
    records = sandbox.get("/_sandbox/requests")["requests"]
    assert [record["reason"]["objection"] for record in records] == ["accepted", "aborted"]


def test_two_scenarios_of_one_name_are_refused_and_one_asked_for_twice_is_one(
    serve: Serve, tmp_path: Path
) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "s.yaml").write_text("rules: [{answer: 418}]")
    command = [
        *COMMAND,
        "serve",
        "--in-memory",
        "--port",
        "0",
        "--scenario",
        "x/s.yaml",
        "--scenario",
        "y/s.yaml",
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=20)
    assert (done.returncode, "Two scenarios are called s" in done.stderr) == (2, True)
    used = serve().http.put("/_sandbox/scenarios/active", json={"active": ["flaky", "flaky.yaml", "flaky"]})
    assert used.json() == {"active": ["flaky"]}


def test_a_campaign_made_anew_counts_anew(serve: Serve) -> None:
    sandbox = serve("--scenario", "flaky")
    for _ in range(2):
        fresh = sandbox.http.post("/_sandbox/campaigns", json={"name": "cc"}).json()
        assert [sandbox.post(key=fresh["apiKey"]).status_code for _ in range(3)] == [503, 503, 201]
        assert sandbox.http.delete("/_sandbox/campaigns/cc").status_code == 204


def test_http_1_0_gets_no_chunks(sandbox: Running) -> None:
    force(sandbox, fault="dribble")
    body = json.dumps(LEAD).encode()
    request = (
        b"POST /api/v1/leads HTTP/1.0\r\nHost: a\r\nx-api-key: %b\r\ncontent-type: application/json\r\n"
        % (sandbox.api_key.encode())
    )
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=5) as connection:
        connection.sendall(request + b"content-length: %d\r\n\r\n" % len(body) + body)
        received = b""
        while piece := connection.recv(65_536):
            received += piece
    assert b"chunked" not in received
    assert received.endswith(b'{"phoneNumber":"(509) 555-1234","region":"CA"}')


@pytest.mark.parametrize(("status", "length"), [(204, None), (304, None), (200, "0")])
def test_a_status_without_a_body_has_no_length_of_one(
    sandbox: Running, status: int, length: str | None
) -> None:
    force(sandbox, status=status)
    answer = sandbox.post()
    assert (answer.status_code, answer.headers.get("content-length"), answer.content) == (status, length, b"")


def test_a_file_that_is_no_file_holds_nobody_up(serve: Serve, tmp_path: Path) -> None:
    folder = tmp_path / "work" / "scenarios"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "pipe.yaml")
    os.mkfifo(folder / "page.html")
    (folder / "mine.yaml").write_text("rules: [{answer: {status: 502, body: {file: page.html}}}]")
    sandbox = serve(folder=tmp_path / "work")
    listed = {each["name"]: each["mistake"] for each in sandbox.get("/_sandbox/scenarios")["scenarios"]}
    assert "it isn't a file" in listed["mine"]
    answer = sandbox.http.put("/_sandbox/scenarios/active", json={"active": ["pipe"]})
    assert answer.status_code == 400
    assert sandbox.stop() == 0


def test_a_missing_body_s_file_is_noticed_when_it_comes(serve: Serve, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("rules: [{answer: 418}]")
    sandbox = serve("--scenario", str(file))
    file.write_text("rules: [{answer: {status: 502, body: {file: new.html}}}]")
    until(sandbox, "new.html can't be read")
    (tmp_path / "one.html").write_text("one")
    (tmp_path / "new.html").symlink_to("one.html")
    until(sandbox, "read again: 1 rule.")
    assert sandbox.post().text == "one"
    (tmp_path / "two.html").write_text("two, and longer")
    (tmp_path / "link").symlink_to("two.html")
    (tmp_path / "link").replace(tmp_path / "new.html")
    deadline = time.monotonic() + 10
    while sandbox.post().text != "two, and longer" and time.monotonic() < deadline:
        time.sleep(0.1)
    assert sandbox.post().text == "two, and longer"


def test_who_is_forced_under_fictional_only_is_still_told(serve: Serve) -> None:
    sandbox = serve("--fictional-only")
    force(sandbox, status=503, applies="any")
    answer = sandbox.post({"phoneNumber": "(509) 321-4567", "region": "CA"})
    record = sandbox.record_of(answer)
    assert (record["body"], record["reason"]["rule"][:17]) == (None, "Forced by force 1")
