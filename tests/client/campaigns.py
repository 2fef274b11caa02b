"""What the tests of a client's campaigns share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cleverapp_async import SendMessage
from cleverapp_async.journal import JournalReader

if TYPE_CHECKING:
    from pathlib import Path

    from cleverapp_async.journal import JournalState

__all__ = ["states", "texts"]


def texts(count: int, text: str = "Hi") -> list[SendMessage]:
    """Messages to so many contacts."""
    return [SendMessage(contact_id=number, text=text) for number in range(1, count + 1)]


def states(path: Path) -> dict[JournalState, int]:
    """How many messages are in which state; states of none are left out."""
    with JournalReader(path) as reader:
        return {state: count for state, count in reader.summary().by_state.items() if count}
