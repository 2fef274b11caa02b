"""What the tasks do, and what they give: send one chunk of a campaign, or one message."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Literal, TypeVar, cast

from attrs import define, field
from redis.asyncio import Redis
from redis.exceptions import RedisError
from taskiq import AsyncBroker, AsyncTaskiqDecoratedTask
from taskiq.exceptions import TaskiqError
from taskiq_redis import RedisStreamBroker

# taskiq reads these by pydantic, which takes no other kind before Python 3.12.
from typing_extensions import TypedDict

from ..._redis.client import as_text, end_task, in_time
from ...bulk.journal.messages import decode_message
from ...bulk.journal.records import JournalEntry
from ...bulk.schedule import Schedule
from ...errors import (
    CampaignPausedError,
    JournalLockedError,
    JournalUnreachableError,
    JournalWriteError,
)
from ...limits.quota import Lane
from ...models.messages import Message
from ..redis_journal import RedisJournal
from ..redis_journal.codec import check_word
from .context import EndSignals, WorkerContext

__all__ = [
    "SENDS",
    "ChunkReport",
    "Redelivery",
    "RegisteredTasks",
    "SendReport",
    "TaskHandlers",
    "redelivery_of",
    "rest_after",
    "send_report",
    "single",
]

T = TypeVar("T")

_log = logging.getLogger(__name__)

_BEATS = 3
_AT_ONCE = 1000


@define(eq=False)
class Redelivery:
    """Keeps the deliveries of a live worker its own, and gets those of dead ones delivered again.

    ``RedisStreamBroker`` claims what has been with a consumer for ``idle_timeout``, whether that
    consumer is dead or at work on something long; and it claims only after something new was read
    from the stream, so that on a quiet stream a dead worker's tasks stay where they are. So a live
    worker tells Redis now and then that it still works on its deliveries, and when it sees some
    that nobody works on, it puts a task that does nothing into the stream: whoever reads it claims
    them. There is one for each stream, as one consumer of it.

    Attributes:
        broker: The stream's.
        wake: Puts a task that does nothing into the stream.
    """

    broker: RedisStreamBroker
    wake: Callable[[], Awaitable[object]]

    async def keep(self) -> None:
        """Look after the deliveries until cancelled."""
        seconds = self.broker.idle_timeout / 1000 / _BEATS
        while True:
            await asyncio.sleep(seconds)
            try:
                # Bounded, so that one beat that hangs does not silence all that would follow.
                await in_time(self.beat(), _BEATS * seconds)
            except (RedisError, TaskiqError, OSError):
                # Redis is away; the next beat tries again.
                continue
            except Exception:  # noqa: BLE001 - a user's own broker may raise anything
                _log.exception("the tasks of dead workers were not looked after this time")

    async def beat(self) -> None:
        """Renew the claim on our deliveries, and have those of dead workers redelivered."""
        broker = self.broker
        async with Redis(connection_pool=broker.connection_pool) as redis:
            ours = await _pending(redis, broker, most=_AT_ONCE, consumername=broker.consumer_name)
            if ours:
                claim = cast("Callable[..., Awaitable[object]]", redis.xclaim)
                place = (broker.queue_name, broker.consumer_group_name, broker.consumer_name)
                # Claiming one's own deliveries sets their idle time back to 0, which is all that
                # this is for; `justid` leaves the count of deliveries as it is.
                await claim(*place, 0, ours, justid=True)
            # One is enough: whoever reads the waking task claims all of them.
            dead = await _pending(redis, broker, most=1, idle=broker.idle_timeout)
        if dead:
            await self.wake()


async def _pending(
    redis: Redis, broker: RedisStreamBroker, *, most: int, **which: str | int
) -> list[str]:
    """The ids of deliveries that were not acknowledged."""
    ask = cast("Callable[..., Awaitable[list[dict[str, object]]]]", redis.xpending_range)
    place = (broker.queue_name, broker.consumer_group_name)
    found = await ask(*place, min="-", max="+", count=most, **which)
    return [as_text(delivery["message_id"]) or "" for delivery in found]


def redelivery_of(broker: AsyncBroker, wake: Callable[[], Awaitable[object]]) -> Redelivery | None:
    """What looks after a broker's deliveries; None where it is no Redis stream."""
    return Redelivery(broker, wake) if isinstance(broker, RedisStreamBroker) else None


SENDS = "sends"
"""The name that single sends are kept under."""

_LONGEST_REST, _DOUBLED = 60.0, 10


def rest_after(attempt: int) -> float:
    """Seconds for which a chunk rests after an attempt; attempts count from 0.

    Doubled each time, up to a minute.
    """
    return min(2.0 ** min(attempt, _DOUBLED), _LONGEST_REST)


Ended = Literal["finished", "paused", "given back"]


class ChunkReport(TypedDict):
    """What a task did with a chunk.

    Attributes:
        campaign: The campaign's name.
        chunk: Its number.
        ended: ``finished``: its messages have their results, or were tried as often as they are;
            ``paused``: the campaign is; ``given back``: it was put into the queue again.
        outcomes: How many messages ended in this run, by outcome.
        left: How many are to be sent still, or are on their way in another worker.
    """

    campaign: str
    chunk: int
    ended: Ended
    outcomes: dict[str, int]
    left: int


class SendReport(TypedDict):
    """What became of a single send.

    Attributes:
        id: The send's id.
        outcome: Its state in the journal: ``accepted``, ``rejected``, ``not_sent`` or ``unknown``;
            ``pending`` where it was put into the queue again.
        error: Why it was not accepted, as ``Type: text``; None where it was.
        contact_id: The contact that sendMessageToWhatsApp answered.
        reference: What the message was given to be found again by.
    """

    id: str
    outcome: str
    error: str | None
    contact_id: int | None
    reference: dict[str, str]


def send_report(send_id: str, entry: JournalEntry) -> SendReport:
    """What a journal knows of a single send."""
    result = entry.result
    error = None if result is None else result.error
    return SendReport(
        id=send_id,
        outcome=entry.state.value,
        error=None if error is None else f"{error.type}: {error.message}",
        contact_id=None if result is None else result.contact_id,
        reference=dict(entry.message.reference),
    )


@define(eq=False, kw_only=True)
class RegisteredTasks:
    """The registered tasks.

    Attributes:
        send_chunk: Sends one chunk: ``(campaign, chunk, attempt)``.
        send_message: Sends one message: ``(send_id, method, parameters, reference)``.
        wake: Does nothing; see :class:`Redelivery`.
    """

    send_chunk: AsyncTaskiqDecoratedTask[[str, int, int], Any]
    send_message: AsyncTaskiqDecoratedTask[[str, str, str, str | None], Any]
    wake: AsyncTaskiqDecoratedTask[[], Any]


def _look_at(keeper: asyncio.Task[None]) -> None:
    if not keeper.cancelled() and (error := keeper.exception()) is not None:
        _log.error("tasks of dead workers are not looked after any more", exc_info=error)


def single(sends: RedisJournal, send_id: str) -> RedisJournal:
    """A single send is a campaign of one message."""
    return sends.sibling(f"{sends.campaign}.{check_word('send_id', send_id)}", chunk_size=1)


@define(eq=False, kw_only=True)
class TaskHandlers:
    """The bodies of the tasks, and the life of the worker that they run in.

    Attributes:
        context: What the process has.
        schedule: When messages of campaigns may leave; None: always.
        concurrency: Messages of one chunk in work at once.
        attempts: How often a chunk is tried while some of it is not sent.
        keep_sends: Seconds for which a single send is remembered.
        queue: Where what cannot be done now goes back.
    """

    context: WorkerContext
    schedule: Schedule | None
    concurrency: int
    attempts: int
    keep_sends: float
    queue: RegisteredTasks = field(init=False)
    _keeper: asyncio.Task[None] | None = field(default=None, init=False)
    _signals: EndSignals = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Prepare to hear of the end."""
        self._signals = EndSignals(self.context.drain)

    # The worker's life.

    async def begin(self, broker: AsyncBroker) -> None:
        """A worker has started."""
        self._signals.install()
        redelivery = redelivery_of(broker, self.queue.wake.kiq)
        if redelivery is not None:
            self._keeper = asyncio.create_task(redelivery.keep())
            self._keeper.add_done_callback(_look_at)

    async def end(self) -> None:
        """A worker ends."""
        if self._keeper is not None:
            await end_task(self._keeper)
        await self.context.close()
        self._signals.remove()

    # The tasks.

    async def send_chunk(self, campaign: str, chunk: int, attempt: int) -> ChunkReport:
        """Send what is left of a chunk; what cannot be sent now goes back into the queue."""
        journal = self.context.journal(campaign)
        outcomes: Counter[str] = Counter()

        async def report(ended: Ended) -> ChunkReport:
            left = (await journal.left()).get(chunk, 0)
            return ChunkReport(
                campaign=campaign, chunk=chunk, ended=ended, outcomes=dict(outcomes), left=left
            )

        if await self._stubbornly(journal.paused) is not None:
            return await self._stubbornly(lambda: report("paused"))
        run = self.context.client.run_campaign(
            journal.chunk(chunk), concurrency=self.concurrency, schedule=self.schedule
        )
        rest, again = 0.0, attempt
        try:
            async with self.context.at_work(run):
                async for outcome in run:
                    outcomes[outcome.outcome.value] += 1
        except JournalLockedError:
            # A live worker is at work on it, or took it over; if it dies, this task is tried again.
            # As long as the lease may last: sooner it would be found locked again.
            rest = journal.lease
        except CampaignPausedError as error:
            why = str(error)
            await self._stubbornly(lambda: journal.pause(why))
            return await self._stubbornly(lambda: report("paused"))
        except (JournalWriteError, JournalUnreachableError):
            rest = 1.0
        else:
            if not self.context.stopping:
                # Only a run that came to its end counts as an attempt: one that a worker's stop cut
                # off does not.
                rest, again = rest_after(attempt), attempt + 1
        # Asked after the run, whatever became of it: other workers may have changed the chunk
        # meanwhile.
        found = await self._stubbornly(lambda: report("finished"))
        if not found["left"] or again >= self.attempts:
            return found
        await self.context.rest(rest)
        await self._stubbornly(lambda: self.queue.send_chunk.kiq(campaign, chunk, again))
        found["ended"] = "given back"
        return found

    async def send_message(
        self, send_id: str, method: str, parameters: str, reference: str | None
    ) -> SendReport:
        """Send one message, once at most: its id is a campaign of its own."""
        message = decode_message(method, parameters, reference)
        one = single(self.context.journal(SENDS), send_id)
        client = self.context.client
        rest: float | None = None
        try:
            await one.load([message], origin=client.base_url, key_of=client.limit_key)
            # Before it is sent: a worker that dies in the middle must not leave the entry for ever.
            await one.expire(self.keep_sends)
            run = client.run_campaign(one.chunk(0), lane=Lane.INTERACTIVE)
            async with self.context.at_work(run):
                async for _ in run:
                    pass
            # Once more, as the run has made keys that were not there before.
            await one.expire(self.keep_sends)
        except JournalLockedError:
            rest = one.lease
        except (JournalWriteError, JournalUnreachableError):
            rest = 1.0
        found = await self._stubbornly(lambda: self._report_of(one, send_id, message))
        if rest is None and found["outcome"] != "pending":
            return found
        await self.context.rest(rest or 0.0)
        await self._stubbornly(
            lambda: self.queue.send_message.kiq(send_id, method, parameters, reference)
        )
        found["outcome"] = "pending"
        return found

    async def _stubbornly(self, do: Callable[[], Awaitable[T]]) -> T:
        """Do something as soon as Redis is there, as a task that ends now would be forgotten."""
        while True:
            try:
                return await do()
            except (JournalUnreachableError, TaskiqError):
                if self.context.stopping:
                    # Nothing acknowledges this delivery: another worker gets it.
                    raise
                await self.context.rest(1.0)

    async def _report_of(self, one: RedisJournal, send_id: str, message: Message) -> SendReport:
        async for entry in one.entries():
            return send_report(send_id, entry)
        return SendReport(
            id=send_id,
            outcome="pending",
            error=None,
            contact_id=None,
            reference=dict(message.reference),
        )
