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

_EACH_SIDE: Final = 3
_NEAR_AN_END: Final = _EACH_SIDE + 4
_SHOWN_WHOLE: Final = 2 * _EACH_SIDE + 8

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
                "first": _url(path, 1),
                "last": _url(path, last_page),
                "prev": _url(path, page - 1) if page > 1 else None,
                "next": _url(path, page + 1) if page < last_page else None,
            },
            "meta": {
                "current_page": page,
                "from": first + 1 if data else None,
                "last_page": last_page,
                "links": _links(path, page, last_page),
                "path": path,
                "per_page": per_page,
                "to": first + len(data) if data else None,
                "total": total,
            },
        }
    )


def _url(path: str, page: int) -> str:
    return f"{path}?page={page}"


def _links(path: str, page: int, last_page: int) -> list[dict[str, object]]:
    """What Laravel's paginator shows below a table: two arrows, and the pages that are near."""
    before = _url(path, page - 1) if page > 1 else None
    after = _url(path, page + 1) if page < last_page else None
    return [
        _link(before, "pagination.previous", active=False),
        *(
            _link(None, "...", active=False)
            if number is None
            else _link(_url(path, number), str(number), active=number == page)
            for number in _shown(page, last_page)
        ),
        _link(after, "pagination.next", active=False),
    ]


def _link(url: str | None, label: str, *, active: bool) -> dict[str, object]:
    return {"url": url, "label": label, "active": active}


def _shown(page: int, last_page: int) -> list[int | None]:
    """The pages that are shown, None for a gap: Laravel's ``UrlWindow``, three on each side."""
    start, end = [1, 2], [last_page - 1, last_page]
    if last_page < _SHOWN_WHOLE:
        return list(range(1, last_page + 1))
    if page <= _NEAR_AN_END:
        return [*range(1, _NEAR_AN_END + _EACH_SIDE + 1), None, *end]
    if page > last_page - _NEAR_AN_END:
        return [*start, None, *range(last_page - _NEAR_AN_END - _EACH_SIDE + 1, last_page + 1)]
    around = range(page - _EACH_SIDE, page + _EACH_SIDE + 1)
    return [*start, None, *around, None, *end]
