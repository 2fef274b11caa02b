"""Whether messages given are those of a campaign in Redis; else what differs first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import JournalMismatchError
from .codec import address_digest, decode_stored, digest_text
from .reading import ask_given

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...models.messages import Message
    from .names import Names
    from .store import Store

__all__ = ["compare_chunk", "wrong_length"]

_REMEDY = "give the input that the campaign was made from, or another name for another campaign"


def _mismatch(index: int, told: str) -> JournalMismatchError:
    told = f"message {index + 1} of the input, counted from 1, {told}; {_REMEDY}"
    return JournalMismatchError(told, index=index)


def wrong_length(given: int, kept: int) -> JournalMismatchError:
    """The error for an input that is shorter or longer than the campaign's."""
    index = min(given, kept)
    longer = "ends before it" if given < kept else "is one more than the campaign has"
    return _mismatch(index, f"{longer}: {kept} message(s) were read in")


async def compare_chunk(
    store: Store, names: Names, chunk: int, first: int, messages: Sequence[Message]
) -> None:
    """Hold messages against those of one chunk.

    Args:
        store: The connection.
        names: The campaign's keys.
        chunk: Which one.
        first: The index of the first message.
        messages: All that are given of that chunk.

    Raises:
        JournalMismatchError: One differs, or is one too many.
        JournalError: Redis failed.
    """
    kept, left_out = await store.follow(ask_given(names, chunk))
    for index, message in enumerate(messages, first):
        if (stored := kept.get(str(index))) is not None:
            _, known = decode_stored(stored)
            if known != message:
                raise _difference(index, message, known)
        elif (duplicate := left_out.get(str(index))) is not None:
            before, _, digest = duplicate.partition("\n")
            if digest != digest_text(message):
                number = int(before) + 1
                raise _mismatch(
                    index, f"differs: another one was left out, as a duplicate of message {number}"
                )
        else:
            raise wrong_length(index + 1, index)


def _difference(index: int, given: Message, known: Message) -> JournalMismatchError:
    if address_digest(given) != address_digest(known):
        return _mismatch(index, "goes to another recipient than in the campaign")
    if given.method != known.method:
        return _mismatch(index, f"is sent by {given.method}, in the campaign by {known.method}")
    ours, theirs = given.parameters(), known.parameters()
    name = next(name for name in {**theirs, **ours} if ours.get(name) != theirs.get(name))
    return _mismatch(index, f"has another {name} than in the campaign")
