"""Phone numbers and ids as people and spreadsheets write them."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import SendMessage, SendMessageToWhatsApp
from cleverapp_async.cli.recipients.addresses import plain_number, read_phone
from cleverapp_async.cli.recipients.messages import Defaults, read_message
from cleverapp_async.cli.recipients.rows import Row

if TYPE_CHECKING:
    from pathlib import Path

    from cleverapp_async import Message
    from tests.cli.command import Run, Serve, Write

SAME = (
    "79991234567",
    "+7 999 123-45-67",
    "8 (999) 123-45-67",
    "89991234567",
    "9991234567",
    "(999) 123 45 67",
    "0079991234567",
    "+8 (999) 123-45-67",
    "79991234567.0",
    "79991234567,00",
    "7.9991234567E+10",
    "7,9991234567e10",
    "'+79991234567",
    "\u200e+7\u2011999\u2011123\u201145\u201167",
    "7\u00a0999\u00a0123\u00a045\u00a067",
    "tel:+79991234567",
    "+７９９９１２３４５６７",
)


def read(cells: dict[str, str], defaults: Defaults | None = None) -> Message | list[str]:
    """Give the message of a row, or the columns of its faults."""
    found = read_message(Row(1, 2, {"text": "Hi", **cells}), defaults or Defaults())
    return [fault.column for fault in found] if isinstance(found, tuple) else found


@pytest.mark.parametrize("written", SAME)
def test_one_number_in_every_spelling(written: str) -> None:
    """However a number is written it is one address, by phone and as an id in WhatsApp."""
    assert read({"bot_id": "7", "phone": written}) == SendMessageToWhatsApp(
        bot_id=7, phone="79991234567", text="Hi"
    )
    cells = {"bot_id": "7", "messenger": "WhatsApp", "contact_external_id": written}
    assert read(cells) == SendMessage(
        bot_id=7, messenger="whatsapp", contact_external_id="79991234567", text="Hi"
    )


WRONG = (
    *("7999123456", "999123456", "799912345678", "00000", "8 999 123-45-6", "112", "7,9E+10"),
    *("79991234567, 79991234568", "+7 999 123-45-67 ext. 5", "Anna", "+", "-", "7701123456"),
)


@pytest.mark.parametrize("written", WRONG)
def test_numbers_that_nobody_has_are_faults(written: str) -> None:
    """A digit short, a digit too many, two in one cell, and what a spreadsheet rounded."""
    assert read({"bot_id": "7", "phone": written}) == ["phone"]


@pytest.mark.parametrize("written", ["7999123456", "7,9E+10", "8 999 123-45-6"])
def test_ids_in_whatsapp_are_numbers_too(written: str) -> None:
    """An id in WhatsApp that should be a phone number and is none is a fault."""
    cells = {"bot_id": "7", "messenger": "whatsapp", "contact_external_id": written}
    assert read(cells) == ["contact_external_id"]


def test_ids_of_other_messengers_stay() -> None:
    """Outside of WhatsApp an id is no phone number, however it looks."""
    for external_id in ("89991234567", "abc==", "+7 999", "0012"):
        cells = {"bot_id": "7", "messenger": "viber", "contact_external_id": external_id}
        found = read(cells)
        assert isinstance(found, SendMessage)
        assert found.contact_external_id == external_id


def test_the_region_decides() -> None:
    """Numbers without a country code are of the region; those with one are what they say."""
    kazakh = Defaults(phone_region="KZ")
    for written in ("7011234567", "87011234567", "+77011234567", "77011234567"):
        found = read({"bot_id": "7", "phone": written}, kazakh)
        assert isinstance(found, SendMessageToWhatsApp)
        assert found.phone == "77011234567"
    found = read({"bot_id": "7", "phone": "375291234567"})
    assert isinstance(found, SendMessageToWhatsApp)
    assert found.phone == "375291234567"


PLAIN = {
    "1 234 567": "1234567",
    "1\u00a0234": "1234",
    "12.0": "12",
    "1,23E+02": "123",
    "7e0": "7e0",
    "4e00": "4e00",
    "12": "12",
    "1,000": "1,000",
    "12 34": "12 34",
    "1.25E+01": "1.25E+01",
}


@pytest.mark.parametrize(("written", "plain"), PLAIN.items())
def test_what_a_spreadsheet_does_to_numbers(written: str, plain: str) -> None:
    """Grouped digits and zeros behind a point are put straight, and nothing else."""
    assert plain_number(written) == plain


def test_ids_are_put_straight(cleverapp: Run, write: Write) -> None:
    """A contact's id with grouped digits is that id; a rounded one is told with its line."""
    path = write("r.csv", "contact_id;text\n1\u00a0234\u00a0567;Hi\n1,2E+08;Hi\n")
    ended = cleverapp("send", path, "--dry-run")
    assert ended.code == 2
    assert f"{path}, line 3, contact_id: " in ended.err
    assert "line 2" not in ended.err


@given(st.from_regex(r"9[0-9]{9}", fullmatch=True))
def test_reading_a_number_twice_changes_nothing(national: str) -> None:
    """What was read once is read again as it is."""
    try:
        once = read_phone(national, "RU")
    except ValueError:
        return
    assert read_phone(once.digits, "RU").digits == once.digits
    assert read_phone(f"8{national}", "RU").digits == once.digits


@pytest.mark.parametrize("text", [True, False])
def test_the_same_person_is_one_recipient(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path, text: bool
) -> None:
    """Two spellings of a number are duplicates to the check, the dry run and the journal."""
    simulator = serve()
    path = write("r.csv", "bot_id,phone,text\n7,79991234567,Hi\n7,8 (999) 123-45-67,Hi\n")
    journal = () if text else ("--journal", str(tmp_path / "run.db"))
    ended = cleverapp("send", path, "--dry-run", *journal)
    assert "(first in line 3)" in ended.err
    assert "--phone-region" in ended.err
    ended = cleverapp("send", path, *journal, *(("--drop-duplicates",) if text else ()))
    assert ended.code == 0, ended.err
    assert [one.parameters["phone"] for one in simulator.deliveries] == ["79991234567"]


def test_both_ways_to_one_number_are_one_recipient(cleverapp: Run, write: Write) -> None:
    """A phone, and the same number as an id in WhatsApp, are the same person to the check."""
    path = write(
        "r.csv",
        "bot_id,messenger,contact_external_id,phone,text\n"
        "7,whatsapp,+7 999 123-45-67,,Hi\n7,,,89991234567,Hi\n7,wa,,89991234568,Hi\n",
    )
    ended = cleverapp("send", path, "--dry-run", "--skip-bad-rows")
    assert ended.code == 1
    assert "line 3)" in ended.err
    assert ended.err.count("line 4") == 1


def test_a_number_that_may_be_new_is_sent(cleverapp: Run, write: Write) -> None:
    """A number of the right length that nobody is known to have is told, and sent."""
    path = write("r.csv", "bot_id,phone,text\n7,+7 000 000-00-01,Hi\n")
    ended = cleverapp("send", path, "--dry-run")
    assert ended.code == 0
    assert "1 row (first in line 2)" in ended.err


def test_a_plus_too_many_is_a_fault(cleverapp: Run, write: Write) -> None:
    """A number that two countries may have goes to neither."""
    path = write("r.csv", "bot_id,phone,text\n7,+9612345678,Hi\n")
    ended = cleverapp("send", path, "--dry-run")
    assert ended.code == 2
    assert f"{path}, line 2, phone: " in ended.err


def test_a_region_that_is_none(cleverapp: Run, write: Write) -> None:
    """A country is two letters that are known."""
    path = write("r.csv", "contact_id,text\n1,Hi\n")
    assert cleverapp("send", path, "--dry-run", "--phone-region", "Russia").code == 2
    assert cleverapp("send", path, "--dry-run", "--phone-region", "kz").code == 0


def test_a_region_that_was_guessed_is_told_and_no_warning(cleverapp: Run, write: Write) -> None:
    """Which country numbers were taken for is told where nobody has named it, and only there."""
    path = write("r.csv", "bot_id,phone,text\n7,89991234567,Hi\n7,89991234568,Hi\n")
    guessed = cleverapp("send", path, "--dry-run").err
    (told,) = [line for line in guessed.splitlines() if "--phone-region" in line]
    assert told.startswith("2 rows (first in line 2): ")
    assert "Warning" not in guessed
    assert cleverapp("send", path, "--dry-run", "--phone-region", "RU").err == ""
    assert cleverapp("send", path, "--dry-run", "--quiet").err == ""


def test_the_region_of_a_test_address_is_told_and_no_warning(
    cleverapp: Run, serve: Serve, write: Write
) -> None:
    """The number of a test without a country code is told as those of a list are."""
    serve()
    path = write("r.csv", "bot_id,phone,text\n7,+79991234567,Hi\n")
    test = ("send", path, "--test-to", "phone=89991234568")
    ended = cleverapp(*test)
    assert [line for line in ended.err.splitlines() if line.startswith("--test-to: ")]
    assert "Warning" not in ended.err
    assert "--test-to: " not in cleverapp(*test, "--phone-region", "RU").err


MESSENGERS = {
    "tg": "telegram",
    "Телеграм": "telegram",
    "telegramm": "telegram",
    "watsapp": "whatsapp",
    "ватсап": "whatsapp",
    "vaiber": "viber",
    "вайбер": "viber",
    "вк": "vk",
    "Макс": "max",
}


@pytest.mark.parametrize("written", MESSENGERS)
def test_a_messenger_that_is_meant_is_told(cleverapp: Run, write: Write, written: str) -> None:
    """Another word for a messenger, or a slip in it, is a fault that says which is meant."""
    path = write("r.csv", f"bot_id,messenger,contact_external_id\n7,{written},5\n")
    ended = cleverapp("send", path, "--text", "Hi", "--dry-run")
    assert ended.code == 2
    assert f"{path}, line 2, messenger: " in ended.err
    assert f"Write {MESSENGERS[written]}." in ended.err
    path = write("r.csv", "bot_id,contact_external_id\n7,5\n")
    ended = cleverapp("send", path, "--text", "Hi", "--dry-run", "--messenger", written)
    assert ended.code == 2
    assert f"did you mean {MESSENGERS[written]}?" in ended.err


@pytest.mark.parametrize("written", ["Telegram", " VIBER", "Whats App", "whats-app"])
def test_a_messenger_in_any_spelling(cleverapp: Run, write: Write, written: str) -> None:
    """Case and blanks do not make another messenger."""
    path = write("r.csv", f"bot_id,messenger,contact_external_id\n7,{written},5\n")
    ended = cleverapp("send", path, "--text", "Hi", "--dry-run")
    assert (ended.code, ended.err) == (0, "")


def test_a_messenger_that_may_be_new_is_sent(cleverapp: Run, write: Write) -> None:
    """The set of messengers grows: one that is like no other goes out, and is told."""
    path = write("r.csv", "bot_id,messenger,contact_external_id\n7,signal,5\n7,signal,6\n")
    ended = cleverapp("send", path, "--text", "Hi", "--dry-run")
    assert ended.code == 0
    assert "2 rows (first in line 2)" in ended.err
    assert "signal" in ended.err
    path = write("r.csv", "bot_id,contact_external_id\n7,5\n")
    ended = cleverapp("send", path, "--text", "Hi", "--dry-run", "--messenger", "signal")
    assert ended.code == 0
    assert "1 row (first in line 2)" in ended.err


@pytest.mark.parametrize(
    ("row", "length", "warned"),
    [
        ("telegram,5,", 4096, False),
        ("telegram,5,", 4097, True),
        ("max,5,", 4001, True),
        ("viber,5,", 4097, True),
        (",,1", 4097, True),
        (",,1", 4096, False),
    ],
)
def test_texts_that_are_too_long_are_told(
    cleverapp: Run, write: Write, row: str, length: int, warned: bool
) -> None:
    """Texts longer than a messenger takes are counted, with the first line."""
    bot = "" if row.endswith("1") else "7"
    header = "bot_id,messenger,contact_external_id,contact_id,text\n"
    path = write("r.csv", f"{header}7,telegram,1,,x\n{bot},{row},{'a' * length}\n")
    ended = cleverapp("send", path, "--dry-run")
    assert ended.code == 0, ended.err
    assert ("1 row (first in line 3)" in ended.err) is warned


def test_the_digits_that_count_are_told() -> None:
    """The sign of a call within the country, and the country's code, are no digits of a number."""
    for written, lead, count in (
        ("8 (999) 123-45-0", "8", 9),
        ("+7 999 123 45 678", "+7", 11),
        ("0079991", "007", 4),
    ):
        with pytest.raises(ValueError, match=rf"leading {re.escape(lead)} .*{count} .*\b10\b"):
            read_phone(written, "RU")
    with pytest.raises(ValueError, match=r"has 9 digits.*\b10\b") as caught:
        read_phone("999123450", "RU")
    assert "leading" not in str(caught.value)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("12", "too short"),
        ("9991234", "too short"),
        ("0079991234", "too short"),
        ("8 (999) 123-45-6", "too short"),
        ("799912345678", "too long"),
        ("8 (999) 123-45-678", "too long"),
        ("+380 50 123 45", "too short"),
        ("12345678901234567890", "too long"),
        ("+999123456789", "country code"),
        ("00000", "country code"),
        ("5551234567", "range"),
        ("Anna", "letters"),
        ("79991234567 доб. 12", "letters"),
        ("@79991234567", "'@'"),
        ("+7+9991234567", "+"),
        ("()", "no digit"),
        ("79991234567, 79991234568", "several"),
    ],
)
def test_why_a_number_is_none(written: str, told: str, cleverapp: Run, write: Write) -> None:
    """A fault says what is wrong with the number, and shows it as it is written."""
    with pytest.raises(ValueError, match=re.escape(told)) as caught:
        read_phone(written, "RU")
    assert repr(written) in str(caught.value)
    path = write("r.csv", f'bot_id,phone\n7,"{written}"\n')
    ended = cleverapp("send", path, "--text", "Hi", "--dry-run")
    assert ended.code == 2
    assert f"{path}, line 2, phone: " in ended.err
    assert written in ended.err


@given(st.text(alphabet="0123456789+-() .,x", max_size=24), st.sampled_from(["RU", "DE", "KZ"]))
def test_every_number_is_read_or_has_its_reason(written: str, region: str) -> None:
    """Whatever is written, it is a number or a fault; no other error is raised."""
    with suppress(ValueError):
        assert read_phone(written, region).digits.isdigit()
