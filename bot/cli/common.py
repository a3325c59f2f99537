"""What the subcommands share: the configuration, the store, and how a refusal is told."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bot.config import Config, ConfigError, load

if TYPE_CHECKING:
    from crm_store.store import Store

DEFAULT_FILE = Path("config.toml")


class Refused(Exception):
    """A subcommand cannot be done; the text says why, `code` is 1 for a refusal and 2 for wrong usage."""

    def __init__(self, text: str, code: int = 1) -> None:
        super().__init__(text)
        self.code = code


def settings(arguments: argparse.Namespace) -> Config:
    """Return the configuration: the file given, else `config.toml` here if there is one, else the defaults.

    Raises:
        Refused: it has problems; all of them are listed.
    """
    path = arguments.config or (DEFAULT_FILE if DEFAULT_FILE.exists() else None)
    try:
        return load(path, os.environ)
    except ConfigError as error:
        raise Refused(str(error), 2) from error


@contextmanager
def store(config: Config) -> Iterator[Store]:
    """Open the store in its newest form.

    Raises:
        Refused: the database is away.
    """
    from bot.app import open_store
    from crm_store.store import StoreUnavailable

    opened = open_store(config)
    try:
        opened.upgrade()
        yield opened
    except StoreUnavailable as error:
        raise Refused(
            "The store cannot be reached; is [store] url right and the server up?"
        ) from error
    finally:
        opened.close()


def moment(text: str | None) -> datetime:
    """Read `--now`; the present when it was not given, UTC when it has no zone.

    Raises:
        Refused: it is not ISO 8601.
    """
    if text is None:
        return datetime.now(UTC)
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refused(f"--now wants a time such as 2026-11-23T09:00, not {text!r}", 2) from error
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def say(text: str) -> None:
    """Write a line to standard output."""
    sys.stdout.write(f"{text}\n")


def show(facts: Mapping[str, object], *, as_json: bool) -> None:
    """Write facts as JSON, or as aligned lines."""
    if as_json:
        say(json.dumps(facts, ensure_ascii=False, default=str))
        return
    width = max(map(len, facts), default=0)
    for name, value in facts.items():
        say(f"{name:<{width}}  {value}")
