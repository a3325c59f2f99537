"""Commands about contacts: the people at a customer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from crm_store import companies, contacts, records, tags
from crm_store.contacts import Filter, Point
from crm_store.models import Company, Consent, Contact, ContactEmail, ContactPhone, Role, User
from crm_store.records import Model
from crm_store.search import key
from handlers import cards, contact_phrases, naming
from handlers.arguments import (
    Asked,
    Name,
    NameArgument,
    PageNumber,
    Phone,
    ReaderArgument,
    RecordArgument,
    Text,
)
from handlers.command import command, line_of
from handlers.contact_cards import card
from handlers.errors import UserError
from handlers.fields import read_yes_no
from handlers.forms import editing
from handlers.reading.characters import shown
from handlers.reading.contact_points import read_email
from handlers.reply import Action, Reply, Row
from handlers.request import Call, Request
from handlers.tagging import TagArgument, TagsArgument
from handlers.wording import _, mark


class CompanyOrNew(RecordArgument):
    """A company; a name that no company has is not refused but offered to be added along."""

    def read(self, text: str, asked: Asked) -> Model:
        """Return the company.

        Raises:
            UserError: there is none, or several; its buttons add the company, or leave it out.
        """
        try:
            return super().read(text, asked)
        except UserError as error:
            request, written = asked.request, text.strip().removeprefix("@")
            if not naming.is_name(text) or records.by_name(request.session, "company", written):
                raise
            given = {n: v for n, v in request.call.values.items() if n != "company"}
            name = shown(written)
            both = line_of(Call(request.call.command, {**given, "new_company": written}))
            alone = line_of(Call(request.call.command, given))
            raise UserError(
                _("There is no company called “{name}”; nothing was added.", name=name),
                error.hint if not error.actions else _("Did you mean one of these?"),
                (
                    *error.actions,
                    Action(_("Add company {name} too", name=name), both, replaces=True),
                    Action(_("Add without a company"), alone, replaces=True),
                ),
            ) from error


class JobTitleArgument(NameArgument):
    """What a person is at their company; other titles are those of deals."""

    label = "Job title"


def _read_email(text: str) -> str:
    """Read an address in lower case, which every mail system takes for the same, to find doubles."""
    return read_email(text).lower()


Email = Annotated[str, ReaderArgument(_read_email)]
DeletedContact = Annotated[Contact, RecordArgument(("contact",), deleted=True)]
JobTitle = Annotated[str, JobTitleArgument()]
Tags = Annotated[tuple[str, ...], TagsArgument()]
YesNo = Annotated[bool, ReaderArgument(read_yes_no)]


@dataclass(frozen=True, slots=True)
class _Way:
    """A way to reach a contact: its word in the commands and its column, and what is said of it."""

    word: str
    make: Callable[[str], Point]
    present: str
    added: str
    removed: str

    def of(self, contact: Contact) -> dict[str, Point]:
        """Return the points of a contact by their value."""
        return {getattr(point, self.word): point for point in getattr(contact, f"{self.word}s")}


_EMAIL = _Way(
    "email",
    lambda value: ContactEmail(email=value),
    mark("{name} has this e-mail already."),
    mark("E-mail {value} added."),
    mark("E-mail {value} removed."),
)
_PHONE = _Way(
    "phone",
    lambda value: ContactPhone(phone=value),
    mark("{name} has this phone number already."),
    mark("Phone number {value} added."),
    mark("Phone number {value} removed."),
)


@command(
    "contact add <name> [company=] [email=] [phone=] [title=] [address=] [source=] [tags=]"
    " [new_company=]",
    role=Role.MEMBER,
    example='contact add "Jane Doe" company="Acme Ltd" email=jane@acme.example title=Buyer',
    phrases=contact_phrases.ADD,
)
def add_contact(
    request: Request,
    name: Name,
    company: Annotated[Company, CompanyOrNew(("company",))] | None = None,
    email: Email | None = None,
    phone: Phone | None = None,
    title: JobTitle | None = None,
    address: Text | None = None,
    source: Name | None = None,
    tags: Tags = (),
    new_company: Name | None = None,
) -> Reply:
    """Add a contact, with `new_company=` its company as well."""
    contact = Contact(
        name=name,
        company=_company(request, new_company) if new_company else company,
        title=title,
        address=address,
        source=source,
        owner=request.colleague,
        created_at=request.now,
        emails=[ContactEmail(email=email)] if email else [],
        phones=[ContactPhone(phone=phone)] if phone else [],
    )
    contacts.add(request.session, contact)
    _tag(request, contact, tags)
    return _checked(request, contact, _("Contact {name} added.", name=name))


@command(
    "contact show <contact>",
    role=Role.MEMBER,
    reads=True,
    example='contact show "Jane Doe"',
    phrases=contact_phrases.SHOW,
)
def show_contact(request: Request, contact: Contact) -> Reply:
    """Show a contact with how to reach them, what they bought and what is open."""
    request.about("contact", contact.id)
    return card(request, contact, contact.name)


@command(
    "contact edit <contact> [name=] [company=] [title=] [email=] [phone=] [address=] [source=]"
    " [owner=]",
    role=Role.MEMBER,
    example='contact edit "Jane Doe" title="Head of sales"',
    phrases=contact_phrases.EDIT,
)
def edit_contact(
    request: Request,
    contact: Contact,
    name: Name | None = None,
    company: Company | None = None,
    title: JobTitle | None = None,
    email: Email | None = None,
    phone: Phone | None = None,
    address: Text | None = None,
    source: Name | None = None,
    owner: User | None = None,
) -> Reply:
    """Change fields of a contact; `title=` empties one, and no field at all opens the form."""
    given = {
        "company": company,
        "title": title,
        "address": address,
        "source": source,
        "owner": owner,
    }
    points = ((_EMAIL, email), (_PHONE, phone))
    cleared = request.cleared
    changes = {f: v for f, v in given.items() if v is not None or f in cleared}
    if not changes and name is None and not any(v or way.word in cleared for way, v in points):
        return _edit_form(request, contact)
    for field, value in changes.items():
        setattr(contact, field, value)
    if name is not None:
        contacts.rename(contact, name)
    for way, value in points:
        if value or way.word in cleared:
            _change_point(request, contact, way, value)
    request.session.flush()
    return _checked(request, contact, _("Contact {name} changed.", name=contact.name))


@command(
    "contact list [tag=] [company=] [owner=] [page=]",
    role=Role.MEMBER,
    reads=True,
    example="contact list tag=vip",
    phrases=contact_phrases.LIST,
)
def list_contacts(
    request: Request,
    tag: Annotated[str, TagArgument()] | None = None,
    company: Company | None = None,
    owner: User | None = None,
    page: PageNumber = 1,
) -> Reply:
    """List the contacts by name."""
    wanted = Filter(tag, company.id if company else None, owner.id if owner else None)
    offset = (page - 1) * cards.PAGE_SIZE
    found, total = contacts.list_page(request.session, wanted, offset, cards.PAGE_SIZE)
    request.listed("contact", [contact.id for contact in found])
    rows = [_row(contact) for contact in found]
    columns = ("#", _("Contact"), _("Job title"), _("Company"), _("Owner"))
    empty = _("No contacts here; add one with `contact add <name>`.")
    filters = {
        "tag": tag or "",
        "company": f"company:{company.id}" if company else "",
        "owner": owner.email if owner else "",
    }
    line = line_of(Call("contact list", {name: value for name, value in filters.items() if value}))
    return cards.page(cards.listing(_("Contacts"), columns, rows, empty), line, page, total)


@command(
    "contact delete <contact>",
    role=Role.MEMBER,
    example='contact delete "Jane Doe"',
    phrases=contact_phrases.DELETE,
)
def delete_contact(request: Request, contact: Contact) -> Reply:
    """Delete a contact; it can be restored."""
    contact.deleted_at = request.now
    restore = Action(_("Restore"), f"contact restore {contact.id}", replaces=True)
    return Reply(title=_("Contact {name} deleted.", name=contact.name), actions=(restore,))


@command(
    "contact restore <contact>",
    role=Role.MEMBER,
    example="contact restore 7",
    phrases=contact_phrases.RESTORE,
)
def restore_contact(request: Request, contact: DeletedContact) -> Reply:
    """Bring a deleted contact back."""
    if contact.deleted_at is None:
        raise UserError(_("Contact {name} is not deleted.", name=contact.name))
    contact.deleted_at = None
    return _checked(request, contact, _("Contact {name} is back.", name=contact.name))


@command(
    "contact email <contact> <email>",
    role=Role.MEMBER,
    example='contact email "Jane Doe" jane@home.example',
    phrases=contact_phrases.EMAIL,
)
def add_email(request: Request, contact: Contact, email: Email) -> Reply:
    """Add another e-mail address to a contact."""
    return _add_point(request, contact, _EMAIL, email)


@command(
    "contact unemail <contact> <email>",
    role=Role.MEMBER,
    example='contact unemail "Jane Doe" jane@home.example',
    phrases=contact_phrases.UNEMAIL,
)
def remove_email(request: Request, contact: Contact, email: Email) -> Reply:
    """Remove an e-mail address from a contact."""
    return _remove_point(request, contact, _EMAIL, email)


@command(
    "contact phone <contact> <phone>",
    role=Role.MEMBER,
    example='contact phone "Jane Doe" "+49 30 901820"',
    phrases=contact_phrases.PHONE,
)
def add_phone(request: Request, contact: Contact, phone: Phone) -> Reply:
    """Add another phone number to a contact."""
    return _add_point(request, contact, _PHONE, phone)


@command(
    "contact unphone <contact> <phone>",
    role=Role.MEMBER,
    example='contact unphone "Jane Doe" "+49 30 901820"',
    phrases=contact_phrases.UNPHONE,
)
def remove_phone(request: Request, contact: Contact, phone: Phone) -> Reply:
    """Remove a phone number from a contact."""
    return _remove_point(request, contact, _PHONE, phone)


@command(
    "contact tag <contact> <tags...>",
    role=Role.MEMBER,
    example='contact tag "Jane Doe" vip fair',
    phrases=contact_phrases.TAG,
)
def tag_contact(request: Request, contact: Contact, tags: Tags) -> Reply:
    """Put tags on a contact."""
    new = _tag(request, contact, tags)
    if not new:
        raise UserError(_("{name} has these tags already.", name=contact.name))
    return _changed(request, contact, _("Tagged {tags}.", tags=", ".join(new)))


@command(
    "contact untag <contact> <tags...>",
    role=Role.MEMBER,
    example='contact untag "Jane Doe" fair',
    phrases=contact_phrases.UNTAG,
)
def untag_contact(request: Request, contact: Contact, tags: Tags) -> Reply:
    """Take tags off a contact."""
    gone = _untag(request, contact, tags)
    if not gone:
        raise UserError(_("{name} has none of these tags.", name=contact.name))
    return _changed(request, contact, _("No longer tagged {tags}.", tags=", ".join(gone)))


@command(
    "contact consent <contact> <purpose> <answer> [source=]",
    role=Role.MEMBER,
    example='contact consent "Jane Doe" newsletter yes source="trade fair"',
    phrases=contact_phrases.CONSENT,
)
def record_consent(
    request: Request, contact: Contact, purpose: Name, answer: YesNo, source: Name | None = None
) -> Reply:
    """Keep what a contact agreed to or withdrew, and where we heard it."""
    consent = Consent(
        purpose=key(purpose),
        granted=answer,
        source=source or request.platform,
        at=request.now,
    )
    contacts.add_consent(request.session, contact, consent)
    names = {"name": contact.name, "purpose": consent.purpose}
    title = _("{name} agrees to {purpose}.", **names)
    if not answer:
        title = _("{name} does not agree to {purpose}.", **names)
    return _changed(request, contact, title)


def _tag(request: Request, contact: Contact, names: Sequence[str]) -> list[str]:
    return tags.add(request.session, "contact", contact.id, names)


def _untag(request: Request, contact: Contact, names: Sequence[str]) -> list[str]:
    gone = tags.remove(request.session, "contact", contact.id, names)
    request.session.flush()
    return gone


def _company(request: Request, name: str) -> Company:
    """Return the company of this name, added when there is none: the button may be pressed twice."""
    found = contacts.company_named(request.session, name)
    return found or companies.add(request.session, name, request.colleague.id, request.now)


def _add_point(request: Request, contact: Contact, way: _Way, value: str) -> Reply:
    if value in way.of(contact):
        raise UserError(_(way.present, name=contact.name))
    contacts.add_point(request.session, contact, way.make(value))
    return _checked(request, contact, _(way.added, value=value))


def _remove_point(request: Request, contact: Contact, way: _Way, value: str) -> Reply:
    present = way.of(contact)
    if value not in present:
        command_name = f"contact un{way.word}"
        raise UserError(
            _("{name} has no such entry, so nothing was removed.", name=contact.name),
            _("These can be removed:") if present else "",
            tuple(
                Action(
                    each,
                    line_of(
                        Call(command_name, {"contact": f"contact:{contact.id}", way.word: each})
                    ),
                )
                for each in present
            ),
        )
    contacts.remove_point(request.session, contact, present[value])
    return _changed(request, contact, _(way.removed, value=value))


def _change_point(request: Request, contact: Contact, way: _Way, value: str | None) -> None:
    """Put `value` in the place of the only one that a contact has, or add it to none; None removes it."""
    present = way.of(contact)
    if len(present) > 1:
        raise UserError(
            _("{name} has several of these, so I do not know which to change.", name=contact.name),
            _(
                "Add one with `contact {verb} {id} …`, remove one with `contact un{verb} {id} …`.",
                verb=way.word,
                id=contact.id,
            ),
        )
    for point in present.values():
        if value:
            setattr(point, way.word, value)
        else:
            contacts.remove_point(request.session, contact, point)
    if value and not present:
        contacts.add_point(request.session, contact, way.make(value))


def _edit_form(request: Request, contact: Contact) -> Reply:
    holds = {
        "name": contact.name,
        "company": _named(request, contact.company) if contact.company else "",
        "title": contact.title or "",
        "address": contact.address or "",
        "source": contact.source or "",
        "owner": contact.owner.email if contact.owner else "",
    }
    for way in (_EMAIL, _PHONE):
        points = way.of(contact)
        if len(points) <= 1:
            holds[way.word] = "".join(points)
    request.about("contact", contact.id)
    call = Call("contact edit", {"contact": f"contact:{contact.id}"})
    return editing(request, call, _("Edit {name}", name=contact.name), holds)


def _named(request: Request, company: Company) -> str:
    alone = len(records.by_name(request.session, "company", company.name)) == 1
    return company.name if alone else f"company:{company.id}"


def _changed(request: Request, contact: Contact, title: str) -> Reply:
    request.about("contact", contact.id)
    return card(request, contact, title)


def _checked(request: Request, contact: Contact, title: str) -> Reply:
    """Show what was changed, and who else may be the same person now."""
    request.about("contact", contact.id)
    return card(request, contact, title, contacts.twins(request.session, contact))


def _row(contact: Contact) -> Row:
    return Row(
        (
            f"#{contact.id}",
            contact.name,
            contact.title or "",
            contact.company.name if contact.company else "",
            contact.owner.name if contact.owner else "",
        ),
        f"contact show {contact.id}",
    )
