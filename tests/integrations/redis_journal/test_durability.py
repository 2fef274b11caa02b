"""Which Redis is trusted with a campaign, and what a journal does when it fails."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, cast

import pytest

from cleverapp_async import CleverAppClient, JournalError, LimiterRegistry, Quota
from cleverapp_async.integrations.redis_journal import RedisJournal
from cleverapp_async.journal import JournalState, JournalUnreachableError, JournalWriteError
from cleverapp_async.simulator import Latency, Simulator, SimulatorLimits
from tests.integrations.rig import ORIGIN, load, message, messages, states
from tests.redis_server import redis_server

if TYPE_CHECKING:
    from pathlib import Path

    from cleverapp_async import SendOutcome
    from cleverapp_async.limits import RedisCommands
    from tests.redis_server import Engine


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"appendfsync": "everysec"}, "appendfsync.*everysec"),
        ({"appendonly": "no"}, "appendonly"),
        ({"rename-command": "CONFIG hidden"}, "verify=False"),
    ],
)
async def test_a_redis_that_may_lose_its_last_second_is_refused_unless_told(
    tmp_path: Path, settings: dict[str, str], match: str
) -> None:
    """``durable=False`` takes what a crash of Redis may cost; nothing takes it silently."""
    with redis_server(tmp_path, settings) as server:
        async with RedisJournal(server.url, "c") as journal:
            with pytest.raises(JournalError, match=match):
                await load(journal, messages(3))
        async with RedisJournal(server.url, "c", durable=False) as journal:
            await load(journal, messages(3))
        async with RedisJournal(server.url, "c", verify=False) as journal:
            await journal.chunk(0).open(ORIGIN)
        async with RedisJournal(server.url, "c") as journal:
            with pytest.raises(JournalError, match=match):
                await journal.chunk(0).open(ORIGIN)


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-lru", "volatile-ttl"])
async def test_a_redis_that_evicts_keys_is_always_refused(
    tmp_path: Path, engine: Engine, policy: str
) -> None:
    """An entry that is dropped for room would be lost silently, or sent twice."""
    with redis_server(tmp_path, {"maxmemory-policy": policy}, engine=engine) as server:
        async with RedisJournal(server.url, "c", durable=False, verify=False) as journal:
            with pytest.raises(JournalError, match="noeviction"):
                await load(journal, messages(3))


@pytest.mark.parametrize("hidden", ["INFO", "CONFIG"])
async def test_a_policy_that_cannot_be_read_is_refused_unless_told(
    tmp_path: Path, engine: Engine, hidden: str
) -> None:
    """Without INFO nobody knows of evictions; without CONFIG, INFO still tells of them."""
    with redis_server(tmp_path, engine=engine) as server:
        async with server.client() as redis:
            rights = f"reset on >pw ~* +@all -{hidden.lower()}"
            await cast("RedisCommands", redis).execute_command(
                "ACL", "SETUSER", "hidden", *rights.split()
            )
        url = f"redis://hidden:pw@127.0.0.1:{server.port}/0"
        async with RedisJournal(url, "c") as journal:
            with pytest.raises(JournalError, match="verify=False"):
                await load(journal, messages(3))
        async with RedisJournal(url, "c", verify=False) as journal:
            await load(journal, messages(3))
        async with server.client() as redis:
            await redis.config_set("maxmemory-policy", "volatile-lru")
        async with RedisJournal(url, "d", verify=False) as journal:
            if hidden == "CONFIG":
                with pytest.raises(JournalError, match="volatile-lru"):
                    await load(journal, messages(3))
            else:
                await load(journal, messages(3))


async def test_a_full_memory_is_told_at_once(tmp_path: Path, engine: Engine) -> None:
    """Waiting makes no room: the error says what does."""
    with redis_server(tmp_path, {"maxmemory": "1"}, engine=engine) as server:
        async with RedisJournal(server.url, "c") as journal, asyncio.timeout(20):
            with pytest.raises(JournalError, match="maxmemory"):
                await load(journal, messages(3))


async def test_a_replica_is_refused(tmp_path: Path) -> None:
    """What a replica is given is lost with the next word of its master."""
    with redis_server(tmp_path, {"replicaof": "127.0.0.1 1"}) as server:
        async with RedisJournal(server.url, "c") as journal:
            with pytest.raises(JournalError, match="replica"):
                await load(journal, messages(3))


async def test_a_redis_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Every question ends in an error that names the campaign and the cause."""
    with redis_server(tmp_path) as server:
        url = server.url
    async with RedisJournal(url, "spring") as journal:
        with pytest.raises(JournalUnreachableError, match="'spring'"):
            await load(journal, messages(3))
        with pytest.raises(JournalUnreachableError):
            await journal.summary()


async def _send(client: CleverAppClient, journal: RedisJournal, told: list[SendOutcome]) -> None:
    async for outcome in client.run_campaign(journal.chunk(0)):
        told.append(outcome)  # noqa: PERF401 - others look at it meanwhile


def _client(simulator: Simulator) -> CleverAppClient:
    limits = LimiterRegistry(messengers={"telegram": Quota(40, 0.2)}, account=None)
    return CleverAppClient(simulator.api_token, base_url=simulator.base_url, limits=limits)


async def _some(told: list[SendOutcome], count: int) -> None:
    async with asyncio.timeout(20):
        while len(told) < count:  # noqa: ASYNC110 - a list gives no sign
            await asyncio.sleep(0.005)


async def test_a_run_outlives_a_crash_of_redis(tmp_path: Path) -> None:
    """Killed and started again in mid-run, Redis costs time, and no message."""
    async with Simulator(limits=SimulatorLimits.none(), latency=Latency.parse("5ms")) as simulator:
        with redis_server(tmp_path) as server:
            async with (
                _client(simulator) as client,
                RedisJournal(server.url, "c", chunk_size=300) as journal,
            ):
                await journal.load(
                    [message(number) for number in range(300)], origin=client.base_url
                )
                told: list[SendOutcome] = []
                running = asyncio.create_task(_send(client, journal, told))
                await _some(told, 60)
                server.kill()
                reached = len(simulator.deliveries)
                await asyncio.to_thread(server.start)
                await running
                assert await states(journal) == {JournalState.ACCEPTED: 300}
    arrived = Counter(each.parameters["text"] for each in simulator.deliveries)
    assert 60 <= reached < 300
    assert len(arrived) == 300
    assert set(arrived.values()) == {1}


async def test_a_run_without_redis_sends_nothing_and_is_resumed(tmp_path: Path) -> None:
    """Once patience is over the run ends; when Redis is back the rest is sent, nothing twice."""
    async with Simulator(limits=SimulatorLimits.none(), latency=Latency.parse("5ms")) as simulator:
        with redis_server(tmp_path) as server:
            async with (
                _client(simulator) as client,
                RedisJournal(server.url, "c", chunk_size=300, patience=1.5, lease=0.5) as journal,
            ):
                await journal.load(
                    [message(number) for number in range(300)], origin=client.base_url
                )
                told: list[SendOutcome] = []
                running = asyncio.create_task(_send(client, journal, told))
                await _some(told, 60)
                server.kill()
                with pytest.raises(JournalWriteError, match="resume"):
                    await running
                reached = len(simulator.deliveries)
                await asyncio.to_thread(server.start)
                async with asyncio.timeout(20):
                    while await journal.holders():  # noqa: ASYNC110 - only Redis knows
                        await asyncio.sleep(0.02)
                await _send(client, journal, told)
                found = await states(journal)
    arrived = Counter(each.parameters["text"] for each in simulator.deliveries)
    assert 60 <= reached < 300
    assert max(arrived.values()) == 1
    assert found[JournalState.ACCEPTED] + found[JournalState.UNKNOWN] == 300
    assert found[JournalState.UNKNOWN] < 60
