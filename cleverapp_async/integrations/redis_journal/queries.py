"""What is asked of a campaign in Redis: as commands and replies, for clients of either kind."""

from __future__ import annotations

import json
from collections import Counter

from attrs import evolve

from ..._redis.client import as_list, as_text, as_texts, number
from ...bulk.journal.codec import decode_error
from ...bulk.journal.messages import decode_columns
from ...bulk.journal.records import (
    ErrorRecord,
    JournalEntry,
    JournalSession,
    JournalState,
    JournalSummary,
    LockHolder,
    SettledMessage,
)
from ...errors import JournalError
from ...limits.quota import LimitKey
from .client import Steps
from .codec import (
    LOAD,
    Code,
    KeyNames,
    decode_entry,
    decode_key_text,
    decode_result,
    decode_session,
    decode_state,
)
from .writer import read_holder

__all__ = [
    "ask_chunk",
    "ask_columns",
    "ask_errors",
    "ask_given",
    "ask_holder",
    "ask_holders",
    "ask_keys",
    "ask_left",
    "ask_meta",
    "ask_settled",
    "ask_summary",
    "no_campaign",
]

_AT_ONCE = 500
_COUNTED = ("given", "duplicates", "chunks", "chunk_size")


def ask_meta(names: KeyNames) -> Steps[dict[str, str]]:
    """The campaign's facts; empty where there is no such campaign.

    Raises:
        ValueError: A number among them cannot be read.
    """
    meta = as_texts((yield ("HGETALL", names.meta)))
    for name in _COUNTED:
        number(meta.get(name))
    float(meta.get("created_at", 0))
    return meta


def ask_given(names: KeyNames, chunk: int) -> Steps[tuple[dict[str, str], dict[str, str]]]:
    """The messages of a chunk, and what was left out of it, by index and as they are kept."""
    kept = as_texts((yield ("HGETALL", names.messages(chunk))))
    left_out = as_texts((yield ("HGETALL", names.duplicates(chunk))))
    return kept, left_out


def ask_keys(names: KeyNames) -> Steps[dict[str, LimitKey | None]]:
    """The limit keys by their rows."""
    found = as_texts((yield ("HGETALL", names.keys)))
    # In the order in which the keys were first met, which a hash of Redis does not keep.
    return {row: decode_key_text(found[row]) for row in sorted(found, key=int)}


def ask_left(names: KeyNames) -> Steps[dict[int, int]]:
    """By chunk, how many messages a run would send, or has on its way; no chunk that has none."""
    found = as_texts((yield ("HGETALL", names.left)))
    return {int(chunk): int(found[chunk]) for chunk in sorted(found, key=int) if int(found[chunk])}


def ask_holders(names: KeyNames) -> Steps[dict[int, LockHolder]]:
    """Which process sends which chunk."""
    meta = yield from ask_meta(names)
    chunks = number(meta.get("chunks"))
    found: dict[int, LockHolder] = {}
    # A command with thousands of keys would hold up Redis for everybody else.
    for begin in range(0, chunks, _AT_ONCE):
        some = range(begin, min(begin + _AT_ONCE, chunks))
        leases = as_list((yield ("MGET", *(names.lease(str(chunk)) for chunk in some))))
        for chunk, lease in zip(some, leases, strict=True):
            if (holder := read_holder(as_text(lease))) is not None:
                found[chunk] = holder
    return found


def ask_chunk(names: KeyNames, chunk: int) -> Steps[list[tuple[Code, JournalEntry]]]:
    """The messages of a chunk in their order.

    Raises:
        JournalError: One of them cannot be read.
    """
    keys = yield from ask_keys(names)
    # Messages first, states second: a state that is written in between is read. The other way round
    # a message could be taken for pending that has left.
    messages = as_texts((yield ("HGETALL", names.messages(chunk))))
    fates = as_texts((yield ("HGETALL", names.fates(chunk))))
    found: list[tuple[Code, JournalEntry]] = []
    for index in sorted(messages, key=int):
        known = decode_state(fates.get(index))
        found.append((known.code, decode_entry(int(index), messages[index], known, keys)))
    return found


def ask_settled(names: KeyNames, chunk: int) -> Steps[list[SettledMessage]]:
    """The messages of a chunk that have a result, without their texts; also after a purge."""
    keys = yield from ask_keys(names)
    fates = as_texts((yield ("HGETALL", names.fates(chunk))))
    found: list[SettledMessage] = []
    for raw in fates.values():
        known = decode_state(raw)
        if (result := decode_result(known.code, known.result)) is not None:
            settled = SettledMessage(
                keys[known.row],
                result.state,
                known.intent_at,
                result.ended_at,
                result.waited,
                result.on_wire,
                result.attempts,
            )
            found.append(settled)
    return found


def ask_holder(names: KeyNames) -> Steps[LockHolder | None]:
    """A process that sends or loads the campaign; None where there is none."""
    holders = yield from ask_holders(names)
    if holders:
        return next(iter(holders.values()))
    return read_holder(as_text((yield ("GET", names.lease(LOAD)))))


def ask_columns(names: KeyNames) -> Steps[tuple[str, ...]]:
    """The columns that an export has for the references of the messages."""
    meta = yield from ask_meta(names)
    return decode_columns(meta.get("reference_columns"))


def ask_errors(names: KeyNames) -> Steps[list[tuple[ErrorRecord, int]]]:
    """The errors that results hold, and how often each; the most frequent first."""
    meta = yield from ask_meta(names)
    found: Counter[str] = Counter()
    for chunk in range(number(meta.get("chunks"))):
        fates = as_texts((yield ("HGETALL", names.fates(chunk))))
        for raw in fates.values():
            known = decode_state(raw)
            if known.result and known.code not in {Code.PENDING, Code.INTENT}:
                error = json.loads(known.result)[-1]
                if error is not None:
                    found[error] += 1
    return [(decode_error(told), count) for told, count in found.most_common()]


def no_campaign(name: str) -> JournalError:
    """The error for a campaign that is not there."""
    return JournalError(f"{name} does not exist: check its name, the prefix and the database")


def _at_work(names: KeyNames, runs: dict[str, JournalSession]) -> Steps[list[JournalSession]]:
    """The runs; those without an end are marked as active, or as abandoned.

    A run has its chunk as long as its lease is there and nobody has taken a greater fence.
    """
    open_runs = [run.partition(":") for run, session in runs.items() if session.ended is None]
    found = list(runs.values())
    if not open_runs:
        return found
    units = [unit for unit, _, _ in open_runs]
    # In this order: a lease that is taken over in between has another fence by then. The other way
    # round the old fence would be seen beside the new holder's lease.
    leases = as_list((yield ("MGET", *map(names.lease, units))))
    fences = as_list((yield ("HMGET", names.fences, *units)))
    held = {
        f"{unit}:{fence}"
        for (unit, _, fence), lease, last in zip(open_runs, leases, fences, strict=True)
        if lease is not None and as_text(last) == fence
    }
    return [
        session if session.ended is not None else evolve(session, at_work=run in held)
        for run, session in runs.items()
    ]


def ask_summary(names: KeyNames, name: str) -> Steps[JournalSummary]:
    """The campaign in numbers.

    Raises:
        JournalError: There is no such campaign.
    """
    meta = yield from ask_meta(names)
    if not meta:
        raise no_campaign(name)
    keys = yield from ask_keys(names)
    counts = as_texts((yield ("HGETALL", names.counts)))
    sessions = as_texts((yield ("HGETALL", names.sessions)))
    by_key: dict[LimitKey | None, dict[JournalState, int]] = {}
    retryable: Counter[LimitKey | None] = Counter()
    for name_of_count, told in counts.items():
        row, _, code = name_of_count.partition(":")
        count, state = int(told), Code(code).state
        # Counts go down to 0 and stay there as fields.
        if count:
            key = keys.get(row)
            states = by_key.setdefault(key, {})
            states[state] = states.get(state, 0) + count
            if Code(code) is Code.REFUSED:
                retryable[key] += count
    duplicates = number(meta.get("duplicates"))
    runs = yield from _at_work(names, {run: decode_session(sessions[run]) for run in sessions})
    return JournalSummary(
        created_at=float(meta.get("created_at", 0)),
        origin=meta.get("origin", ""),
        complete=meta.get("complete") == "1",
        purged=meta.get("purged") == "1",
        messages=number(meta.get("given")) - duplicates,
        duplicates=duplicates,
        deduplicated=meta.get("deduplicated") == "1",
        by_key=by_key,
        retryable_by_key=dict(retryable),
        sessions=tuple(sorted(runs, key=lambda run: run.started_at)),
    )
