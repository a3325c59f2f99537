"""What is bought together: frequent sets of items by three algorithms, and association rules from their counts.

Not here: which baskets are looked at, words. Everything is counted in whole baskets and compared
with thresholds as integers, never as floats: as a float 16/20 can fall below .8.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain, combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from decimal import Decimal

    Share = Fraction | Decimal | float
    Itemset = tuple[int, ...]
    Trie = dict[int, "Trie"]

APRIORI, FP_GROWTH, ECLAT = "apriori", "fp_growth", "eclat"
PAIRS = "pairs"  # the plain rule below MIN_BASKETS
MIN_BASKETS = 200  # below it a handful of baskets makes a rule
MIN_PAIR = 2  # baskets that a pair is told from
MIN_TOGETHER = 5  # baskets that a rule rests on, whatever the support
CONFIDENCE = Fraction(
    1, 4
)  # of the baskets with one side that hold the other: below it is no advice
LIFT = Fraction(3, 2)  # times as often as usual
SURER = 1.2  # times as sure: what one more item on the first side must bring
MAX_LENGTH = 12  # items that anyone reads in a rule; one more can double the sets
MAX_SETS = 500_000  # held at once, about 200 bytes each: 100 MB
BITSET_BYTES = 256_000_000  # above it baskets are kept in a tree instead of as bits
BITS = 8
BLOCK = 256  # places whose pairs are counted at once


class TooManySetsError(Exception):
    """More sets than the bound are frequent, or have to be counted: the support is too low for these baskets."""


@dataclass(frozen=True, slots=True)
class Baskets:
    """What was bought together: each basket's items as ascending positions in `items`, each item once."""

    items: tuple[int | str, ...]
    rows: tuple[Itemset, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """What an algorithm is given: rows of ascending places, rarest item first, all of them frequent.

    The places run from 0 without a gap. `limit` bounds the candidates or tree nodes held at once.
    """

    rows: Sequence[Sequence[int]]
    minimum: int
    longest: int
    limit: int


@dataclass(frozen=True, slots=True)
class FrequentSet:
    """Items that `together` baskets hold all of."""

    items: tuple[int | str, ...]
    together: int


@dataclass(frozen=True, slots=True)
class Rule:
    """Who buys `given` also buys `then`, in counts of baskets: with both, with either side, and all of them."""

    given: tuple[int | str, ...]
    then: tuple[int | str, ...]
    together: int
    with_given: int
    with_then: int
    baskets: int

    @property
    def support(self) -> float:
        """The share of all baskets that hold both sides."""
        return self.together / self.baskets

    @property
    def confidence(self) -> float:
        """The share of the baskets with `given` that hold `then` too."""
        return self.together / self.with_given

    @property
    def lift(self) -> float:
        """How many times as often `then` is bought with `given` as by all; 1 says nothing."""
        return self.together * self.baskets / (self.with_given * self.with_then)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a rule must reach, exactly reached is enough.

    Shares are Fraction, Decimal or float; of a float the shortest decimal is meant, so .8 is 4/5.
    `longest` bounds the items of a rule, both sides together, and `consequents` those of its
    second side; None is any number.
    """

    support: Share = 0.01
    confidence: Share = 0.2
    lift: Share = 0
    longest: int = MAX_LENGTH
    consequents: int | None = 1


@dataclass(frozen=True, slots=True)
class Mined:
    """The rules of some baskets and how they were found.

    `method` is an algorithm, or PAIRS where there are too few baskets for rules: then `rules` is
    empty and `sets` are pairs, the most frequent first. `asked` is the count of baskets
    the support asked for, `minimum` the one that was used; it is higher where the asked one would
    have given more sets than the bound.
    """

    method: str
    baskets: int
    asked: int
    minimum: int
    sets: tuple[FrequentSet, ...]
    rules: tuple[Rule, ...]


def read_baskets(frame: pd.DataFrame) -> Baskets:
    """Read one row per item of a basket.

    Args:
        frame: columns basket and item, each of one type that can be ordered. Rows where either is
            missing are left out, and an item twice in a basket counts once.
    """
    lines = frame[["basket", "item"]].dropna().drop_duplicates()
    item_codes, items = pd.factorize(lines["item"], sort=True)
    rows = pd.Series(item_codes).groupby(lines["basket"].to_numpy()).agg(tuple)
    return Baskets(tuple(items.tolist()), tuple(tuple(sorted(row)) for row in rows))


def as_fraction(share: Share) -> Fraction:
    """Give the share that is meant: of a float its shortest decimal, so that .8 is 4/5 and not a little more."""
    return Fraction(str(share))


def least_count(share: Share, baskets: int) -> int:
    """Give the smallest number of baskets that is at least this share of them, 1 or more."""
    exact = as_fraction(share) * baskets
    return max(1, -(-exact.numerator // exact.denominator))


def frequent_sets(
    baskets: Baskets,
    minimum: int,
    *,
    longest: int = MAX_LENGTH,
    method: str | None = None,
    limit: int = MAX_SETS,
) -> dict[Itemset, int]:
    """Count every set of items that at least `minimum` baskets hold.

    Args:
        baskets: as `read_baskets` gives them.
        minimum: number of baskets, 1 or more.
        longest: items in a set at most.
        method: APRIORI, FP_GROWTH or ECLAT, which find the same; None takes ECLAT, or FP_GROWTH where
            the bits would take more than BITSET_BYTES.
        limit: sets that may be held at once.

    Returns:
        The sets, as ascending positions in `baskets.items`, with their counts.

    Raises:
        TooManySetsError: the limit does not suffice.
    """
    counts = Counter(chain.from_iterable(baskets.rows))
    # Rarest first: what begins with a rare item has few continuations.
    frequent = sorted((count, code) for code, count in counts.items() if count >= minimum)
    kept = [code for _, code in frequent]
    rank = {code: place for place, code in enumerate(kept)}
    rows = [sorted(rank[code] for code in row if code in rank) for row in baskets.rows]
    search = Search(rows, minimum, longest, limit)
    found: dict[Itemset, int] = {}
    for places, count in ALGORITHMS[method or suitable(len(kept), len(rows))](search):
        found[tuple(sorted(kept[place] for place in places))] = count
        _bound(len(found), limit)
    return found


def suitable(items: int, baskets: int) -> str:
    """Name the algorithm for so many frequent items: bits while they fit the memory, else the tree."""
    return ECLAT if items * baskets <= BITSET_BYTES * BITS else FP_GROWTH


def _bound(size: int, limit: int) -> None:
    if size > limit:
        raise TooManySetsError(f"more than {limit} sets")


def apriori(search: Search) -> Iterator[tuple[Itemset, int]]:
    """Count level by level: a set can only be frequent if all its subsets are (Agrawal and Srikant 1994).

    Candidates lie in a trie that every basket is walked through. Memory: the candidates of one level.
    """
    level: dict[Itemset, int] = {}
    for place, count in Counter(chain.from_iterable(search.rows)).items():
        level[place,] = count
    for _ in range(1, search.longest):
        yield from level.items()
        candidates = list(joined(level, search.limit))
        counted = _count_in(search.rows, candidates)
        level = {each: counted[each] for each in candidates if counted[each] >= search.minimum}
    yield from level.items()


def joined(level: Collection[Itemset], limit: int = MAX_SETS) -> Iterator[Itemset]:
    """Join ascending sets that share all but the last item, where every subset is in the level too."""
    known, number = set(level), 0
    heads: dict[Itemset, list[int]] = {}
    for *head, last in sorted(level):
        heads.setdefault(tuple(head), []).append(last)
    for start, lasts in heads.items():
        for pair in combinations(lasts, 2):
            candidate = (*start, *pair)
            if all(part in known for part in combinations(candidate, len(candidate) - 1)):
                number += 1
                _bound(number, limit)
                yield candidate


def _count_in(rows: Sequence[Sequence[int]], candidates: Iterable[Itemset]) -> Counter[Itemset]:
    """Count in how many rows each candidate lies."""
    trie: Trie = {}
    for candidate in candidates:
        node = trie
        for place in candidate:
            node = node.setdefault(place, {})
    counted: Counter[Itemset] = Counter()

    def walk(node: Trie, row: Sequence[int], head: Itemset) -> None:
        if not node:
            counted[head] += 1
        for position, place in enumerate(row):
            if place in node:
                walk(node[place], row[position + 1 :], (*head, place))

    if trie:
        for row in rows:
            walk(trie, row, ())
    return counted


def eclat(search: Search) -> Iterator[tuple[Itemset, int]]:
    """Go deep first, each set with the bits of the baskets that hold it, and intersect them (Zaki 2000).

    Pairs are counted basket by basket before, as Zaki does: most items never meet, and a pair that
    is not frequent needs no intersection. Memory: one bit per basket and frequent item, and less
    for each open branch.
    """

    def extend(head: Itemset, branches: Sequence[tuple[int, int]]) -> Iterator[tuple[Itemset, int]]:
        for position, (place, bits) in enumerate(branches):
            here = (*head, place)
            yield here, bits.bit_count()
            if len(here) < search.longest:
                both = ((other, bits & held) for other, held in branches[position + 1 :])
                yield from extend(
                    here, [one for one in both if one[1].bit_count() >= search.minimum]
                )

    bits = _bits(search.rows)
    for place, partners in enumerate(_partners(search, len(bits))):
        yield (place,), bits[place].bit_count()
        if search.longest > 1:
            branches = [(other, bits[place] & bits[other]) for other in partners]
            yield from extend((place,), branches)


def _bits(rows: Sequence[Sequence[int]]) -> list[int]:
    """Give for each place a number whose n-th bit tells whether row n holds it."""
    size = max(chain.from_iterable(rows), default=-1) + 1
    holds = [bytearray(len(rows) // BITS + 1) for _ in range(size)]
    for number, row in enumerate(rows):
        for place in row:
            holds[place][number // BITS] |= 1 << number % BITS
    return [int.from_bytes(bits, "little") for bits in holds]


def _partners(search: Search, size: int) -> Iterator[list[int]]:
    """Give for each place the later places that are frequent together with it, a block of places at a time."""
    lengths = np.fromiter(map(len, search.rows), np.int64, len(search.rows))
    places = np.fromiter(chain.from_iterable(search.rows), np.int32, int(lengths.sum()))
    ones = np.ones(len(places), np.int32)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    matrix = csr_array((ones, places, starts), shape=(len(lengths), size)).tocsc()
    for first in range(0, size, BLOCK):
        together = (matrix[:, first : first + BLOCK].T @ matrix).tocsr()
        for row in range(together.shape[0]):
            part = slice(together.indptr[row], together.indptr[row + 1])
            frequent = together.indices[part][together.data[part] >= search.minimum]
            yield np.sort(frequent[frequent > first + row]).tolist()


@dataclass(slots=True)
class _Node:
    """An item in a tree of baskets: how many baskets run through it, and where they come from."""

    place: int
    parent: _Node | None
    count: int = 0
    below: dict[int, _Node] = field(default_factory=dict)


def fp_growth(search: Search) -> Iterator[tuple[Itemset, int]]:
    """Keep the baskets in a prefix tree, most frequent item first, and grow sets from its branches (Han et al. 2000).

    Memory: the tree, at most `limit` nodes, and a smaller one for each open branch.
    """

    def grow(
        tail: Itemset, paths: Sequence[tuple[Sequence[int], int]]
    ) -> Iterator[tuple[Itemset, int]]:
        for place, nodes in _tree(paths, search).items():
            here = (*tail, place)
            yield here, sum(node.count for node in nodes)
            if len(here) < search.longest:
                yield from grow(here, [(_path(node), node.count) for node in nodes])

    yield from grow((), [(row[::-1], 1) for row in search.rows])


def _tree(paths: Sequence[tuple[Sequence[int], int]], search: Search) -> dict[int, list[_Node]]:
    """Build the tree of the paths' frequent items; give the nodes of each item."""
    weights: Counter[int] = Counter()
    for path, count in paths:
        for place in path:
            weights[place] += count
    root = _Node(-1, None)
    ends: dict[int, list[_Node]] = {}
    made = 0
    for path, count in paths:
        node = root
        for place in path:
            if weights[place] < search.minimum:
                continue
            if place not in node.below:
                made += 1
                _bound(made, search.limit)
                node.below[place] = _Node(place, node)
                ends.setdefault(place, []).append(node.below[place])
            node = node.below[place]
            node.count += count
    return ends


def _path(node: _Node) -> list[int]:
    """Give the items above a node, from the root down."""
    found: list[int] = []
    above = node.parent
    while above is not None and above.parent is not None:
        found.append(above.place)
        above = above.parent
    return found[::-1]


ALGORITHMS: Mapping[str, Callable[[Search], Iterator[tuple[Itemset, int]]]] = {
    APRIORI: apriori,
    FP_GROWTH: fp_growth,
    ECLAT: eclat,
}


def rules_of(
    baskets: Baskets, counts: Mapping[Itemset, int], thresholds: Thresholds
) -> tuple[Rule, ...]:
    """Split frequent sets into rules, the highest lift first.

    Args:
        baskets: as they were counted.
        counts: every frequent set, as `frequent_sets` gives them.
        thresholds: what the rules must reach; the support is that of the counts.
    """
    least, size = as_fraction(thresholds.lift), len(baskets.rows)
    found: list[Rule] = []
    for whole, together in counts.items():
        for given, then in _confident(whole, counts, thresholds):
            chance = counts[given] * counts[then]
            if together * size * least.denominator >= least.numerator * chance:
                sides = _named(baskets, given), _named(baskets, then)
                found.append(Rule(*sides, together, counts[given], counts[then], size))
    return tuple(
        sorted(found, key=lambda rule: (-rule.lift, -rule.together, rule.given, rule.then))
    )


def _confident(
    whole: Itemset, counts: Mapping[Itemset, int], thresholds: Thresholds
) -> Iterator[tuple[Itemset, Itemset]]:
    """Give the two sides of each confident rule in a set.

    The second sides grow item by item, because one that misses the confidence misses it with every
    item more (Agrawal and Srikant 1994, ap-genrules).
    """
    least, together = as_fraction(thresholds.confidence), counts[whole]
    most = min(thresholds.consequents or len(whole), len(whole) - 1)
    level: list[Itemset] = [(place,) for place in whole]
    while level and len(level[0]) <= most:
        sides = [(tuple(place for place in whole if place not in then), then) for then in level]
        kept = [
            (given, then)
            for given, then in sides
            if together * least.denominator >= least.numerator * counts[given]
        ]
        yield from kept
        level = list(joined([then for _, then in kept]))


def _named(baskets: Baskets, places: Itemset) -> tuple[int | str, ...]:
    return tuple(baskets.items[place] for place in places)


def mine(baskets: Baskets, thresholds: Thresholds, limit: int = MAX_SETS) -> Mined:
    """Find what to tell about these baskets, within the memory of `limit` sets.

    Below MIN_BASKETS the pairs bought most often together are given and no rules. A support under
    which there are more sets than the limit is doubled until there are not.
    """
    size = len(baskets.rows)
    if size < MIN_BASKETS:
        minimum, counts = _within(baskets, MIN_PAIR, 2, limit)
        pairs = {places: count for places, count in counts.items() if len(places) > 1}
        return Mined(PAIRS, size, MIN_PAIR, minimum, _told(baskets, pairs), ())
    asked = max(least_count(thresholds.support, size), MIN_TOGETHER)
    minimum, counts = _within(baskets, asked, thresholds.longest, limit)
    method = suitable(sum(len(places) == 1 for places in counts), size)
    rules = rules_of(baskets, counts, thresholds)
    return Mined(method, size, asked, minimum, _told(baskets, counts), rules)


def _within(
    baskets: Baskets, asked: int, longest: int, limit: int
) -> tuple[int, dict[Itemset, int]]:
    """Count with the smallest doubling of the asked minimum that keeps within the limit."""
    minimum = asked
    while True:
        try:
            return minimum, frequent_sets(baskets, minimum, longest=longest, limit=limit)
        except TooManySetsError:
            minimum *= 2


def _told(baskets: Baskets, counts: Mapping[Itemset, int]) -> tuple[FrequentSet, ...]:
    """Name the items of the sets: the most frequent first, then the smallest."""
    ordered = sorted(counts.items(), key=lambda one: (-one[1], len(one[0]), one[0]))
    return tuple(FrequentSet(_named(baskets, places), count) for places, count in ordered)


def thresholds_for(baskets: int) -> Thresholds:
    """Give thresholds for so many baskets.

    The least count grows as the square root, as chance does: 7 of 200 baskets, 50 of 10,000.
    """
    least = max(MIN_TOGETHER, -(-math.isqrt(baskets) // 2))
    return Thresholds(Fraction(least, max(baskets, 1)), CONFIDENCE, LIFT, longest=3)


def told(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Give the rules worth a reader's time, those first that explain most baskets beyond chance.

    Of rules over the same items the surest is given; one with a longer first side if it is much surer.
    """
    surest: dict[frozenset[int | str], Rule] = {}
    ordered = sorted(rules, key=lambda rule: (-rule.confidence, -rule.together, rule.given))
    for rule in ordered:
        surest.setdefault(frozenset(rule.given + rule.then), rule)
    shorter = {(rule.given, rule.then): rule.confidence for rule in ordered}
    kept = [
        rule
        for rule in surest.values()
        if all(
            shorter.get((part, rule.then), 0) * SURER <= rule.confidence
            for size in range(1, len(rule.given))
            for part in combinations(rule.given, size)
        )
    ]
    chance = {rule: Fraction(rule.with_given * rule.with_then, rule.baskets) for rule in kept}
    return tuple(
        sorted(kept, key=lambda rule: (chance[rule] - rule.together, rule.given, rule.then))
    )
