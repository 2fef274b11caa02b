"""Are the limits kept exactly and used fully, whatever the network's jitter?

30 keys send 60 messages each, all at once, at 10 per second and key, through the real client and
HTTP to the simulator in another process, which counts arrivals in a sliding window. Each way
takes a lognormal time. Other limiters take the place of ours in the same run, in turns.
"""

from __future__ import annotations

import asyncio
import math
from statistics import mean, median
from typing import TYPE_CHECKING

from attrs import frozen

from cleverapp_async import (
    CleverAppClient,
    ClientConfig,
    LimiterRegistry,
    LimitKey,
    MessengerLimitError,
    Quota,
    RetryPolicy,
)
from cleverapp_async.limits import SlidingWindowLimiter
from cleverapp_async.simulator import Latency, SimulatorLimits

from ._ideal import ideal_times
from ._peers import Departures, StampedAtSend, leaky_bucket
from ._report import Figure, Report
from ._server import TOKEN, SimulatorReport, simulator

if TYPE_CHECKING:
    from collections.abc import Callable

    from cleverapp_async.limits import Limiter

__all__ = ["run"]

_KEYS = 30
_MESSAGES = 60
_QUOTA = Quota(10, 1.0)
_MEDIAN_LATENCY, _SIGMA = 0.05, 1.0
_LATENCY = Latency.lognormal(_MEDIAN_LATENCY, _SIGMA)
_ROUND_TRIP = 2 * _MEDIAN_LATENCY * math.exp(_SIGMA**2 / 2)
_WINDOWS = math.ceil(_MESSAGES / _QUOTA.limit) - 1
_BASE = _WINDOWS * (_QUOTA.period + _ROUND_TRIP)
_BAR = 1.10
_IDEAL_SEEDS = 200

# Twice what ours needs at once, so that no peer waits for a connection either.
_CONNECTIONS = 2 * _KEYS * _QUOTA.limit
_WARM_UP_FROM = 1_000_001

_OURS = "ours"
_LIMITERS: dict[str, Callable[[Quota], Limiter]] = {
    _OURS: SlidingWindowLimiter,
    "AsyncLimiter(10, 1)": leaky_bucket(10, 1),
    "AsyncLimiter(1, 0.1)": leaky_bucket(1, 0.1),
    "the window stamped at send": StampedAtSend,
}


@frozen
class _Run:
    """One campaign.

    Attributes:
        refusals: Messages that the simulator refused.
        most: The most arrivals of one key in any window.
        mean: Seconds from a key's first grant to its last request leaving, mean over keys.
        slowest: The same, of the slowest key.
        last_answer: Seconds from the first grant to the last answer of all.
        round_trip: Mean seconds on the wire of the messages that were accepted.
    """

    refusals: int
    most: int
    mean: float
    slowest: float
    last_answer: float
    round_trip: float


def run(repetitions: int) -> Report:
    """Measure all limiters in turns.

    Args:
        repetitions: How many campaigns of each.
    """
    runs: dict[str, list[_Run]] = {name: [] for name in _LIMITERS}
    for repetition in range(repetitions):
        for name, make in _LIMITERS.items():
            runs[name].append(_campaign(make, seed=repetition))
    ideal = ideal_times(_QUOTA, _LATENCY, keys=_KEYS, messages=_MESSAGES, seeds=_IDEAL_SEEDS)
    ours = runs[_OURS]
    figures = [
        _worst("refusals, ours", [each.refusals for each in ours], bar=0),
        _worst("most arrivals in any window, ours", [each.most for each in ours], bar=_QUOTA.limit),
        _ratio("time of a key ÷ base, mean over keys, ours", [each.mean for each in ours]),
        _share("... the ideal answer-stamped rule", ideal.mean),
        _by_measured("... ours, base of the round trip measured", ours),
        _ratio("time of the slowest key ÷ base, ours", [each.slowest for each in ours]),
        _share("... the ideal answer-stamped rule", ideal.slowest),
        _ratio("until the last answer of all ÷ base, ours", [each.last_answer for each in ours]),
        _share("... the ideal answer-stamped rule", ideal.last_answer),
        _seconds("round trip measured, mean, ours", [each.round_trip for each in ours]),
        _seconds("round trip of the simulated network, mean", [_ROUND_TRIP]),
        _seconds(f"base: {_WINDOWS} windows × (1 s + round trip)", [_BASE]),
    ]
    for name, peer in runs.items():
        if name != _OURS:
            figures += _peer(name, peer)
    return Report(
        name="window",
        about=(
            f"{_KEYS} keys × {_MESSAGES} messages, {_QUOTA.limit} per {_QUOTA.period:g} s and key, "
            f"one-way latency lognormal (median {_MEDIAN_LATENCY * 1000:g} ms, sigma {_SIGMA:g}), "
            f"{repetitions} repetitions; refusals and arrivals: the worst, else the median"
        ),
        figures=tuple(figures),
        settings={
            "keys": _KEYS,
            "messages": _MESSAGES,
            "limit": _QUOTA.limit,
            "period": _QUOTA.period,
            "latency_median": _MEDIAN_LATENCY,
            "latency_sigma": _SIGMA,
            "connections": _CONNECTIONS,
            "repetitions": repetitions,
            "ideal_seeds": _IDEAL_SEEDS,
        },
    )


def _peer(name: str, runs: list[_Run]) -> list[Figure]:
    return [
        _worst(f"refusals, {name}", [each.refusals for each in runs]),
        _worst(f"most arrivals in any window, {name}", [each.most for each in runs]),
        _ratio(f"time of a key ÷ base, mean over keys, {name}", [each.mean for each in runs], None),
    ]


def _worst(name: str, values: list[int], bar: int | None = None) -> Figure:
    return Figure(name=name, value=max(values), at_most=bar, runs=tuple(values))


def _ratio(name: str, seconds: list[float], bar: float | None = _BAR) -> Figure:
    shares = tuple(each / _BASE for each in seconds)
    return Figure(name=name, value=median(shares), at_most=bar, runs=shares)


def _share(name: str, seconds: float) -> Figure:
    return Figure(name=name, value=seconds / _BASE)


def _by_measured(name: str, runs: list[_Run]) -> Figure:
    """As :func:`_ratio`, with what a round trip took at the client, HTTP and computing included."""
    shares = tuple(each.mean / (_WINDOWS * (_QUOTA.period + each.round_trip)) for each in runs)
    return Figure(name=name, value=median(shares), runs=shares)


def _seconds(name: str, values: list[float]) -> Figure:
    return Figure(name=name, value=median(values), unit="s", runs=tuple(values))


def _campaign(make: Callable[[Quota], Limiter], seed: int) -> _Run:
    departures = Departures(make)
    limits = SimulatorLimits(messengers={"telegram": (_QUOTA.limit, _QUOTA.period)}, account=None)
    with simulator(limits, _LATENCY, seed) as server:
        round_trip, ended = asyncio.run(_send(server.base_url, departures))
        seen = server.report()
    keys = [
        times
        for key, times in departures.keys.items()
        if isinstance(key, LimitKey) and key.bot_id is not None and key.bot_id < _WARM_UP_FROM
    ]
    lasted = [max(times.left) - min(times.granted) for times in keys]
    first = min(min(times.granted) for times in keys)
    refusals, most = _judged(seen)
    return _Run(refusals, most, mean(lasted), max(lasted), ended - first, round_trip)


def _judged(seen: SimulatorReport) -> tuple[int, int]:
    """Refusals in all, and the most arrivals of one key in any window."""
    tallies = [
        tally
        for tally in seen.verdict.keys
        if tally.bot_id is not None and tally.bot_id < _WARM_UP_FROM
    ]
    arrived = sum(tally.arrivals for tally in tallies)
    assert arrived == _KEYS * _MESSAGES, f"{arrived} messages arrived"
    return sum(tally.refusals for tally in tallies), max(tally.most for tally in tallies)


async def _send(base_url: str, departures: Departures) -> tuple[float, float]:
    """Send everything; the mean round trip in seconds, and the moment of the last answer."""
    limits = LimiterRegistry(messengers={"telegram": _QUOTA}, account=None, factory=departures)
    config = ClientConfig(max_in_flight=_CONNECTIONS, retry=RetryPolicy(refusals=0))
    async with CleverAppClient(TOKEN, base_url=base_url, config=config, limits=limits) as client:
        # Every connection is made before the clock runs, by messages of other keys.
        await asyncio.gather(
            *(_send_one(client, _WARM_UP_FROM + number, 0) for number in range(_CONNECTIONS))
        )
        round_trips = await asyncio.gather(
            *(
                _send_one(client, bot_id, number)
                for number in range(_MESSAGES)
                for bot_id in range(1, _KEYS + 1)
            )
        )
        ended = asyncio.get_running_loop().time()
    return mean(each for each in round_trips if each is not None), ended


async def _send_one(client: CleverAppClient, bot_id: int, number: int) -> float | None:
    """Send one message; seconds on the wire, None where it was refused."""
    try:
        receipt = await client.send_message(
            bot_id=bot_id,
            messenger="telegram",
            contact_external_id=str(number),
            text=f"message {number}",
        )
    except MessengerLimitError:
        return None
    return receipt.on_wire
