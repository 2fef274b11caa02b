from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import Message, SendMessage, SendMessageToWhatsApp
from cleverapp_async.cli.recipients.messages import Defaults, read_message
from cleverapp_async.cli.recipients.rows import Row
from cleverapp_async.cli.recipients.template import Template

TEXT = Defaults(text=Template.parse("Hi {name}"))


def read(cells: dict[str, str], defaults: Defaults | None = None) -> Message | list[str]:
    """Give the message of a row, or its faults in words."""
    found = read_message(Row(1, 2, cells), defaults or Defaults())
    return [fault.told("r") for fault in found] if isinstance(found, tuple) else found


def test_by_contact_id() -> None:
    """A contact_id alone addresses, whatever the defaults and further columns say."""
    cells = {"contact_id": " 5 ", "text": " as it is ", "phone": "79990000001"}
    defaults = Defaults(bot_id=7, messenger="telegram")
    assert read(cells, defaults) == SendMessage(contact_id=5, text=" as it is ")


def test_by_bot_messenger_and_external_id() -> None:
    """Own values go before defaults, and defaults fill what is missing."""
    cells = {"bot_id": "9", "contact_external_id": "abc", "image": " https://x.ru/a.jpg "}
    assert read(cells, Defaults(bot_id=7, messenger="Telegram")) == SendMessage(
        bot_id=9, messenger="telegram", contact_external_id="abc", image="https://x.ru/a.jpg"
    )


def test_by_phone() -> None:
    """A phone without the other addresses goes by sendMessageToWhatsApp, with the name."""
    cells = {"phone": "+7 999 000-00-01", "name": "Анна", "messenger": "WhatsApp"}
    assert read(cells, Defaults(bot_id=7, text=TEXT.text)) == SendMessageToWhatsApp(
        bot_id=7, phone="79990000001", text="Hi Анна", name="Анна"
    )


def test_an_external_id_goes_before_a_phone() -> None:
    """A row with both is addressed in its messenger."""
    cells = {
        "bot_id": "1",
        "messenger": "viber",
        "contact_external_id": "2",
        "phone": "79990000001",
    }
    found = read({**cells, "text": "x"})
    assert isinstance(found, SendMessage)


def test_a_rows_own_text_goes_before_the_template() -> None:
    """Its own text is sent as it stands, braces and all."""
    assert read({"contact_id": "1", "text": "{raw}"}, TEXT) == SendMessage(
        contact_id=1, text="{raw}"
    )


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"contact_id": "x", "text": "a"}, "contact_id must be a whole number"),
        *(
            ({"contact_id": written, "text": "a"}, "contact_id must be a whole number")
            for written in ("0.5", "1e3", "-4", "+5", "1,5")
        ),
        ({"contact_id": "0", "text": "a"}, "contact_id must be a whole number from 1 up, not 0"),
        ({"contact_id": "9" * 60, "text": "a"}, "a whole number. Write the contact's id"),
        ({"contact_id": "1"}, "nothing to send: give at least one of text, image, file"),
        ({"contact_id": "1", "image": "pic.jpg"}, "image must be an absolute http or https URL"),
        ({"contact_id": "1", "bot_id": "2", "text": "a"}, "contact_id and bot_id are both given"),
        ({"text": "a"}, "no recipient"),
        ({"contact_external_id": "1", "text": "a"}, "bot_id, messenger"),
        ({"bot_id": "1", "phone": "12", "text": "a"}, "phone must be a phone number"),
        ({"bot_id": "x", "phone": "79990000001", "text": "a"}, "bot_id must be a whole number"),
        ({"phone": "79990000001", "text": "a"}, "bot_id: it is missing"),
        ({"bot_id": "1", "phone": "79990000001"}, "text: nothing to send"),
        (
            {"bot_id": "1", "phone": "79990000001", "text": "a", "messenger": "viber"},
            "goes to WhatsApp, not viber",
        ),
        (
            {"bot_id": "1", "phone": "79990000001", "text": "a", "messenger": "Иван"},
            "goes to WhatsApp, not elsewhere",
        ),
        (
            {"bot_id": "1", "phone": "79990000001", "text": "a", "file": "https://x.ru/a.pdf"},
            "holds text alone",
        ),
    ],
)
def test_faults(cells: dict[str, str], told: str) -> None:
    """Each fault names the line, the column, what is wrong, and ends with a remedy."""
    faults = read(cells)
    assert isinstance(faults, list)
    assert len(faults) == 1
    assert faults[0].startswith("r, line 2, ")
    assert told in faults[0]
    assert faults[0].endswith(".")


def test_all_faults_of_a_row_are_told() -> None:
    """A row with several faults gets a line for each."""
    faults = read({"contact_id": "x", "bot_id": "y"}, TEXT)
    assert isinstance(faults, list)
    assert [fault.split(":")[0] for fault in faults] == [
        "r, line 2, name",
        "r, line 2, contact_id",
        "r, line 2, bot_id",
    ]


SEVERAL = [
    (
        {"bot_id": "x", "messenger": "telegram", "image": "nourl"},
        ["bot_id", "contact_external_id", "image"],
    ),
    ({"contact_external_id": "1", "text": "a", "file": "b"}, ["bot_id, messenger", "file"]),
    ({"image": "a", "file": "b"}, ["contact_id, bot_id, messenger, contact_external_id", "image"]),
    ({"contact_id": "0"}, ["contact_id", "text, image, file"]),
    ({"contact_id": "1", "bot_id": "0", "image": "a"}, ["contact_id, bot_id", "image"]),
    ({"phone": "79990000001", "bot_id": "x"}, ["bot_id", "text"]),
]


@pytest.mark.parametrize(("cells", "columns"), SEVERAL)
def test_a_messages_own_checks_tell_everything_too(
    cells: dict[str, str], columns: list[str]
) -> None:
    """What is missing and what is no link is told beside cells that cannot be read."""
    faults = read(cells)
    assert isinstance(faults, list)
    told = [fault.split(":")[0].removeprefix("r, line 2, ") for fault in faults]
    assert told[: len(columns)] == columns
    assert len(set(told)) == len(told)


def test_a_nested_value_is_a_fault_where_it_is_needed() -> None:
    """What is neither text nor number is told for the columns in use, and only for those."""
    misfits = {"text": "text is odd", "contact_id": "id is odd", "error": "unused"}
    found = read_message(Row(1, 2, {"name": "x"}, misfits), TEXT)
    assert isinstance(found, tuple)
    assert [fault.text for fault in found] == ["text is odd", "id is odd"]


NAMES = ("contact_id", "bot_id", "messenger", "contact_external_id", "phone", "text", "image")
CELLS = st.one_of(st.text(min_size=1), st.integers(0, 99).map(str), st.just("79991234567"))


@given(st.dictionaries(st.sampled_from(NAMES), CELLS.filter(str.strip)))
def test_any_row_is_a_message_or_has_faults(cells: dict[str, str]) -> None:
    """Whatever a row holds, it becomes a message or at least one fault in one line."""
    found = read(cells, TEXT)
    assert isinstance(found, SendMessage | SendMessageToWhatsApp) or len(found) >= 1
