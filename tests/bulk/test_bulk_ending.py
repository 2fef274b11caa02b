"""A bulk send can be left, cancelled, closed and drained at any moment; nothing outlives it."""

from __future__ import annotations

import asyncio
import gc
import itertools
from collections import Counter
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import (
    BulkRun,
    NotSentError,
    Outcome,
    OutcomeUnknownError,
    SendMessage,
    SendOutcome,
    SqliteJournal,
)
from cleverapp_async.bulk.dispatch import Dispatcher
from cleverapp_async.bulk.journal_source import JournalSource
from cleverapp_async.journal import JournalWriteError, Resend
from tests.bulk.memory_journal import MemoryJournal
from tests.bulk.rig import Counted, Desk, collect, key_of, message, others, run_of, turns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from cleverapp_async.bulk import Messages
    from cleverapp_async.journal import Journal


async def test_leaving_the_iteration_ends_every_task() -> None:
    """After a ``break`` nothing more is sent and no task is left."""
    desk = Desk()
    async for _ in run_of(Counted(), desk):
        break
    gc.collect()
    await turns()
    assert others() == set()
    started = len(desk.started)
    await turns()
    assert len(desk.started) == started


async def test_cancelling_the_consumer_ends_every_task() -> None:
    """A cancelled consumer takes all that the run has started with it."""
    desk = Desk(held=lambda _: True)
    consumer = asyncio.create_task(collect(run_of(Counted(), desk)))
    await turns()
    assert desk.started
    consumer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await consumer
    assert others() == set()


async def test_an_async_with_leaves_nothing_behind() -> None:
    """Leaving the block has ended everything, also what the iteration had not reached."""
    desk = Desk(held=lambda _: True)
    async with run_of(Counted(end=30), desk, look_ahead=100) as run:
        waiting = asyncio.ensure_future(anext(aiter(run)))
        await turns()
    await waiting
    assert others() == set()
    assert run.progress.read == 30
    assert run.progress.ended == {Outcome.NOT_SENT: 30}


async def test_closing_from_elsewhere_ends_the_iteration() -> None:
    """A consumer is not left waiting when another task closes the run."""
    desk = Desk(held=lambda text: text != "0", on_wire=True)
    run = run_of(Counted(end=30), desk, look_ahead=100)
    consumer = asyncio.create_task(collect(run))
    await turns()
    await run.aclose()
    async with asyncio.timeout(20):
        outcomes = await consumer
    assert Counter(outcome.outcome for outcome in outcomes) == run.progress.ended
    assert sum(run.progress.ended.values()) == run.progress.read
    unknown = [outcome for outcome in outcomes if outcome.outcome is Outcome.UNKNOWN]
    assert unknown
    assert all(isinstance(outcome.error, OutcomeUnknownError) for outcome in unknown)


async def test_drain_lets_the_wire_end_and_sends_nothing_more() -> None:
    """On the wire ends as it ends, the rest is NOT_SENT, and the counts add up."""
    desk = Desk(held=lambda text: text != "0", on_wire=True)
    run = run_of(Counted(end=30), desk)
    iteration = aiter(run)
    outcomes = [await anext(iteration)]
    await turns()
    started = len(desk.started)
    run.drain()
    run.drain()
    desk.release()
    outcomes += [outcome async for outcome in iteration]
    assert len(desk.started) == started
    assert sorted(outcome.index for outcome in outcomes) == list(range(run.progress.read))
    counts = Counter(outcome.outcome for outcome in outcomes)
    assert counts == {Outcome.ACCEPTED: started, Outcome.NOT_SENT: run.progress.read - started}
    stopped = [outcome.error for outcome in outcomes if not outcome.accepted]
    assert all(isinstance(error, NotSentError) for error in stopped)


async def test_drain_cancels_what_only_waits() -> None:
    """A message that waits for its limit when the run is drained ends as NOT_SENT."""
    desk = Desk(held=lambda _: True)
    run = run_of(Counted(end=8), desk)
    consumer = asyncio.create_task(collect(run))
    await turns()
    run.drain()
    outcomes = await consumer
    assert {outcome.outcome for outcome in outcomes} == {Outcome.NOT_SENT}
    assert sorted(outcome.index for outcome in outcomes) == list(range(run.progress.read))


@pytest.mark.parametrize("turn", range(25))
async def test_drain_loses_no_outcome_whatever_the_moment(turn: int) -> None:
    """Every message that was read has its outcome, at whatever turn of the loop the drain comes.

    A task that was made and has not run yet when it is cancelled counts as well.
    """
    desk = Desk()
    run = run_of((message(i) for i in range(40)), desk, concurrency=3, width=3)
    consumer = asyncio.create_task(collect(run))
    await turns(turn)
    run.drain()
    async with asyncio.timeout(20):
        outcomes = await consumer
    assert sorted(outcome.index for outcome in outcomes) == list(range(run.progress.read))


async def test_drain_right_after_tasks_were_made_loses_no_outcome() -> None:
    """A drain by the source itself comes while the newest tasks have not run yet."""

    async def source() -> AsyncIterator[SendMessage]:
        for number in range(3):
            yield message(number)
        run.drain()

    run = run_of(source(), Desk())
    outcomes = await collect(run)
    assert sorted(outcome.index for outcome in outcomes) == [0, 1, 2]
    assert run.progress.by_key == {}


async def test_a_run_drained_before_it_starts_sends_nothing() -> None:
    """A stop that comes before the first outcome is asked for ends the iteration at once."""
    source = Counted()
    run = run_of(source, Desk())
    run.drain()
    async with asyncio.timeout(20):
        assert await collect(run) == []
    assert source.read == 0


async def test_a_closed_run_yields_nothing() -> None:
    """Iterating over a run that was closed ends at once."""
    run = run_of(Counted(), Desk())
    await run.aclose()
    async with asyncio.timeout(20):
        assert await collect(run) == []


async def test_a_source_that_ignores_its_cancellation_stops_too() -> None:
    """Draining ends a source that swallows the cancellation and goes on giving messages."""

    async def source() -> AsyncIterator[SendMessage]:
        for number in range(10**9):
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                run_on.append(number)
            yield message(number)

    run_on: list[int] = []
    run = run_of(source(), Desk())
    outcomes: list[SendOutcome] = []
    async with asyncio.timeout(20):
        async for outcome in run:
            outcomes.append(outcome)
            if len(outcomes) == 3:
                run.drain()
    assert sorted(outcome.index for outcome in outcomes) == list(range(run.progress.read))


async def test_closing_waits_for_the_cancelled_to_end() -> None:
    """When closing returns, what was in work has let go, and its outcomes can be taken."""
    desk = Desk(held=lambda _: True)
    async with run_of(Counted(end=3), desk, width=5) as run:
        consumer = asyncio.create_task(collect(run))
        await turns()
        assert len(desk.started) == 3
    # Whether the consumer itself has got to its end by now differs between Python's releases.
    assert others() <= {consumer}
    assert sorted(outcome.index for outcome in await consumer) == [0, 1, 2]


class Patient(MemoryJournal):
    """A journal that takes a few turns of the loop to be closed, and may fail at the end."""

    def __init__(self, *, fails: bool) -> None:
        super().__init__()
        self.fails = fails
        self.closed = False

    async def close(self, ended: str) -> None:
        """Let it go, some time later."""
        await turns(5)
        self.closed = True
        await super().close(ended)
        if self.fails:
            raise JournalWriteError("run.db cannot be written: the disk is full")


def run_over(journal: Journal, desk: Desk, given: Messages | None = None) -> BulkRun:
    """Three messages of a campaign over a desk, or others."""
    source = JournalSource(
        journal=journal,
        messages=[message(number) for number in range(3)] if given is None else given,
        origin="https://app.example",
        key_of=key_of,
        learn=lambda *_: None,
        deduplicate=False,
        resend=Resend(),
        look_ahead=10,
    )
    return BulkRun(
        Dispatcher(
            source=source,
            deliver=desk.deliver,
            width_of=lambda _: 5,
            concurrency=5,
            look_ahead=10,
        )
    )


async def leave_early(run: BulkRun) -> asyncio.Task[list[SendOutcome]]:
    """Leave the block of a run once its messages are on the wire."""
    async with run:
        consumer = asyncio.create_task(collect(run))
        # What ends it is looked at where it is left over; where it is not, nobody else would.
        consumer.add_done_callback(lambda task: task.cancelled() or task.exception())
        await turns()
    return consumer


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("again", [1, 2, 7])
async def test_a_cancelled_end_is_waited_out(again: int, fails: bool) -> None:
    """Cancelled at whatever await while the block is left, time and again, nothing outlives it."""
    for turn in range(20, 34):
        journal, desk = Patient(fails=fails), Desk(held=lambda _: True, on_wire=True)
        leaving = asyncio.create_task(leave_early(run_over(journal, desk)))
        await turns(turn)
        for _ in range(again):
            leaving.cancel()
            await asyncio.sleep(0)
        await asyncio.wait([leaving])
        assert journal.closed
        assert not any("_close" in repr(task) for task in others())
        if not leaving.cancelled():
            # It had left the block before the cancellation came.
            assert isinstance(leaving.exception(), JournalWriteError) is fails
        consumers = others()
        if consumers:
            await asyncio.wait(consumers)
            assert [isinstance(one.exception(), JournalWriteError) for one in consumers] == [fails]
        assert others() == set()


class Resource:
    """Generators of messages that hold something, such as a connection to a database."""

    def __init__(self) -> None:
        self.open = 0

    def plain(self) -> Iterator[SendMessage]:
        """Messages without end."""
        self.open += 1
        try:
            for number in itertools.count():
                yield message(number)
        finally:
            self.open -= 1

    async def later(self) -> AsyncIterator[SendMessage]:
        """The same, with an end that takes some turns of the loop."""
        self.open += 1
        try:
            for number in itertools.count():
                await asyncio.sleep(0)
                yield message(number)
        finally:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            self.open -= 1

    def of(self, kind: str) -> Iterator[SendMessage] | AsyncIterator[SendMessage]:
        """One of them."""
        return self.plain() if kind == "plain" else self.later()


@pytest.mark.parametrize("drained", [False, True])
@pytest.mark.parametrize("kind", ["plain", "later"])
async def test_a_generator_of_messages_is_closed_with_the_run(kind: str, *, drained: bool) -> None:
    """What it holds is given back before the block is left, though somebody still has it."""
    resource = Resource()
    source = resource.of(kind)
    async with run_of(source, Desk()) as run:
        async for outcome in run:
            assert resource.open == 1
            if outcome.index > 4:
                if drained:
                    run.drain()
                break
    assert resource.open == 0
    del source


@pytest.mark.parametrize("kind", ["plain", "later"])
async def test_a_drained_run_has_closed_its_generator_at_its_end(kind: str) -> None:
    """An iteration that goes on to its end after a drain leaves nothing open."""
    resource = Resource()
    source = resource.of(kind)
    run = run_of(source, Desk())
    async for outcome in run:
        if outcome.index > 4:
            run.drain()
    assert resource.open == 0
    del source


@pytest.mark.parametrize("kind", ["plain", "later"])
async def test_a_campaign_that_is_cancelled_while_it_loads_closes_its_generator(
    kind: str, tmp_path: Path
) -> None:
    """With a journal all messages are read first: a cancellation ends that in order."""
    resource = Resource()
    source = resource.of(kind)
    run = run_over(SqliteJournal(tmp_path / "run.db"), Desk(), source)

    async def read() -> None:
        async with run:
            await collect(run)

    reading = asyncio.create_task(read())
    while not resource.open:  # noqa: ASYNC110 - no event tells of it
        await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert resource.open == 0
    del source


class UntidyError(Exception):
    """What a generator raises as it is closed; its text holds a message."""


async def untidy(kind: str) -> AsyncIterator[SendMessage]:
    """Messages without end; closing them fails."""
    try:
        for number in itertools.count():
            await asyncio.sleep(0)
            yield message(number)
    finally:
        if kind == "later":
            await asyncio.sleep(0)
        raise UntidyError("a secret text")


async def leave(run: BulkRun, error: Exception | None) -> None:
    """Take one outcome in a block, then leave it."""
    async with run:
        async for _ in run:
            if error is not None:
                raise error
            break


@pytest.mark.parametrize("kind", ["at once", "later"])
async def test_what_a_generator_raises_as_it_is_closed_is_raised(kind: str) -> None:
    """It is raised once where the run is left, be it by a block, a call or a closed iteration."""
    run = run_of(untidy(kind), Desk())
    with pytest.raises(UntidyError):
        await leave(run, None)
    await run.aclose()
    run = run_of(untidy(kind), Desk())
    await anext(steps := aiter(run))
    with pytest.raises(UntidyError):
        await run.aclose()
    run = run_of(untidy(kind), Desk())
    with pytest.raises(UntidyError):
        async with aclosing(aiter(run)) as steps:  # type: ignore[type-var]
            await anext(steps)


async def test_what_a_generator_raises_as_it_is_closed_hides_no_other_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Where something else is raised it is logged, by its type and place and without its text."""
    run = run_of(untidy("later"), Desk())
    with pytest.raises(KeyError):
        await leave(run, KeyError())
    (record,) = caplog.records
    assert record.name == "cleverapp_async"
    assert "UntidyError in untidy" in record.getMessage()
    assert "secret" not in caplog.text


async def test_an_iterator_that_is_no_generator_is_left_open() -> None:
    """What the user made and may go on reading, such as a list's iterator, is not ended."""
    given = iter([message(number) for number in range(100)])
    async with run_of(given, Desk(), look_ahead=1, concurrency=1) as run:
        async for _ in run:
            break
    assert next(given, None) is not None
