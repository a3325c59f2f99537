"""Orders out of a file that has a row for each line: the rows of one invoice are one order.

A line is worth its quantity times its price as exactly as the file writes it, rounded half up to
cents; an order is worth the sum of its lines. A return has negative quantities.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import chain
from typing import Any

from crm_store import bulk, imports
from crm_store.models import OrderLine
from crm_store.search import key
from handlers.errors import UserError
from handlers.importing import values
from handlers.importing.batch import Batch, Cells
from handlers.importing.customers import CompanyItem, ContactItem, company_of
from handlers.importing.files import Row
from handlers.importing.sales import parties, person
from handlers.wording import _


@dataclass(frozen=True, slots=True)
class LineItem:
    """What a row says: one line, its order and its customer."""

    invoice: str
    company: CompanyItem | None
    contact: ContactItem | None
    ordered_at: datetime
    currency: str
    code: str | None
    description: str
    quantity: int
    price: Decimal
    amount: Decimal


class Orders:
    """Rows that are the lines of orders."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch

    def read(self, cells: Cells) -> LineItem:
        """Read one line."""
        given, batch = cells.fields, self.batch
        missing = [
            name for name in ("invoice", "quantity", "price", "ordered_at") if name not in given
        ]
        if missing:
            raise UserError(_("The cell “{name}” is empty.", name=missing[0]))
        company, contact = _company(cells), person(cells)
        if company is None and contact is None:
            raise UserError(_("There is no customer."))
        currency = values.currency(given["currency"]) if "currency" in given else batch.currency
        price, quantity = values.price(given["price"], currency), values.whole(given["quantity"])
        code = values.identifier(given["code"]) if "code" in given else None
        return LineItem(
            values.identifier(given["invoice"]),
            company,
            contact,
            values.moment(given["ordered_at"], batch.zone),
            currency,
            code,
            " ".join(given.get("description", code or "").split())[: values.NAME_LIMIT],
            quantity,
            values.cents(price),
            values.cents(price * quantity),
        )

    def keep(self, items: Sequence[tuple[Row, LineItem]]) -> None:
        """Create the orders that are not there; later rows of an order of this file are added to it."""
        batch = self.batch
        known = imports.by_external_id(
            batch.session, "order", {item.invoice for _row, item in items}
        )
        orders: dict[str, list[LineItem]] = defaultdict(list)
        for row, item in items:
            there = known.get(item.invoice)
            ours = there is None or there.import_id == batch.run_id
            batch.count(row, None if ours else there)
            if ours:
                orders[item.invoice].append(item)
        ids = {invoice: there.id for invoice, there in known.items()}
        new = {invoice: lines for invoice, lines in orders.items() if invoice not in ids}
        more = {ids[invoice]: _total(lines) for invoice, lines in orders.items() if invoice in ids}
        imports.add_to_totals(batch.session, more)
        self._insert_lines(orders, ids | self._insert_orders(new))

    def _insert_orders(self, orders: dict[str, list[LineItem]]) -> dict[str, int]:
        batch = self.batch
        of_company, of_contact = parties(batch, [lines[0] for lines in orders.values()])
        rows: list[dict[str, Any]] = [
            {
                "company_id": company,
                "contact_id": contact,
                "ordered_at": lines[0].ordered_at,
                "currency": lines[0].currency,
                "total": _total(lines),
                **batch.columns(invoice, {}),
            }
            for (invoice, lines), company, contact in zip(
                orders.items(), of_company, of_contact, strict=True
            )
        ]
        ids = imports.insert(batch.session, "order", rows)
        batch.tally.created["order"] += len(ids)
        return dict(zip(orders, ids, strict=True))

    def _insert_lines(self, orders: dict[str, list[LineItem]], ids: dict[str, int]) -> None:
        products = self._products(chain.from_iterable(orders.values()))
        rows = [
            {
                "order_id": ids[invoice],
                "product_id": products.get(line.code or ""),
                "description": line.description,
                "quantity": line.quantity,
                "unit_price": line.price,
                "amount": line.amount,
            }
            for invoice, lines in orders.items()
            for line in lines
        ]
        bulk.add(self.batch.session, OrderLine, rows)
        self.batch.tally.created["order line"] += len(rows)

    def _products(self, lines: Iterable[LineItem]) -> dict[str, int]:
        batch = self.batch
        first = {line.code: line for line in reversed(list(lines)) if line.code}
        found = imports.products_by_code(batch.session, first, batch.run_id)
        new = [line for code, line in first.items() if code not in found]
        rows = [
            {
                "code": line.code,
                "name": line.description or line.code,
                "price": line.price,
                "currency": line.currency,
                **batch.columns(line.code, {}),
            }
            for line in new
        ]
        ids = imports.insert(batch.session, "product", rows)
        batch.tally.created["product"] += len(ids)
        return found | {line.code: id_ for line, id_ in zip(new, ids, strict=True) if line.code}


def _company(cells: Cells) -> CompanyItem | None:
    """Return the company that bought; one that the file only numbers is called after its number."""
    item = company_of(cells)
    if item is None:
        return None
    country = cells.fields.get("country")
    name = item.name or _("Customer {number}", number=item.external_id)
    columns = {"country": values.name(country)} if country else {}
    return CompanyItem(name, key(name), item.external_id, columns)


def _total(lines: Sequence[LineItem]) -> Decimal:
    return sum((line.amount for line in lines), Decimal(0))
