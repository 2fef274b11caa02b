"""Does a campaign over several messengers end at the earliest moment its limits allow?

One account with the documented limits, three WhatsApp keys and five Telegram keys, everything
through one ``send_many``; time runs faster than in life, limits and latency alike. Then
the account's limits alone over a network with much jitter, kept exactly and with slots freed early.

The earliest moment is told twice: by the limits alone, as if every message arrived the moment it
left; and for a client that must not be refused (see ``_ideal``), over the round trips that it had.
No client can do better than the second without being refused now and then.
"""

from __future__ import annotations

import asyncio
import math
import random
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

from attrs import frozen

from cleverapp_async import (
    CleverAppClient,
    ClientConfig,
    LimiterRegistry,
    Quota,
    SendMessage,
)
from cleverapp_async.limits import ACCOUNT_QUOTAS, MESSENGER_QUOTAS
from cleverapp_async.simulator import Latency, SimulatorLimits

from ._ideal import ideal_times
from ._report import Figure, Report
from ._server import TOKEN, simulator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["run"]

_SCALE = 5.0
"""How much faster time runs."""

_KEYS: tuple[tuple[str, int, int], ...] = (("whatsapp", 3, 30), ("telegram", 5, 100))
"""Messenger, how many keys, messages of each."""

_ROUND_TRIPS = (0.05, 0.1)
"""Real-life seconds, half of them each way."""

_BAR = 1.02
_IDEAL_SEEDS = 20

_JITTER = (0.005, 0.2)
"""Real-life seconds each way, anything between: a round trip of 10 to 400 ms."""

_CAP = 0.1
"""Real-life seconds after which slots that are freed early are freed."""

_ON_THE_ACCOUNT = 150
"""Messages to contacts whose messenger nobody knows."""

_ACCOUNT_ALONE = SimulatorLimits(messengers=None)
"""So that the account's limits alone bind them."""


@frozen
class _Run:
    """One campaign.

    Attributes:
        lasted: Seconds from the call of ``send_many`` to the last outcome.
        arrived: Seconds from the first arrival at the server to the last one.
        whatsapp: The same, of the WhatsApp messages alone.
        refusals: Requests that the server refused for any limit.
        round_trips: Seconds on the wire of each message.
    """

    lasted: float
    arrived: float
    whatsapp: float
    refusals: int
    round_trips: list[float]


def run(repetitions: int) -> Report:
    """Run the campaign at each latency in turns.

    Args:
        repetitions: How many campaigns at each.
    """
    bound = _lower_bound() / _SCALE
    runs: dict[float, list[_Run]] = {round_trip: [] for round_trip in _ROUND_TRIPS}
    for repetition in range(repetitions):
        for round_trip in _ROUND_TRIPS:
            latency = Latency.constant(round_trip / _SCALE / 2)
            limits = LimiterRegistry.scaled(_SCALE)
            ended = _campaign(SimulatorLimits(), latency, repetition, limits, _messages(repetition))
            runs[round_trip].append(ended)
    figures = [Figure(name="lower bound of the limits, scaled", value=bound, unit="s")]
    for round_trip, measured in runs.items():
        told = f"round trip {round_trip * 1000:g} ms"
        refusals = tuple(each.refusals for each in measured)
        figures += [
            _ratio(f"makespan ÷ bound, {told}", bound, [each.lasted for each in measured]),
            _of_the_ideal(measured),
            _ratio("... first to last arrival", bound, [each.arrived for each in measured]),
            _ratio("... WhatsApp alone", bound, [each.whatsapp for each in measured]),
            Figure(name=f"refusals, {told}", value=max(refusals), at_most=0, runs=refusals),
        ]
    figures += _jitter(repetitions)
    keys = " and ".join(f"{count} × {messages} {name}" for name, count, messages in _KEYS)
    return Report(
        name="mixed",
        about=(
            f"keys × messages: {keys}; one account, 2 per 1 s and 120 per 60 s; time runs "
            f"{_SCALE:g} times as fast, latency too; {repetitions} repetitions, refusals: the worst"
        ),
        figures=tuple(figures),
        settings={
            "scale": _SCALE,
            "messages": sum(count * messages for _, count, messages in _KEYS),
            "lower_bound_unscaled": _lower_bound(),
            "repetitions": repetitions,
        },
    )


def _jitter(repetitions: int) -> Iterator[Figure]:
    """The account's quotas over a network with jitter, exactly and with a capped hold."""
    bound = _span(ACCOUNT_QUOTAS[0], _ON_THE_ACCOUNT) / _SCALE
    low, high = (seconds / _SCALE for seconds in _JITTER)
    capped = Quota(2, 1.0, settle_within=_CAP)
    for told, quotas in (
        ("as documented", ACCOUNT_QUOTAS),
        (f"freed after {_CAP:g} s", (capped, ACCOUNT_QUOTAS[1])),
    ):
        scaled = [quota.scaled(_SCALE) for quota in quotas]
        runs: list[_Run] = []
        for seed in range(repetitions):
            messages = (
                SendMessage(contact_id=number, text="x") for number in range(1, _ON_THE_ACCOUNT + 1)
            )
            limits = LimiterRegistry(account=scaled)
            latency = Latency.uniform(low, high)
            runs.append(_campaign(_ACCOUNT_ALONE, latency, seed, limits, messages))
        refusals = tuple(run.refusals for run in runs)
        exact = 0 if quotas is ACCOUNT_QUOTAS else None
        yield _ratio(f"jitter, slots {told}: time ÷ bound", bound, [run.lasted for run in runs])
        yield Figure(
            name=f"... refusals of {_ON_THE_ACCOUNT}",
            value=max(refusals),
            at_most=exact,
            runs=refusals,
        )


def _lower_bound() -> float:
    """The least number of real-life seconds from the first arrival to the last one.

    Nothing combined binds harder: the account's two quotas allow the same rate, and 120 in a
    minute admits no burst that 2 in a second does not forbid already.
    """
    everything = sum(count * messages for _, count, messages in _KEYS)
    bounds = [_span(quota, everything) for quota in ACCOUNT_QUOTAS]
    bounds += [_span(MESSENGER_QUOTAS[name], messages) for name, _, messages in _KEYS]
    return max(bounds)


def _span(quota: Quota, messages: int) -> float:
    return (math.ceil(messages / quota.limit) - 1) * quota.period


def _ratio(name: str, bound: float, seconds: Iterable[float]) -> Figure:
    shares = tuple(each / bound for each in seconds)
    return Figure(name=name, value=median(shares), runs=shares)


def _of_the_ideal(runs: Sequence[_Run]) -> Figure:
    """The makespans ÷ what the account's limits let a client have that is never refused."""
    count = sum(count * messages for _, count, messages in _KEYS)
    shares = tuple(
        each.lasted
        / ideal_times(
            ACCOUNT_QUOTAS[0].scaled(_SCALE),
            partial(_one_of, each.round_trips),
            keys=1,
            messages=count,
            seeds=_IDEAL_SEEDS,
        ).last_answer
        for each in runs
    )
    name = "... ÷ ideal rule over the round trips measured"
    return Figure(name=name, value=median(shares), at_most=_BAR, runs=shares)


def _one_of(seconds: Sequence[float], rng: random.Random) -> float:
    return rng.choice(seconds)


def _campaign(
    rules: SimulatorLimits,
    latency: Latency,
    seed: int,
    limits: LimiterRegistry,
    messages: Iterable[SendMessage],
) -> _Run:
    with simulator(rules.scaled(_SCALE), latency, seed) as server:
        lasted, round_trips = asyncio.run(_send(server.base_url, limits, messages))
        seen = server.report()
    moments = [at for _, _, at in seen.arrivals]
    whatsapp = [at for _, messenger, at in seen.arrivals if messenger == "whatsapp"]
    return _Run(
        lasted,
        max(moments) - min(moments),
        max(whatsapp, default=math.nan) - min(moments),
        seen.verdict.refusals,
        round_trips,
    )


async def _send(
    base_url: str, limits: LimiterRegistry, messages: Iterable[SendMessage]
) -> tuple[float, list[float]]:
    """Send everything; seconds it took, and those that each message was on the wire."""
    round_trips: list[float] = []
    time = asyncio.get_running_loop().time
    async with CleverAppClient(
        TOKEN, base_url=base_url, config=ClientConfig(), limits=limits
    ) as client:
        started = time()
        async for outcome in client.send_many(messages):
            assert outcome.receipt is not None, f"not accepted: {outcome}"
            round_trips.append(outcome.receipt.on_wire)
        lasted = time() - started
    return lasted, round_trips


def _messages(seed: int) -> Iterator[SendMessage]:
    """All messages of all keys, well mixed."""
    rows: list[tuple[int, str, int]] = []
    bot_id = 0
    for messenger, count, messages in _KEYS:
        for _ in range(count):
            bot_id += 1
            rows += [(bot_id, messenger, number) for number in range(messages)]
    random.Random(seed).shuffle(rows)
    for bot, messenger, number in rows:
        yield SendMessage(
            bot_id=bot,
            messenger=messenger,
            contact_external_id=f"7999{number:07}",
            text=f"message {number}",
        )
