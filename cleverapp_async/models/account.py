"""The account of a token, links to files, accounts of contacts, and who brought which contacts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

from attrs import field, frozen

__all__ = [
    "ContactAccount",
    "ContactCryptoAccount",
    "DecodedLink",
    "Me",
    "ReferralCount",
    "Referrer",
    "ReferrerChain",
]


@frozen(kw_only=True, slots=False)
class Me:
    """The account that a token belongs to (page «Аккаунт»). Its fields are not documented.

    Attributes:
        extra: Everything the server answered, by its own names.
    """

    extra: Mapping[str, object] = field(factory=dict[str, object])


@frozen(kw_only=True, slots=False)
class DecodedLink:
    """A signed link to a file, which expires (page «Медиа» of sibling brands).

    Attributes:
        url: The link.
        extra: Whatever else the server answered, by its own names.
    """

    url: str
    extra: Mapping[str, object] = field(factory=dict[str, object])

    @property
    def expires_at(self) -> datetime | None:
        """When it expires, from ``expires_at`` (Unix seconds) in its query; None without it."""
        try:
            (seconds, *_) = parse_qs(urlsplit(self.url).query).get("expires_at", [""])
            return datetime.fromtimestamp(int(seconds), UTC)
        except (ValueError, OverflowError, OSError):
            return None


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


@frozen(kw_only=True, slots=False)
class Referrer:
    """A contact, and who brought them (page «Реферальная система» of sibling brands).

    Attributes:
        id: The contact's id on the platform.
        name: The name.
        messenger: The messenger, in the API's spelling.
        created_at: When the contact was created.
        referrer: The contact that brought them; None at the end of the chain, and in a flat answer.
        extra: Whatever else the server answered, by its own names.
    """

    id: int
    name: str | None = None
    messenger: str | None = None
    created_at: datetime | None = None
    referrer: Referrer | None = None
    extra: Mapping[str, object] = field(factory=dict[str, object])


# attrs makes ``__init__`` before the class has its name: typing.get_type_hints would not find it.
Referrer.__init__.__annotations__["referrer"] = Referrer | None


@frozen
class ReferrerChain:
    """What getReferrers answers, as a tree or flat: the same people either way.

    Attributes:
        tree: The tree, from the contact up; None where the answer was flat.
        flat: Everybody in it, from the contact up.
    """

    tree: Referrer | None
    flat: tuple[Referrer, ...]


@frozen
class ReferralCount:
    """How many contacts a contact brought.

    Attributes:
        count: The number.
    """

    count: int
