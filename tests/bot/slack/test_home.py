"""The home tab of Slack: a person's day, with buttons, kept true by what changes."""

from __future__ import annotations

from typing import Any

from tests.bot.slack.workspace import AGNES, MONA, RITA, SAM, words
from tests.fakes.slack_limits import shown_texts
from tests.surfaces import Slack as Stage


def seen(stage: Stage, who: str) -> str:
    home = stage.slack.homes.get(who, {"blocks": []})
    return "\n".join(shown_texts("", home["blocks"]))


def opens_home(stage: Stage, who: str, text: str) -> dict[str, Any]:
    stage.carry(stage.slack.app_home_opened(who))
    return shows(stage, who, text)


def shows(stage: Stage, who: str, text: str) -> dict[str, Any]:
    """Wait until a person's home says this."""
    stage.until(lambda: text in seen(stage, who))
    return stage.slack.homes[who]


def work(stage: Stage) -> None:
    stage.says("rita", "company add Acme", words("added"))
    stage.says("rita", "deal add Spring company=1 amount=5 close=2020-01-02", words("added"))
    stage.says("rita", "task add send the offer due=today", words("Task added"))
    stage.says("rita", "followup company:1 18:30 ask again", words("remind"))
    stage.says("mona", "ticket new The printer", words("opened"))


def test_the_home_tab_shows_the_day(stage: Stage) -> None:
    work(stage)
    opens_home(stage, RITA, "Your day")
    text = seen(stage, RITA)
    for part in ("Task due", "send the offer", "Follow up", "ask again", "Deal at risk", "Spring"):
        assert part in text
    assert "The printer" not in text
    assert stage.refused() == []


def test_it_changes_with_what_happens_elsewhere(stage: Stage) -> None:
    work(stage)
    opens_home(stage, AGNES, "Nothing waits")
    before = len(stage.slack.calls("views.publish"))
    stage.says("mona", "ticket assign 1 agnes", words("now belongs to"))
    shows(stage, AGNES, "The printer")
    stage.says("mona", "company add Beta", words("added"))
    stage.says("mona", "ticket close 1", words("closed"))
    shows(stage, AGNES, "Nothing waits")
    assert len(stage.slack.calls("views.publish")) == before + 2


def test_a_button_acts_and_the_tab_follows(stage: Stage) -> None:
    work(stage)
    home = opens_home(stage, RITA, "send the offer")
    stage.carry(stage.slack.button_press(home, "Done", RITA))
    stage.until(lambda: "send the offer" not in seen(stage, RITA) and stage.slack.open_views(RITA))
    (view,) = stage.slack.open_views(RITA)
    assert "Done: " in str(view["blocks"])
    stage.carry(stage.slack.button_press(view, "Undo", RITA))
    shows(stage, RITA, "send the offer")
    stage.until(lambda: "Undone" in str(stage.slack.open_views(RITA)))


def test_a_record_is_opened_over_the_tab(stage: Stage) -> None:
    work(stage)
    home = opens_home(stage, RITA, "Spring")
    stage.carry(stage.slack.button_press(home, "Log call", RITA))
    stage.until(lambda: stage.slack.open_views(RITA))
    (view,) = stage.slack.open_views(RITA)
    assert view["callback_id"] == "form"
    stage.carry(stage.slack.view_submission(view, {"text": "they will order"}, RITA))
    stage.hears("rita", words("Call with Spring logged."))


def test_a_manager_looks_at_the_day_of_others(stage: Stage) -> None:
    work(stage)
    home = opens_home(stage, MONA, "Your day")
    stage.carry(stage.slack.select_option(home, "Day of…", RITA, MONA))
    shows(stage, MONA, "Day of Rita")
    stage.says("rita", "task add call them due=today", words("Task added"))
    shows(stage, MONA, "call them")


def test_others_have_no_switch_and_are_refused_without_it(stage: Stage) -> None:
    home = opens_home(stage, RITA, "Your day")
    assert "users_select" not in str(home["blocks"])
    refused = stage.says("rita", "day for=mona", words("Only a manager"))
    assert "Mona" not in refused.text


def test_a_stranger_is_shown_nothing(stage: Stage) -> None:
    work(stage)
    opens_home(stage, SAM, "I do not know you yet")
    assert "offer" not in seen(stage, SAM)


def test_a_day_with_much_to_do_stays_within_a_view(stage: Stage) -> None:
    for number in range(12):
        stage.says("rita", f"task add job {number} due=today", words("Task added"))
    home = opens_home(stage, RITA, "job 9")
    assert len(home["blocks"]) <= 100
    assert stage.refused() == []
