"""The methods of the API docs' page «Счета в криптовалюте»."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from ..models.checks import check_decimal, check_id, check_string
from .base import CallOptions, Methods, given

if TYPE_CHECKING:
    from decimal import Decimal

    from ..models.money import ContactCryptoAccount

__all__ = ["CryptoAccountMethods"]


class CryptoAccountMethods(Methods):
    """Accounts in crypto currency. Money moves: what may have arrived is never repeated."""

    async def get_contact_crypto_accounts(
        self, *, contact_id: int, **options: Unpack[CallOptions]
    ) -> tuple[ContactCryptoAccount, ...]:
        """List the accounts in crypto currency of a contact: ``getContactCryptoAccounts``.

        Args:
            contact_id: The contact.
            **options: ``lane`` and ``deadline``.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        parameters = given(contact_id=check_id("contact_id", contact_id))
        accounts: tuple[ContactCryptoAccount, ...] = await self._ask(
            "getContactCryptoAccounts", parameters, options
        )
        return accounts

    async def add_contact_crypto_account(
        self, *, contact_id: int, currency: str, **options: Unpack[CallOptions]
    ) -> ContactCryptoAccount:
        """Open an account in crypto currency of a contact: ``addContactCryptoAccount``.

        Args:
            contact_id: The contact.
            currency: The currency, such as BTC.
            **options: ``lane`` and ``deadline``.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        parameters = given(
            contact_id=check_id("contact_id", contact_id),
            currency=check_string("currency", currency),
        )
        account: ContactCryptoAccount = await self._ask(
            "addContactCryptoAccount", parameters, options
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
        parameters = given(account_id=check_id("account_id", account_id))
        answer: object = await self._ask("deleteContactCryptoAccount", parameters, options)
        return answer

    async def add_funds_to_contact_crypto_account(
        self, *, account_id: int, amount: Decimal, description: str, **options: Unpack[CallOptions]
    ) -> ContactCryptoAccount:
        """Put money on an account: ``addFundsToContactCryptoAccount``.

        Args:
            account_id: The account.
            amount: How much, in the currency; a ``Decimal``, as floats are not exact.
            description: Why.
            **options: ``lane`` and ``deadline``.

        Returns:
            The account afterwards.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        return await self._move_crypto(
            "addFundsToContactCryptoAccount", account_id, amount, description, options
        )

    async def withdraw_funds_from_contact_crypto_account(
        self, *, account_id: int, amount: Decimal, description: str, **options: Unpack[CallOptions]
    ) -> ContactCryptoAccount:
        """Take money from an account: ``withdrawFundsFromContactCryptoAccount``.

        Args:
            account_id: The account.
            amount: How much, in the currency; a ``Decimal``, as floats are not exact.
            description: Why.
            **options: ``lane`` and ``deadline``.

        Returns:
            The account afterwards.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        return await self._move_crypto(
            "withdrawFundsFromContactCryptoAccount", account_id, amount, description, options
        )

    async def _move_crypto(
        self, method: str, account_id: int, amount: Decimal, description: str, options: CallOptions
    ) -> ContactCryptoAccount:
        parameters = given(
            account_id=check_id("account_id", account_id),
            amount=check_decimal("amount", amount),
            description=check_string("description", description),
        )
        account: ContactCryptoAccount = await self._ask(method, parameters, options)
        return account
