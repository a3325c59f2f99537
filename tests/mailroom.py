"""A desk whose messages go out to surfaces in memory, at the desk's clock. No test stands here."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

from bot.delivery import Delivery
from crm_store import notices
from crm_store.addresses import Address
from crm_store.models import Notice, NoticeState
from crm_store.store import Session, Store
from handlers.reply import Reply
from handlers.request import Defaults
from tests.bot.surfaces import MemorySurface
from tests.bot.surfaces import Post as Message
from tests.desk import SEED, Desk

ROUTED = "slack:C0RISKS"


class Mailroom(Desk):
    """The people of the desk, whom messages reach on the platform `test`, and the channels of Slack and Telegram."""

    def __init__(self, store: Store, defaults: Defaults | None = None) -> None:
        super().__init__(store, defaults or Defaults(routes={"churn": (ROUTED,)}))
        self.surfaces = {
            name: MemorySurface(name, self.clock, can_look_up=name == "slack")
            for name in ("test", "slack", "telegram")
        }
        self.plain = False  # say every notice by its key: a kind needs no records then

    def owe(self, key: str, who: str = "rep", **values: Any) -> int:
        """Owe a reminder to a person, or to a channel where `address` is given; return its number."""
        given: dict[str, Any] = {
            "kind": "task_due",
            "payload": {},
            "due_at": self.clock.now(),
            "priority": notices.REMINDER,
        }
        if "address" not in values:
            given["user_id"] = getattr(self, who).id
        with self.store.transaction(SEED) as session:
            assert notices.owe(session, key=key, now=self.clock.now(), **(given | values))
        return self.notice(key).id

    def deliver(self) -> None:
        """Send all that is due; the seconds that a chat must wait pass at once."""

        async def run() -> None:
            delivery = Delivery(
                self.store,
                self.surfaces,
                self._say,
                lambda _session: self.clock.now(),
                lambda: self.clock.now().timestamp(),
                ended=self._ended,
            )
            idle = 0
            while idle < 2:
                begun = await delivery.step()
                await delivery.settle()
                idle = 0 if begun else idle + 1
                self.clock.advance(timedelta(seconds=1))
            await delivery.stop()

        asyncio.run(run())

    def at(self, text: str) -> None:
        """Move the clock to an instant, such as `2026-11-16 20:00+01:00`."""
        wanted = datetime.fromisoformat(text)
        assert wanted >= self.clock.now()
        self.clock.advance(wanted - self.clock.now())

    def got(self, who: str) -> list[str]:
        """The keys of what a person was sent, in order."""
        return [post.key for post in self.surfaces["test"].posts if post.address.chat == who]

    def last(self, who: str) -> Message:
        """The newest message of a person."""
        return [post for post in self.surfaces["test"].posts if post.address.chat == who][-1]

    def in_channel(self, address: str) -> list[Message]:
        """What a channel was sent, in order; its threads are not in it."""
        place = Address.parse(address)
        return [post for post in self.surfaces[place.platform].posts if post.address == place]

    def notice(self, key: str) -> Notice:
        """The notice with this key."""
        with self.store.reading() as session:
            return session.query(Notice).filter_by(key=key).one()

    def notice_of(self, who: str) -> int:
        """The number of the newest notice of a person."""
        reader = getattr(self, who).id
        with self.store.reading() as session:
            found = session.query(Notice).filter_by(user_id=reader).order_by(Notice.id.desc())
            return found.limit(1).one().id

    def state(self, key: str) -> tuple[NoticeState, str | None]:
        """How far a notice came, and why."""
        found = self.notice(key)
        return found.state, found.reason

    def _ended(self, *outcome: Any, gone: bool = False) -> None:
        if not self.plain:
            self.router.ended(*outcome, gone=gone)

    def _say(self, session: Session, notice: Notice) -> tuple[Address, Reply, str, str] | None:
        if self.plain and notice.kind != notices.FOLDED:
            return Address.parse(notice.sent_to or ""), Reply(text=notice.key), "en", "UTC"
        if self.plain:
            held = ", ".join(each["key"] for each in notice.payload["notices"])
            return Address.parse(notice.sent_to or ""), Reply(text=held), "en", "UTC"
        return self.router.tell(session, notice)
