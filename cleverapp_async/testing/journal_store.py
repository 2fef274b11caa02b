"""Where the journals of one campaign keep it, and the campaign that they are checked with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

from attrs import evolve

from ..bulk.journal.protocol import Journal, Messages
from ..bulk.journal.records import JournalEntry, Loaded, Resend
from ..limits.quota import LimitKey
from ..models.messages import Message, SendMessage

__all__ = [
    "COUNT",
    "DUPLICATES",
    "GIVEN",
    "KEPT",
    "KEYS",
    "ORIGIN",
    "JournalStore",
    "expect",
    "key_of",
    "other_lists",
    "taken",
]

ORIGIN = "https://app.example/api/v1"
_BOT = 7


def key_of(message: Message) -> LimitKey | None:
    """The limit key that a message's own fields tell."""
    route = message.route
    return None if route is None else LimitKey(route.bot_id, route.messenger)


def _message(number: int, text: str = "Привет") -> SendMessage:
    if number % 3 == 2:  # noqa: PLR2004 - every third by its contact
        reference = {"order_id": f"№ {number}", "text": "a name that is also a parameter's"}
        return SendMessage(contact_id=number + 1, text=f"{text} {number}", reference=reference)
    return SendMessage(
        bot_id=_BOT,
        messenger="telegram" if number % 3 else "viber",
        contact_external_id=str(10_000 + number),
        text=f"{text} {number}",
    )


COUNT = 12
"""Messages that are sent."""

_FIRST = [*map(_message, range(COUNT // 2))]
_REST = [*map(_message, range(COUNT // 2, COUNT))]

GIVEN: Sequence[Message] = [*_FIRST, _message(0, "Again"), _message(2), *_REST, _message(7)]
"""All that is given: three of them are duplicates, of other texts and of the same."""

DUPLICATES = frozenset({COUNT // 2, COUNT // 2 + 1, len(GIVEN) - 1})
"""Indexes of those that are left out."""

KEPT = tuple(index for index in range(len(GIVEN)) if index not in DUPLICATES)
"""Indexes of those that are sent."""

KEYS = tuple(dict.fromkeys(key_of(GIVEN[index]) for index in KEPT))
"""The limit keys of all messages."""


def expect(right: bool, told: str) -> None:  # noqa: FBT001 - as `assert` takes it
    """Say what is wrong with a journal.

    Raises:
        AssertionError: It is not right.
    """
    if not right:
        raise AssertionError(told)


def other_lists() -> Iterator[tuple[str, list[Message], int]]:
    """Lists that are not the campaign's: how they differ, they themselves, and where first."""
    given = list(GIVEN)
    yield "a message is missing at the end", given[:-1], len(given) - 1
    yield "there is a message more", [*given, _message(99)], len(given)
    last = KEPT[-1]
    other_text = evolve(given[last], text="Something else")
    yield "a text differs", [*given[:last], other_text, *given[last + 1 :]], last
    recipient = SendMessage(contact_id=999, text=str(given[2].text))
    yield "a recipient differs", [*given[:2], recipient, *given[3:]], 2
    yield "two messages have changed places", [given[1], given[0], *given[2:]], 0
    left_out = min(DUPLICATES)
    duplicate = evolve(given[left_out], text="Something else")
    yield (
        "a message that was left out differs",
        [*given[:left_out], duplicate, *given[left_out + 1 :]],
        left_out,
    )


async def taken(journal: Journal, resend: Resend) -> list[JournalEntry]:
    """Everything that is to be sent, of all keys."""
    found: list[JournalEntry] = []
    for key in await journal.keys():
        found += await journal.take(key, -1, len(GIVEN), resend)
    return found


class JournalStore(ABC):
    """A place for one campaign, empty when it is made: a file, a table, a dictionary.

    :func:`check_journal` makes many of them, each for one story. Subclass it for your journal; most
    journals need :meth:`journal` alone, and :meth:`kill` where the lock must be let go by hand.
    """

    @abstractmethod
    def journal(self) -> Journal:
        """A new object for the campaign in this place, as another process would make it."""

    async def start(
        self, journal: Journal, messages: Messages | None, *, origin: str, deduplicate: bool
    ) -> Loaded:
        """Open a journal and load it, as a run does.

        Override it where messages are read in by something else than the journal itself.

        Args:
            journal: A new one of this place.
            messages: What is sent; None: what the place holds.
            origin: The base URL.
            deduplicate: Whether a recipient for whom there are several messages gets only the first
                of them.

        Returns:
            What ``load`` gave.

        Raises:
            JournalError: As by ``open`` and ``load``; the journal is closed then.
        """
        await journal.open(origin, create=messages is not None)
        try:
            return await journal.load(messages, key_of, deduplicate=deduplicate)
        except BaseException:
            await journal.close("interrupted")
            raise

    async def kill(self, journal: Journal) -> None:
        """The process that has the journal dies: it writes nothing more, and its lock ends.

        By default nothing is done, and the object is never used again.

        Args:
            journal: One of this place, open.
        """
        del journal

    async def dispose(self) -> None:  # noqa: B027 - most places need nothing
        """Delete the place. By default nothing is done."""
