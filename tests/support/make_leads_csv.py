"""Makes `fixtures/leads.csv`: a thousand made-up leads, some damaged the way spreadsheets damage them.

Run it to make the file again: `python tests/support/make_leads_csv.py`. The damage is spread by a fixed seed;
`EXPECTED` is what a sandbox by default must answer, counted while the rows are made.
"""

import csv
import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from aktify_sandbox.cli.sample_leads import sample_leads

FILE = Path(__file__).parents[2] / "fixtures" / "leads.csv"
ROWS = 1_000
COLUMNS = (
    "phoneNumber", "region", "zipCode", "email", "externalCreated", "externalLeadId", "firstName", "lastName", "source",
    "metadata.branch",
)  # fmt: skip

AREAS = (
    203, 205, 206, 207, 208, 213, 302, 303, 305, 312, 313,
    316, 317, 404, 410, 480, 501, 502, 504, 515, 612, 617, 808, 907,
)  # fmt: skip
"""Area codes that `send --sample` leaves to this file: 24 of them have 960 fictional numbers."""

Row = dict[str, str]


def _set(name: str, value: str | Callable[[str], str]) -> Callable[[Row], None]:
    def damage(row: Row) -> None:
        row[name] = value(row[name]) if callable(value) else value

    return damage


def _new_england(change: Callable[[Row], None]) -> Callable[[Row], None]:
    def damage(row: Row) -> None:
        row.update(region="MA", zipCode="02138")
        change(row)

    return damage


DAMAGE: dict[str, tuple[int, int, Callable[[Row], None]]] = {
    # what: (how many rows, the status they get, what happens to a row)
    "leading zero of a ZIP code lost": (40, 400, _new_england(_set("zipCode", "2138"))),
    "ZIP code as a decimal": (10, 400, _set("zipCode", lambda text: f"{text}.0")),
    "phone in scientific notation": (25, 400, _set("phoneNumber", "5.09555E+09")),
    "phone as a decimal": (
        20,
        400,
        _set("phoneNumber", lambda text: "".join(filter(str.isdigit, text)) + ".0"),
    ),
    "phone with an extension": (10, 400, _set("phoneNumber", lambda text: f"{text} x12")),
    "phone with no-break spaces": (10, 400, _set("phoneNumber", lambda text: text.replace(" ", "\u00a0"))),
    "phone without area code": (10, 400, _set("phoneNumber", "555-0123")),
    "phone missing in its formula": (5, 400, _set("phoneNumber", "#N/A")),
    "phone behind a formula's sign": (5, 400, _set("phoneNumber", lambda text: f"={text}")),
    "phone empty": (5, 400, _set("phoneNumber", "")),
    "date as the US writes it": (40, 400, _set("externalCreated", "11/15/2022 9:04 PM")),
    "date as a serial number": (10, 400, _set("externalCreated", "44880.878")),
    "region in lower case": (20, 400, _set("region", str.lower)),
    "region by its name": (10, 400, _new_england(_set("region", "Massachusetts"))),
    "e-mail with a space behind it": (10, 400, _set("email", lambda text: f"{text} ")),
    "e-mail in angle brackets": (5, 400, _set("email", lambda text: f"Someone <{text}>")),
    "phone with spaces around it": (30, 201, _set("phoneNumber", lambda text: f" {text} ")),
    "ZIP+4": (20, 201, _set("zipCode", lambda text: f"{text}-0001")),
    "no region": (30, 201, _set("region", "")),
    "no ZIP code": (30, 201, _set("zipCode", "")),
    "typographic quotes in a name": (10, 201, _set("firstName", "“Bobby” O’Neil")),
    "date without an offset": (30, 201, _set("externalCreated", "2022-11-15T21:04:28")),
}
REPEATED = 60
"""Rows that come again later, with their numbers written another way."""

EXPECTED = Counter({201: ROWS - REPEATED, 409: REPEATED})
for _count, _status, _ in DAMAGE.values():
    if _status == 400:
        EXPECTED.update({201: -_count, 400: _count})


def rows() -> list[Row]:
    """The rows of the file."""
    chance = random.Random(8509)
    leads = [json.loads(lead) for lead in sample_leads(ROWS - REPEATED, areas=AREAS)]
    made: list[Row] = []
    for number, lead in enumerate(leads):
        stamp = f"2022-11-{1 + number % 28:02d}T{number % 24:02d}:04:28-0600"
        row = {**lead, "externalCreated": stamp, "metadata.branch": chance.choice(["north", "south", ""])}
        made.append({name: row.get(name, "") for name in COLUMNS})
    places = list(range(len(made)))
    chance.shuffle(places)
    for count, _, damage in DAMAGE.values():
        for _ in range(count):
            damage(made[places.pop()])
    again = [made[place] for place in sorted(places[:REPEATED])]  # undamaged ones
    return made + [{**row, "phoneNumber": "".join(filter(str.isdigit, row["phoneNumber"]))} for row in again]


def main() -> None:
    """Write the file, as a spreadsheet would: with a byte order mark and CR LF."""
    with FILE.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows())


if __name__ == "__main__":
    main()
