"""The method for media that sibling brands document."""

from __future__ import annotations

from typing import Unpack

from ..models.checks import check_url
from ..models.media import DecodedLink
from .base import CallOptions, Methods, given

__all__ = ["MediaMethods"]


class MediaMethods(Methods):
    """Links to files."""

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
