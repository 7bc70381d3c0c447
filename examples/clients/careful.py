"""Posts the leads of a CSV file to Aktify and loses none: `python careful.py [FILE]`.

`AKTIFY_BASE_URL` and `AKTIFY_API_KEY` say where and as whom. Exit codes: 0 every lead is in or set aside, 1 the other
side has trouble (send the rest later), 3 the key was refused.

The other files of this folder take this client and make one mistake each.
"""

import csv
import os
import random
import sys
import time
from email.utils import parsedate_to_datetime
from enum import Enum
from pathlib import Path

import httpx

Lead = dict[str, str]

LEADS = Path(__file__).with_name("leads.csv")


class Next(Enum):
    """What an answer means for its lead."""

    DONE = "the lead is in"
    SET_ASIDE = "a person must correct the lead"
    AGAIN = "send the same lead again"
    STOP = "no lead gets in: a person must see to it"


class Careful:
    """Sends leads one after the other, all over one connection."""

    timeout: float | None = 5
    """Seconds to wait for the connection and for the answer. An answer may take three."""
    tries = 6
    pause = 0.5
    """Seconds before the first retry; doubles each time. Take 1 in production: it is short so that a drill is short."""
    longest_pause = 60.0

    def __init__(self) -> None:
        # No defaults: a forgotten variable would send the leads of a test to production.
        self.key = os.environ["AKTIFY_API_KEY"]
        self.http = httpx.Client(base_url=os.environ["AKTIFY_BASE_URL"], timeout=self.timeout)

    def send_all(self, leads: list[Lead]) -> int:
        """Send the leads in order and return the exit code."""
        for place, lead in enumerate(leads):
            match self.send(lead):
                case Next.SET_ASIDE:
                    log(f"{lead['externalLeadId']} is refused: correct it and send it again")
                case Next.STOP:
                    log(f"stopped: {len(leads) - place} leads are left")
                    return 3
                case Next.AGAIN:
                    log(f"gave up after {self.tries} tries: {len(leads) - place} leads are left")
                    return 1
        return 0

    def send(self, lead: Lead) -> Next:
        """Send a lead until the answer is final, or the tries are used up."""
        for tried in range(1, self.tries + 1):
            status, retry_after = self.attempt(lead)
            following = self.decide(status)
            log(f"{lead['externalLeadId']}: {status or 'no answer'}, {following.value}")
            if following is not Next.AGAIN:
                return following
            if tried < self.tries:
                time.sleep(self.wait(tried, retry_after))
        return Next.AGAIN

    def attempt(self, lead: Lead) -> tuple[int | None, float]:
        """The status (None if there was no whole answer), and how many seconds the answer asks to wait."""
        try:
            answer = self.post(self.body(lead))
        except httpx.TransportError:  # timeout, reset, half an answer: the lead may be in, or not
            return None, 0
        return answer.status_code, seconds(answer.headers.get("Retry-After"))

    def post(self, body: Lead) -> httpx.Response:
        """One request."""
        return self.http.post("/api/v1/leads", json=body, headers={"x-api-key": self.key})

    def body(self, lead: Lead) -> Lead:
        """What is sent of a lead: a field without a value is left out."""
        return {name: value for name, value in lead.items() if value}

    def decide(self, status: int | None) -> Next:
        """By the status alone: what an error's body says isn't in the contract."""
        if status in (201, 409):  # 409: it was in already, maybe by a try whose answer was lost
            return Next.DONE
        if status == 400:
            return Next.SET_ASIDE
        if status == 401:
            return Next.STOP
        return Next.AGAIN

    def wait(self, tried: int, retry_after: float) -> float:
        """Seconds until the next try: longer each time, never less than asked for, and not all clients at once."""
        backoff = min(self.pause * 2.0 ** (tried - 1), self.longest_pause)
        return max(retry_after, backoff * random.uniform(1, 1.25))


def seconds(retry_after: str | None) -> float:
    """`Retry-After` is a number of seconds, or a date."""
    if not retry_after:
        return 0
    if retry_after.isdecimal():
        return int(retry_after)
    try:
        then = parsedate_to_datetime(retry_after)
    except ValueError:
        return 0
    return then.timestamp() - time.time()


def log(text: str) -> None:
    """For whoever looks after this: no phone number, no name, no key."""
    sys.stderr.write(f"{text}\n")


def run(client: type[Careful]) -> None:
    """Read the file, send its leads, end with the exit code."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else LEADS
    with path.open(encoding="utf-8", newline="") as file:
        leads = list(csv.DictReader(file))
    sys.exit(client().send_all(leads))


if __name__ == "__main__":
    run(Careful)
