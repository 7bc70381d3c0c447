"""The phone numbers of probes: fictional ones, 555-0100 to 555-0139, each sent at most once in a run."""

from collections.abc import Collection, Iterator

from aktify_sandbox.errors import ResourceError

_LINES = range(100, 140)
_AREAS = (
    "201", "212", "213", "303", "305", "312", "404", "415", "503", "509",
    "512", "602", "612", "617", "702", "713", "801", "816", "907", "919",
)  # fmt: skip
_UNASSIGNED = ("370", "371", "372", "373", "374", "375", "376", "377", "378", "379")
"""Area codes that the North American plan reserves: valid in form, but never assigned."""

ORDINARY = tuple(f"{area}5550{line}" for line in _LINES for area in _AREAS)
"""Ten digits each, in assigned area codes."""
UNASSIGNED = tuple(f"{area}5550{line}" for line in _LINES for area in _UNASSIGNED)
"""Ten digits each, in area codes without numbers."""

_JUMP = 97
"""How many to leave out when an earlier run has used one: more than a run uses."""


class NumbersUsedError(ResourceError):
    """Every fictional number was used."""


class Numbers:
    """Hands out the numbers of a run, from a place on, and leaves out those that earlier runs have used."""

    def __init__(self, start: int, used: Collection[str] = ()) -> None:
        """`start` is a place among `ORDINARY`; `used` are ten digits each."""
        self.start = start % len(ORDINARY)
        self._used = set(used)
        self._places = {ORDINARY: self.start, UNASSIGNED: self.start % len(UNASSIGNED)}

    def next(self, *, unassigned: bool = False) -> str:
        """Returns ten digits that no other call returns. Raises `NumbersUsedError`."""
        numbers = UNASSIGNED if unassigned else ORDINARY
        for number in self._from(numbers):
            if number not in self._used:
                self._used.add(number)
                return number
        raise NumbersUsedError(
            f"All {len(numbers)} fictional numbers were used in this campaign. Fix: use the key of another campaign."
        )

    def skip(self) -> None:
        """Leave out the next ones, since an earlier run has used the last."""
        for numbers, place in self._places.items():
            self._places[numbers] = (place + _JUMP) % len(numbers)

    def _from(self, numbers: tuple[str, ...]) -> Iterator[str]:
        """All of them, beginning with the next."""
        for _ in numbers:
            place = self._places[numbers]
            self._places[numbers] = (place + 1) % len(numbers)
            yield numbers[place]


def as_on_the_page(number: str) -> str:
    """`5095551234` becomes `(509) 555-1234`."""
    return f"({number[:3]}) {number[3:6]}-{number[6:]}"


def e164(number: str) -> str:
    """`5095551234` becomes `+15095551234`."""
    return f"+1{number}"
