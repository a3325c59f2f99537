"""Where the boxes of a tree stand, and the tree as text in a terminal."""

from __future__ import annotations

import math

from bot.branches import boxes
from bot.console.render import render
from handlers.reply import Chart, ChartKind, Reply, Series

TREE = Chart(
    ChartKind.TREE,
    "What tells “won”",
    ("All", "source: partner", "visits above 2", "source: web"),
    (
        Series("Part of", (None, 1, 2, 1)),
        Series("Count", (100, 40, 12, 60)),
        Series("Share", (40, 80, None, 13)),
    ),
)


def test_boxes_stand_right_of_the_one_they_hang_on_and_amid_their_own() -> None:
    everything, partner, visits, web = boxes(TREE, 40)
    assert everything.x < partner.x == web.x < visits.x
    assert partner.y == visits.y > web.y
    assert everything.y == (partner.y + web.y) / 2
    assert everything.line == ()
    assert visits.line[0] == (partner.x + partner.wide, partner.y)
    assert visits.line[-1] == (visits.x, visits.y)
    assert (everything.count, partner.share) == (100, 80)
    assert math.isnan(visits.share)


def test_what_hangs_on_nothing_is_left_out() -> None:
    wrong = (Series("Part of", (None, 7, -1, None)), Series("Count", ()), Series("Share", ()))
    assert len(boxes(Chart(ChartKind.TREE, "", TREE.labels, wrong), 40)) == 1
    assert boxes(Chart(ChartKind.TREE, "", (), ()), 40) == []
    assert len(boxes(TREE, 2)) == 2


def test_a_terminal_writes_a_box_a_line() -> None:
    assert render(Reply(chart=TREE)).text.splitlines() == [
        "What tells “won”",
        "All  40 % · 100",
        "  source: partner  80 % · 40",
        "    visits above 2  – % · 12",
        "  source: web  13 % · 60",
    ]
