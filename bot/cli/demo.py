"""`rapport demo`: the sample data, in a browser and in the terminal; without a terminal, the tour."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime

from bot.config import Config
from bot.demo import sample, tour
from bot.demo.pages import Pages
from bot.demo.world import World, monday_morning, world

_WELCOME = """\
Rapport, with sample data in a temporary store: nothing leaves this machine and nothing is kept.
In a browser: {url}   (what comes by itself, such as reminders, comes there)
Here you are {name} ({role}). Try: deal list owner=me · report pipeline · find harbour · help
A number presses a button, `as mona` makes you the manager (rita, milo, agnes, mona, ada), `exit` ends.

"""


def run(_arguments: argparse.Namespace, _config: Config) -> int:
    """Play the tour, or let a person talk."""
    now = datetime.now(UTC)
    if not sys.stdin.isatty():
        with world(monday_morning(now)) as made:
            tour.play(made)
        return 0
    with world(now) as made, Pages(made) as pages:
        talk(made, pages.url)
    return 0


def talk(made: World, url: str) -> None:
    """Read lines until `exit` or the end of the input; `url` is where the web chat is."""
    who = "rita"
    names = {short: (name, role) for short, name, role in sample.TEAM}
    made.out.write(_WELCOME.format(name=names[who][0], role=names[who][1], url=url))
    while True:
        made.out.write(f"{names[who][0]} › ")
        made.out.flush()
        line = sys.stdin.readline()
        if not line or line.strip() in {"exit", "quit"}:
            return
        verb, _space, other = line.strip().partition(" ")
        if verb == "as" and other.strip() in names:
            who = other.strip()
        elif line.strip():
            made.clock.set(datetime.now(UTC))
            made.terminals[who].say(line.rstrip("\n"))
