"""The methods of the API docs' pages «Контакты», «Теги» and «Пользовательские переменные»."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Unpack

from .. import models
from .._arguments import check_flag, wrong_argument
from ..errors import InvalidRequestError
from ..models.checks import (
    check_count,
    check_id,
    check_messenger,
    check_moment,
    check_one_of,
    check_string,
    check_strings,
    check_text,
)
from ..models.contact import Contact, ContactVariable
from ._paging import iterate
from .base import ABSENT, Absent, CallOptions, Methods, check_names, check_options, given

__all__ = ["ContactMethods", "TagMethods", "VariableMethods"]

_MOST_PER_PAGE = 500
_LONGEST_STATUS = 64


class ContactMethods(Methods):
    """Contacts of bots."""

    async def get_contacts(
        self,
        *,
        date_from: datetime | int | None = None,
        date_to: datetime | int | None = None,
        count: int | None = None,
        bot_id: int | None = None,
        page: int | None = None,
        with_: Sequence[str] | None = None,
        **options: Unpack[CallOptions],
    ) -> models.Page[Contact]:
        """Give one page of contacts: ``getContacts``.

        Args:
            date_from: Created at or after: a datetime with its offset, or Unix seconds.
            date_to: Created at or before this moment, given in the same way.
            count: Contacts per page, at most 500.
            bot_id: Only of this bot.
            page: The page, from 1.
            with_: What to add to each contact: ``"tags"``, ``"variables"`` (Leadteh only).
            **options: ``lane`` and ``deadline``.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        parameters = _listed(
            date_from=date_from, date_to=date_to, count=count, bot_id=bot_id, page=page, with_=with_
        )
        contacts: models.Page[Contact] = await self._ask_page("getContacts", parameters, options)
        return contacts

    def iter_contacts(
        self,
        *,
        date_from: datetime | int | None = None,
        date_to: datetime | int | None = None,
        count: int = _MOST_PER_PAGE,
        bot_id: int | None = None,
        with_: Sequence[str] | None = None,
        **options: Unpack[CallOptions],
    ) -> AsyncGenerator[Contact, None]:
        """Give all contacts, each once, page by page, one page fetched ahead.

        To leave early, close it: ``contextlib.aclosing`` waits until nothing of it runs.

        Args:
            date_from: Created at or after: a datetime with its offset, or Unix seconds.
            date_to: Created at or before this moment, given in the same way.
            count: Contacts per page, at most 500.
            bot_id: Only of this bot.
            with_: What to add to each contact: ``"tags"``, ``"variables"`` (Leadteh only).
            **options: ``lane`` and ``deadline``, for each page.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            PagingError: The pages ended before all came, or one came again.
            CleverAppError: See :meth:`send_message`.
        """
        # At the call: whoever iterates may stand elsewhere.
        check_options(options)
        _listed(
            date_from=date_from, date_to=date_to, count=count, bot_id=bot_id, page=None, with_=with_
        )

        async def fetch(number: int) -> models.Page[Contact]:
            return await self.get_contacts(
                date_from=date_from,
                date_to=date_to,
                count=count,
                bot_id=bot_id,
                page=number,
                with_=with_,
                **options,
            )

        return iterate(fetch, "getContacts", count)

    async def create_or_update_contact(
        self,
        *,
        bot_id: int,
        messenger: str,
        name: str,
        phone: str | Absent | None = ABSENT,
        telegram_id: str | Absent | None = ABSENT,
        telegram_username: str | Absent | None = ABSENT,
        viber_id: str | Absent | None = ABSENT,
        vk_id: str | Absent | None = ABSENT,
        email: str | Absent | None = ABSENT,
        address: str | Absent | None = ABSENT,
        tags: Sequence[str] | Absent = ABSENT,
        **options: Unpack[CallOptions],
    ) -> Contact:
        """Create a contact, or update the one that matches: ``createOrUpdateContact``.

        What it matches by is not documented, so it is never repeated when it may have arrived.

        Args:
            bot_id: The bot.
            messenger: The messenger.
            name: The name.
            phone: The phone number; needed for WhatsApp.
            telegram_id: The id in Telegram; needed for Telegram.
            telegram_username: The user name in Telegram.
            viber_id: The id in Viber.
            vk_id: The id in VK (the answer calls it ``vk_user_id``).
            email: The e-mail address.
            address: The postal address.
            tags: Tags to attach.
            **options: ``lane`` and ``deadline``.

        A value left out is not sent. None is sent as JSON null, which asks the server to empty
        it; a sibling brand has been seen to answer that with a 500.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        messenger = check_messenger("messenger", messenger)
        for needed, value, where in (
            ("phone", phone, "whatsapp"),
            ("telegram_id", telegram_id, "telegram"),
        ):
            if messenger == where and (value is ABSENT or value is None):
                raise InvalidRequestError(f"{needed} is needed for {where}", fields=(needed,))
        optional: dict[str, object] = {
            "phone": phone,
            "telegram_id": telegram_id,
            "telegram_username": telegram_username,
            "viber_id": viber_id,
            "vk_id": vk_id,
            "email": email,
            "address": address,
        }
        parameters: dict[str, object] = {
            "bot_id": check_id("bot_id", bot_id),
            "messenger": messenger,
            "name": check_string("name", name),
        }
        for field, given_value in optional.items():
            if given_value is not ABSENT:
                parameters[field] = (
                    None if given_value is None else check_string(field, given_value)
                )
        if not isinstance(tags, Absent):
            parameters["tags"] = check_strings("tags", tags)
        contact: Contact = await self._ask("createOrUpdateContact", parameters, options)
        return contact

    async def set_ysell_status(
        self, *, contact_id: int, status: str, **options: Unpack[CallOptions]
    ) -> object:
        """Set a contact's Ysell status: ``setYsellStatus`` (WatBot only).

        Args:
            contact_id: The contact.
            status: The status, at most 64 characters.
            **options: ``lane`` and ``deadline``.

        Returns:
            What the server answered; the documentation does not say.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        if len(check_string("status", status)) > _LONGEST_STATUS:
            raise InvalidRequestError(
                f"status must have at most {_LONGEST_STATUS} characters, not {len(status)}",
                fields=("status",),
            )
        parameters = given(contact_id=check_id("contact_id", contact_id), status=status)
        answer: object = await self._ask("setYsellStatus", parameters, options)
        return answer


class TagMethods(Methods):
    """Tags of bots and contacts."""

    async def get_bot_tags(self, *, bot_id: int, **options: Unpack[CallOptions]) -> tuple[str, ...]:
        """List the tags of a bot: ``getBotTags``.

        Args:
            bot_id: The bot.
            **options: ``lane`` and ``deadline``.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        parameters = given(bot_id=check_id("bot_id", bot_id))
        tags: tuple[str, ...] = await self._ask("getBotTags", parameters, options)
        return tags

    async def get_contact_tags(
        self, *, contact_id: int, **options: Unpack[CallOptions]
    ) -> tuple[str, ...]:
        """List the tags of a contact: ``getContactTags``.

        Args:
            contact_id: The contact.
            **options: ``lane`` and ``deadline``.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        parameters = given(contact_id=check_id("contact_id", contact_id))
        tags: tuple[str, ...] = await self._ask("getContactTags", parameters, options)
        return tags

    async def attach_tag_to_contact(
        self,
        *,
        contact_id: int,
        tag_id: int | None = None,
        name: str | None = None,
        **options: Unpack[CallOptions],
    ) -> object:
        """Attach a tag to a contact: ``attachTagToContact``.

        Args:
            contact_id: The contact.
            tag_id: The tag; this or ``name``.
            name: The tag's name; this or ``tag_id``.
            **options: ``lane`` and ``deadline``.

        Returns:
            What the server answered; the documentation does not say.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        check_names(options, self.attach_tag_to_contact)
        return await self._tag("attachTagToContact", contact_id, tag_id, name, options)

    async def detach_tag_from_contact(
        self,
        *,
        contact_id: int,
        tag_id: int | None = None,
        name: str | None = None,
        **options: Unpack[CallOptions],
    ) -> object:
        """Detach a tag from a contact: ``detachTagFromContact``.

        Args:
            contact_id: The contact.
            tag_id: The tag; this or ``name``.
            name: The tag's name; this or ``tag_id``.
            **options: ``lane`` and ``deadline``.

        Returns:
            What the server answered; the documentation does not say.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        check_names(options, self.detach_tag_from_contact)
        return await self._tag("detachTagFromContact", contact_id, tag_id, name, options)

    async def _tag(
        self,
        method: str,
        contact_id: int,
        tag_id: int | None,
        name: str | None,
        options: CallOptions,
    ) -> object:
        check_one_of(tag_id=tag_id, name=name)
        parameters = given(
            contact_id=check_id("contact_id", contact_id),
            tag_id=None if tag_id is None else check_id("tag_id", tag_id),
            name=None if name is None else check_string("name", name),
        )
        answer: object = await self._ask(method, parameters, options)
        return answer


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
        check_names(options, self.delete_contact_variable)
        check_one_of(id=id, name=name)
        parameters = given(
            contact_id=check_id("contact_id", contact_id),
            id=None if id is None else check_id("id", id),
            name=None if name is None else check_string("name", name),
        )
        answer: object = await self._ask("deleteContactVariable", parameters, options)
        return answer


def _listed(
    *,
    date_from: object,
    date_to: object,
    count: object,
    bot_id: object,
    page: object,
    with_: object,
) -> dict[str, object]:
    """The parameters of ``getContacts``."""
    return given(
        date_from=None if date_from is None else check_moment("date_from", date_from),
        date_to=None if date_to is None else check_moment("date_to", date_to),
        count=None if count is None else check_count("count", count, _MOST_PER_PAGE),
        bot_id=None if bot_id is None else check_id("bot_id", bot_id),
        page=None if page is None else check_count("page", page),
        with_=None if with_ is None else ",".join(_added(with_)) or None,
    )


def _added(with_: object) -> list[str]:
    """What is to be added to each contact."""
    if isinstance(with_, str):
        told = "with_ must be a list of strings, such as with_=['tags'], not a str"
        raise InvalidRequestError(told, fields=("with_",))
    return check_strings("with_", with_)
