"""What Telegram refuses in texts and keyboards, and how it reads its HTML.

Lengths are counted in UTF-16 code units after the markup is read, as offsets of entities are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from .server import Json, refuse

TEXT_MOST = 4096
CAPTION_MOST = 1024
BUTTONS_MOST = 100
DATA_BYTES_MOST = 64

_TYPES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "a": "text_link",
    "tg-emoji": "custom_emoji",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}
_ENTITY = re.compile(r"&(?:(lt|gt|amp|quot)|#(\d{1,7})|#x([0-9a-fA-F]{1,6}));?")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_ATTRIBUTE = re.compile(r"""\s+([a-zA-Z-]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+))?""")
_TAG_NAME = re.compile(r"[^\s>]*")
_MENTION = re.compile(r"(?<![\w@])@[A-Za-z][A-Za-z0-9_]{3,31}(?![A-Za-z0-9_])")
_COMMAND = re.compile(r"(?<![\w/@])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?")
_BUTTON_KINDS = (
    "callback_data",
    "url",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
)


def units(text: str) -> int:
    """Return the length of a text in UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


@dataclass
class _Open:
    """A start tag that waits for its end."""

    tag: str
    start: int
    facts: Json = field(default_factory=dict)


@dataclass
class _Reader:
    """Reads one HTML text; `at` is the place in it."""

    html: str
    at: int = 0
    text: str = ""
    entities: list[Json] = field(default_factory=list)
    open: list[_Open] = field(default_factory=list)

    def fail(self, what: str, at: int | None = None) -> NoReturn:
        place = len(self.html[: self.at if at is None else at].encode())
        what = what.replace("OFFSET", f"at byte offset {place}")
        refuse(f"Bad Request: can't parse entities: {what}")

    def read(self) -> None:
        while self.at < len(self.html):
            if self.html.startswith("</", self.at):
                self.end_tag()
            elif self.html[self.at] == "<":
                self.start_tag()
            else:
                self.character()
        if self.open:
            self.fail(f'Can\'t find end tag corresponding to start tag "{self.open[-1].tag}"')

    def character(self) -> None:
        found = _ENTITY.match(self.html, self.at)
        if found is None:
            self.text += self.html[self.at]
            self.at += 1
            return
        name, decimal, hexadecimal = found.groups()
        code = int(decimal) if decimal else int(hexadecimal or "0", 16)
        self.text += _NAMED[name] if name else chr(code)
        self.at = found.end()

    def start_tag(self) -> None:
        begin = self.at
        name = _TAG_NAME.match(self.html, begin + 1)
        tag = name.group().lower() if name else ""
        if tag not in _TYPES:
            self.fail(f'Unsupported start tag "{tag}" OFFSET')
        self.at = begin + 1 + len(tag)
        attributes: dict[str, str] = {}
        while found := _ATTRIBUTE.match(self.html, self.at):
            attributes[found.group(1).lower()] = _plain(found.group(2) or "")
            self.at = found.end()
        rest = self.html[self.at :].lstrip()
        if not rest.startswith(">"):
            self.fail("Unclosed start tag OFFSET", begin)
        self.at = len(self.html) - len(rest) + 1
        self.open.append(_Open(tag, units(self.text), self._facts(tag, attributes, begin)))

    def _facts(self, tag: str, attributes: dict[str, str], begin: int) -> Json:
        if tag == "span" and attributes.get("class") != "tg-spoiler":
            self.fail('Tag "span" must have class "tg-spoiler" OFFSET', begin)
        if tag == "a":
            return {"url": attributes.get("href", "")}
        if tag == "tg-emoji":
            return {"custom_emoji_id": attributes.get("emoji-id", "")}
        if tag == "code" and attributes.get("class", "").startswith("language-"):
            return {"language": attributes["class"].removeprefix("language-")}
        return {}

    def end_tag(self) -> None:
        begin, end = self.at, self.html.find(">", self.at)
        name = self.html[begin + 2 : end if end >= 0 else None].strip().lower()
        if not self.open:
            self.fail("Unexpected end tag OFFSET")
        opened = self.open.pop()
        if name not in {"", opened.tag}:
            self.fail(f'Unmatched end tag OFFSET, expected "</{opened.tag}>", found "</{name}>"')
        if end < 0:
            self.fail("Unclosed end tag OFFSET")
        self.at = end + 1
        length = units(self.text) - opened.start
        if length and not (opened.tag == "a" and not opened.facts["url"]):
            entity = {"type": _TYPES[opened.tag], "offset": opened.start, "length": length}
            self.entities.append({**entity, **opened.facts})


def _plain(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    value = value[1:-1] if quoted else value
    for name, character in _NAMED.items():
        value = value.replace(f"&{name};", character)
    return value


def read_html(html: str) -> tuple[str, list[Json]]:
    """Return the text and entities of Telegram's HTML, or refuse as the Bot API does.

    An ampersand that begins no entity and a lone ">" are text; every "<" begins a tag.
    """
    reader = _Reader(html)
    reader.read()
    return reader.text, sorted(reader.entities, key=lambda e: (e["offset"], -e["length"]))


def trimmed(text: str, entities: Sequence[Json]) -> tuple[str, list[Json]]:
    """Return the text without space around it, with entities moved and cut to fit."""
    kept = text.strip()
    skipped, length = units(text[: len(text) - len(text.lstrip())]), units(kept)
    moved = []
    for entity in entities:
        start = max(entity["offset"] - skipped, 0)
        end = min(entity["offset"] - skipped + entity["length"], length)
        if end > start:
            moved.append({**entity, "offset": start, "length": end - start})
    return kept, moved


def read_text(params: Json, name: str, most: int) -> tuple[str, list[Json]]:
    """Return the text and entities of `text` or `caption`, or refuse it."""
    raw = str(params.get(name) or "")
    mode = str(params.get("parse_mode") or "").lower()
    if mode == "html":
        text, entities = read_html(raw)
    elif mode:
        refuse("Bad Request: unsupported parse_mode")
    else:
        text, entities = raw, list(params.get("entities") or params.get("caption_entities") or [])
        _check_entities(text, entities)
    text, entities = trimmed(text, entities)
    if not text and name == "text":
        refuse("Bad Request: message text is empty")
    if units(text) > most:
        kind = "message caption is" if name == "caption" else "message is"
        refuse(f"Bad Request: {kind} too long")
    return text, entities


def _check_entities(text: str, entities: Sequence[Json]) -> None:
    for entity in entities:
        end = entity["offset"] + entity["length"]
        if entity["offset"] < 0 or entity["length"] < 1 or end > units(text):
            refuse("Bad Request: can't parse entities: entity is outside of the text")


def live_mentions(text: str, entities: Sequence[Json], allowed: Sequence[str]) -> list[str]:
    """Return what in a text of ours would call somebody: @names outside code, tg://user links.

    `allowed` holds beginnings of what may stand there, such as "@rapport_bot".
    """
    found = []
    for entity in entities:
        if entity["type"] == "text_mention":
            found.append("text_mention")
        if str(entity.get("url", "")).startswith("tg://user"):
            found.append(entity["url"])
    quiet = [e for e in entities if e["type"] in {"code", "pre", "text_link"}]
    for hit in _MENTION.finditer(text):
        place = units(text[: hit.start()])
        if not any(e["offset"] <= place < e["offset"] + e["length"] for e in quiet):
            found.append(hit.group())
    return [hit for hit in found if not hit.startswith(tuple(allowed))]


def typed_entities(text: str) -> list[Json]:
    """Return the commands and mentions that Telegram marks in what a person typed."""
    found = []
    for kind, pattern in (("bot_command", _COMMAND), ("mention", _MENTION)):
        for hit in pattern.finditer(text):
            place = {"offset": units(text[: hit.start()]), "length": units(hit.group())}
            found.append({"type": kind, **place})
    return sorted(found, key=lambda entity: entity["offset"])


def check_keyboard(markup: Any) -> None:
    """Refuse a reply_markup that Telegram would refuse."""
    if markup is None:
        return
    if not isinstance(markup, dict):
        refuse("Bad Request: object expected as reply markup")
    buttons = list(keyboard_buttons(markup))
    if len(buttons) > BUTTONS_MOST:
        refuse("Bad Request: reply markup is too long")
    for button in buttons:
        _check_button(button)


def keyboard_buttons(markup: Json) -> Iterator[Json]:
    """Yield the inline buttons of a reply_markup, row by row."""
    for row in markup.get("inline_keyboard") or []:
        yield from row


def _check_button(button: Json) -> None:
    if not button.get("text"):
        refuse("Bad Request: inline keyboard button text must be non-empty")
    kinds = [kind for kind in _BUTTON_KINDS if kind in button]
    if len(kinds) != 1:
        refuse("Bad Request: text buttons are unallowed in the inline keyboard")
    if kinds == ["callback_data"]:
        size = len(str(button["callback_data"]).encode())
        if not 1 <= size <= DATA_BYTES_MOST:
            refuse("Bad Request: BUTTON_DATA_INVALID")
    url = str(button.get("url", "https://"))
    if not url.startswith(("http://", "https://", "tg://")):
        refuse(f"Bad Request: inline keyboard button URL '{url}' is invalid")
    if units(str((button.get("copy_text") or {}).get("text", ""))) > 256:
        refuse("Bad Request: BUTTON_COPY_TEXT_INVALID")
