"""What becomes of a notice that is due: it is sent, it waits, it joins the day's one message, or nobody wants it.

Every kind passes here, on its way to a person or to a channel. The parts stand in `preferences.py`, `rest.py`,
`mutes.py` and `acknowledgements.py`; delivery asks before it sends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from crm_store import acknowledgements, asked, mutes, notices, postings, preferences, rest
from crm_store.addresses import Address
from crm_store.models import Mute, Notice, NoticeState, User
from crm_store.notices import Due
from crm_store.preferences import Wishes
from crm_store.rest import Rest
from crm_store.schedules import instant_of

# What nobody can switch off: it tells of other notices, takes the place of one, was just asked for, or is what
# somebody says to somebody else, such as an answer to a customer.
ALWAYS = notices.CONVERSATION | frozenset(
    {
        notices.FOLDED,
        mutes.ANNOUNCED,
        acknowledgements.NOTICE,
        notices.ACCOUNT_CHECK,
        notices.MENTION,
        postings.KIND,
        asked.DONE,
        asked.FAILED,
    }
)
# Which setting says how a notice of a priority reaches a person; what has none comes as a direct message.
_WAYS = {notices.URGENT: "alerts", notices.ALERT: "alerts", notices.REMINDER: "reminders"}
# The last priority that breaks through quiet hours and the budget, by what a person lets through.
_THROUGH = {
    preferences.NOTHING: notices.REPLY - 2,
    preferences.URGENT: notices.REPLY,
    preferences.ALERTS: notices.ALERT,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a notice is not sent now.

    Attributes:
        until: when it is looked at again; None when it will never be sent.
        folds: it is told with the rest of the day, at `until`.
        payload: what is left of a folded notice of which somebody does not want a part; else None.
        mention: the channel in which the reader is named; a notice that is sent all the same has `until` now.
    """

    due: Due
    reason: str
    until: datetime | None = None
    folds: bool = False
    payload: Mapping[str, Any] | None = None
    mention: str = ""


def judge(
    session: Session, now: datetime, found: Sequence[Due], begins: time = rest.WORK_BEGINS
) -> list[Verdict]:
    """Return a verdict for each due notice that is not to be sent now; one in doubt is left alone.

    `begins` is when work begins, and with it the day after days off.
    """
    fresh = [due for due in found if not due.in_doubt and due.target is not None]
    if not fresh:
        return []
    judged = _Judged(session, now, fresh, begins)
    return [verdict for due in fresh if (verdict := judged.verdict(due))]


def settle(session: Session, verdicts: Sequence[Verdict], now: datetime) -> None:
    """Do what the verdicts say."""
    folds: dict[tuple[int, datetime], list[int]] = {}
    for verdict in verdicts:
        due = verdict.due
        if verdict.mention:
            _owe_mention(session, verdict, now)
        if verdict.payload is not None:
            session.get_one(Notice, due.id).payload = dict(verdict.payload)
        elif verdict.until is None:
            notices.withdraw(session, due.id, verdict.reason)
        elif verdict.folds and due.user_id is not None:
            folds.setdefault((due.user_id, verdict.until), []).append(due.id)
        else:
            notices.hold(session, due.id, verdict.until, verdict.reason)
    for (user_id, until), ids in folds.items():
        _put_by(session, user_id, ids, until, now)


class _Judged:
    """What has to be known to judge some notices, read with one query per question."""

    def __init__(self, session: Session, now: datetime, found: Sequence[Due], begins: time) -> None:
        self._session = session
        self._now = now
        self._found = found
        self._begins = begins
        ids = {due.user_id for due in found if due.user_id is not None}
        self._users = {
            user.id: user for user in session.scalars(sa.select(User).where(User.id.in_(ids)))
        }
        self._roles = preferences.of_roles(session)
        self._mutes = mutes.active(session, now)
        self._acknowledged = acknowledgements.reasons(
            session, {due.matter for due in found if due.matter}
        )
        self._members = _members(session, found)
        self._rests: dict[int, Rest] = {}

    def verdict(self, due: Due) -> Verdict | None:
        """Return why a notice is not sent now, None when it is."""
        if due.kind == notices.FOLDED:
            trimmed = self._trimmed(due)
            if trimmed:
                return trimmed
        elif due.kind in ALWAYS:
            return None
        elif reason := self._unwanted(due.kind, due.about, due.matter, due):
            return Verdict(due, reason)
        user = self._users.get(due.user_id or 0)
        return (self._timed(due, user) or self._mentioned(due, user)) if user else None

    def _mentioned(self, due: Due, user: User) -> Verdict | None:
        wishes = preferences.of(user, self._roles)
        way = wishes[_WAYS[due.priority]] if due.priority in _WAYS else preferences.DM
        place = wishes["mention_in"]
        if way == preferences.DM or place == preferences.OFF or due.kind in ALWAYS:
            return None
        if any(mute.subject == f"{mutes.PLACE}{place}" for mute in self._mutes):
            return None
        if way == preferences.MENTION:
            return Verdict(due, f"{notices.MENTIONED}{place}", mention=place)
        if due.id in self._mentions:
            return None
        return Verdict(due, "both", due.due_at, mention=place)

    @cached_property
    def _mentions(self) -> frozenset[int]:
        keys = {_mention_key(due): due.id for due in self._found}
        query = sa.select(Notice.key).where(Notice.key.in_(keys))
        return frozenset(keys[key] for key in self._session.scalars(query))

    def _trimmed(self, due: Due) -> Verdict | None:
        payload = self._members[due.id]
        kept = [each for each in payload["notices"] if not self._member_unwanted(each, due)]
        if not kept:
            return Verdict(due, notices.UNWANTED)
        if len(kept) == len(payload["notices"]):
            return None
        return Verdict(due, "in part", due.due_at, payload={**payload, "notices": kept})

    def _member_unwanted(self, member: Mapping[str, Any], due: Due) -> str:
        about = notices.about_of(member["payload"])
        return self._unwanted(member["kind"], about, member.get("matter"), due)

    def _unwanted(self, kind: str, about: str | None, matter: str | None, due: Due) -> str:
        user = self._users.get(due.user_id or 0)
        if user and not preferences.of(user, self._roles).wants(kind):
            return notices.UNWANTED
        if matter in self._acknowledged:
            return self._acknowledged[matter]
        mute = self._mute(kind, about, due)
        return f"{notices.MUTED}{mute.id}" if mute else ""

    def _mute(self, kind: str, about: str | None, due: Due) -> Mute | None:
        ours = [mute for mute in self._mutes if mute.user_id in {None, due.user_id}]
        if not ours:
            return None
        place = Address.parse(due.target or "")
        said = {f"{mutes.KIND}{kind}", *(self._subjects[about] if about else ())}
        if due.user_id is None:
            said.add(f"{mutes.PLACE}{place.platform}:{place.chat}")
        return next((mute for mute in ours if mute.subject in said), None)

    @cached_property
    def _subjects(self) -> dict[str, set[str]]:
        abouts = {due.about for due in self._found}
        for payload in self._members.values():
            abouts |= {notices.about_of(each["payload"]) for each in payload["notices"]}
        return mutes.subjects(self._session, filter(None, abouts))

    def _timed(self, due: Due, user: User) -> Verdict | None:
        wishes = preferences.of(user, self._roles)
        if due.priority <= _THROUGH[wishes["through"]]:
            return None
        wakes_at = self._rest(user, wishes).wakes_at(self._now)
        if wakes_at > self._now:
            return Verdict(due, notices.QUIET, wakes_at)
        if wishes.budget is None or due.key.startswith(notices.DAY):
            return None
        return self._budgeted(due, user, wishes, wishes.budget)

    def _budgeted(self, due: Due, user: User, wishes: Wishes, budget: int) -> Verdict | None:
        self._sent[user.id] += 1
        if self._sent[user.id] <= budget:
            return None
        zone = ZoneInfo(user.time_zone)
        today = self._now.astimezone(zone).date()
        roundup = instant_of(datetime.combine(today, wishes.roundup), zone)
        if roundup <= self._now:
            tomorrow = today + timedelta(days=1)
            roundup = instant_of(datetime.combine(tomorrow, wishes.roundup), zone)
        return Verdict(due, notices.BUDGET, self._rest(user, wishes).wakes_at(roundup), folds=True)

    @cached_property
    def _sent(self) -> Counter[int]:
        return sent_today(self._session, self._users.values(), self._now)

    def _rest(self, user: User, wishes: Wishes) -> Rest:
        if user.id not in self._rests:
            days = self._holidays.get(wishes["holidays"], frozenset())
            spans = self._leaves.get(user.id, ())
            zone = ZoneInfo(user.time_zone)
            self._rests[user.id] = Rest(
                zone, wishes.quiet, wishes.weekend, days, tuple(spans), self._begins
            )
        return self._rests[user.id]

    @cached_property
    def _holidays(self) -> dict[str, frozenset[date]]:
        found: dict[str, set[date]] = {}
        for holiday in rest.holidays(self._session, self._yesterday):
            found.setdefault(holiday.calendar, set()).add(holiday.on)
        return {calendar: frozenset(days) for calendar, days in found.items()}

    @cached_property
    def _leaves(self) -> dict[int, list[tuple[date, date]]]:
        found: dict[int, list[tuple[date, date]]] = {}
        for leave in rest.leaves_of(self._session, self._users, self._yesterday):
            found.setdefault(leave.user_id, []).append((leave.from_on, leave.until_on))
        return found

    @property
    def _yesterday(self) -> date:
        return (self._now - timedelta(days=1)).date()


def sent_today(session: Session, users: Collection[User], now: datetime) -> Counter[int]:
    """Count the messages that people got one by one, or are just being sent, on their own today, by their number."""
    people: dict[datetime, list[int]] = {}
    for user in users:
        zone = ZoneInfo(user.time_zone)
        midnight = datetime.combine(now.astimezone(zone).date(), time.min)
        people.setdefault(instant_of(midnight, zone), []).append(user.id)
    arrived = [
        sa.and_(Notice.user_id.in_(ids), Notice.sent_at >= since) for since, ids in people.items()
    ]
    query = sa.select(Notice.user_id, sa.func.count()).where(
        Notice.user_id.in_([number for ids in people.values() for number in ids]),
        sa.or_(
            sa.and_(Notice.message_id.is_not(None), sa.or_(*arrived)),
            Notice.state == NoticeState.SENDING,
        ),
        Notice.priority > notices.REPLY,
        Notice.key.not_like(f"{notices.DAY}%"),
    )
    counts = {row[0]: row[1] for row in session.execute(query.group_by(Notice.user_id))}
    return Counter({user.id: counts.get(user.id, 0) for user in users})


def _mention_key(due: Due) -> str:
    return f"{notices.MENTION}:{due.id}"


def _owe_mention(session: Session, verdict: Verdict, now: datetime) -> None:
    notices.owe(
        session,
        kind=notices.MENTION,
        key=_mention_key(verdict.due),
        payload={"notice_id": verdict.due.id},
        due_at=now,
        now=now,
        priority=verdict.due.priority,
        address=verdict.mention,
    )


def _put_by(
    session: Session, user_id: int, ids: Sequence[int], until: datetime, now: datetime
) -> None:
    """Keep notices for the one message that tells a reader at `until` what the day's budget left over."""
    key = f"{notices.DAY}{user_id}:{until.isoformat()}"
    day = session.scalars(
        sa.select(Notice).where(Notice.key == key).with_for_update()
    ).one_or_none()
    if day is not None and day.state is not NoticeState.WAITING:
        for notice_id in ids:
            notices.hold(session, notice_id, until, notices.BUDGET)
        return
    waiting = Notice.state == NoticeState.WAITING
    statement = sa.update(Notice).where(Notice.id.in_(ids), waiting)
    statement = statement.values(state=NoticeState.SENT, reason=f"{notices.FOLDED_INTO}{key}")
    rows = session.execute(
        statement.returning(*notices.MEMBER), execution_options={"synchronize_session": False}
    ).all()
    members = notices.in_order(rows)
    if day is not None:
        day.payload = {**day.payload, "notices": [*day.payload["notices"], *members]}
    elif members:
        notices.owe(
            session,
            kind=notices.FOLDED,
            key=key,
            payload={"notices": members, "why": "budget"},
            due_at=until,
            now=now,
            priority=notices.REMINDER,
            user_id=user_id,
        )


def _members(session: Session, found: Sequence[Due]) -> dict[int, Mapping[str, Any]]:
    ids = [due.id for due in found if due.kind == notices.FOLDED]
    if not ids:
        return {}
    query = sa.select(Notice.id, Notice.payload).where(Notice.id.in_(ids))
    return {row.id: row.payload for row in session.execute(query)}
