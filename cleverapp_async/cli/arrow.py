"""The one place that touches pyarrow: which types become text, and what is used of its classes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO, Protocol, cast

from attrs import frozen

from .cell_text import DOUBLE, SINGLE, Digits

__all__ = ["Arrow", "Batch", "Column", "DataType", "ParquetFile", "Scalar", "load_arrow"]

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
        """What the numbers of a type are worth."""
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
