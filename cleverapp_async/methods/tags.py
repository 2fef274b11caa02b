"""The methods of the API docs' page «Теги»."""

from __future__ import annotations

from typing import Unpack

from ..models.checks import check_id, check_one_of, check_string
from .base import CallOptions, Methods, given

__all__ = ["TagMethods"]


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
