"""What to offer each customer and each open deal next, and why, with a receipt of how it was found.

Suggestions come from three sources (`suggestions.py`); which weights they have is chosen on a
held-back day, how good they are is measured on another (`held_back.py`). Customers who never bought
get what is bought most by those like them; so does everybody where the model is not surely better
than that. Like them means the groups that the caller gives (industry, country): a customer without
purchases has no segment. Not here: the store, words.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

from jobs.analytics import affinity, suggestions
from jobs.analytics.affinity import ALIKE, strongest_link, unit
from jobs.analytics.bought import FADED, Bought, faded, matrix, read_bought
from jobs.analytics.features import DAY, microseconds
from jobs.analytics.held_back import Figures, first_places, hold_back, ragged, surely_better
from jobs.analytics.named import Names
from jobs.analytics.suggestions import FRESH_DAYS, PLACES, Again, Habits, Sources, Weights

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from jobs.analytics.features import Ints

HISTORY_DAYS = 730
POPULAR_DAYS = 365
MIN_TESTED = 100  # customers with three days of buying: on fewer nothing is chosen or judged
MIN_TOGETHER = 5  # customers that a reason rests on
MIN_GROUP = 10  # customers of a group who bought
OFFERED = 3
OF_A_KIND = 2  # of re-orders, and of what is new, while there is enough of the other
LOOKED_AT = 6  # suggestions, of which those without a reason fall away
POPULAR = 60
FRESH_SHARE = 0.2  # of the catalogue
CHUNK = 2_000  # customers scored at once: 40 MB for four thousand items

BLEND, MOST_BOUGHT = "ease_content_habit", "most_bought"
TOO_FEW_CUSTOMERS, NOT_BETTER = "too_few_customers", "not_better_than_base_rate"
ALSO, SIMILAR, TITLE, SELLING = "also", "similar", "title", "selling"
AGAIN, POPULAR_WITH = "again", "popular"
EVERYBODY = "everybody"

Group = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Quality:
    """The figures on the held-back day: what is new, what sold best instead, and re-orders."""

    new: Figures
    popular: Figures
    again: Again


@dataclass(frozen=True, slots=True)
class Receipt:
    """How the offers came about; `why` is empty for the model and a code for the plain rule.

    `first` and `last` are days since 1970, -1 without purchases; `tested` are customers of the day
    that the weights were chosen on.
    """

    model: str
    why: str
    usable: bool
    weights: Weights
    quality: Quality | None
    purchases: int
    first: int
    last: int
    customers: int
    items: int
    left_out: int
    tested: int


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An item, the share of customers who took what stood at its place, and why, as code and counts."""

    item: int
    chance: float | None
    because: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Offer:
    """What to offer; `deal` is None for the customer's own."""

    customer: int
    deal: int | None
    suggestions: tuple[Suggestion, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is to be offered something: customers and deals, a row each.

    Attributes:
        customer: codes; -1 for a deal without one.
        deal: numbers, -1 for a customer.
        groups: groups of each, the narrowest first.
        titles: of deals; empty for customers.
    """

    customer: Ints
    deal: Ints
    groups: Sequence[Sequence[Group]]
    titles: Sequence[str]


def asked_for(
    customers: Sequence[int],
    deals: Sequence[int],
    titles: Sequence[str],
    groups: Mapping[int, Sequence[Group]],
) -> Asked:
    """Ask for customers, the last of which are those of the deals."""
    own = len(customers) - len(deals)
    return Asked(
        np.asarray(customers, np.int64),
        np.asarray([-1] * own + list(deals), np.int64),
        [groups.get(each, ()) for each in customers],
        [*[""] * own, *titles],
    )


@dataclass(frozen=True, slots=True)
class Popular:
    """What most of a group bought in the last year: how many of them bought at all, items with buyers."""

    customers: int
    items: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Everything that offers are made from; `offers` makes them piece by piece.

    Attributes:
        on: the day, since 1970.
        lately: how many customers bought each item in the days that count as lately.
        owned: customers x catalogue, weighted, and a last row of nothing for everybody else.
        due: for the same rows the first re-orders, as places in `habits`; -1 is none.
    """

    receipt: Receipt
    on: int
    bought: Bought
    lately: Ints
    found: Sources
    words: affinity.Vocabulary
    names: Names
    popular: Mapping[Group, Popular]
    owned: Any
    habits: Habits
    due: Ints

    def offers(self, asked: Asked) -> Iterator[Offer]:
        """Give what to offer to each, nothing for whom there is nothing."""
        for start in range(0, len(asked.customer), CHUNK):
            yield from _Chunk(self, asked, slice(start, start + CHUNK)).offers()


def recommend(
    lines: pd.DataFrame,
    products: pd.DataFrame,
    groups: Mapping[int, Sequence[Group]],
    as_of: datetime,
) -> Recommendation:
    """Learn what to offer.

    Args:
        lines: as `read_bought` wants them; what is older than HISTORY_DAYS is not looked at.
        products: columns item (ascending), name, price (NaN without), traits (lists of text) and
            at (UTC, when it came into the catalogue).
        groups: of each customer who bought, the narrowest first; not the group of everybody.
        as_of: the aware moment.
    """
    on = microseconds(as_of) // DAY
    bought = read_bought(lines, products["item"].to_numpy(), on - HISTORY_DAYS, on + 1)
    texts = [
        affinity.described(name, price, traits)
        for name, price, traits in zip(
            products["name"], products["price"], products["traits"], strict=True
        )
    ]
    words = affinity.vocabulary(texts)
    vectors = words.vectors(texts)
    weights, quality, why, tested = _tried(bought, vectors)
    found = suggestions.sources(bought, vectors, _fresh(products, bought, on), weights.penalty)
    receipt = Receipt(
        model=MOST_BOUGHT if why else BLEND,
        why=why,
        usable=not why,
        weights=weights,
        quality=quality,
        purchases=len(bought.row),
        first=int(bought.day.min()) if len(bought.day) else -1,
        last=int(bought.day.max()) if len(bought.day) else -1,
        customers=len(bought.customers),
        items=len(found.places),
        left_out=len(np.setdiff1d(bought.item, found.places)),
        tested=tested,
    )
    pairs = bought.pairs()
    size = len(bought.customers) + 1
    today = np.full(size, on)
    habits = suggestions.habits_of(found, bought, pairs, today, weights.window)
    fading = faded(pairs.last, today[pairs.row]) if weights.fading else None
    return Recommendation(
        receipt=receipt,
        on=on,
        bought=bought,
        lately=_buyers_since(bought, on - weights.window),
        found=found,
        words=words,
        names=Names(products["name"]),
        popular=_popular(bought, groups, on),
        owned=matrix(pairs, (size, len(bought.items)), fading),
        habits=habits,
        due=ragged(habits.pairs, size, habits.scores, PLACES),
    )


def _tried(bought: Bought, vectors: Any) -> tuple[Weights, Quality | None, str, int]:  # noqa: ANN401 - as SciPy's
    """Choose the weights on the day before the last, judge them on the last."""
    nothing = np.zeros(0, np.int64)
    left, held = hold_back(bought, seed=0)
    before, chosen_on = hold_back(left, seed=1)
    tested = len(chosen_on.rows)
    if tested < MIN_TESTED:
        return Weights(), None, TOO_FEW_CUSTOMERS, tested
    learnt = suggestions.sources(before, vectors, nothing, Weights().penalty)
    weights = suggestions.choose(suggestions.trial(learnt, before, chosen_on))
    learnt = suggestions.sources(left, vectors, nothing, weights.penalty)
    test = suggestions.trial(learnt, left, held)
    new, popular = (
        suggestions.new_of(test, weights),
        suggestions.popular_of(test, weights.window),
    )
    again = suggestions.again_of(test, left, weights.window)
    quality = Quality(new.figures, popular.figures, again)
    return weights, quality, "" if surely_better(new, popular) else NOT_BETTER, tested


def _fresh(products: pd.DataFrame, bought: Bought, on: int) -> Ints:
    """Give the places of the products that came in the last FRESH_DAYS and sold no earlier, the newest first.

    None where so many came at once that it was the catalogue that was new, not they.
    """
    came = pd.DatetimeIndex(products["at"]).tz_convert(None).to_numpy()
    day = came.astype("datetime64[D]").astype(np.int64)
    np.minimum.at(day, bought.item, bought.day)
    order = np.argsort(-day, kind="stable")
    fresh = order[(day[order] > on - FRESH_DAYS) & (day[order] <= on)]
    return fresh if len(fresh) <= FRESH_SHARE * len(day) else fresh[:0]


def _buyers_since(bought: Bought, day: int) -> Ints:
    """Count the customers who bought each item from a day on."""
    return np.bincount(bought.kept(bought.day >= day).pairs().item, minlength=len(bought.items))


def _popular(
    bought: Bought, groups: Mapping[int, Sequence[Group]], on: int
) -> dict[Group, Popular]:
    """Count the customers of each group who bought in the last year, and what."""
    lately = bought.kept(bought.day > on - POPULAR_DAYS).pairs()
    customers: Counter[Group] = Counter()
    buyers: dict[Group, Counter[int]] = {}
    bounds = np.searchsorted(lately.row, np.arange(len(bought.customers) + 1))
    for row in np.unique(lately.row).tolist():
        items = lately.item[bounds[row] : bounds[row + 1]].tolist()
        for group in (*groups.get(int(bought.customers[row]), ()), (EVERYBODY, "")):
            customers[group] += 1
            buyers.setdefault(group, Counter()).update(items)
    return {
        group: Popular(size, _most(buyers[group]))
        for group, size in customers.items()
        if size >= MIN_GROUP and _most(buyers[group])
    }


def _most(buyers: Counter[int]) -> tuple[tuple[int, int], ...]:
    ordered = sorted(buyers.items(), key=lambda one: (-one[1], one[0]))[:POPULAR]
    return tuple((item, count) for item, count in ordered if count >= MIN_TOGETHER)


class _Chunk:
    """The offers of some of those asked for."""

    def __init__(self, made: Recommendation, asked: Asked, part: slice) -> None:
        self.made = made
        self.customer, self.deal = asked.customer[part], asked.deal[part]
        self.groups, self.titles = asked.groups[part], asked.titles[part]
        self.size = len(self.customer)
        self.rows = self._rows()
        self.named = [made.names.found(title) for title in self.titles]
        self.owned = self._owned()

    def offers(self) -> Iterator[Offer]:
        """Give the offers in the order they were asked for."""
        new = self._new()
        for row in range(self.size):
            told = _mixed(self._again(row), new.get(row) or self._like_others(row))
            if told:
                deal = int(self.deal[row])
                yield Offer(int(self.customer[row]), None if deal < 0 else deal, told)

    def _owned(self) -> Any:  # noqa: ANN401 - as SciPy's
        """Give what each owns, weighted; what a deal names counts as owned today."""
        today = 1 + FADED if self.made.receipt.weights.fading else 1.0
        return (self.made.owned[self.rows] + self._matrix(self.named, today)).tocsr()

    def _rows(self) -> Ints:
        """Give each one's place among the customers who bought, the place after the last for the others."""
        known = self.made.bought.customers
        place = np.searchsorted(known, self.customer)
        size = len(known)
        found = np.where(place < size, known[np.minimum(place, size - 1)], -2) if size else -2
        return np.where(found == self.customer, place, size)

    def _matrix(self, items: Sequence[Sequence[int]], weight: float) -> Any:  # noqa: ANN401 - as SciPy's
        rows = np.repeat(np.arange(self.size), [len(each) for each in items])
        columns = np.asarray([item for each in items for item in each], np.int64)
        data = np.full(len(columns), weight, np.float32)
        return sparse.csr_array((data, (rows, columns)), (self.size, len(self.made.bought.items)))

    def _again(self, row: int) -> list[Suggestion]:
        """Give the due re-orders but for what the deal names; a deal has those of its customer."""
        habits = self.made.habits
        return [
            self._habit(habit, rank)
            for rank, habit in enumerate(self.made.due[self.rows[row]].tolist())
            if habit >= 0 and habits.pairs.item[habit] not in self.named[row]
        ]

    def _habit(self, habit: int, rank: int) -> Suggestion:
        habits, quality = self.made.habits, self.made.receipt.quality
        because = {
            "code": AGAIN,
            "every": max(1, round(float(habits.every[habit]))),
            "since": int(habits.since[habit]),
            "days": int(habits.pairs.days[habit]),
        }
        item = int(self.made.bought.items[habits.pairs.item[habit]])
        if quality is None:
            return Suggestion(item, None, because)
        chances = quality.again.own if habits.pairs.days[habit] > 1 else quality.again.once
        return Suggestion(item, chances[rank], because)

    def _new(self) -> dict[int, list[Suggestion]]:
        """Give what is new to each by the blend; who owns nothing that says anything is not in it."""
        made = self.made
        if not made.receipt.usable or not len(made.found.places):
            return {}
        titles = made.words.vectors([affinity.described(each, None, ()) for each in self.titles])
        profiles = unit((suggestions.profiles(made.found, self.owned) + titles).tocsr())
        weights = made.receipt.weights
        scores = suggestions.blend(
            suggestions.liking(made.found, self.owned),
            suggestions.likeness(made.found, profiles),
            suggestions.selling(made.found, np.asarray([made.on]), weights.window),
            weights,
            self.owned[:, made.found.places],
        )
        return self._reasoned(first_places(scores, LOOKED_AT), titles)

    def _reasoned(self, top: Ints, titles: Any) -> dict[int, list[Suggestion]]:  # noqa: ANN401 - as SciPy's
        """Give the first suggestions that a reason can be told for."""
        found, quality = self.made.found, self.made.receipt.quality
        rows, ranks = np.nonzero(top >= 0)
        places = top[rows, ranks]
        inside = places < len(found.core)
        links = np.full(len(rows), -1, np.int64)
        core = self.owned[:, found.core].tocsr()
        links[inside] = strongest_link(
            found.bought, core, rows[inside], places[inside], MIN_TOGETHER
        )
        told: dict[int, list[Suggestion]] = {}
        for row, place, link in zip(rows.tolist(), places.tolist(), links.tolist(), strict=True):
            mine = told.setdefault(row, [])
            if len(mine) == OFFERED:
                continue
            if because := self._because(row, place, link, titles):
                item = int(self.made.bought.items[found.places[place]])
                chance = quality.new.by_place[len(mine)] if quality else None
                mine.append(Suggestion(item, chance, because))
        return told

    def _because(self, row: int, place: int, link: int, titles: Any) -> dict[str, Any]:  # noqa: ANN401 - as SciPy's
        """Give the reason that a reader can check best; empty without any."""
        made, found = self.made, self.made.found
        item = found.places[place]
        if link >= 0:
            counts = found.bought.counts
            return {
                "code": ALSO,
                "item": int(made.bought.items[found.core[link]]),
                "together": int(counts[link, place]),
                "buyers": int(counts[link, link]),
                "usual": int(counts[place, place]),
                "customers": found.bought.customers,
            }
        word = found.words[[item]]
        if (word @ titles[[row]].T).sum() >= ALIKE:
            return {"code": TITLE}
        owned = self.owned[[row]].nonzero()[1]
        alike = (found.words[owned] @ word.T).toarray().ravel()
        if len(owned) and alike.max() >= ALIKE:
            return {"code": SIMILAR, "item": int(made.bought.items[owned[int(alike.argmax())]])}
        buyers, days = int(made.lately[item]), made.receipt.weights.window
        return {"code": SELLING, "buyers": buyers, "days": days} if buyers >= MIN_TOGETHER else {}

    def _like_others(self, row: int) -> list[Suggestion]:
        """Give what most of those like this one bought and this one did not, by the narrowest group."""
        owned = set(self.owned[[row]].nonzero()[1].tolist())
        for by, of in (*self.groups[row], (EVERYBODY, "")):
            popular = self.made.popular.get((by, of))
            if popular is None:
                continue
            told = [each for each in popular.items if each[0] not in owned][:OFFERED]
            if told:
                return [
                    Suggestion(
                        int(self.made.bought.items[item]),
                        None,
                        {
                            "code": POPULAR_WITH,
                            "by": by,
                            "of": of,
                            "buyers": count,
                            "customers": popular.customers,
                            "days": POPULAR_DAYS,
                        },
                    )
                    for item, count in told
                ]
        return []


def _mixed(again: Sequence[Suggestion], new: Sequence[Suggestion]) -> tuple[Suggestion, ...]:
    """Put both kinds in the order of their chance, so that there is room for what is new.

    Where the chances are not known they take turns, a re-order first.
    """
    ranked = [
        (-(each.chance or 0.0), rank, kind, each)
        for kind, ones in enumerate((again, new))
        for rank, each in enumerate(ones)
    ]
    ranked.sort(key=lambda one: one[:3])
    first = [one for one in ranked if one[1] < OF_A_KIND]
    rest = [one for one in ranked if one[1] >= OF_A_KIND]
    chosen = sorted((first + rest)[:OFFERED], key=lambda one: one[:3])
    return tuple(one[3] for one in chosen)
