"""Is a message sent twice, lost, or refused for a limit, when the process is killed?

Campaigns over a ``SqliteJournal`` run in processes of their own and are killed with SIGKILL, at
random moments and at every point beside a commit, several times each, then resumed to the end.
The simulator's log of arrivals is the judge, and it enforces its limits. Two other ways of keeping
track are killed at random moments beside it. In windows so long that a resume always begins within
them: the same with limiters that are told nothing of earlier runs, and DBOS. What a SIGKILL does
not show is a loss of power: there the disk's word counts.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from attrs import define, evolve, field, frozen

from cleverapp_async.journal import JournalState
from cleverapp_async.simulator import Latency, Simulator
from tests.bulk.journal.kill.campaign import KEYS, TASK, Run, server_limits
from tests.bulk.journal.kill.points import CrashPoint
from tests.bulk.journal.kill.rig import Campaign, Death, Zygote, deliveries, zygote

from ._naive import CURSOR_FIRST, RECORD_AFTER
from ._report import Figure, Report, Series
from ._server import TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["run"]

_MESSAGES = 400
_IN_FLIGHT = 20
_QUOTA = (20, 0.4)
_LATENCY = "lognormal:2ms:0.7"
_KILLS = 200
_RANDOM_KILLS = 3
_POINTS_SENDING = 2
_NAIVE_CAMPAIGNS = 6
_NAIVE_KILLS = _RANDOM_KILLS + _POINTS_SENDING + 2

_UNPRIMED = "not primed"
_THROUGH_DBOS = "benchmarks._dbos:through_dbos"
_LONG_QUOTA = (10, 3.0)
_LONG_MESSAGES = 240
_LONG_CAMPAIGNS = 2
_LONG_DEATHS = (40, 30, 50, 40)
"""After how many answers a run dies, against DBOS, which needs seconds to start again."""

_POINTS = tuple(CrashPoint)
_FIRST_SENDING = _POINTS.index(CrashPoint.BEFORE_INTENT)
_FIRST_CLOSING = _POINTS.index(CrashPoint.CLOSING)
_LOADING = _POINTS[:_FIRST_SENDING]
_SENDING = _POINTS[_FIRST_SENDING:_FIRST_CLOSING]
_CLOSING = _POINTS[_FIRST_CLOSING:]

_NTH = {
    CrashPoint.READING: _MESSAGES,
    CrashPoint.BEFORE_INTENT: 4,
    CrashPoint.AFTER_INTENT: 4,
    CrashPoint.BEFORE_WIRE: 40,
    CrashPoint.ANSWERED: 40,
    CrashPoint.BEFORE_RESULT: 4,
    CrashPoint.AFTER_RESULT: 4,
    CrashPoint.RECORDED: 40,
}
"""At which time a run dies at a point, at the latest; at the first where nothing is said."""


@define
class _Found:
    """What all campaigns over the journal came to."""

    kills: Counter[str] = field(factory=Counter[str])
    unknown: list[int] = field(factory=list[int])
    arrived: int = 0
    duplicates: int = 0
    refusals: int = 0
    broken: list[str] = field(factory=list[str])

    def add(self, campaign: Campaign) -> None:
        """Sum a finished campaign up."""
        self.kills += campaign.kills
        self.unknown += campaign.unknown
        self.duplicates += campaign.standing.duplicates
        self.arrived += campaign.standing.unknown_delivered
        self.refusals += campaign.simulator.referee().refusals
        self.broken += campaign.broken


@define
class _Naive:
    """What all campaigns of another way came to."""

    kills: int = 0
    duplicates: int = 0
    lost: int = 0
    refusals: int = 0

    def judge(self, simulator: Simulator, messages: int) -> None:
        """Sum a finished campaign up."""
        delivered = deliveries(simulator)
        self.duplicates += delivered.total() - len(delivered)
        self.lost += messages - len(delivered)
        self.refusals += simulator.referee().refusals


def run(repetitions: int) -> Report:
    """Kill campaigns.

    Args:
        repetitions: How many campaigns.
    """
    found, naive = asyncio.run(_run(repetitions))
    for line in found.broken:
        print(line)
    kills = found.kills.total()
    figures = [
        Figure(name="kills", value=kills, at_least=_KILLS),
        Figure(name="duplicates", value=found.duplicates, at_most=0),
        Figure(
            name="silent losses and other contradictions to the server's log",
            value=len(found.broken),
            at_most=0,
        ),
        Figure(name="refusals for a limit", value=found.refusals, at_most=0),
        Figure(name="UNKNOWN per kill, most", value=max(found.unknown), at_most=_IN_FLIGHT),
        Figure(name="... mean", value=mean(found.unknown)),
        Figure(name="UNKNOWN in all", value=sum(found.unknown)),
        Figure(name="... of these delivered", value=found.arrived),
        *_by_point(found.kills),
        *_beside("record after send", naive[RECORD_AFTER]),
        *_beside("cursor moved when a batch is fetched", naive[CURSOR_FIRST]),
        *_beside("long windows, ours", naive[TASK], most_refusals=0),
        *_beside("long windows, ours, limiters not primed", naive[_UNPRIMED]),
        *_beside("long windows, DBOS", naive[_THROUGH_DBOS]),
    ]
    return Report(
        name="kill",
        about=(
            f"{repetitions} campaigns of {_MESSAGES} messages, {_IN_FLIGHT} in flight, {KEYS} "
            "keys, each killed several times with SIGKILL and resumed to the end; the other two: "
            f"{_NAIVE_CAMPAIGNS} campaigns each, killed {_NAIVE_KILLS} times at random; in long "
            f"windows: {_LONG_CAMPAIGNS} campaigns of {_LONG_MESSAGES} messages, each killed "
            f"{len(_LONG_DEATHS)} times at an answer"
        ),
        figures=tuple(figures),
        series=(
            _series("ours", found.duplicates, len(found.broken), found.refusals),
            *(
                _series(name, each.duplicates, each.lost, each.refusals)
                for name, each in (
                    ("record after send", naive[RECORD_AFTER]),
                    ("cursor moved when a batch is fetched", naive[CURSOR_FIRST]),
                    ("DBOS, long windows", naive[_THROUGH_DBOS]),
                )
            ),
        ),
        settings={
            "campaigns": repetitions,
            "messages": _MESSAGES,
            "in_flight": _IN_FLIGHT,
            "limit": _QUOTA[0],
            "period": _QUOTA[1],
            "latency": _LATENCY,
            "naive_campaigns": _NAIVE_CAMPAIGNS,
            "naive_kills": _NAIVE_KILLS,
            "long_limit": _LONG_QUOTA[0],
            "long_period": _LONG_QUOTA[1],
        },
    )


def _by_point(kills: Counter[str]) -> Iterator[Figure]:
    names = [Death(after=0).name, *(point.value for point in _POINTS)]
    for name in names:
        yield Figure(name=f"kills {name}", value=kills[name])


def _series(name: str, duplicates: int, lost: int, refusals: int) -> Series:
    points = (("sent twice", duplicates), ("lost", lost), ("refused for a limit", refusals))
    return Series(plot="kill", name=name, points=points)


def _beside(name: str, naive: _Naive, *, most_refusals: int | None = None) -> Iterator[Figure]:
    yield Figure(name=f"{name}: kills", value=naive.kills)
    yield Figure(name="... duplicates", value=naive.duplicates)
    yield Figure(name="... lost, and nobody told", value=naive.lost)
    yield Figure(name="... refusals for a limit", value=naive.refusals, at_most=most_refusals)


@frozen
class _World:
    """Where everything happens."""

    simulator: Simulator
    zygote: Zygote
    folder: Path
    messages: int

    async def first(self, name: str, *, primed: bool = True) -> Run:
        """A run of a new campaign, once the windows of the one before are over."""
        quota = _QUOTA if self.messages == _MESSAGES else _LONG_QUOTA
        await asyncio.sleep(quota[1])
        self.simulator.clear_arrivals()
        return Run(
            journal=str(self.folder / name),
            base_url=self.simulator.base_url,
            api_token=TOKEN,
            messages=self.messages,
            in_flight=_IN_FLIGHT,
            quota=quota,
            primed=primed,
        )


async def _run(campaigns: int) -> tuple[_Found, dict[str, _Naive]]:
    tasks = ("tests.bulk.journal.kill.campaign", "benchmarks._naive", "benchmarks._dbos")
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        mother = stack.enter_context(zygote(tasks))
        short, long = [
            await stack.enter_async_context(
                Simulator(
                    api_token=TOKEN, limits=server_limits(quota), latency=Latency.parse(_LATENCY)
                )
            )
            for quota in (_QUOTA, _LONG_QUOTA)
        ]
        world = _World(short, mother, folder, _MESSAGES)
        found = await _journalled(world, campaigns)
        naive = {task: await _naive(world, task) for task in (RECORD_AFTER, CURSOR_FIRST)}
        world = _World(long, mother, folder, _LONG_MESSAGES)
        naive[TASK] = await _ours_in_long_windows(world)
        naive[_UNPRIMED] = await _ours_in_long_windows(world, primed=False)
        naive[_THROUGH_DBOS] = await _dbos(world)
    return found, naive


async def _journalled(world: _World, campaigns: int) -> _Found:
    found, rng = _Found(), random.Random(0)
    run = await world.first("whole.db")
    started = time.perf_counter()
    whole = Campaign(world.simulator, world.zygote, run)
    await whole.finish()
    lasts = time.perf_counter() - started
    found.add(whole)
    for number in range(campaigns):
        run = await world.first(f"{number}.db")
        campaign = Campaign(world.simulator, world.zygote, run)
        for point in _points(number, rng):
            share = campaign.standing.left / _MESSAGES if campaign.standing.complete else 1.0
            await campaign.live(_death(point, rng, lasts, share))
        await campaign.finish()
        found.add(campaign)
    return found


async def _ours_in_long_windows(world: _World, *, primed: bool = True) -> _Naive:
    """Our own campaigns, killed like those of DBOS."""
    found = _Naive()
    for number in range(_LONG_CAMPAIGNS):
        run = await world.first(f"long {number} {primed}.db", primed=primed)
        campaign = Campaign(world.simulator, world.zygote, run)
        for answers in _LONG_DEATHS:
            await campaign.live(Death(at=CrashPoint.ANSWERED, nth=answers))
        await campaign.finish()
        found.kills += campaign.kills.total()
        found.judge(world.simulator, _LONG_MESSAGES)
        # What may have arrived and did not is listed as UNKNOWN: that is no loss without a word.
        told = campaign.standing.states[JournalState.UNKNOWN] - campaign.standing.unknown_delivered
        found.lost -= told
    return found


async def _dbos(world: _World) -> _Naive:
    """Campaigns in a queue of DBOS, killed at the same answers."""
    found = _Naive()
    for number in range(_LONG_CAMPAIGNS):
        run = await world.first(f"dbos {number}.db")
        for answers in _LONG_DEATHS:
            given = evolve(run, die_at=CrashPoint.ANSWERED.name, nth=answers).given()
            found.kills += await world.zygote.live(_THROUGH_DBOS, given) < 0
        assert await world.zygote.live(_THROUGH_DBOS, run.given()) == 0
        found.judge(world.simulator, _LONG_MESSAGES)
    return found


def _points(number: int, rng: random.Random) -> Iterable[CrashPoint | None]:
    """Where a campaign dies, in order; None stands for a random moment."""
    first = number * _POINTS_SENDING
    sending: list[CrashPoint | None] = [None] * _RANDOM_KILLS
    sending += (_SENDING[each % len(_SENDING)] for each in range(first, first + _POINTS_SENDING))
    rng.shuffle(sending)
    return (_LOADING[number % len(_LOADING)], *sending, _CLOSING[number % len(_CLOSING)])


def _death(point: CrashPoint | None, rng: random.Random, lasts: float, share: float) -> Death:
    """The details of a death, of a run with that share of its messages left to send."""
    if point is None:
        return Death(after=_moment(rng, lasts, share))
    return Death(at=point, nth=rng.randint(1, _NTH.get(point, 1)))


def _moment(rng: random.Random, lasts: float, share: float) -> float:
    """Seconds from the start of a run to a random moment of its first two thirds."""
    return rng.uniform(0.0, lasts * share * 2 / 3)


async def _naive(world: _World, task: str) -> _Naive:
    """Campaigns of another way, each killed a few times, then left to end."""
    found, rng, name = _Naive(), random.Random(0), task.split(":")[1]
    given = (await world.first(name)).given()
    started = time.perf_counter()
    assert await world.zygote.live(task, given) == 0
    lasts = time.perf_counter() - started
    for number in range(_NAIVE_CAMPAIGNS):
        given = (await world.first(f"{name} {number}")).given()
        for _ in range(_NAIVE_KILLS):
            share = 1 - len(deliveries(world.simulator)) / _MESSAGES
            found.kills += await world.zygote.live(task, given, _moment(rng, lasts, share)) < 0
        assert await world.zygote.live(task, given) == 0
        found.judge(world.simulator, _MESSAGES)
    return found
