"""What ``cleverapp call`` does: read the arguments, call, show the answer."""

from __future__ import annotations

from contextlib import suppress
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal

import click
from attrs import define, field, frozen

from .._raw_answers import raw_answers
from ..endpoints import ENDPOINTS, Endpoint, Repeat
from ..errors import CleverAppError
from ..events import AttemptStarted, Event
from .arguments import read_arguments, unknown_names
from .connection import Connection
from .exits import BadInputError, CommandError, Exit
from .failures import failure
from .print_json import print_json, print_raw
from .token import read_token
from .waiting import run_interruptibly

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Calling", "run_call"]


@frozen(kw_only=True)
class Calling:
    """The options of ``cleverapp call``; see its help."""

    method: str
    arguments: tuple[str, ...]
    http_method: str | None
    raw: bool
    deadline: float | None
    token_file: str | None
    connection: Connection


@define
class _Watch:
    """Notes whether a request may have left."""

    started: bool = field(init=False, default=False)

    def __call__(self, event: Event) -> None:
        self.started = self.started or isinstance(event, AttemptStarted)


def run_call(calling: Calling) -> Exit:
    """Carry out ``cleverapp call``.

    Raises:
        CommandError: It cannot be done, or the server refused; the message says why.
    """
    row = _row(calling)
    parameters = read_arguments(calling.arguments, row)
    if row is not None:
        for told in unknown_names(parameters, row):
            click.echo(f"Warning: {told} It is sent all the same.", err=True)
    token = read_token(calling.token_file)
    watch = _Watch()
    with raw_answers() as answers:
        try:
            content = run_interruptibly(lambda: _call(calling, parameters, token, watch))
        except CleverAppError as error:
            if calling.raw and answers:
                with suppress(OSError):
                    print_raw(answers[-1])
            raise failure(error, reads=_reads(calling, row)) from None
        except KeyboardInterrupt:
            click.echo(f"Interrupted: {_fate(calling, row, watch)}", err=True)
            return Exit.INTERRUPTED
    try:
        if calling.raw:
            print_raw(answers[-1])
        else:
            print_json(content)
    except BrokenPipeError:
        # Whoever reads has seen enough.
        return Exit.OK
    except OSError as error:
        raise _untold(calling, row, error) from None
    return Exit.OK


def _untold(calling: Calling, row: Endpoint | None, error: OSError) -> CommandError:
    """The answer is lost: what changed something must not seem to have failed."""
    told = f"its answer cannot be written: {error.strerror}."
    if _reads(calling, row):
        return CommandError(f"{calling.method} was read, but {told}", Exit.FAILED)
    return CommandError(
        f"{calling.method} was carried out, but {told} Do not repeat it.", Exit.UNKNOWN
    )


def _row(calling: Calling) -> Endpoint | None:
    row = ENDPOINTS.get(calling.method)
    if row is None and calling.http_method is None:
        close = get_close_matches(calling.method, ENDPOINTS, 3, 0.6)
        ask = f"Did you mean {' or '.join(close)}? " if close else ""
        raise BadInputError(
            f"{calling.method} is no method that is known. {ask}"
            "For one that is newer than this package, give --http-method."
        )
    return row


async def _call(
    calling: Calling, parameters: Mapping[str, object], token: str, watch: _Watch
) -> object:
    async with calling.connection.client(token, watch) as client:
        return await client.call(
            calling.method,
            http_method=_http_method(calling.http_method),
            params=parameters,
            deadline=calling.deadline,
        )


def _http_method(given: str | None) -> Literal["GET", "POST"] | None:
    if given is None:
        return None
    return "GET" if given == "GET" else "POST"


def _reads(calling: Calling, row: Endpoint | None) -> bool:
    return calling.http_method == "GET" if row is None else row.repeat is Repeat.SAFE


def _fate(calling: Calling, row: Endpoint | None, watch: _Watch) -> str:
    if _reads(calling, row) or not watch.started:
        return "nothing was changed."
    return f"{calling.method} may have been carried out, nobody can tell."
