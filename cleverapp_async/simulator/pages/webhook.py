"""An incoming webhook: no method of the API, but a URL of its own that starts a scenario.

Its body is that of a sibling brand's webhooks where it names a contact (``contact_by`` and
``search``), and else any JSON. What is answered nobody documents.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from ..context import NO_CHANNEL, Call, Channel, Context, Decision, Endpoint
from ..laravel.parameters import Parameters, Value, members
from ..laravel.replies import json_reply
from ..state.records import now

if TYPE_CHECKING:
    from ..state.records import SimulatedContact

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
