"""One event loop for a client and for each limiter: their timers and futures belong to it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

from .errors import ClientStateError

__all__ = [
    "CLOSED_MEANWHILE",
    "FAILURES",
    "LIMITER_REFUSES",
    "AsyncOnly",
    "Lifetime",
    "SharedTimeout",
    "Wait",
    "Waits",
    "claim_running_loop",
    "error_of",
    "wait_out",
]

T = TypeVar("T")

FAILURES: tuple[type[BaseException], ...] = (Exception, asyncio.CancelledError)
"""What a plain function of the user's may raise and a call goes on: nothing awaits in it, so that
a cancellation out of it is that of something else, such as a future whose result it asked for."""

_CLIENT_REFUSES = "the client belongs to another event loop: make one inside each asyncio.run()"
CLOSED_MEANWHILE = "not sent: the client was closed while the request waited"
_NO_LOOP = "no event loop runs here: call this inside asyncio.run()"
LIMITER_REFUSES = "this limiter serves another event loop: make one LimiterRegistry per event loop"


def claim_running_loop(
    claimed: asyncio.AbstractEventLoop | None, refusal: str
) -> asyncio.AbstractEventLoop:
    """The running loop, which is to be the one that was claimed at the first call.

    Args:
        claimed: The loop that the first call found; None at the first call.
        refusal: What is wrong where another loop runs now, and what to do about it.

    Raises:
        ClientStateError: Another loop runs now, or none.
    """
    try:
        running = asyncio.get_running_loop()
    except RuntimeError:
        raise ClientStateError(_NO_LOOP) from None
    if claimed is not None and claimed is not running:
        raise ClientStateError(refusal)
    return running


def error_of(future: asyncio.Future[T]) -> BaseException | None:
    """What a future that is done has failed with, be it a cancellation; None: it has a result.

    As a callback of a future that nobody awaits it keeps asyncio from logging the error as lost.
    """
    return asyncio.CancelledError() if future.cancelled() else future.exception()


async def wait_out(future: asyncio.Future[T]) -> asyncio.CancelledError | None:
    """Wait until a future is done, however often the wait is cancelled.

    Returns:
        The last cancellation of the wait, which the caller has to raise; None: there was none.
    """
    cancelled: asyncio.CancelledError | None = None
    while not future.done():
        try:
            # Unlike an await of the future itself, this hands no cancellation on to it.
            await asyncio.wait([future])
        except asyncio.CancelledError as error:
            cancelled = error
    return cancelled


class Lifetime:
    """Whether a client may be used, and in which event loop.

    Args:
        parent: The lifetime of the client that this one was derived from: it ends this one, too,
            and has the loop of both. None: the client stands alone.
    """

    def __init__(self, parent: Lifetime | None = None) -> None:
        self._parent = parent
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over = False

    @property
    def is_derived(self) -> bool:
        """Whether what the client uses is its parent's."""
        return self._parent is not None

    def end(self) -> None:
        """The client was closed."""
        self._over = True

    def check_open(self) -> None:
        """See that neither the client nor one above it was closed.

        Raises:
            ClientStateError: One was.
        """
        if self._over:
            raise ClientStateError("the client is closed: make a new one")
        if self._parent is not None:
            self._parent.check_open()

    def check_usable(self) -> asyncio.AbstractEventLoop:
        """See that the client is open, and belongs to the running loop.

        Returns:
            That loop, for all that follows: asyncio may ask the system each time (in Python 3.11
            for the number of the process), which takes longer than what it is asked for.

        Raises:
            ClientStateError: It is not, or does not.
        """
        if self._over or self._parent is not None:
            self.check_open()
        if self._parent is not None:
            return self._parent.check_usable()
        self._loop = claim_running_loop(self._loop, _CLIENT_REFUSES)
        return self._loop


class SharedTimeout:
    """A time-out for the block of each task that enters it, by one timer for all of them.

    Nearly every request is answered long before its time-out: a timer for each would be set and
    cancelled for nothing, which takes a tenth of the time of a whole request. A task is in no more
    than one block at once.

    Args:
        seconds: How long each block may take.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        # That of the client, which has seen that it runs.
        self._loop: asyncio.AbstractEventLoop | None = None
        # When each block ends, in that order, as all have the same length; and how many times its
        # task was being cancelled already.
        self._running: dict[asyncio.Task[Any], tuple[float, int]] = {}
        self._expired: dict[asyncio.Task[Any], int] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    def __enter__(self) -> None:
        """The running task's time begins."""
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        task = cast("asyncio.Task[Any]", asyncio.current_task(loop))
        if task in self._running:
            raise RuntimeError("a task is in no more than one block at once")
        ends_at = loop.time() + self._seconds
        self._running[task] = ends_at, task.cancelling()
        if self._timer is None:
            self._timer = loop.call_at(ends_at, self._on_timer)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """The running task's time ends.

        Raises:
            TimeoutError: The time ran out, and nobody else cancelled the task.
        """
        task = cast("asyncio.Task[Any]", asyncio.current_task(self._loop))
        inside = self._running.pop(task, None)
        if self._closed:
            self._stop()
        if inside is None:
            cancelling = self._expired.pop(task)
            if task.uncancel() <= cancelling and kind is asyncio.CancelledError:
                raise TimeoutError

    def close(self) -> None:
        """Nobody enters it any more: once nobody is inside, the timer is not needed."""
        self._closed = True
        self._stop()

    def _stop(self) -> None:
        if self._timer is not None and not self._running:
            self._timer.cancel()
            self._timer = None

    def _on_timer(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        for task, (ends_at, cancelling) in list(self._running.items()):
            if ends_at > loop.time():
                self._timer = loop.call_at(ends_at, self._on_timer)
                return
            del self._running[task]
            self._expired[task] = cancelling
            task.cancel()


class Waits:
    """The waits of one client, which its closing ends at once, whatever they wait for.

    Attributes:
        over: Whether the client was closed.
        running: What waits now.
    """

    def __init__(self) -> None:
        self.over = False
        self.running: set[Wait] = set()

    def end(self) -> None:
        """The client was closed."""
        self.over = True
        for wait in self.running:
            wait.end()


class Wait:
    """A block of a task in which it waits, and is ended where the client is closed.

    Args:
        waits: Those of the client.
    """

    __slots__ = ("_before", "_ended", "_task", "_waits")

    def __init__(self, waits: Waits) -> None:
        self._waits = waits
        self._ended = False

    def __enter__(self) -> None:
        """The running task begins to wait.

        Raises:
            ClientStateError: The client is closed.
        """
        waits = self._waits
        if waits.over:
            raise ClientStateError(CLOSED_MEANWHILE)
        # In few steps, as every request passes here.
        self._task = task = asyncio.current_task()
        self._before = 0 if task is None else task.cancelling()
        waits.running.add(self)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """The wait is over.

        Raises:
            ClientStateError: The client was closed, and nobody else cancelled the task.
        """
        self._waits.running.discard(self)
        if not self._ended or self._task is None:
            return
        # As `asyncio.timeout` tells its own cancellation from those of others.
        if self._task.uncancel() <= self._before and kind is asyncio.CancelledError:
            raise ClientStateError(CLOSED_MEANWHILE) from None

    def end(self) -> None:
        """The client was closed: the task is cancelled."""
        # Once, however often the client is closed: the block takes back one cancellation.
        if self._task is not None and not self._ended:
            self._ended = True
            self._task.cancel()


class AsyncOnly:
    """What ``async with`` is for: a plain ``with`` says so."""

    if not TYPE_CHECKING:
        # Hidden from type checkers, which so refuse what would only raise.

        def __enter__(self) -> NoReturn:
            """Say what to write instead.

            Raises:
                TypeError: Always.
            """
            raise TypeError(f"{type(self).__name__} needs `async with`, not `with`")

        def __exit__(self, *_: object) -> None:
            """Be there: Python looks for it before it enters."""
