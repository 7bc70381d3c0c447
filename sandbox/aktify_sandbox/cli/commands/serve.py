"""`serve`: runs the sandbox."""

import sys
from typing import Any

import click

from aktify_sandbox.cli.settings_options import gather, settings_options
from aktify_sandbox.errors import InputError


@click.command()
@settings_options()
def serve(**flags: Any) -> None:
    """Run the sandbox until Ctrl-C.

    Every option can also stand in aktify-sandbox.yaml and in the environment (--error-bodies as
    AKTIFY_SANDBOX_ERROR_BODIES; lists by comma). A flag beats the environment, the environment the file.

    \b
    Example:
      aktify-sandbox serve --port 0 --in-memory --scenario flaky
    """
    settings, notices = gather(flags)
    from aktify_sandbox.server.run import serve as run

    try:
        code = run(settings, notices)
    except InputError as error:
        raise click.UsageError(str(error)) from None
    sys.exit(code)
