"""The arguments of ``send_many`` and ``run_campaign``, checked at the call."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping

from .._values import kind_of
from ..errors import InvalidRequestError
from ..limits.quota import Lane
from ..models.messages import Message
from .journal.protocol import Journal
from .schedule import Schedule

__all__ = ["check_flags", "check_journal", "check_messages", "check_settings"]


def _refuse(name: str, wanted: str, value: object) -> InvalidRequestError:
    told = f"the class {value.__name__}" if isinstance(value, type) else kind_of(value)
    return InvalidRequestError(f"{name} must be {wanted}, not {told}", fields=(name,))


def check_messages(messages: object) -> None:
    """Make sure that messages can be iterated over; what they are is seen when they are read.

    Raises:
        InvalidRequestError: They are a single message, text, a mapping, or nothing to iterate over.
    """
    if messages is None:
        # Somebody who resumes a campaign may pass it, and would learn of it only on the way.
        raise InvalidRequestError(
            "nothing to send: give messages, or resume a campaign with run_campaign(journal)",
            fields=("messages",),
        )
    if isinstance(messages, Message):
        raise InvalidRequestError(
            "messages must be an iterable of messages, not a single one: give [message], or send "
            "it alone by send_message",
            fields=("messages",),
        )
    if not _are_many(messages):
        wanted = "an iterable or async iterable of SendMessage or SendMessageToWhatsApp"
        raise _refuse("messages", wanted, messages)


def _are_many(messages: object) -> bool:
    if isinstance(messages, (str, bytes, bytearray, memoryview, Mapping, type)):
        return False
    return isinstance(messages, (Iterable, AsyncIterable))


def check_journal(journal: object) -> None:
    """Make sure that a journal is one, and no path or class.

    Raises:
        InvalidRequestError: It is none.
    """
    if isinstance(journal, type) or not isinstance(journal, Journal):
        found = _refuse("journal", "a Journal, and comes first", journal)
        raise InvalidRequestError(
            f"{found}: write run_campaign(SqliteJournal('run.db'), messages)", fields=found.fields
        )


def check_flags(**flags: object) -> None:
    """Make sure that what is on or off is True or False: a text such as ``"no"`` would count as on.

    Raises:
        InvalidRequestError: One is neither.
    """
    for name, value in flags.items():
        if not isinstance(value, bool):
            raise _refuse(name, "True or False", value)


def check_settings(
    *, lane: object, schedule: object, pause_after: object, **numbers: object
) -> None:
    """Make sure that the settings of a run can work.

    Args:
        lane: Whose turn comes first.
        schedule: When messages may leave; None: always.
        pause_after: So many troubles stop the run; None: never.
        **numbers: Whole numbers of 1 or more, by their names.

    Raises:
        InvalidRequestError: One of them cannot.
    """
    if not isinstance(lane, Lane):
        raise _refuse("lane", "Lane.BULK or Lane.INTERACTIVE", lane)
    if schedule is not None and not isinstance(schedule, Schedule):
        wanted = "a Schedule, such as Schedule(not_before=time(9)), or None"
        raise _refuse("schedule", wanted, schedule)
    if pause_after is not None:
        numbers["pause_after"] = pause_after
    for name, value in numbers.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            told = repr(value) if isinstance(value, (int, float)) else kind_of(value)
            raise InvalidRequestError(
                f"{name} must be 1 or more, a whole number, not {told}", fields=(name,)
            )
