"""The web chat as a way to talk to Rapport: browsers without a screen, each signed in as one person.

What a browser with a screen makes of it is tested in `tests/bot/test_webchat_browser.py`. No test stands here.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, ClassVar

from bot.app import App
from bot.clock import FixedClock
from bot.config import load
from bot.surface import Incoming
from bot.webchat.adapter import COOKIE, MAX_LINE
from crm_store import users, webchat
from crm_store.addresses import Address
from crm_store.models import Role, User
from crm_store.store import Session
from handlers.reply import Reply
from tests.surfaces.people import PEOPLE, morning
from tests.surfaces.program import PATIENCE, Running, configured, free_port
from tests.surfaces.stage import Chat, Heard, Pattern

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
ADMIN = "ada@rapport.example"
_ALONE = {"img", "input", "br", "meta", "link"}  # elements that are never closed


class Drawn(HTMLParser):
    """What a browser makes of markup: its elements, the texts in them, its buttons and its form."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.buttons: list[tuple[str, dict[str, str | None]]] = []
        self.values: dict[str, str] = {}
        self.open: list[str] = []
        self._control = ""
        self.feed(markup)
        self.close()
        assert self.open == [], "not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        given = dict(attrs)
        self.elements.append((tag, given))
        if tag not in _ALONE:
            self.open.append(tag)
        if tag == "button":
            self.buttons.append(("", given))
        if tag in {"input", "textarea", "select"}:
            self._control = given.get("name") or ""
            self.values[self._control] = given.get("value") or ""
        if tag == "option" and "selected" in given:
            self.values[self._control] = given.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        """Demand that it is the one opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.texts.append(data)
        if "button" in self.open:
            label, given = self.buttons[-1]
            self.buttons[-1] = label + data, given
        if self.open and self.open[-1] == "textarea":
            self.values[self._control] += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of each element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]


@dataclass
class Visitor:
    """A browser without a screen, at one address of this machine."""

    port: int
    cookie: str = ""
    keys: Iterator[int] = field(default_factory=itertools.count)

    def ask(
        self,
        method: str,
        path: str,
        body: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        """Send one request; a cookie that is set is kept."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        own = {"Cookie": self.cookie} if self.cookie else {}
        if method == "POST":
            own["Origin"] = f"http://127.0.0.1:{self.port}"
        connection.request(method, path, body.encode(), {**own, **(headers or {})})
        answer = connection.getresponse()
        told = {name.lower(): value for name, value in answer.getheaders()}
        content = answer.read()
        connection.close()
        if "set-cookie" in told:
            self.cookie = told["set-cookie"].partition(";")[0]
        return answer.status, told, content

    def posts(self, headers: Mapping[str, str] | None = None, /, **what: object) -> int:
        """Post what a person does and return the status."""
        given = {"key": f"{next(self.keys):032x}", **what}
        sent = {"Content-Type": "application/json", **(headers or {})}
        return self.ask("POST", "/chat/say", json.dumps(given), sent)[0]

    def line(self) -> Iterator[str]:
        """What the server sends, until it ends: a message as JSON, or `ready`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request("GET", "/chat/events", headers={"Cookie": self.cookie})
        answer = connection.getresponse()
        assert answer.status == 200
        with contextlib.closing(connection):
            while told := answer.readline().decode():
                if told.startswith("event: "):
                    yield told.removeprefix("event: ").strip()
                elif told.startswith("data: ") and told.strip() != "data: {}":
                    yield told.removeprefix("data: ")

    def hears(self, count: int) -> list[dict[str, Any]]:
        """Read the first `count` messages that stand on the page or come."""
        return list(itertools.islice(self.told(), count))

    def told(self) -> Iterator[dict[str, Any]]:
        """What stands on the page, then what comes, a message that changed once more."""
        return (json.loads(line) for line in self.line() if line != "ready")


@dataclass
class Site:
    """A program with the web chat switched on, and Rita in its store."""

    app: App
    clock: FixedClock
    rita: int

    def admin(self, line: str) -> Reply:
        """What an admin at a terminal is answered."""
        place = Address("console", ADMIN)
        said = Incoming("console", line, ADMIN, ADMIN, place, private=True, text=line)
        return self.app.router.handle(said).reply

    def visitor(self) -> Visitor:
        """Somebody who is not signed in."""
        return Visitor(self.app.web.port)

    def link(self) -> str:
        """A path that signs Rita in."""
        code = self.app.transact(
            lambda s: users.issue_code(s, s.get_one(User, self.rita), self.app.clock.now())
        )
        return f"/chat/sign-in/{code}"

    def browser(self) -> Visitor:
        """Rita's browser, signed in."""
        visitor = self.visitor()
        assert visitor.ask("POST", self.link())[0] == 303
        return visitor


@contextlib.contextmanager
def site(template: Path, folder: Path) -> Iterator[Site]:
    """Run the program on a copy of the store `template`, with Rita and an admin in it."""
    shutil.copy(template, folder / "rapport.db")
    configured(folder, "", free_port())
    file = folder / "config.toml"
    file.write_text(file.read_text().replace("[web]\n", "[web]\nchat = true\n"))
    clock = FixedClock(NOW)
    app = App(load(file, {}), clock)
    made = Site(app, clock, app.transact(_add_people))
    running = Running(app)
    running.start()
    try:
        yield made
    finally:
        running.stop()


def _add_people(session: Session) -> int:
    add = partial(users.add, session, language="en", time_zone="UTC", now=NOW)
    rita = add("rita@rapport.example", "Rita Rep", Role.REP)
    admin = add(ADMIN, "Ada", Role.ADMIN)
    users.add_identity(session, admin, "console", ADMIN, f"console:{ADMIN}", NOW)
    return rita.id


class WebPage(Chat):
    """People at browsers, each signed in and looking on."""

    name = platform = "web"
    carries = MAX_LINE
    strangers: ClassVar[bool] = False  # who is not signed in has no page to type on

    def open(self, stack: ExitStack) -> None:
        """Start the program, sign everybody in, and open their pages."""
        web = replace(self.config.web, chat=True, port=free_port())
        self.config = replace(self.config, web=web)
        self._news = threading.Condition()
        self._pages: dict[str, dict[str, dict[str, Any]]] = {short: {} for short in PEOPLE}
        app = self._run(stack)
        self.numbers: dict[str, int] = {}
        self.visitors: dict[str, Visitor] = {}
        self._refused: list[str] = []
        for short in PEOPLE:
            self.numbers[short], token = app.transact(partial(_sign_in, short=short))
            self.visitors[short] = Visitor(web.port, f"{COOKIE}={token}")
            threading.Thread(target=self._look_on, args=[short], daemon=True).start()

    def until(self, condition: Callable[[], object]) -> None:
        """Wait for what comes to a page."""
        with self._news:
            assert self._news.wait_for(condition, PATIENCE), "nothing came"

    def says(self, who: str, line: str, expected: Sequence[Pattern] = ()) -> Heard:
        """Type a line."""
        return self._does(who, expected, text=line)

    def presses(
        self, who: str, label: str, expected: Sequence[Pattern] = (), *, sure: bool = False
    ) -> Heard:
        """Press a button; the page itself asks whether a person is sure."""
        shown = self.last[who].shown
        button = dict(Drawn(shown["html"]).buttons)[label]
        assert sure is ("data-confirm" in button)
        replaces = "data-replaces" in button
        line = button["data-line"]
        return self._does(
            who, expected, line=line, asked=label, message=shown["id"], replaces=replaces
        )

    def fills(self, who: str, values: Mapping[str, str], expected: Sequence[Pattern] = ()) -> Heard:
        """Fill the form in and send all of its fields, as browsers do."""
        shown = self.last[who].shown
        drawn = Drawn(shown["html"])
        assert values.keys() <= drawn.values.keys()
        return self._does(
            who,
            expected,
            line=drawn.all("form")[0]["data-command"],
            values={**drawn.values, **values},
            message=shown["id"],
        )

    def shown(self, who: str) -> dict[str, Any]:
        """The messages on a person's page."""
        return dict(self._pages[who])

    def read(self, shown: dict[str, Any]) -> Heard:
        """Read a message."""
        drawn = Drawn(shown["html"])
        return Heard("\n".join(drawn.texts), tuple(label for label, _ in drawn.buttons), shown)

    def refused(self) -> list[str]:
        """What the server did not take."""
        return self._refused

    def _does(self, who: str, expected: Sequence[Pattern], **what: Any) -> Heard:
        status = self.visitors[who].posts(person=self.numbers[who], **what)
        if status != 200:
            self._refused.append(f"{status}: {what}")
        return self.hears(who, expected)

    def _look_on(self, who: str) -> None:
        with contextlib.suppress(ConnectionError):
            for line in self.visitors[who].line():
                if line != "ready":
                    message = json.loads(line)
                    with self._news:
                        self._pages[who][str(message["id"])] = message
                        self._news.notify_all()


def _sign_in(session: Session, short: str) -> tuple[int, str]:
    user: User | None = users.by_email(session, f"{short}@rapport.example")
    assert user
    return user.id, webchat.sign_in(session, user, morning())
