"""Forty files that something is wrong with, and what is to be said of each; nothing raises, nothing is lost."""

from __future__ import annotations

import gzip
import zipfile
from dataclasses import dataclass
from io import BytesIO

HEAD = "name,email,phone,amount,close_date\n"
ANN = "Ann,ann@example.com,+15550100,100,2027-01-31\n"


@dataclass(frozen=True)
class Case:
    """A file and its fate: `refused` as a whole, or so many rows taken, repeated and rejected."""

    number: int
    name: str
    body: bytes
    refused: str = ""
    taken: int = 0
    repeated: int = 0
    rejected: tuple[str, ...] = ()
    kind: str = "contacts"


def _zip() -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("sheet.xml", "<x/>")
    return packed.getvalue()


def _rows(*rows: str) -> bytes:
    return (HEAD + "".join(f"{row}\n" for row in rows)).encode()


CASES = [
    Case(1, "empty", b"", "The file is empty."),
    Case(2, "header only", HEAD.encode()),
    Case(3, "no header", (ANN + ANN).encode(), "The required column “name” was not found"),
    Case(4, "UTF-8 mark", b"\xef\xbb\xbf" + (HEAD + ANN).encode(), taken=1),
    Case(5, "UTF-16", (HEAD + ANN).encode("utf-16"), taken=1),
    Case(6, "Latin-1", (HEAD + "José,jose@example.com,,,\n").encode("latin-1"), taken=1),
    Case(
        7,
        "mixed encodings",
        HEAD.encode()
        + "José,a@example.com,,,\n".encode()
        + "José,b@example.com,,,\n".encode("latin-1"),
        "Line 3 has the byte 0xE9, which is not UTF-8.",
    ),
    Case(8, "semicolons", (HEAD + ANN).replace(",", ";").encode(), taken=1),
    Case(9, "tabs", (HEAD + ANN).replace(",", "\t").encode(), taken=1),
    Case(
        10,
        "bare CR",
        (HEAD + ANN + ANN.replace("ann", "bob")).replace("\n", "\r").encode(),
        taken=2,
    ),
    Case(
        11,
        "mixed line ends",
        (
            HEAD.strip()
            + "\r\n"
            + ANN
            + ANN.replace("ann", "bob").strip()
            + "\r"
            + ANN.replace("ann", "cy")
        ).encode(),
        taken=3,
    ),
    Case(
        12,
        "open quote",
        (HEAD + '"Ann,ann@example.com,,1,\n' + ANN * 4).encode(),
        "The quote that opens on line 2",
    ),
    Case(13, "stray quote", _rows('Ann "The Boss" Lee,ann@example.com,,1,'), taken=1),
    Case(
        14,
        "text behind a quote",
        _rows('"Ann"x,ann@example.com,,1,'),
        rejected=("There is text behind a closing quote.",),
    ),
    Case(15, "newline in a cell", _rows('"Ann\nLee",ann@example.com,,1,'), taken=1),
    Case(
        16,
        "NUL",
        _rows("An\x00n,ann@example.com,,1,"),
        rejected=("A cell has a control character.",),
    ),
    Case(
        17,
        "escape",
        _rows("\x1b[31mAnn\x07,ann@example.com,,1,"),
        rejected=("A cell has a control character.",),
    ),
    Case(
        18,
        "long cell",
        _rows("A" * 200_000 + ",ann@example.com,,1,"),
        rejected=("A cell is longer than 131072 characters.",),
    ),
    Case(
        19,
        "10,000 columns",
        ",".join(f"c{n}" for n in range(10_000)).encode() + b"\n",
        "The file has 10000 columns",
    ),
    Case(
        20,
        "too few columns",
        _rows("Ann,ann@example.com"),
        rejected=("The row has 2 of 5 columns.",),
    ),
    Case(
        21,
        "too many columns",
        _rows("Ann,a@example.com,,1,,x,y"),
        rejected=("The row has 7 of 5 columns.",),
    ),
    Case(
        22,
        "header twice",
        b"name,email,email\nAnn,a@example.com,b@example.com\n",
        "The column “email” is there twice.",
    ),
    Case(
        23, "header variants", b" Name ,E-Mail,Phone Number\nAnn,a@example.com,+15550100\n", taken=1
    ),
    Case(24, "blank header", b"name,,email\nAnn,x,a@example.com\n", "Column 2 has no name."),
    Case(
        25,
        "privileged columns",
        b"name,email,id,owner_id,role,is_admin,created_at\nAnn,a@example.com,1,1,admin,1,2001-01-01\n",
        taken=1,
    ),
    Case(
        26,
        "formulas",
        _rows('"=HYPERLINK(""http://x"")",@SUM(1),+1+1,-2+3,'),
        rejected=("“@SUM(1)” is not an e-mail address.",),
    ),
    Case(27, "full-width formula", _rows("＝1+1,a@example.com,,1,"), taken=1),
    Case(28, "DDE", _rows("=cmd|' /C calc'!A0,a@example.com,,1,"), taken=1),
    Case(29, "Slack mention", _rows("<!channel>,a@example.com,,1,"), taken=1),
    Case(
        30, "Telegram link", _rows('"<a href=""tg://user?id=1"">x</a>",a@example.com,,1,'), taken=1
    ),
    Case(31, "repeated rows", (HEAD + ANN * 3).encode(), taken=1, repeated=2),
    Case(32, "imported twice", (HEAD + ANN).encode(), taken=1),
    Case(
        33,
        "one address three ways",
        _rows("A,ann@example.com,,1,", "B,ANN@Example.com,,1,", "C,a\u200bnn@example.com,,1,"),
        taken=1,
        repeated=2,
    ),
    Case(
        34,
        "amounts",
        b"name,stage,amount\nA,Won,12..5\nB,Won,NaN\nC,Won,inf\nD,Won,1e5\nE,Won,-5\n",
        rejected=(
            "",
            "The amount must be a number.",
            "The amount must be a number.",
            "",
            "The amount cannot be negative.",
        ),
        kind="deals",
    ),
    Case(
        35,
        "dates",
        b"name,stage,close_date\nA,Won,01/02/2027\nB,Won,2027-02-30\nC,Won,44927\nD,Won,soon\n",
        rejected=(
            "“01/02/2027” can be read in two ways.",
            "“2027-02-30” is not a date.",
            "“44927” is a spreadsheet's number for a day.",
            "“soon” is not a date.",
        ),
        kind="deals",
    ),
    Case(
        36,
        "phone of a spreadsheet",
        _rows("A,a@example.com,1.5550E+10,1,"),
        rejected=("“1.5550E+10” is how a spreadsheet damages a phone number.",),
    ),
    Case(37, "too many rows", b"", "The file has more than"),
    Case(
        38,
        "gzip named .csv",
        gzip.compress((HEAD + ANN).encode()),
        "This is not a CSV file but gzip.",
    ),
    Case(38, "ZIP named .csv", _zip(), "This is not a CSV file but ZIP or XLSX."),
    Case(
        39,
        "HTML",
        b"<html><table><tr><td>name</td></tr></table></html>",
        "This is not a CSV file but HTML.",
    ),
    Case(
        40,
        "one bad row",
        _rows(*(f"U{n},u{n}@example.com,,1," for n in range(500)), "Bad,no address,,1,"),
        taken=500,
        rejected=("“no address” is not an e-mail address.",),
    ),
]
