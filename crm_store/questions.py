"""What a manager may ask an analysis about: outcomes and amounts of each kind of record, by their codes.

Their words stand in `handlers/pattern_words.py`; which rows they mean, in `crm_store/table_rows.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from crm_store import fields, table_rows
from crm_store.fields import FieldType, RecordKind
from crm_store.models import CustomField
from crm_store.table_rows import Rows
from crm_store.tables import ADDED

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

WON, CUSTOMER, LEFT = "won", "customer", "left"
SOLVED, REOPENED, COMPLAINT = "solved", "reopened", "complaint"
AMOUNT, REVENUE, REPLY = "amount", "revenue", "first_reply"
DEMAND, SALES = "demand", "sales"  # of a week or a month
_CUSTOMERS = (RecordKind.COMPANY, RecordKind.CONTACT)
OUTCOMES: dict[str, tuple[RecordKind, ...]] = {
    WON: (RecordKind.DEAL,),
    LEFT: _CUSTOMERS,
    CUSTOMER: _CUSTOMERS,
    SOLVED: (RecordKind.TICKET,),
    REOPENED: (RecordKind.TICKET,),
    COMPLAINT: (RecordKind.TICKET,),
}
AMOUNTS: dict[str, tuple[RecordKind, ...]] = {
    AMOUNT: (RecordKind.DEAL,),
    REVENUE: _CUSTOMERS,
    REPLY: (RecordKind.TICKET,),
}
LOOK_AFTER = timedelta(
    days=7
)  # how long after its opening a deal, or its entry a customer, is looked at
BUY_WITHIN = timedelta(days=90)
STAY_WITHIN = timedelta(days=90)
SOLVE_WITHIN = timedelta(days=2)
REOPEN_WITHIN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Question:
    """An outcome or amount of a kind of record.

    Attributes:
        code: one of the codes above, or `custom.<name>`.
        of: the kind of record.
        since: only what is looked at from then on; None for all.
        until: what is known at that moment; the future is not.
    """

    code: str
    of: RecordKind
    since: datetime | None
    until: datetime


def added(session: Session, *types: FieldType) -> Iterator[tuple[RecordKind, CustomField]]:
    """Yield the added fields of these types, by the kind of record."""
    for each in fields.list_fields(session):
        if fields.type_of(each) in types:
            yield RecordKind(each.kind), each


def rows(session: Session, question: Question, currency: str) -> Rows | None:
    """Return the rows that answer a question, None when its field is no more."""
    found = _rows(session, question, currency)
    if found is None or question.since is None or question.code in {LEFT, REVENUE}:
        return found
    return found.since(question.since)


def _rows(session: Session, asked: Question, currency: str) -> Rows | None:
    if asked.code.startswith(ADDED):
        field = fields.find(session, asked.of, asked.code.removeprefix(ADDED))
        return None if field is None else table_rows.flagged(asked.of, field, asked.until)
    until, of = asked.until, asked.of
    start = asked.since or until - STAY_WITHIN
    known: Mapping[str, Callable[[], Rows]] = {
        WON: lambda: table_rows.won(until, table_rows.after(LOOK_AFTER)).until(
            table_rows.ended_before(session, until) + LOOK_AFTER
        ),
        LEFT: lambda: table_rows.left(of, start, until - start),
        CUSTOMER: lambda: table_rows.became_customer(of, until, LOOK_AFTER, BUY_WITHIN),
        SOLVED: lambda: table_rows.solved_in_time(until, SOLVE_WITHIN),
        REOPENED: lambda: table_rows.reopened(until, REOPEN_WITHIN),
        COMPLAINT: lambda: table_rows.complaint(until),
        AMOUNT: lambda: table_rows.amounts(until, currency),
        REVENUE: lambda: table_rows.revenues(of, start, until - start, currency),
        REPLY: lambda: table_rows.reply_times(until).until(
            table_rows.answered_before(session, until)
        ),
    }
    return known[asked.code]()
