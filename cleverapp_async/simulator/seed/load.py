"""Reads a seed file, with each value's place, so that an error can name it.

The form is on the simulator's page of the documentation. Unknown names are refused, so that a
misspelt name is not ignored.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from os import PathLike
from pathlib import Path
from typing import Final, cast

from attrs import AttrsInstance, evolve, fields, frozen

from ..state.contacts import ID_NAMES, WHATSAPP
from ..state.records import (
    SeedData,
    SeedError,
    SimulatedAccount,
    SimulatedBot,
    SimulatedContact,
    SimulatedCryptoAccount,
    SimulatedField,
    SimulatedItem,
    SimulatedListSchema,
    SimulatedVariable,
    aware,
)

_MOST: Final = Decimal("1" + "0" * 30)

_SHOWN: Final = 60
"""Characters of a faulty value that are shown."""


@frozen
class JsonNode:
    """A value read from JSON, and where it stands, such as ``$.contacts[3].bot_id``.

    Every method gives the value as what it should be.

    Raises:
        SeedError: It is something else.
    """

    value: object
    place: str = "$"

    def fail(self, wanted: str) -> SeedError:
        """Make the error that something else was wanted."""
        shown = repr(self.value)
        shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
        return SeedError(self.place, f"{wanted} is needed, not {shown}")

    def members(self) -> dict[str, JsonNode]:
        """Return an object's members, without those that are null."""
        value = self.value
        if not isinstance(value, dict):
            raise self.fail("an object")
        members = cast("dict[str, object]", value)
        return {
            name: JsonNode(one, f"{self.place}.{name}")
            for name, one in members.items()
            if one is not None
        }

    def record(self, known: Collection[str], needed: Collection[str] = ()) -> dict[str, JsonNode]:
        """Return an object's members, which all have to be known, and some there."""
        members = self.members()
        for name, member in members.items():
            if name not in known:
                raise SeedError(
                    member.place, f"is not a known name: write one of {', '.join(known)}"
                )
        for name in needed:
            if name not in members:
                raise SeedError(f"{self.place}.{name}", "is needed")
        return members

    def items(self) -> list[JsonNode]:
        """Return an array's elements."""
        value = self.value
        if not isinstance(value, list):
            raise self.fail("an array")
        items = cast("list[object]", value)
        return [JsonNode(one, f"{self.place}[{index}]") for index, one in enumerate(items)]

    def text(self) -> str:
        """Return a string that is not empty."""
        if not isinstance(self.value, str) or not self.value:
            raise self.fail("a string")
        return self.value

    def texts(self) -> tuple[str, ...]:
        """Return an array of strings."""
        return tuple(item.text() for item in self.items())

    def integer(self) -> int:
        """Return an integer."""
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            raise self.fail("an integer")
        return self.value

    def number(self) -> int:
        """Return an integer above 0 that 64 bits hold: an id."""
        number = self.integer()
        if not 0 < number < 2**63:
            raise self.fail("an integer above 0")
        return number

    def minor_units(self) -> int:
        """Return an integer from 0 that 64 bits hold: an amount."""
        number = self.integer()
        if not 0 <= number < 2**63:
            raise self.fail("an integer from 0")
        return number

    def flag(self) -> bool:
        """Return true or false."""
        if not isinstance(self.value, bool):
            raise self.fail("true or false")
        return self.value

    def moment(self) -> datetime:
        """Return a date with its offset, as ISO 8601 spells it."""
        try:
            return aware(datetime.fromisoformat(self.text()))
        except ValueError:
            raise self.fail("an ISO 8601 date since 1970 with its offset") from None

    def decimal(self) -> Decimal:
        """Return an exact number from 0, spelled as a string."""
        try:
            amount = Decimal(self.text())
        except InvalidOperation:
            raise self.fail("a decimal number in a string") from None
        if not (amount.is_finite() and 0 <= amount <= _MOST):
            raise self.fail("a decimal number from 0")
        return amount


def load_seed(path: str | PathLike[str]) -> SeedData:
    """Read a seed file: JSON in UTF-8.

    Args:
        path: The file.

    Returns:
        What a simulator starts with.

    Raises:
        OSError: The file cannot be read.
        SeedError: It is not JSON, or not a seed; the error names the place.
    """
    name = Path(path).name
    try:
        data: object = json.loads(
            Path(path).read_bytes(), parse_constant=_finite, parse_float=_finite
        )
    except json.JSONDecodeError as error:
        place = f"{name}, line {error.lineno}, column {error.colno}"
        raise SeedError(place, f"this is not JSON: {error.msg}") from None
    except (ValueError, RecursionError):
        raise SeedError(name, "this is not JSON in UTF-8") from None
    try:
        return parse_seed(data)
    except SeedError as error:
        raise SeedError(f"{name}, {error.place}", error.message) from None


def parse_seed(data: object) -> SeedData:
    """Read a seed from what a seed file holds.

    Args:
        data: What ``json.load`` gives.

    Raises:
        SeedError: It is not a seed; the error names the place, such as ``$.contacts[3].bot_id``.
    """
    root = JsonNode(data).record(_names(SeedData))
    contacts = root.get("contacts")
    bots, lists = root.get("bots"), root.get("list_schemas")
    me, links = root.get("me"), root.get("short_links")
    return SeedData(
        None if contacts is None else tuple(_read_contact(one) for one in contacts.items()),
        () if bots is None else tuple(_read_bot(one) for one in bots.items()),
        () if lists is None else tuple(_read_list(one) for one in lists.items()),
        None if me is None else {name: one.value for name, one in me.members().items()},
        {} if links is None else {name: one.text() for name, one in links.members().items()},
    )


def parse_contact(data: object) -> SimulatedContact:
    """Read one contact, as a seed file holds it; without an id its id is 0.

    Args:
        data: What ``json.loads`` gives.

    Raises:
        SeedError: It is no contact; the error names the place, such as ``$.bot_id``.
    """
    return _read_contact(JsonNode(data), ("bot_id", "messenger"))


def choose_seed(
    contacts: Iterable[SimulatedContact] | None,
    seed_file: str | PathLike[str] | None,
    seed_data: SeedData | None,
) -> SeedData:
    """Make one seed of a simulator's arguments.

    Raises:
        ValueError: Two of them say the same.
        OSError: The file cannot be read.
        SeedError: The file is not a seed.
    """
    if seed_file is not None and seed_data is not None:
        msg = "give seed_file or seed_data, not both"
        raise ValueError(msg)
    seed = load_seed(seed_file) if seed_file is not None else seed_data or SeedData()
    if contacts is None:
        return seed
    if seed.contacts is not None:
        msg = "give the contacts in contacts or in the seed, not in both"
        raise ValueError(msg)
    return evolve(seed, contacts=tuple(contacts))


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _names(record: type[AttrsInstance]) -> tuple[str, ...]:
    """Return the names of a record's fields."""
    return tuple(one.name for one in fields(record))


_ID_NAMES: Final = tuple(ID_NAMES.values())
_CONTACT: Final = (
    *(name for name in _names(SimulatedContact) if name != "other_ids"),
    *_ID_NAMES,
)
_TEXTS: Final = ("phone", "name", "email", "address", "telegram_username")
_NUMBERS: Final = ("bitrix_contact_id", "referrer_id")


def _read_bot(node: JsonNode) -> SimulatedBot:
    """Read a bot."""
    found = node.record(_names(SimulatedBot), ("id",))
    return SimulatedBot(found["id"].number(), found["tags"].texts() if "tags" in found else ())


def _read_contact(
    node: JsonNode, needed: Collection[str] = ("id", "bot_id", "messenger")
) -> SimulatedContact:
    """Read a contact: its id in its messenger by the API's name of it, or as external_id."""
    found = node.record(_CONTACT, needed)
    messenger = found["messenger"].text()
    texts = {name: found[name].text() for name in (*_TEXTS, *_ID_NAMES) if name in found}
    numbers = {name: found[name].number() for name in _NUMBERS if name in found}
    own = "phone" if messenger == WHATSAPP else ID_NAMES.get(messenger)
    external_id = found["external_id"].text() if "external_id" in found else texts.get(own or "")
    if external_id is None:
        raise SeedError(f"{node.place}.{own or 'external_id'}", "is needed")
    utm = found.get("utm")
    return SimulatedContact(
        found["id"].number() if "id" in found else 0,
        found["bot_id"].number(),
        messenger,
        external_id,
        phone=texts.get("phone"),
        name=texts.get("name"),
        email=texts.get("email"),
        address=texts.get("address"),
        telegram_username=texts.get("telegram_username"),
        utm=None if utm is None else {name: one.text() for name, one in utm.members().items()},
        other_ids={name: texts[name] for name in _ID_NAMES if name in texts and name != own},
        bitrix_contact_id=numbers.get("bitrix_contact_id"),
        created_at=found["created_at"].moment() if "created_at" in found else None,
        tags=found["tags"].texts() if "tags" in found else (),
        variables=tuple(_variable(one) for one in _items(found, "variables")),
        accounts=tuple(_account(one) for one in _items(found, "accounts")),
        crypto_accounts=tuple(_crypto_account(one) for one in _items(found, "crypto_accounts")),
        referrer_id=numbers.get("referrer_id"),
    )


def _items(found: Mapping[str, JsonNode], name: str) -> list[JsonNode]:
    return found[name].items() if name in found else []


def _id(found: Mapping[str, JsonNode]) -> int | None:
    return found["id"].number() if "id" in found else None


def _variable(node: JsonNode) -> SimulatedVariable:
    found = node.record(_names(SimulatedVariable), ("name", "value"))
    deletable = "deletable" in found and found["deletable"].flag()
    return SimulatedVariable(found["name"].text(), found["value"].text(), deletable, _id(found))


def _account(node: JsonNode) -> SimulatedAccount:
    found = node.record(_names(SimulatedAccount), ("currency",))
    amount = found["amount"].minor_units() if "amount" in found else 0
    return SimulatedAccount(found["currency"].text(), amount, _id(found))


def _crypto_account(node: JsonNode) -> SimulatedCryptoAccount:
    found = node.record(_names(SimulatedCryptoAccount), ("currency",))
    amount = found["amount"].decimal() if "amount" in found else SimulatedCryptoAccount("").amount
    return SimulatedCryptoAccount(found["currency"].text(), amount, _id(found))


def _read_list(node: JsonNode) -> SimulatedListSchema:
    """Read a list with its items."""
    found = node.record(_names(SimulatedListSchema), ("name", "fields"))
    return SimulatedListSchema(
        found["name"].text(),
        {slug: _field(one) for slug, one in found["fields"].members().items()},
        found["id"].text() if "id" in found else None,
        "is_menu" in found and found["is_menu"].flag(),
        found["bot_id"].number() if "bot_id" in found else None,
        tuple(_item(one) for one in _items(found, "items")),
        found["created_at"].moment() if "created_at" in found else None,
    )


def _field(node: JsonNode) -> SimulatedField:
    flags = ("is_required", "is_hidden", "is_encryptable")
    found = node.record(("name", "type", *flags), ("name", "type"))
    given = (name in found and found[name].flag() for name in flags)
    return SimulatedField(found["name"].text(), found["type"].text(), *given)


def _item(node: JsonNode) -> SimulatedItem:
    found = node.members()
    return SimulatedItem(
        {slug: one.value for slug, one in found.items() if slug not in {"id", "created_at"}},
        found["id"].text() if "id" in found else None,
        found["created_at"].moment() if "created_at" in found else None,
    )
