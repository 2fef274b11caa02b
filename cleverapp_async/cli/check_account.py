"""Whether the token is taken, and whether this machine's clock agrees with the server's."""

from __future__ import annotations

import time
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from .._raw_answers import raw_answers
from ..errors import (
    AuthenticationError,
    CleverAppError,
    ForbiddenError,
    NotFoundError,
    UnexpectedResponseError,
)
from .finding import fail, fine, warn

if TYPE_CHECKING:
    from ..client import CleverAppClient
    from .finding import Finding

__all__ = ["check_account", "judge_clock"]

_PATIENCE = 30.0
_TOLERATED = 5.0


async def check_account(client: CleverAppClient) -> list[Finding]:
    """Ask whose token it is; the answer's date tells the server's time.

    Args:
        client: Made with the token.
    """
    with raw_answers() as answers:
        try:
            await client.get_me(deadline=_PATIENCE)
        except CleverAppError as error:
            account = _of_error(error)
        else:
            account = fine("account", "getMe takes the token")
    date = answers[-1].headers.get("date") if answers else None
    return [account, judge_clock(date, time.time())]


def _of_error(error: CleverAppError) -> Finding:
    told = str(error).rstrip(". ")
    if isinstance(error, AuthenticationError | ForbiddenError):
        remedy = "Take the token from the account's settings, of the brand that the base URL names."
        return fail("account", told, remedy)
    if isinstance(error, NotFoundError) or (
        isinstance(error, UnexpectedResponseError) and error.status in range(300, 400)
    ):
        return fail("account", told, "Check the path of the base URL: it ends with /api/v1.")
    return fail("account", told, "Check the base URL, and try again later.")


def judge_clock(date: str | None, now: float) -> Finding:
    """How far this machine's clock is off the server's, as far as an answer's date tells.

    Args:
        date: The ``Date`` header, exact to a second; None where there was none.
        now: Unix seconds here when the answer was there.
    """
    remedy = "Compare this machine's clock with another."
    if date is None:
        return warn("clock", "not checked: no answer told the server's time", remedy)
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return warn("clock", "not checked: the server's date cannot be read", remedy)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    # The header cuts off the part of a second: half of it on the average.
    ahead = now - moment.timestamp() - 0.5
    if abs(ahead) <= _TOLERATED:
        return fine("clock", f"within {_TOLERATED:g} s of the server's")
    way = "ahead of" if ahead > 0 else "behind"
    return warn(
        "clock",
        f"{abs(ahead):.0f} s {way} the server's",
        "Let this machine set its clock by the network (NTP): dates in filters go by it.",
    )
