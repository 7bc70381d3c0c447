"""Files that are replaced whole, and names that must not be."""

import os
from pathlib import Path

import pytest

from aktify_sandbox.atomic_write import replaced


def test_a_file_is_replaced_at_the_end_and_stays_as_it_was_when_that_fails(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("before")
    with pytest.raises(TypeError), replaced(path) as file:
        file.write("text instead of bytes")  # type: ignore[call-overload]  # what fails halfway
    assert path.read_text() == "before"
    with replaced(path) as file:
        file.write(b"after")
    assert path.read_text() == "after"
    assert os.listdir(tmp_path) == ["file"]


def test_the_name_of_an_open_file_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    """As /dev/stdout is when it is redirected into a file."""
    with (tmp_path / "redirected").open("w+b", buffering=0) as output:
        output.write(b"printed before, ")
        with replaced(Path(f"/dev/fd/{output.fileno()}")) as file:
            file.write(b"and the result")
        output.seek(0)
        assert output.read() == b"printed before, and the result"
    assert os.listdir(tmp_path) == ["redirected"]
