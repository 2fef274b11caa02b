"""The parts of an XLSX file, read no further than a bound: what inflates is not taken in."""

from __future__ import annotations

import posixpath
import struct
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from contextlib import contextmanager
from string import ascii_uppercase
from typing import TYPE_CHECKING, BinaryIO
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from attrs import define, field, frozen

from ..errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    Started = Callable[[str, dict[str, str]], object]

__all__ = ["OLE_MARK", "SheetPart", "Survey", "XlsxParts", "column_letters", "open_parts", "survey"]

OLE_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""What encrypted workbooks and those of Excel 97 begin with."""

_WORKBOOK = "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
_STRINGS = "xl/sharedStrings.xml"
_SMALL = ("[Content_Types].xml", "_rels/.rels", "xl/styles.xml")
_SMALL_PART = 32 << 20
_LARGE_PART = 1 << 30
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


@frozen
class SheetPart:
    """A sheet of a workbook.

    Attributes:
        name: What the workbook calls it.
        path: Its place in the file.
        visible: Whether the spreadsheet program shows it.
    """

    name: str
    path: str
    visible: bool


@frozen
class XlsxParts:
    """An open XLSX file.

    Attributes:
        source: What errors call it.
    """

    source: str
    _archive: ZipFile

    def sheets(self) -> tuple[SheetPart, ...]:
        """The sheets with cells, in the order of the workbook.

        Raises:
            BadInputError: The file is damaged.
        """
        targets: dict[str, str] = {}
        found: list[SheetPart] = []

        def relation(tag: str, attributes: dict[str, str]) -> None:
            if tag.endswith("Relationship") and attributes.get("Type", "").endswith("/worksheet"):
                targets[attributes.get("Id", "")] = attributes.get("Target", "")

        def sheet(tag: str, attributes: dict[str, str]) -> None:
            if tag.rpartition(":")[2] != "sheet":
                return
            key = next((value for name, value in attributes.items() if name.endswith(":id")), "")
            if key in targets:
                shown = attributes.get("state", "visible") == "visible"
                found.append(SheetPart(attributes.get("name", ""), _path(targets[key]), shown))

        self.walk(_RELATIONS, relation, _SMALL_PART)
        self.walk(_WORKBOOK, sheet, _SMALL_PART)
        return tuple(found)

    def measure(self) -> None:
        """Read what is taken into memory with every sheet, to see that it ends.

        Raises:
            BadInputError: It is damaged, or inflates beyond all reason.
        """
        there = set(self._archive.namelist())
        for name, most in ((_STRINGS, _LARGE_PART), *((name, _SMALL_PART) for name in _SMALL)):
            if name in there:
                for _ in self._chunks(name, most):
                    pass

    def walk(self, part: str, started: Started, most: int = _LARGE_PART) -> None:
        """Tell every element of a part where it begins.

        Args:
            part: Its place in the file.
            started: Takes an element's name as written, with its prefix, and its attributes.
            most: Bytes that it may inflate to.

        Raises:
            BadInputError: It is missing or damaged, or inflates beyond all reason.
        """
        parser = expat.ParserCreate()
        parser.StartElementHandler = started
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        try:
            for chunk in self._chunks(part, most):
                parser.Parse(chunk)
            parser.Parse(b"", True)
        except (expat.ExpatError, LookupError) as error:  # the latter: an unknown encoding
            raise self.damaged(f"{part}: {error}") from None

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
def open_parts(source: str, stream: BinaryIO) -> Generator[XlsxParts]:
    """Open an XLSX file; the stream stays open.

    Args:
        source: What errors call it.
        stream: Its content.

    Raises:
        BadInputError: It is no XLSX, and what it is where that can be told.
    """
    stream.seek(0)
    if stream.read(len(OLE_MARK)) == OLE_MARK:
        raise _refuse_ole(source, stream)
    try:
        archive = ZipFile(stream)
    except _BROKEN as error:
        raise BadInputError(
            f"{source} is damaged or cut short, or no XLSX at all ({error}). {_DAMAGED}"
        ) from None
    with archive:
        names = archive.namelist()
        parts = XlsxParts(source, archive)
        if _WORKBOOK not in names:
            kind = next((_OTHERS[name] for name in names if name in _OTHERS), None)
            if kind is None:
                raise parts.damaged(f"it has no {_WORKBOOK}")
            raise BadInputError(f"{source} is {kind}. Save it as XLSX.")
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


_ROWS = 1 << 20
_COLUMNS = 1 << 14
_FEW_CELLS = 1 << 20
_MOST_CELLS = 1 << 24
_SPARSE = 16
_LETTERS = len(ascii_uppercase)
_LONGEST = 3
_SHOWN = 20


@define
class Survey:
    """What a look at the elements of a sheet finds; rows and columns from 1.

    Attributes:
        values: Cells that hold something.
        first_row: The first row with a value; 0 for none.
        last_row: The last one.
        first_column: The first column with a value.
        last_column: The last one.
    """

    values: int = 0
    first_row: int = 0
    last_row: int = 0
    first_column: int = 0
    last_column: int = 0
    _errors: Sequence[int] = ()
    _formulas: Sequence[int] = ()

    @property
    def cells(self) -> int:
        """The places between the first value and the last."""
        rows = self.last_row - self.first_row + 1
        return rows * (self.last_column - self.first_column + 1)

    def errors(self, row: int) -> list[int]:
        """The columns of a row that hold an error."""
        return _of_row(self._errors, row)

    def formulas(self, row: int) -> list[int]:
        """The columns of a row that hold a formula which must have come to a number."""
        return _of_row(self._formulas, row)


@define
class _Surveyor:
    """Follows the elements of a sheet; a cell without a reference stands beside the one before."""

    first_row: int = _ROWS + 1
    last_row: int = 0
    first_column: int = _COLUMNS + 1
    last_column: int = 0
    values: int = 0
    errors: array[int] = field(factory=lambda: array("Q"))
    formulas: array[int] = field(factory=lambda: array("Q"))
    _row: int = 0
    _column: int = 0
    _counted: bool = True
    _kind: str = "n"
    _columns: dict[str, int] = field(factory=dict[str, int])

    def element(self, tag: str, attributes: dict[str, str]) -> None:
        if ":" in tag:
            tag = tag.rpartition(":")[2]
        if tag == "c":
            reference = attributes.get("r")
            if reference is None:
                self._column += 1
            else:
                self.move(reference)
            self._kind = attributes.get("t", "n")
            self._counted = False
        elif tag in {"v", "is"}:
            if not self._counted:
                self.count()
        elif tag == "f":
            self.count()
            if self._kind == "n":
                self.formulas.append(self._place)
        elif tag == "row":
            row = attributes.get("r")
            self._row = self._row + 1 if row is None else int(row)
            self._column = 0

    def move(self, reference: str) -> None:
        letters = reference.rstrip("0123456789")
        column = self._columns.get(letters)
        if column is None:
            column = self._columns[letters] = _column_number(letters)
        self._column = column
        self._row = int(reference[len(letters) :])

    def count(self) -> None:
        self._counted = True
        row, column = self._row, self._column
        if not (0 < row <= _ROWS and 0 < column <= _COLUMNS):
            raise ValueError(f"a cell in row {row}, column {column}")
        self.values += 1
        if not self.first_row <= row <= self.last_row:
            self.first_row = min(self.first_row, row)
            self.last_row = max(self.last_row, row)
        if not self.first_column <= column <= self.last_column:
            self.first_column = min(self.first_column, column)
            self.last_column = max(self.last_column, column)
        if self._kind == "e":
            self.errors.append(self._place)

    @property
    def _place(self) -> int:
        """The cell as one number, in the order of reading."""
        return self._row * _COLUMNS + self._column - 1


def survey(parts: XlsxParts, path: str, sheet: str) -> Survey:
    """Look at a sheet without taking it into memory.

    Args:
        parts: The file.
        path: The sheet's place in it.
        sheet: What the workbook calls it.

    Raises:
        BadInputError: It is damaged, or would take more memory than its values are worth.
    """
    surveyor = _Surveyor()
    try:
        parts.walk(path, surveyor.element)
    except ValueError as error:
        raise parts.damaged(f"{path}: {error}") from None
    if not surveyor.values:
        return Survey()
    found = Survey(
        surveyor.values,
        surveyor.first_row,
        surveyor.last_row,
        surveyor.first_column,
        surveyor.last_column,
        array("Q", sorted(surveyor.errors)),
        array("Q", sorted(surveyor.formulas)),
    )
    if found.cells > _MOST_CELLS or found.cells > max(_FEW_CELLS, _SPARSE * found.values):
        last = f"{column_letters(found.last_column)}{found.last_row}"
        raise BadInputError(
            f"{parts.source}, sheet {sheet!r}: it reaches to {last}, which makes "
            f"{found.cells:,} cells for {found.values:,} values: too many to hold in memory. Clear "
            "what stands away from the table, or save it as CSV, which is read row by row."
        )
    return found


def _of_row(places: Sequence[int], row: int) -> list[int]:
    first = bisect_left(places, row * _COLUMNS)
    last = bisect_left(places, (row + 1) * _COLUMNS, first)
    return [place % _COLUMNS + 1 for place in places[first:last]]


def column_letters(number: int) -> str:
    """What a spreadsheet calls a column: 1 is A, 27 is AA."""
    letters = ""
    while number:
        number, letter = divmod(number - 1, _LETTERS)
        letters = ascii_uppercase[letter] + letters
    return letters


def _column_number(letters: str) -> int:
    if not 0 < len(letters) <= _LONGEST:
        raise ValueError(f"a cell in column {letters[:_SHOWN]!r}")
    number = 0
    for letter in letters.upper():
        number = number * _LETTERS + ascii_uppercase.index(letter) + 1
    return number
