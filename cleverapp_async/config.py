"""The settings of a client, checked; the brands of the platform, and the address of the API."""

from __future__ import annotations

import ipaddress
import re
from enum import Enum
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args
from urllib.parse import urlsplit

from attrs import Attribute, field, frozen

from ._arguments import (
    check_callable,
    check_choice,
    check_flag,
    check_instance,
    check_seconds,
    check_whole,
    warn_caller,
    wrong_setting,
)
from ._imports import late_module
from .errors import ConfigurationError
from .retry import Retry, RetryPolicy

if TYPE_CHECKING:
    from . import events
else:
    events = late_module("cleverapp_async.events")

# What users import; check_base_url and is_loopback are for the other rooms.
__all__ = ["DEFAULT_BASE_URL", "Brand", "ClientConfig", "PostParameters", "TokenPlace"]

_PATH = "/api/v1"
DEFAULT_BASE_URL = f"https://app.cleverapp.pro{_PATH}"
"""CleverApp's own address (API docs, page «Основы»)."""

TokenPlace: TypeAlias = Literal["query", "body"]
"""Where the token travels: in the query of every request, or in the body of a POST."""

_MESSENGERS = ("whatsapp", "telegram", "viber", "icq")


class Brand(Enum):
    """A brand of the platform: pass it as ``base_url``.

    The API is the same; what is known to differ stands here (CleverApp's and WatBot's own pages,
    the others' addresses from theirs). Any other host is given as a plain URL.

    Attributes:
        base_url: Where its API lives.
        messengers: The messengers its documentation names for sendMessage.
        token_place: Where its documentation wants the token; see ``ClientConfig.token_place``.
    """

    CLEVERAPP = (DEFAULT_BASE_URL, _MESSENGERS, "query")
    WATBOT = ("https://watbot.ru/api/v1", (*_MESSENGERS, "vk", "max"), "query")
    JETBOT = ("https://app.jetbot24.ru/api/v1", _MESSENGERS, "query")
    LEADTEH = ("https://app.leadteh.ru/api/v1", _MESSENGERS, "query")
    ONEBOT = ("https://app.onebot.tech/api/v1", _MESSENGERS, "query")

    def __init__(self, base_url: str, messengers: tuple[str, ...], token_place: TokenPlace) -> None:
        self.base_url = base_url
        self.messengers = messengers
        self.token_place: TokenPlace = token_place


PostParameters: TypeAlias = Literal["documented", "query", "json", "form"]
"""Where the parameters of a POST go."""


_DOCUMENTED: PostParameters = "documented"


def _seconds(_: object, attribute: Attribute[float], value: object) -> None:
    check_seconds(attribute.name, value, wrong_setting)


def _idle(_: object, attribute: Attribute[float], value: object) -> None:
    check_seconds(attribute.name, value, wrong_setting, zero=True)


def _count(_: object, attribute: Attribute[int], value: object) -> None:
    check_whole(attribute.name, value, wrong_setting)


def _flag(_: object, attribute: Attribute[bool], value: object) -> None:
    check_flag(attribute.name, value, wrong_setting)


def _placement(_: object, attribute: Attribute[PostParameters], value: object) -> None:
    check_choice(attribute.name, value, get_args(PostParameters), wrong_setting)


def _token_place(_: object, attribute: Attribute[TokenPlace], value: object) -> None:
    check_choice(attribute.name, value, get_args(TokenPlace), wrong_setting)


def _retry(_: object, attribute: Attribute[Retry], value: object) -> None:
    decides = not isinstance(value, type) and callable(getattr(value, "delay", None))
    if not decides:
        raise wrong_setting(attribute.name, "a RetryPolicy(), or have a method delay", value)


def _callbacks(
    value: tuple[events.EventCallback, ...] | list[events.EventCallback],
) -> tuple[events.EventCallback, ...]:
    """The callbacks as a tuple."""
    wanted = "a tuple of what can be called, such as on_event=(callback,)"
    check_instance("on_event", value, tuple | list, wanted, wrong_setting)
    for callback in value:
        check_callable("on_event", callback, wanted, wrong_setting)
        if iscoroutinefunction(callback):
            plain = "plain functions, as nothing awaits them (start a task in one, or fill a queue)"
            raise wrong_setting("on_event", plain, callback)
    return tuple(value)


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

    Raises:
        ConfigurationError: A value cannot work; it is named.
    """

    connect_timeout: float = field(default=10.0, validator=_seconds)
    attempt_timeout: float = field(default=60.0, validator=_seconds)
    keepalive_timeout: float = field(default=0.8, validator=_idle)
    max_in_flight: int = field(default=100, validator=_count)
    max_body: int = field(default=8 * 1024 * 1024, validator=_count)
    post_parameters: PostParameters = field(default=_DOCUMENTED, validator=_placement)
    longest_pause: float = field(default=300.0, validator=_seconds)
    retry: Retry = field(factory=RetryPolicy, validator=_retry)
    lenient: bool = field(default=False, validator=_flag)
    token_place: TokenPlace = field(default="query", validator=_token_place)
    on_event: tuple[events.EventCallback, ...] = field(default=(), converter=_callbacks)
    remembered_routes: int = field(default=100_000, validator=_count)


_PORTS = {"https": 443, "http": 80}


def spelled_base_url(url: str) -> str:
    """A base URL in the spelling that all of the same address have; what is none stays as it is.

    Scheme and host are in small letters and ASCII, the usual port and needless slashes left out.
    """
    parts = urlsplit(url)
    scheme, host, port = parts.scheme, parts.hostname, parts.port
    if scheme not in _PORTS or not host or parts.username is not None or parts.query:
        return url
    if not host.isascii():
        # As aiohttp does it; here, as the import of the package needs no yarl.
        from yarl import URL  # noqa: PLC0415

        host = URL(f"{scheme}://{host}").raw_host or ""
    place = f"[{host}]" if ":" in host else host
    if port is not None and port != _PORTS[scheme]:
        place += f":{port}"
    return f"{scheme}://{place}{re.sub('/+', '/', parts.path).rstrip('/')}"


def check_base_url(value: str) -> str:
    """The base URL as :func:`spelled_base_url` gives it; one without a path is warned of.

    Raises:
        ConfigurationError: It is no URL of an API, or would send the token in clear text.
    """
    check_instance("base_url", value, str, "a Brand, or a URL as a string", wrong_setting)
    value = value.strip()
    if any(character.isspace() or not character.isprintable() for character in value):
        raise ConfigurationError("base_url holds white space or control characters: remove them")
    try:
        parts = urlsplit(value)
        host, spelled = parts.hostname, spelled_base_url(value)
    except ValueError:
        host, parts, spelled = None, urlsplit(""), ""
    if parts.scheme not in _PORTS or not host:
        raise ConfigurationError(
            f"base_url must look like https://app.cleverapp.pro/api/v1, not {_shown(value)!r}"
        )
    if parts.username is not None or parts.query or parts.fragment:
        raise ConfigurationError(
            "base_url must not hold a user, a query or a fragment: give the token as api_token"
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise ConfigurationError(
            f"base_url {_shown(value)!r} is not https: the token would travel in clear text "
            "(http is accepted for this machine itself, such as http://127.0.0.1:8080/api/v1)"
        )
    value = spelled
    if not parts.path.strip("/"):
        warn_caller(
            f"base_url {value} has no path: on every known host the API lives at {value}{_PATH}, "
            "and a method's name is put right behind the base URL",
            UserWarning,
        )
    return value


def _shown(value: str) -> str:
    """The URL as far as it can hold no secret."""
    return value.split("?", 1)[0].split("#", 1)[0].rpartition("@")[2]


def is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
