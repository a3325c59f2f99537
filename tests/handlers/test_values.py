"""What customers are likely to bring and who is unlike all others, told in words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from handlers.reply import ChartKind, Reply
from jobs import scores as scoring
from tests.desk import Desk
from tests.jobs.shops import MORNING, Buyer, context, crowd, every, stock


@pytest.fixture
def shop(desk: Desk) -> Desk:
    """A shop of 401 customers, of whom Odd AG buys at a thousand times the price."""
    with desk.session() as session:
        stock(session, [*crowd(400), Buyer("Odd AG", every(30, since=480, until=3), 90_000)])
    scoring.run(context(desk))
    return desk


def field(reply: Reply, label: str) -> str:
    return next(each.value for each in reply.fields if each.label == label)


def test_who_will_bring_the_most_is_told_with_a_picture(shop: Desk) -> None:
    reply = shop.manager.says("report value")
    assert reply.title == "Who will bring the most in the next 12 months"
    assert reply.text.startswith("401 customers are likely to bring €")
    assert reply.table
    assert reply.chart
    assert reply.table.rows[0].cells[0] == "Odd AG"
    assert reply.chart.labels == tuple(row.cells[0] for row in reply.table.rows)[:5]
    before, after = reply.chart.series
    assert [before.name, after.name] == ["Last 12 months", "Next 12 months"]
    told = [value or 0.0 for value in after.values]
    assert told == sorted(told, reverse=True)
    assert reply.table.rows[0].cells[1] == f"€{told[0]:,.0f}"
    assert reply.footer == "401 in all, page 1 of 41"
    second = shop.manager.presses(reply, "Next")
    assert second.table
    assert not {row.cells[0] for row in second.table.rows} & set(reply.chart.labels)
    how = field(reply, "How")
    assert how.startswith("From what each brought in the last 12 months, together with how often")
    assert "learnt from 401 customers." in how
    assert "customers: of the tenth that brought most the model named" in how


def test_what_changed_since_last_week_is_told_where_the_method_is_the_same(shop: Desk) -> None:
    first = shop.manager.says("report value").table
    assert first
    assert {row.cells[3] for row in first.rows} == {"–"}
    scoring.run(context(shop, MORNING + timedelta(days=7)))
    reply = shop.manager.says("report value")
    assert reply.table
    assert all(row.cells[3][0] in "+-€" for row in reply.table.rows)
    why = shop.manager.says('why "Odd AG"').text
    assert "a week ago." in why


def test_the_card_and_why_tell_value_next_purchase_and_segment(shop: Desk) -> None:
    card = shop.rep.says('company show "Odd AG"')
    assert field(card, "Value in the next 12 months").startswith("about €")
    assert "; next purchase likely around " in field(card, "Value in the next 12 months")
    assert field(card, "Segment") == "Champions"
    assert field(card, "Unlike all others") == "very large orders"
    why = shop.rep.presses(card, "Why?").text
    assert "• Expected: " in why
    assert "• Still a customer with a probability of " in why
    assert "for how often and 5 for how much they bought." in why
    assert "• Brought €1,440,000 in all so far." in why
    assert "Next: get in touch a few days before " in why
    assert "• Spends €90,000 an order; typical is €1" in why


def test_a_manager_reads_who_is_unlike_all_others_and_why(shop: Desk) -> None:
    reply = shop.manager.says("report outliers")
    assert reply.title.endswith(" customers unlike all others")
    paragraphs = reply.text.split("\n\n")
    assert paragraphs[0].startswith("Mostly because of: ")
    assert paragraphs[1].splitlines()[:2] == [
        "1. Odd AG",
        f"• Spends €90,000 an order; typical is €{_typical(paragraphs[1])}.",
    ]
    assert field(reply, "How").startswith("Every one of 401 customers was compared")
    assert shop.manager.presses(reply, "Open Odd AG").title == "Odd AG"
    for word in ("DBSCAN", "deviation", "cluster", "epsilon"):
        assert word not in reply.text + field(reply, "How")


def _typical(paragraph: str) -> str:
    return paragraph.split("typical is €")[1].split(".", maxsplit=1)[0]


def test_too_few_customers_are_told_by_the_rule_with_what_a_model_needs(desk: Desk) -> None:
    with desk.session() as session:
        stock(session, [Buyer("Acme", [100.0, 50.0], 40), Buyer("Once", [20.0], 70)])
    scoring.run(context(desk))
    how = field(desk.rep.says("report value"), "How")
    assert how.startswith(
        "By a plain rule, not by a model: the next 12 months as the last 12, and the less the longer "
        "somebody has been silent beyond their own rhythm. A model needs 300 customers; there are 2."
    )
    reply = desk.rep.says("report outliers")
    assert reply.title == "No customer is unlike all others"
    assert "fewer than 50 customers are too few to compare" in field(reply, "How")


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("report value", "No values have been worked out yet."),
        ("report outliers", "Nobody has been compared with the others yet."),
        ("segment champions", "Segment: Champions"),
    ],
)
def test_before_the_first_night_it_says_what_makes_them(desk: Desk, line: str, title: str) -> None:
    reply = desk.rep.says(line)
    assert reply.title == title
    assert "`rapport job scores`" in reply.text


def test_the_words_are_chinese_for_who_speaks_it(shop: Desk) -> None:
    shop.rep.says("settings language=zh")
    assert shop.rep.says("report value").title == "未来 12 个月谁会带来最多收入"
    assert "每次下单" in shop.rep.says("report outliers").text


def test_a_segment_lists_its_customers_with_the_most_revenue_first(shop: Desk) -> None:
    report = shop.manager.says("report segments")
    assert report.table
    champions = report.table.rows[0]
    assert (champions.cells[0], champions.opens) == ("Champions", "segment champions")
    reply = shop.manager.says(champions.opens)
    assert reply.title == "Segment: Champions"
    assert reply.text == "Next: ask what they would like to see next, and offer it to them first."
    assert reply.table
    assert reply.table.rows[0].cells[0] == "Odd AG"
    revenue = [float(row.cells[1][1:].replace(",", "")) for row in reply.table.rows]
    assert revenue == sorted(revenue, reverse=True)
    assert reply.footer.startswith(f"{champions.cells[1]} in all, page 1 of ")
    assert shop.manager.says("company show first").title == "Odd AG"


def test_a_segment_that_there_is_not_is_refused_with_those_that_there_are(shop: Desk) -> None:
    reply = shop.manager.says("segment elves")
    assert reply.title.startswith("Choose one of: champions, loyal,")
    nobody = shop.manager.says("segment new")
    assert nobody.table is None
    assert nobody.text == "No customer is in it in week 2026-W47."


def test_the_report_draws_the_weeks_with_the_same_borders(shop: Desk) -> None:
    for week in (1, 2):
        scoring.run(context(shop, MORNING + timedelta(days=7 * week)))
    reply = shop.manager.says("report segments")
    assert reply.chart
    assert reply.chart.kind is ChartKind.LINES
    assert reply.chart.labels == ("2026-W47", "2026-W48", "2026-W49")
    assert reply.table
    assert reply.table.columns[-1] == "Change in 2 weeks"
    drawn = {line.name: line.values for line in reply.chart.series}
    for row in reply.table.rows:
        first, *_between, last = drawn[row.cells[0]]
        assert last is not None
        assert first is not None
        told = float(row.cells[4].replace("€", "").replace(",", "").replace("+", ""))
        assert told == pytest.approx(last - first, abs=1)
    earlier = shop.manager.says("report segments period=2026-W48").chart
    assert earlier
    assert earlier.labels == ("2026-W47", "2026-W48")
