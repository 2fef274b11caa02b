"""``cleverapp call``: any method of the API by ``key=value`` arguments, its answer as JSON."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Literal, NoReturn, cast

import click
from attrs import define, field, frozen

from ..._call import raw_answers
from ..._terminal import printable
from ...endpoints import ENDPOINTS, Endpoint, Kind, Repeat
from ...errors import CleverAppError, MethodNotFoundError
from ...events import AttemptStarted, Event
from .. import params
from ..app import list_option
from ..console import need_output, print_json, print_raw
from ..errors import BadInputError, CommandError, Exit, exit_codes, failure
from ..shared_options import Connection, connection_options, format_option, read_token
from ..signals import run_interruptibly
from ..text import did_you_mean, shortened
from .methods import MethodHelp, complete_method, list_methods, unknown_method

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ..._response import RawResponse
    from ..shared_options import KeptLimits

__all__ = ["call", "read_arguments", "unknown_names"]

_ARGUMENT = re.compile(r"([^=:\[\]\s]+)((?:\[[^\[\]]*\])*)(:?=)(.*)", re.DOTALL)
_INNER = re.compile(r"\[([^\[\]]*)\]")
_WHOLE = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_FLAGS = {"true": 1, "1": 1, "false": 0, "0": 0}
_TOKEN = "api_token"  # noqa: S105 - the parameter's name


@frozen
class _Argument:
    """One argument: where its value goes, and the value."""

    path: tuple[str, ...]
    value: object


def read_arguments(given: Iterable[str], endpoint: Endpoint | None) -> dict[str, object]:
    """The parameters, as the API names them.

    ``key=value`` is of the type that the method's row says, or else a string; ``key:=JSON`` is
    what the JSON says; ``key[inner]=value`` and ``key[]=value`` build objects and lists.

    Args:
        given: The arguments.
        endpoint: The method's row; None for a method that the table does not know.

    Raises:
        BadInputError: One cannot be read, or they contradict each other.
    """
    kinds = {one.name: one.kind for one in endpoint.parameters} if endpoint else {}
    parameters: dict[str, object] = {}
    for text in given:
        argument = _read(text, kinds)
        _place(parameters, argument, text)
    return parameters


def unknown_names(parameters: Iterable[str], endpoint: Endpoint) -> list[str]:
    """What to say of each parameter that the method's row does not name."""
    known = [one.name for one in endpoint.parameters]
    told: list[str] = []
    for name in parameters:
        if name not in known:
            near = did_you_mean(name, known)
            told.append(f"{endpoint.name} is not known to take {name}.{near}")
    return told


def _read(text: str, kinds: Mapping[str, Kind]) -> _Argument:
    match = _ARGUMENT.fullmatch(text)
    if match is None:
        shown = text.partition("=")[0] if "=" in text else text
        raise BadInputError(
            f"{shortened(shown)!r} is no argument: write key=value, key:=JSON or "
            "key[inner]=value, such as contact_id=5."
        )
    name, brackets, sign, value = match.groups()
    if name == _TOKEN:
        raise BadInputError(
            "the token is never an argument, where others could read it: set CLEVERAPP_API_TOKEN, "
            "or give --token-file."
        )
    inner = cast("list[str]", _INNER.findall(brackets))
    path = (name, *inner)
    if sign == ":=":
        return _Argument(path, _read_json(value, text))
    # Only the type that the page documents: an id that must be a text is not made a number for its
    # looks.
    kind = kinds.get(name, Kind.STRING)
    if not inner:
        if kind is Kind.STRINGS:
            listed = _json_of(value, list)
            return _Argument((name, ""), value) if listed is None else _Argument(path, listed)
        return _Argument(path, _PLAIN.get(kind, str)(value))
    return _Argument(path, value)


def _whole(value: str) -> object:
    if _WHOLE.fullmatch(value):
        return int(value)
    return None if value == "null" else value


def _flag(value: str) -> object:
    return None if value == "null" else _FLAGS.get(value, value)


def _object(value: str) -> object:
    found = _json_of(value, dict)
    # What is no object is sent as it stands: the server is to say what is wrong with it.
    return value if found is None else found


_PLAIN: Mapping[Kind, Callable[[str], object]] = {
    Kind.INTEGER: _whole,
    Kind.FLAG: _flag,
    Kind.OBJECT: _object,
}


def _json_of(value: str, kind: type) -> object:
    """The JSON of this type in a value, or None where it is not one."""
    try:
        found: object = json.loads(value, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, kind) else None


def _read_json(value: str, text: str) -> object:
    try:
        return cast("object", json.loads(value, parse_constant=_refuse))
    except (ValueError, RecursionError) as error:
        told = str(error) if isinstance(error, ValueError) else "it is nested too deeply"
    raise BadInputError(
        f"{shortened(text.partition(':=')[0])}: what follows := is no JSON ({told}). "
        "Write = for a string."
    )


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _place(parameters: dict[str, object], argument: _Argument, text: str) -> None:
    """Put one value where its path says."""
    shown = shortened(re.split(r":?=", text, maxsplit=1)[0])
    place: object = parameters
    *outer, last = argument.path
    for name, following in zip(outer, argument.path[1:], strict=True):
        made: object = [] if following == "" else {}
        place = _enter(place, name, made)
        if place is None:
            raise BadInputError(f"{shown}: it is given as two different things. Give it once.")
    if isinstance(place, list) and last == "":
        cast("list[object]", place).append(argument.value)
    elif isinstance(place, dict) and last not in (inside := cast("dict[str, object]", place)):
        inside[last] = argument.value
    else:
        raise BadInputError(f"{shown} is given twice. Write {shown}[]=… for each of several.")


def _enter(place: object, name: str, made: object) -> object:
    """What is at this name, made if there is nothing; None where something else is."""
    if isinstance(place, list):
        cast("list[object]", place).append(made)
        return made
    inside = cast("dict[str, object]", place)
    held = inside.setdefault(name, made)
    return held if type(held) is type(made) else None


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
    kept_limits: KeptLimits,
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
    connection = Connection(base_url=base_url, attempt_timeout=attempt_timeout, limits=kept_limits)
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
            # Whoever asks for the raw answer gets it of a refused call as well, and the error
            # besides.
            if raw and answers:
                with suppress(OSError):
                    print_raw(answers[-1])
            note = ""
            if called.row is None and isinstance(error, MethodNotFoundError):
                note = f"Or check the name {printable(method)} and --http-method."
            raise failure(error, reads=called.reads, note=note) from None
        except KeyboardInterrupt:
            told = "nothing was changed"
            # Nothing is unknown before the first attempt has begun, or of a call that only reads.
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
            BadInputError: Nobody knows it, and nothing says how it is called; or it is known, and
                is called otherwise.
        """
        row = ENDPOINTS.get(name)
        if row is not None and http_method not in {None, row.http_method}:
            raise BadInputError(
                f"--http-method {http_method}: {name} is called by {row.http_method}. Leave "
                "--http-method out: it is for methods that are newer than this version."
            )
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
