"""What an exception of the wire means, in words that contain neither a URL nor the token."""

from __future__ import annotations

import asyncio
import os
import ssl

import aiohttp
from aiohttp import client_exceptions as aio

from .._tls import tls_fault
from ..errors import ClientStateError
from .witness import StaleConnectionError

__all__ = ["REASONS", "reason_of"]

REASONS: dict[type[BaseException], str] = {
    aio.ClientConnectorDNSError: "the host name could not be resolved: check the URL and DNS",
    aio.ClientConnectorCertificateError: "no TLS connection to the server could be made",
    aio.ClientConnectorSSLError: "no TLS connection to the server could be made",
    aio.ClientSSLError: "TLS failed",
    aio.ClientProxyConnectionError: "the proxy could not be reached",
    aio.UnixClientConnectorError: "no connection to the Unix socket could be made",
    aio.ClientConnectorError: "no connection to the server could be made",
    aio.ClientHttpProxyError: "the proxy refused the connection",
    aio.ServerFingerprintMismatch: "the server's TLS fingerprint is not the expected one",
    aio.ConnectionTimeoutError: "no connection was made in time",
    aio.SocketTimeoutError: "the server was silent for too long",
    aio.ServerTimeoutError: "the server did not answer in time",
    aio.ServerDisconnectedError: "the server closed the connection without an answer",
    aio.ServerConnectionError: "the connection to the server failed",
    aio.ClientConnectionResetError: "the connection was closed while the request was written",
    aio.ClientOSError: "the connection broke",
    aio.ClientConnectionError: "the connection failed",
    aio.ClientPayloadError: "the answer's body broke off",
    aio.ContentTypeError: "the answer is of another content type",
    aio.WSServerHandshakeError: "the answer is not the HTTP that was expected",
    aio.TooManyRedirects: "the server redirects",
    aio.ClientResponseError: "the answer is not valid HTTP",
    aio.InvalidUrlRedirectClientError: "the server redirects to something that is no URL",
    aio.NonHttpUrlRedirectClientError: "the server redirects to something that is not HTTP",
    aio.RedirectClientError: "the server redirects",
    aio.InvalidUrlClientError: "the URL is not valid",
    aio.NonHttpUrlClientError: "the URL is not http or https",
    aio.InvalidURL: "the URL is not valid",
    aio.WSMessageTypeError: "the answer is not the HTTP that was expected",
    aio.ClientError: "the HTTP client failed",
    asyncio.TimeoutError: "no answer in time",
    StaleConnectionError: "something came on the connection before any request had asked for it",
    ClientStateError: "the client was closed",
    OSError: "the connection broke",
    RuntimeError: "the HTTP session cannot be used (was it closed?)",
}
"""Every exception of aiohttp's client, and what else it lets through."""

_NEWER = {"UploadAbortedError": "the request could not be written to its end"}
"""Those that the oldest supported release does not have, by their names."""

REASONS.update(
    (kind, words)
    for name, words in _NEWER.items()
    if isinstance(kind := getattr(aio, name, None), type)
)


def reason_of(error: BaseException) -> str:
    """The words for an exception, with the operating system's own where it has some.

    The exception's text is not used: aiohttp's hold URLs, and a URL holds the token.
    """
    kind = type(error)
    known = next((REASONS[base] for base in kind.__mro__ if base in REASONS), "an unexpected error")
    cause: BaseException = error
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        # It is a ClientConnectorError as well, but older releases of aiohttp gave it no `os_error`.
        cause = error.certificate_error
    elif isinstance(error, aiohttp.ClientConnectorError):
        cause = error.os_error
    if isinstance(cause, ssl.SSLError):
        told, remedy = tls_fault(cause)
        return f"{known}: {told} ({kind.__name__}): {remedy}"
    number = cause.errno if isinstance(cause, OSError) else None
    system = f": {os.strerror(number)}" if isinstance(number, int) and number > 0 else ""
    return f"{known}{system} ({kind.__name__})"
