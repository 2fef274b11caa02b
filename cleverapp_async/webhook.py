"""Incoming webhooks of the platform: a secret URL that starts a scenario."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Self, Unpack, cast
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from ._arguments import check_instance, faults_by_variable, wrong_argument, wrong_setting
from ._call import Call, EventDispatcher
from ._event_loop import AsyncOnly, Lifetime
from ._imports import late_module
from ._pipeline import Pipeline, observer_of
from ._request import WireRequest, build, build_list
from ._response import read_status
from ._secret import SecretUrl
from ._transport import Transport, WebhookDestination
from ._values import kind_of
from .config import ClientConfig, is_loopback
from .endpoints import Endpoint, ParametersIn, Repeat, Shape, Trust
from .errors import ConfigurationError, InvalidRequestError
from .limits.acquire import CallLimits
from .limits.quota import AccountKey
from .limits.registry import LimiterRegistry
from .limits.routes import RouteDirectory
from .methods.base import CallOptions, check_options
from .models.checks import check_string
from .models.messages import SendReceipt

if TYPE_CHECKING:
    from . import telemetry
else:
    telemetry = late_module("cleverapp_async.telemetry")

__all__ = ["IncomingWebhook"]

_ENVIRONMENT = "CLEVERAPP_WEBHOOK_URL"

_ROW = Endpoint(
    name="incomingWebhook",
    http_method="POST",
    page="Входящий Webhook",
    about="Starts a scenario.",
    repeat=Repeat.NEVER,
    trust=Trust.SIBLING,
    parameters_in=ParametersIn.JSON,
    shape=Shape.ANY,
)
"""It is no method of the API, and not in its table."""


class IncomingWebhook(AsyncOnly):
    """A client of one incoming webhook, the block «Входящий Webhook» of a scenario.

    ::

        async with IncomingWebhook.from_env() as webhook:
            await webhook.trigger_contact(
                contact_by="telegram_id", search="123456789", variables={"order": "A-17"}
            )

    Whoever has the URL can start the scenario, so it is kept as the token is: only the server sees
    what follows the host, and it is struck out of all that is shown.

    What is known of webhooks: Leadteh documents ``variables``, and that those a bot does not have
    are created; public clients send Leadteh and WatBot the body of :meth:`trigger_contact`, and
    WatBot any other JSON. CleverApp's own page and address are not known, so that any URL is taken.
    Nobody documents an answer. So its status alone counts, whatever its body holds: a 2xx says that
    the platform took the request, not that the scenario found its contact.

    Args:
        url: The webhook's URL as the platform shows it, with https, or with http on this machine
            itself. It goes to the server and nowhere else.
        config: Time-outs, bounds, retries, callbacks. Its ``post_parameters``, ``token_place``,
            ``lenient`` and ``remembered_routes`` mean nothing here: it may be a client's own.
        limits: The limiters, whose ``account`` quotas hold for this URL. None: nothing is limited,
            as no limit of webhooks is documented; a 429 is waited for all the same.
        session: An aiohttp session of your own, for proxies and the like; it is not closed.
        telemetry: Traces and measures the calls, as for :class:`CleverAppClient`.

    Raises:
        ConfigurationError: The URL or another argument cannot work. The URL is not in the error.
    """

    def __init__(
        self,
        url: str,
        *,
        config: ClientConfig | None = None,
        limits: LimiterRegistry | None = None,
        session: aiohttp.ClientSession | None = None,
        telemetry: telemetry.Telemetry | None = None,
    ) -> None:
        secret = _read_url(url)
        # Some reports show the variables of each frame: no frame of ours holds the URL bare.
        del url
        if isinstance(secret, str):
            raise ConfigurationError(secret)
        config = ClientConfig() if config is None else config
        limits = LimiterRegistry.unlimited() if limits is None else limits
        check_instance("config", config, ClientConfig, "a ClientConfig()", wrong_setting)
        check_instance("limits", limits, LimiterRegistry, "a LimiterRegistry()", wrong_setting)
        self._origin = secret.origin
        observer = observer_of(telemetry, self._origin, limits)
        account = AccountKey(secret.digest())
        limits.use_account(account)
        self._transport = Transport(WebhookDestination(secret), config, session)
        self._pipeline = Pipeline(
            self._transport,
            CallLimits(limits, account),
            RouteDirectory(1),
            config,
            EventDispatcher(config.on_event),
            observer,
        )
        self._lifetime = Lifetime()

    @classmethod
    def from_env(
        cls,
        *,
        config: ClientConfig | None = None,
        limits: LimiterRegistry | None = None,
        session: aiohttp.ClientSession | None = None,
        telemetry: telemetry.Telemetry | None = None,
    ) -> Self:
        """A client of the webhook whose URL is in ``CLEVERAPP_WEBHOOK_URL``.

        Args:
            config: As for the class.
            limits: As for the class.
            session: As for the class.
            telemetry: As for the class.

        Raises:
            ConfigurationError: ``CLEVERAPP_WEBHOOK_URL`` is not set, or a value cannot work.
        """
        if not os.environ.get(_ENVIRONMENT):
            raise ConfigurationError(f"{_ENVIRONMENT} is not set: export the webhook's URL")
        with faults_by_variable({"url": _ENVIRONMENT}):
            return cls(
                os.environ[_ENVIRONMENT],
                config=config,
                limits=limits,
                session=session,
                telemetry=telemetry,
            )

    def __repr__(self) -> str:
        """The scheme and the host; never what follows them."""
        if not hasattr(self, "_origin"):
            return "<IncomingWebhook (not made)>"
        return f"<IncomingWebhook {self._origin}/***>"

    async def __aenter__(self) -> Self:
        """Return itself."""
        self._lifetime.check_usable()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self.close()

    async def close(self) -> None:
        """Close its own session; triggers on their way fail. Closing twice is fine.

        What waits ends at once and is not sent; what is on the wire may arrive: its outcome is
        ``UNKNOWN``, over a lent session as well, which stays open.
        """
        self._lifetime.end()
        await self._transport.close()

    async def trigger(
        self, payload: Mapping[str, object] | Sequence[object], **options: Unpack[CallOptions]
    ) -> SendReceipt:
        """Start the scenario with a JSON body of your own.

        The outcome is told as for a message. What provably never reached the server, or was refused
        for a limit (429), is tried again; what may have started the scenario is not.

        Args:
            payload: What the scenario reads: an object or a list of JSON. What PHP would change is
                sent as it can read it: a ``Decimal``, and an integer beyond 64 bits, as a string.
            **options: ``lane`` and ``deadline``.

        Returns:
            What it took. Of the answer ``raw_answers`` keeps status, headers and body.

        Raises:
            InvalidRequestError: The payload is no object and no list, or holds what JSON does not
                have; nothing was sent.
            NotSentError: It provably never reached the server (``DeadlineExceededError``,
                ``ConnectError``).
            OutcomeUnknownError: It may have reached the server; it is not repeated by itself.
            ApiError: The server answered with no 2xx. 4xx: it refused. 5xx (``ServerError``), 408,
                and redirects other than 301, 307 and 308: its ``outcome`` is ``UNKNOWN``.
            ClientStateError: It is closed, or belongs to another event loop.
        """
        check_options(options)
        call = Call(
            endpoint=_ROW, parameters={}, request=_request(payload), read=read_status, **options
        )
        loop = self._lifetime.check_usable()
        return (await self._pipeline.run(call, loop.time)).receipt

    async def trigger_contact(
        self,
        *,
        contact_by: str,
        search: str | int,
        variables: Mapping[str, object] | None = None,
        **options: Unpack[CallOptions],
    ) -> SendReceipt:
        """Start the scenario for a contact who has written to the bot, with variables set before.

        It sends ``{"contact_by": …, "search": …, "variables": {…}}``. Leadteh documents that
        variables go into ``variables``; the body was seen in working clients of Leadteh and WatBot.

        Args:
            contact_by: What the contact is looked up by; ``telegram_id`` was seen.
            search: The value to look for, such as the contact's id in Telegram; sent as a string.
            variables: Values by the names of variables; the bot gets those that it does not have.
            **options: ``lane`` and ``deadline``.

        Returns:
            What it took; see :meth:`trigger`.

        Raises:
            InvalidRequestError: An argument cannot be sent; it is named.
            CleverAppError: See :meth:`trigger`.
        """
        check_string("contact_by", contact_by)
        if isinstance(search, int) and not isinstance(search, bool):
            search = str(int(search))
        payload: dict[str, object] = {
            "contact_by": contact_by,
            "search": check_string("search", search),
        }
        if variables is not None:
            wanted = "a mapping of values by the names of variables, such as {'order': 'A-17'}"
            payload["variables"] = _by_names("variables", variables, wanted)
        return await self.trigger(payload, **options)


def _request(payload: object) -> WireRequest:
    if isinstance(payload, Sequence) and not isinstance(payload, str | bytes | bytearray):
        return build_list(_ROW, "payload", cast("Sequence[object]", payload))
    wanted = "an object or a list of JSON, as a dict or a list and not as its text"
    return build(_ROW, _by_names("payload", payload, wanted), "documented")


def _by_names(name: str, value: object, wanted: str) -> Mapping[str, object]:
    """The value, which must be a mapping by strings.

    Raises:
        InvalidRequestError: It is not one.
    """
    if not isinstance(value, Mapping):
        raise wrong_argument(name, wanted, value)
    for key in cast("Mapping[object, object]", value):
        if not isinstance(key, str):
            told = f"{name} must have strings as its names, not {kind_of(key)}"
            raise InvalidRequestError(told, fields=(name,))
    return cast("Mapping[str, object]", value)


def _read_url(value: object) -> SecretUrl | str:
    """The URL, or why it cannot work, without showing it: any part of it may be the secret."""
    url = value.strip() if isinstance(value, str) else ""
    if not url:
        return (
            "url is empty, or no string: copy it from the settings of the webhook on the platform"
        )
    if any(character.isspace() or not character.isprintable() for character in url):
        return "url holds white space or control characters: was more than it copied?"
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
        URL(url)  # It refuses more than the standard library does, and shows the URL then.
    except ValueError:
        host, parts = "", urlsplit("")
    faults = (
        (
            parts.scheme not in {"http", "https"} or not host,
            "url must begin with https:// and a host: copy the webhook's whole URL",
        ),
        (
            parts.username is not None,
            "url must not hold a user or a password: a webhook has none",
        ),
        (
            parts.scheme == "http" and not is_loopback(host),
            "url is not https: its secret would travel in clear text (http is for this machine)",
        ),
        (
            not parts.path.strip("/") and not parts.query,
            "url ends with its host: copy the webhook's whole URL",
        ),
        ("#" in url, "url must not hold a fragment: leave out the # and what follows it"),
    )
    origin = f"{parts.scheme}://{parts.netloc}"
    found = next((told for wrong, told in faults if wrong), None)
    return found or SecretUrl(origin, url[url.index("//") + 2 + len(parts.netloc) :])
