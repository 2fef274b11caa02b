"""The page «Рассылка» of sibling brands' docs: sendMessageToQueue.

No limit per messenger is documented for it, so none is kept. Two messages of one
``message_id`` are two messages (*assumed*: the pages promise nothing).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..context import NO_CHANNEL, Call, Channel, Context, Decision, Endpoint, text_of
from ..laravel.parameters import Parameters, as_integer
from ..laravel.replies import json_reply
from ..laravel.rules import Rules, integer, missing_row, required, required_without_all, string
from .contacts import shown_phone

if TYPE_CHECKING:
    from ..state.records import SimulatedContact

_ADDRESSES: Final = ("contact_id", "bitrix_contact_id", "phone")

_RULES: Final[Rules] = {
    "text": (required, string),
    "contact_id": (required_without_all("bitrix_contact_id", "phone"), integer),
    "bitrix_contact_id": (required_without_all("contact_id", "phone"), integer),
    "phone": (required_without_all("contact_id", "bitrix_contact_id"), string),
    "message_id": (string,),
}


def _address(parameters: Parameters) -> str:
    return next((name for name in _ADDRESSES if name in parameters), "contact_id")


def _contact(context: Context, parameters: Parameters) -> SimulatedContact | None:
    contacts, address = context.state.contacts, _address(parameters)
    if address == "phone":
        return contacts.by_phone(text_of(parameters, address) or "")
    number = as_integer(parameters.get(address))
    if number is None:
        return None
    return contacts.by_id(number) if address == "contact_id" else contacts.by_bitrix(number)


def _channel(context: Context, parameters: Parameters) -> Channel:
    contact = _contact(context, parameters)
    return NO_CHANNEL if contact is None else (contact.bot_id, None)


def _send_message_to_queue(call: Call) -> Decision:
    contact, address = _contact(call.context, call.parameters), _address(call.parameters)
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


ENDPOINTS: Final = (
    Endpoint("sendMessageToQueue", "POST", _RULES, _channel, _send_message_to_queue),
)
