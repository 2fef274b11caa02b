"""Cells of XLSX that show something else than they hold: read as they are shown, or told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from cleverapp_async.cli.recipients.rows import Row
from tests.cli.workbook import Raw, Workbook, refusal, table

if TYPE_CHECKING:
    from tests.cli.command import Run, Serve, Write

TEXT = ("--text", "Hi")
HEADER = ("bot_id", "phone", "text")


def row_of(*cells: object) -> Row:
    """Read a sheet of a header and one row."""
    (row,) = table(Workbook({"A": (HEADER, cells)}).content()).records
    assert isinstance(row, Row)
    return row


@pytest.mark.parametrize("written", ["7.9991234567E10", "7.9991234567e+10", "79991234567.0"])
def test_a_number_in_exponent_form_is_that_number(written: str) -> None:
    """How the file writes a number does not matter: its digits are read."""
    row = row_of(7, Raw("", f"<v>{written}</v>"), "Hi")
    assert row.cells["phone"] == "79991234567"


@pytest.mark.parametrize(
    "cell",
    [
        Raw("", "<f>A1</f>"),
        Raw("", "<f>A1</f><v/>"),
        Raw(' t="str"', "<f>A1</f>"),
        Raw(' t="b"', "<f>A1</f>"),
    ],
)
def test_a_formula_without_its_value_is_no_empty_cell(
    cell: Raw, cleverapp: Run, write: Write
) -> None:
    """Nobody computed it: the row would get the default text, and is a fault with its cell."""
    book = Workbook({"A": [("contact_id", "text", "z"), (1, cell, "z"), (2, "Hi", cell)]})
    path = write("r.xlsx", book.content())
    ended = cleverapp("send", path, *TEXT, "--dry-run")
    assert ended.code == 2
    assert f"{path}, line 2, text: " in ended.err
    assert "line 3" not in ended.err


def test_a_formula_that_came_to_nothing_is_an_empty_cell() -> None:
    """An empty text is a value: the cell is empty as the spreadsheet shows it."""
    row = row_of(7, "79991234567", Raw(' t="str"', '<f>IF(1,"")</f><v></v>'))
    assert not row.misfits


@pytest.mark.parametrize("merged", ["C2:C3", "B2:C3 A1:A1", "C2:C1048576"])
def test_a_merged_cell_is_no_empty_cell(merged: str, cleverapp: Run, write: Write) -> None:
    """A text that is shown for several rows is held by one: the others are faults, by cell."""
    book = Workbook(
        {"A": [("contact_id", "z", "text"), (1, "x", "Hi"), (2, "y"), (3,)]}, merged=merged
    )
    path = write("r.xlsx", book.content())
    ended = cleverapp("send", path, *TEXT, "--dry-run")
    assert ended.code == 2
    assert f"{path}, line 3, text: " in ended.err
    assert "C3" in ended.err
    assert "line 2" not in ended.err


def test_merged_cells_that_nothing_uses_are_no_fault(cleverapp: Run, write: Write) -> None:
    """A merged title above the header, and merged cells of a column of one's own, are let be."""
    rows = [("List", None, None), ("contact_id", "text", "town"), (1, "Hi", "Omsk"), (2, "Hi")]
    book = Workbook({"A": rows}, merged="A1:C1 C3:C4")
    path = write("r.xlsx", book.content())
    assert cleverapp("send", path, "--dry-run", "--header-row", "2").code == 0


@pytest.mark.parametrize(
    "attributes", ['hidden="1"', 'ht="0" customHeight="1"', 'hidden="true"', "zero"]
)
def test_rows_without_height_are_hidden(attributes: str, cleverapp: Run, write: Write) -> None:
    """However a row is hidden, by itself or as all rows are by default, it is asked for."""
    rows = {3: attributes}
    book = Workbook({"A": [("contact_id",), (1,), (2,), (3,)]}, rows=rows, shared=False)
    if attributes == "zero":
        shown = 'ht="15" customHeight="1"'
        book = Workbook(
            book.sheets,
            rows={1: shown, 2: 'hidden="0"', 4: shown},
            columns='<sheetFormatPr defaultRowHeight="15" zeroHeight="1"/>',
        )
    path = write("r.xlsx", book.content())
    ended = cleverapp("send", path, *TEXT, "--dry-run")
    assert ended.code == 2
    assert "1 row (first row 3)" in ended.err
    skipped = cleverapp("send", path, *TEXT, "--dry-run", "--hidden", "skip")
    assert skipped.code == 0
    assert re.search(r"account +2 ", skipped.out)


def test_sheets_that_are_not_read_are_named(cleverapp: Run, serve: Serve, write: Write) -> None:
    """Of several sheets the first is read; the others are named where they hold anything."""
    serve()
    book = Workbook({"A": [("contact_id",), (1,)], "B": [("contact_id",), (2,)], "Empty": []})
    path = write("r.xlsx", book.content())
    ended = cleverapp("send", path, *TEXT, "--dry-run")
    assert ended.code == 0
    assert "'B'" in ended.err
    assert "--sheet" in ended.err
    assert "'Empty'" not in ended.err
    assert "'B'" not in cleverapp("send", path, *TEXT, "--dry-run", "--sheet", "A").err
    assert cleverapp("send", path, *TEXT, "-q").err == ""


@pytest.mark.parametrize("name", ["r.xlsx", "r.xls"])
@pytest.mark.parametrize("content", [b"<html><table></table></html>", b"contact_id\ttext\n1\tHi\n"])
def test_what_is_no_workbook_has_a_remedy(name: str, content: bytes, write: Write) -> None:
    """A page or a text under the name of a workbook is told, with both ways out."""
    del name, write
    told = refusal(content)
    assert "XLSX" in told
    assert "--input-format csv" in told


def test_blanks_that_recipients_would_see(cleverapp: Run, serve: Serve, write: Write) -> None:
    """A cell that a template takes with a blank at its end is told; the text is sent as it is."""
    simulator = serve()
    book = Workbook({"A": [("contact_id", "name"), (1, "Anna\u00a0"), (2, "Petr")]})
    ended = cleverapp("send", write("r.xlsx", book.content()), "--text", "{name}!", "-q")
    assert ended.code == 0
    assert "1 row (first in line 2)" in ended.err
    assert {one.parameters["text"] for one in simulator.deliveries} == {"Anna\u00a0!", "Petr!"}
