"""The search index: one row of folded words per record, and the tokens it is found by.

The rows are written by `crm_store.search`, not here.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# `id` is the kind times 2**48 plus the record's id, so that the records of one kind stand together.
ENTRIES = """
CREATE TABLE search_entries (
    id {bigint} PRIMARY KEY,
    kind INTEGER NOT NULL,
    open INTEGER NOT NULL,
    title VARCHAR {bytewise} NOT NULL,
    body VARCHAR NOT NULL
    {tokens}
)
"""

# Without the text, its positions and its length: the index answers only which records hold a token.
# The tokenizer "ascii" cuts at ASCII punctuation only, so every token of ours stays whole.
SQLITE_TOKENS = """
CREATE VIRTUAL TABLE search_tokens USING fts5(
    tokens, content='', detail='none', columnsize=0, tokenize="ascii tokenchars '^'"
)
"""


def upgrade() -> None:
    """Create the tables of the index."""
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    if on_sqlite:
        op.execute(ENTRIES.format(bigint="INTEGER", bytewise="", tokens=""))
        op.execute(SQLITE_TOKENS)
    else:
        tokens = ", tokens TSVECTOR NOT NULL"
        op.execute(ENTRIES.format(bigint="BIGINT", bytewise='COLLATE "C"', tokens=tokens))
        op.execute("CREATE INDEX ix_search_entries_tokens ON search_entries USING gin (tokens)")
    op.execute("CREATE INDEX ix_search_entries_title ON search_entries (kind, title, id DESC)")


def downgrade() -> None:
    """Drop the index; it can be built again from the records."""
    if op.get_bind().dialect.name == "sqlite":
        op.drop_table("search_tokens")
    op.drop_table("search_entries")
