"""The outcomes of an earlier send as a list: what was accepted is never sent again unasked."""

from __future__ import annotations

import csv
import io
import json
import shlex
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


@pytest.mark.parametrize("name", ["send_id", "answered_contact_id"])
def test_a_column_of_ones_own_may_look_like_a_result(
    cleverapp: Run, write: Write, name: str
) -> None:
    """The refusal of such a column names the way out, and it works."""
    path = write("r.csv", f"contact_id,text,{name}\n1,a,5\n")
    ended = cleverapp("send", path, "--dry-run")
    assert ended.code == 2
    assert f"--columns mine={name}" in ended.err
    assert cleverapp("send", path, "--dry-run", "--columns", f"mine={name}").code == 0


@pytest.mark.parametrize("name", ["export.csv", "outcome.jsonl"])
def test_what_a_campaign_still_has_is_warned_of(cleverapp: Run, write: Write, name: str) -> None:
    """A campaign's journal does not know of another send of its messages."""
    lists = {
        **LISTS,
        "outcome.jsonl": b'{"number": 2, "outcome": "not_sent", "contact_id": 2, "text": "Hi"}',
    }
    ended = cleverapp("send", write(name, lists[name]), "--only", "not_sent", "--dry-run")
    assert ended.code == 0, ended.err
    assert "Warning: this list comes of a campaign" in ended.err
    assert "cleverapp send --journal" in ended.err


def test_outcomes_of_a_send_are_no_campaigns(cleverapp: Run, write: Write) -> None:
    """Where no journal knows of the messages nobody is warned of one."""
    line = '{"row": 1, "line": 2, "outcome": "not_sent", "contact_id": 2, "text": "Hi"}'
    ended = cleverapp("send", write("o.jsonl", line), "--only", "not_sent", "--dry-run")
    assert "Warning" not in ended.err


@pytest.mark.parametrize(
    ("content", "option", "warned"),
    [
        ("contact_id,Сообщение\n1,a\n2,b\n", "--text", "mine=Сообщение"),
        ("contact_id,text\n1,a\n2,\n", "--text", None),
        ("contact_id,text,image\n1,a,https://e.com/a.png\n", "--image", "mine=image"),
        ("contact_id,text\n1,\n", "--text", None),
    ],
)
def test_a_text_that_nobody_gets_is_told(
    cleverapp: Run, write: Write, content: str, option: str, warned: str | None
) -> None:
    """Where each row has a text of its own, what the option says is sent to nobody."""
    path = write("r.csv", content)
    given = (option, "https://e.com/b.png")
    ended = cleverapp("send", path, *given, "--dry-run", "--quiet")
    assert ended.code == 0, ended.err
    assert ("Warning: each row has" in ended.err) is (warned is not None)
    if warned is not None:
        assert f"--columns {shlex.quote(warned)}" in ended.err
        again = cleverapp("send", path, *given, "--dry-run", "--columns", warned)
        assert "Warning: each row" not in again.err


def test_the_text_of_a_resend_can_be_changed(cleverapp: Run, serve: Serve, write: Write) -> None:
    """A list of outcomes is sent with another text as soon as its own is called otherwise."""
    simulator = serve()
    again = ("send", write("e.csv", EXPORT), "--only", "not_sent", "--text", "New")
    assert "--columns mine=text" in cleverapp(*again, "--dry-run").err
    assert cleverapp(*again, "--columns", "mine=text").code == 0
    assert [one.parameters["text"] for one in simulator.deliveries] == ["New"]


def told(row: int, outcome: str, text: str = "a") -> str:
    """Give a line of outcomes."""
    told = {"row": row, "line": row + 1, "outcome": outcome, "contact_id": row, "text": text}
    return json.dumps(told) + "\n"


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("second", ["accepted", "unknown", "not_sent"])
def test_joined_outcomes_send_no_row_twice(
    cleverapp: Run, serve: Serve, write: Write, second: str, *, newest_first: bool
) -> None:
    """Of outcomes of several sends in one list, what one of them settled is not sent any more."""
    simulator = serve()
    sends = [told(1, "accepted") + told(2, "not_sent") + told(3, "not_sent"), told(2, second)]
    path = write("joined.jsonl", "".join(reversed(sends) if newest_first else sends))
    ended = cleverapp("send", path, "--only", "not_sent")
    assert ended.code == 0
    sent = [json.loads(line)["row"] for line in ended.out.splitlines()]
    assert sorted(sent) == ([2, 3] if second == "not_sent" else [3])
    assert len(simulator.deliveries) == len(sent)


def test_what_may_have_arrived_is_settled_by_whoever_sends_it(
    cleverapp: Run, serve: Serve, write: Write
) -> None:
    """What is unknown goes out when it is asked for, but for what another line calls accepted."""
    serve()
    lines = told(1, "unknown"), told(2, "unknown"), told(2, "accepted"), told(1, "not_sent")
    ended = cleverapp("send", write("joined.jsonl", "".join(lines)), "--only", "unknown")
    assert [json.loads(line)["row"] for line in ended.out.splitlines()] == [1]


def test_rows_of_other_messages_are_no_joined_ones(
    cleverapp: Run, serve: Serve, write: Write
) -> None:
    """One number of a row in outcomes of two lists is two messages where they differ."""
    serve()
    lines = told(1, "accepted"), told(1, "not_sent", "b"), told(2, "not_sent")
    ended = cleverapp("send", write("joined.jsonl", "".join(lines)), "--only", "not_sent")
    assert [json.loads(line)["row"] for line in ended.out.splitlines()] == [1, 2]
