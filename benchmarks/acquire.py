"""What a limiter costs by itself: per grant, per waiter, per key that is remembered."""

from __future__ import annotations

import asyncio
import gc
import time
import tracemalloc
from statistics import median

from aiolimiter import AsyncLimiter

from cleverapp_async import LimiterRegistry, LimitKey, Quota
from cleverapp_async.limits import SlidingWindowLimiter
from cleverapp_async.testing import run_virtual

from ._report import Figure, Report

__all__ = ["run"]

_GRANTS = 20_000
_SHORT = 1e-9
"""Seconds: with such a period nobody ever waits, whatever the limit."""

_LIMITS = (1_000_000, 10, 1)
"""The first one is judged, the others are those of the documented messengers."""

_FEW, _MANY = 1_000, 100_000
_GRANTS_TO_WAITERS = 2_000
_WAITED_FOR = Quota(10, 10.0)

_REMEMBERED = 100_000


def run(repetitions: int) -> Report:
    """Measure all three.

    Args:
        repetitions: How often each side is measured, in turns.
    """
    figures: list[Figure] = []
    for place, limit in enumerate(_LIMITS):
        figures += _uncontended(limit, repetitions, bar=1.0 if place == 0 else None)
    figures += _contended(repetitions)
    figures.append(_per_key())
    return Report(
        name="acquire",
        about=(
            f"{_GRANTS:,} grants nobody waits for, {_GRANTS_TO_WAITERS:,} to waiters in virtual "
            f"time, {_REMEMBERED:,} keys; medians of {repetitions} repetitions in turns"
        ),
        figures=tuple(figures),
        settings={
            "grants": _GRANTS,
            "grants_to_waiters": _GRANTS_TO_WAITERS,
            "keys": _REMEMBERED,
            "repetitions": repetitions,
        },
    )


def _uncontended(limit: int, repetitions: int, bar: float | None) -> list[Figure]:
    async def ours() -> float:
        limiter = SlidingWindowLimiter(Quota(limit, _SHORT))
        started = time.perf_counter()
        for _ in range(_GRANTS):
            permit = await limiter.acquire()
            permit.settle()
        return (time.perf_counter() - started) / _GRANTS

    async def peer() -> float:
        limiter = AsyncLimiter(limit, _SHORT)
        started = time.perf_counter()
        for _ in range(_GRANTS):
            await limiter.acquire()
        return (time.perf_counter() - started) / _GRANTS

    pairs = [(asyncio.run(ours()), asyncio.run(peer())) for _ in range(repetitions)]
    told = f"limit {limit:,}"
    return [
        _median(f"acquire + settle ÷ aiolimiter's acquire, {told}", [a / b for a, b in pairs], bar),
        _median("... ours", [a * 1e6 for a, _ in pairs], unit="µs"),
        _median("... aiolimiter", [b * 1e6 for _, b in pairs], unit="µs"),
    ]


def _contended(repetitions: int) -> list[Figure]:
    pairs = [
        (run_virtual(_with_waiters(_MANY)), run_virtual(_with_waiters(_FEW)))
        for _ in range(repetitions)
    ]
    return [
        _median(
            f"CPU per grant, {_MANY:,} waiters ÷ {_FEW:,} waiters", [a / b for a, b in pairs], 2.0
        ),
        _median(f"... {_MANY:,} waiters", [a * 1e6 for a, _ in pairs], unit="µs"),
        _median(f"... {_FEW:,} waiters", [b * 1e6 for _, b in pairs], unit="µs"),
    ]


async def _with_waiters(waiters: int) -> float:
    """CPU seconds per grant while that many wait, each again as soon as it was served."""
    limiter = SlidingWindowLimiter(_WAITED_FOR)
    granted = 0
    enough = asyncio.Event()

    async def wait_again_and_again() -> None:
        nonlocal granted
        while True:
            permit = await limiter.acquire()
            permit.settle()
            granted += 1
            if granted >= _GRANTS_TO_WAITERS:
                enough.set()

    tasks = [asyncio.create_task(wait_again_and_again()) for _ in range(waiters)]
    await asyncio.sleep(0)
    assert limiter.snapshot().queued >= waiters - _WAITED_FOR.limit
    gc.collect()
    granted = 0
    started = time.process_time()
    await enough.wait()
    spent = time.process_time() - started
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return spent / granted


def _per_key() -> Figure:
    async def remember() -> float:
        registry = LimiterRegistry()
        gc.collect()
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        for bot_id in range(_REMEMBERED):
            permit = await registry.limiter(LimitKey(bot_id, "telegram")).acquire()
            permit.sent()
            permit.settle()
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(registry) == _REMEMBERED, "keys with a spent slot must be remembered"
        return (after - before) / _REMEMBERED

    return Figure(
        name="bytes per remembered key that is idle", value=run_virtual(remember()), at_most=1024
    )


def _median(name: str, values: list[float], bar: float | None = None, *, unit: str = "") -> Figure:
    return Figure(name=name, value=median(values), unit=unit, at_most=bar, runs=tuple(values))
