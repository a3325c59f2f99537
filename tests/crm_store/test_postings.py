"""Cards and changes that happen at the same moment, on both databases; no platform is involved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.router import Answer
from bot.surface import Incoming
from crm_store import moves, postings
from crm_store.addresses import Address
from crm_store.models import Activity, ActivityKind, Company, Notice, Posting
from crm_store.store import Actor, Session, Store
from tests.desk import Desk

PLACE = Address("test", "rep")


@pytest.fixture
def desk(store: Store) -> Desk:
    """A desk with one company."""
    desk = Desk(store)
    desk.manager.says("company add Acme city=Bonn")
    return desk


def asks(desk: Desk, line: str) -> Answer:
    """Let the rep type a line, and return the answer that is to be sent."""
    said = Incoming("test", line, "rep", "Rita Rep", PLACE, private=True, text=line)
    return desk.router.handle(said)


def sends(desk: Desk, answer: Answer) -> None:
    """Note an answer as sent."""
    assert answer.card
    with desk.session() as session:
        # As it was kept meanwhile.
        postings.note(session, PLACE, "1", postings.Card.from_dict(answer.card.to_dict()))


def moves_to_kiel(session: Session) -> None:
    session.get_one(Company, 1).city = "Kiel"


def is_called(session: Session) -> None:
    now = session.info["actor"].at
    session.add(
        Activity(kind=ActivityKind.CALL, text="Hi", at=now, created_at=now, company_id=1, files=[])
    )


def edits(desk: Desk) -> list[str]:
    """What the cards show once what is owed to them is drawn."""
    with desk.session() as session:
        owed = session.scalars(sa.select(Notice).where(Notice.kind == postings.KIND)).all()
        drawn = [desk.router.tell(session, notice) for notice in owed]
        return [str(told[1].to_dict()) if told else "" for told in drawn]


@pytest.mark.parametrize("change", [moves_to_kiel, is_called])
def test_what_commits_between_drawing_and_noting_a_card_is_drawn_anew(
    desk: Desk, change: Callable[[Session], None]
) -> None:
    earlier = Actor(None, "test", "seed", "seed", desk.clock.now())  # begun before the drawing
    desk.clock.advance(timedelta(seconds=1))
    answer = asks(desk, "company show 1")
    with desk.store.transaction(earlier) as session:
        change(session)
    sends(desk, answer)
    assert len(edits(desk)) == 1


def test_what_commits_after_noting_a_card_is_drawn_anew_although_it_began_before(
    desk: Desk,
) -> None:
    earlier = Actor(None, "test", "seed", "seed", desk.clock.now())
    desk.clock.advance(timedelta(seconds=1))
    sends(desk, asks(desk, "company show 1"))
    with desk.store.transaction(earlier) as session:
        moves_to_kiel(session)
    (drawn,) = edits(desk)
    assert "Kiel" in drawn


def test_a_card_owes_nothing_for_its_own_change_and_for_those_of_others(desk: Desk) -> None:
    desk.manager.says("company add Umbrella")
    answer = asks(desk, "company edit 1 city=Kiel")
    desk.manager.says("company edit 2 city=Rome")
    sends(desk, answer)
    assert edits(desk) == []
    with desk.session() as session:
        assert session.scalars(sa.select(Posting.record)).all() == ["company:1"]


def test_a_card_in_a_group_that_became_another_chat_is_edited_no_more(desk: Desk) -> None:
    sends(desk, asks(desk, "company show 1"))
    with desk.session() as session:
        moves.move(session, PLACE, Address("test", "new"))
    desk.manager.says("company edit 1 city=Kiel")
    assert edits(desk) == []
