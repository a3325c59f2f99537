"""Chats that get another id: everything that names the old one follows, in one transaction.

A Telegram group becomes a supergroup so. What the configuration says cannot be rewritten; `current`
is asked before it is used.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from crm_store import channels
from crm_store.addresses import Address
from crm_store.models import (
    ChatMove,
    ContactAccount,
    Digest,
    Identity,
    Notice,
    NoticeState,
    Posting,
    TicketRoom,
)
from crm_store.upsert import insert

_AUDITED: tuple[type[Any], ...] = (Identity, Digest, ContactAccount)
_OPEN = (NoticeState.WAITING, NoticeState.SENDING)


def current(session: Session, address: Address) -> Address:
    """Return where an address is today; its topic stays."""
    query = sa.select(ChatMove.new).where(ChatMove.old == _chat(address))
    new = session.scalars(query).one_or_none()
    return Address(address.platform, Address.parse(new).chat, address.thread) if new else address


def move(session: Session, old: Address, new: Address) -> None:
    """Write a chat's new address wherever the old one stands, but not into what was sent.

    Accounts, digests, the rooms of tickets, the channel's mode and mutes, what waits to be sent, and
    what leads there by the configuration. It may be told twice. Messages stay behind: the new chat
    counts its own from one, so their numbers mean others there. Cards among them are edited no more.
    """
    for model in _AUDITED:
        for row in session.scalars(sa.select(model).where(_within(model.address, old))):
            row.address = _moved(row.address, new)
    _rewrite(session, TicketRoom, old, new)
    session.execute(sa.delete(Posting).where(Posting.chat == _chat(old)))
    _rewrite(session, Notice, old, new, Notice.state.in_(_OPEN))
    channels.move(session, old, new)
    _remember(session, _chat(old), _chat(new))


def _remember(session: Session, old: str, new: str) -> None:
    if old == new:
        return
    # What was moved to the old place before is now one step further.
    session.execute(sa.update(ChatMove).where(ChatMove.new == old).values(new=new))
    session.execute(sa.delete(ChatMove).where(ChatMove.old == new))
    statement = insert(session, ChatMove).values(old=old, new=new)
    session.execute(statement.on_conflict_do_update(index_elements=["old"], set_={"new": new}))


def _rewrite(
    session: Session,
    model: type[Any],
    old: Address,
    new: Address,
    *conditions: sa.ColumnElement[bool],
) -> None:
    found = sa.select(model.address).where(_within(model.address, old), *conditions).distinct()
    for address in session.scalars(found).all():
        session.execute(
            sa.update(model)
            .where(model.address == address, *conditions)
            .values(address=_moved(address, new)),
            execution_options={"synchronize_session": "fetch"},
        )


def _chat(address: Address) -> str:
    return f"{address.platform}:{address.chat}"


def _within(column: Any, chat: Address) -> sa.ColumnElement[bool]:  # noqa: ANN401 - a text column
    whole = _chat(chat)
    return sa.or_(column == whole, column.startswith(f"{whole}:", autoescape=True))


def _moved(address: str, new: Address) -> str:
    return str(Address(new.platform, new.chat, Address.parse(address).thread))
