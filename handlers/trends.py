"""Commands about series over time, and their alerts: trend, season, forecast, what was out of line.

Worked out in `jobs/trends.py`, worded in `trend_words.py`; the forecast by open deals is `forecasts.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from crm_store import scores
from crm_store.models import Role
from crm_store.series import KIND, MADE_AT, Every, Topic
from handlers import trend_words
from handlers.command import command
from handlers.notices import Telling, notice
from handlers.reply import Action, Chart, ChartKind, Field, Reply, Row, Series, Table, Tone
from handlers.request import Request
from handlers.trend_phrases import PHRASES
from handlers.trend_words import NAMES, Line
from handlers.wording import _, date_stamp, day, mark

BY = {Every.DAY: mark("By day"), Every.WEEK: mark("By week"), Every.MONTH: mark("By month")}
COLUMNS = {Every.DAY: mark("Day"), Every.WEEK: mark("Week of"), Every.MONTH: mark("Month")}
WELCOME = frozenset({Topic.REVENUE, Topic.WON, Topic.LEADS})  # more of it is good news
_YEAR_AND_MONTH = 7  # characters of an ISO day


@command(
    "report trend <what> [every=]",
    role=Role.MEMBER,
    reads=True,
    example="report trend revenue every=week",
    phrases=PHRASES,
)
def report_trend(request: Request, what: Topic, every: Every | None = None) -> Reply:
    """Show where revenue, deals won, tickets, complaints or leads are heading, and what comes next."""
    receipt = scores.receipt(request.session, f"{KIND}{what}")
    zone = request.defaults.time_zone
    if receipt is None:
        return _nothing(what, zone)
    data = receipt.data
    shown = every or Every(data["shown"])
    seen, line = data["every"][shown], Line(what, shown, data["currency"])
    return Reply(
        title=_("{name}: trend and forecast", name=_(NAMES[what])),
        text="\n".join(trend_words.sentences(line, seen)),
        fields=tuple(_fields(line, seen, data)),
        table=_table(line, seen["forecast"]["steps"]),
        chart=_chart(line, seen),
        actions=_buttons(what, shown),
        footer=_(
            "Worked out on {day}; only what is over counts, by the clock of {zone}.",
            day=day(date.fromisoformat(data["period"])),
            zone=zone,
        ),
    )


@notice("series_alert")
def tell_series_alert(telling: Telling, payload: Mapping[str, Any]) -> Reply | None:
    """Say that a day or a week was out of line, unless by now it is not."""
    what, every = Topic(payload["topic"]), Every(payload["every"])
    receipt = scores.receipt(telling.session, f"{KIND}{what}")
    if receipt is None:
        return None
    seen = receipt.data["every"][every]
    found = next((each for each in seen["outliers"] if each["on"] == payload["on"]), None)
    if found is None:
        return None
    line, name = Line(what, every, receipt.data["currency"]), _(NAMES[what])
    more = found["value"] > found["expected"]
    return Reply(
        title=_("{name}: more than usual", name=name)
        if more
        else _("{name}: less than usual", name=name),
        text=trend_words.alarm(line, found),
        chart=_chart(line, seen),
        actions=(Action(_("Trend and forecast"), f"report trend {what} every={every}"),),
        tone=Tone.GOOD if more is (what in WELCOME) else Tone.WARNING,
    )


def _nothing(what: Topic, zone: str) -> Reply:
    return Reply(
        title=_("{name}: nothing is known over time yet.", name=_(NAMES[what])),
        text=unavailable(zone),
    )


def unavailable(zone: str) -> str:
    """Say which job looks at the series, and when."""
    return _(
        "The job `trends` looks every night at {time} ({zone}); an admin runs it at once with "
        "`rapport job trends`.",
        time=f"{MADE_AT:%H:%M}",
        zone=zone,
    )


def _fields(line: Line, seen: Mapping[str, Any], data: Mapping[str, Any]) -> list[Field]:
    told = {
        _("How"): trend_words.how(line, seen["forecast"]),
        _("How far off it was"): trend_words.past_error(line, seen["forecast"]),
        _("Out of line"): trend_words.outliers(line, seen),
        _("Counted"): _(trend_words.MEANT[line.what]),
        _("Left out"): trend_words.left_out(data["left_out"], data["currency"]),
    }
    return [Field(label, value) for label, value in told.items() if value]


def _table(line: Line, steps: Sequence[Mapping[str, Any]]) -> Table | None:
    if not steps:
        return None
    columns = (_(COLUMNS[line.every]), _("Expected"), _("Likely from"), _("Likely to"))
    rows = tuple(
        Row(
            (
                _label(line, step["on"]),
                line.amount(step["value"]),
                *("–" if step[end] is None else line.amount(step[end]) for end in ("low", "high")),
            )
        )
        for step in steps
    )
    return Table(columns, rows, (1, 2, 3))


def _chart(line: Line, seen: Mapping[str, Any]) -> Chart | None:
    """Draw the latest periods and, from the last on, the forecast with its range."""
    past, steps = seen["drawn"], seen["forecast"]["steps"]
    if not past:
        return None
    gap = (None,) * (len(past) - 1)
    line_so_far = Series(_("So far"), (*past, *(None for _step in steps)))
    told = [
        (*gap, past[-1], *(step["value"] if step[part] is None else step[part] for step in steps))
        for part in ("value", "low", "high")
    ]
    sure = bool(steps) and steps[0]["low"] is not None
    expected = Series(_("Expected"), *(told if sure else told[:1]))
    days = [*seen["drawn_on"], *(step["on"] for step in steps)]
    return Chart(
        ChartKind.LINES,
        f"{_(NAMES[line.what])} · {_(BY[line.every])}",
        tuple(_label(line, on) for on in days),
        (line_so_far, expected) if steps else (line_so_far,),
        line.currency,
    )


def _label(line: Line, on: str) -> str:
    return on[:_YEAR_AND_MONTH] if line.every is Every.MONTH else date_stamp(date.fromisoformat(on))


def _buttons(what: Topic, shown: Every) -> tuple[Action, ...]:
    others = (
        Action(_(BY[every]), f"report trend {what} every={every}", replaces=True)
        for every in Every
        if every is not shown
    )
    return (
        *others,
        *(Action(_(NAMES[each]), f"report trend {each}") for each in Topic if each is not what),
    )
