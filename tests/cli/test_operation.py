"""What an operator asks from the shell: migrate, status, doctor, audit verify."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot import charts
from crm_store import halts, inbox, migrations, notices, occurrences
from crm_store.models import Company
from crm_store.store import Actor, Store
from tests.cli.program import KEY, Program
from tests.desk import SEED, START
from tests.fakes.model import FakeModel
from tests.fakes.slack import FakeSlack
from tests.fakes.telegram import FakeTelegram

NEWEST = migrations.head()


def test_migrate_says_from_which_form_to_which(rapport: Program) -> None:
    assert rapport("migrate").out == f"The tables went from nothing to {NEWEST}.\n"
    assert rapport("migrate").out == f"The tables have the newest form already, {NEWEST}.\n"
    assert json.loads(rapport("migrate", "--json").out) == {"from": NEWEST, "to": NEWEST}


def test_a_new_store_is_not_for_others_to_read(rapport: Program) -> None:
    assert rapport("migrate").code == 0
    assert (rapport.folder / "rapport.db").stat().st_mode & 0o077 == 0


def test_a_database_that_is_away_is_said_in_a_sentence(rapport: Program) -> None:
    rapport.url = "postgresql+psycopg://nobody@127.0.0.1:9/none"
    rapport.configure()
    for line in ("migrate", "status", "audit verify", "backup x", "export out"):
        refused = rapport(*line.split())
        assert (refused.code, refused.out) == (1, ""), line
        assert refused.err.startswith("The store cannot be reached"), line
    assert not list(rapport.folder.glob(".x*"))


def test_status_tells_what_waits_what_ran_and_what_failed(on: Program, store: Store) -> None:
    with store.transaction(SEED) as session:
        for key in ("a", "b"):
            inbox.receive(session, "slack", key, "U1", {}, START)
        inbox.give_up(session, 1)
        for key in ("n1", "n2"):
            notices.owe(
                session, kind="task_due", key=key, payload={}, due_at=START, now=START,
                priority=notices.REMINDER, address="slack:C1",
            )  # fmt: skip
        notices.dead(session, [1], "is_archived")
        occurrences.begin(session, "scores", "2026-11-16T03:00", START)
        occurrences.finish(
            session, "scores", "2026-11-16T03:00", START, summary="12 scored", failed=False
        )
        halts.stop(session, "telegram", START + timedelta(days=9_000))
    store.close()
    shown = on("status")
    assert shown.code == 0
    for sentence in (
        "Commands: 1 new, 0 done, 0 answered, 1 dead.",
        "The oldest waiting command is from 2026-11-16 09:00 UTC.",
        "Job scores ran 2026-11-16 09:00 UTC: 12 scored.",
        "telegram asked us to wait until",
        "Command #1 from slack was given up",
        "Message #1 (task_due) was not sent: is_archived;",
    ):
        assert sentence in shown.out
    facts = json.loads(on("status", "--json").out)
    assert facts["messages"]["dead"] == 1
    assert facts["not_sent"][0]["reason"] == "is_archived"


def test_status_of_no_store_makes_none(rapport: Program) -> None:
    assert rapport("status").code == 1
    assert not (rapport.folder / "rapport.db").exists()


def test_a_file_that_is_no_database_is_said_in_a_sentence(rapport: Program) -> None:
    (rapport.folder / "rapport.db").write_bytes(b"not a database" * 1_000)
    for line in ("status", "audit verify", "backup x", "export out"):
        refused = rapport(*line.split())
        assert (refused.code, refused.out) == (1, ""), line
        assert "damaged" in refused.err, line
    assert "damaged" in problems(rapport)["store"]


def test_audit_verify_prints_an_anchor_and_finds_the_bad_row(on: Program, store: Store) -> None:
    keyed = Store(store.url, audit_key=KEY.encode())
    for name in ("a", "b", "c"):
        with keyed.transaction(Actor(None, "test", "company add", name)) as session:
            session.add(Company(name=name, name_key=name, created_at=START, custom={}))
    held = on("audit", "verify")
    assert held.code == 0
    anchor = held.out.split("--anchor ")[1].strip()
    assert anchor.startswith("3:")
    assert on("audit", "verify", "--anchor", anchor).code == 0
    with keyed.transaction(SEED) as session:
        session.execute(sa.text("DELETE FROM audit WHERE id = 3"))
    assert on("audit", "verify").code == 0
    cut = on("audit", "verify", "--anchor", anchor)
    assert cut.code == 1
    assert "from row 3 on" in cut.err
    with keyed.transaction(SEED) as session:
        session.execute(sa.text("UPDATE audit SET surface = 'x' WHERE id = 2"))
    told = on("audit", "verify", "--json")
    assert told.code == 1
    assert json.loads(told.out)["row"] == 2
    assert on("audit", "verify", "--anchor", "nonsense").code == 2
    keyed.close()


def test_audit_verify_says_from_where_on_a_log_is_sealed_that_was_begun_without_a_key(
    on: Program, store: Store
) -> None:
    def add(into: Store, name: str) -> None:
        with into.transaction(Actor(None, "test", "company add", name)) as session:
            session.add(Company(name=name, name_key=name, created_at=START, custom={}))

    add(store, "a")
    add(store, "b")
    assert "rows 1 to 2 are not sealed, none is sealed yet" in on("audit", "verify").err
    keyed = Store(store.url, audit_key=KEY.encode())
    add(keyed, "c")
    told = on("audit", "verify")
    assert told.code == 1
    assert "rows 1 to 2 are not sealed, from row 3 on it is sealed" in told.err
    anchor = told.err.split("--anchor ")[1].strip()
    assert on("audit", "verify", "--anchor", anchor).code == 0
    assert json.loads(on("audit", "verify", "--json").out)["unsealed"] == 2
    add(store, "d")  # without the key again
    assert "does not hold from row 4 on" in on("audit", "verify").err
    keyed.close()


@pytest.fixture
def slack() -> FakeSlack:
    """A Slack with a channel that the bot is in and one that it is not in."""
    fake = FakeSlack()
    fake.add_user("U1", "Ann")
    fake.add_channel("C1", "sales", members=("U1",))
    fake.add_channel("C2", "other", members=("U1",), bot=False)
    return fake


def problems(rapport: Program) -> dict[str, str]:
    """What the doctor finds wrong, by name; the machine's fonts aside."""
    found = rapport("doctor", "--json")
    checks = json.loads(found.out)
    assert found.code == (0 if all(check["ok"] or check["bearable"] for check in checks) else 1)
    assert KEY not in found.out
    return {
        check["name"]: f"{check['found']} {check['advice']}"
        for check in checks
        if not check["ok"] and check["name"] != "fonts"
    }


def on_slack(rapport: Program, slack: FakeSlack, routes: str = "") -> None:
    """Configure Slack over a socket."""
    rapport.configure(f'[slack]\nenabled = true\napi_base_url = "{slack.base_url}"\n{routes}')
    rapport.env |= {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_APP_TOKEN": slack.app_token}


def test_a_sound_installation_has_no_problem(rapport: Program, slack: FakeSlack) -> None:
    assert rapport("migrate").code == 0
    with slack:
        on_slack(rapport, slack, '[routes]\nchurn = ["slack:C1"]')
        assert problems(rapport) == {}


@pytest.fixture
def only_latin_fonts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine that has only the fonts which Matplotlib brings along."""
    from matplotlib.font_manager import fontManager

    own = [font for font in fontManager.ttflist if font.name.startswith("DejaVu")]
    with monkeypatch.context() as patch:
        patch.setattr(fontManager, "ttflist", own)
        charts._lettering.cache_clear()  # noqa: SLF001 - the fonts are looked for once
        yield
    charts._lettering.cache_clear()  # noqa: SLF001 - see above


@pytest.mark.usefixtures("only_latin_fonts")
def test_a_font_for_chinese_is_missed_only_where_somebody_reads_chinese(
    rapport: Program,
) -> None:
    assert rapport("migrate").code == 0
    told = rapport("doctor")
    assert told.code == 0
    assert "warning  fonts: none writes Chinese" in told.out
    rapport.configure('[defaults]\nlanguage = "zh"\n')
    told = rapport("doctor")
    assert told.code == 1
    assert "PROBLEM  fonts: none writes Chinese" in told.out
    assert rapport("user", "add", "wang@rapport.example", "--role", "rep").code == 0
    rapport.configure()
    assert rapport("doctor").code == 1


def test_the_doctor_names_what_is_wrong_here(rapport: Program) -> None:
    assert set(problems(rapport)) == {"store"}
    assert rapport("migrate").code == 0
    (rapport.folder / "rapport.db").chmod(0o644)
    del rapport.env["RAPPORT_KEY"]
    found = problems(rapport)
    assert set(found) == {"RAPPORT_KEY", "file"}
    assert "chmod 600" in found["file"]


def test_the_doctor_names_a_wrong_token_and_a_channel_without_the_bot(
    rapport: Program, slack: FakeSlack
) -> None:
    assert rapport("migrate").code == 0
    with slack:
        on_slack(rapport, slack, '[routes]\nchurn = ["slack:C1", "slack:C2", "slack:C9"]')
        found = problems(rapport)
        assert set(found) == {"route slack:C2", "route slack:C9"}
        assert "/invite" in found["route slack:C2"]
        rapport.env["SLACK_APP_TOKEN"] = "xapp-wrong"
        assert "invalid_auth" in problems(rapport)["Slack socket"]
        rapport.env["SLACK_BOT_TOKEN"] = "xoxb-wrong"
        assert "Copy the token again" in problems(rapport)["Slack"]
    assert "Is the network up" in problems(rapport)["Slack"]


def test_the_doctor_asks_telegram(rapport: Program) -> None:
    assert rapport("migrate").code == 0
    with FakeTelegram() as telegram:
        telegram.add_user(7, "Ann")
        routes = '[routes]\nchurn = ["telegram:-100999"]'
        base = f'[telegram]\nenabled = true\napi_base_url = "{telegram.base_url}"\n'
        rapport.configure(base)
        rapport.env["TELEGRAM_BOT_TOKEN"] = telegram.token
        assert problems(rapport) == {}
        rapport.configure(base + routes)
        assert set(problems(rapport)) == {"route telegram:-100999"}
        for chat, forum, bot, told in (
            (-1001, False, "administrator", "no topics"),
            (-1002, True, "member", "may not open topics"),
            (-1003, True, "administrator", ""),
        ):
            telegram.add_chat(chat, forum=forum, bot=bot)
            rapport.configure(f"{base}tickets_chat = {chat}\n")
            assert told in problems(rapport).get("Telegram tickets_chat", "")
            assert bool(problems(rapport)) is bool(told)
        rapport.env["TELEGRAM_BOT_TOKEN"] = "1:wrong"
        assert set(problems(rapport)) == {"Telegram"}
    assert set(problems(rapport)) == {"Telegram"}


def test_the_doctor_asks_the_language_model_whether_it_calls_functions(rapport: Program) -> None:
    assert rapport("migrate").code == 0
    with FakeModel() as endpoint:
        rapport.configure(f'[llm]\nbase_url = "{endpoint.base_url}"\nmodel = "local-8b"')
        rapport.env["RAPPORT_LLM_KEY"] = FakeModel.KEY
        assert "calls no function" in problems(rapport)["language model"]
        endpoint.calls_tool("help")
        assert problems(rapport) == {}
        rapport.env["RAPPORT_LLM_KEY"] = "another"
        assert "status 401" in problems(rapport)["language model"]
