"""The methods of the API documentation's pages «Сообщения» and «Рассылка»."""

from __future__ import annotations

from ..models.contact import Contact
from ..models.messages import QueuedMessage
from .row import Endpoint, Kind, Parameter, ParametersIn, Repeat, Shape, Trust

__all__ = ["ROWS"]

ROWS = (
    Endpoint(
        name="sendMessage",
        http_method="POST",
        page="Сообщения",
        about="Sends a message to a contact who has written to the bot.",
        repeat=Repeat.NEVER,
        trust=Trust.DOCUMENTED,
        parameters=(
            Parameter("contact_id", Kind.INTEGER, "the contact, instead of the next three"),
            Parameter("bot_id", Kind.INTEGER, "the bot the contact has written to"),
            Parameter("messenger", Kind.STRING, "whatsapp, telegram, viber, icq, or another"),
            Parameter(
                "contact_external_id",
                Kind.STRING,
                "a phone number, or the contact's id in the messenger",
            ),
            Parameter("text", Kind.STRING, "the text, needed without image and file"),
            Parameter("image", Kind.URL, "URL of a picture"),
            Parameter("file", Kind.URL, "URL of a file"),
        ),
        one_of=(("contact_id",), ("bot_id", "messenger", "contact_external_id")),
        shape=Shape.SUCCESS,
        limited=True,
    ),
    Endpoint(
        name="sendMessageToWhatsApp",
        http_method="POST",
        page="Сообщения",
        about="Sends a WhatsApp message to any phone number.",
        repeat=Repeat.NEVER,
        trust=Trust.DOCUMENTED,
        parameters=(
            Parameter("bot_id", Kind.INTEGER, "the bot that writes", required=True),
            Parameter(
                "phone", Kind.STRING, "the number with its country code, digits", required=True
            ),
            Parameter("text", Kind.STRING, "the text", required=True),
            Parameter("name", Kind.STRING, "the contact's name, needed at the first message"),
        ),
        parameters_in=ParametersIn.JSON,
        answer=Contact,
        limited=True,
    ),
    Endpoint(
        name="sendMessageToQueue",
        http_method="POST",
        page="Рассылка",
        about="Queues a message to a contact on the platform.",
        repeat=Repeat.NEVER,
        trust=Trust.SIBLING,
        parameters=(
            Parameter("text", Kind.STRING, "the text", required=True),
            Parameter("contact_id", Kind.INTEGER, "the contact"),
            Parameter("bitrix_contact_id", Kind.INTEGER, "the contact's id in Bitrix24"),
            Parameter("phone", Kind.STRING, "the contact's phone number"),
            Parameter("message_id", Kind.STRING, "an id of the message of your own"),
        ),
        parameters_in=ParametersIn.JSON,
        one_of=(("contact_id",), ("bitrix_contact_id",), ("phone",)),
        shape=Shape.BARE,
        answer=QueuedMessage,
    ),
)
