"""Judges a client by the log: did it keep the limits, and was anything taken twice?

A window's ``most`` counts every request which reached the server for its key (of the
account: every request with the true token), those that were refused included: the limits are
on what a client puts on the wire, so refusals of the server do not make a client look better.
Requests that failed validation count for the account only, since they reached no bot or
messenger; a connection reset before its request was read counts nowhere, and a webhook's trigger,
which has no account's token, for no limit. ``most_accepted`` counts only the accepted ones: what a
server that counts in a sliding window let through.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Final, TypeAlias

from attrs import define, field, frozen

from .limits import Scope, SimulatedQuota, SimulatorLimits
from .pages.messages import WEBHOOK
from .request_log import Arrival, ArrivalVerdict

DuplicateKey: TypeAlias = Callable[[Arrival], Hashable]
"""Gives what two arrivals of one message have in common."""

# Verdicts of requests that a limit refused; of those that count for no key, as they reached no bot;
# and of those that came without an account to count for.
_REFUSALS: Final[frozenset[ArrivalVerdict]] = frozenset({"refused_messenger", "refused_account"})
_NO_KEY: Final[frozenset[ArrivalVerdict]] = frozenset({"invalid", "not_found", "wrong_method"})
_NO_METHOD: Final = frozenset({"", WEBHOOK.name})
_NO_ACCOUNT: Final[frozenset[ArrivalVerdict]] = frozenset(
    {"unauthenticated", "not_found", "wrong_method", "too_large", "malformed", "incomplete"}
)


@frozen
class Tally:
    """What reached one key, or the account, under one quota.

    Args:
        endpoint: The method, or None for the account.
        bot_id: The bot, or None for the account.
        messenger: The messenger, or None for the account.
        limit: How many the quota allows, or None when it is off.
        period: In how many seconds, or None.
        arrivals: How many requests reached the server.
        accepted: How many of them were accepted.
        refusals: How many were refused by a limit.
        most: The most arrivals in any window of the period; 0 without a quota.
        most_accepted: The most accepted ones in any window; 0 without a quota.
    """

    endpoint: str | None
    bot_id: int | None
    messenger: str | None
    limit: int | None
    period: float | None
    arrivals: int
    accepted: int
    refusals: int
    most: int
    most_accepted: int

    @property
    def exceeded(self) -> bool:
        """Whether some window held more arrivals than the quota allows."""
        return self.limit is not None and self.most > self.limit

    def __str__(self) -> str:
        name = f"{self.endpoint} of bot {self.bot_id} in {self.messenger}"
        if self.endpoint is None:
            name = "account"
        text = f"{name}: {self.arrivals} arrived, {self.accepted} accepted, {self.refusals} refused"
        if self.limit is None or self.period is None:
            return f"{text}; no limit"
        verdict = "EXCEEDED" if self.exceeded else "kept"
        quota = f"{self.limit} per {self.period:g} s"
        return f"{text}; at most {self.most} in any {self.period:g} s, {quota} {verdict}"


@frozen
class Duplicate:
    """A message that was taken more than once."""

    first: Arrival = field(repr=False)
    times: int
    endpoint: str
    bot_id: int | None
    messenger: str | None
    began: float = field(default=0.0, repr=False)

    def __str__(self) -> str:
        return (
            f"taken {self.times} times: {self.endpoint} of bot {self.bot_id} in {self.messenger},"
            f" first {self.first.at - self.began:.3f} s after the first request"
        )


@frozen
class Verdict:
    """The referee's findings.

    Args:
        keys: One tally per endpoint, bot and messenger, in the order of their first arrival.
        account: One tally per quota of the account; if it has no quota, one tally without one.
        duplicates: Messages that were taken more than once.
        refusals: How many requests a limit refused.
        deliveries: How many messages were taken.
        arrivals: Everything that reached the server.
    """

    keys: tuple[Tally, ...]
    account: tuple[Tally, ...]
    duplicates: tuple[Duplicate, ...]
    refusals: int
    deliveries: int
    arrivals: int

    @property
    def clean(self) -> bool:
        """Whether nothing was refused by a limit or taken twice, and no window exceeded."""
        return not (
            self.refusals
            or self.duplicates
            or any(tally.exceeded for tally in (*self.keys, *self.account))
        )

    def key(self, bot_id: int, messenger: str, endpoint: str = "sendMessage") -> Tally:
        """Find the tally of one key.

        Raises:
            KeyError: Nothing arrived for it.
        """
        for tally in self.keys:
            if (tally.endpoint, tally.bot_id, tally.messenger) == (endpoint, bot_id, messenger):
                return tally
        raise KeyError((endpoint, bot_id, messenger))

    def lines(self) -> list[str]:
        """Put the findings into words, a line each."""
        head = "clean" if self.clean else "NOT clean"
        first = (
            f"{head}: {self.arrivals} arrived, {self.deliveries} taken,"
            f" {self.refusals} refused, {len(self.duplicates)} duplicated"
        )
        return [
            first,
            *(str(tally) for tally in self.account),
            *(str(tally) for tally in self.keys),
            *(str(duplicate) for duplicate in self.duplicates),
        ]

    def __str__(self) -> str:
        return "\n".join(self.lines())


def most_in_any_window(times: Sequence[float], period: float) -> int:
    """Return the largest number of these times in any half-open window of a period.

    Args:
        times: Seconds, ascending.
        period: Seconds.

    Returns:
        The most, found in one pass with two pointers; 0 for no times.
    """
    most = first = 0
    for last, time in enumerate(times):
        # Half open, as the server counts: two arrivals exactly one period apart are in no common
        # window. The first pointer never goes back, so that a log of a million takes one pass.
        while time - times[first] >= period:
            first += 1
        most = max(most, last - first + 1)
    return most


def everything(arrival: Arrival) -> Hashable:
    """Tell messages apart by their endpoint and all their parameters."""
    # Sorted, as the order of the parameters says nothing. What differs in one character is another
    # message.
    return arrival.endpoint, json.dumps(dict(arrival.parameters), sort_keys=True)


def counts_for_account(arrival: Arrival) -> bool:
    """Tell whether a request counts in the account's windows."""
    return arrival.endpoint not in _NO_METHOD and arrival.verdict not in _NO_ACCOUNT


def key_of(arrival: Arrival) -> Scope | None:
    """Return the method, the bot and the messenger in whose window a request counts, if any."""
    if arrival.bot_id is None or arrival.messenger is None or arrival.verdict in _NO_KEY:
        return None
    return arrival.endpoint, arrival.bot_id, arrival.messenger


@define
class _Series:
    times: list[float] = field(factory=list[float])
    accepted: list[float] = field(factory=list[float])
    refusals: int = 0

    def add(self, arrival: Arrival) -> None:
        # The log is in the order in which requests were counted, so that the times ascend.
        self.times.append(arrival.at)
        if arrival.verdict == "accepted":
            self.accepted.append(arrival.at)
        elif arrival.verdict in _REFUSALS:
            self.refusals += 1

    def tally(
        self, quota: SimulatedQuota | None, key: tuple[str, int, str] | tuple[None, None, None]
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
    key: DuplicateKey = everything,
) -> Verdict:
    """Judge a log of arrivals.

    Args:
        arrivals: The log, in its order.
        limits: The quotas that hold.
        key: What tells messages apart; equal keys of taken arrivals are duplicates.
    """
    series: dict[tuple[str, int, str], _Series] = {}
    account = _Series()
    taken: dict[Hashable, list[Arrival]] = {}
    total = deliveries = 0
    began = 0.0
    for arrival in arrivals:
        if not total:
            began = arrival.at
        total += 1
        if counts_for_account(arrival):
            account.add(arrival)
        scope = key_of(arrival)
        # A request counts for its key and for the account, and neither is told by the other: a
        # client may keep every key's limit and exceed the account's.
        if scope is not None:
            if scope not in series:
                series[scope] = _Series()
            series[scope].add(arrival)
        # Whether it was taken, not what the client was told: a message whose answer a fault has
        # eaten is as delivered as any other.
        if arrival.taken:
            deliveries += 1
            taken.setdefault(key(arrival), []).append(arrival)
    return Verdict(
        keys=tuple(
            counted.tally(limits.of(scope[0], scope[2]), scope) for scope, counted in series.items()
        ),
        account=tuple(
            # One tally even where no quota holds, for the numbers.
            account.tally(quota, (None, None, None))
            for quota in limits.account or (None,)
        ),
        duplicates=tuple(
            Duplicate(
                same[0], len(same), same[0].endpoint, same[0].bot_id, same[0].messenger, began
            )
            for same in taken.values()
            if len(same) > 1
        ),
        # Every refusal is one of a request with the true token, so that the account has them all.
        refusals=account.refusals,
        deliveries=deliveries,
        arrivals=total,
    )
