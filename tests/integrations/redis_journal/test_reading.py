"""Looking into a campaign in Redis: by program, and by the status command."""

from __future__ import annotations

import asyncio
import io
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from attrs import evolve

from cleverapp_async import InvalidRequestError, JournalError
from cleverapp_async.bulk.journal.messages import MOST_COLUMNS
from cleverapp_async.integrations.redis_journal import RedisJournal, RedisJournalReader
from cleverapp_async.integrations.taskiq.__main__ import main
from cleverapp_async.journal import (
    ErrorRecord,
    JournalState,
    Resend,
    export_csv,
    write_report,
)
from tests.integrations.rig import (
    end_heart,
    entries,
    load,
    message,
    messages,
    opened,
    result,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from tests.redis_server import RedisServer

FORBIDDEN = ErrorRecord(type="ForbiddenError", message="sendMessage: Forbidden", status=403)


async def _some_of_each(journal: RedisJournal) -> None:
    await load(journal, messages(14))
    chunk = await opened(journal)
    for index, state in enumerate(
        (JournalState.ACCEPTED, JournalState.REJECTED, JournalState.NOT_SENT, JournalState.UNKNOWN)
    ):
        await chunk.intend(index)
        told = result(state)
        if state is JournalState.REJECTED:
            told = evolve(told, error=FORBIDDEN, waited=0.25, on_wire=0.5, contact_id=9)
        await chunk.record(index, told)
    await chunk.intend(4)


async def test_a_reader_tells_what_the_journal_tells(
    redis: RedisServer, journal: RedisJournal
) -> None:
    """Summary, entries, errors and holder are the same with and without an event loop."""
    await _some_of_each(journal)
    with RedisJournalReader(redis.url, journal.campaign) as reader:
        assert reader.summary() == await journal.summary()
        assert list(reader.entries()) == list((await entries(journal)).values())
        [refused] = reader.entries(JournalState.REJECTED)
        assert refused.result is not None
        assert refused.result.error == FORBIDDEN
        assert (refused.result.waited, refused.result.on_wire) == (0.25, 0.5)
        assert (refused.result.contact_id, refused.result.permanent) == (9, True)
        assert reader.errors() == await journal.errors() == [(FORBIDDEN, 1)]
        assert reader.left() == await journal.left() == {0: 7, 1: 4}
        assert reader.holders() == await journal.holders()
        holder = reader.holder()
        assert holder is not None
        assert holder.pid is not None
        assert reader.paused() is None


async def test_runs_are_told_with_their_end(journal: RedisJournal) -> None:
    """Each run of a chunk is a session: who, when, and why it ended."""
    await load(journal, messages(14))
    await (await opened(journal, 1)).close("finished")
    dead = await opened(journal, 0)
    first, second = (await journal.summary()).sessions
    assert (first.ended, second.ended, second.ended_at) == ("finished", None, None)
    await dead.close("interrupted")
    assert (await journal.summary()).sessions[1].ended == "interrupted"


async def test_a_list_that_is_empty_is_one_too(
    redis: RedisServer, journal: RedisJournal, capsys: pytest.CaptureFixture[str]
) -> None:
    """JSON that is written bit by bit is whole however many messages it tells of."""
    await load(journal, messages(1))
    assert main(["status", f"{redis.url}/{journal.campaign}", "--json", "--list"]) == 1
    assert json.loads(capsys.readouterr().out)["entries"] == []


async def test_only_runs_that_have_lost_their_chunk_are_over(
    redis: RedisServer, journal: RedisJournal, tmp_path: Path
) -> None:
    """Of several workers that have not said how they ended, those with a lease are at work."""
    await load(journal, messages(34))
    for number in (0, 1):
        await end_heart(await opened(journal, number))
        await journal._client.execute("DEL", journal.names.lease(str(number)))
    heir, alive = await opened(journal, 1), await opened(journal, 2)
    await (await opened(journal, 3)).close("finished")
    sessions = (await journal.summary()).sessions
    assert [one.at_work for one in sessions] == [False, False, True, True, None]
    page = tmp_path / "report.html"
    with RedisJournalReader(redis.url, journal.campaign) as reader:
        write_report(reader, page)
    told = page.read_text("utf-8")
    assert "it died" not in told
    assert (told.count("no longer at work"), told.count("it runs now")) == (2, 2)
    for chunk in (heir, alive):
        await chunk.close("interrupted")


async def test_a_reader_refuses_what_is_not_there(redis: RedisServer) -> None:
    """A wrong name is told with what to check."""
    with (
        pytest.raises(JournalError, match="nothing"),
        RedisJournalReader(redis.url, "nothing"),
    ):
        pass


async def test_the_status_command_tells_people_and_programs(
    redis: RedisServer,
    journal: RedisJournal,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Counts, chunks, holders, errors, and on request the messages to look after."""
    await _some_of_each(journal)
    address = f"{redis.url}/{journal.campaign}"
    # In a thread of its own, so that the lease is prolonged meanwhile.
    assert await asyncio.to_thread(main, ["status", address, "--list"]) == 4
    told = capsys.readouterr().out
    assert told.startswith("14 ")
    assert "accepted 1" in told
    assert "1 x ForbiddenError: sendMessage: Forbidden" in told
    assert '"state": "unknown"' in told
    monkeypatch.setenv("REDIS_URL", redis.url)
    assert await asyncio.to_thread(main, ["status", journal.campaign, "--json"]) == 4
    found = json.loads(capsys.readouterr().out)
    assert found["states"]["intent"] == 1
    assert found["left"] == {"0": 7, "1": 4}
    assert "process" in found["holders"]["0"]
    assert "entries" not in found
    assert main(["status", journal.campaign, "--json", "--list"]) == 4
    entries_told = json.loads(capsys.readouterr().out)["entries"]
    assert [entry["index"] for entry in entries_told] == [1, 2, 3]


async def test_the_status_command_exits_by_how_it_stands(
    redis: RedisServer, journal: RedisJournal, capsys: pytest.CaptureFixture[str]
) -> None:
    """1 while something is left, 0 when all was accepted, 2 where there is no such campaign."""
    await load(journal, messages(1))
    address = f"{redis.url}/{journal.campaign}"
    await journal.pause("the token was revoked")
    assert main(["status", address]) == 1
    assert "paused: the token was revoked" in capsys.readouterr().out
    chunk = await opened(journal)
    await chunk.intend(0)
    await chunk.record(0, result(JournalState.ACCEPTED))
    await chunk.close("finished")
    assert main(["status", address]) == 0
    assert main(["status", f"{redis.url}/nothing"]) == 2
    assert main(["status", "nothing"]) == 2
    assert "nothing" in capsys.readouterr().err


async def test_references_are_kept_and_erased(redis: RedisServer, journal: RedisJournal) -> None:
    """Messages come back with them, and a reader knows the columns of an export until a purge."""
    given = [
        message(0),
        *(evolve(message(n), reference={"order_id": f"№ {n}", "text": "=\n1"}) for n in (1, 2)),
    ]
    await load(journal, given)
    found = [entry.message.reference async for entry in journal.entries()]
    assert found == [one.reference for one in given]
    with RedisJournalReader(redis.url, journal.campaign) as reader:
        assert reader.reference_columns() == ("order_id", "own_text")
        assert [entry.message.reference for entry in reader.entries()] == found
        stream = io.BytesIO()
        assert export_csv(reader, stream) == 3
    assert "№ 2" in stream.getvalue().decode()
    chunk = await opened(journal)
    orders = [
        entry.message.reference.get("order_id")
        for key in await chunk.keys()
        for entry in await chunk.take(key, -1, 5, Resend())
    ]
    assert orders == [None, "№ 1", "№ 2"]
    await chunk.close("interrupted")
    await journal.purge(force=True)
    async with redis.client() as client:
        kept = await client.hvals(journal.names.messages(0))
        facts = await client.hgetall(journal.names.meta)
    assert all(b"\xe2\x84\x96" not in one for one in kept)
    assert b"reference_columns" not in facts
    with RedisJournalReader(redis.url, journal.campaign) as reader:
        assert reader.reference_columns() == ()


async def test_a_campaign_of_version_1_is_gone_on_with(
    redis: RedisServer, journal: RedisJournal
) -> None:
    """Its messages have no references; a later version than ours is refused."""
    await load(journal, messages(2))
    async with redis.client() as client:
        await client.hset(journal.names.meta, "version", "1")
        await client.hdel(journal.names.meta, "reference_columns")
    assert (await load(journal, messages(2))).resumed
    chunk = await opened(journal)
    await chunk.close("interrupted")
    with RedisJournalReader(redis.url, journal.campaign) as reader:
        assert reader.reference_columns() == ()
        assert [entry.message.reference for entry in reader.entries()] == [{}, {}]
    async with redis.client() as client:
        await client.hset(journal.names.meta, "version", "3")
    with pytest.raises(JournalError, match="update"):
        await load(journal, messages(2))


async def test_names_of_references_have_a_bound(journal: RedisJournal) -> None:
    """A name for each message is refused while the messages are read in."""
    given = [evolve(message(n), reference={f"order {n}": "x"}) for n in range(MOST_COLUMNS + 1)]
    with pytest.raises(InvalidRequestError) as caught:
        await load(journal, given)
    assert caught.value.fields == ("reference",)
    assert not (await journal.summary()).complete


@asynccontextmanager
async def _cut(port: int) -> AsyncGenerator[tuple[int, list[int]]]:
    """A way to a server that breaks at the next request, once for each number in the list."""
    breaks: list[int] = []

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (told := await reader.read(65536)) and not breaks:
            writer.write(told)
        if told:
            breaks.pop()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        answers = asyncio.create_task(pass_on(there, writer))
        await pass_on(reader, back)
        for one in (back, writer):
            one.close()
            await one.wait_closed()
        await answers

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], breaks


async def test_a_question_whose_connection_has_died_is_asked_again(
    redis: RedisServer, journal: RedisJournal
) -> None:
    """As after a restart of Redis, where those that waited for their next use are dead."""
    await load(journal, messages(3))
    async with (
        _cut(redis.port) as (port, breaks),
        RedisJournal(f"redis://127.0.0.1:{port}/0", journal.campaign) as cut,
    ):
        known = await cut.summary()
        breaks.append(1)
        assert await cut.summary() == known
        assert not breaks
