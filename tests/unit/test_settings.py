"""Settings: flag over environment over file over default, and every mistake named."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from aktify_sandbox.bundled import bundled
from aktify_sandbox.errors import SettingsError
from aktify_sandbox.settings import (
    DEFAULT_CAMPAIGNS,
    CampaignSetting,
    KeySetting,
    Settings,
    config_schema,
    fields_for_flags,
)
from support.snapshots import Snapshot


def gather(
    folder: Path, file: str = "", environ: dict[str, str] | None = None, **flags: Any
) -> tuple[Settings, list[str]]:
    if file:
        (folder / "aktify-sandbox.yaml").write_text(file)
    return Settings.gather(flags, environ or {}, folder)


def test_without_anything_the_defaults_hold(tmp_path: Path) -> None:
    settings, notices = gather(tmp_path)
    assert settings == Settings()
    assert notices == []
    assert (settings.host, settings.port, settings.max_body) == ("127.0.0.1", 8509, 100_000)


def test_a_variable_that_nobody_reads_is_named_without_its_value(tmp_path: Path, snapshot: Snapshot) -> None:
    _, notices = gather(
        tmp_path,
        environ={
            "AKTIFY_SANDBOX_PROT": "secret",
            "AKTIFY_SANDBOX_XYZZY": "secret",
            "AKTIFY_SANDBOX_url": "secret",
            "AKTIFY_SANDBOX_CAMPAIGNS": "secret",
        },
    )
    assert len(notices) == 4
    assert "secret" not in "".join(notices)
    snapshot("settings", "\n".join(notices))


def test_variables_that_somebody_reads_or_kubernetes_sets_are_not_spoken_of(tmp_path: Path) -> None:
    words = [name for flag in fields_for_flags() for name in (flag.name, flag.word)]
    ours = [*(word.replace("-", "_").upper() for word in words), "URL", "TOKEN", "COMMAND"]
    pods = ["SERVICE_HOST", "SERVICE_PORT", "SERVICE_PORT_HTTP", "PORT_8509_TCP", "PORT_8509_TCP_ADDR"]
    environ = {f"AKTIFY_SANDBOX_{name}": "" for name in ours} | {f"AKTIFY_SANDBOX_{pod}": "x" for pod in pods}
    _, notices = gather(
        tmp_path, environ={**environ, "AKTIFY_BASE_URL": "x", "_AKTIFY_SANDBOX_COMPLETE": "x"}
    )
    assert notices == []


def test_the_bundled_campaigns_are_the_default_ones(tmp_path: Path) -> None:
    settings, _ = gather(tmp_path, (bundled("fixtures") / "campaigns.yaml").read_text())
    assert settings.campaigns == DEFAULT_CAMPAIGNS


SAMPLES: dict[str, tuple[str, Any]] = {
    "host": ("127.0.0.2", "127.0.0.2"),
    "port": ("8600", 8600),
    "state": ("elsewhere", Path("elsewhere")),
    "in_memory": ("true", True),
    "from_state": ("seed.jsonl", Path("seed.jsonl")),
    "profile": ("strict", "strict"),
    "error_bodies": ("html", "html"),
    "shuffle": ("true", True),
    "magic": ("true", False),
    "sandbox_headers": ("true", False),
    "seed": ("7", 7),
    "max_body": ("5000", 5_000),
    "keep": ("9", 9),
    "calibration": ("c.json", Path("c.json")),
    "ready_file": ("r.json", Path("r.json")),
    "allow_host": ("a,b", ("a", "b")),
    "public_url": ("https://sandbox.test:9000/", "https://sandbox.test:9000"),
    "token": ("t", "t"),
    "fictional_only": ("true", True),
    "fsync": ("true", True),
    "open": ("true", True),
    "log_format": ("json", "json"),
    "quiet": ("true", True),
    "show_pii": ("true", True),
}
FLAGS = {flag.field: flag for flag in fields_for_flags()}


def test_every_field_is_tried_below() -> None:
    assert set(SAMPLES) | {"config", "rulings", "scenarios", "campaigns", "report_off"} == {
        field.name for field in fields(Settings)
    }


@pytest.mark.parametrize("name", SAMPLES)
def test_each_option_comes_from_environment_and_file(tmp_path: Path, name: str) -> None:
    text, expected = SAMPLES[name]
    flag = FLAGS[name]
    variable = "AKTIFY_SANDBOX_" + flag.name.replace("-", "_").upper()
    assert getattr(gather(tmp_path, environ={variable: text})[0], name) == expected
    listed = f"[{text}]" if flag.kind == "many" else text
    found = getattr(gather(tmp_path, f"{flag.name}: {listed}\n")[0], name)
    assert found == (tmp_path / expected if isinstance(expected, Path) else expected)


def test_a_flag_beats_the_environment_and_that_the_file(tmp_path: Path) -> None:
    file, environ = "seed: 1\nport: 1\nkeep: 1\n", {"AKTIFY_SANDBOX_PORT": "2", "AKTIFY_SANDBOX_KEEP": "2"}
    settings, _ = gather(tmp_path, file, environ, keep=3)
    assert (settings.seed, settings.port, settings.keep) == (1, 2, 3)


def test_rulings_are_merged_by_their_names(tmp_path: Path) -> None:
    file = "rulings: {region-case: accept, 'null': absent, link: any}\n"
    environ = {"AKTIFY_SANDBOX_RULING": "null=refuse,metadata=coerce"}
    settings, _ = gather(tmp_path, file, environ, rulings=("link=http",))
    assert settings.rulings == {
        "region-case": "accept",
        "null": "refuse",
        "link": "http",
        "metadata": "coerce",
    }


def test_fictional_only_is_a_ruling(tmp_path: Path) -> None:
    assert gather(tmp_path, fictional_only=True)[0].rulings["fictional-only"] == "on"


def test_kubernetes_port_is_ignored_with_a_notice(tmp_path: Path) -> None:
    settings, notices = gather(tmp_path, environ={"AKTIFY_SANDBOX_PORT": "tcp://10.0.0.1:8509"})
    assert settings.port == 8509
    assert "AKTIFY_SANDBOX_PORT" in notices[0]


def test_campaigns_and_keys_come_from_the_file(tmp_path: Path) -> None:
    file = """
campaigns:
  demo:
    link: tracking
    keys:
      - 02139
      - {key: old-key, name: old, revoked: true}
      - {key: busy-key, answer: 429}
    rulings: {region-case: accept}
    scenarios: [flaky, own/mine.yaml]
  other:
    scenarios: []
  none:
"""
    settings, _ = gather(tmp_path, file)
    keys = (
        KeySetting("02139"),
        KeySetting("old-key", "old", revoked=True),
        KeySetting("busy-key", answer=429),
    )
    scenarios = ("flaky", str(tmp_path / "own/mine.yaml"))
    assert settings.campaigns == (
        CampaignSetting("demo", "tracking", keys, None, {"region-case": "accept"}, scenarios),
        CampaignSetting("other", scenarios=()),
        CampaignSetting("none"),
    )


@pytest.mark.parametrize(
    ("file", "place"),
    [
        ("prot: 1", "1:1"),
        ("port: http", "1:7"),
        ("port: 70000", "1:7"),
        ("profile: lax", "1:10"),
        ("rulings: {region-cas: accept}", "1:11"),
        ("rulings: {region-case: acept}", "1:24"),
        ("rulings: {text-length: many}", "1:24"),
        ("rulings: [region-case]", "1:10"),
        ("campaigns: {}", "1:12"),
        ("host: ''", "1:7"),
        ("campaigns:\n  de mo:\n    keys: [a]", "2:3"),
        ("campaigns:\n  a/b:\n    keys: [a]", "2:3"),
        ("token: a b", "1:8"),
        ('token: "ab\\n"', "1:8"),
        ('campaigns: {demo: {keys: ["a\\n"]}}', "1:27"),
        ('campaigns: {"demo\\n": {}}', "1:13"),
        ("token: tökentöken", "1:8"),
        ("campaigns:\n  demo:\n    kyes: [a]", "3:5"),
        ("campaigns:\n  demo:\n    link: trakcing", "3:11"),
        ("campaigns:\n  demo:\n    keys: a", "3:11"),
        ("campaigns:\n  demo:\n    keys: ['a b']", "3:12"),
        ("campaigns:\n  demo:\n    keys: [{name: x}]", "3:12"),
        ("campaigns:\n  demo:\n    keys: [{key: a, revokd: true}]", "3:21"),
        ("campaigns:\n  demo:\n    keys: [{key: a, revoked: maybe}]", "3:30"),
        ("campaigns:\n  a: {keys: [k]}\n  b: {keys: [x, k]}", "3:17"),
        ("campaigns: {a: {keys: [{key: k, nmae: x}]}}", "1:33"),
        ("campaigns: {a: {keys: [{key: k, answer: 600}]}}", "1:41"),
        ("campaigns: {a: {keys: [{key: k, answer: 99}]}}", "1:41"),
        ("campaigns: {a: {keys: [{key: k, answer: busy}]}}", "1:41"),
        ("campaigns: {a: {keys: [{key: k, answer: 409, revoked: true}]}}", "1:41"),
        ("campaigns: {a: {scenarios: flaky}}", "1:28"),
        ("campaigns: {a: {scenario: [flaky]}}", "1:17"),
        ("allow-host: a", "1:13"),
        ("in-memory: 1", "1:12"),
        ("report: {off: {constant-feild: one state}}", "1:16"),
        ("report: {off: {constant-field: ''}}", "1:32"),
        ("report: {off: {constant-field: ' '}}", "1:32"),
        ("report: {off: [constant-field]}", "1:15"),
        ("report: {on: {}}", "1:10"),
    ],
)
def test_a_mistake_in_the_file_has_its_place(
    tmp_path: Path, file: str, place: str, snapshot: Snapshot
) -> None:
    with pytest.raises(SettingsError) as caught:
        gather(tmp_path, file)
    assert f"aktify-sandbox.yaml:{place}: " in str(caught.value), str(caught.value)
    snapshot("settings", str(caught.value))


def mistakes(folder: Path, file: str) -> str:
    with pytest.raises(SettingsError) as caught:
        gather(folder, file)
    return str(caught.value)


def test_a_list_where_a_word_belongs_is_one_mistake_that_says_the_words(
    tmp_path: Path, snapshot: Snapshot
) -> None:
    said = mistakes(tmp_path, "rulings: {regions: [states]}")
    assert said.count("\n") == 0
    snapshot("settings", said)


@pytest.mark.parametrize(
    "file",
    [
        "campaigns: {demo: {keys: [CANARY key secret]}}",
        "campaigns: {demo: {keys: CANARYCANARY}}",
        "campaigns: {demo: {keys: {CANARYCANARY: x}}}",
        "campaigns: {demo: {keys: [{CANARYCANARY: x}]}}",
        "campaigns: {demo: {keys: [{key: CANARY key secret}]}}",
        "campaigns: {demo: {keys: [{key: [CANARYCANARY]}]}}",
        "campaigns: {demo: {keys: [{key: a, revoked: CANARYCANARY}]}}",
        "campaigns: {demo: {keys: [!CANARYCANARY]}}",
        "campaigns: {demo: {keys: [!CANARY!CANARY]}}",
        "campaigns: {demo: {keys: [*CANARYCANARY]}}",
        "campaigns: {demo: {keys: [&CANARYCANARY x]}}",
        "campaigns: {demo: {keys: ['CANARYCANARY]}}",
        "campaigns: {demo: {keys: [CANARYCANARY]}, b: {keys: [CANARYCANARY]}}",
        "campaigns: {demo: {keys: [{key: a, answer: CANARYCANARY}]}}",
        "campaigns: {demo: {keys: [{key: a, nmae: CANARYCANARY}]}}",
        "campaigns: {demo: {keys: [{CANARY-1: a, CANARY-1: b}]}}",
        "campaigns: {demo: {CANARY-CANARY: x}}",
        "campaigns: {CANARY/CANARY: {}}",
        "CANARY-CANARY: x",
        "campaigns: {demo: CANARYCANARY}",
        "campaigns: CANARYCANARY",
        "campaigns: [CANARYCANARY]",
        "token: [CANARYCANARY]",
        "token: {CANARYCANARY: x}",
        "token: CANARY CANARY",
        "CANARYCANARY",
    ],
)
def test_no_mistake_shows_a_key_or_the_token(tmp_path: Path, file: str) -> None:
    assert "CANARY" not in mistakes(tmp_path, file).partition(":1:")[2]


def test_a_secret_is_shown_masked_and_what_is_none_is_shown(tmp_path: Path) -> None:
    assert "CAN…ret" in mistakes(tmp_path, "campaigns: {demo: {keys: [CANARY key secret]}}")
    assert "trakcing" in mistakes(tmp_path, "campaigns: {demo: {link: trakcing, keys: [a]}}")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("foo.local", "foo.local"),
        ("foo.local:8509", "foo.local"),
        ("[fe80::1]:8509", "fe80::1"),
        ("[fe80::1]", "fe80::1"),
        ("fe80::1", "fe80::1"),
        ("10.0.0.1:80", "10.0.0.1"),
        ("[FE80:0::0001]:80", "fe80::1"),
        ("2001:0db8::1", "2001:db8::1"),
    ],
)
def test_a_port_behind_an_allowed_host_is_dropped(tmp_path: Path, written: str, name: str) -> None:
    assert gather(tmp_path, allow_host=(written,))[0].allow_host == (name,)


@pytest.mark.parametrize(
    "written",
    [
        "http://foo.local",
        "foo.local/",
        "foo:port",
        "a b",
        "[foo",
        "*",
        "10.0.0.1:abc",
        "[::1:80",
        "[10.0.0.1]",
        "foo:123456",
        "",
    ],
)
def test_an_allowed_host_that_could_never_match_is_refused(
    tmp_path: Path, written: str, snapshot: Snapshot
) -> None:
    with pytest.raises(SettingsError) as caught:
        gather(tmp_path, allow_host=(written,))
    snapshot("settings", str(caught.value))


@pytest.mark.parametrize("token", ["ü", "CANARY secret", "CANARY\n", "x" * 1_001])
def test_a_token_that_no_header_can_carry_is_refused_without_being_shown(
    tmp_path: Path, token: str, snapshot: Snapshot
) -> None:
    with pytest.raises(SettingsError) as caught:
        gather(tmp_path, token=token)
    snapshot("settings", str(caught.value))
    assert token not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "sandbox.test",
        "ftp://a",
        "http://",
        "http://a/b",
        "http://a?b",
        "http://u@a",
        "http://a:x",
        "",
        "http://a\n",
    ],
)
def test_a_public_url_is_an_origin(tmp_path: Path, url: str, snapshot: Snapshot) -> None:
    with pytest.raises(SettingsError) as caught:
        gather(tmp_path, public_url=url)
    snapshot("settings", str(caught.value))
    assert mistakes(tmp_path, f"public-url: {json.dumps(url)}")


def test_an_empty_token_is_refused(tmp_path: Path, snapshot: Snapshot) -> None:
    """With it nobody could enter; a variable that is empty is as good as unset."""
    for host in ("127.0.0.1", "0.0.0.0"):
        with pytest.raises(SettingsError) as caught:
            gather(tmp_path, token="", host=host)
        snapshot("settings", str(caught.value), host)
    assert gather(tmp_path, environ={"AKTIFY_SANDBOX_TOKEN": ""})[0].token is None


@pytest.mark.parametrize(
    "environ",
    [
        {"AKTIFY_SANDBOX_PORT": "http"},
        {"AKTIFY_SANDBOX_QUIET": "perhaps"},
        {"AKTIFY_SANDBOX_LOG_FORMAT": "jsn"},
        {"AKTIFY_SANDBOX_RULING": "region-case"},
        {"AKTIFY_SANDBOX_HOST": "0.0.0.0"},
    ],
)
def test_a_mistake_in_the_environment_is_named(
    tmp_path: Path, environ: dict[str, str], snapshot: Snapshot
) -> None:
    with pytest.raises(SettingsError) as caught:
        gather(tmp_path, environ=environ)
    snapshot("settings", str(caught.value))


def test_the_schema_is_a_schema_and_knows_every_option() -> None:
    schema = config_schema()
    Draft202012Validator.check_schema(schema)
    names = {flag.name for flag in fields_for_flags()} - {"config", "ruling", "scenario"}
    assert set(schema["properties"]) == names | {"rulings", "scenarios", "campaigns", "report"}


def test_the_name_of_a_key_must_not_give_it_away(tmp_path: Path, snapshot: Snapshot) -> None:
    (tmp_path / "aktify-sandbox.yaml").write_text(
        "campaigns: {demo: {keys: [{key: CANARY, name: my-CANARY}]}}"
    )
    with pytest.raises(SettingsError) as caught:
        Settings.gather({}, {}, tmp_path)
    snapshot("settings", str(caught.value))
    assert "CANARY" not in str(caught.value)
