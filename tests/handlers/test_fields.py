"""Fields that an admin adds, and what people put into them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_store.models import Contact, CustomField
from handlers.errors import UserError
from handlers.fields import read_yes_no
from handlers.reply import Reply
from tests.desk import Desk


def shown(reply: Reply) -> dict[str, str]:
    return {field.label: field.value for field in reply.fields}


def custom(desk: Desk) -> dict[str, object]:
    with desk.session() as session:
        return dict(session.get_one(Contact, 1).custom)


@pytest.fixture
def fields(desk: Desk) -> Desk:
    """A desk where a contact has a field of every type."""
    desk.rep.says("contact add Jane")
    desk.admin.says('field add contact tier choice label="Tier" options="gold, silver, bronze"')
    desk.admin.says("field add contact shoe_size number")
    desk.admin.says("field add contact birthday date")
    desk.admin.says("field add contact reference yes/no")
    desk.admin.says('field add contact hobby text label="Likes"')
    return desk


@pytest.mark.parametrize(
    ("line", "kept", "said"),
    [
        ("tier GOLD", "gold", "Tier: gold"),
        ("tier s", "silver", "Tier: silver"),
        ("shoe_size 1,234.50", 1234.5, "Shoe size: 1,234.5"),
        ("shoe_size ４２", 42, "Shoe size: 42"),
        ("shoe_size -3", -3, "Shoe size: -3"),
        ("birthday 1990-02-28", "1990-02-28", "Birthday: Wed, Feb 28, 1990"),
        ("reference yes", True, "Reference: yes"),
        ("reference 否", False, "Reference: no"),
        ("Likes <b>cats</b> & =cmd()", "<b>cats</b> & =cmd()", "Likes: <b>cats</b> & =cmd()"),
        ('"shoe size" 42', 42, "Shoe size: 42"),
    ],
)
def test_a_value_is_read_by_its_type_and_shown(
    fields: Desk, line: str, kept: object, said: str
) -> None:
    reply = fields.rep.says(f"field set contact:1 {line}")
    assert reply.title == said
    assert list(custom(fields).values()) == [kept]
    label, value = said.split(": ", 1)
    assert shown(fields.rep.presses(reply, "Open Jane"))[label] == value


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("tier platinum", "Choose one of: gold, silver, bronze."),
        ("shoe_size big", "“big” is not a number."),
        ("shoe_size 1,5", "“1,5” is not a number."),
        ("shoe_size 1234567890123456", "“1234567890123456” is not a number."),
        ("birthday blue", None),
        ("reference perhaps", "Answer with yes or no."),
        (f"hobby {'x' * 501}", "This is too long for a field: at most 500 characters."),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(fields: Desk, line: str, title: str | None) -> None:
    refused = fields.rep.says(f"field set contact:1 {line}")
    assert title is None or refused.title == title
    assert custom(fields) == {}


def test_a_wrong_choice_is_mended_by_a_button(fields: Desk) -> None:
    refused = fields.rep.says("field set contact:1 tier platinum")
    fields.rep.presses(refused, "bronze")
    assert custom(fields) == {"tier": "bronze"}


def test_an_unknown_field_is_mended_by_a_button(fields: Desk) -> None:
    refused = fields.rep.says("field set contact:1 hobbies cats")
    assert refused.title == "There is no field called “hobbies” on a contact."
    fields.rep.presses(refused, "Likes")
    assert custom(fields) == {"hobby": "cats"}


def test_a_value_is_undone_and_cleared(fields: Desk) -> None:
    fields.rep.says("field set contact:1 tier gold")
    changed = fields.rep.says("field set contact:1 tier silver")
    fields.rep.presses(changed, "Undo")
    assert custom(fields) == {"tier": "gold"}
    cleared = fields.rep.says("field clear contact:1 tier")
    assert cleared.title == "Tier is empty now."
    assert custom(fields) == {}
    fields.rep.presses(cleared, "Undo")
    assert custom(fields) == {"tier": "gold"}


def test_a_missing_value_is_asked_for(fields: Desk) -> None:
    assert fields.rep.says("field set contact:1 tier").form
    assert fields.rep.says("gold").title == "Tier: gold"


def test_the_fields_are_listed_and_nobody_adds_one_twice(fields: Desk) -> None:
    listed = fields.rep.says("field list kind=contact")
    assert listed.table
    assert listed.table.rows[0].cells == (
        "contact",
        "tier",
        "Tier",
        "one of: gold, silver, bronze",
    )
    again = fields.admin.says("field add contact TIER text")
    assert again.title == "There is already a field tier on this kind of record."
    assert fields.rep.says("field list kind=deal").text.startswith("No fields yet")


def test_a_removed_field_is_gone_from_the_card_and_its_values_come_back_with_it(
    fields: Desk,
) -> None:
    fields.rep.says("field set contact:1 tier gold")
    removed = fields.admin.says("field remove contact tier")
    assert "Tier" not in shown(fields.rep.says("contact show 1"))
    fields.admin.presses(removed, "Undo")
    assert shown(fields.rep.says("contact show 1"))["Tier"] == "gold"


def test_adding_a_field_is_undone(desk: Desk) -> None:
    desk.admin.presses(desk.admin.says("field add deal budget number"), "Undo")
    with desk.session() as session:
        assert session.query(CustomField).count() == 0


def test_only_an_admin_adds_and_removes_fields(fields: Desk) -> None:
    for line in ("field add contact secret text", "field remove contact tier"):
        refused = fields.manager.says(line)
        assert refused.title.endswith("is not open to your role (manager).")
        assert refused.text == "These colleagues can do it: Ada Admin."


@pytest.mark.parametrize(
    "line",
    [
        "contact tier choice",
        "contact tier text options=gold",
        'contact tier choice options="a|b"',
        "contact <b> text",
        "contact _ text",
        f"contact {'x' * 41} text",
        "planet tier text",
        "contact tier blob",
    ],
)
def test_a_field_that_makes_no_sense_is_not_added(desk: Desk, line: str) -> None:
    desk.admin.says(f"field add {line}")
    with desk.session() as session:
        assert session.query(CustomField).count() == 0


def test_a_record_of_a_kind_without_fields_says_how_to_add_one(desk: Desk) -> None:
    desk.rep.says("company add Acme")
    refused = desk.rep.says("field set company:1 tier gold")
    assert refused.title == "No field was added to the records of the kind company yet."
    assert "field add company <name> <type>" in refused.text


def test_an_unknown_record_and_a_stranger_are_refused(fields: Desk) -> None:
    missing = fields.rep.says("field set contact:99 tier gold")
    assert missing.title == "There is no contact with the number 99."
    assert fields.rep.says("field remove contact nothing").title.startswith("`field remove`")
    missing = fields.admin.says("field remove contact nothing")
    assert missing.title == "There is no field called “nothing” on this kind of record."
    fields.stranger.says("field set contact:1 tier gold")
    assert custom(fields) == {}


@given(st.text(max_size=20))
def test_any_answer_is_read_or_refused_in_words(text: str) -> None:
    try:
        assert read_yes_no(text) in {True, False}
    except UserError as error:
        refusal = error.what
    else:
        return
    assert refusal == "Answer with yes or no."
