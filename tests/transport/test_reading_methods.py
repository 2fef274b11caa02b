"""Methods that only read: a GET has no body, no key, and is repeated when nobody knows."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import attrs
import pytest

from cleverapp_async import ClientConfig, OutcomeUnknownError, RetryPolicy, ServerError
from cleverapp_async._call import Call
from cleverapp_async._transport import Witness
from cleverapp_async._transport.witness import WitnessedBody
from cleverapp_async.endpoints import ENDPOINTS, Repeat
from tests.raising import raises
from tests.transport.rig import SUCCESS, Notebook, client_of, http, raw_server

if TYPE_CHECKING:
    from cleverapp_async._call import Reply
    from tests.transport.rig import Script

READ = attrs.evolve(
    ENDPOINTS["sendMessage"],
    name="getSomething",
    http_method="GET",
    repeat=Repeat.SAFE,
    limited=False,
)
QUICK = RetryPolicy(attempts=3, base=0.001)


async def read(base_url: str, notebook: Notebook, attempt_timeout: float = 5.0) -> Reply:
    """Call a method that only reads."""
    config = ClientConfig(retry=QUICK, attempt_timeout=attempt_timeout)
    async with client_of(base_url, config=config, limits=notebook.registry()) as client:
        return await client._run(Call(endpoint=READ, parameters={"page": 2}))


async def test_a_get_has_its_parameters_in_the_query_and_no_body() -> None:
    """A reading method is a GET, limited by the account alone."""
    notebook = Notebook()
    async with raw_server(SUCCESS) as raw:
        reply = await read(raw.base_url, notebook)
        (request,) = raw.requests
    assert request.startswith(b"GET /api/v1/getSomething?api_token=simulator-token&page=2 HTTP/1.1")
    assert request.endswith(b"\r\n\r\n")
    assert b"content-" not in request.lower()
    assert reply.content == {"success": True}
    assert {key for key, _, _ in notebook.notes} == {key for key, _, _ in notebook.notes[:1]}
    assert notebook.of_account() == ["acquire interactive", "sent", "settle"]


@pytest.mark.parametrize(
    "bad",
    [
        http(b"<html>", 502),
        b"HTTP/1.1 OK fine\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{",
    ],
    ids=["502", "malformed", "truncated"],
)
async def test_an_unknown_reading_is_repeated(bad: bytes) -> None:
    """What may have been answered is asked again, as that does no harm."""
    answers = [bad, SUCCESS]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await raw.read_request(reader)
        writer.write(answers.pop(0))
        await writer.drain()

    script: Script = answer
    async with raw_server(script) as raw:
        reply = await read(raw.base_url, Notebook())
    assert reply.receipt.attempts == 2


async def test_a_reading_that_keeps_failing_is_given_up() -> None:
    """After the policy's attempts the last error is raised, with their number."""
    async with raw_server(http(b"<html>", 503)) as raw:
        with pytest.raises(ServerError) as caught:
            await read(raw.base_url, Notebook())
        assert len(raw.requests) == 3
    assert caught.value.attempts == 3


async def test_a_server_that_never_answers_a_reading() -> None:
    """Time-outs are repeated too, and end as unknown."""

    async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await raw.read_request(reader)
        await asyncio.Event().wait()

    script: Script = hang
    async with raw_server(script) as raw:
        with raises(OutcomeUnknownError, "TimeoutError"):
            await read(raw.base_url, Notebook(), 0.5)
        assert len(raw.requests) == 3


def test_a_body_can_be_read_as_text() -> None:
    """The body answers aiohttp's question for its text, and knows its size."""
    body = WitnessedBody("Да".encode(), "application/json", Witness(lambda: None), 1.0)
    assert body.decode() == "Да"
    assert body.size == 4
    assert body.content_type == "application/json"


async def test_an_attempt_sends_a_reading_once() -> None:
    """Where a kept connection broke, aiohttp does not repeat it by itself, past the limits."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await raw.read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")
        await raw.read_request(reader)

    async with raw_server(serve) as raw, client_of(raw.base_url) as client:
        await client.call("getSomething", http_method="GET")
        with pytest.raises(OutcomeUnknownError):
            await client.call("getSomething", http_method="GET")
        assert len(raw.requests) == 2
