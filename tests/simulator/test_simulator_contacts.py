from __future__ import annotations

from cleverapp_async.simulator import SimulatedContact
from cleverapp_async.simulator.state.contacts import FIRST_MADE_ID, make_contacts

ANNA = SimulatedContact(5, 7, "telegram", "100", phone="+7 999 123-45-67")
BORIS = SimulatedContact(6, 7, "whatsapp", "79990000000", name="Борис")


def test_everybody_is_a_contact_when_none_are_given() -> None:
    """Without given contacts every positive id is a Telegram contact of bot 1."""
    contacts = make_contacts(None)
    found = contacts.by_id(42)
    assert found is not None
    assert (found.id, found.bot_id, found.messenger) == (42, 1, "telegram")
    assert contacts.by_id(0) is None
    assert contacts.has_triple(9, "viber", "x")
    assert not contacts.has_triple(0, "viber", "x")
    assert contacts.has_bot(9)
    assert not contacts.has_bot(-1)


def test_only_given_contacts_exist() -> None:
    """With given contacts, other ids, triples and bots do not exist."""
    contacts = make_contacts([ANNA, BORIS])
    assert contacts.by_id(5) is ANNA
    assert contacts.by_id(7) is None
    assert contacts.has_triple(7, "telegram", "100")
    assert not contacts.has_triple(7, "viber", "100")
    assert not contacts.has_triple(8, "telegram", "100")
    assert not contacts.has_triple(7, "telegram", "abc")
    assert contacts.has_bot(7)
    assert not contacts.has_bot(8)


def test_a_bound_phone_addresses_a_contact_of_any_messenger() -> None:
    """A phone number finds its contact however it is written."""
    contacts = make_contacts([ANNA, BORIS])
    assert contacts.has_triple(7, "telegram", "79991234567")
    assert contacts.has_triple(7, "whatsapp", "+7 (999) 000-00-00")


def test_writing_to_a_new_number_makes_a_contact_once() -> None:
    """The first message to a number makes its contact; later ones find it."""
    contacts = make_contacts(None)
    first = contacts.whatsapp(7, "+7 999 123", "Иван")
    again = contacts.whatsapp(7, "7999123", "Пётр")
    assert again is first
    assert first.id == FIRST_MADE_ID
    assert first.phone == "7999123"
    assert first.name == "Иван"
    assert contacts.by_id(FIRST_MADE_ID) is first
    assert contacts.whatsapp(8, "7999123", None).id == FIRST_MADE_ID + 1


def test_made_ids_stay_clear_of_given_ones() -> None:
    """A new contact's id is above every given one."""
    far = SimulatedContact(2 * FIRST_MADE_ID, 7, "telegram", "1")
    assert make_contacts([far]).whatsapp(7, "7", None).id == far.id + 1


def test_a_nameless_contact_gets_the_first_name_that_comes() -> None:
    """A name is kept from the first message that brings one, its contact staying."""
    contacts = make_contacts([ANNA])
    nameless = contacts.whatsapp(7, "7999", None)
    named = contacts.whatsapp(7, "7999", "Иван")
    assert (named.id, named.name) == (nameless.id, "Иван")
    assert contacts.by_id(named.id) is named


def test_a_given_whatsapp_contact_is_found_by_number() -> None:
    """A number that is among the contacts keeps its contact and name."""
    contacts = make_contacts([BORIS])
    assert contacts.knows_number(7, "7 999 000 00 00")
    assert contacts.whatsapp(7, "7 999 000 00 00", "Иван") is BORIS


def test_a_number_without_digits_is_its_own_text() -> None:
    """Numbers without any digit are told apart by their text."""
    contacts = make_contacts(None)
    ids = {contacts.whatsapp(7, text, None).id for text in ("abc", "def")}
    assert len(ids) == 2


def test_contacts_of_unseen_bots_are_listed_with_their_bot_only() -> None:
    """A bot without access keeps its contacts to itself, given and made ones."""
    contacts = make_contacts([ANNA], frozenset({7}))
    made = contacts.whatsapp(7, "70", None)
    other = contacts.whatsapp(9, "70", None)
    assert list(contacts.listed(None)) == [other.id]
    assert list(contacts.listed(7)) == [ANNA.id, made.id]
    assert contacts.by_phone("+70") is made
