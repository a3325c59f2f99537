"""The five ways to talk to Rapport, each a whole program with named people on a platform's fake.

What they say to it stands in the tests and in `tests/conversations`. No test stands here.
"""

from __future__ import annotations

import asyncio
import io
import re
import shutil
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

from bot.app import App
from bot.clock import FixedClock
from bot.config import Config, load
from bot.console.adapter import ConsoleSurface, Terminal
from bot.console.render import render
from bot.delivery import Delivery
from bot.demo import sample
from bot.demo.world import monday_morning
from crm_store import users
from crm_store.models import Role
from crm_store.store import Actor, Session, Store
from handlers.wording import speaking
from jobs.schedule import JobContext
from tests.fakes.slack import FakeSlack, Message
from tests.fakes.telegram import FakeTelegram, TelegramMessage

PEOPLE: Mapping[str, tuple[str, Role]] = {short: (name, role) for short, name, role in sample.TEAM}
STRANGERS = ("sam",)
EVERYBODY = (*PEOPLE, *STRANGERS)
NUMBERS = {short: 100 + place for place, short in enumerate(EVERYBODY)}  # accounts on Telegram
PATIENCE = 20.0  # real seconds until a test gives up
WEBHOOK_SECRET = "s3cret"

Pattern: TypeAlias = "re.Pattern[str]"


@cache
def morning() -> datetime:
    """A Monday morning that is past, so that what is owed at it is delivered: 09:05 in Berlin."""
    return monday_morning(datetime.now(UTC) - timedelta(days=7))


@dataclass(frozen=True)
class Heard:
    """What a person was answered, as they see it; `shown` is the newest message or modal."""

    text: str
    buttons: tuple[str, ...]
    shown: Any


def flat(text: str) -> str:
    """The words of a text whatever the width of the screen."""
    return " ".join(text.split())


def slack_account(short: str) -> str:
    """The Slack id of a person."""
    return f"U0{short.upper()}"


def enrol(session: Session, platform: str) -> None:
    """Put the people into the store, if they are not there, and give them accounts."""
    for short, (name, role) in PEOPLE.items():
        email = f"{short}@rapport.example"
        user = users.by_email(session, email) or users.add(
            session, email, name, role, language="en", time_zone=sample.ZONE.key, now=morning()
        )
        account = {"slack": slack_account(short), "telegram": str(NUMBERS[short])}
        known = account.get(platform, email)
        if users.by_account(session, platform, known) is None:
            users.add_identity(session, user, platform, known, f"{platform}:{known}", morning())


class Running:
    """The whole program in a thread of its own, from `start` to `stop`."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="rapport")

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop that the program runs in."""
        assert self._loop
        return self._loop

    def start(self) -> None:
        """Return when every part has started."""
        self._thread.start()
        assert self._ready.wait(PATIENCE), "the program does not start"
        if self._error:
            raise self._error

    def stop(self) -> None:
        """Stop as a signal would, and wait."""
        if self._loop and self._stop:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        if self._error:
            raise self._error

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - handed to the thread of the test
            self._error = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = _Bell(self._ready)
        await self.app.run(self._stop)


class _Bell(asyncio.Event):
    """The program waits for its end only once all parts run: that is when it rings."""

    def __init__(self, ready: threading.Event) -> None:
        super().__init__()
        self._ready = ready

    async def wait(self) -> Any:
        """Ring, then wait."""
        self._ready.set()
        return await super().wait()


@dataclass
class Stage:
    """The parent of the five: a program, its people, and what each of them has read so far."""

    config: Config
    name: ClassVar[str] = ""
    platform: ClassVar[str] = ""
    carries: ClassVar[int] = 1_000_000  # characters of one typed message
    seen: dict[str, dict[str, Any]] = field(default_factory=dict)
    last: dict[str, Heard] = field(default_factory=dict)

    def open(self, stack: ExitStack) -> None:
        """Start; `stack` closes what was opened."""
        raise NotImplementedError

    def says(self, who: str, line: str, expected: Sequence[Pattern] = ()) -> Heard:
        """Type a line and wait for an answer that has what is expected."""
        raise NotImplementedError

    def presses(
        self, who: str, label: str, expected: Sequence[Pattern] = (), *, sure: bool = False
    ) -> Heard:
        """Press a button of what was heard last; `sure` says yes to the question that it asks."""
        raise NotImplementedError

    def fills(self, who: str, values: Mapping[str, str], expected: Sequence[Pattern] = ()) -> Heard:
        """Answer the questions that were asked: in a form, or one after the other."""
        *first, final = values.values()
        for value in first:
            self.says(who, value)
        return self.says(who, final, expected)

    def hears(self, who: str, expected: Sequence[Pattern]) -> Heard:
        """Wait for a message that nobody asked for."""
        raise NotImplementedError

    def refused(self) -> list[str]:
        """What the platform did not take."""
        return []


class Console(Stage):
    """Terminals in front of the router; messages to others are drawn as the demo does."""

    name = platform = "console"

    def open(self, stack: ExitStack) -> None:
        """Open the store and a terminal for everybody."""
        self.app = App(self.config, FixedClock(morning()))
        stack.callback(self.app.store.close)
        self.app.transact(lambda session: enrol(session, "console"))
        self.terminals = {
            short: Terminal(self.app.router, f"{short}@rapport.example", io.StringIO())
            for short in EVERYBODY
        }
        self.screen = io.StringIO()

    def says(self, who: str, line: str, expected: Sequence[Pattern] = ()) -> Heard:
        """Type a line."""
        terminal = self.terminals[who]
        out = terminal.out = io.StringIO()
        answer = terminal.say(line)
        with speaking(answer.language, answer.zone):
            drawn = render(answer.reply, width=80)
        buttons = tuple(action.label for action in drawn.actions)
        return self._heard(who, Heard(out.getvalue(), buttons, answer), expected)

    def presses(
        self, who: str, label: str, expected: Sequence[Pattern] = (), *, sure: bool = False
    ) -> Heard:
        """Type the number of a button; nothing is asked again."""
        buttons = self.last[who].buttons
        assert label in buttons, f"no {label!r} among {buttons}"
        return self.says(who, str(buttons.index(label) + 1), expected)

    def hears(self, who: str, expected: Sequence[Pattern]) -> Heard:
        """Deliver what is due, as the demo does, and read what was drawn for this person."""
        asyncio.run(self._deliver())
        account = f"→ {who}@rapport.example\n"
        drawn = [part for part in self.screen.getvalue().split("\n\n→ ") if part.strip()]
        mine = [part for part in drawn if f"→ {part}".replace("→ →", "→").startswith(account)]
        return self._heard(who, Heard("\n".join(mine), (), None), expected)

    async def _deliver(self) -> None:
        app, surface = self.app, ConsoleSurface(self.screen)
        delivery = Delivery(
            app.store, {"console": surface}, app.router.tell, lambda _session: morning()
        )
        while await delivery.step():
            await delivery.settle()
        await delivery.stop()

    def _heard(self, who: str, heard: Heard, expected: Sequence[Pattern]) -> Heard:
        missed = [each.pattern for each in expected if not each.search(flat(heard.text))]
        assert not missed, f"{self.name}: {who} did not read {missed} but {heard.text}"
        self.last[who] = heard
        return heard


class Chat(Stage):
    """A stage on a platform: what is new to a person is what changed in their private chat."""

    running: Running

    def _run(self, stack: ExitStack) -> App:
        app = App(self.config, FixedClock(morning()))
        app.store.upgrade()
        app.transact(lambda session: enrol(session, self.platform))
        self.running = Running(app)
        self.running.start()
        stack.callback(self.running.stop)
        return app

    def until(self, condition: Callable[[], object]) -> None:
        """Wait for what a call to the platform brings about."""
        raise NotImplementedError

    def shown(self, who: str) -> dict[str, Any]:
        """Everything that the program shows a person at the moment, by its number."""
        raise NotImplementedError

    def read(self, shown: Any) -> Heard:
        """What a person makes of a message or a modal."""
        raise NotImplementedError

    def hears(self, who: str, expected: Sequence[Pattern]) -> Heard:
        """Wait for what is new."""
        found: list[Heard] = []

        def heard() -> bool:
            old, now = self.seen.get(who, {}), self.shown(who)
            found[:] = [self.read(new) for key, new in now.items() if old.get(key) != new]
            text = flat("\n".join(each.text for each in found))
            return bool(found) and all(pattern.search(text) for pattern in expected)

        try:
            self.until(heard)
        except AssertionError:
            wanted = [each.pattern for each in expected]
            raise AssertionError(
                f"{self.name}: {who} did not read {wanted} but {found}, {self.refused()}"
            ) from None
        self.seen[who] = self.shown(who)
        text = "\n".join(each.text for each in found)
        self.last[who] = Heard(text, found[-1].buttons, found[-1].shown)
        return self.last[who]


class Slack(Chat):
    """People of a Slack workspace, each in the direct message with the bot."""

    platform = "slack"
    carries = 40_000
    slack: FakeSlack

    def open(self, stack: ExitStack) -> None:
        """Start Slack, then the program."""
        self.slack = stack.enter_context(FakeSlack())
        for short in EVERYBODY:
            self.slack.add_user(slack_account(short), short)
            self.slack.dm(slack_account(short))
        self.config = self._configured()
        self._run(stack)
        self.until(lambda: any(c.outcome == "ok" for c in self.slack.calls("auth.test")))
        self._connected()

    def _configured(self) -> Config:
        raise NotImplementedError

    def _connected(self) -> None:
        """Wait for what the mode needs besides."""

    def typed(self, who: str, line: str) -> dict[str, Any]:
        """The payload of a line."""
        raise NotImplementedError

    def carry(self, payload: dict[str, Any]) -> None:
        """Bring a payload to the program, which acknowledges it."""
        raise NotImplementedError

    def until(self, condition: Callable[[], object]) -> None:
        """Wait for what a call to Slack brings about."""
        self.slack.wait_until(condition, PATIENCE)

    def says(self, who: str, line: str, expected: Sequence[Pattern] = ()) -> Heard:
        """Type a line."""
        self.carry(self.typed(who, line))
        return self.hears(who, expected)

    def presses(
        self, who: str, label: str, expected: Sequence[Pattern] = (), *, sure: bool = False
    ) -> Heard:
        """Press a button; Slack itself asks whether a person is sure."""
        shown = self.last[who].shown
        self.carry(self.slack.button_press(shown, label, slack_account(who)))
        return self.hears(who, expected)

    def fills(self, who: str, values: Mapping[str, str], expected: Sequence[Pattern] = ()) -> Heard:
        """Fill the modal in; where there is none yet, its button opens it."""
        if isinstance(self.last[who].shown, Message):
            self.presses(who, "Fill in" if "Fill in" in self.last[who].buttons else "填写")
        view = self.last[who].shown
        self.carry(self.slack.view_submission(view, values, slack_account(who)))
        return self.hears(who, expected)

    def shown(self, who: str) -> dict[str, Any]:
        """The bot's messages to a person, and the modals that are open."""
        account = slack_account(who)
        messages = self.slack.messages(self.slack.dm(account))
        ours = {m.ts: m for m in messages if m.user == self.slack.bot_user and not m.files}
        return ours | {view["id"]: view for view in self.slack.open_views(account)}

    def read(self, shown: Any) -> Heard:
        """Read a message, or the title and the labels of a modal."""
        if isinstance(shown, Message):
            return Heard(shown.shown, tuple(shown.buttons), shown)
        labels = [block.get("label", {}).get("text", "") for block in shown["blocks"]]
        return Heard("\n".join((shown["title"]["text"], *labels)), (), shown)

    def refused(self) -> list[str]:
        """The calls that Slack refused."""
        return [f"{c.method}: {c.outcome}" for c in self.slack.log if c.outcome not in {"", "ok"}]


class SlackHttp(Slack):
    """Slack posts to us; people use the slash command."""

    name = "slack over HTTP"
    port: int

    def _configured(self) -> Config:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/slack/events"
        return _config(self.config, _slack(self.slack, "http"), self.port, _secrets(self.slack))

    def typed(self, who: str, line: str) -> dict[str, Any]:
        """A slash command."""
        account = slack_account(who)
        return self.slack.slash_command(account, self.slack.dm(account), line)

    def carry(self, payload: dict[str, Any]) -> None:
        """Post it."""
        status, _body = self.slack.http_send(self.url, payload, timeout=PATIENCE)
        assert status == 200


class SlackSocket(Slack):
    """We hold a socket to Slack; people write direct messages."""

    name = "slack over a socket"

    def _configured(self) -> Config:
        return _config(self.config, _slack(self.slack, "socket"), 0, _secrets(self.slack))

    def _connected(self) -> None:
        self.slack.wait_for_socket(PATIENCE)

    def typed(self, who: str, line: str) -> dict[str, Any]:
        """A direct message."""
        return self.slack.direct_message(slack_account(who), line)

    def carry(self, payload: dict[str, Any]) -> None:
        """Send it over the socket."""
        envelope = self.slack.socket_send(payload, timeout=PATIENCE)
        assert envelope.acked


class Telegram(Chat):
    """People of Telegram, each in their private chat with the bot."""

    platform = "telegram"
    carries = 4_096
    telegram: FakeTelegram

    def open(self, stack: ExitStack) -> None:
        """Start Telegram, then the program."""
        self.telegram = stack.enter_context(FakeTelegram())
        for short, number in NUMBERS.items():
            self.telegram.add_user(number, short)
        self.config = self._configured()
        self._run(stack)

    def _configured(self) -> Config:
        raise NotImplementedError

    def until(self, condition: Callable[[], object]) -> None:
        """Wait for what a call to Telegram brings about."""
        self.telegram.wait_until(condition, PATIENCE)

    def says(self, who: str, line: str, expected: Sequence[Pattern] = ()) -> Heard:
        """Type a line."""
        self.telegram.message(NUMBERS[who], NUMBERS[who], line)
        return self.hears(who, expected)

    def presses(
        self, who: str, label: str, expected: Sequence[Pattern] = (), *, sure: bool = False
    ) -> Heard:
        """Press a button, and once more on the question that follows when the person is sure."""
        self.telegram.press(self.last[who].shown, label, NUMBERS[who])
        if not sure:
            return self.hears(who, expected)
        self.hears(who, [])
        return self.presses(who, label, expected)

    def shown(self, who: str) -> dict[str, Any]:
        """The bot's messages to a person, without pictures."""
        messages = self.telegram.messages(NUMBERS[who])
        ours = [m for m in messages if m.user == self.telegram.bot_id and m.kind == "text"]
        return {str(message.message_id): message for message in ours}

    def read(self, shown: TelegramMessage) -> Heard:
        """Read a message."""
        return Heard(shown.text, tuple(button["text"] for button in shown.buttons), shown)

    def refused(self) -> list[str]:
        """The calls that Telegram refused."""
        fine = {"", "ok"}
        return [
            f"{c.method}: {c.outcome}"
            for c in self.telegram.log
            if c.outcome not in fine and "not modified" not in c.outcome
        ]


class TelegramPolled(Telegram):
    """We ask Telegram for updates."""

    name = "telegram polled"

    def _configured(self) -> Config:
        return _config(self.config, _telegram(self.telegram), 0, _secrets(self.telegram))


class TelegramPosted(Telegram):
    """Telegram posts updates to our webhook."""

    name = "telegram by webhook"

    def _configured(self) -> Config:
        port = free_port()
        config = _config(self.config, _telegram(self.telegram), port, _secrets(self.telegram))
        # A file may only name https; the fake takes loopback besides.
        url = f"http://127.0.0.1:{port}/telegram/webhook"
        hook = replace(config.telegram, mode="webhook", webhook_url=url)
        return replace(config, telegram=hook)


STAGES: tuple[type[Stage], ...] = (
    Console,
    SlackHttp,
    SlackSocket,
    TelegramPolled,
    TelegramPosted,
)


@contextmanager
def opened(kind: type[Stage], template: Path, folder: Path) -> Iterator[Stage]:
    """Run a stage on a copy of the store `template`; the fakes complain at the end."""
    store = folder / "rapport.db"
    shutil.copy(template, store)
    stage = kind(configured(folder, ""))
    with ExitStack() as stack:
        stage.open(stack)
        yield stage


def configured(folder: Path, platforms: str, port: int = 0, **secrets: str) -> Config:
    """The configuration of a program on the store in `folder`."""
    file = folder / "config.toml"
    file.write_text(
        f'[store]\nurl = "sqlite:///{folder}/rapport.db"\n[web]\nport = {port}\n'
        f'[defaults]\ncurrency = "EUR"\ntime_zone = "{sample.ZONE.key}"\n{platforms}'
    )
    return load(file, secrets)


def jobs_context(store: Store, now: datetime) -> JobContext:
    """What the scheduler would give a job at `now`."""
    actor = Actor(None, "schedule", "test", f"test:{now.isoformat()}")
    return JobContext(
        transaction=partial(store.transaction, actor),
        now=now,
        routes={},
        time_zone=sample.ZONE.key,
        currency=sample.CURRENCY,
        working_hours="09:00-18:00",
        progress=lambda _text: None,
    )


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def _config(old: Config, platforms: str, port: int, secrets: Mapping[str, str]) -> Config:
    folder = Path(old.store.url.removeprefix("sqlite:///")).parent
    return configured(folder, platforms, port, **secrets)


def _slack(slack: FakeSlack, mode: str) -> str:
    return f'[slack]\nenabled = true\nmode = "{mode}"\napi_base_url = "{slack.base_url}"\n'


def _telegram(telegram: FakeTelegram) -> str:
    return f'[telegram]\nenabled = true\napi_base_url = "{telegram.base_url}"\n'


def _secrets(fake: FakeSlack | FakeTelegram) -> dict[str, str]:
    if isinstance(fake, FakeTelegram):
        return {"TELEGRAM_BOT_TOKEN": fake.token, "TELEGRAM_WEBHOOK_SECRET": WEBHOOK_SECRET}
    return {
        "SLACK_BOT_TOKEN": fake.bot_token,
        "SLACK_APP_TOKEN": fake.app_token,
        "SLACK_SIGNING_SECRET": fake.signing_secret,
    }
