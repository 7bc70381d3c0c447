"""What pytest runs of their own leave out."""

import os

import pytest

REPLACING = ("fakefs", "pook", "pytest_httpx", "requests_mock", "respx", "socket", "time_machine")
"""Plugins that replace what a test uses."""


OTHERS = ("asyncio", "trio", "anyio", "schemathesis", "hypothesispytest", *REPLACING)


QUIET = [part for name in OTHERS for part in ("-p", f"no:{name}")]


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AKTIFY_SANDBOX_URL", "AKTIFY_SANDBOX_TOKEN", "AKTIFY_BASE_URL", "AKTIFY_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name in [each for each in os.environ if each.startswith("COVERAGE")]:  # it would only slow them
        monkeypatch.delenv(name)
    monkeypatch.delenv("CI", raising=False)  # pytest says more in its summary then
    monkeypatch.setenv("NO_PROXY", "*")
