"""The methods of the API docs' page «Пользовательские переменные»."""

from __future__ import annotations

from typing import Unpack

from .._arguments import check_flag, wrong_argument
from ..models.checks import check_id, check_one_of, check_string, check_text
from ..models.contact import ContactVariable
from .base import CallOptions, Methods, given

__all__ = ["VariableMethods"]


class VariableMethods(Methods):
    """Variables of contacts."""

    async def get_contact_variables(
        self, *, contact_id: int, **options: Unpack[CallOptions]
    ) -> tuple[ContactVariable, ...]:
        """List the variables of a contact: ``getContactVariables``.

        Args:
            contact_id: The contact.
            **options: ``lane`` and ``deadline``.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        parameters = given(contact_id=check_id("contact_id", contact_id))
        variables: tuple[ContactVariable, ...] = await self._ask(
            "getContactVariables", parameters, options
        )
        return variables

    async def set_contact_variable(
        self,
        *,
        contact_id: int,
        name: str,
        value: str,
        deletable: bool | None = None,
        **options: Unpack[CallOptions],
    ) -> ContactVariable:
        """Create or update a variable of a contact: ``setContactVariable``.

        Args:
            contact_id: The contact.
            name: The variable's name.
            value: Its value.
            deletable: Whether it is removed after an order; the server's default is no.
            **options: ``lane`` and ``deadline``.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        parameters = given(
            contact_id=check_id("contact_id", contact_id),
            name=check_string("name", name),
            value=check_text("value", value),
            deletable=None
            if deletable is None
            else int(check_flag("deletable", deletable, wrong_argument)),
        )
        variable: ContactVariable = await self._ask("setContactVariable", parameters, options)
        return variable

    async def delete_contact_variable(
        self,
        *,
        contact_id: int,
        id: int | None = None,  # noqa: A002 - the API's own name
        name: str | None = None,
        **options: Unpack[CallOptions],
    ) -> object:
        """Delete a variable of a contact: ``deleteContactVariable``.

        Args:
            contact_id: The contact.
            id: The variable; this or ``name``.
            name: The variable's name; this or ``id``.
            **options: ``lane`` and ``deadline``.

        Returns:
            What the server answered; the documentation does not say.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        check_one_of(id=id, name=name)
        parameters = given(
            contact_id=check_id("contact_id", contact_id),
            id=None if id is None else check_id("id", id),
            name=None if name is None else check_string("name", name),
        )
        answer: object = await self._ask("deleteContactVariable", parameters, options)
        return answer
