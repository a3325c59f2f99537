"""Which fields no analysis may look at, because a person must not be judged by them.

The names come from `[analysis] excluded_fields`; a field is meant whatever its case, spaces,
hyphens and underscores.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from crm_store.words import key

EXCLUDED = (
    "age", "sex", "gender", "birth date", "date of birth", "birthday", "birthdate", "nationality", "ethnicity",
    "race", "religion", "health", "disability", "marital status",
    "年龄", "性别", "出生日期", "生日", "国籍", "民族", "宗教", "健康状况", "婚姻状况",
)  # fmt: skip


def folded(names: Iterable[str]) -> frozenset[str]:
    """Return the names as `is_excluded` compares them."""
    return frozenset(_fold(name) for name in names)


def is_excluded(name: str, excluded: frozenset[str]) -> bool:
    """Tell whether a field of this name is one of the folded names."""
    return _fold(name) in excluded


def _fold(name: str) -> str:
    return key(re.sub(r"[\W_]+", " ", name))
