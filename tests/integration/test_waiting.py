"""A test waits for leads that are posted meanwhile."""

import threading

import httpx

from aktify_sandbox import Sandbox
from support.examples import rounds
from support.running import LEAD


def test_a_waiting_test_misses_no_pair_of_leads() -> None:
    with Sandbox() as sandbox, httpx.Client(transport=sandbox.transport()) as client:
        key = {"x-api-key": sandbox.api_key}

        def post_two() -> None:
            for _ in range(2):
                client.post(sandbox.endpoint, json=LEAD, headers=key)

        for number in rounds(1_000):
            posting = threading.Thread(target=post_two)
            posting.start()
            found = sandbox.wait_for(2, timeout=30)
            posting.join()
            assert len(found) == 2, number
            sandbox.reset()
