"""The page «Счета» of sibling brands' docs: accounts of contacts, in minor units."""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Final

from .laravel.parameters import Value, as_integer
from .laravel.rules import at_least, integer, matches
from .money import AccountPage

if TYPE_CHECKING:
    from .state.accounts import Account, AccountStore
    from .state.store import State

MOST: Final = 2**63 - 1
"""The most an account can hold, in minor units (*assumed*: a 64-bit column)."""

_CODE: Final = re.compile(r"[A-Z]{3}")

_WITHOUT_MINOR_UNIT: Final = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV"}
    | {"XAF", "XOF", "XPF"}
)
_THOUSANDTHS: Final = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


def note(amount: int, currency: str) -> str:
    """Spell an amount in the currency's major unit (what amount_note says is *assumed*).

    Args:
        amount: In the minor unit, whose size is that of ISO 4217.
        currency: ISO 4217.
    """
    digits = 0 if currency in _WITHOUT_MINOR_UNIT else 3 if currency in _THOUSANDTHS else 2
    whole, part = divmod(amount, 10**digits)
    return f"{whole}.{part:0{digits}d} {currency}" if digits else f"{whole} {currency}"


def _store(state: State) -> AccountStore[int]:
    return state.accounts


def _read(value: Value) -> int:
    return as_integer(value) or 0


def _show(account: Account[int]) -> dict[str, object]:
    return {
        "id": account.id,
        "amount": account.amount,
        "amount_note": note(account.amount, account.currency),
        "currency": account.currency,
    }


ENDPOINTS: Final = AccountPage(
    noun="ContactAccount",
    store=_store,
    zero=0,
    most=MOST,
    read=_read,
    plus=operator.add,
    minus=operator.sub,
    currency=matches(_CODE),
    amount=(integer, at_least(1)),
    show=_show,
).endpoints()
