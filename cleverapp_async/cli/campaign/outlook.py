"""What is still to come of a campaign, by the limits and by the hours in which it may send."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from attrs import field, frozen

from ...bulk.forecast import Forecast, forecast
from ...bulk.journal.records import JournalState
from ...bulk.schedule import Schedule
from ...limits.quota import AccountKey
from ..text import as_iso, tell_forecast
from .state import CampaignState, Resuming, Step, steps

if TYPE_CHECKING:
    from ...bulk.journal.records import JournalSession
    from ...limits.quota import LimitKey

__all__ = ["Outlook", "as_record"]


@frozen(kw_only=True)
class Outlook:
    """How a campaign stands, and how long the rest takes at least.

    Attributes:
        state: How it stands.
        resuming: What the commands to go on are made of; the limits that are counted with.
        schedule: When messages may leave; None: at any time.
        now: Unix seconds of this look.
    """

    state: CampaignState
    resuming: Resuming
    schedule: Schedule | None = None
    now: float = field(factory=time.time)

    @property
    def forecast(self) -> Forecast:
        """The lower bound of what is left."""
        registry = self.resuming.settings.limits.registry()
        return forecast(self.state.left, registry.quotas, registry.quotas(AccountKey("")))

    @property
    def ends_at(self) -> float | None:
        """Unix seconds before which it does not end; None where nothing is left."""
        if not self.state.to_send:
            return None
        return self.forecast.ends_at(self.now, self.schedule)

    @property
    def steps(self) -> list[Step]:
        """What can be done."""
        return steps(self.state, self.resuming)

    def told(self) -> str:
        """The lower bound in words."""
        told = tell_forecast(self.forecast)
        return told if self.schedule is None else f"{told}, {self.schedule.told()}"


def as_record(outlook: Outlook) -> dict[str, object]:
    """Everything that ``cleverapp campaign status --format json`` prints."""
    state, summary = outlook.state, outlook.state.summary
    found, ends_at, holder = outlook.forecast, outlook.ends_at, state.holder
    return {
        "journal": outlook.resuming.journal,
        "base_url": summary.origin,
        "created_at": as_iso(summary.created_at),
        "complete": summary.complete,
        "finished": state.finished,
        "purged": summary.purged,
        "messages": summary.messages,
        "duplicates": summary.duplicates,
        "states": _by_state(state.counts),
        "retryable": summary.retryable,
        "routes": [
            _route(key) | {"states": _by_state(state.settled(counts))}
            for key, counts in summary.by_key.items()
        ],
        "running": None
        if holder is None
        else {"pid": holder.pid, "host": holder.host, "since": _iso(holder.since)},
        "sessions": [_session(one) for one in summary.sessions],
        "left": {
            "messages": state.to_send,
            "seconds_at_least": round(found.seconds, 3),
            "bound_by": found.bound_by.name if found.seconds else None,
            "not_before": _iso(ends_at),
        },
        "commands": [{"does": one.does, "command": one.command} for one in outlook.steps],
        "exit": state.exit.value,
    }


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else as_iso(seconds)


def _by_state(counts: dict[JournalState, int]) -> dict[str, int]:
    return {state.value: counts[state] for state in JournalState}


def _route(key: LimitKey | None) -> dict[str, object]:
    if key is None:
        return {"bot_id": None, "messenger": None, "method": None}
    return {"bot_id": key.bot_id, "messenger": key.messenger, "method": key.scope}


def _session(session: JournalSession) -> dict[str, object]:
    return {
        "started_at": as_iso(session.started_at),
        "ended_at": _iso(session.ended_at),
        "pid": session.pid,
        "host": session.host,
        "ended": session.ended,
    }
