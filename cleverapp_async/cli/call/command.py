"""``cleverapp call``: any method of the API, its answer as JSON."""

from __future__ import annotations

from contextlib import suppress
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal, cast

import click
from attrs import define, field, frozen

from ..._raw_answers import raw_answers
from ...endpoints import ENDPOINTS, Endpoint, Repeat
from ...errors import CleverAppError
from ...events import AttemptStarted, Event
from .. import params
from ..errors import BadInputError, CommandError, Exit, failure
from ..print_json import print_json, print_raw
from ..shared_options import Connection, connection_options
from ..signals import run_interruptibly
from ..token import read_token
from .arguments import read_arguments, unknown_names

if TYPE_CHECKING:
    from ..._response import RawResponse

__all__ = ["call"]


@click.command(
    epilog=(
        "The token comes from CLEVERAPP_API_TOKEN or --token-file. Exit codes: 0 the server took "
        "it; 1 it was rejected, or not sent; 2 the command cannot be used; 3 the token or another "
        "setting does not work; 4 its outcome is unknown: it may have been carried out; 130 "
        "interrupted."
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
    called = _Method.find(method, None if http_method is None else http_method.upper())
    parameters = read_arguments(arguments, called.row)
    if called.row is not None:
        for told in unknown_names(parameters, called.row):
            click.echo(f"Warning: {told} It is sent all the same.", err=True)
    token = read_token(token_file)
    connection = Connection(base_url=base_url, attempt_timeout=attempt_timeout)
    started = _Started()

    async def answer() -> object:
        async with connection.client(token, started) as client:
            return await client.call(
                method, http_method=called.http_method, params=parameters, deadline=deadline
            )

    with raw_answers() as answers:
        try:
            content = run_interruptibly(answer)
        except CleverAppError as error:
            if raw and answers:
                with suppress(OSError):
                    print_raw(answers[-1])
            raise failure(error, reads=called.reads) from None
        except KeyboardInterrupt:
            told = "nothing was changed"
            if started.seen and not called.reads:
                told = f"{method} may have been carried out, its outcome is unknown"
            click.echo(f"Interrupted: {told}.", err=True)
            context.exit(Exit.INTERRUPTED)
    _show(called, content, answers[-1] if raw else None)


@frozen
class _Method:
    """The method that is called.

    Attributes:
        name: Its name in the API.
        http_method: What ``--http-method`` says.
        row: What the endpoint table knows of it; None for a method that is newer.
    """

    name: str
    http_method: Literal["GET", "POST"] | None
    row: Endpoint | None

    @classmethod
    def find(cls, name: str, http_method: str | None) -> _Method:
        """Look it up.

        Raises:
            BadInputError: Nobody knows it, and nothing says how it is called.
        """
        row = ENDPOINTS.get(name)
        if row is None and http_method is None:
            close = get_close_matches(name, ENDPOINTS, 3, 0.6)
            ask = f"Did you mean {' or '.join(close)}? " if close else ""
            raise BadInputError(
                f"{name} is no method that is known. {ask}"
                "For one that is newer than this package, give --http-method."
            )
        return cls(name, cast("Literal['GET', 'POST'] | None", http_method), row)

    @property
    def reads(self) -> bool:
        """Whether it changes nothing."""
        return self.http_method == "GET" if self.row is None else self.row.repeat is Repeat.SAFE

    def answer_lost(self, error: OSError) -> CommandError:
        """What ends the command: what changed something must not seem to have failed."""
        told = f"its answer cannot be written: {error.strerror}."
        if self.reads:
            return CommandError(f"{self.name} was read, but {told}", Exit.FAILED)
        return CommandError(
            f"{self.name} was carried out, but {told} Do not repeat it.", Exit.UNKNOWN
        )


@define
class _Started:
    """Notes whether a request may have left."""

    seen: bool = field(init=False, default=False)

    def __call__(self, event: Event) -> None:
        self.seen = self.seen or isinstance(event, AttemptStarted)


def _show(called: _Method, content: object, raw: RawResponse | None) -> None:
    """Print the answer: what it holds, or as it came."""
    try:
        if raw is not None:
            print_raw(raw)
        else:
            print_json(content)
    except BrokenPipeError:
        return  # Whoever reads has seen enough.
    except OSError as error:
        raise called.answer_lost(error) from None
