"""The slots of one key that one process has, and what it must still report about them."""

from __future__ import annotations

import math
from bisect import insort
from typing import TYPE_CHECKING

from attrs import define, field

from ..protocols import Permit
from .messages import SlotUpdate, Terms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Ledger", "Slot"]

# What an update may say of a window and the log knows already; see SlotUpdate.
_NO_NEWS = (None, "t")
_FEW = 4


@define(eq=False)
class Slot:
    """One slot; all moments are loop seconds.

    Attributes:
        name: Its name in the log.
        due: The moment from which it may be used.
        told: For each window, whether its stamp is in the log.
        renewed_at: When the log last learned that it is held, at the latest.
        lapsed: Whether others may have got it before the log learned that it is still held.
        share: The permit of this process's own share, if the log could not be reached.
        sent_at: When its request left.
        stamped_at: When its request was answered, or is certain not to arrive any more.
    """

    name: str
    due: float
    told: list[bool]
    renewed_at: float
    share: Permit | None = None
    sent_at: float | None = None
    stamped_at: float | None = None
    lapsed: bool = False

    def stamp(self, place: int, cap: float | None, now: float) -> float | None:
        """The moment from which its period in a window counts; None if that is not known yet."""
        if self.told[place]:
            return None
        # Whichever comes first: the answer, or the cap of a request that has left and is not
        # answered.
        capped = math.inf if cap is None or self.sent_at is None else self.sent_at + cap
        if self.stamped_at is not None:
            return min(self.stamped_at, capped)
        return capped if capped <= now else None


@define
class Ledger:
    """All slots of one process and key.

    Attributes:
        ready: Granted by the log and not used yet, in the order of their moments.
        running: Used by requests that have not ended.
        ended: Used by requests that have ended, which the log does not know yet.
        given_back: Names of slots that will never be used, which the log does not know yet.
        tell_at: The moment by which the log must have the next report.
        spare: How many slots may be ready that no request waits for.
        spare_until: The moment until which they may.
    """

    terms: Terms
    ready: list[Slot] = field(factory=list[Slot])
    running: dict[str, Slot] = field(factory=dict[str, Slot])
    ended: dict[str, Slot] = field(factory=dict[str, Slot])
    given_back: list[str] = field(factory=list[str])
    tell_at: float = math.inf
    spare: int = 0
    spare_until: float = math.inf
    _taken: int = 0
    _counted_from: float = -math.inf

    def __len__(self) -> int:
        """How many slots still have to be reported, or may still be asked about."""
        return len(self.ready) + len(self.running) + len(self.ended) + len(self.given_back)

    def grant(self, name: str, due: float, late: float = 0.0) -> None:
        """The log grants a slot.

        Args:
            name: Its name.
            due: The moment from which it may be used.
            late: Seconds for which the log has held it at most when its reply was read.
        """
        slot, ready = self.make(name, due), self.ready
        slot.renewed_at -= late
        if not ready or ready[-1].due <= due:
            ready.append(slot)  # As a rule: grants come in their order.
        else:
            insort(ready, slot, key=lambda other: other.due)

    def make(self, name: str, due: float, share: Permit | None = None) -> Slot:
        """Make a slot; one of this process's own share still has to be reported."""
        renewed_at = due if share is None else -math.inf
        return Slot(name, due, [False] * len(self.terms.windows), renewed_at, share)

    def use(self, slot: Slot) -> None:
        """A request takes a slot."""
        self.running[slot.name] = slot
        self._taken += 1
        self._owe_renewal(slot, slot.due)

    def take_spare(self, now: float) -> Slot | None:
        """Use a slot that is here already, for a request before which nobody waits."""
        if not self.ready or self.ready[0].due > now or not self.is_fresh(self.ready[0], now):
            return None
        slot = self.ready.pop(0)
        self.use(slot)
        return slot

    def sent(self, slot: Slot, now: float) -> None:
        """Its request leaves."""
        slot.sent_at = now
        for cap in self.terms.caps:
            if cap is not None:
                self._owe(slot, now + cap)

    def end(self, slot: Slot, stamped_at: float, now: float) -> None:
        """Its request was answered, or was given up and counts until then."""
        slot.stamped_at = stamped_at
        # One that was given back meanwhile (its grant had become void) is not among them, and one
        # whose windows are all stamped by their caps has nothing to report.
        if self.running.pop(slot.name, None) is not None and not all(slot.told):
            self.ended[slot.name] = slot
            self._owe(slot, now)

    def give_back(self, slot: Slot) -> None:
        """The slot will not be used; a request that still has it must not use it."""
        self.running.pop(slot.name, None)
        # One of our own share has no entry that could be removed.
        if slot.share is None:
            self.given_back.append(slot.name)

    def is_fresh(self, slot: Slot, now: float) -> bool:
        """Whether a request may begin with it: it is certainly still held, and none began to leave.

        A stopped process cannot be sure of the one. Where a request began to leave and was stopped
        then, a cap counted from that moment would stamp the slot too early for another request.
        """
        if slot.sent_at is not None:
            return False
        known = slot.share is not None or slot.renewed_at > -math.inf
        return known and not self.has_lapsed(slot, now)

    def has_lapsed(self, slot: Slot, now: float) -> bool:
        """Whether the log heard so little of this process that others may have got the slot.

        Not what a log that was lost knew of: the new one grants nothing until that is over.
        """
        # Half of the guard, as the request still has to be sent and answered within the other half.
        stale = -math.inf < slot.renewed_at <= now - self.terms.guard / 2
        return slot.share is None and (slot.lapsed or stale)

    def foresee(self, now: float) -> int:
        """How many slots will be wanted soon, going by those taken since this was last asked."""
        ahead = self.terms.foresight
        expected = int(self._taken * ahead / max(now - self._counted_from, ahead / 2))
        self._taken, self._counted_from = 0, now
        # A few are not worth it: they may come back unused, and cost a call for that.
        return expected if expected >= _FEW else 0

    def runs_low(self, waiting: int) -> bool:
        """Whether to ask for more ahead: half of what was spare is used up, and it was no few."""
        return self.spare >= _FEW and len(self.ready) - waiting <= self.spare // 2

    def give_back_ready(self, keep: int, spare: int = 0) -> None:
        """Give back granted slots that no request waits for, the latest first.

        Args:
            keep: How many requests wait.
            spare: How many slots may be kept besides, for those that are to come.
        """
        self.given_back += [slot.name for slot in self.ready[keep + spare :]]
        del self.ready[keep + spare :]
        self.spare = max(0, len(self.ready) - keep)

    def news(self, now: float) -> list[SlotUpdate]:
        """Everything that the log does not know yet."""
        self._drop_old(now)
        # A little before it is due: where a call is made anyway, it renews what is due next.
        renewed_before = now - 0.9 * self.terms.renewal
        capped = self.terms.capped
        updates: list[SlotUpdate] = []
        for slot in self._used():
            # Of most requests under way there is nothing to tell, and of those that have ended the
            # same for each window.
            if capped or (slot.stamped_at is None and slot.renewed_at <= renewed_before):
                update = self._update(slot, now, renewed_before)
                if any(window not in _NO_NEWS for window in update.windows):
                    updates.append(update)
            elif slot.stamped_at is not None:
                windows = (now - slot.stamped_at,) * len(slot.told)
                updates.append(SlotUpdate(slot.name, windows))
        return updates

    def names(self, besides: Sequence[SlotUpdate]) -> list[str]:
        """The names of all slots that may still count, except those of the updates."""
        told = {update.slot for update in besides}
        # Those of the updates are named there already; the script reads both lists as "mine".
        slots = [*self.ready, *self._used()]
        return [slot.name for slot in slots if slot.name not in told]

    def wrote(
        self, updates: Sequence[SlotUpdate], given_back: Sequence[str], asked_at: float, now: float
    ) -> None:
        """The log has been told these updates, at that moment or a little later."""
        # What was given back while the call was on its way stands behind those that it told.
        del self.given_back[: len(given_back)]
        for update in updates:
            slot = self.ended.get(update.slot) or self.running.get(update.slot)
            if slot is None:
                continue
            for place, window in enumerate(update.windows):
                if window == "h":
                    # The log takes it back also where it had given it to others meanwhile.
                    slot.lapsed = self.has_lapsed(slot, asked_at)
                    slot.renewed_at = asked_at
                elif window is not None and window != "t":
                    slot.told[place] = True
            if all(slot.told):
                self.ended.pop(slot.name, None)
        self._owe_all(now)

    def start_over(self, now: float) -> None:
        """The log has forgotten everything: grants are void, the rest is reported again."""
        # Who is under way is told again, and holds its slot meanwhile in this process's own window;
        # what was only granted is worth nothing in a log that does not know of it.
        self.ready.clear()
        self.spare = 0
        for slot in self._used():
            slot.told = [False] * len(slot.told)
            slot.lapsed = self.has_lapsed(slot, now)
            slot.renewed_at = -math.inf
        self.tell_at = now if self.running or self.ended else math.inf

    def _drop_old(self, now: float) -> None:
        """Drop slots that the log never knew and that no window counts any more."""
        before = now - self.terms.longest
        old = [
            name
            for name, slot in self.ended.items()
            if slot.share is not None and (slot.stamped_at or now) < before
        ]
        for name in old:
            del self.ended[name]

    def _used(self) -> Iterator[Slot]:
        yield from self.ended.values()
        yield from self.running.values()

    def _update(self, slot: Slot, now: float, renewed_before: float) -> SlotUpdate:
        windows: list[float | str | None] = []
        for place, cap in enumerate(self.terms.caps):
            stamp = slot.stamp(place, cap, now)
            if stamp is not None:
                windows.append(now - stamp)
            elif slot.told[place]:
                windows.append("t")
            elif slot.renewed_at <= renewed_before:
                windows.append("h")
            else:
                windows.append(None)
        return SlotUpdate(slot.name, tuple(windows))

    def _owe(self, slot: Slot, known_at: float) -> None:
        """A slot changed: report it before it can be reused, one period after its start."""
        period, margin = self.terms.shortest, self.terms.margin
        # It is told shortly before a whole number of periods after the slot's start, the first that
        # leaves the time: whatever else becomes known until then goes along in the same call.
        if slot.due + period - margin >= self.tell_at:
            return  # It would not be sooner.
        known_at = max(known_at, slot.due)
        rounds = math.ceil((known_at - slot.due + margin) / period)
        self.tell_at = min(self.tell_at, max(known_at, slot.due + rounds * period - margin))

    def _owe_renewal(self, slot: Slot, now: float) -> None:
        """A slot is held: report it at once if the log does not know it, else in time."""
        if slot.renewed_at > -math.inf:
            self._owe(slot, max(now, slot.renewed_at + self.terms.renewal))
        else:
            self.tell_at = min(self.tell_at, now)

    def _owe_all(self, now: float) -> None:
        self.tell_at = math.inf
        for slot in self.ended.values():
            self._owe(slot, now)
        for slot in self.running.values():
            self._owe_renewal(slot, now)
            for place, cap in enumerate(self.terms.caps):
                if cap is not None and slot.sent_at is not None and not slot.told[place]:
                    self._owe(slot, max(now, slot.sent_at + cap))
