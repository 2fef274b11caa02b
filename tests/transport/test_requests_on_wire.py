"""What goes over the wire: the token, the headers, the place of the parameters."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from cleverapp_async import Outcome, UnexpectedResponseError, raw_answers
from cleverapp_async.simulator import Simulator, SimulatorLimits
from tests.transport.rig import SUCCESS, client_of, one_attempt, raw_server

if TYPE_CHECKING:
    from cleverapp_async.config import PostParameters

TOKEN = "tok+en/=secret"


async def sent(text: str, placement: PostParameters, token: str = TOKEN) -> bytes:
    """The bytes of one sendMessage."""
    config = one_attempt(post_parameters=placement)
    async with (
        raw_server(SUCCESS) as raw,
        client_of(raw.base_url, config=config, token=token) as client,
    ):
        await client.send_message(contact_id=7, text=text)
        (request,) = raw.requests
        return request


def query_of(request: bytes) -> dict[str, list[str]]:
    """The parameters in the request line."""
    return parse_qs(urlsplit(request.split(b" ")[1].decode()).query)


async def test_the_token_is_in_the_query_and_arrives_whole() -> None:
    """Characters that mean something in a URL are encoded; both headers are sent."""
    request = await sent("Hi", "documented")
    assert request.startswith(b"POST /api/v1/sendMessage?api_token=tok%2Ben%2F%3Dsecret&")
    assert query_of(request)["api_token"] == [TOKEN]
    assert b"\r\nAccept: application/json\r\n" in request
    assert b"\r\nX-Requested-With: XMLHttpRequest\r\n" in request


async def test_documented_is_the_query_for_send_message() -> None:
    """A short message travels in the URL, as its page says, beside an empty body."""
    request = await sent("Привет & пока", "documented")
    assert query_of(request)["text"] == ["Привет & пока"]
    assert b"\r\nContent-Length: 0\r\n" in request
    assert request.endswith(b"\r\n\r\n")


async def test_a_long_text_goes_in_a_json_body() -> None:
    """What no URL would hold goes in the body; the token stays in the query."""
    text = "Й" * 4000
    request = await sent(text, "documented")
    assert set(query_of(request)) == {"api_token"}
    assert b"\r\nContent-Type: application/json\r\n" in request
    assert json.loads(request.partition(b"\r\n\r\n")[2]) == {"contact_id": 7, "text": text}


async def test_a_form_is_a_form() -> None:
    """The form placement sends an encoded form of the parameters alone."""
    request = await sent("a b&c", "form")
    head, _, body = request.partition(b"\r\n\r\n")
    assert b"Content-Type: application/x-www-form-urlencoded" in head
    assert parse_qs(body.decode()) == {"contact_id": ["7"], "text": ["a b&c"]}


@pytest.mark.parametrize("placement", ["documented", "query", "json", "form"])
@pytest.mark.parametrize("text", ["Привет, мир! +&=%/?#", "Й" * 5000])
async def test_a_server_reads_every_placement(placement: PostParameters, text: str) -> None:
    """A server of the documented kind finds the same parameters wherever they are put."""
    config = one_attempt(post_parameters=placement)
    async with (
        Simulator(limits=SimulatorLimits.none()) as simulator,
        client_of(simulator.base_url, config=config) as client,
    ):
        await client.send_message(contact_id=7, text=text)
        await client.send_message_to_whatsapp(bot_id=3, phone="79991234567", text=text, name="И")
        first, second = simulator.deliveries
    assert {name: str(value) for name, value in first.parameters.items()} == {
        "contact_id": "7",
        "text": text,
    }
    assert {name: str(value) for name, value in second.parameters.items()} == {
        "bot_id": "3",
        "phone": "79991234567",
        "text": text,
        "name": "И",
    }


async def test_no_cookie_is_kept() -> None:
    """What a server wants remembered is not sent back: requests do not depend on each other."""
    answer = SUCCESS.replace(b"\r\n\r\n", b"\r\nSet-Cookie: laravel_session=1; Path=/\r\n\r\n", 1)
    async with raw_server(answer) as raw, client_of(raw.base_url) as client:
        await client.send_message(contact_id=7, text="1")
        await client.send_message(contact_id=7, text="2")
        assert len(raw.requests) == 2
        assert b"cookie" not in raw.requests[1].lower()


def packed(body: bytes, encoding: bytes = b"gzip") -> bytes:
    """An answer whose body is compressed, or was once."""
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %b\r\nContent-Length: %d\r\n\r\n"
    return head % (encoding, len(body)) + body


# Without the time of day, which the format would hold: the bytes name the cases, and every process
# that collects the tests must give them the same names.
GZIP = gzip.compress(b'{"success":true}', mtime=0)
ZLIB = zlib.compress(b'{"success":true}')


@pytest.mark.parametrize(
    "answer",
    [
        packed(GZIP),
        packed(GZIP + b"\0\0"),
        packed(gzip.compress(b'{"success"', mtime=0) + gzip.compress(b":true}", mtime=0)),
        packed(ZLIB, b"deflate"),
        packed(ZLIB[2:-4], b"Deflate"),
        packed(b'{"success":true}', b"identity"),
    ],
)
async def test_a_whole_compressed_answer_counts(answer: bytes) -> None:
    """In one stream or several, with the header that the standard wants or without."""
    async with raw_server(answer) as raw, client_of(raw.base_url) as client:
        assert (await client.send_message(contact_id=7, text="Hi")).attempts == 1
        assert b"accept-encoding: gzip, deflate\r\n" in raw.requests[0].lower()


@pytest.mark.parametrize(
    "answer",
    [
        *(packed(GZIP[:size]) for size in (1, 5, 10, 14, len(GZIP) - 8, len(GZIP) - 1)),
        *(packed(ZLIB[:size], b"deflate") for size in (1, 5, len(ZLIB) - 1)),
        packed(GZIP[:-8] + b"\0" * 8),
        packed(b"no gzip at all"),
        packed(GZIP + b"and more"),
        packed(b"anything", b"br"),
    ],
)
async def test_a_compressed_answer_without_its_end_broke_off(answer: bytes) -> None:
    """Where the stream's end, or its checksum, is missing or wrong, nothing is called accepted."""
    async with raw_server(answer) as raw, client_of(raw.base_url) as client:
        with pytest.raises(UnexpectedResponseError) as caught:
            await client.send_message(contact_id=7, text="Hi")
    assert not caught.value.complete
    assert caught.value.outcome is Outcome.UNKNOWN


async def test_a_compressed_answer_is_not_unpacked_without_bound() -> None:
    """Of a body that grows beyond all measure no more is kept than the bound."""
    bomb = packed(gzip.compress(b" " * 10_000_000))
    config = one_attempt(max_body=1000)
    async with raw_server(bomb) as raw, client_of(raw.base_url, config=config) as client:
        with raw_answers() as answers, pytest.raises(UnexpectedResponseError):
            await client.send_message(contact_id=7, text="Hi")
    assert [len(answer.body) for answer in answers] == [1000]


async def test_a_compressed_answer_is_read() -> None:
    """Answers may be compressed, also where the lent session would not unpack them."""
    body = gzip.compress(b'{"success":true}')
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with (
        raw_server(answer + body) as raw,
        aiohttp.ClientSession(auto_decompress=False) as session,
        client_of(raw.base_url, session=session) as client,
    ):
        assert (await client.send_message(contact_id=7, text="Hi")).attempts == 1
