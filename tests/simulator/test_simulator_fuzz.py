from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async.simulator import Simulator, generate
from cleverapp_async.simulator.context import NO_CHANNEL
from cleverapp_async.simulator.laravel.parameters import read_parameters
from cleverapp_async.simulator.router import API_PREFIX, ENDPOINTS, ParsedRequest
from tests.laws import examples
from tests.simulator.wire import API_HEADERS
from tests.simulator.worlds import METHODS, NO_LIMITS

if TYPE_CHECKING:
    from tests.simulator.conftest import Serve

pytestmark = pytest.mark.no_cover  # others have measured what these repeat

ORDERS: Final = "65921f8000000000000000a1"
ITEM: Final = "65921f800000000100000001"

NAMES: Final = sorted(
    {name.removesuffix(".*") for row in ENDPOINTS.values() for name in row.rules}
    | {"page", "data", "filters", "slug"}
)

GOOD: Final = [ORDERS, ITEM, "telegram", "whatsapp", "RUB", "1", "Опт", "name,desc", "string"]
BAD: Final = ["0.5", "https://example.com", "\0", "\ud800", "x" * 5000, "1e400", "nan", "number"]

SCALARS: Final = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 40),
    st.integers(-(2**70), 2**70),
    st.just(10**4000),
    st.floats(),
    st.text(max_size=20),
    st.text(st.characters(categories=["Cs", "Cc", "Nd", "Zs"]), max_size=5),
    st.sampled_from(GOOD + BAD),
)
KEYS: Final = st.one_of(
    st.sampled_from(["name", "type", "quantity", "is_vip", "contact", "tag_name", "tag_id", "id"]),
    st.text(max_size=8),
    st.just("k" * 5000),
)
VALUES: Final = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)

KNOWN: Final[dict[str, st.SearchStrategy[Any]]] = {
    "contact_id": st.integers(1, 30),
    "bot_id": st.integers(1, 3),
    "account_id": st.integers(1, 20),
    "schema_id": st.just(ORDERS),
    "item_id": st.just(ITEM),
    "tag_id": st.integers(1, 30),
}


@st.composite
def parameters(draw: st.DrawFn, method: str) -> dict[str, Any]:
    """Draw parameters of a method: its own and others, good and bad."""
    own = [name for name in ENDPOINTS[method].rules if not name.endswith(".*")]
    chosen = draw(st.sets(st.sampled_from([*own, *own, *NAMES])))
    if draw(st.booleans()):
        chosen |= set(own)
    given = {
        name: draw(KNOWN.get(name, VALUES) if draw(st.booleans()) else VALUES)
        for name in sorted(chosen)
    }
    return given | draw(st.dictionaries(KEYS, VALUES, max_size=2))


def brackets(value: Any, key: str) -> list[tuple[str, str]]:  # noqa: ANN401 - any JSON
    """Spell a value as PHP's brackets."""
    if isinstance(value, dict):
        return [pair for name, one in value.items() for pair in brackets(one, f"{key}[{name}]")]
    if isinstance(value, list):
        return [pair for one in value for pair in brackets(one, f"{key}[]")]
    return [(key, str(value))]


def form(given: dict[str, Any]) -> str:
    """Encode parameters as a query or a form."""
    pairs = [pair for name, value in given.items() for pair in brackets(value, name)]
    return "&".join(
        f"{quote(key, errors='surrogatepass')}={quote(value, errors='surrogatepass')}"
        for key, value in pairs
    )


@pytest.fixture(scope="module")
def world() -> Simulator:
    """Make one world that all examples go on changing."""
    return Simulator(limits=NO_LIMITS, seed_data=generate(30))


@pytest.fixture(scope="module")
def everybody() -> Simulator:
    """Make a world in which everybody is a contact, in the other shapes."""
    return Simulator(
        limits=NO_LIMITS,
        variables_shape="older",
        date_style="zulu",
        count_referrals_shape="bare",
    )


@pytest.mark.parametrize("method", sorted(METHODS))
@pytest.mark.parametrize("fixture", ["world", "everybody"])
def test_no_parameters_break_a_method(
    request: pytest.FixtureRequest, method: str, fixture: str
) -> None:
    """Whatever comes as JSON, form or query, the answer is JSON and no server error."""
    simulator: Simulator = request.getfixturevalue(fixture)
    router = simulator._handler._router

    @examples(5)
    @given(parameters(method), st.sampled_from(["json", "form", "query"]))
    def throw(given_: dict[str, Any], way: str) -> None:
        if way == "json":
            read = read_parameters("", json.dumps(given_).encode(), "application/json")
        elif way == "form":
            kind = "application/x-www-form-urlencoded"
            read = read_parameters("", form(given_).encode(), kind)
        else:
            read = read_parameters(form(given_), b"", "")
        parsed = ParsedRequest(
            METHODS[method],
            API_PREFIX + method,
            method,
            simulator.api_token,
            read,
            wants_json=True,
            size=0,
        )
        decision = router.decide(parsed, router.channel(parsed), 0.0)
        assert decision.reply.status in {200, 201, 404, 422}
        assert isinstance(json.loads(decision.reply.body, parse_constant=pytest.fail), dict)

    throw()


@pytest.mark.parametrize("method", sorted(METHODS))
def test_the_channel_of_no_parameters_is_none(world: Simulator, method: str) -> None:
    """Asking for the channel of an empty request finds no bot."""
    bot_id, _ = ENDPOINTS[method].channel(world._context, {})
    assert bot_id is NO_CHANNEL[0]


NASTY: Final = (
    b'{"contact_id": 1' + b"0" * 5000 + b"}",
    b'{"data": ' + b"[" * 400 + b"]" * 400 + b"}",
    b'{"data": ' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}",
    b'{"contact_id": NaN, "text": "\\ud800"}',
    b'{"contact_id": 1, "name": "\\u0000", "filters": {"tag_name": [[[]]]}}',
    b'{"' + b"k" * 100_000 + b'": 1}',
    b"\xff\xfe",
)


async def test_nasty_bytes_get_json(serve: Serve) -> None:
    """Over the wire, bytes made to break a parser get JSON that is no server error."""
    call = await serve(Simulator(limits=NO_LIMITS, seed_data=generate(5)))
    headers = API_HEADERS | {"Content-Type": "application/json"}
    for method, http_method in METHODS.items():
        for body in NASTY:
            answer = await call(method, method=http_method, data=body, headers=headers)
            assert answer.status in {200, 404, 422}, (method, body[:40])
            assert isinstance(answer.json, dict)
