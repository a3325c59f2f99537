"""How well sentences are understood: the labelled ones of `tests/sentences`, read in a store that holds what they name.

    python -m benchmarks.sentences [tuning | kept] [--wrong] [--readme]

All are written by hand; the column `part` tells which are kept out of learning and tuning. `--wrong` lists what was
read otherwise, which is not for the kept part while tuning. `--readme` writes the table into the README.
"""

from __future__ import annotations

import csv
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.understanding.mentions import NOUNS
from bot.understanding.sentences import understand
from bot.understanding.values import naming_records
from crm_store import deals, users
from crm_store.addresses import Address
from crm_store.conversations import Memory, Reference
from crm_store.models import Company, Contact, Deal, Task, Ticket
from crm_store.search import key
from crm_store.store import Session, Store
from handlers.arguments import (
    Argument,
    Asked,
    ChoiceArgument,
    DayArgument,
    MomentArgument,
    MoneyArgument,
    PersonArgument,
    TextArgument,
)
from handlers.command import commands, match
from handlers.errors import UserError
from handlers.reading.characters import plain
from handlers.reading.line import clean
from handlers.request import Call, Request
from tests.desk import START, Desk

FOLDER = Path(__file__).parent.parent / "tests" / "sentences"
README = Path(__file__).parent.parent / "README.md"
MARK = "<!-- sentences -->"
LANGUAGES = {"en": "English", "zh": "Chinese"}
COMPANIES = ("Acme", "Globex", "华星", "东方")
CONTACTS = ("Jane Doe", "Maria Garcia", "王伟", "李娜")
DEALS = {
    42: ("Spring order", 0),
    17: ("Server rollout", 1),
    43: ("春季订单", 2),
    44: ("服务器项目", 3),
}


_READABLE = (MomentArgument, DayArgument, MoneyArgument, ChoiceArgument, PersonArgument)
_ORDINALS = ("first", "second", "third", "fourth")
_MINE = frozenset(  # where nobody named is oneself
    (command, "for")
    for command in (
        "task add",
        "task list",
        "day",
        "leave add",
        "leave list",
        "account list",
        "preference list",
        "mute",
    )
)
# Words at the edges of a free text without which it says the same.
_EDGES = re.compile(
    r"^(?:(?:that|the|an?|about|since|because|as|of|with|to|is|and|please|reason|text|note|result|s?he|they)\b"
    r"|他们?|她们?|说|讲|写上?|写着|是|的|关于|因为|由于|内容|备注|原因|结果|[\s:：,，-])+"
    r"|(?:\bplease|\bpls|\bthanks|的|了|吧|哦|呢|[\s:：,，.。!！?？-])+$",
    re.IGNORECASE,
)
_PLACES = {f"第{sign}个": word for sign, word in zip("一二三四", _ORDINALS, strict=True)}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One sentence: what was wanted, what was read (None: a question or a refusal), and how long it took.

    Attributes:
        likeliest: what was read, or the first button of the question.
        offered: the commands on the buttons of a question.
        slots: how many arguments the right call has.
        slots_right: how many of them the likeliest has so, less those that were made up.
    """

    sentence: str
    wanted: Call | None
    read: Call | None
    likeliest: Call | None
    offered: frozenset[str]
    slots: int
    slots_right: int
    milliseconds: float

    @property
    def same_command(self) -> bool:
        """Whether the command is right."""
        return (self.likeliest and self.likeliest.command) == (self.wanted and self.wanted.command)

    @property
    def same_call(self) -> bool:
        """Whether every argument is right, too."""
        return self.same_command and self.slots_right == self.slots


def main() -> None:
    """Read the sentences of one part and print the table."""
    part = next((word for word in sys.argv[1:] if not word.startswith("-")), "kept")
    found = {language: outcomes(language, part) for language in LANGUAGES}
    lines = table(found)
    sys.stdout.write("\n".join([*lines, ""]))
    if "--wrong" in sys.argv:
        sys.stdout.writelines(
            f"  {o.sentence} -> {o.read} not {o.wanted}\n"
            for of in found.values()
            for o in of
            if not o.same_call
        )
    if "--readme" in sys.argv:
        text = README.read_text("utf-8")
        before, rest = text.split(MARK, 1)
        after = rest[rest.index(MARK) :]
        README.write_text(before + MARK + "\n" + "\n".join(lines) + "\n" + after, "utf-8")


def table(found: Mapping[str, Sequence[Outcome]]) -> list[str]:
    """Return the report on the outcomes of each language as the lines of a table."""
    rows = {LANGUAGES[language]: _figures(of) for language, of in found.items()}
    heads = next(iter(rows.values()))
    lines = [f"| | {' | '.join(rows)} |", "|---|" + "---:|" * len(rows)]
    return [
        *lines,
        *(f"| {head} | {' | '.join(row[head] for row in rows.values())} |" for head in heads),
    ]


def outcomes(language: str, part: str, every: int = 1) -> list[Outcome]:
    """Read the sentences of one part in a fresh store, or only each of so many."""
    with (FOLDER / f"{language}.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["part"] == part][::every]
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/rapport.db")
        store.upgrade()
        desk = Desk(store)
        with desk.session() as session:
            furnish(session, desk.rep.id)
        with desk.session() as session:
            request = a_request(session, desk)
            understand("warm up", request)
            found = [_outcome(row["sentence"], row["line"], request) for row in rows]
        store.close()
    return found


def furnish(session: Session, owner_id: int | None) -> None:
    """Put in what the sentences name."""
    who = {"owner_id": owner_id, "created_at": START}
    for number, name in enumerate(COMPANIES, start=7):
        session.add(Company(id=number, name=name, name_key=key(name), **who))
    session.flush()
    for number, name in enumerate(CONTACTS, start=7):
        session.add(Contact(id=number, company_id=number, name=name, name_key=key(name), **who))
    stage = deals.stages(session)[0].id
    for number, (title, place) in DEALS.items():
        session.add(
            Deal(
                id=number,
                title=title,
                company_id=7 + place,
                stage_id=stage,
                amount=Decimal(1000),
                currency="EUR",
                opened_on=START.date(),
                last_activity_at=START,
                **who,
            )
        )
    for number in (17, 42):
        session.add(Ticket(id=number, subject="Late", text="Late", company_id=7, created_at=START))
    for number in (5, 6):
        session.add(
            Task(id=number, text="Call", owner_id=owner_id, author_id=owner_id, created_at=START)
        )


def a_request(session: Session, desk: Desk) -> Request:
    """Return a request of a person who was shown deal 42 and then the list of deals."""
    place = Address.parse("test:rep")
    user = users.by_account(session, "test", "rep")
    memory = Memory(session, place, "rep", START)
    memory.about(Reference("deal", 42))
    memory.listed([Reference("deal", number) for number in DEALS])
    return Request(
        session=session,
        platform="test",
        person="rep",
        user=user,
        place=place,
        private=True,
        now=START,
        defaults=desk.defaults,
        memory=memory,
        call=Call("help", {}),
        reads=True,
        run=desk.rep.says,
    )


def _outcome(sentence: str, line: str, request: Request) -> Outcome:
    began = time.process_time()
    understood = understand(clean(sentence), request)
    # A record that is not there is said to be missing: nothing is answered or proposed.
    read = understood.call if understood.known else None
    took = (time.process_time() - began) * 1000
    found = match(line)
    wanted = Call(found[0].name, found[0].parse(found[1])) if found else None
    likeliest = understood.call or next(iter(understood.choices), None)
    expected, given = _values(wanted, request), _values(likeliest, request)
    right = sum(given.get(name) == value for name, value in expected.items()) - len(
        given.keys() - expected
    )
    offered = frozenset(call.command for call in understood.choices)
    return Outcome(sentence, wanted, read, likeliest, offered, len(expected), right, took)


def is_same(read: Call, wanted: Call | None, request: Request) -> bool:
    """Tell whether two calls do the same, however their values are written."""
    same = wanted is not None and read.command == wanted.command
    return same and _values(read, request) == _values(wanted, request)


def _values(call: Call | None, request: Request) -> dict[str, object]:
    if call is None:
        return {}
    command = commands()[call.command]
    return {
        name: _comparable(value, command.parameter(name).argument, request)
        for name, value in call.values.items()
        if not (value == "me" and (call.command, name) in _MINE)
    }


def _comparable(value: str, argument: Argument[Any], request: Request) -> object:
    """Return what a value means to the program where it may be written in several ways, else its words."""
    text = " ".join(plain(value).casefold().split()).strip(".")
    if type(argument) is TextArgument:  # a name, which is one too, counts as it stands
        return _EDGES.sub("", text) or text
    if records := naming_records(argument):
        return _record(text, records.kinds)
    if isinstance(argument, _READABLE):
        try:
            read = argument.read(value, Asked(request, lambda line: line))
        except UserError:
            return text
        return read
    return {"last-month": "last month", "上个月": "last month"}.get(text, text)


def _record(text: str, kinds: tuple[str, ...]) -> str:
    """Return a record's name or number, with its kind where it may be of several."""
    bare = text.removeprefix("the ").removesuffix(" one")
    bare = _PLACES.get(bare, {"它": "it", "这个": "it", "that": "it"}.get(bare, bare))
    digits = re.fullmatch(r"\D*?#?:?(\d+)\D*", bare)
    if digits:
        kind = next((k for k in kinds if k in bare or NOUNS[k].search(bare)), "")
        return f"{kind}:{digits[1]}" if kind and len(kinds) > 1 else digits[1]
    return bare


@dataclass(frozen=True, slots=True)
class Figures:
    """How well sentences were understood, each from 0 to 1.

    Attributes:
        command: the likeliest command is right, of the sentences that ask for something.
        slots: the right arguments among those of the right commands.
        call: the likeliest call is right with all its arguments.
        asked: what was asked back, with or without buttons.
        offered: how often the right command was among the buttons then.
        wrong: what is not as it was said among the changes that were proposed.
        refused: what was not answered of the sentences that ask for nothing that can be done here.
    """

    command: float
    call: float
    refused: float
    wrong: float
    slots: float = 0.0
    asked: float = 0.0
    offered: float = 0.0


def figures_of(found: Sequence[Outcome]) -> Figures:
    """Return the figures of the outcomes of one language."""
    asked = [o for o in found if o.wanted]
    strange = [o for o in found if not o.wanted]
    proposed = [o for o in found if o.read and not commands()[o.read.command].reads]
    right = [o for o in asked if o.same_command]
    back = [o for o in asked if o.read is None]
    return Figures(
        command=_share(len(right), len(asked)),
        call=_share(sum(o.same_call for o in asked), len(asked)),
        refused=_share(sum(o.read is None for o in strange), len(strange)),
        wrong=_share(sum(not o.same_call for o in proposed), len(proposed)),
        slots=_share(sum(o.slots_right for o in right), sum(o.slots for o in right)),
        asked=_share(len(back), len(asked)),
        offered=_share(
            sum(bool(o.wanted and o.wanted.command in o.offered) for o in back), len(back)
        ),
    )


def _figures(found: Sequence[Outcome]) -> dict[str, str]:
    figures = figures_of(found)
    times = [outcome.milliseconds for outcome in found]
    return {
        "sentences": str(len(found)),
        "the likeliest command is right": f"{figures.command:.1%}",
        "its arguments, one by one": f"{figures.slots:.1%}",
        "the likeliest whole call is right": f"{figures.call:.1%}",
        "asked back with buttons, since it is not sure enough": f"{figures.asked:.1%}",
        "the right command among the buttons then": f"{figures.offered:.1%}",
        "wrong among the changes that were proposed": f"{figures.wrong:.1%}",
        "refused of what is out of scope": f"{figures.refused:.1%}",
        "processor time, 95 of 100 sentences": f"{statistics.quantiles(times, n=20)[-1]:.0f} ms",
    }


def _share(part: int, whole: int) -> float:
    return part / max(1, whole)


if __name__ == "__main__":
    main()
