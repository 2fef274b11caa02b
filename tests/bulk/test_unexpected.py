"""What raises anything, anywhere: no waiter is left for ever, and no result is lost unsaid."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

import pytest
from attrs import evolve

from cleverapp_async import (
    BulkRun,
    CleverAppError,
    ConfigurationError,
    JournalError,
    Outcome,
    Schedule,
    SendOutcome,
)
from cleverapp_async.bulk.dispatch import Dispatcher
from cleverapp_async.bulk.outcome import outcome_of_run
from cleverapp_async.bulk.schedule import ScheduleGuard
from cleverapp_async.bulk.sources import IterableSource
from cleverapp_async.journal import JournalState, JournalWriteError
from tests.bulk.memory_journal import MemoryJournal
from tests.bulk.rig import Desk, collect, key_of, message, others, turns
from tests.bulk.test_journal_source import Wire, campaign

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Iterator

    from cleverapp_async import Message
    from cleverapp_async._call import Reply, SendState
    from cleverapp_async.journal import JournalResult, MarkOf


class StrangeError(BaseException):
    """What no program would expect."""


class StrangeJournal(MemoryJournal):
    """A journal of a user's own that raises what no protocol tells of."""

    strange: str = ""
    raised: BaseException = RuntimeError("a slip")

    async def intend(self, index: int) -> None:
        """Write an intent, or raise."""
        if self.strange == "intend":
            raise self.raised
        await super().intend(index)

    def withdraw(self, index: int) -> None:
        """Undo an intent, or raise."""
        if self.strange == "withdraw":
            raise self.raised
        super().withdraw(index)

    def record(  # type: ignore[override] # as the protocol has it
        self, index: int, result: JournalResult
    ) -> Awaitable[None]:
        """Write a result, or raise at once, later, or be cancelled."""
        if self.strange == "record":
            raise self.raised
        if self.strange == "record later":
            return self._later()
        if self.strange == "record cancelled":
            future = asyncio.get_running_loop().create_future()
            future.cancel()
            return future
        return super().record(index, result)

    async def _later(self) -> None:
        await asyncio.sleep(0)
        raise self.raised


def strange(where: str, raised: BaseException | None = None) -> StrangeJournal:
    """A journal that raises there."""
    journal = StrangeJournal()
    journal.strange = where
    journal.raised = raised or RuntimeError("a slip")
    return journal


async def failed(run: BulkRun, seen: list[SendOutcome]) -> CleverAppError:
    """What a run raises; it ends, and nothing of it stays behind."""
    async with asyncio.timeout(20):
        with pytest.raises(CleverAppError) as raised:
            await collect(run, seen)
    await turns()
    assert others() == set()
    return raised.value


OF_RUNS = [
    ((), Outcome.NOT_SENT),
    ((Outcome.NOT_SENT,), Outcome.NOT_SENT),
    ((Outcome.NOT_SENT, Outcome.REJECTED), Outcome.REJECTED),
    ((Outcome.REJECTED, Outcome.ACCEPTED), Outcome.UNKNOWN),
    ((Outcome.NOT_SENT, Outcome.UNKNOWN), Outcome.UNKNOWN),
]


@pytest.mark.parametrize(("ended", "outcome"), OF_RUNS)
def test_an_error_of_a_run_says_not_sent_only_if_no_message_arrived(
    ended: tuple[Outcome, ...], outcome: Outcome
) -> None:
    """Who goes by its outcome would else send again what people have."""
    assert outcome_of_run(Counter(ended)) is outcome


@pytest.mark.parametrize("where", ["record", "record later", "record cancelled"])
async def test_a_result_that_no_journal_took_is_told_and_stops_the_run(where: str) -> None:
    """Whatever a journal raises, the outcome comes, the run fails, and is not called finished."""
    journal = strange(where)
    seen: list[SendOutcome] = []
    error = await failed(campaign(journal, Wire(), [message(i) for i in range(9)]), seen)
    assert isinstance(error, JournalError)
    assert {outcome.outcome for outcome in seen} == {Outcome.ACCEPTED}
    assert error.so_far == {Outcome.ACCEPTED: len(seen)}
    assert f"{len(seen)} accepted" in str(error)
    assert error.outcome is Outcome.UNKNOWN
    assert journal.ended is not None
    assert journal.ended.startswith("JournalError")
    assert journal.states()[JournalState.INTENT] == len(seen)


class BrokenJournal(MemoryJournal):
    """A journal of a user's own one of whose methods always raises."""

    async def recognize(self, mark_of: MarkOf) -> bool | None:
        """Know every account."""
        del mark_of
        return True

    async def _slip(self, *_: object, **__: object) -> NoReturn:
        raise RuntimeError("a slip")


METHODS = ("open", "load", "recognize", "summary", "sent_since", "keys", "take", "intend", "close")


def _slip_at_once(*_: object, **__: object) -> NoReturn:
    raise RuntimeError("a slip")


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("where", [*METHODS, "record"])
async def test_a_journal_that_raises_anything_is_a_failure_of_the_journal(
    where: str,
    at_once: bool,
) -> None:
    """The run fails with a JournalError that names the class; its cause is the journal's own."""
    slip = _slip_at_once if at_once else BrokenJournal._slip
    journal = type("OurJournal", (BrokenJournal,), {where: slip})()
    if where == "sent_since":
        await collect(campaign(MemoryJournal(place=journal.place), Wire(), [message(0)]))
    run = campaign(journal, Wire(), [message(0)], whole=True)
    error = await failed(run, [])
    assert isinstance(error, JournalError)
    assert "OurJournal" in str(error)
    assert isinstance(error.__cause__, RuntimeError)


@pytest.mark.parametrize("where", ["load", "summary", "keys", "take", "sent_since"])
async def test_a_journal_that_answers_nothing_is_a_failure_of_the_journal(where: str) -> None:
    """A method that forgets its `return` is named, instead of an AttributeError from inside."""

    async def nothing(*_: object, **__: object) -> None:
        pass

    journal = type("OurJournal", (BrokenJournal,), {where: nothing})()
    if where == "sent_since":
        await collect(campaign(MemoryJournal(place=journal.place), Wire(), [message(0)]))
    error = await failed(campaign(journal, Wire(), [message(0)], whole=True), [])
    assert isinstance(error, JournalError)
    assert f"OurJournal.{nothing.__name__}" in str(error)


@pytest.mark.parametrize("lazily", [False, True])
async def test_what_the_messages_raise_stays_as_it_is(lazily: bool) -> None:
    """An error of the list that is read in is the user's own, and none of the journal."""

    def plain() -> Iterator[Message]:
        yield message(0)
        raise LookupError

    async def later() -> AsyncIterator[Message]:
        yield message(0)
        raise LookupError

    run = campaign(MemoryJournal(), Wire(), later() if lazily else plain())
    with pytest.raises(LookupError):
        await collect(run)


class SpeechlessError(Exception):
    """What cannot even say what it is."""

    def __str__(self) -> str:
        """Fail."""
        raise LookupError


async def test_an_error_without_words_keeps_no_journal_open() -> None:
    """The messages' own error is raised, and the journal is told its type and let go."""

    def plain() -> Iterator[Message]:
        yield message(0)
        raise SpeechlessError

    journal = MemoryJournal()
    with pytest.raises(SpeechlessError):
        await collect(campaign(journal, Wire(), plain()))
    assert journal.ended == "SpeechlessError"


async def test_an_intent_that_fails_by_anything_stops_the_run() -> None:
    """Nothing is delivered, and the journal's own exception is the cause."""
    journal, desk = strange("intend"), Wire()
    error = await failed(campaign(journal, desk, [message(i) for i in range(9)]), [])
    assert isinstance(error, JournalError)
    assert isinstance(error.__cause__, RuntimeError)
    assert error.so_far == {}
    assert desk.started == []
    assert journal.states() == {JournalState.PENDING: 9}


async def test_an_intent_that_is_cancelled_by_nobody_stops_the_run() -> None:
    """A message that is left out because its intent was cancelled does not go unsaid."""
    journal, desk = strange("intend", asyncio.CancelledError()), Wire()
    error = await failed(campaign(journal, desk, [message(i) for i in range(9)]), [])
    assert isinstance(error, JournalError)
    assert desk.started == []
    assert journal.ended is not None
    assert journal.ended.startswith("JournalError")


async def test_what_an_earlier_run_had_on_its_way_is_not_counted() -> None:
    """The counts of an error are of this run, and not of the one that died before it."""
    journal = MemoryJournal()
    await collect(campaign(journal, Wire(), [message(i) for i in range(4)]))
    for index in (0, 1):
        journal.entries[index] = evolve(
            journal.entries[index], state=JournalState.INTENT, result=None
        )
    journal.entries[2] = evolve(journal.entries[2], state=JournalState.PENDING, result=None)
    journal.broken.add("record")
    seen: list[SendOutcome] = []
    error = await failed(campaign(journal, Wire()), seen)
    assert isinstance(error, JournalError)
    assert error.so_far == {Outcome.ACCEPTED: 1}
    assert len(seen) == 3


async def test_a_journal_that_cannot_take_an_intent_back_leaves_nobody_waiting() -> None:
    """A run that is stopped ends, with the journal's failure, although withdrawing raises."""
    journal, desk = strange("withdraw"), Wire(held=lambda _: True)
    run = campaign(journal, desk, [message(0), message(1)])

    async def stop() -> None:
        # Not before both have an intent: a run that is stopped sooner has none to take back.
        while len(desk.started) < 2:  # noqa: ASYNC110 - a desk gives no sign
            await asyncio.sleep(0)
        run.drain()

    stopping = asyncio.ensure_future(stop())
    assert isinstance(await failed(run, []), JournalError)
    await stopping


class Bursting(Desk):
    """A desk on which everything raises what ends programs."""

    async def deliver(self, sent: Message, state: SendState) -> Reply:
        """Raise, when the message is on the wire."""
        await asyncio.sleep(0)
        state.waiting, state.outcome = False, Outcome.UNKNOWN
        raise StrangeError(sent.text)


async def test_a_delivery_that_raises_what_is_no_exception_has_its_outcome() -> None:
    """What was on the wire when something strange was raised is unknown, and so told."""
    journal = MemoryJournal()
    outcomes = await collect(campaign(journal, Bursting(), [message(0), message(1)]))
    assert [outcome.outcome for outcome in outcomes] == [Outcome.UNKNOWN] * 2
    assert journal.states() == {JournalState.UNKNOWN: 2}


class Forgetful(Desk):
    """A desk whose journal fails between two attempts, of which the first may have arrived."""

    async def deliver(self, sent: Message, state: SendState) -> Reply:
        """Fail as a second commit would."""
        await asyncio.sleep(0)
        state.outcome = Outcome.UNKNOWN
        raise JournalWriteError(f"no intent of {sent.text}")


async def test_what_may_have_arrived_is_told_when_the_journal_fails() -> None:
    """A journal that fails at a later attempt takes nothing back of what an earlier one did."""
    journal, seen = MemoryJournal(), list[SendOutcome]()
    error = await failed(campaign(journal, Forgetful(), [message(0)]), seen)
    assert isinstance(error, JournalWriteError)
    assert [outcome.outcome for outcome in seen] == [Outcome.UNKNOWN]
    assert journal.states() == {JournalState.UNKNOWN: 1}


@pytest.mark.parametrize("raised", [OverflowError("no such time"), SpeechlessError()])
async def test_a_schedule_that_fails_ends_the_run(raised: Exception) -> None:
    """A run whose hours nobody keeps any more does not wait for them for ever."""

    def clock() -> float:
        raise raised

    guard = ScheduleGuard(Schedule(at=datetime(2030, 1, 1, tzinfo=UTC)), clock=clock)
    dispatcher = Dispatcher(
        source=IterableSource([message(0)], key_of),
        deliver=Desk().deliver,
        width_of=lambda _: 2,
        concurrency=4,
        look_ahead=10,
        is_open=guard.is_open,
    )
    seen: list[SendOutcome] = []
    error = await failed(BulkRun(dispatcher, guard), seen)
    assert isinstance(error, ConfigurationError)
    assert error.__cause__ is raised
    assert [outcome.outcome for outcome in seen] == [Outcome.NOT_SENT]


async def test_a_run_drained_before_its_reader_began_ends() -> None:
    """A drain between the start of the iteration and the first message leaves nobody waiting."""
    run = campaign(MemoryJournal(), Wire(), [message(0)])
    iteration = aiter(run)
    consumer = asyncio.ensure_future(anext(iteration))
    asyncio.get_running_loop().call_soon(run.drain)
    async with asyncio.timeout(20):
        with pytest.raises(StopAsyncIteration):
            await consumer
    await turns()
    assert others() == set()


async def test_what_fails_at_the_close_is_why_the_run_ended() -> None:
    """A result that is lost while a run is cut off makes it no interrupted one."""
    journal, desk = MemoryJournal(), Wire(held=lambda _: True, on_wire=True)
    run = campaign(journal, desk, [message(0)])
    consumer = asyncio.ensure_future(collect(run))
    await turns()
    journal.broken.add("record")
    await run.aclose()
    assert journal.ended is not None
    assert journal.ended.startswith("JournalWriteError")
    with pytest.raises(JournalWriteError) as raised:
        await consumer
    assert raised.value.so_far == {Outcome.UNKNOWN: 1}
