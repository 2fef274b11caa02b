from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import aiohttp
import pytest

from cleverapp_async.simulator import Constant, Fault, Latency, Simulator, SimulatorLimits, Trigger
from tests.simulator.wire import connect, exchange, leave, request_bytes, until

if TYPE_CHECKING:
    from tests.simulator.conftest import Serve

NO_LIMITS = SimulatorLimits.none()
GOOD = request_bytes("api_token=simulator-token&contact_id=1&text=Hi")


def broken(*faults: Fault) -> Simulator:
    """Make a simulator with faults and without limits."""
    return Simulator(limits=NO_LIMITS, faults=faults)


@pytest.mark.parametrize("taken", [True, False])
async def test_reset_after_reading(serve: Serve, taken: bool) -> None:
    """The connection is reset once the request is read, the message taken or not as scripted."""
    await serve(simulator := broken(Fault.reset_after(taken=taken)))
    with pytest.raises(ConnectionResetError):
        await exchange(simulator, GOOD)
    (arrival,) = simulator.arrivals
    assert (arrival.fault, arrival.status, arrival.taken) == ("reset_after", None, taken)
    assert arrival.verdict == ("accepted" if taken else "fault")
    assert len(simulator.deliveries) == int(taken)


async def test_reset_on_first_bytes(serve: Serve) -> None:
    """The connection is reset before the request is parsed; the log knows no endpoint."""
    await serve(simulator := broken(Fault.reset_before(on=1)))
    with pytest.raises(ConnectionResetError):
        await exchange(simulator, GOOD)
    (arrival,) = simulator.arrivals
    assert (arrival.fault, arrival.endpoint, arrival.taken) == ("reset_before", "", False)


async def test_reset_on_first_bytes_of_a_kept_connection(serve: Serve) -> None:
    """On a connection that served before, the next request's first bytes can be reset too."""
    call = await serve(broken(Fault.reset_before(on=2)))
    assert (await call.send()).status == 200
    with pytest.raises(aiohttp.ClientError):
        await call.send()
    assert len(call.simulator.deliveries) == 1
    assert (await call.send()).status == 200


async def test_reset_on_accept(serve: Serve) -> None:
    """A connection reset on accepting carries no request, so nothing is logged."""
    fault = Fault.reset_before("accept", times=1)
    await serve(simulator := broken(fault))
    reader, writer = await connect(simulator)
    with pytest.raises(ConnectionResetError):
        await reader.read()
    await leave(writer)
    assert simulator.fault_count(fault) == 1
    assert not simulator.arrivals


def test_a_reset_before_reading_cannot_look_at_the_request() -> None:
    """Neither endpoint nor parameters are known before reading."""
    with pytest.raises(ValueError, match="neither"):
        Fault.reset_before(endpoint="sendMessage")
    with pytest.raises(ValueError, match="neither"):
        Fault.reset_before(when=bool)


@pytest.mark.parametrize("taken", [True, False])
async def test_hang_until_the_client_leaves(serve: Serve, taken: bool) -> None:
    """Nothing is answered as long as the client waits; when it leaves, the server lets go."""
    await serve(simulator := broken(Fault.hang(taken=taken)))
    reader, writer = await connect(simulator)
    writer.write(GOOD)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(), 0.05)
    await leave(writer)
    await until(lambda: not simulator._handler._running)
    assert [arrival.taken for arrival in simulator.arrivals] == [taken]


async def test_hang_for_a_while(serve: Serve) -> None:
    """A hang of so many seconds ends with the connection closed and nothing said."""
    await serve(simulator := broken(Fault.hang(seconds=0.02)))
    assert await exchange(simulator, GOOD) == b""


async def test_slow_body(serve: Serve) -> None:
    """The real answer comes in drips, whole in the end."""
    call = await serve(broken(Fault.slow_body(chunk=5, interval=0.001)))
    answer = await call.send()
    assert (answer.status, answer.json) == (200, {"success": True})
    assert call.simulator.arrivals[0].status == 200


async def test_slow_body_ends_when_the_client_leaves(serve: Serve) -> None:
    """Nobody is dripped at who left."""
    await serve(simulator := broken(Fault.slow_body(interval=0.005)))
    reader, writer = await connect(simulator)
    writer.write(GOOD)
    await reader.readuntil(b"\r\n\r\n")
    await leave(writer)
    await until(lambda: not simulator._handler._running)
    assert not simulator._handler.connections


@pytest.mark.parametrize(("chunk", "interval"), [(0, 1.0), (1, -1.0)])
def test_a_senseless_drip_is_refused(chunk: int, interval: float) -> None:
    """A drip has at least a byte, and no negative interval."""
    with pytest.raises(ValueError, match="must be"):
        Fault.slow_body(chunk=chunk, interval=interval)


async def test_truncated_body(serve: Serve) -> None:
    """The announced body breaks off, though the message was taken."""
    call = await serve(broken(Fault.truncated_body()))
    with pytest.raises(aiohttp.ClientPayloadError):
        await call.send()
    assert (call.simulator.arrivals[0].status, call.simulator.arrivals[0].taken) == (None, True)


@pytest.mark.parametrize("data", [b"HTTP/1.1 OK fine\r\n\r\n", b"SSH-2.0\r\n\r\n"])
async def test_malformed_answers(serve: Serve, data: bytes) -> None:
    """Bytes that are no HTTP answer come as scripted."""
    await serve(simulator := broken(Fault.malformed(data)))
    assert await exchange(simulator, GOOD) == data


async def test_malformed_answers_break_a_client_after_the_message_was_taken(serve: Serve) -> None:
    """A client cannot read the bad status line of an accepted message."""
    call = await serve(broken(Fault.malformed()))
    with pytest.raises(aiohttp.ClientResponseError):
        await call.send()
    assert len(call.simulator.deliveries) == 1


async def test_oversized_header(serve: Serve) -> None:
    """A header larger than clients read comes with the real answer."""
    await serve(simulator := broken(Fault.oversized_header(100_000)))
    answer = await exchange(simulator, GOOD)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\nX-Padding: xxx")
    assert answer.endswith(b'{"success":true}')
    assert len(answer) > 100_000


@pytest.mark.parametrize("compressed", [True, False])
async def test_oversized_body(serve: Serve, compressed: bool) -> None:
    """The body is larger than so many MiB once decoded, and still JSON."""
    call = await serve(broken(Fault.oversized_body(2, compressed=compressed)))
    answer = await call.send()
    assert len(answer.body) > 2 * 2**20
    assert json.loads(answer.body)["success"] is True
    assert ("Content-Encoding" in answer.headers) == compressed


async def test_oversized_body_stops_when_the_client_leaves(serve: Serve) -> None:
    """A client that has enough and leaves ends the writing."""
    await serve(simulator := broken(Fault.oversized_body(64)))
    reader, writer = await connect(simulator)
    writer.write(GOOD)
    await reader.readexactly(1000)
    writer.transport.abort()
    await until(lambda: not simulator._handler._running)
    assert not simulator._handler.connections


@pytest.mark.parametrize(
    ("retry_after", "header"),
    [(3, "3"), (1.5, "1.5"), ("soon", "soon"), ("", ""), (None, None)],
)
async def test_too_many_with_each_form_of_retry_after(
    serve: Serve, retry_after: float | str | None, header: str | None
) -> None:
    """A scripted 429 carries Retry-After as given and takes nothing."""
    call = await serve(broken(Fault.too_many(retry_after)))
    answer = await call.send()
    assert (answer.status, answer.headers.get("Retry-After")) == (429, header)
    assert not call.simulator.deliveries
    assert call.simulator.arrivals[0].status == 429


async def test_too_many_with_a_date(serve: Serve) -> None:
    """A timedelta becomes an HTTP date that far ahead."""
    call = await serve(broken(Fault.too_many(timedelta(hours=1))))
    header = (await call.send()).headers["Retry-After"]
    assert header.endswith(" GMT")
    ahead = parsedate_to_datetime(header) - datetime.now(UTC)
    assert timedelta(minutes=59) < ahead <= timedelta(hours=1)


@pytest.mark.parametrize("taken", [True, False])
async def test_html_pages(serve: Serve, taken: bool) -> None:
    """A page of any status comes instead of JSON."""
    call = await serve(broken(Fault.html(503, taken=taken)))
    answer = await call.send()
    assert (answer.status, answer.headers["Content-Type"]) == (503, "text/html; charset=UTF-8")
    assert len(call.simulator.deliveries) == int(taken)


@pytest.mark.parametrize("taken", [True, False])
async def test_server_errors(serve: Serve, taken: bool) -> None:
    """A crash may come before or after the message was taken."""
    call = await serve(broken(Fault.server_error(taken=taken)))
    answer = await call.send()
    assert (answer.status, answer.json) == (500, {"message": "Server Error"})
    assert len(call.simulator.deliveries) == int(taken)


async def test_statuses_without_a_name(serve: Serve) -> None:
    """A status that HTTP does not name can be answered too."""
    call = await serve(broken(Fault.html(599)))
    answer = await call.send()
    assert (answer.status, b"599 Unknown" in answer.body) == (599, True)


async def test_a_reset_of_a_connection_that_is_closing(serve: Serve) -> None:
    """A client that left before a late reset changes nothing."""
    latency = Latency(back=Constant(0.02))
    faults = [Fault.reset_after()]
    await serve(simulator := Simulator(limits=NO_LIMITS, faults=faults, latency=latency))
    _, writer = await connect(simulator)
    writer.write(GOOD)
    await until(lambda: simulator.arrivals)
    writer.transport.abort()
    await until(lambda: not simulator._handler._running)
    assert simulator.arrivals[0].taken


async def test_redirects(serve: Serve) -> None:
    """A redirect names where to go."""
    call = await serve(broken(Fault.redirect("https://example.com/", 301)))
    answer = await call.send()
    assert (answer.status, answer.headers["Location"]) == (301, "https://example.com/")


@pytest.mark.parametrize("body", [{"error": "нет/да"}, '{"error":"нет/да"}', "null", b"\xff"])
async def test_any_answer(serve: Serve, body: dict[str, object] | str | bytes) -> None:
    """A mapping goes out as JSON, a string as UTF-8, bytes as they are."""
    call = await serve(broken(Fault.answer(299, body, {"X-A": "b"})))
    answer = await call.send()
    assert (answer.status, answer.headers["X-A"]) == (299, "b")
    assert answer.headers["Content-Type"] == "application/json"
    if isinstance(body, bytes):
        assert answer.body == body
    else:
        assert answer.json == (json.loads(body) if isinstance(body, str) else body)


async def test_an_answer_of_another_type(serve: Serve) -> None:
    """A Content-Type among the headers replaces JSON's."""
    call = await serve(broken(Fault.answer(200, "ok", {"content-type": "text/plain"})))
    assert (await call.send()).headers["Content-Type"] == "text/plain"


async def test_a_taken_fault_is_judged_and_counted(serve: Serve) -> None:
    """A fault that takes the request still refuses what a limit or a rule refuses."""
    limits = SimulatorLimits(account=((2, 60.0),))
    await serve(simulator := Simulator(limits=limits, faults=[Fault.reset_after()]))
    for data in (GOOD, request_bytes("api_token=simulator-token"), GOOD):
        with pytest.raises(ConnectionResetError):
            await exchange(simulator, data)
    verdicts = [arrival.verdict for arrival in simulator.arrivals]
    assert verdicts == ["accepted", "invalid", "refused_account"]
    assert len(simulator.deliveries) == 1


async def test_a_fault_that_is_not_taken_counts_for_no_limit(serve: Serve) -> None:
    """What never reached the application uses up nothing."""
    limits = SimulatorLimits(account=((1, 60.0),))
    call = await serve(Simulator(limits=limits, faults=[Fault.html(502, times=3)]))
    assert [(await call.send()).status for _ in range(5)] == [502, 502, 502, 200, 429]


async def test_an_untaken_slow_body_is_no_success(serve: Serve) -> None:
    """A fault on a request that was not taken never shows a success."""
    call = await serve(broken(Fault.slow_body(chunk=500, interval=0, taken=False)))
    assert (await call.send()).status == 503


async def test_faults_can_be_added_and_cleared(serve: Serve) -> None:
    """Faults come and go while the simulator runs."""
    call = await serve(broken())
    fault = Fault.server_error()
    call.simulator.add_fault(fault)
    assert (await call.send()).status == 500
    assert call.simulator.fault_count(fault) == 1
    call.simulator.clear_faults()
    assert (await call.send()).status == 200


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        (Trigger(), [1, 2, 3, 4, 5, 6]),
        (Trigger(on=2), [2]),
        (Trigger(every=3), [3, 6]),
        (Trigger(times=2), [1, 2]),
        (Trigger(every=2, times=2), [2, 4]),
        (Trigger(probability=1.0), [1, 2, 3, 4, 5, 6]),
        (Trigger(probability=0.0), []),
        (Trigger(when=lambda parameters: parameters["text"] in {"2", "5"}), [2, 5]),
        (Trigger(when=lambda parameters: parameters["text"] in {"2", "5"}, on=2), [5]),
        (Trigger(endpoint="sendMessage", on=1), [1]),
        (Trigger(endpoint="sendMessageToWhatsApp"), []),
    ],
)
async def test_triggers_choose_requests(
    serve: Serve, trigger: Trigger, expected: list[int]
) -> None:
    """A fault strikes exactly the requests its trigger describes."""
    fault = Fault("server_error", Fault.server_error().action, taken=False, trigger=trigger)
    call = await serve(broken(fault))
    answers = [await call.send(text=str(number)) for number in range(1, 7)]
    struck = [number for number, answer in enumerate(answers, 1) if answer.status == 500]
    assert struck == expected


async def test_the_first_fault_wins_and_the_others_still_count(serve: Serve) -> None:
    """Of several faults one strikes, and each counts every request."""
    faults = [Fault.html(501, on=2), Fault.html(502, every=2), Fault.html(503, on=3)]
    call = await serve(broken(*faults))
    assert [(await call.send()).status for _ in range(4)] == [200, 501, 503, 502]


async def test_probabilities_repeat_with_the_seed(serve: Serve) -> None:
    """The same seed draws the same faults, another seed draws others."""

    async def struck(seed: int) -> list[int]:
        fault = Fault.server_error(probability=0.5)
        call = await serve(Simulator(limits=NO_LIMITS, faults=[fault], seed=seed))
        return [(await call.send()).status for _ in range(30)]

    first = await struck(1)
    assert first == await struck(1)
    assert first != await struck(2)
    assert {200, 500} == set(first)


@pytest.mark.parametrize(
    "options", [{"on": 0}, {"every": 0}, {"times": 0}, {"probability": 1.1}, {"probability": -1.0}]
)
def test_senseless_triggers_are_refused(options: dict[str, float]) -> None:
    """Counts start at 1 and probabilities lie between 0 and 1."""
    with pytest.raises(ValueError, match="not"):
        Trigger(**options)  # type: ignore[arg-type]


async def test_a_fault_is_unmet_until_it_strikes(serve: Serve) -> None:
    """Of the armed faults those are unmet which no request met; none is after they are cleared."""
    first, second, third = Fault.html(on=1), Fault.html(on=1), Fault.hang(endpoint="getMe")
    call = await serve(broken(first, second, third))
    assert [*call.simulator.unmet_faults] == [first, second, third]
    await call.send()
    # The second would have struck as well, and the first came before it.
    assert [*call.simulator.unmet_faults] == [second, third]
    call.simulator.clear_faults()
    assert [*call.simulator.unmet_faults] == []
