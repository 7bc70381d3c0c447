"""What a shell completes, and colours that are wanted without a terminal."""

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from aktify_sandbox.cli import main


@pytest.mark.parametrize(
    ("words", "begun", "expected"),
    [
        (["force"], "ha", "hang"),
        (["serve", "--ruling"], "region-case=", "region-case=accept"),
        (["serve", "--scenario"], "fla", "flaky"),
        (["serve", "--profile"], "st", "strict"),
        (["scenarios", "use"], "fla", "flaky"),
        (["calibrate", "--skip"], "dup", "duplicate-by"),
        (["drill", "--only"], "lost", "lost-answer"),
        (["drill", "--skip"], "sl", "slow"),
    ],
)
def test_a_shell_completes_values(words: list[str], begun: str, expected: str) -> None:
    completions = ShellComplete(main, {}, "aktify-sandbox", "_COMPLETE").get_completions(words, begun)
    assert expected in [each.value for each in completions]


@pytest.mark.parametrize(
    ("environ", "is_coloured"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)
def test_force_color_colours_without_a_terminal(environ: dict[str, str], is_coloured: bool) -> None:
    result = CliRunner(env={"NO_COLOR": None, "FORCE_COLOR": None, **environ}).invoke(
        main, ["rulings", "--profile", "strict"]
    )
    assert ("\x1b[" in result.stdout) is is_coloured
