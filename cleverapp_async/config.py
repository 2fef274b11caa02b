"""The settings of a client and the address of the API, checked before anything is sent."""

from __future__ import annotations

import ipaddress
from math import inf
from typing import Literal, TypeAlias, get_args
from urllib.parse import urlsplit

from attrs import Attribute, field, frozen, validators

from .brands import TokenPlace
from .errors import ConfigurationError
from .events import EventCallback
from .retry import Retry, RetryPolicy

__all__ = ["DEFAULT_BASE_URL", "ClientConfig", "PostParameters", "check_base_url"]

DEFAULT_BASE_URL = "https://app.cleverapp.pro/api/v1"
"""CleverApp's own address (API docs, page «Основы»)."""

PostParameters: TypeAlias = Literal["documented", "query", "json", "form"]
"""Where the parameters of a POST go."""


_DOCUMENTED: PostParameters = "documented"


def _seconds(_: object, attribute: Attribute[float], value: float) -> None:
    if not value > 0:
        raise ConfigurationError(f"{attribute.name} must be more than 0 seconds, not {value!r}")


def _idle(_: object, attribute: Attribute[float], value: float) -> None:
    if not 0 <= value < inf:
        raise ConfigurationError(
            f"{attribute.name} must be a finite number of seconds, 0 or more, not {value!r}"
        )


def _count(_: object, attribute: Attribute[int], value: int) -> None:
    if value < 1:
        raise ConfigurationError(f"{attribute.name} must be 1 or more, not {value!r}")


def _placement(_: object, attribute: Attribute[PostParameters], value: PostParameters) -> None:
    if value not in get_args(PostParameters):
        known = ", ".join(get_args(PostParameters))
        raise ConfigurationError(f"{attribute.name} must be one of {known}, not {value!r}")


@frozen(kw_only=True)
class ClientConfig:
    """The settings of one client.

    Attributes:
        connect_timeout: Seconds for making a connection (DNS, TCP, TLS).
        attempt_timeout: Seconds for one attempt, from the moment it has won its limits and its
            connection slot until the whole answer is read.
        keepalive_timeout: Seconds for which an idle connection may be used again. If a
            server closes it at the very moment in which a message leaves, the message is UNKNOWN
            though it never arrived. So the default is shorter than the periods of the limits and
            the time-outs of servers.
            0 makes a new connection for each request. It holds in a lent session, too.
        max_in_flight: Requests on the wire at once.
        max_body: Bytes of an answer that are read, after decompression.
        post_parameters: ``"documented"``: where each method's page says; otherwise the query
            string, a JSON body or a form body for all. A query that would pass 4 KB encoded goes
            in a JSON body all the same, as long Cyrillic texts fit no URL; so does what a query
            or a form cannot say, such as an empty list.
        longest_pause: Seconds for which a refusal may pause a limit at most, whatever
            ``Retry-After`` says: after it the limits are tried again.
        retry: Decides about further attempts.
        lenient: Keep a value of a wrong shape in an answer as it came, instead of raising
            UnexpectedResponseError. The types in the models' annotations are then not guaranteed.
        token_place: Where the token travels: in the query of every request, as documented, or in
            the body of a POST, which sibling brands were seen to take. A GET has it in the query.
        on_event: Called with what happens to each request.
        remembered_routes: Contacts whose bot and messenger are remembered.
    """

    connect_timeout: float = field(default=10.0, validator=_seconds)
    attempt_timeout: float = field(default=60.0, validator=_seconds)
    keepalive_timeout: float = field(default=0.8, validator=_idle)
    max_in_flight: int = field(default=100, validator=_count)
    max_body: int = field(default=8 * 1024 * 1024, validator=_count)
    post_parameters: PostParameters = field(default=_DOCUMENTED, validator=_placement)
    longest_pause: float = field(default=300.0, validator=_seconds)
    retry: Retry = field(factory=RetryPolicy)
    lenient: bool = False
    token_place: TokenPlace = field(default="query", validator=validators.in_(("query", "body")))
    on_event: tuple[EventCallback, ...] = field(
        default=(), validator=validators.deep_iterable(validators.is_callable())
    )
    remembered_routes: int = field(default=100_000, validator=_count)


def check_base_url(value: str) -> str:
    """The base URL without a slash at the end.

    Raises:
        ConfigurationError: It is no URL of an API, or would send the token in clear text.
    """
    value = value.strip()
    if any(character.isspace() or not character.isprintable() for character in value):
        raise ConfigurationError("base_url holds white space or control characters: remove them")
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
            "base_url must not hold a user, a query or a fragment: give the token as api_token"
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
