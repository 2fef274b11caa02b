from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
from codecs import BOM_UTF8
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from cleverapp_async._imports import missing_extra
from cleverapp_async.bulk.report.csv import escape
from cleverapp_async.cli.doctor.checks import check_packages
from cleverapp_async.cli.errors import BadInputError
from cleverapp_async.cli.recipients.messages import Defaults
from cleverapp_async.cli.recipients.source import open_source
from cleverapp_async.cli.recipients.template import Template
from cleverapp_async.cli.send.plan import Wanted, make_plan
from tests.cli.workbook import Workbook
from tests.laws import examples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cleverapp_async import Message
    from tests.cli.command import Run, Serve, Write

HEADER = ("contact_id", "name", "text")
PEOPLE: tuple[tuple[str, str | None, str | None], ...] = (
    ("1", "Анна", None),
    ("2", "=Борис", "Своё"),
    ("3", "Вера", None),
)
WANTED = Wanted(defaults=Defaults(text=Template.parse("Hi, {contact_id}!")))
FORMATS = ("csv", "jsonl", "xlsx", "parquet")

Person = tuple[str, str | None, str | None]


def written(form: str, people: Sequence[Person] = PEOPLE, *, shared: bool = True) -> bytes:
    """Write rows in one of the formats."""
    if form == "jsonl":
        told = (dict(zip(HEADER, row, strict=True)) for row in people)
        return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in told).encode()
    if form == "parquet":
        columns = zip(*people, strict=True)
        names = zip(HEADER, columns, strict=True)
        table = pa.table({name: pa.array(column, pa.string()) for name, column in names})
        buffer = io.BytesIO()
        parquet.write_table(table, buffer, row_group_size=2)
        return buffer.getvalue()
    # What a spreadsheet would compute has an apostrophe in an export of contacts.
    marked = [(row[0], escape(row[1] or ""), row[2]) for row in people]
    if form == "xlsx":
        return Workbook({"S": [HEADER, *marked]}, shared=shared).content()
    text = io.StringIO(newline="")
    csv.writer(text).writerows([HEADER, *marked])
    return text.getvalue().encode()


def messages(path: str) -> list[Message]:
    """Check a file and read it again, as a send does."""
    with open_source(path, None) as source:
        plan = make_plan(source, WANTED)
        assert not plan.faults
        return [planned.message for planned in plan.messages()]


# XML holds no other control characters; a lone carriage return ends a line of CSV.
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn")), max_size=30)
ROWS = st.lists(
    st.tuples(
        st.integers(1, 10**18 - 1).map(str),
        st.none() | TEXTS,
        st.none() | TEXTS.map(lambda text: f"a{text}\nb"),
    ),
    min_size=1,
    max_size=8,
)


@examples(50)
@given(people=ROWS, shared=st.booleans())
def test_all_formats_give_the_same_messages(people: list[Person], shared: bool) -> None:
    """Rows make the same messages, whichever format they are written in."""
    with TemporaryDirectory() as folder:
        found: list[list[Message]] = []
        for form in FORMATS:
            path = Path(folder) / f"r.{form}"
            content = written(form, people, shared=shared)
            # In a text file, which might be in another encoding, a mark at its start decides.
            path.write_bytes(content if form in {"xlsx", "parquet"} else BOM_UTF8 + content)
            found.append(messages(str(path)))
    assert len(found[0]) == len(people)
    assert all(one == found[0] for one in found)


@pytest.mark.parametrize("form", ["xlsx", "parquet"])
def test_sends_a_file(cleverapp: Run, serve: Serve, write: Write, form: str) -> None:
    """A workbook or a Parquet file is checked, then sent, each row with its own line."""
    simulator = serve()
    path = write(f"r.{form}", written(form))
    ended = cleverapp("send", path, "--text", "Hi, {name}!", "--account-limit", "none")
    assert ended.code == 0
    found = {record["row"]: record for record in map(json.loads, ended.out.splitlines())}
    assert [found[row]["text"] for row in (1, 2, 3)] == ["Hi, Анна!", "Своё", "Hi, Вера!"]
    assert found[3]["line"] == (4 if form == "xlsx" else 3)
    assert len(simulator.deliveries) == 3


@pytest.mark.parametrize("form", FORMATS)
def test_standard_input_is_recognised(cleverapp: Run, form: str) -> None:
    """What comes by standard input has no suffix: its first bytes tell."""
    ended = cleverapp("send", "-", "--text", "Hi", "--dry-run", stdin=written(form))
    assert ended.code == 0, ended.err
    assert "3" in ended.out


def test_a_sheet_can_be_named(cleverapp: Run, write: Write) -> None:
    """`--sheet` chooses; a wrong one lists those there are, and other formats have none."""
    path = write("r.xlsx", Workbook({"A": [["x"]], "B": [["contact_id"], [5]]}).content())
    command = ("send", path, "--text", "Hi", "--dry-run")
    assert cleverapp(*command, "--sheet", "B").code == 0
    wrong = cleverapp(*command, "--sheet", "C")
    assert wrong.code == 2
    assert "A, B." in wrong.err
    text = cleverapp("send", write("r.csv", "contact_id\n1\n"), "--dry-run", "--sheet", "B")
    assert text.code == 2
    assert "--sheet " in text.err


def test_faults_have_the_line_of_the_sheet(cleverapp: Run, write: Write) -> None:
    """A header that addresses nobody, and a row that does not, are told with the sheet's rows."""
    nobody = write("a.xlsx", Workbook({"S": [None, ["who"], ["x"]]}).content())
    assert (
        "a.xlsx, line 2: no column addresses a recipient"
        in cleverapp("send", nobody, "--dry-run", "--text", "Hi").err
    )
    rows = [["contact_id"], None, None, [1234567890123456]]
    lost = cleverapp(
        "send", write("b.xlsx", Workbook({"S": rows}).content()), "--dry-run", "--text", "Hi"
    )
    assert lost.code == 2
    told = " ".join(lost.err.split())
    assert "line 4, contact_id: contact_id is a number of more than 15 digits" in told
    assert "format the column as text" in told


@pytest.mark.parametrize(
    ("name", "content", "form"),
    [
        ("r.XLSX", b"", "xlsx"),
        ("r.xlsm", b"", "xlsx"),
        ("r.xls", b"", "xlsx"),
        ("r.parquet", b"", "parquet"),
        ("r", written("xlsx"), "xlsx"),
        ("r.dat", written("parquet"), "parquet"),
        ("r", b"PARE", "parquet"),
        ("r", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xlsx"),
    ],
)
def test_the_format_is_guessed(write: Write, name: str, content: bytes, form: str) -> None:
    """The suffix tells the format, or else the first bytes."""
    with open_source(write(name, content), None) as source:
        assert source.format == form


@pytest.mark.parametrize(
    ("form", "module", "told"),
    [("xlsx", "python_calamine", "XLSX"), ("parquet", "pyarrow", "Parquet")],
)
def test_without_the_extra_it_is_named(
    write: Write, monkeypatch: pytest.MonkeyPatch, form: str, module: str, told: str
) -> None:
    """Where the extra is not installed the command that installs it is told."""
    monkeypatch.setitem(sys.modules, module, None)
    path = write(f"r.{form}", written(form))
    with open_source(path, None) as source, pytest.raises(BadInputError) as caught:
        source.table()
    assert str(caught.value) == f"{path}: {missing_extra(told, 'files')}."


@pytest.mark.parametrize("form", ["xlsx", "parquet"])
def test_a_file_that_changed_is_refused(write: Write, form: str) -> None:
    """A file of another size or time of change is not sent at all."""
    path = write(f"r.{form}", written(form))
    with open_source(path, None) as source:
        plan = make_plan(source, WANTED)
        write(f"r.{form}", written(form, PEOPLE[:2]))
        with pytest.raises(BadInputError, match=re.escape(path)):
            next(plan.messages())


def test_a_sheet_stays_what_was_checked(write: Write) -> None:
    """A sheet is in memory: what is written over it while it is sent changes no message."""
    path = write("r.xlsx", written("xlsx"))
    with open_source(path, None) as source:
        plan = make_plan(source, WANTED)
        status = Path(path).stat()
        Path(path).write_bytes(bytes(status.st_size))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        assert [planned.message.contact_id for planned in plan.messages()] == [1, 2, 3]


def test_a_parquet_file_that_is_changed_unseen_is_refused(write: Write) -> None:
    """Other content of the same size and time of change is found by its digest."""
    people = [(str(number), None, "Hi") for number in range(1001, 3001)]
    path = write("r.parquet", written("parquet", people))
    others = written("parquet", [*people[:-1], ("9999", None, "Hi")])
    with open_source(path, None) as source:
        plan = make_plan(source, WANTED)
        status = Path(path).stat()
        assert len(others) == status.st_size
        Path(path).write_bytes(others)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        given = plan.messages()
        assert len([next(given) for _ in range(1000)]) == 1000
        with pytest.raises(BadInputError, match=r"\b1001\b"):
            next(given)


def test_doctor_asks_for_no_extra_of_files() -> None:
    """Without the extra `files` nothing is wrong; a release of it that is too old is told."""
    versions = {"cleverapp-async": "0.1.0", "pyarrow": "17.0.0"}

    def installed(name: str) -> str:
        if name not in versions:
            raise PackageNotFoundError
        return versions[name]

    wanted = ["pyarrow>=18.0; extra == 'files'", 'python-calamine>=0.5.4; extra == "files"']
    assert check_packages(lambda _: wanted[1:], installed).told == "cleverapp-async 0.1.0"
    assert check_packages(lambda _: wanted, installed).told == "pyarrow 17.0.0 is older than 18.0"
