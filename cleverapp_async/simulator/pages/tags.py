"""The page on tags of the API docs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..context import Call, Decision, Endpoint
from ..laravel.rules import (
    Rules,
    integer,
    missing_row,
    required,
    required_without,
    short_text,
)
from .lookups import CONTACT_RULES, bot_channel, contact_channel, of_bot, of_contact

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..context import Handler
    from ..state.records import SimulatedContact

_RULES: Final[Rules] = {
    **CONTACT_RULES,
    "tag_id": (required_without("name"), integer),
    "name": (required_without("tag_id"), *short_text),
}


def _get_bot_tags(call: Call, bot_id: int) -> Decision:
    return call.answer(list(call.state.tags.of_bot(bot_id)))


def _get_contact_tags(call: Call, contact: SimulatedContact) -> Decision:
    return call.answer(list(call.state.tags.of_contact(contact.id)))


def _of_tag(change: Callable[[Call, SimulatedContact, str], None]) -> Handler:
    """Look up the contact and the tag's name, then change what the contact has."""

    def handle(call: Call, contact: SimulatedContact) -> Decision:
        tag_id, name = call.integer("tag_id"), call.text("name")
        if tag_id is not None:
            name = call.state.tags.name(contact.bot_id, tag_id)
        if name is None:
            return call.invalid(missing_row("tag_id"))
        change(call, contact, name)
        return call.succeed()

    return of_contact(handle)


def _attach(call: Call, contact: SimulatedContact, name: str) -> None:
    call.state.tags.attach(contact.id, contact.bot_id, name)


def _detach(call: Call, contact: SimulatedContact, name: str) -> None:
    call.state.tags.detach(contact.id, name)


ENDPOINTS: Final = (
    Endpoint(
        "getBotTags", "GET", {"bot_id": (required, integer)}, bot_channel, of_bot(_get_bot_tags)
    ),
    Endpoint(
        "getContactTags", "GET", CONTACT_RULES, contact_channel, of_contact(_get_contact_tags)
    ),
    Endpoint("attachTagToContact", "POST", _RULES, contact_channel, _of_tag(_attach)),
    Endpoint("detachTagFromContact", "POST", _RULES, contact_channel, _of_tag(_detach)),
)
