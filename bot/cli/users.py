"""`rapport user add` and `rapport user link`: the ways in for the first admin."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from bot.cli.common import Refused, say, store
from bot.config import Config
from crm_store import users
from crm_store.models import Role
from crm_store.store import Actor
from handlers.errors import UserError
from handlers.reading.contact_points import read_email

_ACTOR = Actor(None, "command line", "user add", "user add")


def add(arguments: argparse.Namespace, config: Config) -> int:
    """Add a colleague with the accounts given."""
    try:
        email = read_email(arguments.email)
    except UserError as error:
        raise Refused(error.what, 2) from error
    with store(config) as opened, opened.transaction(_ACTOR) as session:
        if users.by_email(session, email):
            raise Refused(f"{email} is a colleague already; change them in chat with `user edit`.")
        now = datetime.now(UTC)
        user = users.add(
            session,
            email,
            arguments.name or email.partition("@")[0],
            Role(arguments.role),
            language=config.defaults.language,
            time_zone=config.defaults.time_zone,
            now=now,
        )
        users.add_identity(session, user, "console", email, f"console:{email}", now)
        for platform in ("slack", "telegram"):
            account = getattr(arguments, platform)
            if account:
                users.add_identity(session, user, platform, account, f"{platform}:{account}", now)
    say(f"{email} is now {arguments.role}.")
    return 0


def link(arguments: argparse.Namespace, config: Config) -> int:
    """Print a link that signs a browser in to the web chat, once, within 15 minutes."""
    if not config.web.chat:
        raise Refused("The web chat is off; switch it on with `chat = true` under [web].")
    with store(config) as opened, opened.transaction(_ACTOR) as session:
        user = users.by_email(session, arguments.email.strip())
        if user is None or not user.active:
            raise Refused(
                f"{arguments.email} is not a colleague; add one with `rapport user add EMAIL`."
            )
        code = users.issue_code(session, user, datetime.now(UTC))
    say(f"http://{_host(config.web.host)}:{config.web.port}/chat/sign-in/{code}")
    return 0


def _host(host: str) -> str:
    """Write the address that we listen on as a browser wants it; one for all becomes this machine."""
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not listened on
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
