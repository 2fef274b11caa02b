from __future__ import annotations

import asyncio
import json
from typing import Literal

import pytest

from cleverapp_async import (
    Brand,
    CleverAppClient,
    InvalidRequestError,
    LimiterRegistry,
    LimitKey,
    MessengerLimitError,
    Quota,
    RetryPolicy,
    ServerError,
    UnexpectedResponseError,
    raw_answers,
)
from cleverapp_async.config import DEFAULT_BASE_URL
from cleverapp_async.endpoints import Repeat
from cleverapp_async.simulator import Fault, Simulator, SimulatorLimits, generate
from tests.api.wire import read, serve
from tests.raising import raises
from tests.transport.rig import Notebook, client_of, one_attempt

FREE = SimulatorLimits.none()
QUICK = one_attempt(retry=RetryPolicy(attempts=3, base=0.001))


async def test_a_known_method_is_called_as_its_row_says() -> None:
    """By its name alone a method of the table is called, and answers plain values."""
    async with (
        Simulator(limits=FREE, seed_data=generate(contacts=3)) as simulator,
        client_of(simulator.base_url) as client,
    ):
        contacts = await client.call("getContacts", params={"count": 2})
        (arrival,) = simulator.arrivals
    assert isinstance(contacts, list)
    assert len(contacts) == 2
    assert arrival.endpoint == "getContacts"
    assert arrival.parameters == {"count": "2"}


@pytest.mark.parametrize(
    ("http_method", "body"), [("GET", {}), ("POST", {"a": {"b": [1, "x"]}, "flag": True})]
)
async def test_an_unknown_method_is_called_too(
    http_method: Literal["GET", "POST"], body: dict[str, object]
) -> None:
    """A method no table knows takes its HTTP method, and nested parameters in JSON."""
    async with serve({"getWeather": {"data": {"sun": True}}}) as raw, client_of(raw.base_url) as c:
        assert await c.call("getWeather", http_method=http_method, params=body) == {"sun": True}
        request = read(raw.requests[0])
    assert (request.http_method, request.name) == (http_method, "getWeather")
    assert request.parameters == body


@pytest.mark.parametrize("http_method", ["GET", "POST"])
async def test_another_token_is_refused(http_method: Literal["GET", "POST"]) -> None:
    """A token among the parameters would take the place of the client's own, and be shown."""
    async with serve({"getWeather": {"data": 1}}) as raw, client_of(raw.base_url) as client:
        with pytest.raises(InvalidRequestError) as caught:
            await client.call("getWeather", http_method=http_method, params={"api_token": "mine"})
        assert raw.requests == []
    assert caught.value.fields == ("api_token",)
    assert "mine" not in str(caught.value)


@pytest.mark.parametrize("answer", [[1, 2], {"answer": 42}, 7, None])
async def test_an_answer_without_an_envelope_is_given_whole(answer: object) -> None:
    """What has no ``data`` is the answer itself."""
    async with serve({"getWeather": answer}) as raw, client_of(raw.base_url) as client:
        assert await client.call("getWeather", http_method="GET") == answer


async def test_text_is_no_answer() -> None:
    """A 200 that holds text, such as a page, is not taken for a success of any method."""
    async with serve({"getWeather": "text"}) as raw, client_of(raw.base_url) as client:
        with raises(UnexpectedResponseError, "getWeather", len("text")):
            await client.call("getWeather", http_method="GET")


@pytest.mark.parametrize(
    ("method", "verb", "repeat", "arrivals"),
    [
        ("getWeather", "GET", None, 3),
        ("setWeather", "POST", None, 1),
        ("setWeather", "POST", Repeat.SAME_EFFECT, 3),
        ("getContacts", None, None, 3),
        ("getContacts", None, Repeat.NEVER, 1),
        ("addListItem", None, None, 1),
    ],
)
async def test_it_is_repeated_as_its_class_says(
    method: str, verb: Literal["GET", "POST"] | None, repeat: Repeat | None, arrivals: int
) -> None:
    """A failed reading is tried again, a POST of unknown effect never, unless told otherwise."""
    async with (
        Simulator(limits=FREE, faults=[Fault.server_error()]) as simulator,
        client_of(simulator.base_url, config=QUICK) as client,
    ):
        with pytest.raises(ServerError):
            await client.call(method, http_method=verb, repeat=repeat)
        assert len(simulator.arrivals) == arrivals


@pytest.mark.parametrize(
    ("method", "parameters", "key"),
    [
        (
            "sendMessage",
            {"bot_id": 7, "messenger": "viber", "contact_external_id": "1", "text": "x"},
            LimitKey(7, "viber"),
        ),
        (
            "sendMessageToWhatsApp",
            {"bot_id": 7, "phone": "79991234567", "text": "x", "name": "y"},
            LimitKey(7, "whatsapp", "sendMessageToWhatsApp"),
        ),
    ],
)
async def test_it_goes_through_the_same_limits(
    method: str, parameters: dict[str, object], key: LimitKey
) -> None:
    """A message sent by its method's name counts for its bot and messenger as any other."""
    notebook = Notebook()
    async with (
        Simulator(limits=FREE) as simulator,
        client_of(simulator.base_url, limits=notebook.registry()) as client,
    ):
        await client.call(method, params=parameters)
    assert {noted for noted, _, _ in notebook.notes if isinstance(noted, LimitKey)} == {key}
    assert notebook.of_account() == ["acquire interactive", "sent", "settle"]


async def test_its_errors_are_the_same() -> None:
    """A refusal and an unexplained failure inside a 200 are errors here too."""
    limit = {"error": "Достигнут лимит отправки сообщений для viber"}
    answers = {"doIt": limit, "doThat": {"success": False}}
    async with serve(answers) as raw, client_of(raw.base_url) as client:
        with pytest.raises(MessengerLimitError):
            await client.call("doIt", http_method="POST")
        with pytest.raises(UnexpectedResponseError):
            await client.call("doThat", http_method="POST")


async def test_raw_answers_are_kept_beside_the_models() -> None:
    """Inside the block every answer is kept as it came, without a request more."""
    async with (
        Simulator(limits=FREE, seed_data=generate(contacts=5)) as simulator,
        client_of(simulator.base_url) as client,
    ):
        with raw_answers() as answers:
            tags = await client.get_bot_tags(bot_id=1)
            page = await client.get_contacts()
        await client.get_me()
        assert len(simulator.arrivals) == 3
    first, second = answers
    assert first.status == 200
    assert first.headers["content-type"].startswith("application/json")
    assert tuple(json.loads(first.body)["data"]) == tags
    assert len(json.loads(second.body)["data"]) == len(page)


async def test_raw_answers_of_refused_attempts_and_of_tasks_are_kept() -> None:
    """Each attempt's answer is there, those of tasks started inside too, and no other's."""
    async with (
        Simulator(limits=FREE, faults=[Fault.server_error(times=2)]) as simulator,
        client_of(simulator.base_url, config=QUICK) as client,
    ):
        with raw_answers() as outer:
            await client.get_me()
            with raw_answers() as inner:
                await asyncio.gather(client.get_me(), client.get_me())
    assert [one.status for one in outer] == [500, 500, 200]
    assert [one.status for one in inner] == [200, 200]


@pytest.mark.parametrize("brand", Brand)
async def test_a_brand_is_an_address(brand: Brand) -> None:
    """Each brand can be given as the base URL, and says what its documentation names."""
    async with CleverAppClient("token", base_url=brand) as client:
        assert client.base_url == brand.base_url
    assert brand.base_url.startswith("https://")
    assert brand.base_url.endswith("/api/v1")
    assert {"whatsapp", "telegram", "viber", "icq"} <= set(brand.messengers)
    assert brand.token_place == "query"


def test_the_first_brand_is_the_default() -> None:
    """Without a base URL it is CleverApp's own, and only WatBot names VK and MAX."""
    assert Brand.CLEVERAPP.base_url == DEFAULT_BASE_URL
    assert {brand for brand in Brand if "vk" in brand.messengers} == {Brand.WATBOT}


async def test_contacts_that_were_read_teach_their_routes() -> None:
    """After paging through the contacts, a message by contact id counts for its messenger."""
    limits = LimiterRegistry(account=(Quota(1000, 1.0),))
    async with (
        Simulator(limits=FREE, seed_data=generate(contacts=30)) as simulator,
        client_of(simulator.base_url, limits=limits) as client,
    ):
        contacts = [one async for one in client.iter_contacts(count=10)]
        contact = contacts[-1]
        assert contact.bot_id is not None
        assert contact.messenger is not None
        key = LimitKey(contact.bot_id, contact.messenger)
        assert key not in limits.snapshot()
        await client.send_message(contact_id=contact.id, text="Hi")
        assert key in limits.snapshot()
        assert simulator.deliveries[0].bot_id == contact.bot_id


async def test_a_contact_that_does_not_fit_teaches_nothing() -> None:
    """A lenient client keeps odd contacts, and learns no route from them."""
    odd: list[object] = [
        {"id": [1], "bot_id": 7, "messenger": "viber"},
        {"id": 1, "bot_id": {"id": 7}, "messenger": "viber"},
        {"id": 1, "bot_id": 7, "messenger": ["viber"]},
    ]
    notebook = Notebook()
    answers = {"getContacts": {"data": odd}, "sendMessage": {"success": True}}
    async with (
        serve(answers) as raw,
        client_of(
            raw.base_url, config=one_attempt(lenient=True), limits=notebook.registry()
        ) as client,
    ):
        assert len(await client.get_contacts()) == 3
        await client.send_message(contact_id=1, text="Hi")
    assert [one for one, _, _ in notebook.notes if isinstance(one, LimitKey)] == []


async def test_lenient_is_a_setting_of_the_client() -> None:
    """The same answer is an error for a client, and kept as it came by a lenient one."""
    answers = {"getContacts": {"data": [{"id": 1, "created_at": "soon"}]}}
    async with serve(answers) as raw:
        async with client_of(raw.base_url) as client:
            with pytest.raises(UnexpectedResponseError, match=r"\$\.data\[0\]\.created_at"):
                await client.get_contacts()
        async with client_of(raw.base_url, config=one_attempt(lenient=True)) as client:
            (contact,) = await client.get_contacts()
    assert str(contact.created_at) == "soon"
