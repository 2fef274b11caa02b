"""What contacts have, variables and accounts with exact decimals, and the lists of bots."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from attrs import define, field

from .records import SimulatedField, now

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence


@define
class Account:
    """One account of a contact."""

    id: int
    contact_id: int
    currency: str
    amount: Decimal
    created_at: int
    updated_at: int


@define
class AccountStore:
    """Knows accounts by id and by contact."""

    _by_id: dict[int, Account] = field(init=False, factory=dict[int, Account])
    _of_contact: dict[int, list[Account]] = field(init=False, factory=dict[int, list[Account]])
    _reserved: set[int] = field(init=False, factory=set[int])
    _next_id: int = field(init=False, default=1)

    def reserve(self, account_id: int) -> bool:
        """Keep an id from being given to a new account; False if it is kept already."""
        free = account_id not in self._reserved
        self._reserved.add(account_id)
        return free

    def get(self, account_id: int) -> Account | None:
        """Find an account."""
        return self._by_id.get(account_id)

    def of_contact(self, contact_id: int) -> Sequence[Account]:
        """Return a contact's accounts, the oldest first."""
        return self._of_contact.get(contact_id, ())

    def open(
        self,
        contact_id: int,
        currency: str,
        amount: Decimal,
        moment: int,
        account_id: int | None = None,
    ) -> Account:
        """Open an account.

        Args:
            contact_id: Whose it is.
            currency: Its currency.
            amount: What is on it.
            moment: Unix seconds.
            account_id: An id that was reserved, or None for the next free one.
        """
        number = account_id
        if number is None:
            while not self.reserve(self._next_id):
                self._next_id += 1
            number = self._next_id
        account = Account(number, contact_id, currency, amount, moment, moment)
        self._by_id[number] = account
        self._of_contact.setdefault(contact_id, []).append(account)
        return account

    def close(self, account: Account) -> None:
        """Remove an account, whatever is on it."""
        del self._by_id[account.id]
        self._of_contact[account.contact_id].remove(account)


_FIRST_ID: Final = 16_497_876_867_449
"""Above 2^31, as on the API docs' page."""


@define
class Variable:
    """A contact's value of a variable; the id is the variable's, one per bot and name."""

    id: int
    name: str
    value: str
    deletable: bool
    created_at: int
    updated_at: int


@define
class VariableStore:
    """Knows the variables of contacts by name and by id."""

    _ids: dict[tuple[int, str], int] = field(init=False, factory=dict[tuple[int, str], int])
    _taken: set[int] = field(init=False, factory=set[int])
    _of_contact: dict[int, dict[str, Variable]] = field(
        init=False, factory=dict[int, dict[str, Variable]]
    )
    _next_id: int = field(init=False, default=_FIRST_ID)

    def of_contact(self, contact_id: int) -> Collection[Variable]:
        """Return a contact's variables, in the order they were first set."""
        return self._of_contact.get(contact_id, {}).values()

    def find(self, contact_id: int, variable_id: int) -> Variable | None:
        """Find a contact's variable by its id."""
        found = (one for one in self.of_contact(contact_id) if one.id == variable_id)
        return next(found, None)

    def get(self, contact_id: int, name: str) -> Variable | None:
        """Find a contact's variable by its name."""
        return self._of_contact.get(contact_id, {}).get(name)

    def declare(self, bot_id: int, name: str, variable_id: int) -> bool:
        """Fix the id of a bot's variable; False when another id or another name has it."""
        known = self._ids.get((bot_id, name))
        if known is not None or variable_id in self._taken:
            return known == variable_id
        self._ids[bot_id, name] = variable_id
        self._taken.add(variable_id)
        return True

    def put(
        self, contact_id: int, bot_id: int, name: str, value: str, *, deletable: bool, moment: int
    ) -> Variable:
        """Create or change a contact's variable.

        Args:
            contact_id: The contact.
            bot_id: The contact's bot.
            name: The variable's name.
            value: The new value.
            deletable: Whether it is removed after an order.
            moment: Unix seconds.
        """
        variables = self._of_contact.setdefault(contact_id, {})
        variable = variables.get(name)
        if variable is None:
            number = self._id_of(bot_id, name)
            variable = Variable(number, name, value, deletable, moment, moment)
            variables[name] = variable
        else:
            variable.value, variable.deletable = value, deletable
            variable.updated_at = moment
        return variable

    def delete(self, contact_id: int, name: str) -> None:
        """Remove a contact's variable."""
        self._of_contact.get(contact_id, {}).pop(name, None)

    def _id_of(self, bot_id: int, name: str) -> int:
        known = self._ids.get((bot_id, name))
        if known is not None:
            return known
        while self._next_id in self._taken:
            self._next_id += 1
        self.declare(bot_id, name, self._next_id)
        return self._next_id


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
        """Return all lists, the oldest first."""
        return tuple(self._schemas.values())

    def schema(self, schema_id: str) -> ListSchema | None:
        """Find a list."""
        return self._schemas.get(schema_id)

    def item(self, item_id: str) -> ListItem | None:
        """Find an item."""
        return self._items.get(item_id)

    def items(self, schema: ListSchema) -> Collection[ListItem]:
        """Return a list's items, the oldest first."""
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
