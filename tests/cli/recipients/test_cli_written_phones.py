"""Phone numbers that this tool wrote: whoever reads them again writes to the same person."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING

import phonenumbers
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rich.console import Console

from cleverapp_async import Message, SendMessage, SendMessageToWhatsApp
from cleverapp_async.bulk.report.csv import csv_lines
from cleverapp_async.cli.recipients.addresses import read_phone
from cleverapp_async.cli.recipients.messages import Defaults, read_message
from cleverapp_async.cli.recipients.rows import Row, RowReferences
from cleverapp_async.cli.recipients.source import open_source
from cleverapp_async.cli.recipients.template import Template
from cleverapp_async.cli.send.partial import read_address
from cleverapp_async.cli.send.plan import Planned, Wanted, make_plan
from cleverapp_async.cli.send.preview import Choice, show_preview
from cleverapp_async.journal import JournalEntry, JournalState
from tests.cli.workbook import Workbook

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from tests.cli.command import Run, Serve, Write

    Make: TypeAlias = Callable[[str], Message]

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
# Each of them is a number of another country, and of Russia where 7 is put before it.
AMBIGUOUS = ("4741234567", "4237912345", "4951234567")


def digits_of(number: phonenumbers.PhoneNumber) -> str:
    """Give a number as the API takes it."""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:]


def examples() -> list[str]:
    """Give a number of each region."""
    found = (phonenumbers.example_number(region) for region in REGIONS)
    return sorted({digits_of(one) for one in found if one is not None})


ALL = [*AMBIGUOUS, *examples()]


def by_phone(digits: str) -> Message:
    """Give a message to a phone number."""
    return SendMessageToWhatsApp(bot_id=7, phone=digits, text="Hi")


def by_external_id(digits: str) -> Message:
    """Give a message to a contact whose id in WhatsApp is a phone number."""
    return SendMessage(bot_id=7, messenger="whatsapp", contact_external_id=digits, text="Hi")


def exported(messages: list[Message]) -> bytes:
    """Give the CSV export of a campaign that has not sent them."""
    return b"".join(
        csv_lines(
            JournalEntry(index=place, message=one, key=None, state=JournalState.NOT_SENT)
            for place, one in enumerate(messages)
        )
    )


def files(messages: list[Message]) -> dict[str, bytes]:
    """Give the files that this tool, or a spreadsheet after it, keeps the messages in."""
    lines = (
        {"row": place, "line": place + 1, "outcome": "not_sent", **one.parameters()}
        for place, one in enumerate(messages, 1)
    )
    export = exported(messages)
    rows = list(csv.reader(io.StringIO(export.decode("utf-8-sig"))))
    # Excel makes numbers of what looks like numbers.
    cells = [[int(cell) if cell.isdecimal() else cell for cell in row] for row in rows]
    return {
        "o.jsonl": "".join(f"{json.dumps(line)}\n" for line in lines).encode(),
        "e.csv": export,
        "e.xlsx": Workbook({"S": cells}).content(),
    }


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """Draw a valid number of any region, as it is sent."""
    example = phonenumbers.example_number(draw(st.sampled_from(REGIONS)))
    assert example is not None
    whole = digits_of(example)
    tail = draw(st.text(alphabet="0123456789", min_size=4, max_size=4))
    digits = f"{whole[:-4]}{tail}"
    number = phonenumbers.parse(f"+{digits}", None)
    assume(phonenumbers.is_valid_number(number))
    return digits_of(number)


@given(numbers(), st.sampled_from(REGIONS), st.sampled_from([by_phone, by_external_id]))
def test_what_was_written_is_read_as_the_same_number(digits: str, region: str, make: Make) -> None:
    """A valid number of any region is itself again, whatever region numbers are read for."""
    assert read_phone(f"+{digits}", region).digits == digits
    assert read_phone(digits, region, complete=True).digits == digits
    message = make(digits)
    cells = {name: str(value) for name, value in message.parameters().items()}
    remarks: list[str] = []
    row = Row(1, 2, {**cells, "row": "1", "line": "2", "outcome": "not_sent"})
    defaults = Defaults(phone_region=region)
    found = read_message(row, defaults, remarks.append, RowReferences(earlier=True))
    assert isinstance(found, type(message))
    assert found.parameters() == message.parameters()
    assert not remarks


@pytest.mark.parametrize("name", ["o.jsonl", "e.csv", "e.xlsx"])
@pytest.mark.parametrize("make", [by_phone, by_external_id])
def test_a_list_of_outcomes_keeps_every_number(write: Write, name: str, make: Make) -> None:
    """Numbers of all countries come back from each file, and no two of them become one."""
    messages = [make(digits) for digits in ALL]
    path = write(name, files(messages)[name])
    with open_source(path, None) as source:
        wanted = Wanted(defaults=Defaults(phone_region="RU"), only=frozenset({"not_sent"}))
        plan = make_plan(source, wanted)
        found = [planned.message.parameters() for planned in plan.messages()]
    assert found == [message.parameters() for message in messages]
    assert not plan.duplicates
    assert not plan.remarks


def test_a_resend_reaches_the_same_people(cleverapp: Run, serve: Serve, write: Write) -> None:
    """What was not sent goes to the numbers of the first list, without a warning."""
    simulator = serve()
    path = write("o.jsonl", files([by_phone(digits) for digits in AMBIGUOUS])["o.jsonl"])
    ended = cleverapp("send", path, "--only", "not_sent", "--drop-duplicates")
    assert ended.code == 0, ended.err
    assert {one.parameters["phone"] for one in simulator.deliveries} == set(AMBIGUOUS)
    assert "Warning" not in ended.err


@pytest.mark.parametrize("make", [by_phone, by_external_id])
def test_the_previews_address_reaches_the_same_person(
    capsys: pytest.CaptureFixture[str], make: Make
) -> None:
    """The address that a preview shows is what --test-to takes, and means the same number."""
    messages = [make(digits) for digits in ALL]
    planned = [Planned(place, place + 1, one) for place, one in enumerate(messages, 1)]
    show_preview(Console(width=200), Choice(len(planned)), planned, len(planned))
    shown = re.findall(r"\) to (\S+)", capsys.readouterr().out)
    assert len(shown) == len(messages)
    for address, message in zip(shown, messages, strict=True):
        cells = {**dict(read_address(address)), "text": "Hi"}
        found = read_message(Row(1, 2, cells), Defaults(phone_region="RU"))
        assert not isinstance(found, tuple), address
        assert found.parameters() == message.parameters()


def test_digits_that_are_no_whole_number_are_a_fault(cleverapp: Run, write: Write) -> None:
    """A number without a country code that somebody wrote into outcomes is not guessed at."""
    line = {"row": 1, "line": 2, "outcome": "not_sent", "bot_id": 7, "text": "Hi"}
    path = write("o.jsonl", json.dumps({**line, "phone": "89991234567"}))
    ended = cleverapp("send", path, "--only", "not_sent", "--dry-run")
    assert ended.code == 2
    assert f"{path}, line 1, phone: " in ended.err
    path = write("p.jsonl", json.dumps({**line, "phone": "8 (999) 123-45-67"}))
    assert cleverapp("send", path, "--only", "not_sent", "--dry-run").code == 0
    path = write("q.jsonl", json.dumps({**line, "phone": "474-123-45-67"}))
    assert cleverapp("send", path, "--only", "not_sent", "--dry-run").code == 2


def test_outcomes_without_their_outcome_are_recognized(cleverapp: Run, write: Write) -> None:
    """Numbers of a list that has the places of an earlier send are whole, and that is told."""
    path = write("r.csv", "row,line,bot_id,phone,text\n1,2,7,4741234567,Hi\n")
    ended = cleverapp("send", path, "--dry-run")
    assert ended.code == 0, ended.err
    assert "phone=+4741234567" in ended.out
    assert "Warning: 1 row" in ended.err


def test_the_region_stays_in_the_command_for_the_rest(
    cleverapp: Run, serve: Serve, write: Write
) -> None:
    """The command that sends the rest names the region that the list was sent with."""
    serve()
    path = write("r.csv", "bot_id,phone,text\n7,87011234567,Hi\n7,87011234568,Hi\n")
    given = ("--phone-region", "KZ", "--first", "1", "--output", f"{path}.jsonl")
    ended = cleverapp("send", path, *given)
    assert re.search(r"--only not_sent .*--phone-region KZ", ended.err)


# What --only chooses of a list, and how its column of phones is read: as people write numbers, or
# as this tool does, which never leaves the country code out.
OURS = {"4741234567": "4741234567"}
THEIRS = {"4741234567": "74741234567", "9991234567": "79991234567"}


@pytest.mark.parametrize(
    ("columns", "cells", "reading"),
    [
        ("outcome", "not_sent", THEIRS),
        ("state", "Not sent", THEIRS),
        ("outcome,error", "not_sent,busy", THEIRS),
        ("outcome,attempts", "not_sent,3", THEIRS),
        ("outcome,status", "not_sent,new", THEIRS),
        ("outcome,row", "not_sent,1", OURS),
        ("outcome,line", "not_sent,2", OURS),
        ("state,row", "not_sent,1", OURS),
        ("State,Row", "Not sent,1", OURS),
        ("state,number", "not_sent,1", OURS),
        ("state,send_id", "rejected,x", OURS),
        ("state,ended_at", "not_sent,", OURS),
        ("outcome,attempts,error", "not_sent,,", OURS),
        ("state,number,row,line,ended_at", "not_sent,,,,", THEIRS),
        ("state,row,line", "not_sent,,", THEIRS),
    ],
)
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_list_is_ours_by_what_only_we_write(
    write: Write, columns: str, cells: str, reading: dict[str, str], form: str
) -> None:
    """A column of outcomes alone is people's; so is a row without our numbers in a list of ours."""
    for written, digits in reading.items():
        header = [*columns.split(","), "bot_id", "phone", "text"]
        row = [*cells.split(","), "7", written, "Hi"]
        path = write(f"{written}.{form}", _in_form(form, header, row))
        with open_source(path, None) as source:
            wanted = Wanted(defaults=Defaults(), only=frozenset({"not_sent", "rejected"}))
            plan = make_plan(source, wanted)
            found = [planned.message.parameters()["phone"] for planned in plan.messages()]
        assert found == [digits]


def _in_form(form: str, header: list[str], row: list[str]) -> bytes:
    """Give a table of one row as a file."""
    if form == "xlsx":
        return Workbook({"S": [header, row]}).content()
    return "".join(f"{','.join(cells)}\n" for cells in (header, row)).encode()


@pytest.mark.parametrize(
    ("members", "reading"),
    [
        ({}, THEIRS),
        ({"error": "busy"}, THEIRS),
        ({"row": 1}, OURS),
        ({"number": 1}, OURS),
        ({"attempts": 0, "error": {"type": "ConnectError"}}, OURS),
        ({"waited": 0.5}, OURS),
        ({"row": None, "line": None}, THEIRS),
    ],
    ids=str,
)
def test_each_line_of_json_says_for_itself_whose_it_is(
    write: Write, members: dict[str, object], reading: dict[str, str]
) -> None:
    """A line that somebody has added to outcomes is read as people's, the others as ours."""
    ours = {"row": 1, "line": 2, "outcome": "not_sent", "bot_id": 7, "phone": "4237912345"}
    for written, digits in reading.items():
        line = {"outcome": "not_sent", "bot_id": 7, "phone": written, **members}
        path = write("o.jsonl", f"{json.dumps(ours)}\n{json.dumps(line)}\n")
        with open_source(path, None) as source:
            wanted = Wanted(
                defaults=Defaults(text=Template.parse("Hi")), only=frozenset({"not_sent"})
            )
            plan = make_plan(source, wanted)
            found = [planned.message.parameters()["phone"] for planned in plan.messages()]
        assert found == ["4237912345", digits]


def test_a_hand_made_list_is_sent_as_any_other(cleverapp: Run, serve: Serve, write: Write) -> None:
    """Numbers without a country code in a list with an outcome column get that of the region."""
    simulator = serve()
    path = write("r.csv", "bot_id,phone,text,outcome\n7,9991234567,Hi,not_sent\n")
    ended = cleverapp("send", path, "--only", "not_sent", "--output", f"{path}.jsonl")
    assert ended.code == 0, ended.err
    assert [one.parameters["phone"] for one in simulator.deliveries] == ["79991234567"]
