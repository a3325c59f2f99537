"""How a channel wants the updates of a record: in a thread, into the first message, or one by one."""

from __future__ import annotations

from crm_store import channels
from crm_store.addresses import Address
from crm_store.models import Mode, Role
from handlers import cards, quiet_phrases
from handlers.arguments import PageNumber
from handlers.command import command
from handlers.errors import UserError
from handlers.reply import Action, Reply, Row
from handlers.request import Request
from handlers.wording import _, mark

_SAID = {
    Mode.THREAD: mark("Updates of a record go into the thread of its first message here."),
    Mode.EDIT: mark("Updates of a record take the place of its last message here."),
    Mode.SEPARATE: mark("Each update of a record is a message of its own here."),
}


@command(
    "channel mode <mode> [address=]",
    role=Role.MANAGER,
    example="channel mode thread address=slack:C0123",
    phrases=quiet_phrases.CHANNEL_MODE,
)
def set_mode(request: Request, mode: Mode, address: Address | None = None) -> Reply:
    """Choose what a channel does with updates of one record: thread, edit or separate."""
    place = address or request.place
    if place.platform == "user" or (address is None and request.private):
        raise UserError(
            _("This is for channels."),
            _("Type it in the channel, or write `address=slack:C0123`."),
        )
    row = channels.set_mode(request.session, place, mode)
    return Reply(
        title=_("Channel {address}", address=row.channel),
        text=_(_SAID[mode]),
        actions=tuple(
            Action(
                _(other.value).capitalize(),
                f"channel mode {other} address={row.channel}",
                replaces=True,
            )
            for other in Mode
            if other is not mode
        ),
    )


@command(
    "channel list [page=]",
    role=Role.MANAGER,
    reads=True,
    example="channel list",
    phrases=quiet_phrases.CHANNEL_LIST,
)
def list_channels(request: Request, page: PageNumber = 1) -> Reply:
    """List the channels that were set up, and how each shows updates."""
    offset = (page - 1) * cards.PAGE_SIZE
    found, total = channels.page(request.session, offset, cards.PAGE_SIZE)
    rows = [Row((row.channel, _(row.mode.value))) for row in found]
    empty = _("None; every channel shows the updates of a record in a thread.")
    reply = cards.listing(_("Channels"), (_("Channel"), _("Updates")), rows, empty)
    return cards.page(reply, "channel list", page, total)
