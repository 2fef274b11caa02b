"""A run keeps its hours by the wall clock, whatever that clock does."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from attrs import define, field

from cleverapp_async import BulkRun, Outcome, Schedule, SendOutcome
from cleverapp_async._call import Reply
from cleverapp_async.bulk.dispatch import Dispatcher
from cleverapp_async.bulk.schedule import ScheduleGuard
from cleverapp_async.bulk.sources import IterableSource
from cleverapp_async.testing import run_virtual
from tests.bulk.rig import RECEIPT, collect, key_of, message, turns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cleverapp_async import Message
    from cleverapp_async._call import SendState

EIGHT = datetime(2026, 11, 23, 8, tzinfo=UTC).timestamp()
HOUR = 3600.0
DAY = Schedule(not_before=time(9), not_after=time(21), zone=UTC)


@define(eq=False)
class Wall:
    """A wall clock that goes with the loop's, and can be set anew."""

    start: float = EIGHT
    sent: list[tuple[float, str]] = field(factory=list[tuple[float, str]])
    takes: float = 0.0
    waits: float = 0.0

    def time(self) -> float:
        """Unix seconds."""
        return self.start + asyncio.get_running_loop().time()

    async def deliver(self, sent: Message, state: SendState) -> Reply:
        """Wait for a limit, commit, and be on the wire for a while."""
        await asyncio.sleep(self.waits)
        if state.commit is not None:
            await state.commit()
        state.waiting, state.outcome = False, Outcome.UNKNOWN
        self.sent.append((self.time(), str(sent.text)))
        await asyncio.sleep(self.takes)
        state.waiting, state.outcome = True, Outcome.ACCEPTED
        return Reply({}, RECEIPT)

    def run(self, messages: Iterable[Message], schedule: Schedule = DAY) -> BulkRun:
        """A run of at most two at once that keeps these hours."""
        guard = ScheduleGuard(schedule, clock=self.time)
        dispatcher = Dispatcher(
            source=IterableSource(messages, key_of),
            deliver=self.deliver,
            width_of=lambda _: 2,
            concurrency=2,
            look_ahead=1000,
            is_open=guard.is_open,
        )
        return BulkRun(dispatcher, guard)


def test_nothing_leaves_before_the_hours_begin() -> None:
    """At eight the run sleeps and says until when; at nine it goes on, to the second."""
    wall = Wall()

    async def main() -> list[SendOutcome]:
        run = wall.run([message(i) for i in range(4)])
        consumer = asyncio.create_task(collect(run))
        await asyncio.sleep(1)
        assert run.progress.opens_at == EIGHT + HOUR
        assert wall.sent == []
        return await consumer

    outcomes = run_virtual(main())
    assert [outcome.outcome for outcome in outcomes] == [Outcome.ACCEPTED] * 4
    assert [round(at - EIGHT) for at, _ in wall.sent] == [3600] * 4


def test_what_waits_when_the_hours_end_is_sent_the_next_day_in_its_order() -> None:
    """Messages at the limits go back to the head of their queue, and nothing leaves at night."""
    wall = Wall(start=EIGHT + 12 * HOUR, waits=400.0)

    async def main() -> list[SendOutcome]:
        return await collect(wall.run([message(i) for i in range(40)]))

    outcomes = run_virtual(main())
    assert len(outcomes) == 40
    assert [int(text) for _, text in wall.sent] == list(range(40))
    hours = [((at - EIGHT) / HOUR + 8) % 24 for at, _ in wall.sent]
    assert all(9 <= hour < 21 for hour in hours)
    assert wall.sent[-1][0] - wall.sent[0][0] > 12 * HOUR


def test_a_message_on_the_wire_when_the_hours_end_keeps_its_outcome() -> None:
    """What has left is neither cancelled nor sent again."""
    wall = Wall(start=EIGHT + 13 * HOUR - 5, takes=10.0)

    async def main() -> list[SendOutcome]:
        return await collect(wall.run([message(i) for i in range(3)]))

    outcomes = run_virtual(main())
    assert [outcome.outcome for outcome in outcomes] == [Outcome.ACCEPTED] * 3
    assert [text for _, text in wall.sent] == ["0", "1", "2"]
    assert round(wall.sent[2][0] - EIGHT) == 25 * HOUR


def test_a_clock_that_is_set_forward_opens_within_half_a_minute() -> None:
    """A step of the wall clock is noticed, though the sleep was for an hour."""
    wall = Wall()

    async def main() -> float:
        consumer = asyncio.create_task(collect(wall.run([message(0)])))
        await asyncio.sleep(100)
        wall.start += HOUR
        await consumer
        return asyncio.get_running_loop().time()

    assert 100 <= run_virtual(main()) <= 131


def test_a_clock_that_is_set_back_closes_before_anything_leaves() -> None:
    """Between two looks at the clock the last check before the wire holds a message back."""
    wall = Wall(start=EIGHT + HOUR, waits=5.0)

    async def main() -> list[SendOutcome]:
        consumer = asyncio.create_task(collect(wall.run([message(0), message(1)])))
        await asyncio.sleep(1)
        wall.start -= HOUR
        await asyncio.sleep(60)
        assert wall.sent == []
        return await consumer

    assert len(run_virtual(main())) == 2
    assert all(at >= EIGHT + HOUR for at, _ in wall.sent)


def test_a_run_is_drained_while_it_sleeps() -> None:
    """Nobody waits for the morning to stop a run."""
    wall = Wall()

    async def main() -> float:
        run = wall.run([message(i) for i in range(3)])
        consumer = asyncio.create_task(collect(run))
        await asyncio.sleep(10)
        run.drain()
        outcomes = await consumer
        assert {outcome.outcome for outcome in outcomes} == {Outcome.NOT_SENT}
        await turns()
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == 10
    assert wall.sent == []
