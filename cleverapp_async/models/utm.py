"""Where a contact came from."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

__all__ = ["Utm"]


@frozen(kw_only=True, slots=False)
class Utm:
    """The UTM marks of the link that a contact came by (API docs, page «Контакты»).

    Attributes:
        utm_source: The source.
        utm_medium: The medium.
        utm_campaign: The campaign.
        utm_term: The term.
        utm_content: The content.
        extra: Whatever else the server answered, by its own names.
    """

    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    utm_term: str | None = None
    utm_content: str | None = None
    extra: Mapping[str, object] = field(factory=dict[str, object])
