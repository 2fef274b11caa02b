"""Ids in two orders: by number, and by the moment they came to be."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@define
class Timeline:
    """Answers "which ids came between these moments" without looking at every one."""

    _ids: list[int] = field(init=False, factory=list[int])
    _moments: list[int] = field(init=False, factory=list[int])
    _by_moment: list[int] = field(init=False, factory=list[int])

    def extend(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Add many ids with their moments at once, to a timeline that is empty."""
        found = sorted((moment, number) for number, moment in pairs)
        self._moments = [moment for moment, _ in found]
        self._by_moment = [number for _, number in found]
        self._ids = sorted(self._by_moment)

    def add(self, number: int, moment: int) -> None:
        """Add one id with its moment, in Unix seconds."""
        self._ids.insert(bisect_left(self._ids, number), number)
        place = bisect_right(self._moments, moment)
        self._moments.insert(place, moment)
        self._by_moment.insert(place, number)

    def select(self, since: int | None = None, until: int | None = None) -> Sequence[int]:
        """Give the ids that came in a closed span of moments, ascending."""
        if since is None and until is None:
            return self._ids
        first = 0 if since is None else bisect_left(self._moments, since)
        last = len(self._moments) if until is None else bisect_right(self._moments, until)
        return sorted(self._by_moment[first:last])
