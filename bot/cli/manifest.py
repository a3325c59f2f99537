"""`rapport slack-manifest`: the manifest to paste where Slack makes an app; its content is `bot/slack/manifest.py`."""

from __future__ import annotations

import argparse
import json

from bot.cli.common import say
from bot.config import Config
from bot.slack.manifest import manifest
from handlers import subjects


def run(_arguments: argparse.Namespace, config: Config) -> int:
    """Print it as JSON."""
    subjects.load()
    say(json.dumps(manifest(config.slack), indent=2, ensure_ascii=False))
    return 0
