"""Messages from wherever they come, some at a time, each looked at."""

from __future__ import annotations

from collections.abc import AsyncIterable
from itertools import islice
from typing import TYPE_CHECKING

from ...models.messages import Message, check_message

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from .protocol import Messages

__all__ = ["batches_of"]

_SIZE = 400


async def batches_of(messages: Messages) -> AsyncGenerator[list[Message]]:
    """Give messages in batches that keep the event loop for a few milliseconds at most.

    Raises:
        InvalidRequestError: Something given is no message; its index is named.
    """
    count = 0
    batch: list[Message] = []
    if isinstance(messages, AsyncIterable):
        async for message in messages:
            batch.append(check_message(message, count))
            count += 1
            if len(batch) == _SIZE:
                yield batch
                batch = []
        if batch:
            yield batch
        return
    given = iter(messages)
    while batch := [
        check_message(one, index) for index, one in enumerate(islice(given, _SIZE), count)
    ]:
        count += len(batch)
        yield batch
