"""The methods of the API documentation's page «Рассылка»."""

from __future__ import annotations

from ..models.messages import QueuedMessage
from .row import Endpoint, Kind, Parameter, ParametersIn, Repeat, Shape, Trust

__all__ = ["ROWS"]

ROWS = (
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
