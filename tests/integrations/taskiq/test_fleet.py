"""Whole fleets: producer, workers and status as processes of their own, judged by arrivals."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from cleverapp_async.integrations.redis_journal import RedisJournal
from cleverapp_async.journal import JournalState
from cleverapp_async.simulator import Latency, Simulator, SimulatorLimits
from tests.integrations.taskiq.fleet import Fleet, FleetReport, run_fleet
from tests.redis_server import redis_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path


def _check(report: FleetReport) -> None:
    """Nothing lost, nothing twice, nothing untold, and the status command says the same."""
    assert report.duplicates == 0
    assert report.lost == ()
    assert set(report.states) <= {JournalState.ACCEPTED, JournalState.UNKNOWN}
    assert sum(report.states.values()) == report.messages
    unknown = report.states.get(JournalState.UNKNOWN, 0)
    code, said = report.status
    assert code == (4 if unknown else 0)
    assert said["left"] == {}
    assert said["states"] == {state.value: report.states.get(state, 0) for state in JournalState}


async def test_workers_that_are_killed_lose_and_repeat_nothing(tmp_path: Path) -> None:
    """Four SIGKILLs, one a second, over three workers: the campaign ends and every message is told.

    Accepted ones arrived exactly once, unknown ones at most once.
    """
    asyncio.get_running_loop().set_debug(False)
    report = await run_fleet(tmp_path, messages=500, most_kills=4, rate=50)
    _check(report)
    assert report.kills >= 3


@pytest.mark.soak
@pytest.mark.timeout(600)
async def test_two_thousand_messages_over_workers_killed_every_second(tmp_path: Path) -> None:
    """The same with 2,000 messages and a kill every second to the end."""
    asyncio.get_running_loop().set_debug(False)
    report = await run_fleet(tmp_path, messages=2_000)
    _check(report)
    assert report.kills >= 10


class Scene:
    """A fleet step by step."""

    def __init__(self, simulator: Simulator, journal: RedisJournal, fleet: Fleet) -> None:
        self.simulator = simulator
        self.journal = journal
        self.fleet = fleet

    def arrived(self) -> Counter[object]:
        """How often each text arrived."""
        return Counter(each.parameters["text"] for each in self.simulator.deliveries)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something to come true."""
        async with asyncio.timeout(120):
            while not condition():  # noqa: ASYNC110 - it gives no sign
                await asyncio.sleep(0.02)

    async def until_done(self) -> None:
        """Wait until nothing is left."""
        async with asyncio.timeout(120):
            while await self.journal.left():  # noqa: ASYNC110 - only Redis knows
                await asyncio.sleep(0.05)

    async def until_acknowledged(self) -> None:
        """Wait until no task is in anybody's hands: each has ended, or was given back."""
        async with asyncio.timeout(120):
            while (await self._unacknowledged())["pending"]:  # noqa: ASYNC110 - only Redis knows
                await asyncio.sleep(0.05)

    async def _unacknowledged(self) -> dict[str, int]:
        reply = await self.journal._client.execute("XPENDING", "fleet", "taskiq")
        assert isinstance(reply, dict)
        return reply

    async def states(self) -> Counter[JournalState]:
        """How many are in which state."""
        return Counter([entry.state async for entry in self.journal.entries()])


@pytest.fixture(name="scene")
async def _scene(tmp_path: Path) -> AsyncIterator[Scene]:
    asyncio.get_running_loop().set_debug(False)
    async with Simulator(limits=SimulatorLimits.none(), latency=Latency.parse("30ms")) as simulator:
        with redis_server(tmp_path) as redis:
            environment = {
                **os.environ,
                "CLEVERAPP_API_TOKEN": simulator.api_token,
                "CLEVERAPP_BASE_URL": simulator.base_url,
                "REDIS_URL": redis.url,
                "FLEET_RATE": "40",
                "FLEET_LEASE": "0.6",
                "FLEET_IDLE": "1000",
            }
            fleet = Fleet(environment, tmp_path / "workers.log")
            async with RedisJournal(redis.url, "scene") as journal:
                try:
                    yield Scene(simulator, journal, fleet)
                finally:
                    await fleet.clear()


async def test_a_worker_that_was_stopped_and_goes_on_sends_nothing_more(scene: Scene) -> None:
    """Others take its chunk over; when it wakes it may not send, and tells what it knows."""
    await scene.fleet.run("-m", "tests.integrations.taskiq.producer", "scene", "100")
    slow = await scene.fleet.hire()
    await scene.until(lambda: len(scene.simulator.deliveries) >= 20)
    os.killpg(slow.pid, signal.SIGSTOP)
    reached = len(scene.simulator.deliveries)
    await scene.fleet.hire()
    await scene.until_done()
    os.killpg(slow.pid, signal.SIGCONT)
    await scene.until_acknowledged()
    assert reached < 100
    assert max(scene.arrived().values()) == 1
    states = await scene.states()
    assert states[JournalState.ACCEPTED] + states[JournalState.UNKNOWN] == 100
    assert states[JournalState.ACCEPTED] <= len(scene.arrived()) <= 100


async def test_a_worker_that_is_told_to_end_gives_the_rest_back(scene: Scene) -> None:
    """On SIGTERM what is on the wire ends, nothing is unknown, and the next worker goes on."""
    await scene.fleet.run("-m", "tests.integrations.taskiq.producer", "scene", "150")
    worker = await scene.fleet.hire()
    await scene.until(lambda: len(scene.simulator.deliveries) >= 20)
    worker.send_signal(signal.SIGTERM)
    with suppress(TimeoutError):
        await asyncio.wait_for(worker.wait(), 120)
    assert worker.returncode is not None
    states = await scene.states()
    assert states[JournalState.UNKNOWN] == states[JournalState.INTENT] == 0
    assert 20 <= states[JournalState.ACCEPTED] == len(scene.arrived()) < 150
    assert await scene.journal.holders() == {}
    scene.fleet.workers.remove(worker)
    await scene.fleet.hire()
    await scene.until_done()
    assert await scene.states() == {JournalState.ACCEPTED: 150}
    assert set(scene.arrived().values()) == {1}
