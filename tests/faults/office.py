"""A team on two platforms whose Rapport is killed while they work, and the count of what it cost.

The team writes `company add "C-00017"`, each number once; so an effect is a row, and an answer a
message, with that number. Reminders and digests are owed as the jobs owe them, with `R-00017`.
"""

from __future__ import annotations

import http.client
import re
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random, sample
from typing import Any

import sqlalchemy as sa

from crm_store import inbox, notices, users
from crm_store.models import (
    Company,
    Halt,
    InboxRow,
    InboxState,
    Lease,
    Notice,
    NoticeState,
    Role,
    Task,
)
from crm_store.store import Actor, Conflict, Store
from tests.fakes.slack import FakeSlack
from tests.fakes.telegram import FakeTelegram

from .failpoints import NOTICE_POINTS, POINTS
from .processes import KILLED, Alone, Child, Nursery

ACTOR = Actor(None, "test", "", "")
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
TELEGRAM_PEOPLE = (101, 102, 103, 104)
SLACK_PEOPLE = ("U101", "U102", "U103", "U104")
BELOW_EPHEMERAL = range(20_000, 30_000)
IN_HAND = 16  # commands that the team leaves unanswered at a time
PATIENCE = 90.0  # seconds until a test gives up
POINT_WITHIN = 10.0  # seconds after which a point that is not passed is given up
RANDOM_WITHIN = 1.0
RANDOMLY = "random"
REPEAT = "(may be a repeat)"
_COMMAND = re.compile(r"C-\d{5}")
_NOTICE = re.compile(r"R-\d{5}")


@dataclass(frozen=True, slots=True)
class Count:
    """What a siege cost. `unlabelled` are repeated reminders that did not say so."""

    commands: int
    answered_meanwhile: int
    kills: Counter[str]
    effects_lost: int
    effects_doubled: int
    answers_lost: int
    slack_answers_doubled: int
    telegram_answers_doubled: int
    notices: int
    notices_lost: int
    slack_notices_doubled: int
    telegram_reminders_repeated: int
    unlabelled: int
    digests_doubled: int
    digests_in_doubt: int
    seconds: float

    @property
    def repeats(self) -> int:
        """How often something was said twice; only a process that died may cause it."""
        answers = self.slack_answers_doubled + self.telegram_answers_doubled
        told = self.slack_notices_doubled + self.telegram_reminders_repeated
        return answers + told + self.digests_doubled

    @property
    def broken(self) -> dict[str, int]:
        """The promises that were broken, and how often; empty when none was."""
        promises = (
            "effects_lost",
            "effects_doubled",
            "answers_lost",
            "slack_answers_doubled",
            "notices_lost",
            "slack_notices_doubled",
            "unlabelled",
            "digests_doubled",
        )
        return {name: getattr(self, name) for name in promises if getattr(self, name)}


class Office:
    """The team, the two platforms and the store of one Rapport.

    `mode` is how Slack's events arrive: "http" or "socket".
    """

    def __init__(
        self,
        store: Store,
        folder: Path,
        telegram: FakeTelegram,
        slack: FakeSlack,
        mode: str = "http",
    ) -> None:
        self.store = store
        self.mode = mode
        self.telegram = telegram
        self.slack = slack
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/slack/events"
        self.log = folder / "rapport.log"
        self.config = self.configure(folder / "config.toml", self.port)
        self.arguments = ("run", "--config", str(self.config))
        self.environment = {
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_APP_TOKEN": slack.app_token,
            "SLACK_SIGNING_SECRET": slack.signing_secret,
            "TELEGRAM_BOT_TOKEN": telegram.token,
        }
        self.people: dict[str, int] = {}
        self._owed: dict[str, tuple[str, int]] = {}
        for number in TELEGRAM_PEOPLE:
            self.hire("telegram", str(number))
        for name in SLACK_PEOPLE:
            self.hire("slack", name)

    def configure(self, file: Path, port: int) -> Path:
        """Write the configuration of one process."""
        url = self.store.url.render_as_string(hide_password=False)
        file.write_text(
            f'[store]\nurl = "{url}"\n[web]\nport = {port}\n'
            f'[slack]\nenabled = true\nmode = "{self.mode}"\napi_base_url = "{self.slack.base_url}"\n'
            f'[telegram]\nenabled = true\napi_base_url = "{self.telegram.base_url}"\n'
        )
        return file

    def is_up(self, port: int | None = None) -> bool:
        """Tell whether a process listens."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=1)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == http.HTTPStatus.OK
        except OSError:
            return False
        finally:
            connection.close()

    def deliver(self, event: dict[str, Any]) -> bool:
        """Send an event as Slack does and return whether it was acknowledged."""
        try:
            if self.mode == "socket":
                return bool(self.slack.sockets) and self.slack.socket_send(event, timeout=1).acked
            status, _text = self.slack.http_send(self.url, event)
        except (OSError, http.client.HTTPException, AssertionError, ZeroDivisionError):
            return False  # the process died meanwhile; the last two mean that no socket is left
        return status == http.HTTPStatus.OK

    def start_alone(self, config: Path | None = None) -> Alone:
        """Start `rapport run` as anybody does."""
        arguments = ("run", "--config", str(config or self.config))
        return Alone(arguments, self.environment, self.log)

    def hire(self, platform: str, account: str) -> None:
        """Add a colleague who is on one platform."""
        if platform == "telegram":
            self.telegram.add_user(int(account))
        else:
            self.slack.add_user(account)
            self.slack.dm(account)
        now = datetime.now(UTC)
        address = f"{platform}:{account}"
        email = f"{account}@rapport.example"
        with self.store.transaction(ACTOR) as session:
            user = users.add(
                session, email, account, Role.REP, language="en", time_zone="UTC", now=now
            )
            users.add_identity(session, user, platform, account, address, now)
            self.people[address] = user.id

    def owe(self, platform: str, priority: int) -> None:
        """Owe the next colleague on a platform a word about a due task, as the job does."""
        number = f"R-{len(self._owed) + 1:05}"
        self._owed[number] = platform, priority
        ours = [id_ for address, id_ in self.people.items() if address.startswith(platform)]
        owner = ours[self._turn(platform) % len(ours)]
        now = datetime.now(UTC)
        with self.store.transaction(ACTOR) as session:
            task = Task(text=number, owner_id=owner, created_at=now, due_at=now, reminded_for=now)
            session.add(task)
            session.flush()
            notices.owe(
                session,
                kind="task_due",
                key=f"task_due:{task.id}:{now.isoformat()}",
                payload={"task_id": task.id, "due_at": now.isoformat()},
                due_at=now,
                now=now,
                priority=priority,
                user_id=owner,
            )

    def _turn(self, platform: str) -> int:
        return sum(where == platform for where, _priority in self._owed.values())

    def let_claims_lapse(self) -> None:
        """Do to the store what a minute does in which no process lives."""
        until(self._claims_lapsed, self)

    def _claims_lapsed(self) -> bool:
        try:
            with self.store.transaction(ACTOR) as session:
                for model in (InboxRow, Notice):
                    held = sa.update(model).where(model.claimed_until.is_not(None))
                    session.execute(held.values(claimed_until=LONG_AGO))
                session.execute(sa.update(Lease).values(expires_at=LONG_AGO))
                session.execute(sa.update(Halt).values(until=LONG_AGO))
        except Conflict:
            return False  # PostgreSQL still carries out the last statement of the dead process
        return True

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield the platform and the text of everything that Rapport said."""
        with self.telegram.changed:
            for chat in self.telegram.chats.values():
                mine = [m.text for m in chat.messages if m.user == self.telegram.bot_id]
                yield from (("telegram", text) for text in mine)
        with self.slack.changed:
            for channel in self.slack.channels.values():
                ours = [m.text for m in channel.messages if m.user == self.slack.bot_user]
                yield from (("slack", text) for text in ours)

    def answered(self) -> set[str]:
        """Return the numbers of the commands that have an answer."""
        return {number for _platform, text in self.texts() for number in _COMMAND.findall(text)}

    def is_quiet(self) -> bool:
        """Tell whether nothing waits: no update, no open event, no notice on its way."""
        with self.store.reading() as session:
            events, owed = inbox.counts(session), notices.counts(session)
        open_events = events[InboxState.NEW] + events[InboxState.DONE]
        open_notices = owed[NoticeState.WAITING] + owed[NoticeState.SENDING]
        return not (self.telegram.pending or open_events or open_notices)

    def effects(self) -> Counter[str]:
        """Return how often each command took effect."""
        with self.store.reading() as session:
            return Counter(session.scalars(sa.select(Company.name)))

    def count(
        self, given: Sequence[str], meanwhile: int, kills: Counter[str], seconds: float
    ) -> Count:
        """Count from the store and the platforms; only to be called when it is quiet."""
        effects = self.effects()
        said = [(platform, text, text.startswith(REPEAT)) for platform, text in self.texts()]
        answers = Counter((p, n) for p, text, _ in said for n in set(_COMMAND.findall(text)))
        told = Counter((p, n) for p, text, _ in said for n in set(_NOTICE.findall(text)))
        plain = Counter(n for _, text, r in said if not r for n in set(_NOTICE.findall(text)))
        heard = {number for _platform, number in answers}
        reached = {number for _platform, number in told}
        digests = {n for n, (_, priority) in self._owed.items() if priority == notices.DIGEST}
        silent = digests - reached
        with self.store.reading() as session:
            doubtful = notices.counts(session)[NoticeState.UNKNOWN]
        return Count(
            commands=len(given),
            answered_meanwhile=meanwhile,
            kills=kills,
            effects_lost=sum(number not in effects for number in given),
            effects_doubled=sum(effects[number] - 1 for number in given if number in effects),
            answers_lost=sum(number not in heard for number in given),
            slack_answers_doubled=_above_one(answers, "slack"),
            telegram_answers_doubled=_above_one(answers, "telegram"),
            notices=len(self._owed),
            # A digest in doubt may have arrived; it is listed, and not lost.
            notices_lost=len(self._owed.keys() - digests - reached)
            + max(0, len(silent) - doubtful),
            slack_notices_doubled=_above_one(told, "slack"),
            telegram_reminders_repeated=_above_one(
                Counter({k: n for k, n in told.items() if k[1] not in digests}), "telegram"
            ),
            unlabelled=sum(n - 1 for number, n in plain.items() if n > 1 and number not in digests),
            digests_doubled=sum(told[platform, n] > 1 for platform, n in told if n in digests),
            digests_in_doubt=doubtful,
            seconds=seconds,
        )

    def tail(self) -> str:
        """Return the end of the log, for a test that fails."""
        return self.log.read_text()[-4000:] if self.log.exists() else ""


class Team(threading.Thread):
    """The people at work: they give the next command when enough of the last ones are answered.

    What Slack does is done here too: an event that is not acknowledged is delivered again, and one
    in ten is delivered twice.
    """

    def __init__(self, office: Office, most: int) -> None:
        super().__init__(daemon=True)
        self.office = office
        self.given: list[str] = []
        self._most = most
        self._enough = threading.Event()
        self._waiting: list[tuple[dict[str, Any], int]] = []

    def run(self) -> None:
        """Work until `end`, and then only deliver what is not acknowledged."""
        while self._waiting or not self._enough.wait(0.02):
            unanswered = len(self.given) - len(self.office.answered())
            if not self._enough.is_set() and unanswered < IN_HAND and len(self.given) < self._most:
                self._give()
            self._deliver()

    def end(self) -> None:
        """Give no more commands, and wait until Slack's events are acknowledged."""
        self._enough.set()
        self.join(PATIENCE)
        assert not self.is_alive(), f"not acknowledged\n{self.office.tail()}"

    def _give(self) -> None:
        number = f"C-{len(self.given) + 1:05}"
        turn = len(self.given)
        self.given.append(number)
        line = f'company add "{number}"'
        if turn % 2:
            person = TELEGRAM_PEOPLE[turn // 2 % len(TELEGRAM_PEOPLE)]
            self.office.telegram.message(person, person, line)
            return
        name = SLACK_PEOPLE[turn // 2 % len(SLACK_PEOPLE)]
        event = self.office.slack.direct_message(name, line)
        self._waiting.append((event, 2 if turn % 10 == 0 else 1))

    def _deliver(self) -> None:
        for event, copies in list(self._waiting):
            if not self.office.deliver(event):
                self._enough.wait(0.05)
                return
            self._waiting.remove((event, copies))
            if copies > 1:
                self._waiting.append((event, copies - 1))


def besiege(
    office: Office,
    nursery: Nursery,
    kills: int,
    seed: int,
    *,
    points: Sequence[str] = (*POINTS, *[RANDOMLY] * len(POINTS)),
    bugs: Sequence[str] = (),
    commands: int = 100_000,
) -> Count:
    """Kill Rapport again and again while the team works, let it finish, and count.

    Half the kills are at named points, half at random moments, unless `points` says otherwise.

    Raises:
        AssertionError: it does not become quiet, or a process ends other than by being killed.
    """
    begun = time.monotonic()
    dice = Random(seed)
    chosen = [points[turn % len(points)] for turn in range(kills)]
    dice.shuffle(chosen)
    died: Counter[str] = Counter()
    team = Team(office, commands)
    team.start()
    for turn, point in enumerate(chosen):
        for platform in ("telegram", "slack"):
            office.owe(platform, notices.DIGEST if turn % 3 == 0 else notices.REMINDER)
        passes = dice.randint(1, 2 if point in NOTICE_POINTS else 6)
        fuse = {} if point == RANDOMLY else {point: passes}
        process = nursery.start(office.arguments, office.environment, office.log, fuse, bugs)
        died[_die(office, process, point, dice)] += 1
        office.let_claims_lapse()
    meanwhile = len(office.answered())
    process = nursery.start(office.arguments, office.environment, office.log)
    team.end()
    until(lambda: office.is_up() and office.is_quiet(), office)
    process.signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0, office.tail()
    return office.count(team.given, meanwhile, died, time.monotonic() - begun)


def _die(office: Office, process: Child, point: str, dice: Random) -> str:
    """Wait until a process has killed itself at a point, or kill it; return where it died."""
    seconds = dice.uniform(0.0, RANDOM_WITHIN) if point == RANDOMLY else POINT_WITHIN
    code = process.wait(seconds)
    where = RANDOMLY if code is None else point
    if code is None:
        process.signal(signal.SIGKILL)
        code = process.wait(PATIENCE)
    assert code == KILLED, f"ended by itself with {code}\n{office.tail()}"
    return where


@contextmanager
def opened(store: Store, folder: Path, mode: str = "http") -> Iterator[Office]:
    """Open an office with its platforms; what must never be sent fails at the end."""
    with FakeTelegram() as telegram, FakeSlack() as slack:
        yield Office(store, folder, telegram, slack, mode)


def until(condition: Callable[[], object], office: Office, seconds: float = PATIENCE) -> None:
    """Wait until a condition holds, looking ten times a second.

    Raises:
        AssertionError: it does not; with the end of the log.
    """
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"not seen within {seconds} s\n{office.tail()}"
        pause.wait(0.1)


def _above_one(counted: Counter[tuple[str, str]], platform: str) -> int:
    return sum(n - 1 for (where, _number), n in counted.items() if where == platform and n > 1)


def free_port() -> int:
    """Return a port that nobody listens on and that no outgoing connection will be given."""
    for port in sample(BELOW_EPHEMERAL, len(BELOW_EPHEMERAL)):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("no port is free")
