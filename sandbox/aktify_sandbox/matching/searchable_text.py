"""A record as text, as far as a person searches in it."""

from collections.abc import Mapping
from typing import Any

Record = Mapping[str, Any]


def text_of(record: Record) -> str:
    """All that a person would call the text of a record, line by line. `records` knows what joins it."""
    response = record["response"] or {}
    headers = [f"{name}: {value}" for name, value in [*record["headers"], *response.get("headers", [])]]
    problems = [text for problem in record["problems"] for text in problem.values()]
    parts = [
        record[name]
        for name in ("id", "method", "path", "query", "body", "phone", "campaign", "key", "receivedAt")
    ]
    parts += [*headers, response.get("body"), record["reason"]["rule"], *problems]
    return "\n".join(str(part) for part in parts if part is not None)
