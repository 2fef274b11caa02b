"""What a user changes by hand while nobody runs a campaign; the same rules for every backend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, cast

from attrs import evolve

from ..._arguments import check_whole, wrong_argument
from ..._values import kind_of
from ...errors import InvalidRequestError, JournalError
from .records import ErrorRecord, JournalState

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from .records import JournalSummary

__all__ = [
    "PURGED_END",
    "check_finished",
    "check_settling",
    "check_unknown",
    "error_by_hand",
    "is_plain_end",
    "purged_campaign",
    "without_texts",
]

_NAMED = 10
_VERDICTS = (JournalState.ACCEPTED, JournalState.NOT_SENT)
_NOT_SENT = ErrorRecord(type="NotSentError", message="not sent, as the user found out")

PURGED_END = "failed; the text of the error was purged"
"""Why a run ended, in place of a text that may quote a recipient."""


def check_settling(state: object, indexes: object) -> set[int] | None:
    """Make sure that an unknown message can become what it is said to be, and which ones do.

    Returns:
        The indexes; None: all that are unknown.

    Raises:
        InvalidRequestError: The state is another one than ``ACCEPTED`` and ``NOT_SENT``, or an
            index is none.
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


def is_plain_end(ended: str | None) -> bool:
    """Whether it quotes nobody, why a run ended."""
    return ended in {None, "finished", "interrupted", PURGED_END}


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
