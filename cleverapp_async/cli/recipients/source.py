"""Where the rows come from: a file or standard input, read twice and the same both times."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, BinaryIO, Literal, TypeAlias, cast

from attrs import field, frozen

from ..errors import BadInputError
from .csv import read_csv
from .jsonl import read_jsonl
from .parquet import read_parquet
from .xlsx import OLE_MARK, Grid, load_grid

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from .rows import Table

__all__ = ["InputFormat", "Source", "open_source"]

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
_JOURNAL = b"SQLite format 3\0"
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def _no_grids() -> dict[tuple[int, int], Grid]:
    return {}


@frozen
class Source:
    """An input that can be read again from its start.

    Attributes:
        name: What errors call it.
        format: How it is written.
        sheet: Of a workbook, the sheet; None for the first.
    """

    name: str
    format: InputFormat
    _stream: BinaryIO
    sheet: str | None = None
    _grids: dict[tuple[int, int], Grid] = field(init=False, factory=_no_grids, eq=False, repr=False)

    def table(self) -> Table:
        """Its rows, from the start.

        Raises:
            BadInputError: It cannot be read as a table, at once or later from the records.
        """
        match self.format:
            case "csv":
                return read_csv(self.name, self._lines())
            case "jsonl":
                return read_jsonl(self.name, self._lines())
            case "xlsx":
                return self._grid().table()
            case "parquet":
                return read_parquet(self.name, self._stream)

    def stamp(self) -> tuple[int, int]:
        """Its size and the time of its last change: other numbers mean other content."""
        status = os.fstat(self._stream.fileno())
        return status.st_size, status.st_mtime_ns

    def _grid(self) -> Grid:
        """The sheet, in memory as a whole: it is loaded once while the file stays."""
        stamp = self.stamp()
        if stamp not in self._grids:
            self._grids.clear()
            self._grids[stamp] = load_grid(self.name, self._stream, self.sheet)
        return self._grids[stamp]

    def _lines(self) -> Iterator[str]:
        self._stream.seek(0)
        for number, line in enumerate(self._stream, 1):
            if number == 1 and line.startswith(_UTF16_MARKS):
                raise BadInputError(
                    f"{self.name} is UTF-16. Save it as UTF-8 (in Excel: CSV UTF-8)."
                )
            content = line.removeprefix(_UTF8_MARK) if number == 1 else line
            try:
                yield content.decode()
            except UnicodeDecodeError as error:
                raise BadInputError(
                    f"{self.name}, line {number}, byte {error.start + 1}: it is not UTF-8. Save it "
                    "as UTF-8 (in Excel: CSV UTF-8; or: iconv -f cp1251 -t utf-8)."
                ) from None


@contextmanager
def open_source(
    path: str, given: InputFormat | None, *, name: str | None = None, sheet: str | None = None
) -> Generator[Source]:
    """Open the input; what cannot be read twice is copied to a temporary file first.

    Args:
        path: The file, or ``-`` for standard input.
        given: The format; None goes by the file's suffix, or else by how it begins.
        name: What errors call it, in place of its path.
        sheet: The sheet of a workbook; None for its first.

    Raises:
        BadInputError: It cannot be opened, or a sheet is asked of what has none.
    """
    name = name or ("standard input" if path == "-" else path)
    with _open(path) as stream:
        if path != "-" and S_ISREG(os.fstat(stream.fileno()).st_mode):
            _refuse_journal(name, stream)
            yield _source(name, given or _guess(path, stream), stream, sheet)
            return
        with tempfile.TemporaryFile() as copy:
            spool = cast("BinaryIO", copy)
            shutil.copyfileobj(stream, spool)
            spool.flush()
            _refuse_journal(name, spool)
            yield _source(name, given or _guess(path, spool), spool, sheet)


def _refuse_journal(name: str, stream: BinaryIO) -> None:
    stream.seek(0)
    if stream.read(len(_JOURNAL)) == _JOURNAL:
        raise BadInputError(
            f"{name} is a database of SQLite, as the journal of a campaign is, and no list. To go "
            f"on with a campaign give it as --journal, without FILE. To send some of its messages "
            "anew, write them to a list with `cleverapp campaign export`, and send that with "
            "--only."
        )


def _source(name: str, format_: InputFormat, stream: BinaryIO, sheet: str | None) -> Source:
    if sheet is not None and format_ != "xlsx":
        raise BadInputError(f"--sheet is for XLSX, and {name} is {format_.upper()}. Leave it out.")
    return Source(name, format_, stream, sheet)


def _open(path: str) -> BinaryIO:
    if path == "-":
        return sys.stdin.buffer
    try:
        return Path(path).open("rb")
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
    text = start.removeprefix(_UTF8_MARK).lstrip()
    return "jsonl" if text.startswith((b"{", b"[")) else "csv"
