"""Linking accounts from either side, taking them away, trying them; language and zone from the profile."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.surface import Incoming
from crm_store import users
from crm_store.addresses import Address
from crm_store.models import Identity, User
from crm_store.store import Store
from handlers.reply import Reply, Tone
from handlers.wording import _, speaking
from tests.mailroom import Mailroom


@pytest.fixture
def room(store: Store) -> Mailroom:
    return Mailroom(store)


def code_of(reply: Reply) -> str:
    return reply.title.rpartition(" ")[2]


def owner(room: Mailroom, account: str) -> str:
    """The name of who has an account on the platform `test`."""
    with room.session() as session:
        user = users.by_account(session, "test", account)
        return user.name if user else ""


def test_a_code_from_the_new_account_is_typed_in_a_known_one(room: Mailroom) -> None:
    code = code_of(room.stranger.says("link"))
    asked = room.rep.says(f"link {code}")
    assert asked.title == "Is test:stranger your own account?"
    assert owner(room, "stranger") == ""
    linked = room.rep.presses(asked, "Yes, it is mine")
    assert linked.title == "test:stranger is linked to you now."
    assert owner(room, "stranger") == "Rita Rep"


def test_a_code_from_a_known_account_is_typed_in_the_new_one(room: Mailroom) -> None:
    code = code_of(room.rep.says("link"))
    assert "Welcome, Rita Rep" in room.stranger.says(f"link {code.lower()}").title
    assert owner(room, "stranger") == "Rita Rep"


@pytest.mark.parametrize("who", ["stranger", "rep"])
def test_a_code_works_once_and_for_fifteen_minutes(room: Mailroom, who: str) -> None:
    other = room.mate if who == "stranger" else room.stranger
    late = code_of(getattr(room, who).says("link"))
    room.clock.advance(users.LINK_CODE_LIFE)
    assert "wrong or too old" in other.says(f"link {late} confirm=yes").title
    code = code_of(getattr(room, who).says("link"))
    assert other.says(f"link {code} confirm=yes").tone is Tone.GOOD
    assert "wrong or too old" in room.agent.says(f"link {code} confirm=yes").title


def test_codes_are_neither_given_nor_taken_where_others_read(room: Mailroom) -> None:
    assert "in private" in room.stranger.says("link", private=False).title
    code = code_of(room.stranger.says("link"))
    assert "in private" in room.rep.says(f"link {code}", private=False).title


def test_a_code_moves_an_account_of_a_colleague_only_after_asking(room: Mailroom) -> None:
    room.admin.says("user edit mate@rapport.example telegram=123456")
    code = code_of(room.rep.says("link"))
    asked = room.mate.says(f"link {code}")
    assert asked.title == "Is this account to be Rita Rep's from now on?"
    assert "It is Milo Mate's now." in asked.text
    assert owner(room, "mate") == "Milo Mate"
    moved = room.mate.presses(asked, "Yes, give it to Rita Rep")
    assert moved.tone is Tone.GOOD
    assert owner(room, "mate") == "Rita Rep"


@pytest.mark.parametrize("sure", ["", " confirm=yes"])
def test_nobody_loses_the_only_account_by_a_code(room: Mailroom, sure: str) -> None:
    code = code_of(room.rep.says("link"))
    refused = room.admin.says(f"link {code}{sure}")
    assert refused.title == "This is the only account of Ada Admin."
    assert owner(room, "admin") == "Ada Admin"
    assert "Welcome" in room.stranger.says(f"link {code}").title


@pytest.mark.parametrize("line", ["account list", "account check", "account unlink test:rep"])
def test_accounts_are_not_spoken_of_where_others_read(room: Mailroom, line: str) -> None:
    refused = room.rep.says(line, private=False, place="slack:C1")
    assert refused.title == "Accounts are only spoken of in private."
    assert "test:rep" not in str(refused)


def test_guests_do_not_read_the_addresses_of_colleagues_in_a_list(room: Mailroom) -> None:
    def listed(*, outside: bool) -> str:
        incoming = Incoming(
            platform="test",
            key=f"outside-{outside}",
            sender="manager",
            name="Mona",
            place=Address("slack", "C1"),
            private=False,
            text="user list",
            outside=outside,
        )
        return str(room.router.handle(incoming).reply.table)

    assert "rep@rapport.example" in listed(outside=False)
    assert "rep@rapport.example" not in listed(outside=True)
    assert "Rita Rep" in listed(outside=True)


def test_an_account_is_unlinked_but_not_the_only_one(room: Mailroom) -> None:
    assert "only account" in room.rep.says("account unlink test:rep").title
    code = code_of(room.rep.says("link"))
    room.stranger.says(f"link {code}")
    assert room.mate.says("account unlink test:stranger").tone is Tone.WARNING
    assert "any more" in room.rep.says("account unlink test:stranger").title
    assert owner(room, "stranger") == ""


def test_an_admin_sees_and_unlinks_the_accounts_of_others(room: Mailroom) -> None:
    room.admin.says("user edit rep@rapport.example telegram=123456")
    assert "Only an admin" in room.mate.says("account list for=rep@rapport.example").title
    listed = room.admin.says("account list for=rep@rapport.example")
    assert "telegram:123456" in str(listed.table)
    assert "any more" in room.admin.says("account unlink telegram:123456").title
    assert "telegram" not in str(room.admin.says("account list for=rep@rapport.example").table)


def test_an_account_that_was_given_up_is_tried_again(room: Mailroom) -> None:
    with room.session() as session:
        session.query(Identity).filter_by(external_id="rep").one().reachable = False
    assert "not reached" in str(room.rep.says("account list").table)
    room.rep.says("account check")
    room.deliver()
    assert room.last("rep").reply.title == "This account belongs to Rita Rep."
    assert "not reached" not in str(room.rep.says("account list").table)


def test_an_account_is_tried_in_the_language_of_its_owner(room: Mailroom) -> None:
    room.rep.says("settings language=zh")
    room.admin.says("account check test:rep")
    room.deliver()
    with speaking("zh", "UTC"):
        title = _("This account belongs to {name}.", name="Rita Rep")
    assert room.last("rep").reply.title == title != "This account belongs to Rita Rep."


def test_an_e_mail_address_is_a_hint_and_no_proof(room: Mailroom) -> None:
    told = heard(room, "stranger", text="whoami", email="Rep@Rapport.example")
    assert "A colleague has your e-mail address" in told.text
    assert "Rita" not in str(told)
    assert owner(room, "stranger") == ""
    assert "colleague has" not in heard(room, "stranger", text="whoami", email="sam@x.org").text


def test_the_first_contact_takes_language_and_zone_from_the_profile(room: Mailroom) -> None:
    heard(room, "rep", language="zh-Hans", time_zone="Asia/Shanghai")
    assert person(room) == ("zh", "Asia/Shanghai")
    heard(room, "rep", language="en-US", time_zone="Asia/Shanghai")
    assert person(room) == ("zh", "Asia/Shanghai")


def test_who_travels_keeps_the_hour_unless_a_zone_was_chosen(room: Mailroom) -> None:
    heard(room, "rep", time_zone="Asia/Shanghai")
    heard(room, "rep", time_zone="America/New_York")
    assert person(room) == ("en", "America/New_York")
    room.rep.says("settings zone=Europe/Berlin")
    heard(room, "rep", time_zone="Asia/Shanghai")
    assert person(room) == ("en", "Europe/Berlin")


def test_a_chosen_language_is_kept_whatever_a_profile_says(room: Mailroom) -> None:
    room.rep.says("settings language=zh")
    heard(room, "rep", language="en-GB")
    assert person(room)[0] == "zh"


@pytest.mark.parametrize("said", [{"language": "fr"}, {"time_zone": "Mars/Base"}, {}])
def test_a_profile_that_says_nothing_of_use_changes_nothing(
    room: Mailroom, said: dict[str, str]
) -> None:
    heard(room, "rep", **said)
    assert person(room) == ("en", "Europe/Berlin")


def test_what_a_profile_changed_is_no_change_to_undo(room: Mailroom) -> None:
    told = heard(room, "rep", text="task add call them", language="zh")
    room.rep.presses(told, "撤销")
    assert person(room)[0] == "zh"


def heard(
    room: Mailroom,
    account: str,
    *,
    text: str = "whoami",
    language: str = "",
    time_zone: str = "",
    email: str = "",
) -> Reply:
    """What somebody is answered of whom the platform knows something."""
    room.clock.advance(timedelta(seconds=1))
    incoming = Incoming(
        platform="test",
        key=f"{account}-{room.clock.now().isoformat()}",
        sender=account,
        name=account,
        place=Address("test", account),
        private=True,
        text=text,
        language=language,
        time_zone=time_zone,
        email=email,
    )
    return room.router.handle(incoming).reply


def person(room: Mailroom) -> tuple[str, str]:
    """Language and zone of Rita."""
    with room.session() as session:
        user = session.get_one(User, room.rep.id)
        return user.language, user.time_zone


def test_a_language_is_shown_by_its_own_name(room: Mailroom) -> None:
    room.rep.says("settings language=zh")
    assert "中文" in [field.value for field in room.rep.says("settings").fields]
    shown = room.admin.says("user edit rep@rapport.example role=manager")
    assert "中文" in [field.value for field in shown.fields]
    assert "English" in [field.value for field in room.mate.says("settings").fields]
