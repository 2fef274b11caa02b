"""A simulator on an event loop of its own, for a tool that is not asynchronous."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cleverapp_async.simulator import Simulator, SimulatorLimits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cleverapp_async.simulator import SeedData


@contextmanager
def simulator_in_thread(world: SeedData) -> Iterator[Simulator]:
    """A simulator of this world, without limits, in a thread."""
    started: Future[Simulator] = Future()
    stop: Future[None] = Future()

    async def serve() -> None:
        try:
            async with Simulator(limits=SimulatorLimits.none(), seed_data=world) as simulator:
                started.set_result(simulator)
                await asyncio.wrap_future(stop)
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="simulator")
    thread.start()
    try:
        yield started.result()
    finally:
        stop.set_result(None)
        thread.join()
