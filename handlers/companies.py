"""Commands about companies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from crm_store import companies, records
from crm_store.models import Company, Role, User
from crm_store.money import Money
from handlers import cards, company_phrases, insights
from handlers.arguments import Name, PageNumber, RecordArgument, Website
from handlers.command import command
from handlers.errors import UserError
from handlers.fields import custom_fields
from handlers.forms import editing
from handlers.reply import Action, Field, Reply, Row, Style, Tone
from handlers.request import Call, Request
from handlers.wording import _, moment, money, plural

DeletedCompany = Annotated[Company, RecordArgument(("company",), deleted=True)]


@command(
    "company add <name> [industry=] [city=] [website=]",
    role=Role.MEMBER,
    example='company add "Acme Ltd" industry=software city=Berlin',
    phrases=company_phrases.ADD,
)
def add_company(
    request: Request,
    name: Name,
    industry: Name | None = None,
    city: Name | None = None,
    website: Website | None = None,
) -> Reply:
    """Add a company."""
    twins = companies.same_name(request.session, name) or companies.same_but_form(
        request.session, name
    )
    company = companies.add(
        request.session,
        name,
        request.colleague.id,
        request.now,
        industry=industry,
        city=city,
        website=website,
    )
    request.about("company", company.id)
    return _card(request, company, _("Company {name} added.", name=name), _warning(twins))


@command(
    "company show <company>",
    role=Role.MEMBER,
    reads=True,
    example='company show "Acme Ltd"',
    phrases=company_phrases.SHOW,
)
def show_company(request: Request, company: Company) -> Reply:
    """Show a company with its contacts, deals, tickets and purchases."""
    request.about("company", company.id)
    return _card(request, company, company.name)


@command(
    "company edit <company> [name=] [industry=] [city=] [country=] [website=] [source=] [owner=]",
    role=Role.MEMBER,
    example="company edit 7 city=Hamburg",
    phrases=company_phrases.EDIT,
)
def edit_company(
    request: Request,
    company: Company,
    name: Name | None = None,
    industry: Name | None = None,
    city: Name | None = None,
    country: Name | None = None,
    website: Website | None = None,
    source: Name | None = None,
    owner: User | None = None,
) -> Reply:
    """Change fields of a company; `city=` empties one, and no field at all opens the form."""
    given = {
        "industry": industry,
        "city": city,
        "country": country,
        "website": website,
        "source": source,
        "owner": owner,
    }
    changes = {
        field: value
        for field, value in given.items()
        if value is not None or field in request.cleared
    }
    if not changes and name is None:
        return _edit_form(request, company)
    for field, value in changes.items():
        setattr(company, field, value)
    if name is not None:
        companies.rename(company, name)
    request.about("company", company.id)
    return _card(request, company, _("Company {name} changed.", name=company.name))


@command(
    "company list [owner=] [industry=] [city=] [country=] [page=]",
    role=Role.MEMBER,
    reads=True,
    example="company list owner=me",
    phrases=company_phrases.LIST,
)
def list_companies(
    request: Request,
    owner: User | None = None,
    industry: Name | None = None,
    city: Name | None = None,
    country: Name | None = None,
    page: PageNumber = 1,
) -> Reply:
    """List the companies by name."""
    wanted = companies.Filter(owner.id if owner else None, industry, city, country)
    found, total = companies.list_page(
        request.session, wanted, (page - 1) * cards.PAGE_SIZE, cards.PAGE_SIZE
    )
    request.listed("company", [company.id for company in found])
    rows = [
        Row(
            (
                f"#{company.id}",
                company.name,
                company.industry or "",
                company.city or "",
                company.owner.name if company.owner else "",
            ),
            f"company show {company.id}",
        )
        for company in found
    ]
    columns = ("#", _("Company"), _("Industry"), _("City"), _("Owner"))
    empty = _("No companies here; add one with `company add <name>`.")
    reply = cards.listing(_("Companies"), columns, rows, empty)
    return cards.page(reply, cards.again(request), page, total)


@command(
    "company delete <company>",
    role=Role.MEMBER,
    example="company delete 7",
    phrases=company_phrases.DELETE,
)
def delete_company(request: Request, company: Company) -> Reply:
    """Delete a company; it can be restored."""
    company.deleted_at = request.now
    restore = Action(_("Restore"), f"company restore {company.id}", replaces=True)
    return Reply(title=_("Company {name} deleted.", name=company.name), actions=(restore,))


@command(
    "company restore <company>",
    role=Role.MEMBER,
    example="company restore 7",
    phrases=company_phrases.RESTORE,
)
def restore_company(request: Request, company: DeletedCompany) -> Reply:
    """Bring a deleted company back."""
    if company.deleted_at is None:
        raise UserError(_("Company {name} is not deleted.", name=company.name))
    company.deleted_at = None
    request.about("company", company.id)
    return _card(request, company, _("Company {name} is back.", name=company.name))


def _edit_form(request: Request, company: Company) -> Reply:
    holds = {
        "name": company.name,
        "industry": company.industry or "",
        "city": company.city or "",
        "country": company.country or "",
        "website": company.website or "",
        "source": company.source or "",
        "owner": company.owner.email if company.owner else "",
    }
    request.about("company", company.id)
    call = Call("company edit", {"company": f"company:{company.id}"})
    return editing(request, call, _("Edit {name}", name=company.name), holds)


def _card(request: Request, company: Company, title: str, warning: str = "") -> Reply:
    shown = {
        _("Industry"): company.industry,
        _("City"): company.city,
        _("Country"): company.country,
        _("Website"): company.website,
        _("Owner"): company.owner.name if company.owner else None,
        _("Contacts"): ", ".join(
            c.name for c in companies.contacts_of(request.session, company, 5)
        ),
        _("Open deals"): _deals(request, company),
        _("Open tickets"): str(companies.open_tickets(request.session, company) or ""),
        _("Purchases"): _purchases(request, company),
    }
    known = insights.on_card(request, company)
    return Reply(
        title=title,
        text=warning,
        fields=(
            *(Field(label, value) for label, value in shown.items() if value),
            *custom_fields(request, company),
            *known.fields,
        ),
        actions=(
            Action(_("Timeline"), f"timeline company:{company.id}"),
            Action(_("Add note"), f"note add company:{company.id}"),
            Action(_("New deal"), f"deal add company={company.id}"),
            *known.actions,
            Action(_("Edit"), f"company edit company:{company.id}"),
            Action(
                _("Delete"),
                f"company delete company:{company.id}",
                Style.DANGER,
                replaces=True,
                confirm=_("Delete the company {name}? It can be restored.", name=company.name),
            ),
        ),
        record=str(records.reference(company)),
        footer=_("Company #{id}", id=company.id),
        tone=Tone.WARNING if warning else Tone.NEUTRAL,
    )


def _deals(request: Request, company: Company) -> str:
    return ", ".join(
        plural(
            "{count} deal, {sum}", "{count} deals, {sum}", count, sum=money(Money(total, currency))
        )
        for currency, count, total in companies.open_deals(request.session, company)
    )


def _purchases(request: Request, company: Company) -> str:
    bought = companies.purchases(request.session, company)
    if bought is None:
        return ""
    count, total, currency, last = bought
    return plural(
        "{count} order, {sum}, last on {day}",
        "{count} orders, {sum}, last on {day}",
        count,
        sum=money(Money(total, currency)),
        day=moment(last),
    )


def _warning(twins: Sequence[Company]) -> str:
    if not twins:
        return ""
    return _(
        "There is already a company of this name: {names}.",
        names=", ".join(f"#{c.id} {c.name}" for c in twins),
    )
