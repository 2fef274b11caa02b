"""Judges a client by the log: did it keep the limits, and was anything taken twice?

A window's ``most`` counts every request which reached the server for its key (of the
account: every request with the true token), those that were refused included: the limits are
on what a client puts on the wire, so a client is not made better by the server's refusals.
Requests that failed validation count for the account only, since nothing was addressed by
them; a connection reset before its request was read counts nowhere. ``most_accepted`` beside
it counts the accepted ones only: what a server that counts in a sliding window let through.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from attrs import define, field

from .arrivals import Arrival, ArrivalVerdict

if TYPE_CHECKING:
    from .limits import Quota, SimulatorLimits
from .verdict import Duplicate, Tally, Verdict

DuplicateKey: TypeAlias = Callable[[Arrival], Hashable]

_REFUSALS: Final[frozenset[ArrivalVerdict]] = frozenset({"refused_messenger", "refused_account"})
_NO_KEY: Final[frozenset[ArrivalVerdict]] = frozenset({"invalid", "not_found", "wrong_method"})
_NO_ACCOUNT: Final[frozenset[ArrivalVerdict]] = frozenset(
    {"unauthenticated", "not_found", "wrong_method", "too_large", "malformed", "incomplete"}
)


def most_in_any_window(times: Sequence[float], period: float) -> int:
    """Count the most of these times in any half-open window of a period.

    Args:
        times: Seconds, ascending.
        period: Seconds.

    Returns:
        The most, found in one pass with two pointers; 0 for no times.
    """
    most = first = 0
    for last, time in enumerate(times):
        while time - times[first] >= period:
            first += 1
        most = max(most, last - first + 1)
    return most


def everything(arrival: Arrival) -> Hashable:
    """Tell messages apart by their endpoint and all their parameters."""
    return arrival.endpoint, json.dumps(dict(arrival.parameters), sort_keys=True)


@define
class _Series:
    times: list[float] = field(factory=list[float])
    accepted: list[float] = field(factory=list[float])
    refusals: int = 0

    def add(self, arrival: Arrival) -> None:
        self.times.append(arrival.at)
        if arrival.verdict == "accepted":
            self.accepted.append(arrival.at)
        elif arrival.verdict in _REFUSALS:
            self.refusals += 1

    def tally(
        self, quota: Quota | None, key: tuple[str, int, str] | tuple[None, None, None]
    ) -> Tally:
        endpoint, bot_id, messenger = key
        limit, period = (None, None) if quota is None else quota
        return Tally(
            endpoint,
            bot_id,
            messenger,
            limit,
            period,
            arrivals=len(self.times),
            accepted=len(self.accepted),
            refusals=self.refusals,
            most=0 if period is None else most_in_any_window(self.times, period),
            most_accepted=0 if period is None else most_in_any_window(self.accepted, period),
        )


def judge_log(
    arrivals: Iterable[Arrival],
    limits: SimulatorLimits,
    *,
    whatsapp_direct: str,
    key: DuplicateKey = everything,
) -> Verdict:
    """Judge a log of arrivals.

    Args:
        arrivals: The log, in its order.
        limits: The quotas that hold.
        whatsapp_direct: The name of the method which has its own WhatsApp quota.
        key: What tells messages apart; equal keys of taken arrivals are duplicates.
    """
    series: dict[tuple[str, int, str], _Series] = {}
    account = _Series()
    taken: dict[Hashable, list[Arrival]] = {}
    total = deliveries = 0
    for arrival in arrivals:
        total += 1
        if arrival.endpoint and arrival.verdict not in _NO_ACCOUNT:
            account.add(arrival)
        if (
            arrival.bot_id is not None
            and arrival.messenger is not None
            and arrival.verdict not in _NO_KEY
        ):
            scope = (arrival.endpoint, arrival.bot_id, arrival.messenger)
            if scope not in series:
                series[scope] = _Series()
            series[scope].add(arrival)
        if arrival.taken:
            deliveries += 1
            taken.setdefault(key(arrival), []).append(arrival)
    return Verdict(
        keys=tuple(
            counted.tally(
                limits.whatsapp_direct
                if scope[0] == whatsapp_direct
                else limits.of_messenger(scope[2]),
                scope,
            )
            for scope, counted in series.items()
        ),
        account=tuple(
            account.tally(quota, (None, None, None)) for quota in limits.account or (None,)
        ),
        duplicates=tuple(
            Duplicate(same[0], len(same), same[0].endpoint, same[0].bot_id, same[0].messenger)
            for same in taken.values()
            if len(same) > 1
        ),
        refusals=account.refusals,
        deliveries=deliveries,
        arrivals=total,
    )
