"""A run that is used in a way in which it sends nothing says so, and what to write instead."""

from __future__ import annotations

import asyncio
import gc
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from cleverapp_async import CleverAppClient, LimiterRegistry, Outcome, SendMessage, SqliteJournal
from cleverapp_async.simulator import Simulator, SimulatorLimits
from tests.bulk.rig import Counted, Desk, collect, message, others, run_of, turns
from tests.transport.rig import client_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from cleverapp_async import BulkRun, SendOutcome
    from cleverapp_async.bulk import Messages

FREE = SimulatorLimits.none()


def forgotten(make: Callable[[], object]) -> list[warnings.WarningMessage]:
    """The warnings about what was made and dropped."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        make()
        gc.collect()
    return [one for one in told if issubclass(one.category, RuntimeWarning)]


@pytest.mark.parametrize("how", ["send_many", "run_campaign"])
async def test_a_run_that_nobody_iterates_over_warns_where_it_was_made(
    how: str, tmp_path: Path
) -> None:
    """Dropping a run that has sent nothing is told as Python tells of a forgotten ``await``."""
    async with client_of("http://127.0.0.1:9/api/v1") as client:

        def make() -> object:
            if how == "send_many":
                return client.send_many([message(0)])
            return client.run_campaign(SqliteJournal(tmp_path / "run.db"), [message(0)])

        (warning,) = forgotten(make)
    assert warning.filename == __file__
    assert "async for" in str(warning.message)


async def test_a_block_around_a_run_that_nobody_iterates_over_warns() -> None:
    """An ``async with`` alone sends nothing, either; one that an error left is not blamed."""
    with pytest.warns(RuntimeWarning, match="async for"):
        async with run_of([message(0)], Desk()):
            pass
    with pytest.raises(LookupError):
        async with run_of([message(0)], Desk()):
            raise LookupError


async def test_a_run_that_was_stopped_on_purpose_is_not_warned_of() -> None:
    """Who drains or closes a run before it begins, or iterates over it, has not forgotten it."""
    runs = [run_of([message(0)], Desk()) for _ in range(3)]
    runs[0].drain()
    await runs[1].aclose()
    await collect(runs[2])
    assert forgotten(runs.clear) == []


async def test_a_run_that_is_only_asked_for_its_iterator_warns() -> None:
    """``aiter(run)`` begins nothing before its first outcome is asked for."""
    assert len(forgotten(lambda: aiter(run_of([message(0)], Desk())))) == 1


async def test_awaiting_or_looping_over_a_run_says_what_to_write() -> None:
    """``await``, a plain ``for`` and a plain ``with`` raise a TypeError that names the remedy."""
    run: Any = run_of([message(0)], Desk())
    with pytest.raises(TypeError, match="async for"):
        await run
    with pytest.raises(TypeError, match="async for"):
        for _ in run:
            pass
    with pytest.raises(TypeError, match="async for"):
        await asyncio.gather(run)
    with pytest.raises(TypeError, match="async with"), run:
        pass
    assert [outcome.accepted for outcome in await collect(run)] == [True]


async def test_a_plain_with_around_a_client_says_what_to_write() -> None:
    """So does a client."""
    client: Any = client_of("http://127.0.0.1:9/api/v1")
    with pytest.raises(TypeError, match="async with"), client:
        pass


async def test_a_break_cancels_all_that_was_started_and_the_counts_tell_it() -> None:
    """After a ``break`` in a block nothing runs, and each message that was read has its outcome.

    What was on the wire is UNKNOWN, what was not begun NOT_SENT: nobody is told but the counts.
    """
    desk = Desk(held=lambda text: text != "0", on_wire=True)
    async with run_of(Counted(end=30), desk, look_ahead=100) as run:
        async for outcome in run:
            assert outcome.accepted
            break
        await turns()
    assert others() == set()
    ended = run.progress.ended
    assert ended[Outcome.ACCEPTED] == 1
    assert ended[Outcome.UNKNOWN] == len(desk.started) - 1 > 0
    assert sum(ended.values()) == run.progress.read
    with pytest.raises(RuntimeError):
        aiter(run)


class SourceError(Exception):
    """What the user's own generator raises."""


def torn(lazily: bool) -> Messages:
    """Two messages, then an error, once."""
    messages = [SendMessage(contact_id=i, text=str(i)) for i in (1, 2)]

    def plain() -> Iterator[SendMessage]:
        yield from messages
        raise SourceError

    async def later() -> AsyncIterator[SendMessage]:
        for one in messages:
            await asyncio.sleep(0)
            yield one
        raise SourceError

    return later() if lazily else plain()


async def until_it_raises(run: BulkRun) -> list[SendOutcome]:
    """The outcomes of a run whose source fails: its error comes after them, and once."""
    seen: list[SendOutcome] = []
    async with asyncio.timeout(120):
        with pytest.raises(SourceError):
            await collect(run, seen)
    with pytest.raises(RuntimeError):
        aiter(run)
    return seen


@pytest.mark.parametrize("lazily", [False, True])
async def test_an_error_of_a_generator_comes_after_the_outcomes_of_what_it_gave(
    lazily: bool,
) -> None:
    """All that was taken is sent and told; then the generator's error is raised, once."""
    async with (
        Simulator(limits=FREE) as simulator,
        client_of(simulator.base_url) as client,
    ):
        run = client.send_many(torn(lazily))
        seen = await until_it_raises(run)
        assert sorted(outcome.index for outcome in seen) == [0, 1]
        assert all(outcome.accepted for outcome in seen)
        assert len(simulator.deliveries) == 2
        await run.aclose()


@pytest.mark.parametrize("lazily", [False, True])
async def test_an_error_of_a_generator_sends_nothing_of_a_campaign(
    lazily: bool,
    tmp_path: Path,
) -> None:
    """With a journal all are read before the first is sent: then nothing was.

    The campaign can be begun anew in the same file.
    """
    path = tmp_path / "run.db"
    async with (
        Simulator(limits=FREE) as simulator,
        client_of(simulator.base_url) as client,
    ):
        assert await until_it_raises(client.run_campaign(SqliteJournal(path), torn(lazily))) == []
        assert len(simulator.deliveries) == 0
        whole = [SendMessage(contact_id=i, text=str(i)) for i in (1, 2, 3)]
        run = client.run_campaign(SqliteJournal(path), whole)
        assert len([outcome async for outcome in run if outcome.accepted]) == 3


async def test_what_is_no_message_is_told_by_the_client_too() -> None:
    """A dict, None and a str in a list cost only themselves, and nothing of them is sent."""
    bad: list[Any] = [{"contact_id": 1, "text": "Hi"}, None, "Hi"]
    async with (
        Simulator(limits=FREE) as simulator,
        client_of(simulator.base_url) as client,
    ):
        run = client.send_many([*bad, SendMessage(contact_id=1, text="Hi")])
        seen = {outcome.index: outcome async for outcome in run}
        assert [seen[i].outcome for i in range(4)] == [Outcome.NOT_SENT] * 3 + [Outcome.ACCEPTED]
        assert [seen[i].message for i in range(3)] == bad
        assert {seen[i].error.code for i in range(3)} == {"invalid_request"}  # type: ignore[union-attr] # pyright: ignore[reportOptionalMemberAccess]
        assert len(simulator.deliveries) == 1
        again = [outcome async for outcome in client.send_many([seen[0].message])]
        assert [outcome.outcome for outcome in again] == [Outcome.NOT_SENT]


async def test_a_client_that_nobody_closes_warns_where_it_was_made() -> None:
    """One that was used and dropped is told of by its own name, beside aiohttp's warning."""
    async with Simulator(limits=FREE) as simulator:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            client = CleverAppClient(
                simulator.api_token,
                base_url=simulator.base_url,
                limits=LimiterRegistry.unlimited(),
            )
            await client.get_me()
            del client
            ours: list[tuple[type[Warning], str]] = []
            for _ in range(3):
                await turns()
                gc.collect()
                # Those of aiohttp hold what they are about: let it go in here, too.
                ours += [
                    (one.category, one.filename)
                    for one in told
                    if "CleverAppClient" in str(one.message)
                ]
                told.clear()
    assert ours == [(ResourceWarning, __file__)]
