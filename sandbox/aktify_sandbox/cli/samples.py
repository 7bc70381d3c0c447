"""Leads that are made up, valid, and all different."""

import json
import random
from collections.abc import Iterator

from aktify_sandbox.contract.places import STATES, region_of

_FIRST = (
    "Ada",
    "Ben",
    "Chloe",
    "David",
    "Emma",
    "Felix",
    "Grace",
    "Henry",
    "Iris",
    "Jack",
    "Kira",
    "Liam",
    "Mia",
    "Noah",
)
_LAST = (
    "Archer",
    "Baker",
    "Carter",
    "Draper",
    "Fisher",
    "Hunter",
    "Mason",
    "Miller",
    "Porter",
    "Taylor",
    "Weaver",
)
_AREAS = (
    205,
    907,
    480,
    501,
    213,
    303,
    203,
    302,
    305,
    404,
    808,
    208,
    312,
    317,
    515,
    316,
    502,
    504,
    207,
    410,
    617,
    313,
    612,
)
_ORDINARY_FICTION = 40  # 555-0140 and above are for forcing answers


def samples(count: int, seed: int = 0) -> Iterator[bytes]:
    """So many bodies. The first numbers are reserved for fiction (555-0100 to 0139), later ones 555-2000 and up."""
    chance = random.Random(seed)  # noqa: S311  names, not secrets
    regions = list(STATES)
    zips = {
        region: next(f"{p:03d}01" for p in range(1_000) if region_of(f"{p:03d}01") == region)
        for region in regions
    }
    for number, phone in zip(range(count), _phones(seed), strict=False):
        region = chance.choice(regions)
        lead = {
            "phoneNumber": phone,
            "region": region,
            "zipCode": zips[region],
            "email": f"lead{number}@example.com",
            "externalLeadId": f"sample-{seed}-{number}",
            "firstName": chance.choice(_FIRST),
            "lastName": chance.choice(_LAST),
            "source": "sample",
        }
        yield json.dumps(lead).encode()


def _phones(seed: int) -> Iterator[str]:
    """Fictional numbers of every area code, then numbers of exchanges 555 and following; a seed turns the order."""
    for ending in range(_ORDINARY_FICTION):
        for area in _turned(seed):
            yield f"({area}) 555-01{ending:02d}"
    for exchange in range(555, 1_000):
        for ending in range(2_000, 10_000):
            for area in _turned(seed):
                yield f"({area}) {exchange}-{ending:04d}"


def _turned(seed: int) -> tuple[int, ...]:
    place = seed % len(_AREAS)
    return _AREAS[place:] + _AREAS[:place]
