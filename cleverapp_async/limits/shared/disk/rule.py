"""One exchange between a process and the log of one key: what ``exchange.lua`` is in Redis.

What the process has to tell is written down, then every slot that is certain is given to whoever's
turn it is. The docstring of the package above tells why this is exact. It reads as the script does,
in the same order and with the same names; a test holds the two to each other, step by step. What
differs is the clock, and that a log lies in the file as a whole, so that no part of it can be gone
without the rest.

All times are microseconds of the log's clock. Nothing here waits or writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field

from ..messages import Grant, LogReply, LogRequest, as_micros, update_as_micros
from ..redis_log import KeyState
from .key_log import KeyLog, LoggedWindow, MemberRecord

if TYPE_CHECKING:
    from ...quota import AccountKey, LimitKey
    from ..messages import Terms
    from .machine import Reading

__all__ = ["carry_on", "exchange", "look"]

_MICRO = 1_000_000
_NEWEST_COUNTS = 8
_LEAST_WAIT = 1000
_LIVES_ON = 5 * _MICRO
_AHEAD_SHARE = 32


def carry_on(log: KeyLog | None, reading: Reading, lost_at: int | None = None) -> KeyLog:
    """A log with its clock brought up to now; a new one where there is none, or none that counts.

    Args:
        log: What the file holds of the key.
        reading: The clock.
        lost_at: When the file lost what it held, by the same clock; None: it did not.
    """
    if log is not None:
        if log.boot != reading.boot:
            # Another count of the clock has begun: the time of the day tells how much later it is.
            passed = max(0, reading.wall - log.wall)
            log.offset = log.last + passed - reading.time
        # The clock never goes back; what a step back took away is added from then on.
        log.offset = max(log.offset, log.last - reading.time)
        if reading.time + log.offset < log.expires:
            return log
    return KeyLog(epoch=str(reading.time), lost_at=lost_at)


@define
class _Quota:
    """A quota, and its window in the log."""

    limit: int
    period: int
    window: LoggedWindow


@define
class _Exchange:
    """An exchange under way."""

    log: KeyLog
    request: LogRequest
    now: int
    quotas: list[_Quota]
    guard: int
    turn: int
    patience: int
    caller: MemberRecord
    demand: int
    lag: float
    granted: list[tuple[str, int]] = field(factory=list[tuple[str, int]])
    queue: list[MemberRecord] = field(factory=list[MemberRecord])

    @property
    def shortest(self) -> int:
        return self.quotas[0].period

    @property
    def longest(self) -> int:
        return self.quotas[-1].period


def exchange(log: KeyLog, terms: Terms, request: LogRequest, reading: Reading) -> LogReply | None:
    """Carry out one request of a process.

    Args:
        log: The log, its clock brought up to now; it is changed.
        terms: The quotas, and what follows from them.
        request: What the process tells and wants.
        reading: The clock.

    Returns:
        The reply; None where a later request of the process has been here before, and the log is
        left as it is.
    """
    now = reading.time + log.offset
    caller = log.members.get(request.process)
    # Requests of one process may overtake each other, as in Redis; only the newest changes
    # anything.
    if caller is not None and request.sequence <= caller.sequence:
        return None
    guard, turn, lead, patience, expiry = terms.fixed
    if caller is None:
        caller = log.members[request.process] = MemberRecord(now, 0, 0, now, turn, 0)
    quotas = [
        _Quota(limit, as_micros(period), log.window(as_micros(period)))
        for limit, period in terms.windows
    ]
    this = _Exchange(
        log=log,
        request=request,
        now=now,
        quotas=quotas,
        guard=guard,
        turn=turn,
        patience=patience,
        caller=caller,
        demand=request.demand,
        lag=log.lag,
    )
    _note_losses(this, reading)
    for window in log.windows.values():
        window.drop_until(now)
    for slot in [one for one, start in log.starts.items() if start <= now - guard - this.longest]:
        del log.starts[slot]
    _take_in(this)
    _clear_out(this)
    _line_up(this)
    _book(this)
    _book_ahead(this)
    wait = None
    if caller.demand > 0:
        # Never so late that a slot would idle for the caller.
        awaited = max(max(_next_moment(this) - lead, log.hold) - now, _LEAST_WAIT)
        caller.back, wait = round(now + awaited), int(awaited)
    log.boot, log.wall, log.last, log.lag = reading.boot, reading.wall, now, round(this.lag)
    log.quotas = [(quota.limit, quota.period) for quota in quotas]
    # A process that finds a new log takes the old one for expired only if it was; so it lives a
    # little longer, as a reply may take its time.
    log.expires = max(now, log.paused, log.hold) + expiry * 1000 + _LIVES_ON
    return LogReply(
        now / _MICRO,
        f"{log.epoch}/{log.boot}",
        None if wait is None else wait / _MICRO,
        max(0, log.paused - now) / _MICRO,
        max(0, log.hold - now) / _MICRO,
        log.refusals,
        tuple(Grant(slot, max(0, start - now) / _MICRO) for slot, start in this.granted),
    )


def _note_losses(this: _Exchange, reading: Reading) -> None:
    """Hold everything where something may have been lost; and note pauses and refusals."""
    log, now, longest = this.log, this.now, this.longest
    if log.boot != reading.boot and reading.up < longest:
        # A machine that has just started may have lost what was written last.
        log.hold = max(log.hold, now - int(reading.up) + longest)
    if log.lost_at is not None:
        log.hold = max(log.hold, log.lost_at + longest)
    if this.request.lost:
        log.hold = max(log.hold, now + longest)
    if this.request.pause > 0:
        log.paused = max(log.paused, now + as_micros(this.request.pause))
    log.refusals += this.request.refusals


def _take_in(this: _Exchange) -> None:
    """Write down what the process tells of its slots."""
    log, request, now = this.log, this.request, this.now
    known = {update.slot for update in request.updates}
    for update in request.updates:
        held = False
        for place, (quota, told) in enumerate(zip(this.quotas, update.windows, strict=True)):
            mark = update_as_micros(told)
            held = held or mark in {"-", "h"}
            if mark == "h":
                quota.window.put(update.slot, now + this.guard + quota.period)
                log.starts[update.slot] = now
            elif isinstance(mark, int):
                _stamp(this, update.slot, quota, now - mark, first=place == 0)
        if not held:
            log.starts.pop(update.slot, None)
    for slot in request.given_back:
        log.forget(slot)
    if request.known is not None:
        # A reply was lost: what it may have granted is not known to the process, so not in use.
        known.update(request.known)
        for slot in list(log.starts):
            if slot not in known and _owner(slot) == request.process:
                log.forget(slot)


def _stamp(this: _Exchange, slot: str, quota: _Quota, stamp: int, *, first: bool) -> None:
    """A slot is used up in a window."""
    start = this.log.starts.get(slot) if first else None
    if start is not None:
        # How long a request lasts, from its start to its stamp: an average in which the newest
        # counts an eighth. Slots come round once a period and this much later.
        lasted = max(0, min(stamp - start, quota.period))
        this.lag += (lasted - this.lag) / _NEWEST_COUNTS
    if stamp + quota.period > this.now:
        quota.window.put(slot, stamp + quota.period)
    else:
        quota.window.remove(slot)


def _clear_out(this: _Exchange) -> None:
    """See who waits no longer, and what becomes of the slots that were given to them."""
    log, now, caller, guard = this.log, this.now, this.caller, this.guard
    for name, member in list(log.members.items()):
        if member is caller:
            continue
        if member.demand > 0 and now > member.back + this.patience:
            member.demand = 0
        if now > member.seen + guard + this.longest:
            del log.members[name]
    for start, slot in sorted((start, slot) for slot, start in log.mail.items()):
        owner = log.members.get(_owner(slot))
        if owner is caller:
            del log.mail[slot]
            if this.demand > 0 and now < start + guard / 2:
                # Where it was due before, its guard begins when the process hears of it.
                if start < now:
                    _hold(this, slot, now)
                this.demand -= 1
                this.granted.append((slot, max(start, now)))
            else:
                log.forget(slot)
        elif owner is None or now > max(start, owner.back) + this.patience:
            log.forget(slot)


def _line_up(this: _Exchange) -> None:
    """Put the caller in line, and tell who else stands there."""
    log, caller = this.log, this.caller
    caller.seen, caller.sequence = this.now, this.request.sequence
    if this.demand > 0 and caller.demand == 0 and not this.granted:
        _to_the_end(this, caller)
    caller.demand, caller.back = this.demand, this.now
    this.queue = sorted((one for one in log.members.values() if one.demand > 0), key=_ticket)


def _book(this: _Exchange) -> None:
    """Give slots out in the order of their moments: each to the first who is awake for it."""
    log, caller, queue = this.log, this.caller, this.queue
    # By identity: two members with the same figures are equal, and are not the same process.
    names = {id(member): name for name, member in log.members.items()}
    while queue and (start := _next_start(this)) is not None:
        # The caller is awake now; of the others those who will be back in time for it.
        awake = (one for one in queue if one is caller or one.back <= start + this.patience)
        chosen = next(awake, None)
        if chosen is None:
            return
        slot = _new_slot(this, names[id(chosen)], start)
        if chosen is caller:
            this.granted.append((slot, start))
        else:
            log.mail[slot] = start
        chosen.demand -= 1
        chosen.left -= 1
        if chosen.left <= 0:
            _to_the_end(this, chosen)
            queue.sort(key=_ticket)
        if chosen.demand == 0:
            queue.remove(chosen)


def _book_ahead(this: _Exchange) -> None:
    """Give the caller slots for requests that are still to come, where nobody waits.

    At once and of plenty alone: a small part of what is free in a window that is not half full.
    Whoever comes next finds enough, though some of these should come back unused.
    """
    if this.request.ahead > 0 and not this.queue and _next_start(this) == this.now:
        room = min(quota.limit - 2 * len(quota.window) for quota in this.quotas)
        for _ in range(min(this.request.ahead, room // _AHEAD_SHARE)):
            slot = _new_slot(this, this.request.process, this.now)
            this.granted.append((slot, this.now))


def _new_slot(this: _Exchange, process: str, start: int) -> str:
    """Make a slot of a process, and hold it."""
    this.log.slots += 1
    slot = f"{process}:{this.log.slots}"
    _hold(this, slot, start)
    return slot


def _hold(this: _Exchange, slot: str, start: int) -> None:
    """A slot is taken from a moment on, until its guard has passed and one period more."""
    for quota in this.quotas:
        quota.window.put(slot, start + this.guard + quota.period)
    this.log.starts[slot] = start


def _next_start(this: _Exchange) -> int | None:
    """The moment of the next slot that is certain; None where that is not known."""
    if this.log.hold > this.now:
        # Who still has slots that were forgotten must be heard first: nothing is booked ahead.
        return None
    start = max(this.now, this.log.paused)
    for quota in this.quotas:
        # One more fits as soon as fewer than `limit` are left: when that is free which has
        # `limit - 1` others behind it.
        rank = len(quota.window) - quota.limit
        if rank >= 0:
            start = max(start, quota.window.at(rank)[0])
    # A slot that is held is free a whole period from now at the earliest, and stands in its window
    # until its guard has passed besides: so this also tells that the moment rests on stamps alone.
    return start if start <= this.now + this.shortest else None


def _next_moment(this: _Exchange) -> float:
    """When the caller's next slot may be certain."""
    ahead = 0
    for member in this.queue:
        if member is this.caller:
            break
        ahead += min(member.demand, member.left)
    moment: float = max(this.now, this.log.paused, this.log.hold)
    for quota in this.quotas:
        # As in `_next_start`, but with all those ahead in line served first: each moves the entry
        # that must be free by one, and beyond the window's end everything comes round once more.
        rounds, beyond = divmod(ahead, quota.limit)
        rank = len(quota.window) - quota.limit + beyond
        bound = this.now
        if rank >= 0:
            bound, slot = quota.window.at(rank)
            start = this.log.starts.get(slot)
            if bound > this.now + quota.period and start is not None:
                # It is held, and stands at the end of its guard. Its request is more likely to be
                # answered at once: then it is free a period after its start.
                bound = max(start, this.now) + quota.period
        moment = max(moment, bound + rounds * (quota.period + this.lag))
    return moment


def _to_the_end(this: _Exchange, member: MemberRecord) -> None:
    """A process goes to the end of the line, with a whole turn before it."""
    this.log.tickets += 1
    member.ticket, member.left = this.log.tickets, this.turn


def _ticket(member: MemberRecord) -> int:
    return member.ticket


def _owner(slot: str) -> str:
    return slot.partition(":")[0]


def look(log: KeyLog, key: LimitKey | AccountKey, now: int) -> KeyState:
    """The state of a key, for an overview.

    Args:
        log: Its log, its clock brought up to now.
        key: The key.
        now: That moment, by the log's clock.
    """
    waiting = [member.demand for member in log.members.values() if member.demand > 0]
    start, known = max(now, log.paused, log.hold), True
    for limit, period in log.quotas:
        window = log.window(period)
        window.drop_until(now)
        rank = len(window) - limit
        if rank >= 0:
            free = window.at(rank)[0]
            known = known and free <= now + period
            start = max(start, free)
    return KeyState(
        key=key,
        quotas=tuple((limit, period / _MICRO) for limit, period in log.quotas),
        processes=len(waiting),
        queued=sum(waiting),
        held=len(log.starts),
        next_slot=(start - now) / _MICRO if known else None,
        refusals=log.refusals,
        paused_for=max(0, log.paused - now) / _MICRO,
        held_for=max(0, log.hold - now) / _MICRO,
    )
