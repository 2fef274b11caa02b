"""A service of FastAPI that sends messages: ``uvicorn fastapi_service:app --workers 4``.

``POST /messages`` with ``{"bot_id": 7, "messenger": "telegram", "to": "1001", "text": "Hi"}``.
Each worker has a client of its own, and all of them keep the limits together in a file.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel

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


class NewMessage(BaseModel):
    """What a caller gives."""

    bot_id: int
    messenger: str
    to: str
    text: str


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, CleverAppClient]]:
    """Make the client when the worker starts, and close it when the worker ends."""
    del app
    async with (
        LimiterRegistry.on_disk() as limits,
        CleverAppClient.from_env(limits=limits) as client,
    ):
        yield {"client": client}


def client_of(request: Request) -> CleverAppClient:
    """Give the worker's client to whoever depends on it."""
    client: CleverAppClient = request.state.client
    return client


app = FastAPI(lifespan=lifespan)


@app.post("/messages")
async def send(
    message: NewMessage, client: Annotated[CleverAppClient, Depends(client_of)]
) -> dict[str, str]:
    """Send one message, and tell what became of it."""
    try:
        receipt = await client.send_message(
            bot_id=message.bot_id,
            messenger=message.messenger,
            contact_external_id=message.to,
            text=message.text,
            deadline=20,
        )
    except CleverAppError as error:
        told = {"code": error.code, "outcome": error.outcome.value}
        raise HTTPException(status_of(error), told) from None
    return {"send_id": receipt.send_id}
