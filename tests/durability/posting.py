"""Posting straight into a store, as the endpoint does it."""

from typing import Any

from aktify_sandbox.storage.store import Store
from test_store import post, run


def post_number(store: Store, campaign: str, number: int) -> Any:
    """True: kept. False: a duplicate. Or the exception: refused by the disk."""
    [result] = run(post(store, campaign, number))
    return result
