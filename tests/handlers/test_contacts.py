"""Contacts, as reps keep them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from crm_store.models import Company, Consent, Contact, ContactEmail, Order, Tag
from handlers.reply import Reply, Sensitivity, Style
from tests.desk import START, Desk
from tests.statements import counted


def shown(reply: Reply) -> dict[str, str]:
    return {field.label: field.value for field in reply.fields}


def labels(reply: Reply) -> list[str]:
    return [action.label for action in reply.actions]


def names(reply: Reply) -> list[str]:
    assert reply.table, reply
    return [row.cells[1] for row in reply.table.rows]


def test_a_rep_adds_a_contact_with_everything_and_sees_the_card(desk: Desk) -> None:
    desk.rep.says("company add Acme")
    added = desk.rep.says(
        'contact add "Jane Doe" company=Acme email=Jane@Acme.example phone="+49 30 901820"'
        ' title=Buyer address="Hauptstr. 1, Berlin" source=fair tags="VIP, trade fair"'
    )
    assert added.title == "Contact Jane Doe added."
    assert shown(added) == {
        "Name": "Jane Doe",
        "Job title": "Buyer",
        "Company": "Acme",
        "E-mail": "jane@acme.example",
        "Phone": "+4930901820",
        "Address": "Hauptstr. 1, Berlin",
        "Source": "fair",
        "Tags": "trade fair, vip",
        "Owner": "Rita Rep",
    }
    assert labels(added) == [
        *("Timeline", "Add note", "Log call", "Follow up", "Edit", "Delete", "Undo")
    ]


def test_how_to_reach_a_contact_is_for_the_team_only(desk: Desk) -> None:
    added = desk.rep.says("contact add Jane email=j@a.example phone=+4930901820 address=Berlin")
    internal = [f.label for f in added.fields if f.sensitivity is Sensitivity.INTERNAL]
    assert internal == ["E-mail", "Phone", "Address"]


def test_an_unknown_company_is_not_added_in_silence_but_by_its_button(desk: Desk) -> None:
    asked = desk.rep.says('contact add "Jane Doe" company="Nova Ltd" title="Head of \\"sales\\""')
    assert asked.title == "There is no company called “Nova Ltd”; nothing was added."
    with desk.session() as session:
        assert session.query(Contact).count() == session.query(Company).count() == 0
    added = desk.rep.presses(asked, "Add company Nova Ltd too")
    assert shown(added)["Company"] == "Nova Ltd"
    assert shown(added)["Job title"] == 'Head of "sales"'
    with desk.session() as session:
        assert session.query(Company).count() == 1


def test_the_contact_can_be_added_without_the_unknown_company(desk: Desk) -> None:
    asked = desk.rep.says('contact add "Jane Doe" company="Nova Ltd"')
    added = desk.rep.presses(asked, "Add without a company")
    assert added.title == "Contact Jane Doe added."
    with desk.session() as session:
        assert session.query(Company).count() == 0


def test_pressing_the_company_button_twice_makes_one_company(desk: Desk) -> None:
    asked = desk.rep.says("contact add Jane company=Nova")
    desk.rep.presses(asked, "Add company Nova too")
    desk.rep.presses(asked, "Add company Nova too")
    with desk.session() as session:
        assert session.query(Company).count() == 1


def test_a_company_that_is_spelled_a_little_differently_is_offered(desk: Desk) -> None:
    desk.rep.says('company add "Acme Limited"')
    asked = desk.rep.says('contact add Jane company="Acme Limitd"')
    assert labels(asked)[0] == "company #1 Acme Limited"
    assert shown(desk.rep.presses(asked, "company #1 Acme Limited"))["Company"] == "Acme Limited"


def test_an_unknown_company_number_is_not_offered_as_a_name(desk: Desk) -> None:
    asked = desk.rep.says("contact add Jane company=#77")
    assert asked.title == "There is no company with the number 77."
    assert not asked.actions


@pytest.mark.parametrize(
    ("first", "second", "warning"),
    [
        ("Jane email=J@a.example", "Joan email=j@a.example", "#1 Jane has the same e-mail."),
        (
            'Jane phone="+49 30 901820"',
            "Joan phone=+4930901820",
            "#1 Jane has the same phone number.",
        ),
        (
            "Jane company=Acme",
            "JANE company=Acme",
            "#1 Jane has the same name at the same company.",
        ),
        ("Jane", "jane", "#1 Jane has the same name at the same company."),
        ("Jane company=Acme", "Jane", ""),
    ],
)
def test_a_likely_duplicate_is_named_while_adding(
    desk: Desk, first: str, second: str, warning: str
) -> None:
    desk.rep.says("company add Acme")
    desk.rep.says(f"contact add {first}")
    added = desk.mate.says(f"contact add {second}")
    assert added.text == warning
    assert ("Open #1 Jane" in labels(added)) is bool(warning)


def test_the_duplicate_is_opened_by_its_button_and_the_new_one_taken_back(desk: Desk) -> None:
    desk.rep.says("contact add Jane email=j@a.example")
    added = desk.rep.says("contact add Jane email=j@a.example title=Buyer")
    assert added.text.count("\n") == 1
    assert desk.rep.presses(added, "Open #1 Jane").title == "Jane"
    desk.rep.presses(added, "Undo")
    assert names(desk.rep.says("contact list")) == ["Jane"]
    with desk.session() as session:
        assert session.query(ContactEmail).count() == 1


def test_a_deleted_contact_is_no_duplicate(desk: Desk) -> None:
    desk.rep.says("contact add Jane email=j@a.example")
    desk.rep.says("contact delete 1")
    assert not desk.rep.says("contact add Jane email=j@a.example").text


def test_further_emails_and_phones_are_added_and_removed(desk: Desk) -> None:
    desk.rep.says("contact add Jane email=j@a.example")
    more = desk.rep.says("contact email it home@b.example")
    assert shown(more)["E-mail"] == "j@a.example, home@b.example"
    assert shown(desk.rep.says("contact phone it +4930901820"))["Phone"] == "+4930901820"
    gone = desk.rep.says("contact unemail it J@a.example")
    assert shown(gone)["E-mail"] == "home@b.example"
    assert "Phone" not in shown(desk.rep.says('contact unphone it "+49 30 901820"'))
    back = desk.rep.presses(gone, "Undo")
    assert back.title == "Undone: contact unemail"
    assert shown(desk.rep.says("contact show 1"))["E-mail"] == "j@a.example, home@b.example"


def test_a_removed_email_comes_back_although_somebody_else_got_one_since(desk: Desk) -> None:
    desk.rep.says("contact add Jane email=j@a.example phone=+4930901820 tags=vip")
    desk.rep.says("contact consent Jane newsletter yes")
    gone = desk.rep.says("contact unemail Jane j@a.example")
    untagged = desk.rep.says("contact untag Jane vip")
    desk.mate.says("contact add Joan email=o@a.example tags=fair")
    for reply in (gone, untagged):
        assert desk.rep.presses(reply, "Undo").title.startswith("Undone: ")
    assert shown(desk.rep.says("contact show 1"))["E-mail"] == "j@a.example"


def test_removing_an_email_that_is_not_there_offers_the_ones_that_are(desk: Desk) -> None:
    desk.rep.says("contact add Jane email=j@a.example")
    refused = desk.rep.says("contact unemail Jane x@a.example")
    assert labels(refused) == ["j@a.example"]
    assert "E-mail" not in shown(desk.rep.presses(refused, "j@a.example"))


def test_the_same_email_is_not_added_twice(desk: Desk) -> None:
    desk.rep.says("contact add Jane email=j@a.example")
    assert desk.rep.says("contact email 1 J@A.example").title == "Jane has this e-mail already."


def test_an_added_email_of_somebody_else_is_warned_about(desk: Desk) -> None:
    desk.rep.says("contact add Jane email=j@a.example")
    desk.rep.says("contact add Joan")
    assert desk.rep.says("contact email Joan j@a.example").text == "#1 Jane has the same e-mail."


def test_tags_are_put_on_taken_off_and_filtered_by(desk: Desk) -> None:
    desk.rep.says("contact add Jane")
    desk.rep.says("contact add Joan")
    assert desk.rep.says("contact tag Jane VIP #fair vip").title == "Tagged vip, fair."
    assert desk.rep.says("contact tag Jane vip").title == "Jane has these tags already."
    assert names(desk.rep.says("contact list tag=#Vip")) == ["Jane"]
    untagged = desk.rep.says("contact untag Jane vip")
    assert untagged.title == "No longer tagged vip."
    assert desk.rep.says("contact untag Jane vip").title == "Jane has none of these tags."
    desk.rep.presses(untagged, "Undo")
    with desk.session() as session:
        assert {tag.name for tag in session.query(Tag)} == {"vip", "fair"}


def test_tagging_is_undone(desk: Desk) -> None:
    desk.rep.says("contact add Jane")
    desk.rep.presses(desk.rep.says("contact tag Jane vip"), "Undo")
    with desk.session() as session:
        assert session.query(Tag).count() == 0


def test_consent_is_kept_with_its_source_and_the_last_answer_counts(desk: Desk) -> None:
    desk.rep.says("contact add Jane")
    agreed = desk.rep.says('contact consent Jane Newsletter yes source="trade fair"')
    assert agreed.title == "Jane agrees to newsletter."
    refused = desk.rep.says("contact consent Jane newsletter no")
    assert shown(refused)["Consent"] == "newsletter: no"
    with desk.session() as session:
        kept = [(c.granted, c.source) for c in session.query(Consent).order_by(Consent.id)]
    assert kept == [(True, "trade fair"), (False, "test")]
    desk.rep.presses(refused, "Undo")
    assert shown(desk.rep.says("contact show 1"))["Consent"] == "newsletter: yes"


def test_an_answer_that_is_neither_yes_nor_no_is_refused(desk: Desk) -> None:
    desk.rep.says("contact add Jane")
    assert desk.rep.says("contact consent Jane newsletter maybe").title == "Answer with yes or no."


def test_an_edit_changes_the_fields_and_is_undone(desk: Desk) -> None:
    desk.rep.says("company add Acme")
    desk.rep.says("contact add Jane email=j@a.example")
    edited = desk.rep.says(
        'contact edit Jane name="Jane Roe" company=Acme title=CEO email=r@a.example owner=Milo'
    )
    assert edited.title == "Contact Jane Roe changed."
    assert shown(edited) == {
        "Name": "Jane Roe",
        "Job title": "CEO",
        "Company": "Acme",
        "E-mail": "r@a.example",
        "Owner": "Milo Mate",
    }
    desk.rep.presses(edited, "Undo")
    undone = shown(desk.rep.says("contact show Jane"))
    assert undone == {"Name": "Jane", "E-mail": "j@a.example", "Owner": "Rita Rep"}


def test_an_empty_value_empties_the_field(desk: Desk) -> None:
    desk.rep.says("company add Acme")
    desk.rep.says("contact add Jane company=Acme title=CEO")
    edited = desk.rep.says("contact edit Jane title= company=")
    assert shown(edited) == {"Name": "Jane", "Owner": "Rita Rep"}


def test_one_of_several_emails_is_not_overwritten(desk: Desk) -> None:
    desk.rep.says("contact add Jane email=j@a.example")
    desk.rep.says("contact email Jane k@a.example")
    refused = desk.rep.says("contact edit Jane email=l@a.example")
    assert refused.title == "Jane has several of these, so I do not know which to change."


def test_the_edit_button_opens_the_form_with_what_is_there(desk: Desk) -> None:
    desk.rep.says("company add Acme")
    card = desk.rep.says('contact add "Jane Doe" company=Acme phone=+4930901820')
    asked = desk.rep.presses(card, "Edit")
    assert asked.form
    filled = {field.name: field.value for field in asked.form.fields}
    assert filled["company"] == "Acme"
    assert filled["phone"] == "+4930901820"
    submitted = desk.rep.submits(asked, title="CEO")
    assert shown(submitted)["Job title"] == "CEO"
    assert shown(submitted)["Company"] == "Acme"


def test_an_emptied_field_of_the_form_empties_the_contacts(desk: Desk) -> None:
    desk.rep.says("company add Acme")
    card = desk.rep.says(
        "contact add Jane company=Acme email=j@a.example phone=+4930901820 title=CEO"
    )
    asked = desk.rep.presses(card, "Edit")
    edited = desk.rep.submits(asked, title="", email="", company="")
    assert edited.title == "Contact Jane changed."
    with desk.session() as session:
        contact = session.get_one(Contact, 1)
        assert (contact.title, contact.company, contact.emails) == (None, None, [])
        assert [point.phone for point in contact.phones] == ["+4930901820"]
    desk.rep.presses(edited, "Undo")
    with desk.session() as session:
        assert [point.email for point in session.get_one(Contact, 1).emails] == ["j@a.example"]


def test_a_contact_is_deleted_after_a_question_and_restored(desk: Desk) -> None:
    card = desk.rep.says("contact add Jane email=j@a.example")
    delete = next(action for action in card.actions if action.label == "Delete")
    assert delete.style is Style.DANGER
    assert delete.confirm == "Delete the contact Jane? It can be restored."
    deleted = desk.rep.presses(card, "Delete")
    assert desk.rep.says("contact show 1").title == "There is no contact with the number 1."
    restored = desk.rep.presses(deleted, "Restore")
    assert restored.title == "Contact Jane is back."
    assert shown(restored)["E-mail"] == "j@a.example"
    assert desk.rep.says("contact restore 1").title == "Contact Jane is not deleted."


def test_lists_are_filtered_by_company_and_owner_and_paged_with_the_filter(desk: Desk) -> None:
    desk.rep.says("company add Acme")
    for number in range(12):
        desk.rep.says(f"contact add Jane{number:02} company=Acme")
    desk.mate.says("contact add Zoe")
    first = desk.rep.says("contact list company=Acme")
    assert names(first) == [f"Jane{number:02}" for number in range(10)]
    assert first.footer == "12 in all, page 1 of 2"
    assert names(desk.rep.presses(first, "Next")) == ["Jane10", "Jane11"]
    assert names(desk.rep.says("contact list owner=Milo")) == ["Zoe"]
    assert desk.rep.says("contact list tag=none").text.startswith("No contacts here")


def test_the_second_of_a_list_is_opened(desk: Desk) -> None:
    desk.rep.says("contact add Ann")
    desk.rep.says("contact add Bea")
    desk.rep.says("contact list")
    assert desk.rep.says("contact show second").title == "Bea"


def test_a_longer_list_takes_no_more_statements(desk: Desk) -> None:
    desk.rep.says("company add Acme")
    desk.rep.says("contact add Ann company=Acme email=a@a.example")
    with counted(desk.store) as short:
        desk.rep.says("contact list")
    for number in range(9):
        desk.rep.says(f"company add Company{number}")
        desk.mate.says(f"contact add C{number} company=Company{number} phone=+493090182{number}")
    with counted(desk.store) as long:
        assert len(names(desk.rep.says("contact list"))) == 10
    assert len(long) == len(short)


def test_purchases_and_open_deals_never_mix_currencies(desk: Desk) -> None:
    desk.rep.says("company add Acme")
    desk.rep.says("contact add Jane company=Acme")
    desk.rep.says('deal add One company=Acme contact=Jane amount="100 EUR"')
    desk.rep.says('deal add Two company=Acme contact=Jane amount="50 USD"')
    assert shown(desk.rep.says("contact show Jane"))["Open deals"] == "1 deal, €100\n1 deal, $50"


def test_purchases_and_the_last_activity_stand_on_the_card(desk: Desk) -> None:
    desk.rep.says("contact add Jane")
    desk.rep.says("call log Jane hello")
    with desk.session() as session:
        for days, total, currency in ((3, "100", "EUR"), (1, "-20.50", "EUR"), (2, "7", "USD")):
            at = START - timedelta(days=days)
            order = Order(
                contact_id=1,
                ordered_at=at,
                total=Decimal(total),
                currency=currency,
                created_at=START,
            )
            session.add(order)
    fields = shown(desk.rep.says("contact show Jane"))
    assert fields["Purchases"].split("\n") == [
        "2 orders, €79.50, last on Sun, Nov 15, 2026, 10:00",
        "1 order, $7, last on Sat, Nov 14, 2026, 10:00",
    ]
    assert fields["Last activity"] == "Mon, Nov 16, 2026, 10:00"


def test_a_tag_on_one_of_two_doubles_does_not_warn_again(desk: Desk) -> None:
    desk.rep.says("contact add Jane")
    desk.rep.says("contact add Jane")
    assert not desk.rep.says("contact tag contact:2 vip").text


def test_hostile_names_are_kept_as_they_were_written(desk: Desk) -> None:
    for name in ("<!channel>", "=cmd()|calc", "<b>Jane</b>", "*_`Jane`_*"):
        added = desk.rep.says(f'contact add "{name}"')
        assert shown(added)["Name"] == name


def test_a_stranger_is_refused_everything(desk: Desk) -> None:
    desk.rep.says("contact add Jane")
    for line in ("contact add Eve", "contact show 1", "contact list", "contact delete 1"):
        refused = desk.stranger.says(line)
        assert refused.title == "I do not know you yet, so I cannot do this for you."
    with desk.session() as session:
        assert session.query(Contact).count() == 1


def test_an_unknown_contact_is_said_so(desk: Desk) -> None:
    for line in ("contact show 99", "contact tag 99 vip", "contact email 99 a@b.example"):
        assert desk.rep.says(line).title == "There is no contact with the number 99."


def test_unreadable_values_change_nothing(desk: Desk) -> None:
    for line in (
        "contact add Jane email=nonsense",
        "contact add Jane phone=12",
        f"contact add Jane tags={'x' * 41}",
        "contact add ...",
    ):
        assert desk.rep.says(line).title != "Contact Jane added."
    with desk.session() as session:
        assert session.query(Contact).count() == 0


def test_a_job_title_is_not_called_like_the_title_of_a_deal(desk: Desk) -> None:
    desk.rep.says("settings language=zh")
    desk.rep.says("contact add Jane title=Buyer")
    form = desk.rep.says("contact edit Jane").form
    assert form
    assert next(field.label for field in form.fields if field.name == "title") == "职位"
    asked = desk.rep.says("deal add").form
    assert asked
    assert next(field.label for field in asked.fields if field.name == "title") == "标题"
    desk.rep.says("contact edit Jane title=CEO")
    assert "职位：Buyer → CEO" in str(desk.rep.says("history Jane").fields)
