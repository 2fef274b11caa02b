"""Makes and closes the limiters whose quotas several processes share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Self, get_args

from attrs import frozen

from ..._arguments import check_choice, check_instance, check_seconds, wrong_setting
from ..._redis.client import RedisClient, check_source
from ...errors import ConfigurationError
from ..protocols import OnFileUnavailable
from ..sliding_window import SlidingWindowLimiter
from .disk.log import FileLimiter, FileLog
from .limiter import SharedLimiter
from .member import FleetMember, check_policy
from .redis_log import RedisLog, check_prefix

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..._redis import RedisCommands
    from ..protocols import Limiter, OnUnavailable
    from ..quota import AccountKey, LimitKey, Quota

__all__ = ["SharedLimiterFactory"]

_CONNECTIONS = 8


@frozen
class SharedLimiterFactory:
    """A :class:`LimiterFactory` for one of several processes.

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
        return cls(FleetMember(RedisLog(client, prefix), guard, on_unavailable, local_share))

    @classmethod
    def on_disk(
        cls,
        folder: str | os.PathLike[str] | None,
        *,
        on_unavailable: OnFileUnavailable,
        timeout: float,
        guard: float,
    ) -> Self:
        """Check the settings; see :meth:`LimiterRegistry.on_disk`.

        Raises:
            ConfigurationError: A value cannot work.
        """
        check_choice("on_unavailable", on_unavailable, get_args(OnFileUnavailable), wrong_setting)
        for name, seconds in (("timeout", timeout), ("guard", guard)):
            check_seconds(name, seconds, wrong_setting)
        given: object = folder
        if folder is not None and not (isinstance(given, str | os.PathLike) and os.fspath(folder)):
            raise wrong_setting("folder", "the path of a folder", given)
        # Without its file each process keeps the limits by itself, all of them; in a fleet on Redis
        # it would be a share, as the other processes go on as well.
        alone = 1.0 if on_unavailable == "process" else None
        return cls(
            FleetMember(
                FileLog(None if folder is None else Path(folder), timeout),
                guard,
                on_unavailable,
                alone,
            )
        )

    def __call__(self, key: LimitKey | AccountKey, quotas: tuple[Quota, ...]) -> Limiter:
        """The limiter of a key.

        Raises:
            ConfigurationError: It is to be kept on disk, and whose it is is not known yet.
        """
        if not quotas:
            # What is not limited needs no log; a pause of it is this process's own.
            return SlidingWindowLimiter()
        if isinstance(self.member.log, FileLog):
            self.member.log.check_account()
            return FileLimiter(self.member, key, quotas)
        return SharedLimiter(self.member, key, quotas)

    @property
    def primable(self) -> bool:
        """Whether its limiters accept sends that they did not grant."""
        return isinstance(self.member.log, FileLog)

    def use_account(self, account: AccountKey) -> None:
        """Say whose limits these are.

        Raises:
            ConfigurationError: They are kept on disk for another account.
        """
        if isinstance(self.member.log, FileLog):
            self.member.log.use_account(account)

    async def close(self, limiters: Iterable[Limiter]) -> None:
        """Close the limiters that were made, then disconnect.

        Args:
            limiters: All that are still in use.
        """
        if self.member.closed:
            return
        # Set before the first limiter is closed: it makes all of them refuse newcomers, so that
        # nothing begins while the others still report.
        self.member.closed = True
        try:
            for limiter in limiters:
                if isinstance(limiter, SharedLimiter):
                    await limiter.close()
        finally:
            await self.member.stop()
            await self.member.log.close()
