"""Every argument of the public surface, with wrong values of each kind, is refused by its name."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime, time, timedelta, tzinfo
from decimal import Decimal
from enum import Enum
from functools import partial
from importlib import import_module
from io import BytesIO
from math import inf, nan
from typing import Any, cast

import pytest
from taskiq import InMemoryBroker

from cleverapp_async import (
    Absent,
    AccountKey,
    CleverAppClient,
    ClientConfig,
    ClientOptions,
    ConfigurationError,
    FieldError,
    IncomingWebhook,
    InvalidRequestError,
    Lane,
    LimiterRegistry,
    LimitKey,
    Messenger,
    Quota,
    RetryPolicy,
    Route,
    Schedule,
    SendMessage,
    SendMessageToWhatsApp,
    SqliteJournal,
    forecast,
)
from cleverapp_async.bulk import EtaMeter, estimate_run
from cleverapp_async.events import Event
from cleverapp_async.integrations.redis_journal import (
    RedisCampaign,
    RedisJournal,
    RedisJournalReader,
)
from cleverapp_async.integrations.taskiq import register
from cleverapp_async.journal import (
    JournalReader,
    JournalState,
    SqliteCampaign,
    address_of,
    export_csv,
    purge_journal,
    read_messages,
    resolve_unknown,
    write_report,
)
from cleverapp_async.limits import PacedLimiter, QuotaSettings, SlidingWindowLimiter
from tests.bulk.memory_journal import MemoryJournal
from tests.surface import PUBLIC
from tests.transport.rig import client_of

BASE_URL = "http://127.0.0.1:9/api/v1"
WEBHOOK_URL = "http://127.0.0.1:9/inner_webhook/one"
LIST_ID = "0123456789abcdef01234567"

OTHERS = (object(), b"12", nan, [object()], int, 1 + 1j)
"""What fits no parameter at all."""

WRONG: dict[str, tuple[object, ...]] = {
    "id": ("12", "", True, 0, -1, 1.5, timedelta(1), {}, ()),
    "count": ("12", "", True, 0, -1, 1.5, timedelta(1), {}, (), inf),
    "number from 0": ("12", "", True, -1, 1.5, timedelta(1), {}),
    "seconds": ("30s", "", True, -1, -0.5, inf, 1e300, timedelta(seconds=30), {}, (), 10**400),
    "factor": ("2", "", True, 0, -1, inf, timedelta(1), {}, (), 10**400),
    "share": ("0.5", "", True, -1, 2, inf, {}),
    "text": (1, True, "", "  ", -1.0, {}, ()),
    "any text": (1, True, -1.0, {}, ()),
    "phone": (79991234567, True, "", "abc", {}, ()),
    "url": (1, "", "/picture.png", "ftp://host/x", "https://a b/", True, {}),
    "hex": (1, "", "12", "x" * 24, True, {}),
    "flag": ("", "yes", 1, 0, {}, (), -1),
    "delimiter": ("", "|", ",;", 1, True, {}, ()),
    "texts": ("VIP", [""], 1, True, [1], {}, {"VIP": 1}),
    "text or texts": ("", [""], 1, True, [1], {}),
    "id or ids": ("12", 0, True, [0], ["12"], {}),
    "payload": ("x", "{}", 1, True, {1: 2}, [nan], [{1}]),
    "searched": ("", "  ", True, 1.5, {}, ()),
    "mapping": ("x", 1, True, (), [("a", 1)], {1: 2}),
    "reference": ("x", 1, None, True, (), [], [("a", "b")], {1: "x"}, {"": "x"}, {"a": 1}),
    "moment": ("2026-01-01", "", True, -1, 1.5, datetime(2026, 1, 1), {}),  # noqa: DTZ001 - wrong
    "decimal": ("1", 1.5, True, 0, -1, Decimal("NaN"), Decimal(0), Decimal(-1), {}),
    "lane": ("fast", "bulk", 1, True, Lane, {}),
    "route": (
        "whatsapp",
        (7, "whatsapp"),
        *(Route(*cast("Any", wrong)) for wrong in (("7", "whatsapp"), (7, ""), (True, "x"))),
        7,
    ),
    "message": ({}, "Hi", {"contact_id": 1, "text": "Hi"}, SendMessage, 7),
    "messages": (),
    "journal": ("run.db", 7, {}),
    "schedule": ("9-18", 9, Schedule, {}, True),
    "quotas": ("10/s", 10, 1.5, True, [10], ["10/s"], {}, (10, 1.0), Quota),
    "choice": ("", "fast", 1, True, {}, ()),
    "retry": ("", 3, True, {}, RetryPolicy),
    "callbacks": (print, "print", [1], ("print",), 1, {1: 2}),
    "callable": ("", 1, True, {}, ()),
    "object": ("", 1, True, {}, ()),
    "token": ("", "  ", 1, True, {}, ()),
    "folder": ("", 1, True, {}, ()),
    "address": ("", 1, True, {}, (), "app.example", "http://app.example/api/v1"),
    "quota by name": ("x", 1, True, [1], {1: Quota(1, 1.0)}, {"viber": 10}, {"viber": "10/s"}),
    "quota by key": ("x", 1, {"viber": Quota(1, 1.0)}, {LimitKey(1, "viber"): 10}),
    "key": ("viber", 1, None, {}, (1, "viber"), Route(1, "viber")),
    "ages": ("12", 1, {}, [-1], ["1"], [True], [inf]),
    "path": (1, True, "", {}, (), -1.0),
    "reader": (1, True, "", {}, ()),
    "state": ("ACCEPTED", 1, True, JournalState.REJECTED, JournalState.UNKNOWN, {}, []),
    "states": ("unknown", 1, True, ["unknown"], [None], JournalState.UNKNOWN),
    "indexes": ("12", 1, True, {1: 2}, ["1"], [True], [-1], [1.5]),
    "counts": ("x", 1, True, [1], {None: "10"}, {None: -1}, {None: 1.5}),
    "unix": ("12", "", True, inf, timedelta(1), {}, ()),
    "account": ("x", 1, True, {}, (), AccountKey),
    "limit keys": ("x", 1, True),
    "date": ("2026-01-01", 1, True, time(9), {}),
    "hour": ("9:00", 9, True, datetime(2026, 1, 1, tzinfo=UTC), {}),
    "zone": (1, True, tzinfo, {}, "Nowhere/Atlantis"),
}
"""Wrong values of each kind of argument, beside :data:`OTHERS`."""

KINDS: dict[str, str] = {
    # Of methods of the API.
    **dict.fromkeys(
        ("contact_id", "bot_id", "tag_id", "id", "account_id", "bitrix_contact_id"), "id"
    ),
    **dict.fromkeys(("page", "count", "limit", "depth"), "count"),
    **dict.fromkeys(("text", "messenger", "name", "contact_external_id", "message_id"), "text"),
    **dict.fromkeys(("order_by", "slug", "status", "currency", "description", "method"), "text"),
    **dict.fromkeys(("telegram_id", "telegram_username", "viber_id", "vk_id"), "text"),
    **dict.fromkeys(("email", "address", "prefix"), "text"),
    **dict.fromkeys(("image", "file", "url"), "url"),
    **dict.fromkeys(("schema_id", "schema", "item_id"), "hex"),
    **dict.fromkeys(("is_flat", "is_menu", "deletable"), "flag"),
    **dict.fromkeys(("deduplicate", "resend_unknown", "retry_rejected", "lenient"), "flag"),
    **dict.fromkeys(("with_", "tags"), "texts"),
    **dict.fromkeys(("date_from", "date_to"), "moment"),
    **dict.fromkeys(("filters", "data", "fields", "field", "params", "variables"), "mapping"),
    "payload": "payload",
    "contact_by": "text",
    "search": "searched",
    **dict.fromkeys(("http_method", "on_unavailable", "post_parameters", "token_place"), "choice"),
    **dict.fromkeys(("concurrency", "look_ahead", "pause_after", "max_in_flight"), "count"),
    **dict.fromkeys(("max_body", "remembered_routes", "attempts"), "count"),
    **dict.fromkeys(("config", "limits", "session", "repeat", "redis", "telemetry"), "object"),
    **dict.fromkeys(("connect_timeout", "attempt_timeout", "longest_pause"), "seconds"),
    **dict.fromkeys(("base", "cap", "retry_after_ceiling", "deadline"), "seconds"),
    **dict.fromkeys(("keepalive_timeout", "settle_margin", "period"), "seconds"),
    **dict.fromkeys(("settle_within", "timeout", "guard", "seconds"), "seconds"),
    "factor": "factor",
    **dict.fromkeys(("quotas", "account", "whatsapp_direct", "other_messengers"), "quotas"),
    **dict.fromkeys(("not_before", "not_after"), "hour"),
    **dict.fromkeys(("value", "note", "title", "remark"), "any text"),
    "phone": "phone",
    "reference": "reference",
    "amount": "id",
    "refusals": "number from 0",
    "local_share": "share",
    "lane": "lane",
    "route": "route",
    "message": "message",
    "messages": "messages",
    "journal": "journal",
    "schedule": "schedule",
    "retry": "retry",
    "on_event": "callbacks",
    "factory": "callable",
    "folder": "folder",
    "api_token": "token",
    "base_url": "address",
    "messengers": "quota by name",
    "keys": "quota by key",
    "key": "key",
    "ages": "ages",
    "at": "date",
    **dict.fromkeys(("path", "output"), "path"),
    **dict.fromkeys(("force", "mark", "durable", "verify"), "flag"),
    "delimiter": "delimiter",
    **dict.fromkeys(("stream", "broker"), "object"),
    **dict.fromkeys(("quotas_of", "client_factory", "journal_factory"), "callable"),
    **dict.fromkeys(("half_life", "lease", "patience", "keep_sends"), "seconds"),
    "chunk_size": "count",
    "campaign": "text",
    "state": "state",
    "states": "states",
    "indexes": "indexes",
    **dict.fromkeys(("counts", "remaining"), "counts"),
    "now": "unix",
    "meter": "object",
    "in_work": "limit keys",
    "zone": "zone",
}
"""Of which kind an argument is, by its name."""

SOUND: dict[str, Any] = {
    **dict.fromkeys(("contact_id", "bot_id", "account_id", "tag_id", "id"), 7),
    **dict.fromkeys(("text", "name", "slug", "status", "value", "description"), "x"),
    "messenger": "viber",
    "phone": "79991234567",
    "currency": "RUB",
    "amount": 5,
    "url": "https://example.com/x",
    "schema_id": LIST_ID,
    "schema": LIST_ID,
    "item_id": LIST_ID,
    "data": {"a": 1},
    "fields": {"a": {"name": "A", "type": "string"}},
    "field": {"name": "A", "type": "string"},
    "method": "getMe",
    "payload": {},
    "contact_by": "telegram_id",
    "search": "1",
    "message": SendMessage(contact_id=1, text="Hi"),
    "messages": [],
    "journal": MemoryJournal(),
    "route": Route(7, "viber"),
    "api_token": "token",
    "limit": 1,
    "period": 1.0,
    "key": LimitKey(1, "viber"),
    "seconds": 1.0,
    "ages": [1.0],
    "factor": 2.0,
    "redis": "redis://localhost",
    "path": "nowhere.db",
    "output": "nowhere.html",
    "stream": BytesIO(),
    "state": JournalState.ACCEPTED,
    "counts": {},
    "remaining": {},
    "limits": LimiterRegistry(),
    "now": 0.0,
    "quotas_of": LimiterRegistry().quotas,
    "account": (),
    "campaign": "spring",
    "broker": InMemoryBroker(),
    "client_factory": CleverAppClient.from_env,
    "journal_factory": partial(RedisJournal, "redis://localhost"),
}
"""Sound values of the arguments that are needed."""

_TRIPLE = {"contact_id": None, "bot_id": 7, "messenger": "viber", "contact_external_id": "7"}
_BY_TRIPLE = dict.fromkeys(("bot_id", "messenger", "contact_external_id"), _TRIPLE)

BESIDE: dict[str, dict[str, dict[str, Any]]] = {
    "send_message": _BY_TRIPLE,
    "SendMessage": _BY_TRIPLE,
    "shared": {"local_share": {"on_unavailable": "local"}},
    "estimate_run": {
        name: {"account": AccountKey("0" * 64)}
        for name in ("remaining", "limits", "now", "meter", "schedule", "in_work")
    },
}
"""What an argument needs beside it, or is one of several ways with."""

GIVEN: dict[str, dict[str, Any]] = {
    # What a call needs that its signature does not say.
    "send_message": {"contact_id": 1, "text": "Hi"},
    "SendMessage": {"contact_id": 1, "text": "Hi"},
    "send_message_to_queue": {"contact_id": 1},
    "attach_tag_to_contact": {"name": "VIP"},
    "detach_tag_from_contact": {"name": "VIP"},
    "delete_contact_variable": {"name": "x"},
    "update_list_item": {"schema": LIST_ID},
}

ALTERNATIVES = {
    # Exactly one of these: where another one is tried, the one that is given otherwise is not.
    "send_message_to_queue": ("contact_id", "bitrix_contact_id", "phone"),
    "attach_tag_to_contact": ("tag_id", "name"),
    "detach_tag_from_contact": ("tag_id", "name"),
    "delete_contact_variable": ("id", "name"),
}

KIND_THERE = {
    ("create_or_update_contact", "phone"): "text",
    ("address_of", "message"): "message",
    ("estimate_run", "account"): "account",
    ("write_report", "journal"): "reader",
    ("export_csv", "journal"): "reader",
}
KIND_BY_TYPE = {
    "str | Sequence[str] | None": "text or texts",
    "int | Sequence[int] | None": "id or ids",
    "Decimal": "decimal",
}
"""Of which kind an argument is, where it is not as its name says elsewhere."""


def wrong_values(what: str, parameter: inspect.Parameter) -> list[object]:
    """Wrong values of one argument; None, too, where it is needed and None is no value of it."""
    kind = KIND_THERE.get((what, parameter.name)) or KIND_BY_TYPE.get(str(parameter.annotation))
    kind = kind or KINDS[parameter.name]
    # Any class can be called, and what is no iterable is refused elsewhere.
    others = {"callable": OTHERS[:-2], "messages": ()}.get(kind, OTHERS)
    needed = parameter.default is parameter.empty and not is_optional(parameter)
    return [*others, *WRONG[kind], *([None] if needed else [])]


def is_optional(parameter: inspect.Parameter) -> bool:
    """Whether None is a value of it."""
    return "None" in str(parameter.annotation) or "Quotas" in str(parameter.annotation)


async def finish(result: object) -> None:
    """Take a call as far as it says what is wrong."""
    if isinstance(result, AsyncIterator):
        await anext(result)  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(result, Awaitable):
        await result


def arguments_of(call: Callable[..., object]) -> dict[str, inspect.Parameter]:
    """The parameters, those of ``**options`` by their own names."""
    found: dict[str, inspect.Parameter] = {}
    for name, parameter in inspect.signature(call).parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            if "QuotaSettings" in str(parameter.annotation):
                of_class = inspect.signature(LimiterRegistry).parameters
                found |= {option: of_class[option] for option in QuotaSettings.__annotations__}
                continue
            keys = ClientOptions if "ClientOptions" in str(parameter.annotation) else ()
            for option in ("lane", "deadline", *getattr(keys, "__annotations__", ())):
                found[option] = parameter.replace(name=option, annotation="float | None")
        else:
            found[name] = parameter
    return found


async def slips(what: str, call: Callable[..., object]) -> list[str]:
    """The wrong values that were not refused by one of our errors with the argument's name."""
    parameters = arguments_of(call)
    needed = {
        name: SOUND[name]
        for name, one in parameters.items()
        if one.kind is not one.VAR_POSITIONAL and one.default is one.empty and name in SOUND
    }
    found: list[str] = []
    for name, parameter in parameters.items():
        given = {**needed, **GIVEN.get(what, {}), **BESIDE.get(what, {}).get(name, {})}
        alternatives = ALTERNATIVES.get(what, ())
        if name in alternatives:
            given = {other: value for other, value in given.items() if other not in alternatives}
        for value in wrong_values(what, parameter):
            told = await refusal_of(call, parameter, {**given, name: value})
            if told is not None:
                found.append(f"{what}({name}={value!r}): {told}")
    return found


async def refusal_of(
    call: Callable[..., object], parameter: inspect.Parameter, given: Mapping[str, Any]
) -> str | None:
    """What is wrong with how a call is refused; None where nothing is."""
    try:
        if parameter.kind is parameter.VAR_POSITIONAL:
            await finish(call(given[parameter.name]))
        else:
            await finish(call(**given))
    except (InvalidRequestError, ConfigurationError) as error:
        told = str(error)
        name = parameter.name.rstrip("_")
        return None if name in told else f"not named in {told!r}"
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
        return f"{type(error).__name__}: {error}"
    return "accepted"


METHODS = sorted(
    name
    for name, _ in inspect.getmembers(CleverAppClient, inspect.isfunction)
    if not name.startswith("_") and name != "close"
)


@pytest.mark.parametrize("name", METHODS)
async def test_every_argument_of_the_client_is_checked(name: str) -> None:
    """Each method refuses each wrong argument before a request leaves, by the argument's name."""
    async with client_of(BASE_URL) as client:
        assert await slips(name, getattr(client, name)) == []


@pytest.mark.parametrize("name", ["trigger", "trigger_contact"])
async def test_every_argument_of_a_webhook_is_checked(name: str) -> None:
    """The same holds for what starts a scenario."""
    async with IncomingWebhook(WEBHOOK_URL) as webhook:
        assert await slips(name, getattr(webhook, name)) == []


MADE: dict[str, Callable[..., object]] = {
    one.__name__: one
    for one in (
        CleverAppClient,
        IncomingWebhook,
        ClientConfig,
        RetryPolicy,
        Quota,
        LimiterRegistry,
        SlidingWindowLimiter,
        PacedLimiter,
        Schedule,
        SendMessage,
        SendMessageToWhatsApp,
        EtaMeter,
        JournalReader,
        SqliteCampaign,
        SqliteJournal,
        RedisCampaign,
        RedisJournal,
        RedisJournalReader,
        address_of,
        export_csv,
        estimate_run,
        forecast,
        purge_journal,
        read_messages,
        register,
        resolve_unknown,
        write_report,
    )
} | {
    "from_env": CleverAppClient.from_env,
    "IncomingWebhook.from_env": IncomingWebhook.from_env,
    "shared": LimiterRegistry.shared,
    "on_disk": LimiterRegistry.on_disk,
    "use_account": LimiterRegistry().use_account,
    "scaled": LimiterRegistry.scaled,
    "Quota.scaled": Quota(1, 1.0).scaled,
    "pause": LimiterRegistry().pause,
    "prime": LimiterRegistry().prime,
}


@pytest.mark.parametrize("name", MADE)
async def test_every_argument_of_what_users_make_is_checked(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings, quotas, messages and schedules refuse each wrong value, by its name."""
    monkeypatch.setenv("CLEVERAPP_API_TOKEN", "token")
    monkeypatch.setenv("CLEVERAPP_WEBHOOK_URL", WEBHOOK_URL)
    assert await slips(name, MADE[name]) == []


ANSWERS = {
    *("Contact", "ContactAccount", "ContactCryptoAccount", "ContactVariable", "DecodedLink"),
    *("ListField", "ListItem", "ListSchema", "Me", "Page", "QueuedMessage", "Referrer"),
    *("ReferrerChain", "SendReceipt", "SendOutcome", "Utm", "VariableName", "RawResponse"),
    *("BulkProgress", "BulkRun", "Eta", "Forecast", "Share", "LimiterSnapshot"),
    *("CountedSends", "PacedPermit", "SharedLimiterRegistry", "SlidingWindowPermit"),
    *("ChunkJournal", "CampaignTasks", "ChunkReport", "RegisteredTasks", "SendReport"),
    *("AttemptRecord", "CallRecord"),
}
"""What users are given and do not make."""

KEYS = {
    *("AccountKey", "LimitKey", "KeyNames", "Route", "Endpoint", "Parameter"),
    *("CallOptions", "ClientOptions", "QuotaSettings"),
}
"""Plain records, checked by whatever takes them: a lenient client makes wrong ones, too."""

OF_CAMPAIGNS = {
    *("ErrorRecord", "JournalEntry", "JournalResult", "JournalSession", "JournalSummary"),
    *("Loaded", "LockHolder", "Resend", "SettledMessage", "raw_answers"),
}
"""Records that a journal makes, and what takes no argument."""


OURS = tuple(
    name for name in PUBLIC if not name.endswith(("simulator", "testing", "openapi", "otel"))
)
"""All public modules but four: the document takes nothing; and the simulator, which knows none of
our errors, the helpers for tests and OpenTelemetry have tests of their arguments of their own."""


def test_every_public_name_is_walked_or_left_out_knowingly() -> None:
    """A new class or function of the package comes here before it is public."""
    public = {
        name: getattr(module, name)
        for module in map(import_module, OURS)
        for name in module.__all__
    }
    made = {
        name
        for name, one in public.items()
        if inspect.isroutine(one)
        or (
            isinstance(one, type)
            and not issubclass(one, Exception | Enum | Event | Absent | FieldError)
            and not getattr(one, "_is_protocol", False)
        )
    }
    known = MADE.keys() & public.keys() | ANSWERS | KEYS | OF_CAMPAIGNS
    assert sorted(made - known) == []
    assert sorted(known - made) == []


async def test_what_call_is_given_as_an_option_is_told_where_it_goes() -> None:
    """A parameter of the API among the options of ``call`` is told to be one of ``params``."""
    async with client_of(BASE_URL) as client:
        with pytest.raises(InvalidRequestError, match="params=") as caught:
            await client.call("getContactTags", contact_id=1)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
        assert caught.value.fields == ("contact_id",)
        with pytest.raises(InvalidRequestError) as caught:
            await client.get_me(retries=3)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
        assert caught.value.fields == ("retries",)


@pytest.mark.parametrize("messenger", ["WhatsApp", " whatsapp ", "whatsapp"])
def test_a_messenger_is_found_however_it_is_written(messenger: str) -> None:
    """A route and a quota given by hand count for the messenger in the API's own spelling."""
    quota = Quota(3, 1.0)
    limits = LimiterRegistry(messengers={messenger: quota})
    client = CleverAppClient("token", limits=limits)
    client.learn_route(1, Route(7, messenger))
    key = client.limit_key(SendMessage(contact_id=1, text="Hi"))
    assert key == LimitKey(7, "whatsapp")
    assert limits.quotas(key) == (quota,)


@pytest.mark.parametrize("messenger", ["WhatsApp", " whatsapp ", Messenger.WHATSAPP])
def test_a_key_and_a_route_have_the_spelling_of_the_api(messenger: str) -> None:
    """Quotas and pauses of a single key, and routes made by hand, are for the key of messages."""
    quota, written = Quota(3, 1.0), LimitKey(7, messenger)
    limits = LimiterRegistry(keys={written: quota})
    (key,) = {written, LimitKey(7, "whatsapp")}
    assert (key.messenger, type(key.messenger)) == ("whatsapp", str)
    assert limits.quotas(key) == (quota,)
    assert Route(7, messenger) == Route(7, "whatsapp")


async def test_a_pause_finds_its_key_however_it_is_written() -> None:
    """A pause by ``Telegram`` holds back a message through ``telegram``."""
    limits = LimiterRegistry()
    limits.pause(LimitKey(8, "Telegram"), 60.0)
    assert limits.limiter(LimitKey(8, "telegram")).estimate(Lane.BULK) > 50.0
    assert list(limits.snapshot()) == [LimitKey(8, "telegram")]
