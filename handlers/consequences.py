"""What follows from a change, whichever command made it: run before the call ends, in its transaction.

What follows is declared beside its subject. A consequence may refuse the change with a `UserError`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from crm_store import audit
from crm_store.models import Base
from handlers.request import Request


@dataclass(frozen=True, slots=True)
class Change:
    """A record that a call made or changed; `before` holds the fields that were something else."""

    record: Any
    created: bool
    before: dict[str, Any]


Consequence: TypeAlias = Callable[[Request, Change], None]

_registry: dict[type[Base], list[Consequence]] = {}


def consequence(model: type[Base]) -> Callable[[Consequence], Consequence]:
    """Declare that the function below is told of every change of a record of `model`."""

    def declare(follow: Consequence) -> Consequence:
        _registry.setdefault(model, []).append(follow)
        return follow

    return declare


def follow(request: Request) -> None:
    """Run what follows from the changes of the open call, each record once."""
    found: dict[Base, Change] = {}
    for row, action, before, _after in list(request.session.info.get("audit", ())):
        if type(row) in _registry and action != audit.DELETED:
            earlier = found.get(row)
            created = action == audit.CREATED or bool(earlier and earlier.created)
            found[row] = Change(row, created, {**before, **(earlier.before if earlier else {})})
    for change in found.values():
        for consequence_ in _registry[type(change.record)]:
            consequence_(request, change)
