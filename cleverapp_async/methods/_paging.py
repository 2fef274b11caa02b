"""Pages by number, as one stream of items."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from ..models.page import Page

__all__ = ["iterate"]

T = TypeVar("T")


async def iterate(
    fetch: Callable[[int], Awaitable[Page[T]]], size: int | None = None
) -> AsyncIterator[T]:
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
    while True:
        following = None
        if not _is_last(page, number, size):
            following = asyncio.ensure_future(fetch(number + 1))
        try:
            for item in page.items:
                yield item
            if following is None:
                return
            before, page = page, await following
        finally:
            if following is not None and not following.done():
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
        number += 1
        size = size or before.per_page or len(before.items)
        if page.items == before.items or (page.last is not None and page.number < number):
            return


def _is_last(page: Page[T], number: int, size: int | None) -> bool:
    if not page.items:
        return True
    if page.last is not None:
        return number >= page.last
    size = page.per_page or size
    return size is not None and len(page.items) < size
