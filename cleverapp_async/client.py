"""The client: one coroutine per method of the API."""

from __future__ import annotations

import os
from copy import copy
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack

import aiohttp
from attrs import evolve

from . import bulk
from . import journal as journals
from ._arguments import (
    check_flags,
    check_instance,
    faults_by_variable,
    wrong_argument,
    wrong_setting,
)
from ._call import Call, EventDispatcher, Reply
from ._event_loop import AsyncOnly, Lifetime
from ._imports import late_module
from ._pipeline import Pipeline, observer_of
from ._secret import Secret, token_fault
from ._transport import ApiDestination, Transport
from .config import DEFAULT_BASE_URL, Brand, ClientConfig, check_base_url
from .errors import ConfigurationError
from .limits.acquire import CallLimits
from .limits.quota import AccountKey, Lane, LimitKey
from .limits.registry import LimiterRegistry
from .limits.routes import RouteDirectory
from .methods.account import AccountMethods, MoneyMethods
from .methods.base import AnyMethod, CallOptions, ClientOptions, options_of_client
from .methods.contacts import ContactMethods, TagMethods, VariableMethods
from .methods.lists import ListMethods
from .methods.messages import MessageMethods
from .methods.referrals import ReferralMethods
from .models.checks import check_id, check_route
from .models.messages import MESSAGES, Message
from .models.route import Route

if TYPE_CHECKING:
    from . import telemetry
    from .bulk.sources import Source
else:
    telemetry = late_module("cleverapp_async.telemetry")

__all__ = ["CleverAppClient"]


_VARIABLES = {"api_token": "CLEVERAPP_API_TOKEN", "base_url": "CLEVERAPP_BASE_URL"}


class CleverAppClient(
    MessageMethods,
    AccountMethods,
    ContactMethods,
    TagMethods,
    VariableMethods,
    MoneyMethods,
    ReferralMethods,
    ListMethods,
    AnyMethod,
    AsyncOnly,
):
    """A client of the CleverApp API, or of a sibling brand's.

    Use it as an async context manager, or call :meth:`close` at the end. One client serves one
    event loop; its methods may run concurrently, and the limits hold over all of them.

    Args:
        api_token: The account's token. It goes to the server and nowhere else.
        base_url: Where the API lives: a :class:`Brand`, or a URL with https, or with http on this
            machine itself.
        config: Time-outs, bounds, retries, callbacks.
        limits: The limiters. Share one registry among clients of the same account or bots.
        session: An aiohttp session of your own, for proxies and the like; it is not closed.
        telemetry: Traces and measures the calls: an ``OpenTelemetry()`` of
            ``cleverapp_async.integrations.otel``, or one of your own. Clients may share it.

    Raises:
        ConfigurationError: The token or the base URL cannot work.
    """

    def __init__(
        self,
        api_token: str,
        *,
        base_url: Brand | str = DEFAULT_BASE_URL,
        config: ClientConfig | None = None,
        limits: LimiterRegistry | None = None,
        session: aiohttp.ClientSession | None = None,
        telemetry: telemetry.Telemetry | None = None,
    ) -> None:
        fault = token_fault(api_token)
        token = Secret("" if fault else api_token.strip())
        # Some reports show the variables of each frame: no frame of ours holds the token bare.
        del api_token
        if fault:
            raise ConfigurationError(fault)
        self._base_url = check_base_url(
            base_url.base_url if isinstance(base_url, Brand) else base_url
        )
        self._config = ClientConfig() if config is None else config
        self._limits = LimiterRegistry() if limits is None else limits
        check_instance("config", self._config, ClientConfig, "a ClientConfig()", wrong_setting)
        wanted = "a LimiterRegistry()"
        check_instance("limits", self._limits, LimiterRegistry, wanted, wrong_setting)
        observer = observer_of(telemetry, self._base_url, self._limits)
        self._account = AccountKey(token.digest(self._base_url))
        self._limits.use_account(self._account)
        self._mark_of = token.mark
        self._routes = RouteDirectory(self._config.remembered_routes)
        destination = ApiDestination(self._base_url, token, self._config.token_place)
        self._transport = Transport(destination, self._config, session)
        self._pipeline = Pipeline(
            self._transport,
            CallLimits(self._limits, self._account),
            self._routes,
            self._config,
            EventDispatcher(self._config.on_event),
            observer,
        )
        self._options: CallOptions = {}
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
        """A client of the token in ``CLEVERAPP_API_TOKEN`` and, if set, ``CLEVERAPP_BASE_URL``.

        Args:
            config: As for the class.
            limits: As for the class.
            session: As for the class.
            telemetry: As for the class.

        Raises:
            ConfigurationError: ``CLEVERAPP_API_TOKEN`` is not set, or a value cannot work.
        """
        if not os.environ.get("CLEVERAPP_API_TOKEN"):
            raise ConfigurationError("CLEVERAPP_API_TOKEN is not set: export the account's token")
        with faults_by_variable(_VARIABLES):
            return cls(
                os.environ["CLEVERAPP_API_TOKEN"],
                base_url=os.environ.get("CLEVERAPP_BASE_URL") or DEFAULT_BASE_URL,
                config=config,
                limits=limits,
                session=session,
                telemetry=telemetry,
            )

    def __repr__(self) -> str:
        """The address and the account's digest; never the token."""
        if not hasattr(self, "_account"):
            return "<CleverAppClient (not made)>"
        return f"<CleverAppClient {self._base_url} {self._account}>"

    @property
    def base_url(self) -> str:
        """Where the API lives."""
        return self._base_url

    @property
    def limits(self) -> LimiterRegistry:
        """The limiters, for a look (``snapshot``) or a pause."""
        return self._limits

    @property
    def account(self) -> AccountKey:
        """This account's key in the limiters."""
        return self._account

    async def __aenter__(self) -> Self:
        """Give itself."""
        self._lifetime.check_usable()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        await self.close()

    async def close(self) -> None:
        """Close the client's own session; calls on their way fail. Closing twice is fine.

        What waits for a limit, a connection or its next attempt ends at once and is not sent; an
        attempt of it before that may have arrived outweighs that. What is on the wire may arrive:
        its outcome is ``UNKNOWN``, over a lent session as well, which stays open.

        One that :meth:`with_options` made has no session of its own: it takes no further calls,
        those on their way end in order, and its parent stays open.
        """
        self._lifetime.end()
        if not self._lifetime.is_derived:
            await self._transport.close()

    def with_options(self, **options: Unpack[ClientOptions]) -> Self:
        """A client with other options, over the same connections, limits and routes.

        ::

            urgent = client.with_options(deadline=5, retry=RetryPolicy(attempts=1))
            await urgent.send_message(contact_id=1, text="Hi")

        It lives as long as this one: closing this one closes it, and need not be told to it. What
        is not given is as here, and an option of a call goes before the client's own.
        ``deadline`` is for single calls, and for each page of an ``iter_*``: :meth:`send_many`
        and :meth:`run_campaign` refuse a client that has one.

        Args:
            **options: See :class:`ClientOptions`: ``lane`` and ``deadline`` of each call, and the
                settings ``attempt_timeout``, ``longest_pause``, ``retry``, ``lenient``,
                ``post_parameters`` and ``on_event``, which takes the place of this client's
                callbacks.

        Raises:
            ClientStateError: The client is closed.
            InvalidRequestError: ``lane`` or ``deadline`` cannot work.
            ConfigurationError: A setting cannot work, or needs a client of its own.
        """
        self._lifetime.check_open()
        derived = copy(self)
        derived._set_options(*options_of_client(options))  # noqa: SLF001 - of the same class
        return derived

    def _set_options(self, of_calls: CallOptions, settings: dict[str, Any]) -> None:
        """Become a client derived from the one that this is a copy of."""
        self._config = evolve(self._config, **settings)
        self._options = {**self._options, **of_calls}
        self._pipeline = self._pipeline.with_config(self._config)
        self._lifetime = Lifetime(self._lifetime)

    def learn_route(self, contact_id: int, route: Route) -> None:
        """Tell the client which bot and messenger a contact is written to through.

        Args:
            contact_id: The contact's id on the platform.
            route: Its bot and messenger.

        Raises:
            InvalidRequestError: ``contact_id`` is no id, or ``route`` is no route; the error says
                which.
        """
        self._routes.learn(check_id("contact_id", contact_id), check_route("route", route))

    def send_many(
        self,
        messages: bulk.Messages,
        *,
        lane: Lane | None = None,
        concurrency: int = 1000,
        look_ahead: int = 20_000,
        schedule: bulk.Schedule | None = None,
        pause_after: int | None = 5,
    ) -> bulk.BulkRun:
        """Send many messages, fairly over their limits, in constant memory.

        ::

            messages = (SendMessage(contact_id=i, text="Hi") for i in ids)
            async for outcome in client.send_many(messages):
                ...

        Outcomes come in the order in which messages end; one message that fails does not stop the
        others.
        Messages are read lazily. Leaving the iteration early cancels what it started;
        :meth:`BulkRun.drain` stops in order. Nothing is written down: :meth:`run_campaign` can be
        resumed after a crash.

        Args:
            messages: An iterable or async iterable of request models.
            lane: Whose turn comes first where several wait for a limit. None: the client's own
                (:meth:`with_options`), or else ``Lane.BULK``.
            concurrency: Messages in work at once, waiting for limits included.
            look_ahead: Messages read ahead at most, so that a stretch of them whose limit is
                used up does not block others behind it.
            schedule: When messages may leave; outside these hours the run sleeps. None: always.
            pause_after: So many errors in a row of a kind that concerns every recipient alike (the
                token, a bot, the connection, the server, its address) stop the run with a
                :class:`CampaignPausedError`. At the beginning as many messages are on the wire at
                once; once answers come, more. None: the run is not stopped, and has no such bound.

        Raises:
            ClientStateError: The client is closed.
            InvalidRequestError: An argument cannot work: a single message, a text or a number in
                place of the messages; a number below 1; a schedule that is none. Or the client has
                a deadline of its own (:meth:`with_options`).
        """
        from .bulk.journal.messages import check_messages  # noqa: PLC0415 - as in _bulk_run
        from .bulk.sources import IterableSource  # noqa: PLC0415 - the same

        check_messages(messages)
        return self._bulk_run(
            IterableSource(messages, self.limit_key),
            lane=lane,
            concurrency=concurrency,
            look_ahead=look_ahead,
            schedule=schedule,
            pause_after=pause_after,
        )

    def run_campaign(
        self,
        journal: journals.Journal,
        messages: bulk.Messages | None = None,
        *,
        deduplicate: bool = True,
        resend_unknown: bool = False,
        retry_rejected: bool = False,
        lane: Lane | None = None,
        concurrency: int = 1000,
        look_ahead: int = 20_000,
        schedule: bulk.Schedule | None = None,
        pause_after: int | None = 5,
    ) -> bulk.BulkRun:
        """Create a campaign in a journal and send it, or resume the one that is there.

        ::

            async for outcome in client.run_campaign(SqliteJournal("run.db"), messages):
                ...

        All messages are first read into the journal, or compared with those in it; then those that
        have no result are sent. No message leaves before its intent is durable, so that after a
        crash nothing is sent twice: a message that was on its way is ``UNKNOWN``. The next run
        sends what was not sent, and what was refused for a limit or for the token; other refusals
        are final. Outcomes come as from :meth:`send_many`.

        Args:
            journal: Where the campaign is kept, such as :class:`SqliteJournal`.
            messages: An iterable or async iterable of request models: those of the campaign, or,
                where it is resumed, the same ones again. None: what the journal holds.
            deduplicate: Whether a recipient for whom there are several messages gets only the first
                of them.
            resend_unknown: Whether messages that may have been sent already, by an earlier run,
                are sent again.
            retry_rejected: Whether messages that an earlier run saw refused for good are sent
                again.
            lane: As for :meth:`send_many`.
            concurrency: As for :meth:`send_many`.
            look_ahead: As for :meth:`send_many`.
            schedule: As for :meth:`send_many`.
            pause_after: As for :meth:`send_many`.

        Raises:
            ClientStateError: The client is closed.
            InvalidRequestError: As by :meth:`send_many`; or ``journal`` is none, such as a path or
                a class.
        """
        from .bulk.journal.messages import check_messages  # noqa: PLC0415 - as in _bulk_run
        from .bulk.journal.records import Resend  # noqa: PLC0415 - the same
        from .bulk.journal_source import JournalSource  # noqa: PLC0415 - the same
        from .bulk.priming import Primer  # noqa: PLC0415 - the same
        from .bulk.sources import check_journal  # noqa: PLC0415 - the same

        check_journal(journal)
        if messages is not None:
            check_messages(messages)
        check_flags(
            wrong_argument,
            deduplicate=deduplicate,
            resend_unknown=resend_unknown,
            retry_rejected=retry_rejected,
        )
        source = JournalSource(
            journal=journal,
            messages=messages,
            origin=self._base_url,
            key_of=self.limit_key,
            learn=self.learn_route,
            deduplicate=deduplicate,
            resend=Resend(unknown=resend_unknown, rejected=retry_rejected),
            look_ahead=look_ahead,
            primer=Primer(limits=self._limits, account=self._account, key_of=self.limit_key),
            mark_of=self._mark_of,
        )
        return self._bulk_run(
            source,
            lane=lane,
            concurrency=concurrency,
            look_ahead=look_ahead,
            schedule=schedule,
            pause_after=pause_after,
        )

    def _bulk_run(
        self,
        source: Source,
        *,
        lane: Lane | None,
        concurrency: int,
        look_ahead: int,
        schedule: bulk.Schedule | None,
        pause_after: int | None,
    ) -> bulk.BulkRun:
        """The run of either, from its source on."""
        # Here, as importing the package must stay quick for those who send single messages.
        from .bulk.run import make_run  # noqa: PLC0415

        self._lifetime.check_open()
        options = self._options_of_run(lane)
        return make_run(
            source,
            partial(self._deliver, **options),
            self._limits.quotas,
            concurrency=concurrency,
            look_ahead=look_ahead,
            schedule=schedule,
            pause_after=pause_after,
        )

    def limit_key(self, message: Message) -> LimitKey | None:
        """What limits a message besides the account; None where its route is not known.

        Raises:
            InvalidRequestError: It is no message.
        """
        check_instance("message", message, Message, MESSAGES, wrong_argument)
        return self._routes.limit_key(
            message.method, route=message.route, contact_id=message.contact_id
        )

    async def _run(self, call: Call) -> Reply:
        loop = self._lifetime.check_usable()
        reply = await self._pipeline.run(call, loop.time)
        self._routes.learn_from(reply.content)
        return reply

    def _learn_route(self, contact_id: int, route: Route) -> None:
        self._routes.learn(contact_id, route)
