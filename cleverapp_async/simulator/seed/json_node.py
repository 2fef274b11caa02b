"""Values read from JSON, each with its place, so that an error can name it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final, cast

from attrs import frozen

from ..state.records import SeedError, aware

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
        """Give an object's members, without those that are null."""
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
        """Give an object's members, which all have to be known, and some there."""
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
        """Give an array's elements."""
        value = self.value
        if not isinstance(value, list):
            raise self.fail("an array")
        items = cast("list[object]", value)
        return [JsonNode(one, f"{self.place}[{index}]") for index, one in enumerate(items)]

    def text(self) -> str:
        """Give a string that is not empty."""
        if not isinstance(self.value, str) or not self.value:
            raise self.fail("a string")
        return self.value

    def texts(self) -> tuple[str, ...]:
        """Give an array of strings."""
        return tuple(item.text() for item in self.items())

    def integer(self) -> int:
        """Give an integer."""
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            raise self.fail("an integer")
        return self.value

    def number(self) -> int:
        """Give an integer above 0 that 64 bits hold: an id."""
        number = self.integer()
        if not 0 < number < 2**63:
            raise self.fail("an integer above 0")
        return number

    def minor_units(self) -> int:
        """Give an integer from 0 that 64 bits hold: an amount."""
        number = self.integer()
        if not 0 <= number < 2**63:
            raise self.fail("an integer from 0")
        return number

    def flag(self) -> bool:
        """Give true or false."""
        if not isinstance(self.value, bool):
            raise self.fail("true or false")
        return self.value

    def moment(self) -> datetime:
        """Give a date with its offset, as ISO 8601 spells it."""
        try:
            return aware(datetime.fromisoformat(self.text()))
        except ValueError:
            raise self.fail("an ISO 8601 date since 1970 with its offset") from None

    def decimal(self) -> Decimal:
        """Give an exact number from 0, spelled as a string."""
        try:
            amount = Decimal(self.text())
        except InvalidOperation:
            raise self.fail("a decimal number in a string") from None
        if not (amount.is_finite() and 0 <= amount <= _MOST):
            raise self.fail("a decimal number from 0")
        return amount
