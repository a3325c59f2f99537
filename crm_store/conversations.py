"""What one person and the bot talk about in one place: the form in progress, the last record, the last list."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from crm_store.addresses import Address
from crm_store.models import Conversation, ShortLine
from crm_store.upsert import insert

MEMORY = timedelta(minutes=30)
DIALOG = timedelta(days=1)
_LISTED = 100


@dataclass(frozen=True, slots=True)
class Reference:
    """One record: its kind (`deal`) and its id."""

    kind: str
    id: int

    def __str__(self) -> str:
        """Return `deal:42`."""
        return f"{self.kind}:{self.id}"

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Read `deal:42`."""
        kind, _, number = text.partition(":")
        return cls(kind, int(number))


class Memory:
    """The conversation of one person in one place; loaded at the first use, written with the transaction."""

    def __init__(self, session: Session, place: Address, person: str, now: datetime) -> None:
        """Prepare the memory; nothing is read yet."""
        self._session = session
        self._place = str(place)
        self._person = f"{place.platform}:{person}"
        self.now = now
        self._row: Conversation | None = None
        self._loaded = False

    @property
    def dialog(self) -> dict[str, Any] | None:
        """The form in progress, for a day: what is said later is no answer to it."""
        row = self._load()
        if row is None or row.dialog is None:
            return None
        asked_at = datetime.fromisoformat(row.dialog["asked_at"])
        return row.dialog if self.now - asked_at <= DIALOG else None

    @dialog.setter
    def dialog(self, dialog: dict[str, Any] | None) -> None:
        row = self._load()
        if dialog is not None or (row and row.dialog is not None):
            asked_at = {"asked_at": self.now.isoformat()}
            self._open().dialog = None if dialog is None else {**dialog, **asked_at}

    @property
    def subject(self) -> Reference | None:
        """The record talked about last, for half an hour."""
        row = self._fresh()
        return Reference.parse(row.subject) if row and row.subject else None

    @property
    def listing(self) -> list[Reference]:
        """The records of the last list in the order they were shown, for half an hour."""
        row = self._fresh()
        return [Reference.parse(text) for text in row.listing or []] if row else []

    def about(self, reference: Reference) -> None:
        """Keep `reference` as the record talked about."""
        row = self._open()
        row.subject, row.updated_at = str(reference), self.now

    def listed(self, references: list[Reference]) -> None:
        """Keep the records of a list."""
        row = self._open()
        row.listing, row.updated_at = (
            [str(reference) for reference in references[:_LISTED]],
            self.now,
        )

    def _load(self) -> Conversation | None:
        if not self._loaded:
            query = sa.select(Conversation).filter_by(place=self._place, person=self._person)
            self._row, self._loaded = self._session.scalars(query).one_or_none(), True
        return self._row

    def _fresh(self) -> Conversation | None:
        row = self._load()
        return row if row and self.now - row.updated_at <= MEMORY else None

    def _open(self) -> Conversation:
        row = self._load()
        if row is None:
            row = self._row = Conversation(
                place=self._place, person=self._person, updated_at=self.now
            )
            self._session.add(row)
        return row


class NoMemory(Memory):
    """The memory of a line that no person typed, such as a digest: it keeps nothing."""

    def about(self, reference: Reference) -> None:
        """Keep nothing."""

    def listed(self, references: list[Reference]) -> None:
        """Keep nothing."""


def shorten(session: Session, line: str, now: datetime) -> str:
    """Keep a text and return the key that a button carries in its place: 22 characters, the same for the same text."""
    digest = hashlib.sha256(line.encode()).digest()[:16]
    key = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    row = {"key": key, "line": line, "created_at": now}
    session.execute(insert(session, ShortLine).values(row).on_conflict_do_nothing())
    return key


def lengthen(session: Session, key: str) -> str | None:
    """Return the line behind a key, None when it is unknown or was purged."""
    return session.execute(
        sa.select(ShortLine.line).where(ShortLine.key == key)
    ).scalar_one_or_none()
