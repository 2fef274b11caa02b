"""What an export wrote is read back as it was, whatever the cells hold."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, cast

import pytest
from attrs import evolve
from hypothesis import assume, given
from hypothesis import strategies as st

from cleverapp_async import Contact, Message, SendMessage, SendMessageToWhatsApp
from cleverapp_async.bulk.journal.messages import reference_columns
from cleverapp_async.bulk.report.csv import COLUMNS, csv_lines
from cleverapp_async.cli.campaign.export import as_line
from cleverapp_async.cli.contacts import CsvRows
from cleverapp_async.cli.recipients.columns import trimmed
from cleverapp_async.cli.recipients.csv import read_csv
from cleverapp_async.cli.recipients.messages import Defaults, read_message
from cleverapp_async.cli.recipients.rows import Fault, Row, RowReferences, exported_columns
from cleverapp_async.cli.recipients.source import read_jsonl
from cleverapp_async.journal import JournalEntry, JournalState
from tests.cli.workbook import Workbook

if TYPE_CHECKING:
    from tests.cli.command import Run, Serve, Write

TEXTS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), min_size=1
).filter(lambda text: bool(text.strip()))


def read_rows(data: bytes) -> list[Row]:
    """The rows of a CSV file, as ``send`` reads them."""
    lines = io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", newline="")
    records = list(read_csv("export.csv", iter(lines)).records)
    assert all(isinstance(record, Row) for record in records)
    return [record for record in records if isinstance(record, Row)]


@given(text=TEXTS, external_id=st.sampled_from(["+79991234567", "=1+1", "-5", "@name", "'x"]))
def test_a_campaign_that_was_exported_can_be_sent(text: str, external_id: str) -> None:
    """An exported message is addressed and worded as in its journal."""
    message = SendMessage(
        bot_id=1, messenger="telegram", contact_external_id=external_id, text=text
    )
    entries = [JournalEntry(index=0, message=message, key=None)]
    [row] = read_rows(b"".join(csv_lines(entries)))
    assert read_message(row, Defaults()) == message


def test_a_message_to_a_phone_comes_back_too() -> None:
    """The other kind of message has its columns as well."""
    message = SendMessageToWhatsApp(bot_id=1, phone="+79991234567", text="=Hi", name="@Ива")
    entries = [JournalEntry(index=0, message=message, key=None)]
    [row] = read_rows(b"".join(csv_lines(entries)))
    assert read_message(row, Defaults()) == message


def test_a_lone_carriage_return_in_a_name_breaks_no_row() -> None:
    """A contact's name may hold any character; its export still has one record for it."""
    sheet = CsvRows(())
    name = "Ива\rн"
    contact = Contact(id=1, bot_id=1, messenger="telegram", name=name)
    [row] = read_rows(sheet.header() + sheet.row(contact))
    assert row.cells["name"] == name


def test_a_table_of_somebody_else_is_taken_as_it_is() -> None:
    """Only tables that an export wrote have their apostrophes taken off."""
    assert exported_columns(["contact_external_id", "text"]) == frozenset()
    assert exported_columns([*COLUMNS, "order"]) == frozenset(COLUMNS)
    assert "text" not in exported_columns(["contact_id", "text"])
    assert exported_columns(["phone", "name", "telegram_id"]) == frozenset()


@pytest.mark.parametrize(
    "deleted",
    [
        ("contact_id",),
        ("contact_id", "contact_bot_id"),
        ("contact_id", "contact_messenger"),
        ("contact_id", "contact_bot_id", "contact_messenger"),
        ("contact_id", "contact_bot_id", "contact_messenger", "viber_id", "vk_user_id"),
    ],
    ids=len,
)
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_contacts_are_ours_whichever_columns_were_deleted(
    cleverapp: Run, serve: Serve, write: Write, deleted: tuple[str, ...], form: str
) -> None:
    """Without their ids, and more, exported contacts keep no apostrophe and no column is told."""
    simulator = serve()
    sheet = CsvRows(())
    contact = Contact(id=1, bot_id=7, messenger="whatsapp", phone="+79991234567", name="=Ива")
    records = list(
        csv.reader(io.StringIO((sheet.header() + sheet.row(contact)).decode("utf-8-sig")))
    )
    left = [place for place, name in enumerate(records[0]) if name not in deleted]
    table = [[cells[place] for place in left] for cells in records]
    content = "".join(f"{','.join(cells)}\n" for cells in table).encode()
    if form == "xlsx":
        content = Workbook({"S": [list(cells) for cells in table]}).content()
    ended = cleverapp("send", write(f"r.{form}", content), "--bot-id", "7", "--text", "{name}")
    assert ended.code == 0, ended.err
    assert "column" not in ended.err
    [arrived] = simulator.deliveries
    assert (arrived.parameters["phone"], arrived.parameters["text"]) == ("79991234567", "=Ива")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("79991234567", "79991234567"),
        ("9991234567", "79991234567"),
        ("4915112345678", "4915112345678"),
    ],
)
def test_phones_of_exported_contacts_are_of_every_country(written: str, read: str) -> None:
    """The server has numbers as people gave them: what can be one number alone is that."""
    cells = {"contact_bot_id": "7", "phone": written, "text": "Hi", "bot_id": "7"}
    found = read_message(Row(1, 2, cells), Defaults())
    assert isinstance(found, SendMessageToWhatsApp)
    assert found.phone == read


def test_a_phone_that_may_be_two_is_refused_in_exported_contacts() -> None:
    """Whether its country code stands there nobody knows: it is not guessed at."""
    cells = {"contact_messenger": "whatsapp", "phone": "4741234567", "text": "Hi", "bot_id": "7"}
    [fault] = cast("tuple[Fault, ...]", read_message(Row(1, 2, cells), Defaults()))
    assert fault.column == "phone"
    assert "4741234567" in fault.text
    assert "74741234567" in fault.text


NAMES = st.one_of(
    st.sampled_from(
        [
            *("phone", "name", "contact_id", "bot_id", "text", "image", "state", "outcome"),
            *("message", "Телефон", "бот", "Phone", "own_phone", "own_own_error", "row", "line"),
            *("own_row", "ФИО", "=1+1", "'=x", "order id", "number", "error_fields", "own_"),
        ]
    ),
    st.text("abc=+'_- ", min_size=1).filter(lambda name: bool(name.strip())),
).map(str.strip)
MESSAGES = [
    SendMessage(contact_id=7, text="Hi"),
    SendMessage(bot_id=1, messenger="viber", contact_external_id="5", image="https://a.example/i"),
    SendMessageToWhatsApp(bot_id=1, phone="79991234567", text="Hi"),
    SendMessageToWhatsApp(bot_id=1, phone="79991234567", text="Hi", name="Ива"),
]


@pytest.mark.parametrize("message", MESSAGES, ids=["contact", "triple", "phone", "name"])
@pytest.mark.parametrize("form", ["csv", "jsonl"])
@given(reference=st.dictionaries(NAMES, TEXTS.filter(trimmed), max_size=6))
def test_a_reference_comes_back_from_an_export(
    message: Message, form: str, reference: dict[str, str]
) -> None:
    """Whatever it holds, it addresses and words nothing, and is read again without loss.

    Cells that hold nothing to be seen are left out, as in every list.
    """
    assume(sum(len(name) + len(text) for name, text in reference.items()) < 3900)
    known = evolve(message, reference=reference)
    entry = JournalEntry(index=0, message=known, key=None, state=JournalState.REJECTED)
    if form == "csv":
        [row] = read_rows(b"".join(csv_lines([entry], [*reference_columns(known)])))
    else:
        [read] = read_jsonl("export.jsonl", iter([as_line(entry).decode()])).records
        assert isinstance(read, Row)
        row = read
    found = read_message(row, Defaults(), references=RowReferences(earlier=True))
    assert found == known
    assert not isinstance(found, tuple)
    place = {} if {"row", "line"} & reference.keys() else {"row": "1", "line": str(row.line)}
    assert found.reference == reference | place
