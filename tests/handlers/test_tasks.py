"""Reminders of tasks as their owner reads them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crm_store.models import Task
from crm_store.store import Store
from tests.mailroom import Mailroom


@pytest.mark.parametrize(
    ("minutes", "language", "said"),
    [
        (4, "en", ""),
        (45, "en", "Late by 45 minutes."),
        (597, "en", "Late by 10 hours."),
        (597, "zh", "延迟了10小时。"),
    ],
)
def test_a_reminder_that_comes_late_says_by_how_much(
    store: Store, minutes: int, language: str, said: str
) -> None:
    room = Mailroom(store)
    room.rep.says('task add "Call the harbour" due="today 18:00"')
    room.rep.says(f"settings language={language}")
    with room.session() as session:
        task = session.query(Task).one()
        assert task.due_at
        payload = {"task_id": task.id, "due_at": task.due_at.isoformat()}
        room.clock.set(task.due_at + timedelta(minutes=minutes))
    room.owe("late", payload=payload)
    room.deliver()
    assert room.last("rep").reply.text == said
