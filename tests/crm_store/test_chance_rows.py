"""Which records chances are learned from when there are more than can be read."""

from __future__ import annotations

from datetime import timedelta

from crm_store import chance_rows, table_rows
from crm_store.fields import RecordKind
from crm_store.models import Company
from crm_store.search import key
from crm_store.table_rows import Rows
from tests.desk import START, Desk
from tests.jobs.markets import contracts, deal

WAIT, WITHIN = timedelta(days=1), timedelta(days=90)


def picked(desk: Desk, rows: Rows) -> list[int]:
    with desk.session() as session:
        return [pick.id for pick in rows.page(session, 0, 1_000)[0]]


def test_of_many_deals_the_last_entered_are_learned_from_though_they_ended_long_ago(
    desk: Desk,
) -> None:
    """An import brings years of deals in one night."""
    rows = table_rows.won(START, table_rows.after(WAIT))
    with desk.session() as session:
        made = [deal(session, f"Deal {n}", 900 - n, 800 - n, won=n % 2 == 0) for n in range(9)]
        for each in made:
            each.created_at = START - WAIT
        deal(session, "Open", 10, None)
        numbers = [each.id for each in made]
        all_of_them = chance_rows.newest(session, rows, 9)
        last = chance_rows.newest(session, rows, 4)
    assert picked(desk, all_of_them) == numbers
    assert picked(desk, last) == numbers[-4:]


def test_of_many_leads_only_those_whose_time_is_over_are_counted(desk: Desk) -> None:
    with desk.session() as session:
        for number in range(6):
            name = f"Lead {number}"
            entered = START - timedelta(days=300 - 50 * number)
            session.add(Company(name=name, name_key=key(name), created_at=entered))
        session.flush()
        rows = chance_rows.became_customer(RecordKind.COMPANY, START, WAIT, WITHIN)
        last = chance_rows.newest(session, rows, 2)
    every = picked(desk, rows)
    assert len(every) == 5
    assert picked(desk, last) == every[-2:]


def test_of_many_contracts_some_are_learned_from_whatever_the_order_of_their_entry(
    desk: Desk,
) -> None:
    contracts(desk, 400)
    with desk.session() as session:
        rows = chance_rows.under_contract(session, "cancelled", START)
        assert rows is not None
        all_of_them = chance_rows.some(session, rows, 400)
        some = chance_rows.some(session, rows, 100)
    every, drawn = picked(desk, rows), picked(desk, some)
    assert picked(desk, all_of_them) == every
    assert len(every) == 400
    assert drawn == picked(desk, some)
    assert 85 < len(drawn) < 115
    for step in (2, 3, 4, 7, 10):
        shares = [sum(n % step == rest for n in drawn) / len(drawn) for rest in range(step)]
        assert max(shares) < 1.8 / step
