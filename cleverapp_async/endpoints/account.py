"""The methods of the pages on the account, media, accounts of money and the referral system.

In the API documentation: «Аккаунт», «Медиа», «Счета», «Счета в криптовалюте» and
«Реферальная система».
"""

from __future__ import annotations

from ..models.account import (
    ContactAccount,
    ContactCryptoAccount,
    DecodedLink,
    Me,
    ReferralCount,
    ReferrerChain,
)
from ..models.contact import Contact
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
    Endpoint(
        name="getMe",
        http_method="GET",
        page="Аккаунт",
        about="Tells whose token it is.",
        repeat=Repeat.SAFE,
        trust=Trust.SIBLING,
        answer=Me,
    ),
    Endpoint(
        name="decodeShortLink",
        http_method="POST",
        page="Медиа",
        about="Turns a short link to a file into a signed one that expires.",
        repeat=Repeat.SAFE,
        trust=Trust.SIBLING,
        parameters=(Parameter("url", Kind.URL, "the short link", required=True),),
        parameters_in=ParametersIn.JSON,
        answer=DecodedLink,
    ),
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
