"""Many blocks share one timer, and each has all of its own time, and no more."""

from __future__ import annotations

import asyncio

import pytest

from cleverapp_async._event_loop import SharedTimeout
from cleverapp_async.testing import run_virtual

LIMIT = 10.0


async def seconds_of(shared: SharedTimeout, wait: float) -> tuple[float, bool]:
    """How long a block that waits takes, and whether it was ended before."""
    time = asyncio.get_running_loop().time
    begun = time()
    try:
        with shared:
            await asyncio.sleep(wait)
    except TimeoutError:
        return time() - begun, True
    return time() - begun, False


def test_each_block_has_its_own_time() -> None:
    """Blocks that begin one after another end one after another, and a quick one is left alone."""

    async def main() -> list[tuple[float, bool]]:
        shared = SharedTimeout(LIMIT)
        tasks: list[asyncio.Task[tuple[float, bool]]] = []
        for wait in (99.0, 3.0, 99.0, 9.0, 99.0):
            tasks.append(asyncio.create_task(seconds_of(shared, wait)))
            await asyncio.sleep(4.0)
        return await asyncio.gather(*tasks)

    ended = (LIMIT, True)
    assert run_virtual(main()) == [ended, (3.0, False), ended, (9.0, False), ended]


def test_a_later_block_is_ended_too_where_the_timer_found_nobody() -> None:
    """A timer that fires for a block long since over leaves the next one its whole time."""

    async def main() -> list[tuple[float, bool]]:
        shared = SharedTimeout(LIMIT)
        found = [await seconds_of(shared, 1.0)]
        await asyncio.sleep(8.0)
        found.append(await seconds_of(shared, 99.0))
        await asyncio.sleep(99.0)
        found.append(await seconds_of(shared, 99.0))
        return found

    assert run_virtual(main()) == [(1.0, False), (LIMIT, True), (LIMIT, True)]


def test_a_cancellation_by_somebody_else_stays_one() -> None:
    """Who is cancelled is cancelled, at the very moment of the time-out as well."""

    async def main(after: float) -> bool:
        shared = SharedTimeout(LIMIT)
        task = asyncio.create_task(seconds_of(shared, 99.0))
        asyncio.get_running_loop().call_later(after, task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await seconds_of(shared, 99.0) == (LIMIT, True)
        return task.cancelled()

    assert run_virtual(main(5.0))
    assert run_virtual(main(LIMIT))


def test_a_block_that_ends_itself_after_its_time_keeps_its_own_end() -> None:
    """What a block raises in answer to its cancellation is what is raised."""

    async def stubborn(shared: SharedTimeout) -> None:
        with shared:
            try:
                await asyncio.sleep(99.0)
            except asyncio.CancelledError:
                raise KeyError from None

    async def main() -> int:
        task = asyncio.create_task(stubborn(SharedTimeout(LIMIT)))
        with pytest.raises(KeyError):
            await task
        return task.cancelling()

    assert run_virtual(main()) == 0


def test_closing_takes_the_timer_away_where_nobody_is_inside() -> None:
    """A closed one leaves nothing in the event loop; those still inside keep their time."""

    async def main() -> tuple[float, bool]:
        loop = asyncio.get_running_loop()
        timers: list[asyncio.TimerHandle] = getattr(loop, "_scheduled")  # noqa: B009
        idle, busy = SharedTimeout(LIMIT), SharedTimeout(LIMIT)
        await seconds_of(idle, 0.0)
        assert [timer for timer in timers if not timer.cancelled()]
        for _ in range(2):
            idle.close()
            assert not [timer for timer in timers if not timer.cancelled()]
        quick = asyncio.create_task(seconds_of(busy, 1.0))
        task = asyncio.create_task(seconds_of(busy, 99.0))
        await asyncio.sleep(0)
        busy.close()
        assert await quick == (1.0, False)
        result = await task
        with busy:
            pass  # One who comes after all leaves nothing either.
        assert not [timer for timer in timers if not timer.cancelled()]
        return result

    assert run_virtual(main()) == (LIMIT, True)


def test_a_block_within_a_block_is_refused() -> None:
    """A task has one time-out of these at once: a second would put an end to the first."""

    async def main() -> None:
        shared = SharedTimeout(LIMIT)
        with shared, pytest.raises(RuntimeError), shared:
            pytest.fail("it was let in")
        assert await seconds_of(shared, 99.0) == (LIMIT, True)

    run_virtual(main())
