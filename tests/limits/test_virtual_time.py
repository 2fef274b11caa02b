from __future__ import annotations

import asyncio
import math
import time
from typing import Any, cast

import pytest

from cleverapp_async import ConfigurationError
from cleverapp_async.testing import DeadlockError, VirtualTimeLoop, run_virtual
from tests.raising import raises


def test_the_clock_jumps_instead_of_sleeping() -> None:
    """A month of sleep passes at once, and the clock lands exactly on the timer."""

    async def main() -> float:
        await asyncio.sleep(30 * 86_400.0)
        await asyncio.sleep(0.5)
        return asyncio.get_running_loop().time()

    started = time.monotonic()
    assert run_virtual(main()) == 30 * 86_400.0 + 0.5
    assert time.monotonic() - started < 10


def test_time_stands_still_while_something_is_ready() -> None:
    """Callbacks that are ready all run before the clock moves."""

    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        moments: list[float] = []
        loop.call_later(1.0, lambda: moments.append(loop.time()))
        for _ in range(100):
            await asyncio.sleep(0)
            moments.append(loop.time())
        await asyncio.sleep(2.0)
        return moments

    assert run_virtual(main()) == [0.0] * 100 + [1.0]


def test_timers_fire_in_their_order_at_their_times() -> None:
    """Whatever the order of setting, each timer sees its own moment."""

    async def main() -> list[tuple[float, float]]:
        loop = asyncio.get_running_loop()
        seen: list[tuple[float, float]] = []
        for when in (3.0, 0.1, 2.0, 0.30000000000000004):
            loop.call_at(when, lambda when: seen.append((when, loop.time())), when)
        loop.call_at(1.0, seen.clear).cancel()
        await asyncio.sleep(4.0)
        return seen

    times = [0.1, 0.30000000000000004, 2.0, 3.0]
    assert run_virtual(main()) == [(when, when) for when in times]


@pytest.mark.parametrize("start", [0.0, 1e9, 1e15])
@pytest.mark.parametrize("delay", [0.0, 1e-17, 1e-12])
def test_a_delay_lost_to_rounding_does_not_spin(start: float, delay: float) -> None:
    """Code that waits again and again for less than the clock can show gets there all the same."""

    async def main() -> int:
        loop, rounds = asyncio.get_running_loop(), 0
        deadline = loop.time() + max(1e-6, loop.time() * 1e-15)
        while loop.time() < deadline:
            fired = loop.create_future()
            loop.call_later(delay, fired.set_result, None)
            await fired
            rounds += 1
        return rounds

    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(start)) as runner:
        assert 1 <= runner.run(main()) <= 1001


def test_late_on_the_clock_timers_still_fire() -> None:
    """Where a nanosecond is lost to rounding, the clock moves by what it can show."""

    async def main() -> float:
        await asyncio.sleep(0.5)
        return asyncio.get_running_loop().time()

    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(1e9)) as runner:
        assert runner.run(main()) == pytest.approx(1e9 + 0.5, abs=1e-6)


def test_a_deadlock_is_an_error_that_names_who_waits() -> None:
    """With nothing ready and no timer, the run ends and tells which tasks would wait for ever."""

    async def main() -> None:
        event = asyncio.Event()
        tasks = [asyncio.create_task(event.wait(), name=f"waiter-{n}") for n in range(9)]
        await asyncio.wait(tasks)

    with raises(DeadlockError, "0.0", "waiter-0", ", ..."):
        run_virtual(main())


def test_a_timer_that_never_comes_is_a_deadlock_too() -> None:
    """Waiting until infinity is waiting for ever."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.call_at(float("inf"), loop.stop)
        await asyncio.sleep(1.0)
        await loop.create_future()

    with raises(DeadlockError, "1.0"):
        run_virtual(main())


def test_live_timers_are_counted() -> None:
    """Set timers count until they fire or are cancelled."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        handles = [loop.call_at(when, lambda: None) for when in (1.0, 2.0, 3.0)]
        assert loop.timers == 3
        handles[1].cancel()
        assert loop.timers == 2
        await asyncio.sleep(1.5)
        assert loop.timers == 1

    run_virtual(main())


def test_asyncio_timeouts_work_in_virtual_time() -> None:
    """``asyncio.timeout`` and ``wait_for`` end at their virtual moment."""

    async def main() -> float:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 60.0)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(60.0):
                await asyncio.Event().wait()
        return asyncio.get_running_loop().time()

    assert run_virtual(main(), debug=True) == 120.0


@pytest.mark.parametrize("debug", [False, True])
def test_debug_mode_is_by_option(debug: bool) -> None:
    """The loop is in asyncio's debug mode when asked for."""

    async def main() -> bool:
        return asyncio.get_running_loop().get_debug()

    assert run_virtual(main(), debug=debug) is debug


def test_another_thread_can_still_call_in() -> None:
    """``call_soon_threadsafe`` wakes the loop, as Ctrl-C needs."""

    async def main() -> bool:
        loop = asyncio.get_running_loop()
        called = asyncio.Event()
        loop.call_soon_threadsafe(called.set)
        loop.call_later(1.0, lambda: None)
        return await called.wait()

    assert run_virtual(main())


@pytest.mark.parametrize("wrong", [math.nan, math.inf, "0", None, True, 10**400])
def test_a_clock_begins_at_a_number_of_seconds(wrong: object) -> None:
    """What no clock could show is refused, and no loop is left open."""
    with pytest.raises(ConfigurationError):
        VirtualTimeLoop(cast("float", wrong))


@pytest.mark.parametrize("wrong", [None, asyncio.sleep, 1, [asyncio.sleep]])
def test_what_is_no_coroutine_is_not_run(wrong: object) -> None:
    """A function in place of its coroutine is told so."""
    with pytest.raises(ConfigurationError):
        run_virtual(cast("Any", wrong))
