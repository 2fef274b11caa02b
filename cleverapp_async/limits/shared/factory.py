"""Makes and closes the limiters whose quotas a fleet of processes shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from attrs import frozen

from ..._arguments import check_instance, check_seconds, wrong_setting
from ..._redis.client import RedisClient, check_source
from ...errors import ConfigurationError
from ..sliding_window import SlidingWindowLimiter
from .keys import check_prefix
from .limiter import SharedLimiter
from .member import FleetMember, check_policy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..._redis.commands import RedisCommands
    from ..protocols import Limiter, OnUnavailable
    from ..quota import AccountKey, LimitKey, Quota

__all__ = ["SharedLimiterFactory"]

_CONNECTIONS = 8


@frozen
class SharedLimiterFactory:
    """A :class:`LimiterFactory` for one process of a fleet.

    Attributes:
        member: This process as a member of the fleet.
    """

    member: FleetMember

    @classmethod
    def open(
        cls,
        redis: str | RedisCommands,
        *,
        prefix: str,
        on_unavailable: OnUnavailable,
        local_share: float | None,
        timeout: float,
        guard: float,
    ) -> Self:
        """Check the settings; see :meth:`LimiterRegistry.shared`.

        Raises:
            ConfigurationError: A value cannot work, or the extra ``redis`` is not installed.
        """
        check_policy(on_unavailable, local_share)
        for name, seconds in (("timeout", timeout), ("guard", guard)):
            check_seconds(name, seconds, wrong_setting)
        check_instance("prefix", prefix, str, "a plain word such as 'cleverapp'", wrong_setting)
        try:
            check_prefix(prefix)
        except ValueError as error:
            raise ConfigurationError(str(error)) from None
        check_source(redis)
        # Without attempts of its own: the log ignores a call that was repeated unseen.
        client = RedisClient(redis, timeout, connections=_CONNECTIONS)
        client.open()
        return cls(FleetMember(client, prefix, guard, on_unavailable, local_share))

    def __call__(self, key: LimitKey | AccountKey, quotas: tuple[Quota, ...]) -> Limiter:
        """The limiter of a key."""
        # What is not limited needs no log; a pause of it is this process's own.
        return SharedLimiter(self.member, key, quotas) if quotas else SlidingWindowLimiter()

    async def close(self, limiters: Iterable[Limiter]) -> None:
        """Close the limiters that were made, then disconnect.

        Args:
            limiters: All that are still in use.
        """
        if self.member.closed:
            return
        self.member.closed = True
        try:
            for limiter in limiters:
                if isinstance(limiter, SharedLimiter):
                    await limiter.close()
        finally:
            await self.member.stop()
            await self.member.client.close()
