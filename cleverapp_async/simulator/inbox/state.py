"""What the inbox works with: the simulator, what is kept of its requests, and who listens.

Whoever listens is told what happened; the inbox never waits for any of them.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Final, TypeAlias

from attrs import define, field

from ..laravel.parameters import Parameters, as_integer
from ..observation import Observation
from ..referee import counts_for_account, key_of
from ..server import Simulator
from ..state.records import SimulatedContact
from .entries import Entry, EntryStore, KeyBook
from .query import InputError

Event: TypeAlias = Entry | str
"""A new entry, ``cleared``, or the name of what was changed, such as ``faults``."""

CLEARED: Final = "cleared"
LOST: Final = "lost"
"""Told in place of events that a listener was too slow for."""

_QUEUED: Final = 2000
"""Events that wait for one listener; beyond them it has to read everything anew."""


@define(eq=False)
class Listener:
    """What waits for one who listens."""

    _events: deque[Event] = field(init=False, factory=deque["Event"])
    _something: asyncio.Event = field(init=False, factory=asyncio.Event)
    closed: bool = field(init=False, default=False)

    def put(self, event: Event) -> None:
        """Add an event."""
        if len(self._events) >= _QUEUED:
            # Dropped all at once: one note says that everything has to be read anew, and memory
            # stays bounded.
            self._events.clear()
            event = LOST
        self._events.append(event)
        self._something.set()

    def close(self) -> None:
        """Wake it up for the last time."""
        self.closed = True
        self._something.set()

    async def wait(self, seconds: float) -> list[Event]:
        """Wait for events.

        Returns:
            Those that came, in their order; none where the time has passed, or it was closed.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._something.wait()
        events = list(self._events)
        self._events.clear()
        # Once it is closed, whoever waits again must return at once.
        if not self.closed:
            self._something.clear()
        return events


@define(eq=False)
class Feed:
    """Knows who listens.

    Args:
        most: How many may listen at once.
    """

    most: int
    _listeners: set[Listener] = field(init=False, factory=set[Listener])
    _closed: bool = field(init=False, default=False)

    @property
    def full(self) -> bool:
        """Whether there is no room for another listener."""
        return len(self._listeners) >= self.most

    def publish(self, event: Event) -> None:
        """Tell everybody of an event."""
        for listener in self._listeners:
            listener.put(event)

    @contextmanager
    def listen(self) -> Generator[Listener]:
        """Listen inside the ``with`` block."""
        listener = Listener()
        self._listeners.add(listener)
        if self._closed:
            listener.close()
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def open(self) -> None:
        """Let listeners wait again."""
        self._closed = False

    def close(self) -> None:
        """End all waiting."""
        self._closed = True
        for listener in self._listeners:
            listener.close()


LISTENERS: Final = 64
"""Streams, and requests that wait, at once."""

_ADDED_BYTES: Final = 64 * 2**20

_MESSAGES: Final = frozenset({"sendMessage", "sendMessageToWhatsApp", "sendMessageToQueue"})
_ADDRESSES: Final = ("contact_id", "contact_external_id", "bitrix_contact_id", "phone", "search")


@define(eq=False)
class InboxState:
    """Keeps what a simulator tells, and tells it on.

    Args:
        simulator: The simulator.
        store: Keeps the entries.

    Attributes:
        room: How many bytes of contacts may still be added.
    """

    simulator: Simulator
    store: EntryStore
    keys: KeyBook = field(init=False, factory=KeyBook)
    feed: Feed = field(init=False, factory=lambda: Feed(LISTENERS))
    room: int = field(init=False, default=_ADDED_BYTES)

    def observe(self, observation: Observation) -> None:
        """Keep a request; an observer of the simulator."""
        arrival = observation.arrival
        now = asyncio.get_running_loop().time()
        contact = self.simulator.addressee(arrival)
        self.keys.add(arrival)
        self._add(
            Entry(
                id=self.store.next_id(),
                at=time.time(),
                kind="sent" if arrival.endpoint in _MESSAGES else "call",
                method=arrival.endpoint,
                bot_id=arrival.bot_id,
                messenger=arrival.messenger,
                to=_address(arrival.parameters),
                contact_id=_contact_id(arrival.parameters, contact),
                name=None if contact is None else contact.name,
                parameters=arrival.parameters,
                verdict=arrival.verdict,
                status=arrival.status,
                fault=arrival.fault,
                taken=arrival.taken,
                request=observation.request,
                answer=observation.answer,
                key_window=None
                if key_of(arrival) is None
                else self.simulator.key_window(arrival, now),
                account_windows=self.simulator.account_windows(now)
                if counts_for_account(arrival)
                else (),
            )
        )

    def receive(self, contact: SimulatedContact, text: str) -> Entry:
        """Keep a message that a contact wrote to its bot."""
        entry = Entry(
            id=self.store.next_id(),
            at=time.time(),
            kind="received",
            method="",
            bot_id=contact.bot_id,
            messenger=contact.messenger,
            to=str(contact.id),
            contact_id=contact.id,
            name=contact.name,
            parameters={"text": text},
            verdict="accepted",
            status=None,
            fault=None,
            taken=True,
        )
        self._add(entry)
        return entry

    def clear(self) -> None:
        """Forget all entries; the simulator's own log stays."""
        self.store.clear()
        self.keys.clear()
        self.feed.publish(CLEARED)

    @contextmanager
    def listen(self) -> Generator[Listener]:
        """Listen inside the ``with`` block.

        Raises:
            InputError: Too many listen already.
        """
        if self.feed.full:
            raise InputError(
                "connection", f"{LISTENERS} streams and waiting requests are open: close one", 503
            )
        with self.feed.listen() as listener:
            yield listener

    def _add(self, entry: Entry) -> None:
        self.store.add(entry)
        self.feed.publish(entry)


def _address(parameters: Parameters) -> str | None:
    """Whom a message names, as it was written."""
    for name in _ADDRESSES:
        value = parameters.get(name)
        if isinstance(value, (str, int)):
            return str(value)
    return None


def _contact_id(parameters: Parameters, contact: SimulatedContact | None) -> int | None:
    return as_integer(parameters.get("contact_id")) if contact is None else contact.id
