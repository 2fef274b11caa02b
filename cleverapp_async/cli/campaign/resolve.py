"""``cleverapp campaign resolve`` and ``purge``: what changes a journal asks first."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from ...bulk.journal.by_hand import check_unknown
from ...bulk.journal.records import JournalState
from ..errors import BadInputError, Exit
from .reader import find_campaign, index_of, journal_errors, open_reader

if TYPE_CHECKING:
    from ...bulk.journal.protocol import Campaign

__all__ = ["purge", "resolve"]


@click.command(
    epilog=(
        "Exit codes: 0 done; 1 not wanted, or the journal cannot be written; 2 the command or the "
        "journal cannot be used; 130 interrupted."
    )
)
@click.argument("journal", metavar="JOURNAL")
@click.option(
    "--as",
    "verdict",
    type=click.Choice(("accepted", "not-sent")),
    required=True,
    help="What they are from now on: what was not sent, the next run sends.",
)
@click.option("--all", "everything", is_flag=True, help="All unknown messages.")
@click.option(
    "--number",
    "numbers",
    type=click.IntRange(min=1),
    multiple=True,
    help="The message with this number (`row` in the lists). Repeatable.",
)
@click.option("--yes", is_flag=True, help="Do not ask; needed where nobody can be asked.")
@click.pass_context
def resolve(
    context: click.Context,
    *,
    journal: str,
    verdict: str,
    everything: bool,
    numbers: tuple[int, ...],
    yes: bool,
) -> None:
    """Say what became of messages that may have been sent.

    Nobody but you can tell: look whether the recipient has the message. What is said to be not
    sent goes out with the next run, a second time if it had arrived after all.
    """
    if not (everything or numbers):
        raise BadInputError("which messages? Give --all, or --number for each.")
    campaign = find_campaign(journal)
    there = _unknown(campaign)
    chosen = there if everything else set(map(index_of, numbers))
    with journal_errors():
        check_unknown(chosen, there)
    if not chosen:
        click.echo("No message is unknown: there is nothing to settle.", err=True)
        return
    count = len(chosen)
    them = "1 message" if count == 1 else f"{count} messages"
    means = (
        "counted as accepted, and never sent again"
        if verdict == "accepted"
        else "sent by the next run, a second time if it had arrived after all"
    )
    if not _agreed(f"{them} that may have been sent will be {means}.", yes=yes):
        context.exit(Exit.FAILED)
    with journal_errors():
        done = campaign.resolve_unknown(JournalState(verdict.replace("-", "_")), chosen)
    click.echo(f"{'1 message' if done == 1 else f'{done} messages'} settled.", err=True)


@click.command(
    epilog=(
        "Exit codes: 0 done; 1 not wanted, or the journal cannot be written; 2 the command or the "
        "journal cannot be used; 130 interrupted."
    )
)
@click.argument("journal", metavar="JOURNAL")
@click.option("--force", is_flag=True, help="Although messages are not sent yet, or unknown.")
@click.option("--yes", is_flag=True, help="Do not ask; needed where nobody can be asked.")
@click.pass_context
def purge(context: click.Context, *, journal: str, force: bool, yes: bool) -> None:
    """Erase recipients, texts and error texts for good; counts and times stay.

    The campaign cannot be resumed afterwards. Copies and backups of the journal are not touched.
    """
    campaign = find_campaign(journal)
    with open_reader(campaign) as reader:
        summary = reader.summary()
    if summary.purged:
        click.echo("Recipients and texts are erased already.", err=True)
        return
    them = "1 message" if summary.messages == 1 else f"{summary.messages} messages"
    told = f"Recipients and texts of {them} will be erased for good; it cannot be resumed then."
    if not _agreed(told, yes=yes):
        context.exit(Exit.FAILED)
    with journal_errors():
        campaign.purge(force=force)
    click.echo(f"Recipients and texts of {them} are erased.", err=True)


def _unknown(campaign: Campaign) -> set[int]:
    """The indexes of the messages that may have been sent."""
    with open_reader(campaign) as reader:
        states = [JournalState.UNKNOWN]
        if reader.holder() is None:
            states.append(JournalState.INTENT)
        if reader.summary().purged:
            raise BadInputError(
                f"{campaign.address}: recipients and texts were erased: none can be sent."
            )
        return {entry.index for entry in reader.entries(*states)}


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
