"""What people write about: planted subjects, chance, Chinese words, nothing personal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.analytics import chinese
from jobs.analytics.themes import find_themes, topics

SUBJECTS = {
    "printer": ["printer", "paper jam", "toner", "cartridge"],
    "login": ["password", "login", "locked", "reset"],
    "delivery": ["parcel", "courier", "late delivery", "tracking"],
}
# Many words that say nothing about the subject, each in few texts.
FILLER = [
    first + second + third
    for first in ("bar", "kel", "mon", "ser", "tur")
    for second in ("a", "e", "i", "o", "u")
    for third in ("din", "fort", "lan", "mer", "sk", "wick")
]
CHINESE = {
    "delivery": ["快递", "包裹", "物流", "送货"],
    "quality": ["质量", "屏幕", "电池", "做工"],
}
BESIDE = list("春夏秋冬东南西北红黄蓝绿金木水火土山川江河湖海天日月星云雨风雪")


def mail(rng: np.random.Generator, subject: str) -> str:
    """Write a text about a subject, in English or Chinese."""
    if subject in SUBJECTS:
        words = [*rng.choice(SUBJECTS[subject], 2, replace=False), *rng.choice(FILLER, 3)]
        return " ".join(["Hello, please", *rng.permutation(words), "thanks"])
    about = rng.choice(CHINESE["delivery" if subject == "送" else "quality"], 3, replace=False)
    return "".join(f"{rng.choice(BESIDE)}{word}{rng.choice(BESIDE)}" for word in about)


def mails(seed: int, **counts: int) -> list[str]:
    """Write so many texts about each subject."""
    rng = np.random.default_rng(seed)
    return [mail(rng, subject) for subject, count in counts.items() for _ in range(count)]


def test_a_subject_that_more_people_write_about_rises() -> None:
    found = find_themes(
        mails(0, printer=60, login=60, delivery=60), mails(1, printer=120, login=60, delivery=20)
    )
    assert (found.texts_before, found.texts_after, found.why) == (180, 200, "")
    rising = {change.term: change for change in found.rising}
    assert len({"printer", "toner", "cartridge", "paper jam"} & set(rising)) >= 3
    assert rising["printer"].after > 1.5 * rising["printer"].before
    assert {"courier", "parcel"} & {change.term for change in found.falling}
    assert "jam" not in rising
    assert "password" not in {*rising, *(change.term for change in found.falling)}
    trends = {theme.trend for theme in found.themes if set(theme.words) & {"printer", "toner"}}
    assert "rising" in trends


def test_a_theme_gathers_the_words_of_one_subject_and_shows_its_texts() -> None:
    texts = mails(2, printer=80, login=80)
    found = find_themes([], texts)
    home = {word: subject for subject, words in SUBJECTS.items() for word in words}
    for theme in found.themes:
        assert len({home[word] for word in theme.words if word in home}) <= 1
        assert any(theme.words[0] in texts[place] for place in theme.examples)
    assert "paper jam" in found.themes[0].words
    assert {home.get(theme.words[0]) for theme in found.themes} >= {"printer", "login"}
    assert sum(theme.after for theme in found.themes) <= 160
    assert found.themes[0].after >= found.themes[-1].after
    assert {change.term for change in found.keywords[:8]} & {"printer", "toner", "password"}


def test_words_that_are_in_every_message_are_no_keywords() -> None:
    found = find_themes([], mails(3, printer=40, login=40))
    terms = {change.term for change in found.keywords}
    assert not terms & {"hello", "please", "thanks"}


def test_chinese_words_are_found_and_change() -> None:
    found = find_themes(mails(4, 送=80, 质=80), mails(5, 送=150, 质=40))
    terms = {change.term for change in found.keywords}
    assert {"快递", "包裹", "质量", "电池"} <= terms
    assert {"快递", "物流"} <= {change.term for change in found.rising}
    assert {"质量", "屏幕"} <= {change.term for change in found.falling}


def test_two_draws_from_the_same_texts_hardly_ever_differ() -> None:
    wrong = 0
    for seed in range(30):
        texts = mails(seed, printer=60, login=60, delivery=60, 送=60)
        drawn = np.random.default_rng(seed).permutation(texts).tolist()
        found = find_themes(drawn[:120], drawn[120:])
        trends = {theme.trend for theme in found.themes}
        wrong += bool(found.rising or found.falling or trends > {"steady"})
    assert wrong <= 5


def test_turning_the_periods_round_turns_the_changes_round() -> None:
    one, other = mails(6, printer=90, login=30), mails(7, printer=30, login=90)
    there, back = find_themes(one, other), find_themes(other, one)
    assert there.rising
    assert [change.term for change in there.rising] == [change.term for change in back.falling]
    assert [(each.before, each.after) for each in there.falling] == [
        (each.after, each.before) for each in back.rising
    ]


def test_addresses_numbers_and_what_one_person_wrote_are_not_told() -> None:
    texts = mails(8, printer=60)
    for place in range(0, 60, 3):
        texts[place] += (
            " call 0151 2345678 or m.mustermann@firm.example, https://acme.example {name}"
        )
    texts[0] += " unbelievable unbelievable unbelievable"
    found = find_themes([], texts)
    terms = " ".join(change.term for change in found.keywords)
    for hidden in ("0151", "mustermann", "example", "acme", "https", "name", "unbelievable"):
        assert hidden not in terms


def test_with_few_texts_words_are_counted_and_no_theme_is_claimed() -> None:
    found = find_themes([], ["the printer is broken", "printer jam", "my printer", "screen"])
    assert found.why == "too_few_texts"
    assert [(change.term, change.after) for change in found.keywords] == [("printer", 3)]
    assert (found.themes, found.rising, found.falling) == ((), (), ())


def test_with_a_small_earlier_period_nothing_is_compared() -> None:
    found = find_themes(mails(9, login=19), mails(10, printer=60))
    assert found.themes
    assert (found.rising, found.falling) == ((), ())
    assert {theme.trend for theme in found.themes} == {"steady"}


def test_equal_texts_give_equal_themes() -> None:
    texts = mails(11, printer=50, login=50)
    assert find_themes(texts[:50], texts[50:]) == find_themes(texts[:50], texts[50:])


@given(st.lists(st.text(max_size=60), max_size=60), st.integers(0, 60))
def test_any_texts_are_survived_and_counts_stay_within_them(texts: list[str], at: int) -> None:
    found = find_themes(texts[:at], texts[at:])
    assert found.texts_before + found.texts_after == len(texts)
    for change in (*found.keywords, *found.rising, *found.falling):
        assert 0 <= change.before <= found.texts_before
        assert 0 <= change.after <= found.texts_after
    assert sum(theme.before + theme.after for theme in found.themes) <= len(texts)


def test_a_word_keeps_together_and_keeps_company_with_many() -> None:
    rng = np.random.default_rng(12)
    runs = [mail(rng, "送") for _ in range(200)]
    found = chinese.vocabulary(runs)
    assert {"快递", "包裹", "物流", "送货"} <= set(found)
    assert all(word in CHINESE["delivery"] for word in found)
    assert found["快递"] == sum(run.count("快递") for run in runs)


def test_a_part_of_one_longer_word_is_no_word() -> None:
    rng = np.random.default_rng(13)
    runs = [f"{rng.choice(BESIDE)}洗发水{rng.choice(BESIDE)}" for _ in range(100)]
    runs += ["".join(rng.choice(BESIDE, 9)) for _ in range(100)]
    assert set(chinese.vocabulary(runs)) == {"洗发水"}


def test_a_piece_that_always_goes_on_alike_is_no_word() -> None:
    rng = np.random.default_rng(14)
    runs = [f"{rng.choice(BESIDE)}电子发票系统{rng.choice(BESIDE)}" for _ in range(100)]
    runs += ["".join(rng.choice(BESIDE, 9)) for _ in range(400)]
    assert chinese.vocabulary(runs) == {}


@pytest.mark.parametrize(
    ("run", "found"),
    [("我的洗发水坏", ["洗发水"]), ("水", []), ("", []), ("快递快递员", ["快递", "快递员"])],
)
def test_a_run_is_cut_at_its_longest_words(run: str, found: list[str]) -> None:
    assert chinese.cut(run, {"洗发水", "洗发", "快递", "快递员"}) == found


def test_names_of_people_are_no_themes_in_either_language() -> None:
    texts = [f"{text} Regards, Ottokar Zwiebel" for text in mails(15, printer=60)]
    texts += [f"王小明{text}，找李娜娜" for text in mails(16, 送=60)]
    texts += [f"{text} please ask Mrs Unbekannt 张经理" for text in mails(17, login=60)]
    shown = {change.term for change in find_themes([], texts).keywords}
    assert {"ottokar", "zwiebel"} & {word for term in shown for word in term.split()}
    names = {"ottokar", "zwiebel", "王小明", "小明", "李娜娜", "娜娜"}
    found = find_themes([], texts, names)
    told = " ".join(change.term for change in found.keywords)
    told += " ".join(word for theme in found.themes for word in theme.words)
    for name in (*names, "unbekannt", "经理"):
        assert name not in told
    assert {"快递", "printer"} <= {change.term for change in found.keywords}


def test_a_name_that_is_a_word_stays_a_theme() -> None:
    texts = [f"{text} the printer has a price and a page" for text in mails(18, printer=60)]
    texts += mails(19, login=60)
    keywords = find_themes([], texts, {"price", "page", "toner"}).keywords
    assert {"price", "toner"} <= {word for change in keywords for word in change.term.split()}


def test_what_only_two_customers_write_is_not_told() -> None:
    texts = mails(20, printer=60, login=60)
    whose = [*(place % 2 for place in range(60)), *range(60)]
    terms = {change.term for change in find_themes([], texts, whose=whose).keywords}
    assert "password" in terms
    assert not {"printer", "toner", "cartridge"} & terms


def test_a_customers_topics_are_the_told_words_of_more_than_one_of_their_texts() -> None:
    texts = ["the invoice is late", "wrong invoice again", "invoice and refund", "my refund", "hi"]
    found = topics(texts, [7, 7, 7, 8, 8], {"invoice", "refund", "late"}, frozenset())
    assert found == {7: [("invoice", 3)]}
