"""How long a page of leads or requests takes, anywhere in a million."""

from pathlib import Path

import click
import httpx

from benchmarks import results
from benchmarks.prepared import prepared
from benchmarks.servers import SERVE, served

GOAL_MS = 20
_ONE_PAGE = 100


def run(scale: int, count: int, to: Path | None) -> None:
    """Measure and write the section."""
    rows = []
    with (
        prepared(scale) as folder,
        served(SERVE, folder) as server,
        httpx.Client(base_url=server.url, trust_env=False, timeout=300) as client,
    ):
        for name in ("requests", "leads"):
            for where, number in _places(scale, name):
                times = [_page_ms(client, name, number) for _ in range(count)]
                rows.append(results.figure(f"{_ONE_PAGE} {name}, {where}", times, "ms", GOAL_MS, ".1f"))
    introduction = (
        f"{scale:,} leads and requests; medians of {count} times (least–most), as a client sees it."
    )
    results.section("pages", "Pages", [introduction, "", *results.figures(rows)], to)


def _places(scale: int, name: str) -> list[tuple[str, dict[str, str]]]:
    middle = f"r{scale // 2:09d}"
    places = [
        ("the newest", {}),
        ("from the middle on", {"before": middle}),
        ("the oldest", {"before": f"r{_ONE_PAGE + 1:09d}"}),
    ]
    upwards = [("upwards from the middle", {"after": middle}), ("upwards from the first", {"after": "r0"})]
    return [*places, *(upwards if name == "leads" else [])]


def _page_ms(client: httpx.Client, name: str, place: dict[str, str]) -> float:
    answer = client.get(f"/{name}", params={**place, "limit": str(_ONE_PAGE)}).raise_for_status()
    found = len(answer.json()[name])
    if found != _ONE_PAGE:
        raise click.ClickException(f"A page of {found} {name} came: {answer.url}")
    return answer.elapsed.total_seconds() * 1e3
