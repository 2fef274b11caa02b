"""What sendMessageToQueue answers."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

__all__ = ["QueuedMessage"]


@frozen(kw_only=True, slots=False)
class QueuedMessage:
    """A message that the platform took into its queue (page «Рассылка» of sibling brands).

    Attributes:
        success: Whether it was taken.
        message_id: Its id. Whether it makes a repetition harmless is not known: do not rely on it.
        contact_id: The contact, where it was addressed so.
        bitrix_contact_id: The contact's id in Bitrix24, where it was addressed so.
        phone: The phone number, where it was addressed so.
        text: The text.
        extra: Whatever else the server answered, by its own names.
    """

    success: bool
    message_id: str | None = None
    contact_id: int | None = None
    bitrix_contact_id: int | None = None
    phone: str | None = None
    text: str | None = None
    extra: Mapping[str, object] = field(factory=dict[str, object])
