"""Tickets out of a file, and activities: what was said with a customer that is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm_store import imports, tickets
from crm_store.imports import Known
from crm_store.models import ActivityKind, Priority, TicketKind, TicketStatus
from handlers.errors import UserError
from handlers.importing import customers, values
from handlers.importing.batch import Batch, Cells, fingerprint
from handlers.importing.columns import fold
from handlers.importing.customers import CompanyItem, ContactItem
from handlers.importing.files import Row
from handlers.importing.sales import parties, person
from handlers.reading.characters import shown
from handlers.wording import _

_KINDS = {
    TicketKind.QUESTION: "question productinquiry inquiry billinginquiry cancellationrequest 咨询",
    TicketKind.FEEDBACK: "feedback praise 反馈",
    TicketKind.SUGGESTION: "suggestion featurerequest idea 建议",
    TicketKind.COMPLAINT: "complaint technicalissue problem incident bug issue 投诉",
    TicketKind.CLAIM: "claim refundrequest refund warranty return 维权",
}
_STATUSES = {
    TicketStatus.NEW: "new 新建",
    TicketStatus.OPEN: "open inprogress assigned reopened 处理中",
    TicketStatus.PENDING: "pending pendingcustomerresponse onhold waiting waitingoncontact waitingonus hold 等待",
    TicketStatus.SOLVED: "solved resolved done 已解决",
    TicketStatus.CLOSED: "closed 已关闭",
}
_PRIORITIES = {
    Priority.LOW: "low minor 低",
    Priority.NORMAL: "normal medium moderate 中 普通",
    Priority.HIGH: "high major 高",
    Priority.URGENT: "urgent critical highest blocker 紧急",
}
_ACTIVITIES = {
    ActivityKind.NOTE: "note comment 备注",
    ActivityKind.CALL: "call phonecall phone 电话",
    ActivityKind.MEETING: "meeting demo 会议",
    ActivityKind.VISIT: "visit 拜访",
    ActivityKind.EMAIL: "email mail 邮件",
    ActivityKind.REPLY: "reply 回复",
}
_SATISFACTION = range(1, 6)
_PRODUCT = "{product_purchased}"


@dataclass(frozen=True, slots=True)
class TicketItem:
    """What a row says of a ticket; `columns` are those of the table but for its customer."""

    external_id: str
    company: CompanyItem | None
    contact: ContactItem | None
    columns: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ActivityItem:
    """What a row says of an activity, and whom it names."""

    external_id: str
    emails: list[str]
    contact_id: str | None
    company: CompanyItem | None
    deal_id: str | None
    columns: dict[str, Any]


class Tickets:
    """Rows that are tickets."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self._kinds, self._statuses = _words(_KINDS), _words(_STATUSES)
        self._priorities = _words(_PRIORITIES)

    def read(self, cells: Cells) -> TicketItem:
        """Read one ticket; a kind that nobody knows is a question, and its name is kept."""
        given = cells.fields
        external_id = (
            values.identifier(given["external_id"])
            if "external_id" in given
            else fingerprint(cells)
        )
        text = values.long_text(given.get("text") or given.get("subject", ""))
        if "product" in given:
            text = text.replace(_PRODUCT, given["product"])
            cells.custom["product"] = given["product"]
        if not text:
            raise UserError(_("The text is missing."))
        kind = self._kinds.get(fold(given.get("kind", "")), TicketKind.QUESTION)
        if "kind" in given:
            cells.custom["ticket_type"] = given["kind"]
        columns = {
            "subject": values.name(given.get("subject") or tickets.subject_of(text)),
            "text": text,
            "kind": kind,
            "status": _one_of(
                self._statuses, given.get("status", "new"), _("“{text}” is not a status.")
            ),
            "priority": _one_of(
                self._priorities, given.get("priority", "normal"), _("“{text}” is not a priority.")
            ),
            "channel": values.name(given["channel"]).lower() if "channel" in given else None,
            "assignee_id": self.batch.colleague(cells, "assignee"),
            "satisfaction": _satisfaction(given.get("satisfaction", "")),
            **self.batch.columns(external_id, cells.custom),
        }
        return TicketItem(
            external_id,
            customers.company_of(cells),
            person(cells),
            columns | self._times(cells, columns),
        )

    def keep(self, items: Sequence[tuple[Row, TicketItem]]) -> None:
        """Create the tickets that are not there, and their customers."""
        batch = self.batch
        known = imports.by_external_id(
            batch.session, "ticket", {i.external_id for _row, i in items}
        )
        new = []
        for row, item in items:
            batch.count(row, known.get(item.external_id))
            if item.external_id not in known:
                known[item.external_id] = Known(0, batch.run_id)
                new.append(item)
        of_company, of_contact = parties(batch, new)
        rows = [
            {**item.columns, "company_id": company, "contact_id": contact}
            for item, company, contact in zip(new, of_company, of_contact, strict=True)
        ]
        ids = imports.insert(batch.session, "ticket", rows)
        imports.index(batch.session, "ticket", ids)
        batch.tally.created["ticket"] += len(ids)

    def _times(self, cells: Cells, columns: Mapping[str, Any]) -> dict[str, datetime | None]:
        """Return when it came, was answered and closed; it came no later than the first of these."""
        given, batch = cells.fields, self.batch
        read = {
            name: values.moment(given[name], batch.zone) if name in given else None
            for name in ("created_at", "first_reply_at", "closed_at")
        }
        finished = columns["status"] in tickets.FINISHED
        told = [moment for moment in read.values() if moment]
        read["created_at"] = min(told, default=batch.now)
        read["closed_at"] = (
            (read["closed_at"] or max(told, default=batch.now)) if finished else None
        )
        return read


class Activities:
    """Rows that are activities; the customer must be there, found by e-mail, identifier or name."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self._kinds = _words(_ACTIVITIES)

    def read(self, cells: Cells) -> ActivityItem:
        """Read one activity."""
        given, batch = cells.fields, self.batch
        if "at" not in given:
            raise UserError(_("The date is missing."))
        external_id = (
            values.identifier(given["external_id"])
            if "external_id" in given
            else fingerprint(cells)
        )
        columns = {
            "kind": _one_of(
                self._kinds, given.get("kind", "note"), _("“{text}” is not a kind of activity.")
            ),
            "text": values.long_text(given.get("text", "")),
            "at": values.moment(given["at"], batch.zone),
            "author_id": batch.colleague(cells, "author"),
            **batch.columns(external_id, cells.custom),
        }
        if not columns["text"]:
            raise UserError(_("The text is missing."))
        emails = values.emails(given["email"]) if "email" in given else []
        contact_id, deal_id = given.get("contact_id"), given.get("deal_id")
        company = customers.company_of(cells)
        return ActivityItem(external_id, emails, contact_id, company, deal_id, columns)

    def keep(self, items: Sequence[tuple[Row, ActivityItem]]) -> None:
        """Create the activities that are not there."""
        batch = self.batch
        known = imports.by_external_id(
            batch.session, "activity", {i.external_id for _row, i in items}
        )
        links = self._links([item for _row, item in items])
        rows = []
        for (row, item), link in zip(items, links, strict=True):
            if not any(link.values()):
                batch.reject(row, _("No customer of this row is there."))
                continue
            batch.count(row, known.get(item.external_id))
            if item.external_id not in known:
                known[item.external_id] = Known(0, batch.run_id)
                rows.append({**item.columns, **link})
        ids = imports.insert(batch.session, "activity", rows)
        batch.tally.created["activity"] += len(ids)

    def _links(self, items: Sequence[ActivityItem]) -> list[dict[str, int | None]]:
        session = self.batch.session
        mails = imports.contacts_by_email(session, {mail for item in items for mail in item.emails})
        people = imports.by_external_id(
            session, "contact", {i.contact_id for i in items if i.contact_id}
        )
        sales = imports.by_external_id(session, "deal", {i.deal_id for i in items if i.deal_id})
        firms = [item.company for item in items if item.company]
        numbers = imports.by_external_id(
            session, "company", {f.external_id for f in firms if f.external_id}
        )
        names = imports.by_name(session, "company", {f.name_key for f in firms if f.name_key})
        links = []
        for item in items:
            contact = people.get(item.contact_id or "") or next(
                (mails[mail] for mail in item.emails if mail in mails), None
            )
            firm = item.company
            company = firm and (numbers.get(firm.external_id or "") or names.get(firm.name_key))
            deal = sales.get(item.deal_id or "")
            found = {"contact_id": contact, "company_id": company, "deal_id": deal}
            links.append({name: known.id if known else None for name, known in found.items()})
        theirs = imports.contact_companies(
            session, {each["contact_id"] for each in links if each["contact_id"]}
        )
        return [
            {**each, "company_id": each["company_id"] or theirs.get(each["contact_id"] or 0)}
            for each in links
        ]


def _words(listed: Mapping[Any, str]) -> dict[str, Any]:
    return {word: meant for meant, words in listed.items() for word in words.split()}


def _one_of(words: Mapping[str, Any], written: str, refusal: str) -> Any:  # noqa: ANN401 - a member of an enumeration
    found = words.get(fold(written))
    if found is None:
        raise UserError(refusal.format(text=shown(written)))
    return found


def _satisfaction(written: str) -> int | None:
    if not written:
        return None
    stars = values.whole(written)
    if stars not in _SATISFACTION:
        raise UserError(_("The satisfaction must be from 1 to 5, not {number}.", number=stars))
    return stars
