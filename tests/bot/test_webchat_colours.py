"""The colours of the web chat by the Web Content Accessibility Guidelines 2.1, level AA, light and dark."""

from __future__ import annotations

import re
from itertools import product

import pytest

from bot.webchat import page

TEXT, GRAPHICS = 4.5, 3.0  # success criteria 1.4.3 and 1.4.11
READ = (
    *product(("ink", "soft", "accent", "bad"), ("page", "paper")),
    *product(("good", "warning"), ("paper",)),
    ("ink", "hover"),
    ("on-mine", "mine"),
    ("on-accent", "accent"),
)
SEEN = (("line", "paper"), ("accent", "page"), ("accent", "paper"), ("bad", "paper"))
_SHEET = page.asset("chat.css")
_ROOT = re.compile(r":root \{(.*?)\}", re.DOTALL)
_COLOUR = re.compile(r"--([a-z-]+): (#[0-9a-f]{3,6});")


def theme(name: str) -> dict[str, str]:
    """The colours of a theme; what dark does not say anew stays as it is in light."""
    light, dark = (dict(_COLOUR.findall(block)) for block in _ROOT.findall(_SHEET))
    return light | dark if name == "dark" else light


def luminance(colour: str) -> float:
    """The relative luminance of `#rgb` or `#rrggbb`, 0 to 1, as the guidelines define it."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_the_formula_gives_the_known_ratios() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#fff") == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_what_is_read_and_what_is_seen_stands_out(name: str) -> None:
    colours = theme(name)
    wanted = [(pair, TEXT) for pair in READ] + [(pair, GRAPHICS) for pair in SEEN]
    pale = {
        f"{front} on {back}": round(contrast(colours[front], colours[back]), 2)
        for (front, back), least in wanted
        if contrast(colours[front], colours[back]) < least
    }
    assert pale == {}


def test_every_colour_comes_from_the_theme() -> None:
    rules = _ROOT.sub("", _SHEET)
    # A picture of a chart is drawn on white; the backdrop of a dialog only dims.
    assert re.findall(r"#[0-9a-f]{3,8}\b|rgb\([^)]*\)", rules) == ["#fff", "rgb(10 15 20 / 50%)"]
