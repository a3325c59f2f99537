"""The columns that a kind of record has for analysis, and how they are read as of each row's moment.

Counts and sums are made by the database, a handful of statements per page of rows.
"""

from __future__ import annotations

import enum
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from crm_store import audit
from crm_store.fields import RecordKind
from crm_store.models import (
    Activity,
    ActivityKind,
    AuditRow,
    Company,
    Contact,
    Deal,
    Order,
    Pipeline,
    Stage,
    StageChange,
    StageKind,
    Ticket,
    TicketKind,
    User,
)
from crm_store.models.base import BigId, UtcDateTime
from crm_store.upsert import is_postgresql

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from crm_store.table_rows import Pick


class Kind(enum.StrEnum):
    """What a column holds."""

    NUMBER = "number"
    CATEGORY = "category"
    YES_NO = "yes_no"
    MOMENT = "moment"


DAYS = timedelta(days=1)
_HOURS = timedelta(hours=1)
_COMPLAINTS = (TicketKind.COMPLAINT, TicketKind.CLAIM)
_AS_KEPT = "%Y-%m-%d %H:%M:%S.%f"  # a moment in UTC, as SQLite keeps it
_Values: TypeAlias = dict[int, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a kind of record is made of: its own columns by the name of ours, and those of its company."""

    model: Any
    own: Mapping[str, str]
    company: Mapping[str, str]


_PLACE = {"industry": "industry", "city": "city", "country": "country"}
_SHAPES = {
    RecordKind.COMPANY: _Shape(Company, {**_PLACE, "source": "source", "owner": "owner_id"}, {}),
    RecordKind.CONTACT: _Shape(
        Contact, {"title": "title", "source": "source", "owner": "owner_id"}, _PLACE
    ),
    RecordKind.DEAL: _Shape(
        Deal,
        {"amount": "amount", "currency": "currency", "source": "source", "owner": "owner_id"},
        {**_PLACE, "company_source": "source"},
    ),
    RecordKind.TICKET: _Shape(
        Ticket,
        {
            "kind": "kind",
            "priority": "priority",
            "queue": "queue",
            "channel": "channel",
            "assignee": "assignee_id",
        },
        _PLACE,
    ),
}
_PEOPLE = frozenset({"owner", "assignee"})
_ACTIVITIES = {
    ActivityKind.CALL: "calls",
    ActivityKind.MEETING: "meetings",
    ActivityKind.VISIT: "visits",
    ActivityKind.EMAIL: "emails",
    ActivityKind.MESSAGE: "messages",
    ActivityKind.REPLY: "replies",
    ActivityKind.NOTE: "notes",
}
_OF_CUSTOMER = ("orders", "revenue", "tickets", "complaints", "deals_won", "deals_lost")
_COUNTS = (
    *("activities", *_ACTIVITIES.values(), "days_since_activity", "days_since_order"),
    *_OF_CUSTOMER,
)
_ONLY = {
    RecordKind.COMPANY: ("contacts", "days_known"),
    RecordKind.CONTACT: ("days_known",),
    RecordKind.DEAL: ("days_open", "days_in_stage"),
    RecordKind.TICKET: ("hours_open", "first_reply_hours", "text_length"),
}
# What grows while a record lives: at a moment that depends on the end of the life it tells the end.
GROWING = frozenset(
    {"days_open", "days_in_stage", "days_since_activity", "activities", *_ACTIVITIES.values()}
)


def built_in(of: RecordKind) -> dict[str, Kind]:
    """Return the columns that every record of a kind has."""
    shape = _SHAPES[of]
    named = dict.fromkeys([*shape.own, *shape.company], Kind.CATEGORY)
    if of is RecordKind.DEAL:
        named |= {"amount": Kind.NUMBER, "pipeline": Kind.CATEGORY, "stage": Kind.CATEGORY}
    return named | dict.fromkeys((*_ONLY[of], *_COUNTS), Kind.NUMBER)


def people(session: Session) -> dict[int, str]:
    """Return the names of all users."""
    return {row.id: row.name for row in session.execute(sa.select(User.id, User.name))}


class Reader:
    """Reads the columns of one page of rows.

    Each row has a place on the page, for one record may stand in several.
    """

    def __init__(
        self,
        session: Session,
        of: RecordKind,
        picks: Sequence[Pick],
        currency: str,
        names: Mapping[int, str],
    ) -> None:
        """Lay the rows out as a table of the statement: place, number, moment."""
        self.session = session
        self.of = of
        self.shape = _SHAPES[of]
        self.picks = picks
        self.currency = currency
        self.names = names
        self.picked = _laid_out(session, picks).cte("picked")
        self.alone: list[int] = []  # places of rows that were given a company only afterwards

    def read(self, wanted: AbstractSet[str]) -> Iterator[dict[str, Any]]:
        """Yield the values of each row by column, with `custom`, `late` and `other_currency` beside them.

        A statement whose columns nobody wants is not made.
        """
        shape = self.shape
        read = wanted | {"currency"} if "amount" in wanted else wanted
        self.shape = _Shape(shape.model, _only(shape.own, read), _only(shape.company, read))
        base = self._base()
        found: _Values = {place: {} for place in range(len(self.picks))}
        for names, count in self._parts():
            if wanted & names:
                for place, values in count().items():
                    found[place].update(values)
        for place, pick in enumerate(self.picks):
            yield self._row(pick, base[place], found[place])

    def _parts(self) -> Iterator[tuple[set[str], Callable[[], _Values]]]:
        talk = {"activities", *_ACTIVITIES.values(), "days_since_activity", "days_known"}
        yield talk, self._activities
        yield {"orders", "revenue", "days_since_order", "days_known"}, self._orders
        yield {"tickets", "complaints"}, self._tickets
        yield {"deals_won", "deals_lost"}, self._deals
        yield {"contacts"} if self.of is RecordKind.COMPANY else set(), self._contacts
        yield {"stage", "pipeline", "days_in_stage"} & set(built_in(self.of)), self._stages

    def _row(self, pick: Pick, base: dict[str, Any], counted: dict[str, Any]) -> dict[str, Any]:
        row = {**dict.fromkeys(_COUNTED, 0.0), **base, **counted}
        if base["company_changed"]:
            # These are the later company's, and so are the sums unless it had none or has its own.
            row |= dict.fromkeys(self.shape.company)
            if base["company_id"] is not None and self.of is not RecordKind.CONTACT:
                row |= dict.fromkeys([*_OF_CUSTOMER, "last_order"])
        for name in _PEOPLE & row.keys():
            row[name] = self.names.get(row[name])
        if "amount" in row:
            row["other_currency"] = row["currency"] != self.currency and row["amount"] is not None
            row["amount"] = None if row["other_currency"] else _float(row["amount"])
        firsts = [row["created_at"], *(row.pop(key, None) for key in ("first_order", "first_seen"))]
        row["days_known"] = max(
            0.0, (pick.moment - min(at for at in firsts if at is not None)) / DAYS
        )
        return _ages(row, pick.moment)

    # ------------------------------------------------------------------ what stands in the records

    def _base(self) -> list[dict[str, Any]]:
        """Return what stood in each record and in its company at the row's moment."""
        shape, picked = self.shape, self.picked
        company_id = self._company
        query = sa.select(
            picked.c.place,
            shape.model.created_at,
            shape.model.custom,
            company_id.label("company_id"),
            *(getattr(shape.model, column).label(name) for name, column in shape.own.items()),
            *(getattr(Company, column).label(name) for name, column in shape.company.items()),
            *self._extra(),
        ).join(shape.model, shape.model.id == picked.c.id)
        if shape.company:
            query = query.outerjoin(Company, Company.id == company_id)
        rows = [
            dict(row._mapping)  # noqa: SLF001 - its public name, with an underscore against clashes
            for row in self.session.execute(query.order_by(picked.c.place))
        ]
        self._take_back(rows)
        for row, pick in zip(rows, self.picks, strict=True):
            row["late"] = row["created_at"] > pick.moment
            row.setdefault("other_currency", False)
        return rows

    def _extra(self) -> list[Any]:
        if self.of is RecordKind.DEAL:
            return [Deal.opened_on]
        if self.of is RecordKind.TICKET:
            return [Ticket.first_reply_at, sa.func.length(Ticket.text).label("text_length")]
        return []

    def _take_back(self, rows: list[dict[str, Any]]) -> None:
        """Put what was changed at or after a row's moment back to what it was."""
        shape = self.shape
        own = {**shape.own, "company_id": "company_id", "custom": "custom"}
        if self.of is RecordKind.COMPANY:
            del own["company_id"]
        before: list[dict[str, Any]] = [{} for _row in rows]
        self._changed(before, shape.model, self.picked, self.picked.c.id, own)
        if shape.company:
            linked = self.picked.join(shape.model, shape.model.id == self.picked.c.id)
            self._changed(before, Company, linked, self._company, shape.company)
        for row, back in zip(rows, before, strict=True):
            row["company_changed"] = back.get("company_id", row["company_id"]) != row["company_id"]
            if back.get("amount") is not None:
                back["amount"] = Decimal(back["amount"])
            row.update(back)
            row["custom"] = row["custom"] or {}
            if row["company_changed"] and row["company_id"] is None:
                self.alone.append(row["place"])

    def _changed(
        self,
        into: list[dict[str, Any]],
        model: Any,  # noqa: ANN401 - a mapped class
        joined: Any,  # noqa: ANN401 - what the rows are selected from
        number: sa.ColumnElement[int],
        columns: Mapping[str, str],
    ) -> None:
        """Note what the first change since each row's moment replaced in each column."""
        told = sa.or_(
            *(
                part[column].as_string().is_not(None)
                for column in columns.values()
                for part in (AuditRow.before, AuditRow.after)
            )
        )
        since = sa.and_(
            AuditRow.kind == model.__tablename__,
            AuditRow.record_id == number,
            AuditRow.at >= self.picked.c.moment,
            AuditRow.action == audit.CHANGED,
            told,
        )
        query = sa.select(self.picked.c.place, AuditRow.before).select_from(joined)
        for place, before in self.session.execute(
            query.join(AuditRow, since).order_by(AuditRow.id)
        ):
            for name, column in columns.items():
                if column in before:
                    into[place].setdefault(name, before[column])

    # --------------------------------------------------------------------------- counted and summed

    @cached_property
    def _company(self) -> sa.ColumnElement[int]:
        own = self.shape.model
        found: sa.ColumnElement[int] = own.id if self.of is RecordKind.COMPANY else own.company_id
        return found

    def _of_customer(self, model: Any) -> list[sa.Select[Any]]:  # noqa: ANN401 - a mapped class
        """Select the rows of a table that belong to the customer of each row, one statement per way.

        The customer is the company, or the contact where there is none; a contact's own are those
        that name it.
        """
        own = self.shape.model
        rows = sa.select(self.picked.c.place).join(own, own.id == self.picked.c.id)
        alive = model.deleted_at.is_(None)
        if self.of is RecordKind.COMPANY:
            return [rows.join(model, model.company_id == own.id).where(alive)]
        if self.of is RecordKind.CONTACT:
            return [rows.join(model, model.contact_id == own.id).where(alive)]
        by_company = rows.join(model, model.company_id == own.company_id)
        by_contact = rows.join(model, model.contact_id == own.contact_id)
        alone = sa.or_(own.company_id.is_(None), self.picked.c.place.in_(self.alone))
        return [by_company.where(alive, ~alone), by_contact.where(alive, alone)]

    def _grouped(self, queries: Sequence[Any], *what: Any) -> Iterator[Any]:  # noqa: ANN401 - selects
        for query in queries:
            yield from self.session.execute(query.add_columns(*what).group_by(self.picked.c.place))

    def _activities(self) -> _Values:
        link = getattr(Activity, f"{self.of.value}_id")
        query = (
            sa.select(
                self.picked.c.place,
                Activity.kind,
                sa.func.count(),
                sa.func.min(Activity.at),
                sa.func.max(Activity.at),
            )
            .join(Activity, link == self.picked.c.id)
            .where(Activity.at < self.picked.c.moment, Activity.deleted_at.is_(None))
            .group_by(self.picked.c.place, Activity.kind)
        )
        found: _Values = defaultdict(dict)
        for place, kind, count, first, last in self.session.execute(query):
            row = found[place]
            row[_ACTIVITIES[kind]] = float(count)
            if kind is not ActivityKind.NOTE:
                row["activities"] = row.get("activities", 0.0) + count
                row["first_seen"] = min(first, row.get("first_seen", first))
                row["last_activity"] = max(last, row.get("last_activity", last))
        return found

    def _orders(self) -> _Values:
        at = Order.ordered_at
        bought = sa.and_(Order.currency == self.currency, at < self.picked.c.moment)
        total = sa.type_coerce(Order.total, sa.BigInteger)
        found = self._grouped(
            [query.where(at < self.picked.c.moment) for query in self._of_customer(Order)],
            sa.func.count().filter(Order.total > 0),
            sa.func.sum(total).filter(bought),
            sa.func.min(at),
            sa.func.max(at).filter(Order.total > 0),
        )
        return {
            place: {
                "orders": float(count),
                "revenue": float(hundredths or 0) / 100,
                "first_order": first,
                "last_order": last,
            }
            for place, count, hundredths, first, last in found
        }

    def _tickets(self) -> _Values:
        earlier = [Ticket.created_at < self.picked.c.moment]
        model: Any = Ticket
        if self.of is RecordKind.TICKET:
            model = sa.orm.aliased(Ticket)
            earlier = [model.created_at < self.picked.c.moment, model.id != self.picked.c.id]
        found = self._grouped(
            [query.where(*earlier) for query in self._of_customer(model)],
            sa.func.count(),
            sa.func.count().filter(model.kind.in_(_COMPLAINTS)),
        )
        return {
            place: {"tickets": float(count), "complaints": float(complaints)}
            for place, count, complaints in found
        }

    def _deals(self) -> _Values:
        model: Any = sa.orm.aliased(Deal)
        ended = [model.closed_at < self.picked.c.moment]
        if self.of is RecordKind.DEAL:
            ended.append(model.id != self.picked.c.id)
        found = self._grouped(
            [
                query.join(Stage, Stage.id == model.stage_id).where(*ended)
                for query in self._of_customer(model)
            ],
            sa.func.count().filter(Stage.kind == StageKind.WON),
            sa.func.count().filter(Stage.kind == StageKind.LOST),
        )
        return {
            place: {"deals_won": float(won), "deals_lost": float(lost)}
            for place, won, lost in found
        }

    def _contacts(self) -> _Values:
        query = (
            sa.select(self.picked.c.place, sa.func.count())
            .join(Contact, Contact.company_id == self.picked.c.id)
            .where(Contact.created_at < self.picked.c.moment, Contact.deleted_at.is_(None))
            .group_by(self.picked.c.place)
        )
        return {place: {"contacts": float(count)} for place, count in self.session.execute(query)}

    def _stages(self) -> _Values:
        """Return the last open stage that each deal had entered before its row's moment."""
        turn = sa.func.row_number().over(
            partition_by=self.picked.c.place,
            order_by=(StageChange.at.desc(), StageChange.id.desc()),
        )
        entered = (
            sa.select(
                self.picked.c.place,
                StageChange.at,
                Stage.name.label("stage"),
                Pipeline.name.label("pipeline"),
                turn.label("turn"),
            )
            .join(StageChange, StageChange.deal_id == self.picked.c.id)
            .join(Stage, Stage.id == StageChange.stage_id)
            .join(Pipeline, Pipeline.id == Stage.pipeline_id)
            .where(StageChange.at < self.picked.c.moment, Stage.kind == StageKind.OPEN)
            .subquery()
        )
        rows = self.session.execute(sa.select(entered).where(entered.c.turn == 1))
        return {
            row.place: {"stage": row.stage, "pipeline": row.pipeline, "entered_at": row.at}
            for row in rows
        }


def _laid_out(session: Session, picks: Sequence[Pick]) -> sa.Select[Any, Any, Any]:
    """Select the rows as place, id and moment, from one parameter: a thousand rows of VALUES are slow to write."""
    cells: Sequence[Any]
    types: Sequence[Any] = (BigId, BigId, UtcDateTime())
    moments = [pick.moment.astimezone(UTC) for pick in picks]
    places = enumerate(zip(picks, moments, strict=True))
    if is_postgresql(session):
        rows = [(place, pick.id, moment.isoformat()) for place, (pick, moment) in places]
        made = sa.func.jsonb_array_elements(sa.cast(rows, JSONB)).table_valued("value").c.value
        texts = [sa.type_coerce(made, JSONB)[at].astext for at in range(3)]
        cells = [sa.cast(text, type_) for text, type_ in zip(texts, types, strict=True)]
    else:
        rows = [(place, pick.id, moment.strftime(_AS_KEPT)) for place, (pick, moment) in places]
        made = sa.func.json_each(json.dumps(rows)).table_valued("value").c.value
        cells = [
            sa.func.json_extract(made, f"$[{at}]", type_=type_) for at, type_ in enumerate(types)
        ]
    names = ("place", "id", "moment")
    return sa.select(*(cell.label(name) for cell, name in zip(cells, names, strict=True)))


def _only(columns: Mapping[str, str], wanted: AbstractSet[str]) -> dict[str, str]:
    return {name: column for name, column in columns.items() if name in wanted}


_COUNTED = frozenset(_COUNTS) - {"days_since_activity", "days_since_order"} | {"contacts"}


def _ages(row: dict[str, Any], moment: datetime) -> dict[str, Any]:
    """Turn the moments of a row into how long before its own they lie."""
    row["days_since_activity"] = _past(row.get("last_activity"), moment)
    row["days_since_order"] = _past(row.get("last_order"), moment)
    row["days_in_stage"] = _past(row.get("entered_at"), moment)
    row["days_open"] = _past(began(row), moment)
    row["hours_open"] = (moment - row["created_at"]) / _HOURS
    replied = row.get("first_reply_at")
    known = replied is not None and replied < moment
    row["first_reply_hours"] = (replied - row["created_at"]) / _HOURS if known else None
    if "text_length" in row:
        row["text_length"] = float(row["text_length"])
    return row


def began(row: Any) -> datetime | None:  # noqa: ANN401 - a row or a mapping
    """Return when a deal was opened: its creation, or its opening day where it was entered later."""
    opened = row.get("opened_on")
    return opening(opened, row["created_at"]) if opened else None


def opening(opened_on: Any, created_at: datetime) -> datetime:  # noqa: ANN401 - a day
    """Return when a deal was opened; a day that is not that of its entry begins at midnight UTC."""
    midnight = datetime(opened_on.year, opened_on.month, opened_on.day, tzinfo=UTC)
    return created_at if abs(created_at - midnight) < 2 * DAYS else midnight


def _past(at: datetime | None, moment: datetime) -> float | None:
    return None if at is None else (moment - at) / DAYS


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
