"""The contact or bot of a request, which handlers of many pages look up before anything else.

An unknown contact or bot is a failed validation (``exists``), another unknown id is 404
(both *assumed*).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..context import NO_CHANNEL, Call, Channel, Context, Decision, Handler
from ..laravel.parameters import Parameters, as_integer
from ..laravel.rules import Rules, integer, missing_row, required

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..state.records import SimulatedContact

CONTACT_RULES: Rules = {"contact_id": (required, integer)}


def no_channel(context: Context, parameters: Parameters) -> Channel:
    """Tell that a method goes through no bot."""
    del context, parameters
    return NO_CHANNEL


def bot_channel(context: Context, parameters: Parameters) -> Channel:
    """Give the bot that is named, and no messenger, as the method has no limit per messenger."""
    del context
    return as_integer(parameters.get("bot_id")), None


def contact_channel(context: Context, parameters: Parameters) -> Channel:
    """Give the bot of the contact that is named, and no messenger, as none is limited."""
    contact_id = as_integer(parameters.get("contact_id"))
    contact = None if contact_id is None else context.state.contacts.by_id(contact_id)
    return NO_CHANNEL if contact is None else (contact.bot_id, None)


def of_contact(handle: Callable[[Call, SimulatedContact], Decision]) -> Handler:
    """Look up the contact, refuse what may not be seen, then handle."""

    def handler(call: Call) -> Decision:
        contact_id = call.integer("contact_id")
        contact = None if contact_id is None else call.state.contacts.obtain(contact_id)
        if contact is None:
            return call.invalid(missing_row("contact_id"))
        return call.refuse_bot() or handle(call, contact)

    return handler


def of_bot(handle: Callable[[Call, int], Decision]) -> Handler:
    """Look up the bot, refuse what may not be seen, then handle."""

    def handler(call: Call) -> Decision:
        bot_id = call.integer("bot_id")
        if bot_id is None or not call.state.contacts.has_bot(bot_id):
            return call.invalid(missing_row("bot_id"))
        return call.refuse_bot() or handle(call, bot_id)

    return handler
