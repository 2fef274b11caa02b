"""The method of the API docs' page «Аккаунт»."""

from __future__ import annotations

from typing import Unpack

from ..models.me import Me
from .base import CallOptions, Methods

__all__ = ["AccountMethods"]


class AccountMethods(Methods):
    """The account that the token belongs to."""

    async def get_me(self, **options: Unpack[CallOptions]) -> Me:
        """Tell whose token it is: ``getMe``. Its fields are not documented; all are in ``extra``.

        Args:
            **options: ``lane`` and ``deadline``.

        Raises:
            CleverAppError: See :meth:`send_message`.
        """
        me: Me = await self._ask("getMe", {}, options)
        return me
