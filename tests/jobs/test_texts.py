"""Themes, and labels learned from what people set, in stores where both were planted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from crm_store import labels, models_kept, scores
from crm_store.models import (
    Activity,
    ActivityKind,
    Company,
    Contact,
    Learned,
    ModelState,
    Receipt,
    Score,
    Ticket,
    TicketKind,
    TicketStatus,
)
from crm_store.scores import MOOD, PRIORITY, QUEUE, THEMES, TICKET_KIND, TOPICS
from crm_store.search import key
from jobs import routing, texts
from tests.desk import START, Desk
from tests.jobs.letters import companies, labelled, rated, ticket
from tests.jobs.shops import context, owed


def night(desk: Desk, days: float = 0) -> str:
    return texts.run(context(desk, START + timedelta(days=days)))


def minute(desk: Desk, days: float = 0) -> str:
    return routing.run(context(desk, START + timedelta(days=days)))


def receipt(desk: Desk, kind: str) -> dict[str, Any]:
    with desk.session() as session:
        found = labels.receipt(session, kind)
        assert found
        return found.data


def suggested(desk: Desk, kind: str) -> dict[int, tuple[str, list[str]]]:
    with desk.session() as session:
        rows = session.scalars(sa.select(Score).where(Score.kind == kind))
        return {row.subject_id: (row.label, [each["word"] for each in row.reasons]) for row in rows}


def arrives(desk: Desk, text: str, **fields: Any) -> int:
    with desk.session() as session:
        session.execute(sa.insert(Ticket), [ticket(text, **fields)])
        return session.scalars(sa.select(sa.func.max(Ticket.id))).one()


@pytest.fixture
def learned(desk: Desk) -> Desk:
    """A desk that learned from 240 tickets which queue is whose."""
    with desk.session() as session:
        labelled(session, 240)
    night(desk)
    return desk


def test_a_new_ticket_is_suggested_the_queue_that_people_put_its_like_into(learned: Desk) -> None:
    billing = arrives(learned, "hello, I was charged twice, please refund")
    parcel = arrives(learned, "我的包裹还没有派送")
    assert minute(learned) == f"{QUEUE} 2"
    found = suggested(learned, QUEUE)
    assert found[billing][0] == "billing"
    assert {"charged", "refund"} <= set(found[billing][1])
    assert found[parcel][0] == "物流"


@pytest.mark.parametrize(
    "text", ["zzqx wwvv", "hello please regards", "你好", "???!", "\u202e\x00 x"]
)
def test_what_says_nothing_is_read_once_and_gets_no_suggestion(learned: Desk, text: str) -> None:
    number = arrives(learned, text.replace("\x00", ""))
    assert minute(learned) == "nothing new"
    assert suggested(learned, QUEUE) == {number: ("", [])}
    assert minute(learned) == "nothing new"


def test_running_twice_leaves_the_same(learned: Desk) -> None:
    arrives(learned, "please refund the invoice")
    for _ in range(2):
        minute(learned)
        assert len(suggested(learned, QUEUE)) == 1
    before = receipt(learned, QUEUE)
    assert f"{QUEUE} unchanged" in night(learned)
    assert receipt(learned, QUEUE) == before
    with learned.session() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Learned)) == 1
        kinds = session.scalars(sa.select(Receipt.kind)).all()
    assert sorted(kinds) == sorted([THEMES, TOPICS, QUEUE, PRIORITY, TICKET_KIND, MOOD])


def test_a_ticket_that_somebody_labelled_is_left_alone(learned: Desk) -> None:
    arrives(learned, "refund my invoice", queue="sales")
    arrives(learned, "refund my invoice", status=TicketStatus.CLOSED)
    arrives(learned, "refund my invoice", deleted_at=START)
    arrives(learned, "refund my invoice", at=START - timedelta(days=31))
    assert minute(learned) == "nothing new"
    assert suggested(learned, QUEUE) == {}


def test_labels_dealt_at_random_are_not_told(desk: Desk) -> None:
    with desk.session() as session:
        labelled(session, 300, shuffled=True)
    night(desk)
    made = receipt(desk, QUEUE)
    assert (made["usable"], made["why"]) == (False, "not_better_than_commonest_label")
    assert made["quality"]["accuracy"] < 0.6
    arrives(desk, "refund my invoice")
    assert minute(desk) == "nothing new"
    assert suggested(desk, QUEUE) == {}
    with desk.session() as session:
        assert models_kept.used(session, QUEUE) is None


def test_too_few_labels_are_named(desk: Desk) -> None:
    with desk.session() as session:
        labelled(session, 40)
    night(desk)
    made = receipt(desk, QUEUE)
    assert (made["model"], made["why"], made["texts"]) == ("silence", "too_few_texts", 40)
    assert made["least"]["texts"] == 100


def test_the_priority_that_every_ticket_begins_with_is_nobodys_opinion(desk: Desk) -> None:
    with desk.session() as session:
        rows = [ticket("please refund the invoice") for _ in range(150)]
        session.execute(sa.insert(Ticket), rows)
    night(desk)
    assert receipt(desk, PRIORITY)["texts"] == 0


def test_tickets_of_deleted_customers_teach_nothing(desk: Desk) -> None:
    with desk.session() as session:
        labelled(session, 240)
        session.execute(sa.update(Company).values(deleted_at=START))
    night(desk)
    assert receipt(desk, QUEUE)["why"] == "too_few_texts"
    assert receipt(desk, THEMES)["rows_trained"] == 0


def test_corrections_are_counted_and_learned_from(learned: Desk) -> None:
    numbers = [
        arrives(learned, f"refund refund {place}", at=START - timedelta(days=place, minutes=5))
        for place in range(24)
    ]
    minute(learned)
    assert {label for label, _why in suggested(learned, QUEUE).values()} == {"billing"}
    for number in numbers:
        learned.agent.says(f"ticket queue {number} refunds")
    with learned.session() as session:
        assert labels.judged(session, QUEUE) == [labels.Judged("billing", 24, 0)]
    night(learned, 1)
    made = receipt(learned, QUEUE)
    assert made["corrected"] == 24
    assert made["looked_at"] == 24
    again = arrives(learned, "refund refund 77", at=START + timedelta(days=1))
    minute(learned, 1.01)
    assert suggested(learned, QUEUE)[again][0] in {"refunds", ""}


def test_a_suggestion_that_somebody_takes_is_right(learned: Desk) -> None:
    number = arrives(learned, "please refund the invoice")
    minute(learned)
    learned.agent.says(f"ticket queue {number} Billing")
    with learned.session() as session:
        assert session.get_one(Ticket, number).queue == "billing"
        assert labels.judged(session, QUEUE) == [labels.Judged("billing", 1, 1)]


def test_a_worse_model_never_replaces_a_better_one(learned: Desk) -> None:
    """A week of disorder before three ordinary days: who learned from it tells the days worse, and is refused once."""
    with learned.session() as session:
        labelled(session, 240, seed=5, shuffled=True)
        later = sa.update(Ticket).where(Ticket.id > 240)
        session.execute(later.values(created_at=START + timedelta(days=1)))
        labelled(session, 120, seed=6)
        later = sa.update(Ticket).where(Ticket.id > 480)
        session.execute(later.values(created_at=START + timedelta(days=2)))
    assert f"{QUEUE} kept as it was, which is better" in night(learned, 3)
    with learned.session() as session:
        used = models_kept.used(session, QUEUE)
        assert used
        assert used.made_at == START
        states = [each.state for each in models_kept.list_models(session, QUEUE)]
        assert states == [ModelState.REFUSED, ModelState.USED]
    number = arrives(learned, "refund my invoice", at=START + timedelta(days=3))
    minute(learned, 3.01)
    assert suggested(learned, QUEUE)[number][0] == "billing"
    assert f"{QUEUE} unchanged" in night(learned, 4)


def test_the_mood_of_feedback_is_learned_from_stars_and_told_of_feedback_alone(desk: Desk) -> None:
    with desk.session() as session:
        rated(session, 240)
    night(desk)
    sad = arrives(desk, "the support was awful and slow", kind=TicketKind.COMPLAINT)
    arrives(desk, "the support was awful and slow")
    minute(desk)
    assert {number: label for number, (label, _why) in suggested(desk, MOOD).items()} == {
        sad: "negative"
    }


def test_a_card_in_a_chat_is_drawn_anew_when_a_suggestion_comes(learned: Desk) -> None:
    from crm_store import postings
    from crm_store.addresses import Address

    number = arrives(learned, "please refund the invoice")
    with learned.session() as session:
        postings.begin(session)
        card = postings.Card(f"ticket:{number}", 1, audience="self", face="", shown_at=START)
        postings.note(session, Address("test", "agent"), "1", card)
    assert owed(learned, postings.KIND) == []
    minute(learned)
    assert len(owed(learned, postings.KIND)) == 1


def test_themes_rise_and_customers_talk_about_them(desk: Desk) -> None:
    with desk.session() as session:
        labelled(session, 400, queues=["billing", "物流"])
        who = list(session.scalars(sa.select(Company.id).order_by(Company.id)))
        rows = [
            ticket("login and password locked", at=START - timedelta(days=1), company_id=each)
            for each in who * 3
        ]
        session.execute(sa.insert(Ticket), rows)
    night(desk)
    assert receipt(desk, THEMES)["excluded"] == receipt(desk, QUEUE)["excluded"] == []
    made = receipt(desk, THEMES)["sources"]
    rising = {word for each in made["all"]["rising"] for word in each["term"].split()}
    assert {"login", "password", "locked"} & rising
    named = {word for theme in made["tickets"]["themes"] for word in theme["words"]}
    assert {"快递", "包裹", "物流", "派送", "签收"} & named
    assert made["notes"]["why"] == "too_few_texts"
    with desk.session() as session:
        about = session.scalars(sa.select(Score).where(Score.kind == TOPICS)).all()
        assert {each.subject_kind for each in about} == {"company"}
        assert len(about) == 12


def test_no_name_address_or_number_of_a_person_becomes_a_theme(desk: Desk) -> None:
    with desk.session() as session:
        who = companies(session)
        for name in ("Ottokar Zwiebel", "王小明"):
            session.add(Contact(name=name, name_key=key(name), created_at=START))
        session.flush()
        for place in range(60):
            words = ("invoice refund", "delivery parcel", "password login")[place % 3]
            text = (
                f"Ottokar Zwiebel {place} o.zwiebel@firm.example 0151 2345678 {words}，王小明的快递"
            )
            at = START - timedelta(days=place % 20 + 1)
            session.add(
                Activity(
                    kind=ActivityKind.NOTE,
                    text=text,
                    at=at,
                    created_at=at,
                    company_id=who[place % 12],
                )
            )
    night(desk)
    with desk.session() as session:
        made = scores.receipt(session, THEMES)
        assert made
        told = str(made.data).casefold() + str(
            session.scalars(sa.select(Score.reasons).where(Score.kind == TOPICS)).all()
        )
    assert "invoice" in told or "refund" in told
    for hidden in ("ottokar", "zwiebel", "小明", "firm.example", "2345678"):
        assert hidden not in told


def test_an_empty_store_has_no_themes_and_no_labels(desk: Desk) -> None:
    assert night(desk).startswith("themes of 0 texts, topics of 0 customers")
    assert minute(desk) == "nothing new"
    assert receipt(desk, THEMES)["usable"] is False
