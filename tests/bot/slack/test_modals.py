"""Forms in Slack: what they offer, what they say of mistakes, and what a slow store does to them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from bot.slack import modals
from bot.slack.modals import Modals
from crm_store.models import Company
from tests.bot.slack.workspace import AGNES, MONA, RITA, SAM, carried_out, stored, words
from tests.fakes.slack import Message
from tests.outage import bring_back, take_away
from tests.surfaces import SlackHttp, slack_account


def asked(posted: SlackHttp, who: str, line: str) -> dict[str, Any]:
    """Type a line and return the modal that opens."""
    account = slack_account(who)
    posted.carry(posted.slack.slash_command(account, posted.slack.dm(account), line))
    posted.until(lambda: posted.slack.open_views(account))
    return posted.slack.open_views(account)[-1]


def element(view: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [b["element"] for b in view["blocks"] if b.get("block_id") == name]
    return dict(found)


def suggested(posted: SlackHttp, view: dict[str, Any], field: str, typed: str, who: str) -> Any:
    """Type into a select and return the labels that Slack is given."""
    shown = {**view, "blocks": [b for b in view["blocks"] if b.get("block_id") == field]}
    status, body = posted.slack.http_send(posted.url, posted.slack.type_ahead(shown, 0, typed, who))
    assert status == 200
    return [option["text"]["text"] for option in json.loads(body)["options"]]


def test_a_record_is_chosen_while_typing_its_name(posted: SlackHttp) -> None:
    for name in ("Acme Ltd", "Acme Labs", "Beta"):
        posted.says("rita", f'company add "{name}"', words("added"))
    view = asked(posted, "rita", "deal add Spring amount=12k")
    found = suggested(posted, view, "company", "acm", RITA)
    assert sorted(found) == ["Acme Labs · company #2", "Acme Ltd · company #1"]
    assert suggested(posted, view, "company", "3", RITA) == ["Beta · company #3"]
    assert suggested(posted, view, "company", "zzyzx", RITA) == []
    chosen = {"text": {"type": "plain_text", "text": "Beta"}, "value": "company:3"}
    posted.carry(posted.slack.view_submission(view, {"company": chosen}, RITA))
    assert "Beta" in posted.hears("rita", words("Deal Spring added.")).text


def test_suggestions_are_for_those_who_may_run_the_command(posted: SlackHttp) -> None:
    posted.says("rita", "company add Acme", words("added"))
    view = asked(posted, "rita", "deal add Spring amount=12k")
    for who in (SAM, AGNES):
        assert suggested(posted, view, "company", "acm", who) == []


def test_own_tasks_are_found_by_their_words(posted: SlackHttp) -> None:
    posted.says("rita", "task add send the offer", words("Task added"))
    posted.says("mona", "task add send the bill", words("Task added"))
    view = asked(posted, "rita", "task show")
    assert suggested(posted, view, "task", "send", RITA) == ["send the offer · task #1"]


def test_a_store_that_is_away_suggests_nothing(posted: SlackHttp) -> None:
    view = asked(posted, "rita", "deal add Spring amount=12k")
    take_away(posted.running.app.store)
    assert suggested(posted, view, "company", "acm", RITA) == []
    bring_back(posted.running.app.store)


def test_days_moments_and_people_are_picked(posted: SlackHttp) -> None:
    posted.says("rita", "company add Acme", words("added"))
    view = asked(posted, "rita", "deal add Spring company=Acme")
    assert element(view, "close")["type"] == "datepicker"
    assert element(view, "owner")["type"] == "users_select"
    filled = {"amount": "12k EUR", "close": "2030-01-02", "owner": MONA}
    posted.carry(posted.slack.view_submission(view, filled, RITA))
    deal = posted.hears("rita", words("Deal Spring added."))
    assert "Mona" in deal.text
    assert "2030" in deal.text
    view = asked(posted, "rita", "followup deal:1")
    posted.carry(posted.slack.view_submission(view, {"when": 1_893_571_200}, RITA))
    assert "2030" in posted.hears("rita", words("I will remind you")).text


def test_somebody_without_an_account_is_refused_beside_the_field(posted: SlackHttp) -> None:
    posted.says("mona", "ticket new The printer", words("opened"))
    view = asked(posted, "mona", "ticket assign 1")
    posted.carry(posted.slack.view_submission(view, {"person": SAM}, MONA))
    (still,) = posted.slack.open_views(MONA)
    assert still["errors"] == {"person": "This person does not use Rapport yet."}
    posted.carry(posted.slack.view_submission(still, {"person": AGNES}, MONA))
    posted.hears("mona", words("now belongs to Agnes"))


def test_every_mistake_stands_beside_its_field_and_nothing_is_lost(posted: SlackHttp) -> None:
    posted.says("rita", "company add Acme", words("added"))
    view = asked(posted, "rita", "deal add Spring company=Acme")
    wrong = {"amount": "a lot", "stage": "Lead"}
    posted.carry(posted.slack.view_submission(view, wrong, RITA))
    (still,) = posted.slack.open_views(RITA)
    assert list(still["errors"]) == ["amount"]
    posted.carry(posted.slack.view_submission(still, {"amount": "12k EUR"}, RITA))
    posted.hears("rita", words("Deal Spring added."))
    assert posted.slack.open_views(RITA) == []


EDITS = {
    "company": ('company add Acme city="Bonn"', "company edit 1", {"city": "Kiel"}, "Kiel"),
    "contact": ('contact add "Jane Doe"', "contact edit 1", {"title": "Buyer"}, "Buyer"),
    "deal": ("deal add Spring company=1 amount=5", "deal edit 1", {"amount": "7 EUR"}, "€7"),
    "ticket": ("ticket new Broken", "ticket edit 1", {"subject": "The phone"}, "changed"),
    "task": ("task add call them", "task edit 1", {"text": "write to them"}, "write to them"),
}


@pytest.mark.parametrize("kind", EDITS)
def test_every_record_is_edited_in_a_form_that_holds_what_it_holds(
    posted: SlackHttp, kind: str
) -> None:
    add, edit, change, after = EDITS[kind]
    if kind == "deal":
        posted.says("mona", "company add Acme", words("added"))
    card = posted.says("mona", add, [])
    assert "Edit" in card.buttons
    posted.presses("mona", "Edit", words("Edit"))
    view = posted.last["mona"].shown
    assert not isinstance(view, Message)
    initial = [name for b in view["blocks"] for name in b["element"] if name.startswith("initial")]
    assert len(initial) >= 2
    again = asked(posted, "mona", edit)
    assert [b["block_id"] for b in again["blocks"]] == [b["block_id"] for b in view["blocks"]]
    posted.carry(posted.slack.view_submission(view, change, MONA))
    posted.hears("mona", words(after))


def test_a_field_that_was_emptied_is_empty(posted: SlackHttp) -> None:
    posted.says("mona", "company add Acme city=Bonn industry=Steel", words("added"))
    view = asked(posted, "mona", "company edit 1")
    posted.carry(posted.slack.view_submission(view, {"city": ""}, MONA))
    changed = posted.hears("mona", words("Company Acme changed."))
    assert "Steel" in changed.text
    assert "Bonn" not in changed.text


def test_what_a_colleague_changed_while_a_form_was_open_stays(posted: SlackHttp) -> None:
    posted.says("rita", "company add Acme city=Bonn industry=Steel", words("added"))
    view = asked(posted, "rita", "company edit 1")
    posted.says("mona", "company edit 1 city=Kiel source=fair", words("Kiel"))
    posted.carry(posted.slack.view_submission(view, {"industry": "Wood"}, RITA))
    posted.hears("rita", words("Wood"))
    (acme,) = stored(posted, Company)
    assert (acme.city, acme.industry, acme.source) == ("Kiel", "Wood", "fair")


@pytest.mark.parametrize("line", ["company edit 1", "deal edit 1", "task edit 1", "ticket edit 1"])
def test_a_form_that_is_left_as_it_was_changes_nothing(posted: SlackHttp, line: str) -> None:
    posted.says("mona", "company add Acme city=Bonn", words("added"))
    posted.says("mona", "deal add Spring company=1 amount=5.50 close=2030-01-02 owner=rita", [])
    posted.says("mona", 'task add call them due="2030-01-02 10:00"', words("Task added"))
    posted.says("mona", "ticket new Broken priority=high", words("opened"))
    view = asked(posted, "mona", line)
    posted.carry(posted.slack.view_submission(view, {}, MONA))
    posted.hears("mona", words("left as it was"))
    assert posted.slack.open_views(MONA) == []


# ------------------------------------------------------------------------- a slow answer


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every answer for one that may come too late."""
    monkeypatch.setattr(modals, "HOLD", 0)


@pytest.mark.usefixtures("at_once")
def test_a_view_says_that_the_form_is_on_its_way_and_becomes_the_form(posted: SlackHttp) -> None:
    posted.carry(posted.slack.slash_command(RITA, posted.slack.dm(RITA), "ticket new"))
    posted.until(lambda: posted.slack.calls("views.open"))
    posted.until(lambda: [v for v in posted.slack.open_views(RITA) if v["callback_id"] == "form"])
    (view,) = posted.slack.open_views(RITA)
    assert [c.outcome for c in posted.slack.calls("views.open")] == ["ok"]
    posted.carry(posted.slack.view_submission(view, {"text": "The printer"}, RITA))
    posted.hears("rita", words("Ticket #1 opened."))


@pytest.mark.usefixtures("at_once")
def test_a_view_that_waits_says_why_no_form_comes(posted: SlackHttp) -> None:
    posted.carry(posted.slack.slash_command(AGNES, posted.slack.dm(AGNES), "deal add Spring"))
    posted.until(lambda: posted.slack.open_views(AGNES))
    posted.until(lambda: "not open to your role" in str(posted.slack.open_views(AGNES)))


def test_what_needs_no_form_opens_no_view(posted: SlackHttp, monkeypatch: Any) -> None:
    monkeypatch.setattr(modals, "HOLD", 0)
    posted.says("rita", "whoami", words("Rita"))
    assert posted.slack.calls("views.open") == []


def test_a_form_that_was_submitted_opens_no_view(posted: SlackHttp, monkeypatch: Any) -> None:
    view = asked(posted, "rita", "ticket new")
    monkeypatch.setattr(modals, "HOLD", 0)
    posted.carry(posted.slack.view_submission(view, {"text": "The printer"}, RITA))
    posted.hears("rita", words("Ticket #1 opened."))
    carried_out(posted)
    assert posted.slack.open_views(RITA) == []
    assert len(posted.slack.calls("views.open")) == 1


def test_over_the_home_tab_a_view_that_waits_becomes_the_answer(
    posted: SlackHttp, monkeypatch: Any
) -> None:
    posted.says("rita", "company add Acme", words("added"))
    posted.says("rita", "deal add Spring company=1 amount=5 close=2020-01-02", words("added"))
    posted.carry(posted.slack.app_home_opened(RITA))
    posted.until(lambda: "Spring" in str(posted.slack.homes.get(RITA)))
    home = posted.slack.homes[RITA]
    posted.says("mona", "deal delete 1", words("deleted"))
    monkeypatch.setattr(modals, "HOLD", 0)
    posted.carry(posted.slack.button_press(home, "Log call", RITA))
    carried_out(posted)
    (view,) = posted.slack.open_views(RITA)
    assert view["callback_id"] == "card"
    assert "deal" in str(view["blocks"])


def test_a_view_that_waits_comes_in_time_however_long_the_look_ups_took() -> None:
    opened = asyncio.Event()

    async def call(_method: str, _arguments: dict[str, Any]) -> dict[str, Any]:
        opened.set()
        return {"view": {"id": "V1"}}

    async def arrives() -> None:
        shown = Modals(call, "en")
        arrived = asyncio.get_running_loop().time() - modals.HOLD
        body = {"command": "/crm", "trigger_id": "1"}
        assert shown.expect(body, arrived)
        assert not shown.expect(body, arrived)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert opened.is_set()

    asyncio.run(arrives())
