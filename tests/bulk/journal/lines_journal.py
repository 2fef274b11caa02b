"""A journal of JSON lines, written from the documentation alone; faults can be planted in it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from attrs import asdict, define, evolve, field

from cleverapp_async import JournalError, JournalLockedError, LimitKey, Message, SendMessage
from cleverapp_async.journal import (
    ErrorRecord,
    JournalEntry,
    JournalMismatchError,
    JournalResult,
    JournalState,
    JournalSummary,
    Loaded,
    Resend,
    address_of,
    read_messages,
)
from cleverapp_async.testing import JournalStore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cleverapp_async.bulk import Messages
    from cleverapp_async.journal import Journal, MarkOf

S = JournalState


@define(eq=False)
class Lines:
    """What outlives a process: lines, and who has them locked."""

    written: list[str] = field(factory=list[str])
    owner: object = None


@define(eq=False)
class LinesJournal:
    """Each change is a line; what is known is what the lines come to.

    Attributes:
        lines: Where they are.
        fault: What it does wrong, on purpose.
    """

    lines: Lines
    fault: str = ""
    facts: dict[str, Any] = field(factory=dict[str, Any])
    entries: dict[int, JournalEntry] = field(factory=dict[int, JournalEntry])
    before: dict[int, JournalState] = field(factory=dict[int, JournalState])
    key_of: Callable[[Message], LimitKey | None] = lambda _: None

    async def open(self, origin: str, *, create: bool = True) -> None:
        """Lock it, and see where the campaign goes to."""
        if self.lines.owner is not None and self.fault != "two runners":
            raise JournalLockedError("the lines are in use: end the other run")
        if not create and not self.lines.written:
            raise JournalError("there is no campaign: give messages")
        for line in self.lines.written:
            self._apply(json.loads(line))
        known = self.facts.get("origin", origin)
        if known != origin and self.fault != "any server":
            raise JournalMismatchError(f"the campaign goes to {known}: resume it there")
        self.facts["origin"] = origin
        self.lines.owner = self

    async def load(
        self,
        messages: Messages | None,
        key_of: Callable[[Message], LimitKey | None],
        *,
        deduplicate: bool,
    ) -> Loaded:
        """Read all in, or compare."""
        self.key_of = key_of
        resumed = "complete" in self.facts
        if messages is None and not resumed:
            raise JournalError("there is no campaign: give messages")
        if messages is not None:
            given = [one async for some in read_messages(messages) for one in some]
            told = [_told(message) for message in given]
            references = [dict(message.reference) for message in given]
            if resumed:
                self._compare(told, references, deduplicate=deduplicate)
            else:
                facts = {"origin": self.facts["origin"], "deduplicate": deduplicate}
                self._write({"complete": told, "references": references, **facts})
        self._fill()
        orphans = [index for index, one in self.entries.items() if one.state is S.INTENT]
        for index in orphans:
            lost = JournalResult(state=S.UNKNOWN, ended_at=time.time(), attempts=1)
            self._write(_result(index, lost))
        count = len(self.entries)
        found = tuple(self.entries[index] for index in orphans)
        return Loaded(count, len(self.facts["complete"]) - count, resumed, found)

    def _compare(self, told: list[Any], references: list[Any], *, deduplicate: bool) -> None:
        if self.fault == "any list":
            return
        if deduplicate != self.facts["deduplicate"]:
            raise JournalMismatchError("duplicates were treated otherwise")
        known = self.facts["complete"]
        if self.fault == "references compared" and self.facts["references"] != references:
            raise JournalMismatchError("the references differ")
        for index in range(max(len(known), len(told))):
            if known[index : index + 1] != told[index : index + 1]:
                raise JournalMismatchError(f"message {index + 1} differs", index=index)

    def _fill(self) -> None:
        seen = set()
        for index, told in enumerate(self.facts["complete"]):
            kept = {} if self.fault == "no references" else self.facts["references"][index]
            message = SendMessage(**told, reference=kept)
            address = address_of(message)
            if not self.facts["deduplicate"] or address not in seen:
                known = self.entries.get(index)
                entry = JournalEntry(index=index, message=message, key=self.key_of(message))
                self.entries[index] = (
                    entry if known is None else evolve(known, message=entry.message, key=entry.key)
                )
            seen.add(address)
        self.entries = dict(sorted(self.entries.items()))

    async def keys(self) -> list[LimitKey | None]:
        """All keys."""
        return list({entry.key: None for entry in self.entries.values()})

    async def take(
        self, key: LimitKey | None, after: int, most: int, resend: Resend
    ) -> list[JournalEntry]:
        """The next of a key."""
        if self.fault == "unknown again":
            resend = evolve(resend, unknown=True)
        found = [
            entry
            for entry in self.entries.values()
            if entry.key == key and entry.index > after and self._is_sent(entry, resend)
        ]
        return found[-most:][::-1] if self.fault == "order" else found[:most]

    def _is_sent(self, entry: JournalEntry, resend: Resend) -> bool:
        if entry.state is S.REJECTED:
            permanent = entry.result is not None and entry.result.permanent
            return resend.rejected or not permanent or self.fault == "rejected again"
        return entry.state in {S.PENDING, S.NOT_SENT} or (
            entry.state is S.UNKNOWN and resend.unknown
        )

    async def intend(self, index: int) -> None:
        """Write an intent."""
        self._write({"intent": index, "at": time.time()}, kept=self.fault != "lost intent")

    def withdraw(self, index: int) -> None:
        """Take it back."""
        if self.fault != "no withdrawal":
            self._write({"withdraw": index})

    async def record(self, index: int, result: JournalResult) -> None:
        """Write a result."""
        if self.fault == "one attempt":
            result = evolve(result, attempts=1)
        self._write(_result(index, result), kept=self.fault != "vanishing result")

    async def summary(self) -> JournalSummary:
        """Counts."""
        by_key: dict[LimitKey | None, dict[JournalState, int]] = {}
        retryable: dict[LimitKey | None, int] = {}
        for entry in self.entries.values():
            counts = by_key.setdefault(entry.key, {})
            counts[entry.state] = counts.get(entry.state, 0) + 1
            if entry.state is S.REJECTED and self._is_sent(entry, Resend()):
                retryable[entry.key] = retryable.get(entry.key, 0) + 1
        return JournalSummary(
            created_at=0.0,
            origin=self.facts["origin"],
            complete=True,
            purged=False,
            messages=len(self.entries),
            duplicates=len(self.facts["complete"]) - len(self.entries),
            deduplicated=self.facts["deduplicate"],
            by_key=by_key,
            retryable_by_key={} if self.fault == "not retryable" else retryable,
        )

    async def close(self, ended: str) -> None:
        """Let it go."""
        del ended
        self.lines.owner = None

    async def sent_since(self, moment: float, most: int) -> list[JournalEntry]:
        """What was tried lately."""
        if self.fault == "no history":
            return []
        found = [
            entry
            for entry in self.entries.values()
            if max(entry.intent_at or 0, entry.result.ended_at if entry.result else 0) >= moment
            and (entry.intent_at is not None or entry.result is not None)
        ]
        return found[:most] if self.fault == "oldest history" else found

    async def recognize(self, mark_of: MarkOf) -> bool | None:
        """Compare the account's mark."""
        mark = mark_of(b"a salt of 16 byt").hex()
        known = self.facts.get("mark")
        self._write({"mark": mark})
        if self.fault == "any account":
            return None if known is None else True
        return None if known is None else mark == known

    def _write(self, line: Mapping[str, Any], *, kept: bool = True) -> None:
        if kept:
            self.lines.written.append(json.dumps(line))
        self._apply(line)

    def _apply(self, line: Mapping[str, Any]) -> None:
        if "intent" in line:
            index = line["intent"]
            entry = self._entry(index)
            self.before.setdefault(index, entry.state)
            self.entries[index] = evolve(
                entry, state=S.INTENT, intent_at=line["at"], result=entry.result
            )
        elif "withdraw" in line:
            index = line["withdraw"]
            was = self.before.pop(index, self._entry(index).state)
            if self.fault == "forgotten doubt":
                was = S.PENDING
            self.entries[index] = evolve(self._entry(index), state=was)
        elif "result" in line:
            self._end(line["index"], _read(line["result"]))
        else:
            self.facts |= line

    def _end(self, index: int, result: JournalResult) -> None:
        entry = self._entry(index)
        was = self.before.pop(index, entry.state)
        passing = result.state is S.NOT_SENT or (
            result.state is S.REJECTED and not result.permanent
        )
        if was is S.UNKNOWN and passing and self.fault != "doubt dispelled":
            self.entries[index] = evolve(entry, state=was)
        else:
            self.entries[index] = evolve(entry, state=result.state, result=result)

    def _entry(self, index: int) -> JournalEntry:
        if index not in self.entries:
            anything = SendMessage(contact_id=1, text="?")
            self.entries[index] = JournalEntry(index=index, message=anything, key=None)
        return self.entries[index]


def _told(message: Message) -> dict[str, Any]:
    return json.loads(json.dumps(message.parameters()))  # type: ignore[no-any-return]


def _result(index: int, result: JournalResult) -> dict[str, Any]:
    told = asdict(result) | {"state": result.state.value}
    return {"index": index, "result": told}


def _read(told: Mapping[str, Any]) -> JournalResult:
    error = told["error"]
    if error is not None:
        fields = tuple(
            (name, rule, tuple(others), text) for name, rule, others, text in error["fields"]
        )
        error = ErrorRecord(**(error | {"fields": fields}))
    return JournalResult(**(dict(told) | {"state": JournalState(told["state"]), "error": error}))


class LinesStore(JournalStore):
    """Lines that all journals of a campaign share."""

    def __init__(self, fault: str = "") -> None:
        self.lines = Lines()
        self.fault = fault

    def journal(self) -> LinesJournal:
        """Another reader of the lines."""
        return LinesJournal(self.lines, self.fault)

    async def kill(self, journal: Journal) -> None:
        """The lock of a dead process ends."""
        del journal
        self.lines.owner = None
