"""One bulk send: reads lazily, sends fairly, yields outcomes as they end."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Self, TypeAlias

from attrs import frozen

from .._call import Fate, Reply
from ..errors import CleverAppError, InvalidRequestError, NotSentError, Outcome, OutcomeUnknownError
from ..limits.quota import LimitKey
from ..models.contact import Contact
from ..models.messages import Message, SendMessage, SendMessageToWhatsApp
from .outcome import SendOutcome
from .queues import KeyQueues

if TYPE_CHECKING:
    from types import TracebackType


__all__ = ["BulkProgress", "BulkRun", "Messages"]

Messages: TypeAlias = Iterable[Message] | AsyncIterable[Message]
"""What ``send_many`` reads: any iterable, or async iterable, of request models."""

_READ_AT_ONCE = 64


@frozen
class BulkProgress:
    """A bulk send at one moment.

    Attributes:
        read: Messages read from the source.
        ended: How many ended, by outcome.
        by_key: Per limit key (None: the route is not known): how many are queued, and how many
            in work, that is at the limits or on the wire.
    """

    read: int
    ended: dict[Outcome, int]
    by_key: dict[LimitKey | None, tuple[int, int]]


@frozen(eq=False)
class _Work:
    index: int
    message: Message
    fate: Fate


class BulkRun:
    """Many messages on their way: iterate over it for their outcomes, in the order they end.

    Messages are read only as far as there is room to send them. Leaving the iteration early
    cancels everything it started, what is on the wire included; :meth:`drain` stops in order.
    Use it as an async context manager to be sure that nothing outlives a block.

    Args:
        messages: What to send.
        deliver: Sends one message.
        key_of: What limits a message, as far as it is known.
        width_of: How many messages of a key may be in work at once.
        concurrency: Messages in work at once, at the limits and on the wire together.
        look_ahead: Messages read ahead at most, to find some whose limits are free.
    """

    def __init__(
        self,
        messages: Messages,
        deliver: Callable[[Message, Fate], Awaitable[Reply]],
        key_of: Callable[[Message], LimitKey | None],
        width_of: Callable[[LimitKey | None], int],
        *,
        concurrency: int,
        look_ahead: int,
    ) -> None:
        self._messages = messages
        self._deliver = deliver
        self._key_of = key_of
        self._concurrency = concurrency
        self._look_ahead = look_ahead
        self._queues: KeyQueues[_Work] = KeyQueues(width_of)
        self._tasks: dict[asyncio.Task[None], _Work] = {}
        self._ended: deque[SendOutcome] = deque()
        self._counts: Counter[Outcome] = Counter()
        self._read = 0
        self._reader: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._draining = False
        self._started = False

    @property
    def progress(self) -> BulkProgress:
        """How far it is."""
        return BulkProgress(self._read, dict(self._counts), self._queues.by_key())

    def __aiter__(self) -> AsyncIterator[SendOutcome]:
        """Start sending; a run can be iterated once."""
        if self._started:
            raise RuntimeError("a bulk send runs once: call send_many again")
        self._started = True
        return self._outcomes()

    async def __aenter__(self) -> Self:
        """Give itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End every task it started."""
        await self.aclose()

    def drain(self) -> None:
        """Start nothing more: what is on the wire ends, the rest ends as ``NOT_SENT``.

        The iteration goes on until every message that was read has its outcome.
        """
        if self._draining:
            return
        self._draining = True
        for task, work in self._tasks.items():
            work.fate.stopping = True
            if work.fate.waiting:
                task.cancel()
        if self._reader is not None:
            self._reader.cancel()
        self._end_rest()

    async def aclose(self) -> None:
        """Cancel everything it started, and wait until it has ended."""
        self.drain()
        tasks = list(self._tasks)
        if self._reader is not None:
            tasks.append(self._reader)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _outcomes(self) -> AsyncIterator[SendOutcome]:
        if self._draining:
            return
        self._reader = asyncio.create_task(self._read_all())
        try:
            while True:
                while self._ended:
                    yield self._ended.popleft()
                    self._start()
                if self._reader.done() and not self._tasks and not self._queues.waiting:
                    break
                self._news.clear()
                await self._news.wait()
            if self._reader.cancelled():
                if not self._draining:
                    raise RuntimeError(
                        f"the source of messages was cancelled after {self._read} message(s)"
                    )
            elif error := self._reader.exception():
                raise error
        finally:
            await self.aclose()

    async def _read_all(self) -> None:
        try:
            if isinstance(self._messages, AsyncIterable):
                async for message in self._messages:
                    await self._take_in(message)
            else:
                for message in self._messages:
                    await self._take_in(message)
        finally:
            self._news.set()

    async def _take_in(self, message: object) -> None:
        if not isinstance(message, SendMessage | SendMessageToWhatsApp):
            raise InvalidRequestError(
                f"message {self._read} is no SendMessage or SendMessageToWhatsApp: {message!r}"
            )
        self._queues.put(self._key_of(message), _Work(self._read, message, Fate()))
        self._read += 1
        if self._draining:
            # The source swallowed the cancellation and went on.
            self._end_rest()
            raise asyncio.CancelledError
        self._start()
        if self._read % _READ_AT_ONCE == 0:
            await asyncio.sleep(0)
        while not self._wants_more():
            self._room.clear()
            await self._room.wait()

    def _wants_more(self) -> bool:
        return (
            not self._queues.ready and self._has_room() and self._queues.waiting < self._look_ahead
        )

    def _has_room(self) -> bool:
        busy = len(self._tasks)
        return busy < self._concurrency and busy + len(self._ended) < 2 * self._concurrency

    def _start(self) -> None:
        while self._queues.ready and self._has_room() and not self._draining:
            key, work = self._queues.take()
            task = asyncio.create_task(self._work(work))
            self._tasks[task] = work
            task.add_done_callback(partial(self._ended_one, key))
        if self._wants_more():
            self._room.set()

    def _ended_one(self, key: LimitKey | None, task: asyncio.Task[None]) -> None:
        work = self._tasks.pop(task)
        if task.cancelled():
            # Told here, as a task cancelled before its first step runs no code of its own.
            self._end(work, work.fate.outcome, error=_cancelled(work.fate.outcome))
        self._queues.done(key)
        self._news.set()
        self._start()

    async def _work(self, work: _Work) -> None:
        fate = work.fate
        try:
            reply = await self._deliver(work.message, fate)
        except CleverAppError as error:
            self._end(work, error.outcome, error=error)
        except Exception as error:  # noqa: BLE001 - a fault of ours must not stop the run
            told = f"{type(error).__name__}: {error}"
            self._end(work, fate.outcome, error=_failed(fate.outcome, told))
        else:
            contact = reply.content if isinstance(reply.content, Contact) else None
            self._end(work, Outcome.ACCEPTED, reply=reply, contact=contact)

    def _end_rest(self) -> None:
        """What is not in work will never be."""
        for work in self._queues.rest():
            self._end(work, Outcome.NOT_SENT, error=_cancelled(Outcome.NOT_SENT))
        self._news.set()

    def _end(
        self,
        work: _Work,
        outcome: Outcome,
        *,
        reply: Reply | None = None,
        contact: Contact | None = None,
        error: CleverAppError | None = None,
    ) -> None:
        self._counts[outcome] += 1
        self._ended.append(
            SendOutcome(
                message=work.message,
                outcome=outcome,
                index=work.index,
                receipt=reply.receipt if reply else None,
                contact=contact,
                error=error,
            )
        )
        self._news.set()


def _cancelled(outcome: Outcome) -> CleverAppError:
    if outcome is Outcome.UNKNOWN:
        return OutcomeUnknownError("it may have reached the server: cancelled before the answer")
    return NotSentError("not sent: the run was stopped")


def _failed(outcome: Outcome, told: str) -> CleverAppError:
    kind = OutcomeUnknownError if outcome is Outcome.UNKNOWN else NotSentError
    return kind(f"the SDK failed, please report it: {told}")
