"""The method of the API docs' page «Рассылка»."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from ..models.checks import check_id, check_one_of, check_phone, check_string
from .base import CallOptions, Methods, given

if TYPE_CHECKING:
    from ..models.messages import QueuedMessage

__all__ = ["QueueMethods"]


class QueueMethods(Methods):
    """The platform's own queue of messages."""

    async def send_message_to_queue(
        self,
        *,
        text: str,
        contact_id: int | None = None,
        bitrix_contact_id: int | None = None,
        phone: str | None = None,
        message_id: str | None = None,
        **options: Unpack[CallOptions],
    ) -> QueuedMessage:
        """Queue a message to a contact on the platform: ``sendMessageToQueue``.

        Give exactly one of ``contact_id``, ``bitrix_contact_id`` and ``phone``.

        Args:
            text: The text.
            contact_id: The contact.
            bitrix_contact_id: The contact's id in Bitrix24.
            phone: The contact's phone number; punctuation is dropped.
            message_id: An id of the message of your own; WatBot requires it. Whether it makes a
                repetition harmless is not known, so nothing here relies on it.
            **options: ``lane`` and ``deadline``.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        check_one_of(contact_id=contact_id, bitrix_contact_id=bitrix_contact_id, phone=phone)
        parameters = given(
            text=check_string("text", text),
            contact_id=None if contact_id is None else check_id("contact_id", contact_id),
            bitrix_contact_id=None
            if bitrix_contact_id is None
            else check_id("bitrix_contact_id", bitrix_contact_id),
            phone=None if phone is None else check_phone("phone", phone),
            message_id=None if message_id is None else check_string("message_id", message_id),
        )
        queued: QueuedMessage = await self._ask("sendMessageToQueue", parameters, options)
        return queued
