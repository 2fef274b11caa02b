"""The rules of a campaign for every backend: what resumes it, and what may be changed by hand.

An input that is given to resume a campaign must be the one it was made from: each function of the
first part says of one way in which it may not be so. The second part is what a user changes while
nobody runs the campaign.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, cast

from attrs import evolve

from ..._arguments import check_whole, wrong_argument
from ..._values import kind_of
from ...config import spelled_base_url
from ...errors import InvalidRequestError, JournalError, JournalMismatchError
from .messages import address_of
from .records import ErrorRecord, JournalState

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from ...models.messages import Message
    from .records import JournalSummary

__all__ = [
    "PURGED_END",
    "check_deduplication",
    "check_finished",
    "check_origin",
    "check_settling",
    "check_unknown",
    "different_message",
    "end_of_part",
    "error_by_hand",
    "input_too_long",
    "input_too_short",
    "is_plain_end",
    "other_duplicate",
    "purged_campaign",
    "without_texts",
]

_REMEDY = (
    "give the input that the journal was made from, or another journal for another campaign, which "
    "writes again to those whom this one has reached"
)


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
    # What an older release kept was spelled as it was given.
    if _spelled(known) != _spelled(origin):
        raise JournalMismatchError(
            f"{campaign} goes to {known}, not to {origin}: resume it there, or begin another one"
        )


def _spelled(origin: str) -> str:
    try:
        return spelled_base_url(origin)
    except ValueError:
        return origin


_NAMED = 10
_VERDICTS = (JournalState.ACCEPTED, JournalState.NOT_SENT)
_NOT_SENT = ErrorRecord(type="NotSentError", message="not sent, as the user found out")

PURGED_END = "failed; the text of the error was purged"
"""Why a run ended, in place of a text that may quote a recipient."""
_END_OF_PART = re.compile(r"finished the first \d+ of \d+ messages", re.ASCII)


def check_settling(state: object, indexes: object) -> set[int] | None:
    """Make sure that an unknown message can become what it is said to be, and which ones do.

    Returns:
        The indexes; None: all that are unknown.

    Raises:
        InvalidRequestError: The state is another one than ``ACCEPTED`` and ``NOT_SENT``, or an
            index is not valid.
    """
    if not isinstance(state, JournalState) or state not in _VERDICTS:
        wanted = "JournalState.ACCEPTED or JournalState.NOT_SENT"
        given = state.name if isinstance(state, JournalState) else kind_of(state)
        raise InvalidRequestError(f"state must be {wanted}, not {given}", fields=("state",))
    if indexes is None:
        return None
    wanted = "an iterable of whole numbers from 0 up, such as [0, 5]"
    told = indexes
    if not isinstance(indexes, Iterable) or isinstance(indexes, str | bytes | Mapping | type):
        raise wrong_argument("indexes", wanted, told)
    chosen = cast("Iterable[object]", indexes)
    return {check_whole("indexes", index, wrong_argument, least=0) for index in chosen}


def error_by_hand(state: JournalState) -> ErrorRecord | None:
    """The error of a message that was unknown, and is in this state from now on."""
    return None if state is JournalState.ACCEPTED else _NOT_SENT


def check_unknown(chosen: AbstractSet[int], unknown: AbstractSet[int]) -> None:
    """Make sure that messages are unknown before any is settled.

    Args:
        chosen: The indexes of those that are to be settled.
        unknown: The indexes of all that are unknown.

    Raises:
        JournalError: Some are not; they are named by their numbers, counted from 1.
    """
    if others := sorted(chosen - unknown):
        named = ", ".join(str(index + 1) for index in others[:_NAMED])
        more = ", …" if others[_NAMED:] else ""
        raise JournalError(
            f"not unknown, so there is nothing to settle: message(s) {named}{more} (counted from "
            "1); choose among the unknown ones"
        )


def check_finished(campaign: str, summary: JournalSummary) -> None:
    """Make sure that nothing is left of a campaign before its messages are erased.

    Args:
        campaign: What it is called, such as ``the campaign in the journal run.db``.
        summary: The campaign in numbers.

    Raises:
        JournalError: Messages are left to send, or of unknown outcome.
    """
    counts = summary.by_state
    unknown = counts[JournalState.UNKNOWN] + counts[JournalState.INTENT]
    left = sum(summary.to_send().values())
    if left or unknown:
        raise JournalError(
            f"{campaign} is not finished: {left} message(s) are left to send, {unknown} of unknown "
            "outcome; resume or resolve them, or purge it by force"
        )


def without_texts(error: ErrorRecord) -> ErrorRecord:
    """An error without its texts, which may quote a recipient."""
    fields = tuple((name, rule, related, "") for name, rule, related, _ in error.fields)
    return evolve(error, message="", fields=fields)


def end_of_part(first: int, whole: int) -> str:
    """Why a run ended that was to send the first messages alone.

    Args:
        first: How many these are.
        whole: How many the campaign has.
    """
    return f"finished the first {first} of {whole} messages" if first < whole else "finished"


def is_plain_end(ended: object) -> bool:
    """Whether the reason for a run's end is one of the fixed words, and no text of an error.

    A damaged file may have anything there: what is no text is not plain.
    """
    if not isinstance(ended, str):
        return ended is None
    plain = ended in {"finished", "interrupted", PURGED_END}
    return plain or _END_OF_PART.fullmatch(ended) is not None


def purged_campaign(campaign: str, remedy: str) -> JournalError:
    """The error of a campaign that cannot be resumed, as its messages were erased.

    Args:
        campaign: What it is called, such as ``the journal run.db``.
        remedy: What to do instead.
    """
    return JournalError(
        f"{campaign} was purged of recipients and texts, so its campaign cannot be resumed: "
        f"{remedy}"
    )
