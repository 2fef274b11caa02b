"""Parquet: row groups batch by batch, so that a file of any length takes the same memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from attrs import frozen

from .arrow import DataType, load_arrow
from .cell_text import Digits, Misfit, cell_text
from .errors import BadInputError
from .header import check_names
from .rows import Row, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .arrow import Arrow, Batch, Column, Scalar

__all__ = ["read_parquet"]

_ENCRYPTED_MARK = b"PARE"
_BATCH = 1000
_NO_TIME = Misfit("is a time that no calendar holds")


@frozen
class _Reader:
    """How one column becomes text.

    Attributes:
        column: What the file calls it.
        name: What rows call it.
        digits: What its numbers are worth.
        cast: What its values are taken for first; None to take them as they are.
        misfit: Why none of its values can be taken.
    """

    column: str
    name: str
    digits: Digits
    cast: DataType | None
    misfit: str | None

    def texts(self, batch: Batch) -> list[str | Misfit]:
        """The texts of a batch, empty where there is no value."""
        column = batch.column(self.column)
        if self.cast is not None:
            column = column.cast(self.cast, safe=False)
        return [cell_text(value, self.digits) for value in _values(column)]


def read_parquet(source: str, stream: BinaryIO) -> Table:
    """Read Parquet; a row's line is its number, for there are no lines.

    Args:
        source: The file's name, for errors.
        stream: Its content.

    Raises:
        BadInputError: The extra `files` is not installed; or it is damaged, encrypted or no
            Parquet, or none of its columns can be read. The same later, from the records.
    """
    try:
        arrow = load_arrow()
    except ImportError:
        raise BadInputError(
            f"{source}: Parquet needs the extra `files`: pip install 'cleverapp-async[files]'"
        ) from None
    stream.seek(0)
    if stream.read(len(_ENCRYPTED_MARK)) == _ENCRYPTED_MARK:
        raise BadInputError(f"{source} is encrypted. Write it without encryption.")
    stream.seek(0)
    try:
        file = arrow.open(stream)
        readers = [_reader(arrow, field.name, field.type) for field in file.schema_arrow]
    except arrow.errors as error:
        raise _damaged(source, error) from None
    columns = tuple(reader.name for reader in readers)
    check_names(source, None, columns)
    readable = [reader.column for reader in readers if reader.misfit is None]
    if not readable:
        raise BadInputError(f"{source} has no column of texts, numbers or times. Write some.")
    batches = file.iter_batches(_BATCH, columns=readable, use_threads=False)
    return Table(columns, _rows(source, batches, readers, arrow.errors), None)


def _rows(
    source: str,
    batches: Iterator[Batch],
    readers: Sequence[_Reader],
    errors: tuple[type[Exception], ...],
) -> Iterator[Row]:
    unread = {r.name: f"{r.name} {r.misfit}" for r in readers if r.misfit is not None}
    names = [reader.name for reader in readers if reader.misfit is None]
    number = 0
    while True:
        try:
            batch = next(batches, None)
            if batch is None:
                return
            columns = [reader.texts(batch) for reader in readers if reader.misfit is None]
        except errors as error:
            raise _damaged(source, error) from None
        for found in zip(*columns, strict=True):
            cells: dict[str, str] = {}
            misfits = unread.copy()
            for name, cell in zip(names, found, strict=True):
                if isinstance(cell, Misfit):
                    misfits[name] = f"{name} {cell.text}"
                elif cell.strip():
                    cells[name] = cell
            number += 1
            yield Row(number, number, cells, misfits)


def _reader(arrow: Arrow, column: str, kind: DataType) -> _Reader:
    refusal = arrow.refusal(kind)
    return _Reader(column, column.strip(), arrow.digits(kind), arrow.target(kind), refusal)


def _values(column: Column) -> list[object]:
    try:
        return column.to_pylist()
    except (ValueError, OverflowError, KeyError):
        return [_value(scalar) for scalar in column]


def _value(scalar: Scalar) -> object:
    try:
        return scalar.as_py()
    except (ValueError, OverflowError, KeyError):
        return _NO_TIME


def _damaged(source: str, error: Exception) -> BadInputError:
    told = " ".join(str(error).split()).rstrip(".")
    return BadInputError(
        f"{source} is damaged, cut short or no Parquet ({told}). Copy it again, or write it anew."
    )
