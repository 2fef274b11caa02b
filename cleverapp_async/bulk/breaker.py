"""Notices that everything is refused for one reason, before a whole campaign is burnt on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field

from ..errors import (
    AuthenticationError,
    CampaignPausedError,
    CleverAppError,
    ConnectError,
    ForbiddenError,
)
from ..limits.quota import LimitKey

if TYPE_CHECKING:
    from .outcome import SendOutcome

__all__ = ["Breaker"]

_REMEDIES: dict[type[CleverAppError], str] = {
    AuthenticationError: "check the token and the base URL",
    ForbiddenError: "check that the token may use this bot",
    ConnectError: "check the network and the base URL",
}
"""The errors that concern every recipient alike, and what to do about them."""


@define
class Breaker:
    """Counts the same error in a row, per limit key: one bot's refusals hide behind no other's.

    Args:
        limit: So many in a row are too many.
    """

    limit: int
    _rows: dict[LimitKey | None, tuple[type[CleverAppError] | None, int]] = field(
        factory=dict["LimitKey | None", "tuple[type[CleverAppError] | None, int]"], init=False
    )

    def note(self, key: LimitKey | None, outcome: SendOutcome) -> CampaignPausedError | None:
        """Take note of one outcome.

        Returns:
            Why to send nothing more, once there is a reason.
        """
        error = outcome.error
        kind = next((kind for kind in _REMEDIES if isinstance(error, kind)), None)
        before, count = self._rows.get(key, (None, 0))
        count = count + 1 if kind is not None and kind is before else 1
        self._rows[key] = (kind, count)
        if error is None or kind is None or count < self.limit:
            return None
        where = "" if key is None else f" for {key}"
        return CampaignPausedError(
            f"paused: {count} times in a row{where} the same error, {kind.__name__}: {error}. "
            f"Nothing more is sent; {_REMEDIES[kind]}, then resume",
            cause=error,
            in_a_row=count,
        )
