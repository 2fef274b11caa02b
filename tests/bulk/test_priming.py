"""What a resume knows of the limits: all that the journal tells of the last period."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import LimiterRegistry, Quota, SendMessage
from cleverapp_async.bulk.priming import Arrivals, Primer, arrivals_of
from cleverapp_async.journal import (
    JournalEntry,
    JournalResult,
    JournalState,
    Loaded,
    Resend,
    SendHistory,
)
from cleverapp_async.limits.sliding_window import SETTLE_MARGIN
from cleverapp_async.testing import run_virtual
from tests.bulk.lives import ACCOUNT, Life, World, bot
from tests.bulk.memory_journal import MemoryJournal
from tests.bulk.rig import collect, key_of, message
from tests.laws import examples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cleverapp_async import LimitKey

_NOW = 1_000.0


def _entry(
    state: JournalState,
    *,
    intent_at: float | None = None,
    ended_at: float | None = None,
    attempts: int = 1,
    index: int = 0,
    key: LimitKey | None = None,
) -> JournalEntry:
    result = None
    if ended_at is not None:
        result = JournalResult(state=state, ended_at=ended_at, attempts=attempts)
    return JournalEntry(
        index=index, message=message(0), key=key, state=state, intent_at=intent_at, result=result
    )


_ANSWERED = (JournalState.ACCEPTED, JournalState.REJECTED)


@pytest.mark.parametrize("state", _ANSWERED)
def test_an_answered_message_arrived_before_its_result(state: JournalState) -> None:
    """One attempt counts once, at the moment of the result, whatever the server said."""
    found = list(arrivals_of(_entry(state, intent_at=5.0, ended_at=7.0)))
    assert found == [Arrivals(7.0, 1, 7.0)]


@pytest.mark.parametrize("state", _ANSWERED)
def test_a_result_that_tells_of_no_attempts_counts_once(state: JournalState) -> None:
    """As an older journal, or a message settled by hand, has it."""
    assert list(arrivals_of(_entry(state, ended_at=7.0, attempts=0))) == [Arrivals(7.0, 1, 7.0)]


def test_earlier_attempts_had_ended_when_the_last_one_began() -> None:
    """Several attempts: the last one counts at the result, the others at the last intent."""
    found = list(
        arrivals_of(_entry(JournalState.ACCEPTED, intent_at=5.0, ended_at=7.0, attempts=3))
    )
    assert found == [Arrivals(7.0, 1, 7.0), Arrivals(5.0, 2, 5.0)]


def test_attempts_whose_times_are_not_known_count_at_the_last_one() -> None:
    """Nothing is counted too early: without an intent all of them count at the result."""
    found = list(arrivals_of(_entry(JournalState.REJECTED, ended_at=7.0, attempts=3)))
    assert found == [Arrivals(7.0, 1, 7.0), Arrivals(7.0, 2, 7.0)]


def test_what_provably_never_left_costs_nothing() -> None:
    """NOT_SENT counts for the attempts before the last one alone: these were refused."""
    assert list(arrivals_of(_entry(JournalState.NOT_SENT, intent_at=5.0, ended_at=7.0))) == []
    found = list(
        arrivals_of(_entry(JournalState.NOT_SENT, intent_at=5.0, ended_at=7.0, attempts=2))
    )
    assert found == [Arrivals(5.0, 1, 5.0)]


def test_what_was_given_up_may_arrive_a_little_later() -> None:
    """UNKNOWN counts as the limiters count it: until it was given up and the margin longer."""
    found = list(arrivals_of(_entry(JournalState.UNKNOWN, intent_at=5.0, ended_at=7.0)))
    assert found == [Arrivals(7.0 + SETTLE_MARGIN, 1, 7.0)]


def test_attempts_without_a_result_all_count_at_the_end_of_the_last_one() -> None:
    """A message that was refused three times, before the run that tried it died."""
    entry = evolve(_entry(JournalState.PENDING, intent_at=5.0), earlier=3)
    assert list(arrivals_of(entry)) == [Arrivals(5.0, 3, 5.0)]


@pytest.mark.parametrize("ended_at", [None, 3.0])
def test_an_attempt_that_was_withdrawn_counts_until_its_end(ended_at: float | None) -> None:
    """A refusal that was to be tried again left no result, beside one of an earlier run or not."""
    state = JournalState.PENDING if ended_at is None else JournalState.REJECTED
    found = list(arrivals_of(_entry(state, intent_at=5.0, ended_at=ended_at)))
    assert found[-1] == Arrivals(5.0, 1, 5.0)
    assert list(arrivals_of(_entry(JournalState.PENDING))) == []


def test_what_earlier_runs_sent_of_the_same_message_counts_too() -> None:
    """Sent again on request, twice: three times it may have arrived."""
    entry = evolve(_entry(JournalState.UNKNOWN, intent_at=5.0, ended_at=7.0), earlier=2)
    found = list(arrivals_of(entry))
    assert found == [Arrivals(7.0 + SETTLE_MARGIN, 1, 7.0), Arrivals(5.0, 2, 5.0)]
    found = list(arrivals_of(entry, until=9.0))
    assert found == [Arrivals(9.0, 1, 5.0), Arrivals(5.0, 2, 5.0)]


def _primed(
    entries: Sequence[JournalEntry], *, orphans: Sequence[JournalEntry] = (), times: int = 1
) -> dict[object, float]:
    """When the next request of each key may start, after a registry was primed with a journal."""

    async def main() -> dict[object, float]:
        journal = MemoryJournal(entries={entry.index: entry for entry in entries})
        registry = LimiterRegistry(
            messengers={"telegram": Quota(2, 10.0)}, account=[Quota(2, 1.0), Quota(3, 60.0)]
        )
        for _ in range(times):
            primer = Primer(limits=registry, account=ACCOUNT, key_of=key_of, wall=lambda: _NOW)
            loaded = Loaded(len(entries), 0, resumed=True, orphans=tuple(orphans))
            await primer.prime(journal, loaded, await journal.summary())
        return {key: state.next_free for key, state in registry.snapshot().items()}

    return run_virtual(main())


def _accepted(*ages: float, key: LimitKey | None = None) -> list[JournalEntry]:
    return [
        _entry(JournalState.ACCEPTED, ended_at=_NOW - age, index=index, key=key)
        for index, age in enumerate(ages)
    ]


def test_a_message_counts_for_its_key_and_for_every_quota_of_the_account() -> None:
    """Each limit that a message used is told of it, each over its own period."""
    found = _primed(_accepted(4.0, 3.0, key=bot(1)))
    assert found == pytest.approx({ACCOUNT: 0.0, bot(1): 6.0})
    found = _primed(_accepted(50.0, 4.0, 0.5, key=bot(1)))
    assert found == pytest.approx({ACCOUNT: 10.0, bot(1): 6.0})


def test_a_message_whose_route_nobody_knows_counts_for_the_account() -> None:
    """A contact's id alone says nothing of bot and messenger."""
    sent = SendMessage(contact_id=5, text="hi")
    entries = [evolve(entry, message=sent) for entry in _accepted(0.5, 0.25)]
    assert _primed(entries) == pytest.approx({ACCOUNT: 0.5})


def test_a_route_learned_since_the_messages_were_read_counts() -> None:
    """What the journal did not know of a message, the client may know by now."""
    assert bot(1) in _primed(_accepted(1.0))


def test_times_of_the_future_count_as_now() -> None:
    """After a clock was set back nobody waits longer than a period, and all of it counts."""
    found = _primed(_accepted(-5_000.0, -1.0, key=bot(1)))
    assert found == pytest.approx({ACCOUNT: 1.0, bot(1): 10.0})


def test_an_orphan_counts_as_now() -> None:
    """It may have arrived at any moment until the resume, however long ago its intent is."""
    orphans = [
        _entry(JournalState.UNKNOWN, intent_at=_NOW - 3_000.0, index=index, key=bot(1))
        for index in range(2)
    ]
    assert _primed([], orphans=orphans) == pytest.approx({ACCOUNT: 1.0, bot(1): 10.0})
    settled = [
        evolve(entry, result=JournalResult(state=JournalState.UNKNOWN, ended_at=_NOW, attempts=1))
        for entry in orphans
    ]
    assert _primed(settled, orphans=settled) == pytest.approx({ACCOUNT: 1.0, bot(1): 10.0})


def test_what_was_given_up_counts_for_its_margin_beyond_the_period() -> None:
    """It may have arrived after the moment that the journal tells of."""
    entries = [
        _entry(JournalState.UNKNOWN, ended_at=_NOW - 61.0, index=index, key=bot(1))
        for index in range(3)
    ]
    assert _primed(entries)[ACCOUNT] == pytest.approx(SETTLE_MARGIN - 1.0)


def test_what_is_unknown_without_a_time_counts_as_now() -> None:
    """A journal of a user's own that keeps no more of it is believed the worst."""
    entry = _entry(JournalState.UNKNOWN, intent_at=_NOW - 9.0, key=bot(1))
    assert _primed([entry]) == pytest.approx({ACCOUNT: 0.0, bot(1): 0.0})
    two = [entry, evolve(entry, index=1)]
    assert _primed(two) == pytest.approx({ACCOUNT: 1.0, bot(1): 10.0})


def test_telling_it_twice_changes_nothing() -> None:
    """A second resume over the same limiters counts nothing that the first one counted."""
    entries = _accepted(4.0, key=bot(1))
    orphan = _entry(JournalState.UNKNOWN, intent_at=_NOW - 9.0, ended_at=_NOW, index=7, key=bot(1))
    once = _primed([*entries, orphan], orphans=[orphan])
    assert _primed([*entries, orphan], orphans=[orphan], times=3) == once


def test_absurd_numbers_of_attempts_delay_nobody_for_more_than_a_period() -> None:
    """A damaged journal costs a wait, and no memory."""
    entry = _entry(JournalState.ACCEPTED, ended_at=_NOW, attempts=10**12, key=bot(1))
    assert _primed([entry]) == pytest.approx({ACCOUNT: 60.0, bot(1): 10.0})


@given(st.lists(st.floats(0.0, 80.0), max_size=12))
@examples(60)
def test_no_limit_waits_for_more_than_its_period(ages: list[float]) -> None:
    """Whatever the journal tells."""
    for key, wait in _primed(_accepted(*ages, key=bot(1))).items():
        assert 0.0 <= wait <= (60.0 if key == ACCOUNT else 10.0)


# --- whole campaigns ---

trips = st.lists(st.tuples(st.floats(0.01, 2.0), st.floats(0.01, 2.0)), min_size=1, max_size=5)
kept = st.builds(Quota, st.integers(1, 5), st.sampled_from([1.0, 4.0, 10.0]))
lives = st.builds(
    Life,
    lasts=st.floats(0.0, 25.0),
    dies=st.booleans(),
    rests=st.floats(0.0, 12.0),
    set_back=st.sampled_from([0.0, 0.0, 3.0, 5_000.0]),
    resend=st.builds(Resend, unknown=st.booleans(), rejected=st.booleans()),
)
endings = st.lists(
    st.sampled_from(["answered", "answered", "refused", "lost", "never left"]),
    min_size=1,
    max_size=6,
)


@given(
    keys=st.lists(st.lists(kept, min_size=1, max_size=2), min_size=1, max_size=3),
    account=st.lists(kept, max_size=2),
    fates=st.lists(lives, min_size=1, max_size=3),
    trip=trips,
    ends=endings,
    count=st.integers(1, 15),
)
@examples(80)
def test_no_window_holds_more_than_its_quota_over_all_lives_of_a_campaign(  # noqa: PLR0917 - drawn
    keys: list[list[Quota]],
    account: list[Quota],
    fates: list[Life],
    trip: list[tuple[float, float]],
    ends: list[str],
    count: int,
) -> None:
    """Whatever is killed or drained when, and resumed how often: at most N arrivals in any T."""

    async def main() -> None:
        world = World(dict(enumerate(keys, 1)), account, trips=trip, endings=ends)
        messages = world.messages(dict.fromkeys(world.keys, count))
        for life in fates:
            await world.live(life, messages)
        assert await world.live(Life(lasts=1e6), messages)
        assert world.excess() == {}

    run_virtual(main())


@given(
    quota=kept, fates=st.lists(lives, min_size=1, max_size=2), trip=trips, count=st.integers(1, 25)
)
@examples(80)
def test_a_resume_ends_within_a_period_of_the_earliest_end(
    quota: Quota, fates: list[Life], trip: list[tuple[float, float]], count: int
) -> None:
    """Beside the round trips a resume costs one period at most.

    The earliest end is that of a sender who knows when everything arrived, and answers at once.
    """

    async def main() -> None:
        world = World({1: [quota]}, trips=trip)
        messages = world.messages({1: count})
        for life in fates:
            await world.live(life, messages)
        loop = asyncio.get_running_loop()
        begun, before = loop.time(), sorted(at for _, at in world.arrived)
        assert await world.live(Life(lasts=1e6), messages)
        sent = len(world.arrived) - len(before)
        earliest = list(before)
        for _ in range(sent):
            due = earliest[-quota.limit] + quota.period if len(earliest) >= quota.limit else begun
            earliest.append(max(begun, due))
        if sent:
            slowest = max(out + back for out, back in trip)
            rounds = sent // quota.limit + 1
            margin = quota.period + rounds * slowest
            assert loop.time() <= earliest[-1] + margin + 1e-6

    run_virtual(main())


def test_without_what_the_journal_knows_the_windows_are_overrun() -> None:
    """The premise of the law: a second life that begins with empty limits sends too much."""

    async def main(*, primed: bool) -> dict[object, dict[Quota, int]]:
        world = World({1: [Quota(5, 10.0)]})
        messages = world.messages({1: 20})
        await world.live(Life(lasts=0.5), messages)
        world.registry = world.fresh()
        await collect(world.run(messages, primed=primed))
        return world.excess()

    assert run_virtual(main(primed=True)) == {}
    assert run_virtual(main(primed=False)) == {bot(1): {Quota(5, 10.0): 10}}


class _Silent:
    """A journal of a user's own, from before a journal could tell its history."""

    def __init__(self, inside: MemoryJournal) -> None:
        self.open, self.load, self.keys, self.take = (
            inside.open,
            inside.load,
            inside.keys,
            inside.take,
        )
        self.intend, self.withdraw, self.record = inside.intend, inside.withdraw, inside.record
        self.summary, self.close = inside.summary, inside.close


def test_a_journal_without_a_history_is_resumed_with_what_it_tells() -> None:
    """Such a journal works as before: its orphans count, the times that it keeps do not."""

    async def main() -> tuple[int, float]:
        world = World({1: [Quota(2, 10.0)]}, trips=[(0.1, 0.1), (0.1, 5.0)])
        messages = world.messages({1: 4})
        await world.live(Life(lasts=1.0), messages)
        silent = _Silent(world.journal)
        assert not isinstance(silent, SendHistory)
        world.registry = world.fresh()
        run = world.run(messages, journal=silent)
        outcomes = await collect(run)
        return len(outcomes), world.arrived[2][1]

    outcomes, third = run_virtual(main())
    assert outcomes == 3
    assert third == pytest.approx(1.1)


def test_a_resume_over_limiters_that_still_know_counts_nothing_twice() -> None:
    """Drained and gone on with by the same client: as quick as a run that was never stopped."""

    async def main(*, stopped: bool) -> tuple[list[float], dict[object, dict[Quota, int]]]:
        world = World({1: [Quota(6, 10.0)]}, [Quota(8, 10.0)], endings=["answered", "refused"])
        messages = world.messages({1: 12})
        run = world.run(messages)
        if stopped:
            ended = 0
            async for _ in run:
                ended += 1
                if ended == 2:
                    run.drain()
            run = world.run(messages)
        await collect(run)
        return [at for _, at in world.arrived], world.excess()

    whole, excess = run_virtual(main(stopped=False))
    assert excess == {}
    stopped, excess = run_virtual(main(stopped=True))
    assert excess == {}
    assert max(stopped) <= max(whole) + 1.0


def test_limiters_that_know_some_learn_what_another_process_sent() -> None:
    """A worker that takes a dead one's messages over adds these sends to its own."""

    async def main() -> float:
        registry = LimiterRegistry(messengers={"telegram": Quota(2, 10.0)}, account=None)
        (await registry.limiter(bot(1)).acquire()).settle()
        entries = {entry.index: entry for entry in _accepted(4.0, key=bot(1))}
        journal = MemoryJournal(entries=entries)
        primer = Primer(limits=registry, account=ACCOUNT, key_of=key_of, wall=lambda: _NOW)
        await primer.prime(journal, Loaded(1, 0, resumed=True), await journal.summary())
        return registry.snapshot()[bot(1)].next_free

    assert run_virtual(main()) == pytest.approx(6.0)
