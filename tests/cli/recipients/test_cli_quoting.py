"""CSV whose quotation marks have blanks around them: read as it is meant, or told."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async.cli.recipients.csv import find_quoting, without_blanks

if TYPE_CHECKING:
    from tests.cli.command import Run, Serve, Write

FAST = ("--account-limit", "none")

VALUES = st.text(alphabet='ab,;"\n \t', max_size=8)


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        ('contact_id, text\n1, "a, b"\n2, "c"\n', ["a, b", "c"]),
        ('contact_id, "text"\n1, "a, ""b"""\n2, plain\n', ['a, "b"', "plain"]),
        ('contact_id; text\r\n1; "a; b" \r\n2; "c"\r\n', ["a; b", "c"]),
        ('contact_id, text\n"1", "a\nb, c"\n"2", "d"\n', ["a\nb, c", "d"]),
        ('contact_id,text\n1,"a, b"\n2, c\n', ["a, b", "c"]),
        ('contact_id,text\n1,say "hi"\n2,"a ""b"" , c"\n', ['say "hi"', 'a "b" , c']),
    ],
)
def test_blanks_before_quotation_marks(
    content: str, texts: list[str], cleverapp: Run, serve: Serve, write: Write
) -> None:
    """Where the whole file is written so they are no part of a value; other values stay whole."""
    simulator = serve()
    ended = cleverapp("send", write("r.csv", content), *FAST)
    assert ended.code == 0, ended.err
    sent = [str(one.parameters["text"]) for one in simulator.deliveries]
    assert sorted(sent) == sorted(texts)


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        ('contact_id,text\n1, "a, b"\n2,"c"\n', [2]),
        ('contact_id,text\n1,"a"\n2, "b"\n3,c\n4,d\n', [3]),
        ('contact_id,text\n1,a\n2, "b" c\n', [3]),
    ],
)
def test_blanks_before_some_quotation_marks(
    content: str, lines: list[int], cleverapp: Run, write: Write
) -> None:
    """Where only some are written so, nobody knows what is meant: these rows are faults."""
    path = write("r.csv", content)
    ended = cleverapp("send", path, "--dry-run")
    assert ended.code == 2
    for line in lines:
        assert f"{path}, line {line}: " in ended.err
    assert ended.err.count("quotation mark of a value") == 1


@pytest.mark.parametrize(
    "header",
    [
        'contact_id, "text"',
        '"contact_id", "text"',
        ' "contact_id", "text"',
        'contact_id,"text" ',
        'contact_id, "text" ',
        'contact_id,\t"text"',
        'contact_id, "text" , "a, note"',
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_header_with_blanks_before_its_quotation_marks(
    header: str, end: str, cleverapp: Run, serve: Serve, write: Write
) -> None:
    """Names are read without the blanks and the marks, also where the rows have no such blanks."""
    simulator = serve()
    more = ',"x, y"' if "note" in header else ""
    rows = [f'1,"a, b"{more}', f'2,"c"{more}']
    ended = cleverapp("send", write("r.csv", end.join([header, *rows, ""])), *FAST)
    assert ended.code == 0, ended.err
    sent = [str(one.parameters["text"]) for one in simulator.deliveries]
    assert sorted(sent) == ["a, b", "c"]


def test_a_name_in_a_header_may_hold_the_delimiter(
    cleverapp: Run, serve: Serve, write: Write
) -> None:
    """A name with a comma is one column, whatever stands before its quotation mark."""
    simulator = serve()
    path = write("r.csv", 'contact_id, "size, cm", "text"\n1,"5, 6","a, b"\n')
    ended = cleverapp("send", path, *FAST)
    assert ended.code == 0, ended.err
    assert [one.parameters["text"] for one in simulator.deliveries] == ["a, b"]
    ended = cleverapp(
        "send", write("s.csv", 'contact_id, "size, cm"\n1,"5, 6"\n'), *FAST, "--text", "{size, cm}"
    )
    assert ended.code == 0, ended.err
    assert simulator.deliveries[-1].parameters["text"] == "5, 6"


def test_a_header_that_stands_lower_may_have_blanks_too(
    cleverapp: Run, serve: Serve, write: Write
) -> None:
    """What stands above the header decides nothing of it."""
    simulator = serve()
    path = write("r.csv", 'Report,"May"\ncontact_id; "text"\n1;"a; b"\n')
    ended = cleverapp("send", path, "--header-row", "2", *FAST)
    assert ended.code == 0, ended.err
    assert [one.parameters["text"] for one in simulator.deliveries] == ["a; b"]


@pytest.mark.parametrize(
    "header", ['contact_id, "text', 'contact_id, "te"xt', 'contact_id, "a\nb", text']
)
def test_a_header_that_nobody_can_read_is_refused(
    header: str, cleverapp: Run, write: Write
) -> None:
    """A quotation mark behind a blank that opens no name is told with the header's line."""
    path = write("r.csv", f'{header}\n1,"a, b"\n')
    ended = cleverapp("send", path, "--dry-run", "--text", "Hi")
    assert ended.code == 2
    assert f"{path}, line 1" in ended.err
    assert "quot" in ended.err


@given(
    rows=st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=6),
    delimiter=st.sampled_from(",;"),
    blanks=st.sampled_from([" ", "\t", "   "]),
    after=st.booleans(),
)
def test_a_spaced_file_is_read_as_one_without_blanks(
    rows: list[tuple[str, str]], delimiter: str, blanks: str, *, after: bool
) -> None:
    """Whatever the values hold, blanks around the marks of all change nothing."""
    quoted = [[f'"{value.replace(chr(34), chr(34) * 2)}"' for value in row] for row in rows]
    end = blanks if after else ""
    text = "".join(f"{delimiter.join(f'{blanks}{one}{end}' for one in row)}\n" for row in quoted)
    lines = io.StringIO(text, newline="\n").readlines()
    assert find_quoting(lines, delimiter) == "spaced"
    whole = list(without_blanks(lines, delimiter))
    assert len(whole) == len(lines)
    assert [tuple(row) for row in csv.reader(whole, delimiter=delimiter, strict=True)] == rows


@given(st.lists(st.tuples(VALUES, VALUES), max_size=6))
def test_what_a_program_writes_is_never_doubted(rows: list[tuple[str, str]]) -> None:
    """A file of Python's own writer is plain, unless a bare value begins with blank and mark."""
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    assert find_quoting(io.StringIO(text.getvalue(), newline="\n").readlines(), ",") == "plain"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('"contact_id;text"\n"1;Hi"\n', 1),
        ('"contact_id,text,name"\n"1,""Hi, you"",A"\n', 1),
        ('contact_id,text\n2,Hi\n"1,Hi"\n', 3),
        ('contact_external_id;name\n"777;A"\n777;A\n', 2),
    ],
)
def test_lines_in_quotation_marks_as_a_whole(
    content: str, line: int, cleverapp: Run, serve: Serve, write: Write
) -> None:
    """Where a spreadsheet has put a line into one cell, the remedy is to take the marks away."""
    simulator = serve()
    options = ("--bot-id", "7", "--messenger", "telegram", "--text", "Hi")
    ended = cleverapp("send", write("r.csv", content), *options)
    assert ended.code == 2
    assert f"line {line}" in ended.err
    assert "quotation marks as a whole" in ended.err
    assert not simulator.arrivals


def test_one_column_whose_name_holds_the_delimiter(
    cleverapp: Run, serve: Serve, write: Write
) -> None:
    """A name in quotation marks is one name, where nothing else is meant."""
    simulator = serve()
    path = write("r.csv", '"№; клиента"\n5\n')
    ended = cleverapp("send", path, "--columns", "contact_id=№; клиента", "--text", "Hi")
    assert ended.code == 0, ended.err
    assert [str(one.parameters["contact_id"]) for one in simulator.arrivals] == ["5"]
