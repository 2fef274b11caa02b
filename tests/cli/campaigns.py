"""Journals for the tests of ``cleverapp campaign``, written as a run writes them."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from cleverapp_async import LimitKey, Message, SendMessage, SqliteJournal
from cleverapp_async.journal import ErrorRecord, JournalResult, JournalState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.cli.command import Ended

ORIGIN = "https://app.cleverapp.pro/api/v1"
KEY = LimitKey(7, "telegram")

_ERRORS = {
    JournalState.REJECTED: ErrorRecord(
        type="ValidationError",
        message="sendMessage: contact_id: Неизвестный контакт (HTTP 422)",
        status=422,
        fields=(("contact_id", "exists", (), "Неизвестный контакт"),),
    ),
    JournalState.NOT_SENT: ErrorRecord(type="ConnectError", message="no connection"),
    JournalState.UNKNOWN: ErrorRecord(type="OutcomeUnknownError", message="it may have arrived"),
}


def messages(count: int) -> list[Message]:
    """Give so many messages of one bot."""
    return [
        SendMessage(
            bot_id=7,
            messenger="telegram",
            contact_external_id=str(1000 + place),
            text=f"=Hi {place}",
        )
        for place in range(count)
    ]


def key_of(message: Message) -> LimitKey | None:
    """What limits a message."""
    return None if message.contact_id is not None else KEY


async def fill(
    journal: SqliteJournal,
    given: Sequence[Message],
    states: Sequence[JournalState],
    origin: str = ORIGIN,
    *,
    for_good: bool = True,
) -> None:
    """Begin a campaign whose messages are in these states, and stay at work on it."""
    await journal.open(origin)
    await journal.load(given, key_of, deduplicate=True)
    begun = [index for index, state in enumerate(states) if state is not JournalState.PENDING]
    await asyncio.gather(*(journal.intend(index) for index in begun))
    ended = [index for index in begun if states[index] is not JournalState.INTENT]
    results = ((index, result(index, states[index], for_good=for_good)) for index in ended)
    await asyncio.gather(*(journal.record(index, one) for index, one in results))


def result(index: int, state: JournalState, *, for_good: bool = True) -> JournalResult:
    """Give how a message ended that is now in this state."""
    return JournalResult(
        state=state,
        ended_at=1_800_000_000.0 + index,
        permanent=state is JournalState.REJECTED and for_good,
        attempts=1,
        waited=0.25,
        on_wire=0.5,
        error=_ERRORS.get(state),
    )


async def make(path: Path, states: Sequence[JournalState], ended: str = "interrupted") -> None:
    """Make the journal of a campaign that nobody runs."""
    journal = SqliteJournal(path)
    await fill(journal, messages(len(states)), states)
    await journal.close(ended)


def make_journal(path: Path, *states: JournalState, ended: str = "interrupted") -> str:
    """Make the journal of a campaign that nobody runs, and give its path."""
    asyncio.run(make(path, states, ended))
    return str(path)


def records(ended: Ended) -> list[dict[str, Any]]:
    """Give the JSON lines that a command has printed."""
    return [json.loads(line) for line in ended.out.splitlines()]
