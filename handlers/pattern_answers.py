"""The answers to what a manager asked to be looked into, in words; see `handlers/patterns.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from crm_store import questions
from crm_store.tables import ADDED
from handlers import pattern_words as words
from handlers.command import line_of
from handlers.naming import KIND_NAMES
from handlers.reply import Action, Chart, ChartKind, Field, Reply, Row, Series, Table
from handlers.request import Call
from handlers.wording import _, day, mark, number, percent, plural, zone

_WHY = {
    "gone": mark("This field is no more."),
    "excluded": mark("Nobody may look into this field; the configuration excludes it."),
    "no_fields": mark("There is no field that could say anything about it."),
    "nothing_found": mark(
        "No question about the fields is worth asking: none tells more than chance would."
    ),
    "not_better_than_base_rate": mark(
        "Tried on rows that it had not seen, a tree told no more than the average does, so there is none."
    ),
    "not_better_than_average": mark(
        "Tried on rows that they had not seen, the fields told no more than the average does, so no figures are given."
    ),
    "follow_each_other": mark(
        "What the fields leave unexplained lasts from one period to the next, so what merely drifts at the same time"
        " would seem to go together; no figures are given."
    ),
}
_DROPPED = {
    "hardly_known": mark("{field} is not known in most rows."),
    "same_as": mark("{field} says what {other} says."),
    "too_few_rows": mark("There are too few rows to look at {field} as well."),
    "always_alike": mark("{field} is the same in all rows."),
    "parts_all": mark("With {field} the outcome is certain, so its part has no bound."),
}


def tree(payload: Mapping[str, Any]) -> Reply:
    """Tell the rules of a tree, or why there is none."""
    name = payload["name"]
    if payload["why"]:
        title = _("“{name}”: nothing to tell", name=name)
        return _nothing(payload, title, [_base(payload)] if payload.get("rows") else [])
    title = _("What tells “{name}”", name=name)
    lines = [_base(payload), *(_rule(payload, rule) for rule in payload["rules"])]
    if payload["more"]:
        lines.append(
            plural(
                "{count} weaker rule is left out.",
                "{count} weaker rules are left out.",
                payload["more"],
            )
        )
    return Reply(
        title=title,
        text="\n".join(lines),
        fields=(
            Field(_("Told most by"), _importance(payload)),
            Field(_("How"), _tree_how(payload)),
        ),
        table=_boxes(payload),
        chart=_drawing(payload, title),
    )


def regression(payload: Mapping[str, Any]) -> Reply:
    """Tell what an amount or a chance goes with, or why nothing can be said."""
    name = payload["name"]
    if payload["why"]:
        known = [_average(payload)] if payload.get("rows") else []
        return _nothing(payload, _("“{name}”: nothing to tell", name=name), known)
    clear = [each for each in payload["effects"] if each["clear"]]
    unclear = [each for each in payload["effects"] if not each["clear"]]
    lines = [_average(payload), *(_effect(payload, each) for each in clear)]
    if unclear:
        fields = list(dict.fromkeys(_what(payload, each) for each in unclear))
        lines.append(
            _(
                "Nothing clear can be said of {fields}: it may go up or down.",
                fields=_(", ").join(fields),
            )
        )
    lines.append(
        _(
            "Each holds while the other fields stay as they are, and shows what goes together, not what causes it."
        )
    )
    about = words.ABOUT.get(payload["code"])
    return Reply(
        title=_("{about}: what goes with it", about=_(about) if about else name),
        text="\n".join(lines),
        fields=(Field(_("How"), _regression_how(payload)),),
    )


def _nothing(payload: Mapping[str, Any], title: str, known: Sequence[str]) -> Reply:
    code = payload["why"]
    why = _(_WHY[code]) if code in _WHY else _too_few(payload)
    how = " ".join(_reading(payload)) if "rows" in payload else ""
    others = [
        each
        for each in (
            *questions.OUTCOMES.get(payload["code"], ()),
            *questions.AMOUNTS.get(payload["code"], ()),
        )
        if each != payload["of"]
    ]
    return Reply(
        title=title,
        text="\n".join([why, *known]),
        fields=(Field(_("How"), how),) if how else (),
        actions=tuple(
            Action(_("The same for each {kind}", kind=_(KIND_NAMES[each])), _line(payload, each))
            for each in others
        ),
    )


def _line(payload: Mapping[str, Any], of: str) -> str:
    code = payload["code"].removeprefix(ADDED)
    if "rules" in payload:
        return line_of(Call("tree", {"outcome": code, "of": of}))
    return line_of(Call("regression", {"target": code, "of": of}))


def _too_few(payload: Mapping[str, Any]) -> str:
    least = payload["least"]
    if payload["why"] == "too_few_rows":
        few = plural(
            "Too few to learn from: there is {count}, and it takes {least}.",
            "Too few to learn from: there are {count}, and it takes {least}.",
            payload["rows"],
            least=number(least["rows"]),
        )
        only = _("So only the average is told.") if payload["rows"] else ""
        return f"{few} {only}".strip()
    return _(
        "Too alike to learn from: it takes {least} of each outcome. So only the average is told.",
        least=number(least["of_a_class"]),
    )


def _base(payload: Mapping[str, Any]) -> str:
    spoken = words.outcome(payload["code"])
    return _(spoken.base, name=payload["name"], **_counted(payload["positives"], payload["rows"]))


def _rule(payload: Mapping[str, Any], rule: Mapping[str, Any]) -> str:
    when = _(", ").join(
        words.condition(each, payload["labels"], payload["currency"]) for each in rule["conditions"]
    )
    spoken = words.outcome(payload["code"])
    counted = _counted(rule["positives"], rule["rows"])
    return _(spoken.rule, when=when, name=payload["name"], **counted)


def _counted(count: int, rows: int) -> dict[str, str]:
    share = percent(count / rows) if rows else "–"
    return {"count": number(count), "rows": number(rows), "share": share}


def _importance(payload: Mapping[str, Any]) -> str:
    return _(", ").join(
        _("{field} {share}", field=words.field_name(name, payload["labels"]), share=percent(share))
        for name, share in payload["importance"]
        if share >= 0.005  # noqa: PLR2004 - what is not rounded to nothing
    )


def _boxes(payload: Mapping[str, Any]) -> Table:
    """Return the numbers of the picture, each group further in than the one it is part of."""
    depths: list[int] = []
    rows = []
    for node, label in zip(payload["nodes"], _labels(payload), strict=True):
        depths.append(0 if node["parent"] is None else depths[node["parent"]] + 1)
        cells = ("– " * depths[-1] + label, number(node["rows"]), percent(node["share"]))
        rows.append(Row(cells))
    return Table((_("Group"), _("Count"), _("Share")), tuple(rows), (1, 2))


def _labels(payload: Mapping[str, Any]) -> list[str]:
    return [
        words.condition(node["answer"], payload["labels"], payload["currency"])
        if node["answer"]
        else _("All")
        for node in payload["nodes"]
    ]


def _drawing(payload: Mapping[str, Any], title: str) -> Chart:
    nodes = payload["nodes"]
    above = tuple(None if node["parent"] is None else node["parent"] + 1.0 for node in nodes)
    return Chart(
        ChartKind.TREE,
        title,
        tuple(_labels(payload)),
        (
            Series(_("Part of"), above),
            Series(_("Count"), tuple(float(node["rows"]) for node in nodes)),
            Series(_("Share"), tuple(round(100 * node["share"], 1) for node in nodes)),
        ),
    )


def _tree_how(payload: Mapping[str, Any]) -> str:
    quality = payload["quality"]
    made = _(
        "A decision tree, a chain of questions about the fields (by the method C4.5): it parts the {rows} "
        "rows again and again by the field that tells most, and takes back what may be chance.",
        rows=number(payload["rows"]),
    )
    late, mixed = (
        mark(
            "Tried on the latest third, which it had not seen, it was right {lift} times as often as the "
            "average among the tenth that it held most likely."
        ),
        mark(
            "Tried on rows that it had not seen, each third in turn, it was right {lift} times as often as "
            "the average among the tenth that it held most likely."
        ),
    )
    tried = late if payload["by_time"] else mixed
    tested = _(tried, lift=number(quality["lift_top_tenth"], 1))
    return " ".join([made, tested, *_reading(payload)])


def _regression_how(payload: Mapping[str, Any]) -> str:
    return " ".join([*_fitted(payload), *_reading(payload)])


def _fitted(payload: Mapping[str, Any]) -> Iterator[str]:
    if payload["chances"]:
        yield _(
            "Logistic regression over {rows} rows: how the chance moves with each field.",
            rows=number(payload["rows"]),
        )
        yield _(
            "Tried on rows that it had not seen, the tenth that it held most likely came true {lift} times as "
            "often as the average.",
            lift=number(payload["quality"]["lift_top_tenth"], 1),
        )
    else:
        yield _(
            "Linear regression over {rows} rows: what each field adds or takes away, so that the amounts "
            "are missed as little as can be.",
            rows=number(payload["rows"]),
        )
        yield _(
            "Tried on rows that it had not seen, it was off by {error} on average; always saying the average "
            "is off by {plain}.",
            error=_size(payload, payload["error"]),
            plain=_size(payload, payload["average_error"]),
        )
    yield _("“Likely between” means: in 95 of 100 such looks the true figure lies there.")
    if payload["log"]:
        yield _("A few amounts are very large, so everything is told in per cent.")
    if payload["chosen"]:
        yield _("The fields were picked by every third row, and the figures come from the others.")
    for each in payload["dropped"]:
        labels = payload["labels"]
        field, other = (words.field_name(each[part], labels) for part in ("feature", "other"))
        why = _DROPPED[each["why"]]
        yield _(why, field=field, other=other)


def _average(payload: Mapping[str, Any]) -> str:
    rows, average = number(payload["rows"]), payload["average"]
    if payload["chances"]:
        return _base({**payload, "positives": round(average * payload["rows"])})
    size = words.size(payload["code"], average, payload["currency"])
    if payload["log"]:
        return _("The typical amount of {rows} rows is {size}.", rows=rows, size=size)
    return plural(
        "The average of {count} row is {size}.",
        "The average of {count} rows is {size}.",
        payload["rows"],
        size=size,
    )


def _effect(payload: Mapping[str, Any], effect: Mapping[str, Any]) -> str:
    if payload["chances"]:
        return _chance(payload, effect)
    up = effect["estimate"] > 0
    ends = sorted((abs(effect["low"]), abs(effect["high"])))
    sizes = {
        "size": _size(payload, abs(effect["estimate"]), share=True),
        "low": _size(payload, ends[0], share=True),
        "high": _size(payload, ends[1], share=True),
    }
    if effect["level"] is not None:
        more, less = (
            mark(
                "Where it is {field}, it is {size} more than with {reference}, likely between {low} and {high}."
            ),
            mark(
                "Where it is {field}, it is {size} less than with {reference}, likely between {low} and {high}."
            ),
        )
        reference = words.level(effect["feature"], effect["reference"])
        return _(more if up else less, field=_what(payload, effect), reference=reference, **sizes)
    more, less = (
        mark("Each further {one} goes with {size} more, likely between {low} and {high}."),
        mark("Each further {one} goes with {size} less, likely between {low} and {high}."),
    )
    return _(more if up else less, one=_one(payload, effect), **sizes)


def _chance(payload: Mapping[str, Any], effect: Mapping[str, Any]) -> str:
    base = payload["average"]
    share, low, high = (_moved(base, effect[part]) for part in ("estimate", "low", "high"))
    values = {
        "base": percent(base),
        "share": percent(share),
        "low": percent(low),
        "high": percent(high),
    }
    if effect["level"] is not None:
        return _(
            "Where it is {field} instead of {reference}, a chance of {base} becomes {share}, likely between "
            "{low} and {high}.",
            field=_what(payload, effect),
            reference=words.level(effect["feature"], effect["reference"]),
            **values,
        )
    return _(
        "With each further {one} a chance of {base} becomes {share}, likely between {low} and {high}.",
        one=_one(payload, effect),
        **values,
    )


def _moved(base: float, odds: float) -> float:
    """Return a chance whose odds are multiplied."""
    return base * odds / (1 - base + base * odds)


def _what(payload: Mapping[str, Any], effect: Mapping[str, Any]) -> str:
    field = words.field_name(effect["feature"], payload["labels"])
    if effect["level"] is None:
        return field
    word = words.level(effect["feature"], effect["level"])
    return _("{field}: {word}", field=field, word=word)


def _one(payload: Mapping[str, Any], effect: Mapping[str, Any]) -> str:
    feature, step = effect["feature"], effect["step"]
    if feature in words.ONE and step == 1:
        return _(words.ONE[feature])
    if feature == "time":
        period = payload["of"]
        return _(words.TIME[period])
    size = words.step(feature, step, payload["currency"])
    return _("{step} in {field}", step=size, field=words.field_name(feature, payload["labels"]))


def _size(payload: Mapping[str, Any], value: float, *, share: bool = False) -> str:
    if share and payload["log"]:
        return percent(value)
    return words.size(payload["code"], value, payload["currency"])


def _reading(payload: Mapping[str, Any]) -> Iterator[str]:
    """Say when the rows were looked at and what was left out."""
    if payload["code"] in {questions.REVENUE, questions.LEFT}:
        yield _span(payload)
    elif payload["code"] in words.OUTCOMES or payload["code"].startswith(ADDED):
        yield _(
            words.outcome(payload["code"]).seen,
            days=number(_within(payload["code"]).days),
            wait=number(questions.LOOK_AFTER.days),
        )
    elif payload["of"] in {"week", "month"}:
        yield _("Each row is a whole week or month; the fields are those of the one before it.")
    elif payload["code"] == questions.AMOUNT:
        yield _("Each won deal is seen as it was when it was won.")
    elif payload["code"] == questions.REPLY:
        yield _(
            "Each ticket is seen as it came; those that came so lately that only fast answers to them "
            "are known are left out."
        )
    yield from _left_out(payload)


def _left_out(payload: Mapping[str, Any]) -> Iterator[str]:
    if payload["from"]:
        first, last = (day(date.fromisoformat(payload[end])) for end in ("from", "to"))
        on = day(date.fromisoformat(payload["on"]))
        yield (
            _("Worked out on {day}.", day=on)
            if first == last
            else _("Rows of {first} to {last}, worked out on {on}.", first=first, last=last, on=on)
        )
    if payload["skipped"]:
        yield plural(
            "{count} record is left out.", "{count} records are left out.", payload["skipped"]
        )
    if payload["late"]:
        yield plural(
            "{count} was entered only after that day and is taken as it was entered.",
            "{count} were entered only after that day and are taken as they were entered.",
            payload["late"],
        )
    if payload["other_currency"]:
        yield plural(
            "{count} amount in another currency than {currency} counts as not known.",
            "{count} amounts in other currencies than {currency} count as not known.",
            payload["other_currency"],
            currency=payload["currency"],
        )
    if payload["unfit"]:
        after = [words.field_name(name, payload["labels"]) for name in payload["unfit"]]
        yield _(
            "Not used, because it seems to be filled in when the end is known: {fields}.",
            fields=_(", ").join(after),
        )
    if payload["excluded"]:
        names = [words.field_name(name, {}) for name in payload["excluded"]]
        yield _(
            "Not looked at, because nobody may be judged by them: {fields}.",
            fields=_(", ").join(names),
        )


def _span(payload: Mapping[str, Any]) -> str:
    since, until = (
        datetime.fromisoformat(payload[end]).astimezone(zone()).date() if payload[end] else None
        for end in ("since", "until")
    )
    last = date.fromisoformat(payload["on"])
    length = min(until, last) - since if until and since else questions.STAY_WITHIN
    first = since or last - questions.STAY_WITHIN
    values = {"from_": day(first), "days": number(length.days)}
    if payload["code"] == questions.LEFT:
        return _(words.OUTCOMES[questions.LEFT].seen, **values)
    return _(
        "Everyone is seen as they were on {from_}; the revenue is that of the {days} days after it.",
        **values,
    )


def _within(code: str) -> timedelta:
    return {
        questions.WON: questions.LOOK_AFTER,
        questions.SOLVED: questions.SOLVE_WITHIN,
        questions.REOPENED: questions.REOPEN_WITHIN,
    }.get(code, questions.BUY_WITHIN)
