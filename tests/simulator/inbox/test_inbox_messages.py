from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from cleverapp_async.simulator import (
    Arrival,
    Fault,
    SimulatedContact,
    Simulator,
    SimulatorLimits,
)
from cleverapp_async.simulator.inbox.entries import KeyBook
from tests.simulator.wire import exchange

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
