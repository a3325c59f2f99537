"""Deals out of a file: their stages by the names that other programs give them, and the way they came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from types import MappingProxyType
from typing import Any

from crm_store import bulk, deals, imports
from crm_store.imports import Known
from crm_store.models import Stage, StageChange, StageKind
from crm_store.money import Money
from crm_store.search import key
from handlers.errors import UserError
from handlers.importing import customers, values
from handlers.importing.batch import Batch, Cells, fingerprint
from handlers.importing.columns import fold
from handlers.importing.customers import CompanyItem, ContactItem
from handlers.importing.files import Row
from handlers.reading.characters import shown
from handlers.wording import _

# What other programs call the stages that a new store has.
_STAGES: Mapping[str, str] = MappingProxyType(
    {
        alias: stage
        for stage, aliases in {
            "Lead": "lead new prospecting prospect open appointmentscheduled 线索 初步接触",
            "Qualified": "qualified qualification engaging engaged qualifiedtobuy needsanalysis discovery 已确认",
            "Proposal": "proposal proposalpricequote valueproposition presentationscheduled quote quoted"
            " decisionmakerboughtin 方案 报价 已报价",
            "Negotiation": "negotiation negotiationreview contractsent perceptionanalysis 谈判",
        }.items()
        for alias in aliases.split()
    }
)
_ENDS: Mapping[StageKind, tuple[str, ...]] = MappingProxyType(
    {
        StageKind.WON: ("won", "closedwon", "赢单", "成交"),
        StageKind.LOST: ("lost", "closedlost", "输单", "丢单"),
    }
)


@dataclass(frozen=True, slots=True)
class DealItem:
    """What a row says of a deal."""

    title: str
    external_id: str
    company: CompanyItem | None
    contact: ContactItem | None
    stage: Stage
    amount: Money | None
    currency: str
    opened_on: date | None
    close_on: date | None
    owner_id: int | None
    texts: dict[str, str | None]
    custom: dict[str, str]


class Deals:
    """Rows that are deals."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        stages = deals.stages(batch.session)
        self._stages = {fold(stage.name): stage for stage in stages}
        for stage in reversed(stages):
            self._stages |= dict.fromkeys(_ENDS.get(stage.kind, ()), stage)

    def read(self, cells: Cells) -> DealItem:
        """Read one deal; one without a title is called after its product and its company."""
        given, batch = cells.fields, self.batch
        said = (
            fingerprint(cells)
            if "external_id" not in given
            else values.identifier(given["external_id"])
        )
        parts = [given[part] for part in ("product", "company") if part in given]
        title = given.get("title") or " – ".join(parts)
        if not title:
            raise UserError(_("The title is missing."))
        if "product" in given:
            cells.custom["product"] = given["product"]
        currency = values.currency(given["currency"]) if "currency" in given else batch.currency
        amount = values.amount(given["amount"], currency) if "amount" in given else None
        return DealItem(
            values.name(title),
            said,
            customers.company_of(cells),
            person(cells),
            self._stage(given.get("stage", "")),
            amount,
            amount.currency if amount else currency,
            values.day(given["opened_on"]) if "opened_on" in given else None,
            values.day(given["close_on"]) if "close_on" in given else None,
            batch.colleague(cells),
            {
                text: values.name(given[text]) if text in given else None
                for text in ("reason", "source")
            },
            cells.custom,
        )

    def keep(self, items: Sequence[tuple[Row, DealItem]]) -> None:
        """Create the deals that are not there, with the stages they are known to have entered."""
        batch = self.batch
        known = imports.by_external_id(batch.session, "deal", {i.external_id for _row, i in items})
        new: list[DealItem] = []
        for row, item in items:
            batch.count(row, known.get(item.external_id))
            if item.external_id not in known:
                known[item.external_id] = Known(0, batch.run_id)
                new.append(item)
        of_company, of_contact = parties(batch, new)
        rows = [
            self._columns(item, company, contact)
            for item, company, contact in zip(new, of_company, of_contact, strict=True)
        ]
        ids = imports.insert(batch.session, "deal", rows)
        changes = [
            {
                "deal_id": id_,
                "stage_id": row["stage_id"],
                "user_id": row["owner_id"],
                "at": row["last_activity_at"],
            }
            for id_, row in zip(ids, rows, strict=True)
        ]
        bulk.add(batch.session, StageChange, changes)
        imports.index(batch.session, "deal", ids)
        batch.tally.created["deal"] += len(ids)

    def _stage(self, written: str) -> Stage:
        folded = fold(written)
        stage = self._stages.get(folded) or self._stages.get(fold(_STAGES.get(folded, "?")))
        if stage is None:
            raise UserError(_("“{text}” is not a stage.", text=shown(written)))
        return stage

    def _columns(
        self, item: DealItem, company_id: int | None, contact_id: int | None
    ) -> dict[str, Any]:
        now = self.batch.now
        ended = item.stage.kind is not StageKind.OPEN
        moments = [self._noon(day) for day in (item.opened_on, item.close_on) if day]
        past = [moment for moment in moments if moment <= now]
        closed_at = (self._noon(item.close_on) if item.close_on else now) if ended else None
        return {
            "title": item.title,
            "company_id": company_id,
            "contact_id": contact_id,
            "owner_id": item.owner_id,
            "stage_id": item.stage.id,
            "amount": item.amount.amount if item.amount else None,
            "currency": item.currency,
            "opened_on": item.opened_on
            or min(now.astimezone(self.batch.zone).date(), item.close_on or date.max),
            "close_on": item.close_on,
            "closed_at": min(closed_at, now) if closed_at else None,
            "last_activity_at": max(past, default=now),
            **item.texts,
            **self.batch.columns(item.external_id, item.custom),
        }

    def _noon(self, day: date) -> datetime:
        # A file tells the day alone; its noon is the same day in every zone but the farthest.
        return datetime.combine(day, time(12), self.batch.zone).astimezone(UTC)


def person(cells: Cells) -> ContactItem | None:
    """Return the contact that a row of another kind names by e-mail."""
    if "email" not in cells.fields:
        return None
    emails = values.emails(cells.fields["email"])
    if not emails:
        return None
    name = values.name(cells.fields.get("name") or emails[0])
    return ContactItem(name, key(name), None, emails, [], customers.company_of(cells))


def parties(batch: Batch, items: Sequence[Any]) -> tuple[list[int | None], list[int | None]]:
    """Return the ids of the company and of the contact of each item; both are created where need be."""
    people = [item.contact for item in items if item.contact]
    found = iter([id_ for id_, _known in customers.contacts(batch, people)])
    of_contact = [next(found) if item.contact else None for item in items]
    of_company = [
        id_ for id_, _known in customers.companies(batch, [item.company for item in items])
    ]
    theirs = imports.contact_companies(batch.session, {id_ for id_ in of_contact if id_})
    return [
        company or theirs.get(contact or 0)
        for company, contact in zip(of_company, of_contact, strict=True)
    ], of_contact
