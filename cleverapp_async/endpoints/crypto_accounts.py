"""The methods of the API documentation's page «Счета в криптовалюте»."""

from __future__ import annotations

from ..models.money import ContactCryptoAccount
from .row import Endpoint, Kind, Parameter, ParametersIn, Repeat, Shape, Trust

__all__ = ["ROWS"]

ROWS = (
    Endpoint(
        name="getContactCryptoAccounts",
        http_method="GET",
        page="Счета в криптовалюте",
        about="Lists the accounts of a contact, in crypto currency.",
        repeat=Repeat.SAFE,
        trust=Trust.SIBLING,
        parameters=(Parameter("contact_id", Kind.INTEGER, "the contact", required=True),),
        shape=Shape.MANY,
        answer=ContactCryptoAccount,
    ),
    Endpoint(
        name="addContactCryptoAccount",
        http_method="POST",
        page="Счета в криптовалюте",
        about="Opens an account of a contact, in crypto currency.",
        repeat=Repeat.NEVER,
        trust=Trust.SIBLING,
        parameters=(
            Parameter("contact_id", Kind.INTEGER, "the contact", required=True),
            Parameter("currency", Kind.STRING, "the currency, such as BTC", required=True),
        ),
        parameters_in=ParametersIn.JSON,
        answer=ContactCryptoAccount,
    ),
    Endpoint(
        name="deleteContactCryptoAccount",
        http_method="POST",
        page="Счета в криптовалюте",
        about="Closes an account of a contact, in crypto currency.",
        repeat=Repeat.SAME_EFFECT,
        trust=Trust.SIBLING,
        parameters=(Parameter("account_id", Kind.INTEGER, "the account", required=True),),
        parameters_in=ParametersIn.JSON,
        shape=Shape.ANY,
    ),
    Endpoint(
        name="addFundsToContactCryptoAccount",
        http_method="POST",
        page="Счета в криптовалюте",
        about="Puts money on an account of a contact, in crypto currency.",
        repeat=Repeat.NEVER,
        trust=Trust.SIBLING,
        parameters=(
            Parameter("account_id", Kind.INTEGER, "the account", required=True),
            Parameter(
                "amount", Kind.DECIMAL, "in the currency, as a decimal string", required=True
            ),
            Parameter("description", Kind.STRING, "why", required=True),
        ),
        parameters_in=ParametersIn.JSON,
        answer=ContactCryptoAccount,
    ),
    Endpoint(
        name="withdrawFundsFromContactCryptoAccount",
        http_method="POST",
        page="Счета в криптовалюте",
        about="Takes money from an account of a contact, in crypto currency.",
        repeat=Repeat.NEVER,
        trust=Trust.SIBLING,
        parameters=(
            Parameter("account_id", Kind.INTEGER, "the account", required=True),
            Parameter(
                "amount", Kind.DECIMAL, "in the currency, as a decimal string", required=True
            ),
            Parameter("description", Kind.STRING, "why", required=True),
        ),
        parameters_in=ParametersIn.JSON,
        answer=ContactCryptoAccount,
    ),
)
