"""Random stories of a campaign, told to a journal and to a dictionary that must agree with it.

A story keeps to what a run does: each message is taken once in a run; then it is intended,
withdrawn and intended again, until it ends.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ..bulk.journal.protocol import SendHistory
from ..bulk.journal.records import ErrorRecord, JournalResult, JournalState, Resend
from .journal_store import COUNT, DUPLICATES, GIVEN, KEPT, KEYS, ORIGIN, expect, key_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ..bulk.journal.protocol import Journal
    from ..limits.quota import LimitKey
    from .journal_store import JournalStore

__all__ = ["JournalMachine", "tell_stories"]

T = TypeVar("T")
S = JournalState

_ERROR = ErrorRecord(
    type="ValidationError",
    message="Неизвестный контакт: \ud83d 'x'; --\n\t\x00",
    status=422,
    fields=(("contact_id", "exists", ("bot_id",), "Неизвестный контакт"),),
)
_UNCHECKED = (
    HealthCheck.data_too_large,
    HealthCheck.filter_too_much,
    HealthCheck.large_base_example,
    HealthCheck.too_slow,
)
_LATER = 4_000_000_000.0
"""Unix seconds after all that happens here."""

_results = st.sampled_from(
    [
        JournalResult(
            state=S.ACCEPTED,
            ended_at=0,
            attempts=3,
            waited=0.125,
            on_wire=2.5,
            contact_id=2**53 + 1,
        ),
        JournalResult(state=S.NOT_SENT, ended_at=0, error=_ERROR),
        JournalResult(state=S.REJECTED, ended_at=0, attempts=1, error=_ERROR),
        JournalResult(state=S.REJECTED, ended_at=0, permanent=True, error=_ERROR),
        JournalResult(state=S.UNKNOWN, ended_at=0, attempts=1, error=_ERROR),
    ]
)
_resends = st.builds(Resend, unknown=st.booleans(), rejected=st.booleans())


class JournalMachine(RuleBasedStateMachine):
    """A journal beside a dictionary; see the module."""

    def __init__(self) -> None:
        super().__init__()
        # One loop for a whole story: a journal's connections and futures belong to the loop that
        # opened it, and hypothesis calls each rule as a plain function.
        self.loop = asyncio.new_event_loop()
        self.store: JournalStore = self.make_store()
        self.journal: Journal = self.store.journal()
        self.state = dict.fromkeys(KEPT, S.PENDING)
        """What is known of each message."""
        self.results: dict[int, JournalResult] = {}
        """How those ended that have a result of this story."""
        self.before: dict[int, JournalState] = {}
        """What those were that have an intent."""
        self.resend = Resend()
        self.cursor: dict[LimitKey | None, int] = {}
        self.waiting: set[int] = set()
        """What was taken in this run, and has no intent."""
        self.withdrawn: set[int] = set()
        """Those of them whose intent was taken back: nobody waited until that was written."""
        self.started = False

    def make_store(self) -> JournalStore:
        """A new, empty place."""
        raise NotImplementedError

    def run(self, work: Awaitable[T]) -> T:
        """Wait for something in the machine's own loop."""

        async def wait() -> T:
            return await work

        return self.loop.run_until_complete(wait())

    @initialize(resend=_resends)
    def begin(self, resend: Resend) -> None:
        """A campaign with three duplicates begins."""
        self.run(self._start(GIVEN, resend, resumed=False))

    @rule(key=st.sampled_from(KEYS), most=st.integers(1, COUNT))
    def take(self, key: LimitKey | None, most: int) -> None:
        """The next messages of a key are taken, in their order."""
        after = self.cursor[key]
        found = self.run(self.journal.take(key, after, most, self.resend))
        # The same rule as the journal's, from a dictionary: whatever the two differ in is a fault
        # of one.
        right = [index for index in self._to_send(key) if index > after][:most]
        told = [entry.index for entry in found]
        expect(
            told == right,
            f"take(key={key}, after={after}, most={most}, {self.resend}) gave the messages {told} "
            f"instead of {right}",
        )
        for entry in found:
            index = entry.index
            expect(entry.message == GIVEN[index], f"take changed the message of index {index}")
            reference = GIVEN[index].reference
            expect(
                entry.message.reference == reference,
                f"take gave the message of index {index} the reference {entry.message.reference} "
                f"instead of {reference}",
            )
            expect(entry.key == key, f"take gave the message of index {index} the key {entry.key}")
            expect(
                entry.state is self.state[index],
                f"take calls the message of index {index} {entry.state.name} instead of "
                f"{self.state[index].name}",
            )
            if index in self.results:
                right_result = self.results[index]
                expect(
                    entry.result == right_result,
                    f"take gave the message of index {index} the result {entry.result} instead of "
                    f"{right_result}",
                )
        if told:
            self.cursor[key] = told[-1]
        self.waiting.update(told)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def intend(self, data: st.DataObject) -> None:
        """Several messages are about to leave at once."""
        self._intend(data.draw(st.sets(st.sampled_from(sorted(self.waiting)), min_size=1)))

    def _intend(self, chosen: set[int]) -> None:
        async def all_at_once() -> None:
            await asyncio.gather(*map(self.journal.intend, chosen))

        self.run(all_at_once())
        for index in chosen:
            self.before[index] = self.state[index]
            self.state[index] = S.INTENT
        # All at once, as a run does: a journal may write them in one commit, and must still know
        # each.
        self.waiting -= chosen
        self.withdrawn -= chosen

    @precondition(lambda self: self.before)
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        """An attempt did nothing: the message is what it was before, and may be tried again."""
        index = data.draw(st.sampled_from(sorted(self.before)))
        # In a coroutine, as a journal may look for the running loop; nothing is awaited, as in a
        # run.
        self.run(self._withdraw(index))
        self.state[index] = self.before.pop(index)
        self.waiting.add(index)
        self.withdrawn.add(index)

    @precondition(lambda self: self.before)
    @rule(data=st.data())
    def record(self, data: st.DataObject) -> None:
        """Several messages end at once."""
        ended = data.draw(
            st.dictionaries(st.sampled_from(sorted(self.before)), _results, min_size=1)
        )
        self._record(ended)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def end_unsent(self, data: st.DataObject) -> None:
        """A message ends without ever having been about to leave."""
        index = data.draw(st.sampled_from(sorted(self.waiting)))
        never = JournalResult(state=S.NOT_SENT, ended_at=0, error=_ERROR)
        self.waiting.discard(index)
        self.withdrawn.discard(index)
        self._record({index: never})

    @rule(resend=_resends, unseen=st.booleans())
    def end(self, resend: Resend, unseen: bool) -> None:  # noqa: FBT001 - drawn
        """The run ends in order, and another one goes on."""
        self.started = False
        self.run(self.journal.close("interrupted"))
        self.withdrawn.clear()
        self._resume(resend, unseen=unseen)

    @rule(resend=_resends, unseen=st.booleans())
    def die(self, resend: Resend, unseen: bool) -> None:  # noqa: FBT001 - drawn
        """The process dies, and another one goes on: what was awaited must be there."""
        self.started = False
        self.run(self.store.kill(self.journal))
        self._resume(resend, unseen=unseen)

    def teardown(self) -> None:
        """Let everything go."""
        try:
            if self.started:
                self.run(self.journal.close("finished"))
        finally:
            self.run(self.store.dispose())
            self.run(self.loop.shutdown_asyncgens())
            self.loop.close()

    async def _withdraw(self, index: int) -> None:
        self.journal.withdraw(index)

    def _record(self, ended: dict[int, JournalResult]) -> None:
        told = {index: _at(result, time.time()) for index, result in ended.items()}

        async def all_at_once() -> None:
            await asyncio.gather(*(self.journal.record(*one) for one in told.items()))

        self.run(all_at_once())
        for index, result in told.items():
            was = self.before.pop(index, self.state[index])
            passing = result.state is S.NOT_SENT or (
                result.state is S.REJECTED and not result.permanent
            )
            # A message that may have arrived stays unknown when sending it again did nothing.
            if was is S.UNKNOWN and passing:
                self.state[index] = S.UNKNOWN
            else:
                self.state[index] = result.state
                self.results[index] = result

    def _resume(self, resend: Resend, *, unseen: bool) -> None:
        self.journal = self.store.journal()
        self.run(self._start(None if unseen else GIVEN, resend, resumed=True))

    async def _start(self, messages: object, resend: Resend, *, resumed: bool) -> None:
        given = None if messages is None else iter(GIVEN)
        journal = self.journal
        # What died right after it was taken back may have been written, or not.
        unsure, self.withdrawn = self.withdrawn, set()
        loaded = await self.store.start(journal, given, origin=ORIGIN, deduplicate=True)
        self.started = True
        found = (loaded.messages, loaded.duplicates, loaded.resumed)
        right = (COUNT, len(DUPLICATES), resumed)
        expect(found == right, f"load counts {found} instead of {right}")
        orphans = [index for index in KEPT if self.state[index] is S.INTENT]
        told = [entry.index for entry in loaded.orphans]
        # Nobody waited until a withdrawal was written: of those that died right after it the
        # journal may say either, and its word is taken over.
        orphans += sorted(unsure.intersection(told))
        expect(
            sorted(told) == sorted(orphans),
            f"load calls the messages {told} orphans; {orphans} had an intent and no result",
        )
        for index in orphans:
            self.state[index] = S.UNKNOWN
            # The result of an orphan is made by the journal: its moment and text are not ours to
            # compare.
            self.results.pop(index, None)
        self.before.clear()
        self.waiting.clear()
        self.cursor = dict.fromkeys(KEYS, -1)
        self.resend = resend
        keys = await journal.keys()
        expect(set(keys) == set(KEYS), f"keys gave {keys} instead of {list(KEYS)}")
        await self._check_summary()
        if isinstance(journal, SendHistory):
            await self._check_history(journal)

    async def _check_summary(self) -> None:
        summary = await self.journal.summary()
        counts = {
            key: {state: count for state, count in its.items() if count}
            for key, its in summary.by_key.items()
        }
        right: dict[LimitKey | None, dict[JournalState, int]] = {key: {} for key in KEYS}
        for index, state in self.state.items():
            its = right[key_of(GIVEN[index])]
            its[state] = its.get(state, 0) + 1
        expect(counts == right, f"the summary counts {counts} instead of {right}")
        expect(summary.messages == COUNT, f"the summary has {summary.messages} messages")
        expect(summary.complete, "the summary says that not all messages were read in")
        for resend in (Resend(), self.resend):
            left = summary.to_send(resend)
            will = {key: len(self._to_send(key, resend)) for key in KEYS}
            will = {key: count for key, count in will.items() if count}
            expect(
                left == will,
                f"by the summary (retryable_by_key) a resume with {resend} sends {left} instead "
                f"of {will}",
            )

    async def _check_history(self, journal: SendHistory) -> None:
        known = {entry.index: entry for entry in await journal.sent_since(0.0, COUNT)}
        tried = {index for index, state in self.state.items() if state is not S.PENDING}
        missing = sorted(tried - known.keys())
        expect(not missing, f"sent_since lacks the messages {missing}, which have been tried")
        for index in tried:
            entry = known[index]
            expect(
                entry.state is self.state[index],
                f"sent_since calls the message of index {index} {entry.state.name} instead of "
                f"{self.state[index].name}",
            )
            if index in self.results:
                expect(
                    entry.result == self.results[index],
                    f"sent_since gave the message of index {index} another result",
                )
        later = await journal.sent_since(_LATER, COUNT)
        expect(not later, "sent_since gave messages that are older than the moment")

    def _to_send(self, key: LimitKey | None, resend: Resend | None = None) -> list[int]:
        """What a run sends of a key, as it stands."""
        again = self.resend if resend is None else resend
        return [
            index
            for index, state in self.state.items()
            if key_of(GIVEN[index]) == key
            and (
                state in {S.PENDING, S.NOT_SENT}
                or (state is S.UNKNOWN and again.unknown)
                or (state is S.REJECTED and (again.rejected or not self.results[index].permanent))
            )
        ]


def _at(result: JournalResult, moment: float) -> JournalResult:
    return JournalResult(
        state=result.state,
        ended_at=moment,
        permanent=result.permanent,
        attempts=result.attempts,
        waited=result.waited,
        on_wire=result.on_wire,
        contact_id=result.contact_id,
        error=result.error,
    )


def tell_stories(
    make_store: Callable[[], JournalStore], *, examples: int, steps: int, shortest: bool
) -> None:
    """Run the machine.

    Args:
        make_store: Makes an empty place.
        examples: How many stories are told.
        steps: How long each is at most.
        shortest: Whether the shortest story that fails is looked for.

    Raises:
        AssertionError: The journal does not agree.
    """

    class Machine(JournalMachine):
        def make_store(self) -> JournalStore:
            return make_store()

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            # No examples are kept, and no deadline holds: whoever runs this may have a slow disk or
            # server.
            database=None,
            phases=(Phase.generate, Phase.shrink) if shortest else (Phase.generate,),
            report_multiple_bugs=False,
            suppress_health_check=_UNCHECKED,
        ),
    )
