from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from cleverapp_async.simulator import SimulatedContact, Simulator, SimulatorLimits
from tests.paths import SAMPLES

if TYPE_CHECKING:
    from tests.simulator.conftest import Serve

NO_LIMITS = SimulatorLimits.none()
CONTACTS = (
    SimulatedContact(5, 7, "telegram", "100", phone="79991234567"),
    SimulatedContact(6, 7, "whatsapp", "79990000000", name="Борис"),
    SimulatedContact(8, 9, "icq", "100"),
)


def sample(name: str) -> object:
    """Read a sample of the API's pages."""
    return json.loads((SAMPLES / name).read_text(encoding="utf-8"))


async def test_an_empty_request_gives_the_sample_of_the_page(serve: Serve) -> None:
    """Without parameters, sendMessage answers the documented errors, key for key in their order."""
    call = await serve(Simulator(limits=NO_LIMITS))
    answer = await call("sendMessage")
    assert answer.status == 422
    assert json.dumps(answer.json) == json.dumps(sample("sendMessage/validation.json"))
    assert call.simulator.arrivals[0].verdict == "invalid"


async def test_json_is_spelt_as_php_spells_it(serve: Serve) -> None:
    """The body is ASCII with escapes, slashes included."""
    call = await serve(Simulator(limits=NO_LIMITS))
    body = (await call("sendMessage")).body
    assert body.isascii()
    assert b"image \\/ file" in body


@pytest.mark.parametrize(
    "message",
    [
        {"contact_id": "5", "text": "Привет"},
        {"contact_id": "5", "image": "https://example.com/a.png"},
        {
            "bot_id": "7",
            "messenger": "telegram",
            "contact_external_id": "100",
            "file": "https://example.com/a.pdf",
        },
        {
            "bot_id": "7",
            "messenger": "telegram",
            "contact_external_id": "+79991234567",
            "text": "Hi",
        },
    ],
)
@pytest.mark.parametrize("way", ["query", "form", "multipart", "json"])
async def test_a_message_is_accepted_whichever_way_it_comes(
    serve: Serve, way: str, message: dict[str, str]
) -> None:
    """Both addressings are accepted from the query, a form and JSON, and logged alike."""
    call = await serve(Simulator(limits=NO_LIMITS, contacts=CONTACTS))
    if way == "query":
        answer = await call("sendMessage", message)
    elif way == "json":
        answer = await call("sendMessage", json=message)
    else:
        data = message if way == "form" else _multipart(message)
        headers = {} if way == "form" else {"Content-Type": "multipart/form-data; boundary=X"}
        answer = await call(
            "sendMessage", data=data, headers={"Accept": "application/json", **headers}
        )
    assert (answer.status, answer.json) == (200, sample("sendMessage/accepted.json"))
    (arrival,) = call.simulator.arrivals
    assert dict(arrival.parameters) == message
    assert (arrival.endpoint, arrival.bot_id, arrival.messenger) == ("sendMessage", 7, "telegram")
    assert (arrival.verdict, arrival.status, arrival.taken) == ("accepted", 200, True)
    assert list(call.simulator.deliveries) == [arrival]


def _multipart(message: dict[str, str]) -> bytes:
    parts = [
        f'--X\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in message.items()
    ]
    return ("".join(parts) + "--X--\r\n").encode()


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ({"contact_id": 7, "text": "Hi"}, "contact_id"),
        ({"contact_id": 0, "text": "Hi"}, "contact_id"),
        (
            {"bot_id": 7, "messenger": "viber", "contact_external_id": "100", "text": "Hi"},
            "contact_external_id",
        ),
        (
            {"bot_id": 7, "messenger": "telegram", "contact_external_id": "9", "text": "Hi"},
            "contact_external_id",
        ),
    ],
)
async def test_an_unknown_contact_does_not_exist(
    serve: Serve, message: dict[str, object], field: str
) -> None:
    """A contact which is not among the given ones is a validation error on what names it."""
    call = await serve(Simulator(limits=NO_LIMITS, contacts=CONTACTS))
    answer = await call("sendMessage", json=message)
    assert answer.status == 422
    text = f"Выбранное значение для {field.replace('_', ' ')} некорректно."
    assert answer.json["errors"] == {field: [text]}
    assert not call.simulator.deliveries


async def test_wrong_types_are_refused(serve: Serve) -> None:
    """Types are checked as the page names them, in the order of its sample."""
    call = await serve(Simulator(limits=NO_LIMITS))
    message = {"contact_id": "x", "text": 5, "image": "nowhere", "messenger": 1, "bot_id": 1.5}
    answer = await call("sendMessage", json=message)
    assert list(answer.json["errors"]) == ["contact_id", "text", "image", "messenger", "bot_id"]


async def test_the_fifth_element_of_a_burst_to_whatsapp_is_refused_like_the_second(
    serve: Serve,
) -> None:
    """WhatsApp takes one message in ten seconds and refuses with the documented body."""
    call = await serve(Simulator(contacts=CONTACTS, limits=SimulatorLimits(account=None)))
    answers = [await call.send(6) for _ in range(5)]
    assert [answer.status for answer in answers] == [200, 422, 422, 422, 422]
    assert answers[4].json == sample("sendMessage/messenger_limit.json")
    assert len(call.simulator.deliveries) == 1
    assert call.simulator.arrivals[4].verdict == "refused_messenger"


async def test_the_status_of_a_messenger_limit_is_a_setting(serve: Serve) -> None:
    """What the page does not say can be set."""
    limits = SimulatorLimits(account=None)
    call = await serve(Simulator(contacts=CONTACTS, limits=limits, messenger_limit_status=429))
    await call.send(6)
    assert (await call.send(6)).status == 429


async def test_messengers_and_bots_have_windows_of_their_own(serve: Serve) -> None:
    """Ten messages of one bot and messenger leave the others' limits untouched."""
    call = await serve(Simulator(limits=SimulatorLimits(account=None)))

    async def send(bot_id: str, messenger: str) -> int:
        query = {"bot_id": bot_id, "messenger": messenger, "contact_external_id": "1", "text": "Hi"}
        return (await call("sendMessage", query)).status

    assert [await send("1", "telegram") for _ in range(11)] == [200] * 10 + [422]
    assert [await send("2", "telegram"), await send("1", "vk")] == [200, 200]
    by_id = await call.send(1)
    assert by_id.json == {"error": "Достигнут лимит отправки сообщений для telegram"}


async def test_an_unsupported_messenger_says_so(serve: Serve) -> None:
    """A contact of a messenger that is not implemented gets the documented body."""
    call = await serve(
        Simulator(limits=NO_LIMITS, contacts=CONTACTS, unsupported_messengers=frozenset({"icq"}))
    )
    answer = await call.send(8)
    assert (answer.status, answer.json) == (422, sample("sendMessage/messenger_unsupported.json"))
    assert call.simulator.arrivals[0].verdict == "unsupported"


async def test_a_bot_of_others_is_forbidden(serve: Serve) -> None:
    """A bot without access gets the documented body."""
    call = await serve(
        Simulator(limits=NO_LIMITS, contacts=CONTACTS, forbidden_bots=frozenset({9}))
    )
    answer = await call.send(8)
    assert (answer.status, answer.json) == (403, sample("sendMessage/forbidden.json"))
    assert call.simulator.arrivals[0].verdict == "forbidden"


async def test_whatsapp_by_number_answers_the_contact(serve: Serve) -> None:
    """SendMessageToWhatsApp answers the contact in the documented shape."""
    call = await serve(Simulator(limits=NO_LIMITS))
    message = {"bot_id": 7, "phone": "79991234567", "text": "Hi", "name": "Иван Иванов"}
    answer = await call("sendMessageToWhatsApp", json=message)
    expected = sample("sendMessageToWhatsApp/accepted.json")
    assert isinstance(expected, dict)
    data = answer.json["data"]
    assert list(data) == list(expected["data"])
    assert data["phone"] == "79991234567"
    assert data["name"] == "Иван Иванов"
    assert datetime.fromisoformat(data["created_at"]).utcoffset() is not None
    (delivery,) = call.simulator.deliveries
    assert (delivery.bot_id, delivery.messenger) == (7, "whatsapp")


async def test_whatsapp_by_number_needs_a_name_for_the_first_message(serve: Serve) -> None:
    """With given contacts, an unknown number needs a name once."""
    call = await serve(Simulator(limits=NO_LIMITS, contacts=CONTACTS))
    message = {"bot_id": 7, "phone": "7123", "text": "Hi"}
    refused = await call("sendMessageToWhatsApp", json=message)
    assert refused.json["errors"] == {"name": ["Поле name обязательно для заполнения."]}
    named = await call("sendMessageToWhatsApp", json={**message, "name": "Иван"})
    again = await call("sendMessageToWhatsApp", json=message)
    assert again.json == named.json


@pytest.mark.parametrize("bot_id", [8, 0])
async def test_whatsapp_by_number_needs_a_bot_that_exists(serve: Serve, bot_id: int) -> None:
    """An unknown bot is a validation error."""
    call = await serve(Simulator(limits=NO_LIMITS, contacts=CONTACTS))
    message = {"bot_id": bot_id, "phone": "7123", "text": "Hi"}
    answer = await call("sendMessageToWhatsApp", json=message)
    assert list(answer.json["errors"]) == ["bot_id"]


async def test_whatsapp_by_number_has_a_limit_of_its_own(serve: Serve) -> None:
    """One message a second goes to numbers, whatever sendMessage does to WhatsApp."""
    call = await serve(Simulator(limits=SimulatorLimits(account=None), contacts=CONTACTS))
    message = {"bot_id": 7, "phone": "79990000000", "text": "Hi"}
    assert (await call.send(6)).status == 200
    assert (await call("sendMessageToWhatsApp", json=message)).status == 200
    refused = await call("sendMessageToWhatsApp", json=message)
    assert refused.json == sample("sendMessage/messenger_limit.json")


async def test_whatsapp_by_number_lists_what_is_required(serve: Serve) -> None:
    """An empty request names the three required fields."""
    call = await serve(Simulator(limits=NO_LIMITS))
    answer = await call("sendMessageToWhatsApp")
    assert list(answer.json["errors"]) == ["bot_id", "phone", "text"]
