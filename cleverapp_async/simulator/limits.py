"""The documented quotas, and three ways in which a server may count "N in T" on arrival.

The API docs do not say which way is used. All times are seconds of one monotonic clock (the event
loop's); all windows are half open: arrivals at ``t`` and at ``t + period`` are not in one window.

Sources: API docs, "Основы" (account: 2 per second, 120 per minute) and "Сообщения"
(per bot and messenger: WhatsApp 1, Telegram, Viber and ICQ 10 in 10 seconds;
sendMessageToWhatsApp 1 per second). Messengers not in that table are *assumed* as Telegram.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping
from itertools import islice, repeat
from types import MappingProxyType
from typing import Final, Literal, Protocol, TypeAlias, cast, get_args

import attrs
from attrs import define, field, frozen

from .arguments import check_count, check_number

WindowKind: TypeAlias = Literal["sliding", "fixed", "bucket"]
"""How the server counts a limit: any window, windows of the clock, or a bucket that refills."""

WINDOW_KINDS: Final[tuple[WindowKind, ...]] = ("sliding", "fixed", "bucket")
"""Every way in which the server may count a limit."""

_WHOLE_TOKEN: Final = 1.0 - 1e-9
"""A token is whole at this level: refilling adds up floats, which may end a hair short."""

Rounding: TypeAlias = Literal["up", "down"]
"""How the seconds of ``Retry-After`` become whole ones."""

ROUNDINGS: Final[tuple[str, ...]] = get_args(Rounding)

WHATSAPP_DIRECT: Final = "sendMessageToWhatsApp"
"""The method which has a WhatsApp quota of its own."""

SimulatedQuota: TypeAlias = tuple[int, float]
"""How many requests, and in how many seconds."""

Scope: TypeAlias = tuple[str, int, str]
"""What a messenger's quota holds for: endpoint, bot and messenger."""

DOCUMENTED_MESSENGERS: Final[Mapping[str, SimulatedQuota | None]] = MappingProxyType(
    {
        "whatsapp": (1, 10.0),
        "telegram": (10, 10.0),
        "viber": (10, 10.0),
        "icq": (10, 10.0),
    }
)


def _check_quota(what: str, quota: object) -> None:
    if quota is None:
        return
    wanted = "a quota must be (requests, seconds), such as (10, 1.0), or None"
    pair = cast("tuple[object, ...]", quota) if isinstance(quota, tuple) else ()
    if len(pair) != 2:  # noqa: PLR2004 - a pair
        msg = f"{what}: {wanted}, not {quota!r}"
        raise ValueError(msg)
    limit, period = pair
    check_count(f"{what}: the requests of a quota", limit)
    check_number(f"{what}: the seconds of a quota", period, above=0)


def _copy(
    quotas: Mapping[str, SimulatedQuota | None] | None,
) -> Mapping[str, SimulatedQuota | None] | None:
    return None if quotas is None else dict(quotas)


def _scale(quota: SimulatedQuota | None, factor: float) -> SimulatedQuota | None:
    return None if quota is None else (quota[0], quota[1] / factor)


@frozen
class SimulatorLimits:
    """The quotas the simulator enforces; ``None`` in any place switches that one off.

    Args:
        messengers: sendMessage's quota per bot, by messenger. ``None``: no messenger is
            limited, not even by ``other_messengers``.
        other_messengers: sendMessage's quota per bot for a messenger not named above.
        whatsapp_direct: sendMessageToWhatsApp's quota per bot.
        account: All the quotas of the account, for every method together.

    Raises:
        ValueError: A limit below 1 or a period that is not above 0.
    """

    messengers: Mapping[str, SimulatedQuota | None] | None = field(
        default=DOCUMENTED_MESSENGERS, converter=_copy
    )
    other_messengers: SimulatedQuota | None = (10, 10.0)
    whatsapp_direct: SimulatedQuota | None = (1, 1.0)
    account: tuple[SimulatedQuota, ...] | None = ((2, 1.0), (120, 60.0))

    def __attrs_post_init__(self) -> None:
        """Refuse a quota which cannot be counted."""
        for name, quota in (self.messengers or {}).items():
            _check_quota(f"messengers[{name!r}]", quota)
        _check_quota("other_messengers", self.other_messengers)
        _check_quota("whatsapp_direct", self.whatsapp_direct)
        for quota in self.account or ():
            _check_quota("account", quota)

    @classmethod
    def none(cls) -> SimulatorLimits:
        """Switch every limit off."""
        return cls(messengers=None, other_messengers=None, whatsapp_direct=None, account=None)

    def scaled(self, factor: float) -> SimulatorLimits:
        """Divide every period by a factor: ``scaled(10)`` makes 10 seconds one.

        Raises:
            ValueError: The factor is not above 0.
        """
        check_number("factor", factor, above=0)
        messengers = self.messengers
        if messengers is not None:
            messengers = {name: _scale(quota, factor) for name, quota in messengers.items()}
        account = self.account
        if account is not None:
            account = tuple((limit, period / factor) for limit, period in account)
        return attrs.evolve(
            self,
            messengers=messengers,
            other_messengers=_scale(self.other_messengers, factor),
            whatsapp_direct=_scale(self.whatsapp_direct, factor),
            account=account,
        )

    def of_messenger(self, messenger: str) -> SimulatedQuota | None:
        """Return sendMessage's quota for one bot and a messenger."""
        if self.messengers is None:
            return None
        return self.messengers.get(messenger, self.other_messengers)

    def of(self, endpoint: str, messenger: str) -> SimulatedQuota | None:
        """Return a method's quota for one bot and a messenger."""
        return self.whatsapp_direct if endpoint == WHATSAPP_DIRECT else self.of_messenger(messenger)


@frozen
class LimitWindow:
    """How full the window of one quota is at a moment.

    Args:
        limit: How many the quota allows.
        period: In how many seconds.
        used: How many of its slots are in use.
        free_in: Seconds until each slot in use is free again, the soonest first; of at most 200.
    """

    limit: int
    period: float
    used: int
    free_in: tuple[float, ...]


_SLOTS_TOLD: Final = 200


class QuotaCounter(Protocol):
    """Counts what is admitted under one quota."""

    limit: int
    period: float

    def wait(self, now: float) -> float:
        """Return the seconds until one more is admitted; 0.0 when it is admitted now."""
        ...

    def take(self, now: float) -> None:
        """Count one that arrived now."""
        ...

    def remaining(self, now: float) -> int:
        """Return how many more are admitted now."""
        ...

    def free_in(self, now: float, count: int) -> Iterable[float]:
        """Return the seconds until each of the first slots in use is free, the soonest first."""
        ...


@define
class SlidingWindow:
    """Admits at most ``limit`` in any window of ``period`` seconds."""

    limit: int
    period: float
    _stamps: deque[float] = field(init=False, factory=deque[float], repr=False)

    def wait(self, now: float) -> float:
        """Return the seconds until the oldest of a full window leaves it."""
        self._expire(now)
        # Only admitted requests are stamped: one that is refused does not push the window on.
        if len(self._stamps) < self.limit:
            return 0.0
        return self.period - (now - self._stamps[0])

    def take(self, now: float) -> None:
        """Count one that arrived now."""
        self._stamps.append(now)

    def remaining(self, now: float) -> int:
        """Return how many more are admitted now."""
        self._expire(now)
        return self.limit - len(self._stamps)

    def free_in(self, now: float, count: int) -> Iterable[float]:
        """Return the seconds until each of the first stamps leaves the window."""
        return (self.period - (now - stamp) for stamp in islice(self._stamps, count))

    def _expire(self, now: float) -> None:
        stamps = self._stamps
        while stamps and now - stamps[0] >= self.period:
            stamps.popleft()


@define
class FixedWindow:
    """Admits ``limit`` in a window that opens with its first arrival, as Laravel's limiter.

    Laravel counts in whole seconds: a window ends on one, and may be up to a second shorter than
    its period. Periods below a second, which only a simulator has, are kept whole.
    """

    limit: int
    period: float
    _opened: float = field(init=False, default=float("-inf"), repr=False)
    _count: int = field(init=False, default=0, repr=False)

    def wait(self, now: float) -> float:
        """Return the seconds until a full window ends."""
        if now - self._opened >= self.period or self._count < self.limit:
            return 0.0
        return self.period - (now - self._opened)

    def take(self, now: float) -> None:
        """Count one that arrived now, opening a window when none is open."""
        # Laravel keeps the end of a window as a whole Unix second: so it begins on one, too.
        if now - self._opened >= self.period:
            self._opened = now if self.period < 1.0 else math.floor(now)
            self._count = 0
        self._count += 1

    def remaining(self, now: float) -> int:
        """Return how many more are admitted now."""
        return self.limit - (self._count if now - self._opened < self.period else 0)

    def free_in(self, now: float, count: int) -> Iterable[float]:
        """Return the seconds until the window ends, which frees all its slots at once."""
        return repeat(self.period - (now - self._opened), count)


@define
class TokenBucket:
    """Admits a burst of ``limit``, refilled at ``limit / period`` tokens per second."""

    limit: int
    period: float
    _tokens: float = field(init=False, default=0.0, repr=False)
    _stamp: float = field(init=False, default=float("-inf"), repr=False)

    def wait(self, now: float) -> float:
        """Return the seconds until one whole token is there."""
        self._refill(now)
        # A full bucket admits a burst of the limit, and one more for each token that comes
        # meanwhile: up to twice the limit in a period.
        if self._tokens >= _WHOLE_TOKEN:
            return 0.0
        return (1.0 - self._tokens) * self.period / self.limit

    def take(self, now: float) -> None:
        """Take one token."""
        self._refill(now)
        self._tokens -= 1.0

    def remaining(self, now: float) -> int:
        """Return the whole tokens that are there now."""
        self._refill(now)
        return int(self._tokens + (1.0 - _WHOLE_TOKEN))

    def free_in(self, now: float, count: int) -> Iterable[float]:
        """Return the seconds until each of the next tokens is there."""
        whole = self.remaining(now)
        per_token = self.period / self.limit
        return ((whole + n - self._tokens) * per_token for n in range(1, count + 1))

    def _refill(self, now: float) -> None:
        # The first stamp is minus infinity: what is gained then is endless, and the bucket full.
        gained = (now - self._stamp) * self.limit / self.period
        self._tokens = min(float(self.limit), self._tokens + gained)
        self._stamp = now


def make_counter(kind: WindowKind, limit: int, period: float) -> QuotaCounter:
    """Make a counter of a kind that has counted nothing yet."""
    if kind == "sliding":
        return SlidingWindow(limit, period)
    if kind == "fixed":
        return FixedWindow(limit, period)
    return TokenBucket(limit, period)


@frozen
class Throttled:
    """What a request is told about the account's limits.

    Args:
        limit: Of the quota that refused it, or else of the last one it passed.
        remaining: How many more that quota admits now.
        retry_after: Seconds until the refusing window admits one more; None: it is admitted.
    """

    limit: int
    remaining: int
    retry_after: float | None = None


@define
class RateLimiter:
    """Every counter of one server; a request is counted when it is admitted."""

    limits: SimulatorLimits
    kind: WindowKind
    _account: list[QuotaCounter] = field(init=False)
    _scopes: dict[Scope, QuotaCounter] = field(init=False, factory=dict[Scope, QuotaCounter])

    def __attrs_post_init__(self) -> None:
        """Put the account's counters one behind the other, the longest period first."""
        # In the order in which middleware of Laravel would stand: see `admit_account`.
        quotas = sorted(self.limits.account or (), key=lambda quota: -quota[1])
        self._account = [make_counter(self.kind, *quota) for quota in quotas]

    def admit_account(self, now: float) -> Throttled | None:
        """Pass a request through the account's throttles, one behind the other, or refuse it.

        The longest period comes first, and a throttle counts what it lets through: a request that
        the second refuses has been counted against the minute.

        Returns:
            What its answer tells of the limits; None where the account has none.
        """
        told: Throttled | None = None
        for counter in self._account:
            # Refused by one, it has been counted by those before it, and never reaches those behind
            # it.
            wait = counter.wait(now)
            if wait > 0.0:
                return Throttled(counter.limit, counter.remaining(now), wait)
            counter.take(now)
            told = Throttled(counter.limit, counter.remaining(now))
        return told

    def admit(self, scope: Scope, now: float) -> bool:
        """Count a message under the quota of its scope, or refuse it and count nothing."""
        # Made at the first request of a scope: there may be any number of bots.
        counter = self._scopes.get(scope)
        if counter is None:
            endpoint, _, messenger = scope
            quota = self.limits.of(endpoint, messenger)
            if quota is None:
                return True
            counter = self._scopes[scope] = make_counter(self.kind, *quota)
        # A refused message is counted by nothing: it is a quota of messages that were let through.
        if counter.wait(now) > 0.0:
            return False
        counter.take(now)
        return True

    def window(self, scope: Scope, now: float) -> LimitWindow | None:
        """Tell how full the window of a scope is; None where it has no limit."""
        endpoint, _, messenger = scope
        quota = self.limits.of(endpoint, messenger)
        if quota is None:
            return None
        counter = self._scopes.get(scope)
        return LimitWindow(*quota, 0, ()) if counter is None else _look_at(counter, now)

    def account_windows(self, now: float) -> tuple[LimitWindow, ...]:
        """Tell how full the account's windows are, the longest period first."""
        return tuple(_look_at(counter, now) for counter in self._account)


def _look_at(counter: QuotaCounter, now: float) -> LimitWindow:
    used = counter.limit - counter.remaining(now)
    free_in = tuple(counter.free_in(now, min(used, _SLOTS_TOLD)))
    return LimitWindow(counter.limit, counter.period, used, free_in)
