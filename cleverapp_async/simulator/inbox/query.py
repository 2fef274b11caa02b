"""The language of filters: ``to:79991234567 verdict:refused after:10m "out of stock"``.

What of a request to the inbox is wrong is an error of this room.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, time
from typing import Final, TypeAlias, get_args

from attrs import frozen

from ..request_log import ArrivalVerdict
from .entries import Entry


class InputError(ValueError):
    """A request to the inbox that cannot be answered.

    Args:
        place: What of it is wrong, such as ``query.limit``.
        message: What is wrong, and what can be done.
        status: The HTTP status.
    """

    def __init__(self, place: str, message: str, status: int = 400) -> None:
        super().__init__(place, message)
        self.place = place
        self.message = message
        self.status = status

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


MOST: Final = 500
"""Characters of the longest query."""

_TERMS: Final = 20
"""Words of the longest query: each of them is looked for in every message."""

_Test: TypeAlias = Callable[[Entry], bool]

_TERM: Final = re.compile(
    r"""(?P<minus>-?)(?:(?P<name>[A-Za-z_]+):(?!//))?"""
    r"""(?P<value>"[^"\\]*(?:\\.[^"\\]*)*"|[^\s"]\S*|)(?=\s|$)""",
)
_VERDICTS: Final[Mapping[str, tuple[str, ...]]] = {
    **{name: (name,) for name in get_args(ArrivalVerdict)},
    "refused": ("refused_messenger", "refused_account"),
}
_KINDS: Final = ("sent", "received", "call", "any")
_AGO: Final = re.compile(r"(\d{1,9})([smhd])", re.ASCII)
_SECONDS: Final[Mapping[str, int]] = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_IDS: Final = re.compile(r"\d{1,19}(,\d{1,19})*", re.ASCII)
_CLOCK: Final = re.compile(r"\d{1,2}:\d\d(:\d\d)?", re.ASCII)


@frozen
class Query:
    """What an entry must be.

    Args:
        tests: All of them must hold.
        any_kind: Whether it may be a request that sends no message.
    """

    tests: tuple[_Test, ...]
    any_kind: bool

    def matches(self, entry: Entry) -> bool:
        """Tell whether an entry is meant."""
        if entry.kind == "call" and not self.any_kind:
            return False
        return all(test(entry) for test in self.tests)


def parse_query(text: str, now: float) -> Query:
    """Read a query.

    Args:
        text: The query; an empty one means every message.
        now: The Unix second that ``10m`` is counted back from; times without a zone are those of
            this machine's.

    Raises:
        InputError: It is too long, or a part of it means nothing; the place is its column.
    """
    if len(text) > MOST:
        raise InputError("query", f"at most {MOST} characters are read, not {len(text)}")
    tests: list[_Test] = []
    any_kind = False
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        match = _TERM.match(text, at)
        place = f"query, column {at + 1}"
        if len(tests) == _TERMS:
            raise InputError(place, f"at most {_TERMS} words are looked for at once")
        if match is None or match.end() == at:
            raise InputError(place, 'a quotation mark is open: write "two words"')
        name, value = match["name"], _unquote(match["value"])
        if not value:
            raise InputError(place, "a value is needed, such as to:42")
        any_kind = any_kind or (name or "").lower() == "kind"
        test = _make_test(None if name is None else name.lower(), value, now, place)
        tests.append(_negated(test) if match["minus"] else test)
        at = match.end()
    return Query(tuple(tests), any_kind)


def _unquote(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def _negated(test: _Test) -> _Test:
    return lambda entry: not test(entry)


def _make_test(name: str | None, value: str, now: float, place: str) -> _Test:
    folded = value.casefold()
    if name is None:
        return lambda entry: folded in entry.folded
    make = _NAMES.get(name)
    if make is not None:
        return make(folded, place)
    if name in {"before", "after"}:
        limit = _read_moment(value, now, place)
        if name == "before":
            return lambda entry: entry.at < limit
        return lambda entry: entry.at >= limit
    known = ", ".join(sorted((*_NAMES, "before", "after")))
    raise InputError(
        place,
        f'there is no filter {name}: write one of {known}, or "{name}:…" in quotation marks '
        "for a text",
    )


def _bot(value: str, place: str) -> _Test:
    if _IDS.fullmatch(value) is None:
        raise InputError(place, f"a bot's id is needed, not {value!r}")
    ids = set(map(int, value.split(",")))
    return lambda entry: entry.bot_id in ids


def _messenger(value: str, place: str) -> _Test:
    del place
    names = value.split(",")
    return lambda entry: (entry.messenger or "").casefold() in names


def _to(value: str, place: str) -> _Test:
    del place

    def test(entry: Entry) -> bool:
        named = (entry.to or "").casefold() == value or str(entry.contact_id) == value
        # Ids are short, so that a part of one would find strangers; phone numbers are not.
        long = len(value) >= _PHONE_PART and value in (entry.to or "").casefold()
        return named or long or value in (entry.name or "").casefold()

    return test


_PHONE_PART: Final = 4


def _text(value: str, place: str) -> _Test:
    del place
    return lambda entry: value in entry.text.casefold()


def _method(value: str, place: str) -> _Test:
    del place
    names = value.split(",")
    return lambda entry: entry.method.casefold() in names


def _fault(value: str, place: str) -> _Test:
    del place
    names = value.replace("-", "_").split(",")
    return lambda entry: entry.fault is not None and ("any" in names or entry.fault in names)


def _verdict(value: str, place: str) -> _Test:
    meant = {verdict for one in _choices(value, _VERDICTS, place) for verdict in _VERDICTS[one]}
    return lambda entry: entry.verdict in meant


def _kind(value: str, place: str) -> _Test:
    meant = _choices(value, _KINDS, place)
    return lambda entry: "any" in meant or entry.kind in meant


def _choices(value: str, known: Iterable[str], place: str) -> list[str]:
    chosen = value.replace("-", "_").split(",")
    for one in chosen:
        if one not in known:
            raise InputError(place, f"there is no {one!r}: write one of {', '.join(known)}")
    return chosen


_NAMES: Final[Mapping[str, Callable[[str, str], _Test]]] = {
    "bot": _bot,
    "fault": _fault,
    "kind": _kind,
    "messenger": _messenger,
    "method": _method,
    "text": _text,
    "to": _to,
    "verdict": _verdict,
}


def _read_moment(value: str, now: float, place: str) -> float:
    ago = _AGO.fullmatch(value)
    try:
        if ago is not None:
            return now - int(ago[1]) * _SECONDS[ago[2]]
        if _CLOCK.fullmatch(value):
            clock = time.fromisoformat(value.zfill(len(value) + (value.find(":") == 1)))
            today = datetime.fromtimestamp(now, UTC).astimezone().date()
            return datetime.combine(today, clock).astimezone().timestamp()
        when = datetime.fromisoformat(value)
        return (when if when.tzinfo else when.astimezone()).timestamp()
    except (ValueError, OverflowError):
        raise InputError(
            place,
            f"{value!r} is no moment: write 10m (ago), 14:30, 2026-01-31 or 2026-01-31T14:30:00Z",
        ) from None
