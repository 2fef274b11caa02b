"""What an XLSX file holds besides its values: its parts, measured, and how far a sheet reaches.

The reader takes whole parts into memory. One pass over them before sees that they end: what
inflates beyond a bound is refused, and so is a sheet whose values lie far apart, for the reader
allots a cell for each place between the first value and the last: 17 billion of them for one stray
value in the last cell. The same pass notes the cells that the reader gives as empty although they
are not: errors such as ``#N/A``, and formulas that nobody has computed; and what is hidden.
"""

from __future__ import annotations

import posixpath
import struct
import zlib
from array import array
from bisect import bisect_left
from collections import deque
from contextlib import contextmanager
from functools import lru_cache, reduce
from string import ascii_uppercase
from typing import TYPE_CHECKING, BinaryIO
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from attrs import define, field, frozen

from ..errors import BadInputError
from .encoding import OLE_MARK

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    Started = Callable[[str, dict[str, str]], object]

__all__ = ["Parts", "Sheet", "Survey", "column_letters", "columns_of", "open_parts"]

_ZIP_MARK = b"PK"
_WORKBOOK = "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
_SMALL_PART = 32 << 20
_LARGE_PART = 1 << 30
_WITH_EVERY_SHEET = {
    "xl/sharedStrings.xml": _LARGE_PART,
    **dict.fromkeys(("[Content_Types].xml", "_rels/.rels", "xl/styles.xml"), _SMALL_PART),
}
_CHUNK = 1 << 18
_OTHERS = {"xl/workbook.bin": "XLSB", "content.xml": "OpenDocument"}
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
# What a broken archive makes the standard library raise, whichever of its fields is wrong.
_BROKEN = (
    BadZipFile,
    EOFError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
    struct.error,
    zlib.error,
)
_DAMAGED = "Copy it again, or open it in the spreadsheet program and save it anew as XLSX."
_ROWS = 1 << 20
_COLUMNS = 1 << 14
_FEW_CELLS = 1 << 20
_MOST_CELLS = 1 << 24
_SPARSE = 16
_LONGEST = 3
_TRUE = frozenset({"1", "true"})


@frozen
class Sheet:
    """A sheet of a workbook: its name, its place in the file, and whether it is shown."""

    name: str
    path: str
    visible: bool


@frozen
class Parts:
    """The parts of an open XLSX file; each method refuses what is damaged or has no end."""

    source: str
    _archive: ZipFile

    def sheets(self) -> tuple[Sheet, ...]:
        """The sheets with cells, in the order of the workbook."""
        targets: dict[str, str] = {}
        found: list[Sheet] = []

        def relation(tag: str, attributes: dict[str, str]) -> None:
            if tag.endswith("Relationship") and attributes.get("Type", "").endswith("/worksheet"):
                targets[attributes.get("Id", "")] = attributes.get("Target", "")

        def sheet(tag: str, attributes: dict[str, str]) -> None:
            key = next((value for name, value in attributes.items() if name.endswith(":id")), "")
            if tag.rpartition(":")[2] == "sheet" and key in targets:
                shown = attributes.get("state", "visible") == "visible"
                found.append(Sheet(attributes.get("name", ""), _path(targets[key]), shown))

        self.walk(_RELATIONS, relation, _SMALL_PART)
        self.walk(_WORKBOOK, sheet, _SMALL_PART)
        return tuple(found)

    def measure(self) -> None:
        """Read what is taken into memory with every sheet, to see that it ends."""
        there = set(self._archive.namelist())
        for name, most in _WITH_EVERY_SHEET.items():
            if name in there:
                # The reader would take these parts into memory whatever their size: an archive of
                # kilobytes may inflate to terabytes.
                deque(self._chunks(name, most), maxlen=0)

    def walk(self, part: str, started: Started, most: int = _LARGE_PART) -> None:
        """Tell each element of a part where it begins: name as written, and attributes."""
        parser = expat.ParserCreate()
        parser.StartElementHandler = started
        # Entities are declared there, by which a few lines of XML become gigabytes.
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        try:
            for chunk in self._chunks(part, most):
                parser.Parse(chunk)
            parser.Parse(b"", True)
        except (expat.ExpatError, LookupError) as error:  # the latter: an unknown encoding
            raise self.damaged(f"{part}: {error}") from None

    def has_values(self, sheet: Sheet) -> bool:
        """Whether any cell of a sheet holds something; it is read as far as the first."""
        found = False

        def look(tag: str, attributes: dict[str, str]) -> None:
            nonlocal found
            del attributes
            found = found or tag.rpartition(":")[2] in {"v", "is", "f"}

        parser = expat.ParserCreate()
        parser.StartElementHandler = look
        try:
            for chunk in self._chunks(sheet.path, _LARGE_PART):
                parser.Parse(chunk)
                if found:
                    break
        except (expat.ExpatError, LookupError):
            return False  # it is not read, so its damage is nobody's
        return found

    def damaged(self, told: str) -> BadInputError:
        """The error for a file that is not what it should be."""
        return BadInputError(f"{self.source} is damaged ({told}). {_DAMAGED}")

    def _refuse_doctype(self, *_: object) -> None:
        raise self.damaged("it declares a document type, which no workbook does")

    def _chunks(self, name: str, most: int) -> Iterator[bytes]:
        try:
            part = self._archive.getinfo(name)
        except KeyError:
            raise self.damaged(f"it has no {name}") from None
        declared = part.file_size
        # The reader stops at the declared size: one that is too low would hide the rest. This is
        # beyond the bound by more than one chunk, so that the bound is always met first.
        part.file_size = most + 2 * _CHUNK
        size = 0
        try:
            with self._archive.open(part) as stream:
                while chunk := stream.read(_CHUNK):
                    size += len(chunk)
                    if size > most:
                        raise BadInputError(
                            f"{self.source}: {name} inflates to more than {most >> 20} MiB, so it "
                            "is not read. Save the sheet as CSV, which is read row by row."
                        )
                    yield chunk
        except _BROKEN as error:
            raise self.damaged(f"{name}: {error}") from None
        finally:
            part.file_size = declared
        if size != declared:
            raise self.damaged(f"{name} has another size than it says")


@contextmanager
def open_parts(source: str, stream: BinaryIO) -> Generator[Parts]:
    """Open an XLSX file; anything else is refused with the remedy. The stream stays open."""
    stream.seek(0)
    start = stream.read(len(OLE_MARK))
    if start == OLE_MARK:
        raise _refuse_ole(source, stream)
    if not start.startswith(_ZIP_MARK):
        raise BadInputError(
            f"{source} is damaged or cut short, or no XLSX at all: many programs give this name to "
            "a text, or to a page for browsers. Open it in a spreadsheet program and save it as "
            "XLSX; if it is CSV, give --input-format csv."
        )
    try:
        archive = ZipFile(stream)
    except _BROKEN as error:
        raise BadInputError(
            f"{source} is damaged or cut short, or no XLSX at all ({error}). {_DAMAGED}"
        ) from None
    with archive:
        names = archive.namelist()
        parts = Parts(source, archive)
        if _WORKBOOK not in names:
            kind = next((_OTHERS[name] for name in names if name in _OTHERS), None)
            if kind is None:
                raise parts.damaged(f"it has no {_WORKBOOK}")
            raise BadInputError(f"{source} is {kind}. Save it as XLSX.")
        # Two parts of one name: what is measured here and what the reader takes could be different
        # ones.
        if len(set(names)) < len(names):
            raise parts.damaged("it holds a part twice")
        yield parts


def _refuse_ole(source: str, stream: BinaryIO) -> BadInputError:
    tail = b""
    while chunk := stream.read(_CHUNK):
        if _ENCRYPTED in tail + chunk:
            return BadInputError(
                f"{source} is encrypted with a password. Open it in the spreadsheet program, take "
                "the password off and save it."
            )
        tail = chunk[-len(_ENCRYPTED) :]
    return BadInputError(f"{source} is in the format of Excel 97 (XLS). Save it as XLSX.")


def _path(target: str) -> str:
    """Where a relation of the workbook points to."""
    if target.startswith(("/", "xl/")):
        return target.lstrip("/")
    return posixpath.normpath(posixpath.join("xl", target))


@define
class Survey:
    """How far a sheet reaches, and where its errors are; rows and columns are counted from 1.

    It follows the elements of the sheet: a cell without a reference stands beside the one before.

    Attributes:
        last_row: The last row with a value; 0 for none.
        errors: The places of cells that hold an error, as :attr:`_place` has them, sorted.
        formulas: The same of formulas that must have come to a number.
        hidden_rows: The rows that the spreadsheet program does not show.
        hidden_columns: The same of columns.
        merged: The places of cells that are merged into another one, which holds their value.
    """

    last_row: int = 0
    errors: array[int] = field(factory=lambda: array("Q"))
    formulas: array[int] = field(factory=lambda: array("Q"))
    hidden_rows: set[int] = field(factory=set[int])
    hidden_columns: set[int] = field(factory=set[int])
    merged: array[int] = field(factory=lambda: array("Q"))
    _merges: list[tuple[int, int, int, int]] = field(factory=list[tuple[int, int, int, int]])
    _all_hidden: bool = False
    _uncomputed: int | None = None
    _first_row: int = _ROWS + 1
    _first_column: int = _COLUMNS + 1
    _last_column: int = 0
    _values: int = 0
    _row: int = 0
    _column: int = 0
    _counted: bool = True
    _kind: str = "n"

    @classmethod
    def of(cls, parts: Parts, sheet: Sheet) -> Survey:
        """Look at a sheet; it is refused if it takes more memory than its values are worth."""
        found = cls()
        try:
            parts.walk(sheet.path, found.element)
            found._finish()
        except (ValueError, KeyError) as error:
            raise parts.damaged(f"{sheet.path}: {error}") from None
        # A file may hold its cells in any order; those of a row are found by bisection.
        found.errors = array("Q", sorted(found.errors))
        found.formulas = array("Q", sorted(found.formulas))
        found.merged = array("Q", sorted(found.merged))
        rows = max(0, found.last_row - found._first_row + 1)
        # The reader makes a grid from the first to the last cell with a value: two values far apart
        # make one of millions.
        cells = rows * max(0, found._last_column - found._first_column + 1)
        if cells > _MOST_CELLS or cells > max(_FEW_CELLS, _SPARSE * found._values):
            last = f"{column_letters(found._last_column)}{found.last_row}"
            raise BadInputError(
                f"{parts.source}, sheet {sheet.name!r}: it reaches to {last}, which makes "
                f"{cells:,} cells for {found._values:,} values: too many to hold in memory. Clear "
                "what stands away from the table, or save it as CSV, which is read row by row."
            )
        return found

    def element(self, tag: str, attributes: dict[str, str]) -> None:  # noqa: C901 - one branch for each element
        """Take one element of the sheet, in their order."""
        if ":" in tag:
            tag = tag.rpartition(":")[2]
        if tag == "c":
            self._end_formula()
            reference = attributes.get("r")
            if reference is None:
                self._column += 1
            else:
                self._move(reference)
            self._kind = attributes.get("t", "n")
            self._counted = False
        elif tag in {"v", "is"}:
            self._uncomputed = None
            if not self._counted:
                self._count()
        elif tag == "f":
            self._count()
            if self._kind == "n":
                self.formulas.append(self._place)
            elif self._kind != "e":
                # A formula of texts may come to an empty one: only without a value it was never
                # computed.
                self._uncomputed = self._place
        elif tag == "row":
            row = attributes.get("r")
            self._row = self._row + 1 if row is None else int(row)
            self._column = 0
            if _is_hidden(attributes, "ht") or (
                self._all_hidden and not {"hidden", "ht"} & attributes.keys()
            ):
                self.hidden_rows.add(self._row)
        else:
            self._take_layout(tag, attributes)

    def _take_layout(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "col" and _is_hidden(attributes, "width"):
            first, last = int(attributes["min"]), int(attributes["max"])
            self.hidden_columns.update(range(first, min(last, _COLUMNS) + 1))
        elif tag == "sheetFormatPr":
            self._all_hidden = attributes.get("zeroHeight") in _TRUE
        elif tag == "mergeCell":
            first_cell, _, last_cell = attributes["ref"].partition(":")
            top, left = _place_of(first_cell)
            bottom, right = _place_of(last_cell or first_cell)
            self._merges.append((top, left, bottom, right))

    def _end_formula(self) -> None:
        # A formula is followed by its value where it has one: at the next cell it is known that it
        # has none.
        if self._uncomputed is not None:
            self.formulas.append(self._uncomputed)
            self._uncomputed = None

    def _finish(self) -> None:
        """Take note of what is known at the end alone: merged cells among those with values."""
        self._end_formula()
        for top, left, bottom, right in self._merges:
            columns = range(left, min(right, self._last_column) + 1)
            rows = range(top, min(bottom, self.last_row) + 1)
            # Ranges that overlap are in no workbook, and could name each cell a thousand times.
            if len(self.merged) + len(rows) * len(columns) > _MOST_CELLS:
                raise ValueError("its merged cells overlap")
            self.merged.extend(
                row * _COLUMNS + column - 1
                for row in rows
                for column in columns
                if (row, column) != (top, left)
            )

    def _move(self, reference: str) -> None:
        self._row, self._column = _place_of(reference)

    def _count(self) -> None:
        self._counted = True
        row, column = self._row, self._column
        if not (0 < row <= _ROWS and 0 < column <= _COLUMNS):
            raise ValueError(f"a cell in row {row}, column {column}")
        self._values += 1
        if not self._first_row <= row <= self.last_row:
            self._first_row = min(self._first_row, row)
            self.last_row = max(self.last_row, row)
        if not self._first_column <= column <= self._last_column:
            self._first_column = min(self._first_column, column)
            self._last_column = max(self._last_column, column)
        if self._kind == "e":
            self.errors.append(self._place)

    @property
    def _place(self) -> int:
        """The cell as one number, in the order of reading."""
        # In an array of numbers, as a sheet may have millions of them: 8 bytes each, and those of a
        # row side by side.
        return self._row * _COLUMNS + self._column - 1


def _place_of(reference: str) -> tuple[int, int]:
    """The row and the column of a cell such as ``B7``."""
    letters = reference.rstrip("0123456789")
    return int(reference[len(letters) :]), _column_number(letters)


def _is_hidden(attributes: dict[str, str], size: str) -> bool:
    """Whether a row or column is not shown: it is hidden, or has no height or width left."""
    return attributes.get("hidden") in _TRUE or float(attributes.get(size, "1")) == 0


def columns_of(row: int, places: Sequence[int]) -> list[int]:
    """The columns of the places that are in a row."""
    first = bisect_left(places, row * _COLUMNS)
    last = bisect_left(places, (row + 1) * _COLUMNS, first)
    return [place % _COLUMNS + 1 for place in places[first:last]]


def column_letters(number: int) -> str:
    """What a spreadsheet calls a column: 1 is A, 27 is AA."""
    letters = ""
    while number:
        number, letter = divmod(number - 1, len(ascii_uppercase))
        letters = ascii_uppercase[letter] + letters
    return letters


@lru_cache(_COLUMNS)
def _column_number(letters: str) -> int:
    if not 0 < len(letters) <= _LONGEST:
        raise ValueError(f"a cell in column {letters[:20]!r}")
    places = (ascii_uppercase.index(letter) + 1 for letter in letters.upper())
    return reduce(lambda number, place: number * len(ascii_uppercase) + place, places)
