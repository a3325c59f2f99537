"""What Slack tells of a person whom we meet for the first time."""

from __future__ import annotations

from crm_store import users
from crm_store.store import Actor, Store
from tests.bot.slack.workspace import AGNES, SALES, answer, answers
from tests.surfaces import SlackHttp


def test_the_first_contact_takes_language_and_zone_from_the_profile(posted: SlackHttp) -> None:
    posted.slack.add_user("U0ZHAO", "zhao", locale="zh-CN", tz="Asia/Shanghai", email="a@b.example")
    direct = posted.slack.dm("U0ZHAO")
    for times in (1, 2):
        posted.carry(posted.slack.slash_command("U0ZHAO", direct, "whoami"))
        posted.until(lambda: len(answers(posted, direct)) == times)  # noqa: B023 - waited for here
    assert "我还不认识你" in answers(posted, direct)[-1].shown
    store = Store(posted.config.store.url)
    with store.transaction(Actor(None, "test", "", "")) as session:
        agnes = users.by_account(session, "slack", AGNES)
        assert agnes
        users.add_identity(session, agnes, "slack", "U0ZHAO", "slack:U0ZHAO", agnes.created_at)
    posted.carry(posted.slack.slash_command("U0ZHAO", direct, "whoami"))
    posted.until(lambda: "Asia/Shanghai" in answers(posted, direct)[-1].shown)
    assert len(posted.slack.calls("users.info")) == 1
    store.close()


def test_a_profile_that_slack_does_not_give_stops_no_answer(posted: SlackHttp) -> None:
    posted.slack.fail_next("users.info", "500")
    posted.carry(posted.slack.slash_command(AGNES, SALES, "ticket new The printer"))
    assert answer(posted, SALES, "Ticket #1 opened.").for_user == AGNES
