"""The page on crypto accounts of sibling brands' docs: exact decimals.

An amount is a decimal; whether JSON carries it as a number or as a string is not documented.
*Assumed*: a string in the answer, which keeps it exact; both are read.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from .laravel.parameters import as_decimal
from .laravel.rules import NUMERIC, above_zero, matches, say
from .money import EXACT, AccountPage, spell

if TYPE_CHECKING:
    from .laravel.parameters import Parameters, Value
    from .state.accounts import Account, AccountStore
    from .state.store import State

PLACES: Final = 18
"""Digits after the point (*assumed*: those of the smallest unit of ether)."""

MOST: Final = Decimal("1" + "0" * 30)
"""The most an account can hold (*assumed*)."""

_CODE: Final = re.compile(r"[A-Z0-9]{2,16}")


def _amount(field: str, parameters: Parameters) -> str | None:
    if field not in parameters:
        return None
    number = as_decimal(parameters[field])
    fits = number is not None and abs(number) <= MOST and _places(number) <= PLACES
    return None if fits else say(NUMERIC, field)


def _places(number: Decimal) -> int:
    exponent = number.normalize(EXACT).as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _store(state: State) -> AccountStore[Decimal]:
    return state.crypto_accounts


def _read(value: Value) -> Decimal:
    return as_decimal(value) or Decimal(0)


def _show(account: Account[Decimal]) -> dict[str, object]:
    return {
        "id": account.id,
        "amount": spell(account.amount),
        "currency": account.currency,
    }


ENDPOINTS: Final = AccountPage(
    noun="ContactCryptoAccount",
    store=_store,
    zero=Decimal(0),
    most=MOST,
    read=_read,
    plus=EXACT.add,
    minus=EXACT.subtract,
    currency=matches(_CODE),
    amount=(_amount, above_zero),
    show=_show,
).endpoints()
