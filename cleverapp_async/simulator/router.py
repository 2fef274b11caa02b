"""The order in which the server looks at a request: route, token, account, parameters, handler.

That order is Laravel's (*assumed*): an unknown method or a false token is not counted against
the account, a request with faulty parameters is.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from attrs import define, evolve, field, frozen

from .context import NO_CHANNEL, Call, Channel, Context, Decision, Endpoint, invalid
from .laravel.parameters import Parameters, Value
from .laravel.replies import HTML_TYPE, NO_HEADERS, Reply, error_reply
from .laravel.rules import validate
from .limits import Rounding
from .pages import account, contacts, list_items, lists, messages
from .pages.messages import WEBHOOK
from .state.records import now as unix_now

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .request_log import ArrivalVerdict

API_PREFIX: Final = "/api/v1/"

MAX_BODY: Final = 8 * 2**20
"""Bytes of the largest body that is looked at (PHP's ``post_max_size``, *assumed*)."""

ENDPOINTS: Final[Mapping[str, Endpoint]] = {
    row.name: row
    for page in (messages, account, contacts, lists, list_items)
    for row in page.ENDPOINTS
}
"""Every method the simulator answers."""


@frozen
class ParsedRequest:
    """A request that was read whole.

    Args:
        http_method: GET, POST and so on.
        path: The path, decoded.
        endpoint: The method's name, known or not, or the webhook's.
        token: The ``api_token`` parameter, from wherever it came.
        parameters: All the other parameters.
        wants_json: Whether errors of the framework are answered as JSON.
        size: Bytes of the body.
    """

    http_method: str
    path: str
    endpoint: str
    token: Value = field(repr=False)
    parameters: Parameters
    wants_json: bool
    size: int


@define
class Router:
    """Finds the endpoint of each request and decides about it; holds the token."""

    _context: Context
    _api_token: str = field(repr=False)
    _webhook_path: str = field(repr=False)
    _rounding: Rounding = "up"

    def name_of(self, path: str) -> str:
        """Return the name of the method, known or not, or the webhook's, that a path leads to."""
        return WEBHOOK.name if path == self._webhook_path else path.removeprefix(API_PREFIX)

    def authenticates(self, request: ParsedRequest) -> bool:
        """Tell whether a request carries the token, or knows the webhook's path."""
        return request.token == self._api_token or request.path == self._webhook_path

    def secrets(self, request: ParsedRequest) -> tuple[Value, ...]:
        """Return the token that is accepted, the one that was sent and the webhook's path."""
        return self._api_token, request.token, self._webhook_path

    def channel(self, request: ParsedRequest) -> Channel:
        """Return the bot and the messenger a request addresses, as far as they are known."""
        row = self._row(request)
        return NO_CHANNEL if row is None else row.channel(self._context, request.parameters)

    def decide(self, request: ParsedRequest, channel: Channel, now: float) -> Decision:
        """Decide about a request that arrived now, counting it where it counts."""
        row = self._row(request)
        if row is None:
            return _refuse("not_found", 404, "", request)
        refused = self._refuse_request(request, row)
        if refused is not None:
            return refused
        if row is WEBHOOK:
            # No account's limits are known to count it (assumed).
            return self._handle(request, row, channel, now)
        # Counted before the parameters are looked at, so that a faulty request costs the account a
        # slot.
        throttled = self._context.limiter.admit_account(now)
        if throttled is None:
            return self._handle(request, row, channel, now)
        headers = {
            "X-RateLimit-Limit": str(throttled.limit),
            "X-RateLimit-Remaining": str(throttled.remaining),
        }
        if throttled.retry_after is not None:
            headers |= self._when_to_retry(throttled.retry_after)
            return _refuse("refused_account", 429, "Too Many Attempts.", request, headers)
        decision = self._handle(request, row, channel, now)
        return evolve(decision, reply=decision.reply.with_headers(headers))

    def _handle(
        self, request: ParsedRequest, row: Endpoint, channel: Channel, now: float
    ) -> Decision:
        errors = validate(row.rules, request.parameters)
        if errors:
            return invalid(errors, wants_json=request.wants_json)
        return row.handle(
            Call(self._context, row.name, request.parameters, channel, now, request.wants_json)
        )

    def _refuse_request(self, request: ParsedRequest, row: Endpoint) -> Decision | None:
        # Laravel gives every GET route its HEAD, and answers OPTIONS by itself.
        taken = ("GET", "HEAD") if row.http_method == "GET" else ("POST",)
        if request.http_method == "OPTIONS":
            return Decision("wrong_method", Reply(200, b"", HTML_TYPE, {"Allow": ",".join(taken)}))
        if request.http_method not in taken:
            allowed = ", ".join(taken)
            text = (
                f"The {request.http_method} method is not supported for this route. "
                f"Supported methods: {allowed}."
            )
            return _refuse("wrong_method", 405, text, request, {"Allow": allowed})
        if request.size > MAX_BODY:
            return _refuse("too_large", 413, "", request)
        if not self.authenticates(request):
            return _refuse("unauthenticated", 401, "Unauthenticated.", request)
        return None

    def _when_to_retry(self, seconds: float) -> dict[str, str]:
        """When a refused client may come back, in whole seconds: rounded as it was chosen."""
        # Rounded up, whoever waits as told is admitted. Laravel on Redis rounds down, and so tells
        # of a moment that is up to a second too early.
        whole = math.ceil(seconds) if self._rounding == "up" else math.floor(seconds)
        return {"Retry-After": str(whole), "X-RateLimit-Reset": str(unix_now() + whole)}

    def _row(self, request: ParsedRequest) -> Endpoint | None:
        if request.path == self._webhook_path:
            return WEBHOOK
        return ENDPOINTS.get(request.endpoint) if request.path.startswith(API_PREFIX) else None


def _refuse(
    verdict: ArrivalVerdict,
    status: int,
    text: str,
    request: ParsedRequest,
    headers: Mapping[str, str] = NO_HEADERS,
) -> Decision:
    reply = error_reply(status, {"message": text}, wants_json=request.wants_json, headers=headers)
    return Decision(verdict, reply)
