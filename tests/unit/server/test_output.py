"""Standard output in the background."""

import io

import pytest

from aktify_sandbox.server.output import BackgroundOutput


def test_a_stream_without_a_file_is_refused_and_can_still_be_closed() -> None:
    """Python closes it when it is collected, and tells of an exception then from 3.13 on."""
    stream = BackgroundOutput.__new__(BackgroundOutput)
    with pytest.raises(io.UnsupportedOperation):
        stream.__init__(io.StringIO())  # type: ignore[misc]  # so that what is left of it is at hand
    stream.close()
    assert stream.closed
