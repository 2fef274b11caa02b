"""The pages of sibling brands' docs on the account, media, accounts of money and referrals.

Both kinds of accounts have the same five methods. The amount of an account is an integer in the
currency's minor unit, that of a crypto account an exact decimal. Whether JSON carries the latter
as a number or as a string is not documented. *Assumed*: a string in the answer, which keeps it
exact; both are read.
"""

from __future__ import annotations

import decimal
import hashlib
import re
from collections.abc import Callable
from decimal import Decimal
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Final

from attrs import frozen

from ..context import (
    CONTACT_RULES,
    NO_CHANNEL,
    Call,
    Channel,
    Context,
    Decision,
    Endpoint,
    Handler,
    contact_channel,
    no_channel,
    of_contact,
)
from ..laravel.parameters import Parameters, Value, as_boolean, as_decimal, as_integer, elements
from ..laravel.rules import (
    MAX,
    NUMERIC,
    Rule,
    Rules,
    above_zero,
    array,
    at_least,
    between,
    boolean,
    integer,
    matches,
    required,
    say,
    short_text,
    string,
    url,
)
from ..state.contact_values import Account, AccountStore
from ..state.records import now
from ..state.store import State
from .contacts import show_contact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..state.records import SimulatedContact

LIFETIME: Final = 3600
"""Seconds for which an invented link is good (*assumed*)."""


def _get_me(call: Call) -> Decision:
    return call.answer(dict(call.state.me))


def _decode_short_link(call: Call) -> Decision:
    short = call.text("url") or ""
    known = call.state.short_links.get(short)
    return call.answer({"url": _invent(short) if known is None else known})


def _invent(short: str) -> str:
    digest = hashlib.sha256(short.encode("utf-8", "replace")).hexdigest()
    expires_at = now() + LIFETIME
    return f"https://storage.example.com/{digest[:16]}?expires_at={expires_at}&s=1&sign={digest}"


MOST: Final = 2**63 - 1
"""The most an account can hold, in minor units (*assumed*: a 64-bit column)."""

MOST_CRYPTO: Final = Decimal("1" + "0" * 30)
"""The most a crypto account can hold (*assumed*)."""

PLACES: Final = 18
"""Digits after the point (*assumed*: those of the smallest unit of ether)."""

INSUFFICIENT: Final = "Недостаточно средств на счете."
"""Told of ``amount`` when more is withdrawn than is there (*assumed*)."""

_EXACT: Final = decimal.Context(prec=100)
"""Adds and subtracts without rounding what the rules let through."""

_WITHOUT_MINOR_UNIT: Final = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV"}
    | {"XAF", "XOF", "XPF"}
)
_THOUSANDTHS: Final = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


@frozen
class _Kind:
    """One kind of account.

    Args:
        noun: What it is called in the methods' names.
        store: Finds the accounts of this kind in the state.
        currency: The rule of a currency.
        amount: The rules of an amount beside ``required``.
        read: Reads an amount that keeps the rules.
        most: What may be on an account.
        show: Gives the balance of an account its shape.
    """

    noun: str
    store: Callable[[State], AccountStore]
    currency: Rule
    amount: tuple[Rule, ...]
    read: Callable[[Value], int | Decimal | None]
    most: Decimal
    show: Callable[[Account], dict[str, object]]

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Make the rows of the five methods."""
        account: Rules = {"account_id": (required, integer)}
        funds: Rules = {
            **account,
            "amount": (required, *self.amount),
            "description": (required, *short_text),
        }
        opening: Rules = {**CONTACT_RULES, "currency": (required, string, self.currency)}
        noun, channel, of_account = self.noun, self._channel, self._of_account
        return (
            Endpoint(f"get{noun}s", "GET", CONTACT_RULES, contact_channel, of_contact(self._get)),
            Endpoint(f"add{noun}", "POST", opening, contact_channel, of_contact(self._add)),
            Endpoint(f"delete{noun}", "POST", account, channel, of_account(self._delete)),
            Endpoint(f"addFundsTo{noun}", "POST", funds, channel, of_account(self._deposit)),
            Endpoint(
                f"withdrawFundsFrom{noun}", "POST", funds, channel, of_account(self._withdraw)
            ),
        )

    def _channel(self, context: Context, parameters: Parameters) -> Channel:
        account = self._find(context.state, as_integer(parameters.get("account_id")))
        if account is None:
            return NO_CHANNEL
        return context.state.contacts.kept(account.contact_id).bot_id, None

    def _find(self, state: State, account_id: int | None) -> Account | None:
        return None if account_id is None else self.store(state).get(account_id)

    def _of_account(self, handle: Callable[[Call, Account], Decision]) -> Handler:
        """Look up the account, refuse what may not be seen, then handle."""

        def handler(call: Call) -> Decision:
            account = self._find(call.state, call.integer("account_id"))
            if account is None:
                return call.missing()
            return call.refuse_bot() or handle(call, account)

        return handler

    def _shown(self, call: Call, account: Account) -> dict[str, object]:
        date = call.variants.date
        return {
            "id": account.id,
            **self.show(account),
            "currency": account.currency,
            "created_at": date(account.created_at),
            "updated_at": date(account.updated_at),
        }

    def _get(self, call: Call, contact: SimulatedContact) -> Decision:
        accounts = self.store(call.state).of_contact(contact.id)
        return call.answer([self._shown(call, account) for account in accounts])

    def _add(self, call: Call, contact: SimulatedContact) -> Decision:
        currency = call.text("currency") or ""
        account = self.store(call.state).open(contact.id, currency, Decimal(0), now())
        return call.answer(self._shown(call, account), created=True)

    def _delete(self, call: Call, account: Account) -> Decision:
        self.store(call.state).close(account)
        return call.succeed()

    def _deposit(self, call: Call, account: Account) -> Decision:
        return self._set_balance(call, account, _EXACT.add(account.amount, self._amount(call)))

    def _withdraw(self, call: Call, account: Account) -> Decision:
        return self._set_balance(call, account, _EXACT.subtract(account.amount, self._amount(call)))

    def _amount(self, call: Call) -> int | Decimal:
        return self.read(call.parameters.get("amount")) or 0

    def _set_balance(self, call: Call, account: Account, balance: Decimal) -> Decision:
        if balance < 0:
            return call.invalid({"amount": [INSUFFICIENT]})
        if balance > self.most:
            return call.invalid({"amount": [say(MAX, "amount", str(self.most))]})
        account.amount = balance
        account.updated_at = now()
        return call.answer(self._shown(call, account))


def note(amount: int, currency: str) -> str:
    """Spell an amount in the currency's major unit (what amount_note says is *assumed*).

    Args:
        amount: In the minor unit, whose size is that of ISO 4217.
        currency: ISO 4217.
    """
    digits = 0 if currency in _WITHOUT_MINOR_UNIT else 3 if currency in _THOUSANDTHS else 2
    whole, part = divmod(amount, 10**digits)
    return f"{whole}.{part:0{digits}d} {currency}" if digits else f"{whole} {currency}"


def spell(amount: Decimal) -> str:
    """Spell an exact amount without an exponent and without zeros at its end."""
    text = format(amount, "f")
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def _crypto_amount(field: str, parameters: Parameters) -> str | None:
    if field not in parameters:
        return None
    number = as_decimal(parameters[field])
    fits = number is not None and abs(number) <= MOST_CRYPTO and _places(number) <= PLACES
    return None if fits else say(NUMERIC, field)


def _places(number: Decimal) -> int:
    exponent = number.normalize(_EXACT).as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _show_minor_units(account: Account) -> dict[str, object]:
    amount = int(account.amount)
    return {"amount": amount, "amount_note": note(amount, account.currency)}


def _show_decimal(account: Account) -> dict[str, object]:
    return {"amount": spell(account.amount)}


_KINDS: Final = (
    _Kind(
        noun="ContactAccount",
        store=lambda state: state.accounts,
        currency=matches(re.compile(r"[A-Z]{3}")),
        amount=(integer, at_least(1)),
        read=as_integer,
        most=Decimal(MOST),
        show=_show_minor_units,
    ),
    _Kind(
        noun="ContactCryptoAccount",
        store=lambda state: state.crypto_accounts,
        currency=matches(re.compile(r"[A-Z0-9]{2,16}")),
        amount=(_crypto_amount, above_zero),
        read=as_decimal,
        most=MOST_CRYPTO,
        show=_show_decimal,
    ),
)


MAX_DEPTH: Final = 10
"""Referrers at most, and when the request does not say (the latter *assumed*)."""

_UP_RULES: Final[Rules] = {
    **CONTACT_RULES,
    "depth": (integer, between(1, MAX_DEPTH)),
    "is_flat": (boolean,),
}

_DOWN_RULES: Final[Rules] = {**CONTACT_RULES, "filters": (array,)}


def _get_referrers(call: Call, contact: SimulatedContact) -> Decision:
    state, date = call.state, call.variants.date
    depth = call.integer("depth") or MAX_DEPTH
    ids = (contact.id, *islice(state.referrals.chain(contact.id), depth))
    people = [state.contacts.kept(contact_id) for contact_id in ids]
    flat: list[dict[str, object]] = [
        {
            "id": one.id,
            "name": one.name,
            "messenger": one.messenger,
            "created_at": date(state.contacts.since(one.id)),
        }
        for one in people
    ]
    if as_boolean(call.parameters.get("is_flat")):
        return call.answer(flat)
    for lower, upper in pairwise(flat):
        lower["referrer"] = upper
    return call.answer(flat[0])


def _filtered(call: Call, contact: SimulatedContact) -> Sequence[int]:
    state = call.state
    found = state.referrals.of(contact.id)
    filters = call.parameters.get("filters")
    if not isinstance(filters, dict):
        return found
    for key in ("tag_name", "tag_id"):
        wanted = filters.get(key)
        if wanted is None:
            continue
        names = [_tag_name(call, contact, key, value) for value in elements(wanted) or [wanted]]
        found = [one for one in found if any(name in state.tags.of_contact(one) for name in names)]
    return found


def _tag_name(call: Call, contact: SimulatedContact, key: str, value: Value) -> str | None:
    if key == "tag_name":
        return value if isinstance(value, str) else None
    tag_id = as_integer(value)
    return None if tag_id is None else call.state.tags.name(contact.bot_id, tag_id)


def _get_referrals(call: Call, contact: SimulatedContact) -> Decision:
    def show(contact_id: int) -> object:
        return show_contact(call.context, call.state.contacts.kept(contact_id))

    return call.answer_page(_filtered(call, contact), show)


def _get_count_referrals(call: Call, contact: SimulatedContact) -> Decision:
    count = {"count": len(_filtered(call, contact))}
    bare = call.variants.count_referrals == "bare"
    return call.answer_bare(count) if bare else call.answer(count)


ENDPOINTS: Final = (
    Endpoint("getMe", "GET", {}, no_channel, _get_me),
    Endpoint("decodeShortLink", "POST", {"url": (required, url)}, no_channel, _decode_short_link),
    *(endpoint for kind in _KINDS for endpoint in kind.endpoints()),
    Endpoint("getReferrers", "GET", _UP_RULES, contact_channel, of_contact(_get_referrers)),
    Endpoint("getReferrals", "POST", _DOWN_RULES, contact_channel, of_contact(_get_referrals)),
    Endpoint(
        "getCountReferrals", "POST", _DOWN_RULES, contact_channel, of_contact(_get_count_referrals)
    ),
)
