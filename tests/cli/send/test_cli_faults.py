"""Faults by kind, all of them in a file, and texts that are not meant as they are written."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cleverapp_async.cli.recipients.rows import Fault
from cleverapp_async.cli.send.faults import FaultCounts

if TYPE_CHECKING:
    from tests.cli.command import Run, Serve, Write

LIST = (
    "bot_id,messenger,contact_external_id,phone,contact_id,name\n"
    "7,telegram,1,,,Anna\n"
    "7,,,79991,,Petr\n"
    "7,,,7999123,,=Oleg\n"
    ",,,,=x,\n"
    "7,tg,1,,,Anna\n"
    "7,,,799912,,Vera\n"
)


def test_faults_are_told_by_kind(cleverapp: Run, write: Write) -> None:
    """The first fault of each kind has its place; of the others the lines are told."""
    path = write("r.csv", LIST)
    ended = cleverapp("send", path, "--text", "Hi {name}")
    assert ended.code == 2
    told = [line for line in ended.err.splitlines() if line.startswith(path)]
    assert [line.removeprefix(path).split(":")[0] for line in told] == [
        ", line 3, phone",
        ", line 5, name",
        ", line 5, contact_id",
        ", line 6, messenger",
    ]
    assert "The same in 2 more, in line 4, 7." in told[0]
    assert "5 rows are faulty" in ended.err


def test_faults_with_another_remedy_are_another_kind(cleverapp: Run, write: Write) -> None:
    """Nobody is told to write telegram where whatsapp is meant."""
    path = write("r.csv", "bot_id,messenger,contact_external_id\n7,tg,1\n7,ватсап,79991234567\n")
    told = cleverapp("send", path, "--text", "Hi", "--dry-run").err
    assert "Write telegram" in told
    assert "Write whatsapp" in told


def test_all_faults_are_in_a_file(cleverapp: Run, write: Write, tmp_path: Path) -> None:
    """`--faults` lists line, field, fault and value; no cell of it is a formula."""
    path, faults = write("r.csv", LIST), tmp_path / "faults.csv"
    command = ("send", path, "--text", "Hi {name}", "--dry-run", "--faults", str(faults))
    assert cleverapp(*command, "--skip-bad-rows").code == 1
    rows = list(csv.DictReader(io.StringIO(faults.read_text("utf-8-sig"))))
    assert [(row["line"], row["field"], row["value"]) for row in rows] == [
        ("3", "phone", "79991"),
        ("4", "phone", "7999123"),
        ("5", "name", ""),
        ("5", "contact_id", "'=x"),
        ("6", "messenger", "tg"),
        ("7", "phone", "799912"),
    ]
    assert all(row["fault"] for row in rows)
    assert faults.stat().st_mode & 0o077 == 0
    again = cleverapp(*command)
    assert again.code == 2
    assert f"--faults {faults}" in again.err


def test_without_a_fault_there_is_no_file(cleverapp: Run, write: Write, tmp_path: Path) -> None:
    """A list without faults leaves no empty file; one that cannot be made is told."""
    path = write("r.csv", "contact_id\n1\n")
    command = ("send", path, "--text", "Hi", "--dry-run", "--faults")
    assert cleverapp(*command, str(tmp_path / "faults.csv")).code == 0
    assert not (tmp_path / "faults.csv").exists()
    refused = cleverapp(*command, str(tmp_path / "no" / "faults.csv"))
    assert refused.code == 2
    assert f"--faults {tmp_path / 'no' / 'faults.csv'}" in refused.err
    assert not (tmp_path / "no").exists()


def test_standard_output_is_no_place_for_faults(cleverapp: Run, write: Write) -> None:
    """Outcomes are there: a dash is refused."""
    path = write("r.csv", "contact_id\n1\n")
    assert cleverapp("send", path, "--text", "Hi", "--dry-run", "--faults", "-").code == 2


def test_what_is_wrong_with_every_row_is_told_once(cleverapp: Run, write: Write) -> None:
    """A fault of all rows is one line, and an empty template is told before any row."""
    path = write("r.csv", "contact_id\n" + "5\n" * 40)
    ended = cleverapp("send", path, "--dry-run")
    assert ended.code == 2
    assert "in all 40 rows" in ended.err
    assert len(ended.err.splitlines()) == 2
    ended = cleverapp("send", path, "--dry-run", "--text", "  ")
    assert ended.code == 2
    assert path not in ended.err


def test_kinds_without_end_take_no_memory() -> None:
    """Of many kinds some are shown, and the number of the others is told."""
    counts = FaultCounts()
    for number in range(3000):
        word = "".join(chr(97 + int(digit)) for digit in str(number))
        counts.add(Fault(number, number, word, "it is odd", "Change it"))
    told = list(counts.told("r", 3000))
    assert len(counts) == 3000
    assert len(told) == 21
    assert "2980" in told[-1]


@pytest.mark.parametrize("text", ["Hi\\nthere", "a\\tb", "Dear {name},\\r\\nhello"])
def test_a_line_break_that_is_none_is_told(cleverapp: Run, write: Write, text: str) -> None:
    """A backslash and a letter in --text are sent as they stand, with a warning and the remedy."""
    path = write("r.csv", "contact_id,name\n1,a\n")
    ended = cleverapp("send", path, "--text", text, "--dry-run")
    assert ended.code == 0
    assert "Warning: --text" in ended.err
    assert "--text-file" in ended.err


def test_a_line_break_in_a_cell_that_is_none_is_told(cleverapp: Run, write: Write) -> None:
    """The same in the list's own texts is counted, with the first line."""
    path = write("r.csv", "contact_id,text\n1,a\n2,a\\nb\n")
    ended = cleverapp("send", path, "--dry-run")
    assert ended.code == 0
    assert "1 row (first in line 3)" in ended.err


def test_the_name_of_a_file_as_text_is_told(cleverapp: Run, write: Write) -> None:
    """A text that begins with @ is told where it names a file, and only there."""
    path, text = write("r.csv", "contact_id\n1\n"), write("text.txt", "Hi")
    ended = cleverapp("send", path, "--text", f"@{text}", "--dry-run")
    assert f"--text-file {text}" in ended.err
    for plain in ("@channel", "@" + "a" * 5000, "Hi"):
        ended = cleverapp("send", path, "--text", plain, "--dry-run")
        assert ended.code == 0
        assert "--text-file" not in ended.err


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251"])
def test_a_text_comes_from_a_file(
    cleverapp: Run, serve: Serve, write: Write, encoding: str
) -> None:
    """`--text-file` holds the template with its line breaks, in whichever encoding."""
    simulator = serve()
    path = write("r.csv", "contact_id,name\n1,Anna\n")
    text = write("text.txt", "Здравствуйте, {name}!\r\nЖдём вас.\r\n".encode(encoding))
    assert cleverapp("send", path, "--text-file", text).code == 0
    sent = simulator.deliveries[0].parameters["text"]
    assert sent == "Здравствуйте, Anna!\nЖдём вас."


def test_texts_from_files_that_do_not_work(cleverapp: Run, write: Write) -> None:
    """A missing file, an empty one, a broken template and two texts are refused."""
    path = write("r.csv", "contact_id\n1\n")
    for content in ("", "{", b"M\xfcller"):
        assert cleverapp("send", path, "--text-file", write("t.txt", content)).code == 2
    assert cleverapp("send", path, "--text-file", str(Path(path).parent / "no.txt")).code == 2
    good = write("t.txt", "Hi")
    assert cleverapp("send", path, "--text-file", good, "--text", "Hi").code == 2
