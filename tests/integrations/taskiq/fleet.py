"""A fleet on this machine: Redis, the simulator, a producer, workers that die, and a judge."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from asyncio.subprocess import Process
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import cast

from attrs import define, field, frozen

from cleverapp_async.integrations.redis_journal import RedisJournal
from cleverapp_async.journal import JournalState
from cleverapp_async.simulator import Latency, Simulator, SimulatorLimits
from tests.paths import ROOT
from tests.redis_server import redis_server

__all__ = ["Fleet", "FleetReport", "run_fleet"]

_CAMPAIGN = "fleet"
_PRODUCER = "tests.integrations.taskiq.producer"
_LOOKS_EVERY = 0.1


@frozen(kw_only=True)
class FleetReport:
    """What came of a campaign, judged by what arrived.

    Attributes:
        messages: How many it had.
        states: How many ended how, by the journal.
        duplicates: Messages that arrived more than once.
        lost: Messages of which the journal says something that the arrivals do not bear out.
        arrived_unknown: Unknown ones that did arrive.
        refusals: Messages that the server refused for its limit, by the way.
        kills: How many workers were killed.
        seconds: From the producer's start to the end.
        status: What the status command said at the end, and its exit code.
        seen: What the status command said on the way.
    """

    messages: int
    states: dict[JournalState, int]
    duplicates: int
    lost: tuple[str, ...]
    arrived_unknown: int
    refusals: int
    kills: int
    seconds: float
    status: tuple[int, dict[str, object]]
    seen: dict[str, object]


@define(eq=False)
class Fleet:
    """The processes.

    Attributes:
        environment: What they are given.
        log: Where the workers write.
    """

    environment: dict[str, str]
    log: Path
    workers: list[Process] = field(factory=list["Process"])

    async def run(self, *command: str) -> tuple[int, str]:
        """Run a program to its end; its exit code and what it printed."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *command,
            cwd=ROOT,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate()
        return process.returncode or 0, said.decode()

    async def status(self, address: str) -> tuple[int, dict[str, object]]:
        """What the status command says."""
        module = "cleverapp_async.integrations.taskiq"
        code, said = await self.run("-m", module, "status", address, "--json")
        return code, cast("dict[str, object]", json.loads(said)) if said else {}

    async def hire(self) -> Process:
        """Start one more worker, in a process group of its own."""
        with self.log.open("ab") as log:
            worker = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "taskiq",
                "worker",
                "tests.integrations.taskiq.worker:broker",
                "--workers",
                "1",
                "--max-async-tasks",
                "4",
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.workers.append(worker)
        return worker

    async def end(self, worker: Process, how: signal.Signals) -> None:
        """Send a signal to a worker and its children, and wait until it is gone."""
        with suppress(ProcessLookupError):
            os.killpg(worker.pid, how)
        await worker.wait()
        self.workers.remove(worker)

    async def clear(self) -> None:
        """End all that are left, at once."""
        for worker in list(self.workers):
            await self.end(worker, signal.SIGKILL)


async def run_fleet(
    folder: Path,
    *,
    messages: int,
    workers: int = 3,
    kill_every: float | None = 1.0,
    most_kills: int | None = None,
    seed: int = 1,
    rate: int = 100,
    limit: int | None = None,
    shared: bool = False,
) -> FleetReport:
    """A campaign over workers of which one is killed now and then, to its end.

    Args:
        folder: An empty folder.
        messages: How many.
        workers: How many at once: one that was killed is replaced.
        kill_every: Seconds between kills; None: none.
        most_kills: How many at most; None: until the end.
        seed: What chance decides by.
        rate: Messages per second that one worker sends at most, or all of them where they share it.
        limit: What the server takes in any second; None: everything.
        shared: Whether the workers share their limits through Redis.
    """
    limits = SimulatorLimits.none()
    if limit is not None:
        limits = SimulatorLimits(messengers={"telegram": (limit, 1.0)}, account=None)
    async with Simulator(
        limits=limits, latency=Latency.parse("lognormal:40ms:0.7"), seed=seed
    ) as simulator:
        with redis_server(folder) as redis:
            environment = {
                **os.environ,
                "CLEVERAPP_API_TOKEN": simulator.api_token,
                "CLEVERAPP_BASE_URL": simulator.base_url,
                "REDIS_URL": redis.url,
                "FLEET_RATE": str(rate),
                "FLEET_SHARED": str(int(shared)),
                "PYTHONPATH": str(ROOT),
            }
            fleet = Fleet(environment, folder / "workers.log")
            began = time.monotonic()
            try:
                await fleet.run("-m", _PRODUCER, _CAMPAIGN, str(messages))
                for _ in range(workers):
                    await fleet.hire()
                killer = asyncio.create_task(
                    _kill(fleet, kill_every, most_kills, random.Random(seed))
                )
                looker = asyncio.create_task(fleet.status(f"{redis.url}/{_CAMPAIGN}"))
                async with RedisJournal(redis.url, _CAMPAIGN) as journal:
                    while await journal.left():  # noqa: ASYNC110 - only Redis knows
                        await asyncio.sleep(_LOOKS_EVERY)
                    seconds = time.monotonic() - began
                    killer.cancel()
                    await asyncio.wait([killer])
                    kills = 0 if killer.cancelled() else killer.result()
                    _, seen = await looker
                    status = await fleet.status(f"{redis.url}/{_CAMPAIGN}")
                    return await _judge(simulator, journal, messages, kills, seconds, status, seen)
            finally:
                await fleet.clear()


async def _kill(fleet: Fleet, every: float | None, most: int | None, rng: random.Random) -> int:
    kills = 0
    with suppress(asyncio.CancelledError):
        while every is not None and (most is None or kills < most):
            await asyncio.sleep(every)
            await fleet.end(rng.choice(fleet.workers), signal.SIGKILL)
            kills += 1
            await fleet.hire()
    return kills


async def _judge(  # noqa: PLR0917 - the parts of one report
    simulator: Simulator,
    journal: RedisJournal,
    messages: int,
    kills: int,
    seconds: float,
    status: tuple[int, dict[str, object]],
    seen: dict[str, object],
) -> FleetReport:
    arrived = Counter(str(arrival.parameters.get("text")) for arrival in simulator.deliveries)
    states: Counter[JournalState] = Counter()
    lost: list[str] = []
    known: set[str] = set()
    unknown = 0
    async for entry in journal.entries():
        text = str(entry.message.text)
        known.add(text)
        states[entry.state] += 1
        if entry.state is JournalState.UNKNOWN:
            unknown += arrived[text]
        elif arrived[text] != (entry.state is JournalState.ACCEPTED):
            lost.append(f"{text}: {entry.state.value}, arrived {arrived[text]} time(s)")
    lost += [
        f"m{number}: not in the journal" for number in range(messages) if f"m{number}" not in known
    ]
    return FleetReport(
        messages=messages,
        states=dict(states),
        duplicates=sum(1 for count in arrived.values() if count > 1),
        lost=tuple(lost),
        arrived_unknown=unknown,
        refusals=simulator.referee().refusals,
        kills=kills,
        seconds=seconds,
        status=status,
        seen=seen,
    )
