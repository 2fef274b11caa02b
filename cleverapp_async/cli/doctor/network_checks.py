"""Whether the server is found, reached and takes the token, and whether the clocks agree."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeAlias, cast
from urllib.parse import urlsplit

from attrs import field, frozen

from ..._call import raw_answers
from ..._tls import tls_fault
from ...errors import (
    CleverAppError,
    ForbiddenError,
    NotFoundError,
)
from ..errors import wrong_setting
from .checks import fail, fine, warn

if TYPE_CHECKING:
    from ...client import CleverAppClient
    from .checks import Finding

__all__ = [
    "Address",
    "Resolve",
    "check_account",
    "check_certificate",
    "check_clock",
    "check_connection",
    "check_name",
    "tls_finding",
]

Resolve: TypeAlias = Callable[[str, int], Awaitable[list[str]]]
"""Gives a host's addresses."""

_PATIENCE = 10.0
_SOON = 14
_DAY = 86_400


@frozen
class Address:
    """Where a base URL leads.

    Attributes:
        host: The host.
        port: The port.
        secure: Whether TLS is used.
        trust: What TLS certificates are trusted; that of the system by default.
    """

    host: str
    port: int
    secure: bool
    trust: ssl.SSLContext | None = field(default=None, repr=False)

    @classmethod
    def of(cls, url: str) -> Address:
        """The address in a base URL that was checked."""
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        return cls(parts.hostname or "", parts.port or (443 if secure else 80), secure)


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, as the system knows them."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


async def check_name(address: Address, using: Resolve = resolve) -> Finding:
    """Whether the host's name can be resolved.

    Args:
        address: Where the API lives.
        using: What resolves it.
    """
    host = address.host
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return fine("DNS", f"not used: {host} is an address")
    remedy = "Check the base URL, and this machine's network and DNS settings."
    try:
        async with asyncio.timeout(_PATIENCE):
            found = await using(host, address.port)
    except TimeoutError:
        return fail("DNS", f"{host} was not resolved in {_PATIENCE:g} s", remedy)
    except OSError as error:
        told = error.strerror or type(error).__name__
        return fail("DNS", f"{host} cannot be resolved: {told}", remedy)
    return fine("DNS", f"{host} is {', '.join(dict.fromkeys(found))}")


async def check_connection(address: Address, patience: float = _PATIENCE) -> list[Finding]:
    """Whether a TCP connection can be made, and TLS in it.

    Args:
        address: Where the API lives.
        patience: Seconds for each of the two.
    """
    where = f"{address.host}:{address.port}"
    started = time.monotonic()
    try:
        async with asyncio.timeout(patience):
            _, writer = await asyncio.open_connection(address.host, address.port)
    except TimeoutError:
        told = f"{where} was not connected in {patience:g} s"
        return [fail("TCP", told, "Check whether a firewall or proxy stands between.")]
    except OSError as error:
        remedy = "Check the base URL's host and port, and whether a firewall stands between."
        return [fail("TCP", f"{where} cannot be connected: {_system_word(error)}", remedy)]
    took = time.monotonic() - started
    try:
        tls = await _check_tls(address, writer, patience)
    finally:
        writer.transport.abort()
    return [fine("TCP", f"{where} connected in {took * 1000:.0f} ms"), tls]


async def _check_tls(address: Address, writer: asyncio.StreamWriter, patience: float) -> Finding:
    if not address.secure:
        return fine("TLS", "not used: http on this machine itself")
    trust = address.trust or ssl.create_default_context()
    try:
        async with asyncio.timeout(patience):
            await writer.start_tls(trust, server_hostname=address.host)
    except OSError as error:
        return tls_finding(error)
    secured = cast("ssl.SSLObject", writer.get_extra_info("ssl_object"))
    certificate = cast("Mapping[str, object]", secured.getpeercert() or {})
    return check_certificate(secured.version() or "TLS", certificate, time.time())


def check_certificate(version: str, certificate: Mapping[str, object], now: float) -> Finding:
    """Whether the server's certificate, valid now, will be so for a while.

    Args:
        version: The version of TLS.
        certificate: As ``getpeercert`` gives it.
        now: Unix seconds.
    """
    ends = certificate.get("notAfter")
    if not isinstance(ends, str):
        return fine("TLS", f"{version}, the certificate is valid")
    days = int((ssl.cert_time_to_seconds(ends) - now) // _DAY)
    told = f"{version}, the certificate is valid for {days} days"
    if days < _SOON:
        return warn("TLS", told, "Its owner has to renew it before; tell the support.")
    return fine("TLS", told)


def tls_finding(error: OSError) -> Finding:
    """Why TLS could not be used.

    Args:
        error: What the handshake raised.
    """
    if isinstance(error, ssl.SSLError):
        told, remedy = tls_fault(error)
        return fail("TLS", told, f"{remedy[0].upper()}{remedy[1:]}.")
    remedy = "Check that the base URL's port speaks TLS, and whether a proxy stands between."
    return fail("TLS", f"the handshake failed: {_system_word(error)}", remedy)


def _system_word(error: OSError) -> str:
    """The system's word: the event loop's own text names all addresses that it tried."""
    return os.strerror(error.errno) if error.errno else type(error).__name__


_ANSWER_PATIENCE = 30.0
_CLOCK_TOLERANCE = 5.0


async def check_account(client: CleverAppClient) -> list[Finding]:
    """Ask whose token it is; the answer's date tells the server's time.

    Args:
        client: Made with the token.
    """
    with raw_answers() as answers:
        try:
            await client.get_me(deadline=_ANSWER_PATIENCE)
        except CleverAppError as error:
            account = _account_fault(error)
        else:
            account = fine("account", "getMe takes the token")
    date = answers[-1].headers.get("date") if answers else None
    return [account, check_clock(date, time.time())]


def _account_fault(error: CleverAppError) -> Finding:
    told = str(error).rstrip(". ")
    setting = wrong_setting(error)
    # getMe asks for nothing but the account: what is forbidden or not found is all of it.
    if setting == "token" or isinstance(error, ForbiddenError):
        remedy = "Take the token from the account's settings, of the brand that the base URL names."
        return fail("account", told, remedy)
    if setting == "base URL" or isinstance(error, NotFoundError):
        return fail("account", told, "Check the path of the base URL: it ends with /api/v1.")
    return fail("account", told, "Check the base URL, and try again later.")


def check_clock(date: str | None, now: float) -> Finding:
    """How far this machine's clock is off the server's, as far as an answer's date tells.

    Args:
        date: The ``Date`` header, exact to a second; None where there was none.
        now: Unix seconds here when the answer was there.
    """
    remedy = "Compare this machine's clock with another."
    if date is None:
        return warn("clock", "not checked: no answer told the server's time", remedy)
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return warn("clock", "not checked: the server's date cannot be read", remedy)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    # The header cuts off the part of a second: half of it on the average.
    ahead = now - moment.timestamp() - 0.5
    if abs(ahead) <= _CLOCK_TOLERANCE:
        return fine("clock", f"within {_CLOCK_TOLERANCE:g} s of the server's")
    way = "ahead of" if ahead > 0 else "behind"
    return warn(
        "clock",
        f"{abs(ahead):.0f} s {way} the server's",
        "Let this machine set its clock by the network (NTP): dates in filters go by it.",
    )
