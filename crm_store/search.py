"""The search index over companies, contacts, deals and tickets: finding, and keeping it right.

How text becomes tokens is in `crm_store/words.py`; the order of what was found is in
`crm_store/ranking.py`.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import event, inspect
from sqlalchemy.orm import Session, sessionmaker

from crm_store import ranking
from crm_store.models import (
    Company,
    Contact,
    ContactEmail,
    ContactPhone,
    Deal,
    Tag,
    Ticket,
    TicketStatus,
)
from crm_store.ranking import Entry
from crm_store.words import key, needed_tokens, phone_digits, readings, split, tokens

__all__ = [
    "KINDS",
    "Hit",
    "find",
    "index_rows",
    "key",
    "listen",
    "rebuild",
    "suggest",
    "titled",
]

KINDS = ("company", "contact", "deal", "ticket")
CANDIDATES = 300
_BY_TITLE = 20
# Near spellings are looked for where fewer hits than this were found and none is as good as that.
_WANTED = 3
_GOOD = 0.65
_PAGE = 500
_SHIFT = 48
_TITLE_LENGTH = 200
_TEXT_LENGTH = 2_000
_LAST = "\U0010ffff"

_MODELS: dict[str, Any] = {"company": Company, "contact": Contact, "deal": Deal, "ticket": Ticket}
# What is in the index, and the attributes whose change makes it stale.
_WATCHED: dict[type[Any], tuple[str, ...]] = {
    Company: ("name", "city", "external_id", "deleted_at"),
    Contact: ("name", "company_id", "external_id", "deleted_at"),
    Deal: ("title", "company_id", "contact_id", "external_id", "deleted_at", "closed_at"),
    Ticket: ("subject", "text", "company_id", "contact_id", "external_id", "deleted_at", "status"),
    ContactEmail: ("email", "contact_id"),
    ContactPhone: ("phone", "contact_id"),
    Tag: ("name", "kind", "record_id"),
}


@dataclass(frozen=True, slots=True)
class Hit:
    """A record that was found; `score` is 1 for the very name and below .5 for a near spelling."""

    kind: str
    record_id: int
    score: float


class _Document(NamedTuple):
    open: int
    title: str
    body: str


def find(
    session: Session,
    words: str,
    kinds: Sequence[str] | None = None,
    limit: int = 20,
    offset: int = 0,
) -> list[Hit]:
    """Return the records that have every one of `words`, the best first.

    Order: the whole name, its beginning, whole words, beginnings of words, parts of words, then
    near spellings where little else was found; among equals open before closed, then by kind, then
    the newest first. Names are looked through completely; of other matches the newest
    `CANDIDATES`, shared evenly by the kinds. Any text is safe: none of it is query syntax.
    """
    hits = _ranked(session, words, tuple(kinds or KINDS), _WANTED, _GOOD)
    return hits[offset : offset + limit]


def suggest(session: Session, kind: str, text: str, limit: int) -> list[Hit]:
    """Return the records of one kind whose name is like `text`, typing errors included."""
    return _ranked(session, text, (kind,), limit, 1, title_only=True)[:limit]


def titled(session: Session, kind: str, titles: Sequence[str], limit: int) -> list[int]:
    """Return the numbers of the records of one kind whose folded name is one of `titles`, the oldest first."""
    catch_up(session)
    query = sa.text(_TITLED).bindparams(sa.bindparam("titles", expanding=True))
    given = {"kind": KINDS.index(kind), "titles": list(titles), "limit": limit}
    return [_parts(number)[1] for number in session.scalars(query, given)]


_TITLED = """
SELECT id FROM search_entries WHERE kind = :kind AND title IN :titles ORDER BY id LIMIT :limit
"""


def index_rows(session: Session, kind: str, ids: Iterable[int]) -> None:
    """Make the index say what the records say; for writes that do not pass the session's events.

    Records that are deleted, also softly, leave the index.
    """
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), _PAGE):
        _index_page(session, kind, wanted[start : start + _PAGE])


def rebuild(session: Session, progress: Callable[[int, int], None]) -> None:
    """Build the whole index anew; `progress` is told how many records of how many are in."""
    _clear(session)
    total = sum(_count(session, kind) for kind in KINDS)
    done = 0
    for kind in KINDS:
        for ids in _pages(session, kind):
            index_rows(session, kind, ids)
            done += len(ids)
            progress(done, total)
    for statement in _SQLITE_SETTLE if _on_sqlite(session) else _POSTGRESQL_SETTLE:
        session.execute(sa.text(statement))


def listen(sessions: sessionmaker[Session]) -> None:
    """Keep the index right for every session that `sessions` makes: one batch per transaction."""
    event.listen(sessions, "after_flush", _collect)
    event.listen(sessions, "before_commit", catch_up)


# Reading


def _ranked(
    session: Session,
    text: str,
    kinds: tuple[str, ...],
    wanted: int,
    good: float,
    *,
    title_only: bool = False,
) -> list[Hit]:
    ways = readings(text)
    if not ways:
        return []
    catch_up(session)
    exact = [[token for word in way for token in needed_tokens(word)] for way in ways]
    entries = _candidates(session, kinds, exact, " ".join(ways[0]))
    scored = ranking.matches(ways, entries, title_only=title_only)
    if len(scored) < wanted and max(scored.values(), default=0) < good:
        scored = _near(session, kinds, ways[0], title_only=title_only) | scored
    return [Hit(*_parts(entry.id), score) for entry, score in ranking.in_order(scored)]


def _near(
    session: Session, kinds: tuple[str, ...], words: list[str], *, title_only: bool
) -> dict[Entry, float]:
    """Return entries with a slip in one place, or, if there are none, in two."""
    for left_whole in ranking.typo_tokens(words):
        entries = _candidates(session, kinds, left_whole, "")
        if scored := ranking.near_matches(words, entries, title_only=title_only):
            return scored
    return {}


def _candidates(
    session: Session, kinds: tuple[str, ...], alternatives: list[list[str]], title: str
) -> list[Entry]:
    """Return entries that have all tokens of one of the alternatives or a title beginning so."""
    on_sqlite = _on_sqlite(session)
    statement = _candidates_sql(kinds, bool(title), on_sqlite)
    query = (_fts5_query if on_sqlite else _tsquery)(alternatives)
    given = {"query": query, "title": title, "title_end": title + _LAST}
    names = given if title else ["query"]
    rows = session.execute(statement, {name: given[name] for name in names})
    return [Entry(*row) for row in rows]


@functools.cache
def _candidates_sql(kinds: tuple[str, ...], with_title: bool, on_sqlite: bool) -> sa.TextClause:  # noqa: FBT001 - keys of the cache
    share = CANDIDATES // len(kinds)
    parts = []
    for kind in kinds:
        low, high = _range(kind)
        by_token = _SQLITE_HITS if on_sqlite else _POSTGRESQL_HITS
        parts.append(by_token.format(low=low, high=high, limit=share))
        if with_title:
            parts.append(_BY_TITLE_SQL.format(kind=KINDS.index(kind), limit=_BY_TITLE))
    wrapped = " UNION ".join(f"SELECT * FROM ({part}) AS part" for part in parts)  # noqa: S608 - of constants
    # The query stands in the statement as a quoted literal: PostgreSQL then plans with its
    # statistics, and takes the index for rare tokens and the newest rows for common ones.
    query = sa.bindparam("query", type_=sa.String(), literal_execute=not on_sqlite)
    return sa.text(wrapped).bindparams(query)


# CROSS JOIN keeps the order of the tables: first the tokens, then the rows.
_SQLITE_HITS = """
SELECT id, open, title, body FROM search_tokens CROSS JOIN search_entries
ON search_entries.id = search_tokens.rowid
WHERE search_tokens MATCH :query AND search_tokens.rowid BETWEEN {low} AND {high}
ORDER BY search_tokens.rowid DESC LIMIT {limit}
"""
_POSTGRESQL_HITS = """
SELECT id, open, title, body FROM search_entries
WHERE tokens @@ CAST(:query AS tsquery) AND id BETWEEN {low} AND {high}
ORDER BY id DESC LIMIT {limit}
"""
_BY_TITLE_SQL = """
SELECT id, open, title, body FROM search_entries
WHERE kind = {kind} AND title >= :title AND title < :title_end ORDER BY title, id DESC LIMIT {limit}
"""


def _fts5_query(alternatives: list[list[str]]) -> str:
    # Tokens hold letters, digits and the mark of a beginning only: nothing in them needs escaping.
    return " OR ".join(
        "(" + " AND ".join(f'"{token}"' for token in tokens_) + ")" for tokens_ in alternatives
    )


def _tsquery(alternatives: list[list[str]]) -> str:
    return " | ".join(
        "(" + " & ".join(f"'{token}'" for token in tokens_) + ")" for tokens_ in alternatives
    )


# Keeping the index right


def _collect(session: Session, _context: object) -> None:
    stale = session.info.setdefault("search", set())
    for row in session.new:
        stale.update(_stale(row))
    for row in session.deleted:
        stale.update(_stale(row))
    for row in session.dirty:
        watched = _WATCHED.get(type(row), ())
        changed = {name for name in watched if inspect(row).attrs[name].history.has_changes()}
        if changed:
            stale.update(_stale(row))
        if "name" in changed and isinstance(row, Company | Contact):
            stale.add((f"{_kind(row)} name", row.id))


def _stale(row: object) -> Iterator[tuple[str, int]]:
    if isinstance(row, ContactEmail | ContactPhone):
        yield "contact", row.contact_id
    elif isinstance(row, Tag):
        yield row.kind, row.record_id
    elif isinstance(row, Company | Contact | Deal | Ticket):
        yield _kind(row), row.id


def _kind(row: Company | Contact | Deal | Ticket) -> str:
    return next(kind for kind, model in _MODELS.items() if isinstance(row, model))


def catch_up(session: Session) -> None:
    """Put what the session has changed into the index."""
    session.flush()
    stale = session.info.pop("search", None)
    if not stale:
        return
    by_kind: dict[str, set[int]] = defaultdict(set)
    for kind, record_id in stale:
        by_kind[kind].add(record_id)
    for renamed in ("company", "contact"):
        _add_bearers(session, renamed, by_kind)
    for kind in KINDS:
        index_rows(session, kind, by_kind[kind])


def _add_bearers(session: Session, renamed: str, by_kind: dict[str, set[int]]) -> None:
    """Add the records that carry the name of a renamed company or contact in their text."""
    ids = by_kind[f"{renamed} name"]
    for kind, model in _MODELS.items():
        column = getattr(model, f"{renamed}_id", None)
        if ids and column is not None:
            by_kind[kind].update(session.scalars(sa.select(model.id).where(column.in_(ids))))


def _index_page(session: Session, kind: str, ids: list[int]) -> None:
    # First the old rows, locked: two transactions that change one record then index it in turn.
    old = _old_documents(session, kind, ids)
    new = _documents(session, kind, ids)
    gone = {id_: document for id_, document in old.items() if new.get(id_) != document}
    fresh = {id_: document for id_, document in new.items() if old.get(id_) != document}
    write = _write_sqlite if _on_sqlite(session) else _write_postgresql
    write(session, kind, gone, fresh)


def _old_documents(session: Session, kind: str, ids: list[int]) -> dict[int, _Document]:
    numbers = [_number(kind, id_) for id_ in ids]
    lock = "" if _on_sqlite(session) else " ORDER BY id FOR UPDATE"
    statement = _OLD + lock
    query = sa.text(statement).bindparams(sa.bindparam("ids", expanding=True))
    rows = session.execute(query, {"ids": numbers})
    return {_parts(number)[1]: _Document(*document) for number, *document in rows}


_OLD = "SELECT id, open, title, body FROM search_entries WHERE id IN :ids"


def _documents(session: Session, kind: str, ids: list[int]) -> dict[int, _Document]:
    bodies: dict[int, list[str]] = defaultdict(list)
    for record_id, is_phone, text in session.execute(_more_text(kind, ids)):
        bodies[record_id].append(phone_digits(text) if is_phone else text)
    documents = {}
    for record_id, is_open, title, *others in session.execute(_main_text(kind, ids)):
        # The parts are cut into words together: a space is between them as between words.
        body = " ".join(filter(None, [*others, *bodies[record_id]]))
        documents[record_id] = _Document(
            int(is_open), " ".join(split(title))[:_TITLE_LENGTH].rstrip(), " ".join(split(body))
        )
    return documents


def _main_text(kind: str, ids: list[int]) -> sa.Select[Any]:
    model = _MODELS[kind]
    columns, joins = _COLUMNS[kind]
    query = sa.select(model.id, *columns).where(model.id.in_(ids), model.deleted_at.is_(None))
    for other, reference in joins:
        query = query.outerjoin(other, other.id == reference)
    return query


_COLUMNS: dict[str, tuple[tuple[Any, ...], tuple[tuple[Any, Any], ...]]] = {
    "company": ((sa.literal(1), Company.name, Company.city, Company.external_id), ()),
    "contact": (
        (sa.literal(1), Contact.name, Company.name, Contact.external_id),
        ((Company, Contact.company_id),),
    ),
    "deal": (
        (Deal.closed_at.is_(None), Deal.title, Company.name, Contact.name, Deal.external_id),
        ((Company, Deal.company_id), (Contact, Deal.contact_id)),
    ),
    "ticket": (
        (
            Ticket.status.not_in([TicketStatus.SOLVED, TicketStatus.CLOSED]),
            Ticket.subject,
            sa.func.substr(Ticket.text, 1, _TEXT_LENGTH),
            Company.name,
            Contact.name,
            Ticket.external_id,
        ),
        ((Company, Ticket.company_id), (Contact, Ticket.contact_id)),
    ),
}


def _more_text(kind: str, ids: list[int]) -> sa.Executable:
    tags = sa.select(Tag.record_id, sa.literal(0), Tag.name).where(
        Tag.kind == kind, Tag.record_id.in_(ids)
    )
    if kind != "contact":
        return tags
    emails = sa.select(ContactEmail.contact_id, sa.literal(0), ContactEmail.email)
    phones = sa.select(ContactPhone.contact_id, sa.literal(1), ContactPhone.phone)
    return sa.union_all(
        emails.where(ContactEmail.contact_id.in_(ids)),
        phones.where(ContactPhone.contact_id.in_(ids)),
        tags,
    )


def _write_sqlite(
    session: Session, kind: str, gone: dict[int, _Document], fresh: dict[int, _Document]
) -> None:
    # Straight to the driver, whose parameters look the same: nothing is built anew for each row.
    write = session.connection().exec_driver_sql
    # The index keeps no text of its own, so it is told what to forget.
    if old := [_row(kind, *item) for item in gone.items()]:
        write(_FTS5_FORGET, old)
        write(_FORGET, old)
    if new := [_row(kind, *item) for item in fresh.items()]:
        write(_SQLITE_KEEP, new)
        write(_FTS5_KEEP, new)


def _write_postgresql(
    session: Session, kind: str, gone: dict[int, _Document], fresh: dict[int, _Document]
) -> None:
    if old := [{"id": _number(kind, id_)} for id_ in gone if id_ not in fresh]:
        session.execute(sa.text(_FORGET), old)
    if rows := [_row(kind, *item) for item in fresh.items()]:
        # One statement with the columns as arrays takes half the time of a statement for each row.
        session.execute(_POSTGRESQL_KEEP, {name: [row[name] for row in rows] for name in rows[0]})


_FTS5_FORGET = (
    "INSERT INTO search_tokens (search_tokens, rowid, tokens) VALUES ('delete', :id, :tokens)"
)
_FTS5_KEEP = "INSERT INTO search_tokens (rowid, tokens) VALUES (:id, :tokens)"
_FORGET = "DELETE FROM search_entries WHERE id = :id"
_SQLITE_KEEP = (
    "INSERT INTO search_entries (id, kind, open, title, body)"
    " VALUES (:id, :kind, :open, :title, :body)"
)
_POSTGRESQL_KEEP = sa.text("""
INSERT INTO search_entries (id, kind, open, title, body, tokens)
SELECT id, kind, open, title, body, array_to_tsvector(string_to_array(tokens, ' '))
FROM unnest(
    CAST(:id AS bigint[]), CAST(:kind AS int[]), CAST(:open AS int[]), CAST(:title AS text[]),
    CAST(:body AS text[]), CAST(:tokens AS text[])
) AS fresh (id, kind, open, title, body, tokens)
ON CONFLICT (id) DO UPDATE SET open = excluded.open, title = excluded.title,
body = excluded.body, tokens = excluded.tokens
""")
# After many writes: merge what was written in parts, and count what the planner goes by.
_SQLITE_SETTLE = ("INSERT INTO search_tokens (search_tokens) VALUES ('optimize')",)
_POSTGRESQL_SETTLE = (
    "SELECT gin_clean_pending_list('ix_search_entries_tokens')",
    "ANALYZE search_entries",
)


def _row(kind: str, record_id: int, document: _Document) -> dict[str, Any]:
    return {
        "id": _number(kind, record_id),
        "kind": KINDS.index(kind),
        "tokens": " ".join(sorted(tokens(f"{document.title} {document.body}".split()))),
        **document._asdict(),
    }


def _clear(session: Session) -> None:
    session.execute(sa.text("DELETE FROM search_entries"))
    if _on_sqlite(session):
        session.execute(sa.text("INSERT INTO search_tokens (search_tokens) VALUES ('delete-all')"))


def _count(session: Session, kind: str) -> int:
    model = _MODELS[kind]
    query = sa.select(sa.func.count()).select_from(model).where(model.deleted_at.is_(None))
    return session.execute(query).scalar_one()


def _pages(session: Session, kind: str) -> Iterator[list[int]]:
    model = _MODELS[kind]
    last = 0
    while True:
        query = sa.select(model.id).where(model.id > last, model.deleted_at.is_(None))
        ids = list(session.scalars(query.order_by(model.id).limit(_PAGE)))
        if not ids:
            return
        yield ids
        last = ids[-1]


def _number(kind: str, record_id: int) -> int:
    return (KINDS.index(kind) << _SHIFT) + record_id


def _parts(number: int) -> tuple[str, int]:
    return KINDS[number >> _SHIFT], number & ((1 << _SHIFT) - 1)


def _range(kind: str) -> tuple[int, int]:
    low = KINDS.index(kind) << _SHIFT
    return low, low + (1 << _SHIFT) - 1


def _on_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"
