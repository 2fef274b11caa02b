"""CSV with a header, whatever of ``, ; tab |`` delimits it, with or without blanks around quotes.

Some programs and most people write ``1, "a, b"``. By the rules of CSV such a quotation mark is part
of the value, and the comma behind it begins another one. A file that writes all its quoted values
so is read as it is meant, and so is a header, whatever the rows are. Where only some values are
written so, nobody knows, and the rows with them are faults.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Literal, TypeAlias

from attrs import define, field

from ...bulk.report.csv import unescape
from ..errors import BadInputError
from .columns import DECIDING, ColumnRules, known_column, trimmed
from .rows import Fault, Row, Table, exported_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["Quoting", "find_quoting", "has_blank_before_quote", "read_csv", "without_blanks"]

Quoting: TypeAlias = Literal["plain", "spaced", "mixed"]
"""Whether blanks stand around no quoted value, around all but a first one, or around some."""

_BLANK = "[ \u00a0\t]"
_BLANK_BEFORE = re.compile(f'{_BLANK}+"')
_LONGEST_RECORD = 1 << 24


def has_blank_before_quote(cell: str) -> bool:
    """Whether a value begins with blanks and a quotation mark."""
    return _BLANK_BEFORE.match(cell) is not None


def find_quoting(lines: Iterable[str], delimiter: str) -> Quoting:
    """Look through a whole file; memory is constant.

    Args:
        lines: Its lines with their ends.
        delimiter: What stands between values.
    """
    grammar = _Grammar.of(delimiter)
    spaced = plain = broken = False
    for pieces in _pieces_of_records(lines):
        record = "".join(pieces)
        if '"' not in record:
            continue
        # Most records have no blank beside a mark: they need not be taken apart.
        if grammar.suspect.search(record) is None:
            plain = plain or f'{delimiter}"' in record
            continue
        for place, (value, blanks) in enumerate(grammar.cells(record)):
            if value.startswith('"'):
                spaced = spaced or blanks
                # Before the first value nobody writes a blank, not even in a spaced file: it proves
                # nothing.
                plain = plain or (place > 0 and not blanks)
            else:
                broken = broken or has_blank_before_quote(value)
    if broken or (spaced and plain):
        return "mixed"
    return "spaced" if spaced else "plain"


def without_blanks(lines: Iterable[str], delimiter: str) -> Iterator[str]:
    """The lines of a spaced file as the rules of CSV have them; each line stays one.

    Args:
        lines: Its lines with their ends.
        delimiter: What stands between values.
    """
    grammar = _Grammar.of(delimiter)
    for pieces in _pieces_of_records(lines):
        record = "".join(pieces)
        if '"' not in record:
            yield record
            continue
        body = record.rstrip("\r\n")
        told = delimiter.join(value for value, _ in grammar.cells(record)) + record[len(body) :]
        # Only blanks within a line are gone.
        *whole, last = told.split(pieces[0][-1]) if len(pieces) > 1 else (told,)
        yield from (f"{line}{pieces[0][-1]}" for line in whole)
        if last:
            yield last


def _pieces_of_records(lines: Iterable[str]) -> Iterator[list[str]]:
    """The lines of each record, several where a quoted value holds line breaks."""
    pieces: list[str] = []
    marks = length = 0
    for line in lines:
        pieces.append(line)
        marks += line.count('"')
        length += len(line)
        # An even number of quotation marks closes every quoted value, doubled ones included. A mark
        # that is never closed would gather the rest of the file, so that there is a bound.
        if marks % 2 == 0 or length > _LONGEST_RECORD:
            yield pieces
            pieces, marks, length = [], 0, 0
    if pieces:
        yield pieces


@define
class _Grammar:
    """How values are told apart: quoted ones, with or without blanks around, and others.

    Attributes:
        suspect: Found in every record that may hold a quoted value with blanks around.
    """

    suspect: re.Pattern[str]
    _quoted: re.Pattern[str]
    _delimiter: str

    @classmethod
    def of(cls, delimiter: str) -> _Grammar:
        """The grammar of files with this delimiter."""
        sign = re.escape(delimiter)
        blank = "[ \u00a0]" if delimiter == "\t" else _BLANK
        return cls(
            re.compile(rf'(?:^|{sign}){blank}+"|"{blank}+(?:{sign}|[\r\n]|$)'),
            re.compile(rf'({blank}*)("(?:[^"]|"")*")({blank}*)(?={sign}|$)'),
            delimiter,
        )

    def cells(self, record: str) -> Iterator[tuple[str, bool]]:
        """Each value as written, a quoted one with its marks; whether blanks stood around those."""
        text = record.rstrip("\r\n")
        place = 0
        while place <= len(text):
            match = self._quoted.match(text, place)
            if match is not None:
                yield match[2], bool(match[1] or match[3])
                place = match.end() + 1
            else:
                end = text.find(self._delimiter, place)
                end = len(text) if end < 0 else end
                yield text[place:end], False
                place = end + 1


_DELIMITERS = ",;\t|"
_NAMED_DELIMITER = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_LONG = "Quote a value that holds the delimiter or a line break"
_SHORT = "Fill in what is missing; if the file was cut short, get it whole"
_JOINED = (
    "The line is one value, as it stands in quotation marks as a whole: take these away, or save "
    "the table anew as CSV"
)
_LARGEST_CELL = 1 << 24


def read_csv(
    source: str,
    lines: Iterator[str],
    rules: ColumnRules | None = None,
    header_row: int | None = None,
    quoting: Callable[[str], Quoting] | None = None,
) -> Table:
    """Read CSV.

    Args:
        source: The file's name, for errors.
        lines: Its lines with their ends.
        rules: What its columns are called.
        header_row: The line on which the header stands; None for the first.
        quoting: Tells of a delimiter whether blanks stand around the quoted values of the file;
            None: nobody has looked.

    Raises:
        BadInputError: There is no header that could be used; later, from the records, where the
            quoting is broken, so that nobody knows which cell is which.
    """
    csv.field_size_limit(_LARGEST_CELL)
    rules = rules or ColumnRules()
    counted = _Lines(lines)
    first = next(counted, "")
    if not first:
        raise BadInputError(f"{source} is empty. Give it a header and a row for each recipient.")
    # Excel writes such a line, or is told by it, which delimiter the file has.
    named = _NAMED_DELIMITER.fullmatch(first.strip("\r\n"))
    if named is not None:
        first = next(counted, "")
    if header_row is not None:
        for first in islice(counted, max(0, header_row - counted.number)):  # noqa: B007 - the last one is used
            pass
        if counted.number != header_row:
            raise BadInputError(f"--header-row {header_row}: {source} has no header in this line.")
    place = f"{source}, line {counted.number}"
    if not first.strip():
        raise BadInputError(
            f"{place}: it is blank. Begin with the names of the columns, or tell their line with "
            "--header-row."
        )
    header_line = counted.number
    delimiter = named[1] if named is not None else _sniff(first)
    quoted = "plain" if quoting is None else quoting(delimiter)
    if quoted == "mixed" and first.count('"') % 2 == 0:
        # A name that begins with a quotation mark of its own is nobody's: here nothing is doubtful.
        first = next(without_blanks([first], delimiter))
    counted.again(first)
    records = _records(source, counted, delimiter, spaced=quoted == "spaced")
    names = next(records, (0, ()))[1]
    parts = names[0].split(delimiter) if len(names) == 1 else ()
    if len(parts) > 1 and any(map(known_column, parts)):
        raise BadInputError(f"{place}: the names of the columns cannot be told apart. {_JOINED}.")
    keys = _keys_of(place, names, rules)
    exported = exported_columns(keys, rules.seen)
    rows = _rows(keys, exported, records, counted, delimiter, doubtful=quoted == "mixed")
    return Table(keys, rows, header_line, delimiter)


def _keys_of(place: str, names: Sequence[str], rules: ColumnRules) -> tuple[str, ...]:
    """What the columns of a header are called.

    Args:
        place: Where it stands, for errors.
        names: The names as they are written.
        rules: What columns are called.

    Raises:
        BadInputError: It names no column, or nobody knows which.
    """
    # Delimiters behind the last name make no columns.
    header = list(names)
    while header and not trimmed(header[-1]):
        del header[-1]
    if any(map(has_blank_before_quote, header)):
        raise BadInputError(
            f"{place}: a blank stands before the quotation mark of a column's name. Remove such "
            "blanks, or the quotation marks."
        )
    keys = rules.header(place, header)
    if not keys:
        raise BadInputError(
            f"{place}: it names no column. Begin with the names of the columns, or tell their "
            "line with --header-row."
        )
    return keys


@define
class _Lines:
    """Lines with their numbers; one that was taken can be given back."""

    _lines: Iterator[str]
    number: int = field(init=False, default=0)
    last: str = field(init=False, default="")
    _back: str | None = field(init=False, default=None)

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self._back is None:
            self.last = next(self._lines)
        else:
            self.last, self._back = self._back, None
        self.number += 1
        return self.last

    def again(self, line: str) -> None:
        """Give the last line back."""
        self._back = line
        self.number -= 1


def _sniff(header: str) -> str:
    """The delimiter that makes most of a header: most known columns, then most columns."""

    def worth(delimiter: str) -> tuple[int, int]:
        cells = [trimmed(cell).strip('"') for cell in header.split(delimiter)]
        # Known columns first: a header with a comma inside a name would otherwise be cut at commas.
        return len({known_column(cell) for cell in cells} - {None}), len(cells)

    return max(_DELIMITERS, key=worth)


def _records(
    source: str, lines: _Lines, delimiter: str, *, spaced: bool
) -> Iterator[tuple[int, Sequence[str]]]:
    """Each record with the line on which it begins; blank lines are left out."""
    read = without_blanks(lines, delimiter) if spaced else lines
    reader = csv.reader(read, delimiter=delimiter, strict=True)
    while True:
        # Read before the record is: a quoted value may hold line breaks, and the first line is
        # told.
        line = lines.number + 1
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
        if any(map(trimmed, cells)):
            yield line, cells


def _rows(
    columns: tuple[str, ...],
    exported: frozenset[str],
    records: Iterator[tuple[int, Sequence[str]]],
    lines: _Lines,
    delimiter: str,
    *,
    doubtful: bool,
) -> Iterator[Row | Fault]:
    # What a column of one's own holds is never touched, but where an export wrote it.
    for number, (line, cells) in enumerate(records, 1):
        stray = next(filter(has_blank_before_quote, cells), None) if doubtful else None
        if stray is not None:
            told = "a blank stands before the quotation mark of a value, and not in all the file"
            remedy = "Remove such blanks, or the quotation marks"
            yield Fault(number, line, "", told, remedy, stray)
            continue
        joined = len(cells) == 1 < len(columns) and delimiter in cells[0]
        if len(cells) == len(columns) or (not joined and _is_whole(columns, cells, lines.last)):
            # Apostrophes are taken off only where an export of ours put them.
            filled = {
                name: unescape(cell) if name in exported else cell
                for name, cell in zip(columns, cells, strict=False)
            }
            yield Row(number, line, {name: cell for name, cell in filled.items() if trimmed(cell)})
        else:
            yield Fault(
                number,
                line,
                "",
                f"{_count(len(cells))} where the header has {len(columns)}",
                _JOINED if joined else _SHORT if len(cells) < len(columns) else _LONG,
            )


def _is_whole(columns: tuple[str, ...], cells: Sequence[str], line: str) -> bool:
    """Whether a row of another width than the header lacks nothing, or holds nothing more.

    Spreadsheets write delimiters behind the last column, and leave out those before cells that are
    empty to the end of the row. What decides on the message must be there all the same, and a last
    line without its end may have been cut off.
    """
    if len(cells) > len(columns):
        return not any(map(trimmed, cells[len(columns) :]))
    missing = columns[len(cells) :]
    return len(cells) > 1 and line.endswith(("\r", "\n")) and not set(missing) & set(DECIDING)


def _count(cells: int) -> str:
    return f"{cells} cell{'' if cells == 1 else 's'}"
