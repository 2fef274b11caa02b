"""Are the limits kept exactly and used fully, whatever the network's jitter?

30 keys send 60 messages each, all at once, at 10 per second and key, through the real client and
HTTP to the simulator in another process, which counts arrivals in a sliding window. Each way
takes a lognormal time. Other limiters take the place of ours in the same run, in turns.
"""

from __future__ import annotations

import asyncio
import math
from functools import partial
from statistics import mean, median
from typing import TYPE_CHECKING, Literal

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

from ._ideal import IdealTimes, ideal_times
from ._peers import Departures, StampedAtSend, leaky_bucket
from ._report import Figure, Report
from ._server import TOKEN, simulator

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    from cleverapp_async.limits import Limiter

__all__ = ["LIMITERS", "OURS", "QUOTA", "Campaign", "campaign", "jitter", "run"]

_KEYS = 30
_MESSAGES = 60
QUOTA = Quota(10, 1.0)
_MEDIAN_LATENCY, _SIGMA = 0.05, 1.0
_WINDOWS = math.ceil(_MESSAGES / QUOTA.limit) - 1
_BAR = 1.02
_IDEAL_SEEDS = 50

_WARM_UP_FROM = 1_000_001

OURS = "ours"
LIMITERS: dict[str, Callable[[Quota], Limiter]] = {
    OURS: SlidingWindowLimiter,
    "AsyncLimiter(10, 1)": leaky_bucket(10, 1),
    "AsyncLimiter(1, 0.1)": leaky_bucket(1, 0.1),
    "the window stamped at send": StampedAtSend,
}


@frozen
class Campaign:
    """How one campaign went.

    Attributes:
        refusals: Messages that the simulator refused.
        most: The most arrivals of one key in any window.
        mean: Seconds from a key's first grant to its last request leaving, mean over keys.
        slowest: The same, of the slowest key.
        last_answer: Seconds from the first grant to the last answer of all.
        round_trips: Seconds on the wire of each message that was accepted.
    """

    refusals: int
    most: int
    mean: float
    slowest: float
    last_answer: float
    round_trips: list[float]


def jitter(sigma: float) -> Latency:
    """A network of 50 ms each way in the middle, with this much jitter.

    Args:
        sigma: Of the logarithm of each delay; 0 for none.
    """
    return Latency.lognormal(_MEDIAN_LATENCY, sigma)


def run(repetitions: int) -> Report:
    """Measure all limiters in turns.

    Args:
        repetitions: How many campaigns of each.
    """
    latency = jitter(_SIGMA)
    runs: dict[str, list[Campaign]] = {name: [] for name in LIMITERS}
    for repetition in range(repetitions):
        for name, make in LIMITERS.items():
            one = campaign(make, latency, keys=_KEYS, messages=_MESSAGES, seed=repetition)
            runs[name].append(one)
    ours = runs[OURS]
    # What the rule takes over the network alone, and over all that a round trip took at the client.
    network = _ideal(lambda rng: latency.out.draw(rng) + latency.back.draw(rng))
    measured = [_ideal(partial(_one_of, each.round_trips)) for each in ours]
    mean_trip = 2 * _MEDIAN_LATENCY * math.exp(_SIGMA**2 / 2)
    figures = [
        _worst("refusals, ours", [each.refusals for each in ours], bar=0),
        _worst("most arrivals in any window, ours", [each.most for each in ours], bar=QUOTA.limit),
        _share("time of a key ÷ ideal rule, mean over keys, ours", ours, measured, "mean", _BAR),
        _share("... of the slowest key", ours, measured, "slowest", _BAR),
        _share("... until the last answer of all", ours, measured, "last_answer", _BAR),
        _share("... the first, over the network alone", ours, [network] * len(ours), "mean"),
        _seconds("round trip measured, mean, ours", [mean(each.round_trips) for each in ours]),
        _seconds("round trip of the simulated network, mean", [mean_trip]),
        _seconds("ideal rule over the network alone, mean over keys", [network.mean]),
        _seconds(
            f"{_WINDOWS} windows × (1 s + its mean round trip)",
            [_WINDOWS * (QUOTA.period + mean_trip)],
        ),
    ]
    for name, peer in runs.items():
        if name != OURS:
            figures += [
                _worst(f"refusals, {name}", [each.refusals for each in peer]),
                _worst(f"most arrivals in any window, {name}", [each.most for each in peer]),
                _share(f"time of a key ÷ ours, {name}", peer, ours, "mean"),
            ]
    return Report(
        name="window",
        about=(
            f"{_KEYS} keys × {_MESSAGES} messages, {QUOTA.limit} per {QUOTA.period:g} s and key, "
            f"one-way latency lognormal (median {_MEDIAN_LATENCY * 1000:g} ms, sigma {_SIGMA:g}), "
            f"{repetitions} repetitions; refusals and arrivals: the worst, else the median"
        ),
        figures=tuple(figures),
        settings={
            "keys": _KEYS,
            "messages": _MESSAGES,
            "limit": QUOTA.limit,
            "period": QUOTA.period,
            "latency_median": _MEDIAN_LATENCY,
            "latency_sigma": _SIGMA,
            "repetitions": repetitions,
            "ideal_seeds": _IDEAL_SEEDS,
        },
    )


def _ideal(round_trip: Callable[[random.Random], float]) -> IdealTimes:
    return ideal_times(QUOTA, round_trip, keys=_KEYS, messages=_MESSAGES, seeds=_IDEAL_SEEDS)


def _one_of(seconds: Sequence[float], rng: random.Random) -> float:
    return rng.choice(seconds)


def _worst(name: str, values: list[int], bar: int | None = None) -> Figure:
    return Figure(name=name, value=max(values), at_most=bar, runs=tuple(values))


def _share(
    name: str,
    runs: Sequence[Campaign],
    others: Sequence[Campaign | IdealTimes],
    time: Literal["mean", "slowest", "last_answer"],
    bar: float | None = None,
) -> Figure:
    """A time of each campaign ÷ that of the other at its side."""
    shares = tuple(
        _time(one, time) / _time(other, time) for one, other in zip(runs, others, strict=True)
    )
    return Figure(name=name, value=median(shares), at_most=bar, runs=shares)


def _time(one: Campaign | IdealTimes, time: Literal["mean", "slowest", "last_answer"]) -> float:
    match time:
        case "mean":
            return one.mean
        case "slowest":
            return one.slowest
        case "last_answer":
            return one.last_answer


def _seconds(name: str, values: list[float]) -> Figure:
    return Figure(name=name, value=median(values), unit="s", runs=tuple(values))


def campaign(
    make: Callable[[Quota], Limiter], latency: Latency, *, keys: int, messages: int, seed: int
) -> Campaign:
    """Send some messages of each key, all at once, through the real client and HTTP.

    Args:
        make: The limiter of a key.
        latency: Of the network between.
        keys: How many keys.
        messages: How many messages each key sends.
        seed: Of the network's chance.
    """
    departures = Departures(make)
    limits = SimulatorLimits(messengers={"telegram": (QUOTA.limit, QUOTA.period)}, account=None)
    with simulator(limits, latency, seed) as server:
        round_trips, ended = asyncio.run(_send(server.base_url, departures, keys, messages))
        seen = server.report()
    times = [
        times
        for key, times in departures.keys.items()
        if isinstance(key, LimitKey) and key.bot_id is not None and key.bot_id < _WARM_UP_FROM
    ]
    tallies = [
        tally
        for tally in seen.verdict.keys
        if tally.bot_id is not None and tally.bot_id < _WARM_UP_FROM
    ]
    arrived = sum(tally.arrivals for tally in tallies)
    assert arrived == keys * messages, f"{arrived} messages arrived"
    lasted = [max(each.left) - min(each.granted) for each in times]
    first = min(min(each.granted) for each in times)
    return Campaign(
        refusals=sum(tally.refusals for tally in tallies),
        most=max(tally.most for tally in tallies),
        mean=mean(lasted),
        slowest=max(lasted),
        last_answer=ended - first,
        round_trips=round_trips,
    )


async def _send(
    base_url: str, departures: Departures, keys: int, messages: int
) -> tuple[list[float], float]:
    """Send everything; the round trips in seconds, and the moment of the last answer."""
    # Twice what ours needs at once, so that no peer waits for a connection either.
    connections = 2 * keys * QUOTA.limit
    limits = LimiterRegistry(messengers={"telegram": QUOTA}, account=None, factory=departures)
    config = ClientConfig(max_in_flight=connections, retry=RetryPolicy(refusals=0))
    async with CleverAppClient(TOKEN, base_url=base_url, config=config, limits=limits) as client:
        # Every connection is made before the clock runs, by messages of other keys.
        await asyncio.gather(
            *(_send_one(client, _WARM_UP_FROM + number, 0) for number in range(connections))
        )
        round_trips = await asyncio.gather(
            *(
                _send_one(client, bot_id, number)
                for number in range(messages)
                for bot_id in range(1, keys + 1)
            )
        )
        ended = asyncio.get_running_loop().time()
    return [each for each in round_trips if each is not None], ended


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
