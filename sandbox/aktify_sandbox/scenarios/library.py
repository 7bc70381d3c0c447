"""Finds scenario files: in `./scenarios/` first, then among the shipped ones; a path is used as it is."""

import errno
import functools
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aktify_sandbox.bundled import bundled
from aktify_sandbox.errors import DocumentError, ScenarioNotFoundError
from aktify_sandbox.originals import os
from aktify_sandbox.scenarios.loader import Scenario, read_scenario
from aktify_sandbox.text import suggest

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}")
_ENDINGS = (".yaml", ".yml", ".json")

Stamp = tuple[tuple[int, int, int] | None, ...]


class ScenarioLibrary:
    """The available scenarios."""

    def __init__(self, *folders: Path) -> None:
        """`folders` are the user's: the `scenarios/` in them come before the shipped ones, in this order."""
        self._own = tuple(dict.fromkeys(folder.absolute() / "scenarios" for folder in folders))
        self._shipped = bundled("scenarios")
        self._read: dict[Path, tuple[Stamp, Scenario | DocumentError]] = {}

    def find(self, name: str) -> Path:
        """The file of a scenario, by name or path. Raises `ScenarioNotFoundError`."""
        if "/" in name or "\\" in name or (name.endswith(_ENDINGS) and _is_file(Path(name))):
            if _is_file(Path(name)):
                return Path(name)
            raise ScenarioNotFoundError(f"There is no scenario file {name}.")
        return self.named(name)

    def named(self, name: str) -> Path:
        """The file of a scenario by name, which can't lead out of the folders. Raises `ScenarioNotFoundError`."""
        known = self.listed()
        plain = next((name.removesuffix(ending) for ending in _ENDINGS if name.endswith(ending)), name)
        if plain in known:
            return known[plain]
        looked = f"searched {', '.join(map(str, self._own))} and the shipped scenarios"
        raise ScenarioNotFoundError(
            f"Unknown scenario “{name[:64]}” ({looked}). {suggest(plain, known)}Choose from: {', '.join(known)}."
        )

    def listed(self) -> dict[str, Path]:
        """Every scenario by name; the user's own hide shipped ones of the same name."""
        found: dict[str, Path] = {}
        for folder in (*self._own, self._shipped):
            for path in _files_in(folder):
                found.setdefault(path.stem, path)
        return dict(sorted(found.items()))

    def read(self, path: Path) -> Scenario:
        """The scenario in a file, parsed again only if that file or one that it refers to has changed.

        Raises `DocumentError`.
        """
        known = self._read.get(path)
        if known is None or known[0] != _stamp(_files_of(path, known[1])):
            before = _stamp((path,))
            found = _scenario_or_error(path)
            known = self._read[path] = before + _stamp(_files_of(path, found)[1:]), found
        if isinstance(known[1], DocumentError):
            raise known[1].with_traceback(None)  # otherwise the cache would grow
        return known[1]

    def is_shipped(self, path: Path) -> bool:
        """Whether the file came with the package."""
        return path.parent == self._shipped

    def own(self) -> list[Path]:
        """The files of the user's folders."""
        return [path for folder in self._own for path in _files_in(folder)]


def _scenario_or_error(path: Path) -> Scenario | DocumentError:
    try:
        return read_scenario(path)
    except DocumentError as error:
        return error


def _files_of(path: Path, read: Scenario | DocumentError) -> tuple[Path, ...]:
    """The file and those that it refers to."""
    return (path, *(each for each in read.files if each != path))


@functools.cache
def built_in(name: str, mark: str) -> Scenario:
    """Rules that are always active: keys and numbers. A process reads their files once."""
    return read_scenario(bundled("scenarios") / "built-in" / f"{name}.yaml", mark)


@dataclass(slots=True)
class LoadedScenario:
    """An active scenario, and later versions of its file."""

    scenario: Scenario
    stamp: Stamp
    files: tuple[Path, ...]
    """The files to watch: its own, and those that it refers or referred to."""
    mistake: str = ""
    """Why the file can't be read any more; the last good version stays active."""

    @classmethod
    def of(cls, path: Path) -> "LoadedScenario":
        """Read a file. Raises `DocumentError`."""
        before = _stamp((path,))
        scenario = read_scenario(path)
        return cls(scenario, before + _stamp(scenario.files[1:]), scenario.files)

    def has_changed(self) -> bool:
        """Whether the file, or one that it refers to, has changed since the last look."""
        return _stamp(self.files) != self.stamp

    def reload(self) -> "LoadedScenario":
        """Read the file again; if it has a mistake, keep the last good version and the mistake."""
        before = _stamp(self.files)
        try:
            return LoadedScenario.of(self.scenario.path)
        except DocumentError as error:
            more = tuple(path for path in error.files if path not in self.files)
            return LoadedScenario(self.scenario, before + _stamp(more), self.files + more, str(error))


def _files_in(folder: Path) -> Iterator[Path]:
    try:
        paths = [folder / name for name in sorted(os.listdir(folder))]
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):  # the folder exists
            raise
        return
    for path in paths:
        if path.suffix in _ENDINGS and _NAME.fullmatch(path.stem) and _is_file(path):
            yield path


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):  # a name with a NUL
        return False


def _stamp(files: tuple[Path, ...]) -> Stamp:
    return tuple(map(_look, files))


def _look(path: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
