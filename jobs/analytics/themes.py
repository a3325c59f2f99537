"""What people write about: keywords and themes in English and Chinese, and which rise and fall.

Not here: labels for single texts (`routing.py`), words for the reader.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from scipy.stats import chi2
from sklearn.decomposition import NMF
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from crm_store.words import is_cjk, split
from jobs.analytics import chinese
from jobs.analytics.terms import LENGTH
from jobs.analytics.text_models import weighted
from jobs.analytics.threads import one_thread

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from jobs.analytics.features import Flags, Floats, Ints

MIN_TEXTS = 30  # in both periods together; below it only counted words
MIN_PERIOD = 20  # texts in each period, for saying what rises and falls
MIN_CHANGED = 10  # texts that a word must be in for its share to be compared
MIN_TEXTS_WITH = 3  # a word that fewer texts have is nobody's business
MAX_SHARE = 0.5  # of the texts: a word in more of them tells nothing apart
MAX_TERMS = 4_000
TEXTS_PER_THEME = 30
MAX_THEMES = 8
EXAMPLES = 12  # of a theme, as not each of them can be told
NAME_WORDS = 3
NAME_SHARE = 0.2  # of the strongest word's weight, below which a word is no part of a name
PAIR = 1.3  # how much more a pair of words says than one
KEYWORDS = 20
MIN_STRENGTH = 0.05  # of a text's length, under which it belongs to no theme
FALSE_SHARE = 0.05  # of the changes that are told, at most, may be chance
SEED = 0

RISING, FALLING, STEADY = "rising", "falling", "steady"
TOO_FEW_TEXTS = "too_few_texts"

# Addresses, numbers and fields that a template left unfilled: no themes, and often personal.
_PRIVATE = re.compile(r"\S+@\S+|https?://\S+|www\.\S+|\{\w+\}|\S*\d\S*", re.ASCII)
# What people write in any message: courtesy, days and months, and words without a subject.
_EVERYWHERE = """
    hello hi hey dear thanks thank regards best kind please sincerely cheers fwd sent got just like
    want need don didn doesn isn won wouldn couldn good morning afternoon monday tuesday wednesday
    thursday friday saturday sunday january february march april june july august september october
    november december today yesterday tomorrow day days week weeks help new use using add tried
"""
STOP_WORDS = ENGLISH_STOP_WORDS | frozenset(_EVERYWHERE.split())
MIN_LENGTH = 3  # letters of a word that is not Chinese
# Who is addressed: a title and the name that stands with it.
_TITLED = re.compile(r"\b(?:mrs?|ms|dr|herrn?|frau)\b\.?\s+\w+", re.IGNORECASE)
_TITLES = ("先生", "女士", "小姐", "老师", "经理", "总", "哥", "姐")
_LETTERS = re.compile(r"[^\W\d_]+")
PLAIN_NAME = 0.8  # of the texts with somebody's name write it small: then it is a word like others
PLAIN_NAME_TEXTS = 10
TOPICS = 3  # words that tell what one customer talks about
MIN_TOPIC_TEXTS = 2  # of a customer that must have a word


@dataclass(frozen=True, slots=True)
class Change:
    """A word and in how many texts of the earlier and of the later period it stands."""

    term: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Theme:
    """Words that come together: the strongest first, and how many texts are mainly about them.

    `examples` are places of the texts that show it best, counted through both periods. `trend`
    is steady unless the change of its share stands out from chance.
    """

    words: tuple[str, ...]
    before: int
    after: int
    trend: str
    examples: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Themes:
    """What two periods' texts are about.

    `keywords` are the words with the largest sum of TF-IDF, or the commonest where `why` says that
    there are too few texts; `rising` and `falling` the words whose share of texts changed by more
    than chance, the surest first. `themes` are ordered by their texts in the later period.
    """

    texts_before: int
    texts_after: int
    keywords: tuple[Change, ...]
    themes: tuple[Theme, ...]
    rising: tuple[Change, ...]
    falling: tuple[Change, ...]
    why: str


@dataclass(frozen=True, slots=True)
class _Table:
    """Which text has which word how often, texts x words; the first `split_at` texts are earlier."""

    terms: tuple[str, ...]
    counts: Any
    split_at: int

    def texts_with(self) -> tuple[Ints, Ints]:
        """Count the earlier and the later texts that have each word."""
        there = self.counts > 0
        early = there[: self.split_at].sum(axis=0)
        late = there[self.split_at :].sum(axis=0)
        return np.asarray(early, dtype=np.int64).ravel(), np.asarray(late, dtype=np.int64).ravel()


def find_themes(
    before: Sequence[str],
    after: Sequence[str],
    names: Collection[str] = frozenset(),
    whose: Sequence[int] = (),
) -> Themes:
    """Tell what the texts of two periods are about and what changed between them.

    Words are those between blanks without those that say nothing (and pairs of them), and in Chinese
    those that `chinese.vocabulary` finds in these texts. Themes are the parts of a non-negative
    factorisation of TF-IDF (Lee and Seung 1999), a text's theme being its largest part. A change
    stands out by the likelihood ratio of the two shares (Dunning 1993), such that of those that are
    told FALSE_SHARE at most are expected to be chance (Benjamini and Hochberg 1995).

    Args:
        before: the texts of the earlier period; empty where nothing is to be compared.
        after: the texts of the later one.
        names: the folded words of people's names, which are no themes.
        whose: the customer of each text, earlier ones first; what fewer than MIN_TEXTS_WITH
            customers wrote is not told. Without it each text counts as somebody else's.
    """
    table = _table((*before, *after), len(before), names, whose)
    early, late = table.texts_with()
    few = len(before) + len(after) < MIN_TEXTS
    weights = weighted(table.counts, _idf(early + late, len(before) + len(after)))
    strength = np.asarray((table.counts if few else weights).sum(axis=0)).ravel()
    changes = [
        Change(term, int(first), int(second))
        for term, first, second in zip(table.terms, early, late, strict=True)
    ]
    common = [change for change in changes if change.before + change.after >= MIN_CHANGED]
    rising, falling = _changed(common, len(before), len(after))
    return Themes(
        texts_before=len(before),
        texts_after=len(after),
        keywords=tuple(changes[place] for place in _apart(table.terms, strength, KEYWORDS)),
        themes=() if few else _themes(table, weights),
        rising=rising,
        falling=falling,
        why=TOO_FEW_TEXTS if few else "",
    )


def _idf(texts_with: Ints, texts: int) -> Any:  # noqa: ANN401 - of single precision
    return (np.log((1 + texts) / (1 + texts_with)) + 1).astype(np.float32)


def _table(
    texts: Sequence[str], split_at: int, names: Collection[str], whose: Sequence[int]
) -> _Table:
    """Cut the texts into words and count those that enough people, but not most texts, have."""
    counted = [Counter(words) for words in cut_texts(texts, names)]
    people = whose or range(len(texts))
    having: dict[str, set[int]] = defaultdict(set)
    for person, text in zip(people, counted, strict=True):
        for term in text:
            having[term].add(person)
    common = Counter(term for text in counted for term in text)
    most = max(MAX_SHARE * len(texts), MIN_TEXTS_WITH)
    kept = [
        term
        for term, count in common.most_common()
        if len(having[term]) >= MIN_TEXTS_WITH and count <= most
    ][:MAX_TERMS]
    places = {term: place for place, term in enumerate(sorted(kept))}
    cells = [
        (row, places[term], count)
        for row, text in enumerate(counted)
        for term, count in text.items()
        if term in places
    ]
    rows, columns, numbers = zip(*cells, strict=True) if cells else ((), (), ())
    counts = sparse.csr_matrix(
        (np.array(numbers, dtype=np.float32), (rows, columns)), shape=(len(texts), len(places))
    )
    return _Table(tuple(places), counts, split_at)


def cut_texts(texts: Sequence[str], names: Collection[str] = frozenset()) -> list[list[str]]:
    """Cut texts into the words that tell something, without addresses, numbers and people's names."""
    plain = [_TITLED.sub(" ", _PRIVATE.sub(" ", text[:LENGTH])) for text in texts]
    hidden = frozenset(names) - _used_as_words(plain, names)
    cleaned = [list(_unnamed(split(text), hidden)) for text in plain]
    known = chinese.vocabulary([word for words in cleaned for word in words if is_cjk(word)])
    known = {word: count for word, count in known.items() if not word.endswith(_TITLES)}
    return [_words(words, known) for words in cleaned]


def is_private(text: str, names: Collection[str]) -> bool:
    """Tell whether a text has what is told of nobody: an address, a link, a number or a name."""
    if _PRIVATE.search(text) or _TITLED.search(text):
        return True
    return "" in _unnamed(split(text), names)


def _used_as_words(texts: Iterable[str], names: Collection[str]) -> frozenset[str]:
    """Give those names that are mostly written small, as no name is: bill, price, page."""
    small: Counter[str] = Counter()
    every: Counter[str] = Counter()
    for text in texts:
        found = {word: word.casefold() for word in set(_LETTERS.findall(text))}
        every.update({folded for folded in found.values() if folded in names})
        small.update(
            {folded for word, folded in found.items() if folded in names and word == folded}
        )
    return frozenset(
        name
        for name, count in every.items()
        if not is_cjk(name) and count >= PLAIN_NAME_TEXTS and small[name] >= PLAIN_NAME * count
    )


def _unnamed(words: Iterable[str], names: Collection[str]) -> Iterator[str]:
    """Give the words without names; a Chinese run is cut where a name stands in it.

    In the place of a name an empty word keeps its neighbours apart.
    """
    for word in words:
        if not is_cjk(word):
            yield "" if word in names else word
            continue
        begin = at = 0
        while at < len(word):
            sizes = range(min(chinese.LONGEST, len(word) - at), 1, -1)
            size = next((size for size in sizes if word[at : at + size] in names), 0)
            if size:
                yield from (word[begin:at], "")
                begin = at + size
            at += size or 1
        yield word[begin:]


def topics(
    texts: Sequence[str], whose: Sequence[int], told: Collection[str], names: Collection[str]
) -> dict[int, list[tuple[str, int]]]:
    """Give what each customer talks about: up to TOPICS of the told words, and in how many texts each is.

    The order is by that number, a word that fewer customers write counting more.

    Args:
        texts: as people wrote them.
        whose: the customer of each text.
        told: words that may be told, as `find_themes` found them.
        names: as there.
    """
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for customer, words in zip(whose, cut_texts(texts, names), strict=True):
        counts[customer].update(set(words) & set(told))
    writers = Counter(word for counter in counts.values() for word in counter)
    rare = {word: np.log(1 + len(counts) / writing) for word, writing in writers.items()}
    found = {customer: _most(counter, rare) for customer, counter in counts.items()}
    return {customer: words for customer, words in found.items() if words}


def _most(counts: Mapping[str, int], rare: Mapping[str, float]) -> list[tuple[str, int]]:
    """Give the words that say most of a customer, none that overlaps with a stronger one."""
    kept: list[tuple[str, int]] = []
    for word in sorted(counts, key=lambda word: (-counts[word] * rare[word], -len(word), word)):
        apart = not any(word in other or other in word for other, _count in kept)
        if counts[word] >= MIN_TOPIC_TEXTS and apart and len(kept) < TOPICS:
            kept.append((word, counts[word]))
    return kept


def _words(words: Sequence[str], known: dict[str, int]) -> list[str]:
    """Give the telling words of a text, and pairs of them that stand side by side."""
    found: list[str] = []
    plain = [None if not word or is_cjk(word) or _says_nothing(word) else word for word in words]
    for word in words:
        if word and is_cjk(word):
            found += chinese.cut(word, known)
    found += [word for word in plain if word]
    found += [f"{first} {second}" for first, second in pairwise(plain) if first and second]
    return found


def _says_nothing(word: str) -> bool:
    return len(word) < MIN_LENGTH or word in STOP_WORDS


def _apart(terms: Sequence[str], strength: Floats, count: int) -> list[int]:
    """Give the places of the strongest terms, without those that overlap with a stronger one."""
    said = strength * [PAIR if " " in term else 1.0 for term in terms]
    found: list[int] = []
    for place in np.argsort(-said, kind="stable").tolist():
        if len(found) == count or strength[place] <= 0:
            break
        told = [terms[each] for each in found]
        if not any(terms[place] in each or each in terms[place] for each in told):
            found.append(place)
    return found


def _name(terms: Sequence[str], component: Floats) -> tuple[str, ...]:
    """Name a theme by its strongest words."""
    heard = np.where(component >= NAME_SHARE * component.max(), component, 0.0)
    return tuple(terms[place] for place in _apart(terms, heard, NAME_WORDS))


def _changed(
    changes: Sequence[Change], texts_before: int, texts_after: int
) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """Give what rose and what fell by more than chance, the surest first."""
    before = np.array([change.before for change in changes], dtype=np.float64)
    after = np.array([change.after for change in changes], dtype=np.float64)
    chance = _chance(before, after, texts_before, texts_after)
    sure = _surely(chance)
    rose = after * texts_before > before * texts_after
    # Of words that always stand together the pair says more.
    order = sorted(
        range(len(changes)), key=lambda place: (chance[place], -len(changes[place].term))
    )
    rising = [changes[place] for place in order if sure[place] and rose[place]]
    falling = [changes[place] for place in order if sure[place] and not rose[place]]
    return _distinct(rising), _distinct(falling)


def _distinct(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Leave out words that overlap with an earlier one."""
    kept: list[Change] = []
    for change in changes:
        if not any(change.term in each.term or each.term in change.term for each in kept):
            kept.append(change)
    return tuple(kept)


def _chance(before: Floats, after: Floats, texts_before: int, texts_after: int) -> Floats:
    """Give the probability of so unlike shares if nothing had changed (G², one degree)."""
    if min(texts_before, texts_after) < MIN_PERIOD:
        return np.ones(len(before))
    share = (before + after) / (texts_before + texts_after)
    found = np.zeros(len(before))
    for seen, texts in ((before, texts_before), (after, texts_after)):
        for part, expected in ((seen, share * texts), (texts - seen, (1 - share) * texts)):
            found += 2 * part * np.log(np.where(part > 0, part, 1.0) / np.maximum(expected, 1e-300))
    return np.asarray(chi2.sf(np.maximum(found, 0.0), 1), dtype=np.float64)


def _surely(chance: Floats) -> Flags:
    """Tell which findings to keep so that FALSE_SHARE of them at most is expected to be chance."""
    size = len(chance)
    limits = FALSE_SHARE * np.arange(1, size + 1) / max(size, 1)
    passed = np.flatnonzero(np.sort(chance) <= limits)
    limit = limits[passed[-1]] if len(passed) else -1.0
    return np.asarray(chance <= limit, dtype=np.bool_)


def _themes(table: _Table, weights: Any) -> tuple[Theme, ...]:  # noqa: ANN401 - as SciPy's
    """Take the weights apart into themes, and count whose texts they are."""
    count = min(MAX_THEMES, weights.shape[0] // TEXTS_PER_THEME + 1, weights.shape[1])
    if count == 0:
        return ()
    with one_thread():
        model = NMF(count, init="nndsvda", random_state=SEED, tol=1e-3, max_iter=1_000)
        parts = model.fit_transform(weights)
    lengths = np.linalg.norm(model.components_, axis=1)
    strength = parts * lengths
    main = np.where(strength.max(axis=1) >= MIN_STRENGTH, strength.argmax(axis=1), -1)
    early = np.bincount(main[: table.split_at] + 1, minlength=count + 1)[1:].astype(np.float64)
    late = np.bincount(main[table.split_at :] + 1, minlength=count + 1)[1:].astype(np.float64)
    texts_before, texts_after = table.split_at, len(main) - table.split_at
    sure = _surely(_chance(early, late, texts_before, texts_after))
    rose = late * texts_before > early * texts_after
    found = [
        Theme(
            words=_name(table.terms, component),
            before=int(early[number]),
            after=int(late[number]),
            trend=STEADY if not sure[number] else RISING if rose[number] else FALLING,
            examples=tuple(np.argsort(-strength[:, number], kind="stable")[:EXAMPLES].tolist()),
        )
        for number, component in enumerate(model.components_)
        if early[number] + late[number] > 0
    ]
    return tuple(sorted(found, key=lambda theme: (-theme.after, -theme.before, theme.words)))
