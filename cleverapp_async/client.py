"""The client: one coroutine per method of the API."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Self, cast

from ._event_loop import CLIENT_REFUSES, claim_running_loop
from ._pipeline import Pipeline
from ._secret import Secret
from ._transport import Transport
from .brands import Brand
from .config import DEFAULT_BASE_URL, ClientConfig, check_base_url
from .errors import ClientStateError, ConfigurationError
from .events import EventDispatcher
from .limits.acquire import CallLimits
from .limits.quota import AccountKey, Lane, LimitKey
from .limits.registry import LimiterRegistry
from .limits.routes import RouteDirectory
from .methods.account import AccountMethods
from .methods.any_method import AnyMethod
from .methods.contacts import ContactMethods
from .methods.lists import ListMethods
from .methods.media import MediaMethods
from .methods.messages import MessageMethods
from .methods.money import MoneyMethods
from .methods.referrals import ReferralMethods
from .methods.tags import TagMethods
from .methods.variables import VariableMethods
from .models.contact import Contact
from .models.page import Page

if TYPE_CHECKING:
    import asyncio
    from types import TracebackType

    import aiohttp

    from ._call import Call, Reply, SendState
    from .bulk.journal.protocol import Journal, Messages
    from .bulk.run import BulkRun
    from .bulk.schedule import Schedule
    from .bulk.sources import Source
    from .models.messages import Message
    from .models.route import Route

__all__ = ["CleverAppClient"]


class CleverAppClient(
    MessageMethods,
    AccountMethods,
    ContactMethods,
    TagMethods,
    VariableMethods,
    MoneyMethods,
    ReferralMethods,
    ListMethods,
    MediaMethods,
    AnyMethod,
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
    ) -> None:
        token, fault = Secret(str(api_token or "").strip()), _token_fault(api_token)
        # Some reports show the variables of each frame: no frame of ours holds the token bare.
        del api_token
        if fault:
            raise ConfigurationError(fault)
        self._base_url = check_base_url(
            base_url.base_url if isinstance(base_url, Brand) else base_url
        )
        self._config = config or ClientConfig()
        self._limits = LimiterRegistry() if limits is None else limits
        self._account = AccountKey(token.digest(self._base_url))
        self._mark_of = token.mark
        self._routes = RouteDirectory(self._config.remembered_routes)
        self._transport = Transport(self._base_url, token, self._config, session)
        self._pipeline = Pipeline(
            self._transport,
            CallLimits(self._limits, self._account),
            self._routes,
            self._config,
            EventDispatcher(self._config.on_event),
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    @classmethod
    def from_env(
        cls,
        *,
        config: ClientConfig | None = None,
        limits: LimiterRegistry | None = None,
        session: aiohttp.ClientSession | None = None,
    ) -> Self:
        """A client of the token in ``CLEVERAPP_API_TOKEN`` and, if set, ``CLEVERAPP_BASE_URL``.

        Args:
            config: As for the class.
            limits: As for the class.
            session: As for the class.

        Raises:
            ConfigurationError: ``CLEVERAPP_API_TOKEN`` is not set, or a value cannot work.
        """
        if not os.environ.get("CLEVERAPP_API_TOKEN"):
            raise ConfigurationError("CLEVERAPP_API_TOKEN is not set: export the account's token")
        base_url = os.environ.get("CLEVERAPP_BASE_URL") or DEFAULT_BASE_URL
        return cls(
            os.environ["CLEVERAPP_API_TOKEN"],
            base_url=base_url,
            config=config,
            limits=limits,
            session=session,
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
        self._check_state()
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
        """Close the client's own session; calls on their way fail. Closing twice is fine."""
        self._closed = True
        await self._transport.close()

    def learn_route(self, contact_id: int, route: Route) -> None:
        """Tell the client which bot and messenger a contact is written to through.

        Args:
            contact_id: The contact's id on the platform.
            route: Its bot and messenger.
        """
        self._routes.learn(contact_id, route)

    def send_many(
        self,
        messages: Messages,
        *,
        lane: Lane = Lane.BULK,
        concurrency: int = 1000,
        look_ahead: int = 20_000,
        schedule: Schedule | None = None,
        pause_after: int | None = 5,
    ) -> BulkRun:
        """Send many messages, fairly over their limits, in constant memory.

        ::

            messages = (SendMessage(contact_id=i, text="Hi") for i in ids)
            async for outcome in client.send_many(messages):
                ...

        Outcomes come in the order in which messages end; one that fails never stops the others.
        Messages are read lazily. Leaving the iteration early cancels what it started;
        :meth:`BulkRun.drain` stops in order. Nothing is written down: :meth:`run_campaign` can be
        resumed after a crash.

        Args:
            messages: An iterable or async iterable of request models.
            lane: Whose turn comes first where several wait for a limit.
            concurrency: Messages in work at once, waiting for limits included.
            look_ahead: Messages read ahead at most, so that a stretch of them whose limit is
                used up does not block others behind it.
            schedule: When messages may leave; outside these hours the run sleeps. None: always.
            pause_after: So many troubles in a row of one kind that concerns every recipient alike
                (the token, a bot, the connection, the server, its address) stop the run with a
                :class:`CampaignPausedError`. As many messages are on the wire at once at the
                beginning; more, once answers come. None: never, and all at once.

        Raises:
            ClientStateError: The client is closed.
            InvalidRequestError: An argument cannot work: a single message, a text or a number in
                place of the messages; a number below 1; a schedule that is none.
        """
        from .bulk.arguments import check_messages  # noqa: PLC0415 - as in _bulk_run
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
        journal: Journal,
        messages: Messages | None = None,
        *,
        deduplicate: bool = True,
        resend_unknown: bool = False,
        retry_rejected: bool = False,
        lane: Lane = Lane.BULK,
        concurrency: int = 1000,
        look_ahead: int = 20_000,
        schedule: Schedule | None = None,
        pause_after: int | None = 5,
    ) -> BulkRun:
        """Create a campaign in a journal and send it, or go on with the one that is there.

        ::

            async for outcome in client.run_campaign(SqliteJournal("run.db"), messages):
                ...

        All messages are first read into the journal, or held against those in it; then those that
        have no result are sent. A message never leaves before its intent is durable, so that after
        a crash nothing is sent twice: what was on its way is ``UNKNOWN``. What was not sent is sent
        again by the next run, and so are refusals for a limit or for the token; other refusals are
        final. Outcomes come as from :meth:`send_many`.

        Args:
            journal: Where the campaign is kept, such as :class:`SqliteJournal`.
            messages: An iterable or async iterable of request models: those of the campaign, or,
                where it is resumed, the same ones again. None: what the journal holds.
            deduplicate: Whether a recipient gets the first of several messages alone.
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
        from .bulk.arguments import (  # noqa: PLC0415 - as in _bulk_run
            check_flags,
            check_journal,
            check_messages,
        )
        from .bulk.journal.records import Resend  # noqa: PLC0415 - the same
        from .bulk.journal_source import JournalSource  # noqa: PLC0415 - the same
        from .bulk.priming import Primer  # noqa: PLC0415 - the same

        check_journal(journal)
        if messages is not None:
            check_messages(messages)
        check_flags(
            deduplicate=deduplicate, resend_unknown=resend_unknown, retry_rejected=retry_rejected
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
        lane: Lane,
        concurrency: int,
        look_ahead: int,
        schedule: Schedule | None,
        pause_after: int | None,
    ) -> BulkRun:
        """The run of either, from its source on."""
        # Here, as importing the package must stay quick for those who send single messages.
        from .bulk.arguments import check_settings  # noqa: PLC0415
        from .bulk.breaker import Breaker  # noqa: PLC0415
        from .bulk.dispatch import Dispatcher  # noqa: PLC0415
        from .bulk.run import BulkRun  # noqa: PLC0415
        from .bulk.schedule_guard import ScheduleGuard  # noqa: PLC0415

        self._check_open()
        check_settings(
            lane=lane,
            schedule=schedule,
            pause_after=pause_after,
            concurrency=concurrency,
            look_ahead=look_ahead,
        )
        guard = None if schedule is None else ScheduleGuard(schedule)

        async def deliver(message: Message, state: SendState) -> Reply:
            return await self._deliver(message, state, lane=lane)

        def width_of(key: LimitKey | None) -> int:
            if key is None:
                return max(1, concurrency // 2)
            limits = [quota.limit for quota in self._limits.quotas(key)]
            return min(limits, default=concurrency)

        dispatcher = Dispatcher(
            source=source,
            deliver=deliver,
            width_of=width_of,
            concurrency=concurrency,
            look_ahead=look_ahead,
            is_open=None if guard is None else guard.is_open,
            breaker=None if pause_after is None else Breaker(pause_after),
        )
        return BulkRun(dispatcher, guard)

    def limit_key(self, message: Message) -> LimitKey | None:
        """What limits a message besides the account; None where its route is not known."""
        return self._routes.limit_key(
            message.method, route=message.route, contact_id=message.contact_id
        )

    async def _run(self, call: Call) -> Reply:
        self._check_state()
        reply = await self._pipeline.run(call)
        self._teach(reply.content)
        return reply

    def _teach(self, content: object) -> None:
        """Every contact that comes teaches through which bot and messenger it is written to."""
        found: tuple[object, ...] = (content,)
        if isinstance(content, Page):
            found = cast("Page[object]", content).items
        for item in found:
            if not isinstance(item, Contact):
                return
            route = item.route
            if route is not None and (not self._config.lenient or _is_sound(item.id, route)):
                self._routes.learn(item.id, route)

    def _learn_route(self, contact_id: int, route: Route) -> None:
        self._routes.learn(contact_id, route)

    def _check_open(self) -> None:
        if self._closed:
            raise ClientStateError("the client is closed: make a new one")

    def _check_state(self) -> None:
        self._check_open()
        self._loop = claim_running_loop(self._loop, CLIENT_REFUSES)


def _is_sound(contact_id: object, route: Route) -> bool:
    """Whether they are what they should be: a lenient client keeps what is not, too."""
    bot_id, messenger = cast("tuple[object, object]", (route.bot_id, route.messenger))
    return isinstance(contact_id, int) and isinstance(bot_id, int) and isinstance(messenger, str)


def _token_fault(value: object) -> str | None:
    """Why a token cannot work, without showing it; None where it can."""
    token = value.strip() if isinstance(value, str) else ""
    if not token:
        return "api_token is empty: it stands in the account's settings"
    if not token.isascii() or not token.isprintable() or " " in token:
        return "api_token holds characters no token has: was more than it copied?"
    return None
