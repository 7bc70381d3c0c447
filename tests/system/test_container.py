"""The Dockerfile: looked over by hadolint, and all of it that can run without an engine is run."""

import fnmatch
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.container import Container, environment_of_image, stages, the
from support.paths import ROOT
from support.ports import free_port
from support.running import LEAD, unmeasured

TOKEN = "of-this-test"


def test_hadolint_has_nothing_to_say() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, "--no-color", ROOT / "Dockerfile"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_each_stage_stands_on_a_named_version_that_the_package_supports() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for stage in stages():
        found = re.fullmatch(r"python:(3\.\d+)-slim-[a-z]+(?: AS [a-z]+)?", stage[0].rest)
        assert found
        assert f"Programming Language :: Python :: {found[1]}" in project["classifiers"]
    assert len(stages()) == 2


def test_the_last_stage_runs_as_nobody_in_particular() -> None:
    user, group = the("USER").rest.split(":")
    assert int(user) >= 10_000
    assert int(group) >= 10_000
    words = [each.word for each in stages()[-1]]
    assert "RUN" not in words[words.index("USER") :]
    assert f"--owner={user} --group={group} --mode=0700 {the('VOLUME').argv[0]}" in the("RUN").rest


def test_nothing_is_added_from_elsewhere_and_every_command_is_an_exec_form() -> None:
    words = [each.word for stage in stages() for each in stage]
    assert "ADD" not in words
    for word in ("ENTRYPOINT", "CMD", "HEALTHCHECK"):
        assert all(isinstance(each, str) for each in the(word).argv)


def test_the_image_holds_no_token_and_its_port_is_the_default() -> None:
    assert "TOKEN" not in " ".join(environment_of_image())
    assert the("EXPOSE").rest == "8509"
    assert environment_of_image()["AKTIFY_SANDBOX_STATE"] == the("VOLUME").argv[0]


def context(folder: Path) -> Path:
    """What `.dockerignore` lets into the build, of the files that git knows or would know."""
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert lines[0] == "*"
    allowed = [line[1:] for line in lines if line.startswith("!")]
    refused = [line.removeprefix("**/") for line in lines[1:] if not line.startswith("!")]
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(
        listing, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines():
        parts = Path(name).parts
        if parts[0] in allowed and not any(fnmatch.filter(parts, each) for each in refused):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs that the first stage makes, by its own command."""
    source, made = tmp_path_factory.mktemp("src"), tmp_path_factory.mktemp("opt") / "sandbox"
    [build] = [each.rest for each in stages()[0] if each.word == "RUN"]
    command = build.replace("/opt/sandbox", str(made))
    assert command != build
    done = subprocess.run(
        ["sh", "-c", command], cwd=context(source), env=unmeasured(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return made / "bin"


Start = Callable[..., Container]


@pytest.fixture
def start(programs: Path, tmp_path: Path) -> Iterator[Start]:
    """Starts the container; it is stopped after the test."""
    started: list[Container] = []
    port = free_port()

    def begin(*arguments: str, **environment: str) -> Container:
        started.append(Container(programs, tmp_path, port, *arguments, **environment))
        return started[-1]

    yield begin
    for each in started:
        if each.process.poll() is None:
            each.stop()


def test_it_is_healthy_when_it_answers_and_not_before_or_after(start: Start) -> None:
    container = start(AKTIFY_SANDBOX_TOKEN=TOKEN)
    container.wait()
    assert container.http.get("/_sandbox/health").json()["status"] == "ok"
    code, out = container.stop()
    assert code == 0
    assert "Stopped by SIGTERM." in out
    assert not container.is_healthy()


def test_its_state_outlives_it(start: Start) -> None:
    statuses = []
    for _ in range(2):
        container = start(AKTIFY_SANDBOX_TOKEN=TOKEN)
        container.wait()
        answer = container.http.post("/api/v1/leads", json=LEAD, headers={"x-api-key": "test-key"})
        statuses.append(answer.status_code)
        container.stop()
    assert statuses == [201, 409]
    assert (container.state / "log.jsonl").is_file()


def test_without_a_token_it_says_what_to_give(start: Start) -> None:
    container = start()
    out, _ = container.process.communicate(timeout=30)
    assert container.process.returncode == 2
    assert "AKTIFY_SANDBOX_TOKEN" in out


def test_options_of_serve_can_be_given_behind_the_image(start: Start) -> None:
    container = start("serve", "--scenario", "unauthorized", AKTIFY_SANDBOX_TOKEN=TOKEN)
    container.wait()
    answer = container.http.post("/api/v1/leads", json=LEAD, headers={"x-api-key": "test-key"})
    assert answer.status_code == 401


def test_configuration_and_scenarios_are_looked_for_in_its_work_folder(start: Start, tmp_path: Path) -> None:
    assert the("WORKDIR").rest == "/work"
    (tmp_path / "work" / "scenarios").mkdir(parents=True)
    (tmp_path / "work" / "scenarios" / "mine.yaml").write_text("rules: [{answer: 418}]")
    (tmp_path / "work" / "aktify-sandbox.yaml").write_text("scenarios: [mine]\nhost: 127.0.0.2\n")
    container = start(AKTIFY_SANDBOX_TOKEN=TOKEN)
    container.wait()
    answer = container.http.post("/api/v1/leads", json=LEAD, headers={"x-api-key": "test-key"})
    assert answer.status_code == 418


def test_a_browser_gets_in_by_a_link_with_the_token(start: Start) -> None:
    container = start(AKTIFY_SANDBOX_TOKEN=TOKEN)
    container.wait()
    container.http.headers["accept"] = "text/html"
    assert container.http.get("/_sandbox/").status_code == 401
    page = container.http.get(f"/_sandbox/?token={TOKEN}", follow_redirects=True)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")


def test_another_container_posts_leads_and_needs_token_and_name_for_our_own_door(start: Start) -> None:
    """It knows this one by its name on their network."""
    there = {"host": "aktify:8509"}
    bearer = {"authorization": f"Bearer {TOKEN}"}
    container = start(AKTIFY_SANDBOX_TOKEN=TOKEN)
    container.wait()
    answer = container.http.post("/api/v1/leads", json=LEAD, headers={"x-api-key": "test-key", **there})
    assert answer.status_code == 201
    refused = container.http.get("/_sandbox/requests", headers={**there, **bearer})
    assert refused.status_code == 403
    assert "--allow-host" in refused.json()["detail"]
    container.stop()
    container = start(AKTIFY_SANDBOX_TOKEN=TOKEN, AKTIFY_SANDBOX_ALLOW_HOST="aktify")
    container.wait()
    assert container.http.get("/_sandbox/requests", headers=there).status_code == 401
    assert container.http.get("/_sandbox/requests", headers={**there, **bearer}).status_code == 200


def test_the_commands_work_inside_it(start: Start, programs: Path) -> None:
    """As `docker exec` runs them, with the environment of the container."""
    container = start(AKTIFY_SANDBOX_TOKEN=TOKEN)
    container.wait()
    env = unmeasured(AKTIFY_SANDBOX_TOKEN=TOKEN, AKTIFY_SANDBOX_URL=container.url)
    done = subprocess.run(
        [programs / "aktify-sandbox", "requests", "list"], env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_the_strict_profile_is_in_the_image(start: Start) -> None:
    container = start("serve", "--profile", "strict", AKTIFY_SANDBOX_TOKEN=TOKEN)
    container.wait()
    assert container.http.get("/_sandbox/health").status_code == 200


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give folders to another user")
def test_its_folders_are_made_and_belong_to_its_user(tmp_path: Path) -> None:
    command = the("RUN").rest.replace("/state", f"{tmp_path}/state").replace("/work", f"{tmp_path}/work")
    subprocess.run(["sh", "-c", command], check=True)
    state = (tmp_path / "state").stat()
    assert (state.st_mode & 0o777, f"{state.st_uid}:{state.st_gid}") == (0o700, the("USER").rest)
    assert (tmp_path / "work").is_dir()
