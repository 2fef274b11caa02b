"""Parquet: row groups batch by batch, so that a file of any length takes the same memory.

pyarrow comes without types: the second half of this file declares what is used of it, and is the
only place that touches it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO, Protocol, cast

from attrs import frozen

from ..._imports import missing_extra
from ..errors import BadInputError
from .columns import ColumnRules, trimmed
from .rows import DOUBLE, SINGLE, Digits, Misfit, Row, Table, cell_text

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
            # Not safe: nanoseconds that are cut off are no fault of the list.
            column = column.cast(self.cast, safe=False)
        return [cell_text(value, self.digits) for value in _values(column)]


def read_parquet(source: str, stream: BinaryIO, rules: ColumnRules | None = None) -> Table:
    """Read Parquet; a row's line is its number, for there are no lines.

    Args:
        source: The file's name, for errors.
        stream: Its content.
        rules: What its columns are called.

    Raises:
        BadInputError: The extra `files` is not installed; or it is damaged, encrypted or no
            Parquet, or none of its columns can be read. The same later, from the records.
    """
    try:
        arrow = load_arrow()
    except ImportError:
        raise BadInputError(f"{source}: {missing_extra('Parquet', 'files')}.") from None
    stream.seek(0)
    if stream.read(len(_ENCRYPTED_MARK)) == _ENCRYPTED_MARK:
        raise BadInputError(f"{source} is encrypted. Write it without encryption.")
    stream.seek(0)
    try:
        file = arrow.open(stream)
        fields = [(field.name, field.type) for field in file.schema_arrow]
    except arrow.errors as error:
        raise _damaged(source, error) from None
    columns = (rules or ColumnRules()).header(source, [name for name, _ in fields])
    readers = [
        _reader(arrow, name, key, kind) for key, (name, kind) in zip(columns, fields, strict=False)
    ]
    readable = [reader.column for reader in readers if reader.misfit is None]
    if not readable:
        raise BadInputError(f"{source} has no column of texts, numbers or times. Write some.")
    # One thread: the pieces of a huge file come one by one, so that memory stays that of a few.
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
                elif trimmed(cell):
                    cells[name] = cell
            number += 1
            yield Row(number, number, cells, misfits)


def _reader(arrow: Arrow, column: str, name: str, kind: DataType) -> _Reader:
    refusal = arrow.refusal(kind)
    return _Reader(column, name, arrow.digits(kind), arrow.target(kind), refusal)


def _values(column: Column) -> list[object]:
    try:
        return column.to_pylist()
    except (ValueError, OverflowError, KeyError):
        # One value that Python cannot hold spoils a whole batch: then each is asked for by itself.
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


_BUFFER = 1 << 16
_SHOWN = 40
# Not float16: some releases need NumPy for its values, and crash without.
_PLAIN = (
    "is_boolean",
    "is_date",
    "is_decimal",
    "is_duration",
    "is_float32",
    "is_float64",
    "is_integer",
    "is_large_string",
    "is_null",
    "is_string",
    "is_string_view",
    "is_time",
    "is_timestamp",
)
_BINARY = ("is_binary", "is_large_binary", "is_fixed_size_binary", "is_binary_view")


class DataType(Protocol):
    """The type of a column."""

    tz: str | None
    """The time zone of times that have one."""
    value_type: DataType
    """The type of the values that a dictionary holds."""


class _Field(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def type(self) -> DataType: ...


class Scalar(Protocol):
    """One value of a column."""

    def as_py(self) -> object:
        """As Python has it."""
        ...


class Column(Iterable[Scalar], Protocol):
    """A column of a batch."""

    def to_pylist(self) -> list[object]:
        """Its values as Python has them."""
        ...

    def cast(self, target_type: DataType, *, safe: bool) -> Column:
        """The same of another type."""
        ...


class Batch(Protocol):
    """Some rows."""

    def column(self, name: str) -> Column:
        """One of its columns."""
        ...


class ParquetFile(Protocol):
    """An open file."""

    @property
    def schema_arrow(self) -> Iterable[_Field]:
        """Its columns."""
        ...

    def iter_batches(
        self, batch_size: int, *, columns: Sequence[str], use_threads: bool
    ) -> Iterator[Batch]:
        """Its rows from the first on."""
        ...


class _Types(Protocol):
    def is_dictionary(self, kind: DataType) -> bool: ...
    def is_float32(self, kind: DataType) -> bool: ...
    def is_timestamp(self, kind: DataType) -> bool: ...
    def is_time64(self, kind: DataType) -> bool: ...
    def is_duration(self, kind: DataType) -> bool: ...


class _Module(Protocol):
    ArrowException: type[Exception]

    def timestamp(self, unit: str, tz: str | None) -> DataType: ...
    def time64(self, unit: str) -> DataType: ...
    def duration(self, unit: str) -> DataType: ...


class _Parquet(Protocol):
    ParquetFile: Callable[..., ParquetFile]


@frozen
class Arrow:
    """What is used of pyarrow."""

    _arrow: _Module
    _types: _Types
    _parquet: _Parquet

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What a file that cannot be read raises."""
        return (self._arrow.ArrowException, OSError, ValueError)

    def open(self, stream: BinaryIO) -> ParquetFile:
        """Open a file; it is read in small pieces, and its checksums are compared."""
        return self._parquet.ParquetFile(
            stream, buffer_size=_BUFFER, pre_buffer=False, page_checksum_verification=True
        )

    def refusal(self, kind: DataType) -> str | None:
        """Why values of a type cannot stand in a message; None if they can."""
        plain = self._plain(kind)
        if self._is(plain, _PLAIN):
            return None
        told = str(kind)
        if self._is(plain, _BINARY):
            told = "bytes"
        elif len(told) > _SHOWN:
            told = told[:_SHOWN] + "…"
        return f"holds {told}: write the column as strings"

    def digits(self, kind: DataType) -> Digits:
        """How far the numbers of a type can be trusted."""
        return SINGLE if self._types.is_float32(self._plain(kind)) else DOUBLE

    def target(self, kind: DataType) -> DataType | None:
        """What a type is cast to first: Python's times end at microseconds."""
        if self._types.is_timestamp(kind):
            return self._arrow.timestamp("us", kind.tz)
        if self._types.is_time64(kind):
            return self._arrow.time64("us")
        return self._arrow.duration("us") if self._types.is_duration(kind) else None

    def _plain(self, kind: DataType) -> DataType:
        """The type of the values, where they are kept in a dictionary."""
        if self._types.is_dictionary(kind):
            return kind.value_type
        return kind

    def _is(self, kind: DataType, tests: Sequence[str]) -> bool:
        # By name, as releases differ in the types that they know.
        found = (getattr(self._types, test, None) for test in tests)
        return any(test is not None and test(kind) for test in found)


def load_arrow() -> Arrow:
    """Import pyarrow.

    Raises:
        ImportError: It is not installed.
    """
    # It comes without types: what is used of it is declared above, and only here believed.
    import pyarrow as pa  # pyright: ignore[reportMissingTypeStubs]
    from pyarrow import parquet, types  # pyright: ignore[reportMissingTypeStubs]

    return Arrow(cast("_Module", pa), cast("_Types", types), cast("_Parquet", parquet))
