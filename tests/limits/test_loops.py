from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cleverapp_async import Quota
from cleverapp_async.errors import ClientStateError
from cleverapp_async.limits import PacedLimiter, SlidingWindowLimiter
from cleverapp_async.testing import run_virtual

if TYPE_CHECKING:
    from collections.abc import Callable

    from cleverapp_async.limits import Limiter


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
