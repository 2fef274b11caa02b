"""The simulator's incoming webhook: whom it finds, what it sets, how it is judged and shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cleverapp_async.simulator import (
    Fault,
    Inbox,
    Observation,
    SimulatedContact,
    SimulatedVariable,
    Simulator,
    SimulatorLimits,
)
from tests.simulator.wire import API_HEADERS, Answer
from tests.simulator.worlds import NO_LIMITS, WORLD, Api

if TYPE_CHECKING:
    from tests.simulator.conftest import Serve
    from tests.simulator.wire import Caller

PATH = "/hook/4302:aB3dE6gH9jK2mN5pQ8sT1vW4"


async def post(caller: Caller, payload: object, *, method: str = "POST") -> Answer:
    """Send a payload to the webhook of the caller's simulator."""
    url = caller.simulator.webhook_url
    async with caller.session.request(method, url, json=payload, headers=API_HEADERS) as answer:
        return Answer(answer.status, answer.headers, await answer.read())


def search(contact_by: str, value: object, **variables: object) -> dict[str, object]:
    """The body that names a contact."""
    return {"contact_by": contact_by, "search": value, "variables": variables}


@pytest.mark.parametrize(
    ("contact_by", "value", "contact_id"),
    [
        ("telegram_id", "100", 5),
        ("telegram_id", 100, 5),
        ("phone", "+7 999 123-45-67", 5),
        ("id", "5", 5),
        ("viber_id", "abc", 8),
    ],
)
async def test_a_contact_that_is_found_gets_the_variables(
    serve: Serve, contact_by: str, value: object, contact_id: int
) -> None:
    """Known variables change, others are created, and what is no text becomes one."""
    caller = await serve(Simulator(limits=NO_LIMITS, seed_data=WORLD))
    payload = search(contact_by, value, Город="Тула", paid=True, items=["а", 1], none=None)
    assert (await post(caller, payload)).json == {"success": True}
    answer = await Api(caller)("getContactVariables", contact_id=contact_id)
    found = {one["name"]: one["value"] for one in answer.json["data"]}
    assert found == {"Город": "Тула", "paid": "true", "items": '["а", 1]', "none": ""}


@pytest.mark.parametrize(
    "payload",
    [search("telegram_id", "101"), search("telegram_id", True), search("email", "x")],
    ids=repr,
)
async def test_a_contact_that_is_not_there_is_told(
    serve: Serve, payload: dict[str, object]
) -> None:
    """With given contacts, a search that finds nobody starts nothing."""
    caller = await serve(simulator := Simulator(seed_data=WORLD))
    assert (await post(caller, payload)).status == 404
    assert [(one.verdict, one.taken) for one in simulator.arrivals] == [("missing", False)]


async def test_everybody_is_found_without_contacts(serve: Serve) -> None:
    """Where everybody is a contact, so is whoever has the id in Telegram; others are let pass."""
    caller = await serve(simulator := Simulator(limits=NO_LIMITS))
    assert (await post(caller, search("telegram_id", "42", order="A-17"))).status == 200
    assert (await post(caller, search("viber_id", "42", order="A-18"))).status == 200
    contact = simulator.find_contact(42)
    assert contact is not None
    assert [(one.name, one.value) for one in contact.variables] == [("order", "A-17")]
    assert simulator.arrivals[0].bot_id == contact.bot_id


async def test_an_id_of_another_messenger_is_nobody_in_telegram(serve: Serve) -> None:
    """A WhatsApp contact whose id happens to be that number is not the one in Telegram."""
    caller = await serve(simulator := Simulator())
    made = simulator.add_contact(SimulatedContact(0, 7, "whatsapp", "79990000000"))
    assert (await post(caller, search("telegram_id", made.id, a="b"))).status == 200
    kept = simulator.find_contact(made.id)
    assert kept is not None
    assert kept.variables == ()


async def test_a_variable_stays_deletable(serve: Serve) -> None:
    """A webhook changes the value of a variable, and nothing else of it."""
    contact = SimulatedContact(
        1, 7, "telegram", "9", variables=(SimulatedVariable("a", "b", deletable=True),)
    )
    caller = await serve(simulator := Simulator(contacts=[contact]))
    await post(caller, search("telegram_id", "9", a="c", d="e"))
    kept = simulator.find_contact(1)
    assert kept is not None
    assert [(one.value, one.deletable) for one in kept.variables] == [("c", True), ("e", False)]


@pytest.mark.parametrize(
    ("payload", "read"),
    [
        ({"order": {"id": 7}}, {"order": {"id": 7}}),
        ([1, "b"], {"0": 1, "1": "b"}),
        ([], {}),
        ("text", {}),
    ],
    ids=repr,
)
async def test_any_json_starts_the_scenario(serve: Serve, payload: object, read: object) -> None:
    """What names no contact is recorded as it was read."""
    caller = await serve(simulator := Simulator(seed_data=WORLD))
    assert (await post(caller, payload)).status == 200
    (arrival,) = simulator.deliveries
    assert (arrival.endpoint, arrival.parameters, arrival.taken) == ("incomingWebhook", read, True)


async def test_it_counts_for_no_limit(serve: Serve) -> None:
    """Neither the account's windows nor those of a messenger know of a trigger."""
    caller = await serve(simulator := Simulator(limits=SimulatorLimits()))
    answers = [await post(caller, {"n": number}) for number in range(5)]
    assert {answer.status for answer in answers} == {200}
    verdict = simulator.referee()
    assert verdict.clean
    assert (verdict.arrivals, verdict.deliveries) == (5, 5)
    assert [tally.arrivals for tally in (*verdict.account, *verdict.keys)] == [0, 0]
    assert "X-RateLimit-Limit" not in answers[0].headers


async def test_a_trigger_that_is_taken_twice_is_told(serve: Serve) -> None:
    """The referee calls two equal triggers a duplicate, as two equal messages."""
    caller = await serve(simulator := Simulator())
    for payload in ([1], [1], [2], {"a": 1}):
        await post(caller, payload)
    (duplicate,) = simulator.referee().duplicates
    assert (duplicate.endpoint, duplicate.times) == ("incomingWebhook", 2)


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_it_takes_post_alone(serve: Serve, method: str) -> None:
    """Another HTTP method is 405 with the one that is taken."""
    caller = await serve(simulator := Simulator())
    answer = await post(caller, {}, method=method)
    assert (answer.status, answer.headers["Allow"]) == (405, "POST")
    assert simulator.deliveries[:] == []


async def test_a_fault_can_be_for_it_alone(serve: Serve) -> None:
    """``endpoint`` of a fault may name it, and a fault of a method passes it by."""
    faults = [
        Fault.server_error(endpoint="incomingWebhook", on=2),
        Fault.html(endpoint="sendMessage"),
    ]
    caller = await serve(simulator := Simulator(faults=faults))
    assert [(await post(caller, {"n": n})).status for n in range(3)] == [200, 500, 200]
    assert [one.parameters for one in simulator.deliveries] == [{"n": 0}, {"n": 2}]


async def test_the_path_can_be_chosen_and_is_the_only_one(serve: Serve) -> None:
    """Any other path, and its name as a method's, is no webhook."""
    caller = await serve(simulator := Simulator(webhook_path=PATH))
    assert simulator.webhook_url.endswith(PATH)
    assert (await post(caller, {})).status == 200
    origin = simulator.webhook_url.removesuffix(PATH)
    for path in (f"{PATH}x", "/hook/", "/api/v1/incomingWebhook"):
        async with caller.session.post(f"{origin}{path}", headers=API_HEADERS) as answer:
            assert answer.status == 404
    assert len(simulator.deliveries) == 1


@pytest.mark.parametrize(
    "path", ["", "/", "hook", "/a b", "/a?b", "/a#b", "/a%20b", "/ä", "/api/v1/x", None], ids=repr
)
def test_a_path_that_cannot_work_is_refused(path: Any) -> None:  # noqa: ANN401 - anything
    """The error names the argument, and does not show what may be a secret."""
    with pytest.raises(ValueError, match="webhook_path") as caught:
        Simulator(webhook_path=path)
    assert "hook'" not in str(caught.value)


def test_it_has_no_url_before_the_start() -> None:
    """As the base URL, it needs a port."""
    with pytest.raises(RuntimeError):
        _ = Simulator().webhook_url


async def test_no_observer_and_no_inbox_sees_the_path(serve: Serve) -> None:
    """The inbox lists triggers as requests, with the contact, and the path struck out."""
    simulator = Simulator(webhook_path=PATH, seed_data=WORLD)
    caller = await serve(simulator)
    seen: list[Observation] = []
    simulator.observe(seen.append)
    async with Inbox(simulator, port=0) as inbox:
        await post(caller, search("telegram_id", "100", at=f"see {PATH}"))
        url = f"{inbox.url}api/search"
        async with caller.session.get(url, params={"query": "kind:call to:100"}) as answer:
            rows = json.loads(await answer.read())["messages"]
        async with caller.session.get(f"{inbox.url}api/messages/{rows[0]['id']}") as answer:
            whole = await answer.text()
    (row,) = rows
    assert (row["method"], row["kind"], row["verdict"]) == ("incomingWebhook", "call", "accepted")
    assert (row["name"], row["contact_id"], row["bot_id"]) == ("Анна", 5, 7)
    assert seen[0].request is not None
    assert seen[0].request.target == "***"
    assert [one for one in (repr(seen), repr(rows), whole) if PATH[10:] in one] == []
    assert PATH not in repr(simulator)
