"""Tags as people write them: words, or phrases where there are commas."""

from __future__ import annotations

import re
from typing import Any

from crm_store.search import key
from handlers.arguments import Argument, Asked
from handlers.errors import UserError
from handlers.wording import _

_TAGS = 20
_TAG_LENGTH = 40
_SEPARATORS = re.compile(r"[,，、;；\n]")


class TagsArgument(Argument[tuple[str, ...]]):
    """Tags: words, or phrases where there are commas; a leading `#` is dropped."""

    literal = True
    spreads = True

    def read(self, text: str, asked: Asked) -> tuple[str, ...]:
        """Return the folded tags without doubles."""
        parts = _SEPARATORS.split(text) if _SEPARATORS.search(text) else text.split()
        found = tuple(dict.fromkeys(key(part.strip().lstrip("#＃")) for part in parts))
        names = tuple(name for name in found if name)
        if not names or len(names) > _TAGS or any(len(name) > _TAG_LENGTH for name in names):
            raise UserError(
                _(
                    "Give 1 to {count} tags of at most {length} characters.",
                    count=_TAGS,
                    length=_TAG_LENGTH,
                ),
                _("Separate them by spaces, or by commas: {example}", example="vip, trade fair"),
            )
        return names


class TagArgument(TagsArgument):
    """One tag."""

    def read(self, text: str, asked: Asked) -> Any:  # noqa: ANN401 - one of what the parent reads
        """Return the folded tag."""
        return super().read(_SEPARATORS.sub(" ", text) + ",", asked)[0]
