"""Accounts and crypto accounts of contacts; their balances are exact decimals."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Sequence


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
