"""The whole state, made of a seed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Final, TypeAlias

from attrs import define, field

from .accounts import AccountStore
from .contacts import ContactStore, ReferralStore, TagStore, make_contacts
from .lists import OWN_NAMES, ListStore
from .records import SeedError, now
from .variables import VariableStore

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
        _add_contact_data(state, contact, f"$.contacts[{index}]")
    circle = state.referrals.circle()
    if circle is not None:
        raise SeedError("$.contacts", f"contact {circle} is among its own referrers")
    for index, schema in enumerate(seed.list_schemas):
        _add_list(state, schema, f"$.list_schemas[{index}]")
    return state


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
    """Give both kinds of accounts: the name in a seed, the store and what the contact has."""
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


def _add_contact_data(state: State, contact: SimulatedContact, place: str) -> None:
    moment = state.contacts.since(contact.id)
    for tag in contact.tags:
        state.tags.attach(contact.id, contact.bot_id, tag)
    for index, variable in enumerate(contact.variables):
        if state.variables.get(contact.id, variable.name) is not None:
            raise SeedError(
                f"{place}.variables[{index}].name",
                f"{variable.name!r} is given twice: each name must be unique",
            )
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
    referrer = contact.referrer_id
    if referrer is not None:
        if not state.contacts.is_kept(referrer):
            raise SeedError(f"{place}.referrer_id", f"there is no contact {referrer}")
        state.referrals.add(contact.id, referrer)


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
