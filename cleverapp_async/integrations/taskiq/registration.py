"""The tasks: one chunk of a campaign, one single send; and what a producer calls."""

from __future__ import annotations

import uuid
from inspect import iscoroutinefunction

from attrs import define
from taskiq import AsyncBroker, TaskiqEvents, TaskiqState

from ..._arguments import check_callable, check_instance, check_seconds, check_whole, wrong_setting
from ...bulk.journal.messages import encode_parameters, encode_reference
from ...bulk.schedule import Schedule
from ...models.messages import Message
from ..redis_journal.codec import check_word
from .context import ClientFactory, JournalFactory, WorkerContext
from .tasks import (
    SENDS,
    ChunkReport,
    RegisteredTasks,
    SendReport,
    TaskHandlers,
    send_report,
    single,
)

__all__ = ["CampaignTasks", "register"]


@define(eq=False)
class CampaignTasks:
    """The registered tasks, and what a producer calls.

    Made by :func:`register`.

    Attributes:
        queue: The tasks, to put one into the queue by hand.
        journal_factory: Makes journals.
    """

    queue: RegisteredTasks
    journal_factory: JournalFactory

    async def start(self, campaign: str) -> list[int]:
        """Put every chunk that has something left into the queue.

        Doing it twice does no harm: a chunk is sent by one worker at a time, and one that has
        nothing left is let go at once. It also ends a pause.

        Args:
            campaign: One whose messages were all read in, by :meth:`RedisJournal.load`.

        Returns:
            The chunks.

        Raises:
            JournalError: Redis failed.
        """
        async with self.journal_factory(campaign) as journal:
            await journal.unpause()
            chunks = list(await journal.left())
        for chunk in chunks:
            await self.queue.send_chunk.kiq(campaign, chunk, 0)
        return chunks

    async def send(self, message: Message, *, send_id: str | None = None) -> str:
        """Put one message into the queue; it is sent once at most.

        Args:
            message: What is sent.
            send_id: Your name for it, such as an order's number. A second send with the same id
                and message does nothing more; with another message it is refused. None: a new one.

        Returns:
            The id, by which :meth:`outcome` tells what became of it.

        Raises:
            ConfigurationError: The id cannot be part of a key's name.
        """
        send_id = uuid.uuid4().hex if send_id is None else check_word("send_id", send_id)
        parameters, reference = encode_parameters(message), encode_reference(message)
        await self.queue.send_message.kiq(send_id, message.method, parameters, reference)
        return send_id

    async def outcome(self, send_id: str) -> SendReport | None:
        """What became of a single send; None where nothing is known of it (yet, or any more).

        Raises:
            JournalError: Redis failed.
        """
        async with self.journal_factory(SENDS) as sends:
            one = single(sends, send_id)
            if not await one.exists():
                return None
            async for entry in one.entries():
                return send_report(send_id, entry)
        return None


def register(
    broker: AsyncBroker,
    client_factory: ClientFactory,
    journal_factory: JournalFactory,
    *,
    schedule: Schedule | None = None,
    concurrency: int = 1000,
    attempts: int = 5,
    keep_sends: float = 7 * 86_400.0,
) -> CampaignTasks:
    """Register the tasks with a broker; call it once, where workers and producers import it.

    Args:
        broker: taskiq's. With :class:`RedisStreamBroker` a task is delivered again when its worker
            died; ``idle_timeout`` is the time until then.
        client_factory: Makes the client of a worker process. Limits are kept per
            process: give each its share of the quotas, or limiters that all of them share.
        journal_factory: Makes the journal of a campaign by its name, with the same settings in
            every process. Single sends are kept under the name ``sends``.
        schedule: When messages of campaigns may leave; None: always.
        concurrency: Messages of one chunk in work at once.
        attempts: How often a chunk is tried, in growing distances, while some of it is not sent:
            a server that cannot be reached, say. After that it rests until
            :meth:`CampaignTasks.start`.
        keep_sends: Seconds for which a single send is remembered.

    Returns:
        The tasks.

    Raises:
        ConfigurationError: An argument cannot work; it is named.
    """
    check_instance("broker", broker, AsyncBroker, "a broker of taskiq", wrong_setting)
    for name, factory in (
        ("client_factory", client_factory),
        ("journal_factory", journal_factory),
    ):
        check_callable(name, factory, "a plain function", wrong_setting)
        if iscoroutinefunction(factory):
            raise wrong_setting(name, "a plain function, as nothing awaits it", factory)
    if schedule is not None:
        check_instance("schedule", schedule, Schedule, "a Schedule(...)", wrong_setting)
    check_whole("concurrency", concurrency, wrong_setting)
    check_whole("attempts", attempts, wrong_setting)
    check_seconds("keep_sends", keep_sends, wrong_setting)
    handlers = TaskHandlers(
        context=WorkerContext(client_factory, journal_factory),
        schedule=schedule,
        concurrency=concurrency,
        attempts=attempts,
        keep_sends=keep_sends,
    )
    handlers.queue = _tasks_of(broker, handlers)

    async def begin(_: TaskiqState) -> None:
        await handlers.begin(broker)

    async def end(_: TaskiqState) -> None:
        await handlers.end()

    broker.add_event_handler(TaskiqEvents.WORKER_STARTUP, begin)
    broker.add_event_handler(TaskiqEvents.WORKER_SHUTDOWN, end)
    return CampaignTasks(handlers.queue, journal_factory)


def _tasks_of(broker: AsyncBroker, handlers: TaskHandlers) -> RegisteredTasks:
    """Register the tasks; taskiq takes plain functions and looks at their annotations."""

    async def send_chunk(campaign: str, chunk: int, attempt: int = 0) -> ChunkReport:
        return await handlers.send_chunk(campaign, chunk, attempt)

    async def send_message(
        send_id: str, method: str, parameters: str, reference: str | None = None
    ) -> SendReport:
        return await handlers.send_message(send_id, method, parameters, reference)

    async def wake() -> None:
        """Do nothing: that it was read is all it is for."""

    return RegisteredTasks(
        send_chunk=broker.register_task(send_chunk, task_name="cleverapp:send_chunk"),
        send_message=broker.register_task(send_message, task_name="cleverapp:send_message"),
        wake=broker.register_task(wake, task_name="cleverapp:wake"),
    )
