"""`rapport run`: everything the configuration switches on, until the process is told to stop."""

from __future__ import annotations

import argparse
import asyncio

from bot import logs
from bot.app import App
from bot.cli.common import Refused
from bot.config import Config
from crm_store.store import StoreUnavailable


def run(_arguments: argparse.Namespace, config: Config) -> int:
    """Run until SIGTERM or SIGINT."""
    logs.setup()
    try:
        asyncio.run(App(config).run())
    except StoreUnavailable as error:
        raise Refused(
            "The store cannot be reached; is [store] url right and the server up?"
        ) from error
    except OSError as error:
        raise Refused(
            f"Cannot listen on {config.web.host}:{config.web.port}: {error.strerror}"
        ) from error
    return 0
