"""Labels for texts: planted words, chance, silence, corrections, keeping a model."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.analytics import answering, routing
from jobs.analytics.answering import Suggestion
from jobs.analytics.routing import Before, Learnt, Router, learn
from jobs.analytics.terms import impersonal, terms

NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)
FILLER = [
    "please",
    "hello",
    "we",
    "our",
    "since",
    "today",
    "with",
    "team",
    "regards",
    "order",
    "again",
]
SIGNS = {
    "billing": ["invoice", "payment", "refund", "charged", "vat"],
    "access": ["password", "login", "locked", "account", "reset"],
    "物流": ["快递", "包裹", "物流单号", "还没送到", "派送"],
}


def tickets(count: int, seed: int = 0, *, shuffled: bool = False) -> pd.DataFrame:
    """Give tickets with a sign or two of their queue among words that say nothing, one an hour."""
    rng = np.random.default_rng(seed)
    labels = rng.choice([*SIGNS], count)
    texts = [
        " ".join(
            rng.permutation(
                [*rng.choice(FILLER, 6), *rng.choice(SIGNS[label], 1 + rng.integers(2))]
            )
        )
        for label in labels
    ]
    at = [NOW - timedelta(hours=count - place) for place in range(count)]
    shown = rng.permutation(labels) if shuffled else labels
    return pd.DataFrame({"ticket": range(count), "text": texts, "label": shown, "at": at})


def suggest(router: Router, text: str) -> Suggestion | None:
    return router.answerer().suggest(text)


@pytest.fixture(scope="module")
def learnt() -> Learnt:
    """What 600 tickets teach."""
    return learn(tickets(600), NOW)


def test_a_ticket_is_put_into_the_queue_that_its_words_belong_to(learnt: Learnt) -> None:
    assert learnt.router is not None
    found = suggest(learnt.router, "Hello, I was CHARGED twice, please send a refund")
    assert found is not None
    assert found.label == "billing"
    assert found.confidence > 0.9
    assert set(found.because[:2]) == {"charged", "refund"}
    chinese = suggest(learnt.router, "我的包裹还没送到")
    assert chinese is not None
    assert chinese.label == "物流"


def test_a_misspelt_word_is_understood_where_there_are_few_texts(learnt: Learnt) -> None:
    assert learnt.router is not None
    found = suggest(learnt.router, "pasword resett")
    assert found is not None
    assert found.label == "access"


@pytest.mark.parametrize("text", ["", "   ", "???", "xyzzy plugh", "hello team please", "你好"])
def test_a_text_that_says_nothing_gets_no_label(learnt: Learnt, text: str) -> None:
    assert learnt.router is not None
    assert suggest(learnt.router, text) is None


def test_two_queues_in_one_text_are_less_sure_than_one(learnt: Learnt) -> None:
    assert learnt.router is not None
    one = suggest(learnt.router, "password password login")
    both = suggest(learnt.router, "password invoice login refund")
    assert one is not None
    assert both is None or both.confidence < one.confidence


def test_the_receipt_says_what_was_learnt_and_how_well(learnt: Learnt) -> None:
    receipt = learnt.receipt
    assert receipt.usable
    assert receipt.why == ""
    assert receipt.model == receipt.candidates[0][0]
    assert receipt.rows_trained == sum(count for _, count in receipt.labels) == 600
    assert receipt.held_back_from == NOW - timedelta(hours=120)
    quality = receipt.quality
    assert quality is not None
    assert quality.rows == 120
    assert quality.accuracy > 0.95
    assert quality.told_accuracy is not None
    assert quality.told_accuracy >= quality.accuracy


def test_labels_that_were_dealt_at_random_give_no_model() -> None:
    for seed in range(5):
        found = learn(tickets(500, seed, shuffled=True), NOW)
        assert found.router is None
        assert (found.receipt.model, found.receipt.why) == (
            "silence",
            "not_better_than_commonest_label",
        )
        assert found.receipt.quality is not None


def test_what_came_after_the_moment_is_not_learnt() -> None:
    both = tickets(400)
    early = NOW - timedelta(hours=200)
    later = both["at"] >= pd.Timestamp(early)
    wild = both.assign(label=both["label"].where(~later, "billing"))
    known, again = learn(both, early), learn(wild, early)
    assert known.receipt == again.receipt
    assert known.receipt.rows_trained == 200


def test_the_held_back_texts_are_the_latest_and_do_not_teach() -> None:
    """Whose labels stopped meaning anything a week ago, that model is not used."""
    texts = tickets(500)
    dealt = np.random.default_rng(0).permutation(texts["label"])
    stale = texts.assign(label=np.where(np.arange(500) < 400, texts["label"], dealt))
    found = learn(stale, NOW)
    assert found.receipt.why == "not_better_than_commonest_label"
    assert found.receipt.candidates[0][1] > 0.9


def test_the_same_text_is_never_on_both_sides_of_a_draw() -> None:
    """500 texts five times each, labels at random: who remembers them would seem to know."""
    rng = np.random.default_rng(1)
    words = [" ".join(rng.choice(list("abcdefghijklmnop"), 8)) for _ in range(100)]
    rows = pd.DataFrame({"text": np.repeat(words, 5), "label": np.repeat(rng.choice(3, 100), 5)})
    found = learn(rows, NOW)
    assert found.receipt.why == "not_better_than_commonest_label"
    assert found.receipt.held_back_from is None


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (tickets(0), "too_few_texts"),
        (tickets(99), "too_few_texts"),
        (tickets(300)[lambda rows: rows["label"] == "access"], "too_few_texts"),
        (tickets(600)[lambda rows: rows["label"] == "access"], "too_few_labels"),
        (tickets(300).assign(label=lambda rows: rows["ticket"]), "too_few_texts"),
        (tickets(300).assign(text=""), "too_few_texts"),
    ],
)
def test_too_little_to_learn_from_gives_silence_and_says_why(rows: pd.DataFrame, why: str) -> None:
    found = learn(rows, NOW)
    assert found.router is None
    assert (found.receipt.model, found.receipt.why) == ("silence", why)


@pytest.mark.parametrize("texts", [["Test"], ["Test", "Other"], ["...", "??", "!"]])
def test_a_few_texts_again_and_again_give_silence(texts: list[str]) -> None:
    rows = tickets(240)
    rows["text"] = [texts[place % len(texts)] for place in range(240)]
    rows["label"] = [("access", "billing")[place % 2] for place in range(240)]
    found = learn(rows, NOW)
    assert found.router is None
    assert found.receipt.why == "not_better_than_commonest_label"


def test_rare_labels_are_left_out_and_named() -> None:
    rows = tickets(300)
    rows.loc[:4, "label"] = "rare"
    found = learn(rows, NOW)
    assert found.receipt.left_out == (("rare", 5),)
    assert found.router is not None
    assert "rare" not in found.router.model.labels


def put_right(rows: pd.DataFrame, some: pd.DataFrame) -> pd.DataFrame:
    """Say of some of the rows that a person put them into billing."""
    fixed = rows["ticket"].isin(some["ticket"])
    return rows.assign(label=rows["label"].where(~fixed, "billing"), corrected=fixed)


def test_corrections_change_what_is_suggested() -> None:
    rows = tickets(600)
    refunds = rows["text"].str.contains("refund")
    wrong = rows.assign(label=rows["label"].where(~refunds, "access"))
    before = learn(wrong, NOW).router
    assert before is not None
    told = suggest(before, "refund refund please")
    assert told is not None
    assert told.label == "access"
    corrected = put_right(wrong, wrong[refunds].head(30))
    after = learn(corrected, NOW)
    assert after.receipt.corrections == 30
    assert after.router is not None
    again = suggest(after.router, "refund refund please")
    assert again is None or again.label == "billing"


def test_a_label_that_a_person_put_right_weighs_more_than_one_that_nobody_looked_at() -> None:
    """Half of the tickets about refunds say access, half billing: the looked at ones decide."""
    rows = tickets(600)
    refunds = rows["text"].str.contains("refund")
    wrong = rows.assign(label=rows["label"].where(~refunds, "access"))
    corrected = put_right(wrong, wrong[refunds].head(int(refunds.sum() // 2)))
    leads = []
    for rows_seen in (corrected.assign(corrected=False), corrected):
        router = learn(rows_seen, NOW).router
        assert router is not None
        scores = dict(zip(router.model.labels, router.model.scores(["refund"])[0], strict=True))
        leads.append(scores["billing"] - scores["access"])
    assert leads[0] < 0 < leads[1]


def test_learning_again_is_due_after_corrections_or_growth() -> None:
    assert not routing.retraining_due(600, 650, 19)
    assert routing.retraining_due(600, 650, 20)
    assert routing.retraining_due(600, 720, 0)
    assert not routing.retraining_due(40, 99, 0)
    assert routing.retraining_due(40, 100, 0)


def test_the_mood_of_feedback_is_learnt_from_scores() -> None:
    rng = np.random.default_rng(3)
    good, bad = ["great", "friendly", "quick", "perfect"], ["slow", "rude", "broken", "awful"]
    moods = rng.choice(["positive", "negative"], 300)
    text = [
        " ".join([*rng.choice(FILLER, 5), rng.choice(good if each == "positive" else bad)])
        for each in moods
    ]
    found = learn(pd.DataFrame({"text": text, "label": moods}), NOW)
    assert found.router is not None
    mood = suggest(found.router, "your support was awful and slow")
    assert mood is not None
    assert mood.label == "negative"


def test_confidence_is_as_good_as_it_says() -> None:
    """Texts whose signs contradict each other: of those told with .7 to .8 about so many are right."""
    rows = tickets(3000, 7)
    rng = np.random.default_rng(8)
    noise = [" ".join(rng.choice([w for s in SIGNS.values() for w in s], 2)) for _ in range(3000)]
    hard = rows.assign(text=rows["text"] + " " + noise)
    router = learn(hard.head(2000), NOW).router
    assert router is not None
    asked = hard.tail(1000)
    told = [
        (suggest(router, text), label)
        for text, label in zip(asked["text"], asked["label"], strict=True)
    ]
    pairs = [(each.confidence, each.label == label) for each, label in told if each is not None]
    assert len(pairs) > 300
    stated, right = np.array(pairs, dtype=np.float64).T
    assert right.mean() == pytest.approx(stated.mean(), abs=0.04)


def test_a_model_is_kept_as_plain_numbers_and_answers_the_same(learnt: Learnt) -> None:
    assert learnt.router is not None
    kept = learnt.router.answerer().packed()
    again = answering.unpacked(kept)
    for text in tickets(20, 5)["text"]:
        assert again.suggest(text) == suggest(learnt.router, text)
    assert routing.router_of(again).answerer().packed() == kept


def test_one_text_is_answered_as_many_at_once_are(learnt: Learnt) -> None:
    assert learnt.router is not None
    texts = tickets(50, 6)["text"].tolist()
    best = learnt.router.model.scores(texts).argmax(axis=1)
    for text, place in zip(texts, best, strict=True):
        told = suggest(learnt.router, text)
        assert told is None or told.label == learnt.router.model.labels[place]


@pytest.mark.parametrize("data", [b"", b"PK", zlib.compress(b"\x02\x00\x00\x00{}"), b"\x80\x04."])
def test_bytes_that_hold_no_model_are_refused(data: bytes) -> None:
    with pytest.raises((ValueError, KeyError)):
        answering.unpacked(data)


def test_a_router_that_is_worse_on_what_both_have_not_seen_is_known() -> None:
    rows = tickets(600)
    good = learn(rows.head(300), NOW).router
    assert good is not None
    noise = np.random.default_rng(0).permutation(rows["label"])
    blurred = rows.assign(label=np.where(np.arange(600) < 450, noise, rows["label"]))
    start = rows["at"][400].to_pydatetime()
    assert learn(blurred, NOW, Before(good, start)).worse
    bad = learn(rows, NOW, Before(good, start))
    assert not bad.worse
    assert bad.router is not None


def test_addresses_and_long_numbers_are_not_learnt_from() -> None:
    told = impersonal("Call +49 (151) 234-5678 or m@firm.example, error 404, https://x.example")
    assert told.split() == ["Call", "or", "error", "404,"]


def test_equal_texts_in_any_order_give_equal_quality() -> None:
    rows = tickets(300)
    again = learn(rows.sample(frac=1, random_state=4), NOW)
    assert again.receipt == learn(rows, NOW).receipt


@given(text=st.text(max_size=200))
def test_any_text_can_be_asked_about(learnt: Learnt, text: str) -> None:
    assert learnt.router is not None
    found = suggest(learnt.router, text)
    assert found is None or 0.7 <= found.confidence <= 1


def test_terms_are_words_pairs_chinese_characters_both_ends_and_the_length() -> None:
    assert terms("Can't LOGIN, 无法登录!!", pieces=False) == [
        *("'", ",", "!!"),
        *("^c", "^ca", "^^!", "^^!!", "#8"),
        *("can", "t", "can t", "login", "t login"),
        *("无", "法", "登", "录", "无法", "法登", "登录"),
    ]
    assert terms("abc", pieces=True) == [
        "abc",
        "~ ab",
        "~abc",
        "~bc ",
        "~ abc",
        "~abc ",
    ]
