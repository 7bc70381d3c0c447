"""The published JSON Schema of a report."""

import json
from pathlib import Path
from typing import Any


def report_schema() -> dict[str, Any]:
    """The JSON Schema of a report, in its JSON form."""
    schema: dict[str, Any] = json.loads(
        Path(__file__).with_name("report.schema.json").read_text(encoding="utf-8")
    )
    return schema
