"""What a manager asked to be looked into: a tree over an outcome, or what an amount goes with.

What can be asked stands in `crm_store/questions.py`; the words of the answers, in `handlers/patterns.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from crm_store import questions, scores, table_periods
from crm_store.exclusions import is_excluded
from crm_store.fields import RecordKind
from crm_store.questions import Question
from crm_store.tables import ADDED, Table
from jobs import tables
from jobs.asked import Answer
from jobs.schedule import JobContext

if TYPE_CHECKING:
    from jobs.analytics.regression import Regression
    from jobs.analytics.sheets import Sheet
    from jobs.analytics.trees import Learnt, Node

TREE, REGRESSION = "tree", "regression"
GONE = "gone"  # the field that was asked about was taken away meanwhile
EXCLUDED = "excluded"  # nobody may look into it
PERIODS = {"week": 104, "month": 60}  # how many of them are looked at
_RULES = 8
_DRAWN_DEPTH = 3
_DRAWN_LEAVES = 10
_PLACES = 4


def grow_tree(context: JobContext, arguments: Mapping[str, Any]) -> Answer:
    """Grow a tree over an outcome."""
    from jobs.analytics import trees
    from jobs.analytics.sheets import sheet

    table = _table(context, arguments)
    if isinstance(table, str):
        return Answer("tree", {**arguments, "why": table})
    rows, unfit = _fit(table, sheet(table, arguments["fields"]), arguments)
    context.progress(f"{len(table.ids)} rows, {len(rows.frame.columns)} fields")
    found = trees.learn(rows.frame, rows.outcomes, rows.moments)
    payload = {
        **arguments,
        **_told(context, table, rows),
        "unfit": unfit,
        "why": found.why,
        "positives": int(found.root.positives),
        "rules": [asdict(rule) for rule in found.rules[:_RULES]],
        "more": max(0, len(found.rules) - _RULES),
        "importance": [[name, round(share, _PLACES)] for name, share in found.importance],
        "nodes": _drawn(found.root) if found.usable else [],
        "quality": _quality(found),
        "by_time": found.by_time,
        "least": {"rows": trees.MIN_ROWS, "of_a_class": trees.MIN_CLASS},
    }
    _keep(context, TREE, "entropy_tree", payload)
    return Answer("tree", payload)


def regress(context: JobContext, arguments: Mapping[str, Any]) -> Answer:
    """Look into what an amount, or the chance of an outcome, goes with."""
    from jobs.analytics import regression
    from jobs.analytics.sheets import sheet

    table = _table(context, arguments)
    if isinstance(table, str):
        return Answer("regression", {**arguments, "why": table})
    rows, unfit = _fit(table, sheet(table, arguments["fields"]), arguments)
    context.progress(f"{len(table.ids)} rows, {len(rows.frame.columns)} fields")
    chances = arguments["code"] in questions.OUTCOMES or rows.outcomes.dtype == bool
    names = [name for name in arguments["fields"] if name in rows.frame]
    chosen = bool(arguments["fields"])
    frame = rows.frame[names] if chosen else rows.frame
    if chances:
        found = regression.logistic(frame, rows.outcomes, chosen=chosen)
    else:
        in_order = arguments["of"] in PERIODS
        found = regression.linear(frame, rows.outcomes, chosen=chosen, in_order=in_order)
    payload = {
        **arguments,
        **_told(context, table, rows),
        "unfit": unfit,
        **_rounded(asdict(found)),
        "chances": chances,
        "quality": _quality(found),
        "least": {"rows": regression.MIN_ROWS, "of_a_class": regression.MIN_CLASS},
    }
    model = "logistic_regression" if chances else "linear_regression"
    _keep(context, REGRESSION, model, payload)
    return Answer("regression", payload)


def _table(context: JobContext, arguments: Mapping[str, Any]) -> Table | str:
    """Return the rows, or why there are none."""
    code = arguments["code"]
    if any(
        is_excluded(name, context.excluded)
        for name in (code.removeprefix(ADDED), arguments["name"])
    ):
        return EXCLUDED
    if arguments["of"] in PERIODS:
        return _periods(context, arguments["of"], code)
    until = min(_moment(arguments["until"]) or context.now, context.now)
    question = Question(code, RecordKind(arguments["of"]), _moment(arguments["since"]), until)
    with context.transaction() as session:
        rows = questions.rows(session, question, context.currency)
    return GONE if rows is None else tables.read(context, rows)


def _periods(context: JobContext, of: str, code: str) -> Table:
    """Read the weeks or months since the first order, a transaction per count."""
    with context.transaction() as session:
        first = table_periods.first(session)
    bounds = _bounds(context, of, first or context.now)
    counts: table_periods.Counts = {}
    for part in table_periods.PARTS:
        with context.transaction() as session:
            counts |= table_periods.count(session, part, bounds, context.currency)
    return table_periods.table(of, code, counts, bounds, context.currency, context.excluded)


def _bounds(context: JobContext, of: str, first: datetime) -> list[datetime]:
    """Return where the whole weeks or months since the first order begin, and the running one."""
    zone = ZoneInfo(context.time_zone)
    day = context.now.astimezone(zone).date()
    begun = first.astimezone(zone).date()
    days = [_begin(day, of)]
    # Two periods at least, so that there is one with another before it, however little is known.
    while len(days) <= PERIODS[of] and (len(days) < 3 or _before(days[-1], of) >= begun):  # noqa: PLR2004
        days.append(_before(days[-1], of))
    return [datetime(d.year, d.month, d.day, tzinfo=zone).astimezone(UTC) for d in reversed(days)]


def _before(begin: date, of: str) -> date:
    return _begin(begin - timedelta(days=1), of)


def _begin(day: date, of: str) -> date:
    return day.replace(day=1) if of == "month" else day - timedelta(days=day.weekday())


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _fit(table: Table, rows: Sheet, arguments: Mapping[str, Any]) -> tuple[Sheet, list[str]]:
    """Leave out the fields that seem to be filled in when the end is known, unless a person chose them.

    Nothing that was entered in time can be so; what was entered afterwards, and the fields of an
    outcome that nobody dates, can.
    """
    from jobs.analytics import leaks

    undated = table.late > 0 or arguments["code"].startswith(ADDED)
    if arguments["fields"] or not undated or set(rows.outcomes.tolist()) != {True, False}:
        return rows, []
    found = leaks.find_leaks(rows.frame, rows.outcomes.astype(bool))
    unfit = [name for name, why in found.items() if why != leaks.NAMES_EACH_ROW]
    return replace(rows, frame=rows.frame.drop(columns=unfit)), unfit


def _told(context: JobContext, table: Table, rows: Sheet) -> dict[str, Any]:
    """Return what every answer says of the rows that it comes from."""
    zone = ZoneInfo(context.time_zone)
    days = sorted(moment.astimezone(zone).date().isoformat() for moment in table.moments)
    return {
        "on": context.now.astimezone(zone).date().isoformat(),
        "rows": len(table.ids),
        "currency": table.currency,
        "features": list(rows.frame.columns),
        "labels": {each.name: each.label for each in table.columns if each.label},
        "excluded": table.excluded,
        "late": table.late,
        "skipped": table.skipped,
        "other_currency": table.other_currency,
        "from": days[0] if days else None,
        "to": days[-1] if days else None,
    }


def _drawn(root: Node) -> list[dict[str, Any]]:
    """Return the upper nodes of a tree, parents before children: parent, answer, rows, share.

    The nodes with the most rows are opened first, as long as the picture stays readable.
    """
    opened: set[int] = set()
    waiting = [(root, 0)]
    leaves = 1
    while waiting:
        node, depth = waiting.pop(0)
        more = leaves + len(node.children) - 1
        if node.split is None or depth == _DRAWN_DEPTH or more > _DRAWN_LEAVES:
            continue
        opened.add(id(node))
        leaves = more
        waiting += [(child, depth + 1) for child in node.children]
        waiting.sort(key=lambda each: -each[0].rows)
    return list(_nodes(root, opened))


def _nodes(root: Node, opened: AbstractSet[int]) -> Iterator[dict[str, Any]]:
    waiting: list[tuple[Node, int | None, Mapping[str, Any]]] = [(root, None, {})]
    place = 0
    while waiting:
        node, parent, answer = waiting.pop(0)
        rows, share = round(node.rows), round(node.share, _PLACES)
        yield {"parent": parent, "answer": answer, "rows": rows, "share": share}
        if node.split is not None and id(node) in opened:
            answers = map(asdict, node.split.answers())
            below = zip(node.children, answers, strict=True)
            waiting = [(child, place, each) for child, each in below] + waiting
        place += 1


def _quality(found: Learnt | Regression) -> dict[str, Any] | None:
    return None if found.quality is None else _rounded(asdict(found.quality))


def _rounded(values: Any) -> Any:  # noqa: ANN401 - JSON
    """Return values that JSON can hold: plain numbers, six digits after the point."""
    if isinstance(values, Mapping):
        return {name: _rounded(value) for name, value in values.items()}
    if isinstance(values, Sequence) and not isinstance(values, str):
        return [_rounded(value) for value in values]
    return round(float(values), 6) if isinstance(values, float) else values


def _keep(context: JobContext, kind: str, model: str, payload: Mapping[str, Any]) -> None:
    """Write the receipt of an answer; nothing is trained again by itself."""
    data = {
        "model": model,
        "why": payload["why"],
        "usable": not payload["why"],
        "features": payload["features"],
        "excluded": payload["excluded"],
        "rows_trained": payload["rows"],
        "trained_from": payload["from"],
        "trained_to": payload["to"],
        "quality": payload["quality"],
        "next_on": None,
        "least": payload["least"],
        "answer": dict(payload),
    }
    name = f"{kind}:{payload['of']}:{payload['code']}"
    with context.transaction() as session:
        scores.replace(session, name, payload["on"], context.now, data, ())
        oldest = date.fromisoformat(payload["on"]) - scores.KEEP
        scores.drop_before(session, name, oldest.isoformat())
