"""A chart as a PNG picture, 1200 by 675, readable on a light and on a dark screen.

The numbers that it draws stand in the reply as text as well; no text of the reply is drawn here.
This is the only module that imports matplotlib, and only when the first picture is asked for. It
keeps no state of pyplot, so pictures may be drawn in several threads, and the same chart always
gives the same bytes.
"""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

from bot.branches import Box, boxes
from bot.visible import fit, line, width
from handlers.reply import ChartKind
from handlers.wording import _, speaking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties

    from handlers.reply import Chart

SIZE = (1200, 675)
BACKGROUND = "#FFFFFF"
INK = "#1F2933"
SOFT = "#5B6673"
# Eight hues that stay apart for colour-blind readers, after Okabe and Ito (2008), darkened until
# each has a contrast of 4.5 or more against the background. Lines differ by marker as well.
PALETTE = ("#0067A8", "#B34700", "#00735A", "#8F3B7A", "#6B5B00", "#B3203F", "#46505A", "#3D4DB8")
_GRID = "#E3E7EB"
_MARKERS = "osD^vPX*"
# Beginnings of the names of fonts that write Chinese, the best first.
_CJK_FONTS = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans", "PingFang SC", "Hiragino Sans GB",
    "Microsoft YaHei", "WenQuanYi", "SimHei", "Droid Sans Fallback", "Noto Sans CJK", "Arial Unicode",
)  # fmt: skip
_MOST_BARS = 60
_MOST_LABELLED = 24
_CROWDED = 15
_ABREAST = 72  # letters below the axis
_LABEL = 24
_TICKS = 12
_LETTER = 0.0112  # the width of an average letter in ordinary size, as a share of the picture
_LEFT = 0.03
_MOST_BOXES = 40
_SHADE = 0.2  # of a colour, for the range of a guess
_TITLE, _ORDINARY, _SMALL, _TINY = 25, 16, 15, 12  # points


@dataclass(frozen=True, slots=True)
class _Lettering:
    """The fonts that are there, and the characters that they can write."""

    families: tuple[str, ...]
    written: frozenset[int]

    def of(self, size: float, *, bold: bool = False) -> FontProperties:
        from matplotlib.font_manager import FontProperties

        return FontProperties(
            family=list(self.families), size=size, weight="bold" if bold else "normal"
        )


def png(chart: Chart, language: str) -> bytes:
    """Draw `chart` in `language` (`en` or `zh`) as PNG bytes, well below 1 MB.

    Values that are missing or not finite leave a gap. At most 60 bars side by side and eight
    series are drawn; the picture says what it leaves out. A label or name in a script that no font
    on this machine can write is replaced by its number: `keys` says what the numbers stand for.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(SIZE[0] / 100, SIZE[1] / 100), dpi=100, facecolor=BACKGROUND)
    FigureCanvasAgg(figure)
    with speaking(language, "UTC"):
        drawing = _Drawing(chart, language, figure)
        drawing.draw_tree() if chart.kind is ChartKind.TREE else drawing.draw()
    picture = BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None})
    return picture.getvalue()


def keys(chart: Chart) -> dict[str, str]:
    """Return what each number in the picture stands for, where no font writes the name."""
    names = [(str(i), label) for i, label in enumerate(chart.labels, 1)]
    names += [(f"S{i}", series.name) for i, series in enumerate(chart.series, 1)]
    return {key: name for key, name in names if not _is_written(name)}


class _Drawing:
    """One chart on its way onto one figure."""

    def __init__(self, chart: Chart, language: str, figure: Figure) -> None:
        self.chart = chart
        self.language = language
        self.figure = figure
        self.letters = _lettering()
        self.lines = chart.kind is ChartKind.LINES
        shown = chart.series[: len(PALETTE)]
        self.abreast = max(len(shown), 1) if chart.kind is ChartKind.BARS else 1
        most = len(chart.labels) if self.lines else _MOST_BARS // self.abreast
        count = min(len(chart.labels), most)
        self.labels = [_name(label, str(i)) for i, label in enumerate(chart.labels[:count], 1)]
        self.names = [_name(series.name, f"S{i}") for i, series in enumerate(shown, 1)]
        values = [_finite(series.values, count) for series in shown]
        bounds = [[_finite(each, count) for each in (s.low, s.high)] for s in shown if self.lines]
        self.scale = _scale([*values, *(row for pair in bounds for row in pair)])
        self.values = [[v / self.scale for v in row] for row in values]
        self.bounds = [[[v / self.scale for v in row] for row in pair] for pair in bounds]
        # Labels that would touch each other below the axis stand beside their bars if these are few.
        tight = max(map(width, self.labels), default=0) * count > _ABREAST
        self.flat = tight and not self.lines and count * self.abreast <= _MOST_LABELLED
        self.axes: Axes = figure.add_axes(self._frame())

    def draw(self) -> None:
        self._style()
        self._head()
        if not any(math.isfinite(v) for row in self.values for v in row):
            self._nothing()
            return
        if self.lines:
            self._draw_lines()
        else:
            self._draw_bars()
        self._label_axis()

    def draw_tree(self) -> None:
        """Draw a tree from left to right; the bar in a box is as long as its share."""
        self.axes.set_axis_off()
        self.axes.set_position((0, 0, 1, 1))
        self.axes.set_xlim(0, 1)
        self.axes.set_ylim(0, 1)
        title = _name(self.chart.title, "")
        self._text(_LEFT, 0.94, fit(title, 60, width), _TITLE, bold=True, color=INK, va="center")
        found = boxes(self.chart, _MOST_BOXES)
        if not found:
            self._nothing()
        for box in found:
            self.axes.plot(*zip(*box.line, strict=True), color=SOFT, lw=1.2) if box.line else None
            self._box(box)

    def _box(self, box: Box) -> None:
        from matplotlib.patches import Rectangle

        share = min(max(box.share, 0.0), 100.0) / 100 if math.isfinite(box.share) else 0.0
        bottom, size = box.y - box.tall / 2, (box.wide, box.tall)
        for (wide, tall), face in (
            (size, BACKGROUND),
            ((box.wide * share, box.tall * 0.14), PALETTE[0]),
        ):
            edge = SOFT if face == BACKGROUND else face
            self.axes.add_patch(
                Rectangle((box.x, bottom), wide, tall, facecolor=face, edgecolor=edge, zorder=2)
            )
        letters = max(6, int(box.wide / _LETTER / 0.72))
        label = fit(_name(self.chart.labels[box.place], "") or str(box.place + 1), letters, width)
        told = [self._figure(n) if math.isfinite(n) else "–" for n in (box.share, box.count)]
        low = box.tall < 0.06  # noqa: PLR2004 - both on one line where there is no room for two
        heights = (bottom + box.tall * share for share in ((0.57, 0.57) if low else (0.74, 0.36)))
        x = box.x + box.wide - 0.008 if low else box.x + 0.008
        style: dict[str, Any] = {"va": "center", "zorder": 4}
        self._text(box.x + 0.008, next(heights), label, _TINY, color=INK, **style)
        side = "right" if low else "left"
        figures = f"{told[0]} %  ·  {told[1]}"
        self._text(x, next(heights), figures, _TINY, color=PALETTE[0], ha=side, bold=True, **style)

    def _frame(self) -> tuple[float, float, float, float]:
        top = 0.77 if len(self.names) > 1 or self.chart.unit.strip() else 0.85
        left = _LEFT + _LETTER * (max(map(width, self.labels), default=0) if self.flat else 7)
        right = 0.7 if self.lines and len(self.names) > 1 else 0.965
        return (left, 0.12, right - left, top - 0.12)

    def _style(self) -> None:
        axes = self.axes
        axes.set_facecolor(BACKGROUND)
        for side in ("top", "right", "left", "bottom"):
            axes.spines[side].set_visible(False)
        axes.spines["bottom"].set_visible(self.lines)
        axes.spines["bottom"].set_color(SOFT)
        axes.grid(axis="x" if self.flat else "y", color=_GRID, linewidth=1)
        axes.set_axisbelow(True)
        axes.tick_params(length=0, pad=8)

    def _text(self, x: float, y: float, text: str, size: float, **options: Any) -> None:  # noqa: ANN401
        bold = options.pop("bold", False)
        self.figure.text(
            x, y, text, fontproperties=self.letters.of(size, bold=bold), parse_math=False, **options
        )

    def _head(self) -> None:
        title, unit = _name(self.chart.title, ""), _name(self.chart.unit, "")
        self._text(_LEFT, 0.925, fit(title, 52, width), _TITLE, bold=True, color=INK, va="center")
        unit = fit(unit, 24, width)
        self._text(_LEFT, 0.85, unit, _ORDINARY, color=SOFT, va="center")
        self._legend(_LEFT + (_LETTER * width(unit) + 0.03 if unit else 0.0))
        if note := self._note():
            self._text(0.965, 0.03, note, _SMALL, color=SOFT, ha="right", va="center")

    def _legend(self, x: float) -> None:
        """Name the series in a row of coloured squares; lines are named at their ends instead."""
        if len(self.names) < 2 or self.lines:  # noqa: PLR2004 - one series needs no name
            return
        each = (0.98 - x) / len(self.names)
        for index, name in enumerate(self.names):
            shown = fit(name, max(3, int((each - 0.045) / _LETTER)), width)
            self._text(x, 0.85, "■", _ORDINARY + 2, color=PALETTE[index], va="center")
            self._text(x + 0.022, 0.85, shown, _ORDINARY, color=INK, va="center")
            x += 0.045 + _LETTER * width(shown)

    def _note(self) -> str:
        labels, series = len(self.chart.labels), len(self.chart.series)
        if len(self.labels) < labels:
            note = _("the first {count} of {total}", count=len(self.labels), total=labels)
        elif len(self.names) < series:
            note = _("the first {count} of {total} series", count=len(self.names), total=series)
        else:
            note = ""
        return _name(note, "")

    def _nothing(self) -> None:
        self.axes.set_axis_off()
        self._text(
            0.5,
            0.45,
            _name(_("No values yet"), "") or "–",
            _TITLE,
            color=SOFT,
            ha="center",
            va="center",
        )

    def _draw_bars(self) -> None:
        stacked = self.chart.kind is ChartKind.STACKED
        groups = self.abreast
        thick = 0.74 / groups
        above, below = [0.0] * len(self.labels), [0.0] * len(self.labels)
        for index, row in enumerate(self.values):
            shift = 0.0 if stacked else (index - (groups - 1) / 2) * thick
            places = [place + shift for place in range(len(self.labels))]
            sizes = [0.0 if math.isnan(value) else value for value in row]
            starts = [
                (above[i] if size >= 0 else below[i]) if stacked else 0.0
                for i, size in enumerate(sizes)
            ]
            self._bar(places, sizes, thick, starts, PALETTE[index])
            if stacked:
                above = [a + max(size, 0.0) for a, size in zip(above, sizes, strict=True)]
                below = [b + min(size, 0.0) for b, size in zip(below, sizes, strict=True)]
                self._label_segments(places, sizes, starts)
            else:
                self._label_bars(places, row, row)
        if stacked:
            totals = [a + b for a, b in zip(above, below, strict=True)]
            self._label_bars(list(range(len(self.labels))), above, totals)
        self._bar_axis()

    def _bar(
        self,
        places: list[float],
        sizes: list[float],
        thick: float,
        starts: list[float],
        colour: str,
    ) -> None:
        style: dict[str, Any] = {"color": colour, "edgecolor": BACKGROUND, "linewidth": 1}
        if self.flat:
            self.axes.barh(places, sizes, height=thick, left=starts, **style)
        else:
            self.axes.bar(places, sizes, width=thick, bottom=starts, **style)

    def _label_bars(
        self, places: Sequence[float], ends: Sequence[float], values: Sequence[float]
    ) -> None:
        if len(places) * self.abreast > _MOST_LABELLED:
            return
        for place, end, value in zip(places, ends, values, strict=True):
            text = "–" if math.isnan(value) else self._figure(value)
            at, sign = (0.0, 1) if math.isnan(end) else (end, -1 if end < 0 else 1)
            self._beside(text, at, place, sign)

    def _beside(self, text: str, at: float, place: float, sign: int) -> None:
        where, shift = ((at, place), (6 * sign, 0)) if self.flat else ((place, at), (0, 5 * sign))
        self.axes.annotate(
            text, where, shift, textcoords="offset points", color=INK, parse_math=False,
            fontproperties=self.letters.of(_SMALL),
            ha="center" if not self.flat else "left" if sign > 0 else "right",
            va="center" if self.flat else "bottom" if sign > 0 else "top",
        )  # fmt: skip

    def _label_segments(self, places: list[float], sizes: list[float], starts: list[float]) -> None:
        whole = max(
            sum(abs(row[i]) for row in self.values if math.isfinite(row[i]))
            for i in range(len(self.labels))
        )
        for place, size, start in zip(places, sizes, starts, strict=True):
            if len(places) <= _TICKS and abs(size) > 0.09 * whole:
                middle = start + size / 2
                x, y = (middle, place) if self.flat else (place, middle)
                self.axes.text(
                    x, y, self._figure(size), color=BACKGROUND, ha="center", va="center",
                    fontproperties=self.letters.of(_SMALL), parse_math=False,
                )  # fmt: skip

    def _bar_axis(self) -> None:
        count = len(self.labels)
        if self.flat:
            self.axes.set_ylim(count - 0.4, -0.6)
            self.axes.margins(x=0.1)
            self.axes.axvline(0, color=SOFT, linewidth=1)
        else:
            self.axes.set_xlim(-0.6, count - 0.4)
            self.axes.margins(y=0.12)
            self.axes.axhline(0, color=SOFT, linewidth=1)

    def _draw_lines(self) -> None:
        count = len(self.labels)
        marked = count <= 3 * _TICKS
        for index, row in enumerate(self.values):
            alone = [i for i in range(count) if _stands_alone(row, i)]
            low, high = self.bounds[index]
            guessed = any(map(math.isfinite, low))
            self.axes.plot(
                range(count), row, color=PALETTE[index], linewidth=2.6, solid_capstyle="round",
                marker=_MARKERS[index], markersize=7, markevery=None if marked else alone,
                linestyle="--" if guessed else "-",
            )  # fmt: skip
            if guessed:
                self.axes.fill_between(range(count), low, high, color=PALETTE[index], alpha=_SHADE)
        drawn = [*self.values, *(row for pair in self.bounds for row in pair)]
        known = [value for row in drawn for value in row if math.isfinite(value)]
        if (min(known) >= 0 and min(known) < max(known) / 2) or min(known) == max(known) >= 0:
            self.axes.set_ylim(bottom=0, top=max(known) * 1.12 or 1)
        else:
            self.axes.margins(y=0.12)
        self.axes.set_xlim(-0.4, count - 0.6)
        self._name_lines()

    def _name_lines(self) -> None:
        """Write name and last value at the end of each line, moved apart where they would touch."""
        low, high = self.axes.get_ylim()
        ends = []
        for index, row in enumerate(self.values):
            last = max((i for i, value in enumerate(row) if math.isfinite(value)), default=None)
            if last is not None:
                ends.append(((row[last] - low) / (high - low), index, row[last]))
        heights = _apart([end[0] for end in sorted(ends)], 0.075)
        for height, (_share, index, value) in zip(heights, sorted(ends), strict=True):
            several = len(self.names) > 1
            text = fit(self.names[index], 15, width) + "  " if several else ""
            self.axes.annotate(
                text + self._figure(value), (1, height), (10, 0), xycoords="axes fraction",
                textcoords="offset points", va="center", ha="left" if several else "right",
                color=PALETTE[index], fontproperties=self.letters.of(_ORDINARY, bold=True),
                parse_math=False, annotation_clip=False,
            )  # fmt: skip

    def _label_axis(self) -> None:
        from matplotlib.ticker import FuncFormatter, MaxNLocator

        values, names = (
            (self.axes.xaxis, self.axes.yaxis) if self.flat else (self.axes.yaxis, self.axes.xaxis)
        )
        values.set_major_locator(MaxNLocator(6, integer=self._counts()))
        values.set_major_formatter(FuncFormatter(lambda value, _place: self._figure(value)))
        places = list(range(len(self.labels))) if self.flat else self._thinned()
        names.set_ticks(places)
        names.set_ticklabels([self.labels[place] for place in places])
        crowded = names.get_ticklabels() if self.flat and len(self.labels) > _CROWDED else []
        for label in (*self.axes.get_xticklabels(), *self.axes.get_yticklabels()):
            label.set_parse_math(False)
            label.set_fontproperties(self.letters.of(_TINY if label in crowded else _ORDINARY))
            label.set_color(INK if label in names.get_ticklabels() else SOFT)

    def _thinned(self) -> list[int]:
        """Choose the labels below the axis: as many as fit side by side, always with the last."""
        widest = max(map(width, self.labels)) + 2
        most = max(2, min(_TICKS * 2, int(self.axes.get_position().width / _LETTER // widest)))
        step = math.ceil(len(self.labels) / most)
        last = len(self.labels) - 1
        return sorted(range(last, -1, -step))

    def _counts(self) -> bool:
        return self.scale == 1 and all(
            value == int(value) for row in self.values for value in row if math.isfinite(value)
        )

    def _figure(self, value: float) -> str:
        return compact(float(value) * self.scale, self.language)


def compact(value: float, language: str) -> str:
    """Write a number short: `12.5k`, `3M`; `1.2万`, `3亿` in Chinese where a font can write it."""
    chinese = language == "zh" and _is_written("万亿")
    steps = ((1e8, "亿"), (1e4, "万")) if chinese else ((1e9, "B"), (1e6, "M"), (1e4, "k"))
    if abs(value) >= 1e15 or 0 < abs(value) < 5e-3:  # noqa: PLR2004 - where digits stop to be read
        return f"{value:.1e}"
    for step, sign in steps:
        if abs(value) >= step:
            return _digits(value / (1e3 if sign == "k" else step)) + sign
    return _digits(value)


def _digits(value: float) -> str:
    """Write at least three digits, without a decimal point that says nothing."""
    places = 0 if abs(value) >= 1_000 else 1 if abs(value) >= 10 else 2  # noqa: PLR2004
    text = f"{value:,.{places}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text if text != "-0" else "0"


def _name(text: str, key: str) -> str:
    """Return `text` as it is drawn: emoji left out, or `key` where no font can write it."""
    if not text.strip():
        return key
    if not _is_written(text):
        return key
    written = "".join(c for c in line(text, 120, width) if ord(c) in _lettering().written)
    return fit(" ".join(written.split()), _LABEL, width) if key else " ".join(written.split())


def _is_written(text: str) -> bool:
    """Whether a font can write the letters and digits of `text`; pictures and marks do not matter."""
    return all(
        ord(character) in _lettering().written
        for character in text
        if unicodedata.category(character)[0] in "LN"
    )


@cache
def _lettering() -> _Lettering:
    """Look for a font that has Chinese, and read what it and the built-in one can write."""
    from matplotlib import font_manager

    built_in = "DejaVu Sans"
    # Titles are bold, and the bold face lacks some of what the regular one has.
    written = _characters(built_in) & _characters(built_in, "bold")
    installed = sorted({font.name for font in font_manager.fontManager.ttflist})
    for start in _CJK_FONTS:
        for name in (name for name in installed if name.startswith(start)):
            if ord("中") in (characters := _characters(name)):
                return _Lettering((built_in, name), written | characters)
    return _Lettering((built_in,), written)


def _characters(family: str, weight: str = "normal") -> frozenset[int]:
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    path = font_manager.findfont(font_manager.FontProperties(family=family, weight=weight))
    return frozenset(FT2Font(path).get_charmap())


def _finite(values: Sequence[float | None], count: int) -> list[float]:
    padded = [*values[:count], *[None] * (count - len(values))]
    return [float(v) if v is not None and math.isfinite(v) else math.nan for v in padded]


def _scale(values: list[list[float]]) -> float:
    """Return what to divide by, so that no sum of values and margins leaves what can be drawn."""
    largest = max((abs(v) for row in values for v in row if math.isfinite(v)), default=0.0)
    return largest if largest > 1e12 or 0 < largest < 1e-6 else 1.0  # noqa: PLR2004


def _stands_alone(row: list[float], index: int) -> bool:
    around = row[max(index - 1, 0) : index] + row[index + 1 : index + 2]
    return math.isfinite(row[index]) and not any(map(math.isfinite, around))


def _apart(heights: list[float], gap: float) -> list[float]:
    """Move sorted heights up, then down from the top, until each is `gap` from the next."""
    moved: list[float] = []
    for height in heights:
        moved.append(max(height, moved[-1] + gap) if moved else height)
    ceiling = 1.0
    for index in range(len(moved) - 1, -1, -1):
        moved[index] = min(moved[index], ceiling)
        ceiling = moved[index] - gap
    return moved
