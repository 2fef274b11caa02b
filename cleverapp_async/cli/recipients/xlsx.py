"""XLSX: one sheet of a workbook, its header in the first row that holds anything.

python-calamine reads the cells, once :mod:`.workbook` has seen that they fit into memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, repeat
from typing import TYPE_CHECKING, BinaryIO

from attrs import frozen

from ..._imports import missing_extra
from ...bulk.report.csv import unescape
from ..errors import BadInputError
from .addresses import SHEET_ERROR
from .columns import ColumnRules, trimmed
from .rows import SHEET, Fault, Misfit, Row, Table, cell_text, exported_columns
from .workbook import Parts, Sheet, Survey, column_letters, columns_of, open_parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Grid", "Hidden", "load_grid"]

_MERGED = "is merged into a cell beside it, so that it is empty: unmerge the cells and fill in each"
_UNCOMPUTED = (
    "holds a formula that was never computed: open the file in a spreadsheet program and save it"
)


@frozen
class Hidden:
    """What of a sheet the spreadsheet program does not show.

    Attributes:
        sheet: The sheet's name, if it is hidden itself.
        others: The names of hidden sheets that were passed over.
        unread: The names of sheets with cells that are shown, and were passed over, too.
        rows: The hidden rows that hold something, but the header, by number from 1.
        columns: The hidden columns that have a header: as written, and what it is called.
    """

    sheet: str | None
    others: tuple[str, ...]
    unread: tuple[str, ...]
    rows: tuple[int, ...]
    columns: tuple[tuple[str, str], ...]


@frozen
class Grid:
    """A sheet in memory: it can be read again and again, and stays what it is.

    Attributes:
        source: The file's name, for errors.
        name: What the workbook calls it.
    """

    source: str
    name: str
    _sheet_rows: Callable[[], Iterable[Sequence[object]]]
    _survey: Survey
    _sheet_visible: bool = True
    _passed_over: tuple[str, ...] = ()
    _unread: tuple[str, ...] = ()

    def table(
        self,
        rules: ColumnRules | None = None,
        header_row: int | None = None,
        *,
        skip_hidden: bool = False,
    ) -> Table:
        """Its rows, from the start.

        Args:
            rules: What its columns are called.
            header_row: The row that holds the header; None for the first that holds anything.
            skip_hidden: Whether hidden rows and columns are left out.

        Raises:
            BadInputError: It is empty, or there is no header that could be used.
        """
        line, names, records = self._header(header_row, skip_hidden=skip_hidden)
        rules = rules or ColumnRules()
        place = f"{self.source}, line {line}"
        keys = dict(zip(names, rules.header(place, list(names.values())), strict=False))
        exported = exported_columns(keys.values(), rules.seen)
        return Table(tuple(keys.values()), self._rows(keys, exported, records), line)

    def hidden(self, rules: ColumnRules, header_row: int | None = None) -> Hidden:
        """What the spreadsheet program does not show of it.

        Args:
            rules: What its columns are called.
            header_row: As for :meth:`table`.

        Raises:
            BadInputError: As for :meth:`table`.
        """
        survey = self._survey
        _, names, records = self._header(header_row, skip_hidden=False)
        hidden = survey.hidden_rows
        rows = [row for row, _ in records if row in hidden] if hidden else []
        columns = tuple(
            (name, rules.key(name))
            for column, name in names.items()
            if column in survey.hidden_columns
        )
        sheet = None if self._sheet_visible else self.name
        return Hidden(sheet, self._passed_over, self._unread, tuple(rows), columns)

    def _header(
        self, header_row: int | None, *, skip_hidden: bool
    ) -> tuple[int, dict[int, str], Iterator[tuple[int, dict[int, str | Misfit]]]]:
        """The header's row and names, by column, and the rows behind it."""
        records = self._filled()
        nothing: tuple[int, dict[int, str | Misfit]] = (0, {})
        line, header = next(
            (found for found in records if header_row is None or found[0] >= header_row), nothing
        )
        if header_row is not None and line != header_row:
            raise BadInputError(
                f"--header-row {header_row}: {self.source}, sheet {self.name!r} has no header in "
                "this row."
            )
        if not header:
            raise BadInputError(
                f"{self.source}, sheet {self.name!r}: it is empty. Give it a header and a row for "
                "each recipient, or name another sheet with --sheet."
            )
        names = {column: cell for column, cell in header.items() if isinstance(cell, str)}
        if skip_hidden:
            rows, columns = self._survey.hidden_rows, self._survey.hidden_columns
            names = {column: name for column, name in names.items() if column not in columns}
            records = (
                (row, {column: cell for column, cell in cells.items() if column not in columns})
                for row, cells in records
                if row not in rows
            )
        return line, names, records

    def _filled(self) -> Iterator[tuple[int, dict[int, str | Misfit]]]:
        """Each row that holds anything, by its number; its cells by column, from 1."""
        lines = range(1, self._survey.last_row + 1)
        # The reader's rows end before those that hold nothing but formulas without a value.
        for line, values in zip(lines, chain(self._sheet_rows(), repeat(())), strict=False):
            cells: dict[int, str | Misfit] = {}
            for column, value in enumerate(values, 1):
                cell = cell_text(value, SHEET)
                if isinstance(cell, Misfit) or trimmed(cell):
                    cells[column] = cell
            # The reader gives an error as an empty cell, and a formula without a value as one:
            # nobody would see that something is missing.
            for column in columns_of(line, self._survey.errors):
                cells[column] = Misfit(SHEET_ERROR)
            for column in columns_of(line, self._survey.formulas):
                cells.setdefault(column, Misfit(_UNCOMPUTED))
            if cells:
                yield line, cells

    def _rows(
        self,
        names: Mapping[int, str],
        exported: frozenset[str],
        filled: Iterator[tuple[int, dict[int, str | Misfit]]],
    ) -> Iterator[Row | Fault]:
        # As in CSV: an export that went through a spreadsheet has its apostrophes still.
        for number, (line, found) in enumerate(filled, 1):
            cells: dict[str, str] = {}
            misfits: dict[str, str] = {}
            # Only the first cell of a merged range has the value; a spreadsheet shows it for all of
            # them.
            covered = columns_of(line, self._survey.merged)
            misfits |= {
                names[column]: f"{names[column]} ({column_letters(column)}{line}) {_MERGED}"
                for column in covered
                if column in names and column not in found
            }
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
        raise BadInputError(f"{source}: {missing_extra('XLSX', 'files')}.") from None
    with open_parts(source, stream) as parts:
        sheets = parts.sheets()
        part = _choose(source, sheets, sheet)
        hidden = () if sheet else tuple(one.name for one in sheets if not one.visible)
        unread = () if sheet else _other_sheets(parts, sheets, part)
        # All bounds before the reader sees the file: it has none of its own.
        parts.measure()
        survey = Survey.of(parts, part)
        stream.seek(0)
        try:
            workbook = CalamineWorkbook.from_filelike(stream)
            cells = workbook.get_sheet_by_name(part.name)
            # Of a sheet without a first cell some releases give no rows, but an error.
            rows = tuple if cells.start is None else cells.iter_rows
            return Grid(source, part.name, rows, survey, part.visible, hidden, unread)
        except BaseException as error:  # a panic of the reader is no Exception
            if isinstance(error, (KeyboardInterrupt, SystemExit, MemoryError)):
                raise
            raise parts.damaged(str(error)) from None


def _other_sheets(parts: Parts, sheets: Sequence[Sheet], read: Sheet) -> tuple[str, ...]:
    """The sheets that are shown beside the one that is read, and hold something."""
    others = (one for one in sheets if one.visible and one.path != read.path)
    return tuple(one.name for one in others if parts.has_values(one))


def _choose(source: str, sheets: Sequence[Sheet], wanted: str | None) -> Sheet:
    if wanted is None:
        shown = [sheet for sheet in sheets if sheet.visible] or sheets
        if not shown:
            raise BadInputError(f"{source} has no sheet with cells. Add one with the recipients.")
        return shown[0]
    found = next((sheet for sheet in sheets if sheet.name == wanted), None)
    if found is None:
        names = ", ".join(sheet.name for sheet in sheets)
        raise BadInputError(f"{source} has no sheet {wanted!r}. Its sheets are: {names}.")
    return found
