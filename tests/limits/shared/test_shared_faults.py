"""What waiting cannot mend is raised at once under every policy; no waiter is left unanswered."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest
import trustme
from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import (
    BusyLoadingError,
    ClusterDownError,
    MovedError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    ResponseError,
)
from redis.exceptions import ConnectionError as LostError

from cleverapp_async import ClientStateError, LimiterUnavailableError, Outcome
from cleverapp_async._redis.faults import fault_of
from tests.limits.shared.fleet import KEY, registry
from tests.processes import run_code
from tests.raising import raises
from tests.redis_server import FORGETFUL, free_port, redis_server

if TYPE_CHECKING:
    from pathlib import Path

    from cleverapp_async.limits import OnUnavailable, RedisCommands, SharedLimiterRegistry
    from tests.redis_server import Engine, RedisServer

SECRET = "s3cr3t-pass"
POLICIES: tuple[OnUnavailable, ...] = ("wait", "raise", "local")

Fails = Callable[[], BaseException]


class BrokenClient:
    """A client of a user's own that raises what it is told to, and counts how often."""

    def __init__(self, fails: Fails, answers: object = None) -> None:
        self.fails: Fails | None = fails
        self.answers = answers
        self.calls = 0

    async def execute_command(self, *args: str | int) -> object:
        """Fail."""
        del args
        self.calls += 1
        if self.fails is not None:
            raise self.fails()
        return self.answers


def shared(
    redis: str | RedisCommands, policy: OnUnavailable, prefix: str, timeout: float = 30.0
) -> SharedLimiterRegistry:
    """A registry of a policy."""
    share = 0.5 if policy == "local" else None
    return registry(redis, prefix, on_unavailable=policy, local_share=share, timeout=timeout)


async def refusal(
    redis: str | RedisCommands,
    policy: OnUnavailable = "wait",
    prefix: str = "p",
    timeout: float = 30.0,  # noqa: ASYNC109 - that of the registry
) -> LimiterUnavailableError:
    """The error that two who wait get, and one who comes later; long before any time-out."""
    async with shared(redis, policy, prefix, timeout) as limits, asyncio.timeout(20):
        limiter = limits.limiter(KEY)
        first, second = await asyncio.gather(
            limiter.acquire(), limiter.acquire(), return_exceptions=True
        )
        assert isinstance(first, LimiterUnavailableError)
        assert isinstance(second, LimiterUnavailableError)
        with pytest.raises(LimiterUnavailableError):
            await limiter.acquire()
        assert first.outcome is Outcome.NOT_SENT
        assert "Redis" in first.remedy
        assert SECRET not in f"{first!r} {first} {first.__context__!r} {first.__cause__!r}"
        return first


class SpeechlessError(Exception):
    """An error that fails when it is asked what it says."""

    def __str__(self) -> str:
        raise RuntimeError


class OfNoUsualKindError(BaseException):
    """What ``except Exception`` lets through."""


UNEXPECTED: list[Fails] = [
    SpeechlessError,
    OfNoUsualKindError,
    lambda: RuntimeError("Event loop is closed"),
    lambda: UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    MemoryError,
    lambda: KeyError("x"),
    lambda: NoPermissionError("this user has no permissions to run the 'evalsha' command"),
    lambda: OutOfMemoryError("command not allowed when used memory > 'maxmemory'."),
    lambda: ReadOnlyError("You can't write against a read only replica."),
    lambda: ResponseError("MISCONF Redis is configured to save RDB snapshots"),
    lambda: RedisClusterException("Cluster mode is not enabled on this node"),
    lambda: ssl.SSLCertVerificationError("certificate verify failed"),
    lambda: PermissionError(13, "Permission denied"),
]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("fails", UNEXPECTED)
async def test_whatever_a_client_raises_everybody_is_answered(
    fails: Fails, policy: OnUnavailable
) -> None:
    """An error of no expected kind reaches all who wait, with its text and a remedy."""
    error = await refusal(BrokenClient(fails), policy)
    assert type(fails()).__name__ in str(error)
    assert "cannot be used" in str(error)


@pytest.mark.parametrize(
    "answer",
    [None, [], [1], "x", [1, 2], "nonsense", [b"x"] * 6, object(), [1, b"epoch", -1, 0, 0, 0]],
)
async def test_an_answer_that_is_none_is_an_error(answer: object) -> None:
    """What is not the script's answer is neither a grant, nor asked for without end."""
    client = BrokenClient(MemoryError, answer)
    client.fails = None
    await refusal(client)
    assert client.calls < 10


async def test_an_answer_to_a_repeated_call_is_asked_for_again_with_pauses() -> None:
    """A client that repeats a call gets "too late": that is neither an error nor a busy loop."""
    client = BrokenClient(MemoryError, [-1])
    client.fails = None
    async with shared(client, "wait", "p") as limits:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await limits.limiter(KEY).acquire()
    assert 2 <= client.calls < 10


class DeafClient:
    """A client that never answers, and goes on when it is cancelled."""

    def __init__(self) -> None:
        self.over = asyncio.Event()

    async def execute_command(self, *args: str | int) -> object:
        """Wait for the end of the test."""
        del args
        while not self.over.is_set():
            with suppress(asyncio.CancelledError):
                await self.over.wait()
        raise RuntimeError


async def test_a_client_that_loses_its_cancellation_is_not_waited_for() -> None:
    """Its time is over all the same, and the registry can be closed."""
    client = DeafClient()
    async with asyncio.timeout(20):
        try:
            async with registry(client, "p", on_unavailable="raise", timeout=0.1) as limits:
                with raises(LimiterUnavailableError, "0.1 s"):
                    await limits.limiter(KEY).acquire()
        finally:
            client.over.set()


@pytest.mark.parametrize("policy", POLICIES)
async def test_a_cancelled_call_answers_who_waits(policy: OnUnavailable) -> None:
    """A client that raises a cancellation of its own, or a task ended by others, leaves no hang."""
    async with shared(BrokenClient(asyncio.CancelledError), policy, "p") as limits:
        with pytest.raises(LimiterUnavailableError, match="cancelled"):
            async with asyncio.timeout(20):
                await limits.limiter(KEY).acquire()


async def test_a_call_cancelled_before_it_began_answers_who_waits() -> None:
    """Not even the first step of the task that asks is needed."""
    async with shared(BrokenClient(MemoryError), "wait", "p") as limits:
        others = asyncio.all_tasks()
        waiting = asyncio.create_task(limits.limiter(KEY).acquire())
        await asyncio.sleep(0)
        for task in asyncio.all_tasks() - others - {waiting}:
            task.cancel()
        with pytest.raises(LimiterUnavailableError, match="cancelled"):
            async with asyncio.timeout(20):
                await waiting


@pytest.mark.parametrize(
    "error",
    [
        LostError("Connection closed by server."),
        BusyLoadingError("Redis is loading the dataset in memory"),
        ClusterDownError("Hash slot not served"),
        RedisClusterException("Please provide at least one reachable node: Timeout"),
        ResponseError("BUSY Redis is busy running a script."),
        ResponseError("NOREPLICAS Not enough good replicas to write."),
        OSError(24, "Too many open files"),
        TimeoutError(),
    ],
)
def test_what_passes_is_waited_for(error: Exception) -> None:
    """A server that is away, starts, elects, or has too much to do may answer in a moment."""
    assert fault_of(error, None, 1.0).remedy is None


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (MovedError("7 127.0.0.1:7000"), "RedisCluster"),
        (ResponseError("SELECT is not allowed in cluster mode"), "RedisCluster"),
        (OutOfMemoryError("command not allowed"), "maxmemory"),
        (ResponseError("MISCONF Redis is configured to save RDB snapshots"), "disk"),
        (PermissionError(13, "Permission denied"), "socket"),
        (KeyError("Task"), "waiting"),
    ],
)
def test_what_does_not_pass_has_its_remedy(error: Exception, remedy: str) -> None:
    """Whoever reads the error learns what to change."""
    assert remedy in (fault_of(error, None, 1.0).remedy or "")


async def test_what_was_mended_is_found_at_once(server: RedisServer, prefix: str) -> None:
    """After a fault that waiting does not mend the next one who comes asks anew."""

    class Mended(Redis):
        broken = True

        async def execute_command(self, *args: str | int, **options: object) -> object:
            if self.broken:
                raise MemoryError
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]

    async with Mended(port=server.port) as client, shared(client, "wait", prefix) as limits:
        for _ in range(3):
            with pytest.raises(LimiterUnavailableError, match="MemoryError"):
                await limits.limiter(KEY).acquire()
        client.broken = False
        async with asyncio.timeout(20):
            (await limits.limiter(KEY).acquire()).settle()


async def test_a_closed_registry_leaves_nobody_waiting() -> None:
    """Closing tells those who wait, and those who come later."""
    limits = registry(f"redis://127.0.0.1:{free_port()}/0", "p")
    limiter = limits.limiter(KEY)
    waiting = asyncio.create_task(limiter.acquire())
    await asyncio.sleep(0.05)
    await limits.close()
    for late in (waiting, asyncio.create_task(limiter.acquire())):
        with pytest.raises(ClientStateError, match="closed"):
            await late


async def test_closing_tells_those_whom_only_the_own_window_keeps_waiting(
    server: RedisServer, prefix: str
) -> None:
    """They have a slot of the fleet when a refusal pauses the process: closing ends that."""
    limits = registry(server.url, prefix)
    limiter = limits.limiter(KEY)
    (await limiter.acquire()).settle()
    permit = await limiter.acquire()
    waiting = asyncio.create_task(limiter.acquire())
    async with asyncio.timeout(20):
        while limiter.snapshot().in_flight < 2:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)
        # In the same turn in which the other one has its slot.
        permit.refuse(60.0)
        await asyncio.sleep(0.05)
        assert not waiting.done()
        await limits.close()
        with pytest.raises(ClientStateError, match="closed"):
            await waiting


_TWO_LOOPS = """
import asyncio, sys
from redis.asyncio import Redis
from tests.limits.shared.fleet import KEY, registry

client = Redis.from_url(sys.argv[1])

async def run():
    async with registry(client, sys.argv[2]) as limits, asyncio.timeout(20):
        (await limits.limiter(KEY).acquire()).refund()

for _ in range(3):
    try:
        asyncio.run(run())
    except Exception as error:
        print(type(error).__name__, error)
    else:
        print("granted")
"""


def test_a_client_of_another_event_loop_is_one_clear_error(
    server: RedisServer, prefix: str
) -> None:
    """A client used by several ``asyncio.run`` neither hangs nor confuses."""
    # In a process of its own: nobody can close what the first event loop left open.
    told = run_code(_TWO_LOOPS, server.url, prefix).stdout
    first, second, third = told.splitlines()
    assert first == third == "granted"
    assert second.startswith("LimiterUnavailableError")
    assert "asyncio.run" in second


# Real servers.


@pytest.mark.parametrize("policy", POLICIES)
async def test_a_wrong_password_is_raised_at_once(engine: Engine, policy: OnUnavailable) -> None:
    """Also where the password is missing; and neither of them is shown."""
    with redis_server(settings=FORGETFUL | {"requirepass": SECRET}, engine=engine) as server:
        wrong = f"redis://:{SECRET}x@127.0.0.1:{server.port}/0"
        assert "redis://USER:PASSWORD@HOST:PORT/0" in str(await refusal(wrong, policy))
        for protocol in (2, 3):
            missing = f"{server.url}?protocol={protocol}"
            assert "redis://USER:PASSWORD@HOST:PORT/0" in str(await refusal(missing, policy))


@pytest.mark.parametrize("policy", POLICIES)
async def test_settings_that_no_waiting_mends_are_raised_at_once(
    server: RedisServer, policy: OnUnavailable, prefix: str
) -> None:
    """No such database; a user without rights; a key that another program uses."""
    async with server.client() as redis:
        await redis.acl_setuser("norights", enabled=True, passwords=[f"+{SECRET}"], reset=True)
        await redis.set(f"{prefix}:{{bot:7}}:sendMessage:telegram:meta", "not a hash")
    assert "database" in str(await refusal(server.url[:-1] + "99", policy))
    rights = f"redis://norights:{SECRET}@127.0.0.1:{server.port}/0"
    assert "docs/fleet.md" in str(await refusal(rights, policy))
    assert "prefix" in str(await refusal(server.url, policy, prefix))


async def test_servers_of_the_wrong_kind_are_raised_at_once(engine: Engine) -> None:
    """A replica, one without scripts, a cluster that is none."""
    kinds = {
        "master": {"replicaof": f"127.0.0.1 {free_port()}"},
        "docs/fleet.md": {"rename-command": 'EVALSHA ""'},
    }
    for remedy, settings in kinds.items():
        with redis_server(settings=FORGETFUL | settings, engine=engine) as server:
            assert remedy in str(await refusal(server.url)), remedy
            if remedy == "master":
                cluster = RedisCluster(host="127.0.0.1", port=server.port)
                assert "cluster" in str(await refusal(cluster))
                await cluster.aclose()


async def test_a_full_memory_stops_no_limits(engine: Engine) -> None:
    """Each call drops first what is over, which a server without room admits."""
    settings = FORGETFUL | {"maxmemory": "1"}
    with redis_server(settings=settings, engine=engine) as server:
        async with shared(server.url, "raise", "p") as limits, asyncio.timeout(20):
            for _ in range(4):
                (await limits.limiter(KEY).acquire()).settle()


@asynccontextmanager
async def answering(reply: bytes) -> AsyncIterator[int]:
    """A port where everything gets one answer."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        if await reader.read(4096):
            writer.write(reply)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
    for writer in writers:
        with suppress(OSError):
            await writer.wait_closed()


@pytest.mark.parametrize(
    ("reply", "remedy"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "port"),
        (f"echo {SECRET}\r\n".encode(), "port"),
        (b"-DENIED Redis is running in protected mode because no password is set\r\n", "protected"),
        (
            f"-ERR unknown command 'AUTH', with args beginning with: '{SECRET}'\r\n".encode(),
            "docs/fleet.md",
        ),
        (f"-ERR strange, {SECRET}\r\n".encode(), "waiting"),
    ],
)
async def test_what_is_no_redis_is_raised_at_once(
    reply: bytes, remedy: str, caplog: pytest.LogCaptureFixture
) -> None:
    """An HTTP server, a protected one, one that repeats what it was told: no password is shown."""
    async with answering(reply) as port:
        assert remedy in str(await refusal(f"redis://:{SECRET}@127.0.0.1:{port}/0"))
    assert SECRET not in caplog.text


async def test_a_wrong_scheme_is_raised_at_once(tmp_path: Path) -> None:
    """TLS where the server has none, none where it has; a certificate that nobody vouches for."""
    ca = trustme.CA()
    certificate = ca.issue_cert("127.0.0.1")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    secured = {
        "port": "0",
        "tls-port": str(free_port()),
        "tls-cert-file": str(tmp_path / "cert.pem"),
        "tls-key-file": str(tmp_path / "key.pem"),
        "tls-ca-cert-file": str(tmp_path / "ca.pem"),
    }
    with redis_server(settings=FORGETFUL) as plain:
        assert "redis://" in str(await refusal(f"rediss://127.0.0.1:{plain.port}/0", timeout=1.0))
    for clients in ("no", "yes"):
        settings = FORGETFUL | secured | {"tls-auth-clients": clients}
        with redis_server(settings=settings):
            place = f"127.0.0.1:{secured['tls-port']}/0"
            # A server of TLS says nothing to who speaks without.
            assert "rediss://" in str(await refusal(f"redis://{place}", timeout=1.0))
            assert "certificate" in str(await refusal(f"rediss://{place}"))
            if clients == "no":
                trusted = f"rediss://{place}?ssl_ca_certs={tmp_path / 'ca.pem'}"
                async with shared(trusted, "raise", "p") as limits, asyncio.timeout(20):
                    (await limits.limiter(KEY).acquire()).settle()


async def test_a_policy_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """The log has one line with the cause and the remedy, however often it fails."""
    with caplog.at_level(logging.WARNING):
        await refusal(BrokenClient(MemoryError))
    told = [record.message for record in caplog.records]
    assert len(told) == 1
    assert "MemoryError" in told[0]


async def test_an_evicted_window_makes_the_fleet_wait(server: RedisServer, prefix: str) -> None:
    """A key that is dropped for room without the others is missed: the fleet waits a period."""
    async with server.client() as redis, registry(server.url, prefix) as limits:
        limiter = limits.limiter(KEY)
        permits = [await limiter.acquire() for _ in range(3)]
        await redis.delete(f"{prefix}:{{bot:7}}:sendMessage:telegram:window:0.2")
        async with registry(server.url, prefix) as other:
            waiting = asyncio.create_task(other.limiter(KEY).acquire())
            done, _ = await asyncio.wait([waiting], timeout=0.15)
            assert not done
            for permit in permits:
                permit.settle()
            (await waiting).settle()
