"""The one way to run a call: person, permission, arguments, handler, audit, reply, in one transaction.

Here stands the first of the three error boundaries. What a surface does with the reply is in `bot/worker.py`.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from bot import proposing, talking
from bot.cards import audience_of, card_of, for_audience
from bot.clock import Clock
from bot.intake import Intake
from bot.meaning import Meant, Unclear, meant, text_of
from bot.proposing import Proposed
from bot.suggestions import bug, busy, refusal
from bot.surface import Incoming, Sent
from bot.threads import about_thread, refuse_second_ticket
from bot.understanding.model import Model
from crm_store import inbox, postings, proposals, threads, users
from crm_store.addresses import Address
from crm_store.conversations import Memory, NoMemory
from crm_store.models import Notice, User
from crm_store.postings import Card
from crm_store.store import Actor, Conflict, Duplicate, Session, Store, StoreUnavailable
from handlers import consequences
from handlers.command import Command, commands, match
from handlers.errors import UserError
from handlers.forms import Missing, asking, bind, form, question
from handlers.notices import Outcome, Telling, end
from handlers.reading.line import strip_prefix
from handlers.received import say
from handlers.reply import Action, Reply, Tone
from handlers.request import Call, Defaults, Request, Said
from handlers.wording import _, language, speaking, spoken, zone

log = logging.getLogger(__name__)

ATTEMPTS = 3
_CANCEL = frozenset({"cancel", "取消"})


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply with the language and the zone that it is rendered in; `refused` says that nothing was done.

    `card` says what the reply shows of a record, None when it is no card.
    """

    reply: Reply
    language: str
    zone: str
    refused: bool = False
    card: Card | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what the inbox keeps of it, as JSON values."""
        return {
            "reply": self.reply.to_dict(),
            "language": self.language,
            "zone": self.zone,
            "card": self.card.to_dict() if self.card else None,
        }


@dataclass(frozen=True, slots=True)
class _Caller:
    user: User | None
    person: str
    place: Address
    private: bool
    email: str = ""


class Router:
    """Runs calls against one store; safe to share between threads."""

    def __init__(
        self, store: Store, defaults: Defaults, clock: Clock, model: Model | None = None
    ) -> None:
        """Keep what every call needs; a `model` is asked for what is not understood without one."""
        self.model = model
        self.store = store
        self.defaults = defaults
        self.clock = clock
        self.intake = Intake()

    def carry_out(self, incoming: Incoming, inbox_id: int) -> Answer | None:
        """Take an event of the inbox; None where there is nothing to say, as to a stranger above the limit, once told.

        What customers write becomes their tickets, so it is never dropped.

        Raises:
            StoreUnavailable: nothing was done; the event stays in the inbox.
        """
        who = incoming.platform, incoming.sender
        if (incoming.said and self.defaults.customers) or self.intake.take(who):
            return self.take(incoming, inbox_id)
        with self.store.reading() as session:
            known = users.by_account(session, *who) is not None
        if known:
            return self.take(incoming, inbox_id)
        if not incoming.unaddressed and self.intake.tell(who):
            speech = _speech(None, incoming, self.defaults)
            with speaking(*speech):
                reply = Reply(
                    text=_("That was a lot at once; wait a minute, I do not answer until then."),
                    tone=Tone.WARNING,
                )
            return self._settle(incoming, inbox_id, reply, speech)
        with self.store.transaction(Actor(None, incoming.platform, "", "")) as session:
            inbox.done(session, inbox_id, None)
        return None

    def handle(self, incoming: Incoming, inbox_id: int | None = None) -> Answer:
        """Run what came in and return the answer; the inbox row is marked done in the same transaction.

        Raises:
            StoreUnavailable: nothing was done; the event stays in the inbox.
        """
        return self.take(incoming, inbox_id) or Answer(Reply(), language(), str(zone()))

    def take(self, incoming: Incoming, inbox_id: int | None = None) -> Answer | None:
        """Do the same for what may be talk and no command, and to which there may be nothing to say."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._handle(incoming, inbox_id, last=attempt == ATTEMPTS)
            except (Conflict, Duplicate):
                log.info("conflict platform=%s", incoming.platform)
        return replace(self._settle(incoming, inbox_id, UserError(busy()).reply()), refused=True)

    def run_as(
        self, session: Session, user: User, place: Address, line: str, now: datetime
    ) -> Reply:
        """Run a read-only line as `user` inside an open transaction, for digests and previews.

        Raises:
            UserError: the line is unknown, changes something, or is not for this person.
        """
        found = match(line)
        if found is None:
            raise UserError(
                _("“{line}” is not a command.", line=line[:40]),
                _("Type `help` to see the commands."),
            )
        command, rest = found
        if not command.reads:
            raise UserError(
                _("`{name}` changes something, so it cannot be scheduled.", name=command.name)
            )
        return self.read_as(session, user, place, Call(command.name, command.parse(rest)), now)

    def read_as(
        self, session: Session, user: User, place: Address, call: Call, now: datetime
    ) -> Reply:
        """Run a read-only call as `user` inside an open transaction.

        Raises:
            Missing: a required argument was not given.
            UserError: it is not for this person, or an argument cannot be read.
        """
        command = commands()[call.command]
        request = self.aside(session, user, place, call, now)
        _permit(command, request)
        reply: Reply = command.handler(request, **bind(command, request))
        return reply

    def aside(
        self, session: Session, user: User, place: Address, call: Call, now: datetime
    ) -> Request:
        """Return the request of a call outside of any conversation, of which nothing is remembered."""
        caller = _Caller(user, str(user.id), place, private=True)
        memory = NoMemory(session, place, caller.person, now)
        return self._request(session, caller, call, memory, now)

    def ended(
        self,
        session: Session,
        notice: Notice,
        sent: Sent | None,
        reply: Reply | None,
        *,
        gone: bool = False,
    ) -> None:
        """Note how a notice ended, inside the transaction that settles it; None: it was given up."""
        outcome = Outcome(
            payload=notice.payload,
            address=sent.address if sent else Address.parse(notice.sent_to or notice.address or ""),
            now=self.clock.now(),
            defaults=self.defaults,
            reply=reply,
            message_id=sent.message_id if sent else "",
            gone=gone,
        )
        with speaking(self.defaults.language, self.defaults.time_zone):
            end(session, notice.kind, outcome)

    def tell(self, session: Session, notice: Notice) -> tuple[Address, Reply, str, str] | None:
        """Say a notice: its address, its words, and the language and zone of its reader.

        Returns None when there is nothing left to say.
        """
        address = Address.parse(notice.sent_to or notice.address or "")
        reader = notice.user
        speech = (
            (reader.language, reader.time_zone)
            if reader
            else (
                notice.payload.get("language", self.defaults.language),
                notice.payload.get("zone", self.defaults.time_zone),
            )
        )
        with speaking(*speech):
            try:
                reply = self._tell(session, notice, address)
            except UserError as error:
                reply = error.reply()
        return (address, reply, *speech) if reply else None

    def _tell(self, session: Session, notice: Notice, address: Address) -> Reply | None:
        now = self.clock.now()

        def run(line: str) -> Reply:
            runner = notice.user or session.get(User, notice.payload.get("owner_id"))
            if runner is None or not runner.active:
                raise UserError(_("Nobody owns this message any more."))
            return self.run_as(session, runner, address, line, now)

        telling = Telling(session, notice.user, now, self.defaults, run, address)
        reply = say(telling, notice)
        return reply and for_audience(reply, audience_of(notice))

    def _handle(
        self,
        incoming: Incoming,
        inbox_id: int | None,
        suggested: Call | None = None,
        *,
        last: bool,
    ) -> Answer | None:
        actor = Actor(None, incoming.platform, "", secrets.token_hex(6))
        speech = self.defaults.language, self.defaults.time_zone
        try:
            with self.store.transaction(actor) as session:
                postings.begin(session)
                user = users.by_account(session, incoming.platform, incoming.sender)
                if user:
                    users.introduce(session, user, spoken(incoming.language), _zone(incoming))
                speech = _speech(user, incoming, self.defaults)
                with speaking(*speech):
                    reply = self._run(session, user, incoming, actor, suggested)
                    return self._finish(session, incoming, inbox_id, reply, user)
        except Missing as missing:
            return self._ask(incoming, inbox_id, missing, speech)
        except Proposed as proposed:
            return self._propose(incoming, inbox_id, proposed, speech)
        except Unclear as unclear:
            return self._ask_model(incoming, inbox_id, unclear, speech, last=last)
        except UserError as error:
            return replace(self._settle(incoming, inbox_id, error.reply(), speech), refused=True)
        except (StoreUnavailable, Conflict):
            raise
        except Exception as error:
            if isinstance(error, Duplicate) and not last:
                raise
            reference = secrets.token_hex(3).upper()
            log.exception("bug reference=%s platform=%s", reference, incoming.platform)
            with speaking(*speech):
                return replace(
                    self._settle(incoming, inbox_id, bug(reference), speech), refused=True
                )

    def _run(
        self,
        session: Session,
        user: User | None,
        incoming: Incoming,
        actor: Actor,
        suggested: Call | None,
    ) -> Reply | None:
        now = self.clock.now()
        memory = Memory(session, incoming.place, incoming.sender, now)
        about = threads.bound(session, incoming.place)
        caller = _Caller(user, incoming.sender, incoming.place, incoming.private, incoming.email)
        request = self._request(session, caller, Call("", {}), memory, now, said=incoming.said)
        heard = talking.hear(request, incoming, actor)
        if heard:
            return heard.reply
        if not incoming.values and _words(incoming).casefold() in _CANCEL:
            return _cancel(memory)
        text = text_of(session, incoming)
        if incoming.line and text.startswith(proposing.DISMISS):
            return proposing.dismissed(request, text.removeprefix(proposing.DISMISS))
        found = (
            Meant(commands()[suggested.command], suggested, rehearsed=True)
            if suggested
            else meant(text, incoming, request)
        )
        command, call = found.command, found.call
        request = self._request(session, caller, call, memory, now)
        _permit(command, request)
        if incoming.binds:
            refuse_second_ticket(command, about)
            request.call = about_thread(command, call, about)
        if found.rehearsed and not command.reads:
            raise proposing.rehearsed(request, command, actor)
        values = _bound(command, request)
        if incoming.asks:
            raise Missing(form(command, request))
        session.info["actor"] = replace(
            actor, user_id=user.id if user else None, command=command.name, at=now
        )
        session.info["read_only"] = command.reads
        if incoming.replaces:
            postings.leave_alone(session, incoming.place, incoming.message_id)
        memory.dialog = None
        reply: Reply = command.handler(request, **values)
        proposing.check(request, found.proposal)
        if incoming.binds and about is None and memory.subject:
            threads.bind(session, incoming.place, memory.subject, now)
        session.flush()
        consequences.follow(request)
        changed = session.info.get("audit") or session.info.get("audit_notes")
        if changed and user and not command.reads and command.name != "undo":
            return replace(
                reply,
                actions=(*reply.actions, Action(_("Undo"), f"undo {actor.call}", replaces=True)),
            )
        return reply

    def _request(  # noqa: PLR0913 - what it is made of
        self,
        session: Session,
        caller: _Caller,
        call: Call,
        memory: Memory,
        now: datetime,
        *,
        said: Said | None = None,
    ) -> Request:
        def run(line: str) -> Reply:
            return self.run_as(session, request.colleague, caller.place, line, now)

        request = Request(
            session=session,
            platform=caller.place.platform,
            person=caller.person,
            user=caller.user,
            place=caller.place,
            private=caller.private,
            email=caller.email,
            now=now,
            defaults=self.defaults,
            memory=memory,
            call=call,
            reads=bool(call.command) and commands()[call.command].reads,
            run=run,
            said=said,
        )
        return request

    def _ask(
        self, incoming: Incoming, inbox_id: int | None, missing: Missing, speech: tuple[str, str]
    ) -> Answer:
        wanted = missing.form
        command = commands()[wanted.command]
        asked = question(wanted)
        if incoming.asks and asked is None:
            with speaking(*speech):
                whole = asking(wanted, command.usage, command.example)
                return self._settle(incoming, inbox_id, whole, speech)
        dialog = {
            "command": wanted.command,
            "values": {field.name: field.value for field in wanted.fields if field.value},
            "asking": asked.name if asked else "",
            "rehearsed": missing.rehearsed,
        }
        with speaking(*speech):
            return self._settle(
                incoming, inbox_id, asking(wanted, command.usage, command.example), speech, dialog
            )

    def _ask_model(
        self,
        incoming: Incoming,
        inbox_id: int | None,
        unclear: Unclear,
        speech: tuple[str, str],
        *,
        last: bool,
    ) -> Answer | None:
        """Ask the model, if there is one, outside of any transaction; else say what the offline way says."""
        call = self.model.understand(*unclear.question) if self.model else None
        if call:
            return self._handle(incoming, inbox_id, call, last=last)
        return replace(self._settle(incoming, inbox_id, unclear.reply(), speech), refused=True)

    def _propose(
        self, incoming: Incoming, inbox_id: int | None, proposed: Proposed, speech: tuple[str, str]
    ) -> Answer:
        with (
            self.store.transaction(Actor(None, incoming.platform, "", "")) as session,
            speaking(*speech),
        ):
            key = proposals.keep(session, proposed.proposal, self.clock.now())
            card = proposing.buttons(proposed.card, key)
            return self._done(session, inbox_id, for_audience(card, incoming.audience))

    def _settle(
        self,
        incoming: Incoming,
        inbox_id: int | None,
        reply: Reply,
        speech: tuple[str, str] | None = None,
        dialog: dict[str, Any] | None = None,
    ) -> Answer:
        speech = speech or (self.defaults.language, self.defaults.time_zone)
        with (
            self.store.transaction(Actor(None, incoming.platform, "", "")) as session,
            speaking(*speech),
        ):
            if dialog is not None:
                Memory(session, incoming.place, incoming.sender, self.clock.now()).dialog = dialog
            return self._done(session, inbox_id, reply)

    def _finish(
        self,
        session: Session,
        incoming: Incoming,
        inbox_id: int | None,
        reply: Reply | None,
        user: User | None,
    ) -> Answer | None:
        if reply is not None:
            reply = for_audience(reply, incoming.audience)
            return self._done(session, inbox_id, reply, user, incoming.audience)
        if inbox_id is not None:
            inbox.done(session, inbox_id, None)
        return None

    def _done(
        self,
        session: Session,
        inbox_id: int | None,
        reply: Reply,
        user: User | None = None,
        audience: str = "self",
    ) -> Answer:
        user_id = user.id if user else None
        card = card_of(session, reply, user_id, self.clock.now(), audience)
        answer = Answer(reply, language(), str(zone()), card=card)
        if inbox_id is not None:
            inbox.done(session, inbox_id, answer.to_dict())
        return answer


def _speech(user: User | None, incoming: Incoming, defaults: Defaults) -> tuple[str, str]:
    if user:
        return user.language, user.time_zone
    guess = spoken(incoming.language) or ("en" if incoming.language else defaults.language)
    return guess, defaults.time_zone


def _zone(incoming: Incoming) -> str:
    """Return the zone that a platform knows of a person, if it is one."""
    return incoming.time_zone if incoming.time_zone in available_timezones() else ""


def _permit(command: Command, request: Request) -> None:
    if not request.role.may(command.role):
        raise refusal(command, request)


def _bound(command: Command, request: Request) -> dict[str, Any]:
    try:
        return bind(command, request)
    except UserError as error:
        if request.memory.dialog is None:
            raise
        # The question still stands: without this nobody knows why the next line is not understood.
        cancel = Action(_("Cancel"), "cancel", replaces=True)
        error.actions = (*error.actions, cancel)
        raise


def _words(incoming: Incoming) -> str:
    return incoming.line or strip_prefix(incoming.text) or ""


def _cancel(memory: Memory) -> Reply:
    if memory.dialog is None:
        return Reply(text=_("There is nothing to cancel."))
    memory.dialog = None
    return Reply(text=_("Cancelled; nothing was changed."))
