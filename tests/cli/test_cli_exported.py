"""What an export wrote is read back as it was, whatever the cells hold."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import Contact, SendMessage, SendMessageToWhatsApp
from cleverapp_async.bulk.report.csv import COLUMNS, csv_lines
from cleverapp_async.cli.contacts import CsvRows
from cleverapp_async.cli.recipients.csv import read_csv
from cleverapp_async.cli.recipients.messages import Defaults, read_message
from cleverapp_async.cli.recipients.rows import Row, exported_columns
from cleverapp_async.journal import JournalEntry

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
    assert exported_columns(COLUMNS) == frozenset(COLUMNS)
    assert "text" not in exported_columns(["contact_id", "text"])
