"""The account that a token belongs to, and links to files."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from attrs import field, frozen

__all__ = ["DecodedLink", "Me"]


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
