"""A CSV file as other programs write it: its encoding, its delimiter, and its rows one by one.

What the columns mean is `columns`; what is done with a row is `running`. Only this file is ever
unpacked, up to a limit; what claims to be CSV and is something else is refused by its content.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from handlers.errors import UserError
from handlers.importing.columns import fold
from handlers.reading.characters import shown
from handlers.wording import _, number

MAX_BYTES = 1 << 30
MAX_ROWS = 1_000_000
MAX_COLUMNS = 100
MAX_LINE = 1_000_000
_FIELD = 131_072
_PIECE = 1 << 20
_GZIP = b"\x1f\x8b"
_DELIMITERS = (",", ";", "\t")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_OTHER_PROGRAMS = (
    (b"PK\x03\x04", "ZIP or XLSX"),
    (b"\xd0\xcf\x11\xe0", "XLS"),
    (b"%PDF", "PDF"),
    (_GZIP, "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ", "xz"),
    (b"SQLite format", "SQLite"),
    (b"BEGIN:VCARD", "vCard"),
)
_MARKUP = re.compile(rb"\s*<(?:!doctype|html|table|\?xml|head|body)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """One record of the file.

    Attributes:
        number: its place as a spreadsheet counts, the header being row 1.
        cells: as many as the header has, unless there is a problem.
        problem: why the row cannot be used, already translated; empty when it can.
    """

    number: int
    cells: list[str]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """What the first reading of a file found: how its text is encoded, and the SHA-256 of its bytes."""

    path: Path
    encoding: str
    packed: bool
    hash: str


def examine(path: Path) -> Content:
    """Read the whole file once and find out its encoding: UTF-8, UTF-16 with its mark, or Windows-1252.

    Raises:
        UserError: it is missing, empty, too large, no text, or its encoding is mixed.
    """
    try:
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP
            if packed and path.suffix.lower() != ".gz":
                raise _other("gzip")
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            with _unpacked(path, packed=packed) as content:
                return Content(path, _encoding(content), packed, digest)
    except OSError as error:
        if isinstance(error, gzip.BadGzipFile):
            raise _damaged() from error
        raise UserError(
            _("The file {name} cannot be read.", name=shown(path.name)),
            _("Check its name and who may read it."),
        ) from error
    except (EOFError, zlib.error) as error:
        raise _damaged() from error


class Table:
    """The header of a file and its rows; they can be gone through once.

    Attributes:
        header: the names of the columns as the file has them.
        delimiter: what stands between cells: a comma, a semicolon or a tab.
    """

    def __init__(self, lines: TextIO, known: frozenset[str]) -> None:
        """Read the header; `known` are the folded names by which the delimiter is recognised.

        Raises:
            UserError: there is no header, or it cannot be used.
        """
        self._dirty = False
        self._lines = self._checked(lines)
        first = next(self._lines, "")
        if not first.strip("\ufeff\r\n ,;\t"):
            raise UserError(
                _("The file is empty."), _("Export it again, with the names of the columns.")
            )
        self.delimiter = max(_DELIMITERS, key=lambda sign: _likelihood(first, sign, known))
        self._reader = csv.reader(
            chain([first], self._lines), delimiter=self.delimiter, strict=True
        )
        self.header = self._read_header()

    def rows(self) -> Iterator[Row]:
        """Go through the rows; empty lines are none.

        Raises:
            UserError: there are too many, or a quote is never closed.
        """
        number_, width, reader = 1, len(self.header), self._reader
        while True:
            self._dirty = False
            began = reader.line_num
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                number_ += 1
                yield Row(number_, [], self._broken(error, began))
                continue
            if not cells:
                continue
            number_ += 1
            if number_ > MAX_ROWS + 1:
                raise _too_many_rows()
            if len(cells) != width:
                yield Row(number_, cells, _width(len(cells), width))
            elif self._dirty:
                yield Row(number_, cells, _("A cell has a control character."))
            else:
                yield Row(number_, cells)

    def _checked(self, lines: TextIO) -> Iterator[str]:
        search = _CONTROL.search
        while line := lines.readline(MAX_LINE):
            if len(line) >= MAX_LINE:
                raise UserError(
                    _("A line of the file is longer than {limit} characters.", limit=MAX_LINE),
                    _("Check that it is a CSV file."),
                )
            if search(line):
                self._dirty = True
            yield line

    def _read_header(self) -> list[str]:
        try:
            names = [name.strip() for name in next(self._reader)]
        except csv.Error as error:
            raise UserError(self._broken(error, 0)) from error
        if self._dirty:
            raise UserError(_("The names of the columns have control characters."))
        if len(names) > MAX_COLUMNS:
            raise UserError(
                _(
                    "The file has {count} columns, more than {limit}.",
                    count=len(names),
                    limit=MAX_COLUMNS,
                ),
                _("Export only the columns that are needed."),
            )
        _refuse_unclear(names)
        return names

    def _broken(self, error: csv.Error, began: int) -> str:
        """Say what is wrong with a record that began after line `began`.

        Raises:
            UserError: its quotes may have swallowed other rows.
        """
        ended = self._reader.line_num
        if "unexpected end" in str(error) or ended > began + 1:
            raise UserError(
                _("The quote that opens on line {line} is not closed in its cell.", line=began + 1),
                _("Close it, or export the file again; nothing was imported."),
            ) from error
        if "field limit" in str(error):
            return _("A cell is longer than {limit} characters.", limit=_FIELD)
        return _("There is text behind a closing quote.")


@contextmanager
def opened(content: Content) -> Iterator[TextIO]:
    """Open the text of a file that was examined.

    Raises:
        UserError: it has become something else since.
    """
    csv.field_size_limit(_FIELD)
    with _unpacked(content.path, packed=content.packed) as raw:
        try:
            yield io.TextIOWrapper(raw, encoding=content.encoding, errors="strict", newline="")
        except (UnicodeDecodeError, EOFError, zlib.error) as error:
            raise _damaged() from error


def _encoding(content: BinaryIO) -> str:
    start = content.read(512)
    if not start.strip():
        raise UserError(
            _("The file is empty."), _("Export it again, with the names of the columns.")
        )
    _refuse_other(start)
    if start.startswith(_UTF_16):
        _measure(content, len(start))
        return "utf-16"
    content.seek(0)
    return _by_lines(content)


def _by_lines(content: BinaryIO) -> str:
    size, others, bad = 0, False, None
    for count, line in enumerate(iter(lambda: content.readline(_PIECE), b""), start=1):
        size += len(line)
        _refuse_large(size)
        if line.isascii():
            continue
        try:
            line.decode()
            others = others or count > 1 or not line.removeprefix(codecs.BOM_UTF8).isascii()
        except UnicodeDecodeError as error:
            # A line longer than a piece may be cut within a character.
            if error.reason == "unexpected end of data" and len(line) == _PIECE:
                continue
            bad = bad or (count, line[error.start], _is_windows(line))
    if bad is None:
        return "utf-8-sig"
    line_number, byte, windows = bad
    if others or not windows:
        raise UserError(
            _(
                "Line {line} has the byte {byte}, which is not UTF-8.",
                line=line_number,
                byte=f"0x{byte:02X}",
            ),
            _("Save the file as “CSV UTF-8” and import it again."),
        )
    return "cp1252"


def _is_windows(line: bytes) -> bool:
    try:
        line.decode("cp1252")
    except UnicodeDecodeError:
        return False
    return True


def _measure(content: BinaryIO, size: int) -> None:
    while piece := content.read(_PIECE):
        size += len(piece)
        _refuse_large(size)


@contextmanager
def _unpacked(path: Path, *, packed: bool) -> Iterator[BinaryIO]:
    with gzip.open(path, "rb") if packed else path.open("rb") as raw:
        yield cast("BinaryIO", raw)


def _refuse_other(start: bytes) -> None:
    for signature, program in _OTHER_PROGRAMS:
        if start.startswith(signature):
            raise _other(program)
    if _MARKUP.match(start):
        raise _other("HTML")


def _refuse_large(size: int) -> None:
    if size > MAX_BYTES:
        raise UserError(
            _("The file is larger than {limit} MiB.", limit=number(MAX_BYTES >> 20)),
            _("Cut it into several files."),
        )


def _refuse_unclear(names: Sequence[str]) -> None:
    for place, name in enumerate(names, start=1):
        if not name:
            raise UserError(
                _("Column {place} has no name.", place=place),
                _("Give every column a name of its own."),
            )
    folded = [fold(name) or name for name in names]
    for name, each in zip(names, folded, strict=True):
        if folded.count(each) > 1:
            raise UserError(
                _("The column “{name}” is there twice.", name=shown(name)),
                _("Give every column a name of its own."),
            )


def _likelihood(line: str, sign: str, known: frozenset[str]) -> tuple[int, int]:
    cells = [cell.strip().strip('"') for cell in line.split(sign)]
    return sum(fold(cell) in known for cell in cells), len(cells)


def _width(count: int, width: int) -> str:
    return _("The row has {count} of {width} columns.", count=count, width=width)


def _too_many_rows() -> UserError:
    return UserError(
        _("The file has more than {limit} rows.", limit=number(MAX_ROWS)),
        _("Cut it into several files."),
    )


def _other(program: str) -> UserError:
    return UserError(
        _("This is not a CSV file but {program}.", program=program),
        _("Export it as “CSV UTF-8”; a compressed one must be a .csv.gz."),
    )


def _damaged() -> UserError:
    return UserError(_("The file is damaged."), _("Export or copy it again."))
