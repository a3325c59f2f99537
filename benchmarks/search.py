"""What a search costs beside LIKE on the same database, one query of each in turn.

    python benchmarks/search.py 100000 [sqlite:///FILE | postgresql+psycopg://…]

The database must be empty. A fifth of the contacts is Chinese. Nothing here tests correctness
except that the recall of each class is printed: rows found of those that LIKE finds, up to a page.
"""

from __future__ import annotations

import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from crm_store import search
from crm_store.models import Contact, ContactEmail, ContactPhone
from crm_store.store import Actor, Store

SEED = 7
QUERIES = 100
LIKE_QUERIES = 10
PAGE = 20
BATCH = 20_000
ACTOR = Actor(None, "benchmark", "seed", "seed")
FIRST = ("Ann", "Ben", "Carla", "Dmitri", "Elena", "Farid", "Greta", "Hugo", "Irina", "Jonas")
PARTS = re.findall("...?", "albercordenelfangriholinjorkellanmornorosparquirosstentorvinwal")
HAN_FAMILY = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧"
HAN_GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰文斌玲红建国志海燕雪梅俊峰宇浩然子轩"
)


def main() -> None:
    """Fill the database, measure and print."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        url = sys.argv[2] if len(sys.argv) > 2 else f"sqlite:///{Path(folder) / 'search.db'}"
        store = Store(url)
        store.upgrade()
        people = list(_people(size))
        _fill(store, people)
        with store.reading() as session:
            for name, queries in _classes(people).items():
                _measure(session, name, queries)
        store.close()


def _people(size: int) -> Iterator[tuple[str, str, str]]:
    chance = random.Random(SEED)
    for number in range(1, size + 1):
        if chance.random() < 0.2:
            given = "".join(chance.choices(HAN_GIVEN, k=chance.choice((1, 2))))
            name, mail = chance.choice(HAN_FAMILY) + given, f"u{number}"
        else:
            last = "".join(chance.choices(PARTS, k=chance.choice((2, 3)))).title()
            name = f"{chance.choice(FIRST)} {last}"
            mail = name.lower().replace(" ", ".") + str(number % 97)
        domain = f"{chance.choice(PARTS)}{chance.choice(PARTS)}.example"
        yield name, f"{mail}@{domain}", f"+49{chance.randrange(10**9, 10**10)}"


def _fill(store: Store, people: list[tuple[str, str, str]]) -> None:
    now = datetime.now(UTC)
    began = time.perf_counter()
    with store.transaction(ACTOR) as session:
        for start in range(0, len(people), BATCH):
            part = list(enumerate(people[start : start + BATCH], start + 1))
            contacts = [
                {
                    "id": n,
                    "name": p[0],
                    "name_key": search.key(p[0]),
                    "created_at": now,
                    "custom": {},
                }
                for n, p in part
            ]
            session.execute(sa.insert(Contact), contacts)
            session.execute(
                sa.insert(ContactEmail), [{"contact_id": n, "email": p[1]} for n, p in part]
            )
            session.execute(
                sa.insert(ContactPhone), [{"contact_id": n, "phone": p[2]} for n, p in part]
            )
    filled = time.perf_counter()
    with store.transaction(ACTOR) as session:
        search.rebuild(session, lambda _done, _total: None)
    built = time.perf_counter()
    print(
        f"{len(people):,} contacts on {store.engine.dialect.name}: tables {filled - began:.1f} s,"
    )
    print(f"index {built - filled:.1f} s ({(built - filled) / len(people) * 1e6:.0f} µs a contact)")
    print(
        f"{'class':<18}{'ours p50':>10}{'p95':>8}{'LIKE p50':>10}{'p95':>8}{'ratio':>8}{'recall':>8}"
    )


def _classes(people: list[tuple[str, str, str]]) -> dict[str, list[str]]:
    chance = random.Random(SEED + 1)
    latin = [person for person in people if person[0].isascii()]
    han = [person for person in people if not person[0].isascii()]

    def some(
        make: Callable[[tuple[str, str, str]], str], rows: list[tuple[str, str, str]]
    ) -> list[str]:
        return [make(row) for row in chance.choices(rows, k=QUERIES)]

    return {
        "first letter": some(lambda p: p[0][:1], latin),
        "prefix": some(lambda p: p[0].split()[1][:5], latin),
        "whole name": some(lambda p: p[0], latin),
        "infix": some(lambda p: p[0].split()[1][1:5], latin),
        "Chinese 2": some(lambda p: p[0][:2], han),
        "Chinese 1": some(lambda p: p[0][:1], han),
        "phone digits": some(lambda p: p[2][5:12], people),
        "e-mail": some(lambda p: p[1], people),
        "absent e-mail": some(lambda p: "x" + p[1].replace("r", "qj"), people),
        "nothing there": some(lambda p: p[2][5:9] + "zq", people),
        "typo": some(lambda p: _slip(p[0], chance), latin),
        "typo in last name": some(lambda p: _slip(p[0].split()[1], chance), latin),
    }


def _slip(name: str, chance: random.Random) -> str:
    at = chance.randrange(1, len(name) - 2)
    return name[:at] + name[at + 1] + name[at] + name[at + 2 :]


def _measure(session: Session, name: str, queries: list[str]) -> None:
    ours, like, recalls = [], [], []
    for number, query in enumerate(queries):
        began = time.perf_counter()
        hits = search.find(session, query, ["contact"], PAGE)
        ours.append(time.perf_counter() - began)
        if number < LIKE_QUERIES:
            began = time.perf_counter()
            rows = _like(session, query)
            like.append(time.perf_counter() - began)
            if rows:
                recalls.append(min(1, len(hits) / len(rows)))
    recall = f"{statistics.mean(recalls):.2f}" if recalls else "-"
    ratio = statistics.median(like) / statistics.median(ours)
    print(
        f"{name:<18}{_ms(ours, 50):>10}{_ms(ours, 95):>8}{_ms(like, 50):>10}{_ms(like, 95):>8}",
        end="",
    )
    print(f"{ratio:>7.0f}x{recall:>8}", flush=True)


def _like(session: Session, query: str) -> list[int]:
    contact, email, phone = Contact.__table__, ContactEmail.__table__, ContactPhone.__table__
    joined = contact.join(email, email.c.contact_id == contact.c.id)
    joined = joined.join(phone, phone.c.contact_id == contact.c.id)
    columns = (contact.c.name, email.c.email, phone.c.phone)
    matches = sa.or_(*(column.icontains(query, autoescape=True) for column in columns))
    found = (
        sa.select(contact.c.id).select_from(joined).where(matches, contact.c.deleted_at.is_(None))
    )
    return list(session.scalars(found.order_by(contact.c.name).limit(PAGE)))


def _ms(seconds: list[float], percent: int) -> str:
    ordered = sorted(seconds)
    return f"{ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] * 1000:.2f}"


if __name__ == "__main__":
    main()
