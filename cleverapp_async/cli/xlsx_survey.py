"""How far a sheet reaches and where its errors are, told before it is taken into memory.

The reader allots a cell for each place between the first value and the last: one stray value in
the last cell of the sheet would make 17 billion of them. And an error such as ``#N/A`` comes out
of it as an empty cell, as does a formula that nobody has computed.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from string import ascii_uppercase
from typing import TYPE_CHECKING

from attrs import define, field

from .errors import BadInputError

if TYPE_CHECKING:
    from .xlsx_parts import XlsxParts

__all__ = ["Survey", "column_letters", "survey"]

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
