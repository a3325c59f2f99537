"""The subjects of the command language, explicit and in the order of the help."""

from __future__ import annotations

from importlib import import_module

SUBJECTS = (
    "contacts",
    "companies",
    "deals",
    "tickets",
    "notes",
    "tasks",
    "finding",
    "reports",
    "forecasts",
    "digests",
    "risks",
    "segments",
    "fields",
    "imports",
    "users",
    "settings",
    "status",
    "undo",
    "help",
    "folded",
)


def load() -> None:
    """Import every subject, which declares its commands and notices."""
    for subject in SUBJECTS:
        import_module(f"handlers.{subject}")
