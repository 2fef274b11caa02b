"""A simulator on an event loop and a thread of its own, for tests of every kind.

A test's own loop may be that of pytest-asyncio, anyio or unittest, may end with each test, or may
not exist at all: none of that matters to a server which runs beside it. What changes the simulator
is done in its loop; the caller waits for that, which takes well below a millisecond.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Generator, Iterable
from concurrent.futures import Future
from contextlib import contextmanager
from os import PathLike
from typing import Any, ParamSpec, Protocol, Self, TypedDict, TypeVar, Unpack

from ..simulator import (
    Arrival,
    ArrivalLog,
    CountReferralsShape,
    DateStyle,
    DuplicateKey,
    EmptyObjects,
    Fault,
    Latency,
    LimitWindow,
    Observer,
    Rounding,
    SeedData,
    SimulatedContact,
    Simulator,
    SimulatorLimits,
    VariablesShape,
    Verdict,
    WindowKind,
)

__all__ = ["MakeSimulator", "SimulatorSettings", "SimulatorThread"]

P = ParamSpec("P")
T = TypeVar("T")


class SimulatorSettings(TypedDict, total=False):
    """The arguments of a :class:`~cleverapp_async.simulator.Simulator`; it says what each means."""

    api_token: str
    limits: SimulatorLimits
    window: WindowKind
    latency: Latency
    faults: Iterable[Fault]
    contacts: Iterable[SimulatedContact] | None
    seed_file: str | PathLike[str] | None
    seed_data: SeedData | None
    variables_shape: VariablesShape
    date_style: DateStyle
    count_referrals_shape: CountReferralsShape
    links_url: str | None
    empty_objects: EmptyObjects
    retry_after: Rounding
    unsupported_messengers: Iterable[str]
    forbidden_bots: Iterable[int]
    forbidden_status: int
    messenger_limit_status: int
    unsupported_status: int
    webhook_path: str
    host: str
    port: int
    seed: int


class SimulatorThread:
    """A simulator that serves from a thread of its own, inside a plain ``with``.

    ::

        with SimulatorThread(limits=SimulatorLimits.none()) as simulator:
            client = CleverAppClient(simulator.api_token, base_url=simulator.base_url)

    It has what :class:`~cleverapp_async.simulator.Simulator` has, without ``async`` and ``await``,
    and may be used from any thread. Its log stays after it was closed.

    Args:
        **settings: The arguments of ``Simulator``.

    Raises:
        ValueError: As by ``Simulator``.
        SeedError: As by ``Simulator``.
        OSError: As by ``Simulator``.
    """

    def __init__(self, **settings: Unpack[SimulatorSettings]) -> None:
        self._simulator = Simulator(**settings)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closed: threading.Thread | None = None
        self._stop = asyncio.Event()
        # Whoever hands the loop something does so before the loop is told to stop, or not at all:
        # so nobody waits for what will not be done.
        self._handing_over = threading.Lock()
        # Held while it starts: of several threads that start it at once one does.
        self._starting = threading.Lock()

    def __repr__(self) -> str:
        """Where it serves; never the token."""
        if self._thread is None:
            return "<SimulatorThread (not running)>"
        return f"<SimulatorThread {self.base_url}>"

    def __enter__(self) -> Self:
        """Start it, unless it runs.

        Raises:
            OSError: As by :meth:`start`.
        """
        if not self.running:
            self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    @property
    def running(self) -> bool:
        """Whether it was started and not closed."""
        return self._thread is not None

    @property
    def api_token(self) -> str:
        """The token that is accepted."""
        return self._simulator.api_token

    @property
    def base_url(self) -> str:
        """The URL before the methods' names, such as ``http://127.0.0.1:8080/api/v1``.

        Raises:
            RuntimeError: It was never started: it has no port yet.
        """
        return self._simulator.base_url

    @property
    def webhook_url(self) -> str:
        """The URL of its incoming webhook, for ``IncomingWebhook``.

        Raises:
            RuntimeError: It was never started: it has no port yet.
        """
        return self._simulator.webhook_url

    @property
    def limits(self) -> SimulatorLimits:
        """The quotas that it keeps."""
        return self._simulator.limits

    @property
    def arrivals(self) -> ArrivalLog:
        """Everything that arrived, in order; a view that grows."""
        return self._simulator.arrivals

    @property
    def deliveries(self) -> ArrivalLog:
        """The arrivals that would be delivered or start a scenario; a view that grows."""
        return self._simulator.deliveries

    @property
    def unmet_faults(self) -> tuple[Fault, ...]:
        """The armed faults that no request has met yet, in the order in which they were added."""
        return self._inside(lambda: self._simulator.unmet_faults)

    def clear_arrivals(self) -> None:
        """Empty the log; the windows of the limits stay as they are."""
        self._inside(self._simulator.clear_arrivals)

    def referee(self, key: DuplicateKey | None = None) -> Verdict:
        """Judge what has arrived so far.

        Args:
            key: What tells messages apart; None: the endpoint and all parameters.
        """
        if key is None:
            return self._inside(self._simulator.referee)
        return self._inside(self._simulator.referee, key)

    def add_fault(self, fault: Fault) -> None:
        """Arm one more fault; it counts requests from now on.

        Raises:
            ValueError: It is no fault.
        """
        self._inside(self._simulator.add_fault, fault)

    def clear_faults(self) -> None:
        """Disarm all faults; one that is being played goes on."""
        self._inside(self._simulator.clear_faults)

    def fault_count(self, fault: Fault) -> int:
        """Tell how often an armed fault struck.

        Raises:
            ValueError: It is no fault.
        """
        return self._inside(self._simulator.fault_count, fault)

    @property
    def armed_faults(self) -> tuple[Fault, ...]:
        """The faults that are armed, in the order in which they are tried."""
        return self._inside(lambda: self._simulator.armed_faults)

    @property
    def accepting(self) -> bool:
        """Whether requests are served: it was started, and does not refuse connections."""
        return self._inside(lambda: self._simulator.accepting)

    def set_latency(self, latency: Latency) -> None:
        """Delay requests and answers otherwise from now on."""
        self._inside(self._simulator.set_latency, latency)

    def set_limits(self, limits: SimulatorLimits, window: WindowKind | None = None) -> None:
        """Enforce other quotas from now on; see ``Simulator.set_limits``.

        Raises:
            ValueError: ``window`` is not one of its names.
        """
        self._inside(self._simulator.set_limits, limits, window)

    def observe(self, observer: Observer) -> Callable[[], None]:
        """Call an observer for every request from now on, in the simulator's thread.

        Args:
            observer: See ``Simulator.observe``.

        Returns:
            What ends it.
        """
        stop = self._inside(self._simulator.observe, observer)
        return lambda: self._inside(stop)

    def key_window(self, arrival: Arrival, now: float) -> LimitWindow | None:
        """Tell how full the window of a request's bot and messenger is; None: it has no limit."""
        return self._inside(self._simulator.key_window, arrival, now)

    def account_windows(self, now: float) -> tuple[LimitWindow, ...]:
        """Tell how full the account's windows are, the longest period first."""
        return self._inside(self._simulator.account_windows, now)

    def add_contact(self, contact: SimulatedContact) -> SimulatedContact:
        """Let one more contact exist, and give it with its id.

        Raises:
            SeedError: As by ``Simulator.add_contact``.
        """
        return self._inside(self._simulator.add_contact, contact)

    def find_contact(self, contact_id: int, *, keep: bool = False) -> SimulatedContact | None:
        """Find a contact by its id; see ``Simulator.find_contact``."""
        return self._inside(lambda: self._simulator.find_contact(contact_id, keep=keep))

    def addressee(self, arrival: Arrival) -> SimulatedContact | None:
        """Find the contact that a message went to, if it is one that is kept."""
        return self._inside(self._simulator.addressee, arrival)

    def kept_contacts(self, after_id: int = 0, count: int = 100) -> tuple[SimulatedContact, ...]:
        """Return ``count`` contacts with greater ids as they are now, without forbidden bots."""
        return self._inside(self._simulator.kept_contacts, after_id, count)

    def count_contacts(self) -> int:
        """Count the contacts that :meth:`kept_contacts` gives."""
        return self._inside(self._simulator.count_contacts)

    @contextmanager
    def refusing(self) -> Generator[None, None, None]:
        """Refuse new connections inside ``with``, and close those that are idle.

        Raises:
            RuntimeError: It does not run, or refuses already, or a condition of a fault calls this.
        """
        refusing = self._simulator.refusing()
        self._await(refusing.__aenter__())
        try:
            yield
        finally:
            if self._thread is not None:
                self._await(refusing.__aexit__(None, None, None))

    def start(self) -> None:
        """Start the thread, and serve in it.

        Raises:
            RuntimeError: It runs already; or a condition of a fault calls this right after it
                closed it.
            OSError: The port is taken.
        """
        while not self._start():
            # It was closed a moment ago, by another thread: what still ends there ends first. Not
            # under the lock: a condition of a fault may close it once more meanwhile.
            self._join_closed()

    def _start(self) -> bool:
        """Start it, unless what was closed has not ended yet; whether it serves now."""
        with self._starting:
            if self._thread is not None:
                raise RuntimeError("the simulator runs already: close it before it starts again")
            closed = self._closed
            if closed is threading.current_thread():
                raise RuntimeError(
                    "the condition of a fault is asked by the simulator itself, which ends first: "
                    "start it again in the test"
                )
            if closed is not None and closed.is_alive():
                return False
            started: Future[None] = Future()
            # A daemon, so that a program which is interrupted does not wait for it.
            thread = threading.Thread(
                target=self._run, args=(started,), name="cleverapp-simulator", daemon=True
            )
            thread.start()
            try:
                started.result()
            except BaseException:
                # Whoever is interrupted here leaves a thread that may serve: it can be closed.
                if started.done() and started.exception() is not None:
                    thread.join()
                raise
            return True

    def close(self) -> None:
        """Stop at once: requests that are served are cut off. Closing twice is allowed."""
        with self._starting:
            with self._handing_over:
                loop, self._loop = self._loop, None
                if loop is not None:
                    # Behind everything that was handed over before, which the loop does in its
                    # order.
                    loop.call_soon_threadsafe(self._stop.set)
            if self._thread is not None:
                self._closed, self._thread = self._thread, None
        self._join_closed()

    def _join_closed(self) -> None:
        """Wait for the thread that was closed last."""
        closed = self._closed
        # A condition of a fault may close it, in the very thread that ends then.
        if closed is not None and closed is not threading.current_thread():
            closed.join()

    def _run(self, started: Future[None]) -> None:
        # Whatever loops a test brings along, with a clock that jumps for instance: not here.
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(self._serve(started))

    async def _serve(self, started: Future[None]) -> None:
        self._stop = asyncio.Event()
        try:
            await self._simulator.start()
        except Exception as error:  # noqa: BLE001 - `start` raises it in the caller's thread
            started.set_exception(error)
            return
        with self._handing_over:
            # By the thread itself, and not by who starts it: conditions of faults may be asked
            # before that one goes on.
            self._thread = threading.current_thread()
            self._loop = asyncio.get_running_loop()
        started.set_result(None)
        try:
            await self._stop.wait()
        finally:
            await self._simulator.close()

    def _inside(self, function: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Call a function in the simulator's loop, or here while there is none."""
        result: Future[T] = Future()

        def call() -> None:
            try:
                result.set_result(function(*args, **named))
            except BaseException as error:  # noqa: BLE001 - raised in the caller's thread
                result.set_exception(error)

        with self._handing_over:
            # A condition of a fault is asked in the simulator's own loop, and may call this too.
            elsewhere = self._loop is not None and self._thread is not threading.current_thread()
            if self._loop is not None and elsewhere:
                self._loop.call_soon_threadsafe(call)
        if not elsewhere:
            call()
        return result.result()

    def _await(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine of the simulator to its end.

        Raises:
            RuntimeError: It does not run, or this is its own thread, which cannot wait for itself.
        """
        if self._thread is threading.current_thread():
            # It is never awaited: without this Python would warn of that.
            coroutine.close()
            raise RuntimeError(
                "the condition of a fault is asked by the simulator itself, which cannot wait for "
                "its connections meanwhile: call refusing() in the test"
            )
        with self._handing_over:
            if self._loop is None:
                coroutine.close()
                raise RuntimeError(
                    "only a running simulator can refuse connections: start it first"
                )
            running = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        return running.result()


class MakeSimulator(Protocol):
    """What the fixture ``make_cleverapp_simulator`` gives: a function that makes simulators."""

    def __call__(
        self, *, assert_clean: bool = True, **settings: Unpack[SimulatorSettings]
    ) -> SimulatorThread:
        """Make a simulator that serves until the fixture or the test which asked for it ends.

        Args:
            assert_clean: Whether the referee must be clean at the end of each test, and every
                fault met when the simulator is closed.
            **settings: The arguments of ``Simulator``. Where neither ``limits`` nor ``window`` is
                given, no limits are kept.

        Returns:
            The simulator, started. It may be closed earlier, by ``with`` for instance.

        Raises:
            ValueError: As by ``Simulator``.
            SeedError: As by ``Simulator``.
            OSError: As by ``Simulator``, or the port is taken.
        """
        ...
