"""A card stays true everywhere it was posted: on Slack and on Telegram, for whom it was drawn."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from crm_store import postings
from crm_store.addresses import Address
from crm_store.models import Company, InboxRow, InboxState, Notice, NoticeState, Posting, User
from crm_store.store import Actor
from tests.fakes.slack import Message
from tests.surfaces import Slack as SlackStage
from tests.surfaces import SlackHttp, SlackSocket, Stage, TelegramPolled, opened, slack_account

AGNES, RITA, MONA = (slack_account(short) for short in ("agnes", "rita", "mona"))
SALES = "C0SALES"
SEED = Actor(None, "test", "seed", "seed")


@pytest.fixture(params=[SlackSocket, TelegramPolled], ids=["slack", "telegram"])
def stage(request: pytest.FixtureRequest, sqlite_template: Path, tmp_path: Path) -> Iterator[Stage]:
    with opened(request.param, sqlite_template, tmp_path) as opened_stage:
        yield opened_stage


@pytest.fixture
def workspace(sqlite_template: Path, tmp_path: Path) -> Iterator[SlackHttp]:
    """Slack, with a channel that everybody is in."""
    with opened(SlackHttp, sqlite_template, tmp_path) as opened_stage:
        assert isinstance(opened_stage, SlackHttp)
        opened_stage.slack.add_channel(SALES, "sales", members=(AGNES, RITA, MONA))
        yield opened_stage


def words(text: str) -> list[re.Pattern[str]]:
    return [re.compile(re.escape(text))]


def shown(stage: Stage, who: str) -> list[str]:
    """The texts of all that we have written to a person, as it stands now."""
    return [stage.read(each).text for each in stage.shown(who).values()]  # type: ignore[attr-defined]


def test_a_card_that_a_colleague_saw_changes_when_the_record_does(stage: Stage) -> None:
    stage.says("mona", "ticket new The printer", words("opened"))
    stage.says("rita", "ticket show 1", words("nobody"))
    count = len(shown(stage, "rita"))
    settled(stage)
    stage.says("mona", "ticket assign 1 agnes", words("now belongs to"))
    stage.hears("rita", words("Agnes"))
    assert len(shown(stage, "rita")) == count
    assert not any("nobody" in text for text in shown(stage, "rita"))


def test_what_a_reminder_or_an_alert_shows_is_kept_true_too(stage: Stage) -> None:
    stage.says("mona", "ticket new The printer", words("opened"))
    stage.says("mona", "ticket assign 1 agnes", words("now belongs to"))
    stage.hears("agnes", words("gave you ticket #1"))
    settled(stage)
    stage.says("mona", "ticket priority 1 urgent", words("urgent"))
    stage.hears("agnes", words("urgent"))


def test_an_alert_that_is_drawn_anew_waits_for_got_it_until_somebody_has_it(stage: Stage) -> None:
    stage.says("mona", "ticket new The printer", words("opened"))
    stage.says("mona", "ticket assign 1 agnes", words("now belongs to"))
    stage.hears("agnes", words("gave you ticket #1"))
    settled(stage)
    stage.says("mona", "ticket priority 1 urgent", words("urgent"))
    assert {"Got it", "Snooze"} <= set(stage.hears("agnes", words("urgent")).buttons)
    settled(stage)
    stage.presses("agnes", "Got it", words("has it since"))
    settled(stage)
    stage.says("mona", "ticket priority 1 low", words("low"))
    again = stage.hears("agnes", [*words("low"), *words("has it since")])
    assert "Got it" not in again.buttons


def test_a_deleted_record_leaves_a_line_in_place_of_its_card(stage: Stage) -> None:
    stage.says("mona", "company add Acme", words("added"))
    stage.says("rita", "company show 1", words("Acme"))
    settled(stage)
    stage.says("mona", "company delete 1", words("deleted"))
    stage.hears("rita", words("Acme was deleted."))


def posted(stage: SlackStage) -> list[Message]:
    return [m for m in stage.slack.messages(SALES) if m.user == stage.slack.bot_user]


def card(stage: SlackStage, text: str) -> Message:
    stage.until(lambda: [m for m in posted(stage) if text in m.shown])
    return [m for m in posted(stage) if text in m.shown][-1]


def updates(stage: SlackStage) -> int:
    return len(stage.slack.calls("chat.update"))


def settled(stage: Stage) -> None:
    """Wait until every answer is noted, with the card that it is, and no edit is owed any more."""

    def none_owed() -> bool:
        with stage.running.app.store.reading() as session:  # type: ignore[attr-defined]
            open_ = Notice.state.in_([NoticeState.WAITING, NoticeState.SENDING])
            owed = session.scalars(sa.select(Notice.id).where(open_)).all()
            answered = InboxRow.state.in_([InboxState.ANSWERED, InboxState.DEAD])
            return not owed and not session.scalars(sa.select(InboxRow.id).where(~answered)).all()

    holds(none_owed)


def holds(condition: Callable[[], object]) -> None:
    """Wait for what only the store tells."""
    waiting = threading.Event()
    for _ in range(400):
        if condition():
            return
        waiting.wait(0.05)
    assert condition()


def test_every_channel_and_thread_where_it_was_posted_is_edited(workspace: SlackHttp) -> None:
    workspace.says("mona", "ticket new The printer", words("opened"))
    for _ in range(2):
        workspace.carry(workspace.slack.app_mention(RITA, SALES, "ticket show 1"))
    workspace.until(lambda: len(posted(workspace)) == 2)
    settled(workspace)
    workspace.carry(workspace.slack.slash_command(MONA, SALES, "ticket close 1"))
    workspace.until(lambda: all("Reopen" in m.buttons for m in posted(workspace)))
    assert {m.edited is not None for m in posted(workspace) if not m.ephemeral} == {True}


def test_the_pressed_card_is_answered_once_and_keeps_its_undo(workspace: SlackHttp) -> None:
    workspace.says("mona", "ticket new The printer", words("opened"))
    workspace.carry(workspace.slack.app_mention(AGNES, SALES, "ticket show 1"))
    pressed = card(workspace, "The printer")
    workspace.carry(workspace.slack.button_press(pressed, "Close", AGNES))
    closed = card(workspace, "closed now")
    settled(workspace)
    assert closed.ts == pressed.ts
    assert "Undo" in card(workspace, "closed now").buttons
    edited = [call.params["ts"] for call in workspace.slack.calls("chat.update")]
    assert edited.count(pressed.ts) == 1


def test_a_change_that_does_not_show_edits_nothing(workspace: SlackHttp) -> None:
    workspace.says("mona", "company add Acme", words("added"))
    workspace.carry(workspace.slack.app_mention(RITA, SALES, "company show 1"))
    card(workspace, "Acme")
    settled(workspace)
    before = updates(workspace)
    workspace.says("mona", "note add company:1 prefers calls", words("Note added"))
    settled(workspace)
    assert updates(workspace) == before


def test_many_changes_at_once_cost_one_edit(workspace: SlackHttp) -> None:
    workspace.says("mona", "company add Acme", words("added"))
    workspace.carry(workspace.slack.app_mention(RITA, SALES, "company show 1"))
    drawn = card(workspace, "Acme")
    settled(workspace)
    store = workspace.running.app.store
    with store.transaction(SEED) as session:
        for city in ("Bonn", "Kiel"):
            session.get_one(Company, 1).city = city
            session.flush()
    card(workspace, "Kiel")
    settled(workspace)
    edited = [c for c in workspace.slack.calls("chat.update") if c.params["ts"] == drawn.ts]
    assert len(edited) == 1


def test_who_may_not_see_it_any_more_gets_no_news(workspace: SlackHttp) -> None:
    workspace.says("mona", "company add Acme city=Bonn", words("added"))
    workspace.says("rita", "company show 1", words("Bonn"))
    with workspace.running.app.store.transaction(SEED) as session:
        session.scalars(sa.select(User).where(User.name.startswith("Rita"))).one().active = False
    workspace.says("mona", "company edit 1 city=Kiel", words("Kiel"))
    settled(workspace)
    assert "Kiel" not in " ".join(shown(workspace, "rita"))


def test_a_message_that_cannot_be_edited_is_forgotten(workspace: SlackHttp) -> None:
    workspace.says("mona", "company add Acme", words("added"))
    workspace.carry(workspace.slack.app_mention(RITA, SALES, "company show 1"))
    card(workspace, "Acme")
    settled(workspace)
    workspace.slack.fail_next("chat.update", "error:edit_window_closed")
    workspace.carry(workspace.slack.slash_command(MONA, SALES, "company edit 1 city=Kiel"))

    def chats() -> set[str]:
        with workspace.running.app.store.reading() as session:
            return set(session.scalars(sa.select(Posting.chat)))

    holds(lambda: f"slack:{SALES}" not in chats())


def test_a_failed_edit_is_made_later(workspace: SlackHttp) -> None:
    workspace.says("mona", "company add Acme", words("added"))
    workspace.carry(workspace.slack.app_mention(RITA, SALES, "company show 1"))
    drawn = card(workspace, "Acme")
    settled(workspace)
    workspace.slack.fail_next("chat.update", "drop_after")
    workspace.carry(workspace.slack.slash_command(MONA, SALES, "company edit 1 city=Kiel"))
    card(workspace, "Kiel")
    settled(workspace)
    assert [m.ts for m in posted(workspace) if not m.ephemeral] == [drawn.ts]


def test_only_the_newest_cards_of_a_record_are_kept(workspace: SlackHttp) -> None:
    workspace.says("mona", "company add Acme", words("added"))
    now = workspace.running.app.clock.now()
    with workspace.running.app.store.transaction(SEED) as session:
        for number in range(postings.MOST + 3):
            shown_ = postings.Card("company:1", 1, audience="self", face="x", shown_at=now)
            postings.note(session, Address("slack", SALES), str(number), shown_)
        kept = session.scalars(
            sa.select(Posting.message_id).where(Posting.record == "company:1")
        ).all()
        assert len(kept) == postings.MOST
        assert "0" not in kept
        assert postings.purge(session, now + timedelta(seconds=1)) == postings.MOST


def test_a_tag_is_seen_on_every_card_of_its_record(workspace: SlackHttp) -> None:
    workspace.says("rita", 'contact add "Jane Doe"', words("added"))
    workspace.carry(workspace.slack.app_mention(RITA, SALES, "contact show 1"))
    workspace.until(lambda: [m for m in posted(workspace) if "Jane Doe" in m.shown])
    settled(workspace)
    workspace.says("rita", "contact tag 1 vip", words("vip"))
    workspace.until(lambda: "vip" in card(workspace, "Jane Doe").shown)
    settled(workspace)
    workspace.says("rita", "contact untag 1 vip", [])
    workspace.until(lambda: "vip" not in card(workspace, "Jane Doe").shown)
