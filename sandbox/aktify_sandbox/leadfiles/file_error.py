"""Why a file can't be read at all."""

from collections.abc import Mapping


class FileError(Exception):
    """A file of which nothing can be said: what is wrong, in which line, and what to do.

    Everything else is said of a row (see `reader.Row`), so that one bad row doesn't hide the others.
    """

    def __init__(
        self,
        message: str,
        fix: str = "",
        line: int | None = None,
        columns: Mapping[str, str | None] | None = None,
        likely: str | None = None,
    ) -> None:
        """`line` counts the lines of the file from 1, as an editor does.

        `columns` are given when the columns are what is wrong, `likely` is the one that looks like phone numbers.
        """
        place = f"line {line}: " if line else ""
        super().__init__(f"{place}{message}{f' Fix: {fix}' if fix else ''}")
        self.message = message
        self.fix = fix
        self.line = line
        self.columns = columns
        self.likely = likely
