"""`init`: writes a commented configuration, a scenario to start from, and the schemas that an editor reads."""

import json
from pathlib import Path

import click

from aktify_sandbox.contract.rulings import Rulings
from aktify_sandbox.settings import FILE_NAME, config_schema

_TEMPLATES = Path(__file__).parent.parent / "templates"


@click.command()
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(file_okay=False, path_type=Path))
def init(folder: Path) -> None:
    """Write a sample configuration and scenario.

    Both files are commented. Schemas let an editor complete and check them. Existing files aren't changed.

    \b
    Example:
      aktify-sandbox init
    """
    try:
        paths = write_missing(folder)
    except OSError as error:
        raise click.ClickException(f"{folder} can't be written: {error.strerror}.") from None
    for path, what in paths:
        click.echo(f"{what:<8} {path}")


def write_missing(folder: Path) -> list[tuple[Path, str]]:
    """Write missing files and leave existing ones alone. Returns each path with `written` or `exists`."""
    from aktify_sandbox.contract.schema import lead_schema
    from aktify_sandbox.matching.schema import expectations_schema
    from aktify_sandbox.scenarios.schema import scenario_schema

    contents = {
        folder / FILE_NAME: _template("aktify-sandbox.yaml"),
        folder / "scenarios" / "mine.yaml": _template("mine.yaml"),
        folder / ".schema" / "config.json": _json(config_schema()),
        folder / ".schema" / "scenario.json": _json(scenario_schema()),
        folder / ".schema" / "expectations.json": _json(expectations_schema()),
        folder / ".schema" / "lead.json": _json(lead_schema(Rulings.of())),
    }
    return [(path, _write(path, text)) for path, text in contents.items()]


def _template(name: str) -> str:
    return (_TEMPLATES / name).read_text("utf-8")


def _json(schema: dict[str, object]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _write(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        file = path.open("x", encoding="utf-8")
    except FileExistsError:
        return "exists"
    try:
        with file:
            file.write(text)
    except OSError:  # half of it would be taken for the user's own the next time
        path.unlink(missing_ok=True)
        raise
    return "written"
