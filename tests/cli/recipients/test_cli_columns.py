"""Columns as people name them: any spelling, Russian names, and `--columns`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async.cli.errors import BadInputError
from cleverapp_async.cli.recipients.columns import DECIDING, ColumnRules
from cleverapp_async.cli.text import close_to, did_you_mean, fold
from tests.cli.workbook import Workbook

if TYPE_CHECKING:
    from tests.cli.command import Run, Serve, Write

FORMATS = ("csv", "jsonl", "xlsx")


def written(form: str, names: tuple[str, ...], *rows: tuple[str, ...]) -> bytes:
    """Write rows under these names in one of the formats."""
    if form == "xlsx":
        return Workbook({"S": [names, *rows]}).content()
    if form == "jsonl":
        told = (json.dumps(dict(zip(names, row, strict=True))) for row in rows)
        return "\n".join(told).encode()
    return "\n".join(";".join(row) for row in (names, *rows)).encode()


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "names",
    [
        ("Bot ID", " PHONE ", "Text", "Name"),
        ("bot-id", "Phone\u00a0", "TEXT\u200b", "name "),
        ("ID бота", "Телефон", "Текст", "Имя"),
        ("Бот", "Номер телефона", "Сообщение", "ФИО"),
        ("botId", "тел.", "текст_сообщения", "имя клиента"),
    ],
)
def test_known_columns_in_any_spelling(
    cleverapp: Run, serve: Serve, write: Write, form: str, names: tuple[str, ...]
) -> None:
    """A row's own text goes out, and not the template, however its column is spelled."""
    simulator = serve()
    path = write(f"r.{form}", written(form, names, ("7", "79991234567", "Own", "Anna")))
    ended = cleverapp("send", path, "--text", "Template")
    assert ended.code == 0, ended.err
    sent = simulator.deliveries[0].parameters
    assert {name: str(value) for name, value in sent.items()} == {
        "bot_id": "7",
        "phone": "79991234567",
        "text": "Own",
        "name": "Anna",
    }


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("messanger", "messenger"),
        ("texts", "text"),
        ("tеxt1", "text"),
        ("contakt_id", "contact_id"),
        ("phnoe", "phone"),
        ("Телефн", "phone"),
        ("Мессенжер", "messenger"),
        ("bot_ids", "bot_id"),
        ("imge", "image"),
        ("contact_extrenal_id", "contact_external_id"),
    ],
)
def test_a_slip_in_what_decides_is_an_error(
    cleverapp: Run, write: Write, form: str, name: str, meant: str
) -> None:
    """An unused column that is nearly one that decides is refused with both names."""
    address = "contact_external_id" if meant == "contact_id" else "contact_id"
    path = write(f"r.{form}", written(form, (address, name), ("1", "x")))
    command = ("send", path, "--text", "Hi", "--dry-run", "--bot-id", "1", "--messenger", "viber")
    ended = cleverapp(*command)
    assert ended.code == 2
    assert repr(name) in ended.err
    assert f"Did you mean {meant}?" in ended.err
    ended = cleverapp(*command, "--columns", f"{name}={name}")
    assert ended.code == 0, ended.err


def test_columns_that_nothing_uses_are_named(cleverapp: Run, write: Write) -> None:
    """What only the list has is told before anything is sent; what a template takes is not."""
    path = write("r.csv", "contact_id,City,nmae,note\n1,Omsk,Anna,x\n")
    ended = cleverapp("send", path, "--text", "Hi {city}", "--dry-run")
    assert ended.code == 0
    assert "nmae (did you mean name?), note" in ended.err
    assert "City" not in ended.err


@pytest.mark.parametrize("form", FORMATS)
def test_two_columns_that_mean_one_are_refused(cleverapp: Run, write: Write, form: str) -> None:
    """Both are named, and `--columns` says which is meant."""
    content = written(form, ("bot_id", "Телефон", "phone"), ("7", "79991234567", "79991234568"))
    path = write(f"r.{form}", content)
    command = ("send", path, "--text", "Hi", "--dry-run")
    ended = cleverapp(*command)
    assert ended.code == 2
    assert "'Телефон' and 'phone' both mean phone" in ended.err
    assert cleverapp(*command, "--columns", "phone=Телефон").code == 0


@pytest.mark.parametrize("form", FORMATS)
def test_columns_are_mapped_by_hand(cleverapp: Run, serve: Serve, write: Write, form: str) -> None:
    """`--columns` maps names that nobody could guess; a template may use either name."""
    simulator = serve()
    path = write(f"r.{form}", written(form, ("№", "Кому"), ("5", "Anna")))
    ended = cleverapp(
        *("send", path, "--text", "Hi {Кому}, {NAME}!"),
        *("--columns", "contact_id=№", "--columns", "Name=Кому"),
    )
    assert ended.code == 0, ended.err
    assert simulator.deliveries[0].parameters == {"contact_id": "5", "text": "Hi Anna, Anna!"}
    ended = cleverapp("send", path, "--text", "Hi", "--columns", "contact_id=№№№№№x")
    assert ended.code == 2
    assert "--columns contact_id=№№№№№x" in ended.err
    ended = cleverapp("send", path, "--text", "Hi", "--columns", "№=contact_id")
    assert ended.code == 2
    assert "--columns contact_id='№'" in ended.err  # it was the wrong way round


@pytest.mark.parametrize("wrong", ["phone", "=x", "phone=", "phone= "])
def test_a_mapping_has_two_names(cleverapp: Run, write: Write, wrong: str) -> None:
    """Each `--columns` says what a column is and which one."""
    path = write("r.csv", "contact_id\n1\n")
    assert cleverapp("send", path, "--text", "Hi", "--dry-run", "--columns", wrong).code == 2


@pytest.mark.parametrize("form", FORMATS)
def test_a_field_of_a_template_in_any_spelling(
    cleverapp: Run, serve: Serve, write: Write, form: str
) -> None:
    """Case and blanks of a field do not matter where one column can be meant."""
    simulator = serve()
    path = write(f"r.{form}", written(form, ("contact_id", "Имя", "First City"), ("5", "A", "O")))
    ended = cleverapp("send", path, "--text", "{имя} {Name} {first_city} {Имя}")
    assert ended.code == 0, ended.err
    assert simulator.deliveries[0].parameters["text"] == "A A O A"


@pytest.mark.parametrize("form", FORMATS)
def test_a_field_that_no_column_has(cleverapp: Run, write: Write, form: str) -> None:
    """The field that could be meant is told."""
    path = write(f"r.{form}", written(form, ("contact_id", "surname"), ("5", "A")))
    ended = cleverapp("send", path, "--text", "{surnane}", "--dry-run")
    assert ended.code == 2
    assert "did you mean {surname}?" in ended.err


def test_records_spell_their_fields_as_they_like(
    cleverapp: Run, serve: Serve, write: Write
) -> None:
    """Of JSON lines each may have another spelling; none of them is useless."""
    simulator = serve()
    path = write("r.jsonl", '{"contact_id": 1, "city": "A"}\n{"contact_id": 2, "City": "B"}\n')
    ended = cleverapp("send", path, "--text", "{CITY}", "--quiet")
    assert (ended.code, ended.err) == (0, "")
    assert sorted(str(one.parameters["text"]) for one in simulator.deliveries) == ["A", "B"]


def test_a_field_that_two_columns_have(cleverapp: Run, write: Write) -> None:
    """Where case alone tells columns apart a field must be exact."""
    path = write("r.csv", "contact_id,city,City\n5,A,B\n")
    ended = cleverapp("send", path, "--text", "{CITY}", "--dry-run")
    assert ended.code == 2
    assert "{city} and {City}" in ended.err
    assert cleverapp("send", path, "--text", "{City}", "--dry-run").code == 0


def test_an_export_of_contacts_has_no_useless_columns(cleverapp: Run, write: Write) -> None:
    """Nobody is told of the columns that this command wrote itself."""
    path = write("r.csv", "contact_id,contact_bot_id,contact_messenger,email\n1,7,viber,a\n")
    ended = cleverapp("send", path, "--text", "Hi", "--dry-run")
    assert (ended.code, ended.err) == (0, "")


@pytest.mark.parametrize("name", ["email", "город", "status", "age", "comment", "date", "note"])
def test_other_words_are_no_slips(name: str) -> None:
    """What only looks a little like a known column is nobody's slip."""
    assert close_to(name, DECIDING) is None


@pytest.mark.parametrize("name", ["contact", "message_id", "file_name", "text_language"])
def test_a_word_more_is_no_slip(cleverapp: Run, write: Write, name: str) -> None:
    """A known name with another word makes a column of one's own, which is only named."""
    path = write("r.csv", f"bot_id,phone,{name}\n7,79991234567,x\n")
    ended = cleverapp("send", path, "--text", "Hi", "--dry-run")
    assert ended.code == 0
    assert name in ended.err


@pytest.mark.parametrize(
    "mappings", [("phone=№", "text=№"), ("fone1=№", "phoen=№"), ("massenger=№",)]
)
def test_mappings_that_cannot_be_meant(
    cleverapp: Run, write: Write, mappings: tuple[str, ...]
) -> None:
    """Two meanings of a column, and names that are nearly known ones, are refused."""
    path = write("r.csv", "contact_id,№\n1,x\n")
    given = [word for one in mappings for word in ("--columns", one)]
    ended = cleverapp("send", path, "--text", "Hi", "--dry-run", *given)
    assert ended.code == 2
    assert "--columns" in ended.err


@given(st.sampled_from(DECIDING), st.integers(0, 30), st.sampled_from(["", "z", "zq"]))
def test_one_slip_is_seen(name: str, place: int, put: str) -> None:
    """A letter that is missing, too many or another one is seen in every name."""
    place %= len(name)
    for end in (place, place + 1):
        slip = name[:place] + put[:1] + name[end:]
        assert close_to(slip, DECIDING) in DECIDING or len(fold(slip)) < 4


@given(st.lists(st.text(), max_size=4).map(tuple))
def test_any_header_is_read_or_refused(names: tuple[str, ...]) -> None:
    """Whatever a header holds, each column gets a name of its own, or there is one error."""
    try:
        keys = ColumnRules().header("r", names)
    except BadInputError:
        return
    assert len(set(keys)) == len(names)


@given(st.text(max_size=12), st.lists(st.text(max_size=12), max_size=8))
def test_there_is_one_rule_for_what_may_be_meant(word: str, known: list[str]) -> None:
    """What is asked of columns and of all other words has the same bounds."""
    close = close_to(word, known)
    told = did_you_mean(word, known)
    assert (close is None) == (told == "")
    if close is not None:
        assert told.startswith(f" Did you mean {close}")


def test_a_city_is_enough_to_find_its_zone(cleverapp: Run, write: Write) -> None:
    """A time zone is found by the name of its city, written wrong even."""
    path = write("r.csv", "contact_id\n1\n")
    for written in ("Moscow", "moskow", "Europe/Moskow"):
        ended = cleverapp("send", path, "--timezone", written, "--not-before", "10:00")
        assert ended.code == 2
        assert "Europe/Moscow" in ended.err


@pytest.mark.parametrize(
    ("header", "mappings", "told"),
    [
        ("phone,Имя", ("phone=Имя", "phone=phone"), ("two columns for phone", "'Имя'", "'phone'")),
        ("phone,Имя", ("phone=Имя", "text=Имя"), ("'Имя'", "phone", "text")),
        ("phone,Имя", ("phone=Nope",), ("--columns phone=Nope", "'Nope'", "leave it out")),
        ("№,Имя", ("phone=Nope",), ("--columns phone=Nope", "The columns are: №, Имя")),
        ("Телефон,Имя", ("Телефон=phone",), ("'Телефон' is read as phone without it",)),
        ("Who,name", ("Who=phone",), ("comes first: --columns phone='Who'",)),
        ("Who,name", ("name=phone",), ("'name' is read as name without it",)),
        ("phone,Имя", ("Имя=phone",), ("By --columns 'phone' is not phone",)),
    ],
)
def test_mappings_that_contradict_the_file(
    cleverapp: Run, write: Write, header: str, mappings: tuple[str, ...], told: tuple[str, ...]
) -> None:
    """A column given twice, two ways or not there is refused by the name of both sides."""
    path = write("r.csv", f"{header},bot_id\n79991234567,Anna,7\n")
    options = [part for one in mappings for part in ("--columns", one)]
    ended = cleverapp("send", path, "--text", "Hi", "--dry-run", *options)
    assert ended.code == 2
    for part in told:
        assert part in ended.err


def test_what_a_mapping_takes_away_is_told(cleverapp: Run, write: Write) -> None:
    """A known column that becomes another, and the one that it takes the place of, are named."""
    path = write("r.csv", "phone,Имя,bot_id\nAnna,79991234567,7\n")
    both = ("--columns", "phone=Имя", "--columns", "name=phone")
    ended = cleverapp("send", path, "--text", "Hi {name}", "--dry-run", *both)
    assert ended.code == 0
    assert "'phone' is name, and not phone" in ended.err
    assert "'Имя' is phone, and not name" in ended.err
    ended = cleverapp("send", path, "--text", "Hi", "--dry-run", "--columns", "phone=Имя")
    assert ended.code == 0
    assert "'phone' is not phone" in ended.err
    assert "(column 1)" not in ended.err
