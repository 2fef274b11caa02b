"""What the simulator's tests share."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Protocol

import aiohttp
import pytest

from tests.simulator.wire import Caller

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from cleverapp_async.simulator import Simulator


class Serve(Protocol):
    """Starts simulators, which end with the test."""

    async def __call__(self, simulator: Simulator) -> Caller:
        """Start a simulator and give what calls it."""
        ...


@pytest.fixture
async def serve() -> AsyncGenerator[Serve, None]:
    """Give a function that starts a simulator and returns its caller."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())

        async def start(simulator: Simulator) -> Caller:
            await stack.enter_async_context(simulator)
            return Caller(session, simulator)

        yield start
