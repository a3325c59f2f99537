"""What a command answers: a value of plain strings that knows no platform.

Each surface has one renderer that draws every part natively or degrades it in a stated way and escapes exactly once.
Nothing here is escaped, shortened or translated.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from crm_store.files import File


class Tone(StrEnum):
    """How a card feels: a colour where the platform has one, a sign where it has none."""

    NEUTRAL = "neutral"
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


class Sensitivity(StrEnum):
    """Who may read a field: everybody in the place, members of the team only, or the person in private only."""

    PUBLIC = "public"
    INTERNAL = "internal"
    PERSONAL = "personal"


class Style(StrEnum):
    """How a button looks."""

    PLAIN = "plain"
    PRIMARY = "primary"
    DANGER = "danger"


class FieldKind(StrEnum):
    """How a form field is asked for."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    CHOICE = "choice"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    MOMENT = "moment"
    RECORD = "record"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Field:
    """A labelled value on a card."""

    label: str
    value: str
    sensitivity: Sensitivity = Sensitivity.PUBLIC


@dataclass(frozen=True, slots=True)
class Action:
    """A button: pressing it runs `line` as if the person had typed it.

    `replaces` says that the answer takes the place of the message the button stands on.
    `confirm`, when given, is the question asked before the line is run.
    """

    label: str
    line: str
    style: Style = Style.PLAIN
    replaces: bool = False
    confirm: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: a cell per column, the line that opens its record, and what can be done with it at once.

    The actions of a row are drawn where there is room for them: on Slack's home tab.
    """

    cells: tuple[str, ...]
    opens: str = ""
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Column titles and rows.

    `numeric` holds the indices of the columns that are aligned to the right, `internal` those that
    only the team reads, as `Sensitivity` has it for a field.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    numeric: tuple[int, ...] = ()
    internal: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Series:
    """One line or set of bars: a value per label of the chart, None where there is none.

    A line with `low` and `high` is a guess: it is dashed, and what it may as well be is shaded.
    """

    name: str
    values: tuple[float | None, ...]
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()


class ChartKind(StrEnum):
    """How a chart is drawn."""

    BARS = "bars"
    STACKED = "stacked"
    LINES = "lines"
    TREE = "tree"  # the series are: the place of the label above (from 1), a count, a share in per cent


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture of numbers that the reply also gives as text; `unit` stands at the value axis."""

    kind: ChartKind
    title: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a form field: what is shown and what is put into the command line."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class FormField:
    """One question of a form; `value` is filled in beforehand, `error` says what was wrong with it.

    `picked` is what a picker shows of `value`: a record's name, a colleague's account on the platform, a day as
    `2026-12-01`, a moment as `2026-12-01 14:00 UTC`; empty where a picker cannot show it.
    """

    name: str
    label: str
    kind: FieldKind = FieldKind.TEXT
    required: bool = True
    value: str = ""
    hint: str = ""
    error: str = ""
    choices: tuple[Choice, ...] = ()
    picked: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """The questions that complete a command; `command` is its name, such as `deal add`.

    A form that changes a record has the line that names it instead, such as `company edit company=company:7`, and
    everything that the record holds in its fields: one that is emptied there empties the record's.
    """

    command: str
    title: str
    fields: tuple[FormField, ...]


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with one field of the form that was sent, for surfaces that show it there."""

    field: str
    error: str


@dataclass(frozen=True, slots=True)
class Room:
    """A place of its own within a chat, such as a topic of a forum, as it is to be from now on."""

    name: str
    closed: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer or a notice; every part is optional and they are drawn in the order of the fields.

    `replaces` allows the answer to a pressed button to take the place of its message; a refusal never does.
    `wrong` repeats what `title` and `text` say for the field it is about.
    `mentions` are the accounts (`slack:U012ABC`) of one colleague whom the platform shall point to it.
    `edits`, in a notice, names an earlier message at the same address whose place it takes.
    `room`, in a notice, opens or changes the place that it is sent to and says nothing there.
    `sensitivity` says who may read it; those who may not are shown its title alone.
    `record` names the record that this is the card of, such as `deal:42`; it is drawn anew when the record changes.
    """

    title: str = ""
    text: str = ""
    fields: tuple[Field, ...] = ()
    table: Table | None = None
    chart: Chart | None = None
    form: Form | None = None
    actions: tuple[Action, ...] = ()
    footer: str = ""
    tone: Tone = Tone.NEUTRAL
    replaces: bool = True
    wrong: Wrong | None = None
    mentions: tuple[str, ...] = ()
    files: tuple[File, ...] = ()
    edits: str = ""
    room: Room | None = None
    record: str = ""
    sensitivity: Sensitivity = Sensitivity.PUBLIC

    def account(self, platform: str) -> str:
        """Return the id of who is mentioned on a platform, empty when nobody is."""
        found = (
            each.partition(":")[2] for each in self.mentions if each.startswith(f"{platform}:")
        )
        return next(found, "")

    def to_dict(self) -> dict[str, Any]:
        """Return the reply as JSON values, the form in which the inbox keeps it."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Rebuild an answer from what `to_dict` returned; what only notices have is left out."""
        table, chart, form = data["table"], data["chart"], data["form"]
        wrong = data.get("wrong")
        return cls(
            title=data["title"],
            text=data["text"],
            fields=tuple(
                Field(f["label"], f["value"], Sensitivity(f["sensitivity"])) for f in data["fields"]
            ),
            table=_table(table) if table else None,
            chart=_chart(chart) if chart else None,
            form=_form(form) if form else None,
            actions=_actions(data["actions"]),
            footer=data["footer"],
            tone=Tone(data["tone"]),
            replaces=data["replaces"],
            wrong=Wrong(**wrong) if wrong else None,
            mentions=tuple(data.get("mentions", ())),  # not in what an older version kept
            files=tuple(File.from_dict(file) for file in data.get("files", ())),
            record=data.get("record", ""),
            sensitivity=Sensitivity(data.get("sensitivity", Sensitivity.PUBLIC)),
        )


def _actions(data: Iterable[dict[str, Any]]) -> tuple[Action, ...]:
    return tuple(Action(**{**action, "style": Style(action["style"])}) for action in data)


def _table(data: dict[str, Any]) -> Table:
    rows = tuple(
        Row(tuple(row["cells"]), row["opens"], _actions(row.get("actions", ())))
        for row in data["rows"]
    )
    internal = tuple(data.get("internal", ()))  # not in what an older version kept
    return Table(tuple(data["columns"]), rows, tuple(data["numeric"]), internal)


def _chart(data: dict[str, Any]) -> Chart:
    series = tuple(
        # The bounds are not in what an older version kept.
        Series(s["name"], *(tuple(s.get(part, ())) for part in ("values", "low", "high")))
        for s in data["series"]
    )
    return Chart(
        ChartKind(data["kind"]), data["title"], tuple(data["labels"]), series, data["unit"]
    )


def _form(data: dict[str, Any]) -> Form:
    fields = tuple(
        FormField(
            **{
                **f,
                "kind": FieldKind(f["kind"]),
                "choices": tuple(Choice(**c) for c in f["choices"]),
            }
        )
        for f in data["fields"]
    )
    return Form(data["command"], data["title"], fields)
