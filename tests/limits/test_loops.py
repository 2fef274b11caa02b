from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import AccountKey, LimiterRegistry, LimitKey, Quota
from cleverapp_async.errors import ClientStateError
from cleverapp_async.limits import PacedLimiter, SlidingWindowLimiter
from cleverapp_async.testing import run_virtual

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cleverapp_async.limits import Limiter, Permit, SharedLimiterRegistry


async def _use(limiter: Limiter) -> None:
    (await limiter.acquire()).settle()


async def _pause(limiter: Limiter) -> None:
    limiter.pause(1.0)


@pytest.mark.parametrize("limit", [1, 10])
@pytest.mark.parametrize("make", [SlidingWindowLimiter, PacedLimiter])
def test_another_event_loop_gets_a_clear_error(make: Callable[..., Limiter], limit: int) -> None:
    """A limiter serves the loop of its first use; another loop is told to make its own registry."""
    limiter = make(Quota(limit, 1.0))
    run_virtual(_use(limiter))
    for use in (_use, _pause):
        with pytest.raises(ClientStateError, match="one LimiterRegistry per event loop"):
            run_virtual(use(limiter))
    assert limiter.snapshot().in_flight == 0


@pytest.mark.parametrize("make", [SlidingWindowLimiter, PacedLimiter])
def test_a_pause_binds_a_limiter_too(make: Callable[..., Limiter]) -> None:
    """The loop whose clock a pause was counted by is the limiter's loop."""
    limiter = make()
    run_virtual(_pause(limiter))
    with pytest.raises(ClientStateError):
        run_virtual(_use(limiter))


def shared(folder: Path, registries: list[SharedLimiterRegistry]) -> Callable[[Quota], Limiter]:
    """Give what makes a limiter that several processes keep together, in a file."""

    def make(quota: Quota) -> Limiter:
        registry = LimiterRegistry.on_disk(folder, messengers={"telegram": quota}, account=None)
        registries.append(registry)
        registry.use_account(AccountKey("digest"))
        return registry.limiter(LimitKey(7, "telegram"))

    return make


@pytest.fixture
def registries() -> list[SharedLimiterRegistry]:
    """Give what the test's limiters belong to that keep a file open, for the test to close."""
    return []


@pytest.fixture(params=["window", "paced", "shared"])
def make(
    request: pytest.FixtureRequest, tmp_path: Path, registries: list[SharedLimiterRegistry]
) -> Callable[[Quota], Limiter]:
    """Give what makes a limiter, of each kind."""
    kinds: dict[str, Callable[[Quota], Limiter]] = {
        "window": SlidingWindowLimiter,
        "paced": PacedLimiter,
        "shared": shared(tmp_path, registries),
    }
    return kinds[request.param]


def test_a_loop_that_moved_leaves_its_thread_to_no_other(
    make: Callable[[Quota], Limiter], registries: list[SharedLimiterRegistry]
) -> None:
    """While a limiter's loop goes on in another thread, a second loop in the first is refused."""
    limiter = make(Quota(100, 1.0))
    loop = asyncio.new_event_loop()
    loop.run_until_complete(_use(limiter))
    runs, over = threading.Event(), asyncio.Event()

    async def wait() -> None:
        runs.set()
        await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(wait(),))
    thread.start()
    assert runs.wait(10)
    try:
        for use in (_use, _pause):
            with pytest.raises(ClientStateError, match="one LimiterRegistry per event loop"):
                asyncio.run(use(limiter))
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
    # Its own loop is served wherever it runs.
    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(loop.run_until_complete, _use(limiter)).result()
    loop.run_until_complete(_use(limiter))
    assert limiter.snapshot().in_flight == 0
    for registry in registries:
        loop.run_until_complete(registry.close())
    _end(loop)


def _end(loop: asyncio.AbstractEventLoop) -> None:
    """Close a loop, and what still runs in it."""
    for task in asyncio.all_tasks(loop):
        task.cancel()
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(task)
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


@pytest.mark.parametrize("kind", [SlidingWindowLimiter, PacedLimiter])
def test_no_loop_at_all_is_a_clear_error(kind: Callable[..., Limiter]) -> None:
    """A pause counts by a loop's clock: outside of every loop it is refused."""
    with pytest.raises(ClientStateError):
        kind(Quota(1, 1.0)).pause(1.0)


@pytest.mark.parametrize("kind", [SlidingWindowLimiter, PacedLimiter])
def test_a_permit_may_end_after_its_loop(kind: Callable[..., Limiter]) -> None:
    """What is cleaned up when the loop has stopped ends its permits, a refused one too."""
    limiter = kind(Quota(2, 1.0))
    permits: list[Permit] = []

    async def acquire() -> None:
        permits.append(await limiter.acquire())

    run_virtual(acquire())
    permits[0].sent()
    permits[0].refuse(5.0)
    assert limiter.snapshot().in_flight == 0
    assert limiter.snapshot().paused_for == pytest.approx(5.0)
