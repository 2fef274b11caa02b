"""What a successful answer holds, by the shape that the endpoint table names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard, cast

from ._converter import structure
from ._values import is_list, kind_of, read_truth, read_whole
from .endpoints.row import Shape
from .errors.answer_text import is_html, page_title
from .models.page import Page

if TYPE_CHECKING:
    from cattrs import Converter

    from .endpoints import Endpoint

__all__ = ["read_content"]

_OF_A_MODEL = ("id", "url")
"""Names of which every model that is answered alone has one."""


def read_content(body: object, endpoint: Endpoint, using: Converter) -> object:
    """Read a decoded body.

    Raises:
        ValueError: It is of another shape; the text names the place as a path.
    """
    shape = endpoint.shape
    if shape is Shape.SUCCESS:
        if _is_object(body) and body.get("success") is True:
            return body
        raise ValueError(_described(body))
    if shape is Shape.ANY:
        if _is_object(body) and _truth(body.get("success")) is False:
            raise ValueError("success is false, and no error says why @ $.success")
        if isinstance(body, str) and body:
            raise ValueError(_described(body))
        return body.get("data", body) if _is_object(body) else (None if body == "" else body)
    if shape is Shape.BARE and not (_is_object(body) and "data" in body):
        return _structured(body, endpoint.answer, using, inside_data=False)
    many = shape in {Shape.PAGE, Shape.MANY}
    wanted = _many(endpoint.answer) if many else endpoint.answer
    if not _is_object(body) or "data" not in body:
        items = _unwrapped(body, wanted, using, many=many)
        return Page(items, 0) if shape is Shape.PAGE else items
    if many and _is_object(inner := body["data"]) and "data" in inner:
        body = {**body, **inner}  # a whole paginator, wrapped once more
    content: Any = _structured(body["data"], wanted, using, inside_data=True)
    return _page(content, body) if shape is Shape.PAGE else content


def _truth(value: object) -> bool | None:
    try:
        return read_truth(value, bool)
    except ValueError:
        return None


def _unwrapped(body: object, wanted: Any, using: Converter, *, many: bool) -> Any:  # noqa: ANN401 - a type made at run time
    """What a server answers that puts no ``data`` around anything: Laravel's ``withoutWrapping``.

    Raises:
        ValueError: It is something else.
    """
    if is_list(body) if many else _is_object(body) and not body.keys().isdisjoint(_OF_A_MODEL):
        return _structured(body, wanted, using, inside_data=False)
    raise ValueError(_described(body))


def _page(items: tuple[Any, ...], body: dict[str, object]) -> Page[Any]:
    # A resource tells its numbers in `meta` and its links in `links`, a bare paginator beside
    # `data`; either is `[]` where there is nothing to tell.
    told = {**body, **_object(body.get("links")), **_object(body.get("meta"))}
    return Page(
        items,
        _count(told.get("current_page")) or 0,
        last=_count(told.get("last_page")),
        total=_count(told.get("total")),
        per_page=_count(told.get("per_page")),
        has_next=_has_next(told),
    )


def _has_next(told: dict[str, object]) -> bool | None:
    """Whether a link or a cursor leads on; None where there are none."""
    found = [told[name] for name in ("next", "next_page_url", "next_cursor") if name in told]
    return any(found) if found else None


def _object(value: object) -> dict[str, object]:
    return value if _is_object(value) else {}


def _many(kind: Any) -> Any:  # noqa: ANN401 - a type made at run time
    return tuple[kind, ...]


def _structured(
    content: object,
    wanted: Any,  # noqa: ANN401 - a type made at run time
    using: Converter,
    *,
    inside_data: bool,
) -> object:
    path = "$.data" if inside_data else "$"
    return cast("object", structure(content, wanted, using, path=path))


def _count(value: object) -> int | None:
    """A number of a page, where it is one: paging goes on without it."""
    try:
        return read_whole(value, int)
    except ValueError:
        return None


def _is_object(body: object) -> TypeGuard[dict[str, object]]:
    return isinstance(body, dict)


def _described(body: object) -> str:
    if _is_object(body):
        return f"an object with the keys {', '.join(sorted(body)) or '(none)'}"
    if isinstance(body, str):
        if is_html(body):
            # No more than its title: behind an error of PHP there may be data of a contact.
            title = page_title(body)
            return f"an HTML page: {title}" if title else "an HTML page without a title"
        return kind_of(body) if body else "an empty body"
    return f"JSON of type {type(body).__name__}"
