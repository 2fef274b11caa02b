"""Pages by number, as one stream of items that is whole or raises an error."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable
from typing import Generic, Literal, TypeVar

from .. import models
from ..errors import PagingError

__all__ = ["iterate"]

T = TypeVar("T")

_REMEMBERED = 20_000


async def iterate(
    fetch: Callable[[int], Awaitable[models.Page[T]]], method: str, size: int | None = None
) -> AsyncGenerator[T, None]:
    """All items of all pages, each once, one page fetched ahead.

    Pages are asked for by number: the ``links`` of an answer carry neither the token nor the
    other parameters. It goes on to the last page that the server names now (the total may change on
    the way); where it names none, as long as a link, the total or a full page says that there is
    more. An empty page before the last is passed over once.

    Items that are added while it runs shift others to the next page: an item that came before is
    not given again. For that the ids of the last 20,000 items are remembered, and a hash of each
    page.

    It is whole where the pages held as many rows as the smallest total that was told: what was
    deleted on the way is not missed. A row that came again at the head of a page counts, as an item
    that arrived has put it there; rows of another page than the one asked for do not, nor what is
    new before a row that came again. A page that brings nothing new is no shift, unless the total
    has grown by as many rows as came again, or it is shorter and holds the end of the page before.

    Args:
        fetch: Gives a page by its number, from 1.
        method: The API method, for the error.
        size: How many items a whole page has, where the caller asked for a number.

    Raises:
        PagingError: The pages ended before that, or a page came again.
    """
    tally = _Tally[T](method, size)
    number = 1
    page = await fetch(number)
    items = tally.take(page, number)
    while not tally.is_last(page, number):
        number += 1
        following = asyncio.ensure_future(fetch(number))
        try:
            for item in items:
                yield item
            page = await following
        finally:
            # What was fetched ahead for nobody ends here, and its error has been seen.
            if not following.done() or following.cancelled() or following.exception():
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
        items = tally.take(page, number)
        del following  # one page is held, and one fetched ahead
    for item in items:
        yield item
    tally.check(page, number)


class _Tally(Generic[T]):
    """What has arrived of all pages, and how much the server promised."""

    def __init__(self, method: str, size: int | None) -> None:
        self._method = method
        self._asked = size
        self._given = 0
        # As the server counts them: with those that came again because others arrived.
        self._rows = 0
        self._promised: int | None = None
        self._total: int | None = None
        # Rows by which the total has grown, and which have not yet shown as rows that came again.
        self._arrived = 0
        self._longest = 0
        self._passed_over = False
        self._over = False
        self._ids: set[Hashable] = set()
        self._in_order: deque[Hashable] = deque()
        self._before: list[Hashable] = []
        self._pages: set[int] = set()

    def take(self, page: models.Page[T], number: int) -> list[T]:
        """The items of a page that have not come before.

        Raises:
            PagingError: It brings nothing new, and nothing explains that.
        """
        keys = [_id_of(item) for item in page.items]
        print_of_page = hash(tuple(map(_printed, keys, page.items)))
        seen = print_of_page in self._pages
        fresh: list[T] = []
        here: set[Hashable] = set()
        moved = rows = 0
        for key, item in zip(keys, page.items, strict=True):
            if not (seen or key in self._ids):
                fresh.append(item)
                self._remember(key)
                here.add(key)
                rows += 1
            elif key in here:
                rows += 1  # a row that the server gives, and counts, twice
            elif fresh:
                rows = 0  # what stood before it has arrived at the head of a page that we had
            else:
                moved += 1
        self._note_total(page)
        again = len(keys) - len(fresh)
        arrived = again <= self._arrived
        if again and not fresh and not arrived and not self._is_end_of_before(keys):
            self._end_or_raise(page, number)
            return []
        if arrived or keys[:1] != self._before[:1]:
            rows += moved
        self._arrived = max(0, self._arrived - again)
        self._before = keys
        self._pages.add(print_of_page)
        self._given += len(fresh)
        if page.number == number:
            self._rows += rows
        self._longest = max(self._longest, len(page.items))
        return fresh

    def is_last(self, page: models.Page[T], number: int) -> bool:
        """Whether no page is asked for after this one."""
        if self._over:
            return True
        if not page.items:
            go_on = self._says_more(page, number) and not self._passed_over
            self._passed_over = True
            return not go_on
        self._passed_over = False
        if page.last is None and page.total is not None:
            # Some call the rows of one page a total: a link knows better.
            return self._rows >= page.total and not page.has_next
        if page.last is not None or page.has_next is not None:
            return not self._says_more(page, number)
        if page.per_page is not None:
            return len(page.items) < page.per_page
        # A server may give fewer than it was asked for: only a page tells how long pages are.
        return len(page.items) < self._longest

    def check(self, page: models.Page[T], number: int) -> None:
        """Make sure that all items have come.

        Raises:
            PagingError: It did not.
        """
        if self._over:
            return
        if self._promised is None:
            whole = not self._says_more(page, number)
        else:
            whole = self._rows >= self._promised
        if not whole:
            raise self._error("short", number)

    def _says_more(self, page: models.Page[T], number: int) -> bool:
        if page.last is not None:
            return number < page.last
        return page.has_next is True

    def _end_or_raise(self, page: models.Page[T], number: int) -> None:
        """A page came again: that is the end if all items had come before, else an error."""
        if self._promised is not None:
            self._over = self._rows >= self._promised
        elif page.last is not None:
            self._over = page.last < number  # it has shrunk, and we are beyond it
        else:
            # Whoever says nothing of pages, and gave fewer than were asked for, gave everything.
            silent = page.per_page is None and page.has_next is None and page.number == number
            self._over = silent and (self._asked is None or self._longest < self._asked)
        if not self._over:
            raise self._error("repeated", number)

    def _error(self, reason: Literal["repeated", "short"], number: int) -> PagingError:
        return PagingError(
            self._method, reason=reason, page=number, given=self._given, promised=self._promised
        )

    def _is_end_of_before(self, keys: list[Hashable]) -> bool:
        """Whether a short page holds what has moved down from the end of the page before."""
        kept = set(keys)
        moved = [key for key in self._before[1:] if key in kept]
        return keys == moved and len(keys) < len(self._before)

    def _note_total(self, page: models.Page[T]) -> None:
        """Keep what is promised, and how many rows have arrived since the page before."""
        before, now = self._total, page.total
        if now is None:
            return
        self._total = now
        self._promised = now if self._promised is None else min(now, self._promised)
        if before is not None:
            self._arrived += max(0, now - before)

    def _remember(self, key: Hashable) -> None:
        if key is None:
            return
        self._ids.add(key)
        self._in_order.append(key)
        if len(self._in_order) > _REMEMBERED:
            self._ids.remove(self._in_order.popleft())


def _id_of(item: object) -> Hashable:
    """The id of an item; None for an item without one, which a lenient client keeps."""
    key: object = getattr(item, "id", item)
    return key if isinstance(key, int | str) else None


def _printed(key: Hashable, item: object) -> Hashable:
    return repr(item) if key is None else key
