"""The simulator: a server of the API on a port of this machine."""

from __future__ import annotations

import asyncio
import random
import socket
from bisect import bisect_right
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from os import PathLike
from typing import Final, Self

from aiohttp import web
from attrs import define, field

from .arguments import as_ids, as_names, check_kind, check_name, check_path, check_port, check_token
from .context import (
    FORBIDDEN_STATUS,
    MESSENGER_LIMIT_STATUS,
    UNSUPPORTED_STATUS,
    AnswerVariants,
    Context,
    CountReferralsShape,
    DateStyle,
    EmptyObjects,
    Refusals,
    VariablesShape,
)
from .faults.actions import ServerConnection, bind
from .faults.faults import Fault, FaultSchedule
from .faults.latency import Latency
from .handler import RequestHandler
from .limits import (
    ROUNDINGS,
    WINDOW_KINDS,
    LimitWindow,
    RateLimiter,
    Rounding,
    SimulatorLimits,
    WindowKind,
)
from .observation import Observer
from .pages.messages import WEBHOOK_PATH
from .referee import DuplicateKey, Verdict, everything, judge_log
from .request_log import Arrival, ArrivalLog, RequestLog
from .router import API_PREFIX, Router
from .seed.load import choose_seed
from .state.records import SeedData, SimulatedContact
from .state.store import add_contact, current_contact, make_state

_BACKLOG: Final = 1024
_PATIENCE: Final = 1.0
"""Seconds aiohttp gets for ending its own tasks; they were cancelled before."""

_TURNS_TO_ATTACH: Final = 3
"""Turns of the loop after which a connection that was accepted is attached to the server."""


@define(eq=False, kw_only=True)
class Simulator:
    """A server that behaves as the API's documentation says, with faults on demand.

    What the documentation leaves open is listed in ``ASSUMPTIONS``. All times are those of
    the running loop's clock. The log lives until `clear_arrivals`, also over `close`.

    Args:
        api_token: The token that is accepted.
        limits: The quotas; ``SimulatorLimits.none()`` switches them off.
        window: How quotas are counted: ``sliding``, ``fixed`` or ``bucket``.
        latency: The delays of both ways.
        faults: Scripted faults, armed from the start.
        contacts: The contacts that exist; None: those of the seed or, if it names none,
            every positive contact id (bot 1, Telegram) and every triple.
        seed_file: A JSON file with what is known at the start.
        seed_data: The same as data: from `generate` or `load_seed`, or made by hand.
        variables_shape: ``current`` or ``older``: how variables are answered.
        date_style: ``offset`` or ``zulu``: how dates are answered.
        count_referrals_shape: ``data`` or ``bare``: how getCountReferrals is answered.
        links_url: What the links of pages start with, perhaps another brand's; None: its own URL.
        empty_objects: ``object`` or ``array``: how an empty object is answered; PHP makes ``[]``.
        retry_after: ``up`` or ``down``: how ``Retry-After`` and ``X-RateLimit-Reset`` are rounded
            to whole seconds; where Laravel counts in Redis it is down, so that 0 is said as well.
        unsupported_messengers: Messengers nothing can be sent to.
        forbidden_bots: Bots the account has no access to.
        forbidden_status: The status of ``Forbidden``; that of the real service is unknown.
        messenger_limit_status: The status of a refusal for a messenger's limit, unknown as well.
        unsupported_status: The status of a refusal for an unsupported messenger, unknown as well.
        webhook_path: Where the incoming webhook is that `webhook_url` names.
        host: The address that is listened on.
        port: The port, or 0 for a free one.
        seed: What the latencies and the faults' probabilities are drawn from.

    Raises:
        ValueError: The token is empty or not a text, ``limits`` or ``latency`` is of another type,
            ``window``, ``retry_after`` or a shape has an unknown name, ``webhook_path`` is not
            valid, or more than one of ``contacts``, ``seed_file`` and ``seed_data`` names contacts.
        SeedError: The seed contradicts itself, or its file cannot be read as one.
        OSError: The seed's file cannot be read.
    """

    api_token: str = field(default="simulator-token", repr=False)
    limits: SimulatorLimits = field(factory=SimulatorLimits)
    window: WindowKind = "sliding"
    latency: Latency = field(factory=Latency.none)
    faults: Iterable[Fault] = field(default=(), converter=tuple[Fault, ...])
    contacts: Iterable[SimulatedContact] | None = field(default=None, repr=False)
    seed_file: str | PathLike[str] | None = None
    seed_data: SeedData | None = field(default=None, repr=False)
    variables_shape: VariablesShape = "current"
    date_style: DateStyle = "offset"
    count_referrals_shape: CountReferralsShape = "data"
    links_url: str | None = None
    empty_objects: EmptyObjects = "object"
    retry_after: Rounding = "up"
    unsupported_messengers: frozenset[str] = field(default=frozenset[str](), converter=as_names)
    forbidden_bots: frozenset[int] = field(default=frozenset[int](), converter=as_ids)
    forbidden_status: int = FORBIDDEN_STATUS
    messenger_limit_status: int = MESSENGER_LIMIT_STATUS
    unsupported_status: int = UNSUPPORTED_STATUS
    webhook_path: str = field(default=WEBHOOK_PATH, repr=False)
    host: str = "127.0.0.1"
    port: int = 0
    seed: int = 0
    _request_log: RequestLog = field(init=False, factory=RequestLog, repr=False)
    _schedule: FaultSchedule = field(init=False, repr=False)
    _context: Context = field(init=False, repr=False)
    _handler: RequestHandler = field(init=False, repr=False)
    _web: web.Server | None = field(init=False, default=None, repr=False)
    _listener: asyncio.Server | None = field(init=False, default=None, repr=False)
    _reserved: socket.socket | None = field(init=False, default=None, repr=False)
    _bound_port: int = field(init=False, default=0, repr=False)

    def __attrs_post_init__(self) -> None:
        """Check the arguments, and make what the server knows."""
        check_token("api_token", self.api_token)
        check_path("webhook_path", self.webhook_path, reserved="/api/")
        check_kind("limits", self.limits, SimulatorLimits)
        check_kind("latency", self.latency, Latency)
        check_port("port", self.port)
        check_name("window", self.window, WINDOW_KINDS)
        check_name("retry_after", self.retry_after, ROUNDINGS)
        variants = AnswerVariants(
            self.variables_shape, self.date_style, self.count_referrals_shape, self.empty_objects
        )
        refusals = Refusals(
            self.forbidden_bots,
            self.unsupported_messengers,
            self.forbidden_status,
            self.messenger_limit_status,
            self.unsupported_status,
        )
        seed = choose_seed(self.contacts, self.seed_file, self.seed_data)
        self._context = Context(
            make_state(seed, self.forbidden_bots),
            variants,
            RateLimiter(self.limits, self.window),
            refusals,
            self.links_url or "",
        )
        # Random numbers of their own for faults and latency: more of the one do not change the
        # other, so that a seed repeats both.
        self._schedule = FaultSchedule(random.Random(f"faults {self.seed}"))
        for fault in self.faults:
            check_kind("faults", fault, Fault)
        self._schedule.add(self.faults)
        self._handler = RequestHandler(
            Router(self._context, self.api_token, self.webhook_path, self.retry_after),
            self.latency,
            self._schedule,
            self._request_log,
            random.Random(f"latency {self.seed}"),
        )

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def base_url(self) -> str:
        """The URL before the methods' names, such as ``http://127.0.0.1:8080/api/v1``.

        Raises:
            RuntimeError: The simulator was not started: it has no port yet.
        """
        return self._url(API_PREFIX.rstrip("/"))

    @property
    def webhook_url(self) -> str:
        """The URL of its incoming webhook, for ``IncomingWebhook``.

        Raises:
            RuntimeError: The simulator was not started: it has no port yet.
        """
        return self._url(self.webhook_path)

    def _url(self, path: str) -> str:
        if not self._bound_port:
            msg = "the simulator is not started: use it in an `async with` block, or call start()"
            raise RuntimeError(msg)
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self._bound_port}{path}"

    @property
    def arrivals(self) -> ArrivalLog:
        """Everything that arrived, in order; a view that grows."""
        return self._request_log.arrivals

    @property
    def deliveries(self) -> ArrivalLog:
        """The arrivals that would be delivered or start a scenario; a view that grows."""
        return self._request_log.deliveries

    def clear_arrivals(self) -> None:
        """Empty the log; the windows of the limits stay as they are."""
        self._request_log.clear()

    def referee(self, key: DuplicateKey = everything) -> Verdict:
        """Judge what has arrived so far.

        Args:
            key: What tells messages apart; by default the endpoint and all parameters.
        """
        return judge_log(self.arrivals, self.limits, key=key)

    def observe(self, observer: Observer) -> Callable[[], None]:
        """Call an observer for every request from now on, with what was read and what was answered.

        Args:
            observer: Called in the turn in which the request was counted, so that `key_window`
                tells how its limit stood then; it must not raise.

        Returns:
            What ends it.
        """
        observers = self._handler.observers
        observers.append(observer)

        def stop() -> None:
            if observer in observers:
                observers.remove(observer)

        return stop

    def key_window(self, arrival: Arrival, now: float) -> LimitWindow | None:
        """Tell how full the window of a request's bot and messenger is; None: it has no limit.

        Args:
            arrival: The request.
            now: The moment, of the loop's clock; not before the last request.
        """
        if arrival.bot_id is None or arrival.messenger is None:
            return None
        scope = (arrival.endpoint, arrival.bot_id, arrival.messenger)
        return self._context.limiter.window(scope, now)

    def account_windows(self, now: float) -> tuple[LimitWindow, ...]:
        """Tell how full the account's windows are, the longest period first."""
        return self._context.limiter.account_windows(now)

    def set_latency(self, latency: Latency) -> None:
        """Delay requests and answers otherwise from now on."""
        self.latency = self._handler.latency = latency

    def set_limits(self, limits: SimulatorLimits, window: WindowKind | None = None) -> None:
        """Enforce other quotas from now on; their windows are empty at first.

        The referee judges everything in the log by them.

        Args:
            limits: The quotas.
            window: How they are counted; None: as before.

        Raises:
            ValueError: ``window`` is not one of its names.
        """
        kind = self.window if window is None else window
        check_name("window", kind, WINDOW_KINDS)
        self._context.limiter = RateLimiter(limits, kind)
        self.limits, self.window = limits, kind

    def add_contact(self, contact: SimulatedContact) -> SimulatedContact:
        """Let one more contact exist, with its tags, variables and accounts.

        Args:
            contact: The contact; with id 0 it gets the next free one.

        Returns:
            The contact with its id.

        Raises:
            SeedError: Its id, or its id in the messenger, is another contact's, or it contradicts
                itself; nothing has changed then.
        """
        return add_contact(self._context.state, contact)

    def find_contact(self, contact_id: int, *, keep: bool = False) -> SimulatedContact | None:
        """Find a contact by its id, with the tags and variables that it has now.

        Args:
            contact_id: Its id.
            keep: Whether one that is a contact only because everybody is, is listed from now on.
        """
        state = self._context.state
        contact = (state.contacts.obtain if keep else state.contacts.by_id)(contact_id)
        kept = state.contacts.is_kept(contact_id)
        return current_contact(state, contact_id) if kept else contact

    def count_contacts(self) -> int:
        """Count the contacts that `kept_contacts` gives."""
        return len(self._context.state.contacts.listed(None))

    def addressee(self, arrival: Arrival) -> SimulatedContact | None:
        """Find the contact that a message went to, if it is one that is kept."""
        contacts = self._context.state.contacts
        return contacts.addressee(arrival.bot_id, arrival.messenger, arrival.parameters)

    def kept_contacts(self, after_id: int = 0, count: int = 100) -> tuple[SimulatedContact, ...]:
        """Return ``count`` contacts with greater ids as they are now, without forbidden bots."""
        state = self._context.state
        ids = state.contacts.listed(None)
        first = bisect_right(ids, after_id)
        return tuple(current_contact(state, one) for one in ids[first : first + count])

    @property
    def accepting(self) -> bool:
        """Whether requests are served: it was started, and does not refuse connections."""
        return self._listener is not None

    @property
    def armed_faults(self) -> tuple[Fault, ...]:
        """The faults that are armed, in the order in which they are tried."""
        return self._schedule.armed

    def add_fault(self, fault: Fault) -> None:
        """Arm one more fault; it counts requests from now on.

        Raises:
            ValueError: It is no fault.
        """
        check_kind("fault", fault, Fault)
        self._schedule.add((fault,))

    def clear_faults(self) -> None:
        """Disarm all faults; one that is being played goes on."""
        self._schedule.clear()

    def fault_count(self, fault: Fault) -> int:
        """Tell how often an armed fault struck.

        Raises:
            ValueError: It is no fault.
        """
        check_kind("fault", fault, Fault)
        return self._schedule.count(fault)

    @property
    def unmet_faults(self) -> tuple[Fault, ...]:
        """The armed faults that no request has met yet, in the order in which they were added."""
        return self._schedule.unmet()

    async def start(self) -> None:
        """Open the port and serve on the running loop.

        Raises:
            RuntimeError: It runs already.
            OSError: The port is taken.
        """
        if self._web is not None:
            msg = "the simulator runs already: close it before it starts again"
            raise RuntimeError(msg)
        listening = bind(self.host, self.port)
        self._bound_port = listening.getsockname()[1]
        # Known only now, as the port may have been chosen by the system.
        self._context.links_url = (self.links_url or self.base_url).rstrip("/")
        server = self._web = web.Server(
            self._handler.handle,
            # The body is read whole, whatever its size: the answer decides about it.
            request_factory=lambda message, payload, protocol, writer, task: web.BaseRequest(
                message, payload, protocol, writer, task, task.get_loop(), client_max_size=0
            ),
        )
        await self._listen(server, listening)

    async def close(self) -> None:
        """Stop at once: requests that are served are cut off. Closing twice is allowed."""
        server = self._web
        if server is None:
            return
        self._web = None
        await self._stop_listening()
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None
        # In this order: no request is read any more, those that run are cut off, aiohttp ends its
        # own tasks, and what is still connected is closed.
        server.pre_shutdown()
        await self._handler.cancel_running()
        await server.shutdown(_PATIENCE)
        await self._handler.disconnect()

    @asynccontextmanager
    async def refusing(self) -> AsyncGenerator[None, None]:
        """Refuse new connections inside ``async with``, and close those that are idle.

        The port stays reserved and is opened again at the end. Requests which are being
        served are answered, and their connections closed after.

        Raises:
            RuntimeError: The simulator does not run, or refuses already.
        """
        server = self._web
        if server is None or self._listener is None:
            msg = "only a running simulator that accepts connections can refuse them"
            raise RuntimeError(msg)
        await self._stop_listening()
        # Bound and not listening: nobody else gets the port, and connecting is refused.
        reserved = self._reserved = bind(self.host, self._bound_port)
        self._handler.refusing = True
        try:
            await self._handler.drop_idle()
            yield
        finally:
            self._handler.refusing = False
            # Not where it was closed meanwhile, which has let the port go.
            if self._reserved is reserved:
                self._reserved = None
                await self._listen(server, reserved)

    async def _listen(self, server: web.Server, bound: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(
            lambda: ServerConnection(server, self._handler, loop), sock=bound, backlog=_BACKLOG
        )

    async def _stop_listening(self) -> None:
        listener, self._listener = self._listener, None
        if listener is None:
            return
        # A connection that was accepted is attached a few turns later; a server that was closed
        # in between would leave it open for ever. So accept no more, let those settle, then close.
        loop = asyncio.get_running_loop()
        for listening in listener.sockets:
            loop.remove_reader(listening.fileno())
        for _ in range(_TURNS_TO_ATTACH):
            await asyncio.sleep(0)
        listener.close()
