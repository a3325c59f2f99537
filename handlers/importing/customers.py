"""Companies and contacts out of a file: matched with those that are there, or created."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from crm_store import bulk, imports
from crm_store.imports import Known
from crm_store.models import ContactEmail, ContactPhone
from crm_store.search import key
from handlers.errors import UserError
from handlers.importing import values
from handlers.importing.batch import Batch, Cells, Pending, final
from handlers.importing.files import Row
from handlers.wording import _

_COMPANY_TEXTS = ("industry", "city", "country", "source")


@dataclass(frozen=True, slots=True)
class CompanyItem:
    """What a row says of a company; one without a name is only looked up."""

    name: str | None
    name_key: str
    external_id: str | None
    columns: dict[str, Any] = field(default_factory=dict)
    custom: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ContactItem:
    """What a row says of a contact."""

    name: str
    name_key: str
    external_id: str | None
    emails: list[str]
    phones: list[str]
    company: CompanyItem | None
    columns: dict[str, Any] = field(default_factory=dict)
    custom: dict[str, str] = field(default_factory=dict)


class Companies:
    """Rows that are companies."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch

    def read(self, cells: Cells) -> CompanyItem:
        """Read one company."""
        given = cells.fields
        if "name" not in given:
            raise UserError(_("The name is missing."))
        columns: dict[str, Any] = {
            text: values.name(given[text]) for text in _COMPANY_TEXTS if text in given
        }
        if "website" in given:
            columns["website"] = values.website(given["website"])
        columns["owner_id"] = self.batch.colleague(cells)
        name = values.name(given["name"])
        return CompanyItem(name, key(name), _external_id(cells), columns, cells.custom)

    def keep(self, items: Sequence[tuple[Row, CompanyItem]]) -> None:
        """Create the companies that are not there."""
        found = companies(self.batch, [item for _row, item in items])
        for (row, _item), (_id, known) in zip(items, found, strict=True):
            self.batch.count(row, known)


class Contacts:
    """Rows that are contacts."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch

    def read(self, cells: Cells) -> ContactItem:
        """Read one contact; one without a name bears its e-mail address."""
        given = cells.fields
        emails = values.emails(given["email"]) if "email" in given else []
        parts = [
            given[part] for part in ("first_name", "middle_name", "last_name") if part in given
        ]
        written = given.get("name") or " ".join(parts) or (emails[0] if emails else "")
        if not written:
            raise UserError(_("The name and the e-mail address are missing."))
        name = values.name(written)
        columns = {
            text: values.name(given[text])
            for text in ("title", "source", "address")
            if text in given
        }
        return ContactItem(
            name,
            key(name),
            _external_id(cells),
            emails,
            values.phones(given["phone"], self.batch.region) if "phone" in given else [],
            company_of(cells),
            {**columns, "owner_id": self.batch.colleague(cells)},
            cells.custom,
        )

    def keep(self, items: Sequence[tuple[Row, ContactItem]]) -> None:
        """Create the contacts that are not there, and their companies."""
        found = contacts(self.batch, [item for _row, item in items])
        for (row, _item), (_id, known) in zip(items, found, strict=True):
            self.batch.count(row, known)


def company_of(cells: Cells) -> CompanyItem | None:
    """Return the company that a row of another kind names; several identifiers mean the first."""
    name, external_id = cells.fields.get("company"), cells.fields.get("company_id")
    if external_id:
        external_id = values.identifier(external_id.partition(";")[0])
        # Some programs write the name where the number of the company belongs.
        if not name and (" " in external_id or not external_id.isascii()):
            name, external_id = external_id, None
    if not name and not external_id:
        return None
    name = values.name(name) if name else None
    return CompanyItem(name, key(name) if name else "", external_id)


def companies(
    batch: Batch, items: Sequence[CompanyItem | None]
) -> list[tuple[int | None, Known | None]]:
    """Return the id of the company of each item, and what was known of it before; create those with a name."""
    session = batch.session
    given = [item for item in items if item]
    ids = imports.by_external_id(
        session, "company", {i.external_id for i in given if i.external_id}
    )
    names = imports.by_name(session, "company", {i.name_key for i in given if i.name_key})
    pending: Pending[CompanyItem] = Pending(batch.run_id)
    found: list[tuple[Known | None, bool]] = []
    for item in items:
        known = (ids.get(item.external_id or "") or names.get(item.name_key)) if item else None
        fresh = bool(item and item.name and not known)
        if item and fresh:
            known = names[item.name_key] = pending.add(item)
            if item.external_id:
                ids[item.external_id] = known
        found.append((known, fresh))
    new = _create_companies(batch, pending.new)
    return [
        (final(known, new) if known else None, None if fresh else known) for known, fresh in found
    ]


def contacts(batch: Batch, items: Sequence[ContactItem]) -> list[tuple[int, Known | None]]:
    """Return the id of the contact of each item, and what was known of it before; create the others.

    A contact is known by its identifier, by one of its e-mail addresses, or, when it has neither, by its
    name at its company.
    """
    of_company = [id_ for id_, _known in companies(batch, [item.company for item in items])]
    known_ids, mails, names = _known_contacts(batch, items)
    pending: Pending[tuple[ContactItem, int | None]] = Pending(batch.run_id)
    found: list[tuple[Known, bool]] = []
    for item, company_id in zip(items, of_company, strict=True):
        named = (item.name_key, company_id)
        bare = not item.emails and not item.external_id
        known = known_ids.get(item.external_id or "") or next(
            (mails[mail] for mail in item.emails if mail in mails),
            names.get(named) if bare else None,
        )
        fresh = known is None
        if known is None:
            known = pending.add((item, company_id))
            if item.external_id:
                known_ids[item.external_id] = known
            if bare:
                names[named] = known
            mails.update(dict.fromkeys(item.emails, known))
        found.append((known, fresh))
    new = _create_contacts(batch, pending.new)
    return [(final(known, new), None if fresh else known) for known, fresh in found]


def _known_contacts(
    batch: Batch, items: Sequence[ContactItem]
) -> tuple[dict[str, Known], dict[str, Known], dict[tuple[str, int | None], Known]]:
    session = batch.session
    bare = {item.name_key for item in items if not item.emails and not item.external_id}
    return (
        imports.by_external_id(session, "contact", {i.external_id for i in items if i.external_id}),
        imports.contacts_by_email(session, {mail for item in items for mail in item.emails}),
        imports.contacts_by_name(session, bare),
    )


def _create_companies(batch: Batch, items: Sequence[CompanyItem]) -> list[int]:
    empty = dict.fromkeys((*_COMPANY_TEXTS, "website", "owner_id"))
    rows = [
        {
            **empty,
            **item.columns,
            **batch.columns(item.external_id, item.custom),
            "name": item.name,
            "name_key": item.name_key,
        }
        for item in items
    ]
    ids = imports.insert(batch.session, "company", rows)
    imports.index(batch.session, "company", ids)
    batch.tally.created["company"] += len(ids)
    return ids


def _create_contacts(batch: Batch, items: Sequence[tuple[ContactItem, int | None]]) -> list[int]:
    empty = dict.fromkeys(("title", "address", "source", "owner_id"))
    rows = [
        {
            **empty,
            **item.columns,
            **batch.columns(item.external_id, item.custom),
            "name": item.name,
            "name_key": item.name_key,
            "company_id": company_id,
        }
        for item, company_id in items
    ]
    ids = imports.insert(batch.session, "contact", rows)
    pairs = list(zip(ids, items, strict=True))
    emails = [
        {"contact_id": id_, "email": mail} for id_, (item, _c) in pairs for mail in item.emails
    ]
    phones = [
        {"contact_id": id_, "phone": phone} for id_, (item, _c) in pairs for phone in item.phones
    ]
    bulk.add(batch.session, ContactEmail, emails)
    bulk.add(batch.session, ContactPhone, phones)
    imports.index(batch.session, "contact", ids)
    batch.tally.created["contact"] += len(ids)
    return ids


def _external_id(cells: Cells) -> str | None:
    written = cells.fields.get("external_id")
    return values.identifier(written) if written else None
