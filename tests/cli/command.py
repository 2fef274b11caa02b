"""What runs the command line in tests, and what answers it."""

from __future__ import annotations

import asyncio
import re
import threading
from typing import TYPE_CHECKING, Protocol

from attrs import define, frozen

from cleverapp_async.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = "cli-secret-token-5417"


@frozen
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str


def counts(told: str) -> dict[str, int]:
    """Give the messages by outcome that a line of words counts, such as ``8 accepted``."""
    found = re.findall(r"(\d+) (accepted|rejected|unknown|pending)", told)
    return {name: int(count) for count, name in found}


class Run(Protocol):
    """Runs ``cleverapp`` in this process, as its console script does."""

    def __call__(self, *arguments: str, stdin: bytes = b"") -> Ended:
        """Run it to its end."""
        ...


class Serve(Protocol):
    """Starts simulators in threads of their own, which end with the test."""

    def __call__(self, simulator: Simulator | None = None) -> Simulator:
        """Start one, by default without limits."""
        ...


class Write(Protocol):
    """Writes files into the test's own folder."""

    def __call__(self, name: str, content: str | bytes) -> str:
        """Write one; gives its path."""
        ...


@define
class ServerThread:
    """A simulator in a thread with a loop of its own."""

    simulator: Simulator

    def start(self) -> Callable[[], None]:
        """Start it; what is returned ends it."""
        ready = threading.Event()
        stops: list[Callable[[], object]] = []

        async def serve() -> None:
            stop = asyncio.Event()
            loop = asyncio.get_running_loop()
            async with self.simulator:
                stops.append(lambda: loop.call_soon_threadsafe(stop.set))
                ready.set()
                await stop.wait()

        thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
        thread.start()
        assert ready.wait(10)

        def end() -> None:
            stops[0]()
            thread.join(10)

        return end
