"""The shapes in which the same state can be answered: where the pages of the brands differ."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias, get_args

from attrs import field, frozen, validators

VariablesShape: TypeAlias = Literal["current", "older"]
DateStyle: TypeAlias = Literal["offset", "zulu"]
CountReferralsShape: TypeAlias = Literal["data", "bare"]

VARIABLES_SHAPES: Final[tuple[str, ...]] = get_args(VariablesShape)
DATE_STYLES: Final[tuple[str, ...]] = get_args(DateStyle)
COUNT_REFERRALS_SHAPES: Final[tuple[str, ...]] = get_args(CountReferralsShape)


@frozen
class Shapes:
    """Which of the known shapes an answer takes.

    Args:
        variables: ``current`` names a variable beside its value (CleverApp's page), ``older``
            inside ``variable`` only, with dates and pages (a sibling brand's page).
        dates: ``offset`` is ``2019-05-10T10:38:28+00:00`` (CleverApp's pages), ``zulu``
            ``2024-12-01T10:00:00.000000Z`` (seen in practice).
        count_referrals: ``data`` is ``{"data": {"count": 1}}``, ``bare`` ``{"count": 1}``;
            the body is not documented.

    Raises:
        ValueError: A name that is none of these.
    """

    variables: VariablesShape = field(default="current", validator=validators.in_(VARIABLES_SHAPES))
    dates: DateStyle = field(default="offset", validator=validators.in_(DATE_STYLES))
    count_referrals: CountReferralsShape = field(
        default="data", validator=validators.in_(COUNT_REFERRALS_SHAPES)
    )

    def date(self, moment: int) -> str:
        """Spell a moment, given in Unix seconds."""
        when = datetime.fromtimestamp(moment, UTC)
        if self.dates == "offset":
            return when.isoformat()
        return f"{when.isoformat(timespec='microseconds').removesuffix('+00:00')}Z"
