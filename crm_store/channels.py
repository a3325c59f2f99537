"""How channels want the updates of a record, and the message there that an update belongs to."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from crm_store import notices, paging
from crm_store.addresses import Address
from crm_store.models import ChannelMode, Mode, Mute, Notice, NoticeState

DEFAULT = Mode.THREAD
PLACE = "place:"  # before the channel that a mute is about


def mode_of(session: Session, place: Address) -> Mode:
    """Return what a channel does with the updates of a record; in a thread where nobody said."""
    row = _row(session, place)
    return row.mode if row else DEFAULT


def set_mode(session: Session, place: Address, mode: Mode) -> ChannelMode:
    """Keep what a channel does with the updates of a record."""
    row = _row(session, place)
    if row is None:
        row = ChannelMode(channel=f"{place.platform}:{place.chat}")
        session.add(row)
    row.mode = mode
    session.flush()
    return row


def page(session: Session, offset: int, limit: int) -> tuple[Sequence[ChannelMode], int]:
    """Return one page of the channels that somebody set up, and how many they are."""
    query = sa.select(ChannelMode).order_by(ChannelMode.channel)
    return paging.page(session, query, offset, limit)


def move(session: Session, old: Address, new: Address) -> None:
    """Write a chat's new address into its mode and into what mutes it."""
    row = _row(session, old)
    if row is not None and _row(session, new) is None:
        row.channel = f"{new.platform}:{new.chat}"
    subject = f"{PLACE}{old.platform}:{old.chat}"
    for mute in session.scalars(sa.select(Mute).where(Mute.subject == subject)):
        mute.subject = f"{PLACE}{new.platform}:{new.chat}"


def message_about(
    session: Session, about: str, place: Address, before: int, *, newest: bool
) -> Notice | None:
    """Return the newest or the first message about a record in a channel, before notice number `before`."""
    chat = f"{place.platform}:{place.chat}"
    query = sa.select(Notice).where(
        Notice.about == about,
        Notice.id != before,
        Notice.kind.not_in(notices.CONVERSATION),
        Notice.state == NoticeState.SENT,
        Notice.message_id.is_not(None),
        Notice.edits.is_(None),
        sa.or_(Notice.sent_to == chat, Notice.sent_to.startswith(f"{chat}:", autoescape=True)),
    )
    order = Notice.sent_at.desc() if newest else Notice.sent_at
    return session.scalars(query.order_by(order, Notice.id).limit(1)).one_or_none()


def _row(session: Session, place: Address) -> ChannelMode | None:
    channel = f"{place.platform}:{place.chat}"
    return session.scalars(
        sa.select(ChannelMode).where(ChannelMode.channel == channel)
    ).one_or_none()
