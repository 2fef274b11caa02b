"""A journal as a user might bring one: it keeps everything in memory, and can be told to fail."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from attrs import define, evolve, field

from cleverapp_async import Message
from cleverapp_async.journal import (
    JournalEntry,
    JournalError,
    JournalLockedError,
    JournalMismatchError,
    JournalResult,
    JournalState,
    JournalSummary,
    JournalWriteError,
    Loaded,
    Resend,
    address_of,
    read_messages,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cleverapp_async import LimitKey
    from cleverapp_async.bulk import Messages

__all__ = ["MemoryJournal", "MemoryPlace"]


@define(eq=False)
class MemoryPlace:
    """What all journals of one campaign share.

    Attributes:
        entries: Everything that is known, by index.
        left_out: The duplicates, by index.
        origin: Where the campaign goes to.
        deduplicated: Whether duplicates were left out.
        owner: The journal that is open.
        before: What messages with an intent were before it.
    """

    entries: dict[int, JournalEntry] = field(factory=dict[int, JournalEntry])
    left_out: dict[int, Message] = field(factory=dict["int", "Message"])
    origin: str | None = None
    deduplicated: bool | None = None
    owner: object = None
    before: dict[int, JournalState] = field(factory=dict[int, JournalState])


@define(eq=False)
class MemoryJournal:
    """Keeps a campaign over runs, not over processes.

    Attributes:
        entries: Everything it knows, by index.
        log: What was asked of it, in order.
        broken: What cannot be written: ``intend``, ``record``.
        wall: Unix seconds.
        gate: Cleared: intents take until it is set.
        most_taken: The most entries that were out of it, unsent, at once.
    """

    entries: dict[int, JournalEntry] = field(factory=dict[int, JournalEntry])
    log: list[str] = field(factory=list[str])
    broken: set[str] = field(factory=set[str])
    wall: Callable[[], float] = time.time
    gate: asyncio.Event = field(factory=asyncio.Event)
    place: MemoryPlace | None = None
    ended: str | None = None

    def __attrs_post_init__(self) -> None:
        self.gate.set()
        if self.place is None:
            self.place = MemoryPlace(entries=self.entries)
        self.entries = self.place.entries

    @property
    def shared(self) -> MemoryPlace:
        """What it shares with other journals of the campaign."""
        assert self.place is not None
        return self.place

    @property
    def duplicates(self) -> int:
        """How many were left out."""
        return len(self.shared.left_out)

    async def open(self, origin: str, *, create: bool = True) -> None:
        """Take it."""
        self.log.append(f"open {origin} {'to create' if create else 'to resume'}")
        if self.shared.owner is not None:
            raise JournalLockedError("the journal in memory is in use: close it first")
        if self.entries and self.shared.origin not in {None, origin}:
            raise JournalMismatchError("the campaign goes elsewhere: begin another one")
        self.shared.owner, self.shared.origin = self, origin

    async def load(
        self,
        messages: Messages | None,
        key_of: Callable[[Message], LimitKey | None],
        *,
        deduplicate: bool,
    ) -> Loaded:
        """Read everything once, or compare it."""
        resumed = bool(self.entries)
        if messages is not None:
            shared = self.shared
            if resumed and shared.deduplicated not in {None, deduplicate}:
                raise JournalMismatchError("duplicates were treated in another way")
            given = [one async for some in read_messages(messages) for one in some]
            entries, left_out = _sorted_out(given, key_of, deduplicate=deduplicate)
            if resumed:
                self._compare(given)
            else:
                self.entries.update(entries)
                shared.left_out, shared.deduplicated = left_out, deduplicate
        elif not resumed:
            raise JournalError("the journal in memory has no campaign: give the messages")
        orphans = [
            self._orphan(entry)
            for entry in list(self.entries.values())
            if entry.state is JournalState.INTENT
        ]
        self.shared.before.clear()
        return Loaded(len(self.entries), self.duplicates, resumed, tuple(orphans))

    def _compare(self, given: Sequence[Message]) -> None:
        shared = self.shared
        known = {index: entry.message for index, entry in self.entries.items()} | shared.left_out
        for index in range(max(len(given), len(known))):
            if index >= len(given) or index >= len(known) or given[index] != known[index]:
                raise JournalMismatchError(f"message {index + 1} differs", index=index)

    async def keys(self) -> list[LimitKey | None]:
        """All keys."""
        return list({entry.key: None for entry in self.entries.values()})

    async def take(
        self, key: LimitKey | None, after: int, most: int, resend: Resend
    ) -> list[JournalEntry]:
        """The next of a key."""
        await asyncio.sleep(0)
        wanted = {JournalState.PENDING, JournalState.NOT_SENT}
        wanted |= {JournalState.UNKNOWN} if resend.unknown else set()
        found = [
            entry
            for entry in self.entries.values()
            if entry.key == key
            and entry.index > after
            and (entry.state in wanted or _refused(entry, resend))
        ]
        self.log.append(f"take {min(most, len(found))}")
        return found[:most]

    async def sent_since(self, moment: float, most: int) -> list[JournalEntry]:
        """All of that time, whatever is asked for at most."""
        del most
        await asyncio.sleep(0)
        return [entry for entry in self.entries.values() if _last(entry) >= moment]

    async def intend(self, index: int) -> None:
        """Write an intent."""
        await self.gate.wait()
        if "intend" in self.broken:
            raise JournalWriteError("run.db cannot be written: the disk is full")
        self.log.append(f"intend {index}")
        entry = self.entries[index]
        if entry.state is not JournalState.INTENT:
            self.shared.before[index] = entry.state
        self.entries[index] = evolve(entry, state=JournalState.INTENT, intent_at=self.wall())

    def withdraw(self, index: int) -> None:
        """Undo an intent."""
        if self.entries[index].state is JournalState.INTENT:
            self.log.append(f"withdraw {index}")
            entry = self.entries[index]
            self.entries[index] = evolve(
                entry,
                state=self.shared.before.pop(index, JournalState.PENDING),
                intent_at=self.wall(),
                earlier=entry.earlier + 1,
            )

    async def record(self, index: int, result: JournalResult) -> None:
        """Write a result."""
        await asyncio.sleep(0)
        if "record" in self.broken:
            raise JournalWriteError("run.db cannot be written: the disk is full")
        self.log.append(f"record {index} {result.state.value}")
        entry = self.entries[index]
        was = self.shared.before.pop(index, entry.state)
        nothing = result.state is JournalState.NOT_SENT
        passing = result.state is JournalState.REJECTED and not result.permanent
        if was is JournalState.UNKNOWN and (nothing or passing):
            # It may have arrived before: sending it once more did nothing.
            self.entries[index] = evolve(
                entry, state=was, intent_at=result.ended_at, earlier=entry.earlier + passing
            )
            return
        earlier = entry.earlier + _arrived(entry)
        self.entries[index] = evolve(entry, state=result.state, result=result, earlier=earlier)

    async def summary(self) -> JournalSummary:
        """The counts."""
        by_key: dict[LimitKey | None, dict[JournalState, int]] = {}
        retryable: Counter[LimitKey | None] = Counter()
        for entry in self.entries.values():
            counts = by_key.setdefault(entry.key, {})
            counts[entry.state] = counts.get(entry.state, 0) + 1
            if _refused(entry, Resend()):
                retryable[entry.key] += 1
        return JournalSummary(
            created_at=0.0,
            origin="",
            complete=True,
            purged=False,
            messages=len(self.entries),
            duplicates=self.duplicates,
            deduplicated=True,
            by_key=by_key,
            retryable_by_key=dict(retryable),
        )

    async def close(self, ended: str) -> None:
        """Let it go."""
        self.log.append("close")
        if self.shared.owner is self:
            self.shared.owner = None
        self.ended = ended

    def states(self) -> dict[JournalState, int]:
        """How many are in which state."""
        states = [entry.state for entry in self.entries.values()]
        return {state: states.count(state) for state in set(states)}

    def _orphan(self, entry: JournalEntry) -> JournalEntry:
        """What a dead run had on its way is unknown from now on."""
        orphan = self.entries[entry.index] = evolve(
            entry,
            state=JournalState.UNKNOWN,
            result=JournalResult(state=JournalState.UNKNOWN, ended_at=self.wall(), attempts=1),
            earlier=entry.earlier + _arrived(entry),
        )
        return orphan

    def _set(self, index: int, state: JournalState) -> JournalEntry:
        entry = self.entries[index] = evolve(self.entries[index], state=state)
        return entry


def _arrived(entry: JournalEntry) -> bool:
    """Whether its older result tells of an attempt that may have arrived."""
    return entry.result is not None and entry.result.state is not JournalState.NOT_SENT


def _last(entry: JournalEntry) -> float:
    return max(entry.intent_at or 0.0, entry.result.ended_at if entry.result else 0.0)


def _refused(entry: JournalEntry, resend: Resend) -> bool:
    result = entry.result
    if entry.state is not JournalState.REJECTED or result is None:
        return False
    return resend.rejected or not result.permanent


def _sorted_out(
    given: Sequence[Message], key_of: Callable[[Message], LimitKey | None], *, deduplicate: bool
) -> tuple[dict[int, JournalEntry], dict[int, Message]]:
    """What is sent, and what is left out, by index."""
    entries: dict[int, JournalEntry] = {}
    left_out: dict[int, Message] = {}
    seen: set[tuple[int | str, ...]] = set()
    for index, message in enumerate(given):
        address = address_of(message)
        if deduplicate and address in seen:
            left_out[index] = message
        else:
            seen.add(address)
            entries[index] = JournalEntry(index=index, message=message, key=key_of(message))
    return entries, left_out
