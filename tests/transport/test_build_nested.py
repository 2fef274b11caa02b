"""Whatever is nested arrives at PHP as it was given, or is refused before anything leaves."""

from __future__ import annotations

import enum
import json
from collections import OrderedDict
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, get_args
from urllib.parse import unquote

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import InvalidRequestError, Messenger
from cleverapp_async._request import build
from cleverapp_async.config import PostParameters
from cleverapp_async.endpoints import ENDPOINTS
from tests import php
from tests.transport.rig import client_of, raw_server

if TYPE_CHECKING:
    from cleverapp_async._request import WireRequest
    from cleverapp_async.endpoints import Endpoint

POST = ENDPOINTS["sendMessage"]
GET = attrs.evolve(POST, name="getContacts", http_method="GET")
PLACEMENTS: tuple[PostParameters, ...] = get_args(PostParameters)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
NAMES = TEXTS | st.sampled_from(
    [
        "a",
        "0",
        "1",
        "2",
        "-1",
        "01",
        "a.b",
        "a b",
        " a",
        "a[b]",
        "a]",
        "[",
        "]",
        "a&b=c",
        "й",
        "",
        " ",
    ]
)
NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = TEXTS | NUMBERS | st.booleans() | st.none()
NESTED = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(NAMES, inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
    ),
    max_leaves=8,
)
PARAMETERS = st.dictionaries(st.sampled_from(["filters", "tags", "x"]) | NAMES, NESTED, max_size=3)


def arrived(request: WireRequest) -> Any:  # noqa: ANN401 - whatever it holds
    """What Laravel sees of a request."""
    if request.content_type == "application/json":
        return php.laravel(php.from_json(request.body))
    return php.laravel(php.from_pairs(request.body.decode() or request.query))


def meant(value: object) -> Any:  # noqa: ANN401 - whatever it holds
    """What it should see: PHP has one array, with numbers for the digits of its keys."""
    plain = json.loads(json.dumps(_with_texts(value)))
    return php.laravel(php.from_json(json.dumps(plain).encode()))


def _with_texts(value: object) -> object:
    if isinstance(value, dict):
        return {name: _with_texts(held) for name, held in value.items()}
    if isinstance(value, list | tuple):
        return [_with_texts(held) for held in value]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


@given(
    parameters=PARAMETERS,
    placement=st.sampled_from(PLACEMENTS),
    endpoint=st.sampled_from([POST, GET]),
)
def test_it_arrives_or_is_refused(
    parameters: dict[str, Any], placement: PostParameters, endpoint: Endpoint
) -> None:
    """Names with brackets, dots and spaces, empty lists, large numbers: nothing arrives changed."""
    try:
        request = build(endpoint, parameters, placement)
    except InvalidRequestError as error:
        (refused,) = error.fields
    else:
        assert arrived(request) == meant(parameters)
        return
    # A POST can always be JSON.
    assert endpoint is GET
    assert refused in parameters


@pytest.mark.parametrize("placement", ["query", "form"])
@pytest.mark.parametrize(
    ("parameters", "wanted"),
    [
        ({"objs": [{"a": 1}, {"b": 2}]}, "objs[0][a]=1&objs[1][b]=2"),
        ({"objs": [{"a": 1, "b": 2}]}, "objs[0][a]=1&objs[0][b]=2"),
        ({"rows": [[1, 2], (3,)]}, "rows[0][]=1&rows[0][]=2&rows[1][]=3"),
        ({"mixed": ["a", {"b": 1}]}, "mixed[0]=a&mixed[1][b]=1"),
        ({"tags": ["a", "b"]}, "tags[]=a&tags[]=b"),
        (
            {"filters": {"a.b": True, "c d": None, "x[": 1.5}},
            "filters[a.b]=1&filters[c d]=&filters[x[]=1.5",
        ),
        ({"big": 2**70, "d": Decimal("1E+3")}, f"big={2**70}&d=1000"),
        ({"messenger": Messenger.VIBER}, "messenger=viber"),
        ({"map": MappingProxyType({"a": OrderedDict(b=1)})}, "map[a][b]=1"),
    ],
)
def test_nested_values_in_brackets(
    parameters: dict[str, object], wanted: str, placement: PostParameters
) -> None:
    """Elements that hold something have their numbers, as each ``[]`` begins a new one."""
    request = build(POST, parameters, placement)
    encoded = request.query or request.body.decode()
    assert unquote(encoded) == wanted


UNSAYABLE: list[tuple[dict[str, object], str]] = [
    ({"ok": 1, "tags": []}, "tags"),
    ({"tags": ()}, "tags"),
    ({"filters": {}}, "filters"),
    ({"filters": {"a": [[]]}}, "filters"),
    ({"filters": {"a": [1, {}]}}, "filters"),
    ({"filters": {"": 1}}, "filters"),
    ({"filters": {" ": 1}}, "filters"),
    ({"filters": {"a]": 1}}, "filters"),
    ({"filters": {"a\0": 1}}, "filters"),
    ({"a.b": 1}, "a.b"),
    ({"a b": 1}, "a b"),
    ({"a[b]": 1}, "a[b]"),
    ({" a": 1}, " a"),
    ({"": 1}, ""),
    ({"many": list(range(1000))}, "many"),
]


@pytest.mark.parametrize(("parameters", "name"), UNSAYABLE)
def test_what_no_query_can_say_goes_in_json(parameters: dict[str, object], name: str) -> None:
    """Where the method is a POST all of it goes in a JSON body, whatever the settings say."""
    for placement in PLACEMENTS:
        request = build(POST, parameters, placement)
        assert (request.query, request.content_type) == ("", "application/json")
        assert json.loads(request.body) == json.loads(json.dumps(parameters))
    assert name in parameters


@pytest.mark.parametrize(("parameters", "name"), UNSAYABLE)
def test_what_no_query_can_say_is_refused_in_a_get(
    parameters: dict[str, object], name: str
) -> None:
    """A GET has no body: the parameter is named, and what to do."""
    with pytest.raises(InvalidRequestError) as caught:
        build(GET, parameters, "documented")
    assert caught.value.fields == (name,)


def test_too_deep_for_brackets() -> None:
    """PHP drops what is nested in more than 64 brackets, and JSON in more than 511."""
    fits, deeper, deepest = (_nested(depth) for depth in (64, 65, 600))
    assert build(GET, {"x": fits}, "query").query.count("%5B") == 64
    with pytest.raises(InvalidRequestError) as caught:
        build(GET, {"x": deeper}, "query")
    assert caught.value.fields == ("x",)
    assert build(POST, {"x": deeper}, "form").content_type == "application/json"
    assert json.loads(build(POST, {"x": _nested(510)}, "json").body) == {"x": _nested(510)}
    for depth in (_nested(511), deepest, _nested(100_000)):
        with pytest.raises(InvalidRequestError) as caught:
            build(POST, {"ok": 1, "x": depth}, "json")
        assert caught.value.fields == ("x",)


def _nested(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = {"a": value}
    return value


class _Colour(enum.Enum):
    RED = "red"


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        Decimal("NaN"),
        b"bytes",
        bytearray(b"bytes"),
        {1, 2},
        datetime(2024, 1, 1, tzinfo=UTC),
        object(),
        {1: "a", "1": "b"},
        _Colour.RED,
        "half \ud800",
        {"half \ud800": 1},
        {(1, 2): 3},
        {None: 3},
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("wrap", [lambda value: value, lambda value: {"a": [value]}])
@pytest.mark.parametrize("endpoint", [POST, GET], ids=["POST", "GET"])
def test_what_is_no_json_is_refused(endpoint: Endpoint, wrap: Any, value: object) -> None:  # noqa: ANN401 - a function
    """What JSON has no form for is told by its parameter, wherever parameters go."""
    for placement in PLACEMENTS:
        with pytest.raises(InvalidRequestError) as caught:
            build(endpoint, {"ok": 1, "value": wrap(value)}, placement)
        assert caught.value.fields == ("value",)


def test_numbers_that_php_cannot_hold_keep_their_digits() -> None:
    """A whole number beyond 64 bits goes as its digits: PHP would make a float of it."""
    request = build(
        POST, {"a": 2**63, "b": [2**63 - 1, -(2**70)], "c": {"d": Decimal("0.10")}}, "json"
    )
    assert json.loads(request.body) == {
        "a": str(2**63),
        "b": [2**63 - 1, str(-(2**70))],
        "c": {"d": "0.10"},
    }


def test_keys_may_be_numbers() -> None:
    """A mapping by numbers is written the same way everywhere."""
    for placement in PLACEMENTS:
        assert arrived(build(POST, {"x": {5: "a", 7: "b"}}, placement)) == {"x": {5: "a", 7: "b"}}


@pytest.mark.parametrize("key", ["79991234567]", "79991234567\0"])
def test_a_key_that_is_refused_is_not_shown(key: str) -> None:
    """What somebody uses as a key may be a person's number."""
    with pytest.raises(InvalidRequestError) as caught:
        build(GET, {"filters": {key: 1}}, "query")
    assert "7999" not in str(caught.value)


async def test_nothing_leaves_where_a_parameter_is_refused() -> None:
    """The refusal comes before any connection."""
    async with raw_server(b"") as raw, client_of(raw.base_url) as client:
        with pytest.raises(InvalidRequestError):
            await client.call("getSomething", http_method="GET", params={"tags": []})
        assert raw.requests == []
