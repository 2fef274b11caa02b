"""Messages as their recipients will see them, shown before the first one leaves."""

from __future__ import annotations

from hashlib import blake2b
from heapq import nsmallest
from itertools import islice
from typing import TYPE_CHECKING

from attrs import frozen
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..._terminal import cleaned, printable
from ...models.route import Messenger
from ..recipients.addresses import with_plus
from ..recipients.messages import SHORTEST_PHONE
from ..recipients.rows import split_reference
from ..text import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.console import Console

    from .plan import Planned

__all__ = ["Choice", "show_preview"]

_USUAL = 3
_SAID = ("text", "image", "file", "name")
_MOST_CHARACTERS = 600
_MOST_LINES = 12
_LONGEST_WORD = 40
_LONGEST_ADDRESS = 120


@frozen
class Choice:
    """Which messages are shown.

    Attributes:
        sample: How many are drawn at random; None: the first three are shown.
    """

    sample: int | None = None

    def of(self, messages: Iterable[Planned]) -> list[Planned]:
        """The messages to show, in their order.

        Chance depends on nothing but the messages: of the same list the same ones are drawn, and
        they are among those of a greater sample.

        Args:
            messages: All that will be sent.
        """
        if self.sample is None:
            return list(islice(messages, _USUAL))
        drawn = nsmallest(self.sample, messages, key=_chance)
        return sorted(drawn, key=lambda planned: planned.number)

    def told(self, shown: int, total: int) -> str:
        """What is shown, as it stands above it.

        Args:
            shown: How many are shown.
            total: How many there are.
        """
        if shown == total:
            return "The message:" if total == 1 else f"All {total} messages:"
        if self.sample is None:
            return f"The first {shown} messages of {total}:"
        return (
            f"{counted(shown, 'message')} of {total}, drawn at random (of the same list always "
            "the same):"
        )


def _chance(planned: Planned) -> bytes:
    told = repr((planned.number, planned.message.parameters()))
    return blake2b(told.encode(errors="replace"), digest_size=8).digest()


def show_preview(console: Console, choice: Choice, shown: Sequence[Planned], total: int) -> None:
    """Show messages with their recipients, and where each comes from.

    Args:
        console: Where people read.
        choice: How they were chosen.
        shown: The messages.
        total: How many will be sent.
    """
    if not shown:
        return
    console.print(choice.told(len(shown), total), soft_wrap=True)
    for planned in shown:
        console.print(Padding(Text(_whereto(planned), style="bold"), (0, 0, 0, 2), expand=False))
        grid = Table.grid(padding=(0, 1))
        grid.add_column(style="dim")
        grid.add_column(overflow="fold")
        said = planned.message.parameters()
        for name in _SAID:
            if name in said:
                grid.add_row(name, _beginning(str(said[name])))
        console.print(Padding(grid, (0, 0, 0, 4), expand=False))
    console.print()


def _whereto(planned: Planned) -> str:
    """Where a message comes from, and the recipient in the words that ``--test-to`` takes."""
    place = f"message {planned.number}"
    if planned.line is not None:
        # As the outcomes will call it: a list of outcomes keeps the places of the first list.
        kept, _ = split_reference(planned.message)
        kept = kept or {"row": planned.number, "line": planned.line}
        place = f"row {kept.get('row', planned.number)}"
        place += f" (line {kept['line']})" if "line" in kept else ""
    said = planned.message.parameters()
    address = ",".join(_told(name, said) for name in said if name not in _SAID)
    if len(address) > _LONGEST_ADDRESS:
        address = f"{address[:_LONGEST_ADDRESS]}…"
    through = ""
    if "contact_id" in said:
        through = " (route unknown)" if planned.key is None else f" ({planned.key})"
    return printable(f"{place} to {address}{through}")


def _told(name: str, said: Mapping[str, object]) -> str:
    """A part of an address; a phone number with the plus that keeps it what it is."""
    value = str(said[name])
    external = name == "contact_external_id" and said.get("messenger") == Messenger.WHATSAPP
    if name == "phone" or (external and len(value) >= SHORTEST_PHONE):
        value = with_plus(value)
    return f"{name}={value}"


def _beginning(text: str) -> Text:
    """A text, or its beginning and how long all of it is."""
    whole = cleaned(text)
    kept = "\n".join(whole.split("\n")[:_MOST_LINES])
    if len(kept) > _MOST_CHARACTERS:
        kept = kept[:_MOST_CHARACTERS]
        # Rather between two words than inside of one, unless it is a very long one.
        end = max(kept.rfind(" "), kept.rfind("\n"))
        kept = kept[:end] if end >= _MOST_CHARACTERS - _LONGEST_WORD else kept
    if kept == whole:
        return Text(whole)
    return Text.assemble(
        kept.rstrip(), " …\n", (f"[the beginning of {counted(len(text), 'character')}]", "dim")
    )
