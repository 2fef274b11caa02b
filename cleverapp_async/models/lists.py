"""Lists: their schemas and their items; and one page of a long answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from math import isfinite
from typing import Generic, TypeVar

from attrs import evolve, field, frozen

__all__ = ["ListField", "ListItem", "ListSchema", "Page"]

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


@frozen(kw_only=True, slots=False)
class ListField:
    """One field of a list (API docs, page «Списки»).

    Attributes:
        name: Its name for people.
        type: ``string``, ``number``, ``bool``, ``contact``, or another.
        is_required: Whether an item must have it.
        is_hidden: Whether it is hidden in the platform's interface.
        is_encryptable: Whether its values are stored encrypted.
        extra: Whatever else the server answered, by its own names.
    """

    name: str
    type: str
    is_required: bool = False
    is_hidden: bool = False
    is_encryptable: bool = False
    extra: Mapping[str, object] = field(factory=dict[str, object])


@frozen(kw_only=True, slots=False)
class ListSchema:
    """The schema of a list.

    Attributes:
        id: Its id, 24 hex digits.
        name: The list's name.
        fields: Its fields by their slugs.
        is_menu: Whether the list is shown in the menu.
        created_at: When it was created.
        updated_at: When it last changed.
        extra: Whatever else the server answered, by its own names.
    """

    id: str
    name: str | None = None
    fields: Mapping[str, ListField] = field(factory=dict[str, ListField])
    is_menu: bool | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: Mapping[str, object] = field(factory=dict[str, object])


@frozen(kw_only=True, slots=False)
class ListItem(Mapping[str, object]):
    """One item of a list: a mapping of its values by slug.

    The API returns items flat: the values stand beside ``id`` and the dates. Pass the schema to
    :meth:`typed` to get the values in the types that it names.

    Attributes:
        id: Its id, 24 hex digits.
        created_at: When it was added.
        updated_at: When it last changed.
        extra: The values by slug, as the server answered them.
    """

    id: str
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: Mapping[str, object] = field(factory=dict[str, object])

    def __getitem__(self, slug: str) -> object:
        """One value by its slug."""
        return self.extra[slug]

    def __iter__(self) -> Iterator[str]:
        """The slugs."""
        return iter(self.extra)

    def __len__(self) -> int:
        """How many values it has."""
        return len(self.extra)

    def typed(self, schema: ListSchema) -> ListItem:
        """The same item with its values in the types that the schema names.

        A number becomes an ``int`` or ``float``, a bool becomes a ``bool``, and a contact becomes
        its id as an ``int``. A value that does not fit its type stays as it is, and so does a
        value of an unknown type.

        Args:
            schema: The schema of the list.
        """
        fields = schema.fields
        values = {
            slug: _typed(value, fields[slug].type) if slug in fields else value
            for slug, value in self.extra.items()
        }
        return evolve(self, extra=values)


_TRUE = frozenset({"1", "true"})
_FALSE = frozenset({"0", "false", ""})
# What Python reads beyond, underscores and the digits of other scripts, is somebody's text.
_NUMBER = r"(?a)[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?"


def _typed(value: object, kind: str) -> object:
    if not isinstance(value, str | int | float):
        return value
    text = str(value).strip().lower()
    if kind == "bool":
        return True if text in _TRUE else False if text in _FALSE else value
    if kind == "string":
        return text if isinstance(value, bool) else str(value)
    if kind in {"number", "contact"}:
        return _number(value, text, whole=kind == "contact")
    return value


def _number(value: object, text: str, *, whole: bool) -> object:
    if not re.fullmatch(_NUMBER, text):
        return value
    try:
        return int(text)
    except ValueError:
        number = float(text)
    return value if whole or not isfinite(number) else number
