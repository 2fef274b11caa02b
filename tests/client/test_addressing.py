"""Who a message goes to: faults are told with their fields before anything is sent."""

from __future__ import annotations

from enum import Enum
from typing import Any

import pytest

from cleverapp_async import (
    Contact,
    InvalidRequestError,
    LimitKey,
    Messenger,
    Outcome,
    Route,
    SendMessage,
    SendMessageToWhatsApp,
)
from cleverapp_async.simulator import Simulator, SimulatorLimits
from tests.transport.rig import client_of


class Ours(str, Enum):  # noqa: UP042 - what programs have
    """Texts of a program, in an enumeration that is no StrEnum."""

    WHATSAPP = "WhatsApp"
    NUMBER = "79990000001"


class Bots(int, Enum):
    """Numbers of a program, in an enumeration that is no IntEnum."""

    SHOP = 7


TRIPLE = {"bot_id": 7, "messenger": "telegram", "contact_external_id": "123456"}


@pytest.mark.parametrize(
    ("arguments", "fields"),
    [
        ({"text": "Hi"}, ("contact_id", "bot_id", "messenger", "contact_external_id")),
        ({"contact_id": 1, **TRIPLE, "text": "Hi"}, ("contact_id", *TRIPLE)),
        ({"contact_id": 1, "bot_id": 7, "text": "Hi"}, ("contact_id", "bot_id")),
        ({"bot_id": 7, "text": "Hi"}, ("messenger", "contact_external_id")),
        ({"contact_id": 1}, ("text", "image", "file")),
        ({"contact_id": 0, "text": "Hi"}, ("contact_id",)),
        ({"contact_id": True, "text": "Hi"}, ("contact_id",)),
        ({"contact_id": "1", "text": "Hi"}, ("contact_id",)),
        ({"contact_id": 1, "text": "  "}, ("text",)),
        ({"contact_id": 1, "text": 5}, ("text",)),
        ({"contact_id": 1, "text": "\ud800"}, ("text",)),
        ({"contact_id": 1, "image": "picture.png"}, ("image",)),
        ({"contact_id": 1, "file": "https://[::1"}, ("file",)),
        ({"contact_id": 1, "file": "https://host/a b"}, ("file",)),
        ({**TRIPLE, "messenger": " ", "text": "Hi"}, ("messenger",)),
        ({**TRIPLE, "bot_id": -1, "text": "Hi"}, ("bot_id",)),
        ({**TRIPLE, "contact_external_id": 5, "text": "Hi"}, ("contact_external_id",)),
        ({"contactid": 1, "text": "Hi"}, ("contactid",)),
        ({"phone": "79991234567", "text": "Hi"}, ("phone",)),
    ],
)
async def test_faulty_arguments_are_refused_before_any_io(
    arguments: dict[str, Any], fields: tuple[str, ...]
) -> None:
    """The error names the fields as the API spells them, and nothing reaches the server."""
    async with Simulator() as simulator, client_of(simulator.base_url) as client:
        with pytest.raises(InvalidRequestError) as caught:
            await client.send_message(**arguments)
        assert len(simulator.arrivals) == 0
    assert caught.value.fields == fields
    assert all(name in str(caught.value) for name in fields)
    assert caught.value.outcome is Outcome.NOT_SENT


@pytest.mark.parametrize(
    ("method", "arguments", "wrong", "meant"),
    [
        ("send_message", {"text": "Hi"}, "contactid", "contact_id"),
        ("send_message", {"contact_id": 1, "text": "Hi"}, "dead_line", "deadline"),
        ("send_message", {"contact_id": 1}, "txt", "text"),
        ("send_message_to_queue", {"text": "Hi"}, "contactid", "contact_id"),
        ("attach_tag_to_contact", {"contact_id": 1}, "tagid", "tag_id"),
        ("detach_tag_from_contact", {"contact_id": 1}, "tagid", "tag_id"),
        ("delete_contact_variable", {"contact_id": 1}, "nam", "name"),
    ],
)
async def test_a_misspelt_parameter_is_told_with_the_one_that_is_meant(
    method: str, arguments: dict[str, Any], wrong: str, meant: str
) -> None:
    """The error is about the name that nobody knows, and not about the parameter that it hides."""
    async with client_of("http://127.0.0.1:9/api/v1") as client:
        with pytest.raises(InvalidRequestError) as caught:
            await getattr(client, method)(**arguments, **{wrong: 1})
    assert caught.value.fields == (wrong,)
    assert f"did you mean {meant}?" in str(caught.value)


async def test_members_of_enumerations_are_what_they_are_equal_to() -> None:
    """The server gets the value, and the limit is that of the value, not of the member's name."""
    async with (
        Simulator(limits=SimulatorLimits.none()) as simulator,
        client_of(simulator.base_url) as client,
    ):
        await client.send_message(
            bot_id=Bots.SHOP,
            messenger=Ours.WHATSAPP,
            contact_external_id=Ours.NUMBER,
            text="Hi",
        )
        (key,) = (key for key in client.limits.snapshot() if isinstance(key, LimitKey))
        (arrival,) = simulator.arrivals
    assert (str(key), key) == ("whatsapp of bot 7", LimitKey(7, "whatsapp"))
    sent = {"bot_id": "7", "messenger": "whatsapp", "contact_external_id": "79990000001"}
    assert sent.items() <= arrival.parameters.items()


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"bot_id": 0, "phone": "79991234567", "text": "Hi"}, "bot_id"),
        ({"bot_id": 7, "phone": "12", "text": "Hi"}, "phone"),
        ({"bot_id": 7, "phone": 79991234567, "text": "Hi"}, "phone"),
        ({"bot_id": 7, "phone": "\u0667" * 11, "text": "Hi"}, "phone"),
        ({"bot_id": 7, "phone": "79991234567", "text": ""}, "text"),
        ({"bot_id": 7, "phone": "79991234567", "text": "Hi", "name": " "}, "name"),
    ],
)
async def test_faulty_whatsapp_arguments_are_refused(arguments: dict[str, Any], field: str) -> None:
    """The same holds for messages to a phone number."""
    async with Simulator() as simulator, client_of(simulator.base_url) as client:
        with pytest.raises(InvalidRequestError) as caught:
            await client.send_message_to_whatsapp(**arguments)
        assert len(simulator.arrivals) == 0
    assert caught.value.fields == (field,)


async def test_both_addressings_arrive() -> None:
    """By contact id and by the triple, with text, image and file, by arguments or as a model."""
    async with (
        Simulator(limits=SimulatorLimits.none()) as simulator,
        client_of(simulator.base_url) as client,
    ):
        await client.send_message(contact_id=1, text="Привет")
        await client.send_message(
            bot_id=7,
            messenger=Messenger.TELEGRAM,
            contact_external_id="123456",
            image="https://example.org/a.png",
            file="https://example.org/a.pdf",
        )
        await client.send(SendMessage(**TRIPLE, text="Hi"))  # type: ignore[arg-type]
        assert [dict(arrival.parameters) for arrival in simulator.deliveries] == [
            {"contact_id": "1", "text": "Привет"},
            {
                "bot_id": "7",
                "messenger": "telegram",
                "contact_external_id": "123456",
                "image": "https://example.org/a.png",
                "file": "https://example.org/a.pdf",
            },
            {"bot_id": "7", "messenger": "telegram", "contact_external_id": "123456", "text": "Hi"},
        ]


async def test_whatsapp_answers_the_contact() -> None:
    """Writing to a phone number answers the contact, whichever way it is sent."""
    async with (
        Simulator(limits=SimulatorLimits.none()) as simulator,
        client_of(simulator.base_url) as client,
    ):
        contact = await client.send_message_to_whatsapp(
            bot_id=7, phone="+7 (999) 123-45-67", text="Hi", name="Иван Иванов"
        )
        again = await client.send(
            SendMessageToWhatsApp(bot_id=7, phone="79991234567", text="Hi", name="Иван Иванов")
        )
    assert isinstance(contact, Contact)
    assert (contact.phone, contact.name) == ("79991234567", "Иван Иванов")
    assert contact.messenger == "whatsapp"
    assert again.id == contact.id


def test_a_contact_of_another_spelling_has_the_same_route() -> None:
    """A server that writes ``WhatsApp`` in a contact means the key of ``whatsapp``."""
    assert Contact(id=1, bot_id=7, messenger="WhatsApp").route == Route(7, "whatsapp")


def test_a_contact_knows_its_route_where_the_server_told_it() -> None:
    """The bot and the messenger together are a route; one alone is none."""
    assert Contact(id=1, bot_id=7, messenger="viber").route == Route(7, "viber")
    assert Contact(id=1, messenger="viber").route is None
