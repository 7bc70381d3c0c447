"""Take out one guard at a time: the test that answers for it must turn red.

The package is copied, the guard replaced in the copy's text, and its test run against the copy in a process of its own.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from support.paths import ROOT


class Guard(NamedTuple):
    """What stands in the code, what takes its place, and the test that must notice."""

    file: str
    text: str
    without: str
    test: str


GUARDS = {
    "tail cut": Guard(
        "storage/log.py",
        "self._excess = self._torn_end()",
        "self._excess = 0",
        "tests/unit/storage/test_log.py::"
        "test_a_log_cut_anywhere_in_its_last_five_lines_opens_with_all_whole_lines_and_goes_on",
    ),
    "take-back on disk": Guard(
        "storage/log.py",
        "        os.ftruncate(self._fd, self.size)\n",
        "",
        "tests/unit/storage/test_log.py::test_a_write_that_the_system_cuts_short_is_taken_back_and_work_goes_on",
    ),
    "take-back in memory": Guard(
        "storage/index.py",
        "self.leads[lead.campaign].lines.pop(place_of(lead.identity))",
        "pass",
        "tests/unit/storage/test_store.py::test_a_refused_write_keeps_nothing_and_the_number_is_free_again",
    ),
    "checksum": Guard(
        "storage/log.py",
        "return is_intact(line.text) and line.number > last",
        "return line.number > last",
        "tests/unit/storage/test_log.py::"
        "test_a_flipped_byte_before_the_last_line_is_refused_by_name_and_nothing_is_touched[10]",
    ),
    "lock": Guard(
        "storage/folder.py",
        "fcntl.flock(fd, how | fcntl.LOCK_NB)",
        "pass",
        "tests/unit/storage/test_store.py::test_a_second_store_on_the_same_folder_is_refused",
    ),
    "lock of a new log": Guard(
        "storage/folder.py",
        "fcntl.flock(temporary.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "pass",
        "tests/integration/test_folder.py::test_a_new_log_is_locked_before_it_has_the_name",
    ),
    "identity of the log when it is locked": Guard(
        "storage/folder.py",
        " and os.path.samestat(os.fstat(fd), os.lstat(self._log))",
        "",
        "tests/integration/test_folder.py::test_a_log_that_is_replaced_while_it_is_opened_is_opened_again",
    ),
    "identity of the log before a write": Guard(
        "storage/folder.py",
        "if found.st_ino != self._inode or found.st_dev != self._device:",
        "if False:",
        "tests/integration/test_folder.py::"
        "test_after_another_hand_was_at_it_nothing_is_written_whatever_is_asked[replaced_by_a_copy]",
    ),
    "size of the log before a write": Guard(
        "storage/folder.py",
        "if size is not None and not size <= found.st_size <= size + more:",
        "if False:",
        "tests/integration/test_folder.py::test_after_another_hand_was_at_it_nothing_is_written_whatever_is_asked[emptied]",
    ),
    "the folder by its descriptor": Guard(
        "storage/folder.py",
        "os.unlink(name, dir_fd=self._directory)",
        "os.unlink(self.path / name)",
        "tests/integration/test_folder.py::test_a_state_that_arrives_while_the_folder_is_renamed_leaves_the_others_files",
    ),
    "foreign folder": Guard(
        "storage/folder.py",
        "        if foreign:\n",
        "        if False:\n",
        "tests/system/test_folder.py::test_serve_in_a_project_changes_nothing_of_it",
    ),
    "foreign log": Guard(
        "storage/folder.py",
        "        if not _HEADER.startswith(log):",
        "        if False:",
        "tests/integration/test_folder.py::test_a_log_of_another_program_is_refused_untouched",
    ),
    "symbolic links": Guard(
        "storage/folder.py",
        "if stat.S_ISLNK(found.st_mode):",
        "if False:",
        "tests/integration/test_folder.py::test_no_link_in_the_folder_is_followed_and_the_refusal_names_it",
    ),
    "whose a temporary file is": Guard(
        "storage/folder.py",
        "if is_left and self._is_ours(name):",
        "if is_left:",
        "tests/integration/test_folder.py::test_whatever_else_lies_beside_a_log_of_ours_stays",
    ),
    "whose a file is that is written anew": Guard(
        "storage/folder.py",
        "if self._stat(name) is not None and not self._is_ours(name):",
        "if False:",
        "tests/integration/test_folder.py::test_whatever_else_lies_beside_a_log_of_ours_stays",
    ),
    "Host check": Guard(
        "admin/guard.py",
        "if not self._is_ours(host) and not _asks_for_health(scope):",
        "if False:",
        "tests/integration/test_safety.py::test_no_route_answers_a_foreign_host_or_origin",
    ),
    "depth check": Guard(
        "contract/body.py",
        "_depth(value) > _DEEPEST:",
        "False:",
        "tests/unit/contract/test_body.py::"
        "test_a_body_deeper_than_64_levels_is_no_object_and_the_words_say_so[65]",
    ),
    "back-pressure": Guard(
        "server/protocol.py",
        "return self._flow.write_paused or not self._reads",
        "return not self._reads",
        "tests/unit/server/test_protocol.py::test_while_the_client_reads_nothing_no_further_request_is_begun",
    ),
    "allowance of refusals": Guard(
        "endpoint.py",
        "        if self._left < 1:\n",
        "        if False:\n",
        "tests/system/bad_input/test_refusals.py::test_a_port_scan_fills_no_disk_and_what_was_left_out_is_said",
    ),
    "a checkpoint's log": Guard(
        "storage/checkpoint.py",
        " or Mark.at(snapshot, mark.end) != mark:",
        ":",
        "tests/unit/storage/test_checkpoint.py::test_one_of_another_log_is_not_believed",
    ),
    "what a checkpoint may not know": Guard(
        "storage/shards.py",
        "if max(copy.values(), default=0) > newest:",
        "if False:",
        "tests/unit/storage/test_checkpoint.py::test_a_lead_that_was_taken_and_never_written_is_not_in_it",
    ),
    "index update": Guard(
        "storage/index.py",
        "        self.lines[place] = number\n",
        "",
        "tests/unit/storage/test_store.py::test_of_equal_posts_in_one_turn_exactly_one_is_kept",
    ),
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package in a source root of its own, its data beside it."""
    package = tmp_path / "sandbox" / "aktify_sandbox"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "sandbox" / "aktify_sandbox", package, ignore=ignored)
    for data in ("fixtures", "scenarios"):
        (tmp_path / data).symlink_to(ROOT / data)
    return package


def run_against(package: Path, *tests: str) -> "subprocess.CompletedProcess[str]":
    """Run tests, and the sandboxes that they start, with that package instead of the checkout's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE", "AKTIFY"))}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests],
        cwd=ROOT,
        env={**kept, "PYTHONPATH": str(package.parent)},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.parametrize("name", GUARDS)
def test_without_the_guard_its_test_turns_red(copy: Path, name: str) -> None:
    guard = GUARDS[name]
    path = copy / guard.file
    assert path.read_text().count(guard.text) == 1, "the guard is written otherwise now: say here how"
    path.write_text(path.read_text().replace(guard.text, guard.without))
    done = run_against(copy, guard.test)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed" in done.stdout


def test_with_all_guards_these_tests_are_green_in_a_copy_too(copy: Path) -> None:
    done = run_against(copy, *(guard.test for guard in GUARDS.values()))
    assert done.returncode == 0, done.stdout + done.stderr
