"""Why TLS could not be used, in OpenSSL's words, and what to do about it."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SPEAKS_TLS", "tls_fault"]

SPEAKS_TLS = "the port expects TLS, and got plain HTTP: begin the URL with https"
"""What a TLS alert says where an HTTP answer was awaited."""

_TRUST = (
    "if it is the right server, let this machine trust its authority (SSL_CERT_FILE names a file "
    "of certificates); a proxy may stand between"
)
_HOST = "check the host in the URL"
_CLOCK = "check this machine's date; if it is right, the server's owner has to renew it"

# By OpenSSL's numbers (X509_V_ERR_…): its texts change more often.
_REMEDIES: Mapping[int, str] = {
    9: _CLOCK,  # not yet valid
    10: _CLOCK,  # expired
    18: _TRUST,  # self-signed
    19: _TRUST,  # self-signed in the chain
    20: _TRUST,  # unable to get the local issuer
    21: _TRUST,  # unable to verify the first certificate
    62: _HOST,  # host name mismatch
    64: _HOST,  # IP address mismatch
}
_NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG")


def tls_fault(error: ssl.SSLError) -> tuple[str, str]:
    """What went wrong, and the remedy.

    Neither holds a URL: OpenSSL knows the host's name alone.

    Args:
        error: What the handshake raised. One that is not of OpenSSL's own making lacks attributes.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        told = f"the certificate is not valid: {error.verify_message.rstrip('. ')}"
        code = getattr(error, "verify_code", 0)
        return told, _REMEDIES.get(code, "tell the server's owner")
    reason = getattr(error, "reason", None) or type(error).__name__
    told = f"the handshake failed: {reason}"
    if reason in _NO_TLS:
        return told, "the port does not speak TLS: check the port and the https of the URL"
    return told, "check that the URL's port speaks TLS, and whether a proxy stands between"
