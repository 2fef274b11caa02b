"""Changes that a user makes to a campaign in Redis by hand, while nobody is at work on it.

All leases of the campaign are taken first, each with a new fence: no worker begins meanwhile, and
one that was stopped and believes that it still has its chunk writes no intent any more.

What is done here has no event loop, so that no heart can beat beside it as beside a run. The leases
are prolonged between two commands instead, once a third of their time has passed: a command takes
no longer than the client's time-out, and the leases last for several of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from attrs import evolve, frozen

from ..._redis.client import as_list, as_text, as_texts, number
from ...bulk.journal.records import JournalState, orphaned
from ...bulk.journal.rules import (
    PURGED_END,
    check_finished,
    check_unknown,
    error_by_hand,
    is_plain_end,
)
from .client import eval_command, journal_script
from .codec import (
    LOAD,
    Code,
    KeyNames,
    decode_result,
    decode_session,
    decode_state,
    encode_result,
    encode_session,
    erase_texts,
)
from .queries import ask_meta, ask_summary, no_campaign
from .writer import BEATS, RENEW, describe_holder, locked_error

if TYPE_CHECKING:
    from .client import Steps
    from .codec import MessageState

__all__ = ["purge_campaign", "resolve_messages"]

_LOCK = journal_script("lock")
_UNLOCK = journal_script("unlock")
_ORPHANS = journal_script("fates", "orphans")
_SETTLE = journal_script("fates", "settle")
_ERASE = journal_script("fates", "erase")

_AT_ONCE = 500
_LEASE = 60.0
"""Seconds for which the leases are taken at least."""

_TIMEOUTS = 4.0
"""For how many commands, each as slow as may be, they are taken at least."""

_CHUNKS = 600.0
"""For so many chunks they are taken for as long again: prolonging them takes more commands."""

_UNKNOWN = frozenset({Code.UNKNOWN, Code.INTENT})
"""Nobody is at work, so that what was on its way is unknown as well."""


@frozen
class _Locked:
    """A campaign whose leases are all ours.

    Attributes:
        names: Its keys.
        name: What it is called in errors.
        holder: Who has the leases.
        made: When it was made, as its facts tell.
        fences: The fence of each chunk, by its number.
        load: The fence of whoever reads messages in.
        seconds: For how long the leases are taken.
    """

    names: KeyNames
    name: str
    holder: str
    made: str
    fences: Sequence[str]
    load: str
    seconds: float


def resolve_messages(
    names: KeyNames,
    name: str,
    state: JournalState,
    chosen: set[int] | None,
    *,
    timeout: float,
    clock: Callable[[], float] = time.monotonic,
) -> Steps[int]:
    """Settle messages of unknown outcome; see :meth:`Campaign.resolve_unknown`.

    Args:
        names: The campaign's keys.
        name: What the campaign is called in errors.
        state: What the messages become.
        chosen: Their indexes; None: all that are unknown.
        timeout: Seconds that one command takes at most.
        clock: Seconds of a clock that is never set.

    Returns:
        How many were settled.

    Raises:
        JournalLockedError: Somebody is at work on it.
        JournalError: A message is not unknown, or there is no such campaign.
    """

    def settle(locked: _Locked) -> Steps[int]:
        return _settle(names, name, locked, state, chosen)

    return (yield from _under_leases(names, name, settle, timeout, clock))


def purge_campaign(
    names: KeyNames,
    name: str,
    *,
    force: bool,
    timeout: float,
    clock: Callable[[], float] = time.monotonic,
) -> Steps[int]:
    """Erase recipients, texts and references; see :meth:`Campaign.purge`.

    One that was interrupted can be done again.

    Args:
        names: The campaign's keys.
        name: What the campaign is called in errors.
        force: Also where something is left.
        timeout: Seconds that one command takes at most.
        clock: Seconds of a clock that is never set.

    Returns:
        How many messages were erased.

    Raises:
        JournalLockedError: Somebody is at work on it.
        JournalError: Messages are left, or there is no such campaign.
    """

    def erase(locked: _Locked) -> Steps[int]:
        if not force:
            check_finished(name, (yield from ask_summary(names, name)))
        return (yield from _erase(names, name, locked))

    return (yield from _under_leases(names, name, erase, timeout, clock))


def _under_leases(
    names: KeyNames,
    name: str,
    work: Callable[[_Locked], Steps[int]],
    timeout: float,
    clock: Callable[[], float],
) -> Steps[int]:
    """Do some work while all leases of a campaign are ours, however long it takes.

    However it ends, they are let go: also where a command failed, or where it was cancelled in the
    middle of one, which may have taken some of them all the same.

    Raises:
        JournalLockedError: Somebody is at work on it, or has taken a lease over.
        JournalError: There is no such campaign.
    """
    holder = describe_holder()
    # Before the first lease is taken, so that the time since then is counted too long and never too
    # short.
    begun = clock()
    meta = yield from ask_meta(names)
    if not meta:
        raise no_campaign(name)
    chunks = number(meta.get("chunks"))
    # Taking and prolonging them takes a command for each 500: the more there are, the longer they
    # last.
    seconds = max(_LEASE, _TIMEOUTS * timeout) * (1 + chunks / _CHUNKS)
    try:
        [load] = yield from _take(names, name, [LOAD], holder, seconds)
        # Nobody reads messages in any more: there will be no other chunks. They are counted before
        # the first is taken, so that all are let go whatever goes wrong from here on.
        meta = yield from ask_meta(names)
        chunks = number(meta.get("chunks"))
        fences = yield from _take_chunks(names, name, chunks, holder, seconds)
        made = meta.get("created_at", "")
        locked = _Locked(names, name, holder, made, fences, load, seconds)
        done = yield from _prolonging(work(locked), locked, begun, clock)
    except GeneratorExit:
        # Whoever drives the steps has dropped them: a yield here would be an error of Python's.
        raise  # Nobody carries out any command more.
    except BaseException:
        with suppress(Exception):  # What went wrong first is what is told.
            yield from _unlock(names, holder, chunks)
        raise
    yield from _unlock(names, holder, chunks)
    return done


def _prolonging(
    steps: Steps[int], locked: _Locked, begun: float, clock: Callable[[], float]
) -> Steps[int]:
    """Some steps, between which the leases are prolonged as often as a run's heart would."""
    prolonged, reply = begun, None
    while True:
        try:
            command = steps.send(reply)
        except StopIteration as end:
            return cast("int", end.value)
        now = clock()
        # Between two commands and before the next: after it, the leases might run out while it is
        # carried out.
        if now - prolonged >= locked.seconds / BEATS:
            yield from _prolong(locked)
            prolonged = now
        reply = yield command


def _prolong(locked: _Locked) -> Steps[None]:
    names = locked.names
    units = [(LOAD, locked.load), *((str(n), fence) for n, fence in enumerate(locked.fences))]
    milliseconds = int(1000 * locked.seconds)
    for begin in range(0, len(units), _AT_ONCE):
        some = units[begin : begin + _AT_ONCE]
        keys = [names.fences, *(names.lease(unit) for unit, _ in some)]
        flat = [part for pair in some for part in pair]
        reply = yield eval_command(RENEW, keys, locked.holder, milliseconds, *flat)
        if number(as_text(reply)) != 1:
            raise locked_error(locked.name, None)


def _take_chunks(
    names: KeyNames, name: str, chunks: int, holder: str, seconds: float
) -> Steps[list[str]]:
    """Take the leases of all chunks; their fences, by the chunks' numbers."""
    fences: list[str] = []
    for begin in range(0, chunks, _AT_ONCE):
        units = [str(chunk) for chunk in range(begin, min(begin + _AT_ONCE, chunks))]
        fences += yield from _take(names, name, units, holder, seconds)
    return fences


def _take(
    names: KeyNames, name: str, units: Sequence[str], holder: str, seconds: float
) -> Steps[list[str]]:
    keys = [names.fences, *map(names.lease, units)]
    reply = as_list((yield eval_command(_LOCK, keys, holder, int(1000 * seconds), *units)))
    done, *found = (as_text(one) or "" for one in reply)
    if done != "1":
        unit, told = found
        raise locked_error(name if unit == LOAD else f"chunk {unit} of {name}", told)
    return found


def _unlock(names: KeyNames, holder: str, chunks: int) -> Steps[None]:
    units = [LOAD, *map(str, range(chunks))]
    for begin in range(0, len(units), _AT_ONCE):
        keys = [names.lease(unit) for unit in units[begin : begin + _AT_ONCE]]
        yield eval_command(_UNLOCK, keys, holder)


def _settle(
    names: KeyNames, name: str, locked: _Locked, state: JournalState, chosen: set[int] | None
) -> Steps[int]:
    unknown: set[int] = set()
    chunks: list[int] = []
    for chunk in range(len(locked.fences)):
        found = yield from _ask_unknown(names, chunk)
        if chosen is None or not chosen.isdisjoint(found):
            chunks.append(chunk)
        # Looked at before anything is changed: if one of the chosen messages is not unknown,
        # nothing is.
        unknown |= found.keys()
    if chosen is not None:
        check_unknown(chosen, unknown)
    code = Code[state.name].value
    settled = 0
    for chunk in chunks:
        changes: list[str] = []
        # Asked anew for each chunk: the results of one chunk alone are in memory.
        for index, known in (yield from _ask_unknown(names, chunk)).items():
            if chosen is None or index in chosen:
                changes += (str(index), code, _result_by_hand(known, state))
        fence = locked.fences[chunk]
        for begin in range(0, len(changes), 3 * _AT_ONCE):
            some = changes[begin : begin + 3 * _AT_ONCE]
            keys = _fate_keys(names, chunk)
            reply = yield eval_command(_SETTLE, keys, chunk, fence, locked.made, *some)
            settled += _count(name, reply)
    return settled


def _ask_unknown(names: KeyNames, chunk: int) -> Steps[dict[int, MessageState]]:
    fates = as_texts((yield ("HGETALL", names.fates(chunk))))
    known = ((int(index), decode_state(raw)) for index, raw in fates.items())
    return {index: one for index, one in known if one.code in _UNKNOWN}


def _result_by_hand(known: MessageState, state: JournalState) -> str:
    """The result of an unknown message as it is from now on: what was measured of it stays."""
    result = decode_result(known.code, known.result)
    if result is None:
        result = orphaned(time.time())
    return encode_result(evolve(result, state=state, error=error_by_hand(state)))


def _erase(names: KeyNames, name: str, locked: _Locked) -> Steps[int]:
    # From now on no chunk can be opened, and no late result can be written.
    yield ("HSET", names.meta, "purging", 1)
    erased = 0
    unknown = encode_result(orphaned(time.time()))
    for chunk, fence in enumerate(locked.fences):
        ours = (chunk, fence, locked.made)
        yield eval_command(_ORPHANS, _fate_keys(names, chunk), *ours, unknown)
        keys = [*_fate_keys(names, chunk), names.messages(chunk), names.duplicates(chunk)]
        missed = 1
        # The script replaces only what is still as it was read; what was written anew in between is
        # read once more.
        while missed:
            fates = as_texts((yield ("HGETALL", names.fates(chunk))))
            changes = [
                part
                for index, raw in fates.items()
                if (bare := erase_texts(raw)) != raw
                for part in (index, raw, bare)
            ]
            reply = as_list((yield eval_command(_ERASE, keys, *ours, *changes)))
            erased += _count(name, reply[0])
            missed = number(as_text(reply[1]))
    sessions = as_texts((yield ("HGETALL", names.sessions)))
    for run, told in sessions.items():
        session = decode_session(told)
        if not is_plain_end(session.ended):
            yield ("HSET", names.sessions, run, encode_session(evolve(session, ended=PURGED_END)))
    if "paused" in (yield from ask_meta(names)):
        yield ("HSET", names.meta, "paused", "the reason was purged")
    yield ("UNLINK", names.addresses)
    # The mark comes last: a purge that was cut off before it is done again from the beginning.
    yield ("HDEL", names.meta, "reference_columns")
    yield ("HSET", names.meta, "purged", 1)
    return erased


def _fate_keys(names: KeyNames, chunk: int) -> list[str]:
    return [names.fences, names.fates(chunk), names.counts, names.left, names.meta]


def _count(name: str, reply: object) -> int:
    count = int(str(as_text(reply)))
    if count < 0:
        raise locked_error(name, None)
    return count
