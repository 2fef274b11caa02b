"""Other limiters in the place of ours, and a record of when requests leave."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiolimiter import AsyncLimiter
from attrs import define, field

from cleverapp_async import AccountKey, Lane, LimitKey, Quota
from cleverapp_async.limits import Limiter, LimiterSnapshot, Permit, SlidingWindowLimiter

__all__ = ["Departures", "FreePermit", "KeyTimes", "Simple", "StampedAtSend", "leaky_bucket"]

_NOTHING = LimiterSnapshot(queued=0, in_flight=0, next_free=0.0, refusals=0, paused_for=0.0)


class FreePermit:
    """A permit that tells nobody anything."""

    def sent(self) -> None:
        """Change nothing."""

    def settle(self) -> None:
        """Change nothing."""

    def refuse(self, retry_after: float | None) -> None:
        """Change nothing: a peer is judged by its own timing."""

    def give_up(self) -> None:
        """Change nothing."""

    def refund(self) -> None:
        """Change nothing."""


class Simple:
    """What a peer needs not be able to do here."""

    def estimate(
        self,
        lane: Lane,  # noqa: ARG002 - the protocol names it
        *,
        spacing: float = 0.0,  # noqa: ARG002 - this too
        returned: bool = False,  # noqa: ARG002 - and this
    ) -> float:
        """Not known: 0 s."""
        return 0.0

    def pause(self, seconds: float) -> None:
        """Change nothing: nobody pauses it here."""

    def snapshot(self) -> LimiterSnapshot:
        """Nothing is known."""
        return _NOTHING

    @property
    def idle(self) -> bool:
        """Never: it is not to be dropped."""
        return False


class _LeakyBucket(Simple):
    """aiolimiter's ``AsyncLimiter``, as its users write it."""

    def __init__(self, max_rate: float, time_period: float) -> None:
        self._bucket = AsyncLimiter(max_rate, time_period)
        self._permit = FreePermit()

    async def acquire(
        self,
        *,
        lane: Lane = Lane.INTERACTIVE,  # noqa: ARG002 - it knows no lanes
        spacing: float = 0.0,  # noqa: ARG002 - nor this
        returned: bool = False,  # noqa: ARG002 - nor this
    ) -> Permit:
        """Wait for room in the bucket."""
        await self._bucket.acquire()
        return self._permit


def leaky_bucket(max_rate: float, time_period: float) -> Callable[[Quota], Limiter]:
    """Makes ``AsyncLimiter(max_rate, time_period)`` whatever the quota."""
    return lambda _: _LeakyBucket(max_rate, time_period)


class StampedAtSend(Simple):
    """Our sliding window, but a slot is stamped when its request leaves."""

    def __init__(self, quota: Quota) -> None:
        self._window = SlidingWindowLimiter(quota)

    async def acquire(
        self, *, lane: Lane = Lane.INTERACTIVE, spacing: float = 0.0, returned: bool = False
    ) -> Permit:
        """Wait for a slot."""
        permit = await self._window.acquire(lane=lane, spacing=spacing, returned=returned)
        return _SettledAtSend(permit)


@define
class _SettledAtSend(FreePermit):
    _permit: Permit

    def sent(self) -> None:
        """The request leaves: that is the stamp."""
        self._permit.sent()
        self._permit.settle()

    def refund(self) -> None:
        """The request never left."""
        self._permit.refund()


@define
class KeyTimes:
    """What happened to one key, loop seconds.

    Attributes:
        granted: When each slot was granted: from then on its request could have left.
        left: When each request left.
    """

    granted: list[float] = field(factory=list[float])
    left: list[float] = field(factory=list[float])


@define
class Departures:
    """Makes limiters that also write down when they grant, and when the requests leave.

    Attributes:
        make: Makes the limiter of a quota.
        keys: What happened to each key.
    """

    make: Callable[[Quota], Limiter]
    keys: dict[LimitKey | AccountKey, KeyTimes] = field(
        init=False, factory=dict[LimitKey | AccountKey, KeyTimes]
    )

    def __call__(self, key: LimitKey | AccountKey, quotas: tuple[Quota, ...]) -> Limiter:
        """Make the limiter of a key, as ``LimiterRegistry(factory=…)`` asks for it."""
        if not quotas:
            return SlidingWindowLimiter()
        return _Recording(self.make(quotas[0]), self.keys.setdefault(key, KeyTimes()))


@define
class _Recording:
    _limiter: Limiter
    _times: KeyTimes

    async def acquire(
        self, *, lane: Lane = Lane.INTERACTIVE, spacing: float = 0.0, returned: bool = False
    ) -> Permit:
        """Wait for a slot of the limiter inside."""
        permit = await self._limiter.acquire(lane=lane, spacing=spacing, returned=returned)
        self._times.granted.append(asyncio.get_running_loop().time())
        return _RecordingPermit(permit, self._times.left)

    def estimate(self, lane: Lane, *, spacing: float = 0.0, returned: bool = False) -> float:
        """What the limiter inside says."""
        return self._limiter.estimate(lane, spacing=spacing, returned=returned)

    def pause(self, seconds: float) -> None:
        """Pause the limiter inside."""
        self._limiter.pause(seconds)

    def snapshot(self) -> LimiterSnapshot:
        """What the limiter inside says."""
        return self._limiter.snapshot()

    @property
    def idle(self) -> bool:
        """What the limiter inside says."""
        return self._limiter.idle


@define
class _RecordingPermit:
    _permit: Permit
    _left: list[float]

    def sent(self) -> None:
        """The request leaves: write that down."""
        self._left.append(asyncio.get_running_loop().time())
        self._permit.sent()

    def settle(self) -> None:
        """Pass it on."""
        self._permit.settle()

    def refuse(self, retry_after: float | None) -> None:
        """Pass it on."""
        self._permit.refuse(retry_after)

    def give_up(self) -> None:
        """Pass it on."""
        self._permit.give_up()

    def refund(self) -> None:
        """Pass it on."""
        self._permit.refund()
