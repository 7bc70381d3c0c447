"""What the durability suite shares: figures to report, and a log as a real sandbox writes it."""

import pytest

from support.durability.ledger import Tell, whole_lines
from support.durability.wire import e164, phone_number
from support.running import LEAD, Running

_FIGURES = pytest.StashKey[list[str]]()


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Tell:
    """Figures of this test, shown with `--whole`."""
    figures = request.config.stash.setdefault(_FIGURES, [])
    return lambda text: figures.append(f"{request.node.name}: {text}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What was tried and what was found, since a long run that says only “passed” says little."""
    if config.getoption("--whole"):
        terminalreporter.section("figures")
        for figure in config.stash.get(_FIGURES, []):
            terminalreporter.write_line(figure)


@pytest.fixture(scope="session")
def real_log(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A log with every kind of line that a sandbox writes; the last five lines are of five kinds."""
    folder = tmp_path_factory.mktemp("real")
    sandbox = Running(folder, "--quiet", "--state", str(folder / "state"))
    for place in range(90):
        sandbox.post({**LEAD, "phoneNumber": phone_number(place % 70)})
        if place % 9 == 0:
            sandbox.post({"region": "ca"})
    leads = [{**LEAD, "phoneNumber": phone_number(place)} for place in range(100, 105)]
    assert sandbox.http.post("/_sandbox/leads", json={"leads": leads}).json()["imported"] == 5
    assert sandbox.http.post("/_sandbox/keys", json={"campaign": "demo"}).status_code == 201
    removed = sandbox.http.delete("/_sandbox/leads", params={"phone": e164(phone_number(3))})
    assert removed.json() == {"removed": 1}
    sandbox.post({**LEAD, "phoneNumber": phone_number(3)})
    sandbox.post({**LEAD, "phoneNumber": phone_number(3)})
    sandbox.post(key="unheard-of")
    sandbox.process.kill()
    sandbox.end()
    log = (folder / "state" / "log.jsonl").read_bytes()
    assert len(whole_lines(log)) > 100
    return log
