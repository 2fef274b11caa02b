"""The simulator against answers of a real Laravel application, kept in tests/samples/laravel."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from cleverapp_async.simulator import (
    SeedData,
    SimulatedListSchema,
    Simulator,
    SimulatorLimits,
    generate,
)
from tests.paths import SAMPLES
from tests.simulator.wire import API_HEADERS, Answer

if TYPE_CHECKING:
    from cleverapp_async.simulator import EmptyObjects, Rounding
    from tests.simulator.conftest import Serve

_SAMPLES = SAMPLES / "laravel"
_MINUTE = SimulatorLimits(account=((2, 60.0),))
_THROTTLED = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "Retry-After", "Allow")


def sample(name: str) -> tuple[int, dict[str, str], Any]:
    """Status, headers and body of a real answer."""
    kept = json.loads((_SAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    return kept["status"], dict(kept["headers"]), kept["body"]


def told(answer: Answer) -> dict[str, str]:
    """What an answer's headers say of the limits and of the methods."""
    return {name: answer.headers[name] for name in _THROTTLED if name in answer.headers}


@pytest.mark.parametrize(
    ("name", "method", "endpoint", "query", "token"),
    [
        ("accepted", "POST", "sendMessage", {"contact_id": "1", "text": "hi"}, None),
        ("attach_tag_nothing", "POST", "attachTagToContact", {"contact_id": "1"}, None),
        ("validation_422", "POST", "sendMessage", {}, None),
        ("no_such_method", "POST", "noSuchMethod", {}, None),
        ("method_not_allowed", "GET", "sendMessage", {}, None),
        ("unauthenticated_json", "GET", "getMe", {}, "wrong"),
    ],
)
async def test_answers_are_those_of_the_framework(  # noqa: PLR0917 - one row of the table above
    serve: Serve, name: str, method: str, endpoint: str, query: dict[str, str], token: str | None
) -> None:
    """Status, body and the headers of the limits are what the real framework answers."""
    status, headers, body = sample(name)
    call = await serve(Simulator(limits=SimulatorLimits(account=((2, 1.0), (120, 60.0)))))
    answer = await call(endpoint, query, method=method, token=token)
    assert answer.status == status
    assert answer.json == body
    assert told(answer) == {key: headers[key] for key in _THROTTLED if key in headers}
    assert answer.headers["Content-Type"] == headers["Content-Type"]


async def test_a_browser_is_sent_to_the_login(serve: Serve) -> None:
    """Without Accept a false token is a redirect to where one logs in."""
    status, headers, _ = sample("unauthenticated_without_accept")
    call = await serve(Simulator())
    answer = await call("getMe", method="GET", token="wrong", headers={"Accept": "*/*"})
    assert answer.status == status
    assert headers["Location"].endswith(answer.headers["Location"])


@pytest.mark.parametrize(("rounding", "least"), [("up", 60), ("down", 59)])
async def test_a_refusal_tells_when_to_come_back(
    serve: Serve, rounding: Rounding, least: int
) -> None:
    """A 429 has all four headers; the reset is the Unix second in which the wait is over."""
    status, headers, body = sample("too_many_429")
    call = await serve(Simulator(limits=_MINUTE, retry_after=rounding))
    assert [(await call.send()).headers["X-RateLimit-Remaining"] for _ in range(2)] == ["1", "0"]
    before = int(time.time())
    answer = await call.send()
    assert (answer.status, answer.json) == (status, body)
    assert {name for name in headers if name.startswith(("X-Rate", "Retry"))} <= set(answer.headers)
    assert int(answer.headers["Retry-After"]) in {least, 59}
    reset = int(answer.headers["X-RateLimit-Reset"]) - int(answer.headers["Retry-After"])
    assert before <= reset <= int(time.time())


async def test_a_window_that_is_nearly_over_says_zero(serve: Serve) -> None:
    """Rounded down, the last second of a window is 0, as where Laravel counts in Redis."""
    call = await serve(Simulator(limits=SimulatorLimits(account=((1, 0.9),)), retry_after="down"))
    await call.send()
    assert (await call.send()).headers["Retry-After"] == "0"


async def test_pages_name_their_neighbours(serve: Serve) -> None:
    """Pages have the counters and the links of Laravel's paginator, beyond the end as well."""
    limits = SimulatorLimits.none()
    call = await serve(Simulator(limits=limits, seed_data=generate(23)))
    url = call.simulator.base_url
    for name, page in (("contacts_page", "2"), ("contacts_beyond_the_end", "99")):
        _, _, body = sample(name)
        answer = await call("getContacts", {"count": "3", "page": page}, method="GET")
        wanted = json.dumps(body["meta"]).replace("https://app.example/api/v1", url)
        wanted_meta = json.loads(wanted)
        assert answer.json["meta"].keys() == wanted_meta.keys()
        assert answer.json["meta"]["links"] == wanted_meta["links"]


@pytest.mark.parametrize(
    ("page", "labels"),
    [
        (1, "1 2 3 4 5 6 7 8 9 10 ... 29 30"),
        (7, "1 2 3 4 5 6 7 8 9 10 ... 29 30"),
        (8, "1 2 ... 5 6 7 8 9 10 11 ... 29 30"),
        (23, "1 2 ... 20 21 22 23 24 25 26 ... 29 30"),
        (24, "1 2 ... 21 22 23 24 25 26 27 28 29 30"),
    ],
)
async def test_far_pages_are_left_out(serve: Serve, page: int, labels: str) -> None:
    """Of many pages those around the asked one and those at both ends are named."""
    call = await serve(Simulator(limits=SimulatorLimits.none(), seed_data=generate(30)))
    answer = await call("getContacts", {"count": "1", "page": str(page)}, method="GET")
    links = answer.json["meta"]["links"]
    assert " ".join(link["label"] for link in links[1:-1]) == labels
    assert [link["label"] for link in links if link["active"]] == [str(page)]
    assert all((link["url"] is None) == (link["label"] == "...") for link in links[1:-1])


async def test_an_empty_object_is_an_array_on_demand(serve: Serve) -> None:
    """What PHP makes of an empty array is answered where it is asked for, and nowhere else."""
    seed = SeedData(list_schemas=(SimulatedListSchema("Пустой", {}, "5dee4800c2cc5a38ec797236"),))
    shapes: tuple[tuple[EmptyObjects, object], ...] = (("array", []), ("object", {}))
    for shape, fields in shapes:
        call = await serve(
            Simulator(limits=SimulatorLimits.none(), seed_data=seed, empty_objects=shape)
        )
        page = await call("getListSchemas", method="GET")
        assert page.json["data"][0]["fields"] == fields


async def test_created_resources_are_201(serve: Serve) -> None:
    """What did not exist before is answered with 201, what did with 200."""
    call = await serve(Simulator(limits=SimulatorLimits.none()))
    contact = {"bot_id": "1", "messenger": "viber", "name": "Анна", "viber_id": "v"}
    variable = {"contact_id": "1", "name": "Город", "value": "Омск"}
    for method, query in (("createOrUpdateContact", contact), ("setContactVariable", variable)):
        assert [(await call(method, query)).status for _ in range(2)] == [201, 200]
    account = {"contact_id": "1", "currency": "RUB"}
    assert (await call("addContactAccount", account)).status == 201
    assert (await call("addContactCryptoAccount", account)).status == 201


async def test_only_two_roundings_are_known() -> None:
    """Another word than up and down is refused."""
    wrong: Any = "half"
    with pytest.raises(ValueError, match="retry_after"):
        Simulator(retry_after=wrong)


async def test_headers_of_the_limits_are_behind_them(serve: Serve) -> None:
    """What never reached the account's limits tells nothing of them."""
    call = await serve(Simulator())
    for endpoint, token, method in (("no", None, "POST"), ("getMe", "x", "GET")):
        answer = await call(endpoint, token=token, method=method, headers=API_HEADERS)
        assert not told(answer)
