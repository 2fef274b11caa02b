"""What ``cleverapp campaign resolve`` and ``purge`` do, once somebody agrees."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal, TypeAlias

import click

from ..bulk.journal.records import JournalState
from ..errors import JournalError
from .campaign_reading import journal_failure, open_reader
from .exits import BadInputError, Exit

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Verdict", "run_purge", "run_resolve"]

Verdict: TypeAlias = Literal["accepted", "not-sent"]

_NAMED = 10
_STATES: dict[Verdict, JournalState] = {
    "accepted": JournalState.ACCEPTED,
    "not-sent": JournalState.NOT_SENT,
}


def run_resolve(
    journal: str, verdict: Verdict, numbers: Sequence[int] | None, *, yes: bool
) -> Exit:
    """Carry out ``cleverapp campaign resolve``.

    Args:
        journal: The journal's path.
        verdict: What the messages are from now on.
        numbers: Which ones, from 1; None: all unknown ones.
        yes: Whether to do it without asking.

    Raises:
        CommandError: It cannot be done; the message says why.
    """
    from ..bulk.journal.sqlite.maintenance import resolve_unknown

    if numbers is not None and not numbers:
        raise BadInputError("which messages? Give --all, or --number for each.")
    there = _unknown(journal)
    chosen = there if numbers is None else {number - 1 for number in numbers}
    if others := sorted(chosen - there):
        named = ", ".join(str(index + 1) for index in others[:_NAMED])
        more = ", …" if others[_NAMED:] else ""
        raise BadInputError(f"not unknown, so there is nothing to settle: {named}{more}.")
    if not chosen:
        click.echo("No message is unknown: there is nothing to settle.", err=True)
        return Exit.OK
    count = len(chosen)
    them = "1 message" if count == 1 else f"{count} messages"
    means = (
        "counted as accepted, and never sent again"
        if verdict == "accepted"
        else "sent by the next run, a second time if it had arrived after all"
    )
    if not _agreed(f"{them} that may have been sent will be {means}.", yes=yes):
        return Exit.FAILED
    try:
        done = resolve_unknown(journal, _STATES[verdict], chosen)
    except JournalError as error:
        raise journal_failure(error) from None
    click.echo(f"{'1 message' if done == 1 else f'{done} messages'} settled.", err=True)
    return Exit.OK


def _unknown(journal: str) -> set[int]:
    """The places of the messages that may have been sent."""
    with open_reader(journal) as reader:
        states = [JournalState.UNKNOWN]
        if reader.holder() is None:
            states.append(JournalState.INTENT)
        if reader.summary().purged:
            raise BadInputError(f"{journal}: recipients and texts were erased: none can be sent.")
        return {entry.index for entry in reader.entries(*states)}


def run_purge(journal: str, *, force: bool, yes: bool) -> Exit:
    """Carry out ``cleverapp campaign purge``.

    Args:
        journal: The journal's path.
        force: Whether to do it although messages are unfinished.
        yes: Whether to do it without asking.

    Raises:
        CommandError: It cannot be done; the message says why.
    """
    from ..bulk.journal.sqlite.maintenance import purge_journal

    with open_reader(journal) as reader:
        summary = reader.summary()
    if summary.purged:
        click.echo("Recipients and texts are erased already.", err=True)
        return Exit.OK
    them = "1 message" if summary.messages == 1 else f"{summary.messages} messages"
    told = f"Recipients and texts of {them} will be erased for good; it cannot be resumed then."
    if not _agreed(told, yes=yes):
        return Exit.FAILED
    try:
        purge_journal(journal, force=force)
    except JournalError as error:
        raise journal_failure(error) from None
    click.echo(f"Recipients and texts of {them} are erased.", err=True)
    return Exit.OK


def _agreed(told: str, *, yes: bool) -> bool:
    """Whether somebody wants it.

    Raises:
        BadInputError: Nobody can be asked.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise BadInputError(f"{told} Nobody can be asked here: give --yes if that is wanted.")
    click.echo(told, err=True)
    return click.confirm("Go on?", err=True)
