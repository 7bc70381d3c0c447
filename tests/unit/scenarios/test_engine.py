"""What a request itself asks for."""

import pytest

from aktify_sandbox.scenarios.engine import preferred_status


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("code=200", 200),
        ("respond-async, code=599", 599),
        ("code=199", None),
        ("code=600", None),
        ("respond-async", None),
    ],
)
def test_a_preference_is_a_status_from_200_to_599(header: str, status: int | None) -> None:
    assert preferred_status(header) == status
