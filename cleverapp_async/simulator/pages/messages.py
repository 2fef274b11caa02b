"""The pages «Сообщения» and, of sibling brands, «Рассылка» of the API docs, and a webhook.

No limit per messenger is documented for sendMessageToQueue, so none is applied. Two messages with
one ``message_id`` are two messages (*assumed*: the pages promise nothing).

An incoming webhook is no method of the API, but a URL of its own that starts a scenario. Its body
is that of a sibling brand's webhooks where it names a contact (``contact_by`` and ``search``), and
else any JSON. What is answered nobody documents.
"""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ..context import NO_CHANNEL, Call, Channel, Context, Decision, Endpoint, text_of
from ..laravel.parameters import Parameters, Value, as_integer, members
from ..laravel.replies import json_reply
from ..laravel.rules import (
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
from ..limits import WHATSAPP_DIRECT
from ..state.contacts import WHATSAPP
from ..state.records import now
from .contacts import shown_phone

if TYPE_CHECKING:
    from ..state.records import SimulatedContact


_ADDRESSES: Final = ("contact_id", "bitrix_contact_id", "phone")

_QUEUE_RULES: Final[Rules] = {
    "text": (required, string),
    "contact_id": (required_without_all("bitrix_contact_id", "phone"), integer),
    "bitrix_contact_id": (required_without_all("contact_id", "phone"), integer),
    "phone": (required_without_all("contact_id", "bitrix_contact_id"), string),
    "message_id": (string,),
}


def _queue_address(parameters: Parameters) -> str:
    return next((name for name in _ADDRESSES if name in parameters), "contact_id")


def _queue_contact(context: Context, parameters: Parameters) -> SimulatedContact | None:
    contacts, address = context.state.contacts, _queue_address(parameters)
    if address == "phone":
        return contacts.by_phone(text_of(parameters, address) or "")
    number = as_integer(parameters.get(address))
    if number is None:
        return None
    return contacts.by_id(number) if address == "contact_id" else contacts.by_bitrix(number)


def _queue_channel(context: Context, parameters: Parameters) -> Channel:
    contact = _queue_contact(context, parameters)
    return NO_CHANNEL if contact is None else (contact.bot_id, None)


def _send_message_to_queue(call: Call) -> Decision:
    contact, address = (
        _queue_contact(call.context, call.parameters),
        _queue_address(call.parameters),
    )
    anybody = call.state.contacts.everybody and address != "contact_id"
    if contact is None and not anybody:
        return call.invalid(missing_row(address))
    refused = call.refuse_bot()
    if refused is not None:
        return refused
    call.state.queued += 1
    answer: dict[str, object] = {
        "success": True,
        "message_id": call.text("message_id") or str(call.state.queued),
        "phone": call.text("phone"),
        "text": call.text("text"),
    }
    if address == "bitrix_contact_id":
        answer[address] = call.integer(address)
    elif contact is not None:
        answer["contact_id"] = contact.id
    if contact is not None:
        answer["phone"] = shown_phone(contact)
    return Decision("accepted", json_reply(answer), taken=True)


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


def _message_channel(context: Context, parameters: Parameters) -> Channel:
    if "contact_id" in parameters:
        contact_id = as_integer(parameters["contact_id"])
        contact = None if contact_id is None else context.state.contacts.by_id(contact_id)
        return NO_CHANNEL if contact is None else (contact.bot_id, contact.messenger)
    return as_integer(parameters.get("bot_id")), text_of(parameters, "messenger")


def _send_message(call: Call) -> Decision:
    bot_id, messenger = call.channel
    if bot_id is None or messenger is None:
        return call.invalid(missing_row("contact_id"))
    if "contact_id" not in call.parameters:
        external_id = call.text("contact_external_id") or ""
        if not call.state.contacts.has_triple(bot_id, messenger, external_id):
            return call.invalid(missing_row("contact_external_id"))
    return (
        call.refuse_bot()
        or call.refuse_messenger()
        or call.refuse_limit(bot_id, messenger)
        or _ACCEPTED
    )


def _whatsapp_channel(context: Context, parameters: Parameters) -> Channel:
    del context
    return as_integer(parameters.get("bot_id")), WHATSAPP


def _send_message_to_whatsapp(call: Call) -> Decision:
    bot_id = as_integer(call.parameters["bot_id"])
    contacts = call.state.contacts
    if bot_id is None or not contacts.has_bot(bot_id):
        return call.invalid(missing_row("bot_id"))
    phone = call.text("phone") or ""
    name = call.text("name")
    if name is None and not contacts.knows_number(bot_id, phone):
        return call.invalid(validate({"name": (required,)}, call.parameters))
    refused = call.refuse_bot() or call.refuse_messenger() or call.refuse_limit(bot_id, WHATSAPP)
    if refused:
        return refused
    made = contacts.whatsapp(bot_id, phone, name)
    contact = {
        "id": made.id,
        "phone": shown_phone(made),
        "name": made.name,
        "messenger": WHATSAPP,
        "created_at": call.variants.date(contacts.since(made.id)),
    }
    return Decision("accepted", json_reply({"data": contact}), taken=True)


ENDPOINTS: Final = (
    Endpoint("sendMessage", "POST", _SEND_MESSAGE_RULES, _message_channel, _send_message),
    Endpoint(
        WHATSAPP_DIRECT,
        "POST",
        _WHATSAPP_RULES,
        _whatsapp_channel,
        _send_message_to_whatsapp,
    ),
    Endpoint("sendMessageToQueue", "POST", _QUEUE_RULES, _queue_channel, _send_message_to_queue),
)


WEBHOOK_PATH: Final = "/inner_webhook/00000000-0000-4000-8000-000000000000"
"""Where it is unless another path is chosen; of the form that a sibling brand shows."""


def _searches(parameters: Parameters) -> bool:
    return "contact_by" in parameters and "search" in parameters


def _channel(context: Context, parameters: Parameters) -> Channel:
    contact = context.state.contacts.searched(parameters)
    return NO_CHANNEL if contact is None else (contact.bot_id, None)


def _trigger(call: Call) -> Decision:
    contact = call.state.contacts.searched(call.parameters, keep=True)
    if contact is None and _searches(call.parameters) and not call.state.contacts.everybody:
        return call.missing()
    if contact is not None:
        _set_variables(call, contact)
    return Decision("accepted", json_reply({"success": True}), taken=True)


def _set_variables(call: Call, contact: SimulatedContact) -> None:
    """Give the contact the values; a variable that its bot does not have is created."""
    for name, value in members(call.parameters.get("variables")).items():
        known = call.state.variables.get(contact.id, name)
        call.state.variables.put(
            contact.id,
            contact.bot_id,
            name,
            _text(value),
            deletable=known is not None and known.deletable,
            moment=now(),
        )


def _text(value: Value) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


WEBHOOK: Final = Endpoint("incomingWebhook", "POST", {}, _channel, _trigger)
"""It is under no API method's path, and its caller has no token."""
