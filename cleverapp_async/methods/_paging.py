"""Pages by number, as one stream of items."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from ..models.page import Page

__all__ = ["iterate"]

T = TypeVar("T")


async def iterate(
    fetch: Callable[[int], Awaitable[Page[T]]], size: int | None = None
) -> AsyncGenerator[T, None]:
    """All items of all pages, one page fetched ahead.

    Pages are asked for by number: the ``links`` of an answer carry neither the token nor the
    other parameters. It ends on the last page that ``meta`` names now (the total may change on
    the way), on an empty or, without ``meta``, a short page, and where a server answers another
    page than the one asked for, or the same one again.

    Args:
        fetch: Gives a page by its number, from 1.
        size: How many items a whole page has, where the caller asked for a number.
    """
    number = 1
    page = await fetch(number)
    while not _is_last(page, number, size):
        number += 1
        following = asyncio.ensure_future(fetch(number))
        try:
            for item in page.items:
                yield item
            coming = await following
        finally:
            # What was fetched ahead for nobody ends here, and its error has been seen.
            if not following.done() or following.cancelled() or following.exception():
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
        size = size or page.per_page or len(page.items)
        if coming.items == page.items or coming.number < number:
            return
        page = coming
        del following, coming  # one page is held, and one fetched ahead
    for item in page.items:
        yield item


def _is_last(page: Page[T], number: int, size: int | None) -> bool:
    if not page.items:
        return True
    if page.last is not None:
        return number >= page.last
    size = page.per_page or size
    return size is not None and len(page.items) < size
