"""The pages around the messages: the chat with a column per person, the sign-in, and a plain notice.

What stands inside a message is drawn in `render.py`; who may see which page is decided in
`adapter.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template

from bot.webchat.markup import Html, el, join
from crm_store.models import Role
from handlers.wording import _, language, speaking

_HERE = Path(__file__).parent
ASSETS = {"chat.css": "text/css", "chat.js": "text/javascript", "icon.svg": "image/svg+xml"}
_FIRST = {
    Role.REP: ("task list", "deal list owner=me", "deal add", "find harbour"),
    Role.AGENT: ("ticket list", "ticket list assignee=me", "ticket new", "task list"),
}
_FIRST_FOR_ALL = ("report pipeline", "report tickets", "report churn", "digest list")


@dataclass(frozen=True, slots=True)
class Guest:
    """A person whose messages a page shows; `account` is the e-mail address."""

    id: int
    account: str
    name: str
    role: Role
    language: str
    zone: str


def chat(guests: list[Guest], *, demo: bool) -> str:
    """Return the page of the chat: one column per person, tabs where there is no room for them."""
    with speaking(guests[0].language, guests[0].zone):
        tabs = [_tab(guest, first=index == 0) for index, guest in enumerate(guests)]
        head = el(
            "header",
            el("h1", "Rapport"),
            el("p", _("Sample data; nothing leaves this machine.") if demo else "", class_="about"),
            el("nav", *tabs, aria_label=_("People")) if len(guests) > 1 else Html(),
            el("p", "", id="line", role="status"),
            Html() if demo else _leave(),
        )
        panes = [_pane(guest, first=index == 0) for index, guest in enumerate(guests)]
        content = join(head, el("main", *panes), _question(), el("noscript", el("p", _script())))
        return _page(content, data=True)


def sign_in(code: str, name: str) -> str:
    """Return the page that uses a link up: a person presses, what only fetches links does not."""
    button = el("button", _("Sign in"), type="submit", class_="primary")
    form = el("form", button, method="post", action=f"/chat/sign-in/{code}")
    return _page(_card(name, _("This link signs this browser in for 14 days."), form))


def notice(title: str, text: str) -> str:
    """Return a page that says one thing."""
    return _page(_card(title, text))


def asset(name: str) -> str:
    """Return a style sheet or a script of the page."""
    return _read(name)


@cache
def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _page(content: Html, *, data: bool = False) -> str:
    body = el("div", content, id="app", **(_words() if data else {}))
    return Template(_read("page.html")).substitute(
        language=language(), title="Rapport", content=body
    )


def _words() -> dict[str, str | bool | None]:
    """Return the texts that the script shows."""
    return {
        "data_lost": _("The connection is lost; trying again…"),
        "data_failed": _("Not sent."),
        "data_again": _("Try again"),
        "data_waiting": _("Waiting for the answer"),
    }


def _script() -> str:
    return _("This page needs JavaScript.")


def _card(title: str, text: str, *more: Html) -> Html:
    return el("main", el("section", el("h1", title), el("p", text), *more, class_="card"))


def _leave() -> Html:
    button = el("button", _("Sign out"), type="submit", class_="quiet")
    return el("form", button, method="post", action="/chat/sign-out")


def _tab(guest: Guest, *, first: bool) -> Html:
    return el(
        "button",
        guest.name.partition(" ")[0],
        el("small", _(guest.role.value)),
        type="button",
        data_tab=str(guest.id),
        aria_pressed="true" if first else "false",
    )


def _pane(guest: Guest, *, first: bool) -> Html:
    with speaking(guest.language, guest.zone):
        initials = "".join(word[0] for word in guest.name.split()[:2])
        who = el(
            "header",
            el("span", initials, class_="face", aria_hidden="true"),
            el("h2", guest.name),
            el("span", _(guest.role.value), class_="role"),
        )
        log = el(
            "div",
            _welcome(guest),
            class_="log",
            role="log",
            aria_live="polite",
            aria_busy="true",
            aria_label=_("Messages of {name}", name=guest.name),
            tabindex="0",
        )
        skip = el("a", _("To the message box"), href=f"#say-{guest.id}", class_="skip")
        return el(
            "section",
            who,
            skip,
            log,
            _composer(guest),
            class_="pane" + (" shown" if first else ""),
            data_person=str(guest.id),
            aria_label=guest.name,
            lang=guest.language,
        )


def _welcome(guest: Guest) -> Html:
    lines = (*_FIRST.get(guest.role, _FIRST_FOR_ALL), "help")
    buttons = (el("button", line, type="button", data_line=line) for line in lines)
    text = _("Type what you want to do, or begin with one of these:")
    return el("article", el("p", text), el("p", *buttons, class_="actions"), class_="welcome")


def _composer(guest: Guest) -> Html:
    name = f"say-{guest.id}"
    return el(
        "form",
        el("label", _("Message as {name}", name=guest.name), for_=name, class_="unseen"),
        el(
            "input",
            id=name,
            placeholder=_("Type a command…"),
            autocomplete="off",
            autocapitalize="off",
            spellcheck="false",
            enterkeyhint="send",
        ),
        el("button", _("Send"), type="submit", class_="primary"),
        class_="composer",
    )


def _question() -> Html:
    """Return the dialog that asks before a button does something that cannot be wanted by mistake."""
    buttons = el(
        "p",
        el("button", _("Cancel"), value="", class_="no"),
        el("button", _("Yes"), value="yes", class_="danger"),
        class_="actions",
    )
    form = el("form", el("p", "", id="question"), buttons, method="dialog")
    return el("dialog", form, id="sure", aria_labelledby="question")
