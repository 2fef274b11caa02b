"""The methods of the API docs' page «Реферальная система»."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Unpack

from .. import models
from .._arguments import check_flag, wrong_argument
from ..models.checks import check_count, check_id, check_several, check_string
from ..models.contact import Contact
from ._paging import iterate
from .base import CallOptions, Methods, check_options, given

__all__ = ["ReferralMethods"]

_DEEPEST = 10


class ReferralMethods(Methods):
    """Which contact brought which other contacts."""

    async def get_referrers(
        self,
        *,
        contact_id: int,
        depth: int | None = None,
        is_flat: bool | None = None,
        **options: Unpack[CallOptions],
    ) -> models.ReferrerChain:
        """Give who brought a contact, and who brought them: ``getReferrers``.

        Args:
            contact_id: The contact.
            depth: How far up, 1 to 10.
            is_flat: Ask for a list instead of a tree.
            **options: ``lane`` and ``deadline``.

        Returns:
            The chain; ``.flat`` holds everybody in it either way.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        parameters = _asked_up(contact_id, depth)
        if is_flat is not None:
            parameters["is_flat"] = int(check_flag("is_flat", is_flat, wrong_argument))
        chain: models.ReferrerChain = await self._ask("getReferrers", parameters, options)
        return chain

    def iter_referrers(
        self, *, contact_id: int, depth: int | None = None, **options: Unpack[CallOptions]
    ) -> AsyncGenerator[models.Referrer, None]:
        """Give who brought a contact, from the nearest up; a single request.

        Args:
            contact_id: The contact.
            depth: How far up, 1 to 10.
            **options: ``lane`` and ``deadline``.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        check_options(options)
        _asked_up(contact_id, depth)

        async def nearest_first() -> AsyncGenerator[models.Referrer, None]:
            chain = await self.get_referrers(contact_id=contact_id, depth=depth, **options)
            for referrer in chain.flat:
                yield referrer

        return nearest_first()

    async def get_referrals(
        self,
        *,
        contact_id: int,
        page: int | None = None,
        tag_name: str | Sequence[str] | None = None,
        tag_id: int | Sequence[int] | None = None,
        **options: Unpack[CallOptions],
    ) -> models.Page[Contact]:
        """Give one page of those whom a contact brought: ``getReferrals``.

        Args:
            contact_id: The contact.
            page: The page, from 1.
            tag_name: Only those with this tag, or one of these.
            tag_id: Only those with this tag, or one of these.
            **options: ``lane`` and ``deadline``.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        parameters = _asked_down(contact_id, page, tag_name, tag_id)
        contacts: models.Page[Contact] = await self._ask_page("getReferrals", parameters, options)
        return contacts

    def iter_referrals(
        self,
        *,
        contact_id: int,
        tag_name: str | Sequence[str] | None = None,
        tag_id: int | Sequence[int] | None = None,
        **options: Unpack[CallOptions],
    ) -> AsyncGenerator[Contact, None]:
        """Give all whom a contact brought, each once, page by page, one page fetched ahead.

        To leave early, close it: ``contextlib.aclosing`` waits until nothing of it runs.

        Args:
            contact_id: The contact.
            tag_name: Only those with this tag, or one of these.
            tag_id: Only those with this tag, or one of these.
            **options: ``lane`` and ``deadline``, for each page.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            PagingError: The pages ended before all came, or one came again.
            CleverAppError: See :meth:`send_message`.
        """
        check_options(options)
        _asked_down(contact_id, None, tag_name, tag_id)

        async def fetch(number: int) -> models.Page[Contact]:
            return await self.get_referrals(
                contact_id=contact_id, page=number, tag_name=tag_name, tag_id=tag_id, **options
            )

        return iterate(fetch, "getReferrals")

    async def get_count_referrals(
        self,
        *,
        contact_id: int,
        tag_name: str | Sequence[str] | None = None,
        tag_id: int | Sequence[int] | None = None,
        **options: Unpack[CallOptions],
    ) -> int:
        """Count whom a contact brought: ``getCountReferrals``.

        Args:
            contact_id: The contact.
            tag_name: Only those with this tag, or one of these.
            tag_id: Only those with this tag, or one of these.
            **options: ``lane`` and ``deadline``.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        parameters = given(
            contact_id=check_id("contact_id", contact_id), filters=_filters(tag_name, tag_id)
        )
        count: int = (await self._ask("getCountReferrals", parameters, options)).count
        return count


def _one_or_several(
    name: str, value: object, kind: type, check: Callable[[str, object], object]
) -> object:
    """None, one value, or a list of them."""
    if value is None:
        return None
    return check(name, value) if isinstance(value, kind) else check_several(name, value, check)


def _asked_up(contact_id: object, depth: object) -> dict[str, object]:
    """The parameters of ``getReferrers``, but for ``is_flat``."""
    return given(
        contact_id=check_id("contact_id", contact_id),
        depth=None if depth is None else check_count("depth", depth, _DEEPEST),
    )


def _asked_down(
    contact_id: object,
    page: object,
    tag_name: str | Sequence[str] | None,
    tag_id: int | Sequence[int] | None,
) -> dict[str, object]:
    """The parameters of ``getReferrals``."""
    return given(
        contact_id=check_id("contact_id", contact_id),
        page=None if page is None else check_count("page", page),
        filters=_filters(tag_name, tag_id),
    )


def _filters(
    tag_name: str | Sequence[str] | None, tag_id: int | Sequence[int] | None
) -> dict[str, object] | None:
    return (
        given(
            tag_name=_one_or_several("tag_name", tag_name, str, check_string),
            tag_id=_one_or_several("tag_id", tag_id, int, check_id),
        )
        or None
    )
