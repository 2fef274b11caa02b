"""What one process says to the log of one key, and what it makes of the answers: no I/O."""

from __future__ import annotations

import math

from attrs import define

from .exchange import Answer, Question
from .fleet import Fleet
from .ledger import Ledger

__all__ = ["Talk"]

_JUMP = 0.1
"""Seconds by which the log's clock may be ahead of what has passed here: more is a step."""
_DRIFT = 0.001
_SLACK = 1.0


@define
class Talk:
    """One conversation; moments are loop seconds.

    Attributes:
        fleet: Who this is.
        ledger: The process's slots.
        again_at: When to ask again for what was not granted; inf when nothing is wanted.
        blocked_until: Until when nothing is granted.
        paused_until: Until when a refusal or a user wants that.
        refusals: The fleet's.
        answered_at: When the last answer came.
    """

    fleet: Fleet
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
        """Whether there is something that the fleet should know at once."""
        return bool(self._pause or self._refused or self._lost or self.ledger.given_back)

    @property
    def unfinished(self) -> bool:
        """Whether the log may hold something for this process that it does not know of."""
        return self._doubtful or self.again_at < math.inf

    def pause(self, seconds: float, refusals: int) -> None:
        """The fleet is to grant nothing for that long, after so many refusals more."""
        self._pause = max(self._pause, seconds)
        self._refused += refusals

    def ask(self, demand: int, now: float) -> Question:
        """The next question."""
        marks = self.ledger.news(now)
        question = Question(
            process=self.fleet.process,
            sequence=self.fleet.number(),
            demand=demand,
            marks=marks,
            given_back=tuple(self.ledger.given_back),
            known=self.ledger.names(marks) if self._doubtful else None,
            lost=self._lost,
            pause=self._pause,
            refusals=self._refused,
        )
        self._doubtful = True
        return question

    def learn(self, question: Question, answer: Answer, asked_at: float, now: float) -> bool:
        """Make use of an answer.

        Args:
            question: What was asked.
            answer: What was answered.
            asked_at: When it was asked.
            now: When the answer came.

        Returns:
            Whether its grants can be trusted; if not, everything is said anew.
        """
        ledger = self.ledger
        self._doubtful = False
        self._pause = 0.0 if self._pause == question.pause else self._pause
        self._refused -= question.refusals
        self._lost = False
        ledger.wrote(question.marks, question.given_back, now)
        sound = self._judge(answer, asked_at, now)
        self._epoch, self._clock = answer.epoch, answer.now
        self._asked_at, self.answered_at = asked_at, now
        self.refusals = answer.refusals
        self.paused_until = now + answer.pause if answer.pause else -math.inf
        self.blocked_until = max(self.paused_until, now + answer.hold)
        self.again_at = math.inf if answer.wait is None else now + answer.wait
        if answer.pause:
            # What was granted before the pause began is void as well.
            ledger.give_back_ready(0)
        for grant in answer.grants:
            if sound:
                ledger.grant(grant.slot, now + grant.delay)
            else:
                ledger.given_back.append(grant.slot)
        return sound

    def _judge(self, answer: Answer, asked_at: float, now: float) -> bool:
        """Whether the log is still the one it was, and its clock has gone as ours has."""
        if not self._epoch:
            return True
        if answer.epoch != self._epoch:
            expired = asked_at - self.answered_at > self.ledger.terms.expiry - _SLACK
            self.ledger.start_over(now)
            # A server that has just started holds by itself.
            self._lost = not expired and not answer.hold
        else:
            passed = now - self._asked_at
            self._lost = answer.now - self._clock > passed * (1 + _DRIFT) + _JUMP
        return not self._lost
