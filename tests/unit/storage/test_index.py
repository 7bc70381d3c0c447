"""The index: what lines say, found by campaign and number."""

from aktify_sandbox.storage.index import Index, LeadEntry


def test_leads_of_one_number_in_several_spellings_are_found_by_the_number() -> None:
    """What the ruling duplicate-by=as-written compares."""
    index = Index()
    identities = ["+15095551234 (509) 555-1234", "+15095551234 5095551234", "+15095559999 5095559999"]
    for number, identity in enumerate(identities, start=1):
        index.reserve(number, LeadEntry("demo", identity))
    assert [index.line_of("demo", identity) for identity in identities] == [1, 2, 3]
    assert index.line_of("demo", "+15095551234 509-555-1234") is None
    assert index.lines_with("demo", "+15095551234") == [1, 2]
    assert index.lines_with("other", "+15095551234") == []
