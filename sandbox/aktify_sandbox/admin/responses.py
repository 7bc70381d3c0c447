"""JSON responses whose encoder a test's `patch("json.dumps")` doesn't reach."""

from typing import Any

import orjson
from starlette import responses

from aktify_sandbox.originals import json

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


class JSONResponse(responses.JSONResponse):
    """Starlette's own class calls `json.dumps`."""

    def render(self, content: Any) -> bytes:
        """Renders the same bytes as Starlette; a path may contain bytes that aren't text."""
        return _ENCODER.encode(content).encode(errors="replace")


class StoredJSONResponse(JSONResponse):
    """JSON of what was read from the log, by the encoder that read it: a thousand leads take half a millisecond."""

    def render(self, content: Any) -> bytes:
        """Renders the content."""
        return orjson.dumps(content)
