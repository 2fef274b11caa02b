"""Accounts of contacts, in money and in crypto currency."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from attrs import field, frozen

__all__ = ["ContactAccount", "ContactCryptoAccount"]


@frozen(kw_only=True, slots=False)
class ContactAccount:
    """An account of a contact (page «Счета» of sibling brands).

    Attributes:
        id: The account's id.
        amount: What is on it, in the currency's minor unit (kopecks, cents).
        currency: The currency, ISO 4217.
        amount_note: The amount in words, as the server writes it.
        created_at: When it was opened.
        updated_at: When it last changed.
        extra: Whatever else the server answered, by its own names.
    """

    id: int
    amount: int
    currency: str
    amount_note: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: Mapping[str, object] = field(factory=dict[str, object])


@frozen(kw_only=True, slots=False)
class ContactCryptoAccount:
    """An account of a contact in crypto currency (page «Счета в криптовалюте» of sibling brands).

    Attributes:
        id: The account's id.
        amount: What is on it, in the currency.
        currency: The currency, such as BTC.
        created_at: When it was opened.
        updated_at: When it last changed.
        extra: Whatever else the server answered, by its own names.
    """

    id: int
    amount: Decimal
    currency: str
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: Mapping[str, object] = field(factory=dict[str, object])
