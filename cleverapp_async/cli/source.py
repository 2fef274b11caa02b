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

from attrs import frozen

from .exits import BadInputError
from .read_csv import read_csv
from .read_jsonl import read_jsonl

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from .rows import Table

__all__ = ["Format", "Source", "open_source"]

Format: TypeAlias = Literal["csv", "jsonl"]

_SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@frozen
class Source:
    """An input that can be read again from its start.

    Attributes:
        name: What errors call it.
        format: How it is written.
    """

    name: str
    format: Format
    _stream: BinaryIO

    def table(self) -> Table:
        """Its rows, from the start.

        Raises:
            BadInputError: It cannot be read as a table, at once or later from the records.
        """
        read = read_jsonl if self.format == "jsonl" else read_csv
        return read(self.name, self._lines())

    def stamp(self) -> tuple[int, int]:
        """Its size and the time of its last change: other numbers mean other content."""
        status = os.fstat(self._stream.fileno())
        return status.st_size, status.st_mtime_ns

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
def open_source(path: str, given: Format | None, *, name: str | None = None) -> Generator[Source]:
    """Open the input; what cannot be read twice is copied to a temporary file first.

    Args:
        path: The file, or ``-`` for standard input.
        given: The format; None goes by the file's suffix, or else by its first character.
        name: What errors call it, in place of its path.

    Raises:
        BadInputError: It cannot be opened.
    """
    name = name or ("standard input" if path == "-" else path)
    with _open(path) as stream:
        if path != "-" and S_ISREG(os.fstat(stream.fileno()).st_mode):
            yield Source(name, given or _guess(path, stream), stream)
            return
        with tempfile.TemporaryFile() as copy:
            spool = cast("BinaryIO", copy)
            shutil.copyfileobj(stream, spool)
            spool.flush()
            yield Source(name, given or _guess(path, spool), spool)


def _open(path: str) -> BinaryIO:
    if path == "-":
        return sys.stdin.buffer
    try:
        return Path(path).open("rb")
    except OSError as error:
        raise BadInputError(f"{path} cannot be read: {error.strerror}. Check the name.") from None


def _guess(path: str, stream: BinaryIO) -> Format:
    by_suffix = _SUFFIXES.get(Path(path).suffix.lower())
    if by_suffix is not None:
        return by_suffix
    stream.seek(0)
    start = stream.read(1024).removeprefix(_UTF8_MARK).lstrip()
    return "jsonl" if start.startswith((b"{", b"[")) else "csv"
