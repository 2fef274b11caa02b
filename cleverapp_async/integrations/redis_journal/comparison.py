"""Whether messages given are those of a campaign in Redis; else what differs first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...bulk.journal.comparison import different_message, input_too_long, other_duplicate
from .codec import decode_stored, digest_text
from .reading import ask_given

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...models.messages import Message
    from .names import Names
    from .store import Store

__all__ = ["compare_chunk"]


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
                raise different_message(index, message, known)
        elif (duplicate := left_out.get(str(index))) is not None:
            before, _, digest = duplicate.partition("\n")
            if digest != digest_text(message):
                raise other_duplicate(index, int(before) + 1)
        else:
            raise input_too_long(index)
