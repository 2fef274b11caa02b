"""The outcomes of an earlier send as a list: what was accepted is never sent again unasked."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from pyarrow import parquet

from cleverapp_async import SendMessage
from cleverapp_async.bulk.report.csv import csv_lines
from cleverapp_async.journal import JournalEntry, JournalState
from tests.cli.workbook import Workbook

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command import Run, Serve, Write

STATES = ("accepted", "not_sent", "pending", "rejected", "unknown", "accepted")
ENTRIES = [
    JournalEntry(
        index=index,
        message=SendMessage(contact_id=index + 1, text="=Hi"),
        key=None,
        state=JournalState(state),
    )
    for index, state in enumerate(STATES)
]
EXPORT = b"".join(csv_lines(ENTRIES))


def rows() -> list[list[str]]:
    """Give the export's header and rows as a spreadsheet shows them."""
    return list(csv.reader(io.StringIO(EXPORT.decode("utf-8-sig"))))


def saved_by_excel() -> bytes:
    """Give the export as Excel saves it: semicolons, and some columns deleted."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";").writerows(row[1:9] for row in rows())
    return text.getvalue().encode("utf-8-sig")


def as_parquet(word: str) -> bytes:
    """Give the rows as Parquet, the outcome in a column of that name."""
    buffer = io.BytesIO()
    columns = {"contact_id": [row[2] for row in rows()[1:]], word: list(STATES)}
    parquet.write_table(pa.table({**columns, "text": ["=Hi"] * len(STATES)}), buffer)
    return buffer.getvalue()


def as_jsonl(word: str) -> bytes:
    """Give the rows as JSON lines, the outcome under that name."""
    told = ({"contact_id": row[2], word: row[1], "text": "=Hi"} for row in rows()[1:])
    return "".join(f"{json.dumps(one)}\n" for one in told).encode()


LISTS = {
    "export.csv": EXPORT,
    "excel.csv": saved_by_excel(),
    "words.csv": EXPORT.replace(b"not_sent", b" Not sent "),
    "saved.xlsx": Workbook({"S": rows()}).content(),
    "state.parquet": as_parquet("state"),
    "outcome.parquet": as_parquet("outcome"),
    "state.jsonl": as_jsonl("state"),
    "outcome.jsonl": as_jsonl("outcome"),
}


@pytest.mark.parametrize("name", LISTS)
def test_earlier_outcomes_need_only(cleverapp: Run, serve: Serve, write: Write, name: str) -> None:
    """In every format and under both words they are refused without --only, and obey it."""
    simulator = serve()
    path = write(name, LISTS[name])
    ended = cleverapp("send", path)
    assert ended.code == 2
    assert "--only" in ended.err
    assert len(simulator.arrivals) == 0
    ended = cleverapp("send", path, "--only", "not_sent", "--only", "pending")
    assert ended.code == 0, ended.err
    assert sorted(str(one.parameters["contact_id"]) for one in simulator.deliveries) == ["2", "3"]
    assert {one.parameters["text"] for one in simulator.deliveries} == {"=Hi"}
    assert "2 accepted" in ended.err


def test_outcomes_without_their_outcome_are_refused(cleverapp: Run, write: Write) -> None:
    """Where the column of outcomes was deleted nobody can tell who has the message."""
    path = write("r.csv", "contact_id,text,answered_contact_id,ended_at\n1,a,1,2026-01-01\n")
    ended = cleverapp("send", path, "--dry-run")
    assert ended.code == 2
    assert f"{path}, line 2" in ended.err
    assert "answered_contact_id" in ended.err


def test_a_word_that_is_no_outcome_is_a_fault(cleverapp: Run, write: Write) -> None:
    """Where outcomes are chosen from each row must tell one that is known."""
    path = write("r.csv", "contact_id,text,state\n1,a,not_sent\n2,b,Texas\n")
    ended = cleverapp("send", path, "--only", "not_sent", "--dry-run")
    assert ended.code == 2
    assert f"{path}, line 3, state: " in ended.err


@pytest.mark.parametrize("size", range(len(EXPORT) - 60, len(EXPORT) - 2, 7))
def test_half_a_list_is_told(cleverapp: Run, write: Write, size: int) -> None:
    """A list that was cut short is refused with the place of the cut."""
    path = write("r.csv", EXPORT[:size])
    ended = cleverapp("send", path, "--only", "not_sent", "--dry-run")
    assert ended.code == 2
    assert f"{path}, line " in ended.err


def test_a_journal_is_no_list(cleverapp: Run, tmp_path: Path) -> None:
    """A journal given as FILE is told with the remedy, whatever its name."""
    with sqlite3.connect(tmp_path / "run.csv") as database:
        database.execute("CREATE TABLE t (a)")
    database.close()
    ended = cleverapp("send", str(tmp_path / "run.csv"), "--text", "Hi")
    assert ended.code == 2
    assert "--journal" in ended.err


def test_a_column_of_ones_own_may_look_like_outcomes(cleverapp: Run, write: Write) -> None:
    """A column called state with such words gets through under another name."""
    path = write("r.csv", "contact_id,text,state\n1,a,pending\n")
    assert cleverapp("send", path, "--dry-run").code == 2
    assert cleverapp("send", path, "--dry-run", "--columns", "stage=state").code == 0
