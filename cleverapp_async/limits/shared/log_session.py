"""What one process sends to the log of one key, and how it reads the replies: no I/O."""

from __future__ import annotations

import math

from attrs import define

from .ledger import Ledger
from .member import FleetMember
from .messages import LogReply, LogRequest

__all__ = ["LogSession"]

_JUMP = 0.1
"""Seconds by which the log's clock may run ahead of ours; more counts as a step."""
_DRIFT = 0.001
_SLACK = 1.0


@define
class LogSession:
    """One process's requests to one log; moments are loop seconds.

    Attributes:
        member: Who this is.
        ledger: The process's slots.
        again_at: When to ask again for what was not granted; inf when nothing is wanted.
        blocked_until: The moment until which nothing is granted.
        paused_until: The moment until which a refusal or a user has paused the key.
        refusals: How many refusals the whole fleet has seen.
        answered_at: When the last reply came.
    """

    member: FleetMember
    ledger: Ledger
    again_at: float = math.inf
    blocked_until: float = -math.inf
    paused_until: float = -math.inf
    refusals: int = 0
    answered_at: float = -math.inf
    _epoch: str = ""
    _clock: float = 0.0
    _asked_at: float = -math.inf
    _doubtful: bool = False
    _lost: bool = False
    _pause: float = 0.0
    _refused: int = 0

    @property
    def urgent(self) -> bool:
        """Whether there is something that must be reported at once."""
        return bool(self._pause or self._refused or self._lost or self.ledger.given_back)

    @property
    def unfinished(self) -> bool:
        """Whether the log may hold slots for this process that the process does not know of."""
        return self._doubtful or self.again_at < math.inf

    def pause(self, seconds: float, refusals: int) -> None:
        """Report a pause of the whole fleet, and how many more refusals there were."""
        self._pause = max(self._pause, seconds)
        self._refused += refusals

    def next_call(self, waiting: int, now: float) -> float:
        """The moment of the next call to the log, if that many requests wait."""
        ledger, moment = self.ledger, self.ledger.tell_at
        if self.urgent:
            return now
        if len(ledger.ready) < waiting:
            # Somebody waits without a slot. If the log was asked, its reply said when the next one
            # may be certain, and that is waited for while requests of ours are under way. Once all
            # of them have ended nothing more will become known here, and what has ended may free a
            # slot: then the log is asked at once, and told all of it on the way.
            waits_only = self.again_at < math.inf and (
                ledger.running or ledger.ready or not ledger.ended
            )
            return min(moment, self.again_at if waits_only else now)
        if ledger.spare:
            # Early enough that the next ones are here before these are used up; and in time to give
            # back those that are not used.
            moment = min(moment, now if ledger.runs_low(waiting) else ledger.spare_until)
        return min(moment, self.again_at)

    def ask(self, demand: int, now: float, ahead: int = 0) -> LogRequest:
        """Make the next request."""
        updates = self.ledger.news(now)
        request = LogRequest(
            process=self.member.process,
            sequence=self.member.number(),
            demand=demand,
            ahead=ahead,
            updates=updates,
            given_back=tuple(self.ledger.given_back),
            known=self.ledger.names(updates) if self._doubtful else None,
            lost=self._lost,
            pause=self._pause,
            refusals=self._refused,
        )
        # Until the reply is read nobody knows whether the request was carried out. If it never
        # comes, the next one lists all slots that we know, and the script frees the others of ours.
        self._doubtful = True
        return request

    def learn(self, request: LogRequest, reply: LogReply, asked_at: float, now: float) -> bool:
        """Take over what a reply says.

        Args:
            request: What was asked.
            reply: What was replied.
            asked_at: When it was asked.
            now: When the reply came.

        Returns:
            Whether its grants can be trusted; if not, the next request repeats everything.
        """
        ledger = self.ledger
        self._doubtful = False
        # A longer pause, and refusals, that came while the call was on its way are told next time.
        self._pause = 0.0 if self._pause == request.pause else self._pause
        self._refused -= request.refusals
        self._lost = False
        ledger.wrote(request.updates, request.given_back, asked_at, now)
        sound = self._judge(reply, asked_at, now)
        self._epoch, self._clock = reply.epoch, reply.now
        self._asked_at, self.answered_at = asked_at, now
        self.refusals = reply.refusals
        self.paused_until = now + reply.pause if reply.pause else -math.inf
        self.blocked_until = max(self.paused_until, now + reply.hold)
        self.again_at = math.inf if reply.wait is None else now + reply.wait
        if reply.pause:
            # What was granted before the pause began is void as well.
            ledger.give_back_ready(0)
        for grant in reply.grants:
            if sound:
                ledger.grant(grant.slot, now + grant.delay, now - asked_at)
            else:
                ledger.given_back.append(grant.slot)
        return sound

    def _judge(self, reply: LogReply, asked_at: float, now: float) -> bool:
        """Whether it is still the same log, and its clock has advanced as much as ours."""
        if not self._epoch:
            return True
        if reply.epoch != self._epoch:
            expired = asked_at - self.answered_at > self.ledger.terms.expiry - _SLACK
            self.ledger.start_over(now)
            # A server that has just started holds by itself.
            self._lost = not expired and not reply.hold
        else:
            # Between two replies the log's clock can have gone no further than ours has since the
            # earlier one was asked for, but for drift. If it has, it stepped, and slots were freed
            # too soon.
            passed = now - self._asked_at
            self._lost = reply.now - self._clock > passed * (1 + _DRIFT) + _JUMP
        return not self._lost
