"""What the tests of the inbox share: a simulator with an inbox, and what asks both."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Protocol

import aiohttp
import pytest

from cleverapp_async.simulator import Inbox, Simulator, SimulatorLimits
from tests.simulator.inbox.asking import InboxClient
from tests.simulator.wire import Caller

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


class Open(Protocol):
    """Starts a simulator with an inbox, which end with the test."""

    async def __call__(
        self, simulator: Simulator | None = None, *, keep: int = 100, names: tuple[str, ...] = ()
    ) -> InboxClient:
        """Start them, and give what asks them; without a simulator one without limits."""
        ...


@pytest.fixture
async def open_inbox() -> AsyncGenerator[Open]:
    """Give a function that starts a simulator with an inbox."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())

        async def start(
            simulator: Simulator | None = None,
            *,
            keep: int = 100,
            names: tuple[str, ...] = (),
        ) -> InboxClient:
            simulator = simulator or Simulator(limits=SimulatorLimits.none())
            await stack.enter_async_context(simulator)
            inbox = Inbox(simulator, keep=keep, names=names)
            await stack.enter_async_context(inbox)
            return InboxClient(session, inbox, Caller(session, simulator))

        yield start
