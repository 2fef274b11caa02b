"""A simulator on an event loop of its own, for a tool that is not asynchronous."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from typing import TYPE_CHECKING

from cleverapp_async.simulator import Simulator, SimulatorLimits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cleverapp_async.simulator import SeedData


@contextmanager
def simulator_in_thread(world: SeedData) -> Iterator[Simulator]:
    """A simulator of this world, without limits, in a thread."""
    simulator = Simulator(limits=SimulatorLimits.none(), seed_data=world)
    with thread_of(simulator):
        yield simulator


@contextmanager
def thread_of(*servers: AbstractAsyncContextManager[object]) -> Iterator[None]:
    """Servers that run in a thread of their own, one started after the other."""
    started: Future[None] = Future()
    stop: Future[None] = Future()

    async def serve() -> None:
        try:
            async with AsyncExitStack() as stack:
                for server in servers:
                    await stack.enter_async_context(server)
                started.set_result(None)
                await asyncio.wrap_future(stop)
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="servers")
    thread.start()
    try:
        started.result()
        yield
    finally:
        stop.set_result(None)
        thread.join()
