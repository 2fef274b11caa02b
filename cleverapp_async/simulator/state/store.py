"""The whole state, made of a seed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final, TypeAlias

from attrs import define, evolve, field

from .contact_values import OWN_NAMES, AccountStore, ListStore, VariableStore
from .contacts import ContactStore, ReferralStore, TagStore, make_contacts
from .records import SeedError, SimulatedVariable, now

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .records import (
        SeedData,
        SimulatedAccount,
        SimulatedContact,
        SimulatedCryptoAccount,
        SimulatedListSchema,
    )

    _SeedAccounts: TypeAlias = Sequence[SimulatedAccount | SimulatedCryptoAccount]


_HEX_ID: Final = re.compile(r"[0-9a-f]{24}")

DEFAULT_ME: Final[Mapping[str, object]] = {
    "id": 1,
    "name": "Simulator",
    "email": "simulator@example.com",
}


@define
class State:
    """Everything that methods read and change; lives as long as its simulator."""

    contacts: ContactStore
    me: Mapping[str, object] = DEFAULT_ME
    short_links: Mapping[str, str] = field(factory=dict[str, str])
    tags: TagStore = field(init=False, factory=TagStore)
    variables: VariableStore = field(init=False, factory=VariableStore)
    accounts: AccountStore = field(init=False, factory=AccountStore)
    crypto_accounts: AccountStore = field(init=False, factory=AccountStore)
    referrals: ReferralStore = field(init=False, factory=ReferralStore)
    lists: ListStore = field(init=False, factory=ListStore)
    ysell_statuses: dict[int, str] = field(init=False, factory=dict[int, str])
    queued: int = field(init=False, default=0)


def make_state(seed: SeedData, unseen_bots: frozenset[int] = frozenset()) -> State:
    """Make the state that a seed describes.

    Args:
        seed: The seed.
        unseen_bots: Bots whose contacts are not listed with those of all bots.

    Raises:
        SeedError: It contradicts itself; the place is that in a seed file.
    """
    contacts = make_contacts(seed.contacts, unseen_bots)
    state = State(contacts, DEFAULT_ME if seed.me is None else seed.me, dict(seed.short_links))
    _reserve_ids(state, seed)
    for bot in seed.bots:
        contacts.add_bot(bot.id)
        for tag in bot.tags:
            state.tags.add(bot.id, tag)
    for index, contact in enumerate(seed.contacts or ()):
        _check_contact_data(state, contact, f"$.contacts[{index}]")
        _add_contact_data(state, contact)
    circle = state.referrals.circle()
    if circle is not None:
        raise SeedError("$.contacts", f"contact {circle} is among its own referrers")
    for index, schema in enumerate(seed.list_schemas):
        _add_list(state, schema, f"$.list_schemas[{index}]")
    return state


def add_contact(state: State, contact: SimulatedContact) -> SimulatedContact:
    """Add a contact with its tags, variables and accounts, as a seed does.

    Args:
        state: What knows it from then on.
        contact: The contact; with id 0 it gets the next free id.

    Raises:
        SeedError: Its id or its id in the messenger belongs to another contact, or it contradicts
            itself; nothing was added then. The place is that in the contact.
    """
    contacts = state.contacts
    if contact.id and contacts.is_kept(contact.id):
        raise SeedError(
            "$.id", f"{contact.id} is another contact's: leave it out or choose another"
        )
    known = contacts.by_triple(contact.bot_id, contact.messenger, contact.external_id)
    if known is not None:
        raise SeedError("$.external_id", f"contact {known.id} of bot {known.bot_id} has this id")
    _check_contact_data(state, contact, "$")
    _reserve_variables(state.variables, contact, "$.variables")
    for name, store, accounts in _accounts(state, contact):
        _reserve_accounts(store, accounts, f"$.{name}")
    made = contacts.add(contact)
    _add_contact_data(state, made)
    return made


def current_contact(state: State, contact_id: int) -> SimulatedContact:
    """Return a kept contact with the tags and the variables that it has now."""
    return evolve(
        state.contacts.kept(contact_id),
        tags=tuple(state.tags.of_contact(contact_id)),
        variables=tuple(
            SimulatedVariable(one.name, one.value, one.deletable, one.id)
            for one in state.variables.of_contact(contact_id)
        ),
        created_at=datetime.fromtimestamp(state.contacts.since(contact_id), UTC),
    )


def _reserve_ids(state: State, seed: SeedData) -> None:
    """Keep every id that the seed gives from being given to anything else.

    Raises:
        SeedError: An id is given twice, or is not an id.
    """
    for index, contact in enumerate(seed.contacts or ()):
        place = f"$.contacts[{index}]"
        _reserve_variables(state.variables, contact, f"{place}.variables")
        for name, store, accounts in _accounts(state, contact):
            _reserve_accounts(store, accounts, f"{place}.{name}")
    for index, schema in enumerate(seed.list_schemas):
        _reserve_list(state.lists, schema, f"$.list_schemas[{index}]")


def _reserve_variables(store: VariableStore, contact: SimulatedContact, place: str) -> None:
    for index, variable in enumerate(contact.variables):
        number, name = variable.id, variable.name
        if number is not None and not store.declare(contact.bot_id, name, number):
            text = f"{number} is not the id of {name!r} only, or not its only id"
            raise SeedError(f"{place}[{index}].id", text)


def _accounts(
    state: State, contact: SimulatedContact
) -> tuple[tuple[str, AccountStore, _SeedAccounts], ...]:
    """Return both kinds of accounts: the name in a seed, the store and what the contact has."""
    return (
        ("accounts", state.accounts, contact.accounts),
        ("crypto_accounts", state.crypto_accounts, contact.crypto_accounts),
    )


def _reserve_accounts(store: AccountStore, accounts: _SeedAccounts, place: str) -> None:
    for index, account in enumerate(accounts):
        if account.id is not None and not store.reserve(account.id):
            raise SeedError(
                f"{place}[{index}].id", f"{account.id} is given twice: each id must be unique"
            )


def _reserve_list(store: ListStore, schema: SimulatedListSchema, place: str) -> None:
    ids = [(schema.id, f"{place}.id")]
    ids += [(item.id, f"{place}.items[{index}].id") for index, item in enumerate(schema.items)]
    for number, here in ids:
        if number is None:
            continue
        if not _HEX_ID.fullmatch(number):
            raise SeedError(here, f"an id must be 24 hex digits, not {number!r}")
        if not store.reserve(number):
            raise SeedError(here, f"{number} is given twice: each id must be unique")


def _check_contact_data(state: State, contact: SimulatedContact, place: str) -> None:
    names = set[str]()
    for index, variable in enumerate(contact.variables):
        if variable.name in names:
            raise SeedError(
                f"{place}.variables[{index}].name",
                f"{variable.name!r} is given twice: each name must be unique",
            )
        names.add(variable.name)
    referrer = contact.referrer_id
    if referrer is not None and not state.contacts.is_kept(referrer):
        raise SeedError(f"{place}.referrer_id", f"there is no contact {referrer}")


def _add_contact_data(state: State, contact: SimulatedContact) -> None:
    moment = state.contacts.since(contact.id)
    for tag in contact.tags:
        state.tags.attach(contact.id, contact.bot_id, tag)
    for variable in contact.variables:
        state.variables.put(
            contact.id,
            contact.bot_id,
            variable.name,
            variable.value,
            deletable=variable.deletable,
            moment=moment,
        )
    for _, store, accounts in _accounts(state, contact):
        for account in accounts:
            amount = Decimal(account.amount)
            store.open(contact.id, account.currency, amount, moment, account.id)
    if contact.referrer_id is not None:
        state.referrals.add(contact.id, contact.referrer_id)


def _add_list(state: State, seed: SimulatedListSchema, place: str) -> None:
    for slug in seed.fields:
        if slug in OWN_NAMES:
            raise SeedError(f"{place}.fields", f"every item has {slug} without a field of it")
    moment = now() if seed.created_at is None else int(seed.created_at.timestamp())
    schema = state.lists.add_schema(
        seed.name,
        seed.fields,
        is_menu=seed.is_menu,
        bot_id=seed.bot_id,
        moment=moment,
        schema_id=seed.id,
    )
    for index, item in enumerate(seed.items):
        for slug in item.values:
            if slug not in schema.fields:
                raise SeedError(
                    f"{place}.items[{index}].{slug}", "the list has no field of this name"
                )
        created = moment if item.created_at is None else int(item.created_at.timestamp())
        state.lists.add_item(schema, item.values, created, item.id)
