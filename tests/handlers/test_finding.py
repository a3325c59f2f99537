"""Finding records of every kind by words."""

from __future__ import annotations

import pytest

from handlers.reply import Reply
from tests.desk import Desk
from tests.statements import counted


def found(reply: Reply) -> list[tuple[str, ...]]:
    assert reply.table, reply
    return [row.cells for row in reply.table.rows]


@pytest.fixture
def acme(desk: Desk) -> Desk:
    """A desk with a customer of every kind of record."""
    desk.rep.says('company add "Acme Ltd" industry=software city=Berlin')
    desk.rep.says('contact add "Jane Doe" company="Acme Ltd" title=Buyer email=jane@acme.example')
    desk.rep.says('deal add "Acme spring" company="Acme Ltd" amount="100 EUR"')
    desk.agent.says('ticket new Acme printer burns company="Acme Ltd"')
    return desk


def test_records_of_every_kind_are_found_with_a_hint(acme: Desk) -> None:
    reply = acme.rep.says("find acme")
    assert reply.title == "Found for “acme”"
    hints = {cells[0]: cells[2:] for cells in found(reply)}
    assert hints["company"] == ("Acme Ltd", "software · Berlin")
    assert hints["contact"] == ("Jane Doe", "Buyer · Acme Ltd")
    assert hints["deal"][0] == "Acme spring"
    assert hints["deal"][1].endswith(" · €100 · Acme Ltd")
    assert hints["ticket"] == ("Acme printer burns", "new · Acme Ltd")
    assert reply.table
    assert {row.opens for row in reply.table.rows} == {
        "company show 1",
        "contact show 1",
        "deal show 1",
        "ticket show 1",
    }


def test_the_kind_narrows_it_down(acme: Desk) -> None:
    assert [cells[0] for cells in found(acme.rep.says("find acme kind=deal"))] == ["deal"]


def test_the_second_of_what_was_found_is_meant_afterwards(acme: Desk) -> None:
    second = found(acme.rep.says("find acme"))[1]
    shown = acme.rep.says(f"{second[0]} show second")
    assert shown.title == second[2]


def test_a_contact_is_found_by_email(acme: Desk) -> None:
    assert found(acme.rep.says("find jane@acme.example"))[0][2] == "Jane Doe"


def test_a_typing_error_still_finds_the_name(acme: Desk) -> None:
    assert found(acme.rep.says("find Jnae Doe"))[0][2] == "Jane Doe"


def test_nothing_found_says_so_and_offers_what_has_some_of_the_words(acme: Desk) -> None:
    nothing = acme.rep.says("find jane zzzzqqqq")
    assert nothing.title == "Nothing found for “jane zzzzqqqq”."
    assert nothing.text == "Did you mean one of these?"
    assert acme.rep.presses(nothing, "contact #1 Jane Doe").title == "Jane Doe"


def test_nothing_like_it_is_said_as_well(acme: Desk) -> None:
    nothing = acme.rep.says("find zzzzqqqq")
    assert nothing.text == "Try fewer or shorter words."
    assert not nothing.actions


def test_what_was_deleted_is_not_found_until_it_is_restored(acme: Desk) -> None:
    deleted = acme.rep.says("contact delete 1")
    assert acme.rep.says("find jane").title == "Nothing found for “jane”."
    acme.rep.presses(deleted, "Restore")
    assert found(acme.rep.says("find jane"))[0][2] == "Jane Doe"


def test_many_are_paged_and_the_pages_do_not_overlap(desk: Desk) -> None:
    for number in range(12):
        desk.rep.says(f'company add "Nova {number:02}"')
    first = desk.rep.says("find nova")
    second = desk.rep.presses(first, "Next")
    names = [cells[2] for cells in found(first) + found(second)]
    assert sorted(names) == [f"Nova {number:02}" for number in range(12)]
    assert [action.label for action in second.actions] == ["Previous"]
    assert found(desk.rep.presses(second, "Previous")) == found(first)


def test_a_longer_result_takes_no_more_statements(desk: Desk) -> None:
    desk.rep.says("company add Alpha")
    desk.rep.says("contact add nova0 company=Alpha")
    with counted(desk.store) as short:
        desk.rep.says("find nova kind=contact")
    for number in range(1, 10):
        desk.rep.says(f"company add Company{number}")
        desk.rep.says(f"contact add nova{number} company=Company{number}")
    with counted(desk.store) as long:
        assert len(found(desk.rep.says("find nova kind=contact"))) == 10
    assert len(long) <= len(short)


@pytest.mark.parametrize("words", ["<!channel>", "=cmd()|a", '"', "a' OR 1=1 --", "%", "NEAR(a b)"])
def test_any_words_are_safe(acme: Desk, words: str) -> None:
    assert "went wrong" not in acme.rep.says(f"find {words}").title


def test_hostile_names_are_shown_as_they_were_written(desk: Desk) -> None:
    desk.rep.says('company add "<!channel> Nova =cmd()"')
    assert found(desk.rep.says("find nova"))[0][2] == "<!channel> Nova =cmd()"


def test_a_stranger_finds_nothing(acme: Desk) -> None:
    assert not acme.stranger.says("find acme").table
