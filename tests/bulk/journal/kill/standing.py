"""A journal held against what the server counted."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from attrs import define, field

from cleverapp_async import JournalError
from cleverapp_async.journal import JournalReader, JournalState
from tests.bulk.journal.kill.campaign import number_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet
    from pathlib import Path

__all__ = ["Standing", "standing"]

_ALLOWED: dict[JournalState, frozenset[int]] = {
    JournalState.ACCEPTED: frozenset({1}),
    JournalState.INTENT: frozenset({0, 1}),
    JournalState.UNKNOWN: frozenset({0, 1}),
}
"""How often a message may have been delivered; in every other state it was not."""

_TOLD = frozenset({JournalState.INTENT, JournalState.UNKNOWN})
"""What an intent that was left without a result may be afterwards."""


@define
class Standing:
    """A campaign at one moment, its journal held against the server's log.

    Attributes:
        states: Messages of the journal by state.
        retryable: Refused messages that a resume sends again.
        complete: Whether all messages were read in.
        intents: Messages with an intent and no result.
        unknown_delivered: Messages that may have been sent, and were.
        duplicates: Deliveries of a message beyond its first.
        broken: Every message whose state does not agree with its deliveries, in words: each
            would be a loss or a duplicate that nobody is told of.
    """

    states: Counter[JournalState] = field(factory=Counter[JournalState])
    retryable: int = 0
    complete: bool = False
    intents: set[int] = field(factory=set[int])
    unknown_delivered: int = 0
    duplicates: int = 0
    broken: list[str] = field(factory=list[str])

    @property
    def left(self) -> int:
        """Messages that a resume would send."""
        resumed = (JournalState.PENDING, JournalState.INTENT, JournalState.NOT_SENT)
        return sum(self.states[state] for state in resumed) + self.retryable


def standing(
    path: Path, messages: int, delivered: Mapping[int, int], orphans: AbstractSet[int] = frozenset()
) -> Standing:
    """Judge a journal that no process is writing to.

    Args:
        path: The journal; where none can be read, nothing may have been delivered.
        messages: How many messages the campaign has.
        delivered: How often the server took each message, by its number.
        orphans: Messages whose intents earlier kills left without a result: they must be told.
    """
    found = Standing(duplicates=sum(count - 1 for count in delivered.values() if count > 1))
    try:
        with JournalReader(path) as reader:
            summary = reader.summary()
            found.complete, found.retryable = summary.complete, summary.retryable
            for entry in reader.entries():
                _judge(found, entry.index, number_of(entry.message.text), entry.state, delivered)
                if entry.index in orphans and entry.state not in _TOLD:
                    found.broken.append(f"message {entry.index}: {entry.state.value}, was intent")
    except JournalError as error:
        # A process killed early leaves no file, or an empty one.
        if delivered:
            found.broken.append(f"{sum(delivered.values())} messages delivered: {error}")
    if found.complete and found.states.total() != messages:
        found.broken.append(f"{found.states.total()} messages in the journal, not {messages}")
    if not found.complete and delivered:
        found.broken.append(f"{len(delivered)} messages delivered before all were read in")
    return found


def _judge(
    found: Standing, index: int, number: int, state: JournalState, delivered: Mapping[int, int]
) -> None:
    found.states[state] += 1
    if state is JournalState.INTENT:
        found.intents.add(index)
    if index != number:
        found.broken.append(f"message {number} is number {index} of the journal")
    times = delivered.get(number, 0)
    found.unknown_delivered += state is JournalState.UNKNOWN and times > 0
    if times not in _ALLOWED.get(state, {0}):
        found.broken.append(f"message {number}: {state.value}, delivered {times} times")
