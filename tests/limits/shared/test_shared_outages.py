"""Redis frozen, killed, emptied, never there: no overrun, and nobody hangs past a deadline."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, cast

import pytest
from redis.asyncio.cluster import RedisCluster

from cleverapp_async import (
    ClientConfig,
    DeadlineExceededError,
    LimiterUnavailableError,
    LimitKey,
    NotSentError,
    Outcome,
    Quota,
    Route,
)
from cleverapp_async.limits.shared.member import share_of
from cleverapp_async.simulator import Simulator, SimulatorLimits
from tests.late import check_took, in_time_once
from tests.limits.oracle import most_in_window
from tests.limits.shared.fleet import KEY, QUOTA, Arrivals, registry
from tests.raising import raises
from tests.redis_server import FORGETFUL, Engine, RedisServer, free_port, redis_server
from tests.transport.rig import client_of

if TYPE_CHECKING:
    from cleverapp_async.limits import RedisCommands

# Minutes of real time, and nothing that tells the servers apart: the laws run on both.
ONE_ENGINE = True

NOBODY = "redis://127.0.0.1:1/0"


def now() -> float:
    """The loop's clock, seconds."""
    return asyncio.get_running_loop().time()


async def test_an_unknown_script_is_sent_again(own_server: RedisServer, prefix: str) -> None:
    """After the server forgot its scripts, everything goes on."""
    arrivals = Arrivals()
    async with own_server.client() as redis, registry(own_server.url, prefix) as limits:
        await arrivals.send_all(3, limits)
        await redis.script_flush()
        await arrivals.send_all(3, limits)
    assert arrivals.most() == QUOTA.limit


@pytest.mark.parametrize("protocol", [2, 3])
async def test_both_protocols_are_spoken(server: RedisServer, prefix: str, protocol: int) -> None:
    """RESP2 and RESP3 alike, from a URL and with a client of one's own."""
    arrivals = Arrivals()
    async with (
        server.client(protocol) as redis,
        registry(f"{server.url}?protocol={protocol}", prefix) as one,
        registry(redis, prefix) as two,
    ):
        await arrivals.send_all(4, one, two)
        await two.close()
        assert await redis.ping()
    assert arrivals.most() == QUOTA.limit


async def test_a_cluster_takes_it_key_by_key(prefix: str, engine: Engine) -> None:
    """All keys of a script lie in one hash slot: a cluster refuses it otherwise."""
    arrivals = Arrivals()
    cluster_of_one = {"cluster-enabled": "yes", "cluster-port": str(free_port())}
    with redis_server(settings=FORGETFUL | cluster_of_one, engine=engine) as node:
        async with node.client() as redis:
            commands = cast("RedisCommands", redis)
            await commands.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16_383)
            async with asyncio.timeout(20):
                formed = ""
                while "cluster_state:ok" not in formed:
                    await asyncio.sleep(0.05)
                    formed = str(await commands.execute_command("CLUSTER", "INFO"))
        async with (
            RedisCluster(host="127.0.0.1", port=node.port) as cluster,
            registry(cluster, prefix) as limits,
        ):
            await arrivals.send_all(4, limits)
            await arrivals.send(limits, LimitKey(None, "telegram"))
    assert len(arrivals.moments) == 5


@pytest.mark.parametrize("seconds", [0.8])
async def test_a_frozen_server_is_waited_for(
    own_server: RedisServer, prefix: str, seconds: float
) -> None:
    """While it stands still nothing new is granted; afterwards nothing is lost, nothing overrun."""
    arrivals = Arrivals()
    async with (
        registry(own_server.url, prefix, timeout=0.1) as one,
        registry(own_server.url, prefix, timeout=0.1) as two,
    ):
        sending = asyncio.create_task(arrivals.send_all(8, one, two))
        await asyncio.sleep(0.3)
        own_server.freeze()
        await asyncio.sleep(seconds)
        own_server.thaw()
        async with asyncio.timeout(60):
            await sending
    assert len(arrivals.moments) == 16
    assert arrivals.most() == QUOTA.limit


async def test_a_server_that_comes_back_empty_waits_one_period(
    own_server: RedisServer, prefix: str
) -> None:
    """What it has forgotten is over by then, and what is on its way is told to it again."""
    quota = Quota(3, 1.0)
    arrivals = Arrivals()
    async with (
        registry(own_server.url, prefix, quota) as one,
        registry(own_server.url, prefix, quota) as two,
    ):
        sending = asyncio.create_task(arrivals.send_all(6, one, two))
        await asyncio.sleep(0.4)
        own_server.kill()
        own_server.start()
        async with asyncio.timeout(20):
            await sending
    assert len(arrivals.moments) == 12
    assert arrivals.most(1.0) <= 3


@in_time_once
async def test_a_newcomer_trusts_no_young_server(own_server: RedisServer, prefix: str) -> None:
    """A process that knows nothing waits one period as well: others may have sent just now."""
    own_server.kill()
    own_server.start()
    async with registry(own_server.url, prefix, Quota(1, 1.5)) as limits:
        began = now()
        (await limits.limiter(KEY).acquire()).settle()
        check_took(now() - began, 2.5, least=0.4)


async def test_a_log_that_is_lost_is_noticed(own_server: RedisServer, prefix: str) -> None:
    """Emptied without a restart: whoever remembers it makes the fleet wait one period."""
    quota = Quota(2, 0.5)
    arrivals = Arrivals(slowest=0.02)
    async with own_server.client() as redis, registry(own_server.url, prefix, quota) as limits:
        await arrivals.send_all(2, limits)
        await redis.flushall()
        await arrivals.send_all(2, limits)
    assert arrivals.most(0.5) == 2


@in_time_once
async def test_the_servers_clock_may_step_back(own_server: RedisServer, prefix: str) -> None:
    """An hour back costs no hour: what it took away is added from then on."""
    async with own_server.client() as redis, registry(own_server.url, prefix) as limits:
        arrivals = Arrivals()
        await arrivals.send_all(1, limits)
        meta = f"{prefix}:{{bot:7}}:sendMessage:telegram:meta"
        assert await redis.hget(meta, "last") is not None
        seconds, micros = await redis.time()
        await redis.hset(meta, "last", seconds * 1_000_000 + micros + 2_000_000)
        began = now()
        await arrivals.send_all(4, limits)
        check_took(now() - began, 3)
        assert int(await redis.hget(meta, "offset") or 0) > 0
    assert arrivals.most() <= QUOTA.limit


async def test_the_servers_clock_may_step_forward(own_server: RedisServer, prefix: str) -> None:
    """A process that sees it run ahead of its own trusts no slot, and the fleet waits a period."""
    quota = Quota(2, 0.5)
    async with own_server.client() as redis, registry(own_server.url, prefix, quota) as limits:
        arrivals = Arrivals(slowest=0.02)
        await arrivals.send_all(2, limits)
        meta = f"{prefix}:{{bot:7}}:sendMessage:telegram:meta"
        await redis.hset(meta, "offset", 3_600_000_000)
        await arrivals.send_all(3, limits)
    assert arrivals.most(0.5) <= 2


@in_time_once
async def test_never_there_and_told_to_raise(prefix: str) -> None:
    """``"raise"``: an error at once that says nothing was sent; the client does not repeat it."""
    limits = registry(NOBODY, prefix, on_unavailable="raise")
    async with (
        Simulator(limits=SimulatorLimits.none()) as simulator,
        client_of(simulator.base_url, limits=limits) as client,
    ):
        began = now()
        with pytest.raises(LimiterUnavailableError, match="cannot be reached") as caught:
            await client.send_message(contact_id=1, text="Hi", route=Route(7, "telegram"))
        check_took(now() - began, 1)
        assert isinstance(caught.value, NotSentError)
        assert caught.value.outcome is Outcome.NOT_SENT
        assert caught.value.attempts == 1
        assert not simulator.arrivals
    await limits.close()


@in_time_once
async def test_never_there_and_told_to_wait(prefix: str, caplog: pytest.LogCaptureFixture) -> None:
    """``"wait"``: to the deadline and no longer, and the log says once why."""
    caplog.clear()
    limits = registry(NOBODY, prefix)
    async with (
        Simulator(limits=SimulatorLimits.none()) as simulator,
        client_of(simulator.base_url, limits=limits) as client,
    ):
        began = now()
        with caplog.at_level(logging.WARNING), pytest.raises(DeadlineExceededError):
            await client.send_message(
                contact_id=1, text="Hi", route=Route(7, "telegram"), deadline=0.5
            )
        check_took(now() - began, 0.9, least=0.5)
        assert not simulator.arrivals
    await limits.close()
    told = [record.message for record in caplog.records if "cannot be reached" in record.message]
    assert len(told) == 1


@in_time_once
async def test_a_server_that_never_answers_is_no_hang(own_server: RedisServer, prefix: str) -> None:
    """Accepting connections and saying nothing is as good as not being there."""
    own_server.freeze()
    limits = registry(own_server.url, prefix, on_unavailable="raise", timeout=0.2)
    began = now()
    with raises(LimiterUnavailableError, "0.2 s"):
        await limits.limiter(KEY).acquire()
    check_took(now() - began, 2.0)
    own_server.thaw()
    await limits.close()


async def test_alone_a_process_uses_its_share(own_server: RedisServer, prefix: str) -> None:
    """``"local"``: two of four per window for half, and the whole quota when Redis is back."""
    quota = Quota(4, 0.3)
    limits = registry(own_server.url, prefix, quota, on_unavailable="local", local_share=0.5)
    alone, together = Arrivals(slowest=0.01), Arrivals(slowest=0.01)
    async with limits:
        await together.send_all(4, limits)
        own_server.kill()
        async with asyncio.timeout(60):
            await alone.send_all(6, limits)
        assert alone.most(0.3) == 2
        own_server.start()
        async with asyncio.timeout(60):
            await together.send_all(8, limits)
        assert most_in_window([*alone.moments, *together.moments], 0.3) <= 4
    assert together.most(0.3) == 4


async def test_what_was_sent_alone_is_told_afterwards(own_server: RedisServer, prefix: str) -> None:
    """The log learns of the slots of the share, so that the fleet does not overrun them."""
    quota = Quota(1, 1.0)
    limits = registry(own_server.url, prefix, quota, on_unavailable="local", local_share=1.0)
    async with limits, registry(own_server.url, prefix, quota) as other:
        (await limits.limiter(KEY).acquire()).settle()
        own_server.kill()
        permit = await limits.limiter(KEY).acquire()
        permit.sent()
        own_server.start()
        held = asyncio.create_task(other.limiter(KEY).acquire())
        done, _ = await asyncio.wait([held], timeout=2.2)
        assert not done
        permit.settle()
        answered = now()
        (await held).settle()
        assert now() - answered >= 1.0


def test_a_share_of_few_is_fewer_in_a_longer_time() -> None:
    """A quarter of one in 10 s is one in 40 s; a quarter of ten is two in the same time."""
    assert share_of([Quota(1, 10.0), Quota(10, 10.0)], 0.25) == (Quota(1, 40.0), Quota(2, 10.0))


async def test_a_refused_command_counts_as_unreachable(server: RedisServer, prefix: str) -> None:
    """What Redis answers with an error is told in the error, never taken for a grant."""
    async with server.client() as redis:
        await redis.set(f"{prefix}:{{bot:7}}:sendMessage:telegram:meta", "not a hash")
    async with registry(server.url, prefix, on_unavailable="raise") as limits:
        with pytest.raises(LimiterUnavailableError, match="WRONGTYPE"):
            await limits.limiter(KEY).acquire()


def test_the_guard_outlasts_an_attempt() -> None:
    """By default a slot is held for longer than an attempt can last."""
    limits = registry(NOBODY, "any", guard=62.0)
    assert limits.guard > ClientConfig().attempt_timeout
