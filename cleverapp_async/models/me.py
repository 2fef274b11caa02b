"""Whose token it is."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

__all__ = ["Me"]


@frozen(kw_only=True, slots=False)
class Me:
    """The account that a token belongs to (page «Аккаунт»). Its fields are not documented.

    Attributes:
        extra: Everything the server answered, by its own names.
    """

    extra: Mapping[str, object] = field(factory=dict[str, object])
