"""``cleverapp campaign resolve`` and ``purge``: what changes a journal asks first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ...bulk.journal.records import JournalState
from ...bulk.journal.rules import check_unknown
from ..console import ask_to_go_on, can_ask
from ..errors import BadInputError, Exit, exit_codes
from ..params import whole
from ..shared_options import journal_argument, yes_option
from ..text import counted
from .state import find_campaign, index_of, journal_errors, look, open_reader

if TYPE_CHECKING:
    from ...bulk.journal.protocol import Campaign

__all__ = ["purge", "resolve"]

_EXITS = exit_codes(
    "it is done",
    failed="the answer was no, or the journal cannot be written",
    usage="the command or the journal cannot be used",
)


@click.command(epilog=_EXITS)
@journal_argument
@click.option(
    "--as",
    "verdict",
    type=click.Choice(("accepted", "not-sent")),
    required=True,
    help="Their outcome from now on; the next run sends those that are not-sent.",
)
@click.option("--all", "everything", is_flag=True, help="Resolve all messages of unknown outcome.")
@click.option(
    "--number",
    "numbers",
    type=whole(1),
    multiple=True,
    metavar="N",
    help="Resolve the message with this `number` in the lists. Repeatable.",
)
@yes_option
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
    """Record the outcome of messages whose outcome is unknown.

    Only you can find out: look whether the recipient has the message. A message recorded as
    not-sent goes out with the next run, a second time if it had arrived after all. Where nobody can
    be asked whether to go on, --yes is needed.
    """
    if not (everything or numbers):
        raise BadInputError("no message is chosen. Give --all, or --number for each message.")
    if everything and numbers:
        raise BadInputError("--all and --number are both given. Leave one out.")
    campaign = find_campaign(journal)
    there, total = _unknown(campaign)
    if missing := [number for number in numbers if number > total]:
        raise BadInputError(
            f"--number {missing[0]}: there is no such message: the campaign has "
            f"{counted(total, 'message')}, counted from 1."
        )
    chosen = there if everything else set(map(index_of, numbers))
    with journal_errors():
        check_unknown(chosen, there)
    if not chosen:
        click.echo("No outcome is unknown: there is nothing to resolve.", err=True)
        return
    them = counted(len(chosen), "message")
    means = (
        "counted as accepted, and never sent again"
        if verdict == "accepted"
        else "sent by the next run, a second time if it had arrived after all"
    )
    if not _agreed(f"{them} of unknown outcome will be {means}.", yes=yes):
        context.exit(Exit.FAILED)
    with journal_errors():
        done = campaign.resolve_unknown(JournalState(verdict.replace("-", "_")), chosen)
    click.echo(f"{counted(done, 'message')} resolved.", err=True)


@click.command(epilog=_EXITS)
@journal_argument
@click.option(
    "--even-if-unfinished",
    is_flag=True,
    help="Erase although messages are not sent yet, or their outcome is unknown.",
)
@yes_option
@click.pass_context
def purge(context: click.Context, *, journal: str, even_if_unfinished: bool, yes: bool) -> None:
    """Erase recipients, texts and other columns for good.

    Error texts go, too; counts and times stay. The campaign cannot be resumed afterwards. Copies
    and backups of the journal are not changed. Where nobody can be asked whether to go on, --yes is
    needed.
    """
    campaign = find_campaign(journal)
    with open_reader(campaign) as reader:
        state = look(reader)
        summary = state.summary
    if summary.purged:
        click.echo("Recipients and texts have already been erased.", err=True)
        return
    unknown = state.counts[JournalState.UNKNOWN]
    if not even_if_unfinished and state.holder is None and (state.to_send or unknown):
        raise BadInputError(
            f"the campaign in {journal} is not finished: {counted(state.to_send, 'message')} left, "
            f"{counted(unknown, 'unknown outcome')}. Resume it and resolve them, or give "
            "--even-if-unfinished."
        )
    them = counted(summary.messages, "message")
    told = (
        f"Recipients and texts of {them} will be erased for good. The campaign cannot be resumed "
        "afterwards."
    )
    if not _agreed(told, yes=yes):
        context.exit(Exit.FAILED)
    with journal_errors():
        campaign.purge(force=even_if_unfinished)
    click.echo(f"Recipients and texts of {them} were erased.", err=True)


def _unknown(campaign: Campaign) -> tuple[set[int], int]:
    """The indexes of the messages that may have been sent, and how many messages there are."""
    with open_reader(campaign) as reader:
        states = [JournalState.UNKNOWN]
        if reader.holder() is None:
            states.append(JournalState.INTENT)
        summary = reader.summary()
        if summary.purged:
            raise BadInputError(
                f"{campaign.address}: its recipients and texts were erased: none can be sent."
            )
        return {entry.index for entry in reader.entries(*states)}, summary.messages


def _agreed(told: str, *, yes: bool) -> bool:
    """Ask for confirmation, and return the answer.

    Raises:
        BadInputError: Nobody can be asked.
    """
    if yes:
        return True
    if not can_ask():
        raise BadInputError(f"{told} Nobody can be asked here: give --yes if you want that.")
    click.echo(told, err=True)
    return ask_to_go_on()
