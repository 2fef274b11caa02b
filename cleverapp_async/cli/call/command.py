"""``cleverapp call``: calls a method with its arguments, and prints its answer as JSON."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Literal, cast

import click
from attrs import define, field, frozen

from ..._call import raw_answers
from ...endpoints import ENDPOINTS, Endpoint, Repeat
from ...errors import CleverAppError
from ...events import AttemptStarted, Event
from .. import params
from ..console import need_output, print_json, print_raw
from ..errors import CommandError, Exit, exit_codes, failure
from ..shared_options import (
    Connection,
    connection_options,
    format_option,
    list_option,
    read_token,
)
from ..signals import run_interruptibly
from .arguments import read_arguments, unknown_names
from .methods import MethodHelp, complete_method, list_methods, unknown_method

if TYPE_CHECKING:
    from ..._response import RawResponse

__all__ = ["call"]


@click.command(
    cls=MethodHelp,
    epilog=exit_codes(
        "the server accepted the call",
        failed="the call was rejected or not sent",
        configuration="the token or another setting does not work",
        unknown="the outcome is unknown: the call may have been carried out",
    ),
)
@click.argument("method", shell_complete=complete_method)
@click.argument("arguments", nargs=-1, metavar="[KEY=VALUE]...")
@list_option(list_methods)
@click.option(
    "--http-method",
    type=click.Choice(["GET", "POST"], case_sensitive=False),
    help="HTTP method of an API method that this version does not know.",
)
@format_option("json", "raw", default="json")
@click.option(
    "--deadline",
    type=params.DURATION,
    metavar="DURATION",
    help="Longest time for everything: waiting for limits, and all attempts.",
)
@connection_options
@click.pass_context
def call(
    context: click.Context,
    *,
    method: str,
    arguments: tuple[str, ...],
    http_method: str | None,
    given_format: str,
    deadline: float | None,
    token_file: str | None,
    base_url: str | None,
    attempt_timeout: float,
) -> None:
    """Call one METHOD of the API, such as getContactTags contact_id=5.

    --list prints the list of methods; METHOD --help shows what one of them takes.

    Values have the type that the page of the method documents, or else are strings. key:=JSON
    gives the JSON itself; key[inner]=value and key[]=value build objects and lists. The data of
    the answer is printed as JSON; --format raw prints status, headers and body as they came.

    A method that changes something is called without a question. It has the same limits, retries
    and errors as everything else: a call that may have been carried out is repeated only where
    that does no harm.
    """
    raw = given_format == "raw"
    called = _Method.find(method, None if http_method is None else http_method.upper())
    parameters = read_arguments(arguments, called.row)
    if called.row is not None:
        for told in unknown_names(parameters, called.row):
            click.echo(f"Warning: {told} It is sent all the same.", err=True)
    if not called.reads:
        need_output("Let its answer go to a file, or to /dev/null.")
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
                told = f"the outcome of {method} is unknown; it may have been carried out"
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
            raise unknown_method(name)
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
