"""What a chunk's runner writes, many changes in one round trip, and the lease that lets it write.

A lease expires by itself some time after its holder died, and is prolonged while it lives. That
alone would not do: a process that was stopped for a minute believes that it still has the lease.
So each taking has a greater number, its fence, which every write brings along: Redis compares it in
the same step as it writes. A lease that ran out while nobody wanted it is taken up again.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeAlias

from attrs import define, field

from ..._event_loop import error_of
from ..._redis.client import Value, as_list, as_text, end_task, number
from ...bulk.journal.codec import decode_holder, encode_holder
from ...bulk.journal.records import LockHolder
from ...errors import JournalError, JournalLockedError, JournalUnreachableError, JournalWriteError
from .client import JournalClient, journal_script
from .codec import KeyNames

__all__ = [
    "BEATS",
    "DONE",
    "INTENT",
    "LOST",
    "MOVED",
    "RENEW",
    "RESULT",
    "WITHDRAWAL",
    "Change",
    "ChunkWriter",
    "Lease",
    "describe_holder",
    "locked_error",
    "read_holder",
]

_log = logging.getLogger("cleverapp_async")

BEATS = 3
"""How often a lease is prolonged within its time."""

_FENCED = "Once somebody took it over, nothing more is sent from here"


_ACQUIRE = journal_script("acquire")
RENEW = journal_script("renew")
_RELEASE = journal_script("release")


def describe_holder() -> str:
    """This process, and a token that tells two runs in it apart."""
    return encode_holder(token=secrets.token_hex(8))


def read_holder(told: str | None) -> LockHolder | None:
    """Who a lease names; None where there is no lease."""
    return None if told is None else decode_holder(told)


def locked_error(what: str, told: str | None) -> JournalLockedError:
    """The error for a lease that another process holds."""
    holder = read_holder(told)
    by = "another runner, which took over in between" if holder is None else str(holder)
    return JournalLockedError(
        f"{what} is in use by {by}: two runners would send the same messages",
        pid=holder.pid if holder else None,
        host=holder.host if holder else None,
    )


@define(eq=False)
class Lease:
    """The right to write to one unit of a campaign, from :meth:`acquire` to :meth:`release`.

    Attributes:
        fence: Its number; 0 before it was acquired.
    """

    _client: JournalClient
    _names: KeyNames
    _unit: str
    _seconds: float
    fence: int = field(default=0, init=False)
    _holder: str = field(factory=describe_holder, init=False, repr=False)
    _heart: asyncio.Task[None] | None = field(default=None, init=False)

    @property
    def unit(self) -> str:
        """What it is a lease of: a chunk's number, or ``load``."""
        return self._unit

    async def acquire(self) -> None:
        """Take it, and keep it until it is released.

        Raises:
            JournalLockedError: Somebody else has it.
            JournalError: Redis failed.
        """
        taken, told = await self._client.guarded(self._take())
        if not taken:
            raise locked_error(self._what(), told)
        self.fence = number(told)
        # Only now: a heart without a fence would prolong somebody else's lease.
        self._heart = asyncio.create_task(self._beat())
        self._heart.add_done_callback(self._stopped)

    async def _take(self) -> tuple[bool, str | None]:
        milliseconds = int(self._seconds * 1000)
        reply = await self._client.run(
            _ACQUIRE, self._keys(), self._unit, self._holder, milliseconds
        )
        taken, told = map(as_text, as_list(reply))
        # The answer of a script that is not ours must not count as a lease.
        return taken == "1" and number(told) > 0, told

    async def lost(self) -> JournalLockedError:
        """The error for a lease that another process took over."""
        told: object = None
        with suppress(JournalError):
            told = await self._client.ask("GET", self._keys()[0])
        return locked_error(self._what(), as_text(told))

    async def release(self) -> None:
        """Let it go. Where Redis fails it expires by itself."""
        # Taken away first: its end is expected from here on, and `_stopped` says nothing.
        heart, self._heart = self._heart, None
        if heart is not None:
            # Before the release: a beat that is on its way would take the lease up again.
            await end_task(heart)
        release = self._client.run(_RELEASE, self._keys(), self._unit, self.fence)
        try:
            await self._client.guarded(release)
        except JournalUnreachableError:
            pass
        except JournalError as error:
            _log.warning("%s is not let go, and expires by itself: %s", self._name(), error)

    def _what(self) -> str:
        if self._unit.isdecimal():
            return f"chunk {self._unit} of {self._client.name}"
        return self._client.name

    def _keys(self) -> tuple[str, str]:
        return self._names.lease(self._unit), self._names.fences

    async def _beat(self) -> None:
        """Prolong it; what fails is told once, and each write brings the fence along anyhow."""
        failing = False
        while True:
            await asyncio.sleep(self._seconds / BEATS)
            try:
                # Late beats do no harm: a lease that has run out is taken up again unless somebody
                # else has it.
                kept = await self._prolong()
            except JournalError as error:
                if not failing:
                    _log.warning("%s is not prolonged: %s. %s", self._name(), error, _FENCED)
                failing = True
                continue
            if not kept:
                _log.warning("%s is lost: another runner took over. %s", self._name(), _FENCED)
                return
            if failing:
                _log.warning("%s is prolonged again", self._name())
            failing = False

    async def _prolong(self) -> bool:
        milliseconds = int(self._seconds * 1000)
        lease, fences = self._keys()
        renewal = self._client.run(
            RENEW, (fences, lease), self._holder, milliseconds, self._unit, self.fence
        )
        return bool(await self._client.guarded(renewal))

    def _stopped(self, heart: asyncio.Task[None]) -> None:
        """Nothing prolongs it any more: unless that was the release, say so."""
        if heart is not self._heart or (not heart.cancelled() and heart.exception() is None):
            return
        error = None if heart.cancelled() else heart.exception()
        _log.error("%s is prolonged no more. %s", self._name(), _FENCED, exc_info=error)

    def _name(self) -> str:
        return f"the lease of {self._what()}"


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
        """Queue a change; it is written whether or not the answer is awaited.

        The answer is ``DONE``, ``LOST``: the chunk is somebody else's, or ``MOVED``: the message
        is no longer in the state it was taken in. It raises a :class:`JournalWriteError` where the
        change could not be written.
        """
        write = _Write(change, asyncio.get_running_loop().create_future())
        # Nobody need wait for it.
        write.answer.add_done_callback(error_of)
        # Queued even where the writer is broken: it is given up there with all others, and kept.
        self._queue.append(write)
        self._begin()
        return write.answer

    async def close(self) -> None:
        """Write what is left, and try once more what could not be written.

        Raises:
            JournalWriteError: It still cannot: the intents of those messages stay without a result.
        """
        # `_ended` may begin another task for what gathered meanwhile.
        while self._task is not None:
            await asyncio.wait([self._task])
        kept, self._kept = self._kept, []
        failure: JournalWriteError | None = None
        for begin in range(0, len(kept), _AT_ONCE):
            try:
                # Tried once, as this is the end, and whoever closes waits. The order is kept, as it
                # matters among the changes of one message.
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
        error = error_of(task)
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
        # Sent again as it was: the script knows an intent of this fence, a withdrawal and a result
        # for what was done already, so that a lost answer costs nothing.
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
                # Each its own exception: several tasks would write their tracebacks into one.
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
