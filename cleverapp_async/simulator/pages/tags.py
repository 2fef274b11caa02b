"""The page on tags of the API docs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..context import Call, Decision, Endpoint
from ..laravel.rules import (
    Rules,
    integer,
    max_length,
    missing_row,
    required,
    required_without,
    string,
)
from .lookups import CONTACT_RULES, bot_channel, contact_channel, of_bot, of_contact

if TYPE_CHECKING:
    from ..state.records import SimulatedContact

MAX_NAME: Final = 255
"""Characters of the longest tag (*assumed*: Laravel's default column)."""

_RULES: Final[Rules] = {
    **CONTACT_RULES,
    "tag_id": (required_without("name"), integer),
    "name": (required_without("tag_id"), string, max_length(MAX_NAME)),
}


def _get_bot_tags(call: Call, bot_id: int) -> Decision:
    return call.answer(list(call.state.tags.of_bot(bot_id)))


def _get_contact_tags(call: Call, contact: SimulatedContact) -> Decision:
    return call.answer(list(call.state.tags.of_contact(contact.id)))


def _named(call: Call, contact: SimulatedContact) -> str | None:
    tag_id = call.integer("tag_id")
    if tag_id is None:
        return call.text("name")
    return call.state.tags.name(contact.bot_id, tag_id)


def _attach(call: Call, contact: SimulatedContact) -> Decision:
    name = _named(call, contact)
    if name is None:
        return call.invalid(missing_row("tag_id"))
    call.state.tags.attach(contact.id, contact.bot_id, name)
    return call.succeed()


def _detach(call: Call, contact: SimulatedContact) -> Decision:
    name = _named(call, contact)
    if name is None:
        return call.invalid(missing_row("tag_id"))
    call.state.tags.detach(contact.id, name)
    return call.succeed()


ENDPOINTS: Final = (
    Endpoint(
        "getBotTags", "GET", {"bot_id": (required, integer)}, bot_channel, of_bot(_get_bot_tags)
    ),
    Endpoint(
        "getContactTags", "GET", CONTACT_RULES, contact_channel, of_contact(_get_contact_tags)
    ),
    Endpoint("attachTagToContact", "POST", _RULES, contact_channel, of_contact(_attach)),
    Endpoint("detachTagFromContact", "POST", _RULES, contact_channel, of_contact(_detach)),
)
