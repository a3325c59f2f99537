"""The web chat as a surface: the browser posts what a person does and is sent the messages as they come.

A message is drawn in `render.py` when a page asks for it; until then it stands in the store, so any
process may answer and a page that was closed misses nothing. What a browser may do is decided here.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from bot import charts
from bot.surface import DeliveryError, Incoming, Sent
from bot.webchat import messages, page
from bot.webchat.guesses import WINDOW, Guesses
from bot.webchat.messages import PLATFORM, Body
from bot.webchat.page import Guest
from crm_store import users, webchat
from crm_store.addresses import Address
from crm_store.models import User
from crm_store.store import Conflict, Session, StoreUnavailable
from handlers.reply import Reply
from handlers.wording import _, speaking

COOKIE = "rapport_session"
MAX_LINE = 20_000  # characters of one typed line or of one field of a form
_MAX_FIELDS = 100
_TICK = 1.0  # seconds between looks for what another process has answered
_ALIVE = 15  # ticks between signs of life, for proxies that close what is silent
_KEY = re.compile(r"[0-9a-f-]{16,64}")
_DIGITS = re.compile("[0-9]{1,19}")
_LOOPBACK = frozenset({"127.0.0.1", "localhost"})
# No script, style or picture from elsewhere, none inside the page, and nobody frames it.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    # Not `no-referrer`: with it a browser says `Origin: null` when it sends our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}

Receive = Callable[[str, str, str, Body], Awaitable[bool]]
Transact: TypeAlias = Callable[[Callable[[Session], Any]], Any]
Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


class Refused(Exception):
    """A request that is not for this browser; the status says why."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


class WebChat:
    """The pages of one process.

    `transact` runs its argument in a transaction of its own, `look` in one that only reads. With
    `open_to`, the e-mail addresses of the demo's people, whoever sits at this machine is all of
    them; without, a browser shows the messages of who signed in there.
    """

    name = PLATFORM
    can_look_up = True

    def __init__(  # noqa: PLR0913, PLR0917 - what it is built from, once
        self,
        receive: Receive,
        transact: Transact,
        look: Transact,
        clock: Callable[[], datetime],
        language: str,
        zone: str,
        open_to: Sequence[str] = (),
    ) -> None:
        self._receive = receive
        self._transact = transact
        self._look = look
        self._clock = clock
        self._speech = language, zone
        self._open_to = tuple(open_to)
        self._pages: set[asyncio.Event] = set()
        self._guesses = Guesses()
        self.routes: Sequence[BaseRoute] = (
            Route("/chat", self._guarded(self._chat)),
            Route("/chat/events", self._guarded(self._events)),
            Route("/chat/say", self._guarded(self._say), methods=["POST"]),
            Route("/chat/picture/{person}/{message}", self._guarded(self._picture)),
            Route("/chat/static/{name}", self._guarded(self._static)),
            Route("/chat/sign-in/{code}", self._guarded(self._offer)),
            Route("/chat/sign-in/{code}", self._guarded(self._sign_in), methods=["POST"]),
            Route("/chat/sign-out", self._guarded(self._sign_out), methods=["POST"]),
        )

    async def start(self) -> None:
        """Nothing to connect to: browsers come by themselves."""

    async def stop(self) -> None:
        """Nothing to disconnect from: the web server ends the pages."""

    def read(self, body: Body) -> Incoming | None:
        """Return what a kept event means."""
        return messages.read(body)

    async def answer(
        self, body: Body, reply: Reply, *, language: str, zone: str, again: bool
    ) -> Sent | None:
        """Put the answer on the person's page, in the place of the message if the button says so."""
        del again  # the key of the event says whether it stands there already
        said = messages.said(reply, language, zone)
        number = await self._write(lambda s: messages.answer(s, body, said, self._clock()))
        return Sent(str(number), Address(PLATFORM, body["person"]))

    async def send(  # noqa: PLR0913 - the protocol of the surfaces
        self, address: Address, reply: Reply, *, key: str, language: str, zone: str, again: bool
    ) -> Sent:
        """Put a message on a person's page, once."""
        del again
        said = messages.said(reply, language, zone)
        number = await self._write(
            lambda s: webchat.put(s, address.chat, key, "", said, self._clock())
        )
        return Sent(str(number), address)

    async def find(self, address: Address, key: str) -> Sent | None:
        """Return the message that was sent with `key`."""
        found = await asyncio.to_thread(
            self._look, lambda session: webchat.find(session, address.chat, key)
        )
        return Sent(str(found.id), address) if found else None

    async def edit(self, sent: Sent, reply: Reply, *, language: str, zone: str) -> Sent:
        """Put a reply in the place of a message."""
        said = messages.said(reply, language, zone)
        number = int(sent.message_id)
        await self._write(lambda s: webchat.edit(s, sent.address.chat, number, said))
        return sent

    async def _write(self, work: Callable[[Session], Any]) -> Any:  # noqa: ANN401 - what `work` returns
        try:
            done = await asyncio.to_thread(self._transact, work)
        except (StoreUnavailable, Conflict) as error:
            raise DeliveryError(type(error).__name__, in_doubt=True) from error
        for news in self._pages:
            news.set()
        return done

    def _guarded(self, endpoint: Endpoint) -> Endpoint:
        async def respond(request: Request) -> Response:
            try:
                self._admit(request)
                response = await endpoint(request)
            except Refused as refused:
                response = self._turned_away(refused.status)
            except (StoreUnavailable, Conflict):
                response = self._turned_away(503)
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
            return response

        return respond

    def _admit(self, request: Request) -> None:
        """Refuse what another site makes a browser do: a post from there, or a name that leads here.

        Raises:
            Refused: with 403.
        """
        host = request.headers.get("host", "")
        if self._open_to and urlsplit(f"//{host}").hostname not in _LOOPBACK:
            raise Refused(403)
        if request.method == "POST":
            origin = urlsplit(request.headers.get("origin", "")).netloc
            if not hmac.compare_digest(origin.encode(), host.encode()):
                raise Refused(403)

    def _turned_away(self, status: int) -> Response:
        with speaking(*self._speech):
            ask = _("Ask an admin for a link: `rapport user link EMAIL` prints one.")
            texts = {
                401: (_("You are not signed in here."), ask),
                410: (_("This link is used up or too old."), ask),
                429: (_("Too many wrong links from here."), _("Please wait for 15 minutes.")),
                503: (_("Not now."), _("The store cannot be reached; please try again.")),
            }
            title, text = texts.get(status, (_("This is not allowed."), ""))
            response = _html(page.notice(title, text), status)
        if status == 429:  # noqa: PLR2004 - HTTP's "too many requests"
            response.headers["Retry-After"] = str(int(WINDOW.total_seconds()))
        return response

    async def _guests(self, request: Request) -> list[Guest]:
        """Return the people whose messages this browser shows.

        Raises:
            Refused: with 401, nobody is signed in.
        """
        token = request.cookies.get(COOKIE, "")
        guests: list[Guest] = await asyncio.to_thread(
            self._look, lambda session: self._behind(session, token)
        )
        return guests

    def _behind(self, session: Session, token: str) -> list[Guest]:
        if self._open_to:
            found = webchat.members(session, self._open_to)
        else:
            user = webchat.signed_in(session, token, self._clock()) if token else None
            found = [user] if user else []
        if not found:
            raise Refused(401)
        return [_guest(user) for user in found]

    async def _guest(self, request: Request, number: object) -> Guest:
        for guest in await self._guests(request):
            if guest.id == number:
                return guest
        raise Refused(403)

    async def _chat(self, request: Request) -> Response:
        return _html(page.chat(await self._guests(request), demo=bool(self._open_to)))

    async def _static(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in page.ASSETS:
            raise Refused(404)
        return Response(page.asset(name), media_type=page.ASSETS[name])

    async def _say(self, request: Request) -> Response:
        """Keep what a person did; the answer comes with the events."""
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            raise Refused(415)
        try:
            given = json.loads(await request.body())
        except (ValueError, RecursionError):
            raise Refused(400) from None
        if not isinstance(given, dict) or not _KEY.fullmatch(str(given.get("key", ""))):
            raise Refused(400)
        guest = await self._guest(request, given.get("person"))
        body = messages.kept(given, guest, MAX_LINE, _MAX_FIELDS)
        if body is None:
            raise Refused(400)
        body["shown"] = await asyncio.to_thread(
            self._look, lambda session: messages.shown(session, body)
        )
        await self._receive(PLATFORM, body["key"], guest.account, body)
        return JSONResponse({"kept": True})

    async def _events(self, request: Request) -> Response:
        guests = await self._guests(request)
        return StreamingResponse(
            self._stream(request, guests),
            media_type="text/event-stream",
            headers={"X-Accel-Buffering": "no"},
        )

    async def _stream(self, request: Request, guests: list[Guest]) -> AsyncIterator[str]:
        """Send what changed on the page, for as long as the browser is signed in and listens."""
        closing: asyncio.Event | None = getattr(request.app.state, "closing", None)
        token = request.cookies.get(COOKIE, "")
        known: dict[str, dict[int, int]] = {guest.account: {} for guest in guests}
        news = asyncio.Event()
        self._pages.add(news)
        silent = 0

        def look(session: Session) -> list[dict[str, Any]]:
            if [each.id for each in self._behind(session, token)] != [g.id for g in guests]:
                raise Refused(401)
            return _drawn(session, guests, known)

        try:
            yield "retry: 1000\n\n"
            while not (closing and closing.is_set()):
                news.clear()
                drawn = await asyncio.to_thread(self._look, look)
                for event in drawn:
                    yield f"data: {json.dumps(event)}\n\n"
                silent = 0 if drawn else silent + 1
                if silent % _ALIVE == 1:
                    yield "event: ready\ndata: {}\n\n"
                await _within(news, _TICK)
        except (Refused, StoreUnavailable):
            return  # the browser asks again, and is told then
        finally:
            self._pages.discard(news)

    async def _picture(self, request: Request) -> Response:
        guest = await self._guest(request, _number(request.path_params["person"]))
        number = _number(request.path_params["message"])
        found = await asyncio.to_thread(
            self._look, lambda session: webchat.get(session, guest.account, number)
        )
        reply = Reply.from_dict(found.body["reply"]) if found else None
        if found is None or reply is None or reply.chart is None:
            raise Refused(404)
        picture = await asyncio.to_thread(charts.png, reply.chart, found.body["language"])
        # The address names the version of the message, so what it leads to never changes.
        kept = {"Cache-Control": "private, max-age=86400"}
        return Response(picture, media_type="image/png", headers=kept)

    async def _offer(self, request: Request) -> Response:
        with speaking(*self._speech):
            return _html(page.sign_in(request.path_params["code"], _("Welcome to Rapport")))

    async def _sign_in(self, request: Request) -> Response:
        code, now = request.path_params["code"], self._clock()
        address = request.client.host if request.client else ""
        if self._guesses.exhausted(address, now):
            raise Refused(429)

        def enter(session: Session) -> str | None:
            user = users.redeem_code(session, code, now)
            if user is None or not user.active:
                return None
            messages.enrol(session, user, now)
            return webchat.sign_in(session, user, now)

        token = await asyncio.to_thread(self._transact, enter)
        if token is None:
            self._guesses.note(address, now)
            raise Refused(410)
        response = RedirectResponse("/chat", status_code=303)
        response.set_cookie(
            COOKIE,
            token,
            max_age=int(webchat.SESSION_LIFE.total_seconds()),
            path="/chat",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return response

    async def _sign_out(self, request: Request) -> Response:
        token = request.cookies.get(COOKIE, "")
        await asyncio.to_thread(self._transact, lambda s: webchat.sign_out(s, token))
        response = RedirectResponse("/chat", status_code=303)
        response.delete_cookie(COOKIE, path="/chat", httponly=True, samesite="strict")
        return response


def _guest(user: User) -> Guest:
    return Guest(user.id, user.email, user.name, user.role, user.language, user.time_zone)


def _number(given: str) -> int:
    # Not left to the route: it makes a number of any length, or fails at one of thousands of digits.
    if not _DIGITS.fullmatch(given) or not messages.is_number(int(given)):
        raise Refused(404)
    return int(given)


def _drawn(
    session: Session, guests: list[Guest], known: dict[str, dict[int, int]]
) -> list[dict[str, Any]]:
    events = []
    for guest in guests:
        seen = known[guest.account]
        for message in webchat.changed(session, guest.account, seen):
            seen[message.id] = message.version
            events.append(messages.event(message, guest))
    return events


async def _within(news: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await news.wait()
    except TimeoutError:
        return


def _html(text: str, status: int = 200) -> Response:
    return Response(text, status_code=status, media_type="text/html")
