"""``--test-to``: one message of the list, sent to an address of one's own before all others."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from ..errors import BadInputError
from ..params import Parsed
from ..recipients.columns import known_column
from ..recipients.messages import Defaults, read_message
from ..text import shortened

if TYPE_CHECKING:
    from ...limits.quota import LimitKey
    from ...models.messages import Message
    from ..recipients.rows import Row

__all__ = ["TEST_ADDRESS", "TestMessage", "read_address"]

_ADDRESS = ("contact_id", "bot_id", "messenger", "contact_external_id", "phone", "name")
_CONTENT = ("text", "image", "file")
_EXAMPLES = (
    "write contact_id=5, phone=79991234567, or bot_id=7,messenger=telegram,contact_external_id=42"
)
# A comma inside of a value is none that separates: no name and no = follow it.
_COMMA = re.compile(r",(?=[^,=]+=)")


@frozen
class TestMessage:
    """Which message is sent as a test, and to whom.

    Attributes:
        address: The recipient, as the cells of a row of the list would say it.
        row: The row of the list whose message it is, from 1; None: the first that has one.
    """

    address: tuple[tuple[str, str], ...]
    row: int | None = None

    def readdressed(
        self,
        row: Row,
        message: Message,
        key: LimitKey | None,
        defaults: Defaults,
        remark: Callable[[str], object],
    ) -> Message:
        """What a row says, to the address of the test, read as a row of that address would be.

        Where the address names no bot or messenger, those of the row's own recipient are meant.

        Args:
            row: The row.
            message: Its message to its own recipient.
            key: What limits that; None: nothing tells.
            defaults: What holds for the rows of the list.
            remark: Told what is no fault, and yet somebody should know it.

        Raises:
            BadInputError: Nobody has such an address, or this message cannot go there.
        """
        cells = dict(self.address)
        by_phone = "phone" in cells and "contact_external_id" not in cells
        said = message.parameters()
        cells |= {name: str(said[name]) for name in _CONTENT if name in said}
        own = Defaults(phone_region=defaults.phone_region)
        if "contact_id" not in cells:
            bot_id = defaults.bot_id if key is None else key.bot_id
            messenger = defaults.messenger if key is None else key.messenger
            own = evolve(own, bot_id=bot_id, messenger=None if by_phone else messenger)
        found = read_message(evolve(row, cells=cells, misfits={}), own, remark)
        if isinstance(found, tuple):
            told = (f"--test-to, {one.column}: {one.text}. {one.remedy}." for one in found)
            raise BadInputError("\n".join(told))
        # What is a parameter now is told of the message as it is sent, not of the row.
        sent = found.parameters()
        kept = {name: told for name, told in message.reference.items() if name not in sent}
        return evolve(found, reference=kept)

    def not_found(self, numbers: tuple[int, int], *, there: bool) -> BadInputError:
        """The error for a list that has no message for the test.

        Args:
            numbers: The lowest and the highest number of a row.
            there: Whether a row has the test's.
        """
        if self.row is None:
            return BadInputError("--test-to: the list has no row that could be sent.")
        told = f"row {self.row} is faulty, or left out by another option"
        if not there:
            told = f"the list has no row {self.row}: its rows are {numbers[0]} to {numbers[1]}"
        return BadInputError(f"--row: {told}. Give the number of another row.")


def read_address(text: str) -> tuple[tuple[str, str], ...]:
    """Read ``bot_id=7,messenger=telegram,contact_external_id=42``.

    Raises:
        ValueError: It names no recipient in this form; the message says so.
    """
    found: dict[str, str] = {}
    for part in _COMMA.split(text):
        written, equals, value = (piece.strip() for piece in part.partition("="))
        name = known_column(written)
        if not equals or not value or name not in _ADDRESS:
            raise ValueError(f"{shortened(part.strip())!r} is no part of an address: {_EXAMPLES}")
        if name in found:
            raise ValueError(f"{name} is given twice: {_EXAMPLES}")
        found[name] = value
    return tuple(found.items())


TEST_ADDRESS = Parsed("address", read_address)
"""A recipient in the API's words."""
