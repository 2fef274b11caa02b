"""The whole state, made of a seed."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from attrs import define, field

from .accounts import AccountStore
from .clock import now
from .contacts import Directory, make_directory
from .errors import SeedError
from .lists import OWN_NAMES, ListStore
from .referrals import ReferralStore
from .reserve import reserve_ids
from .tags import TagStore
from .variables import VariableStore

if TYPE_CHECKING:
    from .records import SeedData, SimulatedContact, SimulatedListSchema

DEFAULT_ME: Final[Mapping[str, object]] = {
    "id": 1,
    "name": "Simulator",
    "email": "simulator@example.com",
}


@define
class State:
    """Everything that methods read and change; lives as long as its simulator."""

    directory: Directory
    me: Mapping[str, object] = DEFAULT_ME
    short_links: Mapping[str, str] = field(factory=dict[str, str])
    tags: TagStore = field(init=False, factory=TagStore)
    variables: VariableStore = field(init=False, factory=VariableStore)
    accounts: AccountStore[int] = field(init=False, factory=AccountStore[int])
    crypto_accounts: AccountStore[Decimal] = field(init=False, factory=AccountStore[Decimal])
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
    directory = make_directory(seed.contacts, unseen_bots)
    state = State(directory, DEFAULT_ME if seed.me is None else seed.me, dict(seed.short_links))
    reserve_ids(state, seed)
    for bot in seed.bots:
        directory.add_bot(bot.id)
        for tag in bot.tags:
            state.tags.add(bot.id, tag)
    for index, contact in enumerate(seed.contacts or ()):
        _furnish(state, contact, f"$.contacts[{index}]")
    circle = state.referrals.circle()
    if circle is not None:
        raise SeedError("$.contacts", f"contact {circle} is among its own referrers")
    for index, schema in enumerate(seed.list_schemas):
        _add_list(state, schema, f"$.list_schemas[{index}]")
    return state


def _furnish(state: State, contact: SimulatedContact, place: str) -> None:
    moment = state.directory.since(contact.id)
    for tag in contact.tags:
        state.tags.attach(contact.id, contact.bot_id, tag)
    for index, variable in enumerate(contact.variables):
        if state.variables.get(contact.id, variable.name) is not None:
            raise SeedError(f"{place}.variables[{index}].name", f"{variable.name!r} is there twice")
        state.variables.put(
            contact.id,
            contact.bot_id,
            variable.name,
            variable.value,
            deletable=variable.deletable,
            moment=moment,
        )
    for account in contact.accounts:
        state.accounts.open(contact.id, account.currency, account.amount, moment, account.id)
    for crypto in contact.crypto_accounts:
        state.crypto_accounts.open(contact.id, crypto.currency, crypto.amount, moment, crypto.id)
    referrer = contact.referrer_id
    if referrer is not None:
        if not state.directory.is_kept(referrer):
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
