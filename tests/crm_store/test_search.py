"""Finding records by what somebody typed, and an index that says what the records say."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_store import audit, search
from crm_store.models import (
    Company,
    Contact,
    ContactEmail,
    ContactPhone,
    Deal,
    Stage,
    Tag,
    Ticket,
    TicketStatus,
)
from crm_store.search import Hit, find, index_rows, rebuild, suggest
from crm_store.store import Actor, Session, Store
from crm_store.words import readings

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
_calls = itertools.count()

HOSTILE = [
    "'", "''", '"', "%", "_", "%%%%%%%%%%", "\\", "'; DROP TABLE contact;--", "' OR '1'='1",
    "') UNION SELECT token FROM secret--", "1; SELECT pg_sleep(10)", "AND", "OR OR", "NOT",
    "a NEAR(", "NEAR(a b, 999999999)", "*", "a*", "^a", "-ann", "email:ann", "{email name}:ann",
    "(((((", ")", "a:b:c", "& | ! <->", "':*", "\0", "a\0b", "\ud800", "%(query)s", ":query", "?",
    "$1", "ann'", "'ann' & !'ben'", "\u202eann", "ｓｍｉｔｈ'--", "", " ", "\u200b", "a" * 5_000,
    "退款 " * 2_000, "-" * 5_000, "1" * 5_000, "ann " * 500,
]  # fmt: skip


def actor() -> Actor:
    return Actor(None, "test", "test", f"call-{next(_calls)}")


def contact(name: str, company: Company | None = None, **points: str) -> Contact:
    made = Contact(name=name, name_key=search.key(name), company=company, created_at=NOW)
    made.emails = [ContactEmail(email=points["email"])] if "email" in points else []
    made.phones = [ContactPhone(phone=points["phone"])] if "phone" in points else []
    return made


def company(name: str, city: str | None = None, external_id: str | None = None) -> Company:
    key = search.key(name)
    return Company(name=name, name_key=key, city=city, external_id=external_id, created_at=NOW)


def deal(session: Session, title: str, **more: Any) -> Deal:
    stage = session.scalars(sa.select(Stage).order_by(Stage.position)).first()
    days = {"opened_on": NOW.date(), "last_activity_at": NOW, "created_at": NOW}
    return Deal(title=title, stage=stage, currency="EUR", **days, **more)


def ticket(subject: str, text: str = "", **more: Any) -> Ticket:
    return Ticket(subject=subject, text=text, created_at=NOW, **more)


def add(store: Store, *records: object) -> None:
    with store.transaction(actor()) as session:
        session.add_all(records)


def found(store: Store, words: str, kinds: Sequence[str] | None = None) -> list[tuple[str, int]]:
    with store.reading() as session:
        return [(hit.kind, hit.record_id) for hit in find(session, words, kinds)]


def entries(session: Session) -> list[tuple[Any, ...]]:
    rows = session.execute(sa.text("SELECT id, open, title, body FROM search_entries ORDER BY id"))
    return [tuple(row) for row in rows]


@pytest.fixture
def ann(store: Store) -> Contact:
    """Ann Smith of Müller & Söhne, who can be reached."""
    sons = company("Müller & Söhne GmbH", "Zürich", "K-1007")
    ann = contact("Ann Smith", sons, email="ann@shop.example", phone="+491512345678;ext=12")
    add(store, ann)
    return ann


def test_a_contact_is_found_by_parts_of_name_company_address_and_number(
    store: Store, ann: Contact
) -> None:
    for words in (
        "Ann Smith", "smith ann", "ANN", "a", "an", "smi", "mith", "ann@shop.example", "shop.ex",
        "+49 151 2345678", "0151 / 234 56 78", "0151-2345", "+49 (0)151 23456", "5678", "müller",
        "MULLER", "Ａｎｎ", "ann muller",
    ):  # fmt: skip
        assert ("contact", ann.id) in found(store, words), words


def test_a_company_is_found_by_parts_of_name_city_and_foreign_number(
    store: Store, ann: Contact
) -> None:
    for words in ("Zürich", "zurich", "k-1007", "sohne", "Müller & Söhne GmbH"):
        assert found(store, words)[0] == ("company", ann.company_id), words


def test_words_that_no_record_has_find_nothing(store: Store, ann: Contact) -> None:
    for words in ("annx smithy berlin", "qqq", "@", "mueller xyz", "0160 999"):
        assert found(store, words) == [], words


def test_chinese_japanese_and_korean_words_are_found_in_the_middle_of_a_text(store: Store) -> None:
    made = ticket("我要退款处理", "营业部王小明 テスト 김민수")
    add(store, made)
    for words in ("退款", "款处", "退", "营业部", "王小明", "小明", "ﾃｽﾄ", "テスト", "김", "민수"):
        assert found(store, words) == [("ticket", made.id)], words


def test_a_name_with_a_slip_suggests_the_one_that_was_meant(store: Store, ann: Contact) -> None:
    add(store, contact("Katarzyna"), contact("王小明"), contact("Bob Jones"), company("Acme"))
    for kind, words, wanted in (
        ("contact", "anm smith", ["Ann Smith"]),
        ("contact", "ann smiht", ["Ann Smith"]),
        ("contact", "an smth", ["Ann Smith"]),
        ("contact", "annsmith", ["Ann Smith"]),
        ("contact", "katarzina", ["Katarzyna"]),
        ("contact", "王小名", ["王小明"]),
        ("company", "Muler Sohne", ["Müller & Söhne GmbH"]),
        ("company", "Maier Sohne", []),
    ):
        with store.reading() as session:
            hits = suggest(session, kind, words, 5)
            model: type[Any] = Contact if kind == "contact" else Company
            assert [session.get_one(model, hit.record_id).name for hit in hits] == wanted, words
        assert all(hit.score < 0.5 for hit in hits)


def test_suggestions_look_at_names_only(store: Store, ann: Contact) -> None:
    with store.reading() as session:
        assert suggest(session, "contact", "müller", 5) == []
        assert suggest(session, "contact", "Ann Smith", 5) == [Hit("contact", ann.id, 1.0)]


def test_the_better_match_comes_first_then_open_then_new(store: Store) -> None:
    with store.transaction(actor()) as session:
        order = [
            deal(session, "Berg"),
            deal(session, "Berg Renewal"),
            deal(session, "The Berg"),
            deal(session, "A Bergen tour"),
            deal(session, "Newer Steinberg"),
            deal(session, "Steinberg"),
            deal(session, "Steinberg", closed_at=NOW),
        ]
        session.add_all(reversed(order))
        session.flush()
        by_score = [(hit.kind, hit.record_id) for hit in find(session, "berg")]
        assert by_score == [("deal", one.id) for one in order]


def test_the_whole_name_is_first_even_when_hundreds_of_newer_records_match(store: Store) -> None:
    first = company("Li")
    add(store, first)
    add(store, *(company(f"Lima {number}") for number in range(400)))
    assert found(store, "li")[0] == ("company", first.id)


def test_pages_follow_each_other_without_gaps(store: Store) -> None:
    add(store, *(contact(f"Ann {number}") for number in range(45)))
    with store.reading() as session:
        pages = [find(session, "ann", limit=20, offset=offset) for offset in (0, 20, 40)]
    assert [len(page) for page in pages] == [20, 20, 5]
    assert len({hit.record_id for page in pages for hit in page}) == 45


def test_only_the_wanted_kinds_are_found(store: Store, ann: Contact) -> None:
    assert {kind for kind, _ in found(store, "muller")} == {"company", "contact"}
    assert found(store, "muller", ["contact"]) == [("contact", ann.id)]


def test_hostile_text_finds_something_or_nothing_but_never_fails(
    store: Store, ann: Contact
) -> None:
    for words in HOSTILE:
        found(store, words)
        with store.reading() as session:
            suggest(session, "contact", words, 5)
        add(store, contact(words.replace("\0", "").replace("\ud800", "")))


@settings(max_examples=150)
@given(st.text(max_size=60))
def test_any_text_may_be_searched(sqlite_store: Store, postgresql_store: Store, words: str) -> None:
    assert found(sqlite_store, words) == found(postgresql_store, words) == []


@settings(max_examples=60)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30))
def test_a_record_is_found_by_its_own_name(sqlite_store: Store, name: str) -> None:
    made = contact(name)
    add(sqlite_store, made)
    hits = found(sqlite_store, name, ["contact"])
    assert not readings(name) or ("contact", made.id) in hits


def test_both_databases_find_the_same_in_the_same_order(
    sqlite_store: Store, postgresql_store: Store
) -> None:
    chance = random.Random(7)
    queries = [*_fill_and_ask(sqlite_store), "ann", "a", "王", "伟", "example", "4915", "renewl"]
    assert queries[:-7] == _fill_and_ask(postgresql_store)
    for query in queries:
        kinds = chance.choice([None, ["contact"], ["deal", "ticket"], ["company"]])
        with sqlite_store.reading() as one, postgresql_store.reading() as other:
            hits = find(one, query, kinds, limit=300)
            assert hits == find(other, query, kinds, limit=300), query
            assert suggest(one, "contact", query, 5) == suggest(other, "contact", query, 5), query


def _fill_and_ask(store: Store) -> list[str]:
    chance = random.Random(8)
    last = ["Smith", "Müller", "Kowalska", "Ivanova", "O'Brien", "Smithers", "Schmidt", "王", "李"]
    first = ["Ann", "Anna", "Hanna", "Bob", "小明", "伟", "Dmitri", "Zoë"]
    names = [f"{chance.choice(first)} {chance.choice(last)} {n % 37}" for n in range(1_500)]
    with store.transaction(actor()) as session:
        companies = [company(f"{chance.choice(last)} {n} GmbH", "Berlin") for n in range(100)]
        people = [
            contact(name, chance.choice(companies), email=f"p{n}@example.com", phone=f"+49151{n}")
            for n, name in enumerate(names)
        ]
        session.add_all(companies)
        session.add_all(people)
        session.flush()
        for number in range(200):
            session.add(deal(session, f"Renewal {number}", contact=chance.choice(people)))
            session.add(ticket("退款 late", names[number], company=chance.choice(companies)))
    with store.transaction(actor()) as session:
        session.execute(sa.text("ANALYZE"))
    cut = [name[chance.randrange(3) : -chance.randrange(1, 4)] for name in names[:40]]
    slips = [name[:2] + name[3] + name[2] + name[4:] for name in names[40:80]]
    return cut + slips


def test_a_search_reads_the_index_and_not_the_tables(store: Store) -> None:
    _fill_and_ask(store)
    if not store.is_sqlite:
        with store.transaction(actor()) as session:
            # Enough rows that the planner has a choice to make.
            session.execute(sa.text(_MORE_ROWS))
            session.execute(sa.text("SELECT gin_clean_pending_list('ix_search_entries_tokens')"))
            session.execute(sa.text("ANALYZE search_entries"))
    for query in ("kowals", "王小明", "+49 151 1499", "smiht", "zzzz"):
        plan = _plan(store, query)
        if store.is_sqlite:
            assert "VIRTUAL TABLE INDEX" in plan
            assert "SCAN search_entries" not in plan
        else:
            assert "ix_search_entries_tokens" in plan
            assert "Seq Scan" not in plan


_MORE_ROWS = """
INSERT INTO search_entries (id, kind, open, title, body, tokens)
SELECT id + 1000000 * copy, kind, open, title || copy, body,
array_to_tsvector(ARRAY['^c', 'c' || copy || 'x' || id])
FROM search_entries, generate_series(1, 25) AS copy
"""


def _plan(store: Store, query: str) -> str:
    statements: list[tuple[str, Any]] = []
    sa.event.listen(
        store.engine, "before_cursor_execute", lambda *call: statements.append(call[2:4])
    )
    with store.reading() as session:
        find(session, query, ["contact"])
        explain = "EXPLAIN QUERY PLAN " if store.is_sqlite else "EXPLAIN "
        asked = [pair for pair in statements if "search_entries" in pair[0]]
        connection = session.connection()
        plans = [connection.exec_driver_sql(explain + line, given) for line, given in asked]
        return "\n".join(str(row) for plan in plans for row in plan)


def test_a_renamed_company_is_found_by_its_new_name_with_its_people_and_matters(
    store: Store, ann: Contact
) -> None:
    with store.transaction(actor()) as session:
        matter = ticket("Broken door", company_id=ann.company_id)
        sale = deal(session, "New door", company_id=ann.company_id)
        session.add_all([matter, sale])
    with store.transaction(actor()) as session:
        session.get_one(Company, ann.company_id).name = "Huber AG"
    everything = {
        ("company", ann.company_id),
        ("contact", ann.id),
        ("deal", sale.id),
        ("ticket", matter.id),
    }
    assert set(found(store, "huber")) == everything
    assert found(store, "müller") == []


def test_a_deleted_record_is_gone_and_a_restored_one_is_back(store: Store, ann: Contact) -> None:
    with store.transaction(actor()) as session:
        session.get_one(Contact, ann.id).deleted_at = NOW
    assert found(store, "ann") == found(store, "anm smith") == []
    with store.transaction(actor()) as session:
        session.get_one(Contact, ann.id).deleted_at = None
    assert found(store, "ann") == [("contact", ann.id)]


def test_a_record_that_is_removed_for_good_is_gone(store: Store, ann: Contact) -> None:
    with store.transaction(actor()) as session:
        session.delete(session.get_one(Contact, ann.id))
    assert found(store, "ann") == []


def test_an_address_that_is_taken_away_no_longer_finds(store: Store, ann: Contact) -> None:
    with store.transaction(actor()) as session:
        session.get_one(Contact, ann.id).emails = [ContactEmail(email="a.smith@new.example")]
    assert found(store, "shop.example") == []
    assert found(store, "new.example") == [("contact", ann.id)]


def test_tags_find_their_record_until_they_are_taken_off(store: Store, ann: Contact) -> None:
    tag = Tag(kind="contact", record_id=ann.id, name="Messe2026")
    add(store, tag)
    assert found(store, "messe") == [("contact", ann.id)]
    with store.transaction(actor()) as session:
        session.delete(session.get_one(Tag, tag.id))
    assert found(store, "messe") == []


def test_an_undone_change_is_undone_in_the_index(store: Store, ann: Contact) -> None:
    rename = actor()
    with store.transaction(rename) as session:
        session.get_one(Contact, ann.id).name = "Berta"
    assert found(store, "berta") == [("contact", ann.id)]
    with store.transaction(actor()) as session:
        audit.undo(session, rename.call, NOW)
    assert found(store, "berta") == []
    assert found(store, "smith") == [("contact", ann.id)]


def test_a_change_that_fails_leaves_the_index_as_it_was(store: Store, ann: Contact) -> None:
    def rename_and_fail(session: Session) -> None:
        session.get_one(Contact, ann.id).name = "Berta"
        assert find(session, "berta")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), store.transaction(actor()) as session:
        rename_and_fail(session)
    assert found(store, "berta") == []
    assert found(store, "smith") == [("contact", ann.id)]


def test_a_closed_deal_comes_after_an_open_one(store: Store) -> None:
    with store.transaction(actor()) as session:
        old, new = deal(session, "Roof"), deal(session, "Roof")
        session.add(old)
        session.flush()
        session.add(new)
    assert found(store, "roof") == [("deal", new.id), ("deal", old.id)]
    with store.transaction(actor()) as session:
        session.get_one(Deal, new.id).closed_at = NOW
    assert found(store, "roof") == [("deal", old.id), ("deal", new.id)]


def test_a_solved_ticket_comes_after_an_open_one(store: Store) -> None:
    solved, waiting = ticket("Roof leaks", status=TicketStatus.SOLVED), ticket("Roof leaks")
    add(store, waiting)
    add(store, solved)
    assert found(store, "roof") == [("ticket", waiting.id), ("ticket", solved.id)]


def test_many_new_records_cost_as_many_questions_as_one(store: Store) -> None:
    asked: list[str] = []
    sa.event.listen(store.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    counts = []
    for size in (1, 80):
        asked.clear()
        add(store, *(contact(f"Person {size} {number}") for number in range(size)))
        counts.append(len([line for line in asked if "search_" in line or "JOIN" in line]))
    assert counts[0] == counts[1]


def test_bulk_rows_are_found_once_they_are_indexed(store: Store) -> None:
    row = {"name": "Bulk Buyer", "name_key": "bulk buyer", "created_at": NOW, "custom": {}}
    with store.transaction(actor()) as session:
        session.execute(sa.insert(Contact), [{"id": 900 + n, **row} for n in range(3)])
        index_rows(session, "contact", range(900, 903))
    assert found(store, "bulk") == [("contact", 902), ("contact", 901), ("contact", 900)]


def test_a_rebuilt_index_is_the_kept_one(store: Store, ann: Contact) -> None:
    add(store, company("Gone"), contact("Kept"), ticket("Late", "text"))
    with store.transaction(actor()) as session:
        session.get_one(Contact, ann.id).name = "Changed"
        gone = session.scalars(sa.select(Company).where(Company.name == "Gone")).one()
        gone.deleted_at = NOW
    told: list[tuple[int, int]] = []
    with store.transaction(actor()) as session:
        before = entries(session)
        rebuild(session, lambda done, total: told.append((done, total)))
        assert entries(session) == before
        assert told[-1] == (4, 4)
        assert [hit.record_id for hit in find(session, "changed")] == [ann.id]
        assert find(session, "smith") == []


NAMES = st.sampled_from(["Ann", "Ännchen", "王小明", "Bo-Bo", "", "x 1"])
STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "rename", "delete", "company", "email"]), NAMES), max_size=12
)


@settings(max_examples=40)
@given(STEPS)
def test_whatever_is_done_the_index_says_what_a_rebuild_says(
    sqlite_store: Store, steps: list[tuple[str, str]]
) -> None:
    with sqlite_store.transaction(actor()) as session:
        session.add(contact("First", company("Firm")))
    for step, name in steps:
        with sqlite_store.transaction(actor()) as session:
            _take_step(session, step, name)
    with sqlite_store.transaction(actor()) as session:
        kept = entries(session)
        hits = [find(session, name) for name in ("ann", "王", "bo", "firm")]
        rebuild(session, lambda _done, _total: None)
        assert entries(session) == kept
        assert [find(session, name) for name in ("ann", "王", "bo", "firm")] == hits


def _take_step(session: Session, step: str, name: str) -> None:
    one = session.scalars(sa.select(Contact).order_by(Contact.id.desc())).first()
    assert one is not None
    if step == "add":
        session.add(contact(name, one.company))
    elif step == "rename":
        one.name = name
    elif step == "delete":
        one.deleted_at = None if one.deleted_at else NOW
    elif step == "email":
        one.emails = [ContactEmail(email=f"{len(name)}@x.example")]
    elif one.company:
        one.company.name = name
