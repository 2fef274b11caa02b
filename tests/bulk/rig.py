"""What the bulk tests share: messages, and a delivery that the test holds in its hands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from attrs import define, field

from cleverapp_async import (
    BulkRun,
    LimitKey,
    Message,
    NotSentError,
    Outcome,
    OutcomeUnknownError,
    SendMessage,
    SendOutcome,
    SendReceipt,
)
from cleverapp_async._call import Reply, SendState
from cleverapp_async.bulk.dispatch import Dispatcher
from cleverapp_async.bulk.sources import IterableSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cleverapp_async.bulk import Messages

RECEIPT = SendReceipt("send", 1, 0.0, 0.0)


def message(number: int, messenger: str = "telegram", bot_id: int = 1) -> SendMessage:
    """A message that can be told from others by its text."""
    return SendMessage(
        bot_id=bot_id, messenger=messenger, contact_external_id="7", text=str(number)
    )


def key_of(sent: Message) -> LimitKey | None:
    """What limits a message."""
    route = sent.route
    return None if route is None else LimitKey(route.bot_id, route.messenger)


@define
class Counted:
    """An endless source that counts how far it was read."""

    end: int = 10**9
    read: int = 0

    def __iter__(self) -> Iterator[SendMessage]:
        while self.read < self.end:
            self.read += 1
            yield message(self.read - 1)


@define(eq=False)
class Desk:
    """Delivers at once, or when the test opens the gate; remembers what it was given.

    Attributes:
        held: Whether a message waits for :meth:`release`, by its text.
        on_wire: Whether a message that waits is on the wire, so that a drain lets it end.
    """

    held: Callable[[str], bool] = field(default=lambda _: False)
    on_wire: bool = False
    started: list[str] = field(factory=list[str], init=False)
    busiest: int = field(default=0, init=False)
    _busy: int = field(default=0, init=False)
    _gates: dict[str, asyncio.Event] = field(factory=dict[str, asyncio.Event], init=False)

    async def deliver(self, sent: Message, state: SendState) -> Reply:
        """Deliver one message, as the client would."""
        text = str(sent.text)
        self.started.append(text)
        self._busy += 1
        self.busiest = max(self.busiest, self._busy)
        try:
            if self.held(text):
                if self.on_wire:
                    state.waiting, state.outcome = False, Outcome.UNKNOWN
                await self._gates.setdefault(text, asyncio.Event()).wait()
            else:
                await asyncio.sleep(0)
        finally:
            self._busy -= 1
        if text.startswith("fail"):
            raise NotSentError("the wire is down")
        if text.startswith("lost"):
            raise OutcomeUnknownError("no answer")
        if text.startswith("bug"):
            raise LookupError("a slip")
        state.outcome = Outcome.ACCEPTED
        return Reply({"success": True}, RECEIPT)

    def release(self) -> None:
        """Let everything that waits go on, and hold nothing more."""
        self.held = lambda _: False
        for gate in self._gates.values():
            gate.set()


def run_of(
    messages: Messages,
    desk: Desk,
    *,
    concurrency: int = 4,
    look_ahead: int = 1000,
    width: int = 2,
    key: Callable[[Message], LimitKey | None] = key_of,
) -> BulkRun:
    """A bulk send over a desk."""
    return BulkRun(
        Dispatcher(
            source=IterableSource(messages, key),
            deliver=desk.deliver,
            width_of=lambda _: width,
            concurrency=concurrency,
            look_ahead=look_ahead,
        )
    )


async def collect(run: BulkRun, seen: list[SendOutcome] | None = None) -> list[SendOutcome]:
    """All outcomes of a run, also in ``seen`` as they come."""
    outcomes = [] if seen is None else seen
    async for outcome in run:
        outcomes.append(outcome)
    return outcomes


async def turns(count: int = 20) -> None:
    """Let the loop turn a few times."""
    for _ in range(count):
        await asyncio.sleep(0)


def others() -> set[asyncio.Task[object]]:
    """The tasks beside the one that asks."""
    return asyncio.all_tasks() - {asyncio.current_task()}
