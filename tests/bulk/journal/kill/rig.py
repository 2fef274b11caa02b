"""Kills the processes of campaigns, and judges what is left by the simulator's arrival log."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, evolve, field, frozen

from cleverapp_async.simulator import Simulator
from tests.bulk.journal.kill.campaign import TASK, Run, number_of
from tests.bulk.journal.kill.points import CrashPoint
from tests.bulk.journal.kill.standing import Standing, standing
from tests.bulk.journal.kill.zygote import Life
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable


__all__ = ["NATURAL", "Campaign", "Death", "Zygote", "deliveries", "zygote"]

_MOST_RESUMES = 40


@frozen(kw_only=True)
class Death:
    """How one run ends before its time.

    Attributes:
        at: The point at which it kills itself; None where ``after`` or ``stop`` says more.
        after: Seconds after which it is killed from outside.
        stop: It stops by itself instead: ``drain`` or ``leave``.
        nth: At which time it comes to the point, or after how many outcomes it stops, from 1.
    """

    at: CrashPoint | None = None
    after: float | None = None
    stop: str | None = None
    nth: int = 1

    @property
    def name(self) -> str:
        """What it is called in a table."""
        return self.at.value if self.at else self.stop or "at a random moment"


NATURAL = Death()
"""A run that nothing stops."""


@frozen
class Zygote:
    """The process that gives birth to those that are killed, one at a time."""

    _process: subprocess.Popen[str]

    async def live(
        self, task: str, given: dict[str, object], kill_after: float | None = None
    ) -> int:
        """One child's life; its exit code, negative for the signal that ended it.

        Args:
            task: ``module:function``.
            given: The function's argument.
            kill_after: Seconds after which it is killed; None: never.
        """
        life = Life(task=task, given=given, kill_after=kill_after)
        return await asyncio.to_thread(self._live, json.dumps(life))

    def _live(self, life: str) -> int:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(f"{life}\n")
        stdin.flush()
        return int(stdout.readline())


@contextmanager
def zygote(modules: Iterable[str]) -> Generator[Zygote]:
    """A zygote that has imported some modules, until the block ends; no loop is needed.

    Args:
        modules: Those of the tasks.
    """
    with subprocess.Popen(
        (sys.executable, "-m", "tests.bulk.journal.kill.zygote", *modules),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Zygote(process)


def deliveries(simulator: Simulator) -> Counter[int]:
    """How often the simulator took each message, by its number."""
    return Counter(number_of(arrival.parameters["text"]) for arrival in simulator.deliveries)


@define
class Campaign:
    """One campaign over all its lives.

    Attributes:
        simulator: What is sent to; its log holds this campaign alone.
        zygote: Where the lives come from.
        run: One run of it, as it is when nothing stops it.
        kills: Kills by the name of their death.
        unknown: How many more intents without a result each kill left behind.
        standing: As it was judged last.
        broken: What was wrong at any moment, in words.
    """

    simulator: Simulator
    zygote: Zygote
    run: Run
    kills: Counter[str] = field(factory=Counter[str])
    unknown: list[int] = field(factory=list[int])
    standing: Standing = field(factory=Standing)
    broken: list[str] = field(factory=list[str])
    _orphans: set[int] = field(factory=set[int])

    async def live(self, death: Death = NATURAL) -> None:
        """Start or resume it, and judge what its journal says when that run has ended."""
        at = None if death.at is None else death.at.name
        run = evolve(self.run, die_at=at, nth=death.nth, stop=death.stop)
        code = await self.zygote.live(TASK, run.given(), death.after)
        self.standing = standing(
            Path(run.journal), run.messages, deliveries(self.simulator), self._orphans
        )
        if code == -signal.SIGKILL:
            self.kills[death.name] += 1
            self.unknown.append(len(self.standing.intents - self._orphans))
            self._orphans |= self.standing.intents
        elif code:
            self.broken.append(f"a run ended with exit code {code}")
        elif self.standing.intents:
            self.broken.append(f"a run that ended left {len(self.standing.intents)} intents")
        self.broken += self.standing.broken

    async def finish(self) -> None:
        """Resume it until nothing is left that a resume would send."""
        for _ in range(_MOST_RESUMES):
            await self.live()
            if self.broken or not self.standing.left:
                break
        if self.standing.left or not self.standing.complete:
            self.broken.append(f"{self.standing.left} messages are left after all resumes")
