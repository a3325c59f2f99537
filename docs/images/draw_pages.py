# ruff: noqa: INP001 - a script, not a package
"""Draws the pictures of the web chat from the demo, in a real Chromium.

    .venv/bin/python docs/images/draw_pages.py

What stands on them was typed into the page; nothing is made up by hand.
"""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from bot.demo.pages import Pages  # noqa: E402 - the tests' browser is found by the path above
from bot.demo.world import monday_morning, world  # noqa: E402
from tests.browser import Browser  # noqa: E402

MONDAY = monday_morning(datetime(2026, 11, 16, 12, tzinfo=UTC))
RITA, AGNES, MONA = 1, 3, 4
SIDE_BY_SIDE = (
    (RITA, "deal list owner=me", "in all"),
    (AGNES, "ticket new", "Send"),
    (MONA, "report pipeline", "Forecast"),
)
DIGEST = (
    (MONA, 'digest add report tickets every="monday 9:00" to=me', "Digest #1"),
    (MONA, "digest preview 1", "every Monday at 09:00"),
)


def main() -> None:
    """Draw both pictures."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Browser(Path(folder)) as browser,
        world(MONDAY) as made,
        Pages(made, lambda: MONDAY) as pages,
    ):
        browser.look(width=1620, height=900)
        browser.open(pages.url)
        # What comes by itself comes first.
        browser.until(f"document.querySelectorAll('{_pane(MONA)} .message').length >= 2")
        for who, line, expected in SIDE_BY_SIDE:
            say(browser, who, line, expected)
        browser.run("document.activeElement.blur()")
        (HERE / "web-chat.png").write_bytes(browser.picture())
        browser.look(width=700, height=1080)
        browser.run(f"document.querySelector('[data-tab=\"{MONA}\"]').click()")
        for who, line, expected in DIGEST:
            say(browser, who, line, expected)
        browser.run("document.activeElement.blur()")
        (HERE / "digest.png").write_bytes(browser.picture())


def say(browser: Browser, who: int, line: str, expected: str) -> None:
    """Type a line, and wait for its answer and the pictures in it."""
    browser.run(f"document.querySelector('{_pane(who)} .composer input').focus()")
    browser.type(line)
    browser.press("Enter")
    newest = f"[...document.querySelectorAll('{_pane(who)} .message:has(.asked)')].at(-1)"
    browser.until(
        "!document.querySelector('.pending')"
        f" && {newest}?.innerText.includes({json.dumps(expected)})"
        f" && [...{newest}.querySelectorAll('img')].every((picture) => picture.complete)"
    )


def _pane(who: int) -> str:
    return f'[data-person="{who}"]'


if __name__ == "__main__":
    main()
