"""Settings of a client for tests: its limits keep their order, and take no time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final, TypedDict
from weakref import WeakKeyDictionary

from ..config import ClientConfig
from ..limits import (
    ACCOUNT_QUOTAS,
    MESSENGER_QUOTAS,
    OTHER_MESSENGERS_QUOTA,
    WHATSAPP_DIRECT_QUOTA,
    AccountKey,
    Lane,
    LimiterRegistry,
    LimiterSnapshot,
    LimitKey,
    Permit,
    Quota,
    SlidingWindowLimiter,
)
from ..retry import RetryPolicy
from ..simulator import SimulatedQuota, SimulatorLimits

__all__ = ["ClientSettings", "quick_client_settings"]

_FACTOR: Final = 2.0**30
"""How much faster time runs for the limits: ten seconds become ten nanoseconds.

A power of two, so that what is equally scarce by the documented quotas is so by these as well.
"""

_MOMENT: Final = 0.001
_ATTEMPT_TIMEOUT: Final = 2.0


class ClientSettings(TypedDict):
    """Arguments of :class:`CleverAppClient` and of its ``from_env``: ``**settings`` gives them.

    Attributes:
        config: The settings.
        limits: The limiters.
    """

    config: ClientConfig
    limits: LimiterRegistry


def quick_client_settings(limits: SimulatorLimits | None = None) -> ClientSettings:
    """Settings with which a client never waits long: for tests against a simulator.

    ::

        async with CleverAppClient(token, base_url=url, **quick_client_settings()) as client:
            ...

    A back-off takes a few milliseconds, and an attempt without an answer ends after 2 seconds.

    Args:
        limits: The quotas of the simulator, which the client is to keep in earnest. None, or
            ``SimulatorLimits.none()``: the simulator has none. The client then has the documented
            limits without their time: who goes first and how many are on their way at once is as
            in production, and a slot is free again as soon as its answer has come; a refusal is
            waited for a millisecond, whatever its ``Retry-After``. These limiters may be used in
            one event loop after another.
    """
    retry = RetryPolicy(base=_MOMENT)
    if limits is not None and limits != SimulatorLimits.none():
        config = ClientConfig(attempt_timeout=_ATTEMPT_TIMEOUT, retry=retry)
        return ClientSettings(config=config, limits=_same_as(limits))
    config = ClientConfig(attempt_timeout=_ATTEMPT_TIMEOUT, longest_pause=_MOMENT, retry=retry)
    return ClientSettings(config=config, limits=_timeless())


def _timeless() -> LimiterRegistry:
    return LimiterRegistry(
        messengers={name: quota.scaled(_FACTOR) for name, quota in MESSENGER_QUOTAS.items()},
        other_messengers=OTHER_MESSENGERS_QUOTA.scaled(_FACTOR),
        whatsapp_direct=WHATSAPP_DIRECT_QUOTA.scaled(_FACTOR),
        account=[quota.scaled(_FACTOR) for quota in ACCOUNT_QUOTAS],
        factory=_TimelessLimiter,
    )


def _same_as(limits: SimulatorLimits) -> LimiterRegistry:
    given: Mapping[str, SimulatedQuota | None] = limits.messengers or {}
    others = None if limits.messengers is None else limits.other_messengers
    messengers = {**dict.fromkeys(MESSENGER_QUOTAS, others), **given}
    return LimiterRegistry(
        messengers={name: _quota(quota) for name, quota in messengers.items()},
        other_messengers=_quota(others),
        whatsapp_direct=_quota(limits.whatsapp_direct),
        account=[Quota(*quota) for quota in limits.account or ()],
    )


def _quota(quota: SimulatedQuota | None) -> Quota | None:
    return None if quota is None else Quota(*quota)


class _TimelessLimiter:
    """A limiter for each event loop: plain code may call ``asyncio.run`` more than once in a test.

    There is nothing to remember from one loop to the next, as no slot is spent for any time.
    """

    def __init__(self, _: LimitKey | AccountKey, quotas: tuple[Quota, ...]) -> None:
        self._quotas = quotas
        self._of_loop = WeakKeyDictionary[asyncio.AbstractEventLoop, SlidingWindowLimiter]()

    @property
    def _limiter(self) -> SlidingWindowLimiter:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return self._made()  # somebody looks at it between two loops
        if loop not in self._of_loop:
            self._of_loop[loop] = self._made()
        return self._of_loop[loop]

    def _made(self) -> SlidingWindowLimiter:
        # A request given up is not waited for: nothing counts it.
        return SlidingWindowLimiter(*self._quotas, settle_margin=0.0)

    async def acquire(
        self, *, lane: Lane = Lane.INTERACTIVE, spacing: float = 0.0, returned: bool = False
    ) -> Permit:
        return await self._limiter.acquire(lane=lane, spacing=spacing, returned=returned)

    def estimate(self, lane: Lane, *, spacing: float = 0.0, returned: bool = False) -> float:
        return self._limiter.estimate(lane, spacing=spacing, returned=returned)

    def pause(self, seconds: float) -> None:
        self._limiter.pause(seconds)

    def snapshot(self) -> LimiterSnapshot:
        return self._limiter.snapshot()

    @property
    def idle(self) -> bool:
        return self._limiter.idle
