"""XLSX: one sheet of a workbook, its header in the first row that holds anything."""

from __future__ import annotations

from itertools import chain, repeat
from typing import TYPE_CHECKING, BinaryIO, Protocol

from attrs import frozen

from ..bulk.report.csv import unescape
from .cell_text import SHEET, Misfit, cell_text
from .exits import BadInputError
from .exported import exported_columns
from .header import check_names
from .rows import Fault, Row, Table
from .xlsx_parts import open_parts
from .xlsx_survey import Survey, column_letters, survey

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .xlsx_parts import SheetPart

__all__ = ["Grid", "load_grid"]

_ERROR = "holds an error of the spreadsheet, such as #N/A"
_UNCOMPUTED = (
    "holds a formula that was never computed: open the file in a spreadsheet program and save it"
)


class _Cells(Protocol):
    @property
    def start(self) -> tuple[int, int] | None:
        """The first cell; None where there is none, of which some releases give no rows."""
        ...

    def iter_rows(self) -> Iterator[Sequence[object]]:
        """Every row from the first of the sheet on, every column from the first on."""
        ...


@frozen
class Grid:
    """A sheet in memory: it can be read again and again, and stays what it is.

    Attributes:
        source: The file's name, for errors.
        name: What the workbook calls it.
    """

    source: str
    name: str
    _sheet: _Cells
    _survey: Survey

    def table(self) -> Table:
        """Its rows, from the start.

        Raises:
            BadInputError: It is empty, or there is no header that could be used.
        """
        records = self._filled()
        first = next(records, None)
        if first is None:
            raise BadInputError(
                f"{self.source}, sheet {self.name!r}: it is empty. Give it a header and a row for "
                "each recipient, or name another sheet with --sheet."
            )
        line, header = first
        names = {column: cell.strip() for column, cell in header.items() if isinstance(cell, str)}
        columns = tuple(names.values())
        check_names(self.source, line, columns)
        return Table(columns, self._rows(names, records), line)

    def _filled(self) -> Iterator[tuple[int, dict[int, str | Misfit]]]:
        """Each row that holds anything, by its number; its cells by column, from 1."""
        rows = iter(()) if self._sheet.start is None else self._sheet.iter_rows()
        lines = range(1, self._survey.last_row + 1)
        # The reader's rows end before those that hold nothing but formulas without a value.
        for line, values in zip(lines, chain(rows, repeat(())), strict=False):
            cells: dict[int, str | Misfit] = {}
            for column, value in enumerate(values, 1):
                cell = cell_text(value, SHEET)
                if isinstance(cell, Misfit) or cell.strip():
                    cells[column] = cell
            for column in self._survey.errors(line):
                cells[column] = Misfit(_ERROR)
            for column in self._survey.formulas(line):
                cells.setdefault(column, Misfit(_UNCOMPUTED))
            if cells:
                yield line, cells

    def _rows(
        self, names: Mapping[int, str], filled: Iterator[tuple[int, dict[int, str | Misfit]]]
    ) -> Iterator[Row | Fault]:
        # As in CSV: an export that went through a spreadsheet has its apostrophes still.
        exported = exported_columns(names.values())
        for number, (line, found) in enumerate(filled, 1):
            cells: dict[str, str] = {}
            misfits: dict[str, str] = {}
            stray = next((column for column in found if column not in names), None)
            if stray is not None:
                told = f"{column_letters(stray)}{line} holds something and has no header"
                remedy = "Name its column in the header, or clear the cell"
                yield Fault(number, line, "", told, remedy)
                continue
            for column, cell in found.items():
                name = names[column]
                if isinstance(cell, Misfit):
                    misfits[name] = f"{name} {cell.text}"
                else:
                    cells[name] = unescape(cell) if name in exported else cell
            yield Row(number, line, cells, misfits)


def load_grid(source: str, stream: BinaryIO, sheet: str | None) -> Grid:
    """Take a sheet into memory, as much of it as its values need.

    Args:
        source: The file's name, for errors.
        stream: Its content.
        sheet: The sheet's name; None for the first that the spreadsheet program shows.

    Raises:
        BadInputError: The extra `files` is not installed; or it is damaged, encrypted or no XLSX,
            has no such sheet, or would not fit into memory.
    """
    try:
        from python_calamine import CalamineWorkbook
    except ImportError:
        raise BadInputError(
            f"{source}: XLSX needs the extra `files`: pip install 'cleverapp-async[files]'"
        ) from None
    with open_parts(source, stream) as parts:
        part = _choose(source, parts.sheets(), sheet)
        parts.measure()
        found = survey(parts, part.path, part.name)
        stream.seek(0)
        try:
            workbook = CalamineWorkbook.from_filelike(stream)
            return Grid(source, part.name, workbook.get_sheet_by_name(part.name), found)
        except BaseException as error:  # a panic of the reader is no Exception
            if isinstance(error, (KeyboardInterrupt, SystemExit, MemoryError)):
                raise
            raise parts.damaged(str(error)) from None


def _choose(source: str, sheets: Sequence[SheetPart], wanted: str | None) -> SheetPart:
    names = ", ".join(sheet.name for sheet in sheets)
    if wanted is None:
        shown = [sheet for sheet in sheets if sheet.visible] or sheets
        if not shown:
            raise BadInputError(f"{source} has no sheet with cells. Add one with the recipients.")
        return shown[0]
    for sheet in sheets:
        if sheet.name == wanted:
            return sheet
    raise BadInputError(f"{source} has no sheet {wanted!r}. Its sheets are: {names}.")
