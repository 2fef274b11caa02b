"""Which limit a message counts for: given, addressed, learned from answers and from refusals."""

from __future__ import annotations

import pytest

from cleverapp_async import (
    ClientConfig,
    Lane,
    LimiterRegistry,
    LimitKey,
    RetryPolicy,
    Route,
    SendMessage,
)
from cleverapp_async.simulator import Fault, Simulator, SimulatorLimits
from tests.transport.rig import Notebook, client_of

FREE = SimulatorLimits.none()
LIMIT = {"error": "Достигнут лимит отправки сообщений для viber"}


def keys_of(notebook: Notebook) -> list[LimitKey]:
    """The keys whose limiters were asked, in order."""
    return [
        key
        for key, what, _ in notebook.notes
        if isinstance(key, LimitKey) and what.startswith("acquire")
    ]


async def test_an_unknown_route_is_limited_by_the_account_alone() -> None:
    """A contact id says nothing of its bot: the account's limit holds, no key's."""
    notebook = Notebook()
    async with (
        Simulator(limits=FREE) as simulator,
        client_of(simulator.base_url, limits=notebook.registry()) as client,
    ):
        assert client.limit_key(SendMessage(contact_id=1, text="Hi")) is None
        await client.send_message(contact_id=1, text="Hi")
    assert keys_of(notebook) == []
    assert notebook.of_account() == ["acquire interactive", "sent", "settle"]


async def test_a_call_by_name_counts_for_the_messenger_however_it_is_written() -> None:
    """``call`` with ``WhatsApp`` passes the limiter of ``whatsapp``, and no other one."""
    notebook = Notebook()
    params = {"bot_id": 7, "messenger": "WhatsApp", "contact_external_id": "1", "text": "Hi"}
    async with (
        Simulator(limits=FREE) as simulator,
        client_of(simulator.base_url, limits=notebook.registry()) as client,
    ):
        await client.call("sendMessage", params=params)
    assert keys_of(notebook) == [LimitKey(7, "whatsapp")]


async def test_a_route_given_by_hand_is_remembered() -> None:
    """A route given once with its contact holds for later messages too."""
    notebook = Notebook()
    async with (
        Simulator(limits=FREE) as simulator,
        client_of(simulator.base_url, limits=notebook.registry()) as client,
    ):
        await client.send_message(contact_id=1, text="Hi", route=Route(7, "viber"))
        await client.send_message(contact_id=1, text="Hi")
        client.learn_route(2, Route(8, "icq"))
        await client.send_message(contact_id=2, text="Hi")
    seven, eight = LimitKey(7, "viber"), LimitKey(8, "icq")
    assert keys_of(notebook) == [seven, seven, eight]


async def test_the_triple_is_its_own_route() -> None:
    """An addressed bot and messenger outweigh what is given beside them."""
    notebook = Notebook()
    message = SendMessage(bot_id=7, messenger="ICQ", contact_external_id="1", text="Hi")
    async with (
        Simulator(limits=FREE) as simulator,
        client_of(simulator.base_url, limits=notebook.registry()) as client,
    ):
        await client.send(message, route=Route(9, "viber"), lane=Lane.BULK)
        assert client.limit_key(message) == LimitKey(7, "icq")
    assert keys_of(notebook) == [LimitKey(7, "icq")]
    assert notebook.of_key("icq")[0] == "acquire bulk"


async def test_a_whatsapp_answer_teaches_the_route() -> None:
    """The contact that sendMessageToWhatsApp answers is known to be of that bot and WhatsApp."""
    notebook = Notebook()
    async with (
        Simulator(limits=FREE) as simulator,
        client_of(simulator.base_url, limits=notebook.registry()) as client,
    ):
        contact = await client.send_message_to_whatsapp(
            bot_id=7, phone="79991234567", text="Hi", name="Иван"
        )
        await client.send_message(contact_id=contact.id, text="Hi")
    assert keys_of(notebook) == [
        LimitKey(7, "whatsapp", "sendMessageToWhatsApp"),
        LimitKey(7, "whatsapp", "sendMessage"),
    ]


@pytest.mark.parametrize(
    ("known", "learned"),
    [
        (None, LimitKey(None, "viber")),
        (Route(7, "telegram"), LimitKey(7, "viber")),
        (Route(7, "viber"), LimitKey(7, "viber")),
    ],
)
async def test_a_refusal_teaches_the_messenger(known: Route | None, learned: LimitKey) -> None:
    """What a refusal names is limited from then on, and paused where that is news."""
    notebook = Notebook()
    config = ClientConfig(retry=RetryPolicy(refusals=0))
    fault = Fault.answer(422, LIMIT, {"Retry-After": "4.5"}, times=1)
    async with (
        Simulator(limits=FREE, faults=[fault]) as simulator,
        client_of(simulator.base_url, limits=notebook.registry(), config=config) as client,
    ):
        if known:
            client.learn_route(1, known)
        outcomes = [one async for one in client.send_many([SendMessage(contact_id=1, text="Hi")])]
        assert not outcomes[0].accepted
        assert client.limit_key(SendMessage(contact_id=1, text="Hi")) == learned
    pauses = [(key, seconds) for key, what, seconds in notebook.notes if what == "pause"]
    refused = [(key, seconds) for key, what, seconds in notebook.notes if what == "refuse"]
    assert pauses == ([] if known == Route(7, "viber") else [(learned, 4.5)])
    before = [] if known is None else [(LimitKey(7, known.messenger), 4.5)]
    assert refused == before


async def test_a_refusal_without_a_wait_pauses_for_a_period() -> None:
    """Where the server does not say, a key just learned rests for its quota's period."""
    notebook = Notebook()
    fault = Fault.answer(422, LIMIT, times=1)
    async with (
        Simulator(limits=FREE, faults=[fault]) as simulator,
        client_of(simulator.base_url, limits=notebook.registry(), config=ClientConfig()) as client,
    ):
        receipt = await client.send_message(contact_id=1, text="Hi")
    assert receipt.attempts == 2
    pauses = [(key, seconds) for key, what, seconds in notebook.notes if what == "pause"]
    assert pauses == [(LimitKey(None, "viber"), 10.0)]
    assert keys_of(notebook) == [LimitKey(None, "viber")]


async def test_a_refused_triple_teaches_nothing() -> None:
    """Without a contact id there is nobody to remember it for."""
    notebook = Notebook()
    fault = Fault.answer(422, LIMIT, times=1)
    async with (
        Simulator(limits=FREE, faults=[fault]) as simulator,
        client_of(simulator.base_url, limits=notebook.registry(), config=ClientConfig()) as client,
    ):
        await client.send_message(
            bot_id=7, messenger="telegram", contact_external_id="1", text="Hi"
        )
    assert [what for _, what, _ in notebook.notes if what == "pause"] == []


async def test_documented_limits_are_kept_by_default() -> None:
    """With the documented quotas on both sides the server refuses nothing."""
    async with Simulator() as simulator:
        async with client_of(simulator.base_url, limits=LimiterRegistry()) as client:
            for number in range(3):
                await client.send_message(contact_id=number + 1, text="Hi")
        assert simulator.referee().clean
