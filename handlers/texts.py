"""What customers talk about, what a new ticket is suggested, and how often suggestions were right.

Worked out in `jobs/texts.py` and `jobs/routing.py`.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from crm_store import labels, scores, writings
from crm_store.models import Priority, Receipt, Role, Ticket, TicketKind
from crm_store.scores import MOOD, PRIORITY, QUEUE, THEMES, TICKET_KIND, TOPICS
from crm_store.store import Session
from handlers import text_phrases
from handlers.analyses import method_of, name_of
from handlers.command import command, line_of
from handlers.insights import Insight, Told, insight
from handlers.reply import Action, Chart, ChartKind, Field, Reply, Row, Series, Style, Table
from handlers.request import Call, Request
from handlers.segments import Week
from handlers.wording import _, day, mark, number, percent, plural

TRENDS = {"rising": mark("rising"), "falling": mark("falling"), "steady": mark("steady")}
MOODS = {"negative": mark("unhappy"), "positive": mark("happy")}
_CUSTOMERS = ("company", "contact")
_SUREST = 0.99  # is said of what is surer still: no text is beyond doubt


class Texts(enum.StrEnum):
    """Which texts a report of themes is about."""

    ALL = "all"
    TICKETS = "tickets"
    NOTES = "notes"
    FEEDBACK = "feedback"


@insight(QUEUE, of=("ticket",))
def tell_queue(told: Told) -> Insight | None:
    """Suggest a queue to a ticket that has none."""
    ticket = _undecided(told)
    if ticket is None or ticket.queue is not None:
        return None
    label = told.scored.label
    line = line_of(Call("ticket queue", {"ticket": str(ticket.id), "queue": label}))
    return _suggestion(told, _("Suggested queue"), label, line)


@insight(TICKET_KIND, of=("ticket",))
def tell_kind(told: Told) -> Insight | None:
    """Suggest a kind to a ticket of which nobody said one."""
    ticket = _undecided(told)
    if ticket is None or ticket.kind is not TicketKind.QUESTION:
        return None
    if told.scored.label == TicketKind.QUESTION:
        return None
    line = f"ticket edit {ticket.id} kind={told.scored.label}"
    return _suggestion(told, _("Suggested kind"), _(told.scored.label), line)


@insight(PRIORITY, of=("ticket",))
def tell_priority(told: Told) -> Insight | None:
    """Suggest a priority to a ticket that has the one that every ticket begins with."""
    ticket = _undecided(told)
    if ticket is None or ticket.priority is not Priority.NORMAL:
        return None
    if told.scored.label == Priority.NORMAL:
        return None
    line = f"ticket priority {ticket.id} {told.scored.label}"
    return _suggestion(told, _("Suggested priority"), _(told.scored.label), line)


@insight(MOOD, of=("ticket",))
def tell_mood(told: Told) -> Insight | None:
    """Say how a customer feels who has not rated yet."""
    ticket = _undecided(told)
    if ticket is None or ticket.satisfaction is not None:
        return None
    return _suggestion(told, _("Mood"), _(MOODS[told.scored.label]), "")


@insight(TOPICS, of=_CUSTOMERS)
def tell_topics(told: Told) -> Insight:
    """Say what a customer writes about."""
    reasons = told.scored.reasons
    return Insight(
        label=_("Talks about"),
        text=", ".join(each["word"] for each in reasons),
        reasons=tuple(
            plural(
                "“{word}” in {count} text of the last {weeks} weeks.",
                "“{word}” in {count} texts of the last {weeks} weeks.",
                each["count"],
                word=each["word"],
                weeks=2 * told.receipt["weeks"],
            )
            for each in reasons
        ),
        how=_("Words of tickets, messages and notes that tell customers apart; no names are told."),
    )


def _undecided(told: Told) -> Ticket | None:
    """Return the ticket that is suggested something; None where the model was not sure."""
    return told.session.get(Ticket, told.scored.customer.id) if told.scored.label else None


def _suggestion(told: Told, name: str, label: str, line: str) -> Insight:
    words = [each["word"] for each in told.scored.reasons]
    take = Action(_("Take: {label}", label=label), line, Style.PRIMARY, replaces=True)
    return Insight(
        label=name,
        text=_sure(label, told.scored.value, words),
        reasons=tuple(_("The word “{word}” speaks for it.", word=word) for word in words),
        how=_learned(told.receipt),
        actions=(take,) if line else (),
    )


def _sure(label: str, confidence: float, words: Sequence[str]) -> str:
    share = percent(min(confidence, _SUREST))
    if not words:
        return _("{label} ({share} sure)", label=label, share=share)
    said = ", ".join(f"“{word}”" for word in words)
    return _("{label} ({share} sure, because of {words})", label=label, share=share, words=said)


@command(
    "report themes [period=] [of=]",
    role=Role.MEMBER,
    reads=True,
    example="report themes of=tickets",
    phrases=text_phrases.THEMES,
)
def report_themes(request: Request, period: Week | None = None, of: Texts = Texts.ALL) -> Reply:
    """Show what customers talk about: themes with an example, and what rises and falls."""
    receipt = scores.receipt(request.session, THEMES, period)
    if receipt is None:
        return _no_themes(period, request.defaults.time_zone)
    found = receipt.data["sources"][of]
    if not found["keywords"]:
        return Reply(
            title=_("Nothing to tell about themes yet."),
            text=_(
                "Of the last {weeks} weeks there are {count} texts, and no word in those of three customers.",
                weeks=2 * receipt.data["weeks"],
                count=number(found["texts_before"] + found["texts_after"]),
            ),
            actions=_others(of),
        )
    return _themes_card(request.session, receipt, found, of)


def _no_themes(period: str | None, zone: str) -> Reply:
    if period is not None:
        return Reply(
            title=_("There are no themes of {week}.", week=period),
            actions=(Action(_("Newest"), "report themes", replaces=True),),
        )
    return Reply(
        title=_("No themes have been found yet."),
        text=_(
            "The job `texts` reads tickets and notes every night at 04:50 ({zone}); an admin runs it "
            "at once with `rapport job texts`.",
            zone=zone,
        ),
    )


def _themes_card(session: Session, receipt: Receipt, found: Mapping[str, Any], of: Texts) -> Reply:
    themes = found["themes"]
    named = {
        _("Rising"): _changes(found["rising"]),
        _("Falling"): _changes(found["falling"]),
        _("Words"): ", ".join(each["term"] for each in found["keywords"]),
        _("How"): _themes_how(receipt.data, found),
    }
    return Reply(
        title=_title(of),
        text=_compared(receipt.data, found),
        fields=tuple(Field(label, value) for label, value in named.items() if value),
        table=_table(session, themes) if themes else None,
        chart=_chart(themes) if themes else None,
        actions=_others(of),
    )


def _title(of: Texts) -> str:
    titles = {
        Texts.ALL: _("What customers talk about"),
        Texts.TICKETS: _("What tickets are about"),
        Texts.NOTES: _("What notes are about"),
        Texts.FEEDBACK: _("What feedback is about"),
    }
    return titles[of]


def _compared(data: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    return _(
        "{after} texts since {half}, {before} in the {weeks} weeks before.",
        after=number(found["texts_after"]),
        before=number(found["texts_before"]),
        half=day(_day(data["half"])),
        weeks=data["weeks"],
    )


def _changes(found: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(
        _(
            "{word} ({after}, before {before})",
            word=each["term"],
            after=number(each["after"]),
            before=number(each["before"]),
        )
        for each in found
    )


def _table(session: Session, themes: Sequence[Mapping[str, Any]]) -> Table:
    columns = (_("Theme"), _("Texts"), _("Before"), _("Trend"), _("Example"))
    return Table(columns, tuple(_theme(session, each) for each in themes), (1, 2), (4,))


def _theme(session: Session, theme: Mapping[str, Any]) -> Row:
    said, record = "", ""
    for record in theme["examples"]:
        said = writings.sentence(session, record, theme["words"])
        if said:
            break
    kind, _colon, ticket = record.partition(":")
    return Row(
        (
            ", ".join(theme["words"]),
            number(theme["after"]),
            number(theme["before"]),
            _(TRENDS[theme["trend"]]),
            said,
        ),
        f"ticket show {ticket}" if said and kind == "ticket" else "",
    )


def _chart(themes: Sequence[Mapping[str, Any]]) -> Chart:
    return Chart(
        ChartKind.BARS,
        _("Texts by theme"),
        tuple(each["words"][0] for each in themes),
        (
            Series(_("Before"), tuple(float(each["before"]) for each in themes)),
            Series(_("Now"), tuple(float(each["after"]) for each in themes)),
        ),
    )


def _themes_how(data: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    least = data["least"]
    if found["why"]:
        return _("Words are only counted: themes need {least} texts.", least=number(least["texts"]))
    parts = [
        _(
            "Words that come together make a theme. Told is only what at least three customers "
            "wrote, without names, addresses and numbers of people; an example is one sentence as it "
            "was written."
        )
    ]
    if min(found["texts_before"], found["texts_after"]) < least["of_a_period"]:
        parts.append(
            _(
                "What rises and falls is not told: that needs {least} texts in each period.",
                least=number(least["of_a_period"]),
            )
        )
    else:
        parts.append(_("Rising and falling is what changed by more than chance would."))
    return " ".join(parts)


def _others(of: Texts) -> tuple[Action, ...]:
    names = {
        Texts.ALL: _("All texts"),
        Texts.TICKETS: _("Tickets"),
        Texts.NOTES: _("Notes"),
        Texts.FEEDBACK: _("Feedback"),
    }
    return tuple(
        Action(name, f"report themes of={each.value}", replaces=True)
        for each, name in names.items()
        if each is not of
    )


@command(
    "report routing",
    role=Role.MEMBER,
    reads=True,
    example="report routing",
    phrases=text_phrases.ROUTING,
)
def report_routing(request: Request) -> Reply:
    """Show how often the suggestions for tickets were right, and how they were learned."""
    session = request.session
    rows, lines = [], []
    for kind in labels.KINDS:
        found = labels.judged(session, kind)
        lines.append(_state(session, kind, request.now))
        rows += [_judged(kind, each) for each in found]
    columns = (_("What"), _("Suggested"), _("Decided"), _("Right"), _("Share right"))
    return Reply(
        title=_("Suggestions for tickets"),
        text="\n".join(lines),
        table=Table(columns, tuple(rows), (2, 3, 4)) if rows else None,
        actions=(Action(_("Models"), "model list"), Action(_("Tickets"), "ticket list")),
        footer=_("Counted are tickets with a suggestion on which people then decided themselves.")
        if rows
        else "",
    )


def _judged(kind: str, found: labels.Judged) -> Row:
    return Row(
        (
            name_of(kind),
            _named(kind, found.label),
            number(found.count),
            number(found.right),
            percent(found.right / found.count),
        )
    )


def _named(kind: str, label: str) -> str:
    if kind == QUEUE:
        return label
    return _(MOODS[label]) if kind == MOOD else _(label)


def _state(session: Session, kind: str, now: datetime) -> str:
    receipt = labels.receipt(session, kind)
    name = name_of(kind)
    if receipt is None:
        return _("{name}: not learned yet; the job `texts` does so at night.", name=name)
    data = receipt.data
    if not data["usable"]:
        told = _silent(data, labels.count_decided(session, kind, now))
        return _("{name}: {told}", name=name, told=told)
    told = f"{_learned(data)} {_next(session, kind, data, now)}"
    return _("{name}: {told}", name=name, told=told)


def _silent(data: Mapping[str, Any], count: int) -> str:
    least = data["least"]
    if data["why"] == "not_better_than_commonest_label":
        return _(
            "silent. On tickets that it had not seen it was right no more often than whoever always "
            "says the commonest label: there is no usable signal in the texts."
        )
    if data["why"] == "too_few_labels":
        return _(
            "silent. It needs two labels with {least} tickets each.",
            least=number(least["of_a_label"]),
        )
    return _(
        "silent. It needs {least} tickets that people labelled; there are {count}.",
        least=number(least["texts"]),
        count=number(count),
    )


def _learned(data: Mapping[str, Any]) -> str:
    quality = data["quality"]
    learned = _(
        "Learned on {day} from {rows} tickets that people labelled, by {method}.",
        day=day(date.fromisoformat(data["trained_to"])),
        rows=number(data["rows_trained"]),
        method=method_of(data["model"]),
    )
    if quality["told_accuracy"] is None:
        return learned
    tested = _(
        "Tested on {rows} that it had not seen: sure enough of {told}, and {right} of these were right.",
        rows=number(quality["rows"]),
        told=percent(quality["told_share"]),
        right=percent(quality["told_accuracy"]),
    )
    return f"{learned} {tested}"


def _next(session: Session, kind: str, data: Mapping[str, Any], now: datetime) -> str:
    least = data["least"]
    return _(
        "Learned again at night after {corrections} corrections (so far {wrong}) or from {texts} "
        "labelled tickets on (now {count}).",
        corrections=number(least["corrections"]),
        wrong=number(max(labels.corrections(session, kind) - data["corrected"], 0)),
        texts=number(round(least["growth"] * data["texts"])),
        count=number(labels.count_decided(session, kind, now)),
    )


def _day(moment: str) -> date:
    return datetime.fromisoformat(moment).date()
