"""The ZIP table, with `zipcodes` as the oracle: all 42,789 of them."""

import zipcodes

from aktify_sandbox.contract.regions import NAMES, REGIONS, region_of

ERRORS_OF_THE_ORACLE = {"09905", "09980", "09981", "09982", "09983", "09984"}
"""Military (AE), which the package calls New Jersey."""


def test_every_zip_code_has_the_region_that_the_oracle_says() -> None:
    everything = zipcodes.list_all()  # type: ignore[no-untyped-call]  # the package has no types
    wrong = {entry["zip_code"] for entry in everything if region_of(entry["zip_code"]) != entry["state"]}
    assert len(everything) == 42_789
    assert wrong == ERRORS_OF_THE_ORACLE
    assert {region_of(code) for code in wrong} == {"AE"}


def test_zip_plus_four_has_the_region_of_its_zip() -> None:
    assert region_of("90210-1234") == "CA"
    assert region_of("06390-0001") == "NY"


def test_a_prefix_that_nobody_uses_has_no_region() -> None:
    assert region_of("00001") is None
    assert region_of("99999") == "AK"


def test_the_values_of_regions_grow() -> None:
    sizes = [len(REGIONS[value]) for value in ("states", "states-and-dc", "usps")]
    assert sizes == [50, 51, 62]
    assert set(REGIONS["usps"]) == set(NAMES)
