"""US regions and the region of a ZIP code.

A table of the first three digits agrees with all 42,789 ZIP codes of the PyPI package `zipcodes` 3.0.0 except 24: 18
are real exceptions, listed below, and 6 look like errors in that package (09905 and 09980-09984 are military, AE).
"""

from collections.abc import Collection
from types import MappingProxyType

STATES = MappingProxyType(
    {
        "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado",
        "CT": "Connecticut", "DE": "Delaware", "FL": "Florida", "GA": "Georgia", "HI": "Hawaii", "ID": "Idaho",
        "IL": "Illinois", "IN": "Indiana", "IA": "Iowa", "KS": "Kansas", "KY": "Kentucky", "LA": "Louisiana",
        "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts", "MI": "Michigan", "MN": "Minnesota",
        "MS": "Mississippi", "MO": "Missouri", "MT": "Montana", "NE": "Nebraska", "NV": "Nevada",
        "NH": "New Hampshire", "NJ": "New Jersey", "NM": "New Mexico", "NY": "New York", "NC": "North Carolina",
        "ND": "North Dakota", "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania",
        "RI": "Rhode Island", "SC": "South Carolina", "SD": "South Dakota", "TN": "Tennessee", "TX": "Texas",
        "UT": "Utah", "VT": "Vermont", "VA": "Virginia", "WA": "Washington", "WV": "West Virginia",
        "WI": "Wisconsin", "WY": "Wyoming",
    }
)  # fmt: skip
DISTRICT = MappingProxyType({"DC": "District of Columbia"})
TERRITORIES = MappingProxyType(
    {
        "PR": "Puerto Rico", "VI": "Virgin Islands", "GU": "Guam", "AS": "American Samoa",
        "MP": "Northern Mariana Islands", "FM": "Micronesia", "MH": "Marshall Islands", "PW": "Palau",
        "AA": "Armed Forces Americas", "AE": "Armed Forces Europe", "AP": "Armed Forces Pacific",
    }
)  # fmt: skip
NAMES = MappingProxyType({**STATES, **DISTRICT, **TERRITORIES})
"""Every code of the postal service and its name."""

REGIONS = MappingProxyType(
    {
        "states": tuple(STATES),
        "states-and-dc": (*STATES, *DISTRICT),
        "usps": tuple(NAMES),
    }
)
"""The codes that each value of the ruling `regions` allows."""


def allowing(code: str) -> str:
    """What to do so that a code is allowed: the narrowest ruling that has it."""
    value = min((name for name in REGIONS if code in REGIONS[name]), key=lambda name: len(REGIONS[name]))
    return f"allow {NAMES[code]} with --ruling regions={value}"


_PREFIXES = """
005:NY 006-007:PR 008:VI 009:PR 010-027:MA 028-029:RI 030-038:NH 039-049:ME 050-054:VT 055:MA 056-059:VT 060-069:CT
070-089:NJ 090-099:AE 100-149:NY 150-196:PA 197-199:DE 200:DC 201:VA 202-205:DC 206-212:MD 214-219:MD 220-246:VA
247-268:WV 270-289:NC 290-299:SC 300-319:GA 320-339:FL 340:AA 341-342:FL 344:FL 346-347:FL 349:FL 350-352:AL
354-369:AL 370-385:TN 386-397:MS 398-399:GA 400-418:KY 420-427:KY 430-459:OH 460-479:IN 480-499:MI 500-516:IA
520-528:IA 530-532:WI 534-535:WI 537-549:WI 550-551:MN 553-567:MN 569:DC 570-577:SD 580-588:ND 590-599:MT 600-620:IL
622-629:IL 630-631:MO 633-641:MO 644-658:MO 660-662:KS 664-679:KS 680-681:NE 683-693:NE 700-701:LA 703-708:LA
710-714:LA 716-729:AR 730-731:OK 733:TX 734-741:OK 743-749:OK 750-770:TX 772-799:TX 800-816:CO 820-831:WY 832-838:ID
840-847:UT 850-853:AZ 855-857:AZ 859-860:AZ 863-865:AZ 870-871:NM 873-884:NM 885:TX 888:DC 889-891:NV 893-895:NV
897-898:NV 900-908:CA 910-928:CA 930-961:CA 962-966:AP 967-968:HI 969:GU 970-979:OR 980-986:WA 988-994:WA 995-999:AK
"""
_EXCEPTIONS = MappingProxyType(
    {
        "06390": "NY", "20588": "MD", "20598": "VA", "72643": "MO", "73960": "TX", "83414": "WY", "96799": "AS",
        "96939": "PW", "96940": "PW", "96941": "FM", "96942": "FM", "96943": "FM", "96944": "FM", "96950": "MP",
        "96951": "MP", "96952": "MP", "96960": "MH", "96970": "MH",
    }
)  # fmt: skip


def _expand(table: str) -> dict[str, str]:
    regions = {}
    for entry in table.split():
        prefixes, region = entry.split(":")
        first, _, last = prefixes.partition("-")
        for prefix in range(int(first), int(last or first) + 1):
            regions[f"{prefix:03d}"] = region
    return regions


_REGION_OF = MappingProxyType(_expand(_PREFIXES))


def zip_pattern(regions: Collection[str]) -> str:
    """The ZIP codes that these regions use, as a pattern of five digits without anchors."""
    return _zips_behind("", regions) or "(?:)"


_ANY_DIGITS = ("", "[0-9]", "[0-9]{2}")


def _zips_behind(begun: str, regions: Collection[str]) -> str | None:
    """A pattern for the digits that may follow the first ones; None if there are none."""
    left = 5 - len(begun)
    if left == 0 or (len(begun) >= 3 and not any(code.startswith(begun) for code in _EXCEPTIONS)):
        return _ANY_DIGITS[left] if region_of(begun) in regions else None
    digits: dict[str, str] = {}
    for digit in "0123456789":
        behind = _zips_behind(begun + digit, regions)
        if behind is not None:
            digits[behind] = digits.get(behind, "") + digit
    ways = [f"{_one_of(found)}{behind}" for behind, found in digits.items()]
    return (ways[0] if len(ways) == 1 else f"(?:{'|'.join(ways)})") if ways else None


def _one_of(digits: str) -> str:
    """One of these digits, as a pattern: `[0-35]`."""
    runs = "".join(digit if digit in digits else " " for digit in "0123456789").split()
    shown = "".join(run if len(run) < 3 else f"{run[0]}-{run[-1]}" for run in runs)
    return shown if len(digits) == 1 else f"[{shown}]"


def region_of(zip_code: str) -> str | None:
    """The region of a ZIP code (five digits, or ZIP+4); None when no region uses its first three digits."""
    return _EXCEPTIONS.get(zip_code[:5]) or _REGION_OF.get(zip_code[:3])
