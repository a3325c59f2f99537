"""Reports: periods, what is summed and what never is, and the change in words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from crm_store import audit, companies
from crm_store.models import (
    AuditRow,
    Deal,
    Priority,
    Stage,
    StageChange,
    StageKind,
    Ticket,
    TicketKind,
    TicketStatus,
    User,
)
from handlers.periods import Period, read_period
from handlers.reply import Chart, Reply
from tests.desk import START, Desk, Person
from tests.statements import counted

BERLIN = ZoneInfo("Europe/Berlin")


def deal(
    desk: Desk,
    stage: str,
    amount: str | None,
    currency: str = "EUR",
    *,
    owner: Person | None = None,
    close: date | None = date(2026, 12, 1),
    at: datetime = START,
) -> int:
    """Put a deal straight into a stage, as of a moment."""
    with desk.session() as session:
        company = companies.add(session, "Acme", None, at)
        user = session.get_one(User, (owner or desk.rep).id)
        place = session.scalars(sa.select(Stage).where(Stage.name == stage)).one()
        made = Deal(
            title="Chairs",
            company=company,
            amount=Decimal(amount) if amount else None,
            currency=currency,
            stage=place,
            owner=user,
            opened_on=at.date(),
            close_on=close,
            created_at=at,
            last_activity_at=at,
            closed_at=None if place.kind is StageKind.OPEN else at,
        )
        session.add(made)
        session.flush()
        session.add(StageChange(deal_id=made.id, stage_id=place.id, user_id=user.id, at=at))
        return made.id


def ticket(desk: Desk, status: str = "new", at: datetime = START, stars: int | None = None) -> None:
    with desk.session() as session:
        author = session.get_one(User, desk.agent.id)
        finished = status in {"solved", "closed"}
        session.add(
            Ticket(
                subject="Broken",
                text="Broken",
                author=author,
                assignee=author if status == "open" else None,
                priority=Priority.NORMAL,
                kind=TicketKind.QUESTION,
                status=TicketStatus(status),
                channel="test",
                created_at=at,
                closed_at=at if finished else None,
                satisfaction=stars,
            )
        )


def field(reply: Reply, label: str) -> str:
    return next(each.value for each in reply.fields if each.label.startswith(label))


def cells(reply: Reply) -> list[tuple[str, ...]]:
    assert reply.table
    return [row.cells for row in reply.table.rows]


def test_two_currencies_are_never_mixed(desk: Desk) -> None:
    deal(desk, "Proposal", "1000")
    deal(desk, "Proposal", "50.50", "USD")
    deal(desk, "Proposal", "500")
    told = desk.rep.says("report pipeline")
    assert cells(told) == [
        ("Proposal", "EUR", "2", "0", "€1,500", "€750"),
        ("Proposal", "USD", "1", "0", "$50.50", "$25.25"),
    ]
    assert "Open in EUR: 2 deals, €1,500; weighted €750." in told.text
    assert "Open in USD: 1 deal, $50.50; weighted $25.25." in told.text
    assert told.footer == "Sums of each currency stand alone; none is converted."


def test_the_chart_shows_the_one_currency_with_the_most_deals(desk: Desk) -> None:
    deal(desk, "Lead", "1", "USD")
    deal(desk, "Lead", "2", "USD")
    deal(desk, "Won", "7000")
    deal(desk, "Lead", "9000")
    chart = desk.rep.says("report pipeline").chart
    assert isinstance(chart, Chart)
    assert (chart.unit, chart.labels) == ("USD", ("Lead",))
    assert [series.values for series in chart.series] == [(3.0,), (0.3,)]


def test_deals_without_an_amount_are_counted_and_named(desk: Desk) -> None:
    deal(desk, "Lead", None)
    deal(desk, "Lead", "100")
    told = desk.rep.says("report pipeline")
    assert cells(told) == [("Lead", "EUR", "2", "1", "€100", "€10")]
    assert "1 open deal in EUR has no amount and is in no sum." in told.text


def test_won_and_lost_stand_beside_as_much_of_the_quarter_before(desk: Desk) -> None:
    deal(desk, "Won", "300")
    deal(desk, "Won", "200", at=datetime(2026, 8, 1, tzinfo=UTC))
    deal(desk, "Won", "5000", at=datetime(2026, 9, 20, tzinfo=UTC))  # later than as far as we are
    deal(desk, "Lost", "10")
    told = desk.rep.says("report pipeline")
    before = "Q3 2026 up to the same day"
    assert f"Won in Q4 2026: 1 deal, €300; up 50% on {before} (1 deal, €200)." in told.text
    assert f"Lost in Q4 2026: 1 deal, €10; up from nothing in {before}." in told.text
    assert field(told, "Win rate") == f"50%: 1 of 2 closed deals; 100% in {before}"


def test_a_whole_quarter_stands_beside_the_whole_one_before(desk: Desk) -> None:
    deal(desk, "Won", "100", at=datetime(2026, 9, 20, tzinfo=UTC))
    deal(desk, "Won", "200", at=datetime(2026, 6, 30, 21, 59, tzinfo=UTC))
    deal(desk, "Won", "900", at=datetime(2026, 9, 30, 22, 1, tzinfo=UTC))  # October in Berlin
    told = desk.rep.says('report pipeline period="last quarter"')
    assert "Won in Q3 2026: 1 deal, €100; down 50% on Q2 2026 (1 deal, €200)." in told.text


def test_the_leaders_are_ranked_within_their_currency(desk: Desk) -> None:
    deal(desk, "Won", "100", owner=desk.rep)
    deal(desk, "Won", "300", owner=desk.mate)
    deal(desk, "Won", "9", "USD", owner=desk.rep)
    assert field(desk.manager.says("report pipeline"), "Leaders").splitlines() == [
        "1. Milo Mate: 1 deal, €300",
        "2. Rita Rep: 1 deal, €100",
        "1. Rita Rep: 1 deal, $9",
    ]


def test_a_report_of_one_owner_leaves_the_others_out(desk: Desk) -> None:
    deal(desk, "Lead", "100", owner=desk.rep)
    deal(desk, "Lead", "300", owner=desk.mate)
    deal(desk, "Won", "300", owner=desk.mate)
    told = desk.rep.says("report pipeline owner=me")
    assert told.title == "Pipeline of Rita Rep"
    assert cells(told) == [("Lead", "EUR", "1", "0", "€100", "€10")]
    assert "Won in Q4 2026: none" in told.text


def test_deleted_deals_are_in_no_report(desk: Desk) -> None:
    made = [deal(desk, "Lead", "100"), deal(desk, "Won", "100")]
    with desk.session() as session:
        for each in made:
            session.get_one(Deal, each).deleted_at = START
    assert desk.rep.says("report pipeline").table is None
    assert desk.rep.says("report forecast").table is None


@pytest.mark.parametrize("name", ["pipeline", "tickets", "forecast"])
def test_an_empty_store_is_reported_as_empty(desk: Desk, name: str) -> None:
    told = desk.rep.says(f"report {name}")
    assert told.text
    assert told.table is None
    assert told.chart is None


@pytest.mark.parametrize("name", ["pipeline", "tickets", "forecast"])
def test_a_stranger_gets_no_report(desk: Desk, name: str) -> None:
    deal(desk, "Lead", "4711")
    told = desk.stranger.says(f"report {name}")
    assert "4711" not in str(told)
    assert told.table is None


@pytest.mark.parametrize("name", ["pipeline", "tickets", "forecast"])
def test_a_larger_store_takes_no_more_statements(desk: Desk, name: str) -> None:
    def cost() -> int:
        with counted(desk.store) as statements:
            desk.rep.says(f"report {name}")
        return len(statements)

    deal(desk, "Lead", "100")
    ticket(desk)
    few = cost()
    for place in range(6):
        deal(desk, "Proposal", "100", ("EUR", "USD", "CNY")[place % 3])
        deal(desk, "Won", "100", at=START - timedelta(days=30 * place))
        ticket(desk, "open")
    assert cost() == few


def test_sums_may_be_larger_than_one_amount_may(desk: Desk) -> None:
    for _place in range(3):
        deal(desk, "Proposal", "999999999999999.00")
    for line in ("report pipeline", "report forecast"):
        assert "€2,999,999,999,999,997" in str(desk.rep.says(line)), line
    assert "€999,999,999,999,999" in str(desk.rep.says("company show company:1"))


def test_something_that_is_no_period_is_refused_with_what_to_type(desk: Desk) -> None:
    told = desk.rep.says("report pipeline period=soon")
    assert told.title == "This is not a period."
    assert "`2026-Q3`" in told.text
    assert desk.rep.presses(told, "Last quarter").title == "Pipeline"


def test_tickets_are_counted_and_compared(desk: Desk) -> None:
    for status in ("new", "new", "open", "closed"):
        ticket(desk, status)
    ticket(desk, "closed", datetime(2026, 10, 10, tzinfo=UTC), stars=2)
    ticket(desk, "closed", datetime(2026, 10, 31, tzinfo=UTC))
    ticket(desk, "closed", START, stars=5)
    told = desk.agent.says("report tickets")
    assert told.title == "Tickets in November 2026"
    assert told.text.splitlines() == [
        "Opened: 5; up 400% on October 2026 up to the same day (1).",
        "Closed: 2; up 100% on October 2026 up to the same day (1).",
        "3 tickets are unfinished.",
    ]
    assert ("new", "0", "2", "0", "0", "2") in cells(told)
    assert field(told, "Unfinished") == "Agnes Agent: 1\nNobody: 2"
    assert field(told, "Satisfaction").startswith("5.0 of 5 from 1 rating; 2.0 from 1 in October")


def test_the_forecast_goes_by_close_month_and_weighs_by_stage(desk: Desk) -> None:
    deal(desk, "Proposal", "1000", close=date(2026, 11, 30))
    deal(desk, "Negotiation", "0.01", close=date(2026, 12, 1))
    deal(desk, "Lead", "100", "USD", close=date(2026, 12, 31))
    told = desk.rep.says("report forecast")
    assert cells(told) == [
        ("2026-11", "EUR", "1", "€1,000", "€500"),
        ("2026-12", "EUR", "1", "€0.01", "€0.01"),
        ("2026-12", "USD", "1", "$100", "$10"),
    ]
    assert told.chart
    assert told.chart.unit == "EUR"


def test_the_forecast_is_told_without_the_largest_deals_of_each_currency(desk: Desk) -> None:
    for amount in ("1000", "2000", "3000", "4000"):
        deal(desk, "Proposal", amount, close=date(2026, 11, 30))
    deal(desk, "Lead", "100", "USD", close=date(2026, 12, 31))
    deal(desk, "Lead", "9000", close=date(2027, 12, 31))  # not in the year that is foretold
    everything = desk.rep.says("report forecast period=2026-Q4")
    assert cells(everything)[0] == ("2026-11", "EUR", "4", "€10,000", "€5,000")
    told = desk.rep.presses(everything, "Without the 3 largest")
    assert told.title == everything.title
    assert cells(told) == [("2026-11", "EUR", "1", "€1,000", "€500")]
    left = next(line for line in told.text.splitlines() if line.startswith("Without the largest: "))
    assert [sum_ in left for sum_ in ("€4,000", "€3,000", "€2,000", "$100", "€1,000")] == [
        True,
        True,
        True,
        True,
        False,
    ]
    for wrong in ("0", "21", "-3", "many"):
        assert desk.rep.says(f"report forecast without={wrong}").table is None
    assert "Without the 3 largest" not in {
        each.label for each in desk.rep.says("report forecast without=20").actions
    }


def test_the_forecast_names_what_it_leaves_out(desk: Desk) -> None:
    deal(desk, "Lead", None)
    deal(desk, "Lead", "100", close=None)
    deal(desk, "Lead", "100", close=date(2026, 1, 1))
    told = desk.rep.says("report forecast")
    assert "Left out: 1 open deal has no amount." in told.text
    assert "Left out: 2 open deals have no close day in this time." in told.text
    assert told.table is None


def test_without_a_past_the_forecast_says_that_its_error_is_unknown(desk: Desk) -> None:
    deal(desk, "Lead", "100")
    told = desk.rep.says("report forecast")
    assert field(told, "How far off").startswith("It cannot be said yet")


def past_deal(desk: Desk, month: int, amount: str) -> int:
    """A deal planned for a month with a chance of one half when it began, and won in it."""
    made = deal(
        desk,
        "Proposal",
        amount,
        close=date(2026, month, 20),
        at=datetime(2026, month - 1, 10, tzinfo=UTC),
    )
    with desk.session() as session:
        won = session.scalars(sa.select(Stage).where(Stage.name == "Won")).one()
        at = datetime(2026, month, 15, tzinfo=UTC)
        session.add(StageChange(deal_id=made, stage_id=won.id, at=at))
        session.get_one(Deal, made).stage = won
        session.get_one(Deal, made).closed_at = at
    return made


def test_the_forecast_says_how_far_off_it_was(desk: Desk) -> None:
    for month in (8, 9, 10):
        past_deal(desk, month, "1000")
    told = field(desk.rep.says("report forecast"), "How far off")
    assert told == (
        "EUR: in the last 3 months the forecast of the first day was off by 50% of what was won;"
        " October 2026: forecast €500, won €1,000."
    )


def test_a_deal_counts_in_the_past_with_the_amount_it_had_then(desk: Desk) -> None:
    made = [past_deal(desk, month, "1000") for month in (8, 9, 10)]
    with desk.session() as session:
        session.get_one(Deal, made[-1]).amount = Decimal(3000)
        session.get_one(Deal, made[-1]).close_on = date(2026, 11, 2)
    with desk.session() as session:
        changed = AuditRow.before["amount"].is_not(None), AuditRow.action == audit.CHANGED
        rows = session.scalars(sa.select(AuditRow).where(*changed)).all()
        [row] = [each for each in rows if "amount" in each.before]
        row.at = datetime(2026, 10, 14, tzinfo=UTC)
    told = field(desk.rep.says("report forecast"), "How far off")
    assert told.endswith("October 2026: forecast €500, won €3,000.")


@pytest.mark.parametrize(
    ("text", "name", "first", "end"),
    [
        ("month", "November 2026", date(2026, 11, 1), date(2026, 12, 1)),
        ("last month", "October 2026", date(2026, 10, 1), date(2026, 11, 1)),
        ("last-year", "the year 2025", date(2025, 1, 1), date(2026, 1, 1)),
        ("This Week", "week 47 of 2026", date(2026, 11, 16), date(2026, 11, 23)),
        ("last week", "week 46 of 2026", date(2026, 11, 9), date(2026, 11, 16)),
        ("2026-Q3", "Q3 2026", date(2026, 7, 1), date(2026, 10, 1)),
        ("2026q1", "Q1 2026", date(2026, 1, 1), date(2026, 4, 1)),
        ("2026-10", "October 2026", date(2026, 10, 1), date(2026, 11, 1)),
        ("2026-W46", "week 46 of 2026", date(2026, 11, 9), date(2026, 11, 16)),
        ("2026", "the year 2026", date(2026, 1, 1), date(2027, 1, 1)),
        ("30d", "the last 30 days", date(2026, 10, 18), date(2026, 11, 17)),
        ("本月", "November 2026", date(2026, 11, 1), date(2026, 12, 1)),
        ("上月", "October 2026", date(2026, 10, 1), date(2026, 11, 1)),
        ("本季度", "Q4 2026", date(2026, 10, 1), date(2027, 1, 1)),
        ("今年", "the year 2026", date(2026, 1, 1), date(2027, 1, 1)),
        ("2026年10月", "October 2026", date(2026, 10, 1), date(2026, 11, 1)),
        ("最近7天", "the last 7 days", date(2026, 11, 10), date(2026, 11, 17)),
    ],
)
def test_a_period_is_read(text: str, name: str, first: date, end: date) -> None:
    period = read_period(text, START, BERLIN)
    assert period
    assert (period.name, period.first, period.end) == (name, first, end)


@pytest.mark.parametrize(
    "text", ["", "soon", "2026-13", "2026-W54", "2026-Q5", "0d", "9999d", "0000"]
)
def test_what_is_no_period_is_not_read(text: str) -> None:
    assert read_period(text, START, BERLIN) is None


def test_a_month_begins_at_midnight_of_the_reader_on_both_sides_of_the_clock_change() -> None:
    period = read_period("2026-10", START, BERLIN)
    assert period
    assert period.since == datetime(2026, 9, 30, 22, tzinfo=UTC)
    assert period.until == datetime(2026, 10, 31, 23, tzinfo=UTC)
    assert period.until.tzinfo is UTC


@given(
    st.sampled_from(["week", "month", "quarter", "year", "90d"]),
    st.datetimes(datetime(1980, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sampled_from(["Europe/Berlin", "Asia/Shanghai", "America/Los_Angeles"]),
)
def test_periods_follow_one_another_without_a_gap(text: str, now: datetime, zone: str) -> None:
    period = read_period(text, now, ZoneInfo(zone))
    assert isinstance(period, Period)
    assert period.since <= now < period.until
    assert period.before.until == period.since
    assert period.before.since <= period.before_until <= period.since
