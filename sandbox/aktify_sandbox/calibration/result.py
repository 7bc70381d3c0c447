"""The result of a calibration, as `calibration.json` holds it. `calibration.schema.json` is its schema."""

import json
from pathlib import Path
from typing import Any, Literal, TypedDict

Verdict = Literal["verified", "one-of", "none", "unknown", "not-asked"]


class RulingResult(TypedDict):
    """What the endpoint decides where Aktify's page is silent."""

    ruling: str
    verdict: Verdict
    """`one-of`: several values fit. `none`: no value fits. `unknown`: it can't be seen from outside."""
    values: list[str]
    """The values that fit; one if it is verified."""
    said: str
    """The answers that no value explains, why it is unknown, or how far it was asked."""


class ClauseResult(TypedDict):
    """Whether the endpoint upholds a statement of Aktify's page."""

    clause: str
    verdict: Literal["upheld", "broken", "unknown", "not-asked"]
    said: str
    """What was sent and answered if it is broken, or why it is unknown; otherwise empty."""


class Calibration(TypedDict):
    """A whole calibration."""

    version: str
    """The version of the sandbox."""
    startedAt: str
    """RFC 3339, UTC."""
    url: str
    """The endpoint's origin."""
    key: str
    """The key, masked."""
    complete: bool
    """False if the run stopped early."""
    stopped: str | None
    """Why the rest wasn't asked."""
    requests: int
    leads: int
    """How many leads the endpoint accepted."""
    rulings: list[RulingResult]
    clauses: list[ClauseResult]
    usedNumbers: dict[str, list[str]]
    """By origin and masked key, the fictional numbers in the campaign, ten digits each. Later runs leave them out."""


def calibration_schema() -> dict[str, Any]:
    """The JSON Schema of the result."""
    schema: dict[str, Any] = json.loads(
        Path(__file__).with_name("calibration.schema.json").read_text(encoding="utf-8")
    )
    return schema
