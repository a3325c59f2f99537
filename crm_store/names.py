"""Which words of a sentence are the names of records; finding records by what people type is `search`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from crm_store import search
from crm_store.store import Session
from crm_store.words import split


def exactly(session: Session, names: Iterable[str]) -> dict[str, list[str]]:
    """Return which of `names` are the very name of records, and of what kinds."""
    folded = {name: " ".join(split(name)) for name in names}
    search.catch_up(session)
    rows = session.execute(_NAMED, {"titles": [title for title in folded.values() if title]})
    kinds: dict[str, set[str]] = defaultdict(set)
    for number, title in rows:
        kinds[title].add(search.KINDS[number])
    return {name: sorted(kinds[title]) for name, title in folded.items() if title in kinds}


_NAMED = sa.text(
    "SELECT DISTINCT kind, title FROM search_entries WHERE kind IN (0, 1, 2, 3) AND title IN :titles"
).bindparams(sa.bindparam("titles", expanding=True))


def begun(session: Session, words: Sequence[str]) -> dict[str, list[str]]:
    """Return which of `words` are the first word of the name of companies or contacts, and of which of both."""
    found: dict[str, set[str]] = defaultdict(set)
    folded = {word: " ".join(split(word)) for word in words}
    for word, start in folded.items():
        if start:
            rows = session.execute(_BEGUN, {"first": f"{start} ", "last": f"{start}!"})
            found[word].update(search.KINDS[number] for (number,) in rows)
    return {word: sorted(kinds) for word, kinds in found.items() if kinds}


_BEGUN = sa.text(
    "SELECT DISTINCT kind FROM search_entries WHERE kind IN (0, 1) AND title >= :first AND title < :last"
)
