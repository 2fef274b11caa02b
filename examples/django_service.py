"""A Django project in one file, under an ASGI server: ``uvicorn django_service:application``.

Django has no start and end of an application of its own, so that a few lines around it take those
of ASGI. ``POST /messages`` with the same JSON as the other services.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path

from cleverapp_async import (
    AuthenticationError,
    CleverAppClient,
    CleverAppError,
    ForbiddenError,
    InvalidRequestError,
    LimiterRegistry,
    MethodNotFoundError,
    Outcome,
    RateLimitError,
)

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

NAMES = ("bot_id", "messenger", "to", "text")
# Whoever gets 503 may ask again. Whoever gets 504 must not: the message may have arrived.
STATUS = {Outcome.REJECTED: 422, Outcome.NOT_SENT: 503, Outcome.UNKNOWN: 504}


def status_of(error: CleverAppError) -> int:
    """Tell an error as HTTP does: whose it is, and whether to ask again."""
    if isinstance(error, InvalidRequestError):
        return 422  # nothing was sent, and the same again would not be, either
    if isinstance(error, AuthenticationError | ForbiddenError | MethodNotFoundError):
        return 500  # our token, bot or address is wrong: the caller can do nothing
    if isinstance(error, RateLimitError) and error.outcome is Outcome.REJECTED:
        return 503
    return STATUS.get(error.outcome, 500)


class WithClient:
    """Django, with a client that lives as long as the worker."""

    client: CleverAppClient

    def __init__(self, application: Callable[..., Awaitable[None]]) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request, or the worker's life."""
        if scope["type"] != "lifespan":
            await self._application(scope, receive, send)
            return
        await receive()
        async with (
            LimiterRegistry.on_disk() as limits,
            CleverAppClient.from_env(limits=limits) as self.client,
        ):
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


async def send_view(request: HttpRequest) -> JsonResponse:
    """Send one message, and tell what became of it."""
    try:
        message = json.loads(request.body)
        bot_id, messenger, to, text = (message[name] for name in NAMES)
    except (KeyError, TypeError, ValueError):  # it is no JSON, or lacks a name
        return JsonResponse({"code": "invalid_request", "outcome": "not_sent"}, status=422)
    try:
        receipt = await application.client.send_message(
            bot_id=bot_id,
            messenger=messenger,
            contact_external_id=to,
            text=text,
            deadline=20,
        )
    except CleverAppError as error:
        told = {"code": error.code, "outcome": error.outcome.value}
        return JsonResponse(told, status=status_of(error))
    return JsonResponse({"send_id": receipt.send_id})


urlpatterns = [path("messages", send_view)]

# In a project of several files this is its settings module.
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1", "localhost"])
django.setup()
application = WithClient(get_asgi_application())
