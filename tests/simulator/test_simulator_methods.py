from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from cleverapp_async.simulator import Fault, Simulator, SimulatorLimits, generate
from cleverapp_async.simulator.handler import openapi_reply
from cleverapp_async.simulator.router import ENDPOINTS
from tests.simulator.wire import API_HEADERS
from tests.simulator.worlds import METHODS, NO_LIMITS, WORLD, Api

if TYPE_CHECKING:
    from pathlib import Path

    from tests.simulator.conftest import Serve


def test_all_methods_of_the_api_are_there() -> None:
    """The table holds every method of the documentation's pages, with its HTTP method."""
    assert {name: row.http_method for name, row in ENDPOINTS.items()} == METHODS


async def test_the_other_http_method_is_not_allowed(serve: Serve) -> None:
    """Every method refuses the HTTP method that is not its own, and names its own."""
    call = await serve(Simulator(limits=NO_LIMITS))
    for name, method in METHODS.items():
        answer = await call(name, method="POST" if method == "GET" else "GET")
        allowed = "GET, HEAD" if method == "GET" else "POST"
        assert (answer.status, answer.headers["Allow"]) == (405, allowed)
        assert answer.json["message"].endswith(f"Supported methods: {allowed}.")


async def test_methods_tell_their_options(serve: Serve) -> None:
    """OPTIONS is answered without a token; HEAD is a GET whose body stays behind."""
    call = await serve(Simulator(limits=NO_LIMITS))
    for name, method in METHODS.items():
        options = await call(name, method="OPTIONS", token="")
        allowed = "GET,HEAD" if method == "GET" else "POST"
        assert (options.status, options.headers["Allow"], options.body) == (200, allowed, b"")
    assert (await call("noSuchMethod", method="OPTIONS")).status == 404
    head = await call("getMe", method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert int(head.headers["Content-Length"]) == len((await call("getMe", method="GET")).body)


async def test_every_method_counts_and_is_logged(serve: Serve) -> None:
    """Every method uses up the account's limit and is in the log with its name."""
    limits = SimulatorLimits(account=((len(METHODS), 60.0),))
    call = await serve(Simulator(limits=limits))
    api = Api(call)
    for name in METHODS:
        assert (await api(name)).status in {200, 201, 422}
    assert [arrival.endpoint for arrival in call.simulator.arrivals] == list(METHODS)
    assert (await api("getMe")).status == 429


async def test_every_method_can_be_faulted(serve: Serve) -> None:
    """A scripted fault meets whichever method it names."""
    call = await serve(Simulator(limits=NO_LIMITS))
    for name in METHODS:
        call.simulator.add_fault(Fault.server_error(503, endpoint=name, times=1))
        assert (await Api(call)(name)).status == 503


async def test_a_fault_after_the_effect_leaves_the_effect(serve: Serve) -> None:
    """A request that is taken and not answered has changed the state."""
    call = await serve(Simulator(limits=NO_LIMITS, seed_data=WORLD))
    api = Api(call)
    call.simulator.add_fault(Fault.server_error(500, taken=True, on=1))
    funds = {"account_id": 1, "amount": 100, "description": "Бонус"}
    assert (await api("addFundsToContactAccount", **funds)).status == 500
    (account,) = await api.data("getContactAccounts", contact_id=5)
    assert account["amount"] == 15_100
    assert not call.simulator.deliveries


@pytest.mark.parametrize("name", sorted(set(METHODS) - {"getMe", "getContacts", "getListSchemas"}))
async def test_nothing_is_done_without_what_is_required(serve: Serve, name: str) -> None:
    """A method with required parameters answers an empty request with errors of theirs."""
    api = Api(await serve(Simulator(limits=NO_LIMITS)))
    errors = await api.errors(name)
    assert errors
    assert all("обязательно для заполнения" in texts[0] for texts in errors.values())


async def test_bots_without_access_are_forbidden_everywhere(serve: Serve) -> None:
    """Whatever belongs to a bot without access is Forbidden, and not listed with the rest."""
    simulator = Simulator(limits=NO_LIMITS, seed_data=generate(60), forbidden_bots=frozenset({1}))
    api = Api(await serve(simulator))
    listed = await api.data("getContacts")
    assert listed
    assert {contact["bot_id"] for contact in listed} == {2, 3}
    mine = next(one.id for one in generate(60).contacts or () if one.bot_id == 1 and one.accounts)
    goods = "65921f8000000000000000a2"
    item = "65921f800000000200000001"
    for name, parameters in (
        ("getContacts", {"bot_id": 1}),
        ("getBotTags", {"bot_id": 1}),
        ("getContactTags", {"contact_id": mine}),
        ("sendMessageToQueue", {"contact_id": mine, "text": "Hi"}),
        ("createListSchema", {"bot_id": 1, "name": "x", "fields": {"a": 1}}),
        ("getListItems", {"schema_id": goods}),
        ("deleteListItem", {"item_id": item}),
        ("deleteContactAccount", {"account_id": 1}),
        ("addFundsToContactAccount", {"account_id": 1, "amount": 1, "description": "x"}),
    ):
        if "account_id" in parameters:
            accounts = simulator._context.state.accounts.of_contact(mine)
            parameters = {**parameters, "account_id": accounts[0].id}  # noqa: PLW2901 - its id
        answer = await api(name, **parameters)
        assert (answer.status, answer.json) == (403, {"message": "Forbidden"}), name


async def test_what_many_clients_do_at_once_is_all_done(serve: Serve) -> None:
    """Concurrent changes of one account are all in its balance."""
    api = Api(await serve(Simulator(limits=NO_LIMITS, seed_data=WORLD)))
    funds = {"account_id": 1, "amount": 1, "description": "x"}
    await asyncio.gather(*(api("addFundsToContactAccount", **funds) for _ in range(50)))
    (account,) = await api.data("getContactAccounts", contact_id=5)
    assert account["amount"] == 15_050


async def test_me_is_the_seeds_or_invented(serve: Serve) -> None:
    """Without a seed getMe answers an invented account."""
    api = Api(await serve(Simulator(limits=NO_LIMITS)))
    assert set(await api.data("getMe")) == {"id", "name", "email"}


async def test_an_invented_link_expires(serve: Serve) -> None:
    """A short link that is not in the seed leads to an invented one with a date."""
    api = Api(await serve(Simulator(limits=NO_LIMITS)))
    data = await api.data("decodeShortLink", url="https://example.com/s/1")
    assert data["url"].startswith("https://storage.example.com/")
    assert "expires_at=" in data["url"]


async def test_the_description_needs_no_token_and_is_not_logged(serve: Serve) -> None:
    """GET /api/openapi.json answers JSON, whether or not the package holds a description."""
    call = await serve(Simulator(limits=NO_LIMITS))
    url = call.simulator.base_url.replace("/v1", "/openapi.json")
    async with call.session.get(url, headers=API_HEADERS) as response:
        assert response.status in {200, 404}
        assert isinstance(await response.json(), dict)
    assert not call.simulator.arrivals
    async with call.session.post(url) as response:
        assert response.status == 404


def test_the_description_is_served_as_it_is(tmp_path: Path) -> None:
    """The description is answered byte for byte, and its absence as 404."""
    file = tmp_path / "openapi.json"
    assert openapi_reply(file).status == 404
    file.write_text('{"openapi": "3.1.0"}')
    reply = openapi_reply(file)
    assert (reply.status, json.loads(reply.body)) == (200, {"openapi": "3.1.0"})
