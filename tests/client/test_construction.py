"""Making a client: what is refused at once, and in words that help."""

from __future__ import annotations

import traceback
import warnings
from enum import Enum
from hashlib import sha256
from typing import TYPE_CHECKING, cast

import aiohttp
import pytest

from cleverapp_async import (
    DEFAULT_BASE_URL,
    AccountKey,
    Brand,
    CleverAppClient,
    ClientConfig,
    ConfigurationError,
    InvalidRequestError,
    LimiterRegistry,
    LimitKey,
)
from tests.raising import raises

if TYPE_CHECKING:
    from cleverapp_async.events import Event

TOKEN = "tok+en/=secret"


async def test_the_defaults() -> None:
    """A token is enough: the address is CleverApp's, the limits are the documented ones."""
    async with CleverAppClient(TOKEN) as client:
        assert client.base_url == DEFAULT_BASE_URL == "https://app.cleverapp.pro/api/v1"
        quotas = client.limits.quotas(client.account)
        assert [(quota.limit, quota.period) for quota in quotas] == [(2, 1.0), (120, 60.0)]


def test_an_empty_registry_that_is_given_is_used() -> None:
    """A registry without keys yet counts as given, though it is empty."""
    limits = LimiterRegistry.unlimited()
    assert CleverAppClient(TOKEN, limits=limits).limits is limits


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://watbot.ru/api/v1", "https://watbot.ru/api/v1"),
        (" https://watbot.ru/api/v1/ ", "https://watbot.ru/api/v1"),
        ("http://127.0.0.1:8080/api/v1", "http://127.0.0.1:8080/api/v1"),
        ("http://localhost/api/v1", "http://localhost/api/v1"),
        ("http://api.localhost/api/v1", "http://api.localhost/api/v1"),
        ("http://[::1]:8080/api/v1", "http://[::1]:8080/api/v1"),
        ("HTTPS://WatBot.ru/api/v1", "https://watbot.ru/api/v1"),
        ("https://watbot.ru:443/api/v1", "https://watbot.ru/api/v1"),
        ("https://watbot.ru:/api/v1//", "https://watbot.ru/api/v1"),
        ("https://watbot.ru//api//v1", "https://watbot.ru/api/v1"),
        ("https://watbot.ru/API/v1", "https://watbot.ru/API/v1"),
        ("https://watbot.ru:80/api/v1", "https://watbot.ru:80/api/v1"),
        ("http://LocalHost:80/api/v1", "http://localhost/api/v1"),
        ("http://[::1]:80/api", "http://[::1]/api"),
        ("https://Боты.рф/api/v1", "https://xn--90a0am0b.xn--p1ai/api/v1"),
    ],
)
def test_addresses_that_can_work(given: str, kept: str) -> None:
    """Https anywhere, http on this machine itself; however it is spelled, it is one account."""
    client = CleverAppClient(TOKEN, base_url=given)
    assert client.base_url == kept
    assert client.account == CleverAppClient(TOKEN, base_url=kept).account


def test_the_usual_spelling_of_an_account_keeps_its_digest() -> None:
    """Files of limits and Redis know an account by it, also after an update of this package."""
    digest = sha256(f"{TOKEN}\0{DEFAULT_BASE_URL}".encode()).hexdigest()
    assert CleverAppClient(TOKEN).account.digest == digest


@pytest.mark.parametrize(
    ("base_url", "place"),
    [
        ("http://app.cleverapp.pro/api/v1", "https"),
        ("http://127.0.0.1.evil.example/api/v1", "https"),
        ("http://localhost.evil.example/api/v1", "https"),
        ("http://192.168.0.1/api/v1", "https"),
        ("http://127.0.0.1\n.evil.example/api/v1", "base_url"),
        ("https://app.cleverapp.pro/api v1", "base_url"),
        ("https://app.cleverapp.pro/api\tv1", "base_url"),
        ("app.cleverapp.pro/api/v1", DEFAULT_BASE_URL),
        ("ftp://app.cleverapp.pro", DEFAULT_BASE_URL),
        ("https://", DEFAULT_BASE_URL),
        ("", DEFAULT_BASE_URL),
        ("https://host:99999/api", DEFAULT_BASE_URL),
        ("https://[::1", DEFAULT_BASE_URL),
        ("https://боты..рф/api", DEFAULT_BASE_URL),
        ("https://user:s3cret@host/api", "api_token"),
        ("https://host/api?api_token=s3cret", "api_token"),
        ("https://host/api#s3cret", "api_token"),
        ("http://user:s3cret@host/api", "api_token"),
        ("ftp://user:s3cret@host/api?s3cret", DEFAULT_BASE_URL),
    ],
)
def test_addresses_that_cannot(base_url: str, place: str) -> None:
    """What is no address of an API, or would send the token in clear text, is refused."""
    with raises(ConfigurationError, "base_url", place) as caught:
        CleverAppClient(TOKEN, base_url=base_url)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("base_url", ["https://app.example", "https://app.example/"])
def test_an_address_without_a_path_is_warned_of_once(base_url: str) -> None:
    """Every known API has a path: the expected form is told where the client is made."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("default")
        for _ in range(2):
            assert CleverAppClient(TOKEN, base_url=base_url).base_url == "https://app.example"
    (warning,) = told
    assert "https://app.example/api/v1" in str(warning.message)
    assert warning.filename == __file__


@pytest.mark.parametrize("brand", list(Brand))
def test_the_address_of_a_brand_has_its_path(brand: Brand) -> None:
    """Nothing is warned of where a brand is given."""
    assert CleverAppClient(TOKEN, base_url=brand).base_url == brand.base_url


@pytest.mark.parametrize("token", ["", "  ", "\n", None, 7])
def test_an_empty_token_is_refused(token: str) -> None:
    """Without a token nothing works: that is told before the first request."""
    with pytest.raises(ConfigurationError, match="api_token"):
        CleverAppClient(token)


@pytest.mark.parametrize("token", ["Bearer secret", "sec\nret", "секрет", "sec\x00ret", "a secret"])
def test_a_token_with_strange_characters_is_refused(token: str) -> None:
    """A token that was copied with its neighbours is refused, and not shown."""
    with pytest.raises(ConfigurationError, match="api_token") as caught:
        CleverAppClient(token)
    assert token not in str(caught.value)


def test_space_around_a_token_is_dropped() -> None:
    """A line break at the end of a file's token does no harm."""
    assert CleverAppClient(f" {TOKEN}\n").account == CleverAppClient(TOKEN).account


def test_a_token_in_an_enumeration_is_its_text() -> None:
    """A member of an enumeration of texts is what it is equal to, and not its name."""

    class Ours(str, Enum):  # noqa: UP042 - what programs have
        API = TOKEN

    assert CleverAppClient(Ours.API).account == CleverAppClient(TOKEN).account


def test_accounts_differ_by_token_and_address() -> None:
    """Limits are kept per account: the same token at another brand is another account."""
    accounts = {
        CleverAppClient("token-a").account,
        CleverAppClient("token-b").account,
        CleverAppClient("token-a", base_url="https://watbot.ru/api/v1").account,
    }
    assert len(accounts) == 3


def test_from_env(monkeypatch: pytest.MonkeyPatch) -> None:
    """The token and, where it is set, the address come from the environment."""
    monkeypatch.setenv("CLEVERAPP_API_TOKEN", TOKEN)
    assert CleverAppClient.from_env().base_url == DEFAULT_BASE_URL
    assert CleverAppClient.from_env().account == CleverAppClient(TOKEN).account
    monkeypatch.setenv("CLEVERAPP_BASE_URL", "https://watbot.ru/api/v1")
    limits = LimiterRegistry()
    client = CleverAppClient.from_env(config=ClientConfig(), limits=limits)
    assert client.base_url == "https://watbot.ru/api/v1"
    assert client.limits is limits


@pytest.mark.parametrize("value", [None, ""])
def test_from_env_without_a_token(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is not set is named."""
    if value is not None:
        monkeypatch.setenv("CLEVERAPP_API_TOKEN", value)
    with raises(ConfigurationError, "CLEVERAPP_API_TOKEN"):
        CleverAppClient.from_env()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CLEVERAPP_API_TOKEN", "two words"),
        ("CLEVERAPP_API_TOKEN", "  "),
        ("CLEVERAPP_BASE_URL", "foo/api"),
        ("CLEVERAPP_BASE_URL", "http://example.com/api/v1"),
    ],
)
def test_a_fault_in_the_environment_names_its_variable(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who set it there looks for its name; one in an argument is told by the argument's."""
    monkeypatch.setenv("CLEVERAPP_API_TOKEN", TOKEN)
    monkeypatch.setenv(variable, value)
    with raises(ConfigurationError, variable) as caught:
        CleverAppClient.from_env()
    assert str(caught.value).startswith(f"{variable} ")
    monkeypatch.setenv("CLEVERAPP_API_TOKEN", TOKEN)
    monkeypatch.delenv("CLEVERAPP_BASE_URL", raising=False)
    with raises(ConfigurationError, "limits"):
        CleverAppClient.from_env(limits=cast("LimiterRegistry", 5))


@pytest.mark.parametrize("token", [123, None, b"token"])
def test_a_token_of_another_type_is_not_called_empty(token: object) -> None:
    """It is told what is wanted."""
    with raises(ConfigurationError, "api_token", "string") as caught:
        CleverAppClient(cast("str", token))
    assert "empty" not in str(caught.value)


def test_a_subclass_comes_from_env_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """``from_env`` makes the class it is called on."""

    class Own(CleverAppClient):
        pass

    monkeypatch.setenv("CLEVERAPP_API_TOKEN", TOKEN)
    assert type(Own.from_env()) is Own


@pytest.mark.parametrize(
    ("token", "base_url"), [(TOKEN, "http://evil.example"), (f"Bearer {TOKEN}", DEFAULT_BASE_URL)]
)
def test_a_refusal_keeps_the_token_out_of_its_frames(
    token: str, base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report that shows local variables of our frames shows no token, not even a wrong one."""
    monkeypatch.setenv("CLEVERAPP_API_TOKEN", token)
    monkeypatch.setenv("CLEVERAPP_BASE_URL", base_url)
    with pytest.raises(ConfigurationError) as caught:
        CleverAppClient.from_env()
    frames = traceback.StackSummary.extract(
        (
            (frame, line)
            for frame, line in traceback.walk_tb(caught.tb)
            if "test_" not in frame.f_code.co_filename
        ),
        capture_locals=True,
    )
    assert frames
    assert TOKEN not in "".join(frames.format())


@pytest.mark.parametrize(
    ("name", "value", "more"),
    [
        ("connect_timeout", 0, ()),
        ("attempt_timeout", -1, ()),
        ("attempt_timeout", float("nan"), ()),
        ("longest_pause", 0, ()),
        ("keepalive_timeout", -0.1, ()),
        ("keepalive_timeout", float("inf"), ()),
        ("keepalive_timeout", float("nan"), ()),
        ("max_in_flight", 0, ()),
        ("max_body", 0, ()),
        ("remembered_routes", 0, ()),
        ("post_parameters", "x", ("documented, query, json, form",)),
    ],
)
def test_settings_are_checked(name: str, value: object, more: tuple[str, ...]) -> None:
    """A setting that cannot work is refused when it is made, with its name and the value."""
    with raises(ConfigurationError, name, value, *more):
        ClientConfig(**{name: value})  # type: ignore[arg-type]


def test_connections_are_kept_for_less_than_any_limit_leaves_them_idle() -> None:
    """The default meets neither a period of the limits nor a usual keep-alive time of a server."""
    limits = LimiterRegistry()
    keys = [
        LimitKey(1, messenger, method)
        for messenger in ("whatsapp", "telegram", "viber")
        for method in ("sendMessage", "sendMessageToWhatsApp")
    ]
    quotas = [*limits.quotas(AccountKey("x")), *(one for key in keys for one in limits.quotas(key))]
    periods = {quota.period for quota in quotas}
    assert periods == {1.0, 10.0, 60.0}
    assert 0 < ClientConfig().keepalive_timeout < min(*periods, 2.0, 5.0, 10.0, 60.0)


def test_a_callback_must_be_callable() -> None:
    """Something that cannot be called is refused before the first event."""
    with pytest.raises(ConfigurationError, match="on_event"):
        ClientConfig(on_event=("print",))  # type: ignore[arg-type]

    async def later(_: Event) -> None: ...

    with pytest.raises(ConfigurationError, match="on_event"):
        ClientConfig(on_event=(later,))  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


async def test_bulk_bounds_are_checked() -> None:
    """Bounds below 1 would never send anything."""
    async with (
        aiohttp.ClientSession() as session,
        CleverAppClient(TOKEN, session=session) as client,
    ):
        with raises(InvalidRequestError, "concurrency"):
            client.send_many([], concurrency=0)
        with raises(InvalidRequestError, "look_ahead"):
            client.send_many([], look_ahead=0)
