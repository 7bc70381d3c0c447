"""What `--help` says, of every command."""

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from aktify_sandbox.cli import main
from support.snapshots import Snapshot


def all_commands(command: click.Command = main, *words: str) -> Iterator[tuple[str, ...]]:
    """The words of each command and group; first those of the program itself."""
    yield words
    if isinstance(command, click.Group):
        context = click.Context(command, **main.context_settings)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner
            yield from all_commands(inner, *words, name)


@pytest.mark.parametrize("words", [*all_commands()], ids=" ".join)
def test_help(words: tuple[str, ...], snapshot: Snapshot) -> None:
    result = CliRunner().invoke(main, [*words, "--help"], prog_name="aktify-sandbox", terminal_width=100)
    assert result.exit_code == 0
    snapshot("help", result.stdout, " ".join(("aktify-sandbox", *words, "--help")))


@pytest.mark.parametrize("words", [*all_commands()], ids=" ".join)
def test_each_option_is_one_clause_of_at_most_60_characters(words: tuple[str, ...]) -> None:
    command: click.Command = main
    for word in words:
        assert isinstance(command, click.Group)
        command = command.commands.get(word) or command.get_command(click.Context(command), word) or command
    options = [each for each in command.params if isinstance(each, click.Option)]
    told = {each.opts[-1]: (each.help or "").partition(" [default")[0].rstrip() for each in options}
    assert not {
        name: text
        for name, text in told.items()
        if not text or len(text) > 60 or ". " in text.replace("e.g. ", "")
    }
