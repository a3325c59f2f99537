"""What Slack refuses in texts, blocks and views, and what we must never send there.

Numbers are those of Slack's Block Kit reference; lengths are counted in code points. State,
such as which channel exists, is not checked here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from .server import Json, refuse

TEXT_MOST = 40_000
UPDATE_TEXT_MOST = 4_000
BLOCKS_TEXT_MOST = 13_200
MARKDOWN_MOST = 12_000
MESSAGE_BLOCKS_MOST = 50
VIEW_BLOCKS_MOST = 100
VIEW_BYTES_MOST = 250_000

_KNOWN = frozenset(
    [
        "section",
        "divider",
        "header",
        "context",
        "actions",
        "image",
        "input",
        "rich_text",
        "markdown",
        "table",
        "data_table",
        "video",
        "file",
        "context_actions",
        "card",
        "carousel",
        "container",
        "alert",
        "plan",
        "task_card",
    ]
)
_PLAIN_ONLY = "plain_text"
_INTERACTIVE = frozenset(
    [
        "button",
        "static_select",
        "external_select",
        "users_select",
        "conversations_select",
        "channels_select",
        "multi_static_select",
        "multi_external_select",
        "multi_users_select",
        "multi_conversations_select",
        "multi_channels_select",
        "overflow",
        "datepicker",
        "timepicker",
        "datetimepicker",
        "checkboxes",
        "radio_buttons",
        "plain_text_input",
        "number_input",
        "email_text_input",
        "url_text_input",
        "file_input",
        "rich_text_input",
        "workflow_button",
    ]
)
_OPTIONS_MOST = {"overflow": 5, "checkboxes": 10, "radio_buttons": 10}
_LIVE = re.compile(
    r"<(!(?:channel|here|everyone|subteam)[^>]*|@[UWB][A-Z0-9]*[^>]*|(?:https?|mailto):[^>]*)>"
)
_BARE_MENTION = re.compile(r"(?<!\w)@(?:channel|here|everyone)\b")


class Problems:
    """Collects what is wrong with one payload, in Slack's words and JSON pointers."""

    def __init__(self) -> None:
        """Start with none."""
        self.messages: list[str] = []

    def add(self, what: str, where: str) -> None:
        """Note one problem."""
        self.messages.append(f"[ERROR] {what} [json-pointer:{where}]")

    def need(self, holds: object, what: str, where: str) -> None:
        """Note a problem unless `holds`."""
        if not holds:
            self.add(what, where)

    def length(self, value: Any, most: int, where: str, least: int = 0) -> None:
        """Note a text that is absent where needed, no text, too long or too short."""
        if value is None and least == 0:
            return
        if not isinstance(value, str):
            self.add("must be a string", where)
        elif len(value) > most:
            self.add(f"must be less than {most + 1} characters", where)
        elif len(value) < least:
            self.add(f"must be more than {least - 1} characters", where)

    def text(self, value: Any, most: int, where: str, *, plain: bool = False) -> None:
        """Note a text object of the wrong shape, kind or length."""
        if not isinstance(value, dict) or value.get("type") not in {"plain_text", "mrkdwn"}:
            self.add("must be a text object", where)
            return
        if plain and value["type"] != _PLAIN_ONLY:
            self.add("must be of type plain_text", f"{where}/type")
        self.length(value.get("text"), most, f"{where}/text", least=1)


def check_message(params: Json, *, text_most: int = TEXT_MOST) -> None:
    """Refuse a message that Slack would refuse, by its text, blocks and attachments."""
    text, blocks = params.get("text"), params.get("blocks")
    if params.get("markdown_text"):
        if text or blocks:
            refuse("markdown_text_conflict")
        if len(params["markdown_text"]) > MARKDOWN_MOST:
            refuse("msg_too_long")
        return
    if not text and not blocks and not params.get("attachments"):
        refuse("no_text")
    if isinstance(text, str) and len(text) > text_most:
        refuse("msg_too_long")
    if len(params.get("attachments") or []) > 100:
        refuse("too_many_attachments")
    if blocks:
        check_message_blocks(blocks)


def check_message_blocks(blocks: Any) -> None:
    """Refuse the blocks of a message that Slack would refuse."""
    if not isinstance(blocks, list):
        refuse("invalid_blocks_format")
    if len(blocks) > MESSAGE_BLOCKS_MOST:
        refuse("msg_blocks_too_many", "[ERROR] no more than 50 items allowed")
    problems = Problems()
    _check_blocks(blocks, problems, "/blocks")
    if problems.messages:
        refuse("invalid_blocks", *problems.messages)
    if sum(len(part) for part in _texts(blocks)) > BLOCKS_TEXT_MOST:
        refuse("msg_blocks_too_long")


def check_view(view: Any, kind: str) -> None:
    """Refuse a modal or home view ("modal" or "home") that Slack would refuse."""
    problems = Problems()
    if not isinstance(view, dict) or view.get("type") != kind:
        refuse("invalid_arguments", f"[ERROR] type must be {kind} [json-pointer:/view/type]")
    if len(json.dumps(view)) > VIEW_BYTES_MOST:
        refuse("view_too_large")
    blocks = view.get("blocks")
    if not isinstance(blocks, list):
        refuse("invalid_arguments", "[ERROR] missing required field: blocks")
    problems.need(len(blocks) <= VIEW_BLOCKS_MOST, "no more than 100 items allowed", "/view/blocks")
    problems.length(view.get("private_metadata"), 3000, "/view/private_metadata")
    for name in ("callback_id", "external_id"):
        problems.length(view.get(name), 255, f"/view/{name}")
    if kind == "modal":
        _check_modal(view, problems)
    tables = any(isinstance(b, dict) and b.get("type") in {"table", "data_table"} for b in blocks)
    problems.need(not tables, "tables are for messages alone", "/view/blocks")
    _check_blocks(blocks, problems, "/view/blocks")
    if problems.messages:
        refuse("invalid_arguments", *problems.messages)


def _check_modal(view: Json, problems: Problems) -> None:
    problems.text(view.get("title"), 24, "/view/title", plain=True)
    for name in ("submit", "close"):
        if name in view:
            problems.text(view[name], 24, f"/view/{name}", plain=True)
    takes_input = any(block.get("type") == "input" for block in view["blocks"])
    problems.need(
        "submit" in view or not takes_input, "missing submit for input blocks", "/view/submit"
    )


def _check_blocks(blocks: Sequence[Any], problems: Problems, where: str) -> None:
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        place = f"{where}/{index}"
        if not isinstance(block, dict) or block.get("type") not in _KNOWN:
            kind = block.get("type") if isinstance(block, dict) else type(block).__name__
            problems.add(f"unsupported type: {kind}", f"{place}/type")
            continue
        block_id = block.get("block_id")
        problems.length(block_id, 255, f"{place}/block_id")
        problems.need(block_id is None or block_id not in seen, "block_id already exists", place)
        if isinstance(block_id, str):
            seen.add(block_id)
        _check_block(block, problems, place)
    tables = sum(block.get("type") == "table" for block in blocks if isinstance(block, dict))
    problems.need(tables <= 1, "only one table allowed", where)
    markdown = sum(
        len(block.get("text", ""))
        for block in blocks
        if isinstance(block, dict) and block.get("type") == "markdown"
    )
    problems.need(markdown <= MARKDOWN_MOST, "markdown text too long", where)


def _check_block(block: Json, problems: Problems, where: str) -> None:
    match block["type"]:
        case "section":
            _check_section(block, problems, where)
        case "header":
            problems.text(block.get("text"), 150, f"{where}/text", plain=True)
        case "context":
            _check_context(block, problems, where)
        case "actions":
            _check_actions(block, problems, where)
        case "image":
            _check_image(block, problems, where)
        case "input":
            _check_input(block, problems, where)
        case "table":
            _check_table(block, problems, where)
        case "markdown":
            problems.length(block.get("text"), MARKDOWN_MOST, f"{where}/text", least=1)
        case _:
            return


def _check_section(block: Json, problems: Problems, where: str) -> None:
    fields = block.get("fields")
    problems.need("text" in block or bool(fields), "missing required field: text", where)
    if "text" in block:
        problems.text(block["text"], 3000, f"{where}/text")
    problems.need(len(fields or []) <= 10, "no more than 10 items allowed", f"{where}/fields")
    for index, item in enumerate(fields or []):
        problems.text(item, 2000, f"{where}/fields/{index}")
    if "accessory" in block:
        _check_element(block["accessory"], problems, f"{where}/accessory")


def _check_context(block: Json, problems: Problems, where: str) -> None:
    elements = block.get("elements") or []
    problems.need(0 < len(elements) <= 10, "must have 1 to 10 items", f"{where}/elements")
    for index, element in enumerate(elements):
        place = f"{where}/elements/{index}"
        if element.get("type") == "image":
            _check_image(element, problems, place)
        else:
            problems.text(element, 3000, place)


def _check_actions(block: Json, problems: Problems, where: str) -> None:
    elements = block.get("elements") or []
    problems.need(0 < len(elements) <= 25, "must have 1 to 25 items", f"{where}/elements")
    names = [e.get("action_id") for e in elements if isinstance(e, dict) and e.get("action_id")]
    problems.need(len(names) == len(set(names)), "action_id already exists", f"{where}/elements")
    for index, element in enumerate(elements):
        _check_element(element, problems, f"{where}/elements/{index}")


def _check_image(block: Json, problems: Problems, where: str) -> None:
    problems.length(block.get("alt_text"), 2000, f"{where}/alt_text", least=1)
    problems.length(block.get("image_url"), 3000, f"{where}/image_url")
    source = block.get("image_url") or block.get("slack_file")
    problems.need(bool(source), "missing required field: image_url", where)


def _check_input(block: Json, problems: Problems, where: str) -> None:
    problems.text(block.get("label"), 2000, f"{where}/label", plain=True)
    if "hint" in block:
        problems.text(block["hint"], 2000, f"{where}/hint", plain=True)
    _check_element(block.get("element"), problems, f"{where}/element")


def _check_table(block: Json, problems: Problems, where: str) -> None:
    rows = block.get("rows") or []
    problems.need(0 < len(rows) <= 100, "must have 1 to 100 rows", f"{where}/rows")
    for index, row in enumerate(rows):
        problems.need(0 < len(row) <= 20, "must have 1 to 20 cells", f"{where}/rows/{index}")
        for column, cell in enumerate(row):
            if cell.get("type") == "raw_text":
                place = f"{where}/rows/{index}/{column}/text"
                problems.length(cell.get("text"), 10_000, place, least=1)


def _check_element(element: Any, problems: Problems, where: str) -> None:
    kind = element.get("type") if isinstance(element, dict) else None
    if kind == "image":
        _check_image(element, problems, where)
        return
    if kind not in _INTERACTIVE:
        problems.add(f"unsupported type: {kind}", f"{where}/type")
        return
    problems.length(element.get("action_id"), 255, f"{where}/action_id")
    if "placeholder" in element:
        problems.text(element["placeholder"], 150, f"{where}/placeholder", plain=True)
    if "confirm" in element:
        _check_confirm(element["confirm"], problems, f"{where}/confirm")
    if kind == "button":
        _check_button(element, problems, where)
    if "options" in element or "option_groups" in element:
        _check_choices(element, problems, where)
    _check_picker(element, kind, problems, where)
    if kind == "plain_text_input":
        problems.length(element.get("initial_value"), 3000, f"{where}/initial_value")
        problems.need(element.get("max_length", 1) <= 3000, "too large", f"{where}/max_length")


def _check_button(element: Json, problems: Problems, where: str) -> None:
    problems.text(element.get("text"), 75, f"{where}/text", plain=True)
    problems.length(element.get("value"), 2000, f"{where}/value")
    problems.length(element.get("url"), 3000, f"{where}/url")
    style = element.get("style", "primary")
    problems.need(style in {"primary", "danger"}, "invalid style", f"{where}/style")


def _check_confirm(confirm: Json, problems: Problems, where: str) -> None:
    for name, most in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
        if name in confirm or name != "title":
            problems.text(confirm.get(name), most, f"{where}/{name}", plain=name != "text")


def _check_picker(element: Json, kind: str, problems: Problems, where: str) -> None:
    if "external" in kind:
        _check_external(element, problems, where)
    if kind == "datetimepicker" and "initial_date_time" in element:
        at = element["initial_date_time"]
        ten_digits = isinstance(at, int) and len(str(at)) == 10
        problems.need(ten_digits, "must be 10 digits", f"{where}/initial_date_time")
    if kind == "users_select" and "initial_user" in element:
        found = re.fullmatch(r"[UW][A-Z0-9]+", str(element["initial_user"]))
        problems.need(found, "invalid user", f"{where}/initial_user")


def _check_external(element: Json, problems: Problems, where: str) -> None:
    problems.need("options" not in element, "options are loaded from outside", f"{where}/options")
    least = element.get("min_query_length", 3)
    problems.need(isinstance(least, int) and least >= 0, "invalid", f"{where}/min_query_length")
    if "initial_option" in element:
        check_options([element["initial_option"]], problems, f"{where}/initial_option", 1)


def _check_choices(element: Json, problems: Problems, where: str) -> None:
    most = _OPTIONS_MOST.get(element["type"], 100)
    if "options" in element:
        check_options(element["options"], problems, f"{where}/options", most)
    groups = element.get("option_groups") or []
    problems.need(len(groups) <= 100, "no more than 100 groups", f"{where}/option_groups")
    for index, group in enumerate(groups):
        place = f"{where}/option_groups/{index}"
        problems.text(group.get("label"), 75, f"{place}/label", plain=True)
        check_options(group.get("options"), problems, f"{place}/options", 100)


def check_options(options: Any, problems: Problems, where: str, most: int) -> None:
    """Note options that a menu would refuse; also used for the answer to a type-ahead."""
    count = len(options) if isinstance(options, list) else 0
    problems.need(0 < count <= most, f"must have 1 to {most} items", where)
    for index, option in enumerate(options or []):
        place = f"{where}/{index}"
        problems.text(option.get("text"), 75, f"{place}/text")
        problems.length(option.get("value"), 150, f"{place}/value", least=1)
        if "description" in option:
            problems.text(option["description"], 75, f"{place}/description", plain=True)


def _texts(node: Any) -> Iterator[str]:
    """Yield every text that counts towards the size of a message's blocks."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "text" and isinstance(value, str):
                yield value
            else:
                yield from _texts(value)
    elif isinstance(node, list):
        for item in node:
            yield from _texts(item)


def shown_texts(text: str, blocks: Sequence[Json]) -> list[str]:
    """Return what a person reads: the texts of the blocks in order, or the text without blocks."""
    return list(_texts(list(blocks))) if blocks else [text]


def markup(params: Json) -> Iterator[str]:
    """Yield every text of a message or view that Slack reads as mrkdwn."""
    for name in ("text", "initial_comment", "markdown_text"):
        if isinstance(params.get(name), str) and params.get("mrkdwn", True):
            yield params[name]
    yield from _nested_markup(params.get("blocks"))
    yield from _nested_markup((params.get("view") or {}).get("blocks"))
    for attachment in params.get("attachments") or []:
        yield from (value for value in attachment.values() if isinstance(value, str))
        yield from _nested_markup(attachment.get("blocks"))


def _nested_markup(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _nested_markup(item)
    elif isinstance(node, dict):
        if node.get("type") in {"mrkdwn", "markdown"} and isinstance(node.get("text"), str):
            yield node["text"]
        for value in node.values():
            yield from _nested_markup(value)


def live_markup(params: Json, allowed: Sequence[str]) -> list[str]:
    """Return the live mentions and links in what we send, but for those that begin as allowed.

    `allowed` holds beginnings of what stands between the angle brackets, such as
    "https://crm.example/" or "@U1".
    """
    found = []
    for text in markup(params):
        found += [hit for hit in _LIVE.findall(text) if not hit.startswith(tuple(allowed))]
        if params.get("link_names") in {1, "1"} or params.get("parse") == "full":
            found += _BARE_MENTION.findall(text)
    return found
