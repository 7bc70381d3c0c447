"""Leads that are made up, valid, and all different."""

import json
import random
from collections.abc import Iterator, Sequence

from aktify_sandbox.contract.regions import STATES, region_of

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
_AREAS = """
201-202 209-210 212 214-220 223-225 228-229 231 234 239-240 248 251-254 256 260 262 267 269-270 272 276 279 281
283 301 304 307-310 314-315 318-321 323 325-326 330-332 334 336-337 339 341 346-347 351-352 360-361 364 380
385-386 401-402 405-409 412-415 417 419 423-425 430 432 434-435 440 442-443 445 447-448 458 463-464 469-470 475
478-479 484 503 505 507-508 510 512-513 516-518 520 530-531 534 539-541 551 559 561-564 567 570-575 580 582
585-586 601-603 605-610 614-616 618-620 623 626 628-631 636 640-641 646 650-651 656-657 659-662 667 669 678
680-682 689 701-704 706-708 712-720 724-727 731-732 734 737 740 743 747 754 757 760 762-763 765 769-775 779 781
785-786 801-806 810 812-818 820 826 828 830-832 838-840 843 845 847-848 850 854 856-860 862-865 870 872 878 901
903-904 906 908-910 912-920 925 928-931 934 936-938 940-941 943 945 947-949 951-952 954 956 959 970-973 978-980
984-986 989
"""
"""Area codes of the US: all but 509 (the examples'), those of `fixtures/leads.csv`, and those given out since 2022.

An older phonenumberslite doesn't know those, and the profile strict asks it.
"""

_ORDINARY_FICTION = 40  # 555-0140 and above are for forcing answers
_EXCHANGES = range(555, 1_000)
_ENDINGS = range(2_000, 10_000)


def _expand(text: str) -> tuple[int, ...]:
    spans = [span.partition("-") for span in text.split()]
    return tuple(area for first, _, last in spans for area in range(int(first), int(last or first) + 1))


AREAS = _expand(_AREAS)
FICTIONAL = len(AREAS) * _ORDINARY_FICTION
"""The number of samples whose phone numbers are reserved for fiction."""


def sample_leads(count: int, seed: int = 0, areas: Sequence[int] = AREAS) -> Iterator[bytes]:
    """`count` bodies: first with numbers reserved for fiction (555-0100 to 0139), then with 555-2000 and up."""
    chance = random.Random(seed)  # noqa: S311  names, not secrets
    regions = list(STATES)
    zips = {
        region: next(f"{p:03d}01" for p in range(1_000) if region_of(f"{p:03d}01") == region)
        for region in regions
    }
    for number, phone in zip(range(count), _phones(seed, areas), strict=False):
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


def _phones(seed: int, areas: Sequence[int]) -> Iterator[str]:
    """Every fictional number of these area codes, then those of exchanges 555 and up; a seed says where to begin."""
    chance = random.Random(seed)  # noqa: S311  a number that nobody need guess
    for number in _rotated(len(areas) * _ORDINARY_FICTION, chance):
        ending, area = divmod(number, len(areas))
        yield f"({areas[area]}) 555-01{ending:02d}"
    for number in _rotated(len(areas) * len(_ENDINGS) * len(_EXCHANGES), chance):
        rest, area = divmod(number, len(areas))
        exchange, ending = divmod(rest, len(_ENDINGS))
        yield f"({areas[area]}) {_EXCHANGES[exchange]}-{_ENDINGS[ending]:04d}"


def _rotated(size: int, chance: random.Random) -> Iterator[int]:
    """All numbers below the size, from a place that chance picks round to it."""
    start = chance.randrange(size)
    return ((start + step) % size for step in range(size))
