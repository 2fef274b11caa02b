"""``cleverapp call``: any method of the API, its answer as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from . import params
from .shared_options import Connection, connection_options

if TYPE_CHECKING:
    from .errors import Exit

__all__ = ["call"]


@click.command(
    epilog=(
        "The token comes from CLEVERAPP_API_TOKEN or --token-file. Exit codes: 0 the server took "
        "it; 1 it was rejected, or not sent; 2 the command cannot be used; 3 the token or another "
        "setting does not work; 4 it may have been carried out, nobody can tell; 130 interrupted."
    )
)
@click.argument("method")
@click.argument("arguments", nargs=-1, metavar="[KEY=VALUE]...")
@click.option(
    "--http-method",
    type=click.Choice(["GET", "POST"], case_sensitive=False),
    help="For a method that the endpoint table does not know.",
)
@click.option(
    "--raw", is_flag=True, help="Print status, headers and body of the answer as they came."
)
@click.option(
    "--deadline",
    type=params.DURATION,
    help="For everything: waiting for limits, and all attempts.",
)
@connection_options
@click.pass_context
def call(
    context: click.Context,
    *,
    method: str,
    arguments: tuple[str, ...],
    http_method: str | None,
    raw: bool,
    deadline: float | None,
    token_file: str | None,
    base_url: str | None,
    attempt_timeout: float,
) -> None:
    """Call one METHOD of the API, such as getContactTags contact_id=5.

    Values are of the type that the method's page says, or else strings. key:=JSON gives the JSON
    itself, key[inner]=value and key[]=value build objects and lists. What data holds in the
    answer is printed as JSON.

    Nothing is asked before a method that changes something. It goes through the same limits,
    retries and errors as everything else: what may have been carried out is never repeated
    unless repeating does no harm.
    """
    from .calling import Calling, run_call

    calling = Calling(
        method=method,
        arguments=arguments,
        http_method=None if http_method is None else http_method.upper(),
        raw=raw,
        deadline=deadline,
        token_file=token_file,
        connection=Connection(base_url=base_url, attempt_timeout=attempt_timeout),
    )
    code: Exit = run_call(calling)
    context.exit(code)
