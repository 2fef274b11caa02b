"""The shapes in which the same state can be answered: where the pages of the brands differ."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias, cast, get_args

from attrs import field, frozen, validators

VariablesShape: TypeAlias = Literal["current", "older"]
DateStyle: TypeAlias = Literal["offset", "zulu"]
CountReferralsShape: TypeAlias = Literal["data", "bare"]
EmptyObjects: TypeAlias = Literal["object", "array"]

VARIABLES_SHAPES: Final[tuple[str, ...]] = get_args(VariablesShape)
DATE_STYLES: Final[tuple[str, ...]] = get_args(DateStyle)
COUNT_REFERRALS_SHAPES: Final[tuple[str, ...]] = get_args(CountReferralsShape)
EMPTY_OBJECTS: Final[tuple[str, ...]] = get_args(EmptyObjects)


@frozen
class AnswerVariants:
    """Which of the known shapes an answer takes.

    Args:
        variables: ``current`` names a variable beside its value (CleverApp's page), ``older``
            inside ``variable`` only, with dates and pages (a sibling brand's page).
        dates: ``offset`` is ``2019-05-10T10:38:28+00:00`` (CleverApp's pages), ``zulu``
            ``2024-12-01T10:00:00.000000Z`` (seen in practice).
        count_referrals: ``data`` is ``{"data": {"count": 1}}``, ``bare`` ``{"count": 1}``;
            the body is not documented.
        empty_objects: ``object`` is ``{}``, ``array`` is ``[]``: what PHP makes of an empty array,
            whichever of the two was meant.

    Raises:
        ValueError: A name that is none of these.
    """

    variables: VariablesShape = field(default="current", validator=validators.in_(VARIABLES_SHAPES))
    dates: DateStyle = field(default="offset", validator=validators.in_(DATE_STYLES))
    count_referrals: CountReferralsShape = field(
        default="data", validator=validators.in_(COUNT_REFERRALS_SHAPES)
    )
    empty_objects: EmptyObjects = field(default="object", validator=validators.in_(EMPTY_OBJECTS))

    def encodable(self, body: object) -> object:
        """A body as it is encoded, its empty objects in the shape that was chosen."""
        if self.empty_objects == "object":
            return body
        if isinstance(body, Mapping):
            shown = cast("Mapping[str, object]", body)
            return {name: self.encodable(value) for name, value in shown.items()} or []
        if isinstance(body, list):
            return [self.encodable(value) for value in cast("list[object]", body)]
        return body

    def date(self, moment: int) -> str:
        """Spell a moment, given in Unix seconds."""
        when = datetime.fromtimestamp(moment, UTC)
        if self.dates == "offset":
            return when.isoformat()
        return f"{when.isoformat(timespec='microseconds').removesuffix('+00:00')}Z"
