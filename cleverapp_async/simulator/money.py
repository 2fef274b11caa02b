"""What the pages on accounts and on crypto accounts have in common: five methods each."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Final, Generic

from attrs import frozen

from .addressing import CONTACT_RULES, contact_route, of_contact
from .endpoints import NO_ROUTE, Call, Decision, Endpoint, Route, World
from .laravel.parameters import Parameters, Value, as_integer
from .laravel.rules import MAX, Rule, Rules, integer, max_length, required, say, string
from .state.accounts import Account, AccountStore, Amount
from .state.clock import now
from .state.store import State

if TYPE_CHECKING:
    from .state.records import SimulatedContact

MAX_DESCRIPTION: Final = 255
"""Characters of the longest description (*assumed*: Laravel's default column)."""

INSUFFICIENT: Final = "Недостаточно средств на счете."
"""Told of ``amount`` when more is withdrawn than is there (*assumed*)."""

EXACT: Final = Context(prec=100)
"""Adds and subtracts without rounding what the rules let through."""


@frozen
class AccountPage(Generic[Amount]):
    """The five methods of one kind of account.

    Args:
        noun: What they are called in the methods' names.
        store: Finds the accounts in the state.
        zero: What is on a new account.
        most: What may be on an account.
        read: Reads an amount that keeps the rules.
        plus: Adds an amount, exactly.
        minus: Subtracts an amount, exactly.
        currency: The rule of a currency.
        amount: The rules of an amount beside ``required``.
        show: Gives an account its shape, but for the dates.
    """

    noun: str
    store: Callable[[State], AccountStore[Amount]]
    zero: Amount
    most: Amount
    read: Callable[[Value], Amount]
    plus: Callable[[Amount, Amount], Amount]
    minus: Callable[[Amount, Amount], Amount]
    currency: Rule
    amount: tuple[Rule, ...]
    show: Callable[[Account[Amount]], dict[str, object]]

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Make the rows of the five methods."""
        account: Rules = {"account_id": (required, integer)}
        funds: Rules = {
            **account,
            "amount": (required, *self.amount),
            "description": (required, string, max_length(MAX_DESCRIPTION)),
        }
        opening: Rules = {**CONTACT_RULES, "currency": (required, string, self.currency)}
        noun = self.noun
        return (
            Endpoint(f"get{noun}s", "GET", CONTACT_RULES, contact_route, of_contact(self._get)),
            Endpoint(f"add{noun}", "POST", opening, contact_route, of_contact(self._add)),
            Endpoint(f"delete{noun}", "POST", account, self._route, self._delete),
            Endpoint(f"addFundsTo{noun}", "POST", funds, self._route, self._deposit),
            Endpoint(f"withdrawFundsFrom{noun}", "POST", funds, self._route, self._withdraw),
        )

    def _route(self, world: World, parameters: Parameters) -> Route:
        account = self._find(world, as_integer(parameters.get("account_id")))
        if account is None:
            return NO_ROUTE
        return world.state.directory.kept(account.contact_id).bot_id, None

    def _find(self, world: World, account_id: int | None) -> Account[Amount] | None:
        return None if account_id is None else self.store(world.state).get(account_id)

    def _show(self, call: Call, account: Account[Amount]) -> dict[str, object]:
        date = call.world.shapes.date
        return {
            **self.show(account),
            "created_at": date(account.created_at),
            "updated_at": date(account.updated_at),
        }

    def _get(self, call: Call, contact: SimulatedContact) -> Decision:
        accounts = self.store(call.world.state).of_contact(contact.id)
        return call.answer([self._show(call, account) for account in accounts])

    def _add(self, call: Call, contact: SimulatedContact) -> Decision:
        currency = call.text("currency") or ""
        account = self.store(call.world.state).open(contact.id, currency, self.zero, now())
        return call.answer(self._show(call, account), created=True)

    def _delete(self, call: Call) -> Decision:
        account = self._find(call.world, call.integer("account_id"))
        if account is None:
            return call.missing()
        refused = call.refuse_bot()
        if refused is not None:
            return refused
        self.store(call.world.state).close(account)
        return call.answer_bare({"success": True})

    def _deposit(self, call: Call) -> Decision:
        return self._move(call, self.plus)

    def _withdraw(self, call: Call) -> Decision:
        return self._move(call, self.minus)

    def _move(self, call: Call, change: Callable[[Amount, Amount], Amount]) -> Decision:
        account = self._find(call.world, call.integer("account_id"))
        if account is None:
            return call.missing()
        refused = call.refuse_bot()
        if refused is not None:
            return refused
        balance = change(account.amount, self.read(call.parameters.get("amount")))
        if balance < self.zero:
            return call.invalid({"amount": [INSUFFICIENT]})
        if balance > self.most:
            return call.invalid({"amount": [say(MAX, "amount", str(self.most))]})
        account.amount = balance
        account.updated_at = now()
        return call.answer(self._show(call, account))


def spell(amount: Decimal) -> str:
    """Spell an exact amount without an exponent and without zeros at its end."""
    text = format(amount, "f")
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text
