"""What the classes of methods build on, and the call of any method by its name."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack, cast

from attrs import evolve, fields

from .. import models
from .._arguments import check_choice, check_instance, check_seconds, wrong_argument
from .._call import Call, Reply
from .._imports import late_module
from ..config import ClientConfig, PostParameters
from ..endpoints import ENDPOINTS, Endpoint, ParametersIn, Repeat, Shape, Trust
from ..errors import ConfigurationError, InvalidRequestError
from ..limits.quota import Lane
from ..models.checks import check_string
from ..models.route import Route
from ..retry import Retry

if TYPE_CHECKING:
    from .. import events
else:
    events = late_module("cleverapp_async.events")

__all__ = [
    "ABSENT",
    "Absent",
    "AnyMethod",
    "CallOptions",
    "ClientOptions",
    "Methods",
    "check_names",
    "check_options",
    "given",
    "options_of_client",
]


class Absent:
    """The type of :data:`ABSENT`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Absent()
"""A parameter that is left out, where None would mean "make it empty"."""


class CallOptions(TypedDict, total=False):
    """The options that every method takes in addition to its own parameters.

    Attributes:
        lane: Whose turn comes first where several wait for a limit.
        deadline: Seconds for everything: queue, limits and all attempts, from 0 up. None: no
            deadline.
    """

    lane: Lane
    deadline: float | None


class ClientOptions(CallOptions, total=False):
    """What :meth:`CleverAppClient.with_options` can change.

    Those beside ``lane`` and ``deadline`` are settings of :class:`ClientConfig`, where they are
    described. Its other settings belong to the connections, or to what clients share.

    Attributes:
        attempt_timeout: Seconds for one attempt.
        longest_pause: Seconds for which a refusal may pause a limit at most.
        retry: Decides about further attempts.
        lenient: Keep a value of a wrong shape in an answer as it came.
        post_parameters: Where the parameters of a POST go.
        on_event: Called with what happens to each request, in place of the parent's callbacks.
    """

    attempt_timeout: float
    longest_pause: float
    retry: Retry
    lenient: bool
    post_parameters: PostParameters
    on_event: tuple[events.EventCallback, ...]


_CALL_OPTIONS = CallOptions.__annotations__
_SETTINGS = ClientOptions.__annotations__.keys() - _CALL_OPTIONS.keys()
_OF_ITS_OWN = {
    *("api_token", "base_url", "config", "limits", "session", "telemetry"),
    *(one.name for one in fields(ClientConfig)),
}
"""What a client has that one made by ``with_options`` shares."""


def options_of_client(options: Mapping[str, object]) -> tuple[CallOptions, dict[str, object]]:
    """The options of each call, and the settings, that a client is given.

    Raises:
        InvalidRequestError: ``lane`` or ``deadline`` cannot work.
        ConfigurationError: A name is not one of :class:`ClientOptions`.
    """
    of_calls: dict[str, object] = {}
    settings: dict[str, object] = {}
    for name, value in options.items():
        if name in _CALL_OPTIONS:
            of_calls[name] = value
        elif name in _SETTINGS:
            settings[name] = value
        else:
            raise ConfigurationError(_refusal_of_option(name))
    check_options(of_calls)
    return cast("CallOptions", of_calls), settings


def _refusal_of_option(name: str) -> str:
    """Why a name is none of :class:`ClientOptions`, and what to write instead."""
    known = [*_CALL_OPTIONS, *sorted(_SETTINGS)]
    if name in _OF_ITS_OWN:
        return (
            f"{name} cannot be set by with_options, as the client shares its parent's connections "
            f"and limits: set one of {', '.join(known)}, or make a client of its own"
        )
    return (
        f"{name} is no option of a client{_meant(name, known)} The options are {', '.join(known)}"
    )


def _meant(name: str, known: Sequence[str]) -> str:
    """The end of a sentence about an unknown name, which asks for the nearest known one."""
    from difflib import get_close_matches  # noqa: PLC0415 - only refusals need it

    near = get_close_matches(name, known, n=1)
    return f": did you mean {near[0]}?" if near else "."


def check_names(options: Mapping[str, object], method: Callable[..., object]) -> None:
    """Refuse a name that is no option, before a parameter that it was meant for is missed.

    Their values are checked where the call is made.

    Args:
        options: What a method was given beside its own parameters.
        method: That method.

    Raises:
        InvalidRequestError: There is one; the error names it, and what may be meant.
    """
    for name in options:
        if name not in _CALL_OPTIONS:
            from inspect import signature  # noqa: PLC0415 - only this refusal needs it

            meant = _meant(name, [*list(signature(method).parameters)[:-1], *_CALL_OPTIONS])
            raise InvalidRequestError(
                f"{name} is no parameter here, and no option{meant} The options are lane and "
                "deadline",
                fields=(name,),
            )


def check_options(options: Mapping[str, object], *, remedy: str = "") -> None:
    """Check the options that are given beside a method's own parameters.

    Args:
        options: By their names.
        remedy: What to do about a name that is not an option.

    Raises:
        InvalidRequestError: A value cannot work, or a name is not an option; the error names it.
    """
    for name, value in options.items():
        if name == "lane":
            check_instance(name, value, Lane, "Lane.INTERACTIVE or Lane.BULK", wrong_argument)
        elif name == "deadline":
            if value is not None:
                endless = "None for no deadline"
                check_seconds(name, value, wrong_argument, zero=True, endless=endless)
        else:
            raise InvalidRequestError(
                f"{name} is no parameter here, and no option: the options are lane and deadline"
                f"{remedy.format(name=name)}",
                fields=(name,),
            )


def given(**parameters: object) -> dict[str, object]:
    """The parameters that are given: absent ones and None are left out.

    The server answers some empty optional fields with a 500, so none is ever sent.
    A trailing underscore is dropped from a name that is a word of Python (``with_``).
    """
    return {
        name.removesuffix("_"): value
        for name, value in parameters.items()
        if value is not None and value is not ABSENT
    }


class Methods(ABC):
    """Some of the API's methods; the client inherits them all."""

    _options: CallOptions
    """The client's own options: those of a call go before them."""

    @abstractmethod
    async def _run(self, call: Call) -> Reply:
        """Carry out one call."""

    async def _ask(self, name: str, parameters: dict[str, object], options: CallOptions) -> Any:  # noqa: ANN401 - the endpoint table knows the type, the method's annotation tells it
        """Call a method of the table, and return the content of its answer."""
        call = Call(
            endpoint=ENDPOINTS[name], parameters=parameters, **self._with_own_options(options)
        )
        return (await self._run(call)).content

    def _with_own_options(self, options: CallOptions) -> CallOptions:
        """The options of a call, with the client's own for those it does not have."""
        if not options:
            return self._options
        check_options(options)
        return {**self._options, **options}

    def _options_of_run(self, lane: Lane | None) -> CallOptions:
        """The options of each message of a bulk run.

        Args:
            lane: None: the client's own lane, or else ``Lane.BULK``.

        Raises:
            InvalidRequestError: It is not a lane, or the client has a deadline.
        """
        if self._options.get("deadline") is not None:
            raise InvalidRequestError(
                "a run has no deadline, as its messages wait as long as their limits ask: send it "
                "by a client without one, such as client.with_options(deadline=None)",
                fields=("deadline",),
            )
        options: CallOptions = {"lane": self._options.get("lane", Lane.BULK)}
        if lane is not None:
            options["lane"] = lane
        check_options(options)
        return options

    async def _ask_page(
        self, name: str, parameters: dict[str, object], options: CallOptions
    ) -> models.Page[Any]:
        """Call a method that answers a page; a page without a number gets the one asked for."""
        page: models.Page[Any] = await self._ask(name, parameters, options)
        asked = parameters.get("page")
        return page if page.number else evolve(page, number=asked if isinstance(asked, int) else 1)


_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")


class AnyMethod(Methods):
    """Calls methods of the API that this package does not know."""

    async def call(
        self,
        method: str,
        *,
        http_method: Literal["GET", "POST"] | None = None,
        params: Mapping[str, object] | None = None,
        repeat: Repeat | None = None,
        **options: Unpack[CallOptions],
    ) -> object:
        """Call any method by its name, through the same limits, witness, retries and errors.

        Args:
            method: The method's name, such as ``getContactTags``.
            http_method: ``GET`` or ``POST``; needed where the endpoint table does not know it.
            params: Parameters by the API's own names; nested ones as mappings and lists.
            repeat: What happens when it is repeated. By default a GET counts as safe, and a
                POST is never repeated.
            **options: ``lane`` and ``deadline``.

        Returns:
            What ``data`` holds as plain JSON values, or the whole body where there is no ``data``.

        Raises:
            InvalidRequestError: The name is not one of a method, the HTTP method is not known, or a
                parameter cannot be sent, such as another token.
            CleverAppError: See :meth:`send_message`.
        """
        check_options(options, remedy="; a parameter of the API goes into params={{'{name}': …}}")
        parameters = _parameters(params)
        if "api_token" in parameters:
            told = "api_token must not be a parameter: each request has the client's own token"
            raise InvalidRequestError(told, fields=("api_token",))
        row = _row(method, http_method, repeat)
        route = None
        bot_id, messenger = parameters.get("bot_id"), parameters.get("messenger")
        if method == "sendMessageToWhatsApp":
            messenger = "whatsapp"
        if type(bot_id) is int and isinstance(messenger, str):
            route = Route(bot_id, messenger)
        contact_id = parameters.get("contact_id")
        call = Call(
            endpoint=row,
            parameters=parameters,
            route=route,
            contact_id=contact_id if type(contact_id) is int else None,
            **self._with_own_options(options),
        )
        return (await self._run(call)).content


def _parameters(params: object) -> dict[str, object]:
    """The parameters by their names."""
    if params is None:
        return {}
    wanted = "a mapping of parameters by the API's own names, such as {'contact_id': 1}"
    if not isinstance(params, Mapping):
        raise wrong_argument("params", wanted, params)
    for name in cast("Mapping[object, object]", params):
        if not isinstance(name, str):
            raise wrong_argument("params", wanted, name)
    return dict(cast("Mapping[str, object]", params))


def _row(method: str, http_method: str | None, repeat: Repeat | None) -> Endpoint:
    check_string("method", method)
    if http_method is not None:
        check_choice("http_method", http_method, ("GET", "POST"), wrong_argument)
    if repeat is not None:
        wanted = "one of Repeat, such as Repeat.SAFE"
        check_instance("repeat", repeat, Repeat, wanted, wrong_argument)
    if not _NAME.fullmatch(method):
        # Not shown: where somebody put a query behind the name, it holds a token or a text.
        raise InvalidRequestError(
            "method must be the name of an API method alone, such as getContactTags",
            fields=("method",),
        )
    row = ENDPOINTS.get(method)
    if row is None:
        if http_method is None:
            raise InvalidRequestError(
                f"{method} is not in the endpoint table: give http_method", fields=("http_method",)
            )
        row = Endpoint(
            name=method,
            http_method=http_method,
            page="",
            about="",
            repeat=Repeat.SAFE if http_method == "GET" else Repeat.NEVER,
            trust=Trust.SIBLING,
            parameters_in=ParametersIn.JSON,
        )
    return evolve(
        row,
        shape=Shape.ANY,
        http_method=http_method or row.http_method,
        repeat=repeat or row.repeat,
    )
