"""The configuration: defaults, every kind of problem told at once, and no secret in a message."""

from __future__ import annotations

import contextlib
import tomllib
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import SECRETS, SECTIONS, Config, ConfigError, Secrets, load
from bot.config_values import InvalidValue, Secret, in_folder
from crm_store.addresses import Address

EXAMPLE = Path(__file__).parent.parent / "config.example.toml"
SLACK = {"SLACK_BOT_TOKEN": "xoxb-canary", "SLACK_APP_TOKEN": "xapp-canary"}


def written(folder: Path, text: str) -> Path:
    """A configuration file with this text."""
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(folder: Path, text: str, env: dict[str, str] | None = None) -> dict[str, str]:
    """Each problem of a file and an environment, under its key."""
    with pytest.raises(ConfigError) as raised:
        load(written(folder, text), env or {})
    assert str(raised.value).splitlines() == [str(problem) for problem in raised.value.problems]
    return {one.key: f"{one.what}; {one.expected}" for one in raised.value.problems}


@pytest.mark.parametrize("section", SECTIONS)
def test_the_example_holds_each_key_at_its_default(section: str) -> None:
    table = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))[section]
    default = getattr(Config(), section)
    expected = {one.name: getattr(default, one.name) for one in fields(default)}
    assert {key: _frozen(value) for key, value in table.items()} == expected


def _frozen(value: Any) -> Any:
    """A value of TOML as the configuration keeps it."""
    if isinstance(value, dict):
        return tuple(value.items())
    return tuple(value) if isinstance(value, list) else value


def test_the_example_has_no_other_section_and_loads(tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    assert set(tomllib.loads(text)) == {*SECTIONS, "routes"}
    loaded = load(written(tmp_path, text), {})
    assert loaded.slack == Config().slack
    assert loaded.store.url == f"sqlite:///{tmp_path}/rapport.db"


def test_the_routes_that_the_example_only_mentions_load_too(tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    text = text.replace("# churn", "churn").replace("# segments", "segments")
    assert load(written(tmp_path, text), {}).routes == {
        "churn": (Address("slack", "C0123"),),
        "segments": (Address("slack", "C0456"), Address("telegram", "-100123", "7")),
    }


def test_each_key_of_the_example_has_a_comment_above() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    keys = [number for number, line in enumerate(lines) if "=" in line and line[0] != "#"]
    assert len(keys) == sum(len(fields(section)) for section in SECTIONS.values())
    assert all(lines[number - 1].startswith("# ") for number in keys)


def test_the_example_names_every_secret() -> None:
    assert all(name in EXAMPLE.read_text(encoding="utf-8") for name in SECRETS)
    assert tuple(one.name.upper() for one in fields(Secrets)) == SECRETS


def test_without_a_file_everything_is_at_its_default() -> None:
    assert load(None, {"HOME": "/nowhere"}) == Config()


def test_the_values_are_frozen() -> None:
    assert all(is_dataclass(one) and one.__dataclass_params__.frozen for one in SECTIONS.values())  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        Config().routes["churn"] = ()  # type: ignore[index]


def test_every_problem_is_told_at_once_with_its_key(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """
        colour = "red"
        [store]
        url = "postgres://localhost/rapport"
        [slack]
        enabled = "yes"
        mode = "sockt"
        api_base_url = "http://slack.com/api/"
        commands = ["/crm"]
        comands = []
        bot_token = "xoxb-canary"
        [telegram]
        mode = "poling"
        webhook_url = "http://example.com"
        [web]
        host = "not a host"
        port = 70000
        [defaults]
        language = "de"
        time_zone = "Europe/Berlyn"
        currency = "eur"
        working_hours = "18:00-09:00"
        [routes]
        churn = ["slak:C1"]
        segments = "slack:C1"
        health = ["nowhere"]
        """,
        {"SLACK_APP_TOKEN": "wrong-canary"},
    )
    assert found.keys() == {
        "colour", "store.url", "slack.enabled", "slack.mode", "slack.api_base_url",
        "slack.commands", "slack.comands", "slack.bot_token", "telegram.mode",
        "telegram.webhook_url", "web.host", "web.port", "defaults.language",
        "defaults.time_zone", "defaults.currency", "defaults.working_hours", "routes.churn",
        "routes.segments", "routes.health", "SLACK_APP_TOKEN",
    }  # fmt: skip
    assert "canary" not in str(found)
    assert 'did you mean "socket"?' in found["slack.mode"]
    assert 'did you mean "commands"?' in found["slack.comands"]
    assert 'did you mean "Europe/Berlin"?' in found["defaults.time_zone"]
    assert 'did you mean "EUR"?' in found["defaults.currency"]
    assert 'did you mean "slack"?' in found["routes.churn"]
    assert "SLACK_BOT_TOKEN or SLACK_BOT_TOKEN_FILE" in found["slack.bot_token"]


@pytest.mark.parametrize(
    ("text", "key", "told"),
    [
        ("[stor]\nurl = 'x'", "stor", 'did you mean "store"?'),
        ("port = 80", "port", 'did you mean "web.port"?'),
        ("slack = true", "slack", "a line [slack] with keys below"),
        ("[store]\nurl = 'sqlite://'", "store.url", "names no file"),
        ("[store]\nurl = 7", "store.url", "not a text"),
        ("[store]\nurl = 'mysql://h/d'", "store.url", "not a store"),
        ("[store]\nurl = 'postgresql+psycopg://h:port/d'", "store.url", "not a URL"),
        ("[store]\nurl = 'postgresql+psycopg://u:canary@h/d'", "store.url", "PGPASSWORD"),
        ("[store]\nurl = 'postgresql+psycopg://h/d?password=canary'", "store.url", "PGPASSWORD"),
        ("[slack]\ncommands = []", "slack.commands", "not a list of commands"),
        ("[slack]\nreactions = 'ticket'", "slack.reactions", "does not name emoji"),
        ("[slack]\nreactions = { a = 'deal' }", "slack.reactions", "makes"),
        ("[slack]\nreactions = { ':a:' = 'note' }", "slack.reactions", "makes"),
        ("[slack]\nlink_domain = 'https://x.example'", "slack.link_domain", "not a host name"),
        ("[slack]\npreview_channels = ['sales']", "slack.preview_channels", "id of a channel"),
        ("[slack]\npreview_channels = 'C01'", "slack.preview_channels", "not a list"),
        ("[slack]\ncommands = ['crm', 'crm']", "slack.commands", "twice"),
        ("[slack]\napi_base_url = 'https://u@h/'", "slack.api_base_url", "host and a path"),
        ("[slack]\napi_base_url = 'https:///api'", "slack.api_base_url", "nowhere"),
        ("[slack]\nsigning_secret = 'canary'", "slack.signing_secret", "SLACK_SIGNING_SECRET"),
        ("[telegram]\ntoken = 'canary'", "telegram.token", "TELEGRAM_BOT_TOKEN"),
        ("rapport_key = 'canary'", "rapport_key", "RAPPORT_KEY"),
        ("[telegram]\nwebhook_url = 'https://h:81/'", "telegram.webhook_url", "443"),
        ("[telegram]\ntickets_chat = 'desk'", "telegram.tickets_chat", "no group"),
        ("[telegram]\ntickets_chat = 7", "telegram.tickets_chat", "no group"),
        ("[telegram]\ntopic_name = '{number} {who}'", "telegram.topic_name", "no pattern"),
        ("[telegram]\ntopic_name = '{number.real}'", "telegram.topic_name", "no pattern"),
        ("[telegram]\ntopic_name = '{subject}'", "telegram.topic_name", "apart"),
        ("[web]\nport = true", "web.port", "to 65535"),
        ("[web]\nport = '8080'", "web.port", "without quotes"),
        ("[defaults]\ntime_zone = '../etc'", "defaults.time_zone", "unknown"),
        ("[defaults]\nworking_hours = '9-18'", "defaults.working_hours", "HH:MM"),
        ("[routes]\nchurn = [7]", "routes.churn", "not a text"),
        ("[notes]\nx = 'xoxb-1-canary'", "notes", "a secret stands in its value"),
    ],
)
def test_a_problem_says_what_was_expected(tmp_path: Path, text: str, key: str, told: str) -> None:
    found = problems(tmp_path, text)
    assert list(found) == [key]
    assert told in found[key]
    assert "canary" not in found[key]


def test_a_token_in_a_known_key_is_refused_and_not_shown(tmp_path: Path) -> None:
    text = "[telegram]\napi_base_url = 'https://h/bot12345678:canarycanarycanarycanary/'"
    assert problems(tmp_path, text).keys() == {"telegram.api_base_url"}
    assert "canary" not in str(problems(tmp_path, text))


@pytest.mark.parametrize("text", ["[slack", "slack = ", "a = 1\na = 2"])
def test_a_file_that_is_not_toml_is_one_problem(tmp_path: Path, text: str) -> None:
    [(key, told)] = problems(tmp_path, text).items()
    assert key.endswith("config.toml")
    assert "is not TOML" in told


def test_a_file_that_cannot_be_read_is_one_problem(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load(tmp_path / "none.toml", {})
    (tmp_path / "latin.toml").write_bytes(b"a = '\xe4'")
    with pytest.raises(ConfigError, match="is not UTF-8"):
        load(tmp_path / "latin.toml", {})


@pytest.mark.parametrize(
    ("text", "env", "missing"),
    [
        ("[slack]\nenabled = true", {}, {"SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"}),
        ("[slack]\nenabled = true", {"SLACK_APP_TOKEN": "xapp-1"}, {"SLACK_BOT_TOKEN"}),
        ("[slack]\nenabled = true\nmode = 'http'", SLACK, {"SLACK_SIGNING_SECRET"}),
        ("[slack]\nenabled = true\nmode = 'htp'", {}, {"slack.mode"}),
        ("[telegram]\nenabled = true", SLACK, {"TELEGRAM_BOT_TOKEN"}),
        ("[telegram]\nenabled = true", {"TELEGRAM_BOT_TOKEN": "x"}, {"TELEGRAM_BOT_TOKEN"}),
        (
            "[telegram]\nenabled = true\nmode = 'webhook'",
            {},
            {"TELEGRAM_BOT_TOKEN", "TELEGRAM_WEBHOOK_SECRET", "telegram.webhook_url"},
        ),
        ("", {"TELEGRAM_WEBHOOK_SECRET": "not allowed!"}, {"TELEGRAM_WEBHOOK_SECRET"}),
        ("", {"TELEGRAM_WEBHOOK_SECRET": "a" * 257}, {"TELEGRAM_WEBHOOK_SECRET"}),
        ("", {"RAPPORT_KEY": "short"}, {"RAPPORT_KEY"}),
        ('[llm]\nbase_url = "https://llm.example/v1"', {}, {"llm.model"}),
        ('[llm]\nbase_url = "http://llm.example/v1"\nmodel = "m"', {}, {"llm.base_url"}),
    ],
)
def test_what_is_enabled_demands_its_secrets(
    tmp_path: Path, text: str, env: dict[str, str], missing: set[str]
) -> None:
    assert problems(tmp_path, text, env).keys() == missing


def test_what_is_enabled_and_complete_loads(tmp_path: Path) -> None:
    text = """
    [store]
    url = "postgresql+psycopg://rapport@db/rapport"
    [slack]
    enabled = true
    api_base_url = "http://127.0.0.1:9000/api/"
    commands = ["crm", "deal"]
    [telegram]
    enabled = true
    mode = "webhook"
    api_base_url = "http://telegram-bot-api:8081"
    webhook_url = "https://crm.example.com/telegram/webhook"
    [defaults]
    language = "zh"
    time_zone = "Asia/Shanghai"
    """
    env = {**SLACK, "TELEGRAM_BOT_TOKEN": "1:canary", "TELEGRAM_WEBHOOK_SECRET": "canary_1"}
    config = load(written(tmp_path, text), env)
    assert config.store.url == "postgresql+psycopg://rapport@db/rapport"
    assert config.slack.commands == ("crm", "deal")
    assert config.defaults.language == "zh"
    assert config.secrets.telegram_bot_token == Secret("1:canary")
    assert config.secrets.slack_bot_token is not None
    assert config.secrets.slack_bot_token.reveal() == "xoxb-canary"


def test_a_secret_shows_itself_to_nobody(tmp_path: Path) -> None:
    config = load(None, SLACK)
    secret: Any = config.secrets.slack_bot_token
    assert f"{secret} {secret!r} {secret!s} {config} {[secret]}".count("***") >= 6
    assert "canary" not in f"{secret} {secret!r} {config}"


def private(folder: Path, content: bytes, mode: int = 0o600) -> str:
    """The path of a file with a secret."""
    path = folder / "secret"
    path.write_bytes(content)
    path.chmod(mode)
    return str(path)


def test_a_secret_may_stand_in_a_private_file(tmp_path: Path) -> None:
    env = {"SLACK_BOT_TOKEN_FILE": private(tmp_path, b"xoxb-canary\n"), "SLACK_BOT_TOKEN": ""}
    assert load(None, env).secrets.slack_bot_token == Secret("xoxb-canary")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_secret_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    env = {"SLACK_BOT_TOKEN_FILE": private(tmp_path, b"xoxb-canary", mode)}
    told = problems(tmp_path, "", env)["SLACK_BOT_TOKEN"]
    assert f"mode {mode:04o}" in told
    assert "chmod 600" in told


@pytest.mark.parametrize("content", [b"", b"\n", b"two\nlines", b"\xff\xfe", b"wrong-canary"])
def test_a_secret_file_with_something_else_is_refused(tmp_path: Path, content: bytes) -> None:
    env = {"SLACK_BOT_TOKEN_FILE": private(tmp_path, content)}
    found = problems(tmp_path, "", env)
    assert found.keys() == {"SLACK_BOT_TOKEN"}
    assert "canary" not in str(found)


def test_a_secret_file_that_is_not_there_or_a_folder_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        assert problems(tmp_path, "", {"RAPPORT_KEY_FILE": str(path)}).keys() == {"RAPPORT_KEY"}


def test_a_secret_given_twice_is_refused(tmp_path: Path) -> None:
    env = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_BOT_TOKEN_FILE": private(tmp_path, b"xoxb-2")}
    assert "both set" in problems(tmp_path, "", env)["SLACK_BOT_TOKEN"]


def test_only_a_relative_file_is_placed_beside_the_configuration() -> None:
    folder = Path("/etc/rapport")
    assert in_folder("sqlite:///a/b.db", folder) == "sqlite:////etc/rapport/a/b.db"
    assert in_folder("sqlite:////var/b.db", folder) == "sqlite:////var/b.db"
    assert in_folder("sqlite:///:memory:", folder) == "sqlite:///:memory:"
    assert in_folder("postgresql+psycopg:///x", folder) == "postgresql+psycopg:///x"


ANYTHING = st.recursive(
    st.text(max_size=30) | st.integers() | st.booleans() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


READERS = {
    f"{name}.{one.name}": one.metadata["read"]
    for name, section in SECTIONS.items()
    for one in fields(section)
}


@given(key=st.sampled_from(sorted(READERS)), value=ANYTHING)
def test_any_value_is_read_or_refused_with_a_reason(key: str, value: object) -> None:
    with contextlib.suppress(InvalidValue):
        assert isinstance(READERS[key](value), str | int | tuple)
