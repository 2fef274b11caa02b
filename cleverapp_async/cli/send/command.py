"""``cleverapp send``: a file of recipients, each checked before the first is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

import click

from .. import params
from ..errors import MEANINGS, BadInputError
from ..recipients.numbers import DEFAULT_REGION
from ..shared_options import GivenHours, limit_options, schedule_options

if TYPE_CHECKING:
    from datetime import datetime, time

    from ...limits.quota import Quota
    from ..params import LimitOverride
    from ..recipients.source import InputFormat
    from ..recipients.template import Template

__all__ = ["send"]

_RESENDABLE = ("not_sent", "pending", "rejected", "unknown")
_EXITS = "; ".join(f"{code.value} {meaning}" for code, meaning in MEANINGS.items())


@click.command(
    epilog=(f"The token comes from CLEVERAPP_API_TOKEN or --token-file. Exit codes: {_EXITS}.")
)
@click.argument("file", required=False)
@click.option(
    "--text",
    type=params.TEMPLATE,
    metavar="TEMPLATE",
    help="Text for rows without their own; {column} takes a cell, {{ and }} are braces.",
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
    help="Link to a picture, for rows without their own.",
)
@click.option(
    "--file",
    "file_link",
    type=params.TEMPLATE,
    metavar="TEMPLATE",
    help="Link to a file, for rows without their own.",
)
@click.option(
    "--bot-id",
    type=click.IntRange(min=1),
    help="Bot for rows without contact_id and without their own.",
)
@click.option(
    "--messenger",
    type=params.MESSENGER,
    metavar="NAME",
    help="Messenger for rows without contact_id and without their own.",
)
@click.option(
    "--format",
    "given_format",
    type=click.Choice(["csv", "jsonl", "xlsx", "parquet"]),
    help="How FILE is written; by default its suffix or first bytes tell.",
)
@click.option("--sheet", metavar="NAME", help="Sheet of an XLSX file; by default the first.")
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
    type=click.IntRange(min=1),
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
    help="FILE holds the outcomes of an earlier send: send those again. Repeatable.",
)
@click.option(
    "--skip-bad-rows",
    is_flag=True,
    help="Send the good rows although others are faulty; the exit code is then 1.",
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
@click.option(
    "--output",
    show_default="standard output; with --journal nowhere",
    metavar="FILE",
    help="New file for the outcomes, one JSON object per line; - is standard output.",
)
@click.option(
    "--journal",
    metavar="RUN.db",
    help="Keep the campaign in this file: begin it, or go on with it. It survives kill -9.",
)
@click.option(
    "--resend-unknown",
    is_flag=True,
    help="Send again what an earlier run may have sent: some get it twice.",
)
@click.option(
    "--retry-rejected",
    is_flag=True,
    help="Send again what was refused for good in an earlier run.",
)
@click.option(
    "--allow-duplicates",
    is_flag=True,
    help="With --journal: send a recipient all of its messages, not the first alone.",
)
@click.option("--token-file", metavar="FILE", help="File that holds the token and nothing else.")
@click.option(
    "--base-url",
    envvar="CLEVERAPP_BASE_URL",
    show_envvar=True,
    metavar="URL",
    help="Where the API lives, for a sibling brand or the simulator.",
)
@click.option(
    "--concurrency",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="Requests on the wire at once.",
)
@click.option(
    "--attempt-timeout",
    type=params.DURATION,
    default="60s",
    show_default=True,
    metavar="DURATION",
    help="For one attempt, from its start to the whole answer.",
)
@click.option(
    "--drain-timeout",
    type=params.DURATION,
    default="30s",
    show_default=True,
    metavar="DURATION",
    help="After Ctrl-C or SIGTERM, for what is on the wire to end; then it is aborted.",
)
@schedule_options
@limit_options
@click.option("-q", "--quiet", is_flag=True, help="Show warnings and errors only.")
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
    given_format: str | None,
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
    concurrency: int,
    attempt_timeout: float,
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
    with the extra `files`, XLSX or Parquet. Columns are called as the API's parameters, in any
    spelling: contact_id; or bot_id, messenger and contact_external_id; or bot_id and phone for
    WhatsApp; text, image, file, name. Others feed the templates. A row's own value goes before
    an option's, and a row's own text is sent as it stands.

    Every row is checked before the first is sent. Ctrl-C ends in order what is on its way, and
    lists the rest as not_sent: `cleverapp send OUTCOMES.jsonl --only not_sent` sends it.

    With --journal a campaign survives interrupts, crashes and kill -9: the same command, or one
    without FILE, goes on with it, and `cleverapp campaign` looks into it. Each recipient gets the
    first of its messages alone. The exit code then tells how the whole campaign stands.
    """
    from ..recipients.messages import Defaults
    from ..recipients.source import ReadingOptions
    from ..shared_options import LimitSettings
    from .options import CampaignOptions, ClientOptions, RecipientOptions, SendOptions
    from .run import run_send

    if text is not None and text_file is not None:
        raise BadInputError("--text and --text-file are both given: leave one out.")
    given = SendOptions(
        recipients=RecipientOptions(
            path=file,
            format=cast("InputFormat | None", given_format),
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
        sender=ClientOptions(
            token_file=token_file,
            base_url=base_url,
            concurrency=concurrency,
            attempt_timeout=attempt_timeout,
            limits=LimitSettings(overrides=limits, account=account_limit, scale=scale),
        ),
        hours=GivenHours(not_before=not_before, not_after=not_after, timezone=timezone, at=at),
        drain_timeout=drain_timeout,
        dry_run=dry_run,
        output="-" if output is None and journal is None else output,
        quiet=quiet,
        verbose=verbose,
    )
    for doubt in () if text is None else text.doubts():
        click.echo(f"Warning: --text {doubt}", err=True)
    context.exit(run_send(given))
