from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cleverapp_async.simulator import Simulator
from tests.simulator.worlds import NO_LIMITS, WORLD, Api, nothing_like

if TYPE_CHECKING:
    from tests.simulator.conftest import Serve


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ({"contact_id": 5}, {"contact_id": 5, "phone": "79991234567"}),
        ({"bitrix_contact_id": 77}, {"bitrix_contact_id": 77, "phone": "79991234567"}),
        ({"phone": "+7 999 000-00-00"}, {"contact_id": 6, "phone": "79990000000"}),
        ({"contact_id": 8}, {"contact_id": 8, "phone": None}),
    ],
)
async def test_a_message_is_queued_by_each_address(
    serve: Serve, address: dict[str, object], shown: dict[str, object]
) -> None:
    """Each of the three addresses finds the contact, and the message counts as delivered."""
    api = Api(await serve(simulator := Simulator(limits=NO_LIMITS, seed_data=WORLD)))
    answer = await api("sendMessageToQueue", text="Hi", message_id="m1", **address)
    assert answer.json == {"success": True, "message_id": "m1", "text": "Hi", **shown}
    (arrival,) = simulator.deliveries
    assert (arrival.bot_id in {7, 9}, arrival.messenger) == (True, None)


@pytest.mark.parametrize("address", [{"bitrix_contact_id": 3}, {"phone": "70"}, {"contact_id": 3}])
async def test_an_unknown_address_is_told(serve: Serve, address: dict[str, object]) -> None:
    """With given contacts, an address of none of them does not exist."""
    api = Api(await serve(Simulator(limits=NO_LIMITS, seed_data=WORLD)))
    (field,) = address
    errors = await api.errors("sendMessageToQueue", text="Hi", **address)
    assert errors == {field: nothing_like(field)}


async def test_everybody_can_be_addressed_without_contacts(serve: Serve) -> None:
    """Without given contacts any phone and Bitrix id is somebody, and ids are made up."""
    api = Api(await serve(Simulator(limits=NO_LIMITS)))
    first = (await api("sendMessageToQueue", text="Hi", phone="70")).json
    assert first == {"success": True, "message_id": "1", "phone": "70", "text": "Hi"}
    second = (await api("sendMessageToQueue", text="Hi", bitrix_contact_id="4")).json
    assert (second["message_id"], second["bitrix_contact_id"]) == ("2", 4)
    assert (await api("sendMessageToQueue", text="Hi", contact_id=0)).status == 422


async def test_one_of_the_three_addresses_is_needed(serve: Serve) -> None:
    """Without an address each of the three is demanded, with the other two."""
    api = Api(await serve(Simulator(limits=NO_LIMITS)))
    errors = await api.errors("sendMessageToQueue", text="Hi")
    needed = "обязательно для заполнения, когда ни одно из"
    assert errors == {
        "contact_id": [f"Поле contact id {needed} bitrix contact id / phone не указано."],
        "bitrix_contact_id": [f"Поле bitrix contact id {needed} contact id / phone не указано."],
        "phone": [f"Поле phone {needed} contact id / bitrix contact id не указано."],
    }
