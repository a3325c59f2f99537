"""The subjects of the command language, explicit and in the order of the help."""

from __future__ import annotations

from importlib import import_module

from handlers.command import arrange

SUBJECTS = (
    "contacts",
    "companies",
    "deals",
    "tickets",
    "rooms",
    "notes",
    "tasks",
    "days",
    "finding",
    "reports",
    "forecasts",
    "trends",
    "digests",
    "insights",
    "feedback",
    "models_kept",
    "risks",
    "segments",
    "chances",
    "patterns",
    "offers",
    "values",
    "texts",
    "markets",
    "fields",
    "imports",
    "users",
    "accounts",
    "settings",
    "preferences",
    "absences",
    "mutes",
    "channels",
    "received",
    "status",
    "jobs",
    "undo",
    "help",
    "folded",
    "postings",
)


def load() -> None:
    """Import every subject, which declares its commands and notices, and put the commands into their order."""
    arrange([import_module(f"handlers.{subject}").__name__ for subject in SUBJECTS])
