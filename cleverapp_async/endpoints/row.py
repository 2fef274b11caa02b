"""What one row of the endpoint table says."""

from __future__ import annotations

from enum import Enum

from attrs import frozen

__all__ = ["Endpoint", "Kind", "Parameter", "ParametersIn", "Repeat", "Shape", "Trust"]


class Repeat(Enum):
    """What happens when a request with an unknown outcome is repeated."""

    SAFE = "safe"
    """It only reads."""

    SAME_EFFECT = "same effect"
    """Doing it twice is the same as doing it once."""

    NEVER = "never"
    """It may do its work twice: only repeated when provably not received, or refused."""


class ParametersIn(Enum):
    """Where the parameters of a method go, according to its page."""

    QUERY = "query"
    JSON = "json"


class Trust(Enum):
    """How reliable the knowledge about a method is."""

    DOCUMENTED = "documented"
    """CleverApp's own documentation says so."""

    SIBLING = "sibling"
    """A sibling brand's documentation says so; the text of CleverApp's own was not available."""


class Shape(Enum):
    """What an answer holds."""

    SUCCESS = "success"
    """``{"success": true}``, nothing else counts as a success."""

    ONE = "one"
    """One model, in ``data``."""

    BARE = "bare"
    """One model, without ``data`` around it, or with it."""

    MANY = "many"
    """A list of models, in ``data``."""

    PAGE = "page"
    """A list of models in ``data``, with ``meta`` that tells which page it is."""

    ANY = "any"
    """Not documented: whatever comes with a 2xx and holds no error."""


class Kind(Enum):
    """The type of a parameter."""

    INTEGER = "integer"
    STRING = "string"
    FLAG = "flag"
    """A truth value, written 0 or 1."""

    URL = "url"
    STRINGS = "strings"
    """A list of strings."""

    OBJECT = "object"
    """An object by names of the user's own; PHP brackets in a query (``filters[city]=x``)."""

    DECIMAL = "decimal"
    """A decimal number as a string."""


@frozen
class Parameter:
    """One parameter of a method.

    Attributes:
        name: Its name, as the API spells it.
        kind: Its type.
        about: What it means, with its unit.
        required: Whether it must always be there.
    """

    name: str
    kind: Kind
    about: str
    required: bool = False


@frozen(kw_only=True)
class Endpoint:
    """One method of the API.

    Attributes:
        name: The method's name, the last part of the URL.
        http_method: ``GET`` or ``POST``.
        page: The page of the API documentation that describes it.
        about: What it does.
        repeat: What happens when it is repeated.
        trust: How reliable this row is.
        parameters: What it takes.
        parameters_in: Where the parameters go.
        one_of: Sets of parameters; a call needs all parameters of one of the sets.
        shape: What its answer holds.
        answer: The model in the answer; None where there is none.
        limited: Whether the server limits it per bot and messenger, in addition to the limits of
            the account.
    """

    name: str
    http_method: str
    page: str
    about: str
    repeat: Repeat
    trust: Trust
    parameters: tuple[Parameter, ...] = ()
    parameters_in: ParametersIn = ParametersIn.QUERY
    one_of: tuple[tuple[str, ...], ...] = ()
    shape: Shape = Shape.ONE
    answer: type | None = None
    limited: bool = False
