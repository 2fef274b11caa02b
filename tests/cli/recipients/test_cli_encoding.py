"""Lists in the encodings that people save them in."""

from __future__ import annotations

import io
import tracemalloc
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async.cli.errors import BadInputError
from cleverapp_async.cli.recipients.encoding import Encoding, find_encoding, text_lines
from cleverapp_async.cli.recipients.source import ReadingOptions, open_source
from tests.cli.workbook import Workbook

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command import Run, Write

RUSSIAN = "contact_id;name\r\n1;Анна\r\n2;Пётр Ильич\r\n3;ОЛЬГА\r\n"
SHORT = ("1;Ян\n", "1;МАРИЯ\n", "1;Юлия\n", "1;Чингиз Эльдар\n", "Телефон;Имя\n1;Анна\n")


def found(content: bytes, given: str | None = None) -> str:
    """Tell the encoding of a file."""
    return find_encoding("r.csv", io.BytesIO(content), given).name


def names(write: Write, content: bytes, how: ReadingOptions | None = None) -> list[str]:
    """Read the names of a list."""
    path = write("r.csv", content)
    with open_source(path, None, how=how or ReadingOptions()) as source:
        return [getattr(row, "cells", {})["name"] for row in source.table().records]


UNICODE = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")


@pytest.mark.parametrize("encoding", [*UNICODE, "cp1251", "cp866", "koi8-r", "mac-cyrillic"])
def test_russian_lists_are_read(write: Write, encoding: str) -> None:
    """A list that a Russian program saved is read, whichever encoding it chose."""
    assert names(write, RUSSIAN.encode(encoding)) == ["Анна", "Пётр Ильич", "ОЛЬГА"]


@pytest.mark.parametrize("encoding", ["cp1251", "cp866", "koi8-r"])
@pytest.mark.parametrize("text", SHORT)
def test_few_letters_are_told_right_or_not_at_all(text: str, encoding: str) -> None:
    """A list with one short name is never read in the wrong encoding."""
    try:
        name = found(text.encode(encoding))
    except BadInputError:
        name = encoding
    assert name == encoding


@pytest.mark.parametrize(
    "content",
    [
        "1;Müller\n".encode("latin-1"),
        "1;Łódź\n".encode("cp1250"),
        "1;José Núñez\n".encode("cp1252"),
        "1;Анна\n".encode() * 3 + "2;Петр\n".encode("cp1251"),
        bytes(range(128, 256)),
    ],
)
def test_what_is_not_certain_is_not_guessed(content: bytes) -> None:
    """What looks like no Russian text is refused with the line and the remedy."""
    with pytest.raises(BadInputError, match=r"r\.csv, line \d+: .*--encoding"):
        found(content)


def test_bytes_that_are_no_text(write: Write) -> None:
    """A file with zero bytes that is no UTF-16 is refused."""
    with pytest.raises(BadInputError, match="zero bytes"):
        names(write, b"contact_id\n1\0\0\0\n")


def test_the_encoding_is_told_and_can_be_given(cleverapp: Run, write: Write) -> None:
    """What was found out is said; `--encoding` decides, and a wrong one is refused."""
    path = write("r.csv", RUSSIAN.encode("cp1251"))
    command = ("send", path, "--text", "{name}", "--dry-run")
    ended = cleverapp(*command)
    assert ended.code == 0
    assert "cp1251" in ended.err
    ended = cleverapp(*command, "--encoding", "Windows-1251")
    assert (ended.code, ended.err) == (0, "")
    ended = cleverapp(*command, "--encoding", "utf-8")
    assert ended.code == 2
    assert f"{path}, line 2" in ended.err
    for wrong in ("klingon", "base64"):
        assert cleverapp(*command, "--encoding", wrong).code == 2
    book = write("r.parquet", b"PAR1")
    assert cleverapp("send", book, "--dry-run", "--encoding", "utf-8").code == 2


def test_the_given_encoding_is_in_force(write: Write) -> None:
    """An encoding that is given goes before what the bytes look like."""
    how = ReadingOptions(encoding="cp1252")
    assert names(write, "contact_id;name\n1;Müller\n".encode("cp1252"), how) == ["Müller"]


@pytest.mark.parametrize(
    "content",
    [
        "sep=;\ncontact_id;name\n1;Анна\n",
        "\ufeff\ufeffcontact_id;name\n1;Анна\n",
        "\u200bcontact_id\u200b; name\u00a0\n1;Анна\n",
        "contact_id;name;;\n1;Анна;;\n",
        "contact_id;name\n1;Анна;\n",
        "contact_id;name;note\n1;Анна\n",
        "contact_id;name\r1;Анна\r",
        "contact_id;name\r\n1;Анна",
        'contact_id;"name"\n"1";"Анна"\n',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_habits_of_spreadsheets(write: Write, content: str, encoding: str) -> None:
    """Marks, blanks of no width, delimiters at the end and old line ends change nothing."""
    assert names(write, content.encode(encoding)) == ["Анна"]


@pytest.mark.parametrize(
    "content", ["contact_id;text;name\n1;Hi\n2", "contact_id;text\n1\n", "contact_id;x;name\n1;Hi"]
)
def test_a_row_that_was_cut_is_a_fault(cleverapp: Run, write: Write, content: str) -> None:
    """A row that lacks what decides on it, or that ends with the file, is told with its line."""
    ended = cleverapp("send", write("r.csv", content), "--dry-run", "--text", "Hi")
    assert ended.code == 2
    assert " where the header has " in ended.err


def test_a_line_without_end_is_refused() -> None:
    """A file that is one endless line is no list, and is not taken into memory."""
    stream = io.BytesIO(b"contact_id\n" + b"1" * (17 << 20))
    with pytest.raises(BadInputError, match=r"r, line 2: it is longer"):
        list(text_lines("r", stream, Encoding("utf-8")))


def test_a_given_encoding_must_hold(write: Write) -> None:
    """Where the bytes are not of the encoding that was given, the line is told."""
    content = b"contact_id;name\n1;Anna\n" + b"2;\x98\n"
    with pytest.raises(BadInputError, match=r"line 3: it is not CP1251"):
        names(write, content, ReadingOptions(encoding="cp1251"))
    with pytest.raises(BadInputError, match=r"line 1: it is not UTF-16"):
        names(write, b"\xff\xfea", None)


def test_columns_without_end_are_not_all_named(cleverapp: Run, write: Write) -> None:
    """Of many unused columns the first are named, and the others counted."""
    header = ",".join(f"c{number}" for number in range(50))
    path = write("r.csv", f"contact_id,{header}\n1,{header}\n")
    ended = cleverapp("send", path, "--text", "Hi", "--dry-run")
    assert ended.code == 0
    assert "and 20 more" in ended.err


def test_only_some_formats_have_a_header_row(cleverapp: Run, write: Write) -> None:
    """`--header-row` is refused where no line names the columns, or not this one."""
    book = write("r.xlsx", Workbook({"S": [["x"], None, ["contact_id"], [5]]}).content())
    command = ("--text", "Hi", "--dry-run", "--header-row")
    assert cleverapp("send", book, *command, "3").code == 0
    assert cleverapp("send", book, *command, "2").code == 2
    lines = write("r.jsonl", '{"contact_id": 1}')
    assert cleverapp("send", lines, *command, "1").code == 2


def test_the_header_may_stand_further_down(cleverapp: Run, write: Write) -> None:
    """`--header-row` tells where the columns are named; lines keep their numbers."""
    path = write("r.csv", "Клиенты\n;;\ncontact_id;text\nx;Hi\n")
    command = ("send", path, "--dry-run", "--header-row")
    ended = cleverapp(*command, "3")
    assert f"{path}, line 4, contact_id: " in ended.err
    assert cleverapp(*command, "9").code == 2
    assert "--header-row" in cleverapp("send", path, "--dry-run").err


@given(st.text(st.characters(codec="utf-8"), max_size=200), st.sampled_from(["utf-8", "utf-16-le"]))
def test_lines_are_those_of_the_text(text: str, encoding: str) -> None:
    """Lines put together again are the text, wherever the pieces were that it was read in."""
    content = (text * 100).encode(encoding)
    lines = list(text_lines("r", io.BytesIO(content), Encoding(encoding)))
    assert "".join(lines) == (text * 100).lstrip("\ufeff")
    assert all(line.endswith("\n") for line in lines[:-1])


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("СКИДКА ДЛЯ ВАС НА ВСЁ", "cp866"),
        ("скидка для вас", "iso8859-5"),
        ("Здравствуйте и привет", "iso8859-5"),
        ("анна", "cp855"),
    ],
)
def test_what_another_encoding_fits_as_well_is_refused(
    cleverapp: Run, tmp_path: Path, text: str, encoding: str
) -> None:
    """A single letter decides nothing, and what fits a rarer encoding best is not forced."""
    path = tmp_path / "r.csv"
    path.write_bytes(f"contact_id;text\n1;{text}\n".encode(encoding))
    ended = cleverapp("send", str(path), "--dry-run")
    assert ended.code == 2
    assert f"{path}, line 2: " in ended.err
    assert "--encoding" in ended.err
    assert cleverapp("send", str(path), "--dry-run", "--encoding", encoding).code == 0


def test_lines_of_another_encoding_are_told(cleverapp: Run, tmp_path: Path) -> None:
    """A list put together from two files names the first line that would be unreadable."""
    path = tmp_path / "r.csv"
    lines = "".join(f"{i};Здравствуйте, Мария, ваш заказ готов к выдаче\n" for i in range(1, 31))
    mixed = b"contact_id;text\n" + lines.encode("cp1251") + "99;Привет, Анна\n".encode()
    path.write_bytes(mixed)
    ended = cleverapp("send", str(path), "--dry-run")
    assert ended.code == 2
    assert f"{path}, line 32: " in ended.err


@pytest.mark.parametrize("name", ["idna", "punycode", "unicode_escape", "utf-7", "undefined"])
def test_an_encoding_that_would_change_texts_is_refused(
    cleverapp: Run, write: Write, name: str
) -> None:
    """Bytes that say something else than their characters are no encoding of lists."""
    path = write("r.csv", "contact_id,text\n1,Hi\n")
    ended = cleverapp("send", path, "--dry-run", "--encoding", name)
    assert ended.code == 2
    assert "--encoding" in ended.err


@pytest.mark.no_cover
def test_a_list_of_any_length_takes_the_same_memory(tmp_path: Path) -> None:
    """Finding out the encoding and reading the rows holds no more of a file than a piece."""
    path = tmp_path / "r.csv"
    path.write_bytes(b"contact_id;name\n" + f"1;{'Анна ' * 3000}\n".encode("cp1251") * 400)
    tracemalloc.start()
    with open_source(str(path), None) as source:
        count = sum(1 for _ in source.table().records)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 400
    assert peak < path.stat().st_size / 3


@pytest.mark.parametrize(
    ("word", "encoding"), [("рад", "cp866"), ("сад", "cp866"), ("ход", "cp866"), ("Её", "cp1251")]
)
@pytest.mark.parametrize("rows", [1, 40])
def test_a_word_that_is_utf8_by_chance(
    word: str, encoding: str, rows: int, cleverapp: Run, write: Write
) -> None:
    """A Russian word of one byte a letter may be UTF-8, too: both readings are shown."""
    # Forty of these lines are longer than what the encoding is found by.
    line = b"1,%b\n" % (b"a" * 4000)
    content = b"contact_id,name\n" + line * rows + f"1,{word}\n".encode(encoding)
    path = write("r.csv", content)
    ended = cleverapp("send", path, "--text", "{name}", "--dry-run")
    assert ended.code == 2
    assert f"{path}, line {rows + 2}: " in ended.err
    assert word in ended.err
    assert f"--encoding {encoding}" in ended.err
    assert word.encode(encoding).decode("utf-8") in ended.err
    for name in (encoding, "utf-8"):
        again = cleverapp("send", path, "--text", "{name}", "--dry-run", "--encoding", name)
        assert again.code == 0


@pytest.mark.parametrize(
    "word",
    ["Анна", "ё", "👍", "№5", "«»", "—", "Ärger", "Noël", "Ångström", "à", "łódź", "日本", "é"],
)
def test_a_word_of_utf8_is_utf8(word: str, cleverapp: Run, write: Write) -> None:
    """One word of any language is enough where it is no Russian word in another encoding."""
    path = write("r.csv", f"contact_id,name\n1,{word}\n")
    ended = cleverapp("send", path, "--text", "{name}", "--dry-run")
    assert ended.code == 0, ended.err


def test_the_readings_of_a_short_file_are_shown(cleverapp: Run, write: Write) -> None:
    """Where an encoding cannot be told, people see what the file would read in each."""
    path = write("r.csv", "contact_id,name\n1,нет\n".encode("koi8-r"))
    ended = cleverapp("send", path, "--text", "{name}", "--dry-run")
    assert ended.code == 2
    assert "нет' in koi8-r" in ended.err
    assert "ОЕФ' in cp1251" in ended.err


@given(st.text(max_size=30))
def test_text_of_utf8_is_read_or_refused(text: str) -> None:
    """Whatever UTF-8 holds, it is UTF-8 or refused with its readings; nothing else comes out."""
    content = f"contact_id,name\n1,{text}\n".encode(errors="ignore")
    with suppress(BadInputError):
        assert find_encoding("r.csv", io.BytesIO(content)).name in {
            "utf-8",
            "utf-16-le",
            "utf-16-be",
        }


@pytest.mark.parametrize("content", ["Да".encode("cp1251"), "рад".encode("cp866"), b"a\0b"])
def test_a_template_in_no_certain_encoding(content: bytes, cleverapp: Run, write: Write) -> None:
    """Its remedy names no option that is for the list."""
    path = write("r.csv", "contact_id\n1\n")
    text = write("text.txt", content)
    ended = cleverapp("send", path, "--text-file", text, "--dry-run")
    assert ended.code == 2
    assert text in ended.err
    assert "UTF-8" in ended.err
    assert "--encoding" not in ended.err
