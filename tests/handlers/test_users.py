"""Colleagues and their accounts, as an admin keeps them."""

from __future__ import annotations

from crm_store import users
from handlers.reply import Tone
from tests.desk import Desk


def test_an_account_that_moves_is_told_with_its_former_owner(desk: Desk) -> None:
    assert desk.admin.says("user edit Rita slack=U012ABC").text == ""
    assert desk.admin.says("user edit Rita slack=U012ABC").text == ""
    moved = desk.admin.says("user edit Milo slack=U012ABC telegram=4711")
    assert moved.text == "This Slack account was that of Rita Rep until now."
    assert moved.tone is Tone.WARNING
    with desk.session() as session:
        owner = users.by_account(session, "slack", "U012ABC")
        assert owner
        assert owner.name == "Milo Mate"
    added = desk.admin.says("user add jo@rapport.example role=rep telegram=4711")
    assert added.text == "This Telegram account was that of Milo Mate until now."
