"""Building HTML: the one place where a text is escaped. What is built stands in `render.py` and `page.py`."""

from __future__ import annotations

import html


class Html(str):
    """Finished markup; every other string is text and is escaped when it is put into an element."""

    __slots__ = ()


_VOID = frozenset({"br", "img", "input", "link", "meta"})


def el(name: str, /, *children: str, **attributes: str | bool | None) -> Html:
    """Return an element; `class_` is written `class`, `aria_label` is written `aria-label`.

    A child that is not `Html` is escaped. An attribute that is None or False is left out, one that
    is True stands without a value.
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{join(*children)}</{name}>")


def join(*children: str) -> Html:
    """Put markup and texts one after the other; the texts are escaped."""
    return Html("".join(c if isinstance(c, Html) else html.escape(c, quote=True) for c in children))


def _attribute(key: str, value: str | bool | None) -> str:  # noqa: FBT001 - as HTML has them
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{html.escape(str(value), quote=True)}"'
