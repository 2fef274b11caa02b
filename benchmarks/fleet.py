"""Do many processes keep one quota together, exactly, fully, and through every kind of outage?

Four processes send through the real client to the simulator in a process of its own, which counts
arrivals in a sliding window; each way takes a lognormal time. A redis-server of the benchmark's own
holds the limits. The Redis backends of two other libraries take the place of ours in the same run.
"""

from __future__ import annotations

import asyncio
import heapq
import multiprocessing
import random
import time
from statistics import mean, median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from cleverapp_async import (
    CleverAppClient,
    DeadlineExceededError,
    LimiterRegistry,
    LimiterUnavailableError,
    Quota,
)
from cleverapp_async.simulator import Latency, SimulatorLimits

from ._fleet import (
    LIMITS,
    ON_DISK,
    OURS,
    PYRATE,
    PYRATE_ON_DISK,
    Count,
    Part,
    send_part,
    wait_part,
)
from ._redis import RedisServer, forget_scripts, redis_server, scripts_run
from ._report import Figure, Report
from ._server import TOKEN, bare_server, simulator

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.process import BaseProcess

__all__ = ["run"]

_PROCESSES, _MANY = 4, 20
_SCARCE, _RESTING = Quota(1, 10.0), 15.0
_KEY, _KEY_MESSAGES = Quota(10, 1.0), 50
_ACCOUNT, _ACCOUNT_MESSAGES = Quota(2, 1.0), 12
_LATENCY = Latency.lognormal(0.05, 1.0)
_IDEAL_SEEDS = 200
_TROUBLED_MESSAGES, _TROUBLED_AFTER, _FROZEN, _GUARD = 25, 2.0, 3.0, 6.0
_SENDS, _AT_ONCE = 1_500, 50
_OPEN = Quota(1_000_000, 1.0)
_NOBODY = "redis://127.0.0.1:9/0"


@frozen
class _Run:
    """One campaign of a fleet.

    Attributes:
        refusals: Messages refused.
        most: The most arrivals in any window.
        lasted: Seconds from the first arrival to the last one.
        trips: Scripts run by Redis, or transactions on disk, per grant.
        accepted: Messages accepted.
    """

    refusals: int
    most: int
    lasted: float
    trips: float
    accepted: int


def run(repetitions: int) -> Report:
    """Measure everything.

    Args:
        repetitions: How many campaigns of each limiter and quota.
    """
    figures: list[Figure] = []
    with redis_server() as redis:
        # A server that has just started is not trusted for one period.
        time.sleep(_KEY.period)
        for told, quota, of_account, messages in (
            ("key", _KEY, False, _KEY_MESSAGES),
            ("account", _ACCOUNT, True, _ACCOUNT_MESSAGES),
        ):
            part = Part(OURS, "", redis.url, "", quota, messages, of_account=of_account)
            ideal = _ideal(quota, messages * _PROCESSES)
            bound = (-(-messages * _PROCESSES // quota.limit) - 1) * quota.period
            for limiter in (OURS, PYRATE, LIMITS):
                runs = [
                    _campaign(evolve(part, limiter=limiter), redis, seed)
                    for seed in range(repetitions)
                ]
                figures += _judged(f"{told}, {limiter}", runs, quota, ideal, bound)
    figures += _on_disk(repetitions)
    figures += _troubles()
    figures += asyncio.run(_never_there())
    figures += asyncio.run(_alone())
    return Report(
        name="fleet",
        about=(
            f"{_PROCESSES} processes; key: {_KEY.limit} per {_KEY.period:g} s, {_KEY_MESSAGES} "
            f"messages each; account: {_ACCOUNT.limit} per {_ACCOUNT.period:g} s, "
            f"{_ACCOUNT_MESSAGES} each; one-way latency lognormal (median 50 ms, sigma 1); "
            f"{repetitions} repetitions"
        ),
        figures=tuple(figures),
        settings={"processes": _PROCESSES, "repetitions": repetitions, "guard": _GUARD},
    )


def _judged(told: str, runs: list[_Run], quota: Quota, ideal: float, bound: float) -> list[Figure]:
    ours = told.endswith((OURS, ON_DISK))
    most = [each.most for each in runs]
    refusals = [each.refusals for each in runs]
    shares = [ideal / each.lasted for each in runs]
    trips = [each.trips for each in runs]
    figures = [
        Figure(
            name=f"most arrivals in any window, {told}",
            value=max(most),
            at_most=quota.limit if ours else None,
            runs=tuple(most),
        ),
        Figure(
            name=f"refusals, {told}",
            value=max(refusals),
            at_most=0 if ours else None,
            runs=tuple(refusals),
        ),
        Figure(
            name=f"share of the optimum, {told}",
            value=median(shares),
            at_least=(0.95 if ON_DISK in told else 0.9) if ours else None,
            runs=tuple(shares),
        ),
        Figure(
            name=f"... of the limits alone, no network, {told}",
            value=median(bound / each.lasted for each in runs),
        ),
    ]
    if told.endswith(PYRATE_ON_DISK):
        return figures  # nobody counts its transactions
    return [
        *figures,
        Figure(
            name=f"round trips to Redis, or transactions on disk, per grant, {told}",
            value=median(trips),
            at_most=1.0 if ours and str(_MANY) not in told else None,
            runs=tuple(trips),
        ),
    ]


def _ideal(quota: Quota, messages: int) -> float:
    """Seconds from first to last arrival of the rule that no limiter without refusals can beat.

    A slot is free one period after its answer, and everybody knows it at that moment.
    """
    return mean(_play(quota, messages, random.Random(seed)) for seed in range(_IDEAL_SEEDS))


def _play(quota: Quota, messages: int, rng: random.Random) -> float:
    free, arrivals = [0.0] * quota.limit, list[float]()
    for _ in range(messages):
        arrived = free[0] + _LATENCY.out.draw(rng)
        arrivals.append(arrived)
        heapq.heapreplace(free, arrived + _LATENCY.back.draw(rng) + quota.period)
    return max(arrivals) - min(arrivals)


def _campaign(
    part: Part,
    redis: RedisServer | None,
    seed: int,
    trouble: Callable[[list[BaseProcess]], object] | None = None,
    ahead: float = 0.0,
    *,
    processes: int = _PROCESSES,
    in_turn: int = 1,
) -> _Run:
    """One campaign; a trouble comes some time after its start."""
    quota = (part.quota.limit, part.quota.period)
    limits = SimulatorLimits(
        messengers=None if part.of_account else {"telegram": quota},
        account=(quota,) if part.of_account else None,
    )
    before = 0 if redis is None else scripts_run(redis)
    with simulator(limits, _LATENCY, seed) as server:
        parts = [evolve(part, base_url=server.base_url) for _ in range(processes)]
        parts[0] = evolve(parts[0], ahead=ahead)
        ended = [count for _ in range(in_turn) for count in _together(parts, trouble)]
        seen = server.report()
    times = [at for _, _, at in seen.arrivals]
    tallies = seen.verdict.account if part.of_account else seen.verdict.keys
    accepted, refused = sum(each.accepted for each in ended), sum(each.refused for each in ended)
    trips = sum(each.asked for each in ended)
    if redis is not None:
        trips = max(0, scripts_run(redis) - before)
    return _Run(
        refusals=refused,
        most=max(tally.most for tally in tallies),
        lasted=max(times) - min(times),
        trips=trips / max(1, accepted + refused),
        accepted=accepted,
    )


def _together(
    parts: list[Part],
    trouble: Callable[[list[BaseProcess]], object] | None = None,
    waiting: float = 0.0,
) -> list[Count]:
    """Start a process for each part, all at once, and wait for their ends."""
    spawning = multiprocessing.get_context("spawn")
    barrier, counts = spawning.Barrier(len(parts) + 1), spawning.Queue()
    processes: list[BaseProcess] = [
        spawning.Process(target=wait_part, args=(each, barrier, counts, waiting))
        if waiting
        else spawning.Process(target=send_part, args=(each, barrier, counts))
        for each in parts
    ]
    for process in processes:
        process.start()
    barrier.wait()
    if trouble is not None:
        time.sleep(_TROUBLED_AFTER)
        trouble(processes)
    for process in processes:
        process.join()
    return [counts.get() for process in processes if process.exitcode == 0]


def _on_disk(repetitions: int) -> list[Figure]:
    """The same without a server: few and many processes, one after another, and at rest."""
    figures: list[Figure] = []
    for processes in (_PROCESSES, _MANY):
        for told, quota, of_account, messages in (
            ("key", _KEY, False, _KEY_MESSAGES * _PROCESSES // processes),
            ("account", _ACCOUNT, True, max(2, _ACCOUNT_MESSAGES * _PROCESSES // processes)),
        ):
            ideal = _ideal(quota, messages * processes)
            bound = (-(-messages * processes // quota.limit) - 1) * quota.period
            for limiter in (ON_DISK, PYRATE_ON_DISK):
                runs = list[_Run]()
                for seed in range(repetitions):
                    with TemporaryDirectory() as folder:
                        part = Part(limiter, "", "", folder, quota, messages, of_account=of_account)
                        runs.append(_campaign(part, None, seed, processes=processes))
                name = f"{told}, {processes} processes, {limiter}"
                figures += _judged(name, runs, quota, ideal, bound)
    with TemporaryDirectory() as folder:
        part = Part(ON_DISK, "", "", folder, _KEY, _KEY.limit)
        after = _campaign(part, None, 0, processes=1, in_turn=2)
        resting = Part(ON_DISK, "", "", folder, _SCARCE, 0)
        counts = _together([resting] * _MANY, waiting=_RESTING)
    shares = [each.cpu / _RESTING for each in counts]
    figures += [
        Figure(name="refusals, two sends one after the other", value=after.refusals, at_most=0),
        Figure(name="... most arrivals in any window", value=after.most, at_most=_KEY.limit),
        Figure(
            name=f"share of a core used by one of {_MANY} processes that wait for one slot in 10 s",
            value=median(shares),
            at_most=0.01,
            runs=tuple(shares),
        ),
        Figure(
            name="... transactions of all of them per second",
            value=sum(each.asked for each in counts) / _RESTING,
            unit="/s",
        ),
    ]
    return figures


def _troubles() -> list[Figure]:
    """Each kind of trouble two seconds into a campaign on one key."""
    figures: list[Figure] = []
    everything = _PROCESSES * _TROUBLED_MESSAGES

    def freeze(redis: RedisServer) -> None:
        redis.freeze()
        time.sleep(_FROZEN)
        redis.thaw()

    def restart(redis: RedisServer) -> None:
        redis.kill()
        redis.start()

    troubles: dict[str, tuple[Callable[[RedisServer, list[BaseProcess]], object], float]] = {
        "none": (lambda _, __: None, 0.0),
        "one clock 0.5 s ahead": (lambda _, __: None, 0.5),
        f"frozen {_FROZEN:g} s": (lambda redis, _: freeze(redis), 0.0),
        "killed and restarted empty": (lambda redis, _: restart(redis), 0.0),
        "scripts forgotten": (lambda redis, _: forget_scripts(redis), 0.0),
        f"one process killed, guard {_GUARD:g} s": (lambda _, processes: processes[0].kill(), 0.0),
    }
    for name, (trouble, ahead) in troubles.items():
        with redis_server() as redis:
            time.sleep(_KEY.period)
            part = Part(OURS, "", redis.url, "", _KEY, _TROUBLED_MESSAGES, guard=_GUARD)
            seen = _campaign(
                part,
                redis,
                seed=1,
                trouble=lambda processes, do=trouble, on=redis: do(on, processes),  # type: ignore[misc]
                ahead=ahead,
            )
        survived = everything - (_TROUBLED_MESSAGES if "process" in name else 0)
        figures += [
            Figure(
                name=f"most arrivals in any window, {name}", value=seen.most, at_most=_KEY.limit
            ),
            Figure(name=f"... refusals, {name}", value=seen.refusals, at_most=0),
            Figure(name=f"... not accepted, {name}", value=survived - seen.accepted, at_most=0),
            Figure(name=f"... first to last arrival, {name}", value=seen.lasted, unit="s"),
        ]
    with redis_server() as redis:
        part = Part(PYRATE, "", redis.url, "", _KEY, _TROUBLED_MESSAGES)
        seen = _campaign(part, redis, seed=1, ahead=0.5)
    figures.append(
        Figure(name=f"... refusals, one clock 0.5 s ahead, {PYRATE}", value=seen.refusals)
    )
    return figures


async def _never_there() -> list[Figure]:
    """How long a send takes whose Redis is not there, and how it ends."""
    figures: list[Figure] = []
    for policy, deadline, error in (
        ("raise", None, LimiterUnavailableError),
        ("wait", 1.0, DeadlineExceededError),
    ):
        limits = LimiterRegistry.shared(_NOBODY, on_unavailable=policy)  # type: ignore[arg-type]
        async with (
            limits,
            CleverAppClient(TOKEN, base_url="http://127.0.0.1:9/api/v1", limits=limits) as client,
        ):
            started = time.perf_counter()
            try:
                await client.send_message(contact_id=1, text="Hi", deadline=deadline)
            except error:
                took = time.perf_counter() - started
            else:
                raise AssertionError("it was sent without its limits")
        told = "to the error" if deadline is None else f"to the deadline of {deadline:g} s"
        figures.append(
            Figure(
                name=f"never there, {policy}: seconds {told}",
                value=took,
                unit="s",
                at_most=(deadline or 0.0) + 0.5,
            )
        )
    return figures


async def _alone() -> list[Figure]:
    """Sends per second of one process, limits wide open: shared beside in-process, in turns."""
    rates: dict[str, list[float]] = {"shared": [], "in-process": []}
    quotas = {"telegram": _OPEN}
    with redis_server() as redis, bare_server(0) as server:
        for _ in range(5):
            async with LimiterRegistry.shared(redis.url, messengers=quotas, account=None) as shared:
                rates["shared"].append(await _rate(server.base_url, shared))
            own = LimiterRegistry(messengers=quotas, account=None)
            rates["in-process"].append(await _rate(server.base_url, own))
    ratios = [a / b for a, b in zip(rates["shared"], rates["in-process"], strict=True)]
    return [
        Figure(
            name="sends per second, shared ÷ in-process, limits wide open",
            value=median(ratios),
            runs=tuple(ratios),
        ),
        *(
            Figure(name=f"... {name}", value=median(values), unit="/s", runs=tuple(values))
            for name, values in rates.items()
        ),
    ]


async def _rate(base_url: str, limits: LimiterRegistry) -> float:
    async with CleverAppClient(TOKEN, base_url=base_url, limits=limits) as client:

        async def send(count: int) -> None:
            for number in range(count):
                await client.send_message(
                    bot_id=1, messenger="telegram", contact_external_id=str(number), text="Hi"
                )

        await asyncio.gather(*(send(2) for _ in range(_AT_ONCE)))
        started = time.perf_counter()
        await asyncio.gather(*(send(_SENDS // _AT_ONCE) for _ in range(_AT_ONCE)))
        return _SENDS / (time.perf_counter() - started)
