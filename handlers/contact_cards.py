"""The card of a contact, with the contacts that may be the same person.

The commands stand in `handlers/contacts.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

from crm_store import contacts, records, tags
from crm_store.contacts import Sameness, Twin
from crm_store.models import Contact
from crm_store.money import Money
from handlers import insights
from handlers.fields import custom_fields
from handlers.reading.characters import shown
from handlers.reply import Action, Field, Reply, Sensitivity, Style, Tone
from handlers.request import Request
from handlers.wording import _, mark, moment, money, plural

_FOUND_SAME = {
    Sameness.EMAIL: mark("#{id} {name} has the same e-mail."),
    Sameness.PHONE: mark("#{id} {name} has the same phone number."),
    Sameness.NAME: mark("#{id} {name} has the same name at the same company."),
}


def card(request: Request, contact: Contact, title: str, twins: Sequence[Twin] = ()) -> Reply:
    """Return the card; `twins` are warned about and opened by buttons."""
    warning = "\n".join(
        _(_FOUND_SAME[reason], id=twin.contact.id, name=twin.contact.name)
        for twin in twins
        for reason in twin.reasons
    )
    known = insights.on_card(request, contact)
    return Reply(
        title=title,
        text=warning,
        fields=(*_fields(request, contact), *known.fields),
        actions=(
            *(_open(twin.contact) for twin in twins),
            *_actions(contact),
            *known.actions,
        ),
        footer=_("Contact #{id}", id=contact.id),
        record=str(records.reference(contact)),
        tone=Tone.WARNING if twins else Tone.NEUTRAL,
    )


def _fields(request: Request, contact: Contact) -> tuple[Field, ...]:
    internal = {
        _("E-mail"): ", ".join(point.email for point in contact.emails),
        _("Phone"): ", ".join(point.phone for point in contact.phones),
        _("Address"): contact.address,
    }
    public = {
        _("Source"): contact.source,
        _("Tags"): ", ".join(tags.of(request.session, "contact", contact.id)),
        _("Consent"): _consents(contact),
    }
    work = {
        _("Name"): contact.name,
        _("Job title"): contact.title,
        _("Company"): contact.company.name if contact.company else None,
    }
    business = {
        _("Owner"): contact.owner.name if contact.owner else None,
        _("Purchases"): _purchases(request, contact),
        _("Open deals"): _deals(request, contact),
        _("Open tickets"): str(contacts.open_tickets(request.session, contact) or ""),
        _("Last activity"): _last_activity(request, contact),
    }
    return (
        *(Field(label, value) for label, value in work.items() if value),
        *(Field(label, value, Sensitivity.INTERNAL) for label, value in internal.items() if value),
        *(Field(label, value) for label, value in public.items() if value),
        *custom_fields(request, contact),
        *(Field(label, value) for label, value in business.items() if value),
    )


def _actions(contact: Contact) -> tuple[Action, ...]:
    name = f"contact:{contact.id}"
    return (
        Action(_("Timeline"), f"timeline {name}"),
        Action(_("Add note"), f"note add {name}"),
        Action(_("Log call"), f"call log {name}"),
        Action(_("Follow up"), f"followup {name}"),
        Action(_("Edit"), f"contact edit {name}"),
        Action(
            _("Delete"),
            f"contact delete {name}",
            Style.DANGER,
            replaces=True,
            confirm=_("Delete the contact {name}? It can be restored.", name=contact.name),
        ),
    )


def _open(contact: Contact) -> Action:
    label = _("Open #{id} {name}", id=contact.id, name=shown(contact.name))
    return Action(label, f"contact show {contact.id}")


def _consents(contact: Contact) -> str:
    return ", ".join(
        _("{purpose}: yes", purpose=consent.purpose)
        if consent.granted
        else _("{purpose}: no", purpose=consent.purpose)
        for consent in contacts.consents(contact)
    )


def _purchases(request: Request, contact: Contact) -> str:
    return "\n".join(
        plural(
            "{count} order, {sum}, last on {day}",
            "{count} orders, {sum}, last on {day}",
            bought.count,
            sum=money(Money(bought.total, bought.currency)),
            day=moment(bought.last_at),
        )
        for bought in contacts.purchases(request.session, contact)
    )


def _deals(request: Request, contact: Contact) -> str:
    return "\n".join(
        plural(
            "{count} deal, {sum}",
            "{count} deals, {sum}",
            count,
            sum=money(Money(total, currency)),
        )
        for currency, count, total in contacts.open_deals(request.session, contact)
    )


def _last_activity(request: Request, contact: Contact) -> str:
    last = contacts.last_activity_at(request.session, contact)
    return moment(last) if last else ""
