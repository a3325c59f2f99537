"""Charts as pictures: right size, same bytes, readable colours, any numbers and any text."""

from __future__ import annotations

import json
import struct

import pytest
from hypothesis import given, settings

from bot.charts import BACKGROUND, INK, PALETTE, SIZE, SOFT, compact, keys, png
from handlers.reply import Chart, ChartKind, Reply, Series
from tests.bot import replies


def size_of(picture: bytes) -> tuple[int, int]:
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", picture[16:24])


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2.2."""
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colour", [*PALETTE, INK, SOFT])
def test_every_colour_stands_out_from_the_background(colour: str) -> None:
    assert (luminance(BACKGROUND) + 0.05) / (luminance(colour) + 0.05) >= 4.5


def test_the_colours_differ_from_each_other() -> None:
    assert len(set(PALETTE)) == len(PALETTE) == 8


@pytest.mark.parametrize("kind", ChartKind)
def test_the_same_chart_is_the_same_picture(kind: ChartKind) -> None:
    chart = Chart(
        kind, "Pipeline", ("New", "Won"), (Series("A", (1, None)), Series("B", (3, 4))), "EUR"
    )
    picture = png(chart, "en")
    assert size_of(picture) == SIZE
    assert len(picture) <= 1_000_000
    assert picture == png(chart, "en")
    assert picture != png(Chart(kind, "Pipeline", ("New", "Won"), (Series("A", (1, 2)),)), "en")


def test_the_range_of_a_guess_is_drawn_and_kept() -> None:
    past, sure = Series("So far", (3, 4, None)), Series("Expected", (None, 4, 5))
    guess = Series("Expected", (None, 4, 5), (None, 4, 3), (None, 4, 7))
    drawn = [
        Chart(ChartKind.LINES, "Revenue", ("a", "b", "c"), (past, each)) for each in (sure, guess)
    ]
    assert png(drawn[0], "en") != png(drawn[1], "en")
    kept = json.loads(json.dumps(Reply(chart=drawn[1]).to_dict()))
    assert Reply.from_dict(kept).chart == drawn[1]
    for series in kept["chart"]["series"]:  # as an older version kept it
        del series["low"], series["high"]
    assert Reply.from_dict(kept).chart == drawn[0]


@given(replies.charts)
@settings(max_examples=12, deadline=None)
def test_any_chart_can_be_drawn(chart: Chart) -> None:
    picture = png(chart, "zh")
    assert size_of(picture) == SIZE
    assert len(picture) <= 1_000_000


@pytest.mark.parametrize("text", replies.HOSTILE)
def test_no_text_is_read_as_a_formula(text: str) -> None:
    chart = replies.everywhere(text).chart
    assert chart is not None
    assert size_of(png(chart, "en")) == SIZE


@pytest.mark.parametrize("kind", ChartKind)
def test_ten_thousand_values_of_any_size_are_drawn(kind: ChartKind) -> None:
    values = tuple((-1.0) ** n * 10.0 ** (n % 600 - 300) for n in range(10_000))
    chart = Chart(
        kind, "Many", tuple(f"label {n}" for n in range(10_000)), (Series("x", values),) * 9
    )
    assert len(png(chart, "en")) <= 1_000_000


def test_a_name_that_no_font_writes_is_drawn_as_its_number() -> None:
    chart = Chart(ChartKind.BARS, "T", ("New", "\U00012000"), (Series("\U00012000", (1, 2)),))
    assert keys(chart) == {"2": "\U00012000", "S1": "\U00012000"}
    assert size_of(png(chart, "en")) == SIZE


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0"),
        (-0.001, "-1.0e-03"),
        (3.14159, "3.14"),
        (9999, "9,999"),
        (120_500, "120.5k"),
        (-2_000_000, "-2M"),
        (3.2e9, "3.2B"),
        (1e300, "1.0e+300"),
    ],
)
def test_numbers_are_written_short(value: float, written: str) -> None:
    assert compact(value, "en") == written
