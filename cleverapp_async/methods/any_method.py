"""Methods of the API that this package does not know."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, Unpack, cast

from attrs import evolve

from .._arguments import check_choice, check_instance, wrong_argument
from .._call import Call
from ..endpoints import ENDPOINTS, Endpoint, ParametersIn, Repeat, Shape, Trust
from ..errors import InvalidRequestError
from ..models.checks import check_string
from ..models.route import Route
from .base import CallOptions, Methods, check_options

__all__ = ["AnyMethod"]

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
