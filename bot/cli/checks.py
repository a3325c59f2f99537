"""What `rapport doctor` looks at on this machine: secrets, store, file permissions, clock, fonts.

The platforms are asked in `bot/cli/platform_checks.py`.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.app import model, open_store
from bot.config import SECRETS, Config
from bot.understanding.model import ModelError, call_of
from crm_store import backups, health, migrations, users
from crm_store.store import Actor, Conflict, Store, StoreUnavailable
from handlers import subjects
from handlers.command import commands

_ACTOR = Actor(None, "command line", "doctor", "doctor")
_OTHERS = 0o077
_SKEW = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `advice` says what to do where it is not well.

    Attributes:
        bearable: where it is not well, the program still does all that is asked of it here.
    """

    name: str
    ok: bool
    found: str
    advice: str = ""
    bearable: bool = False

    def __str__(self) -> str:
        mark = "ok     " if self.ok else "warning" if self.bearable else "PROBLEM"
        advice = f" {self.advice}" if self.advice else ""
        return f"{mark}  {self.name}: {self.found}{advice}"

    def facts(self) -> dict[str, object]:
        """Return the check as JSON values."""
        return asdict(self)


def everything(config: Config) -> list[Check]:
    """Make every check that the configuration calls for."""
    from bot.cli import platform_checks

    found = [
        *_secrets(config),
        *_store(config),
        _font(bearable=not _writes_chinese(config)),
        *_model(config),
    ]
    return [*found, *asyncio.run(platform_checks.everything(config))]


def _secrets(config: Config) -> Iterator[Check]:
    given = [name for name in SECRETS if getattr(config.secrets, name.lower())]
    yield Check("configuration", ok=True, found="read, nothing wrong with it.")
    yield Check("secrets", ok=True, found=f"set: {', '.join(given) or 'none'}.")
    keyed = config.secrets.rapport_key is not None
    yield Check(
        "RAPPORT_KEY",
        keyed,
        "set." if keyed else "not set: no backups, and the log of changes can be forged.",
        "" if keyed else "Set it to at least 16 characters and keep a copy elsewhere.",
    )


def _store(config: Config) -> Iterator[Check]:
    store = open_store(config)
    file = Path(store.url.database or "")
    try:
        if store.is_sqlite and not file.exists():
            yield Check("store", ok=False, found="not made yet.", advice="Run `rapport migrate`.")
            return
        yield from _tables(store)
        if store.is_sqlite:
            yield _permissions(file)
    except (StoreUnavailable, Conflict):
        advice = "Is [store] url right, the server up and the disk not full?"
        yield Check("store", ok=False, found="cannot be reached or written.", advice=advice)
    except backups.Damaged:
        advice = "Restore a backup: `rapport restore FILE --replace`."
        yield Check("store", ok=False, found="the file is damaged.", advice=advice)
    finally:
        store.close()


def _tables(store: Store) -> Iterator[Check]:
    with store.reading() as session:
        skew = abs(store.now(session) - datetime.now(UTC))
    form, newest = backups.form(store), migrations.head()
    yield Check("store", ok=True, found="reached.")
    yield Check(
        "tables",
        form == newest,
        f"form {form or 'none'}, newest {newest}.",
        "" if form == newest else "Run `rapport migrate`." if form < newest else "Update Rapport.",
    )
    yield Check(
        "clock",
        skew <= _SKEW,
        f"{skew.total_seconds():.0f} s apart from the store's.",
        "" if skew <= _SKEW else "Let both machines take the time from the network.",
    )
    with store.transaction(_ACTOR) as session:
        writable = bool(form) and health.is_writable(session)
    advice = "" if writable else "Give the program a database and a user that may write."
    yield Check("writing", writable, "possible." if writable else "refused.", advice)


def _permissions(file: Path) -> Check:
    mode = stat.S_IMODE(file.stat().st_mode)
    private = os.name == "nt" or not mode & _OTHERS
    found = f"{file.name} has mode {mode:o}."
    return Check("file", private, found, "" if private else f"Run `chmod 600 {file}`.")


def _model(config: Config) -> Iterator[Check]:
    """Ask the language model, if there is one, for something that concerns nobody."""
    asked = model(config)
    if asked is None:
        return
    subjects.load()
    try:
        found = asked.ask("help", [commands()["help"]], datetime.now(UTC))
        called = call_of(found, {"help": commands()["help"]}, "help")
    except ModelError as error:
        advice = "Are [llm] base_url and model right, and RAPPORT_LLM_KEY where one is needed?"
        yield Check("language model", ok=False, found=f"no use: {error}.", advice=advice)
        return
    yield Check(
        "language model",
        called is not None,
        "calls functions." if called else "answers, but calls no function.",
        "" if called else "Choose a model that can.",
    )


def _writes_chinese(config: Config) -> bool:
    store = open_store(config)
    if config.defaults.language == "zh":
        return True
    if store.is_sqlite and not Path(store.url.database or "").exists():
        return False
    try:
        if not backups.form(store):
            return False
        with store.reading() as session:
            return "zh" in users.languages(session)
    except (StoreUnavailable, backups.Damaged):
        return False
    finally:
        store.close()


def _font(*, bearable: bool) -> Check:
    from bot.charts import keys
    from handlers.reply import Chart, ChartKind, Series

    sample = Chart(ChartKind.BARS, "", ("中文",), (Series("", (1.0,)),))
    there = not keys(sample)
    return Check(
        "fonts",
        there,
        "Chinese can be written in charts." if there else "none writes Chinese in charts.",
        ""
        if there
        else "Install one such as Noto Sans CJK (fonts-noto-cjk); numbers stand in for names.",
        bearable=bearable and not there,
    )
