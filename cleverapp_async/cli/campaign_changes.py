"""``cleverapp campaign resolve`` and ``purge``: what changes a journal asks first."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import click

if TYPE_CHECKING:
    from .campaign_settling import Verdict
    from .errors import Exit

__all__ = ["purge", "resolve"]


@click.command(
    epilog=(
        "Exit codes: 0 done; 1 not wanted, or the journal cannot be written; 2 the command or the "
        "journal cannot be used; 130 interrupted."
    )
)
@click.argument("journal", metavar="RUN.db")
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
    from .campaign_settling import run_resolve

    code: Exit = run_resolve(
        journal, cast("Verdict", verdict), None if everything else numbers, yes=yes
    )
    context.exit(code)


@click.command(
    epilog=(
        "Exit codes: 0 done; 1 not wanted, or the journal cannot be written; 2 the command or the "
        "journal cannot be used; 130 interrupted."
    )
)
@click.argument("journal", metavar="RUN.db")
@click.option("--force", is_flag=True, help="Although messages are not sent yet, or unknown.")
@click.option("--yes", is_flag=True, help="Do not ask; needed where nobody can be asked.")
@click.pass_context
def purge(context: click.Context, *, journal: str, force: bool, yes: bool) -> None:
    """Erase recipients, texts and error texts for good; counts and times stay.

    The campaign cannot be resumed afterwards. Copies and backups of the journal are not touched.
    """
    from .campaign_settling import run_purge

    code: Exit = run_purge(journal, force=force, yes=yes)
    context.exit(code)
