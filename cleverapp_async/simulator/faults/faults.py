"""Scripted faults: what goes wrong, with which requests, and which of them strikes now.

``Fault.hang(taken=True, on=3)`` hangs on the third request, having taken its message.
Every constructor takes the options of `Trigger` beside its own.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Literal, TypeAlias, TypedDict, Unpack

from attrs import define, field, frozen

from ..arguments import check_count, check_number
from ..laravel.parameters import Parameters
from ..laravel.replies import JSON_TYPE, NO_HEADERS, Reply, encode, html_reply, redirect_reply
from . import actions
from .actions import Reset

Predicate: TypeAlias = Callable[[Parameters], bool]
"""Whether a request with these parameters meets a fault."""


class TriggerOptions(TypedDict, total=False):
    """The options of `Trigger`, as keywords of every constructor of `Fault`."""

    on: int
    every: int
    probability: float
    endpoint: str
    when: Predicate
    times: int


@frozen
class Trigger:
    """Which requests a fault meets; all that is given must hold.

    Requests are counted from when the fault was added, and only those of ``endpoint`` for
    which ``when`` holds.

    Args:
        on: Only the request of this number, from 1.
        every: Every request whose number is a multiple of this.
        probability: Each with this probability, from 0 to 1.
        endpoint: Only requests of this method.
        when: Only requests whose parameters (without the token) satisfy this.
        times: How often it strikes at most.

    Raises:
        ValueError: A value can never hold; the message names it.
    """

    on: int | None = None
    every: int | None = None
    probability: float | None = None
    endpoint: str | None = None
    when: Predicate | None = None
    times: int | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse values that can never hold."""
        for name, value in (("on", self.on), ("every", self.every), ("times", self.times)):
            if value is not None:
                check_count(name, value)
        if self.probability is not None:
            check_number("probability", self.probability, 1)
        when: object = self.when
        if when is not None and not callable(when):
            msg = f"when must be a function of a request's parameters, not {when!r}"
            raise ValueError(msg)


@frozen
class Fault:
    """One scripted fault; make it with one of the class methods.

    ``taken`` says whether the server works on the request before things go wrong. If it
    does, limits count it and the message may be delivered; if not, nothing happens to it.
    """

    kind: str
    action: actions.Action
    taken: bool
    trigger: Trigger = field(factory=Trigger)

    @classmethod
    def reset_before(
        cls, at: Literal["accept", "bytes"] = "bytes", **options: Unpack[TriggerOptions]
    ) -> Fault:
        """Reset the connection on accepting it, or when a request's first bytes come.

        Nothing has been read then, so neither ``endpoint`` nor ``when`` can be given; with
        ``at="accept"`` it is connections that are counted.

        Raises:
            ValueError: ``endpoint`` or ``when`` was given.
        """
        if "endpoint" in options or "when" in options:
            msg = "reset_before takes neither endpoint nor when: no request has been read then"
            raise ValueError(msg)
        return cls("reset_before", actions.Reset(at), taken=False, trigger=Trigger(**options))

    @classmethod
    def reset_after(cls, *, taken: bool = True, **options: Unpack[TriggerOptions]) -> Fault:
        """Reset the connection after the whole request was read."""
        return cls("reset_after", actions.Reset("read"), taken, Trigger(**options))

    @classmethod
    def hang(
        cls,
        *,
        taken: bool = True,
        seconds: float | None = None,
        **options: Unpack[TriggerOptions],
    ) -> Fault:
        """Say nothing until the client leaves, or for ``seconds``, then close."""
        return cls("hang", actions.Hang(seconds), taken, Trigger(**options))

    @classmethod
    def slow_body(
        cls,
        *,
        chunk: int = 1,
        interval: float = 0.05,
        taken: bool = True,
        **options: Unpack[TriggerOptions],
    ) -> Fault:
        """Write the head at once and the body ``chunk`` bytes each ``interval`` seconds."""
        return cls("slow_body", actions.SlowBody(chunk, interval), taken, Trigger(**options))

    @classmethod
    def truncated_body(cls, *, taken: bool = True, **options: Unpack[TriggerOptions]) -> Fault:
        """Announce the whole body, write half of it, close."""
        return cls("truncated_body", actions.TruncatedBody(), taken, Trigger(**options))

    @classmethod
    def malformed(
        cls,
        data: bytes = b"HTTP/1.1 OK fine\r\n\r\n",
        *,
        taken: bool = True,
        **options: Unpack[TriggerOptions],
    ) -> Fault:
        """Write bytes that are no HTTP answer (by default a bad status line), close."""
        return cls("malformed", actions.Malformed(data), taken, Trigger(**options))

    @classmethod
    def oversized_header(
        cls, size: int = 65_536, *, taken: bool = True, **options: Unpack[TriggerOptions]
    ) -> Fault:
        """Answer with one header of ``size`` bytes."""
        return cls("oversized_header", actions.OversizedHeader(size), taken, Trigger(**options))

    @classmethod
    def oversized_body(
        cls,
        mebibytes: int = 9,
        *,
        compressed: bool = False,
        taken: bool = True,
        **options: Unpack[TriggerOptions],
    ) -> Fault:
        """Answer with JSON of more than so many MiB; ``compressed`` sends it deflated."""
        action = actions.OversizedBody(mebibytes, compressed)
        return cls("oversized_body", action, taken, Trigger(**options))

    @classmethod
    def too_many(
        cls,
        retry_after: float | str | timedelta | None = None,
        **options: Unpack[TriggerOptions],
    ) -> Fault:
        """Refuse with 429; the message is not taken.

        Args:
            retry_after: ``Retry-After`` as it goes out: a number of seconds as written
                (``3`` or ``1.5``), a timedelta as the HTTP date that far ahead, a string
                as it is, None for no header.
            **options: See `Trigger`.
        """
        action = actions.TooMany(retry_after)
        return cls("too_many", action, taken=False, trigger=Trigger(**options))

    @classmethod
    def html(
        cls, status: int = 502, *, taken: bool = False, **options: Unpack[TriggerOptions]
    ) -> Fault:
        """Answer with an HTML page of this status."""
        return cls("html", actions.Answer(html_reply(status)), taken, Trigger(**options))

    @classmethod
    def server_error(
        cls, status: int = 500, *, taken: bool = False, **options: Unpack[TriggerOptions]
    ) -> Fault:
        """Answer with Laravel's JSON for a crash."""
        reply = Reply(status, encode({"message": "Server Error"}))
        return cls("server_error", actions.Answer(reply), taken, Trigger(**options))

    @classmethod
    def redirect(
        cls,
        location: str = "/login",
        status: int = 302,
        *,
        taken: bool = False,
        **options: Unpack[TriggerOptions],
    ) -> Fault:
        """Answer with a redirect."""
        reply = redirect_reply(status, location)
        return cls("redirect", actions.Answer(reply), taken, Trigger(**options))

    @classmethod
    def answer(
        cls,
        status: int,
        body: bytes | str | Mapping[str, object],
        headers: Mapping[str, str] = NO_HEADERS,
        *,
        taken: bool = False,
        **options: Unpack[TriggerOptions],
    ) -> Fault:
        """Answer with anything: a mapping as JSON, a string as UTF-8, bytes as they are.

        The content type is JSON unless ``headers`` has a ``Content-Type``.
        """
        if isinstance(body, str):
            content = body.encode()
        else:
            content = body if isinstance(body, bytes) else encode(body)
        rest = {name: value for name, value in headers.items() if name.lower() != "content-type"}
        kinds = [value for name, value in headers.items() if name.lower() == "content-type"]
        reply = Reply(status, content, (kinds or [JSON_TYPE])[0], rest)
        return cls("answer", actions.Answer(reply), taken, Trigger(**options))


@define
class _Armed:
    fault: Fault
    seen: int = 0
    struck: int = 0

    def strikes(self, rng: random.Random) -> bool:
        trigger = self.fault.trigger
        # Counted first, so that "the third request" means the third one that it could have met.
        self.seen += 1
        return (
            (trigger.times is None or self.struck < trigger.times)
            and (trigger.on is None or self.seen == trigger.on)
            and (trigger.every is None or self.seen % trigger.every == 0)
            # The draw comes last: a fault that cannot strike draws no number, and the others draw
            # the same as if it were not there.
            and (trigger.probability is None or rng.random() < trigger.probability)
        )


@define
class FaultSchedule:
    """Holds the faults in their order; where several would strike, the first does.

    Every fault counts all requests that it could meet, also those that another fault struck.
    """

    _rng: random.Random
    _armed: list[_Armed] = field(init=False, factory=list[_Armed])

    def add(self, faults: Iterable[Fault]) -> None:
        """Arm more faults, after those which are there."""
        self._armed.extend(_Armed(fault) for fault in faults)

    def clear(self) -> None:
        """Disarm all faults."""
        self._armed.clear()

    @property
    def armed(self) -> tuple[Fault, ...]:
        """The faults that are armed, in their order."""
        return tuple(armed.fault for armed in self._armed)

    def count(self, fault: Fault) -> int:
        """Tell how often a fault struck since it was added."""
        return sum(armed.struck for armed in self._armed if armed.fault == fault)

    def unmet(self) -> tuple[Fault, ...]:
        """Return the faults that have not struck since they were added."""
        return tuple(armed.fault for armed in self._armed if not armed.struck)

    def pick_unread(self, at: Literal["accept", "bytes"]) -> Fault | None:
        """Choose the reset for a new connection, or for a request's first bytes."""
        if not self._armed:
            return None

        def concerns(fault: Fault) -> bool:
            return isinstance(fault.action, Reset) and fault.action.at == at

        return self._pick(concerns)

    def pick(self, endpoint: str, parameters: Parameters) -> Fault | None:
        """Choose the fault for a request that was read."""
        if not self._armed:
            return None

        def concerns(fault: Fault) -> bool:
            action = fault.action
            unread = isinstance(action, Reset) and action.at != "read"
            return not unread and _matches(fault.trigger, endpoint, parameters)

        return self._pick(concerns)

    def _pick(self, concerns: Callable[[Fault], bool]) -> Fault | None:
        chosen: _Armed | None = None
        for armed in self._armed:
            # Every fault is asked, also behind the one that strikes: each counts its requests for
            # itself.
            if concerns(armed.fault) and armed.strikes(self._rng) and chosen is None:
                chosen = armed
        if chosen is None:
            return None
        chosen.struck += 1
        return chosen.fault


def _matches(trigger: Trigger, endpoint: str, parameters: Parameters) -> bool:
    if trigger.endpoint is not None and trigger.endpoint != endpoint:
        return False
    return trigger.when is None or trigger.when(parameters)
