"""The methods of the API documentation's pages «Счета» and «Счета в криптовалюте»."""

from __future__ import annotations

from ..models.money import ContactAccount, ContactCryptoAccount
from .row import Endpoint, Kind, Parameter, ParametersIn, Repeat, Shape, Trust

__all__ = ["ROWS"]


def _rows(
    *,
    page: str,
    account: str,
    answer: type,
    suffix: str,
    currency: str,
    amount: Parameter,
) -> tuple[Endpoint, ...]:
    """The five methods of a page: both pages have the same methods, for two kinds of accounts.

    Args:
        page: The page of the API documentation.
        account: The kind of account as the names of the methods spell it.
        answer: The model of an account.
        suffix: What is said of the kind of account behind each description.
        currency: A currency as an example.
        amount: The parameter that says how much.
    """
    contact_id = Parameter("contact_id", Kind.INTEGER, "the contact", required=True)
    account_id = Parameter("account_id", Kind.INTEGER, "the account", required=True)
    moved = (account_id, amount, Parameter("description", Kind.STRING, "why", required=True))
    example = f"the currency, such as {currency}"
    return (
        Endpoint(
            name=f"get{account}s",
            http_method="GET",
            page=page,
            about=f"Lists the accounts of a contact{suffix}.",
            repeat=Repeat.SAFE,
            trust=Trust.SIBLING,
            parameters=(contact_id,),
            shape=Shape.MANY,
            answer=answer,
        ),
        Endpoint(
            name=f"add{account}",
            http_method="POST",
            page=page,
            about=f"Opens an account of a contact{suffix}.",
            repeat=Repeat.NEVER,
            trust=Trust.SIBLING,
            parameters=(contact_id, Parameter("currency", Kind.STRING, example, required=True)),
            parameters_in=ParametersIn.JSON,
            answer=answer,
        ),
        Endpoint(
            name=f"delete{account}",
            http_method="POST",
            page=page,
            about=f"Closes an account of a contact{suffix}.",
            repeat=Repeat.SAME_EFFECT,
            trust=Trust.SIBLING,
            parameters=(account_id,),
            parameters_in=ParametersIn.JSON,
            shape=Shape.ANY,
        ),
        Endpoint(
            name=f"addFundsTo{account}",
            http_method="POST",
            page=page,
            about=f"Puts money on an account of a contact{suffix}.",
            repeat=Repeat.NEVER,
            trust=Trust.SIBLING,
            parameters=moved,
            parameters_in=ParametersIn.JSON,
            answer=answer,
        ),
        Endpoint(
            name=f"withdrawFundsFrom{account}",
            http_method="POST",
            page=page,
            about=f"Takes money from an account of a contact{suffix}.",
            repeat=Repeat.NEVER,
            trust=Trust.SIBLING,
            parameters=moved,
            parameters_in=ParametersIn.JSON,
            answer=answer,
        ),
    )


_MINOR_UNITS = Parameter("amount", Kind.INTEGER, "in the currency's minor unit", required=True)
_DECIMAL = Parameter("amount", Kind.DECIMAL, "in the currency, as a decimal string", required=True)

ROWS = (
    *_rows(
        page="Счета",
        account="ContactAccount",
        answer=ContactAccount,
        suffix="",
        currency="RUB",
        amount=_MINOR_UNITS,
    ),
    *_rows(
        page="Счета в криптовалюте",
        account="ContactCryptoAccount",
        answer=ContactCryptoAccount,
        suffix=", in crypto currency",
        currency="BTC",
        amount=_DECIMAL,
    ),
)
