"""What the analyses say of one record: on its card, and by `why`."""

from __future__ import annotations

from jobs import scores as scoring
from tests.desk import Desk
from tests.jobs.shops import Buyer, context, stock


def stocked(desk: Desk) -> Desk:
    """A customer who went quiet, and one who did not."""
    with desk.session() as session:
        stock(session, [Buyer("Quiet Ltd", [160.0, 150.0, 140.0]), Buyer("Busy Ltd", [9.0, 1.0])])
    scoring.run(context(desk))
    return desk


def test_the_card_shows_the_risk_and_a_button_explains_it(desk: Desk) -> None:
    card = stocked(desk).rep.says("company show Quiet")
    assert ("Risk of leaving", "at risk") in [(f.label, f.value) for f in card.fields]
    why = desk.rep.presses(card, "Why?")
    assert why.title == "Why: Quiet Ltd"
    assert "• No order for 140 days; for this customer the rule allows 20." in why.text
    assert "Next: call, ask what has changed" in why.text
    assert "By a plain rule, not by a model" in why.text


def test_nothing_is_said_of_a_record_without_scores(desk: Desk) -> None:
    desk.rep.says("company add Acme")
    assert "Why?" not in [action.label for action in desk.rep.says("company show Acme").actions]
    reply = desk.rep.says("why Acme")
    assert reply.title == "Nothing has been worked out about Acme."


def test_a_customer_left_out_of_the_newest_scores_has_no_old_ones_on_the_card(desk: Desk) -> None:
    stocked(desk)
    with desk.session() as session:
        from crm_store.models import Order

        for order in session.query(Order).where(Order.company_id == 1):
            order.deleted_at = desk.clock.now()
    scoring.run(context(desk, desk.clock.now()))
    labels = [field.label for field in desk.rep.says("company show Quiet").fields]
    assert "Risk of leaving" not in labels
