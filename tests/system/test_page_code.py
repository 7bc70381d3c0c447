"""The page's code: formatted, linted and type-checked as npm's tools do it, its pure modules tested by Node."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from aktify_sandbox.admin.choices import choices
from aktify_sandbox.admin.schemas import SCHEMAS
from aktify_sandbox.redaction import masked_phone, masked_text
from support.paths import ROOT
from support.running import needs, unmeasured

TESTS = sorted((ROOT / "tests").rglob("*.test.js"))


def run(*command: str | Path) -> str:
    """What a program says at the top of the repository; it must succeed."""
    done = subprocess.run(command, cwd=ROOT, env=unmeasured(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_passes_its_linter_and_the_type_check() -> None:
    npm = needs("npm")
    if not (ROOT / "node_modules" / "typescript").is_dir():
        needs("the package typescript (npm ci)")
    run(npm, "run", "--silent", "check")


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_its_pure_modules_do_what_their_tests_say(path: Path) -> None:
    said = run(needs("node"), "--test", "--test-reporter=tap", path)
    assert "# fail 0" in said
    assert "# pass 0" not in said


MASKED = """
import { setChoices } from "./sandbox/aktify_sandbox/inspector/choices.js";
import { masked, phone } from "./sandbox/aktify_sandbox/inspector/masking.js";
import { readFileSync } from "node:fs";
const { choices, sentences, phones } = JSON.parse(readFileSync(0, "utf8"));
setChoices(choices);
console.log(JSON.stringify({ sentences: sentences.map(masked), phones: phones.map(phone) }));
"""


def test_it_masks_as_the_terminal_does() -> None:
    sentences = [
        "Call (509) 555-1234, +1 509.555.1234 or 5095551234 ext 7.",
        "555-0162 and 555 0100 name a rule; 555-9999 is somebody's.",
        "r000000042 repeats r000000001, of 2026-11-24T09:30:00Z.",
        'Write to "ann@example.com", <b.c@d.example>; not @home, a@b and éva@exämple.de.',
        "Nothing here: 12345, 02138-1234, 90210.",
        "On 2022-11-15T21:04:28-0600 at http://127.0.0.1:8509/s/1, then 2022-11-15 5095551234 and 2055-11-2345.",
        r'{"lastName": "O\'Brien \"x\"", "last_name":"\u00d6z", "lastName": ""} and lastName=Doe&region=CA',
        "\u202e5095551234 a@b.example\n+15095550101",
    ]
    phones = ["+15095551234", "+12025550101"]
    asked = json.dumps({"choices": choices(), "sentences": sentences, "phones": phones})
    node = [needs("node"), "--input-type=module", "-e", MASKED]
    done = subprocess.run(node, cwd=ROOT, input=asked, capture_output=True, text=True, check=True)
    wanted = {"sentences": [*map(masked_text, sentences)], "phones": [*map(masked_phone, phones)]}
    assert json.loads(done.stdout) == wanted


def test_each_pure_module_has_its_tests() -> None:
    assert {path.name.partition(".")[0] for path in TESTS} >= {
        *("address", "annotations", "entries", "file-texts", "json", "outcome", "words", "yaml")
    }


INTERFACE = re.compile(r"interface (\w+)(?: extends (\w+))? \{\n(.*?)\n\}", re.DOTALL)
MEMBER = re.compile(r"^  (\w+)(\??):", re.MULTILINE)
CALLED_OTHERWISE = {"Summary": "Request", "ClientReport": "Report"}
"""A browser has a `Request` and a `Report` of its own."""
NOT_IN_THE_DOCUMENT = {"Copyable", "Refusal"}


def members() -> dict[str, dict[str, bool]]:
    """The members of the page's types, and whether they may be missing."""
    found: dict[str, dict[str, bool]] = {}
    for name, extended, body in INTERFACE.findall((ROOT / "page.d.ts").read_text()):
        own = {member: bool(mark) for member, mark in MEMBER.findall(body)}
        found[name] = found.get(extended, {}) | own
    return found


@pytest.mark.parametrize("name", sorted(members().keys() - NOT_IN_THE_DOCUMENT))
def test_its_types_are_those_of_the_document(name: str) -> None:
    schema = SCHEMAS[CALLED_OTHERWISE.get(name, name)]
    expected = {member: member not in schema["required"] for member in schema["properties"]}
    found = members()[name]
    assert found == {member: is_optional for member, is_optional in expected.items() if member in found}
