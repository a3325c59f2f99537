"""The sources of suggestions and how they are weighed: collaborative, content and behaviour.

What a customer never bought is ranked by (who owns this also owns that + content x likeness) x how
well it sells now; what they buy again and again, by their own days of buying it x how well it sells
now, once about half of their usual time has passed. Not here: reasons, cold customers, receipts
(`recommendation.py`); the held-back day (`held_back.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from jobs.analytics import affinity
from jobs.analytics.bought import Bought, Pairs, Sold, faded, matrix
from jobs.analytics.held_back import TOP, HeldBack, Judged, first_places, judge, ragged

if TYPE_CHECKING:
    from jobs.analytics.affinity import Singles, Together
    from jobs.analytics.features import Floats, Ints
    from jobs.analytics.held_back import Figures

MOST_ITEMS = 4_000  # whose pairs are looked at: 64 MB a matrix, four seconds to invert one
MIN_BUYERS = 2
FRESH_DAYS = 90  # so long a product is new: it is offered by what it is
MOST_FRESH = 1_000
LENDERS = 5  # products like a new one
STILL = 0.5  # added to what sold lately: an item that did not is unlikely, not impossible
HABIT_DAYS = 240  # after so many days a purchase counts about a third for the habit of buying it
JUST = 0.5  # of the usual time between two purchases: before it an item was just bought
GONE = 6.0  # times the usual time: who waited longer does not buy it again
PLACES = 3  # of re-orders whose chance is told
MIN_AGAIN = 5  # customers who bought an item again, for it to be one that is bought again

PENALTIES = (200.0, 50.0, 800.0)
WINDOWS = (14, 45, 180)
CONTENTS = (0.1, 0.0, 0.3)


@dataclass(frozen=True, slots=True)
class Weights:
    """What the held-back day chose.

    Attributes:
        penalty: of EASE.
        window: days that count as lately.
        fading: whether older purchases weigh less.
        content: the weight of likeness (0 to 1) beside the collaborative score.
    """

    penalty: float = PENALTIES[0]
    window: int = WINDOWS[0]
    fading: bool = True
    content: float = CONTENTS[0]


@dataclass(frozen=True, slots=True)
class Sources:
    """What is known of the items that can be suggested.

    Attributes:
        core: places in the catalogue of the most bought items.
        places: the same followed by new products, which few or nobody bought.
        bought: counts among the core.
        pull: see `affinity.pull`, core x core.
        lent: core x new products: how much of the liking of what is like it a new product is given.
        words: catalogue x terms.
        sold: what sold when.
    """

    core: Ints
    places: Ints
    bought: Together
    pull: Singles
    lent: Any
    words: Any
    sold: Sold

    def again(self, penalty: float) -> Sources:
        """Give the same with another penalty."""
        return replace(self, pull=affinity.pull(self.bought, penalty))


def sources(bought: Bought, words: Any, fresh: Ints, penalty: float) -> Sources:  # noqa: ANN401 - as SciPy's
    """Learn from what was bought.

    Args:
        bought: the purchases.
        words: catalogue x terms, rows of length 1.
        fresh: places of new products, the newest first.
        penalty: of EASE.
    """
    pairs = bought.pairs()
    buyers = np.bincount(pairs.item, minlength=len(bought.items))
    core = np.argsort(-buyers, kind="stable")[:MOST_ITEMS]
    core = np.sort(core[buyers[core] >= MIN_BUYERS])
    new = fresh[~np.isin(fresh, core)][:MOST_FRESH]
    owned = matrix(pairs, (len(bought.customers), len(bought.items)))[:, core]
    counts = affinity.together(owned)
    places = np.concatenate([core, new]).astype(np.int64)
    lent = affinity.nearest(words[new], words[core], LENDERS)
    pull = affinity.pull(counts, penalty)
    return Sources(core, places, counts, pull, lent, words, Sold(bought))


def liking(found: Sources, weighted: Any) -> Singles:  # noqa: ANN401 - as SciPy's
    """Score the items by who else owns them, new ones by what is like them: customers x items, 0 or more."""
    liked = np.asarray(np.maximum(weighted[:, found.core] @ found.pull, 0), np.float32)
    return np.hstack([liked, (found.lent.T @ liked.T).T]) if found.lent.shape[1] else liked


def likeness(found: Sources, profiles: Any) -> Singles:  # noqa: ANN401 - as SciPy's
    """Score the items by their words, 0 to 1: customers x items."""
    return np.asarray((profiles @ found.words[found.places].T).toarray(), np.float32)


def profiles(found: Sources, weighted: Any) -> Any:  # noqa: ANN401 - as SciPy's
    """Give the words of what customers own, rows of length 1."""
    return affinity.unit((weighted @ found.words).tocsr())


def selling(found: Sources, on: Ints, window: int) -> Singles:
    """Weigh items by what sold lately before each day: days x items.

    A new product is taken to sell like the item in the middle.
    """
    size = len(found.core)
    days, row = np.unique(on, return_inverse=True)
    lately = found.sold.lately(found.core[None, :], days[:, None], window)
    weights = np.empty((len(days), len(found.places)), np.float32)
    weights[:, :size] = np.sqrt(lately + STILL)
    if len(found.places) > size:
        weights[:, size:] = np.median(weights[:, :size], axis=1)[:, None] if size else 1
    return weights[row]


def blend(
    liked: Singles,
    like: Singles,
    sells: Singles,
    weights: Weights,
    known: Any,  # noqa: ANN401 - as SciPy's
) -> Singles:
    """Give the score of each item that a customer never bought; -inf for the others and for no sign at all."""
    scores: Singles = (liked + weights.content * like) * sells
    scores[scores <= 0] = -np.inf
    rows, items = known.nonzero()
    scores[rows, items] = -np.inf
    return scores


@dataclass(frozen=True, slots=True)
class Trial:
    """Everything about a held-back day that does not change with the weights."""

    found: Sources
    held: HeldBack
    pairs: Pairs
    plain: Any
    fading: Any

    def owned(self, weights: Weights) -> Any:  # noqa: ANN401 - as SciPy's
        """Give what the tested customers own."""
        return self.fading if weights.fading else self.plain


def trial(found: Sources, left: Bought, held: HeldBack) -> Trial:
    """Prepare a held-back day."""
    mine, pairs = np.full(len(left.customers), -1), left.pairs()
    mine[held.rows] = np.arange(len(held.rows))
    pairs = pairs.kept(mine[pairs.row] >= 0)
    pairs = replace(pairs, row=mine[pairs.row])
    weights = faded(pairs.last, held.on[pairs.row])
    shape = len(held.rows), len(left.items)
    return Trial(found, held, pairs, matrix(pairs, shape), matrix(pairs, shape, weights))


def new_of(test: Trial, weights: Weights) -> Judged:
    """Judge what would have been suggested as new."""
    owned, found = test.owned(weights), test.found
    scores = blend(
        liking(found, owned),
        likeness(found, profiles(found, owned)),
        selling(found, test.held.on, weights.window),
        weights,
        test.held.known[:, found.places],
    )
    return judge(_named(found, first_places(scores, TOP)), test.held.new())


def popular_of(test: Trial, window: int) -> Judged:
    """Judge what sold best lately among what the customer had not bought, the same for everybody else."""
    scores = selling(test.found, test.held.on, window)
    rows, items = test.held.known[:, test.found.places].nonzero()
    scores[rows, items] = -np.inf
    return judge(_named(test.found, first_places(scores, TOP)), test.held.new())


@dataclass(frozen=True, slots=True)
class Again:
    """Re-orders judged: ours, and by the plain counts of the customer's own days of buying.

    `own` and `once` are the share taken at each of the first places of what the customer had bought
    on several days, and on one.
    """

    ours: Figures
    counts: Figures
    own: tuple[float, ...]
    once: tuple[float, ...]


def again_of(test: Trial, left: Bought, window: int) -> Again:
    """Judge re-orders on a held-back day."""
    habits = habits_of(test.found, left, test.pairs, test.held.on, window)
    truth, size = test.held.again(), len(test.held.rows)
    plain = ragged(test.pairs, size, test.pairs.days.astype(float), TOP)
    ours = ragged(habits.pairs, size, habits.scores, TOP)
    judged = judge(_items(habits.pairs, ours), truth)
    days = np.where(ours < 0, 0, habits.pairs.days[ours]) if len(habits.scores) else ours
    own, once = (
        tuple(
            float(judged.hits[:, place][which[:, place]].mean()) if which[:, place].any() else 0.0
            for place in range(PLACES)
        )
        for which in (days > 1, days == 1)
    )
    return Again(judged.figures, judge(_items(test.pairs, plain), truth).figures, own, once)


def _named(found: Sources, places: Ints) -> Ints:
    return np.where(places < 0, -1, found.places[places])


def _items(pairs: Pairs, which: Ints) -> Ints:
    return np.where(which < 0, -1, pairs.item[which]) if len(pairs.item) else which


def choose(test: Trial) -> Weights:
    """Choose the weights one after the other by NDCG on the held-back day."""
    best = Weights()
    quality = new_of(test, best).figures.ndcg
    for penalty in PENALTIES[1:]:
        other = replace(test, found=test.found.again(penalty))
        told = new_of(other, replace(best, penalty=penalty)).figures.ndcg
        if told > quality:
            best, quality, test = replace(best, penalty=penalty), told, other
    tries: tuple[dict[str, Any], ...] = (
        {"fading": False},
        *({"window": window} for window in WINDOWS[1:]),
        *({"content": content} for content in CONTENTS[1:]),
    )
    for change in tries:
        told = new_of(test, replace(best, **change)).figures.ndcg
        if told > quality:
            best, quality = replace(best, **change), told
    return best


@dataclass(frozen=True, slots=True)
class Habits:
    """What customers may buy again now: pairs, days between two purchases, days since the last, a score."""

    pairs: Pairs
    every: Floats
    since: Ints
    scores: Floats


def habits_of(found: Sources, bought: Bought, pairs: Pairs, on: Ints, window: int) -> Habits:
    """Find what is bought again and is about due.

    Args:
        found: what sold when.
        bought: all purchases, for how often an item is usually bought again.
        pairs: of the customers to look at; their rows are places in `on`.
        on: the day for each of these customers.
        window: days that count as lately.
    """
    every = _gaps(bought.pairs(), pairs, len(bought.items))
    since = on[pairs.row] - pairs.last
    due = (since >= JUST * every) & (since <= GONE * every)
    pairs, every, since = pairs.kept(due), every[due], since[due]
    habit = pairs.days * np.exp(-since / HABIT_DAYS)
    lately = found.sold.lately(pairs.item, on[pairs.row], window)
    return Habits(pairs, every, since, habit * np.sqrt(lately + STILL))


def _gaps(everybody: Pairs, pairs: Pairs, items: int) -> Floats:
    """Give the usual days between two purchases of an item: the customer's own, else that of its buyers.

    NaN where fewer than MIN_AGAIN customers ever bought the item again: then it is no re-order.
    """
    repeated = everybody.kept(everybody.days > 1)
    usual = pd.Series(_own(repeated)).groupby(repeated.item).agg(["median", "size"])
    usual = usual[usual["size"] >= MIN_AGAIN]
    of_item = np.full(items, np.nan)
    of_item[usual.index.to_numpy()] = usual["median"].to_numpy()
    return np.where(pairs.days > 1, _own(pairs), of_item[pairs.item])


def _own(pairs: Pairs) -> npt.NDArray[np.float64]:
    return (pairs.last - pairs.first) / np.maximum(1, pairs.days - 1)
