"""Who brought whom: a forest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@define
class ReferralStore:
    """Knows each contact's referrer and referrals, by their ids."""

    _referrer: dict[int, int] = field(init=False, factory=dict[int, int])
    _referrals: dict[int, list[int]] = field(init=False, factory=dict[int, list[int]])

    def add(self, contact_id: int, referrer_id: int) -> None:
        """Write down who brought a contact."""
        self._referrer[contact_id] = referrer_id
        self._referrals.setdefault(referrer_id, []).append(contact_id)

    def chain(self, contact_id: int) -> Iterator[int]:
        """Go up from a contact's referrer; without an end if it is among its own referrers."""
        current = self._referrer.get(contact_id)
        while current is not None:
            yield current
            current = self._referrer.get(current)

    def of(self, contact_id: int) -> Sequence[int]:
        """Give the contacts which a contact brought itself."""
        return self._referrals.get(contact_id, ())

    def circle(self) -> int | None:
        """Find a contact that is among its own referrers, or None when this is a forest."""
        # Whoever is on a way that ended is clear, so that every contact is passed only once.
        clear: set[int] = set()
        for start in self._referrer:
            way: set[int] = set()
            current: int | None = start
            while current is not None and current not in clear:
                if current in way:
                    return current
                way.add(current)
                current = self._referrer.get(current)
            clear |= way
        return None
