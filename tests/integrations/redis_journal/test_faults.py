"""No failure of Redis loses a result, leaves somebody waiting, or shows a secret."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, TypeAlias, cast

import pytest
import pytest_asyncio
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, OutOfMemoryError
from redis.exceptions import ConnectionError as LostError

from cleverapp_async import ConfigurationError, JournalError, JournalLockedError
from cleverapp_async.integrations.redis_journal import (
    RedisCampaign,
    RedisJournal,
    RedisJournalReader,
)
from cleverapp_async.journal import JournalState, JournalUnreachableError, JournalWriteError
from tests.integrations.rig import (
    ORIGIN,
    entries,
    let_expire,
    load,
    messages,
    opened,
    result,
    states,
)
from tests.processes import run_code
from tests.redis_server import FORGETFUL, free_port, redis_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from cleverapp_async.integrations.redis_journal import ChunkJournal
    from tests.redis_server import Engine, RedisServer

Fails: TypeAlias = "Callable[[], BaseException]"
Begun: TypeAlias = "tuple[RedisJournal, ChunkJournal]"

SECRET = "s3cr3t-pass"
A, P = JournalState.ACCEPTED, JournalState.PENDING

KINDS: list[Fails] = [
    lambda: RuntimeError("Event loop is closed"),
    lambda: UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    MemoryError,
    lambda: NoPermissionError("no permissions"),
    lambda: OutOfMemoryError("command not allowed when used memory > 'maxmemory'."),
    lambda: AuthenticationError("invalid username-password pair"),
    asyncio.CancelledError,
]


class UsersClient(Redis):
    """A client of a user's own, whose scripts fail as it is told."""

    fails: Fails | None = None
    times = 0

    async def execute_command(self, *args: str | int, **options: object) -> object:
        """Carry out a command, or fail."""
        if self.fails is not None and self.times and str(args[0]).startswith("EVAL"):
            self.times -= 1
            raise self.fails()
        return cast("object", await super().execute_command(*args, **options))  # type: ignore[no-untyped-call]


@pytest_asyncio.fixture(name="client")
async def _client(redis: RedisServer) -> AsyncIterator[UsersClient]:
    """A client that fails on demand."""
    async with UsersClient(port=redis.port) as client:
        yield client


@pytest_asyncio.fixture(name="begun")
async def _begun(client: UsersClient, campaign: str) -> AsyncIterator[Begun]:
    """A chunk of three messages that is open; its heart does not beat meanwhile."""
    journal = RedisJournal(client, campaign, patience=20.0)
    await load(journal, messages(3))
    yield journal, await opened(journal)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_result_whose_write_fails_is_written_at_the_end(
    kind: Fails,
    begun: Begun,
    client: UsersClient,
) -> None:
    """Whatever the client raised: who waits is told at once, and closing writes the result."""
    journal, chunk = begun
    await chunk.intend(0)
    client.fails, client.times = kind, 1
    async with asyncio.timeout(20):
        with pytest.raises(JournalWriteError, match=type(kind()).__name__):
            await chunk.record(0, result(A))
        with pytest.raises(JournalWriteError):
            await chunk.intend(1)
        await chunk.close("finished")
    assert await states(journal) == {A: 1, P: 2}


@pytest.mark.parametrize("kind", KINDS[:-1])
async def test_a_result_that_cannot_be_written_at_all_is_told(
    kind: Fails,
    begun: Begun,
    client: UsersClient,
) -> None:
    """Closing raises where a result is lost, and never reports success."""
    journal, chunk = begun
    await chunk.intend(0)
    client.fails, client.times = kind, 1000
    kept = chunk.record(0, result(A))
    async with asyncio.timeout(20):
        with pytest.raises(JournalWriteError, match=type(kind()).__name__):
            await chunk.close("finished")
        with pytest.raises(JournalWriteError):
            await kept
    client.fails = None
    assert (await entries(journal))[0].state is JournalState.INTENT


async def test_a_writer_that_is_cancelled_answers_everybody(
    begun: Begun,
) -> None:
    """Also before its first step, as whoever cancels all tasks of a loop does."""
    journal, chunk = begun
    await chunk.intend(0)
    others = asyncio.all_tasks()
    writes = [chunk.record(0, result(A)), asyncio.ensure_future(chunk.intend(1))]
    await asyncio.sleep(0)
    for task in asyncio.all_tasks() - others - set(writes):
        task.cancel()
    async with asyncio.timeout(20):
        for write in writes:
            with pytest.raises(JournalWriteError, match="Cancelled"):
                await write
        await chunk.close("interrupted")
    assert await states(journal) == {A: 1, P: 2}


async def test_a_connection_that_is_lost_is_waited_for(begun: Begun, client: UsersClient) -> None:
    """What passes costs time, and no error."""
    _, chunk = begun
    client.fails, client.times = (lambda: LostError("Connection closed by server.")), 2
    await chunk.intend(0)
    await chunk.close("interrupted")


@pytest.mark.parametrize("answer", [None, 7, b"OK", [7], [1, b"x"], [1, 1, 1], {}])
async def test_an_intent_is_written_only_where_the_answer_says_so(
    answer: object, redis: RedisServer, campaign: str
) -> None:
    """An answer that is none of the script's lets nothing leave."""

    class Answering(UsersClient):
        async def execute_command(self, *args: str | int, **options: object) -> object:
            if args[0] == "EVALSHA" and "intent" in args:
                return answer
            return await super().execute_command(*args, **options)

    async with Answering(port=redis.port) as wrong:
        journal = RedisJournal(wrong, campaign)
        await load(journal, messages(3))
        # The server must know the script, as the wrong answer comes instead of an error.
        chunk = await opened(journal)
        with pytest.raises(JournalWriteError):
            await chunk.intend(0)
        await chunk.close("interrupted")


async def test_a_client_that_never_answers_ends_the_wait(redis: RedisServer, campaign: str) -> None:
    """Also where a client of the caller's own has no time-out."""

    class Silent(UsersClient):
        silent = False

        async def execute_command(self, *args: str | int, **options: object) -> object:
            if self.silent:
                await asyncio.Event().wait()
            return await super().execute_command(*args, **options)

    async with Silent(port=redis.port) as client:
        journal = RedisJournal(client, campaign, timeout=0.5, patience=0.2)
        await load(journal, messages(3))
        chunk = await opened(journal)
        client.silent = True
        async with asyncio.timeout(20):
            with pytest.raises(JournalWriteError, match=r"0\.5 s"):
                await chunk.intend(0)
            with pytest.raises(JournalUnreachableError):
                await chunk.close("interrupted")
    async with RedisJournal(redis.url, campaign) as other:
        assert await states(other) == {P: 3}


DAMAGE: list[tuple[str, str, str]] = [
    ("meta", "given", "x"),
    ("meta", "chunks", "1e3"),
    ("meta", "created_at", "yesterday"),
    ("fates:0", "0", "nonsense"),
    ("fates:0", "0", "3|0|0|5|1.0|[1.0, 1, null, null, null, 7]"),
    ("messages:0", "0", "0"),
    ("messages:0", "0", "9\nsendMessage\n{}"),
    ("messages:0", "x", "0\nsendMessage\n{}"),
    ("keys", "0", "[[[["),
    ("left", "x", "y"),
    ("counts", "0:9", "1"),
    ("sessions", "0:1", "[]"),
    ("duplicates:0", "2", "nonsense"),
]


@pytest.mark.parametrize(("part", "name", "value"), DAMAGE)
async def test_damaged_keys_are_a_journals_error(
    part: str, name: str, value: str, journal: RedisJournal, redis: RedisServer
) -> None:
    """Whatever stands in a campaign's keys, its methods raise journals' errors and nothing else."""
    await load(journal, messages(3))
    async with redis.client() as other:
        await other.hset(journal.names.meta.removesuffix("meta") + part, name, value)

    async def read_all() -> None:
        [entry async for entry in journal.entries()]

    async def send() -> None:
        chunk = journal.chunk(0)
        await chunk.open(ORIGIN)
        try:
            await chunk.load(None, lambda _: None, deduplicate=True)
            await chunk.summary()
        finally:
            await chunk.close("finished")

    uses: list[Callable[[], Awaitable[object]]] = [
        journal.summary,
        journal.left,
        journal.holders,
        journal.errors,
        read_all,
        lambda: load(journal, messages(3)),
        send,
        lambda: journal.expire(60.0),
        journal.delete,
    ]
    failed = 0
    for use in uses:
        try:
            await use()
        except JournalError:
            failed += 1
    assert failed


async def test_a_chunk_that_lost_its_messages_is_not_called_finished(
    journal: RedisJournal, redis: RedisServer
) -> None:
    """A key that somebody deleted is told, instead of sending what is left."""
    await load(journal, messages(13))
    async with redis.client() as other:
        await other.delete(journal.names.messages(1))
    chunk = journal.chunk(1)
    await chunk.open(ORIGIN)
    with pytest.raises(JournalError, match="3"):
        await chunk.load(None, lambda _: None, deduplicate=True)
    await chunk.close("interrupted")


async def test_an_answer_that_cannot_be_read_is_a_journals_error(
    journal: RedisJournal, redis: RedisServer
) -> None:
    """Keys that another program has written end in one error that names the campaign."""
    await load(journal, messages(3))
    async with redis.client() as other:
        await other.hset(journal.names.left, "0", b"\xff")
    with pytest.raises(JournalError, match=f"'{journal.campaign}'"):
        await journal.left()
    with (
        RedisJournalReader(redis.url, journal.campaign) as reader,
        pytest.raises(JournalError, match=journal.campaign),
    ):
        reader.left()


_TWO_LOOPS = """
import asyncio, sys
from cleverapp_async.integrations.redis_journal import RedisJournal
from redis.asyncio import Redis
from tests.integrations.rig import load, messages

journal = RedisJournal(Redis.from_url(sys.argv[1]), sys.argv[2])
asyncio.run(load(journal, messages(3)))
try:
    asyncio.run(journal.summary())
except Exception as error:
    print(type(error).__name__, error)
"""


def test_a_client_of_another_event_loop_is_one_clear_error(
    redis: RedisServer, campaign: str
) -> None:
    """A journal used by two ``asyncio.run`` says so."""
    # In a process of its own: nobody can close what the first event loop left open.
    told = run_code(_TWO_LOOPS, redis.url, campaign).stdout
    assert told.startswith("JournalError")
    assert "asyncio.run" in told


async def test_a_heart_that_fails_says_so(
    client: UsersClient, campaign: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A lease that cannot be prolonged is told once, and once when it is prolonged again."""
    journal = RedisJournal(client, campaign, lease=0.3)
    await load(journal, messages(3))
    chunk = await opened(journal)
    with caplog.at_level(logging.WARNING, "cleverapp_async"):
        client.fails, client.times = MemoryError, 2
        async with asyncio.timeout(20):
            while len(caplog.records) < 2:  # noqa: ASYNC110 - a log gives no sign
                await asyncio.sleep(0.01)
    failed, again = [record.message for record in caplog.records]
    assert "chunk 0" in failed
    assert "MemoryError" in failed
    assert "prolonged again" in again
    await chunk.intend(0)
    await chunk.close("interrupted")


async def test_a_heart_that_stopped_says_so(
    journal: RedisJournal, caplog: pytest.LogCaptureFixture
) -> None:
    """A task that others have ended is told; after somebody took over, no intent is written."""
    await load(journal, messages(3))
    slow = await opened(journal)
    await let_expire(journal, slow)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "prolonged no more" in caplog.text
    heir = await opened(journal)
    with pytest.raises(JournalLockedError):
        await slow.intend(1)
    assert await states(journal) == {P: 3}
    await slow.close("interrupted")
    await heir.close("finished")


async def test_a_lease_that_was_taken_over_is_told(
    journal: RedisJournal, redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A runner that stood still learns from its next heartbeat that the chunk is another's."""
    await load(journal, messages(3))
    slow = await opened(journal)
    async with redis.client() as other:
        # As while it was stopped: its lease ran out, and the fence went on.
        await other.delete(journal.names.lease("0"))
        await other.hincrby(journal.names.fences, "0", 1)
    async with asyncio.timeout(20):
        while "took over" not in caplog.text:  # noqa: ASYNC110 - a log gives no sign
            await asyncio.sleep(0.01)
    with pytest.raises(JournalLockedError):
        await slow.intend(1)
    await slow.close("interrupted")


@pytest.mark.parametrize(
    "url",
    [
        f"redis://:a/{SECRET}@127.0.0.1:6379/0/spring",
        f"redis://:a/{SECRET}@127.0.0.1:6379",
        f"redis://user:{SECRET}@127.0.0.1:port/0/spring",
        f"http://user:{SECRET}@127.0.0.1/spring",
        f"redis://user:{SECRET}@127.0.0.1:6379",
        f"redis://[{SECRET}/0/spring",
        f"redis://:6379/{SECRET}@127.0.0.1:6379/0/spring",
        f"redis://:6379?{SECRET}@127.0.0.1:6379/0/spring",
        f"redis://{SECRET}:6379#x@127.0.0.1:6379/0/spring",
    ],
)
async def test_no_error_of_an_address_shows_its_password(url: str) -> None:
    """A URL that is written wrongly is refused without being repeated."""
    with pytest.raises(ConfigurationError) as caught:
        await RedisJournal.at(url).summary()
    assert SECRET not in f"{caught.value} {caught.value.__context__!r} {caught.value.__cause__!r}"
    with pytest.raises(ConfigurationError) as caught:
        RedisJournalReader.at(url)
    assert SECRET not in f"{caught.value} {caught.value.__context__!r} {caught.value.__cause__!r}"


@pytest.mark.parametrize("database", ["O", "x/0", "0/1", "1/x", "-1", "1.0", "١"])
async def test_a_database_is_a_number(database: str) -> None:
    """A path that is none is refused, not taken for database 0 with its campaign of that name."""
    url = f"redis://127.0.0.1:{free_port()}/{database}"
    with pytest.raises(ConfigurationError, match="number"):
        RedisJournalReader(url, "spring")
    with pytest.raises(ConfigurationError, match="number"):
        RedisCampaign.at(f"{url}/spring")
    with pytest.raises(ConfigurationError, match="number"):
        await RedisJournal(url, "spring").summary()


@pytest.mark.parametrize("path", ["", "/", "/0", "//3", "/12/"])
def test_a_database_may_be_left_out(path: str) -> None:
    """Without a number it is database 0, as everywhere."""
    assert RedisCampaign(f"redis://127.0.0.1:{free_port()}{path}", "spring").resumable is False


async def test_no_error_of_a_connection_shows_the_password(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    """Refused, away or asked for its repr: the URL's password is nowhere."""
    with redis_server(settings=FORGETFUL | {"requirepass": SECRET}, engine=engine) as server:
        places = [(f"redis://:{SECRET}x@127.0.0.1:{server.port}/0", JournalError)]
        places += [(f"redis://:{SECRET}@127.0.0.1:{free_port()}/0", JournalUnreachableError)]
        for url, kind in places:
            async with RedisJournal(url, "c", durable=False) as journal:
                with pytest.raises(kind) as caught:
                    await journal.chunk(0).open(ORIGIN)
                chunk = journal.chunk(0)
                shown = [journal, chunk, chunk._lease, chunk._writer, journal._client, caught.value]
                assert SECRET not in " ".join(map(repr, [*shown, caught.value.__context__]))
            with pytest.raises(kind), RedisJournalReader(url, "c"):
                pass
    assert SECRET not in caplog.text
