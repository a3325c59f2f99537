"""What a sentence proposed and nobody has confirmed yet; it stands among the short lines and is purged with them.

How a proposal is worded and pressed is `bot/proposing.py`.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from crm_store import records
from crm_store.conversations import Reference, shorten
from crm_store.models import ShortLine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

_MARK = "proposal "


@dataclass(frozen=True, slots=True)
class Proposal:
    """A call that changes something.

    Attributes:
        command: its command.
        values: its arguments, written so that they mean the same in a quarter of an hour.
        person: who asked for it.
        versions: of the records that it names.
        before: what it changes, as it was: kind and number of a record, field, value.
    """

    command: str
    values: Mapping[str, str]
    person: str
    versions: Mapping[str, int]
    before: Sequence[Sequence[str]]


def keep(session: Session, proposal: Proposal, now: datetime) -> str:
    """Keep a proposal and return its key; the same proposal twice has two keys."""
    content = {**asdict(proposal), "nonce": secrets.token_hex(8)}
    return shorten(session, _MARK + json.dumps(content), now)


def look(session: Session, key: str, since: datetime) -> Proposal | None:
    """Return a proposal that was kept after `since` and not taken yet."""
    query = sa.select(ShortLine.line).where(ShortLine.key == key, ShortLine.created_at >= since)
    line = session.execute(query).scalar_one_or_none()
    if line is None or not line.startswith(_MARK):
        return None
    content = json.loads(line.removeprefix(_MARK))
    del content["nonce"]
    return Proposal(**content)


def take(session: Session, key: str) -> bool:
    """Use a proposal up; False when somebody else just did."""
    done = session.execute(sa.delete(ShortLine).where(ShortLine.key == key).returning(ShortLine.id))
    return done.first() is not None


def changed(session: Session, proposal: Proposal) -> Reference | None:
    """Return a record that is no longer as it was when the change was proposed."""
    for name, version in proposal.versions.items():
        reference = Reference.parse(name)
        record = records.find(session, reference.kind, reference.id, deleted=True)
        if record is None or record.version != version:
            return reference
    return None
