from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import CleverAppError, RawResponse
from cleverapp_async._converter import converter, lenient_converter, structure, unstructure
from cleverapp_async._response import read_answer
from cleverapp_async.endpoints import ENDPOINTS, Shape
from tests.api.objects import JSON, MODELS, objects
from tests.laws import examples

if TYPE_CHECKING:
    import attrs
    from cattrs import Converter

    from cleverapp_async.endpoints import Endpoint

STRICT_AND_LENIENT = pytest.mark.parametrize("lenient", [False, True], ids=["strict", "lenient"])
EACH_MODEL = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
EACH_ROW = pytest.mark.parametrize("row", ENDPOINTS.values(), ids=lambda row: row.name)


def same(before: object, after: object) -> bool:
    """Whether a value was kept: as it is, or as the same date or number otherwise written."""
    if isinstance(before, dict) and isinstance(after, dict):
        return all(
            name in after and same(value, after[name])
            for name, value in before.items()
            if value is not None
        )
    if isinstance(before, list) and isinstance(after, list | tuple):
        return len(before) == len(after) and all(map(same, before, after))
    if type(before) is type(after) and before == after:
        return True
    if isinstance(before, str) and isinstance(after, str):
        with suppress(ValueError):
            return datetime.fromisoformat(before) == datetime.fromisoformat(after)
        with suppress(InvalidOperation):
            return Decimal(before) == Decimal(after)
    return False


@EACH_MODEL
@STRICT_AND_LENIENT
@examples(12)
@given(data=st.data())
def test_nothing_of_an_answer_is_lost(
    model: type[attrs.AttrsInstance], lenient: bool, data: st.DataObject
) -> None:
    """Whatever an answer holds, undocumented keys included, is in its model and comes back."""
    using = _converter(lenient=lenient)
    before: dict[str, Any] = data.draw(objects(model))
    read = structure(before, model, using)
    after = unstructure(read)
    assert same(before, after), after
    assert structure(json.loads(json.dumps(after)), model, using) == read


@EACH_MODEL
@examples(25)
@given(value=JSON)
def test_a_strict_reader_takes_it_or_says_why(
    model: type[attrs.AttrsInstance], value: object
) -> None:
    """Any JSON becomes the model or a ValueError with a path; nothing else is raised."""
    try:
        read = structure(value, model)
    except ValueError as error:
        assert "@ $" in str(error)  # noqa: PT017 - either way is right
    else:
        assert isinstance(read, model)


@EACH_ROW
@examples(10)
@given(
    body=st.binary(max_size=60),
    status=st.sampled_from([200, 201, 400, 422, 429, 500]),
    lenient=st.booleans(),
)
def test_any_bytes_are_an_answer_or_one_of_our_errors(
    row: Endpoint, body: bytes, status: int, lenient: bool
) -> None:
    """Whatever the bytes, reading an answer of any method raises nothing but our errors."""
    _read(row, body, status, lenient=lenient)


@EACH_ROW
@examples(10)
@given(data=st.data(), lenient=st.booleans())
def test_any_json_is_an_answer_or_one_of_our_errors(
    row: Endpoint, data: st.DataObject, lenient: bool
) -> None:
    """Whatever stands in the envelope, in a list or in a model's fields, the same holds."""
    inner = data.draw(JSON | st.lists(_nearly(row), max_size=3) | _nearly(row))
    meta = data.draw(JSON | st.dictionaries(st.sampled_from(META), JSON))
    body = data.draw(st.sampled_from([inner, {"data": inner}, {"data": inner, "meta": meta}]))
    _read(row, json.dumps(body).encode(), 200, lenient=lenient)


META = ("current_page", "last_page", "per_page", "total")


def _nearly(row: Endpoint) -> st.SearchStrategy[Any]:
    """Objects with the right names, and whatever values."""
    answer: Any = row.answer
    names = [field.name for field in getattr(answer, "__attrs_attrs__", ())]
    return st.dictionaries(st.sampled_from(names or ["id"]), JSON)


def _converter(*, lenient: bool) -> Converter:
    return lenient_converter() if lenient else converter


def _read(row: Endpoint, body: bytes, status: int, *, lenient: bool) -> None:
    try:
        read_answer(RawResponse(status, {}, body), row, lenient=lenient)
    except CleverAppError as error:
        assert str(error)  # noqa: PT017 - either way is right
    else:
        assert 200 <= status < 300
        assert row.shape in Shape
