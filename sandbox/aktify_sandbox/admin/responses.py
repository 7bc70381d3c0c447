"""Answers in JSON, written by an encoder that a test's `patch("json.dumps")` doesn't reach."""

from typing import Any

import orjson
from starlette import responses

from aktify_sandbox.originals import json

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


class JSONResponse(responses.JSONResponse):
    """Starlette's own calls `json.dumps` when it answers."""

    def render(self, content: Any) -> bytes:
        """The same bytes; a path may hold what isn't text."""
        return _ENCODER.encode(content).encode(errors="replace")


class StoredJSONResponse(JSONResponse):
    """Of what was read from the log, by the encoder that read it: a thousand leads take half a millisecond."""

    def render(self, content: Any) -> bytes:
        """The bytes."""
        return orjson.dumps(content)
