"""The web chat in a real Chromium: typing, forms, buttons, charts, the keyboard and a screen reader."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.demo.pages import Pages
from bot.demo.world import world
from tests.browser import Browser, chromium
from tests.surfaces.web import site

RITA, AGNES, MONA = 1, 3, 4
NOW = datetime(2026, 11, 21, 21, 40, tzinfo=UTC)  # a Saturday, late in the demo's zone


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """The demo's page, opened once: a newcomer goes on where the last one stopped."""
    with (
        Browser(tmp_path_factory.mktemp("chromium")) as opened,
        world(NOW) as made,
        Pages(made, lambda: NOW) as pages,
    ):
        opened.look(width=1400, height=900)
        opened.open(pages.url)
        opened.until("!document.querySelector('.log[aria-busy=true]')")
        yield opened
        assert opened.errors == []


def last(who: int) -> str:
    """The expression for the newest answer of a person; what nobody asked for may come at any time."""
    return f"[...document.querySelectorAll('[data-person=\"{who}\"] .message:has(.asked)')].at(-1)"


def say(browser: Browser, who: int, line: str, expected: str) -> None:
    """Type a line as a person does, and wait for an answer with `expected` in it."""
    browser.run(f"document.querySelector('[data-person=\"{who}\"] .composer input').focus()")
    browser.type(line)
    browser.press("Enter")
    answered(browser, who, expected)


def answered(browser: Browser, who: int, expected: str) -> None:
    """Wait until nothing is pending and the newest message says what is expected."""
    browser.until(
        f"!document.querySelector('.pending') && {last(who)}?.innerText.includes({json.dumps(expected)})"
    )


def told(browser: Browser, who: int, expected: str) -> None:
    """Wait for a message that nobody asked for."""
    messages = f"document.querySelectorAll('[data-person=\"{who}\"] .message:not(:has(.asked))')"
    browser.until(f"[...{messages}].some(m => m.innerText.includes({json.dumps(expected)}))")


def button(who: int, label: str) -> str:
    """The expression for a button of the newest message."""
    return (
        f"[...{last(who)}.querySelectorAll('button')]"
        f".find(b => b.innerText === {json.dumps(label)})"
    )


def press(browser: Browser, who: int, label: str) -> None:
    """Click a button of the newest message."""
    browser.run(f"{button(who, label)}.click()")


def test_a_newcomer_sees_three_people_and_where_to_begin(browser: Browser) -> None:
    heads = browser.run("[...document.querySelectorAll('.pane h2')].map(h => h.innerText)")
    assert heads == ["Rita Reyes", "Agnes Okafor", "Mona Lindqvist"]
    shown = "[...document.querySelectorAll('.pane')].filter(p => p.offsetWidth > 300).length"
    assert browser.run(shown) == 3
    browser.run("document.querySelector('.welcome [data-line=\"task list\"]').click()")
    answered(browser, RITA, "task list")


def test_a_line_a_button_and_the_keyboard(browser: Browser) -> None:
    say(browser, RITA, "company add Browserware city=Oslo", "Browserware")
    say(browser, RITA, 'deal add "First lamp" company=Browserware amount=3k', "First lamp")
    press(browser, RITA, "Undo")
    browser.until(f"!{last(RITA)}.innerText.includes('Move to Qualified')")
    box = "document.querySelector('[data-person=\"1\"] .composer input')"
    browser.run(f"{box}.focus()")
    browser.press("ArrowUp")
    assert browser.run(f"{box}.value").startswith("deal add")
    browser.run(f"{box}.value = ''")


def test_a_form_is_filled_in_refused_in_place_and_accepted(browser: Browser) -> None:
    say(browser, AGNES, "company add", "Website")
    form = f"{last(AGNES)}.querySelector('form')"
    browser.run(f"{form}.elements.name.value = 'Formware'")
    browser.run(f"{form}.elements.website.focus()")
    browser.type("no site at all")
    browser.press("Enter")
    browser.until("document.activeElement.getAttribute('aria-invalid') === 'true'")
    assert browser.run("document.activeElement.name") == "website"
    described = "document.activeElement.getAttribute('aria-describedby')"
    error = browser.run(f"document.getElementById({described}).innerText")
    assert "is not the address of a public website" in error
    assert browser.run(f"{form}.elements.name.value") == "Formware"
    browser.run(f"{form}.elements.website.value = 'formware.example'")
    browser.run(f"{form}.querySelector('[type=submit]').click()")
    browser.until(f"!{last(AGNES)}.querySelector('form')")
    assert "Formware" in browser.run(f"{last(AGNES)}.innerText")


def test_a_form_whose_send_is_clicked_twice_is_sent_once(browser: Browser) -> None:
    say(browser, AGNES, "company add", "Website")
    form = f"{last(AGNES)}.querySelector('form')"
    send = f"{form}.querySelector('[type=submit]')"
    browser.run(f"({form}.elements.name.value = 'Twiceware', {send}.click(), {send}.click())")
    browser.until(f"!{last(AGNES)}.querySelector('form')")
    say(browser, AGNES, "company list city=Nowhere", "No companies")
    panes = "[...document.querySelectorAll('[data-person=\"3\"] .message')]"
    assert browser.run(f"{panes}.filter(m => m.innerText.includes('Twiceware')).length") == 1


def test_one_person_s_work_reaches_another_while_they_look(browser: Browser) -> None:
    say(browser, RITA, "ticket new The browser box arrived broken", "browser box")
    say(browser, MONA, 'ticket assign "The browser box arrived broken" Agnes', "Agnes")
    told(browser, AGNES, "browser box")


def test_what_is_due_comes_by_itself(browser: Browser) -> None:
    told(browser, RITA, "Task due")
    told(browser, MONA, "at risk")


def test_a_chart_is_a_picture_with_its_numbers(browser: Browser) -> None:
    say(browser, MONA, "report pipeline", "Negotiation")
    picture = f"{last(MONA)}.querySelector('img')"
    browser.run(f"{picture}.scrollIntoView()")
    browser.until(f"{picture}.complete && {picture}.naturalWidth === 1200")
    assert browser.run(f"{picture}.alt").startswith("Chart: Open deals")
    assert browser.run(f"{last(MONA)}.querySelectorAll('details td').length") > 3


def test_a_dangerous_button_asks_and_escape_means_no(browser: Browser) -> None:
    say(browser, RITA, 'contact add "Ida Danger"', "Ida Danger")
    say(browser, RITA, 'contact show "Ida Danger"', "Delete")
    press(browser, RITA, "Delete")
    browser.until("document.getElementById('sure').open")
    assert "Ida Danger" in browser.run("document.getElementById('question').innerText")
    assert browser.run("document.activeElement.innerText") == "Cancel"
    browser.press("Escape")
    browser.until("!document.getElementById('sure').open")
    browser.run(f"{button(RITA, 'Delete')}.click()")
    browser.until("document.getElementById('sure').open")
    # Closed and asked again at once, while the dialog still tells that it was closed.
    browser.run(f"(document.getElementById('sure').close(), {button(RITA, 'Delete')}.click())")
    browser.until("document.getElementById('sure').open")
    assert not browser.run("document.querySelector('.pending')")
    browser.run("document.querySelector('#sure [value=yes]').click()")
    answered(browser, RITA, "deleted")


def test_a_screen_reader_is_told_of_everything(browser: Browser) -> None:
    tree = browser.tree()
    assert ("log", "Messages of Rita Reyes") in tree
    assert ("textbox", "Message as Mona Lindqvist") in tree
    nameless = [role for role, name in tree if role in {"button", "textbox", "link"} and not name]
    assert nameless == []


def test_the_keyboard_reaches_every_column_and_focus_is_seen(browser: Browser) -> None:
    browser.run("document.querySelector('[data-person=\"1\"] .composer input').focus()")
    browser.press("Tab")
    assert browser.run("document.activeElement.innerText") == "Send"
    assert browser.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    browser.press("Tab")
    assert browser.run("document.activeElement.closest('.pane').dataset.person") == str(AGNES)
    # Whoever comes to a column by the keyboard need not walk through all of its messages.
    assert browser.run("document.activeElement.innerText") == "To the message box"
    assert browser.run("document.activeElement.getBoundingClientRect().left") > 0
    browser.press("Enter")
    browser.until("document.activeElement.matches('.composer input')")
    assert browser.run("document.activeElement.closest('.pane').dataset.person") == str(AGNES)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_letters_are_readable_light_and_dark(browser: Browser, theme: str) -> None:
    browser.look(width=1400, height=900, dark=theme == "dark")
    script = """
      (() => {
        const light = (rgb) => rgb.match(/[\\d.]+/g).slice(0, 3).map((n) => n / 255)
          .map((n) => n <= .03928 ? n / 12.92 : ((n + .055) / 1.055) ** 2.4)
          .reduce((sum, n, i) => sum + n * [.2126, .7152, .0722][i], 0);
        const behind = (node) => {
          for (; node; node = node.parentElement) {
            const colour = getComputedStyle(node).backgroundColor;
            if (!/, 0\\)$/.test(colour)) return colour;
          }
          return "rgb(255, 255, 255)";
        };
        return [...document.querySelectorAll(
          ".asked, .bubble h3, .bubble dt, .bubble td, .footer, time, .role, button, .about, summary"
        )].filter((node) => node.offsetWidth).map((node) => {
          const [a, b] = [light(getComputedStyle(node).color), light(behind(node))];
          return [node.className || node.tagName,
            (Math.max(a, b) + .05) / (Math.min(a, b) + .05)];
        }).filter(([, contrast]) => contrast < 4.5);
      })()"""
    assert browser.run(script) == []


def test_who_wants_no_motion_sees_none(browser: Browser) -> None:
    dots = "getComputedStyle(document.querySelector('.dots'), '::after').animationName"
    browser.run(
        f"{last(RITA)}.append(Object.assign(document.createElement('i'), {{className: 'dots'}}))"
    )
    assert browser.run(dots) == "wait"
    browser.look(width=1400, height=900, still=True)
    assert browser.run(dots) == "none"
    browser.run("document.querySelector('.dots').remove()")


def test_on_a_phone_there_is_one_column_and_tabs_and_nothing_sticks_out(browser: Browser) -> None:
    browser.look(width=360, height=740)
    browser.run(f"document.querySelector('[data-tab=\"{MONA}\"]').click()")
    shown = "[...document.querySelectorAll('.pane')].filter(p => p.offsetWidth)"
    assert browser.run(f"{shown}.map(p => p.dataset.person)") == [str(MONA)]
    assert browser.run("document.documentElement.scrollWidth") <= 360
    assert browser.run("document.documentElement.scrollHeight") <= 740
    sizes = browser.run(
        f"[...{shown}[0].querySelectorAll('.actions button, .composer button')]"
        ".map(b => b.offsetHeight)"
    )
    assert min(sizes) >= 36
    say(browser, MONA, "deal list", "Deals")
    wide = f"{last(MONA)}.querySelector('.table')"
    assert browser.run(
        f"{wide}.scrollWidth > {wide}.clientWidth"
    )  # the table scrolls, not the page
    assert browser.run("document.documentElement.scrollWidth") <= 360


def test_after_loading_anew_everything_stands_there_still(browser: Browser, tmp_path: Path) -> None:
    browser.look(width=1400, height=900)
    count = "document.querySelectorAll('.message').length"
    before = browser.run(count)
    browser.reload()
    browser.until(f"{count} >= {before}")
    picture = tmp_path / "page.png"
    picture.write_bytes(browser.picture())
    assert picture.stat().st_size > 10_000


def test_a_link_signs_in_and_who_is_switched_off_is_told(
    sqlite_template: Path, tmp_path: Path
) -> None:
    with site(sqlite_template, tmp_path) as running, Browser(tmp_path / "browser") as browser:
        browser.look(width=1000, height=800)
        browser.open(f"http://127.0.0.1:{running.app.web.port}{running.link()}")
        browser.run("document.querySelector('button[type=submit]').click()")
        browser.until("document.querySelector('.log[aria-busy=false]')")
        assert browser.run("location.pathname") == "/chat"
        assert browser.run("document.cookie") == ""  # no script can read it
        assert browser.run("document.activeElement.matches('.composer input')")
        say(browser, running.rita, "company add Harbour", "Harbour")
        running.admin("user edit rita@rapport.example active=no")
        browser.until("document.body.innerText.includes('You are not signed in here.')")
        assert not browser.run("document.body.innerText.includes('Harbour')")


def test_where_chromium_has_to_be_its_lack_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("RAPPORT_REQUIRE_CHROMIUM", "1")
    with pytest.raises(pytest.fail.Exception):
        chromium()
    monkeypatch.delenv("RAPPORT_REQUIRE_CHROMIUM")
    with pytest.raises(pytest.skip.Exception):
        chromium()
