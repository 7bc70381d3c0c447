"""`verify`: the command line's way to hold the record against expectations."""

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
import xmlschema
import yaml

from support.commands import in_json, run
from support.paths import SUPPORT
from support.running import LEAD, Hosted, HostSandbox, Sandboxed
from support.snapshots import Snapshot

JUNIT = xmlschema.XMLSchema(str(SUPPORT / "junit.xsd"))


@pytest.fixture(scope="module")
def posted(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """201, 409 and 400 for one number, 201 for another one."""
    sandbox = Hosted(tmp_path_factory.mktemp("verified"), "--in-memory")
    header: dict[str, Any] = {"headers": {"X-Batch": "7"}}
    sandbox.post({**LEAD, "metadata": {"source": "web"}}, **header)
    sandbox.post({**LEAD, "phoneNumber": "509.555.1234"})
    sandbox.post({**LEAD, "region": "ca"})
    sandbox.post({"phoneNumber": "(509) 555-9999", "region": "NV"})
    yield sandbox
    assert sandbox.stop() == 0


@pytest.mark.parametrize(
    ("words", "met"),
    [
        (["--count", "4"], True),
        (["--count", "3"], False),
        (["--count", "0"], False),
        (["--at-least", "4"], True),
        (["--at-least", "5"], False),
        (["--at-most", "4"], True),
        (["--at-most", "3"], False),
        (["--at-least", "2", "--at-most", "4"], True),
        (["--at-least", "5", "--at-most", "6"], False),
        (["--phone", "+1 509 555 1234"], True),
        (["--phone", "(509) 555-1234", "--count", "3"], True),
        (["--phone", "(509) 555-0000"], False),
        (["--phone", "(509) 555-0000", "--count", "0"], True),
        (["--status", "201", "--count", "2"], True),
        (["--status", "409,400", "--count", "2"], True),
        (["--status", "4xx, 201", "--count", "4"], True),
        (["--status", "500"], False),
        (["--key", "test-key", "--count", "4"], True),
        (["--key", "nobody", "--count", "0"], True),
        (["--campaign", "demo", "--count", "4"], True),
        (["--since", "10m", "--count", "4"], True),
        (["--after", "r000000003", "--count", "1"], True),
        (["--where", "region=CA", "--count", "2"], True),
        (["--where", "region=CA", "--where", "phoneNumber=5095551234", "--count", "2"], True),
        (["--where", "metadata.source=web", "--count", "1"], True),
        (["--where", "body.region=NV", "--count", "1"], True),
        (["--where", "body.unheard=x"], False),
        (["--where", "header.X-Batch=7", "--count", "1"], True),
        (["--where", "header.X-Batch=8"], False),
        (["--where", "method=POST", "--where", "path=/api/v1/leads", "--count", "4"], True),
        (["--where", "ruling=region-case", "--count", "1"], True),
        (["--where", "search=already submitted", "--count", "1"], True),
        (["--where", "forced=no", "--count", "4"], True),
        (["--where", "search=a=b", "--count", "0"], True),
    ],
)
def test_flags_are_an_expectation(posted: Sandboxed, words: list[str], met: bool) -> None:
    said = run(posted, "verify", *words, code=0 if met else 1)
    assert said.startswith("met " if met else "not met ")


@pytest.mark.parametrize(
    ("conditions", "count"),
    [
        (["region=CA"], 2),
        (["region=CA", "phoneNumber=(509) 555-1234"], 2),
        (["region=CA", "region=NV"], None),
        (["metadata.source=web"], 1),
        (["header.X-Batch=7"], 1),
        (["ruling=region-case"], 1),
        (["search=already submitted"], 1),
        (["status=4xx", "method=POST"], 2),
        (["body.unheard=x"], 0),
        (["regon=CA"], None),
        (["region"], None),
        (["campaign=demo"], None),
    ],
)
def test_the_same_conditions_choose_what_is_listed(
    posted: Sandboxed, conditions: list[str], count: int | None
) -> None:
    """None: they can't be understood."""
    words = ["requests", "list", *(word for each in conditions for word in ("--where", each))]
    if count is None:
        run(posted, *words, code=2)
    else:
        assert len(in_json(posted, *words)["requests"]) == count


def test_the_nearest_misses_are_said_field_by_field(posted: Sandboxed, snapshot: Snapshot) -> None:
    words = ["--phone", "(509) 555-9999", "--status", "201", "--where", "region=CA"]
    lines = run(posted, "verify", *words, code=1).splitlines()
    snapshot("commands", lines[0])
    at = lines.index("           nearest: r000000004 (201)")
    snapshot("commands", lines[at + 1])
    said = in_json(posted, "verify", *words, code=1)
    assert said["ok"] is False
    [result] = said["results"]
    nearest = {miss["id"]: miss["differences"] for miss in result["nearest"]}
    assert nearest["r000000004"] == [{"field": "body.region", "expected": "CA", "found": "NV"}]


def test_json_says_what_was_met(posted: Sandboxed) -> None:
    said = in_json(posted, "verify", "--status", "409")
    assert said["ok"] is True
    assert said["results"][0]["requests"] == ["r000000002"]


FILE = """
# yaml-language-server: $schema=.schema/expectations.json
description: One lead, sent until it is in.
expectations:
  - name: it is in the campaign once
    where: {phone: (509) 555-1234, status: 201}
    count: 1
  - name: the retry came behind it
    order:
      - {status: 201, region: CA}
      - {status: 409}
"""


def test_files_and_flags_are_all_held(posted: Sandboxed, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.json"
    good.write_text(FILE)
    bad.write_text(json.dumps({"expectations": [{"name": "never", "where": {"status": "500"}}]}))
    assert run(posted, "verify", str(good)).splitlines() == [
        "met      it is in the campaign once",
        "met      the retry came behind it",
    ]
    said = run(posted, "verify", str(good), str(bad), code=1)
    assert (said.count("met      "), said.count("not met  never")) == (2, 1)
    assert run(posted, "verify", str(good), "--count", "4").count("met") == 3
    run(posted, "verify", str(good), "--count", "5", code=1)


def test_an_order_that_was_not_kept_says_which_step_is_missing(
    posted: Sandboxed, tmp_path: Path, snapshot: Snapshot
) -> None:
    (tmp_path / "e.yaml").write_text(
        "expectations: [{order: [{status: 409}, {region: NV}, {status: 409}]}]\n"
    )
    snapshot("commands", run(posted, "verify", str(tmp_path / "e.yaml"), code=1))


def test_the_outcome_is_written_as_junit(posted: Sandboxed, tmp_path: Path) -> None:
    (tmp_path / "e.yaml").write_text(FILE)
    words = [str(tmp_path / "e.yaml"), "--status", "500", "--junit", str(tmp_path / "out.xml")]
    run(posted, "verify", *words, code=1)
    JUNIT.validate(str(tmp_path / "out.xml"))
    cases = list(ET.parse(tmp_path / "out.xml").iter("testcase"))
    assert [case.find("failure") is None for case in cases] == [True, True, False]


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ([], "give a FILE"),
        (["--where", "region"], "FIELD=VALUE"),
        (["--where", "=CA"], "FIELD=VALUE"),
        (["--where", "region=CA", "--where", "region=NV"], "region is given twice"),
        (["--status", "201", "--where", "status=409"], "status is given twice"),
        (["--where", "header.A=1", "--where", "header.A=2"], "header.A is given twice"),
        (["--where", "regoin=CA"], "region"),
        (["--status", "abc"], "abc"),
        (["--phone", "(509) 555-1234", "--after", "yesterday"], "yesterday"),
        (["--count", "1", "--at-least", "1"], "--count"),
        (["--count", "-1"], "--count"),
        (["--at-least", "3", "--at-most", "2"], "atMost"),
        (["--timeout", "601", "--count", "1"], "600"),
        (["--count", "1", "--junit", "/no/such/folder/x"], "--junit"),
        (["/nowhere.yaml"], "/nowhere.yaml"),
    ],
)
def test_wrong_usage_is_exit_code_2_in_words(posted: Sandboxed, words: list[str], hint: str) -> None:
    assert hint in run(posted, "verify", *words, code=2)


def test_a_mistake_in_a_file_is_named_with_line_and_column(
    posted: Sandboxed, tmp_path: Path, snapshot: Snapshot
) -> None:
    (tmp_path / "e.yaml").write_text("expectations:\n  - where:\n      regoin: CA\n")
    said = run(posted, "verify", str(tmp_path / "e.yaml"), code=2)
    assert f"{tmp_path}/e.yaml:3:7" in said
    snapshot("commands", said)


def test_without_a_sandbox_it_is_exit_code_1(tmp_path: Path, snapshot: Snapshot) -> None:
    said = run(None, "verify", "--count", "0", "--url", "http://127.0.0.1:9", code=1)
    snapshot("commands", said)


def test_what_was_dropped_is_not_counted_as_nothing(serve: HostSandbox, snapshot: Snapshot) -> None:
    sandbox = serve("--keep", "2")
    for _ in range(5):
        sandbox.post()
    said = run(sandbox, "verify", "--status", "201", "--count", "0", code=1)
    snapshot("commands", said)


def test_the_schema_describes_what_is_read(posted: Sandboxed) -> None:
    schema = json.loads(run(None, "schema", "expectations"))
    jsonschema.Draft202012Validator.check_schema(schema)
    text = yaml.load(FILE, Loader=yaml.BaseLoader)
    text["expectations"][0]["count"] = 1
    jsonschema.validate(text, schema)


def test_a_near_miss_whose_values_look_alike_says_that_they_are_masked(sandbox: Sandboxed) -> None:
    sandbox.post({"phoneNumber": "(509) 555-1234", "region": "CA"})
    wanted = ("verify", "--where", "phoneNumber=(509) 555-9876", "--key", sandbox.api_key)
    assert "--show-pii" in run(sandbox, *wanted, code=1)
    assert "5551234" in re.sub("[^0-9]", "", run(sandbox, *wanted, "--show-pii", code=1))
    assert "--show-pii" not in run(sandbox, "verify", "--status", "499", "--key", sandbox.api_key, code=1)


def test_a_condition_in_a_files_place_is_told_its_option(sandbox: Sandboxed) -> None:
    assert "--where region=CA" in run(sandbox, "verify", "region=CA", code=2)
