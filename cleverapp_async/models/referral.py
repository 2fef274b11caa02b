"""Which contact brought which other contacts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import field, frozen

__all__ = ["ReferralCount", "Referrer", "ReferrerChain"]


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
