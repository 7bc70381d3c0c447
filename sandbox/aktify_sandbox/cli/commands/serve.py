"""`serve`: runs the sandbox."""

from typing import Any

import click

from aktify_sandbox.cli.settings_options import gather, settings_options
from aktify_sandbox.errors import InputError, ResourceError


@click.command()
@settings_options()
def serve(**flags: Any) -> None:
    """Run the sandbox until Ctrl-C.

    Each option can also be set in aktify-sandbox.yaml or as an environment variable, e.g. AKTIFY_SANDBOX_ERROR_BODIES;
    separate lists by commas. Flags override variables, and variables override the file.

    \b
    Example:
      aktify-sandbox serve --port 0 --in-memory --scenario flaky
    """
    settings, notices = gather(flags)
    from aktify_sandbox.server.run import serve as run

    try:
        run(settings, notices)
    except InputError as error:
        raise click.UsageError(str(error)) from None
    except ResourceError as error:
        raise click.ClickException(str(error)) from None
