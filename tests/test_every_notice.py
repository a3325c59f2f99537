"""What every kind of notice keeps to; each is owed by its own job or command, never made up here."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from bot.demo.world import World
from bot.scheduler import Scheduler
from bot.surface import Incoming, Sent
from crm_store import asked, models_kept, postings
from crm_store import notices as owing
from crm_store.addresses import Address
from crm_store.models import (
    ContactAccount,
    Deal,
    Feedback,
    Notice,
    Order,
    Priority,
    Stage,
    StageKind,
    Ticket,
    User,
    Verdict,
)
from crm_store.store import Actor, Session
from handlers import rooms
from handlers.notices import notices
from handlers.reply import Reply
from handlers.request import Said
from jobs.schedule import SCHEDULE
from tests.bot.accepted import within_limits
from tests.surfaces import jobs_context, morning

SEED = Actor(None, "test", "seed", "seed")
GONE = {"id": 10**9, "ids": [], "notices": []}
STRANGE = ("<!channel> <b>down</b>", "@everyone *_~`x`", "=cmd()")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The demo's company, in which every job ran for a day, and every command that tells somebody."""
    folder = tmp_path_factory.mktemp("world")
    made = World(folder, morning(), (folder / "out").open("w"))
    for text in STRANGE:
        made.terminals["mona"].say(f'ticket new "{text}"')
        number = _newest(made)
        made.terminals["mona"].say(f"ticket assign {number} agnes")
    with made.store.transaction(SEED) as session:
        ticket = session.get_one(Ticket, _newest(made))
        drawn = postings.Card(
            f"ticket:{ticket.id}", 1, audience="self", face="", shown_at=morning()
        )
        postings.note(session, Address("console", "mona"), "1", drawn)
        session.flush()
        ticket.priority = Priority.URGENT
    for place in range(owing.FOLD_ABOVE + 2):
        made.terminals["rita"].say(f"task add {STRANGE[0]} {place} due=9:10")
    made.terminals["mona"].say('digest add deal list every="monday 9:10" to=me')
    with made.store.transaction(SEED) as session:
        _silence(session)
        _judge(session)
        _strike(session)
    for hours in (0, 1):
        run_jobs(made, hours)
    with made.store.transaction(SEED) as session:
        failed = session.scalars(sa.select(Notice.id).where(Notice.kind == "digest")).all()
        owing.dead(session, failed, "channel_not_found")
    run_jobs(made, 7 * 24 + 1)
    _ask_for_jobs(made)
    made.terminals["mona"].say(f'mute slack:C1 until="in 3 days" reason="{STRANGE[0]}"')
    _see_to_risks(made)
    made.terminals["mona"].say("account check")
    _mention(made)
    serve_a_customer(made)
    yield made
    made.out.close()
    made.store.close()


def _ask_for_jobs(world: World) -> None:
    """Mona asks for what can be done, and for what nobody can do."""
    for line in ("job run scores", "tree won", "regression amount by=visits"):
        world.terminals["mona"].say(line)
    with world.store.transaction(SEED) as session:
        mona = session.scalars(sa.select(User).where(User.email.startswith("mona"))).one()
        asked.ask(session, job="unheard of", arguments={}, user_id=mona.id, now=morning())
    zone = ZoneInfo(world.defaults.time_zone)
    scheduler = Scheduler(world.store, (), lambda _: morning(), zone, world.runner)

    async def work() -> None:
        for _ in range(4):
            await scheduler.tick()
            await scheduler.settle()

    asyncio.run(work())


def _see_to_risks(world: World) -> None:
    """Let the first alert arrive at two managers, of whom Mona says that she sees to it."""
    with world.store.transaction(SEED) as session:
        alerts = session.scalars(
            sa.select(Notice).join(Notice.user).where(Notice.kind == "churn_alert")
        ).all()
        for alert in (each for each in alerts if each.matter == alerts[0].matter):
            owing.sent(session, alert.id, Address("console", alert.key), alert.key, morning())
        hers = next(each.id for each in alerts if each.user and each.user.name.startswith("Mona"))
    world.terminals["mona"].say(f"notice ack {hers}")


def _mention(world: World) -> None:
    """Let somebody be told of an alert by a mention."""
    with world.store.transaction(SEED) as session:
        reader = session.scalars(sa.select(Notice).where(Notice.user_id.is_not(None))).first()
        assert reader
        owing.owe(
            session,
            kind=owing.MENTION,
            key=f"mention:{reader.id}",
            payload={"notice_id": reader.id},
            due_at=morning(),
            now=morning(),
            priority=owing.ALERT,
            address="slack:C1",
        )


def serve_a_customer(world: World) -> None:
    """A stranger asks, is answered, cannot be reached for a while, and the ticket is closed."""
    service = replace(world.defaults, customers=True, tickets_chat="console:desk")
    world.router.defaults = service
    _ask(world, f"The printer {STRANGE[0]}")
    with world.store.transaction(SEED) as session:
        (opening,) = session.scalars(sa.select(Notice).where(Notice.kind == "ticket_room"))
        told_ = world.router.tell(session, opening)
        assert told_
        world.router.ended(session, opening, Sent("", Address("console", "desk", "9")), told_[1])
        account = session.scalars(sa.select(ContactAccount)).one()
        account.reachable = False
        rooms.tell_of_reach(session, account, morning())
    _ask(world, "Hello?")
    agnes, number = world.terminals["agnes"], _newest(world)
    agnes.say(f"ticket reply {number} {STRANGE[1]}")
    agnes.say(f"ticket close {number}")


def _ask(world: World, words: str) -> None:
    world.router.take(
        Incoming(
            platform="console",
            key=words,
            sender="sam",
            name="Sam",
            place=Address("console", "sam"),
            private=True,
            text=words,
            said=Said(words, words, name=STRANGE[2]),
        )
    )


def run_jobs(world: World, hours: int) -> None:
    """Run the whole timetable at so many hours after the morning."""
    for job in SCHEDULE:
        job.run(jobs_context(world.store, morning() + timedelta(hours=hours)))


def _silence(session: Session) -> None:
    """Leave one open deal of Rita's alone for a fortnight."""
    deal = session.scalars(
        sa.select(Deal)
        .join(Stage)
        .join(Deal.owner)
        .where(Stage.kind == StageKind.OPEN, User.email == "rita@rapport.example")
    ).first()
    assert deal
    deal.last_activity_at = morning() - timedelta(days=14, hours=2)


def _judge(session: Session) -> None:
    """Let a score of last month be called wrong, and the model behind it be worse than those before."""
    judged = {"kind": "churn", "subject_kind": "company", "subject_id": 1, "period": "2026-10-01"}
    mona = session.scalars(sa.select(User.id).where(User.email.startswith("mona"))).one()
    at = morning() - timedelta(days=31)
    session.add(Feedback(**judged, verdict=Verdict.WRONG, user_id=mona, at=at))
    for day, quality in enumerate((0.8, 0.8, 0.8, 0.6)):
        made_at = morning() + timedelta(days=day - 9)
        models_kept.keep(
            session, "churn", made_at, method="logistic_regression", quality=quality, data={}
        )


def _strike(session: Session) -> None:
    """Let one order of yesterday be out of line."""
    at = morning() - timedelta(days=1)
    session.add(Order(ordered_at=at, total=Decimal(10**7), currency="EUR", created_at=at))


def _newest(world: World) -> int:
    with world.store.reading() as session:
        return session.scalars(sa.select(sa.func.max(Ticket.id))).one()


def owed(world: World) -> list[Notice]:
    with world.store.reading() as session:
        return list(session.scalars(sa.select(Notice).order_by(Notice.id)))


def test_the_kinds_that_are_owed_are_those_that_have_words(world: World) -> None:
    with world.store.transaction(SEED) as session:
        owing.fold(session, morning() + timedelta(hours=1))
    assert {notice.kind for notice in owed(world)} == set(notices())


def told(world: World, notice: Notice) -> Reply | None:
    """What a notice says an hour after the morning; nothing of it is kept."""
    clock = world.clock
    with world.store.reading() as session:
        kept = session.get_one(Notice, notice.id)
        kept.sent_to = kept.address or "console:somebody"
        assert clock.now() == morning()
        said = world.router.tell(session, kept)
        session.expunge(kept)
    return said[1] if said else None


def test_every_kind_is_told_within_the_limits(world: World) -> None:
    said = set()
    for notice in owed(world):
        reply = told(world, notice)
        if reply:
            said.add(notice.kind)
            assert reply.title or reply.text
            within_limits(reply)
    assert said == {notice.kind for notice in owed(world)}


def test_a_notice_whose_reason_is_gone_says_nothing(world: World) -> None:
    for notice in owed(world):
        gone = {
            name: GONE.get(name.rpartition("_")[2], value) for name, value in notice.payload.items()
        }
        if gone == notice.payload:
            continue
        with world.store.reading() as session:
            kept = session.get_one(Notice, notice.id)
            kept.payload, kept.sent_to = gone, "console:somebody"
            assert world.router.tell(session, kept) is None, notice.kind
            session.expunge(kept)
