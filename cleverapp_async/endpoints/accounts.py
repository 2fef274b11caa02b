"""The methods of the API documentation's page «Счета»."""

from __future__ import annotations

from ..models.money import ContactAccount
from .row import Endpoint, Kind, Parameter, ParametersIn, Repeat, Shape, Trust

__all__ = ["ROWS"]

ROWS = (
    Endpoint(
        name="getContactAccounts",
        http_method="GET",
        page="Счета",
        about="Lists the accounts of a contact.",
        repeat=Repeat.SAFE,
        trust=Trust.SIBLING,
        parameters=(Parameter("contact_id", Kind.INTEGER, "the contact", required=True),),
        shape=Shape.MANY,
        answer=ContactAccount,
    ),
    Endpoint(
        name="addContactAccount",
        http_method="POST",
        page="Счета",
        about="Opens an account of a contact.",
        repeat=Repeat.NEVER,
        trust=Trust.SIBLING,
        parameters=(
            Parameter("contact_id", Kind.INTEGER, "the contact", required=True),
            Parameter("currency", Kind.STRING, "the currency, such as RUB", required=True),
        ),
        parameters_in=ParametersIn.JSON,
        answer=ContactAccount,
    ),
    Endpoint(
        name="deleteContactAccount",
        http_method="POST",
        page="Счета",
        about="Closes an account of a contact.",
        repeat=Repeat.SAME_EFFECT,
        trust=Trust.SIBLING,
        parameters=(Parameter("account_id", Kind.INTEGER, "the account", required=True),),
        parameters_in=ParametersIn.JSON,
        shape=Shape.ANY,
    ),
    Endpoint(
        name="addFundsToContactAccount",
        http_method="POST",
        page="Счета",
        about="Puts money on an account of a contact.",
        repeat=Repeat.NEVER,
        trust=Trust.SIBLING,
        parameters=(
            Parameter("account_id", Kind.INTEGER, "the account", required=True),
            Parameter("amount", Kind.INTEGER, "in the currency's minor unit", required=True),
            Parameter("description", Kind.STRING, "why", required=True),
        ),
        parameters_in=ParametersIn.JSON,
        answer=ContactAccount,
    ),
    Endpoint(
        name="withdrawFundsFromContactAccount",
        http_method="POST",
        page="Счета",
        about="Takes money from an account of a contact.",
        repeat=Repeat.NEVER,
        trust=Trust.SIBLING,
        parameters=(
            Parameter("account_id", Kind.INTEGER, "the account", required=True),
            Parameter("amount", Kind.INTEGER, "in the currency's minor unit", required=True),
            Parameter("description", Kind.STRING, "why", required=True),
        ),
        parameters_in=ParametersIn.JSON,
        answer=ContactAccount,
    ),
)
