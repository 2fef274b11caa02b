"""The page «Сообщения» of the API docs: sendMessage and sendMessageToWhatsApp."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from .endpoints import NO_ROUTE, Call, Decision, Endpoint, Route, World, text_of
from .laravel.parameters import Parameters, as_integer
from .laravel.replies import json_reply
from .laravel.rules import (
    Rules,
    integer,
    missing_row,
    required,
    required_without,
    required_without_all,
    string,
    url,
    validate,
)
from .show_contact import shown_phone
from .state.contacts import WHATSAPP

_SEND_MESSAGE_RULES: Final[Rules] = MappingProxyType(
    {
        "contact_id": (required_without("messenger", "bot_id", "contact_external_id"), integer),
        "text": (required_without_all("image", "file"), string),
        "image": (required_without_all("text", "file"), url),
        "file": (required_without_all("text", "image"), url),
        "messenger": (required_without("contact_id"), string),
        "bot_id": (required_without("contact_id"), integer),
        "contact_external_id": (required_without("contact_id"), string),
    }
)

_WHATSAPP_RULES: Final[Rules] = MappingProxyType(
    {
        "bot_id": (required, integer),
        "phone": (required, string),
        "text": (required, string),
        "name": (string,),
    }
)

_ACCEPTED: Final = Decision("accepted", json_reply({"success": True}), taken=True)


def _message_route(world: World, parameters: Parameters) -> Route:
    if "contact_id" in parameters:
        contact_id = as_integer(parameters["contact_id"])
        contact = None if contact_id is None else world.state.contacts.by_id(contact_id)
        return NO_ROUTE if contact is None else (contact.bot_id, contact.messenger)
    return as_integer(parameters.get("bot_id")), text_of(parameters, "messenger")


def _send_message(call: Call) -> Decision:
    bot_id, messenger = call.route
    if bot_id is None or messenger is None:
        return call.invalid(missing_row("contact_id"))
    if "contact_id" not in call.parameters:
        external_id = call.text("contact_external_id") or ""
        if not call.world.state.contacts.has_triple(bot_id, messenger, external_id):
            return call.invalid(missing_row("contact_external_id"))
    quota = call.world.meters.limits.of_messenger(messenger)
    return (
        call.refuse_bot()
        or call.refuse_messenger()
        or call.refuse_limit(bot_id, messenger, quota)
        or _ACCEPTED
    )


def _whatsapp_route(world: World, parameters: Parameters) -> Route:
    del world
    return as_integer(parameters.get("bot_id")), WHATSAPP


def _send_message_to_whatsapp(call: Call) -> Decision:
    bot_id = as_integer(call.parameters["bot_id"])
    contacts = call.world.state.contacts
    if bot_id is None or not contacts.has_bot(bot_id):
        return call.invalid(missing_row("bot_id"))
    phone = call.text("phone") or ""
    name = call.text("name")
    if name is None and not contacts.knows_number(bot_id, phone):
        return call.invalid(validate({"name": (required,)}, call.parameters))
    refused = (
        call.refuse_bot()
        or call.refuse_messenger()
        or call.refuse_limit(bot_id, WHATSAPP, call.world.meters.limits.whatsapp_direct)
    )
    if refused:
        return refused
    made = contacts.whatsapp(bot_id, phone, name)
    contact = {
        "id": made.id,
        "phone": shown_phone(made),
        "name": made.name,
        "messenger": WHATSAPP,
        "created_at": call.world.shapes.date(contacts.since(made.id)),
    }
    return Decision("accepted", json_reply({"data": contact}), taken=True)


WHATSAPP_DIRECT: Final = "sendMessageToWhatsApp"
"""The method which has a WhatsApp quota of its own."""

ENDPOINTS: Final = (
    Endpoint("sendMessage", "POST", _SEND_MESSAGE_RULES, _message_route, _send_message),
    Endpoint(
        WHATSAPP_DIRECT,
        "POST",
        _WHATSAPP_RULES,
        _whatsapp_route,
        _send_message_to_whatsapp,
    ),
)
