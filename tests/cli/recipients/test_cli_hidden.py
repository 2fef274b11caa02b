"""What a spreadsheet hides is neither sent nor left out unasked."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.workbook import Workbook

if TYPE_CHECKING:
    from tests.cli.command import Run, Serve, Write

ROWS: list[list[object] | None] = [
    ["contact_id", "name", "note"],
    [1, "Anna", "x"],
    [2, "Petr", "y"],
    [3, "Oleg", "z"],
]
TEXT = ("--text", "Hi {Name}")
HIDDEN_ROWS = {
    "filtered": {3: 'hidden="1"', 4: 'hidden="1"'},
    "true": {3: 'hidden="true"', 4: 'hidden="1"'},
    "flat": {3: 'ht="0" customHeight="1"', 4: 'ht="0.0"'},
}


def hides(column: int, kind: str = 'hidden="1"') -> str:
    """Give the element that hides a column."""
    return f'<cols><col min="{column}" max="{column}" {kind}/></cols>'


@pytest.mark.parametrize("kind", HIDDEN_ROWS)
def test_hidden_rows_need_a_decision(cleverapp: Run, serve: Serve, write: Write, kind: str) -> None:
    """Where nobody can be asked nothing is sent; --hidden decides, and is told."""
    simulator = serve()
    path = write("r.xlsx", Workbook({"S": ROWS}, rows=HIDDEN_ROWS[kind]).content())
    ended = cleverapp("send", path, *TEXT)
    assert ended.code == 2
    assert path in ended.err
    assert "2 rows (first row 3)" in ended.err
    assert "--hidden" in ended.err
    assert len(simulator.arrivals) == 0
    ended = cleverapp("send", path, *TEXT, "--hidden", "skip")
    assert ended.code == 0, ended.err
    assert "left out: 2 rows" in ended.err
    assert [one.parameters["contact_id"] for one in simulator.deliveries] == ["1"]
    ended = cleverapp("send", path, *TEXT, "--hidden", "send")
    assert ended.code == 0
    assert len(simulator.deliveries) == 4


def test_a_hidden_header_hides_nobody(cleverapp: Run, write: Write) -> None:
    """The header may be hidden, and rows that hold nothing."""
    rows = {1: 'hidden="1"', 5: 'hidden="1"', 9: 'hidden="1"'}
    path = write("r.xlsx", Workbook({"S": [*ROWS, []]}, rows=rows).content())
    assert cleverapp("send", path, *TEXT, "--dry-run").code == 0


@pytest.mark.parametrize("kind", ['hidden="1"', 'width="0" customWidth="1"'])
def test_hidden_columns_count_where_they_are_needed(
    cleverapp: Run, write: Write, kind: str
) -> None:
    """A hidden column of the template is asked for; one that nothing uses is not."""
    path = write("r.xlsx", Workbook({"S": ROWS}, columns=hides(2, kind)).content())
    ended = cleverapp("send", path, *TEXT, "--dry-run")
    assert ended.code == 2
    assert "'name'" in ended.err
    assert cleverapp("send", path, *TEXT, "--dry-run", "--hidden", "send").code == 0
    assert cleverapp("send", path, "--text", "Hi", "--dry-run", "--hidden", "skip").code == 0
    ended = cleverapp("send", path, *TEXT, "--dry-run", "--hidden", "skip")
    assert ended.code == 2
    assert "no column 'Name'" in ended.err
    other = write("o.xlsx", Workbook({"S": ROWS}, columns=hides(3, kind)).content())
    assert cleverapp("send", other, *TEXT, "--dry-run").code == 0


def test_a_hidden_twin_is_left_out(cleverapp: Run, write: Write) -> None:
    """A hidden column that means the same as another does no harm where it is skipped."""
    rows: list[list[object] | None] = [["contact_id", "Text", "Текст"], [1, "new", "old"]]
    path = write("r.xlsx", Workbook({"S": rows}, columns=hides(3)).content())
    assert cleverapp("send", path, "--dry-run", "--hidden", "skip").code == 0
    assert cleverapp("send", path, "--dry-run", "--hidden", "send").code == 2


def test_hidden_sheets_are_told(cleverapp: Run, write: Write) -> None:
    """Hidden sheets are passed over and named; one that is named by --sheet is read."""
    book = Workbook({"A": ROWS, "B": ROWS[:2]}, hidden=frozenset("A"))
    path = write("r.xlsx", book.content())
    ended = cleverapp("send", path, *TEXT, "--dry-run")
    assert ended.code == 0
    assert "'A'" in ended.err
    assert cleverapp("send", path, *TEXT, "--dry-run", "--sheet", "A").code == 0
    path = write("r.xlsx", Workbook({"A": ROWS}, hidden=frozenset("A")).content())
    assert cleverapp("send", path, *TEXT, "--dry-run").code == 2
    assert cleverapp("send", path, *TEXT, "--dry-run", "--hidden", "skip").code == 2
    assert cleverapp("send", path, *TEXT, "--dry-run", "--hidden", "send").code == 0


def test_only_spreadsheets_hide(cleverapp: Run, write: Write) -> None:
    """The option is refused where nothing can be hidden."""
    path = write("r.csv", "contact_id\n1\n")
    assert cleverapp("send", path, "--text", "Hi", "--dry-run", "--hidden", "skip").code == 2


@pytest.mark.parametrize(("answer", "code", "told"), [("skip", 0, b"left out"), ("\x03", 130, b"")])
def test_on_a_terminal_it_is_asked(
    write: Write, environment: dict[str, str], answer: str, code: int, told: bytes
) -> None:
    """On a terminal the choice is asked for, and Ctrl-C is an answer too."""
    path = write("r.xlsx", Workbook({"S": ROWS}, rows=HIDDEN_ROWS["true"]).content())
    ours, theirs = pty.openpty()
    command = (sys.executable, "-m", "cleverapp_async", "send", path, *TEXT, "--dry-run")
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
    ) as process:
        os.close(theirs)
        shown = b""
        while b"(send, skip)" not in shown:
            shown += os.read(ours, 4096)
        if answer == "\x03":
            process.send_signal(2)
        else:
            os.write(ours, f"{answer}\n".encode())
        try:
            while more := os.read(ours, 4096):
                shown += more
        except OSError:
            pass  # Linux says so when the other end is closed.
        assert process.wait(20) == code
    os.close(ours)
    assert b"2 rows (first row 3)" in shown
    assert told in shown
