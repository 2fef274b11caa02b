"""A journal as a user might bring one: it keeps everything in memory, and can be told to fail."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterable, Callable
from typing import TYPE_CHECKING

from attrs import define, evolve, field

from cleverapp_async.journal import (
    JournalEntry,
    JournalResult,
    JournalState,
    JournalSummary,
    JournalWriteError,
    Loaded,
    Resend,
    address_of,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from cleverapp_async import LimitKey, Message
    from cleverapp_async.bulk import Messages

__all__ = ["MemoryJournal"]


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
    duplicates: int = 0
    ended: str | None = None

    def __attrs_post_init__(self) -> None:
        self.gate.set()

    async def open(self, origin: str, *, create: bool = True) -> None:
        """Take it."""
        self.log.append(f"open {origin} {'to create' if create else 'to resume'}")

    async def load(
        self,
        messages: Messages | None,
        key_of: Callable[[Message], LimitKey | None],
        *,
        deduplicate: bool,
    ) -> Loaded:
        """Read everything, once."""
        resumed = bool(self.entries)
        seen: set[tuple[int | str, ...]] = set()
        if messages is not None and not resumed:
            index = 0
            async for message in _each(messages):
                address = address_of(message)
                if deduplicate and address in seen:
                    self.duplicates += 1
                else:
                    seen.add(address)
                    self.entries[index] = JournalEntry(
                        index=index, message=message, key=key_of(message)
                    )
                index += 1
        orphans = [
            self._orphan(entry)
            for entry in list(self.entries.values())
            if entry.state is JournalState.INTENT
        ]
        return Loaded(len(self.entries), self.duplicates, resumed, tuple(orphans))

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
        self.entries[index] = evolve(
            self.entries[index], state=JournalState.INTENT, intent_at=self.wall()
        )

    def withdraw(self, index: int) -> None:
        """Undo an intent."""
        if self.entries[index].state is JournalState.INTENT:
            self.log.append(f"withdraw {index}")
            entry = self.entries[index]
            self.entries[index] = evolve(
                entry,
                state=JournalState.PENDING,
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
        earlier = entry.earlier + _arrived(entry)
        self.entries[index] = evolve(entry, state=result.state, result=result, earlier=earlier)

    async def summary(self) -> JournalSummary:
        """The counts."""
        by_key: dict[LimitKey | None, dict[JournalState, int]] = {}
        for entry in self.entries.values():
            counts = by_key.setdefault(entry.key, {})
            counts[entry.state] = counts.get(entry.state, 0) + 1
        return JournalSummary(
            created_at=0.0,
            origin="",
            complete=True,
            purged=False,
            messages=len(self.entries),
            duplicates=self.duplicates,
            deduplicated=True,
            by_key=by_key,
        )

    async def close(self, ended: str) -> None:
        """Let it go."""
        self.log.append("close")
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


async def _each(messages: Messages) -> AsyncIterator[Message]:
    if isinstance(messages, AsyncIterable):
        async for message in messages:
            yield message
    else:
        for message in messages:
            yield message
