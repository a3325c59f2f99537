"""The models behind the scores: which is used, the way back, and what is told when one is in trouble."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from crm_store import models_kept
from crm_store.models import Learned, ModelState
from handlers.analyses import method_of
from handlers.wording import speaking
from jobs import model_watch
from tests.desk import START, Desk
from tests.jobs.shops import context, owed, words


def learn(desk: Desk, *qualities: float, worse: bool = False, later: int = 0) -> None:
    """Learn a model a week, the last one now or some weeks later, with these qualities."""
    for place, quality in enumerate(qualities):
        with desk.session() as session:
            models_kept.keep(
                session,
                "churn",
                START - timedelta(weeks=len(qualities) - 1 - place - later),
                method=("logistic_regression", "gradient_boosting")[place % 2],
                quality=quality,
                data={},
                worse=worse,
            )


def states(desk: Desk) -> list[str]:
    with desk.session() as session:
        return list(session.scalars(sa.select(Learned.state).order_by(Learned.made_at)))


def test_a_manager_sees_the_models_and_goes_back_to_the_one_before(desk: Desk) -> None:
    learn(desk, 0.79, 0.81)
    listed = desk.manager.says("model list")
    assert listed.table
    assert [row.cells[1::3] for row in listed.table.rows] == [
        ("gradient boosting (many short chains of questions)", "in use"),
        ("logistic regression (weighs each sign)", "replaced by a newer one"),
    ]
    back = desk.manager.presses(listed, "Back to the one before: Risk of leaving")
    assert back.title.startswith("Risk of leaving: back to the model of ")
    assert back.text.startswith(
        "logistic regression (weighs each sign), in place of gradient boosting ("
    )
    assert desk.manager.says("job run scores").title == "The job “scores” begins in a moment."
    assert "`job run scores` makes them at once" in back.text
    assert states(desk) == [ModelState.USED, ModelState.WITHDRAWN]
    again = desk.manager.says("model rollback churn")
    assert again.title == "There is no model before this one to go back to."


def test_a_worse_model_is_kept_but_not_used(desk: Desk) -> None:
    learn(desk, 0.81)
    learn(desk, 0.75, worse=True)
    assert states(desk) == [ModelState.USED, ModelState.REFUSED]
    with desk.session() as session:
        used = models_kept.used(session, "churn")
        assert used
        assert used.quality == 0.81


def test_only_the_newest_models_are_kept_and_always_the_one_in_use(desk: Desk) -> None:
    learn(desk, 0.9)
    learn(desk, *[0.5] * 9, worse=True)
    assert sorted(states(desk)) == [ModelState.REFUSED] * models_kept.KEPT + [ModelState.USED]


def test_what_is_refused_night_after_night_does_not_close_the_way_back(desk: Desk) -> None:
    learn(desk, 0.79, 0.81)
    learn(desk, *[0.5] * 9, worse=True, later=10)
    desk.manager.says("model rollback churn")
    with desk.session() as session:
        used = models_kept.used(session, "churn")
        assert used
        assert used.quality == 0.79


def test_the_way_back_leads_to_another_method_not_to_the_same_learned_a_week_before(
    desk: Desk,
) -> None:
    learn(desk, 0.79, 0.81)
    with desk.session() as session:
        for week in (1, 2):
            now = START + timedelta(weeks=week)
            models_kept.keep(
                session, "churn", now, method="gradient_boosting", quality=0.8, data={}
            )
    back = desk.manager.says("model rollback churn")
    assert back.text.startswith(
        "logistic regression (weighs each sign), in place of gradient boosting ("
    )
    assert states(desk) == [ModelState.USED, *[ModelState.WITHDRAWN] * 3]
    listed = desk.manager.says("model list")
    assert not listed.actions


def test_nobody_else_may_take_a_model_back(desk: Desk) -> None:
    learn(desk, 0.79, 0.81)
    assert desk.rep.says("model rollback churn").title == (
        "`model rollback` is not open to your role (rep)."
    )
    assert states(desk) == [ModelState.REPLACED, ModelState.USED]


def test_a_name_of_no_model_is_refused_with_those_there_are(desk: Desk) -> None:
    assert "none has been learned yet" in desk.manager.says("model rollback churn").text
    learn(desk, 0.8)
    reply = desk.manager.says("model rollback horoscope")
    assert reply.text.startswith("Choose one of: churn.")


def test_managers_are_told_once_a_month_that_a_model_has_become_worse(desk: Desk) -> None:
    learn(desk, 0.8, 0.81, 0.79, 0.7)
    assert model_watch.run(context(desk)) == "1 models in trouble, 2 messages"
    model_watch.run(context(desk))
    told = words(desk, owed(desk, "model_trouble")[0])
    assert told.title == "Risk of leaving: look at the model"
    assert "10% less often right than the models before it" in told.text
    assert len(owed(desk, "model_trouble")) == 2


def test_models_that_are_as_good_as_ever_are_no_news(desk: Desk) -> None:
    learn(desk, 0.8, 0.81, 0.79, 0.78)
    assert model_watch.run(context(desk)) == "0 models in trouble, 0 messages"


def test_a_worse_model_that_is_not_used_is_no_trouble(desk: Desk) -> None:
    learn(desk, 0.8, 0.81, 0.79, 0.8)
    learn(desk, 0.6, worse=True)
    assert model_watch.run(context(desk)) == "0 models in trouble, 0 messages"


def test_a_model_that_was_taken_back_is_no_trouble(desk: Desk) -> None:
    learn(desk, 0.8, 0.81, 0.79, 0.6)
    desk.manager.says("model rollback churn")
    assert model_watch.run(context(desk)) == "0 models in trouble, 0 messages"


def test_every_method_that_may_be_chosen_has_a_name_that_people_read() -> None:
    from jobs.analytics import candidates, text_models

    methods = (*candidates.CANDIDATES, text_models.MARGIN, text_models.MARGIN_AND_NAIVE)
    with speaking("en", "UTC"):
        assert not [each for each in methods if "_" in method_of(each)]
