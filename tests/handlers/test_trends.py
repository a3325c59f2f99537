"""The report of a series: trend, season, forecast and how far off it was, in plain words."""

from __future__ import annotations

import math
import random
from datetime import date, timedelta
from decimal import Decimal

import pytest

from bot.understanding.phrases import normal
from bot.understanding.templates import templates
from crm_store.models import Order, Ticket
from handlers.reply import Reply
from handlers.subjects import load
from tests.desk import START, Desk
from tests.jobs.test_trends import level, noon, run, sell, spike


def growing(day: date, dice: random.Random) -> float:
    """3 % a month, and December half as much again."""
    months = (START.date() - day).days / 30.4
    return level(day, dice) * math.exp(-0.03 * months) * (1.5 if day.month == 12 else 1.0)


@pytest.fixture
def shop(desk: Desk) -> Desk:
    """Four years of a shop that grows."""
    sell(desk, 4 * 365, growing)
    run(desk)
    return desk


def lines(reply: Reply) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in reply.text.splitlines())


def field(reply: Reply, label: str) -> str:
    return next((each.value for each in reply.fields if each.label == label), "")


def test_a_manager_reads_trend_season_and_forecast_in_plain_words(shop: Desk) -> None:
    reply = shop.manager.says("report trend revenue")
    assert reply.title == "Revenue: trend and forecast"
    told = lines(reply)
    assert told["Latest"].startswith("October 2026, €")
    assert told["Trend"] in {f"rising by about {share}% a month." for share in (1, 2, 3)}
    assert told["Season"].startswith("December is usually 4")
    assert told["Forecast"].startswith("November 2026 about €")
    assert "in 8 of 10 cases between €" in told["Forecast"]
    assert "Tried on 23 moments of the past it was off by €" in field(reply, "How far off it was")
    assert "“the same as a year before” would have been off by €" in field(
        reply, "How far off it was"
    )
    assert reply.footer.startswith("Worked out on Mon, Nov 16, 2026")


def test_the_columns_of_the_forecast_are_bounds_in_chinese_too(shop: Desk) -> None:
    shop.manager.says("settings language=zh")
    table = shop.manager.says("report trend revenue").table
    assert table
    assert table.columns == ("月份", "预期", "可能下限", "可能上限")


def test_the_chart_goes_on_from_the_last_month_with_its_range(shop: Desk) -> None:
    reply = shop.manager.says("report trend revenue every=month")
    assert reply.chart
    assert reply.table
    past, expected = reply.chart.series
    assert len(reply.chart.labels) == len(past.values) == len(expected.values) == 36 + 3
    assert reply.chart.labels[-4:] == ("2026-10", "2026-11", "2026-12", "2027-01")
    assert past.values[-4] == expected.values[-4] == expected.low[-4]
    assert past.values[-3:] == (None,) * 3
    for low, value, high in zip(
        expected.low[-3:], expected.values[-3:], expected.high[-3:], strict=True
    ):
        assert low is not None
        assert value is not None
        assert high is not None
        assert low < value < high
    assert [row.cells[0] for row in reply.table.rows] == ["2026-11", "2026-12", "2027-01"]
    assert reply.chart.unit == "EUR"


def test_the_buttons_lead_to_other_periods_and_series(shop: Desk) -> None:
    reply = shop.manager.says("report trend revenue")
    weeks = shop.manager.presses(reply, "By week")
    assert weeks.title == "Revenue: trend and forecast"
    assert lines(weeks)["Latest"].startswith("the week of Mon, Nov 9, 2026, €")
    days = shop.manager.presses(weeks, "By day")
    assert lines(days)["Latest"].startswith("Sun, Nov 15, 2026, €")
    nothing = shop.manager.presses(reply, "New tickets")
    assert nothing.title == "New tickets: nothing is known over time yet."
    assert "`rapport job trends`" in nothing.text


def test_what_was_out_of_line_is_listed_with_what_is_usual(desk: Desk) -> None:
    sell(desk, 100, spike(date(2026, 11, 3)))
    run(desk)
    out = field(desk.rep.says("report trend revenue every=day"), "Out of line")
    assert out.startswith("Tue, Nov 3, 2026: €9,000, usual is €")
    assert len(out.splitlines()) == 1


def test_weekends_without_sales_are_the_season_of_the_week(desk: Desk) -> None:
    def weekdays(day: date, dice: random.Random) -> float:
        return level(day, dice) * (0.05 if day.weekday() == 6 else 1.0)

    sell(desk, 120, weekdays)
    run(desk)
    season = lines(desk.rep.says("report trend revenue every=day"))["Season"]
    assert season.endswith("Sunday 94% below.")


def test_too_little_is_said_and_what_it_needs(desk: Desk) -> None:
    sell(desk, 3)
    run(desk)
    reply = desk.rep.says("report trend revenue")
    assert lines(reply)["Forecast"] == "too little is known yet; that needs four periods."
    assert reply.table is None
    months = desk.rep.says("report trend revenue every=month")
    assert months.text == "Nothing is over yet that could be counted."
    assert months.chart is None


def test_a_short_past_gets_a_plain_rule_that_is_named_and_no_range(desk: Desk) -> None:
    sell(desk, 60)
    run(desk)
    reply = desk.rep.says("report trend revenue every=week")
    assert lines(reply)["Forecast"].endswith("; how sure that is cannot be said yet.")
    assert field(reply, "How") == (
        "Expected is the mean of the last three. "
        "Methods that see a trend or a season need a longer past."
    )
    assert reply.chart
    assert reply.chart.series[1].low == ()


@pytest.mark.parametrize("months", [20, 28])
def test_of_two_plain_rules_the_other_is_named_as_tried(desk: Desk, months: int) -> None:
    sell(desk, months * 31, growing)
    run(desk)
    reply = desk.rep.says("report trend revenue every=month")
    assert "Tried on" in field(reply, "How far off it was")
    assert field(reply, "How") == (
        "Expected is the same as the one before. It and “the same as a year before” were tried; "
        "methods that see a trend or a season need a longer past."
    )


def test_what_is_counted_is_named(desk: Desk) -> None:
    with desk.session() as session:
        for back in range(2, 72):
            at = noon(START.date() - timedelta(days=back))
            several = 30 if back == 5 else 1
            session.add_all(
                Ticket(subject="Help", text="", created_at=at) for _each in range(several)
            )
    run(desk)
    days = desk.rep.says("report trend tickets every=day")
    assert lines(days)["Latest"] == "Sun, Nov 15, 2026, 0 tickets."
    assert field(days, "Out of line").startswith("Wed, Nov 11, 2026: 30 tickets, usual is 0 to ")
    weeks = desk.rep.says("report trend tickets every=week")
    assert lines(weeks)["Latest"] == "the week of Mon, Nov 9, 2026, 35 tickets."
    assert " tickets, in 8 of 10 cases between " in lines(weeks)["Forecast"]
    assert " tickets (" in field(weeks, "How far off it was")
    desk.rep.says("settings language=zh")
    assert "35 个工单" in desk.rep.says("report trend tickets every=week").text


def test_other_currencies_are_left_out_and_named(desk: Desk) -> None:
    sell(desk, 60)
    with desk.session() as session:
        for back, currency in ((3, "USD"), (4, "USD"), (5, "CHF")):
            at = noon(START.date() - timedelta(days=back))
            session.add(
                Order(ordered_at=at, total=Decimal(10**6), currency=currency, created_at=at)
            )
    run(desk)
    reply = desk.rep.says("report trend revenue every=day")
    assert field(reply, "Left out") == "3 in other currencies than EUR are left out (CHF, USD)."
    assert field(reply, "Out of line") == ""


@pytest.mark.parametrize("what", ["sales", "'; --", "10000", "<b>x</b>"])
def test_a_series_that_there_is_not_is_answered_with_those_that_there_are(
    shop: Desk, what: str
) -> None:
    reply = shop.manager.says(f'report trend "{what}"')
    assert "Choose one of: revenue, won, tickets, complaints, leads." in reply.title + reply.text
    assert shop.manager.presses(reply, "revenue").title == "Revenue: trend and forecast"


def test_a_digest_may_carry_it(shop: Desk) -> None:
    reply = shop.manager.says('digest add report trend revenue every="monday 9:00" to=me')
    assert "Digest" in reply.title


@pytest.mark.parametrize(
    ("sentence", "call"),
    [
        ("show me the monthly revenue trend", {"what": "revenue", "every": "month"}),
        ("is our revenue growing?", {"what": "revenue"}),
        ("what is the trend of our support tickets", {"what": "tickets"}),
        ("are the complaints rising or falling", {"what": "complaints"}),
        ("weekly trend report", None),
        ("按月收入趋势", {"what": "revenue", "every": "month"}),
        ("我们的销售额走势怎么样", {"what": "revenue"}),
        ("投诉在增长还是减少", {"what": "complaints"}),
        ("看看新客户的季节性", {"what": "leads"}),
    ],
)
def test_its_phrases_fit_what_people_say(sentence: str, call: dict[str, str] | None) -> None:
    load()
    fitting = [each for each in templates() if each.pattern.fullmatch(normal(sentence))]
    calls = [(each.command.name, dict(each.fixed)) for each in fitting]
    assert (("report trend", call) in calls) is (call is not None)


def test_it_speaks_chinese(shop: Desk) -> None:
    shop.manager.says("settings language=zh")
    reply = shop.manager.says("report trend revenue")
    assert reply.title == "收入：趋势与预测"
    assert "十二月" in reply.text
