"""The hours of the day in which messages may leave, as spans of instants."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from attrs import define

from .wall_clock import DAY, WallClock

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DailyHours", "Span"]


class Span(NamedTuple):
    """A stretch of time that is open or closed from end to end.

    Attributes:
        since: Its first instant, in Unix microseconds.
        until: The first instant after it.
        is_open: Whether messages may leave.
    """

    since: int
    until: int
    is_open: bool


_NONE = Span(0, 0, is_open=False)


@define(eq=False)
class DailyHours:
    """Open from one hour of the local day to another one, wrapping over midnight.

    An instant is open by what the clock on the wall shows then, and by nothing else: so a
    skipped opening hour opens at the jump, and an hour that comes twice counts twice.

    Attributes:
        clock: The clock on the wall.
        opens: Microseconds of the local day at which it opens.
        closes: Microseconds of the local day at which it closes, other than ``opens``.
    """

    clock: WallClock
    opens: int
    closes: int
    _last: Span = _NONE

    @property
    def daily(self) -> int:
        """Open microseconds of a day without a change of the offset."""
        return (self.closes - self.opens) % DAY

    def span(self, moment: int) -> Span:
        """The span that an instant is in; it need not reach to the next change.

        The last one found is remembered: asking again within it costs next to nothing, and a
        clock that steps out of it, either way, finds another one.
        """
        last = self._last
        if not last.since <= moment < last.until:
            last = self._last = self._find(moment)
        return last

    def spans(self, moment: int) -> Iterator[Span]:
        """The span that an instant is in and those after it, without end."""
        span = self.span(moment)
        while True:
            yield span
            span = self._find(span.until)

    def _find(self, moment: int) -> Span:
        offset = self.clock.offset(moment)
        midnight, time_of_day = divmod(moment + offset, DAY)
        if self.opens < self.closes:
            is_open = self.opens <= time_of_day < self.closes
        else:
            is_open = not self.closes <= time_of_day < self.opens
        edges = [edge for edge in (self.opens, self.closes) if edge > time_of_day]
        edge = min(edges) if edges else DAY + min(self.opens, self.closes)
        until = midnight * DAY + edge - offset
        # Behind a change of the offset the clock shows another time: look anew from there on.
        return Span(moment, self.clock.change(moment, until) or until, is_open)
