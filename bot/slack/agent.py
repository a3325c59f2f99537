"""What Slack offers agents: prompts to begin with on the messages tab, and a status while an answer takes long.

Neither is kept: one that is lost costs nothing. Answers are not streamed: a card is complete once it is drawn, and
Slack allows twenty streams a minute to the whole app (https://docs.slack.dev/reference/methods/chat.startStream).
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.slack import events
from bot.surface import DeliveryError
from crm_store.models import Role
from handlers.wording import _, mark, speaking

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.slack.events import Body

log = logging.getLogger(__name__)

HOLD = 0.7  # seconds after which an answer is late enough for a status: nobody reads one that only flashes
STAYS = 120.0  # seconds after which Slack takes a status away by itself
DESCRIPTION = (
    "The CRM that your team talks to: customers, deals, tickets and tasks. Ask in plain words, or type a command; "
    "nothing is changed before you confirm it."
)
# What a conversation can begin with: what is shown, and the line that it stands for.
_ANYBODY = ((mark("What can you do?"), "help"),)
_COLLEAGUE = ((mark("My day"), "day"),)
_PROMPTS: dict[Role, tuple[tuple[str, str], ...]] = {
    Role.REP: ((mark("My open deals"), "deal list owner=me"), (mark("My tasks"), "task list")),
    Role.AGENT: (
        (mark("My tickets"), "ticket list assignee=me"),
        (mark("New tickets"), "ticket list status=new"),
    ),
    Role.MANAGER: (
        (mark("The pipeline"), "report pipeline"),
        (mark("Customers at risk"), "report churn"),
    ),
}
_PROMPTS[Role.ADMIN] = _PROMPTS[Role.MANAGER]


def prompts(role: Role) -> list[dict[str, str]]:
    """Return at most four prompts for somebody of a role, in the language spoken."""
    offered = (*_COLLEAGUE, *_PROMPTS[role], *_ANYBODY) if role in _PROMPTS else _ANYBODY
    return [{"title": _(title), "message": line} for title, line in offered]


@dataclass(slots=True)
class _Status:
    """A status that will be shown unless the answer comes first."""

    task: asyncio.Task[None]
    shown: bool = False


class Agent:
    """The agent's side of one workspace; `call` makes one call to the Web API."""

    def __init__(self, call: Callable[[str, Body], Awaitable[Body]], language: str) -> None:
        self._call = call
        self._language = language
        self._waiting: dict[str, _Status] = {}

    async def greet(self, channel: str, role: Role, language: str) -> None:
        """Offer prompts in the direct message that somebody opened."""
        with speaking(language, "UTC"):
            offered = prompts(role)
        await self._try(
            "assistant.threads.setSuggestedPrompts", {"channel_id": channel, "prompts": offered}
        )

    def expect(self, body: Body, arrived: float) -> bool:
        """Say that an answer is on its way when it does not come soon; False where that begun before, or cannot be.

        `arrived` is when the event came, in the seconds of the loop's clock.
        """
        event = body.get("event") or {}
        key = events.key_of(body)
        if not key or event.get("channel_type") != "im" or key in self._waiting:
            return False
        holding = self._hold(key, event, arrived + HOLD)
        self._waiting[key] = _Status(asyncio.create_task(holding))
        return True

    def forget(self, body: Body) -> None:
        """Expect no answer after all."""
        status = self._waiting.pop(events.key_of(body) or "", None)
        if status:
            status.task.cancel()

    async def answered(self, body: Body) -> None:
        """Take the status away, since the answer is there."""
        status = self._waiting.get(events.key_of(body) or "")
        if status and status.shown:
            await status.task
            await self._set_status(body["event"], "")
        self.forget(body)

    def stop(self) -> None:
        """Wait for nothing any more."""
        for status in self._waiting.values():
            status.task.cancel()

    async def _hold(self, key: str, event: Body, until: float) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(until - loop.time())
        self._waiting[key].shown = True
        # What has no answer by then, since there is nothing to say, will have none.
        loop.call_later(STAYS, self._waiting.pop, key, None)
        with speaking(self._language, "UTC"):
            status = _("is looking it up…")
        await self._set_status(event, status)

    async def _set_status(self, event: Body, status: str) -> None:
        thread = event.get("thread_ts") or event["ts"]
        await self._try(
            "assistant.threads.setStatus",
            {"channel_id": event["channel"], "thread_ts": thread, "status": status},
        )

    async def _try(self, method: str, arguments: Body) -> None:
        try:
            await self._call(method, arguments)
        except DeliveryError as error:
            log.info("agent's side not shown method=%s reason=%s", method, error.reason)
