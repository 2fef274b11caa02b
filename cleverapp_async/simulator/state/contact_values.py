"""What contacts have: variables, and accounts whose balances are exact decimals."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


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
        """Give a contact's accounts, the oldest first."""
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
        """Give a contact's variables, in the order they were first set."""
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
