"""The methods of the API docs' pages «Аккаунт», «Медиа», «Счета» and «Счета в криптовалюте»."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Unpack

from .. import models
from ..models.checks import check_amount, check_decimal, check_id, check_string, check_url
from .base import CallOptions, Methods, given

__all__ = ["AccountMethods", "MoneyMethods"]


class AccountMethods(Methods):
    """The account that the token belongs to, and links to files."""

    async def get_me(self, **options: Unpack[CallOptions]) -> models.Me:
        """Return the account of the token: ``getMe``.

        Its fields are not documented; all are in ``extra``.

        Args:
            **options: ``lane`` and ``deadline``.

        Raises:
            CleverAppError: See :meth:`send_message`.
        """
        me: models.Me = await self._ask("getMe", {}, options)
        return me

    async def decode_short_link(
        self, *, url: str, **options: Unpack[CallOptions]
    ) -> models.DecodedLink:
        """Turn a short link to a file into a signed one, which expires: ``decodeShortLink``.

        Args:
            url: The short link.
            **options: ``lane`` and ``deadline``.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        link: models.DecodedLink = await self._ask(
            "decodeShortLink", given(url=check_url("url", url)), options
        )
        return link


class MoneyMethods(Methods):
    """Accounts of contacts, in money and in crypto currency.

    Money moves: what may have arrived is never repeated.
    """

    async def get_contact_accounts(
        self, *, contact_id: int, **options: Unpack[CallOptions]
    ) -> tuple[models.ContactAccount, ...]:
        """List the accounts of a contact: ``getContactAccounts``.

        Args:
            contact_id: The contact.
            **options: ``lane`` and ``deadline``.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        accounts: tuple[models.ContactAccount, ...] = await self._accounts(
            "getContactAccounts", contact_id, options
        )
        return accounts

    async def add_contact_account(
        self, *, contact_id: int, currency: str, **options: Unpack[CallOptions]
    ) -> models.ContactAccount:
        """Open an account of a contact: ``addContactAccount``.

        Args:
            contact_id: The contact.
            currency: The currency, ISO 4217, such as RUB.
            **options: ``lane`` and ``deadline``.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        account: models.ContactAccount = await self._open(
            "addContactAccount", contact_id, currency, options
        )
        return account

    async def delete_contact_account(
        self, *, account_id: int, **options: Unpack[CallOptions]
    ) -> object:
        """Close an account of a contact: ``deleteContactAccount``.

        Args:
            account_id: The account.
            **options: ``lane`` and ``deadline``.

        Returns:
            What the server answered; the documentation does not say.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        return await self._close("deleteContactAccount", account_id, options)

    async def add_funds_to_contact_account(
        self, *, account_id: int, amount: int, description: str, **options: Unpack[CallOptions]
    ) -> models.ContactAccount:
        """Put money on an account: ``addFundsToContactAccount``.

        Args:
            account_id: The account.
            amount: How much, in the currency's minor unit (kopecks, cents).
            description: Why.
            **options: ``lane`` and ``deadline``.

        Returns:
            The account after that.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        account: models.ContactAccount = await self._move(
            "addFundsToContactAccount",
            options,
            account_id=account_id,
            check=check_amount,
            amount=amount,
            description=description,
        )
        return account

    async def withdraw_funds_from_contact_account(
        self, *, account_id: int, amount: int, description: str, **options: Unpack[CallOptions]
    ) -> models.ContactAccount:
        """Take money from an account: ``withdrawFundsFromContactAccount``.

        Args:
            account_id: The account.
            amount: How much, in the currency's minor unit (kopecks, cents).
            description: Why.
            **options: ``lane`` and ``deadline``.

        Returns:
            The account after that.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        account: models.ContactAccount = await self._move(
            "withdrawFundsFromContactAccount",
            options,
            account_id=account_id,
            check=check_amount,
            amount=amount,
            description=description,
        )
        return account

    async def get_contact_crypto_accounts(
        self, *, contact_id: int, **options: Unpack[CallOptions]
    ) -> tuple[models.ContactCryptoAccount, ...]:
        """List the accounts in crypto currency of a contact: ``getContactCryptoAccounts``.

        Args:
            contact_id: The contact.
            **options: ``lane`` and ``deadline``.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        accounts: tuple[models.ContactCryptoAccount, ...] = await self._accounts(
            "getContactCryptoAccounts", contact_id, options
        )
        return accounts

    async def add_contact_crypto_account(
        self, *, contact_id: int, currency: str, **options: Unpack[CallOptions]
    ) -> models.ContactCryptoAccount:
        """Open an account in crypto currency of a contact: ``addContactCryptoAccount``.

        Args:
            contact_id: The contact.
            currency: The currency, such as BTC.
            **options: ``lane`` and ``deadline``.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        account: models.ContactCryptoAccount = await self._open(
            "addContactCryptoAccount", contact_id, currency, options
        )
        return account

    async def delete_contact_crypto_account(
        self, *, account_id: int, **options: Unpack[CallOptions]
    ) -> object:
        """Close an account in crypto currency of a contact: ``deleteContactCryptoAccount``.

        Args:
            account_id: The account.
            **options: ``lane`` and ``deadline``.

        Returns:
            What the server answered; the documentation does not say.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        return await self._close("deleteContactCryptoAccount", account_id, options)

    async def add_funds_to_contact_crypto_account(
        self, *, account_id: int, amount: Decimal, description: str, **options: Unpack[CallOptions]
    ) -> models.ContactCryptoAccount:
        """Put money on an account: ``addFundsToContactCryptoAccount``.

        Args:
            account_id: The account.
            amount: How much, in the currency; a ``Decimal``, as floats are not exact.
            description: Why.
            **options: ``lane`` and ``deadline``.

        Returns:
            The account after that.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        account: models.ContactCryptoAccount = await self._move(
            "addFundsToContactCryptoAccount",
            options,
            account_id=account_id,
            check=check_decimal,
            amount=amount,
            description=description,
        )
        return account

    async def withdraw_funds_from_contact_crypto_account(
        self, *, account_id: int, amount: Decimal, description: str, **options: Unpack[CallOptions]
    ) -> models.ContactCryptoAccount:
        """Take money from an account: ``withdrawFundsFromContactCryptoAccount``.

        Args:
            account_id: The account.
            amount: How much, in the currency; a ``Decimal``, as floats are not exact.
            description: Why.
            **options: ``lane`` and ``deadline``.

        Returns:
            The account after that.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        account: models.ContactCryptoAccount = await self._move(
            "withdrawFundsFromContactCryptoAccount",
            options,
            account_id=account_id,
            check=check_decimal,
            amount=amount,
            description=description,
        )
        return account

    # Both pages have the same five methods, of another kind of account: the table knows the models.

    async def _accounts(self, method: str, contact_id: int, options: CallOptions) -> Any:  # noqa: ANN401 - as of `_ask`
        return await self._ask(
            method, given(contact_id=check_id("contact_id", contact_id)), options
        )

    async def _open(self, method: str, contact_id: int, currency: str, options: CallOptions) -> Any:  # noqa: ANN401 - as of `_ask`
        parameters = given(
            contact_id=check_id("contact_id", contact_id),
            currency=check_string("currency", currency),
        )
        return await self._ask(method, parameters, options)

    async def _close(self, method: str, account_id: int, options: CallOptions) -> object:
        parameters = given(account_id=check_id("account_id", account_id))
        answer: object = await self._ask(method, parameters, options)
        return answer

    async def _move(
        self,
        method: str,
        options: CallOptions,
        *,
        account_id: int,
        check: Callable[[str, object], object],
        amount: object,
        description: str,
    ) -> Any:  # noqa: ANN401 - as of `_ask`
        parameters = given(
            account_id=check_id("account_id", account_id),
            amount=check("amount", amount),
            description=check_string("description", description),
        )
        return await self._ask(method, parameters, options)
