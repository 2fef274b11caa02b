"""What is wrong with TLS is told in OpenSSL's words, with a remedy and without the URL."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import aiohttp
import pytest
import trustme

from cleverapp_async import CleverAppError, ConnectError, Outcome
from cleverapp_async._tls import tls_fault
from cleverapp_async.cli.doctor.checks import Address, check_connection
from tests.transport.rig import TOKEN, client_of, http, raw_server

if TYPE_CHECKING:
    from collections.abc import Callable

ALERT = b"\x15\x03\x03\x00\x02\x02\x46"
"""Fatal, protocol version: what a port for TLS says to anything else."""
PAST = datetime(2020, 1, 1, tzinfo=UTC)
ACCEPTED = http(b'{"success":true}')
PLAIN = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def self_signed(authority: trustme.CA) -> tuple[ssl.SSLContext, bool]:
    """A server whose certificate nobody else has signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with authority.cert_pem.tempfile() as certificate, authority.private_key_pem.tempfile() as key:
        context.load_cert_chain(certificate, key)
    return context, False


def issued(
    authority: trustme.CA, *names: str, trusted: bool = True, ends: datetime | None = None
) -> tuple[ssl.SSLContext, bool]:
    """A server whose certificate the authority has signed; whether we trust it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, not_after=ends).configure_cert(context)
    return context, trusted


CASES: dict[str, tuple[Callable[[trustme.CA], tuple[ssl.SSLContext, bool]], str, str]] = {
    "self-signed": (self_signed, "self-signed certificate", "SSL_CERT_FILE"),
    "unknown authority": (
        lambda authority: issued(authority, "127.0.0.1", trusted=False),
        "unable to get local issuer",
        "SSL_CERT_FILE",
    ),
    "expired": (
        lambda authority: issued(authority, "127.0.0.1", ends=PAST),
        "certificate has expired",
        "date",
    ),
    "another address": (
        lambda authority: issued(authority, "127.0.0.2"),
        "IP address mismatch",
        "URL",
    ),
    "another name": (
        lambda authority: issued(authority, "example.com"),
        "mismatch",
        "URL",
    ),
}


def trust_of(authority: trustme.CA, *, trusted: bool) -> ssl.SSLContext:
    """What the client trusts: the system's authorities, and ours."""
    context = ssl.create_default_context()
    if trusted:
        authority.configure_trust(context)
    return context


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """One authority for all, as making keys takes its time."""
    return trustme.CA()


async def send(base_url: str, trust: ssl.SSLContext) -> CleverAppError:
    """Send one message; what it came to."""
    connector = aiohttp.TCPConnector(ssl=trust)
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        client_of(base_url, session=session) as client,
    ):
        with pytest.raises(CleverAppError) as caught:
            await client.send_message(contact_id=1, text="Hi")
    assert TOKEN not in str(caught.value)
    # The base URL of a connection that was not made is no secret; the rest of a URL is.
    shown = str(caught.value).replace(f"not sent to {base_url}: ", "")
    assert isinstance(caught.value, ConnectError) is (shown != str(caught.value))
    assert "://" not in shown
    return caught.value


@pytest.mark.parametrize("name", CASES)
async def test_a_certificate_that_is_not_valid(authority: trustme.CA, name: str) -> None:
    """Nothing was sent, and the error and the doctor say what is wrong and what to do."""
    make, told, remedy = CASES[name]
    context, trusted = make(authority)
    trust = trust_of(authority, trusted=trusted)
    async with raw_server(ACCEPTED, ssl=context) as raw:
        error = await send(raw.base_url, trust)
        address = Address("127.0.0.1", Address.of(raw.base_url).port, secure=True, trust=trust)
        _, tls = await check_connection(address)
    assert type(error) is ConnectError
    assert error.outcome is Outcome.NOT_SENT
    assert told in str(error)
    assert remedy in str(error)
    assert tls.level == "FAIL"
    assert told in tls.told
    assert remedy in tls.remedy
    assert raw.requests == []


async def test_a_port_that_does_not_speak_tls(authority: trustme.CA) -> None:
    """Https to a port of plain HTTP is told as that."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(PLAIN)
        await writer.drain()

    trust = trust_of(authority, trusted=True)
    async with raw_server(refuse) as raw:
        error = await send(raw.base_url.replace("http:", "https:"), trust)
        address = Address("127.0.0.1", Address.of(raw.base_url).port, secure=True, trust=trust)
        _, tls = await check_connection(address)
    assert type(error) is ConnectError
    assert "TLS" in str(error)
    assert "Operation not permitted" not in str(error)
    assert (tls.level, "TLS" in tls.remedy) == ("FAIL", True)


async def test_a_port_that_speaks_tls_alone(authority: trustme.CA) -> None:
    """A TLS alert in answer to a request without TLS: nothing has read it."""
    async with raw_server(ALERT) as raw:
        error = await send(raw.base_url, trust_of(authority, trusted=False))
    assert type(error) is ConnectError
    assert error.outcome is Outcome.NOT_SENT
    assert "https" in str(error)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\n{}" + ALERT,
        b"HTTP/1.1 103 Early Hints\r\n\r\n" + ALERT,
        b"HTTP/1.1 200 OK\r\nX-" + ALERT + b": a\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + ALERT + b": a\r\n\r\n",
    ],
    ids=["behind an answer", "behind a hint", "in a name", "at the head of a name"],
)
async def test_a_tls_alert_proves_nothing_behind_http(authority: trustme.CA, answer: bytes) -> None:
    """What has spoken HTTP may have read the message, whatever follows."""
    async with raw_server(answer) as raw:
        error = await send(raw.base_url, trust_of(authority, trusted=False))
        assert len(raw.requests) == 1
    assert error.outcome is Outcome.UNKNOWN


async def test_a_tls_alert_that_comes_byte_by_byte(authority: trustme.CA) -> None:
    """The network may cut it anywhere."""

    async def alert(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await raw.read_request(reader)
        for byte in ALERT:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)

    async with raw_server(alert) as raw:
        error = await send(raw.base_url, trust_of(authority, trusted=False))
    assert (type(error), error.outcome) == (ConnectError, Outcome.NOT_SENT)


def test_an_error_nobody_knows_has_a_remedy() -> None:
    """Whatever OpenSSL comes up with, something is told."""
    told, remedy = tls_fault(ssl.SSLError(1, "text"))
    assert "SSLError" in told
    assert remedy
    strange = ssl.SSLCertVerificationError(1, "text")
    strange.verify_message, strange.verify_code = "certificate revoked", 23
    told, remedy = tls_fault(strange)
    assert "certificate revoked" in told
    assert remedy
