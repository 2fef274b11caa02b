"""What a task gives as its result: plain data, for any result backend."""

from __future__ import annotations

from typing import Literal

# taskiq reads these by pydantic, which takes no other kind before Python 3.12.
from typing_extensions import TypedDict

from ...bulk.journal.records import JournalEntry

__all__ = ["ChunkReport", "Ended", "SendReport", "send_report"]

Ended = Literal["finished", "paused", "given back"]


class ChunkReport(TypedDict):
    """What a task did with a chunk.

    Attributes:
        campaign: The campaign's name.
        chunk: Its number.
        ended: ``finished``: its messages have their results, or were tried as often as they are;
            ``paused``: the campaign is; ``given back``: it was put into the queue again.
        outcomes: How many messages ended in this run, by outcome.
        left: How many are to be sent still, or are on their way in another worker.
    """

    campaign: str
    chunk: int
    ended: Ended
    outcomes: dict[str, int]
    left: int


class SendReport(TypedDict):
    """What became of a single send.

    Attributes:
        id: The send's id.
        outcome: Its state in the journal: ``accepted``, ``rejected``, ``not_sent`` or ``unknown``;
            ``pending`` where it was put into the queue again.
        error: Why it was not accepted, as ``Type: text``; None where it was.
        contact_id: The contact that sendMessageToWhatsApp answered.
    """

    id: str
    outcome: str
    error: str | None
    contact_id: int | None


def send_report(send_id: str, entry: JournalEntry) -> SendReport:
    """What a journal knows of a single send."""
    result = entry.result
    error = None if result is None else result.error
    return SendReport(
        id=send_id,
        outcome=entry.state.value,
        error=None if error is None else f"{error.type}: {error.message}",
        contact_id=None if result is None else result.contact_id,
    )
