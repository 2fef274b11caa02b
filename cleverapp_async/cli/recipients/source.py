"""Where the rows come from: a file or standard input, read twice and the same both times.

A list may tell the outcomes of an earlier send: what may be sent of such a list is said here, too.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, BinaryIO, Literal, TypeAlias, cast

from attrs import define, field, frozen

from ..errors import BadInputError
from ..signals import standard_input
from ..text import shortened
from .columns import ColumnError, ColumnRules, trimmed
from .csv import Quoting, find_quoting, read_csv
from .encoding import OLE_MARK, Encoding, find_encoding, text_lines
from .rows import OUTCOME_COLUMNS, RESULT_COLUMNS, Fault, Row, Table, outcome_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from .xlsx import Grid, Hidden  # noqa: TC004 - nobody evaluates the field of this class


__all__ = [
    "InputFormat",
    "ReadingOptions",
    "Source",
    "is_of_campaign",
    "no_outcome",
    "open_source",
    "read_jsonl",
    "refuse_outcomes",
]

_REMEDY = 'Write one object per line, such as {"contact_id": 1, "text": "Hi"}'


def read_jsonl(source: str, lines: Iterator[str], rules: ColumnRules | None = None) -> Table:
    """Read JSON lines; blank ones are passed over.

    Numbers keep the digits they are written with: ids never turn into floats.

    Args:
        source: The file's name, for errors.
        lines: Its lines.
        rules: What the members of its objects are called.

    Raises:
        BadInputError: From the records: it is one JSON array.
    """
    return Table(None, _rows(source, lines, rules or ColumnRules()))


def _rows(source: str, lines: Iterator[str], rules: ColumnRules) -> Iterator[Row | Fault]:
    number = 0
    for line, text in enumerate(lines, 1):
        if not text.strip():
            continue
        number += 1
        if number == 1 and text.lstrip().startswith("["):
            raise BadInputError(
                f"{source}, line {line}: this is a JSON array. Write one object per line "
                "(jq -c '.[]' makes that of it)."
            )
        yield _row(number, line, text, rules)


class _NamedTwiceError(Exception):
    """An object has two members of this name, so that the value is ambiguous."""


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise _NamedTwiceError(name)
        found[name] = value
    return found


def _row(number: int, line: int, text: str, rules: ColumnRules) -> Row | Fault:
    try:
        # Numbers stay as they are written: an id of 20 digits would lose some as a float.
        value: object = json.loads(text, parse_int=str, parse_float=str, object_pairs_hook=_members)
    except _NamedTwiceError as error:
        told = f"{shortened(str(error))!r} is named twice in one object"
        return Fault(number, line, "", told, "Leave one of them out")
    except json.JSONDecodeError as error:
        told = f"no JSON at character {error.pos + 1}: {error.msg}"
        return Fault(number, line, "", told, _REMEDY)
    except RecursionError:
        return Fault(number, line, "", "it is nested too deeply", _REMEDY)
    if not isinstance(value, dict):
        return Fault(number, line, "", "it is no JSON object", _REMEDY)
    members = cast("dict[str, object]", value)
    try:
        keys = rules.keys(tuple(members))
    except ColumnError as error:
        return Fault(number, line, "", str(error).rstrip("."), "Rename one of them")
    cells: dict[str, str] = {}
    misfits: dict[str, str] = {}
    for name, cell in zip(keys, members.values(), strict=True):
        if isinstance(cell, str):
            if trimmed(cell):
                cells[name] = cell
        elif cell is not None:
            misfits[name] = f"{name} is neither text nor a number"
    return Row(number, line, cells, misfits)


InputFormat: TypeAlias = Literal["csv", "jsonl", "xlsx", "parquet"]
"""What is read; the last two need the extra `files`."""

_SUFFIXES: dict[str, InputFormat] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".xls": "xlsx",  # where it is told to save it as XLSX
    ".parquet": "parquet",
}
_MARKS: dict[bytes, InputFormat] = {
    b"PK\x03\x04": "xlsx",
    OLE_MARK: "xlsx",  # encrypted, or of Excel 97: told with the remedy
    b"PAR1": "parquet",
    b"PARE": "parquet",
}
_TEXTS = ("csv", "jsonl")
_HEADED = ("csv", "xlsx")
_JOURNAL = b"SQLite format 3\0"
_UTF8_MARK = b"\xef\xbb\xbf"


@frozen(kw_only=True)
class ReadingOptions:
    """How a file is read.

    Attributes:
        sheet: Of a workbook, the sheet; None for the first that is shown.
        encoding: Of a text file, its encoding; None: it is found out.
        header_row: The line or row of the header; None: the first.
        columns: What columns shall be called, each with its name in the file.
        hidden: What becomes of a sheet's hidden rows and columns; None: it is asked.
    """

    sheet: str | None = None
    encoding: str | None = None
    header_row: int | None = None
    columns: tuple[tuple[str, str], ...] = ()
    hidden: Literal["send", "skip"] | None = None


_PLAIN_READING = ReadingOptions()


@define
class Source:
    """An input that can be read again from its start.

    Attributes:
        name: What errors call it.
        format: How it is written.
        how: How it is read.
        skip_hidden: Whether the hidden rows and columns of a sheet are left out.
        rules: What its columns are called.
    """

    name: str
    format: InputFormat
    _stream: BinaryIO
    how: ReadingOptions = _PLAIN_READING
    skip_hidden: bool = False
    rules: ColumnRules = field(init=False)
    _grid: tuple[tuple[int, int], Grid] | None = field(init=False, default=None)
    _quoting: tuple[tuple[int, int], Quoting] | None = field(init=False, default=None)
    _encoding: tuple[tuple[int, int], Encoding] | None = field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        """Nothing is known of its columns yet."""
        self.rules = ColumnRules(self.how.columns)

    def table(self) -> Table:
        """Its rows, from the start.

        Raises:
            BadInputError: It cannot be read as a table, at once or later from the records.
        """
        match self.format:
            case "csv":
                return read_csv(
                    self.name, self._lines(), self.rules, self.how.header_row, self._find_quoting
                )
            case "jsonl":
                return read_jsonl(self.name, self._lines(), self.rules)
            case "xlsx":
                return self._loaded().table(
                    self.rules, self.how.header_row, skip_hidden=self.skip_hidden
                )
            case "parquet":
                from .parquet import read_parquet

                return read_parquet(self.name, self._stream, self.rules)

    def hidden(self) -> Hidden | None:
        """What of a sheet is not shown; None where nothing can be hidden.

        Raises:
            BadInputError: It cannot be read as a table.
        """
        if self.format != "xlsx":
            return None
        return self._loaded().hidden(self.rules, self.how.header_row)

    def skip_what_is_hidden(self) -> None:
        """Leave out the hidden rows and columns of a sheet from now on."""
        self.skip_hidden = True
        self.rules = ColumnRules(self.how.columns)

    def encoding(self) -> Encoding | None:
        """How a text file is read; None for other files.

        Raises:
            BadInputError: It cannot be told for certain.
        """
        if self.format not in _TEXTS:
            return None
        stamp = self.stamp()
        if self._encoding is None or self._encoding[0] != stamp:
            self._encoding = stamp, find_encoding(self.name, self._stream, self.how.encoding)
        return self._encoding[1]

    def stamp(self) -> tuple[int, int]:
        """Its size and the time of its last change: other numbers mean other content."""
        status = os.fstat(self._stream.fileno())
        return status.st_size, status.st_mtime_ns

    def _loaded(self) -> Grid:
        """The sheet, in memory as a whole: it is loaded once while the file stays."""
        stamp = self.stamp()
        # Loaded anew where the file has changed, so that the comparison of the second pass sees it.
        if self._grid is None or self._grid[0] != stamp:
            self._grid = None
            from .xlsx import load_grid

            self._grid = stamp, load_grid(self.name, self._stream, self.how.sheet)
        return self._grid[1]

    def _find_quoting(self, delimiter: str) -> Quoting:
        """Whether blanks stand around the quoted values of a CSV file; asked once of each file."""
        stamp = self.stamp()
        if self._quoting is None or self._quoting[0] != stamp:
            # Somebody is in the middle of reading it.
            place = self._stream.tell()
            self._quoting = stamp, find_quoting(self._lines(), delimiter)
            self._stream.seek(place)
        return self._quoting[1]

    def _lines(self) -> Iterator[str]:
        encoding = self.encoding()
        return iter(()) if encoding is None else text_lines(self.name, self._stream, encoding)


@contextmanager
def open_source(
    path: str,
    given: InputFormat | None,
    *,
    name: str | None = None,
    how: ReadingOptions = _PLAIN_READING,
) -> Generator[Source]:
    """Open the input; what cannot be read twice is copied to a temporary file first.

    Args:
        path: The file, or ``-`` for standard input.
        given: The format; None goes by the file's suffix, or else by how it begins.
        name: What errors call it, in place of its path.
        how: How it is read.

    Raises:
        BadInputError: It cannot be opened, or is asked for what its format does not have.
    """
    name = name or ("standard input" if path == "-" else path)
    with _open(path) as stream:
        if path != "-" and S_ISREG(os.fstat(stream.fileno()).st_mode):
            _refuse_journal(name, stream)
            yield _source(name, given or _guess(path, stream), stream, how)
            return
        # A pipe can be read only once, and the list is read twice: to be checked, and to be sent.
        with _copied(name, stream) as spool:
            _refuse_journal(name, spool)
            yield _source(name, given or _guess(path, spool), spool, how)


@contextmanager
def _copied(name: str, stream: BinaryIO) -> Generator[BinaryIO]:
    """All of an input, in a temporary file.

    Raises:
        BadInputError: It cannot be read to its end, or there is no room for it.
    """
    with ExitStack() as opened:
        try:
            copy = cast("BinaryIO", opened.enter_context(tempfile.TemporaryFile()))
            shutil.copyfileobj(stream, copy)
            copy.flush()
        except OSError as error:
            raise BadInputError(
                f"{name} cannot be copied to a temporary file: {error.strerror}. "
                "Save it as a file, and give its name."
            ) from None
        yield copy


def _refuse_journal(name: str, stream: BinaryIO) -> None:
    stream.seek(0)
    if stream.read(len(_JOURNAL)) == _JOURNAL:
        raise BadInputError(
            f"{name} is a database of SQLite, as the journal of a campaign is, and no list. To go "
            f"on with a campaign give it as --journal, without FILE. To send some of its messages "
            "anew, write them to a list with `cleverapp campaign export`, and send that with "
            "--only."
        )


def _source(name: str, format_: InputFormat, stream: BinaryIO, how: ReadingOptions) -> Source:
    told = f"and {name} is {format_.upper()}. Leave it out."
    if how.sheet is not None and format_ != "xlsx":
        raise BadInputError(f"--sheet is for XLSX, {told}")
    if how.hidden is not None and format_ != "xlsx":
        raise BadInputError(f"--hidden is for XLSX, {told}")
    if how.encoding is not None and format_ not in _TEXTS:
        raise BadInputError(f"--encoding is for CSV and JSON lines, {told}")
    if how.header_row is not None and format_ not in _HEADED:
        raise BadInputError(f"--header-row is for CSV and XLSX, {told}")
    return Source(name, format_, stream, how)


def _open(path: str) -> BinaryIO:
    if path == "-":
        return standard_input()
    try:
        return Path(path).open("rb")
    except PermissionError as error:
        raise BadInputError(
            f"{path} cannot be read: {error.strerror}. Close it where another program has it open, "
            "or see to it that you may read it."
        ) from None
    except OSError as error:
        raise BadInputError(f"{path} cannot be read: {error.strerror}. Check the name.") from None


def _guess(path: str, stream: BinaryIO) -> InputFormat:
    by_suffix = _SUFFIXES.get(Path(path).suffix.lower())
    if by_suffix is not None:
        return by_suffix
    stream.seek(0)
    start = stream.read(1024)
    for mark, found in _MARKS.items():
        if start.startswith(mark):
            return found
    while start.startswith(_UTF8_MARK):
        start = start.removeprefix(_UTF8_MARK)
    # UTF-16 of ASCII is ASCII with zeros between: enough to see a brace.
    text = start.removeprefix(b"\xff\xfe").replace(b"\0", b"").lstrip()
    return "jsonl" if text.startswith((b"{", b"[")) else "csv"


def refuse_outcomes(row: Row, source: str) -> None:
    """Refuse to send the outcomes of an earlier send as if they were recipients.

    Args:
        row: A row of a list of which no outcome was chosen.
        source: The list's name.

    Raises:
        BadInputError: The row tells an outcome, or what only outcomes have.
    """
    place = f"{source}, line {row.line}"
    if outcome_of(row.cells) is not None:
        raise BadInputError(
            f"{place}: these are the outcomes of an earlier send. "
            "Say which of them to send again, such as --only not_sent. If the column is one of "
            "your own, give it another name, such as --columns stage=state."
        )
    left = [column for column in RESULT_COLUMNS if column in row.cells]
    if left:
        raise BadInputError(
            f"{place}: these are the outcomes of an earlier send ({', '.join(left)}) without the "
            "column that says what came of each row. Give the list with its column outcome or "
            f"state, and --only; if every row is to be sent, delete {', '.join(left)}. If the "
            f"column is one of your own, give it another name, such as --columns mine={left[0]}."
        )


def no_outcome(row: Row) -> Fault:
    """The fault of a row that --only cannot judge."""
    column = next((name for name in OUTCOME_COLUMNS if name in row.cells), OUTCOME_COLUMNS[0])
    told = f"{row.cells[column]!r} is no outcome" if column in row.cells else "it is missing"
    remedy = "Give --only for the outcomes of an earlier send alone"
    return Fault(row.number, row.line, column, told, remedy, row.cells.get(column, ""))


def is_of_campaign(columns: Iterable[str]) -> bool:
    """Whether a list comes of a campaign, whose journal goes on to know its messages.

    Args:
        columns: What its columns are called.
    """
    there = set(columns)
    return "number" in there and not there.isdisjoint(OUTCOME_COLUMNS)
