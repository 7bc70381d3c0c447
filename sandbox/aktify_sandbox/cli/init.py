"""What `init` writes: a commented configuration and the schemas with which an editor completes and checks it."""

import json
from pathlib import Path

from aktify_sandbox.contract.rulings import Rulings
from aktify_sandbox.settings import FILE_NAME, config_schema

_CONFIG = """\
# yaml-language-server: $schema=.schema/config.json
# Configuration of aktify-sandbox. All of it is optional; a flag or AKTIFY_SANDBOX_… variable beats what stands here.

port: 8509

# How forgiving the sandbox is where the vendor's page is silent: lenient, default or strict.
profile: default

# Single silent points, decided otherwise. `aktify-sandbox rulings` shows them all.
rulings: {}
#  region-case: accept
#  phone-extension: drop

# Scenarios in force from the start: names (`aktify-sandbox scenarios list`) or files.
scenarios: []
#  - flaky
#  - scenarios/mine.yaml

# Campaigns and the keys that post into them. `link` says what kind a campaign is: optional, link or tracking.
campaigns:
  demo:
    link: optional
    keys:
      - test-key
      - {key: old-key, name: old, revoked: true}
#      - {key: busy-key, name: busy, answer: 429}   # forces that status in place of a 201 or 409
#    scenarios: [flaky]   # in force in this campaign alone, in place of those above
"""

_SCENARIO = """\
# yaml-language-server: $schema=../.schema/scenario.json
# Try it: `aktify-sandbox serve --scenario mine`, or `aktify-sandbox scenarios use mine` while the sandbox runs.
# It is read again when it changes. `aktify-sandbox scenarios check scenarios/mine.yaml` says every mistake.
description: Two outages per lead, then the ordinary answer.
rules:
  - when:                      # all that is given must hold; leave out `when` for every request
      attempt: 1-2             # the n-th request of a lead: 1, 1-2, 3+, {every: 10}
      # phoneNumber: 555-0180  # ten digits, or seven for any area code
      # region: {in: [CA, NV]} # a value, or {in: […]}, {matches: regex}, {missing: true}, {present: true}
      # chance: 0.25           # a quarter of them; the same --seed gives the same run
      # applies: any           # every request, even with a wrong key or body
    answer:
      status: 503              # 400, 401 and 409 without a body give the contract's own wording
      headers: {Retry-After: "1"}
      # delay: 250ms           # or {from: 50ms, to: 400ms}
      # fault: hang            # instead of a status: hang, reset, empty
      # lead: kept             # the lead is kept although the answer doesn't say so
"""


def init(folder: Path) -> list[tuple[Path, str]]:
    """Write what is missing; what is there stays as it is. Returns each path with `written` or `exists`.

    Raises `OSError` when the folder can't be written.
    """
    from aktify_sandbox.contract.schema import lead_schema
    from aktify_sandbox.matching.schema import expectations_schema
    from aktify_sandbox.scenarios.schema import scenario_schema

    contents = {
        folder / FILE_NAME: _CONFIG,
        folder / "scenarios" / "mine.yaml": _SCENARIO,
        folder / ".schema" / "config.json": _json(config_schema()),
        folder / ".schema" / "scenario.json": _json(scenario_schema()),
        folder / ".schema" / "expectations.json": _json(expectations_schema()),
        folder / ".schema" / "lead.json": _json(lead_schema(Rulings.of())),
    }
    return [(path, _write(path, text)) for path, text in contents.items()]


def _json(schema: dict[str, object]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _write(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        file = path.open("x", encoding="utf-8")
    except FileExistsError:
        return "exists"
    try:
        with file:
            file.write(text)
    except OSError:  # half of it would be taken for the user's own the next time
        path.unlink(missing_ok=True)
        raise
    return "written"
