"""What is judged of customers is read by the team alone: guests and other companies see a title."""

from __future__ import annotations

import pytest

from handlers.reply import Reply
from jobs import scores as scoring
from tests.desk import Desk
from tests.jobs.shops import Buyer, context, stock

LINES = ("why Quiet", "report churn", "report segments", "report value", "segment champions")


@pytest.fixture
def shop(desk: Desk) -> Desk:
    """A customer who went quiet, and one who did not."""
    with desk.session() as session:
        stock(session, [Buyer("Quiet Ltd", [160.0, 150.0, 140.0]), Buyer("Busy Ltd", [9.0, 1.0])])
    scoring.run(context(desk))
    return desk


@pytest.mark.parametrize("line", LINES)
def test_who_reads_along_from_outside_is_told_no_judgement(shop: Desk, line: str) -> None:
    def asked(*, outside: bool) -> Reply:
        return shop.manager.says(line, private=False, outside=outside, place="slack:C1")

    among_us, outside = asked(outside=False), asked(outside=True)
    assert {"only shown in private"} == {outside.text} != {among_us.text}
    kept = Reply.from_dict(among_us.to_dict())
    assert kept.sensitivity is among_us.sensitivity
    shown = str(outside.to_dict() | {"title": ""})
    assert "Ltd" not in shown
    assert "€" not in shown
