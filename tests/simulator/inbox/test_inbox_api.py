from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import aiohttp
import pytest

from cleverapp_async.simulator import (
    Arrival,
    Fault,
    Inbox,
    Latency,
    SimulatedContact,
    Simulator,
    SimulatorLimits,
)
from cleverapp_async.simulator.inbox.keys import KeyBook
from tests.simulator.inbox.asking import InboxClient
from tests.simulator.wire import Caller, exchange

if TYPE_CHECKING:
    from tests.simulator.inbox.conftest import Open


async def test_a_message_is_listed_with_what_became_of_it(open_inbox: Open) -> None:
    """A message that was taken has its recipient, its text and its verdict."""
    client = await open_inbox(
        Simulator(contacts=[SimulatedContact(5, 7, "viber", "v5", name="Анна")])
    )
    await client.call.send(5, text="Привет")
    [row] = (await client.get("messages"))["messages"]
    assert row["at"].endswith("Z")
    assert {**row, "at": None} == {
        "id": 1,
        "at": None,
        "kind": "sent",
        "method": "sendMessage",
        "bot_id": 7,
        "messenger": "viber",
        "to": "5",
        "contact_id": 5,
        "name": "Анна",
        "text": "Привет",
        "attached": None,
        "verdict": "accepted",
        "status": 200,
        "fault": None,
        "taken": True,
    }


async def test_a_message_shows_its_request_as_it_came(open_inbox: Open) -> None:
    """The request has its line, its headers in their spelling and its body; the token is struck."""
    client = await open_inbox()
    token = client.simulator.api_token
    await client.call("sendMessage", {"contact_id": "5"}, json={"text": "Hi", "image": None})
    message = await client.get("messages/1")
    request = message["request"]
    assert request["method"] == "POST"
    assert request["target"] == "/api/v1/sendMessage?api_token=***&contact_id=5"
    assert request["version"] == "HTTP/1.1"
    assert ["X-Requested-With", "XMLHttpRequest"] in request["headers"]
    assert request["body"] == '{"text": "Hi", "image": null}'
    assert (request["size"], request["withheld"]) == (29, None)
    assert message["answer"]["status"] == 200
    assert message["answer"]["body"] == '{"success":true}'
    assert message["why"] is None
    assert token not in (await client.ask("messages/1")).body.decode()


async def test_a_refusal_tells_why_and_how_full_the_window_was(open_inbox: Open) -> None:
    """A message beyond its messenger's limit has the window that refused it, slot by slot."""
    limits = SimulatorLimits(messengers={"telegram": (2, 30.0)}, account=((9, 60.0),))
    client = await open_inbox(Simulator(limits=limits))
    for _ in range(3):
        await client.call.send(5)
    taken, refused = await client.get("messages/2"), await client.get("messages/3")
    assert refused["verdict"] == "refused_messenger"
    window = refused["key_window"]
    assert (window["limit"], window["period"], window["used"]) == (2, 30.0, 2)
    assert all(0 < left <= 30 for left in window["free_in"])
    assert window["free_in"] == sorted(window["free_in"])
    assert refused["account_windows"][0]["used"] == 3
    assert "2 of 2 in 30 s" in refused["why"]
    assert taken["key_window"]["used"] == 2
    assert taken["account_windows"][0]["used"] == 2


async def test_a_refusal_of_the_account_names_the_window_that_is_full(open_inbox: Open) -> None:
    """Of several windows of the account that one is told which has no slot left."""
    client = await open_inbox(Simulator(limits=SimulatorLimits(account=((1, 40.0), (50, 600.0)))))
    for _ in range(2):
        await client.call.send(5)
    refused = await client.get("messages/2")
    assert refused["verdict"] == "refused_account"
    assert "1 of 1 in 40 s" in refused["why"]
    assert [one["limit"] for one in refused["account_windows"]] == [50, 1]


async def test_a_failed_validation_shows_the_texts_of_its_fields(open_inbox: Open) -> None:
    """What the server says of each field stands by the field's name."""
    client = await open_inbox()
    await client.call("sendMessage", {"contact_id": "5", "image": "nowhere"})
    await client.call("sendMessage", {"contact_id": "5"}, headers={})
    message = await client.get("messages/1")
    assert message["verdict"] == "invalid"
    assert list(message["errors"]) == ["image"]
    assert "image" in message["why"]
    assert message["key_window"] is None
    redirected = await client.get("messages/2")
    assert (redirected["verdict"], redirected["errors"]) == ("invalid", {})
    assert redirected["why"]


@pytest.mark.parametrize(
    ("verdict", "query", "token"),
    [
        ("unauthenticated", {"contact_id": "5", "text": "Hi"}, "a-false-token"),
        ("forbidden", {"bot_id": "6", "messenger": "icq", "contact_external_id": "1"}, None),
        ("unsupported", {"bot_id": "7", "messenger": "icq", "contact_external_id": "1"}, None),
    ],
)
async def test_every_refusal_is_explained(
    open_inbox: Open, verdict: str, query: dict[str, str], token: str | None
) -> None:
    """A refusal without a limit says in a sentence what it is about."""
    client = await open_inbox(Simulator(forbidden_bots=[6], unsupported_messengers=["icq"]))
    await client.call("sendMessage", {"text": "Hi", **query}, token=token)
    message = await client.get("latest")
    assert message["verdict"] == verdict
    assert message["why"].endswith(".")
    assert not message["taken"]


async def test_a_fault_is_shown_with_the_message_it_struck(open_inbox: Open) -> None:
    """A fault that took the message and one that did not are told apart."""
    client = await open_inbox()
    client.simulator.add_fault(Fault.server_error(taken=True, on=1))
    client.simulator.add_fault(Fault.server_error(503, taken=False, on=2))
    await client.call.send(5)
    await client.call.send(5)
    first, second = await client.get("messages/1"), await client.get("messages/2")
    assert (first["fault"], first["taken"], first["verdict"]) == ("server_error", True, "accepted")
    assert (second["fault"], second["taken"], second["verdict"]) == ("server_error", False, "fault")
    assert first["answer"] is None
    assert "server_error" in second["why"]


async def test_requests_that_send_nothing_are_kept_apart(open_inbox: Open) -> None:
    """Other calls and what is no request are found by their kind, and push no message out."""
    client = await open_inbox(keep=2)
    await client.call.send(5)
    for _ in range(3):
        await client.call("getMe", method="GET")
    await exchange(client.simulator, b"nonsense\r\n\r\n")
    assert [one["id"] for one in (await client.get("messages"))["messages"]] == [1]
    calls = (await client.get("search?query=kind:call"))["messages"]
    assert [one["verdict"] for one in calls] == ["malformed", "accepted"]
    broken = await client.get(f"messages/{calls[0]['id']}")
    assert (broken["request"], broken["answer"]) == (None, None)
    assert broken["why"]
    assert len((await client.get("search?query=kind:any"))["messages"]) == 3


async def test_the_newest_are_kept(open_inbox: Open) -> None:
    """Beyond the number that is kept the oldest messages are gone."""
    client = await open_inbox(keep=3)
    for number in range(5):
        await client.call.send(5, text=str(number))
    page = await client.get("messages")
    assert [one["text"] for one in page["messages"]] == ["4", "3", "2"]
    gone = await client.ask("messages/1")
    assert (gone.status, gone.json["place"]) == (404, "id")


async def test_messages_are_paged_by_their_ids(open_inbox: Open) -> None:
    """Pages of messages join without a gap while new ones come."""
    client = await open_inbox()
    for _ in range(3):
        await client.call.send(5)
    first = await client.get("messages?limit=2")
    await client.call.send(5)
    rest = await client.get(f"messages?limit=2&before_id={first['messages'][-1]['id']}")
    assert [one["id"] for one in first["messages"]] == [3, 2]
    assert [one["id"] for one in rest["messages"]] == [1]
    assert (first["more"], rest["more"]) == (True, False)
    assert not (await client.get("messages?limit=4"))["more"]


async def test_the_latest_message_is_waited_for(open_inbox: Open) -> None:
    """A test in any language asks for a message before it is sent, and gets it once it comes."""
    client = await open_inbox()
    await client.call.send(5, text="before")
    asking = asyncio.create_task(client.get("latest?query=to:6&wait=5"))
    newer = asyncio.create_task(client.get("latest?after_id=1&wait=5"))
    async with asyncio.timeout(5):
        while not _listeners(client, 2):  # noqa: ASYNC110 - it waits for what no event tells
            await asyncio.sleep(0)
    await client.call.send(5, text="another")
    await client.call.send(6, text="this one")
    assert (await asking)["text"] == "this one"
    assert (await newer)["text"] == "another"
    assert (await client.get("latest"))["text"] == "this one"


def _listeners(client: InboxClient, number: int) -> bool:
    return len(client.inbox._state.feed._listeners) == number


async def test_whoever_waits_misses_nothing_in_a_flood(open_inbox: Open) -> None:
    """A message is found even where events were dropped before they were read."""
    client = await open_inbox()
    asking = asyncio.create_task(client.get("latest?query=to:6&wait=5"))
    async with asyncio.timeout(5):
        while not _listeners(client, 1):  # noqa: ASYNC110 - see above
            await asyncio.sleep(0)
    state = client.inbox._state
    for _ in range(2001):
        state.feed.publish("faults")
    await asyncio.sleep(0)
    state.receive(SimulatedContact(6, 1, "viber", "v"), "this one")
    for _ in range(2001):
        state.feed.publish("faults")
    assert (await asking)["text"] == "this one"


async def test_strips_are_bounded() -> None:
    """Of one key ten minutes and 2,000 arrivals are kept, of all keys the 500 latest."""
    simulator = Simulator()
    book = KeyBook()

    def arrive(at: float, bot_id: int) -> None:
        book.add(Arrival(at, "sendMessage", bot_id, "viber", {}, "accepted", 200, taken=True))

    arrive(0.0, 1)
    for number in range(2500):
        arrive(700.0 + number / 100, 1)
    [key] = cast("list[dict[str, Any]]", book.told(simulator, 725.0, 600.0)["keys"])
    assert (key["arrivals"], len(key["marks"])) == (2501, 2000)
    for bot_id in range(2, 503):
        arrive(800.0, bot_id)
    told = book.told(simulator, 800.0, 60.0)
    assert (len(cast("list[object]", told["keys"])), told["left_out"]) == (50, 450)


async def test_contacts_are_many_and_bounded() -> None:
    """A search goes on where the last one stopped, and beyond 100,000 contacts none is added."""
    contacts = [SimulatedContact(number, 1, "viber", f"v{number}") for number in range(1, 100_001)]
    simulator = Simulator(contacts=contacts)
    async with simulator, Inbox(simulator) as inbox, aiohttp.ClientSession() as session:
        client = InboxClient(session, inbox, Caller(session, simulator))
        first = await client.get("contacts?query=v9999&after_id=80000")
        assert (first["contacts"], first["next_id"]) == ([], 90_000)
        rest = await client.get("contacts?query=v9999&after_id=90000")
        assert [one["id"] for one in rest["contacts"]] == list(range(99_990, 100_000))
        body = {"bot_id": 7, "messenger": "viber", "external_id": "new"}
        assert await client.refused("contacts", body, "POST") == (409, "$")
        assert await client.refused("contacts/5/messages", {"text": "Hi"}, "POST") == (409, "$")


async def test_added_contacts_are_bounded_by_their_size(open_inbox: Open) -> None:
    """Beyond 64 MiB no contact is added."""
    client = await open_inbox(Simulator(contacts=[]))
    body = {"bot_id": 7, "messenger": "viber", "external_id": "v", "name": "x" * 200_000}
    assert (await client.ask("contacts", method="POST", json=body)).status == 201
    client.inbox._state.room = 200_000
    body["external_id"] = "w"
    assert await client.refused("contacts", body, "POST") == (409, "$")
    assert client.simulator.count_contacts() == 1


async def test_long_names_are_cut_in_the_list(open_inbox: Open) -> None:
    """A row has the beginning of a long messenger's name, the message all of it, a strip none."""
    client = await open_inbox()
    long = "m" * 10_000
    route = {"bot_id": "8", "messenger": long, "contact_external_id": long}
    await client.call("sendMessage", json={**route, "text": "Hi"})
    [row] = (await client.get("messages"))["messages"]
    assert (row["messenger"], row["to"]) == ("m" * 200, "m" * 200)
    assert (await client.get("messages/1"))["messenger"] == long
    assert (await client.get("keys"))["keys"] == []


async def test_a_message_that_does_not_come_is_missing(open_inbox: Open) -> None:
    """Whoever waits in vain is told so with 404."""
    client = await open_inbox()
    for path in ("latest", "latest?wait=0.01"):
        answer = await client.ask(path)
        assert (answer.status, answer.json["place"]) == (404, "query")


async def test_readiness_is_waited_for(open_inbox: Open) -> None:
    """The simulator is ready while it accepts requests, and is waited for until it does."""
    client = await open_inbox()
    assert (await client.get("readyz"))["base_url"] == client.simulator.base_url
    async with client.simulator.refusing():
        assert (await client.ask("readyz")).status == 503
        assert (await client.ask("readyz?wait=0.01")).status == 503
        waiting = asyncio.create_task(client.get("readyz?wait=5"))
        async with asyncio.timeout(5):
            while not _listeners(client, 1):  # noqa: ASYNC110 - see above
                await asyncio.sleep(0)
    assert (await waiting)["ready"]


async def test_a_stream_tells_of_messages_as_they_come(open_inbox: Open) -> None:
    """Everybody who listens is told of each message that the query means, and of clearing."""
    client = await open_inbox()
    async with client.stream() as every, client.stream("?query=to:6") as some:
        await client.call.send(5, text="one")
        name, rows = await every.event()
        assert (name, [row["text"] for row in rows]) == ("messages", ["one"])
        await client.call.send(6, text="two")
        name, rows = await some.event()
        assert (name, [row["text"] for row in rows]) == ("messages", ["two"])
        assert (await client.ask("messages", method="DELETE")).status == 200
        assert await some.event() == ("cleared", {})
    assert (await client.get("messages"))["messages"] == []


async def test_a_stream_goes_on_where_it_broke_off(open_inbox: Open) -> None:
    """A browser that connects again is told of what came in between."""
    client = await open_inbox()
    for text in ("one", "two", "three"):
        await client.call.send(5, text=text)
    async with client.stream(headers={"Last-Event-ID": "1"}) as stream:
        name, rows = await stream.event()
    assert (name, [row["text"] for row in rows]) == ("messages", ["two", "three"])


async def test_a_listener_that_is_too_slow_is_told_to_read_anew(open_inbox: Open) -> None:
    """Events that pile up are dropped, and ``lost`` says so."""
    client = await open_inbox(keep=10)
    async with client.stream() as stream:
        await client.call.send(5)
        await stream.event()
        for _ in range(2001):
            client.inbox._state.feed.publish("faults")
        names = [(await stream.event())[0]]
        assert names == ["lost"]


async def test_streams_are_few(open_inbox: Open) -> None:
    """Beyond 64 streams one more is refused with 503, until another one ends."""
    client = await open_inbox()
    answers = [await client.session.get(f"{client.inbox.url}api/events") for _ in range(64)]
    for path in ("events", "latest?wait=1", "readyz?wait=1"):
        assert (await client.ask(path)).status == 503
    answers.pop().close()
    async with asyncio.timeout(5):
        while _listeners(client, 64):  # noqa: ASYNC110 - see above
            await asyncio.sleep(0)
    async with client.stream():
        pass
    for answer in answers:
        answer.close()


async def test_closing_ends_streams_and_waiting(open_inbox: Open) -> None:
    """A stream and a request that waits end when the inbox closes, at once."""
    client = await open_inbox()
    waiting = asyncio.create_task(client.ask("latest?wait=60"))
    async with client.stream() as stream:
        async with asyncio.timeout(5):
            while not _listeners(client, 2):  # noqa: ASYNC110 - see above
                await asyncio.sleep(0)
            await client.inbox.close()
            await client.inbox.close()
            await stream.content.read()
            assert (await waiting).status == 404
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.ask("messages")
    await client.call.send(5)
    await client.inbox.start()
    assert (await client.get("messages"))["messages"] == []


async def test_strips_tell_when_requests_arrived(open_inbox: Open) -> None:
    """Each bot and messenger has its arrivals and its window, the account has all of them."""
    limits = SimulatorLimits(messengers={"telegram": (2, 30.0)}, account=((9, 60.0),))
    client = await open_inbox(Simulator(limits=limits))
    for _ in range(3):
        await client.call.send(5)
    await client.call("getMe", method="GET")
    route = {"bot_id": "8", "messenger": "icq", "contact_external_id": "1", "text": "Hi"}
    await client.call("sendMessage", route)
    told = await client.get("keys?seconds=30")
    assert told["account"]["arrivals"] == 5
    assert told["account"]["windows"][0]["used"] == 5
    newest, telegram = told["keys"]
    assert (newest["bot_id"], newest["messenger"]) == (8, "icq")
    assert (telegram["arrivals"], telegram["refused"]) == (3, 1)
    assert [refused for _, refused in telegram["marks"]] == [False, False, True]
    assert telegram["windows"][0]["used"] == 2
    await client.ask("messages", method="DELETE")
    assert (await client.get("keys"))["keys"] == []


async def test_contacts_are_listed_with_tags_and_variables(open_inbox: Open) -> None:
    """A contact shows what it has now, and is found by any of it."""
    client = await open_inbox()
    body = {
        "bot_id": 7,
        "messenger": "telegram",
        "telegram_id": "42",
        "name": "Анна",
        "tags": ["vip"],
        "variables": [{"name": "size", "value": "L"}],
    }
    made = await client.ask("contacts", method="POST", json=body)
    assert made.status == 201
    contact_id = made.json["id"]
    await client.call("attachTagToContact", {"contact_id": str(contact_id), "name": "новый"})
    found = await client.get(f"contacts/{contact_id}")
    for query in ("%D0%B0%D0%BD%D0%BD%D0%B0", "vip", "size", str(contact_id), "42", ""):
        assert (await client.get(f"contacts?query={query}"))["contacts"] == [found]
    assert found["tags"] == ["vip", "новый"]
    assert found["variables"][0]["value"] == "L"
    assert (await client.get("contacts?query=nobody"))["contacts"] == []


async def test_contacts_are_paged(open_inbox: Open) -> None:
    """The next page begins after the last contact of this one."""
    contacts = [SimulatedContact(number, 1, "viber", f"v{number}") for number in (3, 5, 9)]
    client = await open_inbox(Simulator(contacts=contacts))
    first = await client.get("contacts?limit=2")
    rest = await client.get(f"contacts?limit=2&after_id={first['next_id']}")
    assert [one["id"] for one in first["contacts"]] == [3, 5]
    assert ([one["id"] for one in rest["contacts"]], rest["next_id"]) == ([9], None)


async def test_who_is_added_can_be_written_to(open_inbox: Open) -> None:
    """A contact that was added by HTTP gets messages as any other."""
    client = await open_inbox(Simulator(limits=SimulatorLimits.none(), contacts=[]))
    assert (await client.call.send(77)).status == 422
    body = {"id": 77, "bot_id": 7, "messenger": "viber", "external_id": "v"}
    assert (await client.ask("contacts", method="POST", json=body)).status == 201
    assert (await client.call.send(77)).status == 200
    assert (await client.get("latest"))["bot_id"] == 7


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"messenger": "viber"}, "$.bot_id"),
        ({"bot_id": 7, "messenger": "viber"}, "$.viber_id"),
        ({"bot_id": 7, "messenger": "viber", "external_id": "v5"}, "$.external_id"),
        ({"id": 5, "bot_id": 7, "messenger": "viber", "external_id": "x"}, "$.id"),
        ({"bot_id": 7, "messenger": "x", "external_id": "x", "tag": 1}, "$.tag"),
        ({"bot_id": 7, "messenger": "x", "external_id": "x", "referrer_id": 9}, "$.referrer_id"),
        (
            {
                "bot_id": 7,
                "messenger": "x",
                "external_id": "x",
                "variables": [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}],
            },
            "$.variables[1].name",
        ),
        ([], "$"),
    ],
)
async def test_what_is_no_contact_is_refused(
    open_inbox: Open, body: dict[str, Any], place: str
) -> None:
    """A contact that cannot be added is refused with the place, and nothing is added."""
    client = await open_inbox(Simulator(contacts=[SimulatedContact(5, 7, "viber", "v5")]))
    assert await client.refused("contacts", body, "POST") == (400, place)
    assert client.simulator.count_contacts() == 1


async def test_a_contact_writes_to_its_bot(open_inbox: Open) -> None:
    """What a contact writes is listed as received, and makes it a contact that is kept."""
    client = await open_inbox()
    written = await client.ask("contacts/5/messages", method="POST", json={"text": "Где заказ?"})
    assert written.status == 201
    [row] = (await client.get("search?query=kind:received"))["messages"]
    assert (row["text"], row["contact_id"], row["bot_id"]) == ("Где заказ?", 5, 1)
    assert [one["id"] for one in (await client.get("contacts"))["contacts"]] == [5]
    assert await client.refused("contacts/0/messages", {"text": "Hi"}, "POST") == (404, "id")
    assert await client.refused("contacts/5/messages", {"text": "x" * 4097}, "POST") == (
        400,
        "$.text",
    )
    assert await client.refused("contacts/5/messages", {"texts": "x"}, "POST") == (400, "$.texts")


async def test_latency_and_limits_are_set_while_it_runs(open_inbox: Open) -> None:
    """What is set holds for the next request, and is told as it was set."""
    client = await open_inbox()
    assert await client.put("latency", {"latency": "1ms-2ms"}) == {"latency": "1ms-2ms"}
    assert client.simulator.latency == Latency.uniform(0.001, 0.002)
    limits = await client.get("limits")
    assert limits["limits"]["account"] is None
    limits["limits"]["account"] = [{"limit": 1, "seconds": 60}]
    limits["window"] = "fixed"
    assert await client.put("limits", limits) == limits
    assert (await client.call.send(5)).status == 200
    assert (await client.call.send(5)).status == 429


async def test_faults_are_set_and_met(open_inbox: Open) -> None:
    """Faults that are set strike from then on, and their strikes are counted."""
    client = await open_inbox()
    faults = [{"kind": "html", "status": 502, "taken": False, "endpoint": "sendMessage", "on": 2}]
    set_ = await client.put("faults", {"faults": faults})
    assert set_ == {"faults": faults, "struck": [0]}
    assert [(await client.call.send(5)).status for _ in range(3)] == [200, 502, 200]
    assert await client.get("faults") == {"faults": faults, "struck": [1]}
    assert (await client.get("search?query=fault:html"))["messages"][0]["status"] == 502
    assert await client.put("faults", {"faults": []}) == {"faults": [], "struck": []}


async def test_settings_are_told_to_every_page(open_inbox: Open) -> None:
    """Each page hears of what another one has set."""
    client = await open_inbox()
    async with client.stream() as stream:
        await client.put("faults", {"faults": []})
        await client.put("latency", {"latency": "none"})
        await client.put("limits", await client.get("limits"))
        assert [(await stream.event())[0] for _ in range(3)] == ["faults", "latency", "limits"]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("messages?limit=0", "query parameter limit"),
        ("messages?limit=1001", "query parameter limit"),
        ("messages?limit=x", "query parameter limit"),
        ("messages?limit=1.5", "query parameter limit"),
        ("messages?page=2", "query parameter page"),
        ("readyz?wait=61", "query parameter wait"),
        ("readyz?wait=nan", "query parameter wait"),
        ("readyz?wait=soon", "query parameter wait"),
        ("search?query=" + "x" * 501, "query parameter query"),
        ("search?query=verdict:bad", "query, column 1"),
        ("events?query=bot:x", "query, column 1"),
        ("keys?seconds=%D9%A1", "query parameter seconds"),
    ],
)
async def test_parameters_are_checked(open_inbox: Open, path: str, place: str) -> None:
    """A parameter that means nothing is refused with its name."""
    answer = await (await open_inbox()).ask(path)
    assert (answer.status, answer.json["place"]) == (400, place)


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b"{}", "text/plain", 415),
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b'{"latency": NaN}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b" " * 300_000, "application/json", 413),
    ],
)
async def test_bodies_are_checked(open_inbox: Open, data: bytes, kind: str, status: int) -> None:
    """A body that is no JSON, not called JSON or too large is refused."""
    client = await open_inbox()
    answer = await client.ask("latency", method="PUT", data=data, headers={"Content-Type": kind})
    assert answer.status == status
    assert answer.json["error"]


async def test_an_inbox_must_run_and_keep_something() -> None:
    """What cannot be is refused: keeping nothing, an address before the start, starting twice."""
    simulator = Simulator()
    with pytest.raises(ValueError, match="keep"):
        Inbox(simulator, keep=0)
    inbox = Inbox(simulator)
    with pytest.raises(RuntimeError):
        _ = inbox.url
    async with inbox:
        with pytest.raises(RuntimeError):
            await inbox.start()
        taken = int(inbox.url.rstrip("/").rpartition(":")[2])
        with pytest.raises(OSError, match="in use"):
            await Inbox(simulator, port=taken).start()


async def test_an_inbox_may_start_before_its_simulator() -> None:
    """Whoever starts first waits for the other by ``readyz``."""
    simulator = Simulator()
    async with Inbox(simulator) as inbox, aiohttp.ClientSession() as session:
        async with session.get(f"{inbox.url}api/readyz") as answer:
            assert answer.status == 503
        async with simulator, session.get(f"{inbox.url}api/readyz") as answer:
            assert answer.status == 200


async def test_old_messages_give_way_to_large_ones(open_inbox: Open) -> None:
    """All that is kept stays below a number of bytes; the newest message is kept in any case."""
    client = await open_inbox()
    store = client.inbox._state.store
    store.most_bytes = 50_000
    for _ in range(4):
        await client.call("sendMessage", {"contact_id": "5"}, json={"text": "x" * 8000})
    assert 1 <= len(store) < 4
    await client.call("sendMessage", {"contact_id": "5"}, json={"text": "x" * 80_000})
    assert [one["id"] for one in (await client.get("messages"))["messages"]] == [5]
    assert (await client.get("messages/5"))["request"]["withheld"] == "long"
