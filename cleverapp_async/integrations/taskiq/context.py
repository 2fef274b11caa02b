"""What one worker process has: a client, journals, the runs at work, and how they end."""

from __future__ import annotations

import asyncio
import random
import signal
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from types import FrameType
from typing import TypeAlias

from attrs import define, field

from ...bulk.run import BulkRun
from ...client import CleverAppClient
from ..redis_journal import RedisJournal

__all__ = ["ClientFactory", "EndSignals", "JournalFactory", "WorkerContext"]

ClientFactory: TypeAlias = Callable[[], CleverAppClient]
"""Makes the one client of a worker process, inside its event loop."""

JournalFactory: TypeAlias = Callable[[str], RedisJournal]
"""Makes the journal of a campaign by its name."""

_LAST_WORDS = 4.0


@define(eq=False)
class WorkerContext:
    """Made in every process that registers the tasks; alive where tasks run.

    Attributes:
        client_factory: Makes the client.
        journal_factory: Makes journals.
    """

    client_factory: ClientFactory
    journal_factory: JournalFactory
    _client: CleverAppClient | None = field(default=None, init=False)
    _journals: dict[str, RedisJournal] = field(factory=dict[str, RedisJournal], init=False)
    _runs: set[BulkRun] = field(factory=set[BulkRun], init=False)
    _stopping: asyncio.Event = field(factory=asyncio.Event, init=False)
    _idle: asyncio.Event = field(factory=asyncio.Event, init=False)

    @property
    def client(self) -> CleverAppClient:
        """The process's client."""
        if self._client is None:
            self._client = self.client_factory()
        return self._client

    @property
    def stopping(self) -> bool:
        """Whether the worker is being shut down."""
        return self._stopping.is_set()

    def journal(self, campaign: str) -> RedisJournal:
        """A campaign's journal; one for all its tasks in this process."""
        found = self._journals.get(campaign)
        if found is None:
            found = self._journals[campaign] = self.journal_factory(campaign)
        return found

    @asynccontextmanager
    async def at_work(self, run: BulkRun) -> AsyncGenerator[BulkRun]:
        """A run that is drained when the worker ends."""
        self._runs.add(run)
        self._idle.clear()
        # A chunk that was taken just before the signal: it is begun and drained at once, and goes
        # back.
        if self.stopping:
            run.drain()
        try:
            async with run:
                yield run
        finally:
            self._runs.discard(run)
            if not self._runs:
                self._idle.set()

    async def rest(self, seconds: float) -> None:
        """Wait that long, or half as long again, or until the worker ends."""
        with suppress(TimeoutError):
            # Spread, so that workers that were refused together do not come back together.
            async with asyncio.timeout(seconds * random.uniform(1.0, 1.5)):
                await self._stopping.wait()

    def drain(self) -> None:
        """Begin nothing more: what is on the wire ends, the rest goes back."""
        self._stopping.set()
        for run in self._runs:
            run.drain()

    async def close(self) -> None:
        """Drain, give what is on the wire a moment, and let everything go."""
        self.drain()
        if self._runs:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LAST_WORDS):
                    await self._idle.wait()
        client, self._client = self._client, None
        journals, self._journals = self._journals, {}
        async with AsyncExitStack() as closing:
            # One that cannot be closed keeps none of the others open.
            for journal in journals.values():
                closing.push_async_callback(journal.close)
            if client is not None:
                closing.push_async_callback(client.close)


_Handler: TypeAlias = "Callable[[int, FrameType | None], object]"

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@define(eq=False)
class EndSignals:
    """Calls something in the event loop when the worker is told to end, then its own handler.

    taskiq tells its tasks nothing of a shutdown: it waits for them. Only handlers that the worker
    has set are followed; where a signal has its default meaning, or none, it is left alone.

    Attributes:
        notice: What is called.
    """

    notice: Callable[[], None]
    _before: dict[signal.Signals, _Handler] = field(
        factory=dict["signal.Signals", "_Handler"], init=False
    )

    def install(self) -> None:
        """Begin to listen; outside the main thread nothing can be heard."""
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            handler = signal.getsignal(number)
            if not callable(handler) or handler is signal.default_int_handler:
                continue
            self._before[number] = handler
            signal.signal(number, self._follow(loop, handler))

    def remove(self) -> None:
        """Stop listening."""
        while self._before:
            number, handler = self._before.popitem()
            signal.signal(number, handler)

    def _follow(self, loop: asyncio.AbstractEventLoop, handler: _Handler) -> _Handler:
        def hear(number: int, frame: FrameType | None) -> None:
            # Python runs this between two steps of the main thread, where the loop may be called in
            # this way alone.
            loop.call_soon_threadsafe(self.notice)
            handler(number, frame)

        return hear
