"""What a chunk's runner writes: many changes in one round trip, each answered to whoever waits."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from attrs import define, field

from ..._redis.client import as_list
from ..._redis.commands import Value
from ...errors import JournalWriteError
from .client import JournalClient, journal_script
from .keys import KeyNames
from .lease import Lease

__all__ = ["DONE", "INTENT", "LOST", "MOVED", "RESULT", "WITHDRAWAL", "Change", "ChunkWriter"]

_CHANGE = journal_script("fates", "change")

INTENT, WITHDRAWAL, RESULT = "intent", "withdrawal", "result"
DONE, LOST, MOVED = 1, 0, -1
_ERASED = -2
_ANSWERS = frozenset({DONE, LOST, MOVED})

Change: TypeAlias = "tuple[Value, Value, Value, Value, Value, Value]"
"""What it is, the message's index, the row of its key, the state it was taken in, two values."""

_AT_ONCE = 500
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0


@define(eq=False, repr=False)
class _Write:
    change: Change
    answer: asyncio.Future[int]


@define(eq=False, repr=False)
class ChunkWriter:
    """Writes changes in their order; while one round trip is under way the next ones gather.

    Args:
        client: Where to.
        names: The campaign's keys.
        lease: The chunk's.
        patience: Seconds for which writes are tried again while Redis is away.
    """

    _client: JournalClient
    _names: KeyNames
    _lease: Lease
    _patience: float
    _sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _made: str = field(default="", init=False)
    _queue: deque[_Write] = field(factory=deque[_Write], init=False)
    _batch: list[_Write] = field(factory=list[_Write], init=False)
    _kept: list[_Write] = field(factory=list[_Write], init=False)
    _task: asyncio.Task[None] | None = field(default=None, init=False)
    _broken: JournalWriteError | None = field(default=None, init=False)

    def begin(self, made: str) -> None:
        """Say which campaign is written to: when it was made, as its facts tell."""
        self._made = made

    def add(self, change: Change) -> asyncio.Future[int]:
        """Write a change, whether or not somebody awaits the answer.

        The answer is ``DONE``, ``LOST``: the chunk is somebody else's, or ``MOVED``: the message
        is no longer in the state it was taken in. It raises a :class:`JournalWriteError` where the
        change could not be written.
        """
        write = _Write(change, asyncio.get_running_loop().create_future())
        # Nobody need wait for it.
        write.answer.add_done_callback(_look_at)
        self._queue.append(write)
        self._begin()
        return write.answer

    async def close(self) -> None:
        """Write what is left, and try once more what could not be written.

        Raises:
            JournalWriteError: It still cannot: the intents of those messages stay without a result.
        """
        while self._task is not None:
            await asyncio.wait([self._task])
        kept, self._kept = self._kept, []
        failure: JournalWriteError | None = None
        for begin in range(0, len(kept), _AT_ONCE):
            try:
                await self._send(kept[begin : begin + _AT_ONCE])
            except Exception as error:  # noqa: BLE001 - whatever it is, it is not written
                failure = self._client.write_failure(error)
                break
        if failure is not None:
            raise failure

    def _begin(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._work())
            # However it ends, even where it never began: each change has its answer.
            self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._task = None
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is not None:
            self._broken = self._broken or self._client.write_failure(error)
            self._give_up([*self._batch, *self._queue], self._broken)
            self._queue.clear()
        elif self._queue:
            self._begin()

    async def _work(self) -> None:
        # All that is asked for in this turn of the loop goes together.
        await asyncio.sleep(0)
        while self._queue:
            self._batch = [self._queue.popleft() for _ in range(min(_AT_ONCE, len(self._queue)))]
            await self._write(self._batch)
            self._batch = []

    async def _write(self, batch: list[_Write]) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + self._patience
        pause = _FIRST_PAUSE
        while self._broken is None:
            try:
                await self._send(batch)
            except Exception as error:  # noqa: BLE001 - a client of the caller's may raise anything
                if not self._client.is_passing(error) or loop.time() + pause > until:
                    self._broken = self._client.write_failure(error)
                    break
            else:
                return
            await self._sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        self._give_up(batch, self._broken)

    def _give_up(self, batch: list[_Write], error: JournalWriteError) -> None:
        self._kept += [write for write in batch if write.change[0] != INTENT]
        for write in batch:
            if not write.answer.done():
                write.answer.set_exception(type(error)(*error.args))

    async def _send(self, batch: list[_Write]) -> None:
        """One round trip; done twice it does no more than once."""
        names, lease = self._names, self._lease
        chunk = int(lease.unit)
        keys = (names.fences, names.fates(chunk), names.counts, names.left, names.meta)
        values = [value for write in batch for value in write.change]
        reply = await self._client.run(_CHANGE, keys, chunk, lease.fence, self._made, *values)
        answers = [int(str(answer)) for answer in as_list(reply)]
        if answers == [_ERASED]:
            raise JournalWriteError(
                f"{self._client.name} was erased while it was being sent, so that what became of "
                "its messages is not kept"
            )
        if len(answers) != len(batch) or not _ANSWERS.issuperset(answers):
            # Before anybody is told: what is no answer lets nothing leave.
            raise ValueError("the answer is none of the script's")
        for write, answer in zip(batch, answers, strict=True):
            if not write.answer.done():
                write.answer.set_result(answer)


def _look_at(answer: asyncio.Future[int]) -> None:
    if not answer.cancelled():
        answer.exception()
