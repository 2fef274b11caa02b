"""How well a limiter can do that knows nothing of the network but its own answers.

The server counts a request somewhere between its start and its answer, so whoever must not be
refused may use a slot again one period after its *answer*, and no sooner: the last request may
have been counted just before its answer, the next one just after its start. Here that rule is
played out without a client, a server, or time spent on computing.
"""

from __future__ import annotations

import heapq
import random
from statistics import mean, median
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable

    from cleverapp_async import Quota

__all__ = ["IdealTimes", "ideal_times"]


@frozen
class IdealTimes:
    """Seconds, each the median over the seeds.

    Attributes:
        mean: From a key's first grant to its last request leaving, mean over the keys.
        slowest: The same, of the slowest key.
        last_answer: From the first grant to the last answer of all keys.
    """

    mean: float
    slowest: float
    last_answer: float


def ideal_times(
    quota: Quota,
    round_trip: Callable[[random.Random], float],
    *,
    keys: int,
    messages: int,
    seeds: int,
) -> IdealTimes:
    """Play the rule out for some keys that start together.

    Args:
        quota: Each key's.
        round_trip: Draws the seconds from a request leaving to its answer.
        keys: How many keys.
        messages: How many messages each key sends.
        seeds: How many times.
    """
    played = [
        _play(quota, round_trip, keys, messages, random.Random(seed)) for seed in range(seeds)
    ]
    return IdealTimes(
        median(mean(left for left, _ in run) for run in played),
        median(max(left for left, _ in run) for run in played),
        median(max(answered for _, answered in run) for run in played),
    )


def _play(
    quota: Quota,
    round_trip: Callable[[random.Random], float],
    keys: int,
    messages: int,
    rng: random.Random,
) -> list[tuple[float, float]]:
    return [_play_key(quota, round_trip, messages, rng) for _ in range(keys)]


def _play_key(
    quota: Quota,
    round_trip: Callable[[random.Random], float],
    messages: int,
    rng: random.Random,
) -> tuple[float, float]:
    """When a key's last request leaves, and when its last answer comes."""
    free = [0.0] * quota.limit
    left = answered = 0.0
    for _ in range(messages):
        left = free[0]
        answer = left + round_trip(rng)
        heapq.heapreplace(free, answer + quota.period)
        answered = max(answered, answer)
    return left, answered
