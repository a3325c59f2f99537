"""Sentences in the place of commands: what is read is answered, what is written is proposed and confirmed first."""

from __future__ import annotations

import csv
import re
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

import pytest
import sqlalchemy as sa

from benchmarks.sentences import FOLDER, LANGUAGES, Figures, figures_of, outcomes
from bot.understanding.intents import NOTHING
from bot.understanding.weights import weights
from crm_store.models import Activity, Company, Deal, Mute, Role, Task, Ticket, User
from crm_store.store import Session, Store
from handlers.command import commands, match
from handlers.reply import Action, Reply
from tests import stored
from tests.desk import Desk, Person
from tests.furnished import furnished

T = TypeVar("T", Task, Ticket)


def proposed(person: Person, line: str) -> Reply:
    """The card of a change, as of a button that offers it."""
    return person.presses(Reply(actions=(Action("Do", f"propose {line}"),)), "Do")


@pytest.fixture
def desk(store: Store) -> Desk:
    """A desk on a store with Acme, its deal 42, ticket 42 and task 5."""
    return furnished(store)


# A little below what was measured on every fourth of the kept sentences.
FLOORS = {
    "en": Figures(command=0.95, call=0.89, refused=0.9, wrong=0.02),
    "zh": Figures(command=0.95, call=0.86, refused=0.9, wrong=0.02),
}


def stage_of(desk: Desk, number: int = 42) -> str:
    """The stage in which a deal stands in the store."""
    with desk.session() as session:
        return session.get_one(Deal, number).stage.name


def saying(session: Session, model: type[T], text: str) -> T:
    """The one record with a text; its number differs between the databases, as a rehearsal takes one."""
    return session.scalars(sa.select(model).filter_by(text=text)).one()


def line_of(reply: Reply) -> str:
    """The line behind Confirm."""
    return next(action.line for action in reply.actions if action.label == "Confirm")


@pytest.mark.parametrize(
    ("sentence", "title"),
    [
        ("what is stuck in my pipeline?", "Pipeline of Rita Rep"),
        ("show me the company Acme Ltd please", "Acme Ltd"),
        ("我的销售漏斗怎么样", "Pipeline of Rita Rep"),
        ("Could you show my tasks?", "Tasks of Rita Rep"),
        ("what happened with Acme Ltd lately", "Timeline of Acme Ltd"),
    ],
)
def test_a_question_is_answered_at_once(desk: Desk, sentence: str, title: str) -> None:
    before = stored.fingerprint(desk.store)
    assert title in desk.rep.says(sentence).title
    assert stored.fingerprint(desk.store) == before


@pytest.mark.parametrize(
    "sentence",
    [
        "move deal 42 to negotiation",
        "mvoe deal 42 to negotiation",
        "把Acme Ltd的商机推进到谈判阶段",
        "push the Acme Ltd deal to the negotiation stage",
    ],
)
def test_a_write_is_shown_and_done_when_it_is_confirmed(desk: Desk, sentence: str) -> None:
    first = stage_of(desk)
    shown = desk.rep.says(sentence)
    assert any(first in field.value and "→ Negotiation" in field.value for field in shown.fields)
    assert stage_of(desk) == first
    done = desk.rep.presses(shown, "Confirm")
    assert stage_of(desk) == "Negotiation"
    desk.rep.presses(done, "Undo")
    assert stage_of(desk) == first


def test_a_reminder_is_kept_for_the_moment_that_was_said(desk: Desk) -> None:
    shown = desk.rep.says("remind me to call Jane at Acme next Tuesday at 15:00")
    desk.rep.presses(shown, "Confirm")
    with desk.session() as session:
        task = saying(session, Task, "call Jane at Acme")
    assert task.owner_id == desk.rep.id
    assert task.due_at is not None
    assert task.due_at.isoformat() == "2026-11-24T14:00:00+00:00"


def test_a_ticket_is_opened_for_its_customer(desk: Desk) -> None:
    desk.rep.presses(desk.rep.says("new ticket from Acme Ltd: printer is broken"), "Confirm")
    with desk.session() as session:
        ticket = saying(session, Ticket, "printer is broken")
    assert ticket.company_id == 7


def test_a_proposal_is_confirmed_once(desk: Desk) -> None:
    shown = desk.rep.says("delete deal 42")
    desk.rep.presses(shown, "Confirm")
    assert "confirmed or cancelled already" in desk.rep.presses(shown, "Confirm").title


def test_a_cancelled_proposal_cannot_be_confirmed(desk: Desk) -> None:
    shown = desk.rep.says("delete deal 42")
    assert "nothing was changed" in desk.rep.presses(shown, "Cancel").text
    assert "confirmed or cancelled already" in desk.rep.presses(shown, "Confirm").title


def test_a_proposal_lasts_a_quarter_of_an_hour(desk: Desk) -> None:
    shown = desk.rep.says("move deal 42 to negotiation")
    desk.clock.set(desk.clock.now() + timedelta(minutes=16))
    assert "older than 15 minutes" in desk.rep.presses(shown, "Confirm").title


@pytest.mark.parametrize(
    ("sentence", "secret"),
    [
        ("add the email jane.new@acme.example to Jane Doe", "jane.new@acme.example"),
        ("add the phone number +49 30 998877 to Jane Doe", "998877"),
        ("new contact Omar Haddad, omar@haddad.example", "omar@haddad.example"),
    ],
)
def test_a_proposal_shows_no_more_than_the_card_to_those_who_read_along(
    desk: Desk, sentence: str, secret: str
) -> None:
    for outside in (False, True):
        shown = desk.rep.says(sentence, private=False, outside=outside)
        assert line_of(shown)
        assert (secret in str(shown.fields)) is not outside
        assert secret not in shown.text


def test_an_account_in_a_proposal_is_shown_in_private_only(desk: Desk) -> None:
    sentence = "set the slack account of Mona to U077MONA"
    assert "U077MONA" in str(desk.admin.says(sentence).fields)
    read_along = desk.admin.says(sentence, private=False)
    assert line_of(read_along)
    assert "U077MONA" not in str((read_along.fields, read_along.text))


def test_a_mistyped_name_is_taken_for_the_nearest_and_shown(desk: Desk) -> None:
    assert desk.rep.says("show me the company Acmee Ltd").title == "Acme Ltd"
    reply = desk.rep.says("move the Acmee deal to won")
    assert reply.title == "Shall I do this?"
    assert "Deal #42" in [field.label for field in reply.fields]


def test_nobody_else_confirms_or_cancels_it(desk: Desk) -> None:
    shown = desk.rep.says("move deal 42 to negotiation")
    for label in ("Confirm", "Cancel"):
        assert "Only who asked" in desk.mate.presses(shown, label).title
    desk.rep.presses(shown, "Confirm")
    assert stage_of(desk) == "Negotiation"


def test_a_record_that_was_changed_since_is_looked_at_again(desk: Desk) -> None:
    shown = desk.rep.says("move deal 42 to negotiation")
    desk.mate.says("deal edit 42 amount=5k")
    stale = desk.rep.presses(shown, "Confirm")
    assert stale.title == "Deal #42 was changed since, so nothing was done."
    desk.rep.presses(desk.rep.presses(stale, "Look again"), "Confirm")
    assert stage_of(desk) == "Negotiation"


def test_who_lost_the_right_meanwhile_cannot_confirm(desk: Desk) -> None:
    shown = desk.rep.says("move deal 42 to negotiation")
    desk.admin.says("user edit rep@rapport.example role=agent")
    assert "not open to your role" in desk.rep.presses(shown, "Confirm").title


def test_the_wrong_role_is_told_who_can(desk: Desk) -> None:
    assert "not open to your role" in desk.agent.says("move deal 42 to won").title


def test_the_last_change_is_taken_back(desk: Desk) -> None:
    first = stage_of(desk)
    desk.rep.says("deal move 42 negotiation")
    desk.rep.presses(desk.rep.says("undo that"), "Confirm")
    assert stage_of(desk) == first


def test_it_means_the_record_that_was_shown(desk: Desk) -> None:
    desk.rep.says("deal show 42")
    desk.rep.presses(desk.rep.says("move it to negotiation"), "Confirm")
    assert stage_of(desk) == "Negotiation"


def test_that_deal_and_the_second_one_mean_what_was_shown(desk: Desk) -> None:
    desk.rep.says("deal show 42")
    desk.rep.presses(desk.rep.says("that deal is worth 20k now"), "Confirm")
    desk.rep.says("ticket list")
    second = desk.rep.says("show me the second one")
    with desk.session() as session:
        assert session.get_one(Deal, 42).amount == Decimal(20_000)
    assert second.title


def test_it_is_of_the_kind_that_was_shown(desk: Desk) -> None:
    desk.rep.says("company show Acme Ltd")
    shown = desk.rep.says("give it to Milo")
    assert line_of(shown)
    desk.rep.presses(shown, "Confirm")
    with desk.session() as session:
        assert session.get_one(Company, 7).owner_id == desk.mate.id


def test_what_was_shown_long_ago_is_asked_for(desk: Desk) -> None:
    first = stage_of(desk)
    desk.rep.says("deal show 42")
    desk.clock.set(desk.clock.now() + timedelta(minutes=31))
    reply = desk.rep.says("move it to negotiation")
    assert reply.title == "I do not know which deal you mean."
    assert not any(action.label == "Confirm" for action in reply.actions)
    assert stage_of(desk) == first


def test_a_thread_and_a_colleague_have_a_memory_of_their_own(desk: Desk) -> None:
    thread = "test:C1:100.1"
    desk.rep.says("deal show 42", private=False, place=thread)
    elsewhere = desk.rep.says("move it to negotiation")
    other = desk.mate.says("move it to negotiation", private=False, place=thread)
    assert elsewhere.title == other.title == "I do not know which deal you mean."
    here = desk.rep.says("move it to negotiation", private=False, place=thread)
    assert any(action.label == "Confirm" for action in here.actions)


def test_a_button_of_an_unclear_sentence_holds_what_was_understood(desk: Desk) -> None:
    first = stage_of(desk)
    reply = desk.rep.says("if they agree, move deal 42 to negotiation")
    assert reply.title == "I am not sure what you mean."
    shown = desk.rep.presses(reply, reply.actions[0].label)
    assert stage_of(desk) == first
    desk.rep.presses(shown, "Confirm")
    assert stage_of(desk) == "Negotiation"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_labelled_sentences_are_enough_and_some_are_kept(language: str) -> None:
    with (FOLDER / f"{language}.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= {"en": 600, "zh": 400}[language]
    assert len({row["sentence"] for row in rows}) == len(rows)
    parts = Counter(row["part"] for row in rows)
    assert parts.keys() == {"kept", "tuning"}
    assert parts["kept"] >= 50
    named = {found[0].name for row in rows if (found := match(row["line"]))}
    assert named == commands().keys()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_as_many_of_the_kept_sentences_are_understood_as_were(language: str) -> None:
    figures = figures_of(outcomes(language, "kept", every=4))
    floors = FLOORS[language]
    assert figures.command >= floors.command
    assert figures.call >= floors.call
    assert figures.refused >= floors.refused
    assert figures.wrong <= floors.wrong


@pytest.mark.parametrize(
    "sentence",
    ["what's the weather in Paris", "move the sofa to the kitchen", "讲个笑话", "把沙发搬到厨房"],
)
def test_what_it_cannot_do_is_said_with_examples(desk: Desk, sentence: str) -> None:
    before = stored.fingerprint(desk.store)
    reply = desk.rep.says(sentence)
    assert reply.title == "I cannot help with that."
    assert "what is stuck in my pipeline?" in reply.text
    assert stored.fingerprint(desk.store) == before


def test_an_unclear_sentence_offers_what_it_may_mean(desk: Desk) -> None:
    before = stored.fingerprint(desk.store)
    reply = desk.rep.says("something about Jane Doe and the newsletter")
    assert reply.title == "I am not sure what you mean."
    assert any("newsletter" in action.line for action in reply.actions)
    assert stored.fingerprint(desk.store) == before


def test_confirm_mutes_what_the_card_showed_whatever_was_shown_since(desk: Desk) -> None:
    desk.rep.says("deal show 42")
    shown = proposed(desk.rep, 'mute it until="in 3 days" reason=fair')
    desk.rep.says("company show 7")
    desk.rep.presses(shown, "Confirm")
    with desk.session() as session:
        assert [mute.subject for mute in session.query(Mute)] == ["deal:42"]


def test_confirm_keeps_a_text_that_looks_like_an_argument(desk: Desk) -> None:
    for text in ("text=foo", "they said record=8 is fine"):
        shown = proposed(desk.rep, f'note add record=company:7 "{text}"')
        assert desk.rep.presses(shown, "Confirm").title == "Note added to Acme Ltd."
        with desk.session() as session:
            newest = sa.select(Activity.text).order_by(Activity.id.desc()).limit(1)
            assert session.scalar(newest) == text


def test_what_is_asked_for_is_proposed_like_the_rest(desk: Desk) -> None:
    asked = proposed(desk.rep, "task snooze task=5")
    assert asked.form
    shown = desk.rep.says("tomorrow 9:00")
    assert shown.title == "Shall I do this?"
    with desk.session() as session:
        due = session.get_one(Task, 5).due_at
    desk.rep.presses(shown, "Confirm")
    with desk.session() as session:
        assert session.get_one(Task, 5).due_at != due


def test_a_colleague_who_changed_since_is_not_changed_again(desk: Desk) -> None:
    shown = proposed(desk.admin, 'user edit user="Milo Mate" role=manager')
    desk.admin.says('user edit "Milo Mate" role=agent')
    assert "was changed since" in desk.admin.presses(shown, "Confirm").title
    with desk.session() as session:
        assert session.get_one(User, desk.mate.id).role is Role.AGENT


def test_no_card_shows_how_a_value_is_held(desk: Desk) -> None:
    for command in commands().values():
        if not command.reads:
            shown = proposed(desk.admin, f"{command.example}")
            told = str([shown.title, shown.text, *((f.label, f.value) for f in shown.fields)])
            assert not re.search(r"object at 0x|Schedule\(|datetime|place:|True", told), told


def test_what_a_sentence_may_mean_is_not_offered_to_who_may_not_do_it(desk: Desk) -> None:
    desk.rep.says("ticket new The lamp is broken")
    reply = desk.rep.says("close ticket 1 it was solved by phone")
    assert reply.title == "`ticket close` is not open to your role (rep)."


def test_an_amount_without_a_currency_keeps_that_of_the_deal(desk: Desk) -> None:
    desk.rep.says('deal edit 42 amount="1000 EUR"')
    reply = desk.rep.says("change the amount of deal 42 to 20k")
    assert ("Amount", "€20,000") in [(field.label, field.value) for field in reply.fields]
    desk.rep.presses(reply, "Confirm")
    with desk.session() as session:
        deal = session.get_one(Deal, 42)
        assert (deal.amount, deal.currency) == (Decimal(20_000), "EUR")
    desk.rep.says('deal edit 42 amount="30k USD"')
    with desk.session() as session:
        assert session.get_one(Deal, 42).currency == "USD"


def test_a_stranger_learns_nothing_from_a_sentence(desk: Desk) -> None:
    assert "Acme" not in str(desk.stranger.says("show me the company Acme Ltd").fields)


def test_the_answer_speaks_the_language_of_the_person(desk: Desk) -> None:
    desk.rep.says("settings language=zh")
    assert desk.rep.says("把商机42推进到谈判阶段").title == "要这样做吗？"


@pytest.mark.parametrize(
    "sentence",
    [
        "don't close ticket 42",
        "if they pay, delete deal 42",
        "should I close ticket 42?",
        "别关工单42",
        "如果他们付款就删掉商机42",
        "要不要关工单42",
    ],
)
def test_a_change_that_is_forbidden_supposed_or_asked_about_is_not_proposed(
    desk: Desk, sentence: str
) -> None:
    before = stored.fingerprint(desk.store)
    reply = desk.rep.says(sentence)
    assert not any(action.label == "Confirm" for action in reply.actions)
    assert stored.fingerprint(desk.store) == before


@pytest.mark.parametrize(
    ("sentence", "after"),
    [
        ("Agnes will take over ticket 42", "Agnes"),
        ("Acme Ltd's office is in Lyon now", "Lyon"),
        ("42号工单让Agnes接手", "Agnes"),
    ],
)
def test_the_words_of_a_sentence_speak_for_a_command(desk: Desk, sentence: str, after: str) -> None:
    shown = desk.admin.says(sentence)
    assert any(f"→ {after}" in field.value for field in shown.fields), shown


def test_the_weights_are_of_the_declared_commands() -> None:
    known = {*commands(), NOTHING}
    for language in LANGUAGES:
        assert set(weights(language).intents.labels) <= known
