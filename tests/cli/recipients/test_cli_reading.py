from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cleverapp_async.cli.errors import BadInputError
from cleverapp_async.cli.recipients.csv import read_csv
from cleverapp_async.cli.recipients.rows import Fault, Row, Table
from cleverapp_async.cli.recipients.source import open_source, read_jsonl

if TYPE_CHECKING:
    from tests.cli.command import Run, Serve, Write


def csv_table(text: str) -> Table:
    """Read CSV from a text."""
    return read_csv("r.csv", iter(text.splitlines(keepends=True)))


def rows(table: Table) -> list[Row]:
    """Give the rows of a table without faults."""
    records = list(table.records)
    assert all(isinstance(record, Row) for record in records)
    return [record for record in records if isinstance(record, Row)]


def jsonl(text: str) -> list[Row | Fault]:
    """Read JSON lines from a text."""
    return list(read_jsonl("r.jsonl", iter(text.splitlines(keepends=True))).records)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    """Any of the four delimiters is recognised by the header."""
    text = "contact_id,text\n1,Hi\n".replace(",", delimiter)
    assert rows(csv_table(text)) == [Row(1, 2, {"contact_id": "1", "text": "Hi"})]


def test_the_delimiter_that_makes_known_columns_is_it() -> None:
    """A header cell with another delimiter in it does not mislead."""
    table = csv_table('contact_id;"a,b,c,d"\n1;x\n')
    assert table.columns == ("contact_id", "a,b,c,d")


def test_a_row_knows_its_line() -> None:
    """Line breaks in quotes and blank lines count for the line, not for the row's number."""
    found = rows(csv_table('id,text\n\n1,"a\nb"\n\n2,c\n'))
    assert [(row.number, row.line, row.cells["text"]) for row in found] == [
        (1, 3, "a\nb"),
        (2, 6, "c"),
    ]


def test_blank_cells_are_absent() -> None:
    """A cell of white space is as good as none."""
    assert rows(csv_table("a,b\n1,  \n"))[0].cells == {"a": "1"}


@pytest.mark.parametrize(("line", "told"), [("1", "1 cell where"), ("1,2,3", "3 cells where")])
def test_a_row_of_another_width_is_a_fault(line: str, told: str) -> None:
    """A row must have as many cells as the header."""
    (fault,) = csv_table(f"a,b\n{line}\n").records
    assert isinstance(fault, Fault)
    assert told in fault.told("r.csv")
    assert fault.line == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "r.csv is empty"),
        ("\na,b\n", "line 1: it is blank"),
        ("a,,b\n", "column 2 of the header has no name"),
        ("a,b,a\n", "the header names 'a' twice"),
        ('a,"b\n', "line 1: the quoting is broken"),
    ],
)
def test_refuses_headers(text: str, told: str) -> None:
    """A header that cannot be used is refused with its place."""
    with pytest.raises(BadInputError) as caught:
        csv_table(text)
    assert told in str(caught.value)


@pytest.mark.parametrize("text", ['a,b\n1,2\n3,"4\n5,6\n', 'a,b\n1,2\n3,"4"x\n'])
def test_broken_quoting_ends_it(text: str) -> None:
    """Where a quote is not closed nobody knows what follows: the whole file is refused."""
    with pytest.raises(BadInputError, match=r"r\.csv, line 3: the quoting is broken"):
        list(csv_table(text).records)


def test_json_lines() -> None:
    """Each object is a row; numbers keep their digits, null and blanks are absent."""
    text = '{"contact_id": 12345678901234567890, "p": 1.50, "n": null, "e": " "}\n\n{"text": "Ы"}\n'
    assert jsonl(text) == [
        Row(1, 1, {"contact_id": "12345678901234567890", "p": "1.50"}),
        Row(2, 3, {"text": "Ы"}),
    ]


def test_what_is_neither_text_nor_number_is_told() -> None:
    """Nested values and booleans are kept apart until somebody needs them."""
    (row,) = jsonl('{"text": {"a": 1}, "b": true}')
    assert isinstance(row, Row)
    assert row.misfits == {
        "text": "text is neither text nor a number",
        "b": "b is neither text nor a number",
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"a": 1', "no JSON at character 8"),
        ("7", "no JSON object"),
        ("[" * 100_000, "nested too deeply"),
        ('{"contact_id": 1, "text": "a", "contact_id": 2}', "'contact_id'"),
        ('{"contact_id": 1, "own": {"a": 1, "a": 1}}', "'a'"),
    ],
)
def test_broken_lines_are_faults(text: str, told: str) -> None:
    """A line that is no JSON object is a fault of that line alone."""
    fault = jsonl('{"a": "b"}\n' + text)[1]
    assert isinstance(fault, Fault)
    assert told in fault.told("r.jsonl")


def test_a_json_array_is_refused() -> None:
    """An array gets the way to make lines of it."""
    with pytest.raises(BadInputError, match=r"jq -c"):
        jsonl('[{"contact_id": 1}]')


def test_utf8_with_its_mark(write: Write) -> None:
    """A byte order mark does not become part of the first column."""
    path = write("r.csv", "contact_id,город\n1,Омск\n".encode("utf-8-sig"))
    with open_source(path, None) as source:
        assert source.table().columns == ("contact_id", "город")
        assert rows(source.table())[0].cells["город"] == "Омск"


@pytest.mark.parametrize(
    ("name", "content", "form"),
    [
        ("r.csv", "{", "csv"),
        ("r.NDJSON", "a,b", "jsonl"),
        ("r.txt", '\ufeff {"a": 1}', "jsonl"),
        ("r", "a,b", "csv"),
    ],
)
def test_the_format_is_guessed(write: Write, name: str, content: str, form: str) -> None:
    """The suffix tells the format, or else the first character."""
    with open_source(write(name, content), None) as source:
        assert source.format == form


def test_the_format_can_be_given(write: Write) -> None:
    """A format that is given goes before the suffix."""
    with open_source(write("r.csv", '{"a": "b"}'), "jsonl") as source:
        assert rows(source.table())[0].cells == {"a": "b"}


def test_a_missing_file_is_told() -> None:
    """A file that cannot be opened is named with the reason."""
    with (
        pytest.raises(BadInputError, match=r"nowhere\.csv cannot be read: No such file"),
        open_source("nowhere.csv", None),
    ):
        pytest.fail("it was opened")


def test_a_file_that_another_program_holds_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that may not be read, such as one that Excel has open on Windows, has a remedy."""

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with (
        pytest.raises(BadInputError, match=r"held\.csv cannot be read.* another program"),
        open_source("held.csv", None),
    ):
        pytest.fail("it was opened")


def test_quiet_leaves_out_what_is_information(cleverapp: Run, serve: Serve, write: Write) -> None:
    """How encoding and columns are read goes; what may send a wrong text remains, and errors."""
    serve()
    rows = "Телефон;bot_id;примечание\n89991234567;7;Позвонить после обеда\n+7 000 000-00-01;7;\n"
    path = write("r.csv", rows.encode("cp1251"))
    fast = ("--account-limit", "none", "--limit", "sendMessageToWhatsApp=none")
    loud = cleverapp("send", path, "--text", "Hi", "--dry-run", *fast)
    assert "cp1251" in loud.err
    assert "'Телефон' as phone" in loud.err
    quiet = cleverapp("send", path, "--text", "Hi", *fast, "-q")
    assert quiet.code == 0
    assert "cp1251" not in quiet.err
    assert "Телефон" not in quiet.err
    assert [line.split(":")[0] for line in quiet.err.splitlines()] == ["Warning"]
    assert "--phone-region" in loud.err
    assert "--phone-region" not in quiet.err
    slip = write("slip.csv", "contact_id,nmae,note\n1,Anna,x\n")
    told = cleverapp("send", slip, "--text", "Hi", "-q").err
    assert "nmae" in told
    assert "note" not in told
    earlier = write("o.jsonl", '{"outcome": "accepted", "contact_id": 1, "text": "Hi"}\n')
    assert cleverapp("send", earlier, "--only", "not_sent", "-q").err == ""
    bad = cleverapp("send", write("b.csv", "contact_id\nx\n"), "--text", "Hi", "-q")
    assert bad.code == 2
    assert "line 2" in bad.err


@pytest.mark.parametrize("error", ["#N/A", " #н/д", "#ССЫЛКА!", "#DIV/0!", "#ЗНАЧ!", "########"])
@pytest.mark.parametrize("column", ["contact_id", "text", "город"])
def test_an_error_of_a_spreadsheet_in_a_csv_is_a_fault(
    cleverapp: Run, serve: Serve, write: Write, error: str, column: str
) -> None:
    """What a spreadsheet shows in place of a value is neither an address nor a part of a text."""
    simulator = serve()
    cells = {"contact_id": "1", "text": "", "город": "Омск", column: error}
    rows = ";".join(cells) + "\n" + ";".join(cells.values()) + "\n2;;Томск\n"
    faults = write("faults.csv", "") + ".new"
    ended = cleverapp(
        *("send", write("r.csv", rows), "--text", "Здравствуйте, {город}!", "--skip-bad-rows"),
        *("--faults", faults),
    )
    assert ended.code == 1
    assert f"line 2, {column}: {column} holds an error of the spreadsheet" in ended.err
    assert error.strip() in Path(faults).read_text(encoding="utf-8-sig")
    assert [a.parameters["text"] for a in simulator.arrivals] == ["Здравствуйте, Томск!"]


@pytest.mark.parametrize("text", ["#", "##", "#АКЦИЯ!", "#N/A?", "Скидка #1", "### a ###"])
def test_a_sign_of_numbers_is_no_error(
    cleverapp: Run, serve: Serve, write: Write, text: str
) -> None:
    """A text with the same sign is sent as it stands, and so is an error that nothing uses."""
    simulator = serve()
    rows = f"contact_id;text;note\n1;{text};#N/A\n"
    assert cleverapp("send", write("r.csv", rows)).code == 0
    assert [arrival.parameters["text"] for arrival in simulator.arrivals] == [text]


@pytest.mark.parametrize("column", ["text", "город"])
def test_a_zero_byte_is_a_fault(cleverapp: Run, serve: Serve, write: Write, column: str) -> None:
    """JSON can spell what no text holds, and no list that is made of the outcomes could."""
    simulator = serve()
    row = json.dumps({"contact_id": 1, column: "a\0b"})
    ended = cleverapp("send", write("r.jsonl", row), "--text", "{город}")
    assert ended.code == 2
    assert f"line 1, {column}: {column} holds a zero byte" in ended.err
    assert not simulator.arrivals
