# ruff: noqa: INP001 - a script, not a package
"""Draws the pictures of the documentation from the demo: nothing in them is made up by hand.

    .venv/bin/python docs/images/draw.py

The chart is the PNG that Slack and Telegram are sent; the conversation is what the terminal shows.
"""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from pathlib import Path

import matplotlib as mpl
from PIL import Image, ImageDraw, ImageFont

from bot import charts
from bot.demo.world import World, monday_morning, world
from bot.surface import Incoming
from crm_store.addresses import Address

HERE = Path(__file__).parent
MONDAY = datetime(2026, 11, 16, 12, tzinfo=UTC)
CHARTS = {"pipeline.png": "report pipeline", "segments.png": "report segments"}
LINES = (
    'deal add "Opening order" company="Harbour Living Ltd" amount=12k close=friday',
    "deal move it proposal sent the offer by mail",
    "undo",
    "followup it thu 10:00 ask for the decision",
)
PAPER, INK = "#10151c", "#e6edf3"
COLOURS = {
    "1": "#ffffff",
    "1;32": "#7ee787",
    "1;33": "#f2cc60",
    "1;31": "#ff7b72",
    "2": "#8b98a5",
    "36": "#6cb6ff",
}
SIZE, LEADING, MARGIN = 17, 24, 28
_PAINTED = re.compile(r"\x1b\[([0-9;]*)m(.*?)\x1b\[0m", re.DOTALL)


class Screen(io.StringIO):
    """A terminal that keeps what is written to it."""

    def isatty(self) -> bool:
        """Ask for colour."""
        return True


def main() -> None:
    """Draw every picture."""
    screen = Screen()
    with world(monday_morning(MONDAY), screen) as made:
        made.run_job("scores")
        for name, line in CHARTS.items():
            draw_chart(made, name, line)
        screen.seek(0)
        screen.truncate()
        for line in LINES:
            screen.write(f"\x1b[36m› {line}\x1b[0m\n")
            made.terminals["rita"].say(line)
    draw_screen(screen.getvalue().rstrip("\n"), HERE / "conversation.png")


def draw_chart(made: World, name: str, line: str) -> None:
    """Draw the chart of a report as the messengers are sent it."""
    account = "mona@rapport.example"
    place = Address("console", account)
    incoming = Incoming("console", name, account, account, place, private=True, text=line)
    chart = made.router.handle(incoming).reply.chart
    if chart is None:
        message = f"`{line}` has no chart"
        raise LookupError(message)
    (HERE / name).write_bytes(charts.png(chart, "en"))


def draw_screen(text: str, file: Path) -> None:
    """Draw coloured terminal text."""
    fonts = Path(mpl.get_data_path()) / "fonts" / "ttf"
    font = ImageFont.truetype(fonts / "DejaVuSansMono.ttf", SIZE)
    bold = ImageFont.truetype(fonts / "DejaVuSansMono-Bold.ttf", SIZE)
    cell = font.getlength("m")
    lines = _PAINTED.sub(r"\2", text).split("\n")
    width = round(max(map(len, lines)) * cell) + 2 * MARGIN
    picture = Image.new("RGB", (width, len(lines) * LEADING + 2 * MARGIN), PAPER)
    pen = ImageDraw.Draw(picture)
    column, row = 0, 0
    for code, part in _runs(text):
        face = bold if code.startswith("1") else font
        for piece in re.split(r"(\n)", part):
            if piece == "\n":
                column, row = 0, row + 1
                continue
            pen.text(
                (MARGIN + column * cell, MARGIN + row * LEADING),
                piece,
                COLOURS.get(code, INK),
                face,
            )
            column += len(piece)
    picture.save(file, optimize=True)


def _runs(text: str) -> list[tuple[str, str]]:
    parts, end = [], 0
    for found in _PAINTED.finditer(text):
        parts += [("", text[end : found.start()]), (found[1], found[2])]
        end = found.end()
    return [*parts, ("", text[end:])]


if __name__ == "__main__":
    main()
