"""What every table shares: the metadata, the column types and the columns of a record.

The tables themselves stand beside this file, one module per domain.
"""

from __future__ import annotations

import enum
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Enum,
    Index,
    Integer,
    MetaData,
    String,
    TypeDecorator,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

Json = JSON().with_variant(JSONB(), "postgresql")
# For rows that are deleted for good and come back by undo: SQLite gives their number to nobody else.
NEVER_REUSED = {"sqlite_autoincrement": True}
BigId = BigInteger().with_variant(Integer(), "sqlite")


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware on the way in, aware UTC on the way out, on both databases."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive values and turn the rest into UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            message = f"naive datetime {value!r}"
            raise ValueError(message)
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the value its zone back: SQLite does not keep it."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Amount(TypeDecorator[Decimal]):
    """A decimal with two places, kept as a whole number of hundredths so that sums are exact on both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        """Return hundredths."""
        return None if value is None else int((Decimal(value) * 100).to_integral_exact())

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Decimal | None:  # noqa: ANN401
        """Return the decimal; PostgreSQL gives a Decimal for a sum of integers, SQLite an int."""
        return None if value is None else Decimal(int(value)) / 100


def choice(kind: type[enum.StrEnum]) -> Enum:
    """Return a column type that keeps the value of a `StrEnum` as text."""
    return Enum(
        kind,
        native_enum=False,
        length=32,
        create_constraint=False,
        values_callable=lambda k: [m.value for m in k],
    )


def filled(*columns: str) -> Index:
    """Index the rows in which the first column is filled.

    To SQLite's planner the empty ones are one value that many rows share; where most are empty it
    then reads the table for each look-up rather than the index.
    """
    where = text(f"{columns[0]} IS NOT NULL")
    return Index(None, *columns, sqlite_where=where, postgresql_where=where)


class Base(DeclarativeBase):
    """The parent of all tables."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime,
        Decimal: Amount,
        dict[str, Any]: Json,
        list[Any]: Json,
        str: String,
    }
    audited: ClassVar[bool] = False

    id: Mapped[int] = mapped_column(BigId, primary_key=True)


class Record:
    """The columns of everything people keep: it can be found, edited, deleted and restored.

    `version` rises with every change, so two people cannot overwrite each other unseen.
    """

    audited: ClassVar[bool] = True

    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    external_id: Mapped[str | None]
    import_id: Mapped[int | None] = mapped_column(BigId)
    custom: Mapped[dict[str, Any]] = mapped_column(default=dict)
    version: Mapped[int] = mapped_column(server_default="1")

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805 - a class-level hook of SQLAlchemy
        """Use `version` as the guard against lost updates."""
        return {"version_id_col": cls.__table__.c.version}  # type: ignore[attr-defined]
