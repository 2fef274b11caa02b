"""Checks the address of the API before anything is sent there."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from .errors import ConfigurationError

__all__ = ["check_base_url"]


def check_base_url(value: str) -> str:
    """The base URL without a slash at the end.

    Raises:
        ConfigurationError: It is no URL of an API, or would send the token in clear text.
    """
    value = value.strip()
    if any(character.isspace() or not character.isprintable() for character in value):
        raise ConfigurationError("base_url holds white space or control characters")
    try:
        parts = urlsplit(value)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in {"http", "https"} or not host:
        raise ConfigurationError(
            f"base_url must look like https://app.cleverapp.pro/api/v1, not {_shown(value)!r}"
        )
    if parts.username is not None or parts.query or parts.fragment:
        raise ConfigurationError(
            "base_url must hold no user, query or fragment: the token is an argument of its own"
        )
    if parts.scheme == "http" and not _is_loopback(host):
        raise ConfigurationError(
            f"base_url {_shown(value)!r} is not https: the token would travel in clear text "
            "(http is accepted for this machine itself, such as http://127.0.0.1:8080/api/v1)"
        )
    return value.rstrip("/")


def _shown(value: str) -> str:
    """The URL as far as it can hold no secret."""
    return value.split("?", 1)[0].split("#", 1)[0].rpartition("@")[2]


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
