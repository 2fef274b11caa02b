"""Campaigns in virtual time whose process dies and is born again, before a server that counts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from cleverapp_async import (
    AccountKey,
    BulkRun,
    Lane,
    LimiterRegistry,
    LimitKey,
    NotSentError,
    Outcome,
    OutcomeUnknownError,
    Quota,
    SendReceipt,
)
from cleverapp_async._call import Reply, SendState
from cleverapp_async.bulk.dispatch import Dispatcher
from cleverapp_async.bulk.journal_source import JournalSource
from cleverapp_async.bulk.priming import Primer
from cleverapp_async.journal import Resend
from cleverapp_async.limits.acquire import CallLimits
from tests.bulk.memory_journal import MemoryJournal
from tests.bulk.rig import key_of, message
from tests.limits.oracle import Oracle

if TYPE_CHECKING:
    from cleverapp_async import Message, SendOutcome
    from cleverapp_async.journal import Journal

__all__ = ["ACCOUNT", "Life", "World", "bot"]

ACCOUNT = AccountKey("digest")
_EPOCH = 1_800_000_000.0


def bot(number: int) -> LimitKey:
    """The limit key of a bot's messages."""
    return LimitKey(number, "telegram")


@frozen
class Life:
    """How one process fares.

    Attributes:
        lasts: Seconds from its start to its death, or to its order to stop.
        dies: Whether it is killed; else it stops in order.
        rests: Seconds from its end to the start of the next one.
        set_back: Seconds by which the wall clock is set back in that time.
        resend: What it sends again.
    """

    lasts: float
    dies: bool = True
    rests: float = 0.0
    set_back: float = 0.0
    resend: Resend = field(factory=Resend)


@define(eq=False)
class World:
    """A server that counts, the clock on the wall, and one campaign over all its lives.

    Attributes:
        keys: The quotas of each bot's messages.
        account: The quotas of the account.
        trips: Seconds that the messages need out and back, in turns.
        endings: What becomes of the messages, in turns: ``answered``, ``refused`` (once, then
            answered), ``lost``, ``never left``.
        journal: The campaign.
        oracle: What arrived.
        arrived: The text and the moment of each arrival.
    """

    keys: Mapping[int, Sequence[Quota]]
    account: Sequence[Quota] = ()
    trips: Sequence[tuple[float, float]] = ((0.1, 0.1),)
    endings: Sequence[str] = ("answered",)
    journal: MemoryJournal = field(init=False)
    oracle: Oracle = field(factory=Oracle, init=False)
    arrived: list[tuple[str, float]] = field(factory=list[tuple[str, float]], init=False)
    registry: LimiterRegistry = field(init=False)
    deaths: int = field(default=0, init=False)
    shift: float = field(default=_EPOCH, init=False)
    _under_way: set[asyncio.TimerHandle] = field(factory=set[asyncio.TimerHandle], init=False)
    _refused: set[str] = field(factory=set[str], init=False)

    def __attrs_post_init__(self) -> None:
        """Begin with nothing."""
        self.journal = MemoryJournal(wall=self.wall)
        self.registry = self.fresh()

    def wall(self) -> float:
        """Unix seconds."""
        return self.shift + asyncio.get_running_loop().time()

    def fresh(self) -> LimiterRegistry:
        """The limiters of a new process."""
        return LimiterRegistry(
            keys={bot(number): quotas for number, quotas in self.keys.items()},
            account=tuple(self.account) or None,
        )

    def messages(self, counts: Mapping[int, int]) -> list[Message]:
        """So many messages of each bot, one after the other in turns."""
        found: list[Message] = []
        left = dict(counts)
        while any(left.values()):
            for number in [number for number, count in left.items() if count]:
                left[number] -= 1
                found.append(message(len(found), bot_id=number))
        return found

    def run(
        self,
        messages: Sequence[Message] | None,
        *,
        resend: Resend | None = None,
        journal: Journal | None = None,
        primed: bool = True,
    ) -> BulkRun:
        """A run of the campaign over the registry as it is."""
        gate, registry, born = CallLimits(self.registry, ACCOUNT), self.registry, self.deaths

        async def deliver(sent: Message, state: SendState) -> Reply:
            while (reply := await self._attempt(gate, sent, state, born)) is None:
                assert state.withdraw is not None
                state.withdraw()
            return reply

        source = JournalSource(
            journal=journal or self.journal,
            messages=messages,
            origin="https://app.example",
            key_of=key_of,
            learn=lambda *_: None,
            deduplicate=False,
            resend=resend or Resend(),
            look_ahead=1000,
            primer=Primer(limits=registry, account=ACCOUNT, key_of=key_of, wall=self.wall)
            if primed
            else None,
            wall=self.wall,
        )
        return BulkRun(
            Dispatcher(
                source=source,
                deliver=deliver,
                width_of=lambda key: registry.quotas(key)[0].limit if key else 10,
                concurrency=1000,
                look_ahead=1000,
            )
        )

    async def _attempt(
        self, gate: CallLimits, sent: Message, state: SendState, born: int
    ) -> Reply | None:
        """One attempt; None: refused, and to be tried again."""
        text = str(sent.text)
        number = int(text)
        out, back = self.trips[number % len(self.trips)]
        ending = self.endings[number % len(self.endings)]
        state.waiting = True
        lease = await gate.acquire(key_of(sent), lane=Lane.BULK)
        assert state.commit is not None
        try:
            await state.commit()
        except BaseException:
            lease.refund()
            raise
        if self.deaths > born:
            # The dead send nothing while they are cleared away.
            raise asyncio.CancelledError
        state.waiting = False
        if ending == "never left":
            lease.refund()
            state.outcome = Outcome.NOT_SENT
            raise NotSentError("the wire is down")
        state.outcome = Outcome.UNKNOWN
        lease.sent()
        self._leave(out, sent)
        try:
            await asyncio.sleep(out + back)
        except BaseException:
            lease.give_up()
            raise
        if ending == "lost":
            lease.give_up()
            error = OutcomeUnknownError("no answer")
            error.attempts = 1
            raise error
        if ending == "refused" and text not in self._refused:
            self._refused.add(text)
            lease.refuse_key(0.5)
            state.outcome = Outcome.NOT_SENT
            return None
        lease.settle()
        state.outcome = Outcome.ACCEPTED
        return Reply({}, SendReceipt(text, 1 + (text in self._refused), 0.0, 0.0))

    def _leave(self, out: float, sent: Message) -> None:
        loop = asyncio.get_running_loop()

        def arrive() -> None:
            self._under_way.discard(handle)
            key = key_of(sent)
            self.oracle.arrive(ACCOUNT, *([] if key is None else [key]))
            self.arrived.append((str(sent.text), loop.time()))

        handle = loop.call_later(out, arrive)
        self._under_way.add(handle)

    async def live(self, life: Life, messages: Sequence[Message] | None = None) -> bool:
        """One process, from its start to its end; whether it had nothing left to do before that.

        What it had on its way when it died may arrive until the next one begins.
        """
        self.registry = self.fresh()
        run = self.run(messages, resend=life.resend)
        sending = asyncio.create_task(_through(run))
        done, _ = await asyncio.wait([sending], timeout=life.lasts)
        if done:
            sending.result()
            return True
        if life.dies:
            self.deaths += 1
            dead = self.journal
            # What was durable when it died; what it writes while it is cleared away is lost.
            self.journal = MemoryJournal(wall=self.wall, entries=dict(dead.entries))
            sending.cancel()
            await asyncio.wait([sending])
        else:
            run.drain()
            await sending
        await asyncio.sleep(life.rests)
        while self._under_way:
            self._under_way.pop().cancel()
        self.shift -= life.set_back
        return False

    def excess(self) -> dict[object, dict[Quota, int]]:
        """The quotas that were overrun, over all lives together."""
        found: dict[object, dict[Quota, int]] = {
            bot(number): self.oracle.excess(bot(number), kept) for number, kept in self.keys.items()
        }
        found[ACCOUNT] = self.oracle.excess(ACCOUNT, self.account)
        return {key: quotas for key, quotas in found.items() if quotas}


async def _through(run: BulkRun) -> list[SendOutcome]:
    return [outcome async for outcome in run]
