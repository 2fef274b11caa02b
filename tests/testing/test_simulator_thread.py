"""A simulator in a thread of its own: what it has, when it ends, from where it may be used."""

from __future__ import annotations

import asyncio
import http.client
import inspect
import socket
import threading
import typing
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from typing import Any

import pytest

from cleverapp_async import CleverAppClient, NotSentError, OutcomeUnknownError
from cleverapp_async.simulator import Fault, SeedError, Simulator, SimulatorLimits
from cleverapp_async.testing import (
    SimulatorSettings,
    SimulatorThread,
    quick_client_settings,
    run_virtual,
)


def send(simulator: SimulatorThread, text: str = "Hi") -> int:
    """Sends a message without any event loop; the answer's status."""
    query = {"api_token": simulator.api_token, "contact_id": "1", "text": text}
    url = f"{simulator.base_url}/sendMessage?{urllib.parse.urlencode(query)}"
    request = urllib.request.Request(  # noqa: S310 - the simulator's own address
        url, method="POST", headers={"Accept": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - the same
        status: int = answer.status
        return status


def client_of(simulator: SimulatorThread) -> CleverAppClient:
    """A client that waits for nothing."""
    return CleverAppClient(
        simulator.api_token, base_url=simulator.base_url, **quick_client_settings()
    )


def test_it_serves_plain_code() -> None:
    """A program without an event loop sends to it and sees what arrived."""
    with SimulatorThread() as simulator:
        assert send(simulator) == 200
        (arrival,) = simulator.deliveries
        assert (arrival.endpoint, arrival.parameters["text"]) == ("sendMessage", "Hi")
        assert len(simulator.arrivals) == 1
        assert simulator.referee().clean
        simulator.clear_arrivals()
        assert not simulator.arrivals


async def test_it_serves_the_loop_of_a_test() -> None:
    """A client in the test's own loop is served from the other one."""
    with SimulatorThread(limits=SimulatorLimits.none()) as simulator:
        async with client_of(simulator) as client:
            await client.send_message(contact_id=1, text="Hi")
    assert [arrival.verdict for arrival in simulator.arrivals] == ["accepted"]


def test_it_takes_what_a_simulator_takes() -> None:
    """The settings are the arguments of ``Simulator``, by their names and in their order."""
    parameters = [*inspect.signature(Simulator).parameters]
    assert [*typing.get_type_hints(SimulatorSettings)] == parameters


def test_it_has_what_a_simulator_has() -> None:
    """No public method or property of ``Simulator`` is missing."""
    theirs = {name for name, _ in inspect.getmembers(Simulator) if not name.startswith("_")}
    settings = set(typing.get_type_hints(SimulatorSettings)) - {"api_token", "limits"}
    assert theirs - settings <= set(dir(SimulatorThread))


def test_faults_are_added_counted_and_taken_away() -> None:
    """A fault that is added strikes, is counted, and is not met before."""
    with SimulatorThread(faults=[Fault.server_error(503, on=1)]) as simulator:
        (first,) = simulator.unmet_faults
        second = Fault.hang(on=9)
        simulator.add_fault(second)
        with pytest.raises(urllib.error.HTTPError):
            send(simulator)
        assert (simulator.fault_count(first), simulator.fault_count(second)) == (1, 0)
        assert [*simulator.unmet_faults] == [second]
        simulator.clear_faults()
        assert [*simulator.unmet_faults] == []


async def test_it_refuses_connections_inside_with() -> None:
    """Nothing reaches it meanwhile, and afterwards it serves again."""
    with SimulatorThread(limits=SimulatorLimits.none()) as simulator:
        async with client_of(simulator) as client:
            with simulator.refusing():
                with pytest.raises(NotSentError):
                    await client.send_message(contact_id=1, text="Hi")
                assert not simulator.arrivals
            await client.send_message(contact_id=1, text="Hi")
            assert len(simulator.deliveries) == 1


def test_closing_while_it_refuses_is_allowed() -> None:
    """The end of the inner ``with`` finds nothing left to do."""
    with SimulatorThread() as simulator, simulator.refusing():
        simulator.close()
    assert not simulator.running


def test_only_a_running_one_refuses() -> None:
    """Before it was started there is nothing that could refuse."""
    with pytest.raises(RuntimeError), SimulatorThread().refusing():
        pass


async def test_a_request_that_hangs_is_cut_off_by_the_end() -> None:
    """Closing waits for nobody."""
    loop, there = asyncio.get_running_loop(), asyncio.Event()

    def is_met(_: object) -> bool:
        loop.call_soon_threadsafe(there.set)
        return True

    with SimulatorThread(faults=[Fault.hang(when=is_met)]) as simulator:
        async with client_of(simulator) as client:
            sending = asyncio.create_task(client.send_message(contact_id=1, text="Hi"))
            await there.wait()
            simulator.close()
            with pytest.raises(OutcomeUnknownError):
                await sending


def test_what_it_knows_outlives_it() -> None:
    """After the end the log can still be read, and nothing is served."""
    simulator = SimulatorThread(faults=[Fault.hang(on=2)])
    with simulator:
        send(simulator)
    simulator.close()
    assert len(simulator.arrivals) == 1
    assert simulator.referee(lambda arrival: arrival.endpoint).deliveries == 1
    assert len(simulator.unmet_faults) == 1
    with pytest.raises(urllib.error.URLError):
        send(simulator)


def test_its_end_leaves_no_thread() -> None:
    """The thread ends with ``with``, also where the test fails in it."""
    before = threading.active_count()
    with SimulatorThread():
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
    with pytest.raises(KeyError), SimulatorThread():
        raise KeyError
    assert threading.active_count() == before


def test_it_starts_once_at_a_time() -> None:
    """A second start is refused; after the end it may start again, with its log."""
    simulator = SimulatorThread()
    simulator.start()
    with pytest.raises(RuntimeError):
        simulator.start()
    with simulator:
        send(simulator)
    with simulator:
        send(simulator, "again")
    assert len(simulator.arrivals) == 2


def test_of_several_threads_one_starts_it() -> None:
    """The others are told that it runs, and one end ends it."""
    simulator = SimulatorThread(limits=SimulatorLimits.none())
    refused: list[RuntimeError] = []

    def start() -> None:
        try:
            simulator.start()
        except RuntimeError as error:
            refused.append(error)

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert len(refused) == 5
    assert send(simulator) == 200
    simulator.close()
    assert "cleverapp-simulator" not in {thread.name for thread in threading.enumerate()}


def test_a_start_waits_for_the_end_that_another_thread_began() -> None:
    """What is closed in another thread and has not ended yet ends before it starts again."""
    simulator = SimulatorThread()
    asked, go_on = threading.Event(), threading.Event()

    def condition(_: object) -> bool:
        asked.set()
        return go_on.wait(10)

    with ThreadPoolExecutor(3) as callers:
        simulator.start()
        simulator.add_fault(Fault.server_error(when=condition, times=1))
        sent = callers.submit(send, simulator)
        assert asked.wait(10)
        closed = callers.submit(simulator.close)
        while simulator.running:
            threading.Event().wait(0.001)
        again = callers.submit(simulator.start)
        # Neither can be over while the simulator's own thread is held up.
        over, _ = wait([closed, again], timeout=0.2)
        go_on.set()
        for one in (closed, again):
            one.result(10)
        assert isinstance(sent.exception(10), (OSError, http.client.HTTPException))
    assert not over
    assert send(simulator) == 200
    simulator.close()


def test_starts_and_ends_of_many_threads_go_one_after_another() -> None:
    """Whatever the order of calls, a start serves or is refused, and the last end ends it."""
    simulator = SimulatorThread()

    def use(place: int) -> None:
        for _ in range(20):
            if place % 2:
                simulator.close()
            else:
                with suppress(RuntimeError):  # it runs already
                    simulator.start()

    with ThreadPoolExecutor(4) as callers:
        for done in [callers.submit(use, place) for place in range(4)]:
            done.result(30)
    simulator.close()
    assert not simulator.running
    with simulator:
        assert send(simulator) == 200


@pytest.mark.parametrize("does", ["refuses", "closes", "starts again"])
def test_a_condition_of_a_fault_cannot_wait_for_the_simulator(does: str) -> None:
    """In its own thread it refuses no connections, which is told, and may be closed."""
    told: list[RuntimeError] = []

    def condition(_: object) -> bool:
        if does == "closes":
            simulator.close()
            return False
        try:
            if does == "starts again":
                simulator.close()
                simulator.start()
            with simulator.refusing():
                pass
        except RuntimeError as error:
            told.append(error)
        return False

    simulator = SimulatorThread(limits=SimulatorLimits.none())
    simulator.add_fault(Fault.server_error(when=condition))
    with simulator:
        if does != "refuses":
            with suppress(OSError, http.client.HTTPException):
                send(simulator)  # It is cut off, unless it was answered sooner.
            assert not simulator.running
            assert len(told) == (does == "starts again")
        else:
            assert send(simulator) == 200
            assert len(told) == 1


@pytest.mark.parametrize("wrong", [5, None, Fault])
def test_what_is_no_fault_is_refused(wrong: Any) -> None:  # noqa: ANN401 - all of them
    """Whether it is added, counted or given at the start."""
    simulator = SimulatorThread(limits=SimulatorLimits.none())
    for call in (simulator.add_fault, simulator.fault_count):
        with pytest.raises(ValueError, match="fault"):
            call(wrong)
    with pytest.raises(ValueError, match="faults"):
        SimulatorThread(faults=[wrong])


@pytest.mark.parametrize("port", ["x", None, True, -1, 65_536, 1.5])
def test_what_is_no_port_is_refused(port: Any) -> None:  # noqa: ANN401 - all of them
    """Before anything is started."""
    with pytest.raises(ValueError, match="port"):
        SimulatorThread(port=port)


def test_a_port_that_is_taken_is_told_to_the_caller() -> None:
    """What goes wrong in the thread is raised where it was started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        simulator = SimulatorThread(port=taken.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            simulator.start()
    assert not simulator.running
    assert threading.current_thread() is threading.main_thread()


@pytest.mark.parametrize(
    ("settings", "error"),
    [({"api_token": ""}, ValueError), ({"seed_file": "/no/such"}, OSError)],
)
def test_a_wrong_setting_is_refused_before_the_start(
    settings: SimulatorSettings, error: type[Exception]
) -> None:
    """The arguments are checked as those of ``Simulator``."""
    with pytest.raises((error, SeedError)):
        SimulatorThread(**settings)


def test_a_condition_of_a_fault_may_ask_it() -> None:
    """A function that is called in the simulator's own loop does not wait for itself."""
    told: list[int] = []

    def is_met(_: object) -> bool:
        told.append(len(simulator.unmet_faults))
        return False

    with SimulatorThread(faults=[Fault.hang(when=is_met)]) as simulator:
        send(simulator)
    assert told == [1]


def test_an_error_of_its_loop_is_raised_here() -> None:
    """A key that the referee cannot use fails where the referee was asked."""
    with SimulatorThread() as simulator:
        send(simulator)
        with pytest.raises(ZeroDivisionError):
            simulator.referee(lambda _: 1 / 0)


def test_it_does_not_care_for_the_loop_of_the_test() -> None:
    """Code in a loop whose clock jumps, and which could not wait for a socket, is served."""

    async def blocking(simulator: SimulatorThread) -> int:
        return send(simulator)

    with SimulatorThread() as simulator:
        assert run_virtual(blocking(simulator)) == 200


def test_the_token_is_not_shown() -> None:
    """Its text names the address, or says that it does not run."""
    simulator = SimulatorThread(api_token="a-secret-token", webhook_path="/a-secret-token")
    assert repr(simulator) == "<SimulatorThread (not running)>"
    with pytest.raises(RuntimeError):
        _ = simulator.webhook_url
    with simulator:
        assert simulator.base_url in repr(simulator)
        assert simulator.webhook_url.endswith("/a-secret-token")
        assert "a-secret-token" not in repr(simulator)
