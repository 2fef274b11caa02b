"""Servers in processes of their own, so that they and the client do not share a core's time."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import time
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from aiohttp import web
from attrs import frozen

from cleverapp_async.simulator import Latency, Simulator, SimulatorLimits, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "TOKEN",
    "BareReport",
    "Server",
    "SimulatorReport",
    "asked",
    "bare_server",
    "pin",
    "process",
    "simulator",
]

T = TypeVar("T")

TOKEN = "benchmark-token"  # noqa: S105 - an invented one
"""What servers and clients use here."""

_ANSWER = b'{"success":true}'
_STARTS_WITHIN = 60.0


@frozen
class SimulatorReport:
    """What the simulator saw.

    Attributes:
        verdict: The referee's.
        arrivals: Bot, messenger and moment (seconds of the machine's monotonic clock) of each.
    """

    verdict: Verdict
    arrivals: tuple[tuple[int | None, str | None, float], ...]


@frozen
class BareReport:
    """What the bare server did.

    Attributes:
        cpu: Seconds of a core.
        requests: How many it answered.
    """

    cpu: float
    requests: int


@frozen
class Server(Generic[T]):
    """A server in another process.

    Attributes:
        base_url: Where it serves.
    """

    base_url: str
    _wire: Connection

    def report(self) -> T:
        """What it did since its start. It goes on serving.

        Raises:
            EOFError: Its process has died.
        """
        self._wire.send("report")
        return cast("T", self._wire.recv())


def pin(core: int) -> None:
    """Keep this process on one core, where the system knows how and has that core."""
    if hasattr(os, "sched_setaffinity") and core in os.sched_getaffinity(0):
        os.sched_setaffinity(0, {core})


@contextmanager
def simulator(
    limits: SimulatorLimits, latency: Latency, seed: int
) -> Iterator[Server[SimulatorReport]]:
    """The package's simulator, until the block ends."""
    with process(_simulate, limits, latency, seed) as (base_url, wire):
        yield Server(base_url, wire)


@contextmanager
def bare_server(core: int) -> Iterator[Server[BareReport]]:
    """A server that reads any request and says yes, pinned to a core, until the block ends."""
    with process(_answer, core) as (base_url, wire):
        yield Server(base_url, wire)


@contextmanager
def process(target: Callable[..., None], *given: object) -> Iterator[tuple[str, Connection]]:
    """A server's process and the pipe to it, until the block ends.

    Args:
        target: What it runs, with the other end of the pipe and what is given: it sends its
            address, then answers what :func:`asked` hears.
        given: Further arguments.
    """
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=target, args=(theirs, *given), daemon=True)
    process.start()
    theirs.close()
    try:
        if not ours.poll(_STARTS_WITHIN):
            raise TimeoutError("the server's process did not start")
        yield cast("str", ours.recv()), ours
    finally:
        # Its end of the pipe tells the process to stop.
        ours.close()
        process.join()


def _simulate(wire: Connection, limits: SimulatorLimits, latency: Latency, seed: int) -> None:
    async def serve() -> None:
        async with Simulator(api_token=TOKEN, limits=limits, latency=latency, seed=seed) as server:
            wire.send(server.base_url)
            while await asked(wire):
                seen = tuple((each.bot_id, each.messenger, each.at) for each in server.arrivals)
                wire.send(SimulatorReport(server.referee(), seen))

    asyncio.run(serve())


def _answer(wire: Connection, core: int) -> None:
    pin(core)
    answered = 0

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal answered
        await request.read()
        answered += 1
        return web.Response(body=_ANSWER, content_type="application/json")

    async def serve() -> None:
        server = web.Server(handle, access_log=None)
        listener = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
        port = cast("int", listener.sockets[0].getsockname()[1])
        wire.send(f"http://127.0.0.1:{port}/api/v1")
        while await asked(wire):
            wire.send(BareReport(time.process_time(), answered))
        listener.close()
        await server.shutdown(0)

    asyncio.run(serve())


async def asked(wire: Connection) -> bool:
    """Wait for the other process: True when it asks for a report, False when it is done."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(wire.fileno(), readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(wire.fileno())
    try:
        wire.recv()
    except EOFError:
        return False
    return True
