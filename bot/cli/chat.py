"""`rapport chat`: the terminal chat; from a pipe it reads a line per command and fails if any failed."""

from __future__ import annotations

import argparse
import sys

from bot.cli.common import Refused, store
from bot.clock import SystemClock
from bot.config import Config
from bot.console.adapter import PLATFORM, Terminal
from crm_store import users
from crm_store.models import Role, User
from crm_store.store import Actor, Session, Store


def run(arguments: argparse.Namespace, config: Config) -> int:
    """Talk until the input ends."""
    from bot.app import defaults, model
    from bot.router import Router
    from handlers import subjects

    subjects.load()
    with store(config) as opened:
        account = _account(opened, arguments.email)
        terminal = Terminal(Router(opened, defaults(config), SystemClock(), model(config)), account)
        return talk(terminal)


def talk(terminal: Terminal) -> int:
    """Read lines until `exit` or the end; 1 when the input is not a terminal and a line was refused."""
    interactive = sys.stdin.isatty()
    code = 0
    while True:
        if interactive:
            terminal.out.write("› ")
            terminal.out.flush()
        line = sys.stdin.readline()
        if not line or (interactive and line.strip() in {"exit", "quit"}):
            return code
        if line.strip() and terminal.say(line.rstrip("\n")).refused and not interactive:
            code = 1


def _account(opened: Store, email: str | None) -> str:
    with opened.transaction(Actor(None, PLATFORM, "chat", "chat")) as session:
        user = users.by_email(session, email) if email else _first_admin(session)
        if user is None or not user.active:
            who = f"{email} is not a colleague" if email else "There is no admin yet"
            raise Refused(f"{who}; add one with `rapport user add EMAIL --role admin`.")
        if not users.by_account(session, PLATFORM, user.email):
            now = SystemClock().now()
            users.add_identity(session, user, PLATFORM, user.email, f"{PLATFORM}:{user.email}", now)
        return user.email


def _first_admin(session: Session) -> User | None:
    admins = [user for user in users.everyone(session) if user.active and user.role is Role.ADMIN]
    return min(admins, key=lambda user: user.id, default=None)
