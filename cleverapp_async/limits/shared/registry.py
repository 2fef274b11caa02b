"""The registry of a process that shares its limits with others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypedDict

from ...errors import ConfigurationError
from ..registry import LimiterRegistry
from ..sliding_window import SlidingWindowLimiter
from .fleet import Fleet, check_policy
from .limiter import SharedLimiter
from .names import check_prefix
from .store import Store, open_client

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from ..protocols import Limiter
    from ..quota import AccountKey, LimitKey, Quota, Quotas
    from .fleet import OnUnavailable
    from .script import Commands

__all__ = ["SharedLimiterRegistry", "SharedQuotas", "open_registry"]


class SharedQuotas(TypedDict):
    """The quotas of a registry, as :class:`LimiterRegistry` takes them."""

    messengers: Mapping[str, Quotas] | None
    other_messengers: Quotas
    whatsapp_direct: Quotas
    keys: Mapping[LimitKey, Quotas] | None
    account: Quotas


class SharedLimiterRegistry(LimiterRegistry):
    """Limiters that a fleet keeps together; :meth:`LimiterRegistry.shared` makes it."""

    def __init__(self, fleet: Fleet, quotas: SharedQuotas) -> None:
        self._fleet = fleet
        super().__init__(**quotas, factory=self._make)

    @property
    def round_trips(self) -> int:
        """How many times Redis was asked so far."""
        return self._fleet.store.calls

    @property
    def own_quotas(self) -> tuple[Quota, ...]:
        """None: Redis keeps the count over the death of a process, so nothing is told it again."""
        return ()

    @property
    def guard(self) -> float:
        """Seconds for which a slot stays held for a process that says nothing more."""
        return self._fleet.guard

    async def __aenter__(self) -> Self:
        """Give itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        await self.close()

    async def close(self) -> None:
        """Tell the fleet which slots are not needed any more, then disconnect.

        Requests still on their way keep their slots for the guard's time. Without closing, so do
        slots that were used shortly before the end. Whoever still waits gets a
        :class:`ClientStateError`, and so does whoever asks later.
        """
        if self._fleet.closed:
            return
        self._fleet.closed = True
        try:
            for _, limiter in list(self._all()):
                if isinstance(limiter, SharedLimiter):
                    await limiter.close()
        finally:
            await self._fleet.stop()
            await self._fleet.store.close()

    def _make(self, key: LimitKey | AccountKey, quotas: tuple[Quota, ...]) -> Limiter:
        # What is not limited needs no log; a pause of it is this process's own.
        return SharedLimiter(self._fleet, key, quotas) if quotas else SlidingWindowLimiter()


def open_registry(
    redis: str | Commands,
    *,
    prefix: str,
    on_unavailable: OnUnavailable,
    local_share: float | None,
    timeout: float,
    guard: float,
    quotas: SharedQuotas,
) -> SharedLimiterRegistry:
    """See :meth:`LimiterRegistry.shared`.

    Raises:
        ConfigurationError: A value cannot work.
    """
    check_policy(on_unavailable, local_share)
    for name, seconds in (("timeout", timeout), ("guard", guard)):
        if not seconds > 0:
            raise ConfigurationError(f"{name} must be more than 0 seconds, not {seconds!r}")
    try:
        check_prefix(prefix)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    if isinstance(redis, str):
        store = Store(open_client(redis, timeout), timeout, owned=True)
    else:
        store = Store(redis, timeout, owned=False)
    fleet = Fleet(store, prefix, guard, on_unavailable, local_share)
    return SharedLimiterRegistry(fleet, quotas)
