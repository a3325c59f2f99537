"""Commands about deals."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, cast

from crm_store import deals, records
from crm_store.models import Company, Contact, Deal, Role, Stage, StageKind, User
from crm_store.money import Money
from handlers import cards, deal_phrases, insights
from handlers.arguments import (
    Argument,
    Asked,
    MoneyArgument,
    Name,
    PageNumber,
    RecordArgument,
    Text,
)
from handlers.command import command
from handlers.errors import UserError
from handlers.fields import custom_fields
from handlers.forms import editing
from handlers.reading.money import read_money
from handlers.reply import Action, Choice, Field, FieldKind, Reply, Row, Style, Tone
from handlers.request import Call, Request
from handlers.wording import _, date_stamp, day, money, plural

_REQUIRED_NAMES = {
    "amount": "amount",
    "close_on": "close",
    "contact_id": "contact",
    "company_id": "company",
}


class StageArgument(Argument[Stage]):
    """A stage of the pipeline, by its name or the beginning of it."""

    kind = FieldKind.CHOICE
    spreads = True

    def read(self, text: str, asked: Asked) -> Stage:
        """Return the stage."""
        wanted = text.strip().casefold()
        all_stages = deals.stages(asked.request.session)
        found = [
            s
            for s in all_stages
            if wanted in {s.name.casefold(), _(s.name).casefold(), str(s.kind.value)}
        ]
        if len(found) != 1:
            found = [s for s in all_stages if s.name.casefold() == wanted] or [
                s for s in all_stages if wanted and s.name.casefold().startswith(wanted)
            ]
        if len(found) == 1:
            return found[0]
        names = ", ".join(_(stage.name) for stage in all_stages)
        buttons = tuple(asked.button(_(stage.name), stage.name) for stage in all_stages)
        raise UserError(_("The stages are: {names}.", names=names), actions=buttons)

    def choices(self, request: Request) -> tuple[Choice, ...]:
        """Return the stages in their order."""
        return tuple(Choice(_(stage.name), stage.name) for stage in deals.stages(request.session))


class AmountArgument(MoneyArgument):
    """An amount of a deal, in the deal's own currency when none is written."""

    def read(self, text: str, asked: Asked) -> Money:
        """Return the amount with its currency."""
        named = asked.request.call.values.get("deal")
        if not named:
            return super().read(text, asked)
        found = RecordArgument(("deal",)).read(named, asked)
        return read_money(text, cast("Deal", found).currency)


StageName = Annotated[Stage, StageArgument()]
DeletedDeal = Annotated[Deal, RecordArgument(("deal",), deleted=True)]


@command(
    "deal add <title> company= amount= [close=] [stage=] [contact=] [owner=]",
    role=Role.REP,
    example='deal add "Spring order" company="Acme Ltd" amount=12k close=friday',
    phrases=deal_phrases.ADD,
)
def add_deal(
    request: Request,
    title: Name,
    company: Company,
    amount: Money,
    close: date | None = None,
    stage: StageName | None = None,
    contact: Contact | None = None,
    owner: User | None = None,
) -> Reply:
    """Add a deal."""
    start = stage or deals.stages(request.session)[0]
    today = request.local_now.date()
    deal = deals.add(
        request.session,
        title,
        company,
        amount,
        start,
        owner or request.colleague,
        request.now,
        today,
    )
    deal.close_on, deal.contact = close, contact
    _refuse_incomplete(deal, start)
    request.about("deal", deal.id)
    return _card(request, deal, _("Deal {title} added.", title=deal.title))


@command(
    "deal show <deal>",
    role=Role.MEMBER,
    reads=True,
    example="deal show 42",
    phrases=deal_phrases.SHOW,
)
def show_deal(request: Request, deal: Deal) -> Reply:
    """Show a deal."""
    request.about("deal", deal.id)
    return _card(request, deal, deal.title)


@command(
    "deal move <deal> <stage> [reason...]",
    role=Role.REP,
    example="deal move 42 won",
    phrases=deal_phrases.MOVE,
)
def move_deal(request: Request, deal: Deal, stage: StageName, reason: Text = "") -> Reply:
    """Move a deal to another stage."""
    if deal.stage_id == stage.id:
        raise UserError(_("{title} is in {stage} already.", title=deal.title, stage=_(stage.name)))
    _refuse_incomplete(deal, stage)
    before = deal.stage
    deals.move(request.session, deal, stage, request.colleague, reason or None, request.now)
    request.about("deal", deal.id)
    title = _(
        "{title}: {before} → {after}", title=deal.title, before=_(before.name), after=_(stage.name)
    )
    return _card(request, deal, title)


@command(
    "deal edit <deal> [title=] [amount=] [close=] [company=] [contact=] [owner=] [source=]",
    role=Role.REP,
    example="deal edit 42 amount=15k close=2026-12-01",
    phrases=deal_phrases.EDIT,
)
def edit_deal(
    request: Request,
    deal: Deal,
    title: Name | None = None,
    amount: Annotated[Money, AmountArgument()] | None = None,
    close: date | None = None,
    company: Company | None = None,
    contact: Contact | None = None,
    owner: User | None = None,
    source: Name | None = None,
) -> Reply:
    """Change fields of a deal; `close=` empties one, and no field at all opens the form."""
    if amount is not None:
        deal.amount, deal.currency = amount.amount, amount.currency
    given: dict[str, Any] = {
        "title": title,
        "close_on": close,
        "company": company,
        "contact": contact,
        "owner": owner,
    }
    given["source"] = source
    changes = {field: value for field, value in given.items() if value is not None}
    changes |= {
        field: None
        for name, field in {"close": "close_on", "source": "source", "contact": "contact"}.items()
        if name in request.cleared
    }
    if not changes and amount is None:
        return _edit_form(request, deal)
    for field, value in changes.items():
        setattr(deal, field, value)
    request.about("deal", deal.id)
    return _card(request, deal, _("Deal {title} changed.", title=deal.title))


@command(
    "deal list [owner=] [stage=] [company=] [page=]",
    role=Role.MEMBER,
    reads=True,
    example="deal list owner=me stage=proposal",
    phrases=deal_phrases.LIST,
)
def list_deals(
    request: Request,
    owner: User | None = None,
    stage: StageName | None = None,
    company: Company | None = None,
    page: PageNumber = 1,
) -> Reply:
    """List the open deals, or those of one stage, by their close day."""
    wanted = deals.Filter(
        owner.id if owner else None,
        stage.id if stage else None,
        company.id if company else None,
        None if stage else StageKind.OPEN,
    )
    found, total = deals.list_page(
        request.session, wanted, (page - 1) * cards.PAGE_SIZE, cards.PAGE_SIZE
    )
    request.listed("deal", [deal.id for deal in found])
    rows = [Row(_cells(deal), f"deal show {deal.id}") for deal in found]
    columns = ("#", _("Deal"), _("Company"), _("Amount"), _("Stage"), _("Close"), _("Owner"))
    empty = _("No deals here; add one with `deal add`.")
    reply = cards.listing(_("Deals"), columns, rows, empty, numeric=(3,))
    return cards.page(reply, cards.again(request), page, total)


@command("deal delete <deal>", role=Role.REP, example="deal delete 42", phrases=deal_phrases.DELETE)
def delete_deal(request: Request, deal: Deal) -> Reply:
    """Delete a deal; it can be restored."""
    deal.deleted_at = request.now
    restore = Action(_("Restore"), f"deal restore {deal.id}", replaces=True)
    return Reply(title=_("Deal {title} deleted.", title=deal.title), actions=(restore,))


@command(
    "deal restore <deal>", role=Role.REP, example="deal restore 42", phrases=deal_phrases.RESTORE
)
def restore_deal(request: Request, deal: DeletedDeal) -> Reply:
    """Bring a deleted deal back."""
    if deal.deleted_at is None:
        raise UserError(_("Deal {title} is not deleted.", title=deal.title))
    deal.deleted_at = None
    request.about("deal", deal.id)
    return _card(request, deal, _("Deal {title} is back.", title=deal.title))


def _edit_form(request: Request, deal: Deal) -> Reply:
    amount = "" if deal.amount is None else f"{deal.amount:f} {deal.currency}"
    holds = {
        "title": deal.title,
        "amount": amount,
        "close": deal.close_on.isoformat() if deal.close_on else "",
        "company": f"company:{deal.company_id}" if deal.company_id else "",
        "contact": f"contact:{deal.contact_id}" if deal.contact_id else "",
        "owner": deal.owner.email if deal.owner else "",
        "source": deal.source or "",
    }
    request.about("deal", deal.id)
    call = Call("deal edit", {"deal": f"deal:{deal.id}"})
    return editing(request, call, _("Edit {name}", name=deal.title), holds)


def _refuse_incomplete(deal: Deal, stage: Stage) -> None:
    missing = [name for name in stage.required if getattr(deal, name) is None]
    if missing:
        named = ", ".join(_REQUIRED_NAMES.get(name, name) for name in missing)
        first = _REQUIRED_NAMES.get(missing[0], missing[0])
        raise UserError(
            _("Before {stage} a deal needs: {fields}.", stage=_(stage.name), fields=named),
            _("Write for example `deal edit {id} {field}=…`.", id=deal.id, field=first),
        )


def _cells(deal: Deal) -> tuple[str, ...]:
    return (
        f"#{deal.id}",
        deal.title,
        deal.company.name if deal.company else "",
        _amount(deal),
        _(deal.stage.name),
        date_stamp(deal.close_on),
        deal.owner.name if deal.owner else "",
    )


def _amount(deal: Deal) -> str:
    return money(Money(deal.amount, deal.currency) if deal.amount is not None else None)


def _card(request: Request, deal: Deal, title: str) -> Reply:
    days = (request.now - deals.stage_since(request.session, deal)).days
    shown = {
        _("Company"): deal.company.name if deal.company else None,
        _("Contact"): deal.contact.name if deal.contact else None,
        _("Amount"): _amount(deal),
        _("Stage"): plural(
            "{stage}, for {count} day", "{stage}, for {count} days", days, stage=_(deal.stage.name)
        ),
        _("Close"): day(deal.close_on),
        _("Owner"): deal.owner.name if deal.owner else None,
        _("Reason"): deal.reason,
    }
    known = insights.on_card(request, deal)
    return Reply(
        title=title,
        fields=(
            *(Field(label, value) for label, value in shown.items() if value),
            *custom_fields(request, deal),
            *known.fields,
        ),
        actions=(*_buttons(request, deal), *known.actions),
        record=str(records.reference(deal)),
        footer=_("Deal #{id}", id=deal.id),
        tone={StageKind.WON: Tone.GOOD, StageKind.LOST: Tone.BAD}.get(
            deal.stage.kind, Tone.NEUTRAL
        ),
    )


def _buttons(request: Request, deal: Deal) -> tuple[Action, ...]:
    buttons = []
    if deal.stage.kind is StageKind.OPEN:
        following = [
            s
            for s in deals.stages(request.session)
            if s.position > deal.stage.position and s.kind is StageKind.OPEN
        ]
        if following:
            line = f'deal move {deal.id} "{following[0].name}"'
            buttons.append(
                Action(
                    _("Move to {stage}", stage=_(following[0].name)),
                    line,
                    Style.PRIMARY,
                    replaces=True,
                )
            )
        buttons.append(Action(_("Won"), f"deal move {deal.id} won", replaces=True))
        buttons.append(Action(_("Lost"), f"deal move {deal.id} lost", replaces=True))
    buttons.append(Action(_("Log call"), f"call log deal:{deal.id}"))
    buttons.append(Action(_("Follow up"), f"followup deal:{deal.id}"))
    buttons.append(Action(_("Timeline"), f"timeline deal:{deal.id}"))
    buttons.append(Action(_("Edit"), f"deal edit {deal.id}"))
    return tuple(buttons)
