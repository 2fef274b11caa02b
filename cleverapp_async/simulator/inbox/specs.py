"""Faults, latencies and limits as JSON: read from it, and written as it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final, TypeAlias, cast

from attrs import frozen

from ..faults import actions
from ..faults.faults import Fault
from ..faults.latency import Latency
from ..limits import WINDOW_KINDS, SimulatedQuota, SimulatorLimits, WindowKind
from ..seed.load import JsonNode
from .entries import Json
from .query import InputError

FAULTS: Final = 100
"""Faults that may be armed at once."""

_MEBIBYTES: Final = 64
_HEADER: Final = 2**20

_Read: TypeAlias = Callable[[JsonNode], object]
_Show: TypeAlias = Callable[[actions.Action], Json]


def _number(node: JsonNode) -> float:
    value = node.value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise node.fail("a number")
    return value


def _seconds(node: JsonNode) -> float:
    seconds = _number(node)
    if seconds < 0:
        raise node.fail("a number of seconds from 0")
    return seconds


def _up_to(most: int) -> _Read:
    def read(node: JsonNode) -> int:
        number = node.number()
        if number > most:
            raise node.fail(f"an integer from 1 to {most}")
        return number

    return read


def _status(node: JsonNode) -> int:
    status = node.integer()
    if not 200 <= status <= 599:  # noqa: PLR2004 - the statuses that end a request
        raise node.fail("a status from 200 to 599")
    return status


def _header_text(node: JsonNode) -> str:
    text = node.text()
    if not text.isascii() or not text.isprintable():
        raise node.fail("printable ASCII")
    return text


def _retry_after(node: JsonNode) -> float | str:
    return _header_text(node) if isinstance(node.value, str) else _number(node)


def _at(node: JsonNode) -> str:
    if node.value not in {"accept", "bytes"}:
        raise node.fail("accept or bytes")
    return node.text()


def _data(node: JsonNode) -> bytes:
    return node.text().encode()


def _body(node: JsonNode) -> object:
    return node.value if isinstance(node.value, str) else json.dumps(node.value)


def _headers(node: JsonNode) -> dict[str, str]:
    return {name: _header_text(one) for name, one in node.members().items()}


@frozen
class _Kind:
    """One kind of fault: the constructor's own options, and how they are read back."""

    options: Mapping[str, _Read]
    show: _Show = lambda _: {}
    fixed_taken: bool = False


def _flag(node: JsonNode) -> bool:
    return node.flag()


def _reply(action: actions.Action) -> Json:
    return {"status": cast("actions.Answer", action).reply.status}


def _redirect(action: actions.Action) -> Json:
    reply = cast("actions.Answer", action).reply
    return {"location": reply.headers["Location"], "status": reply.status}


def _any_answer(action: actions.Action) -> Json:
    reply = cast("actions.Answer", action).reply
    headers = {"Content-Type": reply.content_type, **reply.headers}
    return {
        "status": reply.status,
        "body": reply.body.decode(errors="replace"),
        "headers": headers,
    }


def _fields(*names: str) -> _Show:
    return lambda action: {
        name: value for name in names if (value := getattr(action, name)) is not None
    }


def _malformed(action: actions.Action) -> Json:
    return {"data": cast("actions.Malformed", action).data.decode(errors="replace")}


def _too_many(action: actions.Action) -> Json:
    value = cast("actions.TooMany", action).retry_after
    if value is None:
        return {}
    return {"retry_after": f"in {value}" if isinstance(value, timedelta) else value}


_TAKEN: Final[Mapping[str, _Read]] = {"taken": _flag}

_KINDS: Final[Mapping[str, _Kind]] = {
    "reset_before": _Kind({"at": _at}, _fields("at"), fixed_taken=True),
    "reset_after": _Kind(_TAKEN),
    "hang": _Kind({"seconds": _seconds, **_TAKEN}, _fields("seconds")),
    "slow_body": _Kind(
        {"chunk": _up_to(_HEADER), "interval": _seconds, **_TAKEN}, _fields("chunk", "interval")
    ),
    "truncated_body": _Kind(_TAKEN),
    "malformed": _Kind({"data": _data, **_TAKEN}, _malformed),
    "oversized_header": _Kind({"size": _up_to(_HEADER), **_TAKEN}, _fields("size")),
    "oversized_body": _Kind(
        {"mebibytes": _up_to(_MEBIBYTES), "compressed": _flag, **_TAKEN},
        _fields("mebibytes", "compressed"),
    ),
    "too_many": _Kind({"retry_after": _retry_after}, _too_many, fixed_taken=True),
    "html": _Kind({"status": _status, **_TAKEN}, _reply),
    "server_error": _Kind({"status": _status, **_TAKEN}, _reply),
    "redirect": _Kind({"location": _header_text, "status": _status, **_TAKEN}, _redirect),
    "answer": _Kind({"status": _status, "body": _body, "headers": _headers, **_TAKEN}, _any_answer),
}

FAULT_KINDS: Final = tuple(_KINDS)
"""The kinds of faults, as the constructors of `Fault` are called."""

_TRIGGER: Final[Mapping[str, _Read]] = {
    "on": lambda node: node.number(),
    "every": lambda node: node.number(),
    "probability": _number,
    "endpoint": lambda node: node.text(),
    "times": lambda node: node.number(),
}


def read_faults(node: JsonNode) -> list[Fault]:
    """Read a list of faults.

    Raises:
        SeedError: It is not one.
        InputError: There are too many, or one contradicts itself.
    """
    nodes = node.items()
    if len(nodes) > FAULTS:
        raise InputError(node.place, f"at most {FAULTS} faults are armed at once")
    return [_read_fault(one) for one in nodes]


def _read_fault(node: JsonNode) -> Fault:
    members = node.members()
    name = members.pop("kind", JsonNode(None, f"{node.place}.kind"))
    kind = _KINDS.get(name.value) if isinstance(name.value, str) else None
    if kind is None:
        raise name.fail(f"one of {', '.join(_KINDS)}")
    known = {**kind.options, **_TRIGGER}
    options: dict[str, object] = {}
    for option, value in members.items():
        if option == "when":
            raise InputError(value.place, "a condition in Python cannot be given here")
        if option not in known:
            raise InputError(value.place, f"is no option of this fault: {', '.join(known)} are")
        options[option] = known[option](value)
    if name.value == "answer":
        for needed in ("status", "body"):
            if needed not in options:
                raise InputError(f"{node.place}.{needed}", "is needed")
    make: Callable[..., Fault] = getattr(Fault, str(name.value))
    try:
        return make(**options)
    except ValueError as error:
        raise InputError(node.place, str(error)) from None


def show_fault(fault: Fault) -> Json:
    """Write a fault as it is read; ``when`` tells that a condition was set in Python."""
    kind = _KINDS.get(fault.kind)
    trigger = fault.trigger
    shown: Json = {"kind": fault.kind}
    if kind is not None:
        shown |= kind.show(fault.action)
    if kind is None or not kind.fixed_taken:
        shown["taken"] = fault.taken
    for name in _TRIGGER:
        value = getattr(trigger, name)
        if value is not None:
            shown[name] = value
    if trigger.when is not None:
        shown["when"] = "a condition in Python"
    return shown


def read_latency(node: JsonNode) -> Latency:
    """Read a latency, each way alike, as the command line spells it.

    Raises:
        SeedError: It is no text.
        InputError: The text is no latency.
    """
    try:
        return Latency.parse(node.text())
    except ValueError as error:
        raise InputError(node.place, str(error)) from None


def show_latency(latency: Latency) -> str:
    """Write a latency as it is read, or say that it was set in Python."""
    return latency.spell() or "a latency set in Python"


def read_limits(node: JsonNode) -> tuple[SimulatorLimits, WindowKind]:
    """Read how limits are counted, and all the quotas; one that is null is off.

    Raises:
        SeedError: A member is missing, unknown or of another type.
        InputError: A quota that cannot be counted, or no such kind of window.
    """
    body = _record(node, ("window", "limits"))
    if body["window"].value not in WINDOW_KINDS:
        raise body["window"].fail(f"one of {', '.join(WINDOW_KINDS)}")
    window = body["window"].value
    limits = _record(
        body["limits"], ("messengers", "other_messengers", "whatsapp_direct", "account")
    )
    messengers, account = limits["messengers"], limits["account"]
    return (
        SimulatorLimits(
            messengers=None
            if messengers.value is None
            else {name: _quota(one) for name, one in _nullable(messengers).items()},
            other_messengers=_quota(limits["other_messengers"]),
            whatsapp_direct=_quota(limits["whatsapp_direct"]),
            account=None
            if account.value is None
            else tuple(_read_quota(one) for one in account.items()),
        ),
        window,
    )


def _record(node: JsonNode, names: tuple[str, ...]) -> dict[str, JsonNode]:
    """The members of an object, which all have to be there and may be null."""
    found = _nullable(node)
    for name, member in found.items():
        if name not in names:
            raise InputError(member.place, f"is not a known name: write {', '.join(names)}")
    for name in names:
        if name not in found:
            raise InputError(f"{node.place}.{name}", "is needed; null switches a limit off")
    return found


def _nullable(node: JsonNode) -> dict[str, JsonNode]:
    node.members()  # complains of what is no object
    members = cast("dict[str, object]", node.value)
    return {name: JsonNode(value, f"{node.place}.{name}") for name, value in members.items()}


def _quota(node: JsonNode) -> SimulatedQuota | None:
    return None if node.value is None else _read_quota(node)


def _read_quota(node: JsonNode) -> SimulatedQuota:
    found = _record(node, ("limit", "seconds"))
    seconds = _number(found["seconds"])
    if not 0 < seconds <= 86_400:  # noqa: PLR2004 - a day
        raise found["seconds"].fail("a number of seconds above 0, at most a day,")
    return found["limit"].number(), seconds


def show_limits(limits: SimulatorLimits, window: WindowKind) -> Json:
    """Write limits as they are read."""
    messengers, account = limits.messengers, limits.account
    return {
        "window": window,
        "limits": {
            "messengers": None
            if messengers is None
            else {name: _show_quota(quota) for name, quota in messengers.items()},
            "other_messengers": _show_quota(limits.other_messengers),
            "whatsapp_direct": _show_quota(limits.whatsapp_direct),
            "account": None if account is None else [_show_quota(quota) for quota in account],
        },
    }


def _show_quota(quota: SimulatedQuota | None) -> Json | None:
    return None if quota is None else {"limit": quota[0], "seconds": quota[1]}
