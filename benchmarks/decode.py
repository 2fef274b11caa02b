"""What reading an answer into models costs beside ``json.loads`` of the same bytes."""

from __future__ import annotations

import gc
import json
import time
from statistics import median
from typing import TYPE_CHECKING

from cleverapp_async import RawResponse
from cleverapp_async._response import read_answer
from cleverapp_async.endpoints import ENDPOINTS
from cleverapp_async.models import Page

from ._report import Figure, Report

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["run"]

_CONTACTS = 500
_TIMES = 20
_BAR = 3.0
_MILLI = 1000


def run(repetitions: int) -> Report:
    """Read a page of contacts both ways.

    Args:
        repetitions: How often each side is measured, in turns.
    """
    plain, whole = _page(_contact), _page(_contact_with_all)
    return Report(
        name="decode",
        about=(
            f"a page of {_CONTACTS} contacts, from bytes to models, beside json.loads of the same "
            f"bytes; medians of {repetitions} repetitions of {_TIMES} each, in turns"
        ),
        figures=(
            *_compared("as documented", plain, repetitions, _BAR),
            *_compared("with tags and variables", whole, repetitions, None),
        ),
        settings={"contacts": _CONTACTS, "times": _TIMES, "repetitions": repetitions},
    )


def _compared(kind: str, body: bytes, repetitions: int, bar: float | None) -> tuple[Figure, ...]:
    row, raw = ENDPOINTS["getContacts"], RawResponse(200, {}, body)

    def ours() -> object:
        return read_answer(raw, row)

    def bare() -> object:
        return json.loads(body)

    page = ours()
    assert isinstance(page, Page)
    assert len(page) == _CONTACTS
    bare()
    pairs = [(_seconds(ours), _seconds(bare)) for _ in range(repetitions)]
    ratios = tuple(mine / theirs for mine, theirs in pairs)
    return (
        Figure(name=f"models ÷ json.loads, {kind}", value=median(ratios), at_most=bar, runs=ratios),
        _milliseconds(f"models, {kind}", [mine for mine, _ in pairs]),
        _milliseconds(f"json.loads, {kind}", [theirs for _, theirs in pairs]),
    )


def _milliseconds(name: str, seconds: list[float]) -> Figure:
    each = tuple(value * _MILLI for value in seconds)
    return Figure(name=name, value=median(each), unit="ms", runs=each)


def _seconds(decode: Callable[[], object]) -> float:
    """CPU seconds of one page; the collector is on, as it is in a user's program."""
    gc.collect()
    started = time.process_time()
    for _ in range(_TIMES):
        decode()
    return (time.process_time() - started) / _TIMES


def _page(contact: Callable[[int], dict[str, object]]) -> bytes:
    items = [contact(number) for number in range(1, _CONTACTS + 1)]
    meta = {"current_page": 1, "last_page": 20, "per_page": _CONTACTS, "total": 20 * _CONTACTS}
    return json.dumps({"data": items, "meta": meta}, ensure_ascii=False).encode()


def _contact(number: int) -> dict[str, object]:
    """Every second one as each of the two that the page «Контакты» shows."""
    common: dict[str, object] = {
        "id": number,
        "bot_id": 1,
        "phone": f"7999{number:07}",
        "name": f"Иван Иванов {number}",
        "created_at": f"2019-05-10T10:{number % 60:02}:28+00:00",
    }
    if number % 2:
        utm = {
            f"utm_{part}": "landing" for part in ("source", "medium", "campaign", "term", "content")
        }
        address = f"г. Москва, ул. Пушкина, д. {number}"
        email = f"ivan{number}@example.com"
        own: dict[str, object] = {
            "email": email,
            "messenger": "whatsapp",
            "address": address,
            "utm": utm,
        }
    else:
        own = {
            "email": None,
            "messenger": "telegram",
            "telegram_id": f"{number}",
            "telegram_username": f"superman{number}",
            "address": None,
            "utm": None,
        }
    return {**common, **own}


def _contact_with_all(number: int) -> dict[str, object]:
    variables = [{"name": "Город", "value": "Москва"}, {"name": "Заказ", "value": str(number)}]
    return {**_contact(number), "tags": ["Горячий", "Реклама"], "variables": variables}
