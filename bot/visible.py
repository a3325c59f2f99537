"""What the renderers share: visible text, cutting it, and reading a reply the same everywhere.

No markup and no escaping stand here: each renderer escapes for its own platform.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from handlers.reply import Action, Form, FormField, Tone
from handlers.wording import plural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from handlers.reply import Reply, Row, Table

SIGNS = {Tone.NEUTRAL: "", Tone.GOOD: "✓ ", Tone.WARNING: "! ", Tone.BAD: "✗ "}
NOTHING = "–"
_JOINER = "\u200d"
# Letters and marks by category that are ignored by default: they take no room, or a blank one.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0")
# Format characters that draw something: signs before Arabic, Syriac and Kaithi numbers.
_DRAWN = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
_HIDDEN_KINDS = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_MARKS_IN_A_ROW = 6
# Latin, usual punctuation and currencies, Chinese, Japanese, Korean: nothing hides or combines.
_PLAIN = re.compile(
    r"[\n -~\u00a0-\u00ac\u00ae-\u02ff\u2010-\u2027\u20a0-\u20bf"
    r"\u3001-\u3029\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff5e]*"
)
# `visible` leaves six combining marks per letter: this many characters always fill one column.
_CHARACTERS_PER_COLUMN = 12


@dataclass(frozen=True, slots=True)
class Press:
    """What a pressed button carries.

    `kind` is `line` (`value` is the command line), `key` (`value` is the key under which `shorten`
    kept the line), `confirm` (`value` is the key of a question to ask first) or `cancel`.
    `replaces` is `Action.replaces`.
    """

    kind: Literal["line", "key", "confirm", "cancel"]
    value: str
    replaces: bool = False


def visible(text: str) -> str:
    """Return `text` with control, zero-width and direction characters as marks like `⟨U+202E⟩`.

    Line feeds stay, tabs become spaces. Joiners stay inside emoji and inside Arabic and Indic
    words, variation selectors stay behind a character; of a pile of combining marks the first six
    stay.
    """
    if _PLAIN.fullmatch(text):
        return text
    text = text.replace("\r\n", "\n").replace("\t", " ")
    shown, marks = [], 0
    for index, character in enumerate(text):
        if " " <= character <= "~":
            marks = 0
            shown.append(character)
            continue
        marks = marks + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        hidden = marks > _MARKS_IN_A_ROW or _is_hidden(text, index)
        shown.append(f"⟨U+{ord(character):04X}⟩" if hidden else character)
    return "".join(shown)


def paragraph(text: str, limit: int, measure: Callable[[str], int] | None = None) -> str:
    """Return `text` made visible and cut to `limit`, in UTF-16 units unless told otherwise."""
    measure = measure or units
    shown = visible(text[: 2 * limit + 2])
    if len(text) > 2 * limit + 2 and measure(shown) <= limit:
        shown = visible(text[: limit * _CHARACTERS_PER_COLUMN + 2])
    return fit(shown, limit, measure)


def line(text: str, limit: int, measure: Callable[[str], int] | None = None) -> str:
    """Return `text` as one visible line cut to `limit`; a blank text is a dash."""
    return (
        paragraph(text.strip().replace("\r\n", " ").replace("\n", " "), limit, measure) or NOTHING
    )


def fit(text: str, limit: int, measure: Callable[[str], int]) -> str:
    """Cut `text` to `limit` of `measure`, an additive one, between characters as people see them."""
    if measure(text) <= limit:
        return text
    room, kept = limit - measure("…"), []
    for cluster in clusters(text):
        room -= measure(cluster)
        if room < 0:
            break
        kept.append(cluster)
    return "".join(kept).rstrip() + "…"


def units(text: str) -> int:
    """Count UTF-16 code units, as Telegram's limits do; never fewer than the code points."""
    return len(text) + sum(character > "\uffff" for character in text)


def width(text: str) -> int:
    """Count terminal columns: two for wide characters and emoji, none for combining marks."""
    if text.isascii():
        return len(text)
    if _PLAIN.fullmatch(text):
        return len(text) + sum(character > "\u3000" for character in text)
    return sum(_columns(cluster) for cluster in clusters(text))


def clusters(text: str) -> Iterator[str]:
    """Split `text` into characters as people see them: UAX 29 for marks, emoji and flags only."""
    start = 0
    for index in range(1, len(text)):
        if not _continues(text, start, index):
            yield text[start:index]
            start = index
    if text:
        yield text[start:]


def open_question(form: Form) -> FormField | None:
    """Return the field to ask next: a wrong one, else a required empty one, else an empty one."""
    wrong = (field for field in form.fields if field.error)
    needed = (field for field in form.fields if field.required and not field.value)
    empty = (field for field in form.fields if not field.value)
    return next(wrong, None) or next(needed, None) or next(empty, None)


def choices(form: Form | None) -> tuple[Action, ...]:
    """Return the choices of the question that `form` asks next as buttons that answer it."""
    field = open_question(form) if form else None
    return tuple(Action(choice.label, choice.value) for choice in field.choices) if field else ()


def with_files_named(reply: Reply, platform: str) -> Reply:
    """Name in the text the files that only another platform has, and leave the others to be sent."""
    strange = [file for file in reply.files if file.platform != platform]
    if not strange:
        return reply
    names = "\n".join(f"📎 {line(file.name or file.kind, 100)}" for file in strange)
    ours = tuple(file for file in reply.files if file.platform == platform)
    return replace(reply, text=f"{reply.text}\n{names}".strip(), files=ours)


def row_label(row: Row) -> str:
    """Name a row by its first two filled cells."""
    return " · ".join([cell for cell in row.cells if cell.strip()][:2]) or row.opens


def columns(table: Table | None) -> int:
    """Count the columns of a table; one without titles is as wide as its widest row."""
    if table is None:
        return 0
    return len(table.columns) or max((len(row.cells) for row in table.rows), default=0)


def padded(cells: tuple[str, ...], count: int) -> list[str]:
    """Return exactly `count` cells."""
    return [*cells[:count], *[""] * (count - len(cells))]


def more_rows(count: int) -> str:
    """Say how many rows are not drawn; nothing if all are."""
    return plural("and {count} more row", "and {count} more rows", count) if count > 0 else ""


def more_columns(count: int) -> str:
    """Say how many columns are not drawn; nothing if all are."""
    return plural("and {count} more column", "and {count} more columns", count) if count > 0 else ""


def more_fields(count: int) -> str:
    """Say how many fields are not drawn; nothing if all are."""
    return plural("and {count} more field", "and {count} more fields", count) if count > 0 else ""


def more_buttons(count: int) -> str:
    """Say how many buttons are not drawn; nothing if all are."""
    return plural("and {count} more button", "and {count} more buttons", count) if count > 0 else ""


def _is_hidden(text: str, index: int) -> bool:
    character = text[index]
    if character == "\n" or character in _DRAWN:
        return False
    if _is_selector(character):
        return index == 0 or text[index - 1].isspace() or _is_selector(text[index - 1])
    if character in {_JOINER, "\u200c"}:
        return not _joins(text[index - 1 : index], text[index + 1 : index + 2])
    return character in _BLANK or unicodedata.category(character) in _HIDDEN_KINDS


def _is_selector(character: str) -> bool:
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"


def _joins(before: str, after: str) -> bool:
    if not before or not after:
        return False
    if "\u0600" <= before <= "\u0dff" and "\u0600" <= after <= "\u0dff":
        return True
    pictured = unicodedata.category(before) in {"So", "Sk"} or _is_selector(before)
    return pictured and unicodedata.category(after) == "So"


def _continues(text: str, start: int, index: int) -> bool:
    character = text[index]
    if _JOINER in (character, text[index - 1]) or "\U0001f3fb" <= character <= "\U0001f3ff":
        return True
    if _is_flag_half(character):
        return index - start == 1 and _is_flag_half(text[start])
    return character > "\u02ff" and unicodedata.category(character) in {"Mn", "Me", "Mc"}


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _columns(cluster: str) -> int:
    if "\ufe0f" in cluster or any(unicodedata.east_asian_width(c) in {"W", "F"} for c in cluster):
        return 2
    if _is_flag_half(cluster[0]):
        return 2
    return 0 if unicodedata.category(cluster[0]) in {"Mn", "Me", "Cf"} else 1
