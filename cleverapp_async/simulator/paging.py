"""Laravel's pages (API docs, «Списки»: the sample of getListSchemas).

The page's number is read as Laravel's paginator does: what is no positive integer is page 1, and
a page beyond the last is empty. The links carry neither the token nor other parameters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .endpoints import Call, Decision

PER_PAGE: Final = 100
"""Rows on a page where the request does not say (that of getListSchemas; elsewhere *assumed*)."""

Row = TypeVar("Row")


def page_number(call: Call) -> int:
    """Read which page is asked for."""
    return max(1, call.integer("page") or 1)


def answer_page(
    call: Call, rows: Sequence[Row], show: Callable[[Row], object], per_page: int = PER_PAGE
) -> Decision:
    """Answer with one page of these rows.

    Args:
        call: The request.
        rows: All the rows; only those of the page are looked at.
        show: Gives a row its shape.
        per_page: Rows on a page.
    """
    page, total = page_number(call), len(rows)
    first = (page - 1) * per_page
    data = [show(row) for row in rows[first : first + per_page]]
    last_page = max(1, -(-total // per_page))
    path = f"{call.world.links_url}/{call.endpoint}"
    return call.answer_bare(
        {
            "data": data,
            "links": {
                "first": f"{path}?page=1",
                "last": f"{path}?page={last_page}",
                "prev": f"{path}?page={page - 1}" if page > 1 else None,
                "next": f"{path}?page={page + 1}" if page < last_page else None,
            },
            "meta": {
                "current_page": page,
                "from": first + 1 if data else None,
                "last_page": last_page,
                "path": path,
                "per_page": per_page,
                "to": first + len(data) if data else None,
                "total": total,
            },
        }
    )
