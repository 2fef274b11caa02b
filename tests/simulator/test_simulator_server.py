from __future__ import annotations

import asyncio
import gc
import io
import logging
import warnings
from typing import TYPE_CHECKING

import aiohttp
import pytest

from cleverapp_async.simulator import Fault, Latency, Simulator, SimulatorLimits
from tests.simulator.wire import API_HEADERS, connect, exchange, leave, request_bytes, until

if TYPE_CHECKING:
    from tests.simulator.conftest import Serve

NO_LIMITS = SimulatorLimits.none()
TOKEN = "api_token=simulator-token"


async def test_the_address_is_known_once_it_runs(serve: Serve) -> None:
    """The base URL names the port that was found free, and none before the start."""
    simulator = Simulator()
    with pytest.raises(RuntimeError, match="start"):
        _ = simulator.base_url
    await serve(simulator)
    assert simulator.base_url.startswith("http://127.0.0.1:")
    assert simulator.base_url.endswith("/api/v1")


async def test_ipv6_addresses_are_bracketed(serve: Serve) -> None:
    """A simulator on an IPv6 address answers under its URL."""
    call = await serve(Simulator(host="::1", limits=NO_LIMITS))
    assert call.simulator.base_url.startswith("http://[::1]:")
    assert (await call.send()).status == 200


async def test_starting_twice_is_refused_and_closing_twice_is_not(serve: Serve) -> None:
    """A running simulator does not start again; a closed one may be closed again."""
    simulator = Simulator()
    await serve(simulator)
    with pytest.raises(RuntimeError, match="runs"):
        await simulator.start()
    await simulator.close()
    await simulator.close()


async def test_a_closed_simulator_starts_again_with_its_log(serve: Serve) -> None:
    """The log survives closing, and goes on after a new start."""
    call = await serve(Simulator(limits=NO_LIMITS))
    await call.send()
    await call.simulator.close()
    await call.simulator.start()
    await call.send()
    assert len(call.simulator.arrivals) == 2
    call.simulator.clear_arrivals()
    assert (len(call.simulator.arrivals), len(call.simulator.deliveries)) == (0, 0)


async def test_a_taken_port_is_an_error(serve: Serve) -> None:
    """Two simulators do not share a port."""
    first = Simulator()
    await serve(first)
    port = int(first.base_url.split(":")[2].split("/")[0])
    with pytest.raises(OSError, match="in use"):
        await Simulator(port=port).start()


def test_senseless_arguments_are_refused() -> None:
    """An empty token and an unknown kind of window are refused at once."""
    with pytest.raises(ValueError, match="token"):
        Simulator(api_token="")
    with pytest.raises(ValueError, match="sliding, fixed, bucket"):
        Simulator(window="leaky")  # type: ignore[arg-type]


def test_the_token_is_in_no_repr() -> None:
    """Showing a simulator does not show its token."""
    assert "s3cret" not in repr(Simulator(api_token="s3cret"))


@pytest.mark.parametrize("token", ["", "wrong"])
async def test_a_false_token_is_unauthenticated(serve: Serve, token: str) -> None:
    """Without the token nothing is looked at, and the answer is Laravel's."""
    call = await serve(Simulator(limits=SimulatorLimits(account=((1, 60.0),))))
    query = {"contact_id": "1", "text": "Hi"} | ({"api_token": token} if token else {})
    for _ in range(3):
        answer = await call("sendMessage", query, token=token)
        assert (answer.status, answer.json) == (401, {"message": "Unauthenticated."})
    assert {arrival.verdict for arrival in call.simulator.arrivals} == {"unauthenticated"}
    assert (await call.send()).status == 200


@pytest.mark.parametrize("way", ["json", "data"])
async def test_the_token_is_read_from_the_body_too(serve: Serve, way: str) -> None:
    """A token in a JSON or form body counts, and is not logged as a parameter."""
    call = await serve(Simulator(limits=NO_LIMITS))
    body = {"api_token": call.simulator.api_token, "contact_id": "1", "text": "Hi"}
    if way == "json":
        answer = await call("sendMessage", token="", json=body)
    else:
        answer = await call("sendMessage", token="", data=body)
    assert answer.status == 200
    assert call.simulator.api_token not in repr(call.simulator.arrivals[0])


async def test_an_authorization_header_is_not_read(serve: Serve) -> None:
    """Only the parameter carries the token."""
    call = await serve(Simulator(limits=NO_LIMITS))
    headers = API_HEADERS | {"Authorization": f"Bearer {call.simulator.api_token}"}
    assert (await call("sendMessage", token="", headers=headers)).status == 401


async def test_unknown_methods_are_not_found(serve: Serve) -> None:
    """A path which is no method is 404, with or without a token."""
    call = await serve(Simulator())
    answer = await call("sendNothing", token="")
    assert (answer.status, "message" in answer.json) == (404, True)
    elsewhere = call.simulator.base_url.replace("/api/v1", "/sendMessage")
    async with call.session.post(elsewhere) as response:
        assert response.status == 404
    assert [arrival.verdict for arrival in call.simulator.arrivals] == ["not_found"] * 2


async def test_the_wrong_http_method_is_told_the_right_one(serve: Serve) -> None:
    """SendMessage takes POST only."""
    call = await serve(Simulator())
    answer = await call("sendMessage", method="GET")
    assert (answer.status, answer.headers["Allow"]) == (405, "POST")
    assert call.simulator.arrivals[0].verdict == "wrong_method"


async def test_a_body_beyond_the_limit_is_too_large(serve: Serve) -> None:
    """A body of more than 8 MiB is refused unread."""
    call = await serve(Simulator(limits=NO_LIMITS))
    answer = await call("sendMessage", {"contact_id": "1"}, data=io.BytesIO(b"x" * 2**23 + b"x"))
    assert answer.status == 413
    assert call.simulator.arrivals[0].verdict == "too_large"


async def test_the_account_limit_answers_as_laravel_throttles(serve: Serve) -> None:
    """The third request of a second is refused with 429, its headers, and counted nowhere."""
    call = await serve(Simulator())
    assert [(await call.send()).status for _ in range(2)] == [200, 200]
    answer = await call("sendMessage")
    assert (answer.status, answer.json) == (429, {"message": "Too Many Attempts."})
    assert answer.headers["Retry-After"] == "1"
    assert answer.headers["X-RateLimit-Limit"] == "2"
    assert answer.headers["X-RateLimit-Remaining"] == "0"
    assert call.simulator.arrivals[2].verdict == "refused_account"


async def test_invalid_requests_count_for_the_account(serve: Serve) -> None:
    """A request that fails validation uses up the account's limit."""
    call = await serve(Simulator(limits=SimulatorLimits(account=((2, 60.0),))))
    assert [(await call("sendMessage")).status for _ in range(3)] == [422, 422, 429]


@pytest.mark.parametrize("kind", ["sliding", "fixed", "bucket"])
async def test_every_kind_of_window_serves(serve: Serve, kind: str) -> None:
    """Each kind of window admits a burst of the limit."""
    limits = SimulatorLimits(account=((3, 60.0),))
    call = await serve(Simulator(limits=limits, window=kind))  # type: ignore[arg-type]
    assert [(await call.send()).status for _ in range(4)] == [200, 200, 200, 429]


async def test_without_the_headers_errors_are_for_browsers(serve: Serve) -> None:
    """A client that does not ask for JSON gets pages and redirects, but the method's own JSON."""
    limits = SimulatorLimits(account=((3, 60.0),))
    call = await serve(Simulator(limits=limits))
    headers: dict[str, str] = {"Accept": "text/html"}
    invalid = await call("sendMessage", headers=headers)
    assert (invalid.status, invalid.headers["Location"]) == (302, "/")
    accepted = await call("sendMessage", {"contact_id": "1", "text": "Hi"}, headers=headers)
    assert accepted.json == {"success": True}
    stranger = await call("sendMessage", token="wrong", headers=headers)
    assert (stranger.status, stranger.headers["Location"]) == (302, "/login")
    for token, status in (("wrong", 401), (None, 422), (None, 429)):
        html = headers if status == 429 else API_HEADERS
        answer = await call("sendMessage", token=token, headers=html)
        assert answer.status == status
        assert ("text/html" in answer.headers["Content-Type"]) == (status == 429)


@pytest.mark.parametrize(
    ("headers", "json"),
    [
        ({"X-Requested-With": "XMLHttpRequest"}, True),
        ({"X-Requested-With": "XMLHttpRequest", "Accept": "text/html"}, False),
        ({"Accept": "application/vnd.api+json, text/html"}, True),
        ({"Accept": "*/*"}, False),
        ({}, False),
    ],
)
async def test_either_header_asks_for_json(
    serve: Serve, headers: dict[str, str], json: bool
) -> None:
    """XMLHttpRequest with any type, or a JSON type first, gets JSON errors."""
    await serve(simulator := Simulator())
    raw = request_bytes("", {**headers, "Connection": "close"})
    answer = await exchange(simulator, raw)
    assert (b"application/json" in answer) == json


@pytest.mark.parametrize("data", [b"\x16\x03\x01 hello\r\n\r\n", b"GET / HTTP/1.1\r\nbad\r\n\r\n"])
async def test_bytes_that_are_no_request_get_a_page(serve: Serve, data: bytes) -> None:
    """What is no HTTP is answered with a 400 page and logged as malformed."""
    await serve(simulator := Simulator())
    assert b" 400 " in (await exchange(simulator, data)).partition(b"\r\n")[0]
    (arrival,) = simulator.arrivals
    assert (arrival.verdict, arrival.endpoint, arrival.status) == ("malformed", "", 400)


async def test_a_url_beyond_the_limit_is_refused_without_showing_it(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """A request line that is too long is a 400; neither answer nor log repeats its token."""
    caplog.set_level(logging.DEBUG)
    await serve(simulator := Simulator())
    answer = await exchange(simulator, request_bytes(f"{TOKEN}&text={'x' * 20_000}"))
    assert b" 400 " in answer.partition(b"\r\n")[0]
    assert b"simulator-token" not in answer
    assert "simulator-token" not in caplog.text
    assert simulator.arrivals[0].verdict == "malformed"


async def test_nothing_is_logged_with_the_token(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """At the most talkative level, no log record holds the token."""
    caplog.set_level(logging.DEBUG)
    call = await serve(Simulator(limits=NO_LIMITS))
    await call.send()
    await call("sendMessage", token="wrong")
    assert "simulator-token" not in caplog.text


async def test_a_client_that_leaves_amid_its_body_sent_nothing(serve: Serve) -> None:
    """A body that never becomes whole is logged as incomplete and takes no message."""
    await serve(simulator := Simulator(limits=NO_LIMITS))
    _, writer = await connect(simulator)
    head = request_bytes(f"{TOKEN}&contact_id=1&text=Hi", body=b"x" * 10)
    writer.write(head[:-5])
    await until(lambda: bool(simulator._handler._running))
    writer.transport.abort()
    await until(lambda: bool(simulator.arrivals))
    assert (simulator.arrivals[0].verdict, simulator.arrivals[0].taken) == ("incomplete", False)


async def test_a_request_that_was_sent_whole_counts_though_its_client_left(serve: Serve) -> None:
    """What is on its way arrives, and is taken, whether or not the client still waits."""
    await serve(simulator := Simulator(limits=NO_LIMITS, latency=Latency.constant(0.02)))
    _, writer = await connect(simulator)
    writer.write(request_bytes(f"{TOKEN}&contact_id=1&text=Hi"))
    await until(lambda: bool(simulator._handler._running))
    writer.transport.abort()
    await until(lambda: bool(simulator.deliveries))
    assert simulator.deliveries[0].parameters == {"contact_id": "1", "text": "Hi"}


async def test_requests_in_one_packet_are_answered_in_order(serve: Serve) -> None:
    """Pipelined requests are all served."""
    await serve(simulator := Simulator(limits=NO_LIMITS))
    one = request_bytes(f"{TOKEN}&contact_id=1&text=1")
    two = request_bytes(f"{TOKEN}&contact_id=1&text=2", API_HEADERS | {"Connection": "close"})
    answer = await exchange(simulator, one + two)
    assert answer.count(b'{"success":true}') == 2
    assert [arrival.parameters["text"] for arrival in simulator.arrivals] == ["1", "2"]


async def test_latency_lies_before_and_after_the_count(serve: Serve) -> None:
    """A request is counted after the way out, and answered after the way back."""
    call = await serve(Simulator(limits=NO_LIMITS, latency=Latency.uniform(0.02, 0.03)))
    loop = asyncio.get_running_loop()
    sent = loop.time()
    await call.send()
    counted = call.simulator.arrivals[0].at
    assert counted - sent >= 0.02
    assert loop.time() - counted >= 0.02


async def test_closing_is_quick_whatever_hangs(serve: Serve) -> None:
    """Closing cuts off hanging, delayed and idle connections at once, leaving no task."""
    before = asyncio.all_tasks()
    simulator = Simulator(limits=NO_LIMITS, latency=Latency.constant(30))
    await serve(simulator)
    open_connections = [await connect(simulator) for _ in range(6)]
    for _, writer in open_connections[:3]:
        writer.write(request_bytes(f"{TOKEN}&contact_id=1&text=Hi"))
    await until(lambda: len(simulator._handler._running) == 3)
    async with asyncio.timeout(20):
        await simulator.close()
    assert [await reader.read() for reader, _ in open_connections] == [b""] * 6
    for _, writer in open_connections:
        await leave(writer)
    assert asyncio.all_tasks() == before


async def test_closing_does_not_wait_for_a_client_that_does_not_read(serve: Serve) -> None:
    """An answer nobody reads does not hold up closing."""
    await serve(simulator := Simulator(limits=NO_LIMITS, faults=[Fault.oversized_body(64)]))
    reader, writer = await connect(simulator)
    reader._transport.pause_reading()  # type: ignore[attr-defined]
    writer.write(request_bytes(f"{TOKEN}&contact_id=1&text=Hi"))
    await until(lambda: bool(simulator.arrivals))
    async with asyncio.timeout(20):
        await simulator.close()
    await leave(writer)
    assert not simulator._handler.connections


async def test_refused_connections_and_the_same_port_again(serve: Serve) -> None:
    """While refusing, nobody connects and idle connections are closed; after, all is as before."""
    call = await serve(Simulator(limits=NO_LIMITS))
    url = call.simulator.base_url
    await call.send()
    async with call.simulator.refusing():
        assert not call.simulator._handler.connections
        with pytest.raises(aiohttp.ClientConnectorError):
            await call.send()
    assert call.simulator.base_url == url
    assert (await call.send()).status == 200
    assert len(call.simulator.arrivals) == 2


async def test_a_request_under_way_is_answered_while_refusing(serve: Serve) -> None:
    """Refusing lets running requests end, then closes their connections."""
    await serve(simulator := Simulator(limits=NO_LIMITS, latency=Latency.constant(0.02)))
    reader, writer = await connect(simulator)
    writer.write(request_bytes(f"{TOKEN}&contact_id=1&text=Hi"))
    await until(lambda: bool(simulator._handler._running))
    async with simulator.refusing():
        assert b'{"success":true}' in await reader.read()
    await leave(writer)


async def test_only_a_simulator_that_listens_can_refuse(serve: Serve) -> None:
    """Refusing needs a running simulator that is not refusing already."""
    simulator = Simulator()
    with pytest.raises(RuntimeError, match="refuse"):
        await simulator.refusing().__aenter__()
    await serve(simulator)
    async with simulator.refusing():
        with pytest.raises(RuntimeError, match="refuse"):
            await simulator.refusing().__aenter__()


async def test_closing_while_refusing_frees_the_port(serve: Serve) -> None:
    """A simulator closed amid refusing stays closed, and its port is free."""
    await serve(simulator := Simulator(limits=NO_LIMITS))
    port = int(simulator.base_url.split(":")[2].split("/")[0])
    async with simulator.refusing():
        await simulator.close()
    async with Simulator(port=port) as other:
        assert other.base_url == simulator.base_url


async def test_a_predicate_that_fails_is_a_server_error(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """A bug in a fault's predicate shows as a 500 and in the log, not as silence."""

    def broken(parameters: object) -> bool:
        raise LookupError(parameters)

    call = await serve(Simulator(limits=NO_LIMITS, faults=[Fault.hang(when=broken)]))
    assert (await call.send()).status == 500
    assert "LookupError" in caplog.text


async def test_a_port_that_is_none_leaves_nothing_open() -> None:
    """What cannot be a port is refused, and the socket that was made for it is closed."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with pytest.raises(ValueError, match="port"):
            await Simulator(port=70_000).start()
        gc.collect()
    assert not [one for one in warned if issubclass(one.category, ResourceWarning)]
