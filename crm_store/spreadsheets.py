"""CSV that is safe to open in a spreadsheet: what people typed is shown there and never computed.

Which rows are written stands in `crm_store/exports.py` and in the import.
"""

from __future__ import annotations

# What starts a formula in Excel, LibreOffice or Google Sheets, also in the full-width forms that a
# Chinese or Japanese Excel takes for them (OWASP, "CSV Injection").
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
BOM = "\ufeff"


def guarded(cell: str) -> str:
    """Return the text for a CSV cell with an apostrophe before it where it would be a formula."""
    return f"'{cell}" if cell.lstrip(" \u00a0\u3000").startswith(_STARTS) else cell
