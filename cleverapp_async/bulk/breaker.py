"""Notices that everything is refused for one reason, before a whole campaign is burnt on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

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

_Row: TypeAlias = tuple[type[CleverAppError] | None, int]


@define
class Breaker:
    """Counts the same error in a row.

    What concerns the whole account is counted over all keys; what concerns one bot for each key
    apart, so that its refusals hide behind no other's success.

    Args:
        limit: So many in a row are too many.
    """

    limit: int
    _of_account: _Row = field(default=(None, 0), init=False)
    _of_keys: dict[LimitKey | None, _Row] = field(
        factory=dict["LimitKey | None", "_Row"], init=False
    )

    def note(self, key: LimitKey | None, outcome: SendOutcome) -> CampaignPausedError | None:
        """Take note of one outcome.

        Returns:
            Why to send nothing more, once there is a reason.
        """
        error = outcome.error
        kind = next((kind for kind in _REMEDIES if isinstance(error, kind)), None)
        self._of_account = _longer(self._of_account, None if kind is ForbiddenError else kind)
        row = self._of_keys[key] = _longer(self._of_keys.get(key, (None, 0)), kind)
        count = row[1] if kind is ForbiddenError else self._of_account[1]
        if error is None or kind is None or count < self.limit:
            return None
        where = f" for {key}" if kind is ForbiddenError and key is not None else ""
        return CampaignPausedError(
            f"paused: {count} times in a row{where} the same error, {kind.__name__}: {error}. "
            f"Nothing more is sent; {_REMEDIES[kind]}, then resume",
            cause=error,
            in_a_row=count,
        )


def _longer(row: _Row, kind: type[CleverAppError] | None) -> _Row:
    return (kind, row[1] + 1 if kind is not None and kind is row[0] else 1)
