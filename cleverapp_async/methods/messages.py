"""The methods of the API docs' pages «Сообщения» and «Рассылка»."""

from __future__ import annotations

from abc import abstractmethod
from typing import Unpack, cast, overload

from .._arguments import check_instance, wrong_argument
from .._call import Call, Reply, SendState
from ..endpoints import ENDPOINTS
from ..models.checks import check_id, check_one_of, check_phone, check_route, check_string
from ..models.contact import Contact
from ..models.messages import (
    MESSAGES,
    Message,
    QueuedMessage,
    SendMessage,
    SendMessageToWhatsApp,
    SendReceipt,
)
from ..models.route import Route
from .base import CallOptions, Methods, check_names, given

__all__ = ["MessageMethods"]


class MessageMethods(Methods):
    """Sending messages, and the platform's own queue of them."""

    @overload
    async def send_message(
        self,
        *,
        contact_id: int,
        text: str | None = None,
        image: str | None = None,
        file: str | None = None,
        route: Route | None = None,
        **options: Unpack[CallOptions],
    ) -> SendReceipt: ...

    @overload
    async def send_message(
        self,
        *,
        bot_id: int,
        messenger: str,
        contact_external_id: str,
        text: str | None = None,
        image: str | None = None,
        file: str | None = None,
        **options: Unpack[CallOptions],
    ) -> SendReceipt: ...

    async def send_message(
        self,
        *,
        contact_id: int | None = None,
        bot_id: int | None = None,
        messenger: str | None = None,
        contact_external_id: str | None = None,
        text: str | None = None,
        image: str | None = None,
        file: str | None = None,
        route: Route | None = None,
        **options: Unpack[CallOptions],
    ) -> SendReceipt:
        """Send one message to a contact who has written to the bot before: ``sendMessage``.

        Address it either by ``contact_id``, or by ``bot_id``, ``messenger`` and
        ``contact_external_id``; give at least one of ``text``, ``image`` and ``file``.

        Args:
            contact_id: The contact's id on the platform.
            bot_id: The bot the contact has written to.
            messenger: ``whatsapp``, ``telegram``, ``viber``, ``icq``, or another.
            contact_external_id: A phone number, or the contact's id in that messenger.
            text: The text.
            image: URL of a picture.
            file: URL of a file.
            route: With ``contact_id``: the bot and messenger it goes through, where you know
                them and the client does not. Unknown routes are limited by the account alone.
            **options: ``lane`` and ``deadline``.

        Returns:
            What it took. The API gives no message id.

        Raises:
            InvalidRequestError: The arguments cannot be sent; nothing was.
            NotSentError: It provably never reached the server (``DeadlineExceededError``,
                ``ConnectError``).
            OutcomeUnknownError: It may have reached the server; it is not repeated by itself.
            ApiError: The server answered and did not say yes; see the subclasses. Of some the
                outcome may be ``UNKNOWN`` too (5xx, 408, an answer that is cut off or that nobody
                documented): go by ``error.outcome`` before you send it again.
        """
        if options:
            # First, as a parameter that is misspelt would be told as one that is missing.
            check_names(options, self.send_message)
        message = SendMessage(
            contact_id=contact_id,
            bot_id=bot_id,
            messenger=messenger,
            contact_external_id=contact_external_id,
            text=text,
            image=image,
            file=file,
        )
        reply = await self._deliver(message, SendState(), route=route, **options)
        return reply.receipt

    async def send_message_to_whatsapp(
        self,
        *,
        bot_id: int,
        phone: str,
        text: str,
        name: str | None = None,
        **options: Unpack[CallOptions],
    ) -> Contact:
        """Send one WhatsApp message to any phone number: ``sendMessageToWhatsApp``.

        Args:
            bot_id: The bot that writes.
            phone: The number with its country code; punctuation is dropped.
            text: The text.
            name: The contact's name, needed when writing to this contact for the first time.
            **options: ``lane`` and ``deadline``.

        Returns:
            The contact that was written to.

        Raises:
            InvalidRequestError: The arguments cannot be sent; nothing was.
            NotSentError: It provably never reached the server.
            OutcomeUnknownError: It may have reached the server; it is not repeated by itself.
            ApiError: The server answered and did not say yes; see the subclasses. Of some the
                outcome may be ``UNKNOWN`` too (5xx, 408, an answer that is cut off or that nobody
                documented): go by ``error.outcome`` before you send it again.
        """
        message = SendMessageToWhatsApp(bot_id=bot_id, phone=phone, text=text, name=name)
        return await self.send(message, **options)

    @overload
    async def send(
        self,
        message: SendMessage,
        *,
        route: Route | None = None,
        **options: Unpack[CallOptions],
    ) -> SendReceipt: ...

    @overload
    async def send(
        self,
        message: SendMessageToWhatsApp,
        *,
        route: Route | None = None,
        **options: Unpack[CallOptions],
    ) -> Contact: ...

    async def send(
        self,
        message: Message,
        *,
        route: Route | None = None,
        **options: Unpack[CallOptions],
    ) -> SendReceipt | Contact:
        """Send one request model; see :meth:`send_message` for what it answers and raises.

        Args:
            message: A ``SendMessage`` or ``SendMessageToWhatsApp``.
            route: As for :meth:`send_message`.
            **options: ``lane`` and ``deadline``.
        """
        check_instance("message", message, Message, MESSAGES, wrong_argument)
        reply = await self._deliver(message, SendState(), route=route, **options)
        if isinstance(message, SendMessageToWhatsApp):
            return cast("Contact", reply.content)
        return reply.receipt

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
        if options:
            check_names(options, self.send_message_to_queue)
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

    async def _deliver(
        self,
        message: Message,
        state: SendState,
        *,
        route: Route | None = None,
        **options: Unpack[CallOptions],
    ) -> Reply:
        """Send one request model, and learn routes from its answer."""
        if route is not None:
            route = check_route("route", route)
        call = Call(
            endpoint=ENDPOINTS[message.method],
            parameters=message.parameters(),
            route=message.route or route,
            contact_id=message.contact_id,
            state=state,
            **self._with_own_options(options),
        )
        if route is not None and message.contact_id is not None:
            self._learn_route(message.contact_id, route)
        reply = await self._run(call)
        if isinstance(message, SendMessageToWhatsApp):
            self._learn_route(cast("Contact", reply.content).id, message.route)
        return reply

    @abstractmethod
    def _learn_route(self, contact_id: int, route: Route) -> None:
        """Remember the bot and messenger of a contact."""
