"""The first form of the tables, with the pipeline that every installation starts with.

The search index comes with the next revision.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEXT = sa.String()
CHOICE = sa.String(32)
AMOUNT = sa.BigInteger()  # hundredths
INSTANT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

TABLES = (  # noqa: SIM905 - a list would take a line per table
    "teams users identities link_codes companies contacts contact_emails contact_phones "
    "consents tags custom_fields pipelines stages deals stage_changes products orders "
    "order_lines tickets activities tasks inbox notices halts leases occurrences "
    "conversations short_lines digests digest_dues audit imports receipts scores"
).split()

# Rows that are deleted for good and come back by undo: SQLite gives their number to nobody else.
NEVER_REUSED = "contact_emails contact_phones consents tags custom_fields identities".split()  # noqa: SIM905

# Name, probability in per cent, kind.
STAGES = (
    ("Lead", 10, "open"),
    ("Qualified", 25, "open"),
    ("Proposal", 50, "open"),
    ("Negotiation", 75, "open"),
    ("Won", 100, "won"),
    ("Lost", 0, "lost"),
)


def upgrade() -> None:
    """Create every table, parents first, and the default pipeline."""
    _people()
    _customers()
    _sales()
    _service()
    _machinery()
    _ledgers()
    _default_pipeline()


def downgrade() -> None:
    """Drop every table, children first."""
    for table in reversed(TABLES):
        op.drop_table(table)


def _people() -> None:
    _create("teams", *_required(TEXT, "name"), _unique("teams", "name"))
    _create(
        "users",
        *_required(TEXT, "email", "name"),
        *_required(CHOICE, "role"),
        _reference("users", "team_id", "teams"),
        *_required(TEXT, "language", "time_zone"),
        *_required(sa.Boolean(), "active"),
        *_required(JSON, "settings"),
        *_required(INSTANT, "created_at"),
        _unique("users", "email"),
    )
    _create(
        "identities",
        _reference("identities", "user_id", "users", nullable=False),
        *_required(TEXT, "platform", "external_id", "address"),
        *_required(sa.Boolean(), "reachable"),
        *_required(INSTANT, "created_at"),
        _unique("identities", "platform", "external_id"),
    )
    _index("identities", "user_id")
    _create(
        "link_codes",
        _reference("link_codes", "user_id", "users", nullable=False),
        *_required(TEXT, "code_hash"),
        *_required(INSTANT, "expires_at"),
        *_optional(INSTANT, "used_at"),
        _unique("link_codes", "code_hash"),
    )
    _index("link_codes", "user_id")


def _customers() -> None:
    _create(
        "companies",
        *_required(TEXT, "name", "name_key"),
        *_optional(TEXT, "industry", "city", "country", "website", "source"),
        _reference("companies", "owner_id", "users"),
        *_record(),
    )
    _index("companies", "external_id")
    _index("companies", "import_id")
    _index("companies", "name_key", "id")
    _index("companies", "owner_id")
    _create(
        "contacts",
        *_required(TEXT, "name", "name_key"),
        *_optional(TEXT, "title", "address", "source"),
        _reference("contacts", "company_id", "companies"),
        _reference("contacts", "owner_id", "users"),
        *_record(),
    )
    _index("contacts", "company_id")
    _index("contacts", "external_id")
    _index("contacts", "import_id")
    _index("contacts", "name_key", "id")
    _index("contacts", "owner_id")
    _create(
        "contact_emails",
        _reference("contact_emails", "contact_id", "contacts", nullable=False),
        *_required(TEXT, "email"),
    )
    _index("contact_emails", "contact_id")
    _index("contact_emails", "email")
    _create(
        "contact_phones",
        _reference("contact_phones", "contact_id", "contacts", nullable=False),
        *_required(TEXT, "phone"),
    )
    _index("contact_phones", "contact_id")
    _index("contact_phones", "phone")
    _create(
        "consents",
        _reference("consents", "contact_id", "contacts", nullable=False),
        *_required(TEXT, "purpose"),
        *_required(sa.Boolean(), "granted"),
        *_required(TEXT, "source"),
        *_required(INSTANT, "at"),
    )
    _index("consents", "contact_id")
    _create(
        "tags",
        *_required(TEXT, "kind"),
        *_required(BIG_ID, "record_id"),
        *_required(TEXT, "name"),
        _unique("tags", "kind", "record_id", "name"),
    )
    _index("tags", "name", "kind")
    _create(
        "custom_fields",
        *_required(TEXT, "kind", "name", "label", "type"),
        _unique("custom_fields", "kind", "name"),
    )


def _sales() -> None:
    _create(
        "pipelines",
        *_required(TEXT, "name"),
        *_required(sa.Boolean(), "is_default"),
        _unique("pipelines", "name"),
    )
    _create(
        "stages",
        _reference("stages", "pipeline_id", "pipelines", nullable=False),
        *_required(TEXT, "name"),
        *_required(sa.Integer(), "position", "probability"),
        *_required(CHOICE, "kind"),
        *_required(JSON, "required"),
        _unique("stages", "pipeline_id", "name"),
    )
    _create(
        "deals",
        *_required(TEXT, "title"),
        _reference("deals", "company_id", "companies"),
        _reference("deals", "contact_id", "contacts"),
        _reference("deals", "owner_id", "users"),
        _reference("deals", "stage_id", "stages", nullable=False),
        *_optional(AMOUNT, "amount"),
        *_required(TEXT, "currency"),
        *_required(sa.Date(), "opened_on"),
        *_optional(sa.Date(), "close_on"),
        *_optional(INSTANT, "closed_at"),
        *_optional(TEXT, "reason", "source"),
        *_required(INSTANT, "last_activity_at"),
        *_record(),
    )
    _index("deals", "closed_at")
    _index("deals", "company_id")
    _index("deals", "contact_id")
    _index("deals", "external_id")
    _index("deals", "import_id")
    _index("deals", "last_activity_at")
    _index("deals", "owner_id", "stage_id")
    _index("deals", "stage_id", "close_on")
    _create(
        "stage_changes",
        _reference("stage_changes", "deal_id", "deals", nullable=False),
        _reference("stage_changes", "stage_id", "stages", nullable=False),
        _reference("stage_changes", "user_id", "users"),
        *_required(INSTANT, "at"),
    )
    _index("stage_changes", "deal_id", "at")
    _create(
        "products",
        *_required(TEXT, "code", "name"),
        *_optional(AMOUNT, "price"),
        *_required(TEXT, "currency"),
        *_record(),
        _unique("products", "code"),
    )
    _create(
        "orders",
        _reference("orders", "company_id", "companies"),
        _reference("orders", "contact_id", "contacts"),
        *_required(INSTANT, "ordered_at"),
        *_required(AMOUNT, "total"),
        *_required(TEXT, "currency"),
        *_record(),
    )
    _index("orders", "company_id", "ordered_at", "total")
    _index("orders", "contact_id", "ordered_at")
    _index("orders", "external_id")
    _index("orders", "import_id")
    _index("orders", "ordered_at")
    _create(
        "order_lines",
        _reference("order_lines", "order_id", "orders", nullable=False),
        _reference("order_lines", "product_id", "products"),
        *_required(TEXT, "description"),
        *_required(sa.Integer(), "quantity"),
        *_required(AMOUNT, "unit_price", "amount"),
    )
    _index("order_lines", "order_id")
    _index("order_lines", "product_id")


def _service() -> None:
    _create(
        "tickets",
        *_required(TEXT, "subject", "text"),
        *_required(CHOICE, "kind", "status", "priority"),
        *_optional(TEXT, "queue", "channel"),
        _reference("tickets", "contact_id", "contacts"),
        _reference("tickets", "company_id", "companies"),
        _reference("tickets", "assignee_id", "users"),
        _reference("tickets", "author_id", "users"),
        *_optional(INSTANT, "first_reply_at", "closed_at"),
        *_optional(sa.Integer(), "satisfaction"),
        *_record(),
    )
    _index("tickets", "assignee_id", "status")
    _index("tickets", "company_id")
    _index("tickets", "contact_id")
    _index("tickets", "external_id")
    _index("tickets", "import_id")
    _index("tickets", "status", "created_at")
    _create(
        "activities",
        *_required(CHOICE, "kind"),
        *_required(TEXT, "text"),
        *_required(INSTANT, "at"),
        _reference("activities", "author_id", "users"),
        _reference("activities", "company_id", "companies"),
        _reference("activities", "contact_id", "contacts"),
        _reference("activities", "deal_id", "deals"),
        _reference("activities", "ticket_id", "tickets"),
        *_record(),
    )
    _index("activities", "company_id", "at")
    _index("activities", "contact_id", "at")
    _index("activities", "deal_id", "at")
    _index("activities", "import_id")
    _index("activities", "ticket_id", "at")
    _create(
        "tasks",
        *_required(TEXT, "text"),
        *_required(CHOICE, "kind", "status"),
        *_optional(TEXT, "due_local", "due_zone"),
        *_optional(INSTANT, "due_at", "reminded_for", "done_at"),
        *_optional(TEXT, "outcome"),
        _reference("tasks", "owner_id", "users", nullable=False),
        _reference("tasks", "author_id", "users"),
        _reference("tasks", "company_id", "companies"),
        _reference("tasks", "contact_id", "contacts"),
        _reference("tasks", "deal_id", "deals"),
        _reference("tasks", "ticket_id", "tickets"),
        *_record(),
    )
    _index("tasks", "company_id")
    _index("tasks", "contact_id")
    _index("tasks", "deal_id")
    _index("tasks", "import_id")
    _index("tasks", "owner_id", "status", "due_at")
    _index("tasks", "status", "due_at")
    _index("tasks", "ticket_id")


def _machinery() -> None:
    _create(
        "inbox",
        *_required(TEXT, "platform", "key", "sender"),
        *_required(JSON, "body"),
        *_required(CHOICE, "state"),
        *_optional(JSON, "reply"),
        *_required(sa.Integer(), "attempts"),
        *_required(INSTANT, "received_at"),
        *_optional(TEXT, "claimed_by"),
        *_optional(INSTANT, "claimed_until"),
        _unique("inbox", "platform", "key"),
    )
    _index_open("ix_inbox_open", "inbox", ["state", "id"], "state IN ('new', 'done')")
    _index("inbox", "sender", "state", "id")
    _create(
        "notices",
        *_required(TEXT, "kind", "key"),
        *_required(JSON, "payload"),
        _reference("notices", "user_id", "users"),
        *_optional(TEXT, "address"),
        *_required(CHOICE, "state"),
        *_required(sa.Integer(), "priority"),
        *_required(INSTANT, "due_at", "created_at"),
        *_required(sa.Integer(), "attempts"),
        *_optional(TEXT, "claimed_by"),
        *_optional(INSTANT, "claimed_until"),
        *_optional(TEXT, "sent_to", "message_id"),
        *_optional(INSTANT, "sent_at"),
        *_optional(TEXT, "reason"),
        _unique("notices", "key"),
    )
    _index("notices", "user_id")
    waiting = "state IN ('waiting', 'sending')"
    _index_open("ix_notices_waiting", "notices", ["due_at", "id"], waiting)
    _create(
        "halts",
        *_required(TEXT, "bucket"),
        *_required(INSTANT, "until"),
        _unique("halts", "bucket"),
    )
    _create(
        "leases",
        *_required(TEXT, "name", "owner"),
        *_required(sa.Integer(), "term"),
        *_required(INSTANT, "expires_at"),
        _unique("leases", "name"),
    )
    _create(
        "occurrences",
        *_required(TEXT, "schedule", "planned_local"),
        *_required(INSTANT, "started_at"),
        *_optional(INSTANT, "finished_at"),
        *_optional(TEXT, "summary"),
        *_required(sa.Boolean(), "failed"),
        _unique("occurrences", "schedule", "planned_local"),
    )
    _create(
        "digests",
        *_required(TEXT, "line", "schedule", "time_zone", "address"),
        _reference("digests", "owner_id", "users", nullable=False),
        *_required(INSTANT, "created_at"),
        *_optional(INSTANT, "deleted_at"),
    )
    _index("digests", "owner_id")
    _create(
        "digest_dues",
        _reference("digest_dues", "digest_id", "digests", nullable=False),
        *_required(TEXT, "planned_local"),
        *_required(INSTANT, "due_at"),
        _unique("digest_dues", "digest_id"),
    )
    _index("digest_dues", "due_at")


def _ledgers() -> None:
    _create(
        "conversations",
        *_required(TEXT, "place", "person"),
        *_optional(JSON, "dialog"),
        *_optional(TEXT, "subject"),
        *_optional(JSON, "listing"),
        *_required(INSTANT, "updated_at"),
        _unique("conversations", "place", "person"),
    )
    _create(
        "short_lines",
        *_required(TEXT, "key", "line"),
        *_required(INSTANT, "created_at"),
        _unique("short_lines", "key"),
    )
    _create(
        "audit",
        *_required(INSTANT, "at"),
        _reference("audit", "actor_id", "users"),
        *_required(TEXT, "surface", "command", "call", "kind"),
        *_required(BIG_ID, "record_id"),
        *_required(TEXT, "action"),
        *_required(JSON, "before", "after"),
        *_optional(TEXT, "undoes"),
        *_required(TEXT, "mac"),
    )
    _index("audit", "actor_id", "id")
    _index("audit", "call")
    _index("audit", "kind", "record_id", "id")
    _create(
        "imports",
        *_required(TEXT, "file_name", "file_hash", "kind"),
        *_required(INSTANT, "started_at"),
        *_optional(INSTANT, "finished_at", "reverted_at"),
        *_required(sa.Integer(), "rows", "created", "unchanged", "rejected"),
    )
    _index("imports", "file_hash")
    _create(
        "receipts",
        *_required(TEXT, "kind"),
        *_required(INSTANT, "made_at"),
        *_required(JSON, "data"),
    )
    _index("receipts", "kind")
    _create(
        "scores",
        *_required(TEXT, "kind", "subject_kind"),
        *_required(BIG_ID, "subject_id"),
        *_required(TEXT, "period"),
        *_required(sa.Double(), "value"),
        *_required(TEXT, "label"),
        *_required(JSON, "reasons"),
        _reference("scores", "receipt_id", "receipts", nullable=False),
        _unique("scores", "kind", "subject_kind", "subject_id", "period"),
    )
    _index("scores", "kind", "period", "value")


def _default_pipeline() -> None:
    connection = op.get_bind()
    pipelines = sa.table(
        "pipelines", sa.column("id"), sa.column("name"), sa.column("is_default", sa.Boolean)
    )
    pipeline = {"name": "Sales", "is_default": True}
    pipeline_id = connection.execute(
        sa.insert(pipelines).values(pipeline).returning(pipelines.c.id)
    ).scalar_one()
    names = ("pipeline_id", "position", "name", "probability", "kind")
    stages = sa.table("stages", *map(sa.column, names), sa.column("required", JSON))
    rows = [(pipeline_id, position, *stage) for position, stage in enumerate(STAGES, start=1)]
    named = [dict(zip(names, row, strict=True)) for row in rows]
    op.bulk_insert(stages, [{**row, "required": []} for row in named])


def _create(table: str, *items: sa.schema.SchemaItem) -> None:
    key = sa.PrimaryKeyConstraint("id", name=f"pk_{table}")
    number, once = sa.Column("id", BIG_ID, nullable=False), table in NEVER_REUSED
    op.create_table(table, number, *items, key, sqlite_autoincrement=once)


def _record() -> list[sa.Column[Any]]:
    return [
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("deleted_at", INSTANT),
        sa.Column("external_id", TEXT),
        sa.Column("import_id", BIG_ID),
        sa.Column("custom", JSON, nullable=False),
        sa.Column("version", sa.Integer, server_default="1", nullable=False),
    ]


def _required(kind: sa.types.TypeEngine[Any], *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=False) for name in names]


def _optional(kind: sa.types.TypeEngine[Any], *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind) for name in names]


def _reference(table: str, column: str, other: str, *, nullable: bool = True) -> sa.Column[int]:
    key = sa.ForeignKey(f"{other}.id", name=f"fk_{table}_{column}_{other}")
    return sa.Column(column, BIG_ID, key, nullable=nullable)


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name="_".join(("uq", table, *columns)))


def _index(table: str, *columns: str) -> None:
    op.create_index("_".join(("ix", table, *columns)), table, columns)


def _index_open(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
