"""One page of a long answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from attrs import frozen

__all__ = ["Page"]

T = TypeVar("T")


@frozen
class Page(Generic[T]):
    """One page; iterate over it for its items.

    Attributes:
        items: What is on it.
        number: Its number, from 1: what the server says, or else what was asked for.
        last: The last page's number; None where the server did not say.
        total: How many items there are on all pages; None where the server did not say.
        per_page: How many items a whole page has; None where the server did not say.
        has_next: Whether the server links to a further page; None where it links to none at all.
    """

    items: tuple[T, ...]
    number: int
    last: int | None = None
    total: int | None = None
    per_page: int | None = None
    has_next: bool | None = None

    def __iter__(self) -> Iterator[T]:
        """The items."""
        return iter(self.items)

    def __len__(self) -> int:
        """How many items are on this page."""
        return len(self.items)
