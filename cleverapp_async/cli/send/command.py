"""``cleverapp send``: a file of recipients, each checked before the first is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

import click

from .. import params
from ..errors import MEANINGS, BadInputError
from ..recipients.addresses import DEFAULT_REGION
from ..send_settings import (
    GivenHours,
    LimitSettings,
    SendSettings,
    limit_options,
    pace_options,
    schedule_options,
)
from ..shared_options import bot_id_option, connection_options, output_option, quiet_option

if TYPE_CHECKING:
    from datetime import datetime, time

    from ...limits.quota import Quota
    from ..kept_limits import KeptLimits
    from ..params import LimitOverride
    from ..recipients.source import InputFormat
    from ..recipients.template import Template

__all__ = ["send"]

_RESENDABLE = ("not_sent", "pending", "rejected", "unknown")
_EXITS = "; ".join(f"{code.value} {meaning}" for code, meaning in MEANINGS.items())


@click.command(epilog=f"Exit codes: {_EXITS}.")
@click.argument("file", required=False)
@click.option(
    "--text",
    type=params.TEMPLATE,
    metavar="TEMPLATE",
    help="Text of rows without their own; {column} takes a cell, {{ and }} are braces.",
)
@click.option(
    "--text-file",
    type=params.TEMPLATE_FILE,
    metavar="FILE",
    help="File that holds this text, line breaks and all.",
)
@click.option(
    "--image",
    type=params.TEMPLATE,
    metavar="TEMPLATE",
    help="Link to the picture of rows without their own.",
)
@click.option(
    "--file",
    "file_link",
    type=params.TEMPLATE,
    metavar="TEMPLATE",
    help="Link to the file of rows without their own.",
)
@bot_id_option
@click.option(
    "--messenger",
    type=params.MESSENGER,
    metavar="NAME",
    help="Messenger of rows that have neither contact_id nor their own.",
)
@click.option(
    "--input-format",
    type=click.Choice(["csv", "jsonl", "xlsx", "parquet"]),
    show_default="by the suffix or the first bytes",
    help="Form of FILE.",
)
@click.option(
    "--sheet", metavar="NAME", show_default="the first", help="Sheet of an XLSX file to read."
)
@click.option(
    "--hidden",
    type=click.Choice(["send", "skip"]),
    help="What becomes of rows and columns that an XLSX file hides; by default it is asked.",
)
@click.option(
    "--columns",
    type=params.COLUMN,
    multiple=True,
    metavar="NAME=COLUMN",
    help="What a column of FILE is, such as phone=Телефон. Repeatable.",
)
@click.option(
    "--header-row",
    type=params.whole(1),
    metavar="N",
    help="Line of FILE in which the names of the columns stand; by default the first.",
)
@click.option(
    "--encoding",
    type=params.ENCODING,
    metavar="NAME",
    help="Encoding of a text file, such as cp1251; by default it is found out and told.",
)
@click.option(
    "--phone-region",
    type=params.REGION,
    default=DEFAULT_REGION,
    show_default=True,
    metavar="COUNTRY",
    help="Country of phone numbers in FILE that have no country code.",
)
@click.option(
    "--only",
    type=click.Choice(_RESENDABLE),
    multiple=True,
    help="Send again what ended like this; FILE holds the outcomes of an earlier send. Repeatable.",
)
@click.option(
    "--skip-bad-rows",
    is_flag=True,
    help="Leave faulty rows out and send the others; the exit code is then 1.",
)
@click.option(
    "--faults",
    metavar="FILE",
    help="New CSV file for all faults of rows: line, field, fault, value.",
)
@click.option(
    "--drop-duplicates", is_flag=True, help="Leave out rows that repeat recipient and message."
)
@click.option("--dry-run", is_flag=True, help="Check, count and forecast; send nothing.")
@output_option(default="standard output; with --journal nowhere")
@click.option(
    "--journal",
    metavar="RUN.db",
    help="Keep the campaign in this file: begin it, or go on with it, after kill -9 too.",
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
@connection_options
@pace_options
@schedule_options
@limit_options
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
    phone_region: str,
    only: tuple[str, ...],
    skip_bad_rows: bool,
    faults: str | None,
    drop_duplicates: bool,
    dry_run: bool,
    output: str | None,
    journal: str | None,
    resend_unknown: bool,
    retry_rejected: bool,
    allow_duplicates: bool,
    token_file: str | None,
    base_url: str | None,
    attempt_timeout: float,
    kept_limits: KeptLimits,
    concurrency: int,
    max_in_flight: int,
    drain_timeout: float,
    not_before: time | None,
    not_after: time | None,
    timezone: str | None,
    at: datetime | None,
    limits: tuple[LimitOverride, ...],
    account_limit: tuple[Quota, ...] | None,
    scale: float,
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

    Every row is checked before the first message leaves. The outcomes are JSON lines, in the file
    of --output or on standard output (-). Ctrl-C lets the requests on the wire end and lists the
    rest as not_sent: `cleverapp send OUTCOMES.jsonl --only not_sent` sends it.

    With --journal a campaign survives interrupts, crashes and kill -9: the same command, or one
    without FILE, goes on with it, and `cleverapp campaign` shows how it stands. Each recipient
    gets only the first of its messages. The exit code is then that of the whole campaign.
    """
    from ..recipients.messages import Defaults
    from ..recipients.source import ReadingOptions
    from .run import CampaignOptions, RecipientOptions, SendOptions, run_send

    if text is not None and text_file is not None:
        raise BadInputError("--text and --text-file are both given: leave one out.")
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
            drop_duplicates=drop_duplicates,
        ),
        campaign=CampaignOptions(
            journal=journal,
            resend_unknown=resend_unknown,
            retry_rejected=retry_rejected,
            allow_duplicates=allow_duplicates,
        ),
        settings=SendSettings(
            base_url=base_url,
            token_file=token_file,
            concurrency=concurrency,
            max_in_flight=max_in_flight,
            attempt_timeout=attempt_timeout,
            drain_timeout=drain_timeout,
            limits=LimitSettings(overrides=limits, account=account_limit, scale=scale),
            kept_limits=kept_limits,
            hours=GivenHours(not_before=not_before, not_after=not_after, timezone=timezone, at=at),
        ),
        dry_run=dry_run,
        output="-" if output is None and journal is None else output,
        quiet=quiet,
        verbose=verbose,
    )
    for doubt in () if text is None else text.doubts():
        click.echo(f"Warning: --text {doubt}", err=True)
    context.exit(run_send(given))
