"""What a platform asks on behalf of a person while they type, search or read a link; nothing is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.cards import for_audience
from crm_store import threads, users
from crm_store.addresses import Address
from crm_store.models import Role
from handlers.command import match
from handlers.errors import UserError
from handlers.forms import Missing, filled, mistakes
from handlers.request import Call
from handlers.wording import speaking

if TYPE_CHECKING:
    from bot.router import Router
    from bot.surface import Incoming
    from crm_store.models import User
    from crm_store.store import Session
    from handlers.reply import Choice, Reply
    from handlers.request import Request


class Lookups:
    """The lookups in one store; safe to share between threads. Each may raise `StoreUnavailable`."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._store = router.store
        self._defaults = router.defaults

    def find(self, platform: str, account: str, words: str, page: int) -> Reply | None:
        """Find records as the person behind an account may; None for strangers."""
        place, now = Address(platform, account), self._router.clock.now()
        call = Call("find", {"words": words, "page": str(page)})
        with self._store.reading() as session:
            user = users.by_account(session, platform, account)
            if user is None:
                return None
            with speaking(user.language, user.time_zone):
                try:
                    return self._router.read_as(session, user, place, call, now)
                except (UserError, Missing):
                    return None

    def complete(
        self, platform: str, person: str, line: str, name: str, typed: str
    ) -> tuple[Choice, ...]:
        """Return what an argument may become while a person types it; nothing for whom it is not open."""
        known = match(line)
        with self._store.reading() as session:
            user = users.by_account(session, platform, person)
            if user is None or known is None or not user.role.may(known[0].role):
                return ()
            command = known[0]
            with speaking(user.language, user.time_zone):
                place, call = Address(platform, person), Call(command.name, {})
                request = self._aside(session, user, place, call)
                return command.parameter(name).argument.complete(typed, request)

    def preview(self, platform: str, person: str, line: str) -> Reply | None:
        """Return what a line shows, as others may read it; None when it is not for this person."""
        with self._store.reading() as session:
            user = users.by_account(session, platform, person)
            if user is None:
                return None
            with speaking(self._defaults.language, self._defaults.time_zone):
                try:
                    place = Address(platform, person)
                    now = self._router.clock.now()
                    reply = self._router.run_as(session, user, place, line, now)
                except UserError:
                    return None
                return for_audience(reply, "outside")

    def is_bound(self, place: Address) -> bool:
        """Tell whether a thread belongs to a record."""
        with self._store.reading() as session:
            return threads.bound(session, place) is not None

    def role_of(self, platform: str, person: str) -> tuple[Role, str]:
        """Return what a person may do, and their language; `ANYONE` and none for a stranger."""
        with self._store.reading() as session:
            user = users.by_account(session, platform, person)
            return (user.role, user.language) if user else (Role.ANYONE, "")

    def mistakes(self, incoming: Incoming) -> dict[str, str]:
        """Return what is wrong in a form that was filled in, by its fields."""
        with self._store.reading() as session:
            user = users.by_account(session, incoming.platform, incoming.sender)
            found = match(incoming.line)
            if user is None or found is None or not user.role.may(found[0].role):
                return {}
            with speaking(user.language, user.time_zone):
                try:
                    call = filled(*found, incoming.values, incoming.shown)
                except UserError:
                    return {}
                request = self._aside(session, user, incoming.place, call)
                return mistakes(found[0], request)

    def _aside(self, session: Session, user: User, place: Address, call: Call) -> Request:
        return self._router.aside(session, user, place, call, self._router.clock.now())
