"""What differs between an input and the campaign that a journal was made of; for every backend.

An input that is given to resume a campaign must be the one it was made from. Each function says of
one way in which it may not be so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import JournalMismatchError
from .messages import address_of

if TYPE_CHECKING:
    from ...models.messages import Message

__all__ = [
    "check_deduplication",
    "check_origin",
    "different_message",
    "input_too_long",
    "input_too_short",
    "other_duplicate",
]

_REMEDY = "give the input that the journal was made from, or another journal for another campaign"


def _mismatch(index: int, told: str) -> JournalMismatchError:
    return JournalMismatchError(
        f"message {index + 1} of the input, counted from 1, differs: {told}; {_REMEDY}",
        index=index,
    )


def different_message(index: int, given: Message, kept: Message) -> JournalMismatchError:
    """The error for a message that is not the one in the journal, told by the first difference.

    Args:
        index: Its place among the messages given, from 0.
        given: The message of the input.
        kept: The message in the journal.
    """
    if address_of(given) != address_of(kept):
        return _mismatch(index, "the journal has another recipient")
    if given.method != kept.method:
        return _mismatch(index, f"it is sent by {given.method}, in the journal by {kept.method}")
    ours, theirs = given.parameters(), kept.parameters()
    name = next(name for name in {**theirs, **ours} if ours.get(name) != theirs.get(name))
    if name not in theirs:
        told = f"the journal has no {name}"
    elif name not in ours:
        told = f"the journal has a {name}"
    else:
        told = f"the journal has another {name}"
    return _mismatch(index, told)


def other_duplicate(index: int, first: int | None) -> JournalMismatchError:
    """The error for a message in the place of another one that was left out as a duplicate.

    Args:
        index: Its place among the messages given, from 0.
        first: The message that the other one is a duplicate of, counted from 1.
    """
    told = f"the journal left another one out, as a duplicate of message {first}"
    return _mismatch(index, told)


def input_too_long(total: int) -> JournalMismatchError:
    """The error for an input that has more messages than the journal was made from."""
    return JournalMismatchError(
        f"the input is longer than the {total} message(s) that the journal was made from; "
        f"{_REMEDY}",
        index=total,
    )


def input_too_short(count: int, total: int) -> JournalMismatchError:
    """The error for an input of ``count`` messages, where the journal was made from ``total``."""
    return JournalMismatchError(
        f"the input ends after {count} message(s), the journal was made from {total}; {_REMEDY}",
        index=count,
    )


def check_deduplication(journal: str, *, left_out: bool, leave_out: bool) -> None:
    """Make sure that a run treats duplicates as the campaign was begun with.

    Args:
        journal: What the journal is called, such as ``the journal run.db``.
        left_out: Whether duplicates were left out when it was made.
        leave_out: Whether this run leaves them out.

    Raises:
        JournalMismatchError: It does not.
    """
    if left_out != leave_out:
        was, now = ("kept", "leaves them out") if leave_out else ("left out", "keeps them")
        raise JournalMismatchError(
            f"{journal} was made with duplicates {was}, and this run {now}: choose as it was"
        )


def check_origin(campaign: str, known: str, origin: str) -> None:
    """Make sure that a campaign is resumed where it was begun.

    Args:
        campaign: What it is called, such as ``the campaign in the journal run.db``.
        known: The base URL that the campaign goes to.
        origin: The base URL of this run.

    Raises:
        JournalMismatchError: They differ.
    """
    if known != origin:
        raise JournalMismatchError(
            f"{campaign} goes to {known}, not to {origin}: resume it there, or begin another one"
        )
