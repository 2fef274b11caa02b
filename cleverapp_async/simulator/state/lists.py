"""Lists: their schemas and their items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field

from .records import SimulatedField, now

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

OWN_NAMES = frozenset({"id", "created_at", "updated_at"})
"""What every item has beside its values: no slug may be one of these."""


@define
class ListSchema:
    """A list: its fields by slug, and its items by id."""

    id: str
    name: str
    fields: dict[str, SimulatedField]
    is_menu: bool
    bot_id: int | None
    created_at: int
    updated_at: int
    items: dict[str, ListItem] = field(init=False, factory=dict[str, "ListItem"])


@define
class ListItem:
    """An item: its values by slug."""

    id: str
    schema_id: str
    values: dict[str, object]
    created_at: int
    updated_at: int


@define
class ListStore:
    """Knows lists and items by their ids, 24 hex digits."""

    _schemas: dict[str, ListSchema] = field(init=False, factory=dict[str, ListSchema])
    _items: dict[str, ListItem] = field(init=False, factory=dict[str, ListItem])
    _reserved: set[str] = field(init=False, factory=set[str])
    _made: int = field(init=False, default=0)

    def reserve(self, number: str) -> bool:
        """Keep an id from being given to what is new; False if it is kept already."""
        free = number not in self._reserved
        self._reserved.add(number)
        return free

    def schemas(self) -> Sequence[ListSchema]:
        """Give all lists, the oldest first."""
        return tuple(self._schemas.values())

    def schema(self, schema_id: str) -> ListSchema | None:
        """Find a list."""
        return self._schemas.get(schema_id)

    def item(self, item_id: str) -> ListItem | None:
        """Find an item."""
        return self._items.get(item_id)

    def items(self, schema: ListSchema) -> Collection[ListItem]:
        """Give a list's items, the oldest first."""
        return schema.items.values()

    def add_schema(
        self,
        name: str,
        fields: Mapping[str, SimulatedField],
        *,
        is_menu: bool,
        bot_id: int | None,
        moment: int,
        schema_id: str | None = None,
    ) -> ListSchema:
        """Add a list, under an id that was reserved or the next free one.

        Args:
            name: Its name.
            fields: Its fields by slug.
            is_menu: Whether it is shown in the menu.
            bot_id: Its bot, or None for all.
            moment: Unix seconds.
            schema_id: An id that was reserved, or None.
        """
        number = schema_id or self._next_id(moment)
        schema = ListSchema(number, name, dict(fields), is_menu, bot_id, moment, moment)
        self._schemas[number] = schema
        return schema

    def add_item(
        self,
        schema: ListSchema,
        values: Mapping[str, object],
        moment: int,
        item_id: str | None = None,
    ) -> ListItem:
        """Add an item to a list, under an id that was reserved or the next free one."""
        number = item_id or self._next_id(moment)
        item = ListItem(number, schema.id, dict(values), moment, moment)
        self._items[number] = schema.items[number] = item
        return item

    def delete_schema(self, schema: ListSchema) -> None:
        """Remove a list and all its items."""
        del self._schemas[schema.id]
        for item_id in schema.items:
            del self._items[item_id]

    def delete_field(self, schema: ListSchema, slug: str) -> None:
        """Remove a field from a list and its values from the items."""
        del schema.fields[slug]
        schema.updated_at = now()
        for item in schema.items.values():
            item.values.pop(slug, None)

    def delete_item(self, item: ListItem) -> None:
        """Remove an item."""
        del self._items[item.id]
        del self._schemas[item.schema_id].items[item.id]

    def _next_id(self, moment: int) -> str:
        while True:
            self._made += 1
            number = f"{moment & 0xFFFFFFFF:08x}{self._made:016x}"
            if self.reserve(number):
                return number
