"""Who is in the store and on the platforms, and the morning that they come in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache

from bot.demo import sample
from bot.demo.world import monday_morning
from crm_store import users
from crm_store.models import Role
from crm_store.store import Session

PEOPLE: Mapping[str, tuple[str, Role]] = {short: (name, role) for short, name, role in sample.TEAM}
STRANGERS = ("sam",)
EVERYBODY = (*PEOPLE, *STRANGERS)
NUMBERS = {short: 100 + place for place, short in enumerate(EVERYBODY)}  # accounts on Telegram


@cache
def morning() -> datetime:
    """A Monday morning that is past, so that what is owed at it is delivered: 09:05 in Berlin."""
    return monday_morning(datetime.now(UTC) - timedelta(days=7))


def slack_account(short: str) -> str:
    """The Slack id of a person."""
    return f"U0{short.upper()}"


def enrol(session: Session, platform: str) -> None:
    """Put the people into the store, if they are not there, and give them accounts."""
    for short, (name, role) in PEOPLE.items():
        email = f"{short}@rapport.example"
        user = users.by_email(session, email) or users.add(
            session, email, name, role, language="en", time_zone=sample.ZONE.key, now=morning()
        )
        account = {"slack": slack_account(short), "telegram": str(NUMBERS[short])}
        known = account.get(platform, email)
        if users.by_account(session, platform, known) is None:
            users.add_identity(session, user, platform, known, f"{platform}:{known}", morning())
