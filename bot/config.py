"""What one installation is told: `config.toml` and the environment's secrets, as frozen values.

What a person may set in chat is kept in the store; what the platforms answer is asked by `rapport
doctor`. Every field carries the reader of its value, so that the file, the defaults and the checks
cannot drift apart. All problems are collected before one `ConfigError` is raised.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from bot import config_values as values
from bot import logs
from bot.config_values import InvalidValue, Secret, shown, suggestion
from crm_store.addresses import Address
from crm_store.exclusions import EXCLUDED
from handlers.request import TOPIC_NAME
from handlers.wording import LANGUAGES

Section = TypeVar("Section")
_SECRET_WORDS = ("token", "secret", "password", "key", "credentials")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right: where, what is wrong, and what was expected there."""

    key: str
    what: str
    expected: str

    def __str__(self) -> str:
        return f"{self.key}: {self.what}; expected {self.expected}"


class ConfigError(Exception):
    """The configuration cannot be used; `problems` holds every reason, not only the first."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def _value(default: object, read: Callable[[object], object]) -> Any:  # noqa: ANN401 - as `field` does
    """Declare a key of a section with its default and the reader of its value."""
    return field(default=default, metadata={"read": read})


@dataclass(frozen=True, slots=True)
class StoreConfig:
    """Where everything is kept."""

    url: str = _value("sqlite:///rapport.db", values.store_url)


@dataclass(frozen=True, slots=True)
class SlackConfig:
    """Whether and how Slack is reached."""

    enabled: bool = _value(default=False, read=values.switch)
    mode: str = _value("socket", values.one_of("socket", "http"))
    api_base_url: str = _value("https://slack.com/api/", values.api_url)
    commands: tuple[str, ...] = _value(("crm",), values.commands)
    home: bool = _value(default=True, read=values.switch)
    shortcuts: bool = _value(default=True, read=values.switch)
    agent: bool = _value(default=False, read=values.switch)
    reactions: tuple[tuple[str, str], ...] = _value((), values.reactions)
    link_domain: str = _value("", values.domain)
    preview_channels: tuple[str, ...] = _value((), values.channels)
    shared_channels: bool = _value(default=False, read=values.switch)


@dataclass(frozen=True, slots=True)
class TelegramConfig:
    """Whether and how Telegram is reached."""

    enabled: bool = _value(default=False, read=values.switch)
    mode: str = _value("polling", values.one_of("polling", "webhook"))
    api_base_url: str = _value("https://api.telegram.org", values.api_url)
    webhook_url: str = _value("", values.webhook_url)
    customers: bool = _value(default=False, read=values.switch)
    tickets_chat: str = _value("", values.telegram_chat)
    tickets_topics: bool = _value(default=True, read=values.switch)
    topic_name: str = _value(TOPIC_NAME, values.topic_name)


@dataclass(frozen=True, slots=True)
class WebConfig:
    """Where the web server listens, and whether it serves the chat."""

    host: str = _value("127.0.0.1", values.host)
    port: int = _value(8080, values.port)
    chat: bool = _value(default=False, read=values.switch)


@dataclass(frozen=True, slots=True)
class DefaultsConfig:
    """What holds for people who have not said otherwise."""

    language: str = _value("en", values.one_of(*LANGUAGES))
    time_zone: str = _value("UTC", values.zone)
    currency: str = _value("USD", values.currency)
    working_hours: str = _value("09:00-18:00", values.working_hours)


@dataclass(frozen=True, slots=True)
class LlmConfig:
    """The language model that may help to understand sentences; none while `base_url` is empty."""

    base_url: str = _value("", values.optional_api_url)
    model: str = _value("", values.plain_text)


@dataclass(frozen=True, slots=True)
class AnalysisConfig:
    """What the analyses may look at."""

    excluded_fields: tuple[str, ...] = _value(EXCLUDED, values.names)
    contract_field: str = _value("", values.plain_text)


@dataclass(frozen=True, slots=True)
class JobsConfig:
    """What heavy jobs may take, and the cluster that shares their work, if any."""

    memory_mb: int = _value(4096, values.megabytes)
    dask_scheduler: str = _value("", values.optional_scheduler)


@dataclass(frozen=True, slots=True)
class Secrets:
    """What only the environment knows: a field in capitals is its variable, or with _FILE its file."""

    slack_bot_token: Secret | None = None
    slack_app_token: Secret | None = None
    slack_signing_secret: Secret | None = None
    telegram_bot_token: Secret | None = None
    telegram_webhook_secret: Secret | None = None
    rapport_key: Secret | None = None
    rapport_llm_key: Secret | None = None


# The regular expression that the whole secret matches, and the same in words.
SHAPES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "slack_bot_token": (r"xoxb-[\w.-]+", "a bot token, xoxb-…"),
        "slack_app_token": (r"xapp-[\w.-]+", "an app-level token, xapp-…"),
        "slack_signing_secret": (r"[\x21-\x7e]{8,}", "at least 8 characters, no spaces"),
        "telegram_bot_token": (r"\d+:[\w-]+", "NUMBER:LETTERS, as BotFather gives it"),
        "telegram_webhook_secret": (r"[A-Za-z0-9_-]{1,256}", "1 to 256 of A-Z a-z 0-9 _ -"),
        "rapport_key": (r"[\x21-\x7e]{16,}", "at least 16 characters, no spaces"),
        "rapport_llm_key": (r"[\x21-\x7e]+", "a key without spaces"),
    }
)
SECRETS = tuple(name.upper() for name in SHAPES)


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration; `routes` maps the name of a job's audience to its addresses."""

    store: StoreConfig = field(default_factory=StoreConfig)
    slack: SlackConfig = field(default_factory=SlackConfig)
    telegram: TelegramConfig = field(default_factory=TelegramConfig)
    web: WebConfig = field(default_factory=WebConfig)
    defaults: DefaultsConfig = field(default_factory=DefaultsConfig)
    llm: LlmConfig = field(default_factory=LlmConfig)
    analysis: AnalysisConfig = field(default_factory=AnalysisConfig)
    jobs: JobsConfig = field(default_factory=JobsConfig)
    routes: Mapping[str, tuple[Address, ...]] = field(default_factory=lambda: MappingProxyType({}))
    secrets: Secrets = field(default_factory=Secrets)


SECTIONS: Mapping[str, type[Any]] = MappingProxyType(
    {
        "store": StoreConfig,
        "slack": SlackConfig,
        "telegram": TelegramConfig,
        "web": WebConfig,
        "defaults": DefaultsConfig,
        "llm": LlmConfig,
        "analysis": AnalysisConfig,
        "jobs": JobsConfig,
    }
)


def load(path: Path | None, env: Mapping[str, str]) -> Config:
    """Read the file, if any, and the environment.

    A relative SQLite file is placed in the folder of the configuration file.

    Args:
        path: the file; None means every default.
        env: the environment, from which nothing but the secrets is read.

    Raises:
        ConfigError: with every problem of the file and of the environment.
    """
    problems: list[Problem] = []
    tables = _tables(path, problems) if path else {}
    config = _Reading(tables, env, problems).config(path.parent if path else None)
    if problems:
        raise ConfigError(tuple(problems))
    return config


def _tables(path: Path, problems: list[Problem]) -> dict[str, Any]:
    """Return what the file says, or nothing and a problem."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        problems.append(Problem(str(path), f"cannot be read ({error.strerror})", "a TOML file"))
    except UnicodeDecodeError:
        problems.append(Problem(str(path), "is not UTF-8", "a TOML file in UTF-8"))
    except tomllib.TOMLDecodeError as error:
        problems.append(
            Problem(str(path), f"is not TOML: {logs.redact(str(error))}", "key = value")
        )
    return {}


class _Reading:
    """Reads one file and one environment, and collects what is wrong with them."""

    def __init__(
        self, tables: dict[str, Any], env: Mapping[str, str], problems: list[Problem]
    ) -> None:
        self.tables = tables
        self.env = env
        self.problems = problems

    def config(self, folder: Path | None) -> Config:
        self._refuse_unknown_sections()
        store = self._section("store", StoreConfig)
        if folder is not None:
            store = StoreConfig(values.in_folder(store.url, folder))
        config = Config(
            store=store,
            slack=self._section("slack", SlackConfig),
            telegram=self._section("telegram", TelegramConfig),
            web=self._section("web", WebConfig),
            defaults=self._section("defaults", DefaultsConfig),
            llm=self._section("llm", LlmConfig),
            analysis=self._section("analysis", AnalysisConfig),
            jobs=self._section("jobs", JobsConfig),
            routes=self._routes(),
            secrets=self._secrets(),
        )
        self._demand_slack(config)
        self._demand_telegram(config)
        if config.llm.base_url and not config.llm.model and not self._has_problem("llm.model"):
            self._add("llm.model", "is empty", "the name of a model, as [llm] base_url is set")
        return config

    def _add(self, key: str, what: str, expected: str) -> None:
        self.problems.append(Problem(key, what, expected))

    def _has_problem(self, key: str) -> bool:
        return any(problem.key == key for problem in self.problems)

    def _refuse_unknown_sections(self) -> None:
        known = (*SECTIONS, "routes")
        for name, value in self.tables.items():
            if name not in known:
                self._refuse_unknown(name, value, known)

    def _refuse_unknown(self, key: str, value: object, known: tuple[str, ...]) -> None:
        """Say what to do instead of an unknown key; a secret belongs into the environment."""
        word = key.rpartition(".")[2]
        if word.lower().endswith(_SECRET_WORDS):
            variable = _variable(key)
            expected = f"it in the environment, as {variable} or {variable}_FILE"
            self._add(key, "secrets are not read from this file", expected)
            return
        home = [f"{name}.{word}" for name, one in SECTIONS.items() if word in _keys(one)]
        elsewhere = f', did you mean "{home[0]}"?' if home else ""
        close = suggestion(word, known) or elsewhere
        self._add(key, "unknown key", f"one of {', '.join(known)}{close}")
        self._refuse_secret(key, value)

    def _refuse_secret(self, key: str, value: object) -> bool:
        """Refuse a value in which a token stands, whatever its key is called."""
        found = any(logs.has_secret(one) for one in _texts(value))
        if found:
            self._add(key, "a secret stands in its value", f"it in one of {', '.join(SECRETS)}")
        return found

    def _table(self, name: str) -> dict[str, Any]:
        table = self.tables.get(name, {})
        if isinstance(table, dict):
            return table
        self._add(name, f"{shown(table)} is not a section", f"a line [{name}] with keys below")
        return {}

    def _section(self, name: str, section: type[Section]) -> Section:
        """Read one section; a key with a problem keeps its default, so that the rest is checked."""
        table, known, good = self._table(name), _keys(section), {}
        for word, raw in table.items():
            key = f"{name}.{word}"
            if word not in known:
                self._refuse_unknown(key, raw, tuple(known))
                continue
            try:
                good[word] = known[word].metadata["read"](raw)
            except InvalidValue as problem:
                self._add(key, problem.what, problem.expected)
            else:
                self._refuse_secret(key, raw)
        return section(**good)

    def _routes(self) -> Mapping[str, tuple[Address, ...]]:
        routes = {}
        for name, raw in self._table("routes").items():
            try:
                routes[name] = values.addresses(raw)
            except InvalidValue as problem:
                self._add(f"routes.{name}", problem.what, problem.expected)
        return MappingProxyType(routes)

    def _secrets(self) -> Secrets:
        good = {}
        for name, (shape, expected) in SHAPES.items():
            try:
                good[name] = values.secret(name.upper(), self.env, shape, expected)
            except InvalidValue as problem:
                self._add(name.upper(), problem.what, problem.expected)
        return Secrets(**good)

    def _demand_slack(self, config: Config) -> None:
        if not config.slack.enabled or self._has_problem("slack.mode"):
            return
        mode = config.slack.mode
        other = "slack_app_token" if mode == "socket" else "slack_signing_secret"
        for name in ("slack_bot_token", other):
            self._demand(config, name, f'[slack] is enabled with mode "{mode}"')

    def _demand_telegram(self, config: Config) -> None:
        if not config.telegram.enabled:
            return
        self._demand(config, "telegram_bot_token", "[telegram] is enabled")
        if config.telegram.mode == "webhook":
            reason = '[telegram] is enabled with mode "webhook"'
            self._demand(config, "telegram_webhook_secret", reason)
            if not config.telegram.webhook_url and not self._has_problem("telegram.webhook_url"):
                expected = f'"https://HOST/telegram/webhook", as {reason}'
                self._add("telegram.webhook_url", "is empty", expected)

    def _demand(self, config: Config, name: str, reason: str) -> None:
        """Say that a secret is missing, unless something is already wrong with it."""
        variable = name.upper()
        if getattr(config.secrets, name) is None and not self._has_problem(variable):
            expected = f"{variable} or {variable}_FILE in the environment, as {reason}"
            self._add(variable, "is not set", expected)


def _keys(section: type[Any]) -> dict[str, Field[Any]]:
    return {one.name: one for one in fields(section) if one.default is not MISSING}


def _variable(key: str) -> str:
    """Return the environment variable that a key of the file most likely means."""
    wanted = key.replace(".", "_").upper()
    exact = [name for name in SECRETS if name == wanted or wanted.endswith(f"_{name}")]
    close = exact or [name for name in SECRETS if name.endswith(wanted.rpartition("_")[2])]
    same = [name for name in close if name.split("_")[0] == wanted.split("_")[0]]
    return (same or close or ["RAPPORT_KEY"])[0]


def _texts(value: object) -> Iterator[str]:
    """Yield every text inside a value of TOML."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
