"""A file that a message carries; its bytes stay with the platform that has it.

Nothing is fetched or kept here.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class File:
    """A file that stays with its platform.

    Attributes:
        id: what `platform` sends it again by.
        kind: `photo`, `document`, `voice`, `audio`, `video` or `animation`.
        name: as its sender called it, empty where the platform has no names.
        size: in bytes, 0 when the platform does not say.
    """

    platform: str
    id: str
    kind: str
    name: str = ""
    size: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return the form in which an activity keeps it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Rebuild what `to_dict` returned."""
        return cls(**data)
