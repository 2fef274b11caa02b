"""CSV with a header, whatever of ``, ; tab |`` delimits it."""

from __future__ import annotations

import csv
from itertools import chain
from typing import TYPE_CHECKING

from ...bulk.report.csv import unescape
from ..errors import BadInputError
from .rows import Fault, Row, Table, check_names, exported_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["read_csv"]

_DELIMITERS = ",;\t|"
_KNOWN = frozenset(
    {"contact_id", "bot_id", "messenger", "contact_external_id", "phone", "text", "image", "file"}
)
_LARGEST_CELL = 1 << 24


def read_csv(source: str, lines: Iterator[str]) -> Table:
    """Read CSV.

    Args:
        source: The file's name, for errors.
        lines: Its lines with their ends.

    Raises:
        BadInputError: There is no header that could be used; later, from the records, where the
            quoting is broken, so that nobody knows which cell is which.
    """
    csv.field_size_limit(_LARGEST_CELL)
    first = next(lines, "")
    if first and not first.strip():
        raise BadInputError(f"{source}, line 1: it is blank. Begin with the names of the columns.")
    if not first:
        raise BadInputError(f"{source} is empty. Give it a header and a row for each recipient.")
    records = _records(source, chain([first], lines), _sniff(first))
    _, header = next(records)
    columns = tuple(cell.strip() for cell in header)
    check_names(source, 1, columns)
    return Table(columns, _rows(columns, records))


def _sniff(header: str) -> str:
    """The delimiter that makes most of a header: most known columns, then most columns."""

    def worth(delimiter: str) -> tuple[int, int]:
        cells = [cell.strip().strip('"') for cell in header.split(delimiter)]
        return len(_KNOWN.intersection(cells)), len(cells)

    return max(_DELIMITERS, key=worth)


def _records(
    source: str, lines: Iterator[str], delimiter: str
) -> Iterator[tuple[int, Sequence[str]]]:
    """Each record with the line on which it begins; blank lines are none."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise BadInputError(
                f"{source}, line {line}: the quoting is broken ({error}). Close the quotation "
                'mark; a " inside a quoted value is written "". Or the file was cut short: get it '
                "whole."
            ) from None
        if any(cell.strip() for cell in cells):
            yield line, cells


def _rows(
    columns: tuple[str, ...], records: Iterator[tuple[int, Sequence[str]]]
) -> Iterator[Row | Fault]:
    # An export has a contact_id; what a column of one's own holds is never touched.
    exported = exported_columns(columns)
    for number, (line, cells) in enumerate(records, 1):
        if len(cells) == len(columns):
            filled = {
                name: unescape(cell) if name in exported else cell
                for name, cell in zip(columns, cells, strict=True)
            }
            yield Row(number, line, {name: cell for name, cell in filled.items() if cell.strip()})
        else:
            yield Fault(
                number,
                line,
                "",
                f"{_count(len(cells))} where the header has {len(columns)}",
                "Quote a value that holds the delimiter or a line break",
            )


def _count(cells: int) -> str:
    return f"{cells} cell{'' if cells == 1 else 's'}"
