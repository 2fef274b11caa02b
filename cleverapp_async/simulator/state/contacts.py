"""Who is a contact, who can be written to, who has which tags, and who brought whom.

Without contacts of its own, the store takes every positive contact id (bot 1, Telegram) and
every triple for a contact; such a contact is kept once a method other than sendMessage names it.
Given contacts, only those exist. Writing to a WhatsApp number adds its contact in either case.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Final

from attrs import define, evolve, field

from ..laravel.parameters import Parameters, as_integer
from .records import SeedError, SimulatedContact, now

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence


@define
class ReferralStore:
    """Knows each contact's referrer and referrals, by their ids."""

    _referrer: dict[int, int] = field(init=False, factory=dict[int, int])
    _referrals: dict[int, list[int]] = field(init=False, factory=dict[int, list[int]])

    def add(self, contact_id: int, referrer_id: int) -> None:
        """Write down who brought a contact."""
        self._referrer[contact_id] = referrer_id
        self._referrals.setdefault(referrer_id, []).append(contact_id)

    def chain(self, contact_id: int) -> Iterator[int]:
        """Go up from a contact's referrer; endless if the contact is among its own referrers."""
        current = self._referrer.get(contact_id)
        while current is not None:
            yield current
            current = self._referrer.get(current)

    def of(self, contact_id: int) -> Sequence[int]:
        """Return the contacts which a contact brought itself."""
        return self._referrals.get(contact_id, ())

    def circle(self) -> int | None:
        """Find a contact that is among its own referrers, or None when this is a forest."""
        # Whoever is on a way that ended is clear, so that every contact is passed only once.
        clear: set[int] = set()
        for start in self._referrer:
            way: set[int] = set()
            current: int | None = start
            while current is not None and current not in clear:
                if current in way:
                    return current
                way.add(current)
                current = self._referrer.get(current)
            clear |= way
        return None


@define
class TagStore:
    """Knows the tags of bots by id and name, and those of contacts in the order they came."""

    _of_bot: dict[int, dict[str, int]] = field(init=False, factory=dict[int, dict[str, int]])
    _by_id: dict[int, tuple[int, str]] = field(init=False, factory=dict[int, tuple[int, str]])
    _of_contact: dict[int, list[str]] = field(init=False, factory=dict[int, list[str]])

    def add(self, bot_id: int, name: str) -> int:
        """Return the id of a bot's tag, making the tag if there is none of this name."""
        tags = self._of_bot.setdefault(bot_id, {})
        tag_id = tags.get(name)
        if tag_id is None:
            tag_id = tags[name] = len(self._by_id) + 1
            self._by_id[tag_id] = (bot_id, name)
        return tag_id

    def name(self, bot_id: int, tag_id: int) -> str | None:
        """Return the name of a bot's tag, or None if the bot has no tag of this id."""
        bot, name = self._by_id.get(tag_id, (None, ""))
        return name if bot == bot_id else None

    def of_bot(self, bot_id: int) -> Sequence[str]:
        """Return the names of a bot's tags, the oldest first."""
        return tuple(self._of_bot.get(bot_id, ()))

    def of_contact(self, contact_id: int) -> Collection[str]:
        """Return the names of a contact's tags, in the order they were attached."""
        return self._of_contact.get(contact_id, ())

    def attach(self, contact_id: int, bot_id: int, name: str) -> None:
        """Give a contact a tag, which its bot then has too; a second time changes nothing."""
        self.add(bot_id, name)
        attached = self._of_contact.setdefault(contact_id, [])
        if name not in attached:
            attached.append(name)

    def detach(self, contact_id: int, name: str) -> None:
        """Take a tag from a contact, if it has it; the bot keeps the tag."""
        attached = self._of_contact.get(contact_id, [])
        if name in attached:
            attached.remove(name)


EVERYBODY_BOT_ID: Final = 1
EVERYBODY_MESSENGER: Final = "telegram"
FIRST_MADE_ID: Final = 1_000_000_001
"""Ids of contacts which were made while it ran start here, or above the given ones."""

WHATSAPP: Final = "whatsapp"

ID_NAMES: Final[Mapping[str, str]] = {
    "telegram": "telegram_id",
    "viber": "viber_id",
    "vk": "vk_user_id",
}
"""What a contact's id in its messenger is called; a string always."""


def phone_digits(phone: str) -> str:
    """Return the digits of a number: ``+7 999 123-45-67`` and ``79991234567`` are one (assumed)."""
    return "".join(character for character in phone if character in "0123456789")


@define
class CreationIndex:
    """Ids in two orders: by number, and by the moment at which they were created.

    It tells which ids came between two moments without looking at every one.
    """

    _ids: list[int] = field(init=False, factory=list[int])
    _moments: list[int] = field(init=False, factory=list[int])
    _by_moment: list[int] = field(init=False, factory=list[int])

    def extend(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Add many ids with their moments at once, to an index that is empty."""
        found = sorted((moment, number) for number, moment in pairs)
        self._moments = [moment for moment, _ in found]
        self._by_moment = [number for _, number in found]
        self._ids = sorted(self._by_moment)

    def add(self, number: int, moment: int) -> None:
        """Add one id with its moment, in Unix seconds."""
        # Inserting into a sorted list moves what is behind it, which is quick: nearly all ids come
        # in order.
        self._ids.insert(bisect_left(self._ids, number), number)
        place = bisect_right(self._moments, moment)
        self._moments.insert(place, moment)
        self._by_moment.insert(place, number)

    def select(self, since: int | None = None, until: int | None = None) -> Sequence[int]:
        """Return the ids that came in a closed span of moments, ascending."""
        if since is None and until is None:
            return self._ids
        first = 0 if since is None else bisect_left(self._moments, since)
        last = len(self._moments) if until is None else bisect_right(self._moments, until)
        return sorted(self._by_moment[first:last])


@define
class ContactStore:
    """Finds contacts by id, by triple and by phone number, and lists them.

    Args:
        everybody: Whether every positive id and every triple is a contact.
        unseen_bots: Bots whose contacts are not listed with those of all bots.
    """

    everybody: bool
    unseen_bots: frozenset[int] = frozenset()
    _by_id: dict[int, SimulatedContact] = field(init=False, factory=dict[int, SimulatedContact])
    _since: dict[int, int] = field(init=False, factory=dict[int, int])
    _by_triple: dict[tuple[int, str, str], int] = field(
        init=False, factory=dict[tuple[int, str, str], int]
    )
    _by_phone: dict[str, int] = field(init=False, factory=dict[str, int])
    _by_bitrix: dict[int, int] = field(init=False, factory=dict[int, int])
    _of_bot: dict[int, CreationIndex] = field(init=False, factory=dict[int, CreationIndex])
    _all: CreationIndex = field(init=False, factory=CreationIndex)
    _next_id: int = field(init=False, default=FIRST_MADE_ID)

    def by_id(self, contact_id: int) -> SimulatedContact | None:
        """Find a contact by its id."""
        found = self._by_id.get(contact_id)
        if found is None and self.everybody and contact_id > 0:
            return SimulatedContact(
                contact_id, EVERYBODY_BOT_ID, EVERYBODY_MESSENGER, str(contact_id)
            )
        return found

    def obtain(self, contact_id: int) -> SimulatedContact | None:
        """Find a contact by its id and keep it, if it is one only because everybody is."""
        contact = self.by_id(contact_id)
        if contact is not None and contact_id not in self._by_id:
            self._add(contact)
        return contact

    def by_phone(self, phone: str) -> SimulatedContact | None:
        """Find the first contact, of whatever bot, that has a phone number."""
        found = self._by_phone.get(phone_digits(phone))
        return None if found is None else self._by_id[found]

    def by_bitrix(self, bitrix_contact_id: int) -> SimulatedContact | None:
        """Find a contact by its id in Bitrix24."""
        found = self._by_bitrix.get(bitrix_contact_id)
        return None if found is None else self._by_id[found]

    def by_triple(self, bot_id: int, messenger: str, external_id: str) -> SimulatedContact | None:
        """Find a bot's contact by its external id or bound phone number, if it is kept."""
        found = self._by_triple.get((bot_id, messenger, external_id))
        digits = phone_digits(external_id)
        if found is None and digits:
            found = self._by_triple.get((bot_id, messenger, f"+{digits}"))
        return None if found is None else self._by_id[found]

    def has_triple(self, bot_id: int, messenger: str, external_id: str) -> bool:
        """Tell whether a bot has a contact by its external id or bound phone number."""
        if self.everybody:
            return bot_id > 0
        return self.by_triple(bot_id, messenger, external_id) is not None

    def has_bot(self, bot_id: int) -> bool:
        """Tell whether a bot exists."""
        return bot_id > 0 if self.everybody else bot_id in self._of_bot

    def knows_number(self, bot_id: int, phone: str) -> bool:
        """Tell whether a bot has a WhatsApp contact of this number."""
        return self.has_triple(bot_id, WHATSAPP, phone)

    def whatsapp(self, bot_id: int, phone: str, name: str | None) -> SimulatedContact:
        """Find the WhatsApp contact of a number, or make it; its first name stays."""
        digits = phone_digits(phone) or phone
        contact = self.by_triple(bot_id, WHATSAPP, digits)
        if contact is None:
            return self.create(
                SimulatedContact(0, bot_id, WHATSAPP, digits, phone=digits, name=name)
            )
        if contact.name is None and name is not None:
            contact = evolve(contact, name=name)
            self.replace(contact)
        return contact

    def addressee(
        self, bot_id: int | None, messenger: str | None, parameters: Parameters
    ) -> SimulatedContact | None:
        """Find the kept contact that a message's parameters address, as far as they tell it."""
        number = as_integer(parameters.get("contact_id"))
        if number is not None:
            return self._by_id.get(number)
        if "contact_by" in parameters:
            searched = self.searched(parameters)
            return None if searched is None else self._by_id.get(searched.id)
        bitrix = as_integer(parameters.get("bitrix_contact_id"))
        if bitrix is not None:
            return self.by_bitrix(bitrix)
        for name in ("contact_external_id", "phone"):
            value = parameters.get(name)
            if isinstance(value, str):
                if bot_id is not None and messenger is not None:
                    return self.by_triple(bot_id, messenger, value)
                return self.by_phone(value) if name == "phone" else None
        return None

    def searched(self, parameters: Parameters, *, keep: bool = False) -> SimulatedContact | None:
        """Find the contact that a webhook's ``contact_by`` and ``search`` name, if any.

        Args:
            parameters: Those of the webhook's body.
            keep: Whether one that is a contact only because everybody is, is kept.
        """
        kind, value = parameters.get("contact_by"), parameters.get("search")
        if not isinstance(kind, str) or isinstance(value, bool) or not isinstance(value, str | int):
            return None
        if kind == "phone":
            return self.by_phone(str(value))
        for messenger in (one for one, name in ID_NAMES.items() if name == kind):
            for bot_id in self._of_bot:
                found = self._by_triple.get((bot_id, messenger, str(value)))
                if found is not None:
                    return self._by_id[found]
        # Where everybody is a contact, the id in Telegram is that of the contact.
        in_telegram = self.everybody and kind == ID_NAMES[EVERYBODY_MESSENGER]
        number = as_integer(value) if in_telegram or kind == "id" else None
        contact = None if number is None else self.by_id(number)
        if contact is None or (in_telegram and contact.messenger != EVERYBODY_MESSENGER):
            return None
        return self.obtain(contact.id) if keep else contact

    def add(self, contact: SimulatedContact) -> SimulatedContact:
        """Keep a new contact under its own id, or under the next free one where that is 0."""
        if not contact.id:
            return self.create(contact)
        self._add(contact)
        return contact

    def create(self, contact: SimulatedContact) -> SimulatedContact:
        """Keep a new contact under the next free id, whatever id it has."""
        # Somebody may have added a contact with this very id.
        while self._next_id in self._by_id:
            self._next_id += 1
        made = evolve(contact, id=self._next_id)
        self._add(made)
        return made

    def replace(self, contact: SimulatedContact) -> None:
        """Keep what has changed of a contact; numbers it had before still find it."""
        self._by_id[contact.id] = contact
        self._index(contact)

    def since(self, contact_id: int) -> int:
        """Return the Unix second since which a kept contact is one."""
        return self._since[contact_id]

    def listed(
        self, bot_id: int | None, since: int | None = None, until: int | None = None
    ) -> Sequence[int]:
        """Return the ids of the kept contacts, ascending; of one bot, of a span of Unix seconds."""
        index = self._all if bot_id is None else self._of_bot.get(bot_id)
        return () if index is None else index.select(since, until)

    def is_kept(self, contact_id: int) -> bool:
        """Tell whether a contact is kept."""
        return contact_id in self._by_id

    def kept(self, contact_id: int) -> SimulatedContact:
        """Return a contact that is kept."""
        return self._by_id[contact_id]

    def add_bot(self, bot_id: int) -> None:
        """Let a bot exist."""
        self._of_bot.setdefault(bot_id, CreationIndex())

    def fill(self, contacts: Iterable[SimulatedContact]) -> None:
        """Keep the contacts of a seed, into a store that has none.

        Raises:
            SeedError: Two of them have one id.
        """
        start = now()
        of_bot: dict[int, list[tuple[int, int]]] = {}
        seen: list[tuple[int, int]] = []
        for index, contact in enumerate(contacts):
            if contact.id in self._by_id:
                raise SeedError(
                    f"$.contacts[{index}].id",
                    f"{contact.id} is given twice: each id must be unique",
                )
            created = contact.created_at
            pair = contact.id, start if created is None else int(created.timestamp())
            self._by_id[contact.id] = contact
            self._since[contact.id] = pair[1]
            self._index(contact)
            of_bot.setdefault(contact.bot_id, []).append(pair)
            if contact.bot_id not in self.unseen_bots:
                seen.append(pair)
        for bot_id, pairs in of_bot.items():
            self.add_bot(bot_id)
            self._of_bot[bot_id].extend(pairs)
        self._all.extend(seen)
        self._next_id = max(FIRST_MADE_ID, 1 + max(self._by_id, default=0))

    def _add(self, contact: SimulatedContact) -> None:
        created = contact.created_at
        moment = now() if created is None else int(created.timestamp())
        self._by_id[contact.id] = contact
        self._since[contact.id] = moment
        self.add_bot(contact.bot_id)
        self._of_bot[contact.bot_id].add(contact.id, moment)
        if contact.bot_id not in self.unseen_bots:
            self._all.add(contact.id, moment)
        self._index(contact)

    def _index(self, contact: SimulatedContact) -> None:
        key = (contact.bot_id, contact.messenger)
        if contact.external_id:
            self._by_triple[*key, contact.external_id] = contact.id
        phone = contact.external_id if contact.messenger == WHATSAPP else contact.phone
        digits = "" if phone is None else phone_digits(phone)
        if digits:
            self._by_triple[*key, f"+{digits}"] = contact.id
            self._by_phone.setdefault(digits, contact.id)
        if contact.bitrix_contact_id is not None:
            self._by_bitrix.setdefault(contact.bitrix_contact_id, contact.id)


def make_contacts(
    contacts: Iterable[SimulatedContact] | None, unseen_bots: frozenset[int] = frozenset()
) -> ContactStore:
    """Make the store of these contacts, or of everybody."""
    store = ContactStore(contacts is None, unseen_bots)
    store.fill(contacts or ())
    return store
