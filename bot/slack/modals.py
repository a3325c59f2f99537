"""Modals that are open: a form, or that it is on its way when the answer may come after the trigger expired.

How a form is drawn and read is `bot/slack/forms.py`.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.slack import events, forms
from bot.surface import DeliveryError
from handlers.wording import _, speaking

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.slack.events import Body, Destination
    from handlers.reply import Reply

log = logging.getLogger(__name__)

# A trigger is good for 3 s; after half of them the answer may come too late, and there is time to open something.
HOLD = 1.5
ANSWERED = 60.0  # seconds that a view waits for its form


@dataclass(slots=True)
class _Loading:
    """A view that will be opened unless the answer comes first."""

    task: asyncio.Task[str]
    opening: bool = False


class Modals:
    """The modals of one workspace; `call` makes one call to the Web API and returns its answer."""

    def __init__(self, call: Callable[[str, Body], Awaitable[Body]], language: str) -> None:
        self._call = call
        self._language = language
        self._loading: dict[str, _Loading] = {}

    def expect(self, body: Body, arrived: float) -> bool:
        """Show that a form is on its way when it does not come soon; False where that begun before, or cannot be.

        `arrived` is when the event came, in the seconds of the loop's clock.
        """
        key = events.key_of(body)
        if not key or "trigger_id" not in body or key in self._loading:
            return False
        holding = self._hold(key, body["trigger_id"], arrived + HOLD)
        self._loading[key] = _Loading(asyncio.create_task(holding))
        return True

    def forget(self, body: Body) -> None:
        """Expect no form after all."""
        loading = self._loading.pop(events.key_of(body) or "", None)
        if loading:
            loading.task.cancel()

    async def open(self, body: Body, reply: Reply, to: Destination) -> bool:
        """Show a form; False when it is too late for one."""
        if reply.form is None or "trigger_id" not in body:
            return False
        view = forms.render_form(reply.form, "")
        binds = body.get("type") == "message_action"
        view["private_metadata"] = events.modal_metadata(reply.form.command, to, binds=binds)
        return await self.show(body, view)

    async def tell(self, body: Body, reply: Reply) -> None:
        """Say in a view that waits for a form why none comes; nothing where no view waits."""
        if events.key_of(body) in self._loading:
            text = "\n".join(part for part in (reply.title, reply.text) if part.strip())
            await self.show(body, forms.notice(_("No form needed"), text or _("Done.")), late=True)

    def stop(self) -> None:
        """Open nothing more."""
        for loading in self._loading.values():
            loading.task.cancel()

    async def show(self, body: Body, view: Body, *, instead: str = "", late: bool = False) -> bool:
        """Show a view in the place of the one that waits for it, or of `instead`, else a new one unless it is `late`.

        False when Slack shows it not.
        """
        there = await self._waiting(events.key_of(body) or "") or instead
        if late and not there:
            return False
        try:
            if there:
                await self._call("views.update", {"view_id": there, "view": view})
            else:
                await self._call("views.open", {"trigger_id": body["trigger_id"], "view": view})
        except DeliveryError as error:
            # Too late or unclear: the card with a button gives a fresh trigger.
            log.info("modal not opened reason=%s", error.reason)
            return False
        return True

    async def _waiting(self, key: str) -> str:
        """Return the view that waits for an answer; one that is not open yet never will be."""
        loading = self._loading.pop(key, None)
        if loading is None:
            return ""
        if not loading.opening:
            loading.task.cancel()
            return ""
        return await loading.task

    async def _hold(self, key: str, trigger: str, until: float) -> str:
        await asyncio.sleep(until - asyncio.get_running_loop().time())
        self._loading[key].opening = True
        with speaking(self._language, "UTC"):
            view = forms.notice(_("One moment…"), _("Your form is on its way."))
        try:
            opened = await self._call("views.open", {"trigger_id": trigger, "view": view})
        except DeliveryError as error:
            log.info("modal not opened reason=%s", error.reason)
            self._loading.pop(key, None)
            return ""
        # What has no answer by then will have none in this process.
        asyncio.get_running_loop().call_later(ANSWERED, self._loading.pop, key, None)
        return str(opened["view"]["id"])
