"""A service of aiohttp: ``python -m aiohttp.web -H 127.0.0.1 -P 8000 aiohttp_service:make_app``.

``POST /messages`` with ``{"bot_id": 7, "messenger": "telegram", "to": "1001", "text": "Hi"}``.
"""

from collections.abc import AsyncIterator

from aiohttp import web

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

CLIENT = web.AppKey("CLIENT", CleverAppClient)
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


async def with_client(app: web.Application) -> AsyncIterator[None]:
    """Make the client when the service starts, and close it when the service ends."""
    async with (
        LimiterRegistry.on_disk() as limits,
        CleverAppClient.from_env(limits=limits) as client,
    ):
        app[CLIENT] = client
        yield


async def send(request: web.Request) -> web.Response:
    """Send one message, and tell what became of it."""
    try:
        message = await request.json()
        bot_id, messenger, to, text = (message[name] for name in NAMES)
    except (KeyError, TypeError, ValueError):  # it is no JSON, or lacks a name
        return web.json_response({"code": "invalid_request", "outcome": "not_sent"}, status=422)
    try:
        receipt = await request.app[CLIENT].send_message(
            bot_id=bot_id,
            messenger=messenger,
            contact_external_id=to,
            text=text,
            deadline=20,
        )
    except CleverAppError as error:
        told = {"code": error.code, "outcome": error.outcome.value}
        return web.json_response(told, status=status_of(error))
    return web.json_response({"send_id": receipt.send_id})


def make_app(argv: list[str] | None = None) -> web.Application:
    """Make the application; the arguments are those that ``python -m aiohttp.web`` leaves over."""
    del argv
    app = web.Application()
    app.cleanup_ctx.append(with_client)
    app.router.add_post("/messages", send)
    return app
