"""A run over a journal: what is written when, and what becomes of a run that is stopped."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import (
    BulkRun,
    CampaignPausedError,
    ForbiddenError,
    LimiterRegistry,
    NotSentError,
    Outcome,
    OutcomeUnknownError,
    SendOutcome,
    ValidationError,
)
from cleverapp_async.bulk.breaker import Breaker
from cleverapp_async.bulk.dispatch import Dispatcher
from cleverapp_async.bulk.journal_source import JournalSource
from cleverapp_async.bulk.priming import Primer
from cleverapp_async.journal import JournalState, JournalWriteError, Resend
from cleverapp_async.limits import AccountKey
from tests.bulk.memory_journal import MemoryJournal
from tests.bulk.rig import Desk, collect, key_of, message, others, turns
from tests.raising import raises

if TYPE_CHECKING:
    from cleverapp_async import Message, Route
    from cleverapp_async._call import Reply, SendState
    from cleverapp_async.bulk import Messages


class Wire(Desk):
    """A desk that awaits the commit before it delivers, as the pipeline does."""

    async def deliver(self, sent: Message, state: SendState) -> Reply:
        """Commit, then deliver."""
        if state.commit is not None:
            await state.commit()
        if self.on_wire or not self.held(str(sent.text)):
            state.waiting, state.outcome = False, Outcome.UNKNOWN
        if str(sent.text).startswith("forbidden"):
            state.waiting, state.outcome = True, Outcome.REJECTED
            raise ForbiddenError(403, {"message": "Forbidden"}, "sendMessage")
        if str(sent.text).startswith("invalid"):
            state.waiting, state.outcome = True, Outcome.REJECTED
            raise ValidationError(422, {"message": "x"}, "sendMessage")
        return await super().deliver(sent, state)


def campaign(
    journal: MemoryJournal,
    desk: Desk,
    messages: Messages | None = None,
    *,
    resend: Resend | None = None,
    look_ahead: int = 1000,
    concurrency: int = 4,
    pause_after: int = 5,
    learned: list[tuple[int, Route]] | None = None,
    whole: bool = False,
) -> BulkRun:
    """A run over a journal; a whole one also recognizes the account and counts what was sent."""
    routes = [] if learned is None else learned
    source = JournalSource(
        journal=journal,
        messages=messages,
        origin="https://app.example",
        key_of=key_of,
        learn=lambda contact_id, route: routes.append((contact_id, route)),
        deduplicate=False,
        resend=resend or Resend(),
        look_ahead=look_ahead,
        primer=Primer(limits=LimiterRegistry(), account=AccountKey("0" * 32), key_of=key_of)
        if whole
        else None,
        mark_of=(lambda salt: salt) if whole else None,
    )
    return BulkRun(
        Dispatcher(
            source=source,
            deliver=desk.deliver,
            width_of=lambda _: 2,
            concurrency=concurrency,
            look_ahead=look_ahead,
            breaker=Breaker(pause_after),
        )
    )


def texts(*names: str) -> list[Message]:
    """Messages with these texts."""
    return [message(0).__class__(contact_id=1, text=name) for name in names]


async def test_an_intent_comes_before_the_wire_and_a_result_before_it_is_told() -> None:
    """The order of events of each message: intend, deliver, record, outcome."""
    journal, desk = MemoryJournal(), Wire()
    told: list[SendOutcome] = []
    async for outcome in campaign(journal, desk, [message(i) for i in range(9)]):
        told.append(outcome)
        assert f"record {outcome.index} accepted" in journal.log
    assert [outcome.outcome for outcome in told] == [Outcome.ACCEPTED] * 9
    for index in range(9):
        intended = journal.log.index(f"intend {index}")
        assert intended < journal.log.index(f"record {index} accepted")
    assert journal.states() == {JournalState.ACCEPTED: 9}
    assert journal.log[0] == "open https://app.example to create"
    assert journal.log[-1] == "close"
    assert journal.ended == "finished"


async def test_nothing_is_delivered_before_its_intent_is_written() -> None:
    """While intents cannot be written, nothing reaches the wire."""
    journal, desk = MemoryJournal(), Wire()
    journal.gate.clear()
    consumer = asyncio.create_task(collect(campaign(journal, desk, [message(0), message(1)])))
    await turns()
    assert desk.started == []
    journal.gate.set()
    assert len(await consumer) == 2


async def test_a_journal_that_cannot_take_an_intent_stops_the_run() -> None:
    """Nothing leaves, the error is raised, and every message waits in the journal."""
    journal, desk = MemoryJournal(), Wire()
    journal.broken.add("intend")
    told: list[SendOutcome] = []
    with pytest.raises(JournalWriteError, match="disk is full"):
        await collect(campaign(journal, desk, [message(i) for i in range(20)]), told)
    assert desk.started == []
    assert told == []
    assert journal.states() == {JournalState.PENDING: 20}
    assert journal.ended == "JournalWriteError: run.db cannot be written: the disk is full"


async def test_a_journal_that_cannot_take_a_result_stops_the_run() -> None:
    """What was sent is told as it was; nothing new is started; the intents stay for a resume."""
    journal, desk = MemoryJournal(), Wire()
    journal.broken.add("record")
    told: list[SendOutcome] = []
    with pytest.raises(JournalWriteError):
        await collect(campaign(journal, desk, [message(i) for i in range(50)]), told)
    assert {outcome.outcome for outcome in told} == {Outcome.ACCEPTED}
    assert len(told) == len(desk.started) < 50
    assert journal.states()[JournalState.INTENT] == len(told)


async def test_draining_leaves_the_rest_pending() -> None:
    """What was never begun has no outcome: the next run sends it, and each is sent once."""
    journal, desk = MemoryJournal(), Wire(held=lambda text: text != "0", on_wire=True)
    run = campaign(journal, desk, [message(i) for i in range(30)])
    iteration = aiter(run)
    outcomes = [await anext(iteration)]
    await turns()
    run.drain()
    desk.release()
    outcomes += [outcome async for outcome in iteration]
    assert {outcome.outcome for outcome in outcomes} == {Outcome.ACCEPTED}
    assert journal.ended == "interrupted"
    assert journal.states() == {
        JournalState.ACCEPTED: len(outcomes),
        JournalState.PENDING: 30 - len(outcomes),
    }
    again = await collect(campaign(journal, desk))
    assert sorted(outcome.index for outcome in outcomes + again) == list(range(30))
    assert len(desk.started) == 30


async def test_a_stop_while_an_intent_is_written_withdraws_it() -> None:
    """A message that was about to leave and did not is pending, whatever was written of it."""
    journal, desk = MemoryJournal(), Wire(held=lambda _: True)
    run = campaign(journal, desk, [message(i) for i in range(4)])
    consumer = asyncio.create_task(collect(run))
    await turns()
    assert journal.states()[JournalState.INTENT] > 0
    run.drain()
    assert await consumer == []
    assert journal.states() == {JournalState.PENDING: 4}


async def test_closing_writes_what_was_on_the_wire_down_as_unknown() -> None:
    """An abort tells and records what may have been sent; nothing outlives it."""
    journal, desk = MemoryJournal(), Wire(held=lambda _: True, on_wire=True)
    run = campaign(journal, desk, [message(i) for i in range(10)])
    consumer = asyncio.create_task(collect(run))
    await turns()
    await run.aclose()
    outcomes = await consumer
    assert outcomes
    assert {outcome.outcome for outcome in outcomes} == {Outcome.UNKNOWN}
    assert journal.states()[JournalState.UNKNOWN] == len(outcomes)
    assert others() == set()
    assert journal.log.count("close") == 1


async def test_what_a_dead_run_had_on_its_way_is_told_first_and_not_sent() -> None:
    """An intent without a result is an outcome of the resume: unknown, and not repeated."""
    journal, desk = MemoryJournal(), Wire()
    await collect(campaign(journal, desk, [message(i) for i in range(3)]))
    journal._set(1, JournalState.INTENT)
    desk.started.clear()
    run = campaign(journal, desk)
    [orphan] = await collect(run)
    assert "open https://app.example to resume" in journal.log
    assert (orphan.index, orphan.outcome) == (1, Outcome.UNKNOWN)
    assert isinstance(orphan.error, OutcomeUnknownError)
    assert desk.started == []
    assert run.loaded is not None
    assert run.loaded.resumed
    assert run.summary is not None
    assert run.summary.by_state[JournalState.UNKNOWN] == 1
    assert await collect(campaign(journal, desk)) == []


async def test_unknown_is_sent_again_on_request_alone() -> None:
    """``resend_unknown`` sends what may have been sent; its outcome replaces the unknown."""
    journal, desk = MemoryJournal(), Wire()
    await collect(campaign(journal, desk, texts("lost")))
    assert journal.states() == {JournalState.UNKNOWN: 1}
    assert await collect(campaign(journal, desk)) == []
    await collect(campaign(journal, desk, resend=Resend(unknown=True)))
    assert desk.started == ["lost", "lost"]


async def test_what_was_not_sent_is_sent_by_the_next_run() -> None:
    """NOT_SENT has its outcome in each run, and is tried once in each."""
    journal, desk = MemoryJournal(), Wire()
    for _ in range(2):
        [outcome] = await collect(campaign(journal, desk, texts("fail")))
        assert isinstance(outcome.error, NotSentError)
    assert desk.started == ["fail", "fail"]


async def test_refusals_for_good_are_sent_again_on_request_alone() -> None:
    """An invalid message is final, unless ``retry_rejected`` asks for it."""
    journal, desk = MemoryJournal(), Wire()
    await collect(campaign(journal, desk, texts("invalid")))
    assert await collect(campaign(journal, desk)) == []
    again = await collect(campaign(journal, desk, resend=Resend(rejected=True)))
    assert [outcome.outcome for outcome in again] == [Outcome.REJECTED]


async def test_the_same_refusal_in_a_row_pauses_the_campaign() -> None:
    """After a few refusals of that kind nothing more is sent, and the rest is pending."""
    journal, desk = MemoryJournal(), Wire()
    names = [f"forbidden {number}" for number in range(1000)]
    told: list[SendOutcome] = []
    with raises(CampaignPausedError) as caught:
        await collect(campaign(journal, desk, texts(*names)), told)
    assert isinstance(caught.value.cause, ForbiddenError)
    assert caught.value.in_a_row == 5
    assert 5 <= len(told) <= 8
    assert len({outcome.index for outcome in told}) == len(told)
    assert {type(outcome.error) for outcome in told} == {ForbiddenError}
    assert journal.states()[JournalState.PENDING] == 1000 - len(told)
    assert journal.ended is not None
    assert journal.ended.startswith("CampaignPausedError: ")


async def test_a_long_stretch_of_one_key_does_not_hold_up_another() -> None:
    """Keys are read apart: ten thousand of one before the first of another cost it nothing."""
    journal = MemoryJournal()
    desk = Wire(held=lambda text: int(text) < 2000)
    slow = [message(i) for i in range(2000)]
    quick = [message(i, bot_id=2) for i in range(2000, 2100)]
    run = campaign(journal, desk, slow + quick, look_ahead=40)
    ended: Counter[int] = Counter()
    async for outcome in run:
        ended[outcome.message.bot_id or 0] += 1
        queued = sum(count for count, _ in run.progress.by_key.values())
        assert queued <= 40
        if ended[2] == 100:
            break
    assert ended == {2: 100}
    assert journal.states()[JournalState.ACCEPTED] == 100


async def test_contacts_are_routed_as_when_they_were_read() -> None:
    """A resume teaches the client through which bot and messenger a contact was to be written."""
    journal, desk = MemoryJournal(), Wire()
    learned: list[tuple[int, Route]] = []
    sent = texts("Hi")[0]
    await journal.load([sent], lambda _: key_of(message(0)), deduplicate=False)
    await collect(campaign(journal, desk, learned=learned))
    assert [(contact_id, route.bot_id, route.messenger) for contact_id, route in learned] == [
        (1, 1, "telegram")
    ]


async def test_a_source_that_fails_while_it_is_read_sends_nothing() -> None:
    """Everything is read before the first message leaves, so a fault in the source costs none."""

    def source() -> object:
        yield message(0)
        raise LookupError("a torn file")

    journal, desk = MemoryJournal(), Wire()
    with pytest.raises(LookupError, match="torn"):
        await collect(campaign(journal, desk, source()))  # type: ignore[arg-type]
    assert desk.started == []
    assert journal.ended == "LookupError: a torn file"


@pytest.mark.filterwarnings("ignore:a bulk send was never iterated:RuntimeWarning")
@pytest.mark.parametrize("turn", range(0, 40, 3))
async def test_a_cancelled_consumer_loses_nothing_whatever_the_moment(turn: int) -> None:
    """After a cancel at any turn of the loop no task is left, and a resume ends the campaign.

    No message is delivered twice, and what was on the wire is unknown.
    """
    journal, desk = MemoryJournal(), Wire()
    messages = [message(i) for i in range(60)]
    consumer = asyncio.create_task(collect(campaign(journal, desk, messages, concurrency=3)))
    await turns(turn)
    consumer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await consumer
    await turns()
    assert others() == set()
    states = journal.states()
    assert states.get(JournalState.INTENT, 0) == 0
    assert states.get(JournalState.UNKNOWN, 0) <= 3
    await collect(campaign(journal, desk, messages))
    states = journal.states()
    assert states.keys() <= {JournalState.ACCEPTED, JournalState.UNKNOWN}
    assert sum(states.values()) == 60
    assert max(Counter(desk.started).values()) == 1
