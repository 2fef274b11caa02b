"""The methods of the API docs' page «Сообщения»."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, cast, overload

from .._call import Call, Fate, Reply
from ..endpoints import ENDPOINTS
from ..limits.quota import Lane
from ..models.messages import Message, SendMessage, SendMessageToWhatsApp
from .base import Methods

if TYPE_CHECKING:
    from ..models.contact import Contact
    from ..models.messages import SendReceipt
    from ..models.route import Route

__all__ = ["MessageMethods"]


class MessageMethods(Methods):
    """Sending messages."""

    @overload
    async def send_message(
        self,
        *,
        contact_id: int,
        text: str | None = None,
        image: str | None = None,
        file: str | None = None,
        route: Route | None = None,
        lane: Lane = Lane.INTERACTIVE,
        deadline: float | None = None,
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
        lane: Lane = Lane.INTERACTIVE,
        deadline: float | None = None,
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
        lane: Lane = Lane.INTERACTIVE,
        deadline: float | None = None,
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
            lane: Whose turn comes first where several wait for a limit.
            deadline: Seconds for everything: queue, limits and all attempts. None: no bound.

        Returns:
            What it took. The API gives no message id.

        Raises:
            InvalidRequestError: The arguments cannot be sent; nothing was.
            NotSentError: It provably never reached the server (``DeadlineExceededError``,
                ``ConnectError``).
            OutcomeUnknownError: It may have reached the server; it is not repeated by itself.
            ApiError: The server answered and did not say yes; see the subclasses.
        """
        message = SendMessage(
            contact_id=contact_id,
            bot_id=bot_id,
            messenger=messenger,
            contact_external_id=contact_external_id,
            text=text,
            image=image,
            file=file,
        )
        reply = await self._deliver(message, Fate(), route=route, lane=lane, deadline=deadline)
        return reply.receipt

    async def send_message_to_whatsapp(
        self,
        *,
        bot_id: int,
        phone: str,
        text: str,
        name: str | None = None,
        lane: Lane = Lane.INTERACTIVE,
        deadline: float | None = None,
    ) -> Contact:
        """Send one WhatsApp message to any phone number: ``sendMessageToWhatsApp``.

        Args:
            bot_id: The bot that writes.
            phone: The number with its country code; punctuation is dropped.
            text: The text.
            name: The contact's name, needed when writing to this contact for the first time.
            lane: Whose turn comes first where several wait for a limit.
            deadline: Seconds for everything: queue, limits and all attempts. None: no bound.

        Returns:
            The contact that was written to.

        Raises:
            InvalidRequestError: The arguments cannot be sent; nothing was.
            NotSentError: It provably never reached the server.
            OutcomeUnknownError: It may have reached the server; it is not repeated by itself.
            ApiError: The server answered and did not say yes; see the subclasses.
        """
        message = SendMessageToWhatsApp(bot_id=bot_id, phone=phone, text=text, name=name)
        return await self.send(message, lane=lane, deadline=deadline)

    @overload
    async def send(
        self,
        message: SendMessage,
        *,
        route: Route | None = None,
        lane: Lane = Lane.INTERACTIVE,
        deadline: float | None = None,
    ) -> SendReceipt: ...

    @overload
    async def send(
        self,
        message: SendMessageToWhatsApp,
        *,
        route: Route | None = None,
        lane: Lane = Lane.INTERACTIVE,
        deadline: float | None = None,
    ) -> Contact: ...

    async def send(
        self,
        message: Message,
        *,
        route: Route | None = None,
        lane: Lane = Lane.INTERACTIVE,
        deadline: float | None = None,
    ) -> SendReceipt | Contact:
        """Send one request model; see :meth:`send_message` for what it answers and raises."""
        reply = await self._deliver(message, Fate(), route=route, lane=lane, deadline=deadline)
        if isinstance(message, SendMessageToWhatsApp):
            return cast("Contact", reply.content)
        return reply.receipt

    async def _deliver(
        self,
        message: Message,
        fate: Fate,
        *,
        route: Route | None = None,
        lane: Lane = Lane.INTERACTIVE,
        deadline: float | None = None,
    ) -> Reply:
        """Send one request model, and learn routes from its answer."""
        call = Call(
            endpoint=ENDPOINTS[message.method],
            parameters=message.parameters(),
            route=message.route or route,
            contact_id=message.contact_id,
            lane=lane,
            deadline=deadline,
            fate=fate,
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
