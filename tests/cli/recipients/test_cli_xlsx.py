from __future__ import annotations

import io
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest

from cleverapp_async.cli.recipients.rows import Fault, Row
from tests.cli.workbook import Raw, Workbook, computed, failed, refusal, table

if TYPE_CHECKING:
    from collections.abc import Sequence


RELATIONS = "xl/_rels/workbook.xml.rels"
SHEET = "xl/worksheets/sheet1.xml"


def records(*rows: Sequence[object] | None, shared: bool = True) -> list[Row | Fault]:
    """Read the records of a workbook's only sheet."""
    return list(table(Workbook({"Sheet1": rows}, shared=shared).content()).records)


def cell(value: object) -> str | None:
    """Read one cell: its text, or what is wrong with it."""
    (row,) = records(["contact_id", "a"], [1, value])
    assert isinstance(row, Row)
    return row.misfits.get("a", row.cells.get("a"))


@pytest.mark.parametrize("shared", [True, False])
def test_texts_are_read_as_they_stand(shared: bool) -> None:
    """Texts come out whole, wherever the file keeps them."""
    text = " Привет, <Анна> & Ко\n_x000D_ 'мир'\r\n"
    assert records(["contact_id", "text"], ["7", text], shared=shared) == [
        Row(1, 2, {"contact_id": "7", "text": text})
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (79991234567, "79991234567"),
        ("12345678901234567890", "12345678901234567890"),
        (999_999_999_999_999, "999999999999999"),
        (-5, "-5"),
        ("1.5", "1.5"),
        (Raw("", "<v>1.5</v>"), "1.5"),
        (Raw("", "<v>0.30000000000000004</v>"), "0.3"),
        (Raw("", "<v>1E-7</v>"), "0.0000001"),
        (True, "true"),
        (False, "false"),
        (date(2024, 2, 29), "2024-02-29"),
        (datetime(2024, 2, 29, 18, 30), "2024-02-29T18:30:00"),  # noqa: DTZ001 - as Excel has it
        (timedelta(hours=36, minutes=5), "36:05:00"),
        (computed("Hi & bye"), "Hi & bye"),
        (Raw("", "<f>1+1</f><v>2</v>"), "2"),
        ("  ", None),
        (Raw(' s="1"', ""), None),
    ],
)
def test_values_become_text(value: object, text: str | None) -> None:
    """A cell becomes what CSV would hold for it: ids without a point, times in ISO 8601."""
    assert cell(value) == text


@pytest.mark.parametrize("number", [10**15, 7999123456789012, -(10**15), 12345678901234567890])
def test_a_number_that_lost_digits_is_told(number: int) -> None:
    """A number of more than 15 digits is no id any more: the remedy is a column of text."""
    told = cell(number)
    assert told is not None
    assert "of which a spreadsheet keeps 15: format the column as text" in told


def test_an_error_is_no_empty_cell() -> None:
    """A formula that failed is told, not passed over; the other cells of its row stay."""
    (first, second) = records(["contact_id", "text"], [1, failed()], [failed("#REF!"), "Hi"])
    assert isinstance(first, Row)
    assert isinstance(second, Row)
    assert first == Row(
        1, 2, {"contact_id": "1"}, {"text": "text holds an error of the spreadsheet, such as #N/A"}
    )
    assert list(second.misfits) == ["contact_id"]
    assert second.cells == {"text": "Hi"}


def test_a_formula_without_a_value_is_no_empty_cell() -> None:
    """A formula that no program has computed yet is told, even where its row holds nothing else."""
    rows = records(["contact_id", "text"], [1, Raw("", "<f>A1</f><v></v>")], [Raw("", "<f>A1</f>")])
    told = "holds a formula that was never computed: open the file in a spreadsheet program and"
    assert [list(row.misfits) for row in rows if isinstance(row, Row)] == [["text"], ["contact_id"]]
    assert isinstance(rows[0], Row)
    assert rows[0].misfits["text"].startswith(f"text {told}")
    assert cell(Raw(' t="str"', '<f>""</f><v></v>')) is None


def test_the_header_is_the_first_row_with_anything() -> None:
    """Empty rows and columns around the table do not count; lines are the sheet's own."""
    content = Workbook(
        {"S": [None, [], [None, "contact_id", None, "text"], None, [None, 1, None, "Hi"], [" "]]}
    ).content()
    found = table(content)
    assert found.columns == ("contact_id", "text")
    assert found.header_line == 3
    assert list(found.records) == [Row(1, 5, {"contact_id": "1", "text": "Hi"})]


def test_a_value_without_a_header_is_a_fault() -> None:
    """A value under no name is told with its place."""
    fault = records(["contact_id"], [1], [2, None, "oops"])[1]
    assert isinstance(fault, Fault)
    assert fault.told("r.xlsx").startswith("r.xlsx, line 3: C3 holds something and has no header.")


def test_a_name_that_stands_twice_is_refused() -> None:
    """Two columns of one name cannot be told apart."""
    content = Workbook({"S": [None, ["a", "b", " a"]]}).content()
    assert "r.xlsx, line 2: the header names 'a' twice" in refusal(content)


def test_exported_cells_lose_their_apostrophe() -> None:
    """An export of contacts that went through a spreadsheet is read like the CSV it was."""
    (row,) = records(["contact_id", "name", "text"], [1, "'=Ann", "'=text"])
    assert isinstance(row, Row)
    assert row.cells == {"contact_id": "1", "name": "=Ann", "text": "'=text"}


def test_sheets_by_name() -> None:
    """The first sheet that is shown is read, or the one that is named; a wrong name lists them."""
    book = Workbook(
        {"Lists": [["x"]], "Юг": [["contact_id"], [1]], "B & <C>": [["contact_id"], [2]]},
        hidden=frozenset({"Lists"}),
    )
    content = book.content()
    assert table(content).columns == ("contact_id",)
    assert table(content, "Lists").columns == ("x",)
    assert next(table(content, "B & <C>").records) == Row(1, 2, {"contact_id": "2"})
    assert refusal(content, "Север") == (
        "r.xlsx has no sheet 'Север'. Its sheets are: Lists, Юг, B & <C>."
    )


def test_a_sheet_may_be_pointed_to_from_the_root() -> None:
    """Some writers name a sheet's place from the root of the file on."""
    book = Workbook({"S": [["contact_id"], [1]]})
    with ZipFile(io.BytesIO(book.content())) as archive:
        relations = archive.read(RELATIONS).decode()
    changed = relations.replace("worksheets/sheet1.xml", "/xl/worksheets/sheet1.xml")
    found = table(Workbook(book.sheets, changed={RELATIONS: changed}).content())
    assert list(found.records) == [Row(1, 2, {"contact_id": "1"})]


def test_cells_without_references_follow_each_other() -> None:
    """Writers may leave out where a cell stands: it is beside the one before."""
    sheet = (
        '<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        '<x:sheetData><x:row><x:c t="str"><x:v>contact_id</x:v></x:c><x:c t="str"><x:v>text</x:v>'
        '</x:c></x:row><x:row/><x:row><x:c><x:v>5</x:v></x:c><x:c t="e"><x:v>#N/A</x:v></x:c>'
        "</x:row></x:sheetData></x:worksheet>"
    )
    (row,) = table(Workbook({"S": [[]]}, changed={SHEET: sheet}).content()).records
    assert isinstance(row, Row)
    assert row.cells == {"contact_id": "5"}
    assert list(row.misfits) == ["text"]
    assert row.line == 3


@pytest.mark.parametrize("rows", [[], [[" "]], [None, [Raw(' s="1"', "")]]])
def test_an_empty_sheet_is_told(rows: list[list[object] | None]) -> None:
    """A sheet without values is refused with the remedy."""
    assert "r.xlsx, sheet 'S': it is empty" in refusal(Workbook({"S": rows}).content())
