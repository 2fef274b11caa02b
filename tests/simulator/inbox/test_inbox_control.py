from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from cleverapp_async.simulator import (
    Inbox,
    Latency,
    SimulatedContact,
    Simulator,
    SimulatorLimits,
)
from tests.simulator.inbox.asking import InboxClient
from tests.simulator.wire import Caller

if TYPE_CHECKING:
    from tests.simulator.inbox.conftest import Open


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


CONTACT = {"bot_id": 7, "messenger": "viber", "external_id": "v"}
LIMITS: dict[str, Any] = {
    "messengers": None,
    "other_messengers": None,
    "whatsapp_direct": None,
    "account": None,
}


def faults(**fault: object) -> dict[str, object]:
    """Give the body that arms one fault."""
    return {"faults": [fault]}


def quota(limit: object, seconds: object) -> dict[str, object]:
    """Give the body that sets one quota."""
    return {
        "window": "sliding",
        "limits": {**LIMITS, "account": [{"limit": limit, "seconds": seconds}]},
    }


# What the forms of the page may send that is refused.
REFUSED: list[tuple[str, str, object]] = [
    ("POST", "contacts", {}),
    ("POST", "contacts", {**CONTACT, "bot_id": 0}),
    ("POST", "contacts", {**CONTACT, "bot_id": 1.5}),
    ("POST", "contacts", {**CONTACT, "messenger": ""}),
    ("POST", "contacts", {**CONTACT, "external_id": ""}),
    ("POST", "contacts", {**CONTACT, "external_id": "taken"}),
    ("POST", "contacts", {**CONTACT, "variables": [{"name": "", "value": "x"}]}),
    ("POST", "contacts", {**CONTACT, "variables": [{"name": "a", "value": "x"}] * 2}),
    ("POST", "contacts", {**CONTACT, "more": 1}),
    ("POST", "contacts/1/messages", {"text": ""}),
    ("POST", "contacts/1/messages", {"text": "x" * 4097}),
    ("POST", "contacts/99/messages", {"text": "Hi"}),
    ("PUT", "latency", {"latency": ""}),
    ("PUT", "latency", {"latency": "soon"}),
    ("PUT", "latency", {"latency": "80ms-20ms"}),
    ("PUT", "latency", {"latency": "gauss:50ms:1"}),
    ("PUT", "latency", {"latency": "lognormal:50ms:x"}),
    ("PUT", "latency", {"latency": "99999999999999s"}),
    ("PUT", "latency", {"latency": "lognormal:0ms:1"}),
    ("PUT", "limits", quota(0, 1)),
    ("PUT", "limits", quota(1, 0)),
    ("PUT", "limits", quota(1, "x")),
    ("PUT", "limits", {"window": "none", "limits": LIMITS}),
    ("PUT", "limits", {"window": "sliding", "limits": {}}),
    ("PUT", "faults", faults(kind="none")),
    ("PUT", "faults", faults(kind="hang", probability=2)),
    ("PUT", "faults", faults(kind="hang", on=0)),
    ("PUT", "faults", faults(kind="hang", every=1.5)),
    ("PUT", "faults", faults(kind="hang", times=-1)),
    ("PUT", "faults", faults(kind="hang", seconds=-1)),
    ("PUT", "faults", faults(kind="hang", status=500)),
    ("PUT", "faults", faults(kind="hang", when="x")),
    ("PUT", "faults", faults(kind="html", status=99)),
    ("PUT", "faults", faults(kind="server_error", status=700)),
    ("PUT", "faults", faults(kind="redirect", status=1)),
    ("PUT", "faults", faults(kind="too_many", retry_after="скоро")),
    ("PUT", "faults", faults(kind="reset_before", endpoint="getMe")),
    ("PUT", "faults", {"faults": [{"kind": "hang"}] * 101}),
]
_ENGLISH = re.compile(r"\b(is|are|not|must|needed|one of|at most|cannot|number|from)\b")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    REFUSED,
    ids=lambda value: str(value)[:60].encode("ascii", "replace").decode(),
)
async def test_the_errors_of_forms_are_in_the_readers_language(
    open_inbox: Open, method: str, path: str, body: object
) -> None:
    """Who reads Russian rather than English is told in Russian, at the same place."""
    known = SimulatedContact(1, 7, "viber", "taken")
    client = await open_inbox(Simulator(contacts=[known]))
    told: dict[str, tuple[int, Any]] = {}
    for language in ("", "de,en;q=0.5", "ru-RU,ru;q=0.9,en;q=0.8", "en-US,ru;q=0.5"):
        headers = {"Accept-Language": language} if language else {}
        answer = await client.ask(path, method=method, json=body, headers=headers)
        assert answer.status >= 400
        told[language] = answer.status, answer.json
    english, russian = told[""], told["ru-RU,ru;q=0.9,en;q=0.8"]
    assert told["de,en;q=0.5"] == told["en-US,ru;q=0.5"] == english
    assert (russian[0], russian[1]["place"]) == (english[0], english[1]["place"])
    assert re.search("[а-я]{3}", russian[1]["error"])
    assert not _ENGLISH.search(russian[1]["error"]), russian
