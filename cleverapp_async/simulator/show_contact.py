"""How a contact is answered (API docs, «Контакты»: the sample of getContacts)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .state.contacts import ID_NAMES, WHATSAPP

if TYPE_CHECKING:
    from collections.abc import Collection

    from .endpoints import World
    from .state.records import SimulatedContact


def show_contact(
    world: World, contact: SimulatedContact, with_: Collection[str] = ()
) -> dict[str, object]:
    """Give a contact the shape of the page.

    Args:
        world: What is known.
        contact: A contact that is kept.
        with_: ``tags`` and ``variables`` are added when they are in it.
    """
    messenger = contact.messenger
    shown: dict[str, object] = {
        "id": contact.id,
        "bot_id": contact.bot_id,
        "phone": shown_phone(contact),
        "email": contact.email,
        "name": contact.name,
        "messenger": messenger,
    }
    own = ID_NAMES.get(messenger)
    if own is not None:
        shown[own] = contact.external_id or None
    if messenger == "telegram" or contact.telegram_username is not None:
        shown["telegram_username"] = contact.telegram_username
    shown.update(contact.other_ids)
    shown["address"] = contact.address
    shown["utm"] = None if contact.utm is None else dict(contact.utm)
    shown["created_at"] = world.shapes.date(world.state.contacts.since(contact.id))
    if "tags" in with_:
        shown["tags"] = list(world.state.tags.of_contact(contact.id))
    if "variables" in with_:
        older = world.shapes.variables == "older"
        shown["variables"] = [
            {"variable": {"name": one.name}, "value": one.value}
            if older
            else {"name": one.name, "value": one.value}
            for one in world.state.variables.of_contact(contact.id)
        ]
    return shown


def shown_phone(contact: SimulatedContact) -> str | None:
    """Give a contact's phone number: in WhatsApp also its external id is one."""
    if contact.phone is None and contact.messenger == WHATSAPP:
        return contact.external_id
    return contact.phone
