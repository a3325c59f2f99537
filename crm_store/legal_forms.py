"""The legal form at the end of a company's name, which people leave out: `Acme` for `Acme Ltd`.

Two names are the same when the rest is the same and at most one of them has a form, or both have one form,
however it is written: `Acme Ltd` is `Acme` and `Acme Limited`, but not `Acme GmbH`.
"""

from __future__ import annotations

import re

from crm_store.words import is_cjk, key, split

# The spellings of one form stand together, as words without their signs: `S.A.` is `s a`.
_FORMS = (
    ("ltd", "limited"),
    ("co ltd", "co limited", "company limited"),
    ("pty ltd", "pty limited"),
    ("pte ltd", "pte limited"),
    ("pvt ltd", "private limited"),
    ("inc", "incorporated"),
    ("corp", "corporation"),
    ("co", "company"),
    ("llc", "l l c"),
    ("llp", "l l p"),
    ("plc", "p l c"),
    ("gmbh",),
    ("gmbh co kg",),
    ("ag",),
    ("kg",),
    ("ohg",),
    ("ug",),
    ("se",),
    ("sa", "s a"),
    ("sas", "s a s"),
    ("sarl", "s a r l"),
    ("srl", "s r l"),
    ("spa", "s p a"),
    ("bv", "b v"),
    ("nv", "n v"),
    ("ab",),
    ("as", "a s"),
    ("aps",),
    ("oy", "oyj"),
    ("sp z o o",),
    ("kk", "k k", "株式会社"),
    ("有限公司", "有限责任公司", "有限責任公司"),
    ("股份有限公司", "股份公司"),
)
_GROUPS = {spelling: group for group, spellings in enumerate(_FORMS) for spelling in spellings}
_LONGEST_FIRST = sorted(_GROUPS, key=len, reverse=True)
_WORD = re.compile(r"\w+")


def same(one: str, other: str) -> bool:
    """Tell whether two names of companies are the same but for a legal form that one leaves out."""
    (bare, form), (other_bare, other_form) = _apart(one), _apart(other)
    return bare == other_bare and (form == other_form or None in {form, other_form})


def titles(name: str) -> list[str]:
    """Return the folded names, as the search index keeps them, that `same` may take for `name`."""
    bare, form = _apart(name)
    endings = _GROUPS if form is None else _FORMS[form]
    written = [bare]
    for ending in endings:
        written.append(f"{bare} {ending}")
        if is_cjk(ending):
            written.append(bare + ending)
    return list(dict.fromkeys(" ".join(split(each)) for each in written))


def _apart(name: str) -> tuple[str, int | None]:
    words = " ".join(_WORD.findall(key(name)))
    for ending in _LONGEST_FIRST:
        bare = words.removesuffix(ending)
        if bare.strip() and bare != words and (bare.endswith(" ") or is_cjk(ending)):
            return bare.strip(), _GROUPS[ending]
    return words, None
