"""What ``send_many`` and ``run_campaign`` send, and where it is kept, checked at the call."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping

from .._arguments import check_instance, wrong_argument
from ..errors import InvalidRequestError
from ..models.messages import Message
from .journal.protocol import Journal

__all__ = ["check_journal", "check_messages"]


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
        raise wrong_argument("messages", wanted, messages)


def _are_many(messages: object) -> bool:
    if isinstance(messages, str | bytes | bytearray | memoryview | Mapping | type):
        return False
    return isinstance(messages, Iterable | AsyncIterable)


def check_journal(journal: object) -> None:
    """Make sure that a journal is one, and no path or class.

    Raises:
        InvalidRequestError: It is none.
    """
    wanted = "a Journal, and comes first: run_campaign(SqliteJournal('run.db'), messages)"
    check_instance("journal", journal, Journal, wanted, wrong_argument)
