"""``cleverapp send``: a file of recipients, each checked before the first is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

import click

from .. import params
from ..errors import MEANINGS, BadInputError
from ..recipients.addresses import DEFAULT_REGION
from ..send_settings import ALL_SETTINGS, SendSettings, settings_options
from ..shared_options import (
    bot_id_option,
    delimiter_option,
    file_names,
    given_by_hand,
    output_option,
    quiet_option,
    yes_option,
)
from .partial import FIRST, TEST_ADDRESS, First, TestMessage

if TYPE_CHECKING:
    from ..recipients.source import InputFormat
    from ..recipients.template import Template

__all__ = ["send"]

_MOST_SHOWN = 1000
_RESENDABLE = ("not_sent", "pending", "rejected", "unknown")
_EXITS = "\n".join(f"  {code.value:<3}  {meaning}" for code, meaning in MEANINGS.items())


@click.command(epilog=f"\b\nExit codes:\n{_EXITS}")
@click.argument("file", required=False, shell_complete=file_names)
@click.option(
    "--text",
    type=params.TEMPLATE,
    metavar="TEMPLATE",
    help="Text for rows without one of their own; {column} takes a cell, {{ and }} are braces.",
)
@click.option(
    "--text-file",
    type=params.TEMPLATE_FILE,
    shell_complete=file_names,
    metavar="FILE",
    help="File that holds this text, in place of --text.",
)
@click.option(
    "--image",
    type=params.TEMPLATE,
    metavar="TEMPLATE",
    help="Link to a picture, for rows without one of their own.",
)
@click.option(
    "--file",
    "file_link",
    type=params.TEMPLATE,
    metavar="TEMPLATE",
    help="Link to a file, for rows without one of their own.",
)
@bot_id_option
@click.option(
    "--messenger",
    type=params.MESSENGER,
    metavar="NAME",
    help="Messenger for rows that have neither a contact_id nor a messenger.",
)
@click.option(
    "--input-format",
    type=click.Choice(["csv", "jsonl", "xlsx", "parquet"]),
    show_default="by the suffix or the first bytes",
    help="Format of FILE.",
)
@click.option(
    "--sheet",
    metavar="NAME",
    show_default="the first that is shown",
    help="Sheet of an XLSX file to read.",
)
@click.option(
    "--hidden",
    type=click.Choice(["send", "skip"]),
    help="What to do with hidden rows and columns of an XLSX file; by default you are asked.",
)
@click.option(
    "--columns",
    type=params.COLUMN,
    multiple=True,
    metavar="NAME=COLUMN",
    help="What a column of FILE means: phone=Телефон says that Телефон is phone. Repeatable.",
)
@click.option(
    "--header-row",
    type=params.whole(1),
    metavar="N",
    help="Line of FILE that holds the names of the columns; by default the first.",
)
@click.option(
    "--encoding",
    type=params.ENCODING,
    metavar="NAME",
    help="Encoding of a text file, such as cp1251; by default it is recognized.",
)
@click.option(
    "--phone-region",
    type=params.REGION,
    show_default=DEFAULT_REGION,
    metavar="COUNTRY",
    help="Country of phone numbers in FILE that have no country code.",
)
@click.option(
    "--only",
    type=click.Choice(_RESENDABLE),
    multiple=True,
    help="Send only rows with this outcome; FILE holds the outcomes of a send. Repeatable.",
)
@click.option(
    "--skip-bad-rows",
    is_flag=True,
    help="Leave faulty rows out and send the others; the exit code is then 1.",
)
@click.option(
    "--faults",
    shell_complete=file_names,
    metavar="FILE",
    help="CSV file to write with all faults of rows; it must not exist yet.",
)
@delimiter_option("as in FILE, or else a comma")
@click.option(
    "--drop-duplicates", is_flag=True, help="Leave out rows that repeat recipient and message."
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Check everything that a send would check, show, count and forecast; send nothing.",
)
@click.option(
    "--sample",
    type=params.whole(1, _MOST_SHOWN),
    metavar="N",
    help="Show N messages drawn at random before anything is sent, not the first three.",
)
@click.option(
    "--first",
    type=FIRST,
    metavar="N|N%",
    help="Send only the first N messages of the list now, such as 100 or 5%.",
)
@click.option(
    "--test-to",
    type=TEST_ADDRESS,
    metavar="ADDRESS",
    help="Send one message of the list to this address and none to the list: contact_id=5; "
    "phone=79991234567; or bot_id=7,messenger=telegram,contact_external_id=42.",
)
@click.option(
    "--row",
    type=params.whole(1),
    metavar="N",
    show_default="the first",
    help="With --test-to: the row of FILE whose message it is, as `row` in the outcomes counts.",
)
@yes_option
@output_option(default="standard output; on a terminal a new file; with --journal nowhere")
@click.option(
    "--journal",
    shell_complete=file_names,
    metavar="RUN.db",
    help="File that keeps the campaign: it is begun there, or continued after a stop or a crash.",
)
@click.option(
    "--resend-unknown",
    is_flag=True,
    help="Send messages of unknown outcome again; some may arrive twice.",
)
@click.option(
    "--retry-rejected",
    is_flag=True,
    help="Send messages again that an earlier run saw rejected for good.",
)
@click.option(
    "--allow-duplicates",
    is_flag=True,
    help="With --journal: send each recipient all of its messages, not only the first.",
)
@settings_options(*ALL_SETTINGS)
@quiet_option
@click.option("-v", "--verbose", is_flag=True, help="Log each attempt to standard error.")
@click.pass_context
def send(
    context: click.Context,
    *,
    file: str | None,
    text: Template | None,
    text_file: Template | None,
    image: Template | None,
    file_link: Template | None,
    bot_id: int | None,
    messenger: str | None,
    input_format: str | None,
    sheet: str | None,
    hidden: Literal["send", "skip"] | None,
    columns: tuple[tuple[str, str], ...],
    header_row: int | None,
    encoding: str | None,
    phone_region: str | None,
    only: tuple[str, ...],
    skip_bad_rows: bool,
    faults: str | None,
    delimiter: str | None,
    drop_duplicates: bool,
    dry_run: bool,
    sample: int | None,
    first: First | None,
    test_to: tuple[tuple[str, str], ...] | None,
    row: int | None,
    yes: bool,
    output: str | None,
    journal: str | None,
    resend_unknown: bool,
    retry_rejected: bool,
    allow_duplicates: bool,
    settings: SendSettings,
    quiet: bool,
    verbose: bool,
) -> None:
    """Send a message to each recipient in a file.

    FILE (- for standard input) is CSV with a header (comma, semicolon, tab or |), JSON lines or,
    with the packages of the extra `files`, XLSX or Parquet. Columns have the names of the API's
    parameters, in any spelling: contact_id; or bot_id, messenger and contact_external_id; or bot_id
    and phone for WhatsApp; text, image, file, name. All other columns can be used in templates.
    --bot-id, like --messenger, holds for rows that have neither contact_id nor their own. The text
    of a row is sent unchanged.

    Every row is checked before the first message leaves. On a terminal the first messages are then
    shown, and it is asked whether to go on, unless --yes is given. The outcomes are JSON lines, in
    the file of --output or on standard output (-); where that is a terminal, in a new file in this
    folder. Ctrl-C, SIGTERM or a closed terminal lets the requests on the wire end and lists the
    rest as not_sent: `cleverapp send OUTCOMES.jsonl --only not_sent` sends it.

    --test-to sends one message to an address of your own, and --first 5% the beginning of the list:
    with --journal a later run without FILE goes on with the rest, without it the rest is listed as
    not_sent.

    With --journal a campaign survives interrupts, crashes and kill -9: the same command, or one
    without FILE, goes on with it, and `cleverapp campaign` shows how it stands. Each recipient
    gets only the first of its messages. The exit code is then that of the whole campaign.
    """
    from ..atomic_file import read_delimiter
    from ..recipients.messages import Defaults
    from ..recipients.source import ReadingOptions
    from .options import CampaignOptions, RecipientOptions, SendOptions
    from .outcomes import default_output
    from .preview import Choice
    from .run import run_send

    chosen = output is None and journal is None
    if chosen:
        # A test is one line, which needs no file.
        output = default_output() if test_to is None else "-"
    if text is not None and text_file is not None:
        raise BadInputError("--text and --text-file are both given: leave one out.")
    if row is not None and test_to is None:
        raise BadInputError("--row says whose message a test is: give --test-to ADDRESS, too.")
    if file is None and given_by_hand(context, ["phone_region"]) is not None:
        raise BadInputError(
            "--phone-region needs FILE: without it the messages come from the journal, unchanged."
        )
    given = SendOptions(
        recipients=RecipientOptions(
            path=file,
            format=cast("InputFormat | None", input_format),
            reading=ReadingOptions(
                sheet=sheet,
                encoding=encoding,
                header_row=header_row,
                columns=columns,
                hidden=hidden,
            ),
            defaults=Defaults(
                bot_id=bot_id,
                messenger=messenger,
                text=text or text_file,
                image=image,
                file=file_link,
                phone_region=phone_region,
            ),
            only=frozenset(only),
            skip_bad_rows=skip_bad_rows,
            faults=faults,
            delimiter=None if delimiter is None else read_delimiter(delimiter, "csv"),
            drop_duplicates=drop_duplicates,
            test=None if test_to is None else TestMessage(test_to, row),
        ),
        campaign=CampaignOptions(
            journal=journal,
            resend_unknown=resend_unknown,
            retry_rejected=retry_rejected,
            allow_duplicates=allow_duplicates,
        ),
        settings=settings,
        first=first,
        shown=Choice(sample),
        dry_run=dry_run,
        yes=yes,
        output=output,
        quiet=quiet,
        verbose=verbose,
        chosen=chosen and output != "-",
    )
    for doubt in () if text is None else text.doubts():
        click.echo(f"Warning: --text {doubt}", err=True)
    context.exit(run_send(given))
