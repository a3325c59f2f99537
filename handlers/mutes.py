"""Silence about a record, a customer, a kind of message or a channel, with an end and a reason."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from crm_store import attention, mutes, notices, records
from crm_store.addresses import Address
from crm_store.conversations import Reference
from crm_store.models import Mute, Role
from crm_store.records import Model
from crm_store.store import Session
from handlers import cards, quiet_phrases
from handlers.arguments import (
    HERE,
    AddressArgument,
    Argument,
    Asked,
    NumberArgument,
    PageNumber,
    RecordArgument,
    Text,
)
from handlers.command import command
from handlers.consequences import Change, consequence
from handlers.errors import UserError
from handlers.naming import KIND_NAMES
from handlers.notices import Telling, notice
from handlers.notices import notices as kinds
from handlers.reply import Action, Field, FieldKind, Reply, Row, Tone
from handlers.request import Request
from handlers.wording import _, moment, stamp

_RECORDS = ("ticket", "deal", "task", "contact", "company")


class Whom(enum.StrEnum):
    """Whom a mute spares."""

    ME = "me"
    EVERYONE = "everyone"


class SubjectArgument(Argument[str]):
    """What is muted: a record, a customer, a kind of message such as `task_due`, or a channel (`here`)."""

    kind = FieldKind.RECORD
    spreads = True
    kinds = _RECORDS

    def read(self, text: str, asked: Asked) -> str:
        """Return the subject as mutes name it."""
        wanted = text.strip().casefold()
        name = "_".join(wanted.removeprefix(mutes.KIND).split())
        if name in kinds() and name not in attention.ALWAYS:
            return f"{mutes.KIND}{name}"
        if wanted in HERE or wanted.startswith(("slack:", "telegram:", "console:")):
            place = AddressArgument().read(text, asked)
            if asked.request.private if wanted in HERE else place.is_direct:
                raise UserError(
                    _("Only a channel can be muted, not somebody's own chat."),
                    _(
                        "Type `mute here` in the channel, or write its address, such as slack:C0123."
                    ),
                )
            return f"{mutes.PLACE}{place.platform}:{place.chat}"
        return str(records.reference(RecordArgument(_RECORDS).read(text, asked)))


class MuteArgument(Argument[Mute]):
    """The number of a mute."""

    kind = FieldKind.NUMBER

    def read(self, text: str, asked: Asked) -> Mute:
        """Return a mute that still holds."""
        request = asked.request
        number = NumberArgument(1, 10**15).read(text.removeprefix("#"), asked)
        mute = mutes.of_reader(request.session, request.now, request.colleague.id, number)
        if mute is None:
            raise UserError(
                _("There is no mute with the number {number}.", number=number),
                _("Type `mutes` to see those that hold."),
            )
        return mute


@command(
    "mute <what> until= reason= [for=]",
    role=Role.MEMBER,
    example='mute company:7 until="friday 18:00" reason="they are moving house"',
    phrases=quiet_phrases.MUTE,
)
def mute(
    request: Request,
    what: Annotated[str, SubjectArgument()],
    until: datetime,
    reason: Text,
    for_: Whom = Whom.ME,
) -> Reply:
    """Hear nothing of a record, a customer, a kind of message or a channel for a while."""
    channel = what.startswith(mutes.PLACE)
    everyone = channel or for_ is Whom.EVERYONE
    if everyone and not request.role.may(Role.MANAGER):
        raise UserError(
            _("Only a manager mutes for everyone."),
            _("Leave `for=everyone` out to mute it for yourself."),
        )
    made = mutes.add(
        request.session,
        what,
        request.colleague,
        until=until,
        reason=reason,
        now=request.now,
        everyone=everyone,
    )
    return _card(made, _headline(request, made))


@command(
    "mutes [page=]",
    role=Role.MEMBER,
    reads=True,
    example="mutes",
    phrases=quiet_phrases.MUTES,
)
def list_mutes(request: Request, page: PageNumber = 1) -> Reply:
    """List what is muted for you and for everyone, until when and why."""
    offset = (page - 1) * cards.PAGE_SIZE
    found, total = mutes.page(
        request.session, request.now, request.colleague.id, offset, cards.PAGE_SIZE
    )
    named = _subjects(request.session, [each.subject for each in found])
    rows = [
        Row(
            (
                f"#{each.id}",
                named[each.subject],
                _("everyone") if each.user_id is None else _("you"),
                stamp(each.until),
                each.made_by.name,
                each.reason,
            )
        )
        for each in found
    ]
    columns = ("#", _("Muted"), _("For"), _("Until"), _("By"), _("Reason"))
    reply = cards.listing(_("Mutes"), columns, rows, _("Nothing is muted."))
    buttons = tuple(
        Action(_("Unmute #{id}", id=each.id), f"unmute {each.id}") for each in found[:5]
    )
    return cards.page(replace(reply, actions=buttons), "mutes", page, total)


@command(
    "unmute <mute>",
    role=Role.MEMBER,
    example="unmute 3",
    phrases=quiet_phrases.UNMUTE,
)
def unmute(request: Request, mute: Annotated[Mute, MuteArgument()]) -> Reply:
    """End a mute before its time."""
    if mute.user_id is None and not request.role.may(Role.MANAGER):
        raise UserError(_("Only a manager ends a mute for everyone."))
    mute.ended_at = request.now
    return Reply(
        title=_("{subject} is heard again.", subject=subject(request, mute.subject)), tone=Tone.GOOD
    )


@consequence(Mute)
def follow_mute(request: Request, change: Change) -> None:
    """Tell the channels of a mute for everyone that began or ended, also by an undo."""
    if change.record.user_id is None and (change.created or "ended_at" in change.before):
        _announce(request, change.record)


@notice(mutes.ANNOUNCED)
def tell_mute(telling: Telling, payload: Mapping[str, Any]) -> Reply | None:
    """Tell a channel that something was muted for everyone, or is heard again."""
    found = mutes.find(telling.session, payload["mute_id"])
    if found is None:
        return None
    if found.ended_at is not None:
        title = _("{subject} is heard again.", subject=subject(telling, found.subject))
        return Reply(title=title, tone=Tone.GOOD)
    return _card(found, _headline(telling, found))


def subject(surroundings: Request | Telling, stored: str) -> str:
    """Return a muted subject in words."""
    return _subjects(surroundings.session, [stored])[stored]


def _subjects(session: Session, stored: Sequence[str]) -> dict[str, str]:
    """Return muted subjects in words, with one query per kind of record."""
    references = {
        each: Reference.parse(each)
        for each in stored
        if not each.startswith((mutes.KIND, mutes.PLACE))
    }
    found = records.load(session, tuple(references.values()), deleted=True)
    named = {each: _named(reference, found) for each, reference in references.items()}
    return {each: named.get(each) or _said(each) for each in stored}


def _said(stored: str) -> str:
    if stored.startswith(mutes.KIND):
        return _(stored.removeprefix(mutes.KIND).replace("_", " ")).capitalize()
    return _("channel {address}", address=stored.removeprefix(mutes.PLACE))


def _named(reference: Reference, found: Mapping[Reference, Model]) -> str:
    name = records.name_of(found[reference]) if reference in found else ""
    return f"{_(KIND_NAMES[reference.kind])} #{reference.id} {name}".strip()


def _announce(request: Request, made: Mute) -> None:
    """Tell every channel that it concerns; the place of the command reads the answer."""
    routed = {each for addresses in request.defaults.routes.values() for each in addresses}
    if made.subject.startswith(mutes.PLACE):
        routed = {made.subject.removeprefix(mutes.PLACE)}
    here = "" if request.private else f"{request.place.platform}:{request.place.chat}"
    for address in sorted(routed):
        place = Address.parse(address)
        if f"{place.platform}:{place.chat}" == here:
            continue
        notices.owe(
            request.session,
            kind=mutes.ANNOUNCED,
            key=f"{mutes.ANNOUNCED}:{made.id}:{request.session.info['actor'].call}:{address}",
            payload={"mute_id": made.id},
            due_at=request.now,
            now=request.now,
            priority=notices.ALERT,
            address=place,
        )


def _headline(surroundings: Request | Telling, made: Mute) -> str:
    said = subject(surroundings, made.subject)
    if made.user_id is None:
        return _(
            "{name} muted {subject} for everyone until {when}.",
            name=made.made_by.name,
            subject=said,
            when=moment(made.until),
        )
    return _("{subject} is muted for you until {when}.", subject=said, when=moment(made.until))


def _card(made: Mute, title: str) -> Reply:
    return Reply(
        title=title,
        fields=(Field(_("Reason"), made.reason),),
        actions=(Action(_("Unmute"), f"unmute {made.id}", replaces=True),),
        footer=_("Mute #{id}", id=made.id),
    )
