"""What real requests of careless clients leave in the journal is found, and nothing else."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from math import inf
from time import sleep
from typing import Any

import httpx
import pytest

from aktify_sandbox import Sandbox
from support.reporting import findings_in

LEAD = {"phoneNumber": "(509) 555-0101", "region": "WA"}
OTHER = {"phoneNumber": "(213) 555-0102", "region": "CA"}
Post = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def found_after(server: Sandbox, client: Callable[[Post], Any], scenario: str | None = None) -> set[str]:
    """The findings about a client on a campaign of its own."""
    with (
        Sandbox(server.url, scenario=scenario or ()) as sandbox,
        httpx.Client(base_url=sandbox.url, trust_env=False, timeout=5) as http,
    ):

        def post(lead: Any = LEAD, key: str | None = None, **more: Any) -> httpx.Response:
            headers = {"x-api-key": sandbox.api_key if key is None else key, **more.pop("headers", {})}
            return http.post("/api/v1/leads", json=lead, headers=headers, **more)

        before = {record["id"] for record in server.requests}
        client(post)
        records = [record for record in sandbox.requests if record["id"] not in before]
        return set(findings_in(records, until=inf))


def again_at_once(post: Post) -> None:
    leads = [{"phoneNumber": f"(509) 555-01{n:02}", "region": ("WA", "CA")[n % 2]} for n in range(5)]
    for lead in leads:  # on a busy machine some of these posts come late; one that comes at once is enough
        assert [post(lead).status_code, post(lead).status_code] == [503, 503]
    sleep(0.2)  # pause: the one of a retry
    assert {post(lead).status_code for lead in leads} == {201}


def too_early(post: Post) -> None:
    post()
    post(OTHER)
    third = {"phoneNumber": "(512) 555-0103", "region": "TX"}
    assert post(third).status_code == 429
    sleep(0.2)  # pause: the one of a retry
    post(third)


def at_the_same_time(post: Post) -> None:
    with ThreadPoolExecutor(2) as workers:
        assert sorted(answer.status_code for answer in workers.map(lambda _: post(), range(2))) == [201, 409]


def refused_twice(post: Post) -> None:
    wrong = {**LEAD, "email": "nobody"}
    for _ in range(2):
        assert post(wrong).status_code == 400
        sleep(0.06)  # pause: the one of a retry


def gives_up(post: Post) -> None:
    for lead in (LEAD, OTHER):
        with pytest.raises(httpx.ReadError):
            post(lead)


def goes_on_after_401(post: Post) -> None:
    for number in range(7):
        post({"phoneNumber": f"(509) 555-011{number}", "region": ("WA", "CA")[number % 2]})


CARELESS: list[tuple[str | None, Callable[[Post], Any], str]] = [
    ("flaky", again_at_once, "retry-without-pause"),
    ("rate-limited", too_early, "ignored-retry-after"),
    ("slow", at_the_same_time, "parallel-duplicate"),
    (None, refused_twice, "resent-4xx"),
    ("key-rotation", goes_on_after_401, "posts-after-401"),
    (None, lambda post: post([LEAD, OTHER]), "many-leads-in-one"),
    (None, lambda post: post({**LEAD, "zipCode": 2138}), "zip-lost-zero"),
    (None, lambda post: post({**LEAD, "first_name": "Ann"}), "legacy-field-name"),
    (None, lambda post: post({**LEAD, "region": "Washington"}), "region-by-name"),
    (None, lambda post: post(params={"api_key": "secret"}), "key-in-wrong-place"),
    (None, lambda post: post(params={"email": "a@b.example"}), "personal-data-in-query"),
    (None, lambda post: post(headers={"Origin": "https://shop.example"}), "origin-header"),
]


@pytest.mark.parametrize(("scenario", "client", "rule"), CARELESS, ids=[rule for *_, rule in CARELESS])
def test_a_careless_client_is_found_under_one_name(
    server: Sandbox, scenario: str | None, client: Callable[[Post], Any], rule: str
) -> None:
    assert found_after(server, client, scenario) == {rule}


def timed_out_and_sent_again(pause: float) -> Callable[[Post], Any]:
    def client(post: Post) -> None:
        with pytest.raises(httpx.ReadTimeout):
            post(timeout=0.3)
        sleep(pause)  # pause: the one of a retry, if the client makes one
        post()

    return client


def test_a_retry_after_a_timeout_is_judged_by_when_the_client_gave_up(server: Sandbox) -> None:
    assert found_after(server, timed_out_and_sent_again(1.5), "timeout") == set()
    at_once = found_after(server, timed_out_and_sent_again(0.0), "timeout")
    assert at_once <= {"retry-without-pause"}, "never parallel-duplicate, however late the sandbox notices"


def test_a_lead_whose_answer_is_lost_is_to_be_sent_again(server: Sandbox) -> None:
    assert found_after(server, gives_up, "lost-response") == {"gave-up-after-failure"}


def test_a_damaged_key_is_found_without_a_word_of_its_reason(server: Sandbox) -> None:
    with httpx.Client(base_url=server.url, trust_env=False) as http:
        answer = http.post("/api/v1/leads", json=LEAD, headers={"x-api-key": '"test-key"'})
        assert answer.status_code == 401
        name = answer.headers["x-aktify-sandbox-request"]
        entry = http.get(f"/_sandbox/requests/{name}").json()
    assert set(findings_in([entry])) == {"key-damaged"}
