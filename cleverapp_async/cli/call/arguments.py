"""The arguments of ``cleverapp call``: ``key=value``, ``key:=JSON`` and ``key[inner]=value``."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NoReturn, cast

from attrs import frozen

from ...endpoints import Endpoint, Kind
from ..errors import BadInputError
from ..text import did_you_mean, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["read_arguments", "unknown_names"]

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
    return value if found is None else found


_PLAIN: Mapping[Kind, Callable[[str], object]] = {
    Kind.INTEGER: _whole,
    Kind.FLAG: _flag,
    Kind.OBJECT: _object,
}


def _json_of(value: str, kind: type) -> object:
    """The JSON of this type in a value, or None where it is none."""
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
