"""What a person was told without asking: looking it up, seeing to it, and hearing it again later.

The buttons that every alert and reminder carries are put on here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from crm_store import acknowledgements, attention, notices
from crm_store.addresses import Address
from crm_store.conversations import Reference
from crm_store.models import Notice, Role
from crm_store.store import Session
from handlers import cards, quiet_phrases
from handlers.arguments import Argument, Asked, NumberArgument, PageNumber
from handlers.command import command
from handlers.errors import UserError
from handlers.naming import KIND_NAMES
from handlers.notices import Telling, notice, why
from handlers.notices import notices as kinds
from handlers.reply import Action, FieldKind, Reply, Row, Tone
from handlers.request import Request
from handlers.wording import _, moment, stamp

_PRESSING = frozenset({notices.URGENT, notices.ALERT, notices.REMINDER})
_SNOOZES = ("in 20 minutes", "in 1 hour", "in 3 hours", "tomorrow 9:00", "next monday 9:00")


class NoticeArgument(Argument[Notice]):
    """The number of a message that this person, or this channel, was told."""

    kind = FieldKind.NUMBER

    def read(self, text: str, asked: Asked) -> Notice:
        """Return the message."""
        number = NumberArgument(1, 10**15).read(text.removeprefix("#"), asked)
        found = notices.find(asked.request.session, number)
        if found is None or not _may_read(asked.request, found):
            raise UserError(
                _("There is no message with the number {number} for you.", number=number),
                _("Type `notice list` to see what you were told."),
            )
        return found


Told = Annotated[Notice, NoticeArgument()]


@command(
    "notice list [page=]",
    role=Role.MEMBER,
    reads=True,
    example="notice list",
    phrases=quiet_phrases.NOTICE_LIST,
)
def list_notices(request: Request, page: PageNumber = 1) -> Reply:
    """List what you were told lately, also what was folded into one message."""
    found, total = notices.told(
        request.session, request.colleague.id, (page - 1) * cards.PAGE_SIZE, cards.PAGE_SIZE
    )
    rows = [
        Row(
            (f"#{each.id}", kind_words(each.kind), stamp(each.due_at), why(each.reason)),
            f"notice show {each.id}",
        )
        for each in found
    ]
    columns = ("#", _("What"), _("When"), _("Note"))
    reply = cards.listing(_("What you were told"), columns, rows, _("Nothing yet."))
    return cards.page(reply, "notice list", page, total)


@command(
    "notice show <notice>",
    role=Role.MEMBER,
    reads=True,
    example="notice show 3",
    phrases=quiet_phrases.NOTICE_SHOW,
)
def show_notice(request: Request, notice: Told) -> Reply:
    """Show one message again, as it stands now."""
    return _again(request, notice) or Reply(title=_("There is nothing left to say about this."))


@command(
    "notice ack <notice>",
    role=Role.MEMBER,
    example="notice ack 3",
    phrases=quiet_phrases.NOTICE_ACK,
)
def acknowledge(request: Request, notice: Told) -> Reply:
    """Say that you see to a message: it is not repeated, and everybody who got it sees that you have it."""
    notice.matter = notice.matter or notice.key
    matters = {notice.matter, *_members(notice)}
    acknowledgements.add(request.session, matters, request.colleague, request.now)
    redraw(request, matters, besides=notice.id)
    reply = _again(request, notice)
    return reply or Reply(title=_("{name} has it.", name=request.colleague.name), tone=Tone.GOOD)


@command(
    "notice snooze <notice> [when]",
    role=Role.MEMBER,
    example="notice snooze 3 in 1 hour",
    phrases=quiet_phrases.NOTICE_SNOOZE,
)
def snooze(request: Request, notice: Told, when: datetime | None = None) -> Reply:
    """Hear a message again later; only this one, what comes next keeps its time."""
    if when is None:
        return Reply(
            title=_("Until when?"),
            text=_("Or type a time: `notice snooze {id} friday 10:00`", id=notice.id),
            actions=tuple(
                Action(label, f"notice snooze {notice.id} {line}", replaces=True)
                for label, line in zip(_snooze_labels(), _SNOOZES, strict=True)
            ),
        )
    key = f"{notice.key}~{when.isoformat()}"
    payload, matter = _unseen(request.session, notice, key)
    notices.owe(
        request.session,
        kind=notice.kind,
        key=key,
        payload=payload,
        due_at=when,
        now=request.now,
        priority=notice.priority,
        user_id=notice.user_id,
        address=notice.address,
        about=notice.about,
        matter=matter,
    )
    return Reply(
        title=_(
            "{name} put this off until {when}.", name=request.colleague.name, when=moment(when)
        ),
        text=kind_words(notice.kind),
        actions=(Action(_("Show now"), f"notice show {notice.id}"),),
    )


@notice(acknowledgements.NOTICE)
def tell_acknowledged(telling: Telling, payload: Mapping[str, Any]) -> Reply | None:
    """Say a message again with who sees to it; it takes the place of the first."""
    found = notices.find(telling.session, payload["notice_id"])
    return say(replace(telling, reader=found.user), found) if found else None


@notice(notices.MENTION)
def tell_mention(telling: Telling, payload: Mapping[str, Any]) -> Reply | None:
    """Name a colleague in a channel and what waits for them; what it says stays with them."""
    found = notices.find(telling.session, payload["notice_id"])
    if found is None or found.user is None or not found.user.active:
        return None
    what = kind_words(found.kind)
    if found.about:
        reference = Reference.parse(found.about)
        what = f"{what}, {_(KIND_NAMES[reference.kind])} #{reference.id}"
    return Reply(
        title=_("{name}: {what}", name=found.user.name, what=what),
        text=_("`notice show {id}`, in private, shows all of it.", id=found.id),
        mentions=tuple(f"{each.platform}:{each.external_id}" for each in found.user.identities),
    )


def redraw(request: Request, matters: Collection[str], *, besides: int | None) -> None:
    """Owe an edit to every message of some matters, where it stands, but for the notice number `besides`."""
    call = request.session.info["actor"].call
    for told in acknowledgements.told(request.session, matters, besides) if matters else ():
        speech = {"language": told.user.language, "zone": told.user.time_zone} if told.user else {}
        notices.owe(
            request.session,
            kind=acknowledgements.NOTICE,
            key=f"{acknowledgements.NOTICE}:{told.id}:{call}",
            payload={"notice_id": told.id, "owner_id": told.user_id, **speech},
            due_at=request.now,
            now=request.now,
            priority=notices.REPLY,
            address=told.sent_to,
            edits=told.id,
        )


def say(telling: Telling, told: Notice) -> Reply | None:
    """Say a notice, with who sees to it or the buttons to see to it; None when nothing is left to say."""
    if not told.payload:
        return None
    reply = kinds()[told.kind](telling, told.payload)
    return dressed(telling.session, told, reply) if reply else None


def dressed(session: Session, told: Notice, reply: Reply) -> Reply:
    """Add who sees to a message, or the buttons to see to it and to put it off."""
    if told.priority not in _PRESSING or told.kind in attention.ALWAYS - {notices.FOLDED}:
        return reply
    seen = acknowledgements.find(session, told.matter)
    if seen:
        has_it = _("{name} has it since {when}.", name=seen.user.name, when=moment(seen.at))
        return replace(reply, footer="\n".join(filter(None, (reply.footer, has_it))))
    buttons = [Action(_("Got it"), f"notice ack {told.id}", replaces=True)]
    if not any(" snooze " in action.line for action in reply.actions):
        buttons.append(Action(_("Snooze"), f"notice snooze {told.id}"))
    return replace(reply, actions=(*reply.actions, *buttons))


def kind_words(kind: str) -> str:
    """Return what a kind of message is called."""
    return _(kind.replace("_", " ")).capitalize()


def _again(request: Request, told: Notice) -> Reply | None:
    telling = Telling(
        request.session, told.user, request.now, request.defaults, request.run, request.place
    )
    return say(telling, told)


def _members(told: Notice) -> set[str]:
    """Return the matters of a folded message."""
    folded = told.payload.get("notices", ()) if told.kind == notices.FOLDED else ()
    return {each["matter"] for each in folded if each.get("matter")}


def _unseen(session: Session, told: Notice, key: str) -> tuple[dict[str, Any], str]:
    """Return payload and matter with which a message comes again, whoever saw to it before."""
    matter = told.matter or told.key
    seen = acknowledgements.reasons(session, {matter, *_members(told)})
    payload = dict(told.payload)
    if told.kind == notices.FOLDED:
        payload["notices"] = [
            {**each, "matter": None} if each.get("matter") in seen else each
            for each in payload["notices"]
        ]
    return payload, key if matter in seen else matter


def _may_read(request: Request, told: Notice) -> bool:
    if told.address is None:
        return told.user_id == request.colleague.id
    place = Address.parse(told.address)
    return (place.platform, place.chat) == (request.place.platform, request.place.chat)


def _snooze_labels() -> tuple[str, ...]:
    return (
        _("20 minutes"),
        _("1 hour"),
        _("3 hours"),
        _("Tomorrow"),
        _("Next week"),
    )
