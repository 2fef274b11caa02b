"""Who can be written to.

Given nobody, the directory takes every positive contact id (bot 1, Telegram) and every
triple for a contact. Given contacts, only those exist. Writing to a WhatsApp number adds
its contact in either case.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from attrs import define, evolve, field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterable

EVERYBODY_BOT_ID: Final = 1
EVERYBODY_MESSENGER: Final = "telegram"
FIRST_MADE_ID: Final = 1_000_000_001
"""Ids of contacts which sendMessageToWhatsApp made start here, or above the given ones."""

WHATSAPP: Final = "whatsapp"


@frozen
class SimulatedContact:
    """One contact of one bot in one messenger.

    Args:
        id: The contact's id.
        bot_id: The bot it has written to.
        messenger: Its messenger.
        external_id: Its id in that messenger; in WhatsApp the phone number.
        phone: A bound phone number, which addresses the contact in any messenger.
        name: Its name.
    """

    id: int
    bot_id: int
    messenger: str
    external_id: str
    phone: str | None = None
    name: str | None = None


def phone_digits(phone: str) -> str:
    """Give the digits of a number: ``+7 999 123-45-67`` and ``79991234567`` are one (assumed)."""
    return "".join(character for character in phone if character in "0123456789")


@frozen
class MadeContact:
    """A contact which sendMessageToWhatsApp found or made."""

    contact: SimulatedContact
    created_at: str
    """ISO 8601 with offset, of the first time."""


@define
class Directory:
    """Finds contacts by id, by triple and by WhatsApp number.

    Args:
        given: The contacts that exist, or None for everybody.
    """

    given: tuple[SimulatedContact, ...] | None
    _by_id: dict[int, SimulatedContact] = field(init=False, factory=dict[int, SimulatedContact])
    _by_triple: dict[tuple[int, str, str], SimulatedContact] = field(
        init=False, factory=dict[tuple[int, str, str], SimulatedContact]
    )
    _made: dict[tuple[int, str], MadeContact] = field(
        init=False, factory=dict[tuple[int, str], MadeContact]
    )
    _bots: set[int] = field(init=False, factory=set[int])
    _next_id: int = field(init=False, default=FIRST_MADE_ID)

    def __attrs_post_init__(self) -> None:
        """Index what is given."""
        for contact in self.given or ():
            self._add(contact)

    def by_id(self, contact_id: int) -> SimulatedContact | None:
        """Find a contact by its id."""
        found = self._by_id.get(contact_id)
        if found is None and self.given is None and contact_id > 0:
            return SimulatedContact(
                contact_id, EVERYBODY_BOT_ID, EVERYBODY_MESSENGER, str(contact_id)
            )
        return found

    def has_triple(self, bot_id: int, messenger: str, external_id: str) -> bool:
        """Tell whether a bot has a contact by its external id or bound phone number."""
        if self.given is None:
            return bot_id > 0
        if (bot_id, messenger, external_id) in self._by_triple:
            return True
        digits = phone_digits(external_id)
        return digits != "" and (bot_id, messenger, f"+{digits}") in self._by_triple

    def has_bot(self, bot_id: int) -> bool:
        """Tell whether a bot exists."""
        return bot_id > 0 if self.given is None else bot_id in self._bots

    def knows_number(self, bot_id: int, phone: str) -> bool:
        """Tell whether a bot has a WhatsApp contact of this number."""
        return self.has_triple(bot_id, WHATSAPP, phone)

    def whatsapp(self, bot_id: int, phone: str, name: str | None) -> MadeContact:
        """Find the WhatsApp contact of a number, or make it; its first name stays."""
        digits = phone_digits(phone) or phone
        made = self._made.get((bot_id, digits))
        if made is not None and (made.contact.name is not None or name is None):
            return made
        contact = self._by_triple.get((bot_id, WHATSAPP, f"+{digits}"))
        if contact is None:
            contact = SimulatedContact(self._next_id, bot_id, WHATSAPP, digits, digits, name)
        elif contact.name is None:
            contact = evolve(contact, name=name)
        self._add(contact)
        since = datetime.now(UTC).isoformat(timespec="seconds") if made is None else made.created_at
        made = MadeContact(contact, since)
        self._made[bot_id, digits] = made
        return made

    def _add(self, contact: SimulatedContact) -> None:
        self._by_id[contact.id] = contact
        self._bots.add(contact.bot_id)
        self._next_id = max(self._next_id, contact.id + 1)
        key = (contact.bot_id, contact.messenger)
        self._by_triple[*key, contact.external_id] = contact
        phone = contact.external_id if contact.messenger == WHATSAPP else contact.phone
        if phone is not None:
            self._by_triple[*key, f"+{phone_digits(phone)}"] = contact


def make_directory(contacts: Iterable[SimulatedContact] | None) -> Directory:
    """Make the directory of these contacts, or of everybody."""
    return Directory(None if contacts is None else tuple(contacts))
