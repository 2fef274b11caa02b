"""The methods of the API docs' page «Счета»."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from ..models.checks import check_amount, check_id, check_string
from .base import CallOptions, Methods, given

if TYPE_CHECKING:
    from ..models.money import ContactAccount

__all__ = ["MoneyMethods"]


class MoneyMethods(Methods):
    """Accounts of contacts. Money moves: what may have arrived is never repeated."""

    async def get_contact_accounts(
        self, *, contact_id: int, **options: Unpack[CallOptions]
    ) -> tuple[ContactAccount, ...]:
        """List the accounts of a contact: ``getContactAccounts``.

        Args:
            contact_id: The contact.
            **options: ``lane`` and ``deadline``.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        parameters = given(contact_id=check_id("contact_id", contact_id))
        accounts: tuple[ContactAccount, ...] = await self._ask(
            "getContactAccounts", parameters, options
        )
        return accounts

    async def add_contact_account(
        self, *, contact_id: int, currency: str, **options: Unpack[CallOptions]
    ) -> ContactAccount:
        """Open an account of a contact: ``addContactAccount``.

        Args:
            contact_id: The contact.
            currency: The currency, ISO 4217, such as RUB.
            **options: ``lane`` and ``deadline``.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        parameters = given(
            contact_id=check_id("contact_id", contact_id),
            currency=check_string("currency", currency),
        )
        account: ContactAccount = await self._ask("addContactAccount", parameters, options)
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
        parameters = given(account_id=check_id("account_id", account_id))
        answer: object = await self._ask("deleteContactAccount", parameters, options)
        return answer

    async def add_funds_to_contact_account(
        self, *, account_id: int, amount: int, description: str, **options: Unpack[CallOptions]
    ) -> ContactAccount:
        """Put money on an account: ``addFundsToContactAccount``.

        Args:
            account_id: The account.
            amount: How much, in the currency's minor unit (kopecks, cents).
            description: Why.
            **options: ``lane`` and ``deadline``.

        Returns:
            The account afterwards.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        return await self._move_money(
            "addFundsToContactAccount", account_id, amount, description, options
        )

    async def withdraw_funds_from_contact_account(
        self, *, account_id: int, amount: int, description: str, **options: Unpack[CallOptions]
    ) -> ContactAccount:
        """Take money from an account: ``withdrawFundsFromContactAccount``.

        Args:
            account_id: The account.
            amount: How much, in the currency's minor unit (kopecks, cents).
            description: Why.
            **options: ``lane`` and ``deadline``.

        Returns:
            The account afterwards.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        return await self._move_money(
            "withdrawFundsFromContactAccount", account_id, amount, description, options
        )

    async def _move_money(
        self, method: str, account_id: int, amount: int, description: str, options: CallOptions
    ) -> ContactAccount:
        parameters = given(
            account_id=check_id("account_id", account_id),
            amount=check_amount("amount", amount),
            description=check_string("description", description),
        )
        account: ContactAccount = await self._ask(method, parameters, options)
        return account
