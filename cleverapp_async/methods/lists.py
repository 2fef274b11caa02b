"""The methods of the API docs' pages «Списки» and «Элементы списка»."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Unpack

from attrs import evolve

from .. import models
from .._arguments import check_flag, wrong_argument
from ..errors import InvalidRequestError
from ..models.checks import check_count, check_hex_id, check_id, check_object, check_string
from ._paging import iterate
from .base import CallOptions, Methods, check_options, given

__all__ = ["ListMethods"]


class ListMethods(Methods):
    """Lists by their schemas, and the items of lists."""

    async def get_list_schemas(
        self, *, page: int | None = None, **options: Unpack[CallOptions]
    ) -> models.Page[models.ListSchema]:
        """Give one page of schemas: ``getListSchemas``.

        Args:
            page: The page, from 1.
            **options: ``lane`` and ``deadline``.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        parameters = given(page=None if page is None else check_count("page", page))
        schemas: models.Page[models.ListSchema] = await self._ask_page(
            "getListSchemas", parameters, options
        )
        return schemas

    def iter_list_schemas(
        self, **options: Unpack[CallOptions]
    ) -> AsyncGenerator[models.ListSchema, None]:
        """Give all schemas, each once, page by page, one page fetched ahead.

        To leave early, close it: ``contextlib.aclosing`` waits until nothing of it runs.

        Args:
            **options: ``lane`` and ``deadline``, for each page.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            PagingError: The pages ended before all came, or one came again.
            CleverAppError: See :meth:`send_message`.
        """
        check_options(options)

        async def fetch(number: int) -> models.Page[models.ListSchema]:
            return await self.get_list_schemas(page=number, **options)

        return iterate(fetch, "getListSchemas")

    async def get_list_schema(
        self, *, schema_id: str, **options: Unpack[CallOptions]
    ) -> models.ListSchema:
        """Give one schema: ``getListSchema``.

        Args:
            schema_id: The schema, 24 hex digits.
            **options: ``lane`` and ``deadline``.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        parameters = given(schema_id=check_hex_id("schema_id", schema_id))
        schema: models.ListSchema = await self._ask("getListSchema", parameters, options)
        return schema

    async def create_list_schema(
        self,
        *,
        name: str,
        fields: Mapping[str, models.ListField | Mapping[str, object]],
        is_menu: bool | None = None,
        bot_id: int | None = None,
        **options: Unpack[CallOptions],
    ) -> models.ListSchema:
        """Create a list by its schema: ``createListSchema``.

        Args:
            name: The list's name.
            fields: The fields by their slugs.
            is_menu: Whether it is shown in the menu.
            bot_id: The bot it belongs to.
            **options: ``lane`` and ``deadline``.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        parameters = given(
            name=check_string("name", name),
            fields={slug: _field(held) for slug, held in check_object("fields", fields).items()},
            is_menu=None
            if is_menu is None
            else int(check_flag("is_menu", is_menu, wrong_argument)),
            bot_id=None if bot_id is None else check_id("bot_id", bot_id),
        )
        schema: models.ListSchema = await self._ask("createListSchema", parameters, options)
        return schema

    async def add_list_schema_field(
        self,
        *,
        schema_id: str,
        field: models.ListField | Mapping[str, object],
        slug: str | None = None,
        **options: Unpack[CallOptions],
    ) -> object:
        """Add a field to a schema: ``addListSchemaField``.

        Args:
            schema_id: The schema, 24 hex digits.
            field: The field: a ``ListField``, or a mapping that is sent as it is.
            slug: The field's slug, needed beside a ``ListField``, which has none. It is sent
                inside ``field``; that the server wants it there is *assumed*.
            **options: ``lane`` and ``deadline``.

        Returns:
            What the server answered; the documentation does not say.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        if slug is None and isinstance(field, models.ListField):
            raise InvalidRequestError(
                "slug is needed, because a ListField has none", fields=("slug",)
            )
        named = {} if slug is None else {"slug": check_string("slug", slug)}
        parameters = given(
            schema_id=check_hex_id("schema_id", schema_id), field={**_field(field), **named}
        )
        answer: object = await self._ask("addListSchemaField", parameters, options)
        return answer

    async def delete_list_schema_field(
        self, *, schema_id: str, slug: str, **options: Unpack[CallOptions]
    ) -> object:
        """Delete a field of a schema: ``deleteListSchemaField``.

        Args:
            schema_id: The schema, 24 hex digits.
            slug: The field's slug.
            **options: ``lane`` and ``deadline``.

        Returns:
            What the server answered; the documentation does not say.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        parameters = given(
            schema_id=check_hex_id("schema_id", schema_id), slug=check_string("slug", slug)
        )
        answer: object = await self._ask("deleteListSchemaField", parameters, options)
        return answer

    async def delete_list_schema(self, *, schema_id: str, **options: Unpack[CallOptions]) -> object:
        """Delete a list and its schema: ``deleteListSchema``.

        Args:
            schema_id: The schema, 24 hex digits.
            **options: ``lane`` and ``deadline``.

        Returns:
            What the server answered; the documentation does not say.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        parameters = given(schema_id=check_hex_id("schema_id", schema_id))
        answer: object = await self._ask("deleteListSchema", parameters, options)
        return answer

    # Of items: `schema` may be a schema, which types their values, or only its id.

    async def get_list_items(
        self,
        *,
        schema: models.ListSchema | str,
        bot_id: int | None = None,
        contact_id: int | None = None,
        order_by: str | None = None,
        filters: Mapping[str, object] | None = None,
        page: int | None = None,
        limit: int | None = None,
        **options: Unpack[CallOptions],
    ) -> models.Page[models.ListItem]:
        """Give one page of items: ``getListItems``.

        Args:
            schema: The list's schema, which types the values, or its id.
            bot_id: Only of this bot.
            contact_id: Only of this contact.
            order_by: A field, or ``"field,asc"``, ``"field,desc"``.
            filters: Exact values by slug; all of them must match.
            page: The page, from 1.
            limit: Items per page.
            **options: ``lane`` and ``deadline``.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        parameters = _listed(
            schema=schema,
            bot_id=bot_id,
            contact_id=contact_id,
            order_by=order_by,
            filters=filters,
            page=page,
            limit=limit,
        )
        items: models.Page[models.ListItem] = await self._ask_page(
            "getListItems", parameters, options
        )
        return evolve(items, items=tuple(_typed(item, schema) for item in items.items))

    def iter_list_items(
        self,
        *,
        schema: models.ListSchema | str,
        bot_id: int | None = None,
        contact_id: int | None = None,
        order_by: str | None = None,
        filters: Mapping[str, object] | None = None,
        limit: int | None = None,
        **options: Unpack[CallOptions],
    ) -> AsyncGenerator[models.ListItem, None]:
        """Give all items, each once, page by page, one page fetched ahead.

        To leave early, close it: ``contextlib.aclosing`` waits until nothing of it runs.

        Args:
            schema: The list's schema, which types the values, or its id.
            bot_id: Only of this bot.
            contact_id: Only of this contact.
            order_by: A field, or ``"field,asc"``, ``"field,desc"``.
            filters: Exact values by slug; all of them must match.
            limit: Items per page.
            **options: ``lane`` and ``deadline``, for each page.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            PagingError: The pages ended before all came, or one came again.
            CleverAppError: See :meth:`send_message`.
        """
        check_options(options)
        _listed(
            schema=schema,
            bot_id=bot_id,
            contact_id=contact_id,
            order_by=order_by,
            filters=filters,
            page=None,
            limit=limit,
        )

        async def fetch(number: int) -> models.Page[models.ListItem]:
            return await self.get_list_items(
                schema=schema,
                bot_id=bot_id,
                contact_id=contact_id,
                order_by=order_by,
                filters=filters,
                page=number,
                limit=limit,
                **options,
            )

        return iterate(fetch, "getListItems", limit)

    async def add_list_item(
        self,
        *,
        schema: models.ListSchema | str,
        data: Mapping[str, object],
        **options: Unpack[CallOptions],
    ) -> models.ListItem:
        """Add an item to a list: ``addListItem``.

        Args:
            schema: The list's schema, which types the values, or its id.
            data: The values by slug.
            **options: ``lane`` and ``deadline``.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        parameters = given(schema_id=_schema_id(schema), data=check_object("data", data))
        item: models.ListItem = await self._ask("addListItem", parameters, options)
        return _typed(item, schema)

    async def update_list_item(
        self,
        *,
        item_id: str,
        data: Mapping[str, object],
        schema: models.ListSchema | str | None = None,
        **options: Unpack[CallOptions],
    ) -> models.ListItem:
        """Change values of an item: ``updateListItem``.

        Args:
            item_id: The item, 24 hex digits.
            data: The values by slug; those left out stay, None empties one.
            schema: The list's schema or its id; WatBot requires it.
            **options: ``lane`` and ``deadline``.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        parameters = given(
            item_id=check_hex_id("item_id", item_id),
            data=check_object("data", data),
            schema_id=None if schema is None else _schema_id(schema),
        )
        item: models.ListItem = await self._ask("updateListItem", parameters, options)
        return _typed(item, schema)

    async def delete_list_item(self, *, item_id: str, **options: Unpack[CallOptions]) -> object:
        """Delete an item: ``deleteListItem``.

        Args:
            item_id: The item, 24 hex digits.
            **options: ``lane`` and ``deadline``.

        Returns:
            What the server answered; the documentation does not say.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            CleverAppError: See :meth:`send_message`.
        """
        parameters = given(item_id=check_hex_id("item_id", item_id))
        answer: object = await self._ask("deleteListItem", parameters, options)
        return answer


def _field(field: object) -> dict[str, object]:
    from .._converter import unstructure  # noqa: PLC0415 - who only sends needs no cattrs

    told = unstructure(field) if isinstance(field, models.ListField) else field
    return check_object("field", told)


def _schema_id(schema: models.ListSchema | str) -> str:
    return check_hex_id("schema_id", schema.id if isinstance(schema, models.ListSchema) else schema)


def _listed(
    *,
    schema: models.ListSchema | str,
    bot_id: object,
    contact_id: object,
    order_by: object,
    filters: object,
    page: object,
    limit: object,
) -> dict[str, object]:
    """The parameters of ``getListItems``."""
    return given(
        schema_id=_schema_id(schema),
        bot_id=None if bot_id is None else check_id("bot_id", bot_id),
        contact_id=None if contact_id is None else check_id("contact_id", contact_id),
        order_by=None if order_by is None else check_string("order_by", order_by),
        filters=None if filters is None or filters == {} else check_object("filters", filters),
        page=None if page is None else check_count("page", page),
        limit=None if limit is None else check_count("limit", limit),
    )


def _typed(item: models.ListItem, schema: models.ListSchema | str | None) -> models.ListItem:
    return item if schema is None or isinstance(schema, str) else item.typed(schema)
