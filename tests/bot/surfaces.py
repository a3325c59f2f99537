"""A surface that keeps in memory what it is given, and fails when it is told to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.routing import BaseRoute

from bot.clock import Clock
from bot.surface import Incoming, Sent
from crm_store.addresses import Address
from handlers.reply import Reply


@dataclass(frozen=True)
class Post:
    """One message as the platform got it."""

    at: datetime
    address: Address
    key: str
    text: str
    again: bool
    reply: Reply


@dataclass
class MemorySurface:
    """A platform; `trouble` is called before a message is taken, `echo` after it."""

    name: str
    clock: Clock
    can_look_up: bool = False
    routes: Sequence[BaseRoute] = ()
    posts: list[Post] = field(default_factory=list)
    trouble: Callable[[str], None] = lambda _: None
    echo: Callable[[str], None] = lambda _: None
    edits: list[tuple[Sent, Reply]] = field(default_factory=list)

    async def start(self) -> None:
        """Nothing to connect to."""

    async def stop(self) -> None:
        """Nothing to part from."""

    def read(self, body: dict[str, Any]) -> Incoming | None:
        """Read `{"key": …, "sender": …, "text": …}`; no text means nothing to do."""
        if not body["text"]:
            return None
        place = Address(self.name, body["sender"])
        sender = body["sender"]
        return Incoming(
            self.name, body["key"], sender, sender, place, private=True, text=body["text"]
        )

    async def answer(
        self, body: dict[str, Any], reply: Reply, *, language: str, zone: str, again: bool
    ) -> Sent | None:
        """Post the reply to the sender's chat."""
        return self._post(Address(self.name, body["sender"]), reply, body["key"], again=again)

    async def send(
        self, address: Address, reply: Reply, *, key: str, language: str, zone: str, again: bool
    ) -> Sent:
        """Post to a chat."""
        return self._post(address, reply, key, again=again)

    async def find(self, address: Address, key: str) -> Sent | None:
        """Look through the chat."""
        self.trouble(f"find {key}")
        for number, post in enumerate(self.posts):
            if (post.address, post.key) == (address, key):
                return Sent(str(number), address)
        return None

    async def edit(self, sent: Sent, reply: Reply, *, language: str, zone: str) -> Sent:
        """Keep what was put in the place of which message."""
        self.trouble(f"edit {sent.message_id}")
        self.edits.append((sent, reply))
        return sent

    def _post(self, address: Address, reply: Reply, key: str, *, again: bool) -> Sent:
        self.trouble(str(address))
        self.posts.append(Post(self.clock.now(), address, key, reply.text, again, reply))
        self.echo(str(address))
        return Sent(str(len(self.posts) - 1), address)


def failing(*errors: Exception) -> Callable[[str], None]:
    """Return a hook that fails so often, each time with the next error."""
    left = list(errors)

    def hook(_: str) -> None:
        if left:
            raise left.pop(0)

    return hook


def always(error: Exception) -> Callable[[str], None]:
    """Return a hook that fails whenever it is called."""

    def hook(_: str) -> None:
        raise error

    return hook
