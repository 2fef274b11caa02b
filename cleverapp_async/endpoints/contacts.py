"""The methods of the API documentation's page «Контакты»."""

from __future__ import annotations

from ..models.contact import Contact
from .row import Endpoint, Kind, Parameter, ParametersIn, Repeat, Shape, Trust

__all__ = ["ROWS"]

ROWS = (
    Endpoint(
        name="getContacts",
        http_method="GET",
        page="Контакты",
        about="Lists contacts.",
        repeat=Repeat.SAFE,
        trust=Trust.DOCUMENTED,
        parameters=(
            Parameter("date_from", Kind.INTEGER, "created at or after, Unix seconds"),
            Parameter("date_to", Kind.INTEGER, "created at or before, Unix seconds"),
            Parameter("count", Kind.INTEGER, "contacts per page, at most 500"),
            Parameter("bot_id", Kind.INTEGER, "only of this bot"),
            Parameter("page", Kind.INTEGER, "the page, from 1"),
            Parameter("with", Kind.STRING, "what to add to each, comma-separated: tags, variables"),
        ),
        shape=Shape.PAGE,
        answer=Contact,
    ),
    Endpoint(
        name="createOrUpdateContact",
        http_method="POST",
        page="Контакты",
        about="Creates a contact, or updates the one that matches.",
        repeat=Repeat.NEVER,
        trust=Trust.SIBLING,
        parameters=(
            Parameter("bot_id", Kind.INTEGER, "the bot", required=True),
            Parameter("messenger", Kind.STRING, "the messenger", required=True),
            Parameter("name", Kind.STRING, "the name", required=True),
            Parameter("phone", Kind.STRING, "the phone number, needed for whatsapp"),
            Parameter("telegram_id", Kind.STRING, "the id in Telegram, needed for telegram"),
            Parameter("telegram_username", Kind.STRING, "the user name in Telegram"),
            Parameter("viber_id", Kind.STRING, "the id in Viber"),
            Parameter("vk_id", Kind.STRING, "the id in VK"),
            Parameter("email", Kind.STRING, "the e-mail address"),
            Parameter("address", Kind.STRING, "the postal address"),
            Parameter("tags", Kind.STRINGS, "tags to attach"),
        ),
        parameters_in=ParametersIn.JSON,
        answer=Contact,
    ),
    Endpoint(
        name="setYsellStatus",
        http_method="POST",
        page="Контакты",
        about="Sets a contact's Ysell status (WatBot only).",
        repeat=Repeat.SAME_EFFECT,
        trust=Trust.SIBLING,
        parameters=(
            Parameter("contact_id", Kind.INTEGER, "the contact", required=True),
            Parameter("status", Kind.STRING, "the status, at most 64 characters", required=True),
        ),
        parameters_in=ParametersIn.JSON,
        shape=Shape.ANY,
    ),
)
