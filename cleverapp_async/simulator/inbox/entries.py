"""What the inbox keeps of each request: its JSON forms, the newest N of them, and their times.

The times are kept for each key and for the account, to be drawn against the limit.
"""

from __future__ import annotations

import json
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Final, Literal, TypeAlias, cast

from attrs import asdict, define, field, frozen

from ..laravel.parameters import Parameters, Value
from ..limits import LimitWindow, Scope
from ..observation import AnswerText, RequestText
from ..referee import counts_for_account, key_of
from ..request_log import Arrival, ArrivalVerdict
from ..server import Simulator

Json: TypeAlias = dict[str, object]

Kind: TypeAlias = Literal["sent", "received", "call"]
"""A message to a contact, one that a contact wrote to its bot, or a request that sends none."""

SNIPPET: Final = 200
"""Characters of a text that a row of the list has."""

_WHY: Final[Mapping[ArrivalVerdict, str]] = {
    "unauthenticated": "The token is missing or wrong.",
    "forbidden": "The account has no access to this bot.",
    "unsupported": "Nothing can be sent to this messenger.",
    "missing": "What an id names does not exist.",
    "not_found": "There is no such method.",
    "wrong_method": "The method takes another HTTP method.",
    "too_large": "The body is larger than the server reads.",
    "malformed": "The bytes are no HTTP request.",
    "incomplete": "The client left before its request was whole.",
}


@frozen(eq=False, slots=False)
class Entry:
    """One request, or one message that a contact wrote.

    Args:
        id: A number that grows with each entry.
        at: When it came, in Unix seconds.
        kind: See `Kind`.
        method: The API's method; empty where no request could be read.
        bot_id: The bot, where it is known.
        messenger: The messenger, where it is known.
        to: Whom it names, as it was written: an id or a phone number.
        contact_id: The id of the contact, where it is known.
        name: The contact's name, where it is known.
        parameters: All of its parameters, without the token.
        verdict: What the server made of it.
        status: The status that was answered, or None.
        fault: The kind of the fault that struck it, or None.
        taken: Whether the message would be delivered.
        request: The request as it came, if it was read.
        answer: The answer, unless a fault came in between.
        key_window: The window of its bot and messenger at that moment, if they have a limit.
        account_windows: Those of the account.
    """

    id: int
    at: float
    kind: Kind
    method: str
    bot_id: int | None
    messenger: str | None
    to: str | None
    contact_id: int | None
    name: str | None
    parameters: Parameters
    verdict: ArrivalVerdict
    status: int | None
    fault: str | None
    taken: bool
    request: RequestText | None = None
    answer: AnswerText | None = None
    key_window: LimitWindow | None = None
    account_windows: tuple[LimitWindow, ...] = ()

    @cached_property
    def text(self) -> str:
        """The message's text, empty where it has none."""
        value = self.parameters.get("text")
        return value if isinstance(value, str) else ""

    @cached_property
    def folded(self) -> str:
        """All that a word without a name is looked for in, in one case."""
        parts = [self.to, self.name, self.method, self.messenger, self.fault, *_texts(self)]
        return "\n".join(part for part in parts if part).casefold()

    @cached_property
    def size(self) -> int:
        """About how many bytes it takes."""
        shown = (self.request, self.answer)
        return 2000 + 2 * (
            len(json.dumps(dict(self.parameters)))
            + sum(len(one.body) for one in shown if one is not None)
            + sum(len(a) + len(b) for one in shown if one is not None for a, b in one.headers)
            + (0 if self.request is None else len(self.request.target))
        )

    def row(self) -> Json:
        """What the list shows."""
        media = (name for name in ("image", "file") if name in self.parameters)
        return {
            "id": self.id,
            "at": moment(self.at),
            "kind": self.kind,
            "method": self.method[:SNIPPET],
            "bot_id": self.bot_id,
            "messenger": _snippet(self.messenger),
            "to": _snippet(self.to),
            "contact_id": self.contact_id,
            "name": _snippet(self.name),
            "text": self.text[:SNIPPET],
            "attached": next(media, None),
            "verdict": self.verdict,
            "status": self.status,
            "fault": self.fault,
            "taken": self.taken,
        }

    def whole(self) -> Json:
        """All that is known."""
        key = self.key_window
        return {
            **self.row(),
            "method": self.method,
            "messenger": self.messenger,
            "to": self.to,
            "name": self.name,
            "text": self.text,
            "image": self.parameters.get("image"),
            "file": self.parameters.get("file"),
            "parameters": dict(self.parameters),
            "why": self.why(),
            "errors": self.errors(),
            "request": None if self.request is None else _shown(self.request),
            "answer": None if self.answer is None else _shown(self.answer),
            "key_window": None if key is None else asdict(key),
            "account_windows": [asdict(window) for window in self.account_windows],
        }

    def why(self) -> str | None:
        """Why it was not accepted, as a sentence; None where it was."""
        if self.verdict == "accepted":
            return None
        if self.verdict == "fault":
            return f"The fault {self.fault} struck before the server looked at the request."
        if self.verdict == "invalid":
            fields = ", ".join(self.errors()) or "its parameters"
            return f"The server refuses {fields}."
        full = self.full_window()
        if full is not None:
            whose = "The account" if self.verdict == "refused_account" else "This bot and messenger"
            free = f" The next is free in {full.free_in[0]:.2f} s." if full.free_in else ""
            return f"{whose} had {full.used} of {full.limit} in {full.period:g} s.{free}"
        return _WHY.get(self.verdict, "A limit is reached.")

    def full_window(self) -> LimitWindow | None:
        """The window that refused it, if one did."""
        if self.verdict == "refused_messenger":
            return self.key_window
        if self.verdict == "refused_account":
            return next((one for one in self.account_windows if one.used >= one.limit), None)
        return None

    def errors(self) -> dict[str, Value]:
        """The texts of a failed validation by field, as they were answered."""
        if self.verdict != "invalid" or self.answer is None:
            return {}
        try:
            body = cast("dict[str, dict[str, Value]]", json.loads(self.answer.body))
            return body["errors"]
        except (ValueError, KeyError):
            return {}  # a redirect, or a body that is cut short


def _snippet(text: str | None) -> str | None:
    return None if text is None else text[:SNIPPET]


def moment(seconds: float) -> str:
    """Spell Unix seconds as ISO 8601 in UTC, to the millisecond."""
    when = datetime.fromtimestamp(seconds, UTC)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _texts(entry: Entry) -> Iterator[str]:
    """The parameters, and what was answered."""
    waiting: list[Value] = [dict(entry.parameters)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif value is not None:
            yield str(value)
    if entry.answer is not None:
        yield entry.answer.body


def _shown(text: RequestText | AnswerText) -> Json:
    return {**asdict(text, recurse=False), "headers": [list(pair) for pair in text.headers]}


@define
class EntryStore:
    """Keeps the newest entries; messages are not pushed out by requests that send none.

    Args:
        keep: How many messages are kept, and how many other requests.
        most_bytes: About how many bytes all of them take.
    """

    keep: int
    most_bytes: int
    _entries: dict[int, Entry] = field(init=False, factory=dict[int, Entry])
    _messages: deque[int] = field(init=False, factory=deque[int])
    _calls: deque[int] = field(init=False, factory=deque[int])
    _bytes: int = field(init=False, default=0)
    _last: int = field(init=False, default=0)

    def next_id(self) -> int:
        """The next entry's id; ids are not used again after `clear`."""
        self._last += 1
        return self._last

    def add(self, entry: Entry) -> None:
        """Keep an entry, and drop the oldest where there are too many."""
        self._entries[entry.id] = entry
        self._bytes += entry.size
        same = self._calls if entry.kind == "call" else self._messages
        same.append(entry.id)
        # By number for each kind, and by bytes for all: a few messages with huge texts would
        # outgrow any number.
        if len(same) > self.keep:
            self._drop(same)
        while self._bytes > self.most_bytes and len(self._entries) > 1:
            # Requests that send nothing go first, as nobody opens the page for them.
            self._drop(self._calls or self._messages)

    def _drop(self, ids: deque[int]) -> None:
        self._bytes -= self._entries.pop(ids.popleft()).size

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._messages.clear()
        self._calls.clear()
        self._bytes = 0

    def get(self, entry_id: int) -> Entry | None:
        """Find an entry by its id."""
        return self._entries.get(entry_id)

    def newest_first(self) -> Iterator[Entry]:
        """Return the entries, the newest first."""
        # Ids grow, so that the order of the dict is that of the ids.
        return reversed(self._entries.values())

    def since(self, entry_id: int) -> list[Entry]:
        """Return the entries after one, the oldest first."""
        found: list[Entry] = []
        for entry in self.newest_first():
            if entry.id <= entry_id:
                break
            found.append(entry)
        return found[::-1]

    def __len__(self) -> int:
        return len(self._entries)


SPAN: Final = 600.0
"""Seconds of arrivals that are kept."""

_ARRIVALS: Final = 2000
"""Arrivals that are kept of one key."""

_KEYS: Final = 500
"""Keys that are kept; the one that was silent for the longest gives way."""

_NAME: Final = 200
"""Characters of the longest messenger's name that is kept."""

_TOLD: Final = 50
"""Keys that are told at once, those with the latest arrivals."""


@define
class _Strip:
    """The latest arrivals of a key: the moment, and whether a limit refused it."""

    marks: deque[tuple[float, bool]] = field(
        init=False, factory=lambda: deque[tuple[float, bool]](maxlen=_ARRIVALS)
    )
    arrivals: int = 0
    refused: int = 0

    def add(self, arrival: Arrival) -> None:
        refused = arrival.verdict in {"refused_messenger", "refused_account"}
        self.arrivals += 1
        self.refused += refused
        self.marks.append((arrival.at, refused))
        while self.marks[0][0] < arrival.at - SPAN:
            self.marks.popleft()

    def told(self, now: float, seconds: float) -> Json:
        """The counts, and how many seconds ago each arrival was."""
        recent = [(now - at, refused) for at, refused in self.marks if now - at < seconds]
        return {
            "arrivals": self.arrivals,
            "refused": self.refused,
            "marks": [[round(ago, 3), refused] for ago, refused in recent],
        }


@define
class KeyBook:
    """Writes down the arrivals of each key."""

    _strips: OrderedDict[Scope, _Strip] = field(init=False, factory=OrderedDict[Scope, _Strip])
    _account: _Strip = field(init=False, factory=_Strip)

    def add(self, arrival: Arrival) -> None:
        """Write down an arrival, for its key and for the account, where it counts for them."""
        if counts_for_account(arrival):
            self._account.add(arrival)
        key = key_of(arrival)
        if key is not None and len(key[2]) <= _NAME:
            self._strips.setdefault(key, _Strip()).add(arrival)
            # The key with the latest arrival stands last, so that the first one gives way.
            self._strips.move_to_end(key)
            if len(self._strips) > _KEYS:
                self._strips.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        self._strips.clear()
        self._account = _Strip()

    def told(self, simulator: Simulator, now: float, seconds: float) -> Json:
        """What the strips are drawn from: the keys with the latest arrivals first.

        Args:
            simulator: Whose limits hold.
            now: The moment, of the loop's clock.
            seconds: How far it goes back.
        """
        newest = list(self._strips)[: -_TOLD - 1 : -1]
        keys: list[Json] = []
        for key in newest:
            method, bot_id, messenger = key
            arrival = Arrival(now, method, bot_id, messenger, {}, "accepted", None, taken=False)
            window = simulator.key_window(arrival, now)
            keys.append(
                {
                    "method": method,
                    "bot_id": bot_id,
                    "messenger": messenger,
                    "windows": [] if window is None else [asdict(window)],
                    **self._strips[key].told(now, seconds),
                }
            )
        account: list[LimitWindow] = list(simulator.account_windows(now))
        return {
            "seconds": seconds,
            "account": {
                "windows": [asdict(window) for window in account],
                **self._account.told(now, seconds),
            },
            "keys": keys,
            "left_out": len(self._strips) - len(newest),
        }
