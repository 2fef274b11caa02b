"""What a spreadsheet does not show: it is never sent, or left out, without somebody saying so."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from ..._terminal import printable
from ..errors import BadInputError
from ..recipients.columns import DECIDING, fold

if TYPE_CHECKING:
    from ..recipients.messages import Defaults
    from ..recipients.source import Source
    from ..recipients.xlsx import Hidden

__all__ = ["settle_hidden"]


def settle_hidden(source: Source, defaults: Defaults) -> None:
    """Decide whether hidden rows and columns of a sheet are sent, and tell.

    A filter hides rows, and whoever looks at the list takes it for what it shows. Columns count
    where the message needs them.

    Args:
        source: The list.
        defaults: The templates, whose columns count.

    Raises:
        BadInputError: Something is hidden, and nobody says what becomes of it or can be asked.
    """
    found = source.hidden()
    if found is None:
        return
    place = f"{source.name}, sheet {found.sheet!r}" if found.sheet else source.name
    if found.others and found.sheet is None:
        told = ", ".join(repr(printable(name)) for name in found.others)
        click.echo(f"{place}: hidden sheets are not read: {told} (--sheet reads one).", err=True)
    what = _what(found, defaults, named=source.how.sheet is not None)
    if not what:
        return
    choice = source.how.hidden or _ask(f"{place}: hidden are {what}.")
    if choice == "skip" and found.sheet is not None and source.how.sheet is None:
        raise BadInputError(f"{place} is hidden, and no other is there to be read.")
    done = "sent all the same"
    if choice == "skip":
        source.skip_what_is_hidden()
        done = "left out"
    click.echo(f"{place}: hidden, and {done}: {what}.", err=True)


def _what(found: Hidden, defaults: Defaults, *, named: bool) -> str:
    """What is hidden and counts, in words; whoever names a hidden sheet knows of it."""
    told: list[str] = []
    if found.sheet is not None and not named:
        told.append("the sheet itself")
    if found.rows:
        count = len(found.rows)
        rows = "1 row" if count == 1 else f"{count} rows"
        told.append(f"{rows} (first row {found.rows[0]})")
    fields = {fold(name) for _, template in defaults.templates for name in template.columns}
    columns = [
        repr(printable(written))
        for written, key in found.columns
        if key in {*DECIDING, "name"} or fields & {fold(written), fold(key)}
    ]
    if columns:
        told.append(f"the columns {', '.join(columns)}")
    return ", ".join(told)


def _ask(told: str) -> str:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise BadInputError(
            f"{told} Say what becomes of them: --hidden send sends them too, --hidden skip leaves "
            "them out."
        )
    click.echo(told, err=True)
    choice: str = click.prompt(
        "Send them too, or skip them?", type=click.Choice(["send", "skip"]), err=True
    )
    return choice
