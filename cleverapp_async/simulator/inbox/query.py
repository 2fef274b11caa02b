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


def in_russian(message: str) -> str:
    """What is wrong, in Russian: an English message of the simulator's, its values as they are.

    Args:
        message: What an error of a form says.
    """
    if message in _RUSSIAN:
        return _RUSSIAN[message]
    for pattern, told in _PATTERNS:
        found = pattern.fullmatch(message)
        if found is not None:
            return told.format(*map(in_russian, found.groups(default="")))
    return message


_RUSSIAN: Final[Mapping[str, str]] = {
    "is needed": "обязательное поле",
    "is needed; null switches a limit off": "обязательное поле; null выключает лимит",
    "an object": "объект",
    "an array": "список",
    "a string": "непустая строка",
    "an integer": "целое число",
    "an integer above 0": "целое число больше 0",
    "an integer from 0": "целое число от 0",
    "a whole number": "целое число",
    "a number": "число",
    "a number of seconds from 0": "число секунд от 0",
    "a number of seconds above 0, at most a day,": "число секунд больше 0 и не больше суток",
    "an ISO 8601 date since 1970 with its offset": "дата ISO 8601 с 1970 года и со смещением",
    "a decimal number in a string": "десятичное число в строке",
    "a decimal number from 0": "десятичное число от 0",
    "a status from 200 to 599": "статус от 200 до 599",
    "true or false": "true или false",
    "accept or bytes": "accept или bytes",
    "printable ASCII": "печатные знаки ASCII",
    "the seconds of a constant delay": "задержка в секундах",
    "the seconds of the low end": "нижняя граница в секундах",
    "the seconds of the high end": "верхняя граница в секундах",
    "the seconds of the median": "медиана в секундах",
    "a condition in Python cannot be given here": "условие на Python здесь задать нельзя",
    "reset_before takes neither endpoint nor when: no request has been read then": (
        "reset_before не сочетается с методом и условием: запрос тогда ещё не прочитан"
    ),
    "'50ms', '20ms-80ms', 'lognormal:50ms:1.0' or 'none'": (
        "'50ms', '20ms-80ms', 'lognormal:50ms:1.0' или 'none'"
    ),
    "the contacts that were added take 64 MiB: no more can be added": (
        "добавленные контакты занимают 64 МиБ: больше добавить нельзя"
    ),
    "this is not JSON in UTF-8": "это не JSON в UTF-8",
}

_PATTERNS: Final = tuple(
    (re.compile(pattern, re.DOTALL), told)
    for pattern, told in (
        # First, as it has another message inside.
        (r"(.+) is not a latency \((.+)\); write (.+)", "{0} — не задержка ({1}); пишут {2}"),
        (r"(.+) is needed, not (.*)", "ожидается {0}, получено {1}"),
        (r"an integer from (\d+) to (\d+)", "целое число от {0} до {1}"),
        (r"one of (.+)", "одно из {0}"),
        (r"(a whole number|a number) from (\S+) to (\S+) is needed", "ожидается {0} от {1} до {2}"),
        (r"is not a known name: write (?:one of )?(.+)", "такого имени нет, есть {0}"),
        (r"at most (\d+) faults are armed at once", "сбоев может быть не больше {0}"),
        (r"is no option of this fault: (.*) are", "у этого сбоя нет такого параметра, есть {0}"),
        (
            r"(.+) must be a number from 0 up to (\S+), not (.+)",
            "{0}: ожидается число от 0 до {1}, получено {2}",
        ),
        (
            r"(.+) must be a number above (\S+) and up to (\S+), not (.+)",
            "{0}: ожидается число больше {1} и не больше {2}, получено {3}",
        ),
        (
            r"(.+) must be 1 or more, as a whole number, not (.+)",
            "{0}: ожидается целое число от 1, получено {1}",
        ),
        (
            r"(.+) is not a duration such as (\S+) or (\S+)",
            "{0} — не длительность вида {1} или {2}",
        ),
        (r"(.+) is not a known distribution", "распределения {0} нет"),
        (r"sigma must be a number, not (.+)", "сигма должна быть числом, а не {0}"),
        (r"the low end (.+) is above the high end (.+)", "нижняя граница {0} выше верхней {1}"),
        (r"contact (\d+) of bot (\d+) has this id", "этот id у контакта {0} бота {1}"),
        (r"(.+) is given twice: each (?:name|id) must be unique", "{0} указано дважды"),
        (r"(\d+) is another contact's: .+", "{0} — id другого контакта"),
        (r"there is no contact (\d+)", "контакта {0} нет"),
        (r"there are (\d+) contacts already: .+", "контактов уже {0}: больше добавить нельзя"),
        (
            r"at most (\d+) characters are (?:taken|read), not (\d+)",
            "знаков не больше {0}, а не {1}",
        ),
        (r"this is not JSON: (.+)", "это не JSON: {0}"),
    )
)

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
