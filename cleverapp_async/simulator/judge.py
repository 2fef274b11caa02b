"""The order in which the server looks at a request: route, token, account, parameters, handler.

That order is Laravel's (*assumed*): an unknown method or a false token is not counted against
the account, a request with faulty parameters is.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from attrs import define, evolve, field, frozen

from . import (
    account,
    contact_methods,
    list_items,
    lists,
    media,
    messages,
    money,
    queue,
    referrals,
    tags,
    variables,
)
from .endpoints import NO_ROUTE, Call, Decision, Endpoint, Route, World, invalid
from .laravel.parameters import Parameters, Value
from .laravel.replies import HTML_TYPE, NO_HEADERS, Reply, error_reply
from .laravel.rules import validate
from .state.clock import now as unix_now

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .arrivals import ArrivalVerdict

API_PREFIX: Final = "/api/v1/"

MAX_BODY: Final = 8 * 2**20
"""Bytes of the largest body that is looked at (PHP's ``post_max_size``, *assumed*)."""

ENDPOINTS: Final[Mapping[str, Endpoint]] = {
    row.name: row
    for page in (
        messages,
        queue,
        account,
        contact_methods,
        tags,
        variables,
        money,
        referrals,
        lists,
        list_items,
        media,
    )
    for row in page.ENDPOINTS
}
"""Every method the simulator answers."""


@frozen
class Inquiry:
    """A request that was read whole.

    Args:
        http_method: GET, POST and so on.
        path: The path, decoded.
        token: The ``api_token`` parameter, from wherever it came.
        parameters: All the other parameters.
        wants_json: Whether errors of the framework are answered as JSON.
        size: Bytes of the body.
    """

    http_method: str
    path: str
    token: Value
    parameters: Parameters
    wants_json: bool
    size: int

    @property
    def endpoint(self) -> str:
        """The method's name, known or not."""
        return self.path.removeprefix(API_PREFIX)


@define
class Judge:
    """Decides about requests; holds the token and the world."""

    world: World
    _api_token: str = field(repr=False)

    def authenticates(self, inquiry: Inquiry) -> bool:
        """Tell whether a request carries the token."""
        return inquiry.token == self._api_token

    def route(self, inquiry: Inquiry) -> Route:
        """Give the bot and the messenger a request addresses, as far as they are known."""
        row = self._row(inquiry)
        return NO_ROUTE if row is None else row.route(self.world, inquiry.parameters)

    def decide(self, inquiry: Inquiry, route: Route, now: float) -> Decision:
        """Decide about a request that arrived now, counting it where it counts."""
        row = self._row(inquiry)
        if row is None:
            return _refuse("not_found", 404, "", inquiry)
        refused = self._refuse_request(inquiry, row)
        if refused is not None:
            return refused
        throttled = self.world.meters.admit_account(now)
        if throttled is None:
            return self._handle(inquiry, row, route, now)
        headers = {
            "X-RateLimit-Limit": str(throttled.limit),
            "X-RateLimit-Remaining": str(throttled.remaining),
        }
        if throttled.retry_after is not None:
            headers |= self._come_back(throttled.retry_after)
            return _refuse("refused_account", 429, "Too Many Attempts.", inquiry, headers)
        decision = self._handle(inquiry, row, route, now)
        return evolve(decision, reply=decision.reply.with_headers(headers))

    def _handle(self, inquiry: Inquiry, row: Endpoint, route: Route, now: float) -> Decision:
        errors = validate(row.rules, inquiry.parameters)
        if errors:
            return invalid(errors, wants_json=inquiry.wants_json)
        return row.handle(
            Call(self.world, row.name, inquiry.parameters, route, now, inquiry.wants_json)
        )

    def _refuse_request(self, inquiry: Inquiry, row: Endpoint) -> Decision | None:
        # Laravel gives every GET route its HEAD, and answers OPTIONS by itself.
        taken = ("GET", "HEAD") if row.http_method == "GET" else ("POST",)
        if inquiry.http_method == "OPTIONS":
            return Decision("wrong_method", Reply(200, b"", HTML_TYPE, {"Allow": ",".join(taken)}))
        if inquiry.http_method not in taken:
            allowed = ", ".join(taken)
            text = (
                f"The {inquiry.http_method} method is not supported for this route. "
                f"Supported methods: {allowed}."
            )
            return _refuse("wrong_method", 405, text, inquiry, {"Allow": allowed})
        if inquiry.size > MAX_BODY:
            return _refuse("too_large", 413, "", inquiry)
        if not self.authenticates(inquiry):
            return _refuse("unauthenticated", 401, "Unauthenticated.", inquiry)
        return None

    def _come_back(self, seconds: float) -> dict[str, str]:
        """When a refused client may come back, in whole seconds: rounded as it was chosen."""
        whole = math.ceil(seconds) if self.world.retry_after == "up" else math.floor(seconds)
        return {"Retry-After": str(whole), "X-RateLimit-Reset": str(unix_now() + whole)}

    def _row(self, inquiry: Inquiry) -> Endpoint | None:
        return ENDPOINTS.get(inquiry.endpoint) if inquiry.path.startswith(API_PREFIX) else None


def _refuse(
    verdict: ArrivalVerdict,
    status: int,
    text: str,
    inquiry: Inquiry,
    headers: Mapping[str, str] = NO_HEADERS,
) -> Decision:
    reply = error_reply(status, {"message": text}, wants_json=inquiry.wants_json, headers=headers)
    return Decision(verdict, reply)
