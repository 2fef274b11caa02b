"""The checks of ``cleverapp doctor``: installation, settings, network, account and clock."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import platform
import re
import socket
import ssl
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, requires, version
from typing import TYPE_CHECKING, Literal, TypeAlias, cast
from urllib.parse import urlsplit

from attrs import field, frozen
from rich.text import Text

from ..._call import raw_answers
from ..._terminal import printable
from ..._tls import tls_fault
from ...config import DEFAULT_BASE_URL, Brand, check_base_url
from ...errors import CleverAppError, ConfigurationError, ForbiddenError, NotFoundError
from ..console import make_console
from ..errors import CommandError, wrong_setting
from ..shared_options import TOKEN_VARIABLE, read_token

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...client import CleverAppClient
    from ..shared_options import Connection

__all__ = [
    "Address",
    "Finding",
    "Level",
    "Resolve",
    "Settings",
    "check_account",
    "check_address",
    "check_certificate",
    "check_clock",
    "check_connection",
    "check_name",
    "check_packages",
    "check_python",
    "check_token",
    "fail",
    "fine",
    "resolve",
    "tls_finding",
    "warn",
]

Level: TypeAlias = Literal["ok", "warn", "FAIL"]

_COLOURS: dict[Level, str] = {"ok": "green", "warn": "yellow", "FAIL": "red"}
_WIDEST = 13


@frozen
class Finding:
    """One line.

    Attributes:
        level: ``FAIL`` where the package cannot work, ``warn`` where it may go wrong.
        about: What was looked at.
        told: What was found.
        remedy: What to do about it, a sentence; empty where all is well.
    """

    level: Level
    about: str
    told: str
    remedy: str = ""

    def show(self) -> None:
        """Print it, in colour where that can be seen."""
        told = printable(f"{self.told}. {self.remedy}" if self.remedy else self.told)
        line = Text(f"{self.level:<4}  {self.about:<{_WIDEST}}  {told}")
        line.stylize(_COLOURS[self.level], 0, len(self.level))
        make_console(stderr=False).print(line, soft_wrap=True)


def fine(about: str, told: str) -> Finding:
    """All is well."""
    return Finding("ok", about, told)


def warn(about: str, told: str, remedy: str) -> Finding:
    """It may go wrong."""
    return Finding("warn", about, told, remedy)


def fail(about: str, told: str, remedy: str) -> Finding:
    """It cannot work."""
    return Finding("FAIL", about, told, remedy)


@frozen
class Settings:
    """A setting, and what was found.

    Attributes:
        value: It, where it can work.
        finding: What was found.
    """

    value: str | None
    finding: Finding

    def __repr__(self) -> str:
        """What was found alone: the value may be the token."""
        return f"<Settings {self.finding}>"


def check_token(token_file: str | None) -> Settings:
    """Where the token comes from, and how long it is.

    Args:
        token_file: What ``--token-file`` says.
    """
    try:
        token = read_token(token_file)
    except CommandError as error:
        # Messages of commands are sentences of which the second is the remedy.
        told, _, remedy = error.message.partition(". ")
        remedy = remedy or "Write nothing but the token into a file that you can read."
        return Settings(None, fail("token", told.rstrip("."), remedy))
    source = TOKEN_VARIABLE if token_file is None else f"--token-file {token_file}"
    return Settings(token, fine("token", f"{len(token)} characters, from {source}"))


def check_address(connection: Connection, source: str) -> Settings:
    """Where the API lives.

    Args:
        connection: What the options say.
        source: Where the base URL comes from, in words.
    """
    try:
        url = check_base_url(connection.base_url or DEFAULT_BASE_URL)
    except ConfigurationError as error:
        remedy = "Correct CLEVERAPP_BASE_URL or --base-url."
        return Settings(None, fail("base URL", f"{error}", remedy))
    brand = next((f", {one.name}" for one in Brand if one.base_url == url), "")
    return Settings(url, fine("base URL", f"{url} ({source}{brand})"))


_PACKAGE = "cleverapp-async"
_OLDEST = (3, 11)
_FLOOR = re.compile(r"([A-Za-z0-9_.-]+)\s*>=\s*([0-9.]+)")
_NUMBERS = re.compile(r"\d+")
_OTHER_EXTRA = re.compile(r"""extra\s*==\s*["'](?!cli["'])""")


def check_python(running: tuple[int, ...] = sys.version_info[:3]) -> Finding:
    """Whether this Python is new enough.

    Args:
        running: Its version.
    """
    told = ".".join(map(str, running))
    if running < _OLDEST:
        wanted = ".".join(map(str, _OLDEST))
        return fail("Python", told, f"Install Python {wanted} or newer.")
    return fine("Python", f"{told} ({platform.system()} {platform.machine()})")


def check_packages(
    needs: Callable[[str], Iterable[str] | None] = requires,
    installed: Callable[[str], str] = version,
) -> Finding:
    """Whether the packages that this one needs are there and new enough.

    Those of an extra beside `cli` may be missing.

    Args:
        needs: Gives what a package requires.
        installed: Gives the version of an installed package.
    """
    try:
        told = {_PACKAGE: installed(_PACKAGE)}
        wanted = list(needs(_PACKAGE) or ())
    except PackageNotFoundError:
        remedy = "Install it: pip install '.[cli]' in the clone."
        return warn("packages", f"{_PACKAGE} runs without being installed", remedy)
    bad: dict[str, str] = {}
    for requirement in wanted:
        match = _FLOOR.match(requirement)
        if match is None:
            continue
        name, floor = match.groups()
        try:
            found = installed(name)
        except PackageNotFoundError:
            if not _OTHER_EXTRA.search(requirement):
                bad[name] = "is missing"
            continue
        # Once, though several extras may want it.
        told[name] = found
        if _numbers(found) < _numbers(floor):
            bad[name] = f"{found} is older than {floor}"
    if bad:
        remedy = f"Reinstall them: pip install --upgrade {' '.join(bad)}."
        return fail("packages", ", ".join(map(" ".join, bad.items())), remedy)
    return fine("packages", ", ".join(map(" ".join, told.items())))


def _numbers(told: str) -> tuple[int, ...]:
    return tuple(int(number) for number in _NUMBERS.findall(told)[:3])


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
        return [fail("TCP", told, "Check whether a firewall or a proxy is in between.")]
    except OSError as error:
        remedy = "Check the base URL's host and port, and whether a firewall is in between."
        return [fail("TCP", f"{where} cannot be connected: {_system_word(error)}", remedy)]
    took = time.monotonic() - started
    try:
        tls = await _check_tls(address, writer, patience)
    finally:
        # Aborted, as a TLS connection that is closed in order waits for the other side.
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
        return warn("TLS", told, "Its owner must renew it before then; tell the support.")
    return fine("TLS", told)


def tls_finding(error: OSError) -> Finding:
    """Why TLS could not be used.

    Args:
        error: What the handshake raised.
    """
    if isinstance(error, ssl.SSLError):
        told, remedy = tls_fault(error)
        return fail("TLS", told, f"{remedy[0].upper()}{remedy[1:]}.")
    remedy = "Check that the base URL's port speaks TLS, and whether a proxy is in between."
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
            account = fine("account", "getMe accepts the token")
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
