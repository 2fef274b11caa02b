"""When a run ends: at the earliest, by counts and quotas alone, and by what it has measured.

A forecast is a lower bound. It knows the limits and nothing else: not the server's speed, not the
network's, not the refusals to come. An estimate adds what a run has measured.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from attrs import frozen

from .._arguments import check_callable, check_instance, check_whole, is_number, wrong_argument
from ..limits.protocols import LimiterSnapshot
from ..limits.quota import AccountKey, LimitKey, Quota, QuotasOf, check_quotas
from ..limits.registry import LimiterRegistry
from .schedule import Schedule
from .throughput import EtaMeter

__all__ = [
    "ACCOUNT",
    "MEASURED_RATE",
    "QUIET_HOURS",
    "UNKNOWN_ROUTE",
    "Eta",
    "EtaMeter",
    "Forecast",
    "Share",
    "burst_of",
    "estimate",
    "estimate_run",
    "forecast",
    "least_seconds",
    "next_slot",
]

ACCOUNT = "the whole account"
UNKNOWN_ROUTE = "route unknown"
"""Rows by contact_id do not say which bot and messenger they go through."""


@frozen
class Share:
    """One line of a forecast.

    Attributes:
        name: The bot and messenger in words, or the account.
        key: What limits it; None for an unknown route and for the account.
        messages: How many go through it.
        seconds: How long they take at least; 0 where only the account limits them.
    """

    name: str
    key: LimitKey | None
    messages: int
    seconds: float


@frozen
class Forecast:
    """How long it takes at least, by the limits alone.

    Attributes:
        shares: One per bot and messenger, longest first; unknown routes last.
        account: All messages together, under the account's limits.
    """

    shares: tuple[Share, ...]
    account: Share

    @property
    def bound_by(self) -> Share:
        """The share that takes longest; the account where all are equally quick."""
        return max((self.account, *self.shares), key=lambda share: share.seconds)

    @property
    def seconds(self) -> float:
        """The lower bound of the whole send, in seconds of sending."""
        return self.bound_by.seconds

    def ends_at(self, start: float, schedule: Schedule | None) -> float:
        """When it ends at the earliest, quiet hours not counted as sending.

        Each opening after quiet hours finds the windows of the limits empty, which wins less than
        one period of the binding limit a day; that is left out.

        Args:
            start: When the sending begins, in Unix seconds.
            schedule: When messages may leave; None: at any time.

        Returns:
            Unix seconds.
        """
        if schedule is None:
            return start + self.seconds
        return schedule.end_of(start, self.seconds)


def least_seconds(messages: int, quotas: Iterable[Quota]) -> float:
    """The least seconds from the first of so many messages to the last.

    With N per T, each N messages after the first N wait one more T.

    Args:
        messages: How many.
        quotas: What holds for all of them together; none: they take no time.
    """
    if messages < 1:
        return 0.0
    # The last message waits for as many periods as there are full windows before it: of 10 in 10 s
    # the 10th leaves at once and the 11th after 10 s.
    return max(((messages - 1) // quota.limit * quota.period for quota in quotas), default=0.0)


def _check_counts(name: str, counts: Mapping[LimitKey | None, int]) -> None:
    check_instance(name, counts, Mapping, "a mapping of limit keys to counts", wrong_argument)
    for count in counts.values():
        check_whole(name, count, wrong_argument, least=0)


def forecast(
    counts: Mapping[LimitKey | None, int], quotas_of: QuotasOf, account: tuple[Quota, ...]
) -> Forecast:
    """The lower bound that quotas set for so many messages.

    Args:
        counts: Messages by what limits them; None: by the account alone, until it is learned.
        quotas_of: The quotas of a key.
        account: The quotas of the account.

    Returns:
        Its shares that have messages, and the account.

    Raises:
        InvalidRequestError: The counts are not valid, or ``quotas_of`` cannot be called.
        ConfigurationError: A quota of the account is not valid.
    """
    _check_counts("counts", counts)
    check_callable("quotas_of", quotas_of, "a function of a LimitKey", wrong_argument)
    check_instance("account", account, tuple | list, "a tuple of Quota(...)", wrong_argument)
    check_quotas("account", *account)
    shares = [
        Share(str(key), key, count, least_seconds(count, quotas_of(key)))
        for key, count in counts.items()
        if key is not None and count > 0
    ]
    # The name last, so that the order is the same at every call where times and counts are equal.
    shares.sort(key=lambda share: (-share.seconds, -share.messages, share.name))
    if unknown := counts.get(None, 0):
        # 0 seconds, as no limit of a key is known to bind them; the account's does.
        shares.append(Share(UNKNOWN_ROUTE, None, unknown, 0.0))
    total = sum(counts.values())
    return Forecast(tuple(shares), Share(ACCOUNT, None, total, least_seconds(total, account)))


MEASURED_RATE = "measured rate"
QUIET_HOURS = "quiet hours"

_CLEARLY = 1.1
"""A run that is slower than the limits by this factor is bound by something else."""

_FULL = 0.8
"""Above this part of the account's quota keys are slow because they share it."""


@frozen
class Eta:
    """When a run ends, as far as it can be told now.

    Attributes:
        seconds: From now until then, everything included.
        at: Then, in Unix seconds.
        bound_by: What decides it: a bot and messenger in words, the whole account, ``measured
            rate of …`` (or ``measured rate`` where no single key is slow) where it is clearly
            slower than the limits, or ``quiet hours`` where they take more than half of the time.
        limits: The lower bound: seconds by the limits and pauses alone, quiet hours left out.
        measured: Seconds at the rate measured of late, pauses included, quiet hours left out;
            None where too little has been measured.
        paused: Seconds from now for which what decides it is paused by refusals.
        closed: Seconds until then in which the schedule lets nothing leave.
        messages: How many messages are left of what decides it.
        rate: Messages of that per second, while they can be sent, by which it is told:
            ``messages / rate``, ``paused`` and ``closed`` add up to ``seconds``. None where
            nothing is left, or nothing keeps it from ending now.
    """

    seconds: float
    at: float
    bound_by: str
    limits: float
    measured: float | None
    paused: float
    closed: float
    messages: int = 0
    rate: float | None = None


@frozen
class _Bound:
    """A lower bound of when the run ends.

    Attributes:
        name: In words.
        messages: How many are left of it.
        paused: Seconds until it goes on.
        least: Seconds by its limit from then on, the wait for its next slot included.
        measured: Seconds at its measured rate from then on; None: not measured.
    """

    name: str
    messages: int
    paused: float
    least: float
    measured: float | None

    @property
    def seconds(self) -> float:
        """Seconds of sending."""
        return max(self.least, self.measured or 0.0)

    def ends_at(self, now: float, schedule: Schedule | None) -> float:
        """When it is done: a pause goes on in quiet hours, sending does not."""
        begins = now + self.paused
        return begins + self.seconds if schedule is None else schedule.end_of(begins, self.seconds)

    def told(self) -> str:
        """The name of what decides the end: the limit, or the measured rate."""
        if self.measured is None or self.measured <= self.least * _CLEARLY:
            return self.name
        single = self.name not in (ACCOUNT, UNKNOWN_ROUTE)
        return f"{MEASURED_RATE} of {self.name}" if single else MEASURED_RATE


def estimate(
    remaining: Mapping[LimitKey | None, int],
    quotas_of: QuotasOf,
    account: tuple[Quota, ...],
    *,
    now: float,
    paused: Mapping[LimitKey, float] | None = None,
    account_paused: float = 0.0,
    next_slots: Mapping[LimitKey | None, float] | None = None,
    meter: EtaMeter | None = None,
    schedule: Schedule | None = None,
) -> Eta:
    """When a run ends: by its limits, or at the recent rate where that is slower.

    Each key ends no sooner than its pause, and then what remains of it by its quotas or at its
    measured rate. A measured rate tells of a key alone only while the account has room: keys that
    share a full account are slow by turns, and are counted together.

    Args:
        remaining: Messages without an outcome by what limits them; None: the account alone.
        quotas_of: The quotas of a key.
        account: The quotas of the account.
        now: Unix seconds.
        paused: Seconds for which a key is granted nothing (``LimiterSnapshot.paused_for``).
        account_paused: Seconds for which the account is granted nothing.
        next_slots: Seconds until the first of a key's messages that wait may leave, and with None
            until the first of the whole account may: what has been sent lately counts still.
        meter: What has been measured; it is told of the pauses. None: by the limits alone.
        schedule: When messages may leave; None: at any time.
    """
    left = {key: count for key, count in remaining.items() if count > 0}
    if not left:
        return Eta(0.0, now, ACCOUNT, 0.0, None, 0.0, 0.0)
    quotas = {key: () if key is None else quotas_of(key) for key in left}
    pauses = {
        # A pause of the account holds every key.
        key: account_paused if key is None else max(account_paused, (paused or {}).get(key, 0.0))
        for key in left
    }
    alone: dict[LimitKey | None, float] = {}
    together: float | None = None
    if meter is not None:
        for key, seconds in pauses.items():
            meter.hold(key, now, seconds)
        rate_of_all = meter.rate_of_all(now, burst=max(map(burst_of, quotas.values())))
        # Two kinds of measured rates: `alone`, of a key, and `together`, of all that has none of
        # its own. While the account is full, keys take turns at its slots, and the rate of a single
        # one says only how often it was its turn.
        if not _is_full(account, rate_of_all):
            for key, count in left.items():
                rate = meter.rate(key, now, burst=burst_of(quotas[key] or account))
                if rate is not None:
                    alone[key] = count / rate
        if rate_of_all is not None:
            # A key of which nothing has ended is judged by its limits; one without any, by all.
            slow = (key for key in left if meter.has_seen(key) or not quotas[key])
            # `or None`: where every key has a rate of its own nothing is left to be told by that of
            # all.
            together = sum(left[key] for key in slow if key not in alone) / rate_of_all or None
    slots = next_slots or {}
    total = sum(left.values())
    # The pause is counted in the bound itself, and the wait for the next slot includes it: only
    # what goes beyond is added.
    least = least_seconds(total, account) + max(0.0, slots.get(None, 0.0) - account_paused)
    # Each bound is a moment before which the run cannot end; the latest of them is the estimate.
    bounds = [_Bound(ACCOUNT, total, account_paused, least, together)]
    for key, count in left.items():
        name = UNKNOWN_ROUTE if key is None else str(key)
        wait = 0.0 if key is None else max(0.0, slots.get(key, 0.0) - pauses[key])
        least = least_seconds(count, quotas[key]) + wait
        bounds.append(_Bound(name, count, pauses[key], least, alone.get(key)))
    return _last_of(bounds, now, schedule)


def estimate_run(
    remaining: Mapping[LimitKey | None, int],
    limits: LimiterRegistry,
    account: AccountKey,
    *,
    now: float,
    meter: EtaMeter | None = None,
    schedule: Schedule | None = None,
    in_work: AbstractSet[LimitKey | None] | None = None,
) -> Eta:
    """When a run ends: by the limits and pauses of its limiters, or as measured if that is longer.

    Args:
        remaining: Messages without an outcome by what limits them; None: the account alone.
        limits: The limiters that the run waits for: ``client.limits``.
        account: Whose account it sends through: ``client.account``.
        now: Unix seconds.
        meter: What has been measured; it is told of the pauses. None: by the limits alone.
        schedule: When messages may leave; None: at any time.
        in_work: Keys of which a message is in work now. The other ones have nothing to send yet,
            or no turn, and their silence does not make them slow. None: all of them.

    Raises:
        InvalidRequestError: An argument is not valid; it is named.
    """
    _check_counts("remaining", remaining)
    check_instance("limits", limits, LimiterRegistry, "client.limits", wrong_argument)
    check_instance("account", account, AccountKey, "client.account", wrong_argument)
    if not is_number(now) or math.isinf(now):
        raise wrong_argument("now", "Unix seconds, such as time.time()", now)
    check_instance("meter", meter, EtaMeter | None, "an EtaMeter(), or None", wrong_argument)
    check_instance(
        "schedule", schedule, Schedule | None, "a Schedule(...), or None", wrong_argument
    )
    check_instance(
        "in_work", in_work, AbstractSet | None, "a set of limit keys, or None", wrong_argument
    )
    snapshots = limits.snapshot()
    paused = {
        key: snapshot.paused_for
        for key, snapshot in snapshots.items()
        if isinstance(key, LimitKey) and snapshot.paused_for > 0
    }
    if meter is not None and in_work is not None:
        for key in remaining:
            if key not in in_work:
                meter.skip(key, now)
    of_account = snapshots.get(account)
    return estimate(
        remaining,
        limits.quotas,
        limits.quotas(account),
        now=now,
        paused=paused,
        account_paused=0.0 if of_account is None else of_account.paused_for,
        next_slots={
            None if isinstance(key, AccountKey) else key: next_slot(snapshot, limits.quotas(key))
            for key, snapshot in snapshots.items()
            if key == account or isinstance(key, LimitKey)
        },
        meter=meter,
        schedule=schedule,
    )


def next_slot(snapshot: LimiterSnapshot, quotas: Sequence[Quota]) -> float:
    """Seconds until the first of those who wait may leave.

    The snapshot tells when a newcomer could: after everybody who waits, one period later for
    each full round of them.
    """
    if not quotas:
        return snapshot.next_free
    scarcest = max(quotas, key=lambda quota: quota.spacing)
    # As many periods as there are full rounds of waiters are taken back from the newcomer's moment.
    rounds = snapshot.queued // scarcest.limit
    return max(0.0, snapshot.next_free - rounds * scarcest.period)


def burst_of(quotas: Iterable[Quota]) -> int:
    """How many outcomes the limits let come at once: the silence after them is not slowness."""
    scarcest = max(quotas, key=lambda quota: quota.spacing, default=None)
    return 1 if scarcest is None else scarcest.limit


def _is_full(account: Iterable[Quota], rate_of_all: float | None) -> bool:
    """Whether the account's quota is what keeps the keys from being faster."""
    spacing = max((quota.spacing for quota in account), default=0.0)
    # Rate times spacing is the used part of the scarcest quota.
    return rate_of_all is not None and rate_of_all * spacing >= _FULL


def _last_of(bounds: Iterable[_Bound], now: float, schedule: Schedule | None) -> Eta:
    """The end of the bound that ends last."""
    longest: dict[float, _Bound] = {}
    limits, measured = 0.0, None
    for bound in bounds:
        limits = max(limits, bound.paused + bound.least)
        if bound.measured is not None:
            measured = max(measured or 0.0, bound.paused + bound.measured)
        # Of those that go on at the same moment only the longest can end last: that one is kept.
        # A pause goes on in quiet hours and sending does not, so that two bounds of different
        # pauses can be compared only by their ends, which take time to find in a schedule.
        first = longest.setdefault(bound.paused, bound)
        if bound.seconds > first.seconds:
            longest[bound.paused] = bound
    ends = [(bound.ends_at(now, schedule), bound) for bound in longest.values()]
    at, binding = max(ends, key=lambda end: end[0])
    seconds = at - now
    # Rounded to the microsecond, in which a schedule counts: sums of floats leave dust behind.
    closed = 0.0 if schedule is None else round(seconds - schedule.open_seconds(now, at), 6)
    bound_by = QUIET_HOURS if closed > seconds / 2 else binding.told()
    rate = binding.messages / binding.seconds if binding.seconds > 0 else None
    return Eta(
        seconds, at, bound_by, limits, measured, binding.paused, closed, binding.messages, rate
    )
