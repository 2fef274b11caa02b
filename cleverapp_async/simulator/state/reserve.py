"""Keeps the ids that a seed gives from being given to anything else, before anything is made."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .errors import SeedError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from .accounts import AccountStore
    from .lists import ListStore
    from .records import (
        SeedData,
        SimulatedAccount,
        SimulatedContact,
        SimulatedCryptoAccount,
        SimulatedListSchema,
    )
    from .store import State
    from .variables import VariableStore

_HEX: Final = re.compile(r"[0-9a-f]{24}")


def reserve_ids(state: State, seed: SeedData) -> None:
    """Reserve every id of variables, accounts, lists and items.

    Raises:
        SeedError: An id is there twice, or is none.
    """
    for index, contact in enumerate(seed.contacts or ()):
        place = f"$.contacts[{index}]"
        _variables(state.variables, contact, f"{place}.variables")
        _accounts(state.accounts, contact.accounts, f"{place}.accounts")
        _accounts(state.crypto_accounts, contact.crypto_accounts, f"{place}.crypto_accounts")
    for index, schema in enumerate(seed.list_schemas):
        _list(state.lists, schema, f"$.list_schemas[{index}]")


def _variables(store: VariableStore, contact: SimulatedContact, place: str) -> None:
    for index, variable in enumerate(contact.variables):
        number, name = variable.id, variable.name
        if number is not None and not store.declare(contact.bot_id, name, number):
            text = f"{number} is not the id of {name!r} only, or not its only id"
            raise SeedError(f"{place}[{index}].id", text)


def _accounts(
    store: AccountStore[int] | AccountStore[Decimal],
    accounts: Sequence[SimulatedAccount | SimulatedCryptoAccount],
    place: str,
) -> None:
    for index, account in enumerate(accounts):
        if account.id is not None and not store.reserve(account.id):
            raise SeedError(f"{place}[{index}].id", f"{account.id} is there twice")


def _list(store: ListStore, schema: SimulatedListSchema, place: str) -> None:
    ids = [(schema.id, f"{place}.id")]
    ids += [(item.id, f"{place}.items[{index}].id") for index, item in enumerate(schema.items)]
    for number, here in ids:
        if number is None:
            continue
        if not _HEX.fullmatch(number):
            raise SeedError(here, f"an id is 24 hex digits, not {number!r}")
        if not store.reserve(number):
            raise SeedError(here, f"{number} is there twice")
