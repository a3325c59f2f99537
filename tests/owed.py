"""Promises of the store, and the people who are told: what the tests of notices and of delivery start from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from crm_store import notices
from crm_store.models import Identity, Role, User
from crm_store.notices import REMINDER
from crm_store.store import Actor, Store

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
ACTOR = Actor(None, "test", "", "")
CHANNEL = "slack:C1"


def owe(store: Store, key: str, **values: Any) -> bool:
    """Owe a reminder to a channel that is due now, unless told otherwise; tell whether it is new."""
    if "user_id" not in values:
        values.setdefault("address", CHANNEL)
    given: dict[str, Any] = {
        "kind": "task_due",
        "payload": {"task": 1},
        "due_at": NOW,
        "priority": REMINDER,
    }
    with store.transaction(ACTOR) as session:
        return notices.owe(session, key=key, now=NOW, **(given | values))


def a_user(store: Store, *addresses: str) -> int:
    """Add Rita, who is reached at these addresses, and return her id."""
    with store.transaction(ACTOR) as session:
        user = User(
            email="rita@rapport.example",
            name="Rita",
            role=Role.REP,
            language="en",
            time_zone="UTC",
            created_at=NOW,
        )
        user.identities = [
            Identity(platform=text.split(":")[0], external_id=text, address=text, created_at=NOW)
            for text in addresses
        ]
        session.add(user)
        session.flush()
        return user.id
