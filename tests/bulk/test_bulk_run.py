"""A bulk send reads lazily, tells every outcome, and stops for no failure."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from cleverapp_async import InvalidRequestError, NotSentError, Outcome, SendMessage, SendOutcome
from tests.bulk.rig import RECEIPT, Counted, Desk, collect, message, others, run_of, turns
from tests.raising import raises

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


def texts(*numbers: str) -> list[SendMessage]:
    """Messages of these texts."""
    return [SendMessage(contact_id=1, text=number) for number in numbers]


@pytest.mark.parametrize("concurrency", [1, 2, 50])
async def test_every_message_has_one_outcome(concurrency: int) -> None:
    """Each message given comes back once, with its place in the source."""
    run = run_of((message(i) for i in range(100)), Desk(), concurrency=concurrency, width=50)
    seen = {outcome.index: outcome async for outcome in run}
    assert sorted(seen) == list(range(100))
    assert all(seen[i].message == message(i) for i in seen)
    assert all(outcome.accepted and outcome.receipt == RECEIPT for outcome in seen.values())
    assert run.progress.ended == {Outcome.ACCEPTED: 100}


async def test_an_async_iterable_is_read_too() -> None:
    """Messages may come from an async generator."""

    async def source() -> AsyncIterator[SendMessage]:
        for number in range(5):
            await turns(1)
            yield message(number)

    assert [outcome.index async for outcome in run_of(source(), Desk())] == list(range(5))


async def test_nothing_to_send_ends_at_once() -> None:
    """An empty source gives no outcome and no error."""
    assert [outcome async for outcome in run_of([], Desk())] == []


async def test_outcomes_come_as_messages_end() -> None:
    """A message that waits does not hold back the outcomes of those behind it."""
    desk = Desk(held=lambda text: text == "0")
    run = run_of([message(i) for i in range(4)], desk)
    indexes = []
    async for outcome in run:
        indexes.append(outcome.index)
        if len(indexes) == 3:
            desk.release()
    assert indexes == [1, 2, 3, 0]


async def test_one_failure_never_stops_the_run() -> None:
    """Refusals, unknown outcomes and even a bug of ours are outcomes like any other."""
    run = run_of(texts("fail", "lost", "bug", "fine"), Desk())
    ended = {outcome.message.text: outcome async for outcome in run}
    assert ended["fail"].outcome is Outcome.NOT_SENT
    assert ended["lost"].outcome is Outcome.UNKNOWN
    assert ended["bug"].outcome is Outcome.NOT_SENT
    assert all(part in str(ended["bug"].error) for part in ("LookupError", "deliver"))
    assert ended["fine"].accepted
    assert ended["fine"].error is None
    assert isinstance(ended["fail"].error, NotSentError)


async def test_a_bug_after_the_request_left_is_unknown() -> None:
    """An exception nobody expected does not turn a message that may have left into NOT_SENT."""
    desk = Desk(held=lambda _: True, on_wire=True)
    run = run_of(texts("bug"), desk)
    outcomes = aiter(run)
    first = asyncio.ensure_future(anext(outcomes))
    await turns()
    desk.release()
    assert (await first).outcome is Outcome.UNKNOWN
    assert [outcome async for outcome in outcomes] == []


async def test_a_failed_message_can_be_given_again() -> None:
    """What an outcome carries is what a bulk send takes: sending the rest again is one line."""
    first = [outcome async for outcome in run_of(texts("fail", "fine"), Desk())]
    again = [outcome.message for outcome in first if not outcome.accepted]
    assert [outcome.message async for outcome in run_of(again, Desk())] == texts("fail")


async def test_a_source_that_fails_is_told_after_the_outcomes() -> None:
    """What was read before the source broke is sent and told, then its error is raised."""

    def source() -> Iterator[SendMessage]:
        yield from texts("a", "b")
        raise LookupError("the file ended badly")

    seen: list[SendOutcome] = []
    with pytest.raises(LookupError, match="ended badly"):
        await collect(run_of(source(), Desk()), seen)
    assert [outcome.message.text for outcome in seen] == ["a", "b"]


async def test_a_source_that_was_cancelled_is_no_end() -> None:
    """A source whose own task was cancelled raises: the rest is not silently left out."""

    async def source() -> AsyncIterator[SendMessage]:
        yield message(0)
        raise asyncio.CancelledError

    seen: list[SendOutcome] = []
    with raises(RuntimeError, 1):
        await collect(run_of(source(), Desk()), seen)
    assert [outcome.index for outcome in seen] == [0]


@pytest.mark.parametrize("bad", [{"text": "x"}, None, "Hi", 7, SendMessage, object()])
async def test_what_is_no_message_stops_no_others(bad: Any) -> None:  # noqa: ANN401 - anything
    """An item that is no request model has an outcome with its place; the others are sent."""
    run = run_of([message(0), bad, message(2)], Desk())
    seen = {outcome.index: outcome for outcome in await collect(run)}
    assert sorted(seen) == [0, 1, 2]
    assert seen[0].accepted
    assert seen[2].accepted
    assert seen[1].message is bad
    assert seen[1].outcome is Outcome.NOT_SENT
    assert isinstance(seen[1].error, InvalidRequestError)
    assert "message 2, counted from 1" in str(seen[1].error)
    assert run.progress.ended == {Outcome.ACCEPTED: 2, Outcome.NOT_SENT: 1}


async def test_a_list_of_what_is_no_message_is_read_as_far_as_there_is_room() -> None:
    """Outcomes of bad items wait for whoever iterates, like all others: memory stays bounded."""
    read = 0

    def source() -> Iterator[Any]:
        nonlocal read
        while read < 1_000:
            read += 1
            yield None

    run = run_of(source(), Desk(), concurrency=5)
    async with run:
        outcomes = aiter(run)
        await anext(outcomes)
        await turns(50)
        assert read <= 2 * 5 + 1
        assert len([outcome async for outcome in outcomes]) == 999


async def test_an_error_in_finding_the_key_is_raised() -> None:
    """What goes wrong while a message is queued ends the reading, after the outcomes so far."""

    def key(_: object) -> None:
        raise LookupError("no such bot")

    with pytest.raises(LookupError, match="no such bot"):
        await collect(run_of([message(0)], Desk(), key=key))


async def test_a_run_runs_once() -> None:
    """A second iteration is refused: its messages have been read."""
    run = run_of([message(0)], Desk())
    assert len([outcome async for outcome in run]) == 1
    with pytest.raises(RuntimeError):
        aiter(run)


async def test_the_source_is_read_only_as_far_as_there_is_room() -> None:
    """An endless source is read a bounded number of messages ahead."""
    source = Counted()
    desk = Desk(held=lambda _: True)
    async with run_of(source, desk, concurrency=3, look_ahead=10) as run:
        waiting = asyncio.ensure_future(anext(aiter(run)))
        await turns(50)
        assert source.read <= 3 + 10
        assert desk.busiest <= 3
        desk.release()
        await waiting


async def test_a_slow_consumer_bounds_what_is_kept() -> None:
    """Outcomes nobody has taken yet stop the sending, so that memory stays bounded."""
    source = Counted()
    desk = Desk()
    run = run_of(source, desk, concurrency=5, look_ahead=10, width=100)
    outcomes = aiter(run)
    await anext(outcomes)
    await turns(300)
    assert len(desk.started) <= 2 * 5 + 1
    assert source.read <= 2 * 5 + 1 + 10
    for _ in range(30):
        await anext(outcomes)
    assert len(desk.started) > 30
    await run.aclose()


async def test_the_loop_turns_while_a_long_source_is_read() -> None:
    """Reading far ahead gives other tasks their turn."""
    desk = Desk(held=lambda _: True)
    async with run_of(Counted(), desk, concurrency=9, look_ahead=100_000) as run:
        waiting = asyncio.ensure_future(anext(aiter(run)))
        await turns(10)
        assert run.progress.read < 10_000
        desk.release()
        await waiting


async def test_all_tasks_end_with_the_run() -> None:
    """After the last outcome nothing of the run is left in the loop."""
    await collect(run_of(Counted(end=20), Desk()))
    assert others() == set()
