"""The methods of the API documentation's pages «Аккаунт» and «Медиа»."""

from __future__ import annotations

from typing import Unpack

from ..models.account import DecodedLink, Me
from ..models.checks import check_url
from .base import CallOptions, Methods, given

__all__ = ["AccountMethods"]


class AccountMethods(Methods):
    """The account that the token belongs to, and links to files."""

    async def get_me(self, **options: Unpack[CallOptions]) -> Me:
        """Return the account of the token: ``getMe``.

        Its fields are not documented; all are in ``extra``.

        Args:
            **options: ``lane`` and ``deadline``.

        Raises:
            CleverAppError: See :meth:`send_message`.
        """
        me: Me = await self._ask("getMe", {}, options)
        return me

    async def decode_short_link(self, *, url: str, **options: Unpack[CallOptions]) -> DecodedLink:
        """Turn a short link to a file into a signed one, which expires: ``decodeShortLink``.

        Args:
            url: The short link.
            **options: ``lane`` and ``deadline``.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        link: DecodedLink = await self._ask(
            "decodeShortLink", given(url=check_url("url", url)), options
        )
        return link
