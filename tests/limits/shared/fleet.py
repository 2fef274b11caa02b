"""Several registries on one Redis or file, as several processes have them, and what arrives."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from attrs import define, field

from cleverapp_async import AccountKey, LimiterRegistry, LimitKey, Quota
from tests.limits.oracle import most_in_window

if TYPE_CHECKING:
    from cleverapp_async.limits import (
        OnUnavailable,
        RedisCommands,
        SharedLimiterRegistry,
    )

ACCOUNT = AccountKey("5eed")
KEY = LimitKey(7, "telegram")
QUOTA = Quota(3, 0.2)


Place: TypeAlias = "str | Path"
"""Where limits are kept together: the URL of a Redis, or a folder."""


def registry(
    place: str | RedisCommands | Path,
    prefix: str,
    quota: Quota | list[Quota] = QUOTA,
    *,
    account: Quota | None = None,
    on_unavailable: OnUnavailable = "wait",
    local_share: float | None = None,
    timeout: float = 5.0,
    guard: float = 5.0,
) -> SharedLimiterRegistry:
    """One process's registry with one quota for telegram and, as a rule, none for the account."""
    if isinstance(place, Path):
        policy = "process" if on_unavailable == "local" else on_unavailable
        limits = LimiterRegistry.on_disk(
            place / prefix,
            messengers={"telegram": quota},
            account=account,
            on_unavailable=policy,
            timeout=timeout,
            guard=guard,
        )
        limits.use_account(ACCOUNT)
        return limits
    return LimiterRegistry.shared(
        place,
        prefix=prefix,
        messengers={"telegram": quota},
        account=account,
        on_unavailable=on_unavailable,
        local_share=local_share,
        timeout=timeout,
        guard=guard,
    )


@define
class Arrivals:
    """Sends through registries, and writes down what arrives.

    Attributes:
        moments: Loop seconds.
        slowest: The longest way there, and the longest way back, seconds.
    """

    slowest: float = 0.05
    moments: list[float] = field(factory=list[float])
    _random: random.Random = field(factory=lambda: random.Random(5))

    async def send(self, limits: LimiterRegistry, key: LimitKey = KEY) -> None:
        """One request, answered after some time each way."""
        permit = await limits.limiter(key).acquire()
        permit.sent()
        await asyncio.sleep(self._random.uniform(0, self.slowest))
        self.moments.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self._random.uniform(0, self.slowest))
        permit.settle()

    async def send_all(self, count: int, *fleet: LimiterRegistry) -> None:
        """So many of each registry, all at once."""
        await asyncio.gather(*(self.send(each) for _ in range(count) for each in fleet))

    def most(self, period: float = QUOTA.period) -> int:
        """The most in any window."""
        return most_in_window(self.moments, period)
