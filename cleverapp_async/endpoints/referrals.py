"""The methods of the API documentation's page «Реферальная система»."""

from __future__ import annotations

from ..models.contact import Contact
from ..models.referral import ReferralCount, ReferrerChain
from .row import Endpoint, Kind, Parameter, ParametersIn, Repeat, Shape, Trust

__all__ = ["ROWS"]

ROWS = (
    Endpoint(
        name="getReferrers",
        http_method="GET",
        page="Реферальная система",
        about="Gives who brought a contact, and who brought them.",
        repeat=Repeat.SAFE,
        trust=Trust.SIBLING,
        parameters=(
            Parameter("contact_id", Kind.INTEGER, "the contact", required=True),
            Parameter("depth", Kind.INTEGER, "how far up, 1 to 10"),
            Parameter("is_flat", Kind.FLAG, "a list instead of a tree"),
        ),
        answer=ReferrerChain,
    ),
    Endpoint(
        name="getReferrals",
        http_method="POST",
        page="Реферальная система",
        about="Lists whom a contact brought.",
        repeat=Repeat.SAFE,
        trust=Trust.SIBLING,
        parameters=(
            Parameter("contact_id", Kind.INTEGER, "the contact", required=True),
            Parameter("page", Kind.INTEGER, "the page, from 1"),
            Parameter("filters", Kind.OBJECT, "tag_name and tag_id, a value or a list of values"),
        ),
        parameters_in=ParametersIn.JSON,
        shape=Shape.PAGE,
        answer=Contact,
    ),
    Endpoint(
        name="getCountReferrals",
        http_method="POST",
        page="Реферальная система",
        about="Counts whom a contact brought.",
        repeat=Repeat.SAFE,
        trust=Trust.SIBLING,
        parameters=(
            Parameter("contact_id", Kind.INTEGER, "the contact", required=True),
            Parameter("filters", Kind.OBJECT, "tag_name and tag_id, a value or a list of values"),
        ),
        parameters_in=ParametersIn.JSON,
        shape=Shape.BARE,
        answer=ReferralCount,
    ),
)
