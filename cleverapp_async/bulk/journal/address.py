"""Whom a message goes to, in one form however it is addressed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...models.messages import SendMessageToWhatsApp

if TYPE_CHECKING:
    from ...models.messages import Message

__all__ = ["address_of"]

_WHATSAPP = "whatsapp"


def address_of(message: Message) -> tuple[int | str, ...]:
    """The recipient of a message: two messages with the same address reach the same person.

    A contact's id; or the bot, the messenger and the contact's id in it. The number of
    ``sendMessageToWhatsApp`` is the contact's id in WhatsApp, so both ways of writing to it count
    as one. That a contact's id and such a triple name the same person cannot be seen.
    """
    if isinstance(message, SendMessageToWhatsApp):
        return (message.bot_id, _WHATSAPP, message.phone.removeprefix("+"))
    if message.contact_id is not None:
        return (message.contact_id,)
    external_id = message.contact_external_id or ""
    if message.messenger == _WHATSAPP:
        external_id = external_id.removeprefix("+")
    return (message.bot_id or 0, message.messenger or "", external_id)
