from __future__ import annotations

import io
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from cleverapp_async.cli.errors import BadInputError
from cleverapp_async.cli.recipients.parquet import read_parquet
from cleverapp_async.cli.recipients.rows import Row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cleverapp_async.cli.recipients.rows import Table


def written(columns: Mapping[str, object], **options: object) -> bytes:
    """Give a file with these columns."""
    buffer = io.BytesIO()
    parquet.write_table(pa.table(columns), buffer, **options)
    return buffer.getvalue()


def table(content: bytes) -> Table:
    """Read a file."""
    return read_parquet("r.parquet", io.BytesIO(content))


def rows(columns: Mapping[str, object], **options: object) -> list[Row]:
    """Write columns and read the rows."""
    records = list(table(written(columns, **options)).records)
    assert all(isinstance(record, Row) for record in records)
    return [record for record in records if isinstance(record, Row)]


def cell(values: Sequence[object], kind: object = None) -> str | None:
    """Read the first of a column's values: its text, or what is wrong with it."""
    row = rows({"contact_id": [1] * len(values), "a": pa.array(values, kind)})[0]
    assert row.cells["contact_id"] == "1"
    return row.misfits.get("a", row.cells.get("a"))


def refusal(content: bytes) -> str:
    """Give the error that a file is refused with."""
    with pytest.raises(BadInputError) as caught:
        list(table(content).records)
    return str(caught.value)


def test_rows_and_columns() -> None:
    """Each row has its number for a line; what is null or blank is absent."""
    found = table(written({"contact_id": [1, 2], " text ": ["Привет", None], "b": [" ", "x"]}))
    assert found.columns == ("contact_id", "text", "b")
    assert found.header_line is None
    assert list(found.records) == [
        Row(1, 1, {"contact_id": "1", "text": "Привет"}),
        Row(2, 2, {"contact_id": "2", "b": "x"}),
    ]


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (79991234567, pa.int64(), "79991234567"),
        (2**64 - 1, pa.uint64(), "18446744073709551615"),
        (-5, pa.int8(), "-5"),
        (79991234567.0, pa.float64(), "79991234567"),
        (0.1, pa.float64(), "0.1"),
        (1e-7, pa.float64(), "0.0000001"),
        (0.1, pa.float32(), "0.1"),
        (16_777_215.0, pa.float32(), "16777215"),
        (float("nan"), pa.float64(), None),
        (None, pa.null(), None),
        (None, pa.decimal128(5), None),
        (Decimal("12.50"), pa.decimal128(10, 2), "12.50"),
        (Decimal("123.00"), pa.decimal128(10, 2), "123"),
        (Decimal(12345678901234567890), pa.decimal128(38, 0), "12345678901234567890"),
        ("Hi", pa.large_string(), "Hi"),
        (True, pa.bool_(), "true"),
        (False, pa.bool_(), "false"),
        (date(2024, 2, 29), pa.date32(), "2024-02-29"),
        (time(18, 30), pa.time64("ns"), "18:30:00"),
        (timedelta(hours=-36), pa.duration("ns"), "-36:00:00"),
        (timedelta(seconds=1.5), pa.duration("ms"), "0:00:01.5"),
        (1_700_000_000_123_456_789, pa.timestamp("ns"), "2023-11-14T22:13:20.123456"),
        (datetime(2024, 1, 2, tzinfo=UTC), pa.timestamp("s", "UTC"), "2024-01-02T00:00:00+00:00"),
        (
            datetime(2024, 1, 2, tzinfo=timezone(timedelta(hours=3))),
            pa.timestamp("ns", "+03:00"),
            "2024-01-02T00:00:00+03:00",
        ),
    ],
)
def test_values_become_text(value: object, kind: object, text: str | None) -> None:
    """A value becomes what CSV would hold for it: ids without a point, times in ISO 8601."""
    assert cell([value], kind) == text


def test_a_dictionary_is_its_values() -> None:
    """Values that are kept in a dictionary are read like others."""
    found = rows({"contact_id": pa.array(["1", "2", "1"]).dictionary_encode()})
    assert [row.cells["contact_id"] for row in found] == ["1", "2", "1"]


@pytest.mark.parametrize(
    ("value", "kind", "told"),
    [
        ([1], None, "a holds list<element: int64>: write the column as strings"),
        ({"b": 1}, None, "a holds struct<b: int64>"),
        ({"b": {"c": {"d": [{"e": 1.0}]}}}, None, "a holds struct<b: struct<c: struct<d: list<"),
        (b"x", None, "a holds bytes: write the column as strings"),
        (2.0**53, pa.float64(), "a is a float too large to have kept its last digits"),
        (79991234567.0, pa.float32(), "a is a float too large"),
        (float("inf"), pa.float64(), "a is an infinite number"),
        (2**40, pa.timestamp("s"), "a is a time that no calendar holds"),
    ],
)
def test_what_no_text_can_be_is_told(value: object, kind: object, told: str) -> None:
    """Nested values, bytes and numbers that lost digits are kept apart until they are needed."""
    found = cell([value], kind)
    assert found is not None
    assert found.startswith(told)


def test_one_bad_time_spoils_no_other() -> None:
    """A time beyond the calendar is told in its own row alone."""
    found = rows({"contact_id": [1, 2], "a": pa.array([2**40, 0], pa.timestamp("s"))})
    assert [row.cells.get("a") for row in found] == [None, "1970-01-01T00:00:00"]


def test_a_name_with_a_point_is_one_column() -> None:
    """A point in a name does not lead into a nested column."""
    (row,) = rows({"contact_id": [1], "a": ["x"], "a.b": ["y"], "c": [{"b": 1}]})
    assert row.cells == {"contact_id": "1", "a": "x", "a.b": "y"}


def test_row_groups_are_read_one_after_the_other() -> None:
    """Many row groups, and batches that cut across them, keep the order and the numbers."""
    size = 5003
    found = rows({"contact_id": range(size)}, row_group_size=700)
    assert [row.cells["contact_id"] for row in found] == [str(number) for number in range(size)]
    assert [row.line for row in found] == list(range(1, size + 1))


@pytest.mark.no_cover
def test_memory_does_not_grow_with_the_file() -> None:
    """What is taken from memory at the end of a file is what was taken at its beginning."""
    texts = [f"{number:0100}" for number in range(200_000)]
    records = table(written({"contact_id": texts}, row_group_size=200_000)).records
    taken = [pa.total_allocated_bytes() for _ in records]
    assert max(taken) - min(taken) < 8 << 20


GOOD = written(
    {"contact_id": range(300), "text": [f"Hi {number}" for number in range(300)]},
    row_group_size=50,
    write_page_checksum=True,
    compression="none",
)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "damaged, cut short or no Parquet"),
        (GOOD[:-20], "damaged, cut short or no Parquet"),
        (GOOD[: len(GOOD) // 2], "damaged, cut short or no Parquet"),
        (b"PARE" + GOOD, "r.parquet is encrypted"),
        (b"a,b\n1,2\n", "no Parquet"),
        (written({"a": [[1]], "b": [b"x"]}), "no column of texts, numbers or times"),
        (written({"a": [1], " a": [2]}), "r.parquet: the header names 'a' twice"),
        (written({"a": [1], "": [2]}), "r.parquet: column 2 of the header has no name"),
    ],
)
def test_unusable_files_are_told(content: bytes, told: str) -> None:
    """A file that is damaged, cut short, encrypted or something else is told with the remedy."""
    assert told in refusal(content)


def test_a_damaged_page_is_told() -> None:
    """A page whose checksum is wrong ends the reading with one clear error."""
    broken = bytearray(GOOD)
    broken[GOOD.index(b"Hi 170")] ^= 1
    assert "r.parquet is damaged" in refusal(bytes(broken))


@given(st.data())
def test_damage_ends_in_one_clear_error_or_none(data: st.DataObject) -> None:
    """Whatever byte is broken, the rows are read or the file is refused: nothing else is raised."""
    broken = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 4))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    try:
        list(table(bytes(broken)).records)
    except BadInputError as error:
        refused = str(error)
    else:
        refused = "r.parquet"
    assert refused.startswith("r.parquet")
