"""Answers of the admin API in JSON."""

import os

from aktify_sandbox.admin.responses import JSONResponse


def test_a_path_that_is_no_text_is_still_an_answer() -> None:
    assert JSONResponse({"state": os.fsdecode(b"/tmp/\xff")}).body == b'{"state":"/tmp/?"}'
